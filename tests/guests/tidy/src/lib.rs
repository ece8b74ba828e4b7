//! A plain memory of notes that merges duplicates where it is asked to put its memories in order: the smallest strategy
//! with the phase `maintain`.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use memhost_sdk::{
    Attempt, Change, Condition, Description, Distill, Fault, Guidance, Maintain, Memory, NewMemory,
    Patch, Query, Retrieve, Scan, Search, Settings, Strategy, one_line, pack, recall, scan,
};

/// The key that a note is found by.
const KEY: &str = "task";

/// Keeps a note of every attempt, and one of each that says the same.
pub struct Tidy;

impl Strategy for Tidy {
    fn describe() -> Description {
        Description::new(
            "tidy",
            env!("CARGO_PKG_VERSION"),
            "Keeps notes, and merges those that say the same.",
        )
    }
}

impl Retrieve for Tidy {
    fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
        let similar = recall(&Search::semantic(KEY, &query.task.text))?;
        Ok(pack("Notes:", similar, query.token_budget))
    }
}

impl Distill for Tidy {
    fn distill(attempts: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
        let note = |one: &Attempt| {
            NewMemory::new("note", &one.answer)
                .key(KEY, &one.task.text)
                .learnt_from(&one.id)
        };
        Ok(attempts.iter().map(note).map(Change::insert).collect())
    }
}

impl Maintain for Tidy {
    /// The oldest note of those that say the same stays, learnt from what they all were learnt from. What is frozen cannot
    /// be changed, and is left alone.
    fn maintain(_: &Settings) -> Result<Vec<Change>, Fault> {
        let notes = scan(&Scan::oldest_first().only(Condition::eq("state", "active")))?;
        let mut kept: Vec<(Memory, Patch)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut changes = Vec::new();
        for note in notes {
            let place = *places.entry(said(&note)).or_insert(kept.len());
            match kept.get_mut(place) {
                Some((_, patch)) => {
                    patch.more_sources.extend(note.sources);
                    changes.push(Change::remove(note.id));
                }
                None => kept.push((note.clone(), Patch::of(note.id))),
            }
        }
        let grown = kept
            .into_iter()
            .filter(|(_, patch)| !patch.more_sources.is_empty());
        changes.extend(grown.map(|(_, patch)| Change::revise(patch)));
        Ok(changes)
    }
}

/// What a note says, whatever its case and its spaces.
fn said(note: &Memory) -> String {
    one_line(&note.content).to_lowercase()
}

memhost_sdk::export!(Tidy: Retrieve, Distill, Maintain);
