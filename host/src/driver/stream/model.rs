//! A language model acts on the guidance, and its answer is checked.

use crate::contract::{Fault, Finding, Step};
use crate::engine::fault_text;
use crate::suite::{Act, Episode, Question, Scores, metric};

use super::super::DriverError;
use super::super::model_agent::{Assignment, Form, ModelAgent, Run, best};
use super::super::report::Recorder;
use super::StreamRun;
use super::ask::{Done, Handed};

impl<'a> StreamRun<'a> {
    /// One run of the model, with as many check messages as the plan asks for.
    pub(super) async fn model_acts(
        &self,
        model: &ModelAgent,
        episode: &'a Episode,
        handed: &Handed,
        report: &mut Recorder,
    ) -> Result<Done, DriverError> {
        let reports = match &episode.question {
            Some(Question::Discover { reports, .. }) => *reports,
            _ => 1,
        };
        let form = Form::of(episode, reports);
        let run = model
            .run(&self.assignment(episode, handed, &form, &[]))
            .await;
        let mut run = self.taken_run(run, episode, report);
        for round in 0..self.plan.refinements {
            if run.answer.is_empty() && run.findings.is_empty() {
                break;
            }
            match model.refine(&run, round).await {
                Ok(refined) => run = refined,
                Err(fault) => {
                    self.unanswered(&fault, episode, report);
                    break;
                }
            }
        }
        report.model_calls(&run.calls);
        let act = match &episode.question {
            Some(Question::Discover { .. }) => self.reader.judge(episode, run.findings),
            _ => Act {
                reward: episode.check().map(|check| check.score(&run.answer)),
                answer: run.answer,
                ..Act::default()
            },
        };
        Ok(Done {
            act,
            steps: run.steps,
        })
    }

    /// What a model finds in one round, and the steps that it took.
    pub(super) async fn model_discovers(
        &self,
        model: &ModelAgent,
        episode: &'a Episode,
        handed: &Handed,
        found: &[Finding],
        most: u32,
        report: &mut Recorder,
    ) -> (Vec<Finding>, Vec<Step>) {
        let form = Form::of(episode, most);
        let run = model
            .run(&self.assignment(episode, handed, &form, found))
            .await;
        let run = self.taken_run(run, episode, report);
        report.model_calls(&run.calls);
        (run.findings, run.steps)
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
            form,
            found,
        }
    }

    /// A run's work; one that failed is booked, and has done nothing.
    fn taken_run(&self, run: Result<Run, Fault>, episode: &Episode, report: &mut Recorder) -> Run {
        run.unwrap_or_else(|fault| {
            self.unanswered(&fault, episode, report);
            Run::failed()
        })
    }

    fn unanswered(&self, fault: &Fault, episode: &Episode, report: &mut Recorder) {
        let reason = fault_text(fault);
        report.failure(format!("task `{}`: the agent: {reason}", episode.task.id));
    }

    /// What the runs of one question are worth: the reader's scores; or how often a model was right, and how right
    /// the run is that a judge takes for the best of several.
    pub(super) async fn scores(
        &self,
        episode: &Episode,
        runs: &[Done],
        report: &mut Recorder,
    ) -> Scores {
        let mut scores = runs.first().map(|run| run.act.scores.clone());
        let scores = scores.get_or_insert_default();
        if self.model.is_none() {
            return scores.clone();
        }
        let rewards = runs.iter().filter_map(|run| run.act.reward);
        if let Some(mean) = metric::mean(rewards) {
            scores.insert(metric::SCORE.into(), mean);
        }
        if runs.len() > 1 {
            let steps: Vec<Vec<Step>> = runs.iter().map(|run| run.steps.clone()).collect();
            match best(&self.surroundings.models, &episode.task, &steps).await {
                Ok((place, call)) => {
                    report.model_calls(&[call]);
                    if let Some(reward) = runs.get(place).and_then(|run| run.act.reward) {
                        scores.insert(metric::BEST_OF_N.into(), reward);
                    }
                }
                Err(fault) => report.failure(format!(
                    "task `{}`: choosing the best of {} runs: {}",
                    episode.task.id,
                    runs.len(),
                    fault_text(&fault)
                )),
            }
        }
        scores.clone()
    }
}
