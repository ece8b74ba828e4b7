//! Shortens a run to the identifiers that it has met: the smallest strategy with the phase `compact`.
//!
//! What an agent cannot do without, when most of a long run is gone, are the names by which it calls things: orders,
//! files, accounts.

#[cfg(test)]
mod tests;

use memhost_sdk::{
    Compact, Compacted, Context, Description, Fault, Settings, Step, Strategy, distinct, llm,
};

/// Before the identifiers.
const HEADING: &str = "Met before, the newest first:";

/// Keeps the identifiers of a run.
pub struct Brief;

impl Strategy for Brief {
    fn describe() -> Description {
        Description::new(
            "brief",
            env!("CARGO_PKG_VERSION"),
            "Shortens a run to the identifiers that it has met.",
        )
    }
}

impl Compact for Brief {
    /// The last steps stay that half the room is enough for; of all before them the identifiers, as many of the newest as
    /// fit.
    fn compact(context: &Context, _: &Settings) -> Result<Compacted, Fault> {
        let (keep_last, kept) = last_steps(&context.steps, context.token_budget / 2);
        let gone = &context.steps[..context.steps.len() - keep_last];
        let newest_first = gone.iter().rev().map(|step| step.text.as_str());
        let told = newest_first.flat_map(|text| identifiers(text).rev());
        // An earlier summary has its own in this order already.
        let identifiers = distinct(told.chain(identifiers(&context.summary)));
        let room = context.token_budget - kept;
        let keep_last = u32::try_from(keep_last).unwrap_or(u32::MAX);
        Ok(Compacted::new(listed(&identifiers, room), keep_last))
    }
}

/// How many of the last steps there is room for, and the tokens that they have.
fn last_steps(steps: &[Step], room: u32) -> (usize, u32) {
    let mut tokens = 0;
    let fitting = steps.iter().rev().take_while(|step| {
        let more = tokens + llm::count_tokens(&step.text);
        let fits = more <= room;
        if fits {
            tokens = more;
        }
        fits
    });
    (fitting.count(), tokens)
}

/// Words with a digit in them, such as `#W2378156`, `order-7` and `src/a1.rs`, in the order of the text.
fn identifiers(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "\"'()[]{},;=".contains(c));
    let bare = words.map(|word| word.trim_matches([':', '.', '?', '!']));
    bare.filter(|word| word.chars().any(|c| c.is_ascii_digit()))
}

/// As many as there is room for, from the first on.
fn listed(identifiers: &[&str], room: u32) -> String {
    let mut text = String::new();
    for identifier in identifiers {
        let joint = match text.is_empty() {
            true => HEADING,
            false => ",",
        };
        let longer = format!("{text}{joint} {identifier}");
        if llm::count_tokens(&longer) > room {
            break;
        }
        text = longer;
    }
    text
}

memhost_sdk::export!(Brief: Compact);
