//! The bytes of a data file as UTF-8, however it was stored: every format of a suite is read through here.
//!
//! Data sets come packed, from Windows, or out of a pipe. What follows sees none of that: a file that starts like a gz,
//! bz2, xz or zstd file is unpacked, UTF-16 becomes UTF-8, and a byte order mark is taken away. What is no text at all,
//! such as an archive or a page of a website that was saved in its place, is called what it is.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::error::SuiteError;

/// The longest line that is read, in bytes: an episode has to fit into memory several times.
pub(super) const LONGEST_LINE: u64 = 128 << 20;
/// The most that is read as a whole, and the most that a packed file may unpack to, in bytes.
pub(super) const LARGEST_FILE: u64 = 1 << 30;
/// Past so many bytes, a packed file may not unpack to more than so many times its size: what people publish is packed
/// to a tenth or a fiftieth, and what is packed to a thousandth fills the memory from a file of a few kilobytes.
const UNPACKED_FREELY: u64 = 64 << 20;
const MOST_UNPACKED: u64 = 100;
/// How a name ends where a file is packed, the empty end first.
pub(super) const PACKED: [&str; 5] = ["", ".gz", ".zst", ".bz2", ".xz"];
/// As many first bytes as the marks below need.
const HEAD: usize = 64;

/// How files start that hold no text, what they are, and what is to be done.
const NO_TEXT: [(&[u8], &str, &str); 6] = [
    (
        b"PK\x03\x04",
        "a zip archive",
        "unpack it, and give the path to what was in it",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it, and give the path to what was in it",
    ),
    (
        b"PAR1",
        "a Parquet file",
        "convert it to JSON lines first, as pandas does with df.to_json(path, orient=\"records\", lines=True)",
    ),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS to the file, not the file",
        "fetch it with `git lfs pull`",
    ),
    (
        b"<!DOCTYPE html",
        "a web page",
        "download the file itself: on GitHub, the button `Raw` leads to it",
    ),
    (
        b"<html",
        "a web page",
        "download the file itself: on GitHub, the button `Raw` leads to it",
    ),
];

/// Whether this is the standard input, which is named `-` as everywhere.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether something can be read here: a file, a pipe, the standard input; no folder.
pub(super) fn is_readable(path: &Path) -> bool {
    is_standard_input(path) || std::fs::metadata(path).is_ok_and(|found| !found.is_dir())
}

/// A name without the end that says how the file is packed.
pub(super) fn unpacked_name(name: &str) -> &str {
    let ends = PACKED.iter().filter(|end| !end.is_empty());
    ends.filter_map(|end| name.strip_suffix(end))
        .next()
        .unwrap_or(name)
}

/// Opens a file; what is read from it is UTF-8 wherever it is text.
pub(super) fn open(path: &Path) -> Result<BufReader<Box<dyn Read>>, SuiteError> {
    let stored: Box<dyn Read> = if is_standard_input(path) {
        Box::new(io::stdin())
    } else {
        if path.is_dir() {
            return Err(SuiteError::Source {
                path: path.to_owned(),
                problem: "it is a folder, where a file is expected".into(),
                advice: "give the path of one of the files in it".into(),
            });
        }
        Box::new(File::open(path).map_err(SuiteError::reading(path))?)
    };
    let (head, stored) = peek(stored).map_err(SuiteError::reading(path))?;
    let content = if is_packed(&head) {
        Box::new(Unpacked::new(stored).map_err(|error| SuiteError::Source {
            path: path.to_owned(),
            problem: format!("it cannot be unpacked: {error}"),
            advice: "fetch the file again, or unpack it yourself".into(),
        })?)
    } else {
        stored
    };
    let (head, content) = peek(content).map_err(SuiteError::reading(path))?;
    refuse_what_is_no_text(path, &head)?;
    // Takes away a mark, and heeds it.
    let mut decoder = DecodeReaderBytesBuilder::new();
    let decoder = decoder
        .encoding(unmarked_utf_16(&head))
        .utf8_passthru(true)
        .strip_bom(true);
    Ok(BufReader::new(Box::new(decoder.build(content))))
}

/// Reads a file as a whole.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, SuiteError> {
    let mut text = Vec::new();
    rest(path, &mut open(path)?, &mut text)?;
    Ok(text)
}

/// Reads a file as a whole, as text; what is no UTF-8 in it is replaced, as in source code of old.
pub(super) fn text(path: &Path) -> Result<String, SuiteError> {
    Ok(match String::from_utf8(bytes(path)?) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Reads what is left of a file behind `text`.
fn rest(path: &Path, reader: &mut impl Read, text: &mut Vec<u8>) -> Result<(), SuiteError> {
    let most = (LARGEST_FILE + 1).saturating_sub(text.len() as u64);
    reader
        .take(most)
        .read_to_end(text)
        .map_err(SuiteError::reading(path))?;
    if text.len() as u64 <= LARGEST_FILE {
        return Ok(());
    }
    Err(SuiteError::Source {
        path: path.to_owned(),
        problem: format!("it is larger than {} MiB", LARGEST_FILE >> 20),
        advice: "split it, or write the suite as JSON lines, which are read one by one".into(),
    })
}

/// The first bytes, which are still to be read.
fn peek(mut reader: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut head = Vec::with_capacity(HEAD);
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}

/// Whether a file starts as packed ones do. A text may start with `BZ`, which is why more of it is looked at.
fn is_packed(head: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    // Fewer bytes than five are no packed file of any kind.
    head.len() >= 5 && marks.iter().any(|mark| head.starts_with(mark))
}

fn refuse_what_is_no_text(path: &Path, head: &[u8]) -> Result<(), SuiteError> {
    let broken = |what: &str, advice: &str| SuiteError::Source {
        path: path.to_owned(),
        problem: format!("it is {what}"),
        advice: advice.into(),
    };
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Err(broken(
            "UTF-32",
            "convert it to UTF-8 first, as with `iconv -f UTF-32 -t UTF-8`",
        ));
    }
    let trimmed = head.trim_ascii_start();
    let starts = |mark: &[u8]| {
        trimmed
            .get(..mark.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(mark))
    };
    match NO_TEXT.iter().find(|(mark, ..)| starts(mark)) {
        Some((_, what, advice)) => Err(broken(what, advice)),
        None => Ok(()),
    }
}

/// UTF-16 without a mark, known by the zeros that no JSON and no table begins with.
fn unmarked_utf_16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// What is unpacked, within bounds.
struct Unpacked {
    content: Box<dyn Read>,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl Unpacked {
    fn new(stored: Box<dyn Read>) -> Result<Unpacked, niffler::Error> {
        let packed = Rc::new(Cell::new(0));
        let stored = Counted {
            stored,
            read: packed.clone(),
        };
        let (content, _) = niffler::get_reader(Box::new(stored))?;
        Ok(Unpacked {
            content,
            packed,
            unpacked: 0,
        })
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.unpacked += read as u64;
        let free = self.unpacked <= UNPACKED_FREELY;
        let bound = if self.unpacked > LARGEST_FILE {
            format!("{} MiB", LARGEST_FILE >> 20)
        } else if !free && self.unpacked / MOST_UNPACKED > self.packed.get() {
            format!("{MOST_UNPACKED} times its size")
        } else {
            return Ok(read);
        };
        Err(io::Error::other(format!(
            "it unpacks to more than {bound}, which is the most that is unpacked; unpack it yourself if you trust it"
        )))
    }
}

/// What is read from a packed file, and how much that was.
struct Counted {
    stored: Box<dyn Read>,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stored.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// Lines of a file, counted from 1, none of them too long to hold.
pub(super) struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<Box<dyn Read>>,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Lines<'a>, SuiteError> {
        Ok(Lines {
            path,
            reader: open(path)?,
            number: 0,
        })
    }

    /// The next line that holds anything, without what ends it: whoever reads it has to be able to tell that it is cut
    /// off.
    pub(super) fn next_filled(&mut self) -> Result<Option<(usize, Vec<u8>)>, SuiteError> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.reader)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut line)
                .map_err(SuiteError::reading(self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 > LONGEST_LINE {
                return Err(SuiteError::Line {
                    path: self.path.to_owned(),
                    line: self.number,
                    field: String::new(),
                    problem: format!("it is longer than {} MiB", LONGEST_LINE >> 20),
                    advice: "split its documents or attempts over several episodes".into(),
                });
            }
            line.truncate(line.trim_ascii_end().len());
            if !line.trim_ascii_start().is_empty() {
                return Ok(Some((self.number, line)));
            }
        }
    }

    /// The file as a whole, where the line that was read last turns out to be none: behind as many line breaks as stood
    /// before it, so that lines keep their numbers.
    pub(super) fn whole(mut self, last: &[u8]) -> Result<Vec<u8>, SuiteError> {
        let mut text = vec![b'\n'; self.number - 1];
        text.extend_from_slice(last);
        text.push(b'\n');
        rest(self.path, &mut self.reader, &mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
pub(super) mod tests;
