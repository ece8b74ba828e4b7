//! Wording of what checks find: one line, of a length that can be printed.

/// The longest quotation in what a check says, in characters.
const LONGEST_QUOTE: usize = 300;

/// A text without its line breaks, cut to a length that can be printed. Of a trap, the frames are left out.
pub(super) fn in_one_line(text: &str) -> String {
    let said = text.lines().take_while(|line| {
        !line.starts_with("wasm backtrace") && !line.starts_with("error while executing")
    });
    let line = said
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ");
    quote(&line, LONGEST_QUOTE)
}

/// The first so many characters of a text, with a mark if there were more. What would move a terminal's cursor or turn
/// its direction around is a space: the text may be a plugin's.
pub(super) fn quote(text: &str, most: usize) -> String {
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain = text.replace(moves, " ");
    match plain.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default()),
        None => plain,
    }
}

/// Instructions in a unit that can be read: `1.2 million fuel`.
pub(super) fn millions(fuel: u64) -> String {
    format!("{:.1} million fuel", fuel as f64 / 1e6)
}

/// `1 memory`, `2 memories`.
pub(super) fn memories(count: usize) -> String {
    match count {
        1 => "1 memory".to_owned(),
        count => format!("{count} memories"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_line_without_frames_and_moves_no_cursor() {
        let trap = "it panicked\n  at src/lib.rs:1\n\nwasm backtrace:\n  0: main";
        assert_eq!(in_one_line(trap), "it panicked at src/lib.rs:1");
        assert_eq!(quote("a\u{1b}[31mb\u{202e}c\u{0}", 20), "a [31mb c ");
        assert_eq!(quote("日本語", 2), "日本…");
    }
}
