//! What the driver promises: one call, one transaction; conditional writes wait for their condition; a task never
//! draws on its own attempts; a strategy is told no more than its plan says; a failing call costs that call.

mod along;
mod broken;
mod lanes;
mod lifecycle;
mod models;
mod plans;
mod rounds;
mod scale;
mod tries;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use memhost::Lance;
use memhost::capability::{CallContext, Usage};
use memhost::contract::*;
use memhost::embedding::{Builtin, Embedder};
use memhost::model::{Models, NoModel};
use memhost::store::{Store, View};
use memhost::strategy::{Answer, CallError, CallFailure, Phases, Strategy};
use memhost_eval::driver::{
    Acting, Cell, CellReport, DriverError, Progress, Repetition, Testbed, Told, run_cell,
};
use memhost_suite::{Episode, Lane, Question, Stage, Stream, Suite, Timing};

type Distill = dyn Fn(&[Attempt]) -> Result<Vec<Change>, Fault> + Send + Sync;
type Update = dyn Fn(&[Feedback]) -> Vec<Change> + Send + Sync;

/// Hands out everything that it can see; learns what the test says.
struct Scripted {
    description: Description,
    plan: Plan,
    distill: Box<Distill>,
    evicts: bool,
    /// Whether it writes a memory whenever it may put them in order.
    maintains: bool,
    /// Tools that go with all guidance.
    offers: Vec<Tool>,
    update: Option<Box<Update>>,
    /// Which retrieval, from 0, fails.
    fails_at: Option<usize>,
    /// Every query, in order.
    queries: Mutex<Vec<Query>>,
    /// The attempts of every call of `distill`.
    calls: Mutex<Vec<Vec<Attempt>>>,
    /// What every call of `update` heard of.
    heard: Mutex<Vec<Vec<Feedback>>>,
    /// What each retrieval saw: contents, in order.
    seen: Mutex<Vec<Vec<String>>>,
    /// What `get-attempts` said of the memories that each retrieval saw.
    looked_up: Mutex<Vec<Attempt>>,
}

impl Scripted {
    fn new(
        distill: impl Fn(&[Attempt]) -> Result<Vec<Change>, Fault> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted {
            description: Description {
                name: "scripted".into(),
                version: "0.0.0".into(),
                summary: String::new(),
                source: String::new(),
                parameters: vec![],
                requires: vec![],
                degraded: vec![],
            },
            plan: Plan::streaming(),
            distill: Box::new(distill),
            evicts: false,
            maintains: false,
            offers: vec![],
            update: None,
            fails_at: None,
            queries: Mutex::default(),
            calls: Mutex::default(),
            heard: Mutex::default(),
            seen: Mutex::default(),
            looked_up: Mutex::default(),
        }
    }

    fn failed(&self, call: &'static str, fault: Fault) -> CallError {
        CallError {
            plugin: "scripted".into(),
            call,
            reason: CallFailure::Fault(fault),
        }
    }
}

fn answer<T>(result: Result<T, CallError>) -> Answer<T> {
    Answer {
        result,
        usage: Usage::default(),
    }
}

#[async_trait]
impl Strategy for Scripted {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: true,
            update: self.update.is_some(),
            evict: self.evicts,
            maintain: self.maintains,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        "test"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(self.plan.clone())
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        _: &[Setting],
    ) -> Answer<Guidance> {
        let number = {
            let mut queries = self.queries.lock().unwrap();
            queries.push(query);
            queries.len() - 1
        };
        if self.fails_at == Some(number) {
            return answer(Err(self.failed("retrieve", Fault::Failed("no idea".into()))));
        }
        let rows = context
            .memories()
            .unwrap()
            .scan(&everything(), &context.view)
            .unwrap();
        let contents: Vec<String> = rows.iter().map(|row| row.memory.content.clone()).collect();
        self.seen.lock().unwrap().push(contents.clone());
        let sources: Vec<String> = rows
            .iter()
            .flat_map(|row| &row.memory.sources)
            .map(|source| source.attempt.clone())
            .collect();
        let known = context.attempts().unwrap().get(&sources);
        self.looked_up.lock().unwrap().extend(known);
        let used = rows
            .into_iter()
            .map(|row| Citation {
                memory: row.memory.id,
                score: 1.0,
            })
            .collect();
        answer(Ok(Guidance {
            offers: self.offers.clone(),
            text: contents.join("\n"),
            placement: Placement::User,
            receipt: Receipt {
                used,
                ..Receipt::nothing()
            },
            ..Guidance::nothing()
        }))
    }

    async fn distill(
        &self,
        _: CallContext,
        attempts: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        self.calls.lock().unwrap().push(attempts.clone());
        answer((self.distill)(&attempts).map_err(|fault| self.failed("distill", fault)))
    }

    async fn update(
        &self,
        _: CallContext,
        feedback: Vec<Feedback>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let changes = self.update.as_ref().map(|update| update(&feedback));
        self.heard.lock().unwrap().push(feedback);
        answer(Ok(changes.unwrap_or_default()))
    }

    async fn maintain(&self, _: CallContext, _: &[Setting]) -> Answer<Vec<Change>> {
        answer(Ok(vec![note("kept in order", "nothing", Commit::AtOnce)]))
    }

    async fn evict(&self, context: CallContext, _: Pressure, _: &[Setting]) -> Answer<Vec<String>> {
        let rows = context
            .memories()
            .unwrap()
            .scan(&everything(), &context.view);
        let ids = rows.unwrap().into_iter().map(|row| row.memory.id);
        answer(Ok(ids.skip(1).collect()))
    }
}

fn everything() -> Scan {
    Scan {
        filter: vec![],
        order_by: None,
        descending: false,
        offset: 0,
        limit: 100,
        with_vectors: false,
    }
}

fn note(content: &str, source: &str, commit: Commit) -> Change {
    let op = Op::Insert(NewMemory {
        sources: vec![Source::attempt(source)],
        ..NewMemory::new("note", content)
    });
    Change { op, commit }
}

/// Remembers every attempt by its id.
fn remember(attempts: &[Attempt]) -> Result<Vec<Change>, Fault> {
    Ok(attempts
        .iter()
        .map(|attempt| note(&attempt.id, &attempt.id, Commit::AtOnce))
        .collect())
}

fn attempt(task: &str, number: u32, verdict: Verdict) -> Attempt {
    let outcome = Outcome {
        verdict,
        score: Some(0.5),
        baseline: None,
        reason: "because".into(),
        authority: Authority::GroundTruth,
    };
    let (id, agent) = (format!("{task}-{number}"), Agent::new("a", "m"));
    Attempt {
        arm: Arm::NoMemory,
        ..Attempt::new(id, task_called(task), agent, outcome)
    }
}

fn task_called(id: &str) -> Task {
    Task::new(id, format!("do {id}"))
}

/// One task: asked (for the word `answer`) or not, and what is learnt from afterwards.
fn episode(task: &str, asks: bool, attempts: Vec<Attempt>) -> Episode {
    Episode {
        task: task_called(task),
        question: asks.then(|| Question::Evidence {
            answers: vec!["answer".into()],
            matching: Default::default(),
            gold: vec![],
            pieces: vec![],
        }),
        attempts,
        withheld: vec![],
        timing: Timing::default(),
        check: None,
        group: task.into(),
    }
}

fn suite(episodes: Vec<Episode>) -> Arc<Suite> {
    Arc::new(Suite {
        name: "test".into(),
        lane: Lane::Evidence,
        summary: String::new(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "s".into(),
            stages: vec![Stage::in_order(episodes)],
        }],
        budgets: vec![64],
        primary: "answer@64".into(),
    })
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _: usize, _: usize) {}
}

/// Runs a cell with the suite's reader; also what stands in the namespace at the end, in any state.
async fn run(
    strategy: &Arc<Scripted>,
    suite: &Arc<Suite>,
    most_memories: Option<u32>,
) -> Result<(CellReport, Vec<(String, State)>), DriverError> {
    let nobody = Models::all(Arc::new(NoModel));
    run_with(strategy, suite, most_memories, (Acting::Reader, nobody)).await
}

async fn run_with(
    strategy: &Arc<Scripted>,
    suite: &Arc<Suite>,
    most_memories: Option<u32>,
    who: (Acting, Models),
) -> Result<(CellReport, Vec<(String, State)>), DriverError> {
    run_under(strategy, suite, most_memories, who, Told::default()).await
}

/// The same with the suite's reader, where strategies hear of no more than this.
async fn run_telling(
    strategy: &Arc<Scripted>,
    suite: &Arc<Suite>,
    told: Told,
) -> (CellReport, Vec<(String, State)>) {
    let nobody = (Acting::Reader, Models::all(Arc::new(NoModel)));
    run_under(strategy, suite, None, nobody, told)
        .await
        .unwrap()
}

async fn run_under(
    strategy: &Arc<Scripted>,
    suite: &Arc<Suite>,
    most_memories: Option<u32>,
    (acting, models): (Acting, Models),
    told: Told,
) -> Result<(CellReport, Vec<(String, State)>), DriverError> {
    let directory = tempfile::tempdir().unwrap();
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(directory.path().to_str().unwrap(), embedder.clone(), &Lance)
        .await
        .unwrap();
    let testbed = Testbed {
        models: Arc::new(models),
        acting,
        told,
        ..Testbed::new(store.clone(), embedder)
    };
    let cell = Cell {
        strategy: strategy.clone(),
        settings: vec![],
        suite: suite.clone(),
        repetition: Repetition::default(),
        id: "cell".into(),
        most_memories,
    };
    let report = run_cell(&cell, &testbed, &Silent).await?;
    let namespace = store.namespace("cell/s").await.unwrap();
    let in_any_state = ["active", "provisional", "archived"].map(|state| Condition {
        field: "state".into(),
        comparison: Comparison::Eq,
        operand: Operand::Text(state.into()),
    });
    let mut kept = Vec::new();
    for condition in in_any_state {
        let scan = Scan {
            filter: vec![condition],
            ..everything()
        };
        let rows = namespace.scan(&scan, &View::default()).unwrap();
        kept.extend(
            rows.into_iter()
                .map(|row| (row.memory.content, row.memory.state)),
        );
    }
    Ok((report, kept))
}

#[tokio::test]
async fn a_task_never_draws_on_its_own_attempts_and_later_ones_do() {
    let strategy = Arc::new(Scripted::new(remember));
    let suite = suite(vec![
        episode("x", true, vec![attempt("x", 0, Verdict::Success)]),
        episode("x", true, vec![]),
        episode("y", true, vec![]),
    ]);
    run(&strategy, &suite, None).await.unwrap();
    assert_eq!(
        *strategy.seen.lock().unwrap(),
        [vec![], vec![], vec!["x-0".to_string()]]
    );
}

#[tokio::test]
async fn what_the_suite_withholds_is_not_seen() {
    let strategy = Arc::new(Scripted::new(remember));
    let mut asked = episode("y", true, vec![]);
    asked.withheld = vec!["x-0".into()];
    let learnt = |task: &str| episode(task, false, vec![attempt(task, 0, Verdict::Success)]);
    run(
        &strategy,
        &suite(vec![learnt("x"), learnt("z"), asked]),
        None,
    )
    .await
    .unwrap();
    assert_eq!(*strategy.seen.lock().unwrap(), [vec!["z-0".to_string()]]);
}

#[tokio::test]
async fn a_write_that_waits_for_success_is_kept_after_one_and_dropped_after_a_failure() {
    for (verdict, expected) in [
        (
            Verdict::Success,
            vec![("lesson".to_string(), State::Active)],
        ),
        (Verdict::Failure, vec![]),
        (
            Verdict::Unknown,
            vec![("lesson".to_string(), State::Provisional)],
        ),
    ] {
        let strategy = Arc::new(Scripted::new(|attempts: &[Attempt]| {
            match attempts[0].id.as_str() {
                "x-0" => Ok(vec![note("lesson", "x-0", Commit::IfNextAttemptSucceeds)]),
                _ => Ok(vec![]),
            }
        }));
        let suite = suite(vec![
            episode("x", false, vec![attempt("x", 0, Verdict::Failure)]),
            episode("other", false, vec![attempt("other", 0, Verdict::Success)]),
            episode("x", false, vec![attempt("x", 1, verdict)]),
        ]);
        let (_, kept) = run(&strategy, &suite, None).await.unwrap();
        assert_eq!(kept, expected, "{verdict:?}");
    }
}

#[tokio::test]
async fn a_write_that_waits_for_a_trial_is_kept_if_the_score_rises_by_its_margin() {
    for (content, margin, expected) in [
        (
            "the answer",
            0.5,
            vec![("the answer".to_string(), State::Active)],
        ),
        ("the answer", 1.5, vec![]),
        ("of no use", 0.5, vec![]),
    ] {
        let strategy = Arc::new(Scripted::new(move |attempts: &[Attempt]| {
            match attempts[0].id.as_str() {
                "x-0" => Ok(vec![note(content, "x-0", Commit::IfTrialGains(margin))]),
                _ => remember(attempts),
            }
        }));
        // The answer must be known to stand somewhere, or the reader does not count the question.
        let mut said = attempt("seen", 0, Verdict::Unknown);
        said.steps.push(Step::new(Actor::User, "answer"));
        let suite = suite(vec![
            episode("seen", false, vec![said]),
            episode("x", true, vec![attempt("x", 0, Verdict::Failure)]),
        ]);
        let (report, mut kept) = run(&strategy, &suite, None).await.unwrap();
        kept.retain(|(content, _)| content != "seen-0");
        assert_eq!(
            kept, expected,
            "{content} at {margin}: {:?}",
            report.failures
        );
    }
}

#[tokio::test]
async fn a_trial_that_cannot_be_made_drops_the_write_and_says_so() {
    let strategy = Arc::new(Scripted::new(|_: &[Attempt]| {
        Ok(vec![note("lesson", "x-0", Commit::IfTrialGains(0.1))])
    }));
    let suite = suite(vec![episode(
        "x",
        false,
        vec![attempt("x", 0, Verdict::Failure)],
    )]);
    let (report, kept) = run(&strategy, &suite, None).await.unwrap();
    assert_eq!(kept, []);
    assert!(
        report.failures[0].contains("cannot be re-run"),
        "{:?}",
        report.failures
    );
}

#[tokio::test]
async fn a_strategy_is_told_no_more_than_its_plan_says() {
    for (labels, verdict, score) in [
        (Labels::Any, Verdict::Success, Some(0.5)),
        (Labels::Graded, Verdict::Success, Some(0.5)),
        (Labels::Verified, Verdict::Success, None),
        (Labels::SelfJudged, Verdict::Unknown, None),
    ] {
        let mut strategy = Scripted::new(remember);
        strategy.plan.labels = labels;
        let strategy = Arc::new(strategy);
        let mut paid = attempt("x", 0, Verdict::Success);
        paid.steps = vec![Step {
            reward: Some(1.0),
            ..Step::new(Actor::Observation, "done")
        }];
        let tasks = vec![episode("x", false, vec![paid]), episode("y", true, vec![])];
        run(&strategy, &suite(tasks), None).await.unwrap();

        // What is looked up later says no more than what was told at first.
        let distilled = strategy.calls.lock().unwrap()[0][0].clone();
        assert_eq!(
            strategy.looked_up.lock().unwrap().as_slice(),
            std::slice::from_ref(&distilled)
        );
        let Outcome {
            verdict: told,
            score: told_score,
            reason,
            ..
        } = &distilled.outcome;
        assert_eq!((*told, *told_score), (verdict, score), "{labels:?}");
        assert_eq!(reason.is_empty(), labels == Labels::SelfJudged);
        assert_eq!(distilled.steps[0].reward, score.map(|_| 1.0), "{labels:?}");
    }
}

#[tokio::test]
async fn a_plan_that_the_suite_cannot_give_is_refused_with_the_reason() {
    let refused = async |change: fn(&mut Plan), verdict: Verdict| {
        let mut strategy = Scripted::new(remember);
        change(&mut strategy.plan);
        let suite = suite(vec![episode("x", false, vec![attempt("x", 0, verdict)])]);
        run(&Arc::new(strategy), &suite, None)
            .await
            .unwrap_err()
            .to_string()
    };
    for (change, reason) in [
        (
            (|plan: &mut Plan| plan.trials = 3) as fn(&mut Plan),
            "one run is recorded",
        ),
        (|plan| plan.rounds = 4, "one outcome each"),
        (|plan| plan.refinements = 2, "a language model that acts"),
        (|plan| plan.all_agents = true, "several agents"),
        (|plan| plan.trials = 0, "at least 1"),
    ] {
        let told = refused(change, Verdict::Success).await;
        assert!(
            told.contains("`scripted`") && told.contains(reason),
            "{told}"
        );
    }
    let told = refused(|plan| plan.labels = Labels::Verified, Verdict::Unknown).await;
    assert!(told.contains("verified outcomes"), "{told}");
}

#[tokio::test]
async fn a_failing_call_costs_that_call_and_is_reported() {
    let strategy = Arc::new(Scripted::new(|attempts: &[Attempt]| {
        match attempts[0].id.as_str() {
            "x-0" => Err(Fault::Failed("no idea".into())),
            _ => remember(attempts),
        }
    }));
    let learnt = |task: &str| episode(task, false, vec![attempt(task, 0, Verdict::Success)]);
    let (report, kept) = run(&strategy, &suite(vec![learnt("x"), learnt("y")]), None)
        .await
        .unwrap();
    assert_eq!(kept, [("y-0".to_string(), State::Active)]);
    assert_eq!(
        report.failures,
        ["task `x`: plugin `scripted`, call `distill`: failed: no idea"]
    );
}

#[tokio::test]
async fn of_a_call_whose_writes_cannot_all_be_made_none_is_made() {
    let strategy = Arc::new(Scripted::new(|_: &[Attempt]| {
        let remove = Change::at_once(Op::Remove("m99".into()));
        Ok(vec![note("half", "x-0", Commit::AtOnce), remove])
    }));
    let suite = suite(vec![episode(
        "x",
        false,
        vec![attempt("x", 0, Verdict::Success)],
    )]);
    let (report, kept) = run(&strategy, &suite, None).await.unwrap();
    assert_eq!(kept, []);
    assert!(
        report.failures[0].contains("`distill`") && report.failures[0].contains("m99"),
        "{:?}",
        report.failures
    );
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_counted_and_costs_nothing_else() {
    let strategy = Arc::new(Scripted::new(|_: &[Attempt]| {
        let mut long = note("long", "x-0", Commit::AtOnce);
        if let Op::Insert(memory) = &mut long.op {
            memory.keys = vec![Key::new("task", "word ".repeat(300_000))];
        }
        Ok(vec![note("short", "x-0", Commit::AtOnce), long])
    }));
    let suite = suite(vec![episode(
        "x",
        false,
        vec![attempt("x", 0, Verdict::Success)],
    )]);
    let (report, kept) = run(&strategy, &suite, None).await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|(content, _)| content.as_str()).collect();
    assert_eq!(kept, ["short", "long"]);
    assert_eq!(report.cut_texts, 1);
    assert_eq!(report.failures, Vec::<String>::new());
}

#[tokio::test]
async fn over_budget_the_host_lets_the_oldest_go_and_says_how_many() {
    let learnt = |task: &str| episode(task, false, vec![attempt(task, 0, Verdict::Success)]);
    let suite = suite(["a", "b", "c", "d"].map(learnt).into());

    let (report, kept) = run(&Arc::new(Scripted::new(remember)), &suite, Some(2))
        .await
        .unwrap();
    assert_eq!(
        kept.iter()
            .map(|(content, _)| content.as_str())
            .collect::<Vec<_>>(),
        ["c-0", "d-0"]
    );
    assert_eq!(report.evicted_by_host, 2);

    let mut tidy = Scripted::new(remember);
    tidy.evicts = true;
    let (report, kept) = run(&Arc::new(tidy), &suite, Some(2)).await.unwrap();
    assert_eq!(report.evicted_by_host, 0, "{:?}", report.failures);
    assert_eq!(kept, [("a-0".to_string(), State::Active)]);
}

#[tokio::test]
async fn a_run_repeats_to_the_last_figure() {
    let learnt = |task: &str| episode(task, true, vec![attempt(task, 0, Verdict::Success)]);
    let suite = suite(["a", "b", "c", "d"].map(learnt).into());
    let (first, _) = run(&Arc::new(Scripted::new(remember)), &suite, None)
        .await
        .unwrap();
    let (second, _) = run(&Arc::new(Scripted::new(remember)), &suite, None)
        .await
        .unwrap();
    assert_eq!(first.tasks, second.tasks);
    assert_eq!(first.memories, 4);
}
