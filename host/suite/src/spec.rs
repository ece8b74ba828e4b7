//! What a suite is called by: `[NAME=]SUITE`, where a suite is built in, `<format>:<path>`, or a file of one's own; and
//! where a list of them, separated by commas, is to be cut, because paths may hold commas too.

use std::path::Path;

use memhost_base::home;

use super::catalogue::{builtin, formats};
use super::error::SuiteError;
use super::source::{is_readable, is_standard_input, unpacked_name};

/// Every built-in suite.
const ALL: &str = "all";

/// A suite as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spec<'a> {
    /// A name of one's own, so that two releases of a data set can be told apart.
    pub(super) name: Option<&'a str>,
    /// Where it comes from.
    pub(super) origin: Origin<'a>,
}

/// Where a suite comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// From a data set of others.
    Import { format: &'a str, path: &'a Path },
    /// From a file of somebody's own.
    File(&'a Path),
    /// By name; whether there is such a suite is another question.
    Named(&'a str),
}

impl<'a> Spec<'a> {
    /// What is meant. A file that is there is meant, whatever its name looks like.
    pub(super) fn parse(given: &'a str) -> Result<Spec<'a>, SuiteError> {
        if let Some((name, suite)) = given.split_once('=')
            && !name.contains([':', '/', '\\'])
            && !is_readable(Path::new(given))
        {
            if !is_name(name) {
                return Err(SuiteError::Name {
                    name: name.to_owned(),
                    suite: suite.to_owned(),
                });
            }
            return Ok(Spec {
                name: Some(name),
                origin: Origin::of(suite),
            });
        }
        Ok(Spec {
            name: None,
            origin: Origin::of(given),
        })
    }
}

impl<'a> Origin<'a> {
    fn of(suite: &'a str) -> Origin<'a> {
        if builtin().iter().any(|known| known.name == suite) {
            return Origin::Named(suite);
        }
        if let Some((format, path)) = suite.split_once(':')
            && formats().iter().any(|known| known.name == format)
        {
            return Origin::Import {
                format,
                path: Path::new(path),
            };
        }
        let path = Path::new(suite);
        if path.exists() || is_standard_input(path) || is_named_like_a_file(suite) {
            Origin::File(path)
        } else {
            Origin::Named(suite)
        }
    }

    fn path(self) -> Option<&'a Path> {
        match self {
            Origin::Import { path, .. } | Origin::File(path) => Some(path),
            Origin::Named(_) => None,
        }
    }
}

/// Letters that tables, files and commands take as they are.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !name.is_empty() && name.chars().all(fits)
}

fn is_named_like_a_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = unpacked_name(&name);
    [".jsonl", ".ndjson", ".json"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The suites of a list that is separated by commas.
///
/// A comma belongs to a path if there is a file or folder with it; the longest such path is taken. Where nothing is
/// there, it belongs to the path before it unless a suite follows: a name, `<format>:`, `NAME=`, or a file.
pub fn split(given: &str) -> Vec<String> {
    let pieces: Vec<&str> = given.split(',').collect();
    let mut suites = Vec::new();
    let mut from = 0;
    while from < pieces.len() {
        let upto = |to: usize| pieces[from..to].join(",");
        let found = (from + 1..=pieces.len())
            .rev()
            .find(|to| is_there(&upto(*to)));
        let to = found.unwrap_or_else(|| {
            let follows = pieces[from + 1..]
                .iter()
                .take_while(|piece| !begins_a_suite(piece));
            let follows = if has_path(pieces[from]) {
                follows.count()
            } else {
                0
            };
            from + 1 + follows
        });
        suites.push(upto(to));
        from = to;
    }
    suites
}

fn path(given: &str) -> Option<&Path> {
    Spec::parse(given).ok()?.origin.path()
}

fn has_path(given: &str) -> bool {
    path(given).is_some()
}

fn is_there(given: &str) -> bool {
    path(given).is_some_and(|path| is_standard_input(path) || home::expand(path).exists())
}

fn begins_a_suite(piece: &str) -> bool {
    let format = piece.split_once(':').map(|(format, _)| format);
    piece == ALL
        || builtin().iter().any(|known| known.name == piece)
        || format.is_some_and(is_name)
        || piece.split_once('=').is_some_and(|(name, _)| is_name(name))
        || has_path(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_may_be_given_a_name() {
        let named = |given| Spec::parse(given).map(|spec| spec.name);
        assert_eq!(named("first=locomo:a.json").unwrap(), Some("first"));
        assert_eq!(named("v1.2=evidence").unwrap(), Some("v1.2"));
        assert_eq!(named("locomo:a=b.json").unwrap(), None);
        assert_eq!(named("folder/a=b.jsonl").unwrap(), None);
        assert_eq!(
            Spec::parse("first=locomo:a=b.json").unwrap().origin,
            Origin::Import {
                format: "locomo",
                path: Path::new("a=b.json")
            }
        );
        for wrong in [
            "First=locomo:a.json",
            "a b=evidence",
            "=evidence",
            "ü=evidence",
        ] {
            let said = Spec::parse(wrong).unwrap_err().to_string();
            assert!(said.contains("lower case"), "{wrong}: {said}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_meant_whatever_its_name_looks_like() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a=b.jsonl", "suite", "suite.txt"] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            let given = path.to_str().unwrap();
            let expected = Spec {
                name: None,
                origin: Origin::File(&path),
            };
            assert_eq!(Spec::parse(given).unwrap(), expected);
        }
        assert_eq!(
            Spec::parse("-").unwrap().origin,
            Origin::File(Path::new("-"))
        );
        assert_eq!(
            Spec::parse("evidence").unwrap().origin,
            Origin::Named("evidence")
        );
        assert_eq!(
            Spec::parse("no-such").unwrap().origin,
            Origin::Named("no-such")
        );
    }

    #[test]
    fn commas_separate_suites_unless_a_path_has_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a,b.jsonl", "c", "c,transfer"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let here = folder.path().display().to_string();
        let cases = [
            ("evidence,transfer", vec!["evidence", "transfer"]),
            ("all", vec!["all"]),
            ("HERE/a,b.jsonl", vec!["HERE/a,b.jsonl"]),
            (
                "HERE/a,b.jsonl,evidence",
                vec!["HERE/a,b.jsonl", "evidence"],
            ),
            (
                "x=locomo:HERE/a,b.jsonl,y=evidence",
                vec!["x=locomo:HERE/a,b.jsonl", "y=evidence"],
            ),
            // The longest path that is there.
            (
                "tau2:HERE/c,transfer,evidence",
                vec!["tau2:HERE/c,transfer", "evidence"],
            ),
            ("tau2:HERE/c,evidence", vec!["tau2:HERE/c", "evidence"]),
            // Nothing is there: what can be no suite belongs to the path.
            (
                "locomo:no,where.txt,evidence",
                vec!["locomo:no,where.txt", "evidence"],
            ),
            (
                "locomo:no,where/x,gsm8k:y",
                vec!["locomo:no,where/x", "gsm8k:y"],
            ),
            ("locomo:no,locmo:y", vec!["locomo:no", "locmo:y"]),
            // A name that is misspelt is not glued to the one before it.
            ("evidence,transfr", vec!["evidence", "transfr"]),
            ("no.jsonl,other.jsonl", vec!["no.jsonl", "other.jsonl"]),
        ];
        for (given, expected) in cases {
            let given = given.replace("HERE", &here);
            let expected: Vec<String> = expected
                .iter()
                .map(|suite| suite.replace("HERE", &here))
                .collect();
            assert_eq!(split(&given), expected, "{given}");
            let again: Vec<String> = expected.iter().flat_map(|suite| split(suite)).collect();
            assert_eq!(again, expected, "cut once more: {given}");
        }
    }
}
