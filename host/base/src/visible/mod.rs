//! Escaping of text for terminals and text files: whatever a stranger wrote is *shown* and does nothing.
//!
//! Plugins, models, suites, files, endpoints and arguments put their texts into what memhost prints. A terminal obeys some
//! characters instead of showing them (escape sequences, carriage returns, backspaces), others turn what stands beside
//! them around (bidirectional overrides) or cannot be seen at all (zero-width ones), so that a line says something else
//! than it seems to. Here all of them become what they are called in source code, `\u{1b}`; all other text stays as it
//! is, in every script, and so do the joiners within an emoji or a word that need them.
//!
//! Everything goes through here twice. Whoever puts a stranger's text into a line or a table's cell calls [`line()`]; and
//! whatever leaves, to a terminal or to a file, passes [`text`] or [`json`] once more, so that a call that was forgotten
//! somewhere does no harm. Colours are therefore no characters of a text but a type, [`Inked`], which nothing but this
//! folder turns into escape sequences.

mod fold;
mod grid;
mod inked;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use icu_properties::CodePointSetData;
use icu_properties::props::{DefaultIgnorableCodePoint, Emoji, Ideographic};

pub use fold::{columns, fold, last_column};
pub use grid::{Column, Grid};
pub use inked::Inked;

/// A text of one or several lines: line breaks stay.
///
/// ```
/// use memhost_base::visible;
///
/// assert_eq!(visible::text("\u{1b}[31mred\r\u{9b}1m\u{202e}"), "\\u{1b}[31mred\\r\\u{9b}1m\\u{202e}");
/// assert_eq!(visible::text("猫 قطة 👩‍👩‍👧 ❤️\n"), "猫 قطة 👩‍👩‍👧 ❤️\n");
/// ```
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n', in_words)
}

/// A text that is a part of a line: its line breaks are shown too, so that it cannot pass for a line of ours.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, in_words)
}

/// A remark in a line of its own, and its further lines, which are indented: none of them passes for another remark.
pub fn remark(remark: &str) -> String {
    let visible = text(remark.trim_end_matches('\n'));
    let mut lines = visible.split('\n');
    let mut remark = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        remark.push('\n');
        if !line.is_empty() && !line.starts_with("  ") {
            remark.push_str("  ");
        }
        remark.push_str(line);
    }
    remark
}

/// The same JSON, in which nothing is raw that [`text`] would not leave as it is: whoever parses it finds the same.
pub fn json(json: &str) -> Cow<'_, str> {
    escaped(
        json,
        |c| c == '\n',
        |text, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        },
    )
}

/// Escapes whatever is written through it, as [`remark`] does: for those who write whole remarks, such as a log.
#[derive(Debug)]
pub struct Remarks<W>(pub W);

impl<W: io::Write> io::Write for Remarks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut remark = remark(&text);
        if text.ends_with('\n') {
            remark.push('\n');
        }
        self.0.write_all(remark.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn in_words(text: &mut String, c: char) {
    text.extend(c.escape_default());
}

/// The text with what cannot be seen written by `write`, except what `stays`.
fn escaped(text: &str, stays: fn(char) -> bool, write: fn(&mut String, char)) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') || stays(char::from(byte));
    if text.bytes().all(|byte| byte.is_ascii() && plain(byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        let hidden = is_hidden(c) && !stays(c) && !joins(c, before);
        match hidden {
            true => write(&mut shown, c),
            false => shown.push(c),
        }
        before = (!hidden).then_some(c);
    }
    Cow::Owned(shown)
}

/// Whether a character does something instead of being seen: the controls of C0 and C1, line and paragraph separators,
/// what Unicode calls ignorable (bidirectional controls, zero-width characters, tags, fillers), and annotations.
fn is_hidden(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' => true,
        c => c.is_control() || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c),
    }
}

/// Whether a character that cannot be seen has something to join, or to choose the shape of: without these, emoji fall
/// apart, and Persian and the scripts of India are spelled wrongly.
fn joins(c: char, before: Option<char>) -> bool {
    const EMOJI_STYLE: char = '\u{fe0f}';
    let Some(before) = before else {
        return false;
    };
    let is_emoji = || CodePointSetData::new::<Emoji>().contains(before);
    match c {
        '\u{fe0e}' | EMOJI_STYLE => is_emoji(),
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => {
            CodePointSetData::new::<Ideographic>().contains(before)
        }
        // Letters that change with their neighbours have their alphabets there, from Arabic to those of Indonesia.
        '\u{200c}' | '\u{200d}' => {
            matches!(before, '\u{600}'..='\u{1cff}' | EMOJI_STYLE)
                || !before.is_ascii() && is_emoji()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
