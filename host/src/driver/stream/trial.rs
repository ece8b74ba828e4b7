//! The gate of `if-trial-gains`: a task is run again with the memory, which stays if the score rises enough (Live-Evo,
//! algorithm 1, "verify before update").

use std::collections::HashSet;
use std::sync::Arc;

use crate::contract::Arm;
use crate::suite::{Episode, text};

use super::super::DriverError;
use super::super::ledger::Pending;
use super::super::plan;
use super::super::report::Recorder;
use super::StreamRun;

/// The most siblings whose words are compared: a trial stays cheap in a stream of many thousand tasks.
const SIBLINGS: usize = 100;

impl<'a> StreamRun<'a> {
    /// Re-runs with the memories on trial; they stay if the score rises by the margin. `before` is the task's score
    /// without them, where it is known.
    pub(super) async fn put_on_trial(
        &mut self,
        pending: Pending,
        margin: f64,
        episode: &'a Episode,
        before: Option<f64>,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let gained = match self.tried_on(episode) {
            Some(tried) => {
                let before = before.filter(|_| std::ptr::eq(tried, episode));
                // A call that fails says nothing, and nothing looks worse than something: such a trial proves nothing.
                let failures = report.failures();
                let gained = self.gains(&pending, margin, tried, before, report).await?;
                gained && report.failures() == failures
            }
            None if episode.question.is_none() => {
                report.failure(format!(
                    "task `{}`: a memory was to be kept if a re-run gains {margin}, but nothing is asked in this \
                     task, so it cannot be re-run; the memory was dropped",
                    episode.task.id
                ));
                false
            }
            None => {
                report.untried(pending.memories.len());
                false
            }
        };
        self.settle(pending, gained, report).await
    }

    async fn gains(
        &mut self,
        pending: &Pending,
        margin: f64,
        tried: &'a Episode,
        before: Option<f64>,
        report: &mut Recorder,
    ) -> Result<bool, DriverError> {
        let chance = self.seeds.trial(&tried.task.id);
        let without = match before {
            Some(score) => Some(score),
            None => {
                let none = Arc::new(HashSet::new());
                let (done, _) = self.act(tried, none, chance, report).await?;
                report.runs(Arm::Candidate, 1);
                done.and_then(|done| done.act.reward)
            }
        };
        let on_trial = Arc::new(pending.memories.iter().cloned().collect());
        let (done, _) = self.act(tried, on_trial, chance, report).await?;
        report.runs(Arm::Candidate, 1);
        let with = done.and_then(|done| done.act.reward);
        Ok(with
            .zip(without)
            .is_some_and(|(with, without)| with - without >= margin))
    }

    fn tried_on(&self, episode: &'a Episode) -> Option<&'a Episode> {
        match plan::tests_its_own_memory(episode.question.as_ref()?, self.surroundings.acting) {
            true => Some(episode),
            false => self.sibling_of(episode),
        }
    }

    /// Of the known tasks that were asked, the one most like it: it shares most labels, of the latest such tasks the most
    /// words, and is the latest of several.
    fn sibling_of(&self, episode: &Episode) -> Option<&'a Episode> {
        let shared = |other: &Episode| {
            let labels = &other.task.labels;
            let same = labels.iter();
            same.filter(|label| episode.task.labels.contains(label))
                .count()
        };
        let others = || {
            let others = self.past.iter().rev().copied();
            others.filter(|o| o.question.is_some() && o.task.id != episode.task.id)
        };
        let most = others().map(shared).max()?;
        let closest = others().filter(|other| shared(other) == most);
        let mut siblings: Vec<&'a Episode> = closest.take(SIBLINGS).collect();
        siblings.reverse();
        let likeness = |other: &Episode| text::overlap(&episode.task.text, &other.task.text);
        siblings
            .into_iter()
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
    }
}
