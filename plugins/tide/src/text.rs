//! Texts for models, put together.

use memhost_sdk::trajectory::cut;

/// These texts one below the other, each no longer than a model should read of one.
pub(crate) fn below_each_other<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(cut).collect::<Vec<_>>().join("\n\n")
}

/// On one line, so that it cannot pass for a heading or another entry of its list.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
