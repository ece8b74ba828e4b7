//! Thoughts of models that think aloud within the reply: what stands between their marks is no part of an answer.

/// How models mark where a thought begins and ends. The names of tags are compared without case.
const MARKS: [(&str, &str); 7] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
];

/// A reply, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// What stands between marks.
    pub thought: String,
    /// What stands outside of them; `None` where a thought is never closed: it was cut off, and nothing was said.
    pub said: Option<String>,
}

/// Takes a reply's thoughts out of it. Where a mark is closed that was never opened, the template opened it, and all
/// before it is thought.
pub fn apart(reply: &str) -> Apart {
    // Lower-case ASCII keeps every place where it is.
    let plain = reply.to_ascii_lowercase();
    let mut apart = Apart::default();
    let mut said = String::new();
    let mut at = 0;
    while let Some((start, mark)) = next(&plain, at) {
        // A mark in a text of the answer is part of the answer.
        if is_json(&reply[at..]) {
            break;
        }
        let opened = &plain[start + mark.0.len()..];
        let Some(length) = opened.find(mark.1) else {
            apart.add(&reply[start + mark.0.len()..]);
            return apart;
        };
        said.push_str(&reply[at..start]);
        let from = start + mark.0.len();
        apart.add(&reply[from..from + length]);
        at = from + length + mark.1.len();
    }
    said.push_str(&reply[at..]);
    if is_json(&said) {
        apart.said = Some(said.trim().to_owned());
        return apart;
    }
    let plain = said.to_ascii_lowercase();
    let last = MARKS
        .iter()
        .filter_map(|mark| Some((plain.rfind(mark.1)?, mark)));
    if let Some((end, mark)) = last.max_by_key(|(end, _)| *end) {
        apart.add(&said[..end]);
        said.drain(..end + mark.1.len());
    }
    apart.said = Some(said.trim().to_owned());
    apart
}

impl Apart {
    fn add(&mut self, thought: &str) {
        let thought = thought.trim();
        if !self.thought.is_empty() && !thought.is_empty() {
            self.thought.push_str("\n\n");
        }
        self.thought.push_str(thought);
    }
}

/// Whether a text is an object or a list of JSON, and nothing else.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The first opening mark from a place on.
fn next(plain: &str, at: usize) -> Option<(usize, &'static (&'static str, &'static str))> {
    let rest = plain.get(at..)?;
    let mut candidates = rest.match_indices(['<', '[', '◁']);
    candidates.find_map(|(start, _)| {
        let opens = |mark: &&(&str, &str)| rest[start..].starts_with(mark.0);
        Some((at + start, MARKS.iter().find(opens)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thought_is_told_from_what_is_said() {
        for (reply, thought, said) in [
            ("18", "", Some("18")),
            ("<think>7?</think>\n\n18", "7?", Some("18")),
            ("<THINKING>7?</Thinking>18", "7?", Some("18")),
            ("7? or 8\n</think>\n18", "7? or 8", Some("18")),
            ("<think>a</think>18<think>b</think>", "a\n\nb", Some("18")),
            ("<think>It is 18", "It is 18", None),
            ("18 <think>or 19", "or 19", None),
            ("<think>a</think>18<think>", "a", None),
            ("[THINK]a[/THINK]18", "a", Some("18")),
            ("◁think▷Ä◁/think▷ü", "Ä", Some("ü")),
            ("<think></think>", "", Some("")),
            ("I think <b> 18", "", Some("I think <b> 18")),
            ("", "", Some("")),
        ] {
            let apart = apart(reply);
            assert_eq!(
                (apart.thought.as_str(), apart.said.as_deref()),
                (thought, said),
                "{reply}"
            );
        }
    }
}
