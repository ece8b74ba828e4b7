//! Outcomes: what a task scored with memory, and what that was better than without.

use memhost_sdk::{Attempt, Fault, Feedback, Level, run};

use crate::receipt::Note;

/// Scores are floats: a share of a batch that is a whole number must not be rounded up to the next.
const ROUNDING: f64 = 1e-9;

/// An outcome whose score is known. Higher is better, whatever the metric: the host sees to that.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known<'a> {
    pub(crate) attempt: &'a Attempt,
    /// The paper's r_on, in 0..=1.
    pub(crate) on: f64,
    /// The paper's r_off, in 0..=1, where that arm was run.
    off: Option<f64>,
    feedback: &'a Feedback,
    note: Note,
}

/// What memory changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gain {
    pub(crate) on: f64,
    pub(crate) off: f64,
}

impl Gain {
    /// The paper's r_on - r_off.
    pub(crate) fn value(self) -> f64 {
        self.on - self.off
    }

    /// Whether both runs were all or nothing.
    pub(crate) fn is_binary(self) -> bool {
        [self.on, self.off]
            .iter()
            .all(|score| *score == 0.0 || *score == 1.0)
    }
}

impl Known<'_> {
    pub(crate) fn gain(&self) -> Option<Gain> {
        let off = self.off?;
        Some(Gain { on: self.on, off })
    }

    /// The points that were handed out.
    pub(crate) fn guideline(&self) -> &str {
        &self.note.guideline
    }

    /// Ids of the experiences that were used, each as often as it is cited.
    pub(crate) fn cited(&self) -> impl Iterator<Item = &str> {
        let used = self.feedback.receipt.used.iter();
        used.map(|citation| citation.memory.as_str())
    }
}

/// The outcomes of a batch with a score. A score that is no number in 0..=1 is taken as not known.
pub(crate) fn read(feedback: &[Feedback]) -> Result<Vec<Known<'_>>, Fault> {
    let mut known = Vec::with_capacity(feedback.len());
    for one in feedback {
        let outcome = &one.attempt.outcome;
        let off = possible(outcome.baseline, one);
        let Some(on) = possible(outcome.score, one) else {
            continue;
        };
        known.push(Known {
            attempt: &one.attempt,
            on,
            off,
            feedback: one,
            note: one.receipt.noted()?,
        });
    }
    Ok(known)
}

fn possible(score: Option<f64>, feedback: &Feedback) -> Option<f64> {
    let score = score?;
    if (0.0..=1.0).contains(&score) {
        return Some(score);
    }
    run::log(
        Level::Warn,
        &format!(
            "attempt `{}` has the score {score}, which does not lie in 0..=1; it is taken as not known",
            feedback.attempt.id
        ),
    );
    None
}

/// The worst share of a batch, rounded up, the worst first; of equals the earlier.
pub(crate) fn worst<'a, 'b>(outcomes: &'b [Known<'a>], share: f64) -> Vec<&'b Known<'a>> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the length of a list"
    )]
    let count = (share * outcomes.len() as f64 - ROUNDING).ceil() as usize;
    let mut ordered: Vec<&Known> = outcomes.iter().collect();
    ordered.sort_by(|one, other| one.on.total_cmp(&other.on));
    ordered.truncate(count);
    ordered
}
