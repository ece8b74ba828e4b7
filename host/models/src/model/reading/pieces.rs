//! The JSON values of a text, and the tags between them that tell thoughts from the answer.
//!
//! Tags count outside of JSON alone: what stands in a value's texts is left as it is. What cannot be read is never
//! completed: it is noted, because what stands inside of it is no answer.

use serde_json::Value;

/// How many bytes may be read in vain, behind beginnings that turn out to be no JSON. Each may cost the text's length.
const MOST_IN_VAIN: usize = 4 << 20;

/// Names of tags between which models think.
const THOUGHTS: &[&str] = &[
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "reflection",
    "analysis",
    "scratchpad",
    "seed:think",
    "|begin_of_thought|",
    "|start_thinking|",
];

/// What ends thoughts that were begun by something else than the same tag.
const ENDS: &[&str] = &["<|end_of_thought|>", "<|end_thinking|>"];

/// What begins thoughts in templates with channels.
const CHANNELS: &[&str] = &["<|channel|>analysis", "<|channel|>commentary"];

/// What begins the answer.
const FINALS: &[&str] = &[
    "<|channel|>final",
    "<|begin_of_solution|>",
    "<|start_response|>",
    "assistantfinal",
    "<answer>",
    "<final_answer>",
    "<final>",
    "<response>",
    "<output>",
    "<json>",
];

/// What stands in a text beside prose.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece<'a> {
    /// A value, and its own text.
    Json(Value, &'a str),
    /// What begins as JSON does, and is none.
    Broken(Broken),
}

/// Where JSON breaks off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The parser's words.
    pub problem: String,
    /// The place, by what stands around it.
    pub around: String,
}

/// What is left of a text when its thoughts are taken out.
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    /// In order.
    pub of_answer: Vec<Piece<'a>>,
    /// Whether it ends in thoughts.
    pub unfinished: bool,
}

/// A tag outside of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// Thoughts begin.
    Open,
    /// Thoughts end; without a beginning, all before it was thought.
    Close,
    /// The answer begins.
    Final,
}

/// Takes a text apart.
pub(super) fn pieces(text: &str) -> Pieces<'_> {
    let mut kept: Vec<Piece<'_>> = Vec::new();
    let mut thinking: Option<usize> = None;
    let mut in_vain = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((tag, length)) = tag(rest) {
            match tag {
                Tag::Open => thinking = thinking.or(Some(kept.len())),
                Tag::Close => kept.truncate(thinking.take().unwrap_or(0)),
                Tag::Final => {
                    kept.clear();
                    thinking = None;
                }
            }
            at += length;
            continue;
        }
        if rest.starts_with(['{', '[']) && in_vain < MOST_IN_VAIN {
            match value(rest) {
                Ok((value, length)) => {
                    kept.push(Piece::Json(value, rest.get(..length).unwrap_or(rest)));
                    at += length;
                    continue;
                }
                Err((broken, length)) => {
                    in_vain += length;
                    if begins_json(rest) {
                        kept.push(Piece::Broken(broken));
                    }
                }
            }
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    if let Some(before) = thinking {
        kept.truncate(before);
    }
    Pieces {
        of_answer: kept,
        unfinished: thinking.is_some(),
    }
}

/// A text without the thoughts that it begins with; `None` if it never comes to anything else.
pub(super) fn without_thoughts(text: &str) -> Option<&str> {
    let begun = text.trim_start();
    match tag(begun) {
        Some((Tag::Open, _)) => ends(begun).map(str::trim),
        Some((Tag::Final, length)) => begun.get(length..).map(after_message),
        // The tag that begins them may be part of the prompt.
        _ => match lone_close(text) {
            Some(rest) => Some(rest.trim()),
            None => Some(text),
        },
    }
    .filter(|rest| !rest.trim().is_empty() || text.trim().is_empty())
}

/// What follows the end of the thoughts that a text begins with: of the first block that is closed as often as it is
/// opened, or else of the last that is closed at all.
fn ends(text: &str) -> Option<&str> {
    let places = text.char_indices().filter(|(_, sign)| begins_tag(*sign));
    let mut depth = 0_u32;
    let mut rest = None;
    for (place, _) in places {
        let from = text.get(place..)?;
        match tag(from) {
            Some((Tag::Open, _)) => depth += 1,
            Some((Tag::Close, length)) => {
                rest = from.get(length..);
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return rest;
                }
            }
            Some((Tag::Final, length)) => return from.get(length..).map(after_message),
            None => {}
        }
    }
    rest
}

/// What follows a tag that ends thoughts and stands in a line of its own, with none that begins them.
fn lone_close(text: &str) -> Option<&str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let line = line.trim();
        if let Some((Tag::Close, length)) = tag(line)
            && length == line.len()
        {
            return text.get(at..);
        }
    }
    None
}

fn after_message(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("<|message|>").unwrap_or(text);
    let end = ["<|return|>", "<|end|>"]
        .iter()
        .filter_map(|end| text.find(end))
        .min();
    text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim()
}

fn begins_tag(sign: char) -> bool {
    matches!(sign, '<' | '[' | '◁' | 'a')
}

/// The tag that a text begins with, and its length.
fn tag(text: &str) -> Option<(Tag, usize)> {
    if !text.starts_with(begins_tag) {
        return None;
    }
    let among = |tags: &[&str]| {
        let found = tags.iter().find(|tag| begins(text, tag));
        found.map(|tag| tag.len())
    };
    if let Some(length) = among(FINALS) {
        return Some((Tag::Final, length));
    }
    if let Some(length) = among(CHANNELS) {
        return Some((Tag::Open, length));
    }
    if let Some(length) = among(ENDS) {
        return Some((Tag::Close, length));
    }
    let (open, close) = match text.chars().next()? {
        '<' => ('<', '>'),
        '[' => ('[', ']'),
        '◁' => ('◁', '▷'),
        _ => return None,
    };
    let inner = text.strip_prefix(open)?;
    let (kind, name) = match inner.strip_prefix('/') {
        Some(name) => (Tag::Close, name),
        None => (Tag::Open, inner),
    };
    let end = THOUGHTS
        .iter()
        .find_map(|known| match begins(name, known) {
            true => name.get(known.len()..)?.strip_prefix(close),
            false => None,
        })?;
    Some((kind, text.len() - end.len()))
}

fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len())
        .is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
}

/// Whether a bracket is followed by what JSON has there, and prose has not.
fn begins_json(text: &str) -> bool {
    let mut signs = text.chars();
    let bracket = signs.next();
    let next = signs.find(|sign| !sign.is_whitespace());
    match bracket {
        Some('{') => next == Some('"'),
        _ => matches!(next, Some('{' | '"')),
    }
}

/// The value that a text begins with, and its length; or where it breaks off, and what was read until then. Commas too
/// many, comments, and line breaks in texts have one reading; whatever else is amiss has not.
fn value(text: &str) -> Result<(Value, usize), (Broken, usize)> {
    let parser = serde_json_lenient::Deserializer::from_slice_with_options(
        text.as_bytes(),
        false,
        true,
        true,
        false,
        false,
    );
    let mut values = parser.into_iter::<Value>();
    let error = match values.next() {
        Some(Ok(value)) => return Ok((value, values.byte_offset())),
        Some(Err(error)) => error,
        None => {
            let nothing = Broken {
                problem: "nothing".to_owned(),
                around: String::new(),
            };
            return Err((nothing, 1));
        }
    };
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let place = match error.is_eof() {
        true => text.len(),
        false => lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1),
    };
    let told = error.to_string();
    let broken = Broken {
        // Its lines are counted from where this JSON begins.
        problem: told
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned(),
        around: around(text, place),
    };
    Err((broken, place + 1))
}

/// A few words before and after a place.
fn around(text: &str, place: usize) -> String {
    const SIGNS: usize = 30;
    let place = text.floor_char_boundary(place);
    let (before, after) = text.split_at(place);
    let start = before
        .char_indices()
        .rev()
        .nth(SIGNS - 1)
        .map_or(0, |(at, _)| at);
    let end = after
        .char_indices()
        .nth(SIGNS)
        .map_or(after.len(), |(at, _)| at);
    let line = |text: Option<&str>| {
        let words = text.unwrap_or_default().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    match (line(before.get(start..)), line(after.get(..end))) {
        (before, after) if after.is_empty() => format!("after `{before}`, where it ends"),
        (before, after) => format!("between `{before}` and `{after}`"),
    }
}
