//! Documents without a problem, remembered for contrast: memhost's own addition to TIDE.

use std::collections::HashSet;

use memhost_sdk::{Attempt, Flag, NewMemory};

use crate::case::{documents, source};

/// The kind of a document of a solved task that shows no problem.
pub(crate) const NEGATIVE: &str = "negative";

pub(crate) const NEGATIVES: Flag = Flag::new(
    "negatives",
    false,
    "Whether documents of solved tasks that show no problem are remembered and handed out too, for contrast \
     (memhost's own addition; TIDE: false).",
);

/// Every document of a solved task that is no finding's evidence.
pub(crate) fn negatives(attempt: &Attempt) -> impl Iterator<Item = NewMemory> {
    let findings = attempt.findings.iter();
    let shown: HashSet<&str> = findings
        .flat_map(|finding| finding.evidence.iter().map(String::as_str))
        .collect();
    documents(attempt)
        .filter(move |(_, document)| !shown.contains(document.id.as_str()))
        .filter(|(_, document)| !document.text.trim().is_empty())
        .map(|(place, document)| {
            NewMemory::new(NEGATIVE, &document.text).learnt_from(source(attempt, place))
        })
}
