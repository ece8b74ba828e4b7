//! Tells the strategy what came of what was asked, and of what others did.

use std::sync::Arc;

use crate::contract::{Attempt, Change, Feedback, Verdict};
use crate::store::View;
use crate::suite::Episode;

use super::super::ledger::{Condition, Pending, Sorted};
use super::super::report::Recorder;
use super::super::{DriverError, grouping, plan};
use super::calls::COMMIT;
use super::{StreamRun, Waiting};

impl<'a> StreamRun<'a> {
    /// What has become known: first the outcomes of what was asked, together, then the runs of each task.
    pub(super) async fn learn(
        &mut self,
        known: Vec<Waiting<'a>>,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let attempts = known.iter().flat_map(|waiting| &waiting.episode.attempts);
        let ids = attempts.map(|attempt| attempt.id.as_str());
        self.guard.check(ids, self.now)?;
        let mut taught = Vec::new();
        let mut feedback = Vec::new();
        for waiting in &known {
            let own = self.credited(waiting, report);
            for attempt in &own {
                self.decide_by_attempt(attempt, report).await?;
            }
            taught.push(self.make_known(waiting, &own));
            feedback.extend(own.into_iter().filter_map(|attempt| {
                let receipt = attempt.receipt.clone()?;
                Some(Feedback { attempt, receipt })
            }));
        }
        if !self.frozen {
            self.update(&known, &feedback, report).await?;
        }
        for (waiting, calls) in known.iter().zip(taught) {
            for attempts in calls {
                self.distill(waiting.episode, attempts, report).await?;
            }
        }
        known
            .iter()
            .for_each(|waiting| self.past.add(waiting.episode));
        if !self.frozen {
            self.evict(report).await?;
        }
        report.growth(self.active_memories()?);
        Ok(())
    }

    /// What was done when the question was asked, as attempts with their outcome; nothing if it was not asked, or the
    /// outcome credits nothing.
    fn credited(&mut self, waiting: &Waiting<'a>, report: &mut Recorder) -> Vec<Attempt> {
        let Some(asked) = &waiting.asked else {
            return Vec::new();
        };
        self.receipts.push(asked.receipt.clone());
        let scores = asked.runs.iter().filter_map(|run| run.act.reward);
        let scores = scores.chain(asked.baseline);
        if let Err(reason) = self.open.settle(&asked.receipt.id, scores) {
            report.failure(format!("task `{}`: {reason}", waiting.episode.task.id));
            return Vec::new();
        }
        let own = self.own_attempts(waiting.episode, asked);
        for attempt in &own {
            self.remember_what_it_stands_for(attempt, waiting.episode);
        }
        own
    }

    /// Lets the runs of one task be drawn on: those that were made here, else the recorded ones. What is returned are
    /// the calls of `distill` that they make.
    fn make_known(&mut self, waiting: &Waiting<'a>, own: &[Attempt]) -> Vec<Vec<Attempt>> {
        let episode = waiting.episode;
        self.reveal(episode, waiting.sent.as_deref());
        let sent = waiting.asked.as_ref().and(waiting.sent.as_deref());
        let runs = match &waiting.trained {
            Some(trained) => trained,
            None if waiting.asked.is_some() && self.model.is_some() => own,
            None => &episode.attempts,
        };
        let calls = grouping::calls(self.plan, runs, sent);
        let learns = waiting.purpose.learnt && !self.frozen;
        for &attempt in calls.iter().flatten().filter(|_| learns) {
            self.reader.learn(&mut self.learnt, &attempt.id);
            let told = plan::told(attempt.clone(), self.plan.labels);
            self.attempts.add(told);
        }
        let distills = learns && self.cell.strategy.phases().distill;
        let calls = calls.into_iter().filter(|_| distills);
        calls
            .map(|attempts| attempts.into_iter().cloned().collect())
            .collect()
    }

    /// What the reader hears by itself is the same for every strategy, however many runs its plan takes: the run of the
    /// agent that was sent, or what is on record.
    fn reveal(&mut self, episode: &Episode, sent: Option<&str>) {
        let runs = episode.attempts.iter();
        let mut runs = runs.filter(|run| sent.is_none_or(|agent| run.agent.id == agent));
        let heard: Vec<&Attempt> = match sent {
            Some(_) => runs.next().into_iter().collect(),
            None => runs.collect(),
        };
        for run in heard {
            self.reader.reveal(&mut self.record, &run.id);
        }
    }

    /// A reader takes no steps: in its place, the recorded runs of the task by the same agent are what happened. A
    /// memory that names the reader's attempt as its source is about them.
    fn remember_what_it_stands_for(&mut self, attempt: &Attempt, episode: &Episode) {
        if self.model.is_none() {
            let runs = recorded(episode, attempt).map(|run| run.id.clone());
            self.stands_for.insert(attempt.id.clone(), runs.collect());
        }
    }

    async fn distill(
        &mut self,
        episode: &'a Episode,
        attempts: Vec<Attempt>,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        report.distilled(attempts.len());
        if self.model.is_none() {
            for attempt in &attempts {
                self.decide_by_attempt(attempt, report).await?;
            }
        }
        let attempts = attempts
            .into_iter()
            .map(|attempt| plan::told(attempt, self.plan.labels))
            .collect();
        let context = self.context(View::default());
        let answer = self
            .cell
            .strategy
            .distill(context, attempts, &self.cell.settings)
            .await;
        let changes = self
            .taken(answer, "distill", &episode.task, report)
            .unwrap_or_default();
        self.take_in(changes, "distill", &[(episode, None)], report)
            .await
    }

    async fn update(
        &mut self,
        known: &[Waiting<'a>],
        feedback: &[Feedback],
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let Some(first) = feedback.first() else {
            return Ok(());
        };
        if !self.cell.strategy.phases().update {
            return Ok(());
        }
        let told = feedback.iter().map(|feedback| Feedback {
            attempt: plan::told(feedback.attempt.clone(), self.plan.labels),
            receipt: feedback.receipt.clone(),
        });
        let context = self.context(View::default());
        let answer = self
            .cell
            .strategy
            .update(context, told.collect(), &self.cell.settings)
            .await;
        let changes = self
            .taken(answer, "update", &first.attempt.task, report)
            .unwrap_or_default();
        let asked: Vec<(&'a Episode, Option<f64>)> = known
            .iter()
            .filter_map(|waiting| Some((waiting.episode, waiting.asked.as_ref()?.reward())))
            .collect();
        self.take_in(changes, "update", &asked, report).await
    }

    /// Writes the changes of one call, and puts to the test what is to be tested. `about` are the tasks that the call
    /// was about, with the score that each had where it was asked.
    async fn take_in(
        &mut self,
        changes: Vec<Change>,
        call: &'static str,
        about: &[(&'a Episode, Option<f64>)],
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        if changes.is_empty() {
            return Ok(());
        }
        let tasks: Vec<&str> = about.iter().map(|(e, _)| e.task.id.as_str()).collect();
        let mut sorted = Sorted::from(changes);
        let writes = std::mem::take(&mut sorted.writes);
        let waiting = sorted.waiting(&tasks);
        let reserved = match self.namespace.reserve(waiting.bytes()) {
            Ok(reserved) => Arc::new(reserved),
            Err(error) => {
                report.failed(
                    call,
                    format!("what `{call}` returned was not written: {error}"),
                );
                return Ok(());
            }
        };
        let Some(inserted) = self.write(writes, call, report).await? else {
            return Ok(());
        };
        for mut pending in waiting.with(&inserted) {
            pending.reserved = Some(reserved.clone());
            match pending.condition {
                Condition::NextAttempt => {
                    let waiting = self.pending.entry(pending.task.clone());
                    waiting.or_default().push(pending);
                }
                Condition::TrialGains(margin) => {
                    let tried = about.iter().find(|(e, _)| e.task.id == pending.task);
                    if let Some((episode, score)) = tried {
                        self.put_on_trial(pending, margin, episode, *score, report)
                            .await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A new attempt on a task decides over the writes that waited for it.
    async fn decide_by_attempt(
        &mut self,
        attempt: &Attempt,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        if attempt.outcome.verdict == Verdict::Unknown {
            return Ok(());
        }
        let decided = self.pending.remove(&attempt.task.id).unwrap_or_default();
        let success = attempt.outcome.verdict == Verdict::Success;
        for pending in decided {
            self.settle(pending, success, report).await?;
        }
        Ok(())
    }

    /// Brings what waited into force, or undoes it.
    pub(super) async fn settle(
        &mut self,
        pending: Pending,
        keep: bool,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let writes = match keep {
            true => pending.confirm(),
            false => pending.reject(),
        };
        self.write(writes, COMMIT, report).await?;
        Ok(())
    }
}

/// The recorded runs of a task by the agent of an attempt.
pub(super) fn recorded<'e>(
    episode: &'e Episode,
    attempt: &Attempt,
) -> impl Iterator<Item = &'e Attempt> {
    let agent = attempt.agent.id.clone();
    let runs = episode.attempts.iter();
    runs.filter(move |run| run.agent.id == agent)
}
