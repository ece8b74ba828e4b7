//! Folding of lines that are wider than the page.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How many columns of a terminal a text takes, if it is one line.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Where the last column of a line begins: behind blanks of two or more that stand near its beginning. Of a line without
/// any, where its text begins, or a little further.
///
/// ```
/// use memhost_base::visible::last_column;
///
/// assert_eq!(last_column("  source     a paper of 2024"), 13);
/// assert_eq!(last_column("    only text"), 4);
/// ```
pub fn last_column(line: &str) -> usize {
    const NEAR: usize = 40;
    const INDENT: usize = 2;
    let text = line.trim_start_matches(' ');
    let own = line.len() - text.len();
    let mut last = own.max(INDENT);
    let mut blanks = 0;
    let mut column = own;
    for piece in text.graphemes(true) {
        match piece {
            " " => blanks += 1,
            _ if blanks >= 2 => (last, blanks) = (column, 0),
            _ => blanks = 0,
        }
        if column >= NEAR {
            break;
        }
        column += columns(piece);
    }
    last
}

/// A line as several, none of them wider than `width`: broken at spaces, later lines indented by `hang`; a word that is
/// wider than a line is broken anywhere. Without a line break at the end.
///
/// ```
/// use memhost_base::visible::fold;
///
/// assert_eq!(fold("source  a paper about memories", 8, 20), "source  a paper\n        about\n        memories");
/// ```
pub fn fold(line: &str, hang: usize, width: usize) -> String {
    // However narrow the page is, something stands on it.
    let width = width.max(8);
    let indent = " ".repeat(hang.min(width / 2));
    let mut folded = Folded {
        lines: String::new(),
        line: String::new(),
        width,
        indent,
    };
    let mut rest = line.trim_end();
    while !rest.is_empty() {
        let word = rest.find(|c| c != ' ').unwrap_or(rest.len());
        let (spaces, from_word) = rest.split_at(word);
        let end = from_word.find(' ').unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        folded.add(spaces, word);
        rest = after;
    }
    folded.lines + folded.line.trim_end()
}

struct Folded {
    lines: String,
    line: String,
    width: usize,
    indent: String,
}

impl Folded {
    fn add(&mut self, spaces: &str, word: &str) {
        if columns(&self.line) + columns(spaces) + columns(word) <= self.width {
            self.line.push_str(spaces);
            self.line.push_str(word);
            return;
        }
        let begun = !self.line.trim_start().is_empty();
        match begun {
            true => self.end_line(),
            // A line's own indentation stays, as far as it leaves room.
            false => self.line += &" ".repeat(spaces.len().min(self.width / 2)),
        }
        for piece in word.graphemes(true) {
            if columns(&self.line) + columns(piece) > self.width {
                self.end_line();
            }
            self.line.push_str(piece);
        }
    }

    fn end_line(&mut self) {
        self.lines.push_str(self.line.trim_end());
        self.lines.push('\n');
        self.line.clone_from(&self.indent);
    }
}
