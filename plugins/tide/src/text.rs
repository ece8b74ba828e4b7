//! Texts for models, put together.

/// Characters of one document or task, as `reasoningbank` cuts the state of a page.
const MOST_CHARS: usize = 40_000;

/// Those that say something, under their headings.
pub(crate) fn sections(sections: &[(&str, impl AsRef<str>)]) -> String {
    let texts = sections
        .iter()
        .map(|(heading, text)| (heading, text.as_ref().trim()));
    texts
        .filter(|(_, text)| !text.is_empty())
        .map(|(heading, text)| format!("# {heading}\n\n{text}"))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// These texts one below the other, each no longer than a model should read of one.
pub(crate) fn below_each_other<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(cut).collect::<Vec<_>>().join("\n\n")
}

/// On one line, so that it cannot pass for a heading or another entry of its list.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn cut(text: &str) -> &str {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
