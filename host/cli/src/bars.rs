//! Where progress bars are drawn: standard error, with what strangers wrote made visible.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};
use memhost_base::visible;

/// How often bars are drawn, per second: indicatif's own default.
const HERTZ: u8 = 20;

/// Standard error, which is a terminal.
pub fn target() -> ProgressDrawTarget {
    let term = VisibleTerm(Term::buffered_stderr());
    ProgressDrawTarget::term_like_with_hz(Box::new(term), HERTZ)
}

/// A terminal on which nothing is written but what can be seen; the cursor is moved by calls, not by text.
#[derive(Debug)]
struct VisibleTerm(Term);

impl TermLike for VisibleTerm {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.0.write_line(&visible::text(s))
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        match s {
            // indicatif's own, to begin the line again.
            "\r" => self.0.write_str(s),
            _ => self.0.write_str(&visible::text(s)),
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
