//! A language model acts on the guidance, and its answer is checked.

use crate::contract::{Fault, Guidance};
use crate::engine::fault_text;
use crate::suite::{Act, Episode, Question, Scores, metric};

use super::super::DriverError;
use super::super::model_agent::Run;
use super::super::report::Recorder;
use super::StreamRun;
use super::ask::{Done, Handed};

impl<'a> StreamRun<'a> {
    /// One run of the model, with as many check messages as the plan asks for.
    pub(super) async fn model_acts(
        &mut self,
        episode: &'a Episode,
        handed: &Handed,
        report: &mut Recorder,
    ) -> Result<Done, DriverError> {
        let Some(model) = &self.model else {
            return Ok(Done::default());
        };
        let guidance = self.as_guidance(handed);
        let mut run = match &episode.question {
            Some(Question::Discover { reports, .. }) => {
                model
                    .discover(&episode.task, &guidance, &[], *reports)
                    .await
            }
            _ => {
                model
                    .run(&episode.task, &guidance, episode.check().as_ref())
                    .await
            }
        };
        for round in 0..self.plan.refinements {
            let Ok(finished) = run else {
                break;
            };
            run = model.refine(finished, round).await;
        }
        let Run {
            steps,
            answer,
            findings,
            ..
        } = self.taken_run(run, episode, report);
        let act = match &episode.question {
            Some(Question::Discover { .. }) => self.reader.judge(episode, findings),
            _ => Act {
                reward: episode.check().map(|check| check.score(&answer)),
                answer,
                ..Act::default()
            },
        };
        Ok(Done { act, steps })
    }

    /// A run's work; one that failed is booked, and has done nothing.
    pub(super) fn taken_run(
        &self,
        run: Result<Run, Fault>,
        episode: &Episode,
        report: &mut Recorder,
    ) -> Run {
        match run {
            Ok(run) => {
                report.model_calls(&run.calls);
                run
            }
            Err(fault) => {
                let reason = fault_text(&fault);
                report.failure(format!("task `{}`: the agent: {reason}", episode.task.id));
                Run::default()
            }
        }
    }

    pub(super) fn as_guidance(&self, handed: &Handed) -> Guidance {
        handed.as_guidance(self.primary_place())
    }

    /// What the runs of one question are worth: the reader's scores, or how often a model was right.
    pub(super) async fn scores(
        &self,
        episode: &Episode,
        runs: &[Done],
        report: &mut Recorder,
    ) -> Scores {
        let Some(first) = runs.first() else {
            return Scores::new();
        };
        let Some(model) = &self.model else {
            return first.act.scores.clone();
        };
        let mut scores = first.act.scores.clone();
        let rewards: Vec<f64> = runs.iter().filter_map(|run| run.act.reward).collect();
        if let Some(mean) = metric::mean(rewards.into_iter()) {
            scores.insert(metric::SCORE.into(), mean);
        }
        if runs.len() > 1 {
            let answers: Vec<&str> = runs.iter().map(|run| run.act.answer.as_str()).collect();
            match model.best(&episode.task, &answers).await {
                Ok((best, calls)) => {
                    report.model_calls(&calls);
                    if let Some(reward) = runs.get(best).and_then(|run| run.act.reward) {
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
        scores
    }
}
