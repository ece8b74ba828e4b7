use std::io::Write as _;

use niffler::Level;
use niffler::compression::Format;
use proptest::prelude::*;

use super::*;

/// A text as Windows, spreadsheets and others store it.
pub(crate) const ENCODINGS: [fn(&str) -> Vec<u8>; 6] = [
    |text| text.as_bytes().to_vec(),
    |text| format!("\u{feff}{text}").into_bytes(),
    |text| utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes),
    |text| utf_16(&format!("\u{feff}{text}"), u16::to_be_bytes),
    |text| utf_16(text, u16::to_le_bytes),
    |text| utf_16(text, u16::to_be_bytes),
];

/// Each way to pack, with how the names of such files end.
pub(crate) const PACKINGS: [(Format, &str); 5] = [
    (Format::No, ""),
    (Format::Gzip, ".gz"),
    (Format::Bzip, ".bz2"),
    (Format::Lzma, ".xz"),
    (Format::Zstd, ".zst"),
];

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

pub(crate) fn packed(bytes: &[u8], format: Format) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = niffler::get_writer(Box::new(&mut packed), format, Level::One).unwrap();
    writer.write_all(bytes).unwrap();
    drop(writer);
    packed
}

/// What is read from a file with these bytes.
fn read(content: &[u8]) -> Result<Vec<u8>, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    bytes(file.path()).map_err(|error| error.to_string())
}

#[test]
fn however_a_text_is_stored_the_same_is_read() {
    let text = "{\"a\": \"é 🦀 日本\"}\n\n{\"b\": 1}\n";
    for encode in ENCODINGS {
        for (format, _) in PACKINGS {
            let stored = packed(&encode(text), format);
            assert_eq!(
                read(&stored).as_deref(),
                Ok(text.as_bytes()),
                "{format:?} {stored:?}"
            );
        }
    }
}

#[test]
fn lines_end_as_in_windows_or_not_at_all() {
    for text in ["a\r\n\r\n b\r\n", "a\n\n b", "\u{feff}a\r\n\n b \n \n"] {
        for encode in ENCODINGS {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), encode(text.trim_start_matches('\u{feff}'))).unwrap();
            let mut lines = Lines::open(file.path()).unwrap();
            assert_eq!(lines.next_filled().unwrap(), Some((1, b"a".to_vec())));
            assert_eq!(lines.next_filled().unwrap(), Some((3, b" b".to_vec())));
            assert_eq!(lines.next_filled().unwrap(), None);
        }
    }
}

#[test]
fn short_files_and_texts_that_start_like_packed_ones_are_texts() {
    for text in [
        "",
        "{",
        "[]",
        "BZ",
        "BZip is no text",
        "\u{1f}",
        "PK 1",
        "<h1>",
    ] {
        assert_eq!(
            read(text.as_bytes()).as_deref(),
            Ok(text.as_bytes()),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_text_is_called_what_it_is() {
    let cases: [(&[u8], &str); 7] = [
        (b"PK\x03\x04rest", "a zip archive"),
        (b"PAR1rest", "a Parquet file"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (b"\n<!doctype HTML><html>", "a web page"),
        (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
        // Cut off in the middle.
        (&packed(&[b'x'; 5000], Format::Gzip)[..20], "cannot read"),
        (&packed(&[b'x'; 5000], Format::Lzma)[..20], "cannot read"),
    ];
    for (content, expected) in cases {
        let said = read(content).unwrap_err();
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Packed or not.
    let said = read(&packed(b"<html>", Format::Gzip)).unwrap_err();
    assert!(said.contains("a web page"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let said = bytes(folder.path()).unwrap_err().to_string();
    assert!(said.contains("it is a folder"), "{said}");
}

#[test]
fn a_small_file_cannot_unpack_to_more_than_fits_into_memory() {
    // The last bytes of a file of which so many have been unpacked before.
    let read_on = |format, before: u64, packed_before: u64| {
        let stored = packed(&[b' '; 1000], format);
        let mut reader = Unpacked::new(Box::new(Cursor::new(stored))).unwrap();
        reader.unpacked = before;
        reader.packed.set(packed_before);
        io::copy(&mut reader, &mut io::sink()).map_err(|error| error.to_string())
    };
    for (format, _) in PACKINGS
        .into_iter()
        .filter(|(format, _)| *format != Format::No)
    {
        let free = UNPACKED_FREELY;
        assert_eq!(read_on(format, free - 1000, 0), Ok(1000), "{format:?}");
        assert_eq!(
            read_on(format, 2 * free, 2 * free / 50),
            Ok(1000),
            "{format:?}"
        );
        assert_eq!(
            read_on(format, LARGEST_FILE - 1000, LARGEST_FILE),
            Ok(1000),
            "{format:?}"
        );
        let said = read_on(format, free, 0).unwrap_err();
        assert!(
            said.contains("more than 100 times its size"),
            "{format:?}: {said}"
        );
        let said = read_on(format, LARGEST_FILE, LARGEST_FILE).unwrap_err();
        assert!(said.contains("more than 1024 MiB"), "{format:?}: {said}");
    }
}

proptest! {
    #[test]
    fn no_bytes_crash_the_reader(content: Vec<u8>, packing in 0..PACKINGS.len()) {
        let (format, _) = PACKINGS[packing];
        _ = read(&content);
        _ = read(&packed(&content, format));
    }

    #[test]
    fn every_text_comes_back(text in "[ -~]{2}\\PC{0,40}", encoding in 0..ENCODINGS.len()) {
        let stored = ENCODINGS[encoding](&text);
        prop_assume!(!text.starts_with("PK") && !text.starts_with("BZ") && !text.trim().starts_with('<'));
        prop_assert_eq!(read(&stored).unwrap(), text.into_bytes());
    }
}
