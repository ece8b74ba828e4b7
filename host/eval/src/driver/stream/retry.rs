//! Retries: a task that was failed is tried again, with what the failed try taught.
//!
//! What a try taught waits for nobody: the try is learnt from before the next one is asked for guidance, which sees it, and
//! sees what is provisional until that next try. No other task sees any of it sooner than it would without retries: what the
//! plan's batch holds back is withheld from the others.
//!
//! A try that is learnt from before its task is done with holds what was done in it: what was handed out, the answer, the
//! outcome. The recorded run of the task, which stands for what a reader did elsewhere, would give the next try the answer.

use std::sync::Arc;

use memhost::contract::{Arm, Attempt, Moment, Verdict};
use memhost::store::View;
use memhost_suite::reader::{self, curve};
use memhost_suite::{AFTER_RETRIES, Episode, Question, Scores, Stage};

use super::super::{DriverError, plan};
use super::StreamRun;
use super::along::Sight;
use super::ask::{Done, Handed, Retried};

/// What came of the tries after the first one.
#[derive(Default)]
pub(super) struct Retries {
    /// The further tries, in order.
    pub(super) retried: Vec<Retried>,
    /// Ids of the tries that were followed by another, before which they were learnt from.
    pub(super) learnt: Vec<String>,
}

impl Retries {
    /// Tokens that were handed over for the further tries.
    pub(super) fn tokens(&self) -> u32 {
        let tries = self.retried.iter();
        tries
            .map(|tried| tried.tokens + tried.done.along.tokens)
            .sum()
    }

    /// What the tries after the first one come to: what the last of them scores, where there might have been any.
    pub(super) fn score(&self, episode: &Episode, first: &[Done], most: u32, scores: &mut Scores) {
        if let Some(question) = &episode.question {
            let retried = self.retried.iter().map(|retried| &retried.done);
            let tries = first.first().into_iter().chain(retried);
            let tries: Vec<f64> = tries.filter_map(|done| done.act.reward).collect();
            scores.extend(curve(question, &tries));
        }
        let last = self.retried.last().map(|retried| &retried.done);
        let last = last.or(first.first());
        if most > 0
            && let Some(reward) = last.and_then(|done| done.act.reward)
        {
            scores.insert(AFTER_RETRIES.to_owned(), reward);
        }
    }
}

impl<'a> StreamRun<'a> {
    /// How often this episode may be tried again.
    fn most_retries(&self, stage: &Stage, episode: &Episode) -> u32 {
        match plan::may_be_retried(stage, episode, self.testbed.acting) {
            true => match &episode.question {
                // Whoever is tried once less has less to show.
                Some(Question::Assign { tries, .. }) => tries.saturating_sub(1),
                _ => self.plan.retries,
            },
            false => 0,
        }
    }

    /// Tries a task again until it is solved, or was tried often enough.
    pub(super) async fn retry(
        &mut self,
        stage: &Stage,
        episode: &'a Episode,
        mut failed: Attempt,
        chance: u64,
    ) -> Result<Retries, DriverError> {
        let mut retries = Retries::default();
        let mut earlier = Vec::new();
        for number in 1..=self.most_retries(stage, episode) {
            if failed.outcome.verdict != Verdict::Failure {
                break;
            }
            retries.learnt.push(failed.id.clone());
            if self.plan.batch > 1 {
                self.held_back.insert(failed.id.clone());
            }
            self.learn_from_try(episode, &failed).await?;
            let view = self.own_loop(episode, &retries.learnt);
            let sight = Sight::of(&view);
            let handed = self
                .hand_out(episode, Moment::Retry(number), &[], sight)
                .await?;
            earlier.push(failed.clone());
            let done = match &episode.question {
                Some(Question::Assign { .. }) => {
                    Some(self.try_again(episode, &handed, &earlier, chance))
                }
                _ => self.act_on(episode, &handed, Some(sight), chance).await?,
            };
            self.report.runs(Arm::Memory, 1);
            let Some(done) = done else {
                break;
            };
            failed = self.own_attempt(episode, &done, handed.receipt(), None);
            let receipt = handed.receipt().clone();
            let receipt = self.learner.hand_out(receipt, self.report);
            let tokens = handed.tokens;
            retries.retried.push(Retried {
                done,
                receipt,
                tokens,
            });
        }
        Ok(retries)
    }

    /// A try of the frozen reader after these.
    pub(super) fn try_again(
        &self,
        episode: &Episode,
        handed: &Handed,
        earlier: &[Attempt],
        chance: u64,
    ) -> Done {
        let withheld = self.withheld(episode);
        let reading = self.reading(handed, &withheld, chance);
        let (act, steps) = reader::try_again(episode, earlier, &reading);
        Done {
            act,
            steps,
            ..Done::default()
        }
    }

    /// A failed try decides over what waited for it, and is learnt from.
    async fn learn_from_try(
        &mut self,
        episode: &'a Episode,
        failed: &Attempt,
    ) -> Result<(), DriverError> {
        if self.frozen || !self.testbed.told.tells(failed) {
            return Ok(());
        }
        self.learner.decide(failed, self.report).await?;
        self.learner.witness(failed);
        self.distill(episode, vec![failed.clone()]).await
    }

    /// What a try sees: the earlier tries of its own loop too, and what waits for it.
    fn own_loop(&self, episode: &Episode, tries: &[String]) -> View {
        let mut withheld = self.withheld(episode);
        for attempt in tries {
            withheld.remove(attempt);
        }
        View {
            withheld: Arc::new(withheld),
            on_trial: Arc::new(self.learner.waiting_for(&episode.task.id)),
            ..View::default()
        }
    }
}
