//! Segments: a journal's files or objects, by their names.
//!
//! A name says which journal a segment is of, and which number it has; the folder is one of 256, after the journal's digest.

use std::collections::BTreeSet;
use std::ops::Range;

use memhost_contract::limits::LONGEST_NAMESPACE;
use sha2::{Digest, Sha256};

use super::found::Span;
use crate::StoreError;

/// How many bytes of a namespace's digest its files' names end with.
const DIGEST: usize = 8;
/// No run has written so many segments.
const HIGHEST_NUMBER: u64 = 1 << 60;
/// More missing segments than this are not told one by one: a file was given a name that no run has.
const MOST_MISSING: usize = 100;

/// A part of a journal, as a file or an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(super) stem: String,
    pub(super) number: u64,
    pub(super) is_set_aside: bool,
}

impl Segment {
    /// What a file is by its name, with its folder.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let file = file_of(name);
        Segment::of_file(file).filter(|segment| in_folder(&segment.stem, file) == name)
    }

    /// What a file is by its own name.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        let (rest, is_set_aside) = match file.strip_suffix(".log") {
            Some(rest) => (rest, false),
            None => (file.strip_suffix(".damaged")?, true),
        };
        let (stem, number) = rest.rsplit_once('.')?;
        let number = number.parse().ok();
        Some(Segment {
            stem: stem.to_owned(),
            // There must be room for another one behind it.
            number: number.filter(|number| *number < HIGHEST_NUMBER)?,
            is_set_aside,
        })
    }

    /// With its folder; of so many digits that names are in the order of numbers.
    pub(super) fn name(&self) -> String {
        let extension = if self.is_set_aside { "damaged" } else { "log" };
        let file = format!("{}.{:020}.{extension}", self.stem, self.number);
        in_folder(&self.stem, &file)
    }

    pub(super) fn new(stem: &str, number: u64) -> Self {
        Segment {
            stem: stem.to_owned(),
            number,
            is_set_aside: false,
        }
    }

    pub(super) fn set_aside(self) -> Self {
        Segment {
            is_set_aside: true,
            ..self
        }
    }
}

/// The part of file names that stands for a namespace: readable, and unique for any name.
pub(super) fn stem(namespace: &str) -> Result<String, StoreError> {
    if namespace.is_empty() || namespace.len() > LONGEST_NAMESPACE {
        return Err(StoreError::Name(format!(
            "`{namespace}` has {} bytes; it must have 1 to {LONGEST_NAMESPACE}",
            namespace.len()
        )));
    }
    if namespace.chars().any(char::is_control) {
        return Err(StoreError::Name(format!(
            "{namespace:?} holds a control character"
        )));
    }
    let readable: String = namespace
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let digest = Sha256::digest(namespace.as_bytes());
    Ok(format!("{readable}-{}", hex::encode(&digest[..DIGEST])))
}

/// The folder of a journal's files: the first two digits of the digest that its name ends with. The store's own locks are
/// in none.
pub(super) fn folder_of(stem: &str) -> Option<&str> {
    let (_, digest) = stem.rsplit_once('-')?;
    let is_digest = digest.len() == 2 * DIGEST && digest.bytes().all(|b| b.is_ascii_hexdigit());
    digest.get(..2).filter(|_| is_digest)
}

/// A file of a journal with its folder.
pub(super) fn in_folder(stem: &str, file: &str) -> String {
    match folder_of(stem) {
        Some(folder) => format!("{folder}/{file}"),
        None => file.to_owned(),
    }
}

/// A file's name without its folder.
pub(super) fn file_of(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, file)| file)
}

/// What a lock is of, if it is one.
pub(super) fn locked_by(name: &str) -> Option<&str> {
    file_of(name).strip_suffix(".lock")
}

/// The journals that have segments to be read, each once.
pub(super) fn stems(segments: Vec<Segment>) -> Vec<String> {
    let segments = segments.into_iter().filter(|segment| !segment.is_set_aside);
    let mut stems: Vec<String> = segments.map(|segment| segment.stem).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// The number of a journal's oldest segment, and one above all that it has had: nobody appends to what another process
/// wrote, whose end may be cut short.
pub(super) fn numbers(names: &[String], stem: &str) -> Range<u64> {
    let segments: Vec<Segment> = names
        .iter()
        .filter_map(|name| Segment::parse(name))
        .collect();
    let ours = segments.iter().filter(|segment| segment.stem == stem);
    let last = ours.clone().map(|segment| segment.number).max();
    let next = last.map_or(0, |last| last + 1);
    let there = ours.filter(|segment| !segment.is_set_aside);
    let first = there.map(|segment| segment.number).min();
    first.unwrap_or(next)..next
}

/// The segments of a part of a journal that are to be read, in their order; and the numbers between them that are not
/// there. Numbers follow each other, and the oldest segments go first, so that nothing but damage makes a gap.
pub(super) fn segments_of(names: &[String], span: &Span) -> (Vec<Segment>, Vec<Segment>) {
    let Span { stem, before } = span;
    let ours = names.iter().filter_map(|name| Segment::parse(name));
    let ours = ours.filter(|segment| segment.stem == *stem && segment.number < *before);
    let (aside, mut there): (Vec<Segment>, Vec<Segment>) =
        ours.partition(|segment| segment.is_set_aside);
    there.sort_unstable();
    let (Some(first), Some(last)) = (there.first(), there.last()) else {
        return Default::default();
    };
    let all = there.iter().chain(&aside);
    let known: BTreeSet<u64> = all.map(|segment| segment.number).collect();
    let missing = (first.number..last.number).filter(|number| !known.contains(number));
    let missing = missing.take(MOST_MISSING);
    let missing = missing.map(|number| Segment::new(stem, number)).collect();
    (there, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_differ_when_names_do() {
        let long = "x".repeat(512);
        let names = ["a/b", "a_b", "../../etc/passwd", "日本", ".", &long];
        let stems: Vec<String> = names.iter().map(|name| stem(name).unwrap()).collect();
        for (i, stem) in stems.iter().enumerate() {
            assert!(stem.len() < 100 && !stem.contains(['/', '.']), "{stem}");
            assert!(!stems[i + 1..].contains(stem));
            let segment = Segment::new(stem, 7);
            assert_eq!(Segment::parse(&segment.name()), Some(segment.clone()));
            assert_eq!(segment.name().split_once('/').unwrap().0.len(), 2);
            // One that stands in another folder is none of this store's.
            assert_eq!(Segment::parse(file_of(&segment.name())), None);
        }
        assert_eq!(
            in_folder("checkpoint", "checkpoint.lock"),
            "checkpoint.lock"
        );
        assert!(stem("").is_err());
        assert!(stem("a\0b").is_err());
        assert!(stem(&"x".repeat(513)).is_err());
    }
}
