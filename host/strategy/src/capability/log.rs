//! What a call writes: lines through `run.log`, and what it prints.

use memhost_contract::Level;
use memhost_contract::limits::{Limit, LimitReached, Limits};

use crate::capability::LogLine;

/// A line is cut to this many bytes, so that the limit on lines is one on memory too.
const LONGEST_LINE: usize = 8 << 10;

/// Lines that are quoted when the call traps.
const LAST_WORDS: usize = 8;

/// The log of one call.
#[derive(Debug)]
pub struct Log {
    limits: Limits,
    lines: Vec<LogLine>,
    /// What was printed of a line that has no end yet: standard output, standard error.
    printed: [(Level, Vec<u8>); 2],
}

impl Log {
    /// Nothing is said yet.
    pub fn new(limits: &Limits) -> Log {
        Log {
            limits: limits.clone(),
            lines: Vec::new(),
            printed: [(Level::Info, Vec::new()), (Level::Warn, Vec::new())],
        }
    }

    /// Adds a line.
    pub fn line(&mut self, level: Level, message: &str) -> Result<(), LimitReached> {
        if self.lines.len() >= self.limits.log_lines as usize {
            return Err(LimitReached::of(&self.limits, Limit::LogLines));
        }
        self.lines.push(LogLine {
            level,
            message: message[..message.floor_char_boundary(LONGEST_LINE)].to_owned(),
        });
        Ok(())
    }

    /// Adds printed bytes: the lines that they complete, at the level of the stream.
    pub fn print(&mut self, stream: Level, bytes: &[u8]) -> Result<(), LimitReached> {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.keep(stream, piece);
            if pieces.peek().is_some() {
                self.end_line(stream)?;
            }
        }
        Ok(())
    }

    /// Ends the lines that were printed without an end. Those past the limit are dropped: the call is over.
    pub fn finish(&mut self) {
        for stream in [Level::Info, Level::Warn] {
            let is_open = |(level, bytes): &(Level, Vec<u8>)| *level == stream && !bytes.is_empty();
            if self.printed.iter().any(is_open) {
                let _ = self.end_line(stream);
            }
        }
    }

    /// The warnings at its end: where a panic or an uncaught exception says why.
    pub fn last_words(&self) -> String {
        let is_warning = |line: &&LogLine| line.level == Level::Warn;
        let from_end = self.lines.iter().rev().take_while(is_warning);
        let mut words: Vec<&str> = from_end
            .take(LAST_WORDS)
            .map(|line| line.message.trim_end())
            .collect();
        words.reverse();
        words.join("\n")
    }

    /// All lines, in order.
    pub fn take(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.lines)
    }

    fn keep(&mut self, stream: Level, bytes: &[u8]) {
        for (level, pending) in &mut self.printed {
            if *level == stream {
                let room = LONGEST_LINE.saturating_sub(pending.len());
                pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        }
    }

    fn end_line(&mut self, stream: Level) -> Result<(), LimitReached> {
        let pending = self.printed.iter_mut().find(|(level, _)| *level == stream);
        let bytes = pending
            .map(|(_, bytes)| std::mem::take(bytes))
            .unwrap_or_default();
        self.line(stream, &String::from_utf8_lossy(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_bytes_become_whole_lines_of_bounded_length() {
        let mut log = Log::new(&Limits::default());
        for bytes in [
            &b"one\ntw"[..],
            b"o\n\nthr",
            &vec![b'e'; LONGEST_LINE * 2],
            b"\xff",
        ] {
            log.print(Level::Info, bytes).unwrap();
        }
        log.finish();
        log.finish();
        let lines = log.take();
        let texts: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(texts[..3], ["one", "two", ""]);
        assert_eq!(texts[3].len(), LONGEST_LINE);
        assert_eq!(texts.len(), 4);
    }

    #[test]
    fn the_line_past_the_limit_names_the_limit() {
        let limits = Limits {
            log_lines: 2,
            ..Limits::default()
        };
        let mut log = Log::new(&limits);
        log.line(Level::Info, "a").unwrap();
        log.line(Level::Info, "b").unwrap();
        assert_eq!(
            log.line(Level::Info, "c").unwrap_err().limit,
            Limit::LogLines
        );
    }

    #[test]
    fn last_words_are_the_warnings_at_the_end() {
        let mut log = Log::new(&Limits::default());
        for (level, text) in [
            (Level::Warn, "early"),
            (Level::Info, "fine"),
            (Level::Warn, "panicked\n"),
            (Level::Warn, "at 3"),
        ] {
            log.line(level, text).unwrap();
        }
        assert_eq!(log.last_words(), "panicked\nat 3");
    }
}
