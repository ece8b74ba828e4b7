//! The gate of `if-trial-gains`: a task is run again with the memory, which stays if the score rises enough (Live-Evo,
//! algorithm 1, "verify before update").

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memhost::contract::{Arm, Task};
use memhost::learning::{Condition, Pending};
use memhost_suite::{Episode, text};

use super::super::DriverError;
use super::super::plan;
use super::StreamRun;

/// The most siblings whose words are compared: a trial stays cheap in a stream of many thousand tasks.
const SIBLINGS: usize = 100;

impl<'a> StreamRun<'a> {
    /// Re-runs with the memories on trial; they stay if the score rises by the margin. `before` is the task's score
    /// without them, where it is known.
    pub(super) async fn put_on_trial(
        &mut self,
        pending: Pending,
        episode: &'a Episode,
        before: Option<f64>,
    ) -> Result<(), DriverError> {
        let Condition::TrialGains(margin) = pending.condition else {
            return Ok(());
        };
        let gained = match self.tried_on(episode) {
            Some(tried) => {
                let before = before.filter(|_| std::ptr::eq(tried, episode));
                // A call that fails says nothing, and nothing looks worse than something: such a trial proves nothing.
                let failures = self.report.failures();
                let gained = self.gains(&pending, margin, tried, before).await?;
                gained && self.report.failures() == failures
            }
            None if episode.question.is_none() => {
                self.report.failure(format!(
                    "task `{}`: a memory was to be kept if a re-run gains {margin}, but nothing is asked in this \
                     task, so it cannot be re-run; the memory was dropped",
                    episode.task.id
                ));
                false
            }
            None => {
                self.report.untried(pending.memories.len());
                false
            }
        };
        self.learner.settle(pending, gained, self.report).await?;
        Ok(())
    }

    async fn gains(
        &mut self,
        pending: &Pending,
        margin: f64,
        tried: &'a Episode,
        before: Option<f64>,
    ) -> Result<bool, DriverError> {
        let chance = self.learner.clock.seeds.trial(&tried.task.id);
        let without = match before {
            Some(score) => Some(score),
            None => {
                let none = Arc::new(HashSet::new());
                let (done, _) = self.act(tried, none, chance).await?;
                self.report.runs(Arm::Candidate, 1);
                done.and_then(|done| done.act.reward)
            }
        };
        let on_trial = Arc::new(pending.memories.iter().cloned().collect());
        let (done, _) = self.act(tried, on_trial, chance).await?;
        self.report.runs(Arm::Candidate, 1);
        let with = done.and_then(|done| done.act.reward);
        Ok(with
            .zip(without)
            .is_some_and(|(with, without)| with - without >= margin))
    }

    fn tried_on(&self, episode: &'a Episode) -> Option<&'a Episode> {
        match plan::tests_its_own_memory(episode.question.as_ref()?, self.testbed.acting) {
            true => Some(episode),
            false => self.sibling_of(episode),
        }
    }

    /// Of the known tasks that were asked, the one most like it: it shares most labels, of the latest such tasks the
    /// most words, and is the latest of several.
    fn sibling_of(&self, episode: &Episode) -> Option<&'a Episode> {
        let mut siblings = self.past.closest(&episode.task);
        siblings.reverse();
        let likeness = |other: &Episode| text::overlap(&episode.task.text, &other.task.text);
        siblings
            .into_iter()
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
    }
}

/// Names and values of a task's labels.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// Episodes that were asked and whose outcomes are known, by the labels of their tasks: tasks are many, and differ in
/// few of their labels.
#[derive(Default)]
pub(super) struct Past<'a> {
    by_labels: HashMap<Labels<'a>, Vec<(usize, &'a Episode)>>,
    count: usize,
}

impl<'a> Past<'a> {
    /// The latest episode.
    pub(super) fn add(&mut self, episode: &'a Episode) {
        if episode.question.is_none() {
            return;
        }
        let labels = episode.task.labels.iter();
        let labels = labels.map(|label| (label.name.as_str(), label.value.as_str()));
        let alike = self.by_labels.entry(labels.collect()).or_default();
        alike.push((self.count, episode));
        self.count += 1;
    }

    /// Those that share most labels with a task, without those of the task itself: the latest first, at most
    /// [`SIBLINGS`].
    fn closest(&self, task: &Task) -> Vec<&'a Episode> {
        let is_other = |(_, episode): &&(usize, &Episode)| episode.task.id != task.id;
        let mut most = 0;
        let mut closest: Vec<&[(usize, &'a Episode)]> = Vec::new();
        for (labels, episodes) in &self.by_labels {
            let is_shared = |(name, value): &&(&str, &str)| {
                let mut labels = task.labels.iter();
                labels.any(|label| label.name == *name && label.value == *value)
            };
            let shared = labels.iter().filter(is_shared).count();
            if shared < most || !episodes.iter().any(|episode| is_other(&episode)) {
                continue;
            }
            if shared > most {
                closest.clear();
                most = shared;
            }
            closest.push(episodes);
        }
        let latest = closest.into_iter().flat_map(|episodes| {
            let latest = episodes.iter().rev().filter(is_other);
            latest.take(SIBLINGS)
        });
        let mut latest: Vec<&(usize, &Episode)> = latest.collect();
        latest.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
        latest.truncate(SIBLINGS);
        latest.into_iter().map(|(_, episode)| *episode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memhost::contract::Label;
    use memhost_suite::{Question, Timing};

    fn episode(number: usize, labels: &[&str]) -> Episode {
        let label = |value: &&str| Label {
            name: "l".into(),
            value: (*value).to_owned(),
        };
        Episode {
            task: Task {
                labels: labels.iter().map(label).collect(),
                ..Task::new(format!("t{number}"), "")
            },
            question: Some(Question::Kind { kind: "k".into() }),
            attempts: vec![],
            withheld: vec![],
            group: String::new(),
            timing: Timing::default(),
            check: None,
        }
    }

    #[test]
    fn the_latest_of_those_that_share_most_labels_are_compared() {
        let episodes = [
            episode(0, &["a", "b"]),
            episode(1, &["a"]),
            episode(2, &["b", "a"]),
            episode(3, &["c"]),
            episode(4, &["a", "b"]),
        ];
        let mut past = Past::default();
        let mut silent = episode(9, &["a", "b"]);
        silent.question = None;
        episodes
            .iter()
            .chain([&silent])
            .for_each(|episode| past.add(episode));
        let closest = |number, labels: &[&str]| -> Vec<String> {
            let closest = past.closest(&episode(number, labels).task);
            closest
                .iter()
                .map(|episode| episode.task.id.clone())
                .collect()
        };
        assert_eq!(closest(7, &["a", "b"]), ["t4", "t2", "t0"]);
        assert_eq!(closest(4, &["a", "b"]), ["t2", "t0"]);
        assert_eq!(
            closest(3, &["c"]),
            ["t4", "t2", "t1", "t0"],
            "all but itself share nothing"
        );
        assert_eq!(closest(7, &["x"]).len(), 5);
    }
}
