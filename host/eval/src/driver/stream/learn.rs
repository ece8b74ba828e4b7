//! Tells the strategy what came of what was asked, and of what others did.

use memhost::contract::{Arm, Attempt, Feedback, Plan, Receipt};
use memhost::learning::{Clock, Pending, grouping};
use memhost_suite::{Episode, Question};

use super::super::DriverError;
use super::{StreamRun, Waiting};

impl<'a> StreamRun<'a> {
    /// What has become known: first the outcomes of what was asked, together, then the runs of each task.
    pub(super) async fn learn(&mut self, known: Vec<Waiting<'a>>) -> Result<(), DriverError> {
        let attempts = known.iter().flat_map(|waiting| &waiting.episode.attempts);
        let ids = attempts.map(|attempt| attempt.id.as_str());
        self.guard.check(ids, self.learner.clock.now())?;
        let mut taught = Vec::new();
        let mut feedback = Vec::new();
        for waiting in &known {
            let own = self.credited(waiting);
            let learnt = waiting.asked.as_ref().map(|asked| &asked.retries.learnt);
            let new = own
                .iter()
                .filter(|attempt| learnt.is_none_or(|learnt| !learnt.contains(&attempt.id)));
            for attempt in new {
                self.learner.decide(attempt, self.report).await?;
            }
            taught.push(self.make_known(waiting, &own));
            let told = self.testbed.told;
            let own = own.into_iter().filter(|attempt| told.tells(attempt));
            feedback.extend(own.flat_map(|attempt| {
                let receipts = attempt.receipts.clone().into_iter();
                receipts.map(move |receipt| Feedback {
                    attempt: attempt.clone(),
                    receipt,
                })
            }));
        }
        if !self.frozen {
            self.update(&known, &feedback).await?;
        }
        for (waiting, calls) in known.iter().zip(taught) {
            for attempts in calls {
                self.distill(waiting.episode, attempts).await?;
            }
        }
        known
            .iter()
            .for_each(|waiting| self.past.add(waiting.episode));
        if !self.frozen {
            self.learner
                .evict(self.cell.most_memories, self.report)
                .await?;
        }
        self.report.growth(self.learner.count()?);
        Ok(())
    }

    /// What was done when the question was asked, as attempts with their outcome; nothing if it was not asked, or the
    /// outcome credits nothing.
    fn credited(&mut self, waiting: &Waiting<'a>) -> Vec<Attempt> {
        let Some(asked) = &waiting.asked else {
            return Vec::new();
        };
        let retried = asked.retries.retried.iter();
        let retried =
            retried.map(|retried| (&retried.receipt, std::slice::from_ref(&retried.done)));
        let tried = std::iter::once((&asked.receipt, &asked.runs[..])).chain(retried);
        let tried = tried.flat_map(|(first, runs)| {
            let along = runs.chunks(1).flat_map(|run| {
                let open = run.iter().flat_map(|run| &run.along.open);
                open.map(move |open| (open, run))
            });
            std::iter::once((first, runs)).chain(along)
        });
        for (open, runs) in tried {
            let scores = runs.iter().filter_map(|run| run.act.reward);
            if let Err(reason) = self.learner.credit(open, scores.chain(asked.baseline())) {
                self.report
                    .failure(format!("task `{}`: {reason}", waiting.episode.task.id));
                return Vec::new();
            }
        }
        let own = self.own_attempts(waiting.episode, asked);
        if asked.stands_for_the_record() {
            for attempt in &own {
                self.remember_what_it_stands_for(attempt, waiting.episode);
            }
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
            None if waiting.asked.is_some() && self.model.is_some() => {
                &self.not_learnt_yet(waiting, own)
            }
            None => &episode.attempts,
        };
        let trials = match waiting.asked.is_none() && self.plan.build_trials > 0 {
            true => self.plan.build_trials,
            false => self.plan.trials,
        };
        let plan = &Plan {
            trials,
            ..self.plan.clone()
        };
        let calls = grouping::calls(plan, runs, sent);
        let learns = waiting.purpose.learnt && !self.frozen;
        let told = self.testbed.told;
        let heard = calls.iter().flatten().filter(|_| learns);
        // What is not told of cannot be drawn on, and is not to be looked up either.
        for &attempt in heard.filter(|attempt| told.tells(attempt)) {
            self.reader.learn(&mut self.learnt, &attempt.id);
            self.learner.witness(attempt);
        }
        let distills = learns && self.learner.phases().distill;
        let bare = self.bare(waiting, own);
        let bare = bare.filter(|bare| distills && told.tells(bare));
        if let Some(bare) = &bare {
            // A memory may be learnt from it alone, and the task must not draw on that when it comes again.
            self.learner.witness(bare);
        }
        let calls = calls.into_iter().filter(|_| distills);
        let calls = calls.map(|attempts| {
            let attempts = attempts.into_iter().chain(&bare);
            let attempts = attempts.filter(|attempt| told.tells(attempt));
            attempts.cloned().collect::<Vec<Attempt>>()
        });
        calls.filter(|attempts| !attempts.is_empty()).collect()
    }

    /// What a model did with guidance that has not been learnt from yet.
    fn not_learnt_yet(&self, waiting: &Waiting<'a>, own: &[Attempt]) -> Vec<Attempt> {
        let learnt = waiting.asked.iter().flat_map(|asked| &asked.retries.learnt);
        let learnt: Vec<&String> = learnt.collect();
        let new = own.iter().filter(|attempt| !learnt.contains(&&attempt.id));
        new.cloned().collect()
    }

    /// What a model did without guidance, where that arm was run: told beside what it did with it.
    fn bare(&self, waiting: &Waiting<'a>, own: &[Attempt]) -> Option<Attempt> {
        let bare = waiting.asked.as_ref()?.bare.as_ref();
        let bare = bare.filter(|_| self.model.is_some())?;
        Some(Attempt {
            id: format!("{}@bare", own.first()?.id),
            arm: Arm::NoMemory,
            receipts: Vec::new(),
            ..self.own_attempt(waiting.episode, bare, &Receipt::nothing(), None)
        })
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

    /// A reader takes no steps, but in its tries at an assignment: in its place, the recorded runs of the task by the same agent are what happened. A
    /// memory that names the reader's attempt as its source is about them.
    fn remember_what_it_stands_for(&mut self, attempt: &Attempt, episode: &Episode) {
        let is_try = matches!(episode.question, Some(Question::Assign { .. }));
        if self.model.is_none() && !is_try {
            let runs = recorded(episode, attempt).map(|run| run.id.clone());
            self.stands_for.insert(attempt.id.clone(), runs.collect());
        }
    }

    pub(super) async fn distill(
        &mut self,
        episode: &'a Episode,
        attempts: Vec<Attempt>,
    ) -> Result<(), DriverError> {
        self.report.distilled(attempts.len());
        if self.model.is_none() {
            for attempt in &attempts {
                self.learner.decide(attempt, self.report).await?;
            }
        }
        let learnt = self.learner.distill(attempts, self.report).await?;
        self.try_out(learnt.on_trial, &[(episode, None)]).await
    }

    async fn update(
        &mut self,
        known: &[Waiting<'a>],
        feedback: &[Feedback],
    ) -> Result<(), DriverError> {
        if feedback.is_empty() {
            return Ok(());
        }
        let learnt = self.learner.update(feedback, self.report).await?;
        let asked: Vec<(&'a Episode, Option<f64>)> = known
            .iter()
            .filter_map(|waiting| Some((waiting.episode, waiting.asked.as_ref()?.reward())))
            .collect();
        self.try_out(learnt.on_trial, &asked).await
    }

    /// Puts to the test what is to be kept if it gains. `about` are the tasks that the call was about, with the score
    /// that each had where it was asked.
    async fn try_out(
        &mut self,
        on_trial: Vec<Pending>,
        about: &[(&'a Episode, Option<f64>)],
    ) -> Result<(), DriverError> {
        for pending in on_trial {
            let tried = about.iter().find(|(e, _)| e.task.id == pending.task);
            if let Some((episode, score)) = tried {
                self.put_on_trial(pending, episode, *score).await?;
            }
        }
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
