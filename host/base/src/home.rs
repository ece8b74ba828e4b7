//! The home directory in paths: `~` and `~/…` stand for it wherever memhost reads a path.
//!
//! A shell replaces `~` where it begins a word, and nowhere else: not in a file, not in a variable that a file sets, not
//! behind `--store=` or `locomo:`. Whoever writes it there means what they mean elsewhere, and not a directory of that
//! name; that would be `./~`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A path with the home directory in place of a `~` that it begins with. `~somebody` stays as it is.
pub fn expand(path: &Path) -> Cow<'_, Path> {
    match (path.strip_prefix("~"), directory()) {
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => Cow::Owned(home),
        (Ok(rest), Some(home)) => Cow::Owned(home.join(rest)),
        _ => Cow::Borrowed(path),
    }
}

/// The same in a text that is or ends with a path, as in `first=locomo:~/data`.
pub fn expand_in(given: &str) -> Cow<'_, str> {
    let begins = |at: &usize| {
        given[..*at]
            .chars()
            .next_back()
            .is_none_or(|c| "=:".contains(c))
    };
    let place = given.match_indices('~').map(|(at, _)| at).find(begins);
    match place.map(|at| given.split_at(at)) {
        Some((before, path)) => match expand(Path::new(path)) {
            Cow::Owned(path) => Cow::Owned(format!("{before}{}", path.display())),
            Cow::Borrowed(_) => Cow::Borrowed(given),
        },
        None => Cow::Borrowed(given),
    }
}

fn directory() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|user| user.home_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_directory_is_meant_at_the_beginning_of_a_path_and_nowhere_else() {
        let home = directory().unwrap();
        let at_home = |rest: &str| home.join(rest).display().to_string();
        for (given, expected) in [
            ("~/data/x.jsonl", at_home("data/x.jsonl")),
            ("locomo:~/data", format!("locomo:{}", at_home("data"))),
            ("a=locomo:~/data", format!("a=locomo:{}", at_home("data"))),
            ("a=~", format!("a={}", home.display())),
            ("./~/data", "./~/data".to_owned()),
            ("data~/x~", "data~/x~".to_owned()),
            ("~somebody/x", "~somebody/x".to_owned()),
            ("s3://bucket/~/x", "s3://bucket/~/x".to_owned()),
        ] {
            assert_eq!(expand_in(given), expected);
        }
    }
}
