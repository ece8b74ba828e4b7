//! What the driver does where a language model acts: who runs, and what becomes of a run that a model did not answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use memhost::model::{Completion, LanguageModel};
use serde_json::json;

use super::*;

type Say = dyn Fn(&Request) -> Result<String, Fault> + Send + Sync;

/// A model that says what the test says.
pub(super) struct Scripted {
    name: &'static str,
    say: Box<Say>,
    asked: AtomicUsize,
}

impl Scripted {
    pub(super) fn saying(
        say: impl Fn(&Request) -> Result<String, Fault> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted::called("scripted", say)
    }

    fn called(
        name: &'static str,
        say: impl Fn(&Request) -> Result<String, Fault> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted {
            name,
            say: Box::new(say),
            asked: AtomicUsize::new(0),
        }
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl LanguageModel for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Reply {
            text: (self.say)(request)?,
            input_tokens: 1,
            output_tokens: 1,
        }
        .into())
    }
}

/// A reply that reports one problem.
pub(super) fn finding(problem: &str, document: &str) -> String {
    let one = json!({ "problem": problem, "evidence": [document], "action": "mend it" });
    json!({ "findings": [one] }).to_string()
}

fn shown(request: &Request) -> String {
    let texts = request.messages.iter().map(|message| message.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// A task that is answered with `answer`.
fn task(id: &str) -> Episode {
    episode(id, true, vec![])
}

#[tokio::test]
async fn an_outage_is_no_outcome_for_or_against_a_memory() {
    // The agent is always right, but does not answer the second task with memory; nor the third without.
    let model = Scripted::saying(|request| {
        let asked = shown(request);
        let guided = asked.contains("What earlier work taught");
        match (asked.contains("do y"), asked.contains("do z"), guided) {
            (true, _, true) | (_, true, false) => {
                Err(Fault::Unavailable("the line is dead".into()))
            }
            _ => Ok("Answer: answer".into()),
        }
    });
    let mut strategy = super::Scripted::new(remember);
    strategy.plan.baseline_arm = true;
    strategy.plan.labels = Labels::Graded;
    strategy.update = Some(Box::new(|_| vec![]));
    let strategy = Arc::new(strategy);
    let tasks = ["x", "y", "z"].map(task);
    let acting = (Acting::Model, Models::all(Arc::new(model)));
    let (report, _) = run_with(&strategy, &suite(tasks.into()), None, acting)
        .await
        .unwrap();

    let heard = strategy.heard.lock().unwrap();
    let outcomes: Vec<(&str, Option<f64>, Option<f64>)> = heard
        .iter()
        .flatten()
        .map(|feedback| {
            let outcome = &feedback.attempt.outcome;
            (
                feedback.attempt.task.id.as_str(),
                outcome.score,
                outcome.baseline,
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [("x", Some(1.0), Some(1.0)), ("z", Some(1.0), None)]
    );
    let distilled: Vec<String> = {
        let calls = strategy.calls.lock().unwrap();
        calls.iter().flatten().map(|a| a.task.id.clone()).collect()
    };
    // With memory and without, where both arms came to an end.
    assert_eq!(distilled, ["x", "x", "z"]);
    let scored: Vec<bool> = report.tasks.iter().map(|t| !t.scores.is_empty()).collect();
    assert_eq!(scored, [true, false, true], "no answer is no score");
    assert_eq!(report.failures.len(), 2);
    assert!(
        report.calls >= 6,
        "the agent's calls are calls: {}",
        report.calls
    );
}

#[tokio::test]
async fn a_task_does_not_draw_on_its_run_without_memory_and_later_ones_do() {
    let model = Scripted::saying(|_| Ok("Answer: answer".into()));
    let bare = |attempts: &[Attempt]| {
        let bare = attempts.iter().filter(|told| told.arm == Arm::NoMemory);
        remember(&bare.cloned().collect::<Vec<_>>())
    };
    let mut strategy = super::Scripted::new(bare);
    strategy.plan.baseline_arm = true;
    let strategy = Arc::new(strategy);
    let tasks = ["x", "x", "y"].map(task);
    let acting = (Acting::Model, Models::all(Arc::new(model)));
    run_with(&strategy, &suite(tasks.into()), None, acting)
        .await
        .unwrap();
    let seen = strategy.seen.lock().unwrap();
    let of_x = ["x@r1@bare", "x@r2@bare"].map(str::to_owned);
    assert_eq!(*seen, [vec![], vec![], of_x.to_vec()]);
}

#[tokio::test]
async fn every_agent_that_there_is_a_model_for_runs_the_training_tasks() {
    let model = |name: &'static str, answer: &'static str| -> Arc<dyn LanguageModel> {
        Arc::new(Scripted::called(name, move |_| {
            Ok(format!("Answer: {answer}"))
        }))
    };
    let models = || Models {
        agent: model("small", "wrong"),
        cheap: model("small", "wrong"),
        judge: model("judge", ""),
        strongest: model("large", "answer"),
    };
    let mut strategy = super::Scripted::new(remember);
    strategy.plan.all_agents = true;
    strategy.plan.arrangement = Arrangement::BuildThenFreeze;
    let strategy = Arc::new(strategy);
    let tasks = ["a", "b", "c", "d"].map(task);
    let (report, _) = run_with(
        &strategy,
        &suite(tasks.into()),
        None,
        (Acting::Model, models()),
    )
    .await
    .unwrap();
    let calls = strategy.calls.lock().unwrap().clone();
    let runs: Vec<Vec<(&str, Verdict)>> = calls
        .iter()
        .map(|call| {
            call.iter()
                .map(|a| (a.agent.model.as_str(), a.outcome.verdict))
                .collect()
        })
        .collect();
    let both = vec![("small", Verdict::Failure), ("large", Verdict::Success)];
    assert_eq!(runs, [both.clone(), both]);
    assert!(
        calls
            .iter()
            .flatten()
            .all(|a| a.arm == Arm::NoMemory && a.receipts.is_empty())
    );
    assert_eq!((report.runs.no_memory, report.runs.memory), (4, 2));

    let alone = Models::all(model("small", "wrong"));
    let tasks = ["a", "b"].map(task);
    let refused = run_with(
        &strategy,
        &suite(tasks.into()),
        None,
        (Acting::Model, alone),
    )
    .await;
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("all roles have the same model"), "{reason}");
}
