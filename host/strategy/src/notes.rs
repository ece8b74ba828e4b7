//! Notes of receipts, a part for each layer: a receipt's note is a strategy's word to itself, and a wrapper has one too.
//!
//! Where both say the same, or there is nothing else to say, the note is what it would be without a wrapper: so one that
//! passes everything through leaves no trace. Otherwise both parts stand in it, and whoever is asked again is shown its own.

use std::collections::HashMap;
use std::sync::Arc;

use memhost_contract::{Attempt, Feedback, Query, Receipt};

use crate::capability::Attempts;

/// What a note begins with that has two parts.
const MARK: &str = "memhost:layers:";

/// The note of a wrapper's receipt, from its own word and that of what it wraps.
pub(crate) fn join(own: String, inner: String) -> String {
    let parts: &[&str] = match (own == inner, own.starts_with(MARK)) {
        (true, false) => return own,
        // A note that could be taken for one of two parts.
        (true, true) => &[&own],
        (false, _) => &[&own, &inner],
    };
    format!("{MARK}{}", serde_json::json!(parts))
}

/// A wrapper's own word, and that of what it wraps.
pub(crate) fn split(note: &str) -> (String, String) {
    let parts = note
        .strip_prefix(MARK)
        .and_then(|parts| serde_json::from_str::<Vec<String>>(parts).ok());
    match parts.as_deref() {
        Some([own, inner]) => (own.clone(), inner.clone()),
        Some([both]) => (both.clone(), both.clone()),
        _ => (note.to_owned(), note.to_owned()),
    }
}

/// What a wrapped strategy noted on the receipts of one call, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Notes(HashMap<String, String>);

impl Notes {
    /// Leaves a wrapper its own part of every note.
    pub fn take(&mut self, told: &mut impl Receipts) {
        told.for_each(&mut |receipt| {
            let (own, inner) = split(&receipt.note);
            self.0.insert(receipt.id.clone(), inner);
            receipt.note = own;
        });
    }

    /// Shows what is wrapped its own part again, whatever became of the wrapper's.
    pub fn give_back(&self, told: &mut impl Receipts) {
        told.for_each(&mut |receipt| {
            if let Some(note) = self.0.get(&receipt.id) {
                receipt.note.clone_from(note);
            }
        });
    }
}

/// What a strategy is told that holds receipts.
pub(crate) trait Receipts {
    /// Does this to each of them.
    fn for_each(&mut self, with: &mut dyn FnMut(&mut Receipt));
}

impl Receipts for Query {
    fn for_each(&mut self, with: &mut dyn FnMut(&mut Receipt)) {
        self.handed_out.iter_mut().for_each(with);
    }
}

impl Receipts for Attempt {
    fn for_each(&mut self, with: &mut dyn FnMut(&mut Receipt)) {
        self.receipts.iter_mut().for_each(with);
    }
}

impl Receipts for Feedback {
    fn for_each(&mut self, with: &mut dyn FnMut(&mut Receipt)) {
        self.attempt.for_each(with);
        with(&mut self.receipt);
    }
}

impl<T: Receipts> Receipts for Vec<T> {
    fn for_each(&mut self, with: &mut dyn FnMut(&mut Receipt)) {
        self.iter_mut().for_each(|one| one.for_each(with));
    }
}

/// Whose part of a note.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Own,
    Inner,
}

/// Past attempts as one layer sees them.
struct PartOf {
    attempts: Arc<dyn Attempts>,
    part: Part,
}

/// The same attempts, with one layer's part of each note.
pub(crate) fn part_of(attempts: Arc<dyn Attempts>, part: Part) -> Arc<dyn Attempts> {
    Arc::new(PartOf { attempts, part })
}

impl Attempts for PartOf {
    fn get(&self, ids: &[String]) -> Vec<Attempt> {
        let mut attempts = self.attempts.get(ids);
        attempts.for_each(&mut |receipt| {
            let (own, inner) = split(&receipt.note);
            receipt.note = match self.part {
                Part::Own => own,
                Part::Inner => inner,
            };
        });
        attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_come_apart_again_whatever_they_are() {
        let nested = join("b".into(), "c".into());
        let notes = ["", "plain", "{\"k\":1}", MARK, "memhost:layers:[]", &nested];
        for own in notes {
            for inner in notes {
                let note = join(own.into(), inner.into());
                assert_eq!(split(&note), (own.to_owned(), inner.to_owned()), "{note}");
            }
        }
    }

    #[test]
    fn who_passes_a_note_on_leaves_no_trace() {
        for note in ["", "plain", "[1, 2]"] {
            assert_eq!(join(note.into(), note.into()), note);
        }
    }

    #[test]
    fn each_layer_is_shown_its_own_part() {
        let receipt = |id: &str, note: String| Receipt {
            id: id.into(),
            note,
            ..Receipt::nothing()
        };
        let mut told = Query::at_start(
            memhost_contract::Task::new("t", "t"),
            memhost_contract::Agent::new("a", "m"),
            100,
        );
        told.handed_out = vec![
            receipt("r1", join("guard".into(), "rag".into())),
            receipt("r2", "both".into()),
        ];
        let mut notes = Notes::default();
        notes.take(&mut told);
        let seen = |query: &Query| -> Vec<String> {
            let receipts = query.handed_out.iter();
            receipts.map(|receipt| receipt.note.clone()).collect()
        };
        assert_eq!(seen(&told), ["guard", "both"]);
        told.handed_out.push(receipt("new", "of the guard".into()));
        notes.give_back(&mut told);
        assert_eq!(seen(&told), ["rag", "both", "of the guard"]);
    }
}
