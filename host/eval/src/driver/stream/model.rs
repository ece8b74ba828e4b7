//! A language model acts on the guidance, and its answer is checked.

use memhost::contract::{Arm, Attempt, Fault, Finding, Moment, Step};
use memhost::learning::moments;
use memhost::strategy::fault_text;
use memhost_suite::{Act, BEST_OF_N, Episode, Question, SCORE, Scores, mean};

use super::super::model_agent::{
    Assignment, Form, ModelAgent, PURPOSE, Run, SELECT, best, outcome, unanswered,
};
use super::super::phases::ACT;
use super::StreamRun;
use super::along::{Along, Sight};
use super::ask::{Done, Handed};

/// The most calls of a run that are answered: a model may call for ever.
const MOST_CALLS: usize = 16;

/// A run that is under way.
struct InHand {
    run: Run,
    along: Along,
}

impl<'a> StreamRun<'a> {
    /// One run of the model, with as many check messages as the plan asks for; `None` if it does not answer.
    pub(super) async fn model_acts(
        &mut self,
        model: &ModelAgent,
        episode: &'a Episode,
        handed: &Handed,
        along: Option<Sight<'_>>,
    ) -> Option<Done> {
        let reports = match &episode.question {
            Some(Question::Discover { reports, .. }) => *reports,
            _ => 1,
        };
        let form = Form::of(episode, reports);
        let run = model
            .run(&self.assignment(episode, handed, &form, &[]))
            .await;
        let run = self.taken_run(run, episode)?;
        let mut acting = InHand {
            run,
            along: Along::after(handed),
        };
        self.answer_calls(model, episode, &mut acting, along).await;
        for round in 0..self.plan.refinements {
            if acting.run.answer.is_empty() && acting.run.findings.is_empty() {
                break;
            }
            if let Some(sight) = along {
                self.guide(episode, &mut acting, sight).await;
            }
            let run = &mut acting.run;
            match model.refine(run, round).await {
                Ok(refined) => *run = refined,
                Err(fault) => {
                    self.unanswered(&fault, episode);
                    break;
                }
            }
            self.answer_calls(model, episode, &mut acting, along).await;
        }
        let InHand { run, along, .. } = acting;
        self.report.acted(&run.calls);
        let act = match &episode.question {
            Some(Question::Discover { .. }) => self.reader.judge(episode, run.findings),
            _ => Act {
                reward: episode.check().map(|check| check.score(&run.answer)),
                answer: run.answer,
                ..Act::default()
            },
        };
        Some(Done {
            act,
            steps: run.steps,
            along,
        })
    }

    /// Answers the calls of a run until it has an answer: what the strategy says after its tool is what the tool says.
    async fn answer_calls(
        &mut self,
        model: &ModelAgent,
        episode: &'a Episode,
        acting: &mut InHand,
        along: Option<Sight<'_>>,
    ) {
        let Some(sight) = along else {
            return;
        };
        for _ in 0..MOST_CALLS {
            let Some(call) = acting.run.call().cloned() else {
                return;
            };
            let said = match acting.run.offers(&call.tool) {
                true => {
                    let moment = Moment::AfterTool(call.tool);
                    let handed = self.say(episode, acting, moment, sight).await;
                    handed.primary_text(0).to_owned()
                }
                false => String::new(),
            };
            self.guide(episode, acting, sight).await;
            match model.answer_call(&acting.run, &said).await {
                Ok(run) => acting.run = run,
                Err(fault) => {
                    self.unanswered(&fault, episode);
                    return;
                }
            }
        }
    }

    /// Before the model goes on, the strategy says what it has to say at the moments that have come.
    async fn guide(&mut self, episode: &'a Episode, acting: &mut InHand, sight: Sight<'_>) {
        let steps = &acting.run.steps;
        let answered = acting.run.call().map(|call| call.tool.clone());
        for moment in moments::due(&self.plan.moments, steps, steps.len(), true) {
            // A tool of the strategy's own has been answered by it.
            if matches!(&moment, Moment::AfterTool(tool) if Some(tool) == answered.as_ref()) {
                continue;
            }
            let handed = self.say(episode, acting, moment, sight).await;
            acting.run.guide(
                handed.placement(),
                handed.primary_text(0),
                handed.replaces,
                &handed.offers,
            );
        }
    }

    /// One retrieval in the middle of a run.
    async fn say(
        &mut self,
        episode: &'a Episode,
        acting: &mut InHand,
        moment: Moment,
        sight: Sight<'_>,
    ) -> Handed {
        let steps = acting.run.steps.clone();
        self.hand_out_at(episode, moment, &steps, &mut acting.along, sight)
            .await
    }

    /// Every agent's runs of a training task, without guidance: there is nothing to guide by while a memory is built.
    pub(super) async fn train(&mut self, episode: &'a Episode) -> Vec<Attempt> {
        let nothing = Handed::nothing(self.cell.suite.budgets.len());
        let mut attempts = Vec::new();
        let trials = match self.plan.build_trials {
            0 => self.plan.trials,
            trials => trials,
        };
        for model in ModelAgent::every(&self.testbed.models) {
            let model = model.at_temperature(self.plan.agent_temperature);
            for trial in 0..trials {
                self.report.runs(Arm::NoMemory, 1);
                let done = self.model_acts(&model, episode, &nothing, None).await;
                attempts.extend(done.map(|done| {
                    let agent = model.agent();
                    Attempt {
                        id: format!("{}@{}.{trial}", episode.task.id, agent.id),
                        task: episode.task.clone(),
                        agent,
                        arm: Arm::NoMemory,
                        trial,
                        steps: done.steps,
                        answer: done.act.answer,
                        findings: done.act.findings,
                        outcome: outcome(done.act.reward),
                        receipts: Vec::new(),
                    }
                }));
            }
        }
        attempts
    }

    /// What a model finds in one round, and the steps that it took; `None` if it does not answer.
    pub(super) async fn model_discovers(
        &mut self,
        model: &ModelAgent,
        episode: &'a Episode,
        handed: &Handed,
        found: &[Finding],
        most: u32,
    ) -> Option<(Vec<Finding>, Vec<Step>)> {
        let form = Form::of(episode, most);
        let run = model
            .run(&self.assignment(episode, handed, &form, found))
            .await;
        let run = self.taken_run(run, episode)?;
        self.report.acted(&run.calls);
        Some((run.findings, run.steps))
    }

    fn assignment<'r>(
        &self,
        episode: &'r Episode,
        handed: &'r Handed,
        form: &'r Form,
        found: &'r [Finding],
    ) -> Assignment<'r> {
        Assignment {
            task: &episode.task,
            guidance: handed.primary_text(self.primary_place()),
            placement: handed.placement(),
            offers: &handed.offers,
            form,
            found,
        }
    }

    /// A run's work. That a model did not answer says nothing of how good its guidance was: such a run is booked, and
    /// has no outcome.
    fn taken_run(&mut self, run: Result<Run, Fault>, episode: &Episode) -> Option<Run> {
        run.map_err(|fault| self.unanswered(&fault, episode)).ok()
    }

    fn unanswered(&mut self, fault: &Fault, episode: &Episode) {
        let reason = fault_text(fault);
        self.report.acted(&[unanswered(PURPOSE, &reason)]);
        self.report.failed(
            ACT,
            format!("task `{}`: the agent: {reason}", episode.task.id),
        );
    }

    /// What the runs of one question are worth: the reader's scores; or how often a model was right, and how right
    /// the run is that a judge takes for the best of several.
    pub(super) async fn scores(&mut self, episode: &Episode, runs: &[Done]) -> Scores {
        let mut scores = runs.first().map(|run| run.act.scores.clone());
        let scores = scores.get_or_insert_default();
        if self.model.is_none() {
            return scores.clone();
        }
        let rewards = runs.iter().filter_map(|run| run.act.reward);
        if let Some(mean) = mean(rewards) {
            scores.insert(SCORE.into(), mean);
        }
        if runs.len() > 1 {
            let steps: Vec<Vec<Step>> = runs.iter().map(|run| run.steps.clone()).collect();
            match best(&self.testbed.models, &episode.task, &steps).await {
                Ok((place, call)) => {
                    self.report.acted(&[call]);
                    if let Some(reward) = runs.get(place).and_then(|run| run.act.reward) {
                        scores.insert(BEST_OF_N.into(), reward);
                    }
                }
                Err(fault) => {
                    let reason = fault_text(&fault);
                    self.report.acted(&[unanswered(SELECT, &reason)]);
                    self.report.failed(
                        ACT,
                        format!(
                            "task `{}`: choosing the best of {} runs: {reason}",
                            episode.task.id,
                            runs.len(),
                        ),
                    );
                }
            }
        }
        scores.clone()
    }
}
