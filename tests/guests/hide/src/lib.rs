//! A wrapper that hides the memories that it is told to hide: the smallest guard.
//!
//! It has a note and memories of its own, so that a test sees whose are whose.

#[cfg(test)]
mod tests;

use memhost_sdk::{
    Change, Declared, Description, Fault, Feedback, Guidance, NewMemory, Query, Retrieve, Settings,
    Text, Update, Wrap, inner,
};

const IDS: Text = Text::new(
    "ids",
    "",
    "Ids of the memories that are hidden, with commas between them.",
);

/// The kind of its own memories: one for each outcome of guidance that it gave.
const HEARD: &str = "hide:heard";

/// Hides what it is told to hide.
pub struct Hide;

impl Wrap for Hide {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&IDS];

    fn describe() -> Description {
        Description::new(
            "hide",
            env!("CARGO_PKG_VERSION"),
            "Hides the memories that it is told to hide.",
        )
    }
}

impl Retrieve for Hide {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let ids = settings.get(&IDS)?;
        let ids = ids.split(',').filter(|id| !id.is_empty());
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        let mut guidance = inner::retrieve(query, &ids, &[])?;
        guidance.receipt.note = format!("hidden: {}", ids.len());
        Ok(guidance)
    }
}

impl Update for Hide {
    /// What it wraps learns as ever; of its own it keeps what it noted.
    fn update(feedback: &[Feedback], _: &Settings) -> Result<Vec<Change>, Fault> {
        let mut changes = inner::update(feedback, &[])?;
        let heard = feedback.iter().map(|one| {
            Change::insert(NewMemory::new(HEARD, &one.receipt.note).learnt_from(&one.attempt.id))
        });
        changes.extend(heard);
        Ok(changes)
    }
}

memhost_sdk::export!(Hide: Retrieve, Update);
