//! Texts and names put in order: one line of what a model wrote, each name once.

use std::collections::HashSet;

/// On one line, without blanks around it, so that it cannot pass for a heading or another entry of its list.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each text once, in the order in which they first come.
pub fn distinct<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    let texts = texts.into_iter();
    texts.filter(|text| seen.insert(*text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_becomes_one() {
        assert_eq!(one_line(" # a\n\n\tb  c\n"), "# a b c");
        assert_eq!(one_line("\n"), "");
    }

    #[test]
    fn each_text_stands_once_where_it_first_came() {
        assert_eq!(distinct(["b", "a", "b", "c", "a"]), ["b", "a", "c"]);
    }
}
