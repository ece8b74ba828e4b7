//! Text in colours of ours, as a type.

use anstyle::Style;

/// Text with styles. Its characters have been made visible, so that whatever escape sequence it holds is one of these
/// styles; it can be written to a terminal as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inked(String);

impl Inked {
    /// Adds text.
    pub fn push(&mut self, text: &str) {
        self.0.push_str(&super::text(text));
    }

    /// Adds text in a style.
    pub fn push_styled(&mut self, text: &str, style: Style) {
        let text = super::text(text);
        self.0 += &format!("{style}{text}{style:#}");
    }

    /// Adds what is inked already.
    pub fn append(&mut self, other: &Inked) {
        self.0.push_str(&other.0);
    }

    /// With escape sequences, where there are styles.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What was styled by somebody who had nothing but visible text.
    pub(super) fn of_visible(text: String) -> Inked {
        Inked(text)
    }
}

impl From<Inked> for String {
    fn from(inked: Inked) -> String {
        inked.0
    }
}
