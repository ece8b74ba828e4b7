//! Revisions: what a patch or an adjustment makes of a memory.

use std::collections::HashSet;

use memhost_contract::{Adjustment, Counter, Counters, Memory, Patch, Source};

/// Changes what a patch names. Returns whether it brings other keys.
pub(crate) fn revise(memory: &mut Memory, patch: Patch) -> bool {
    let brings_keys = patch.keys.is_some();
    set(&mut memory.title, patch.title);
    set(&mut memory.content, patch.content);
    set(&mut memory.keys, patch.keys);
    set(&mut memory.labels, patch.labels);
    set(&mut memory.payload, patch.payload);
    set(&mut memory.state, patch.state);
    memory.expires = patch.expires.or(memory.expires);
    add_sources(&mut memory.sources, patch.more_sources);
    brings_keys
}

fn set<T>(field: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *field = new;
    }
}

/// Appends sources that are not there yet.
fn add_sources(sources: &mut Vec<Source>, more: Vec<Source>) {
    if more.is_empty() {
        return;
    }
    let known = |source: &Source| (source.attempt.clone(), source.step);
    let mut seen: HashSet<(String, Option<u32>)> = sources.iter().map(known).collect();
    sources.extend(more.into_iter().filter(|source| seen.insert(known(source))));
}

/// New value = clamp(old + delta, least, most); whole numbers are rounded and never negative.
pub(crate) fn adjust(counters: &mut Counters, adjustment: &Adjustment) -> Result<(), String> {
    let moved = |old: f64| {
        let new = old + adjustment.delta;
        let new = adjustment.least.map_or(new, |least| new.max(least));
        adjustment.most.map_or(new, |most| new.min(most))
    };
    let real = |old: f64| match moved(old) {
        new if new.is_finite() => Ok(new),
        _ => Err("the sum is beyond the range of numbers".to_owned()),
    };
    // A cast from float to integer stops at the ends of the range.
    let whole = |old: u32| moved(old.into()).round() as u32;
    match adjustment.counter {
        Counter::Weight => counters.weight = real(counters.weight)?,
        Counter::Strength => counters.strength = real(counters.strength)?,
        Counter::Uses => counters.uses = whole(counters.uses),
        Counter::Wins => counters.wins = whole(counters.wins),
        Counter::Losses => counters.losses = whole(counters.losses),
    }
    Ok(())
}
