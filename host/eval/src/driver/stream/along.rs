//! Along a run: what a strategy says after the first step, at the moments that its plan asks for.
//!
//! A frozen reader takes no steps. In its place the recorded run of the task is gone through again, and the strategy is asked
//! at each moment of it. That is handed out and credited like everything else, and it is read where the suite asks what comes
//! next; elsewhere a question is read with what was said before the first step, because a recorded run may hold its answer.

use memhost::contract::{Moment, Query, Receipt, Step};
use memhost::learning::{OpenReceipt, moments};
use memhost::store::View;
use memhost_suite::Episode;

use super::super::DriverError;

use super::StreamRun;
use super::ask::{Done, Handed};

impl<'a> StreamRun<'a> {
    /// Answers a question that is asked in the middle of a run: with what the strategy says there, and under it what it said
    /// before the first step. A strategy that does not want to be asked there has only said the latter.
    pub(super) async fn act_within(
        &mut self,
        episode: &'a Episode,
        run: &[Step],
        first: &Handed,
        view: &View,
        chance: u64,
    ) -> Result<Done, DriverError> {
        let mut standing = first.clone();
        let mut handed_out = vec![first.receipt().clone()];
        let mut along = Vec::new();
        for moment in moments::due(&self.plan.moments, run, run.len(), true) {
            let handed = self
                .hand_out_at(episode, moment, run, &handed_out, view)
                .await;
            let receipt = handed.receipt().clone();
            handed_out.push(receipt.clone());
            along.push(self.learner.hand_out(receipt, self.report));
            standing = handed.above(standing);
        }
        let done = self.read(episode, &standing, chance)?;
        Ok(Done {
            steps: run.to_vec(),
            along,
            ..done
        })
    }

    /// What is handed out along the recorded run of a task, after `first`.
    pub(super) async fn hand_out_along(
        &mut self,
        episode: &'a Episode,
        first: &Handed,
        view: &View,
    ) -> Vec<OpenReceipt> {
        let run = episode.attempts.first();
        let Some(run) = run.filter(|_| !self.plan.moments.is_empty()) else {
            return Vec::new();
        };
        let mut handed_out = vec![first.receipt().clone()];
        let mut along = Vec::new();
        for taken in 0..=run.steps.len() {
            let goes_on = taken < run.steps.len();
            for moment in moments::due(&self.plan.moments, &run.steps, taken, goes_on) {
                let so_far = run.steps.get(..taken).unwrap_or_default();
                let handed = self
                    .hand_out_at(episode, moment, so_far, &handed_out, view)
                    .await;
                handed_out.push(handed.receipt().clone());
                along.push(self.learner.hand_out(handed.receipt().clone(), self.report));
            }
        }
        along
    }

    /// One retrieval in the middle of a run, at the budget that the suite is reported by.
    pub(super) async fn hand_out_at(
        &mut self,
        episode: &'a Episode,
        moment: Moment,
        so_far: &[Step],
        earlier: &[Receipt],
        view: &View,
    ) -> Handed {
        let budgets = &self.cell.suite.budgets;
        let budget = budgets.get(self.primary_place()).copied();
        let query = Query {
            moment,
            transcript: so_far.to_vec(),
            handed_out: earlier.to_vec(),
            ..self.query(episode, budget.unwrap_or_default())
        };
        self.hand_out_once(query, view).await
    }
}
