//! Cutting texts to what can be kept: one that is too long costs its end, and not the other writes of its call.

use std::collections::HashSet;

use memhost_contract::Op;

use super::Transaction;
use super::check::LONGEST_NAME;
use super::plan::Vectors;

/// Cuts keys, titles and values of labels. Keys that are alike then are one, and so are their vectors, where those were
/// given. Returns how many texts were cut.
pub(crate) fn shorten(transaction: &mut Transaction, vectors: &mut Vectors) -> usize {
    let mut cut = 0;
    for (number, write) in transaction.writes.iter_mut().enumerate() {
        let mut none = Vec::new();
        let vectors = vectors.get_mut(number).unwrap_or(&mut none);
        let (title, keys, labels) = match &mut write.op {
            Op::Insert(new) => (
                Some(&mut new.title),
                Some(&mut new.keys),
                Some(&mut new.labels),
            ),
            Op::Revise(patch) => (
                patch.title.as_mut(),
                patch.keys.as_mut(),
                patch.labels.as_mut(),
            ),
            _ => continue,
        };
        cut += title.map_or(0, |title| usize::from(cut_to(title, LONGEST_NAME)));
        if let Some(keys) = keys {
            cut += shorten_all(
                keys,
                |key| (&key.name, &mut key.text),
                |place| {
                    if place < vectors.len() {
                        vectors.remove(place);
                    }
                },
            );
        }
        if let Some(labels) = labels {
            cut += shorten_all(labels, |label| (&label.name, &mut label.value), |_| ());
        }
    }
    cut
}

/// Cuts the texts of named things, and drops those that only differed in what was cut off. Returns how many were cut.
fn shorten_all<T>(
    things: &mut Vec<T>,
    parts: impl Fn(&mut T) -> (&String, &mut String),
    mut dropped: impl FnMut(usize),
) -> usize {
    let is_cut: Vec<bool> = things
        .iter_mut()
        .map(|thing| cut_to(parts(thing).1, LONGEST_NAME))
        .collect();
    let cut = is_cut.iter().filter(|was_cut| **was_cut).count();
    if cut == 0 {
        return 0;
    }
    // Two that were alike before are for the check to tell of.
    let mut seen = HashSet::new();
    for (thing, was_cut) in things.iter_mut().zip(&is_cut) {
        if !was_cut {
            let (name, text) = parts(thing);
            seen.insert((name.clone(), text.clone()));
        }
    }
    let mut place = 0;
    let mut was_cut = is_cut.into_iter();
    things.retain_mut(|thing| {
        let was_cut = was_cut.next().unwrap_or_default();
        let (name, text) = parts(thing);
        let stays = !was_cut || seen.insert((name.clone(), text.clone()));
        match stays {
            true => place += 1,
            false => dropped(place),
        }
        stays
    });
    cut
}

/// Whether there was something to cut.
fn cut_to(text: &mut String, longest: usize) -> bool {
    let is_longer = text.len() > longest;
    text.truncate(text.floor_char_boundary(longest));
    is_longer
}
