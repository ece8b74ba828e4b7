//! Along a run: what a strategy says after the first step, at the moments that its plan asks for.
//!
//! A frozen reader takes no steps. In its place the recorded run of the task is gone through again, and the strategy is asked
//! at each moment of it. That is handed out and credited like everything else, and it is read where the suite asks what comes
//! next; elsewhere a question is read with what was said before the first step, because a recorded run may hold its answer.

use memhost::contract::{Compacted, Context, Moment, Query, Receipt, Step};
use memhost::learning::{OpenReceipt, moments};
use memhost::store::View;
use memhost_suite::Episode;

use super::super::DriverError;

use super::StreamRun;
use super::ask::{Done, Handed};

/// What the calls of a run see.
#[derive(Clone, Copy)]
pub(super) struct Sight<'v> {
    pub(super) view: &'v View,
    /// The memory that is tried in the run.
    pub(super) candidate: Option<&'v str>,
}

impl<'v> Sight<'v> {
    /// Of a run in which nothing is tried.
    pub(super) fn of(view: &'v View) -> Sight<'v> {
        Sight {
            view,
            candidate: None,
        }
    }
}

/// What is handed out along a run, after its first step.
#[derive(Default)]
pub(super) struct Along {
    /// Receipts of all that was handed out for the run, the first among them.
    handed_out: Vec<Receipt>,
    /// Those that came after the first.
    pub(super) open: Vec<OpenReceipt>,
    /// Tokens that were handed over with these.
    pub(super) tokens: u32,
}

impl Along {
    /// Of a run that begins with this.
    pub(super) fn after(first: &Handed) -> Along {
        Along {
            handed_out: vec![first.receipt().clone()],
            ..Along::default()
        }
    }
}

impl<'a> StreamRun<'a> {
    /// Answers a question that is asked in the middle of a run: with what the strategy says there, and under it what it said
    /// before the first step. A strategy that does not want to be asked there has only said the latter.
    pub(super) async fn act_within(
        &mut self,
        episode: &'a Episode,
        run: &[Step],
        first: &Handed,
        sight: Sight<'_>,
        chance: u64,
    ) -> Result<Done, DriverError> {
        let mut standing = first.clone();
        let mut along = Along::after(first);
        for moment in moments::due(&self.plan.moments, run, run.len(), true) {
            let handed = self
                .hand_out_at(episode, moment, run, &mut along, sight)
                .await;
            standing = self.above(handed, standing);
        }
        let done = self.read(episode, &standing, chance)?;
        Ok(Done {
            steps: run.to_vec(),
            along,
            ..done
        })
    }

    /// Has a run shortened, and what is left of it read: the summary, and the steps that stay, as much as the budget holds.
    pub(super) async fn shorten(
        &mut self,
        episode: &'a Episode,
        run: &[Step],
        view: &View,
        chance: u64,
    ) -> Result<(Done, Handed), DriverError> {
        let Query {
            task,
            agent,
            token_budget,
            ..
        } = self.query(episode, self.primary_budget());
        let run_so_far = Context {
            task,
            agent,
            steps: run.to_vec(),
            summary: String::new(),
            token_budget,
        };
        let shortened = self.learner.compact(run_so_far, view, self.report).await;
        let Compacted {
            text,
            keep_last,
            receipt,
        } = shortened.compacted;
        let kept = run.len().saturating_sub(keep_last as usize);
        let kept = run.iter().skip(kept).map(|step| step.text.as_str());
        let left: Vec<&str> = std::iter::once(text.as_str()).chain(kept).collect();
        let handed = self.handed(&left.join("\n"), receipt, token_budget, view);
        let done = self.read(episode, &handed, chance)?;
        let steps = run.to_vec();
        Ok((Done { steps, ..done }, handed))
    }

    /// What is handed out along the recorded run of a task, after `first`: that of the agent that was `sent`, where one was.
    pub(super) async fn hand_out_along(
        &mut self,
        episode: &'a Episode,
        sent: Option<&str>,
        first: &Handed,
        sight: Sight<'_>,
    ) -> Along {
        let mut runs = episode.attempts.iter();
        let run = runs.find(|run| sent.is_none_or(|agent| run.agent.id == agent));
        let mut along = Along::after(first);
        let Some(run) = run.filter(|_| !self.plan.moments.is_empty()) else {
            return along;
        };
        for taken in 0..=run.steps.len() {
            let goes_on = taken < run.steps.len();
            for moment in moments::due(&self.plan.moments, &run.steps, taken, goes_on) {
                let so_far = run.steps.get(..taken).unwrap_or_default();
                self.hand_out_at(episode, moment, so_far, &mut along, sight)
                    .await;
            }
        }
        along
    }

    /// One retrieval in the middle of a run, at the budget that the suite is reported by, booked.
    pub(super) async fn hand_out_at(
        &mut self,
        episode: &'a Episode,
        moment: Moment,
        so_far: &[Step],
        along: &mut Along,
        sight: Sight<'_>,
    ) -> Handed {
        let query = Query {
            moment,
            transcript: so_far.to_vec(),
            handed_out: along.handed_out.clone(),
            candidate: sight.candidate.map(str::to_owned),
            ..self.query(episode, self.primary_budget())
        };
        let handed = self.hand_out_once(query, sight.view).await;
        let receipt = handed.receipt().clone();
        along.handed_out.push(receipt.clone());
        along.open.push(self.learner.hand_out(receipt, self.report));
        along.tokens += handed.tokens;
        handed
    }

    /// What is said now, and below it what was said earlier, unless this stands in its place: together as much as the budget
    /// holds.
    fn above(&mut self, now: Handed, earlier: Handed) -> Handed {
        if now.replaces {
            return now;
        }
        let [now_said, said_earlier] = [&now, &earlier].map(Handed::last_text);
        let both = format!("{now_said}\n{said_earlier}");
        let mut cited = now.cited;
        cited.extend(earlier.cited);
        Handed {
            texts: vec![self.cut(&both, self.primary_budget())],
            cited,
            ..now
        }
    }
}
