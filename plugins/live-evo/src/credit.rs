//! The weights: every experience that was used gets the gain.

use std::collections::HashMap;

use memhost_sdk::{Change, Counter, Fault, Settings, distinct};

use crate::bank::Experience;
use crate::outcome::{Gain, Known};
use crate::parameters::{BINARY_STEP, BinaryStep, LEAST_WEIGHT, MOST_WEIGHT};

/// Skill: an experience that helped.
const HELPED: f64 = 0.3;
/// Skill: one that did not.
const DID_NOT_HELP: f64 = -0.2;

/// One adjustment per outcome and experience, in the order of the batch, so that clamping is that of one task after
/// the other. What is not there any more is passed over.
pub(crate) fn weights(
    outcomes: &[Known<'_>],
    used: &HashMap<String, Experience>,
    settings: &Settings,
) -> Result<Vec<Change>, Fault> {
    let step = settings.get(&BINARY_STEP)?;
    let (least, most) = (settings.get(&LEAST_WEIGHT)?, settings.get(&MOST_WEIGHT)?);
    let mut changes = Vec::new();
    for outcome in outcomes {
        let Some(gain) = outcome.gain() else { continue };
        let delta = delta(gain, step);
        if delta == 0.0 {
            continue;
        }
        let cited = distinct(outcome.cited()).into_iter();
        let there = cited.filter(|id| used.contains_key(*id));
        changes
            .extend(there.map(|id| Change::adjust_within(id, Counter::Weight, delta, least, most)));
    }
    Ok(changes)
}

/// What is added to a weight.
fn delta(gain: Gain, step: BinaryStep) -> f64 {
    let direction = match step {
        BinaryStep::Gain => return gain.value(),
        _ if !gain.is_binary() => return gain.value(),
        BinaryStep::Skill if gain.value() == 0.0 => gain.on - 0.5,
        BinaryStep::Step | BinaryStep::Skill => gain.value(),
    };
    match direction {
        up if up > 0.0 => HELPED,
        down if down < 0.0 => DID_NOT_HELP,
        _ => 0.0,
    }
}
