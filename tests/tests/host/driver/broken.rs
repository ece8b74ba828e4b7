//! A model that fails never leads to a rank: whether it fails always, every second time, for one purpose only, from some
//! call on, and whether the strategy says so or goes on with less.

use std::collections::BTreeSet;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use memhost::Lance;
use memhost::capability::ModelCall;
use memhost_eval::compare::files::CellFiles;
use memhost_eval::compare::report::{answer as headline, csv, json};
use memhost_eval::compare::summary::{Decision, Setup, SuiteResult};
use memhost_eval::compare::{
    CellKey, CellOutcome, Comparison, Conditions, Contest, Contestant, Design, Finish, HostRunner,
    NO_MEMORY, PlannedCell, Report, Watcher, schedule,
};
use memhost_eval::driver::{Actors, Broken};

use super::models::Scripted as Model;
use super::*;

/// What becomes of the n-th request, from 0, for a purpose.
type Fails = fn(usize, &str) -> bool;

/// How many tasks there are to learn from.
const TASKS: usize = 60;

/// Judges and extracts with a language model, as strategies do, and remembers what it was told.
struct Asking {
    description: Description,
    /// Whether it goes on without what a model did not answer.
    swallows: bool,
    /// Every how many lessons need a model; `None`: no lesson.
    every: Option<usize>,
    /// Every how many questions it knows the answer to.
    knows: usize,
    lessons: AtomicUsize,
}

impl Asking {
    fn called(name: &str, every: Option<usize>, knows: usize) -> Asking {
        Asking {
            description: Description {
                name: name.into(),
                version: "0.0.0".into(),
                summary: String::new(),
                source: String::new(),
                parameters: vec![],
                requires: vec!["llm".into()],
                degraded: vec![],
            },
            swallows: false,
            every,
            knows,
            lessons: AtomicUsize::new(0),
        }
    }

    async fn ask(
        &self,
        context: &CallContext,
        purpose: &str,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let request = Request {
            role: Role::Judge,
            messages: vec![Message {
                speaker: Speaker::User,
                text: purpose.into(),
            }],
            temperature: None,
            max_tokens: None,
            schema: None,
            purpose: purpose.into(),
        };
        let said = context.models()?.judge.complete(&request).await;
        usage.model_calls.push(ModelCall {
            purpose: purpose.into(),
            input_tokens: 1,
            output_tokens: 1,
            answered: said.is_ok(),
            fault: said.as_ref().err().map(told),
            mended: Default::default(),
        });
        match said {
            Err(fault) if !self.swallows => Err(fault),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn learn(
        &self,
        context: &CallContext,
        attempts: &[Attempt],
        usage: &mut Usage,
    ) -> Result<Vec<Change>, Fault> {
        let lesson = self.lessons.fetch_add(1, Ordering::Relaxed);
        if self.every.is_some_and(|every| lesson.is_multiple_of(every)) {
            for purpose in ["judge", "extract"] {
                self.ask(context, purpose, usage).await?;
            }
        }
        remember(attempts)
    }
}

#[async_trait]
impl Strategy for Asking {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        "test"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(&self, _: CallContext, query: Query, _: &[Setting]) -> Answer<Guidance> {
        let knows = query.task.text.len().is_multiple_of(self.knows);
        answer(Ok(Guidance {
            text: if knows { "answer" } else { "nothing" }.into(),
            placement: Placement::User,
            ..Guidance::nothing()
        }))
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let mut usage = Usage::default();
        let result = self.learn(&context, &attempts, &mut usage).await;
        let result = result.map_err(|fault| CallError {
            plugin: "asking".into(),
            call: "distill",
            reason: CallFailure::Fault(fault),
        });
        Answer { result, usage }
    }
}

fn told(fault: &Fault) -> String {
    let (Fault::Invalid(text)
    | Fault::Exhausted(text)
    | Fault::Unavailable(text)
    | Fault::Failed(text)) = fault;
    text.clone()
}

/// Fails as it is told.
fn model(fails: Fails) -> Model {
    let asked = AtomicUsize::new(0);
    Model::saying(move |request| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        match fails(number, &request.purpose) {
            true => Err(Fault::Unavailable("the line is dead".into())),
            false => Ok("Answer: answer".into()),
        }
    })
}

/// Tasks to learn from, and as many questions.
fn lessons() -> Suite {
    let taught = (0..TASKS).map(|number| {
        let id = format!("lesson-{number}");
        let said = Step::new(Actor::User, "What is wanted is the answer.");
        let lesson = Attempt {
            steps: vec![said],
            ..attempt(&id, 0, Verdict::Success)
        };
        episode(&id, false, vec![lesson])
    });
    let asked = (0..TASKS).map(|number| episode(&"q".repeat(number + 1), true, vec![]));
    Suite::clone(&suite(taught.chain(asked).collect()))
}

struct Unwatched;

impl Watcher for Unwatched {
    fn restored(&self, _: &CellKey) {}
    fn damaged(&self, _: &str) {}
    fn started(&self, _: &CellKey) -> Box<dyn Progress> {
        Box::new(Silent)
    }
    fn finished(&self, _: &CellKey, _: &CellReport) {}
    fn broken(&self, _: &CellKey, _: &Broken) {}
    fn failed(&self, _: &CellKey, _: &str) {}
    fn failing(&self, _: &str) {}
}

/// A comparison that has been run.
struct Ran {
    design: Design,
    finish: Finish,
    cells: Vec<PlannedCell>,
}

impl Ran {
    fn report(&self) -> Report {
        Report::new(&self.design, &self.finish, &Setup::default())
    }

    fn result(&self) -> SuiteResult {
        self.report().suites.remove(0)
    }

    /// The strategies that had to be run in vain.
    fn broken(&self) -> BTreeSet<String> {
        let cells = self.cells.iter().zip(&self.finish.outcomes);
        cells
            .filter(|(_, outcome)| matches!(outcome, CellOutcome::Broken(_)))
            .map(|(cell, _)| cell.key.label())
            .collect()
    }
}

/// Compares plugins on the lessons under two seeds.
async fn compare(
    plugins: &[Contestant],
    (acting, model): (Acting, Model),
    files: Option<&CellFiles>,
) -> Ran {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let testbed = Testbed {
        store: Store::open("memory://", embedder.clone(), &Lance)
            .await
            .unwrap(),
        models: Arc::new(Models::all(Arc::new(model))),
        embedder,
        limits: Limits::default(),
        acting,
        order: TaskOrder::default(),
        told: Told::default(),
    };
    let actors = Actors::of(acting, &testbed.models);
    let suite = match acting {
        Acting::Reader => lessons(),
        Acting::Model => lessons().for_a_model(),
    };
    let mut contest = Contest::new(suite, plugins, actors).await.unwrap();
    // One floor stands for all.
    contest
        .contestants
        .retain(|one| !one.floor || one.strategy.description().name == NO_MEMORY);
    let comparison = Comparison {
        run: "run".into(),
        contests: vec![contest],
        seeds: 2,
        orders: 1,
        most_memories: None,
        unfit: vec![],
    };
    let design = Design::of(&comparison, &Conditions::of(&testbed), vec![]);
    let cells = comparison.cells(&design);
    let runner = Arc::new(HostRunner {
        testbed,
        cassette: None,
        run: "run".into(),
        kept: Default::default(),
    });
    let one = NonZeroUsize::MIN;
    let finish = schedule::run(&cells, runner, files, one, &Unwatched, pending()).await;
    Ran {
        design,
        finish: finish.unwrap(),
        cells,
    }
}

async fn asking(swallows: bool, every: usize) -> Contestant {
    let plugin = Asking {
        swallows,
        ..Asking::called("asking", Some(every), 2)
    };
    Contestant::plugin(Arc::new(plugin), vec![]).await.unwrap()
}

/// A plugin that needs no model.
async fn plain(name: &str, knows: usize) -> Contestant {
    let plugin = Asking::called(name, None, knows);
    Contestant::plugin(Arc::new(plugin), vec![]).await.unwrap()
}

/// It is ranked nowhere, in no form of the report.
#[track_caller]
fn has_no_result(ran: &Ran, name: &str, why: &str) {
    let result = ran.result();
    let strategy = result
        .strategies
        .iter()
        .find(|one| one.strategy == name)
        .unwrap();
    assert_eq!(strategy.rank, None);
    assert_eq!((strategy.quality, strategy.difference), (None, None));
    assert!(strategy.harm.is_none() && strategy.metrics.is_empty() && strategy.curve.is_empty());
    assert!(!strategy.frontier.handed_over && !strategy.frontier.written);
    let paired =
        |pair: &memhost_eval::compare::summary::Pair| pair.ours == name || pair.theirs == name;
    assert!(!result.pairs.iter().any(paired));
    let broken = strategy.broken.as_ref().unwrap().to_string();
    assert!(broken.contains(why), "no `{why}` in {broken}");

    let answer = headline(&result);
    assert_eq!(answer.decision, Decision::Undecided);
    let told = format!("{name} has no result on test: {broken}");
    assert!(answer.text.contains(&told), "{}", answer.text);
    assert!(
        result.caveats.iter().any(|caveat| caveat.contains(&broken)),
        "{:?}",
        result.caveats
    );
    let report = ran.report();
    assert!(json(&report).unwrap().contains("\"broken\": {"));
    let csv = csv(&report).unwrap();
    let row = csv.lines().find(|row| row.contains(&format!(",{name},")));
    assert!(row.unwrap().contains(why), "{csv}");
}

#[tokio::test]
async fn however_a_model_fails_who_needs_it_is_not_ranked() {
    let always: Fails = |_, _| true;
    let every_second: Fails = |number, _| number % 2 == 1;
    let judge_only: Fails = |_, purpose| purpose == "judge";
    let extract_only: Fails = |_, purpose| purpose == "extract";
    let from_the_hundredth_on: Fails = |number, _| number >= 100;
    let a_twentieth: Fails = |number, _| number.is_multiple_of(20);
    let others = [plain("plain", 3).await, plain("other", 5).await];
    let without = compare(&others, (Acting::Reader, model(always)), None).await;
    let ranked = without.result();
    assert!(ranked.strategies.iter().all(|one| one.rank.is_some()));
    for (how, fails) in [
        ("always", always),
        ("every second time", every_second),
        ("judging", judge_only),
        ("extracting", extract_only),
        ("from the hundredth on", from_the_hundredth_on),
        ("a twentieth", a_twentieth),
    ] {
        for (swallows, every) in [(false, 1), (true, 1), (false, 10), (true, 10)] {
            if every == 10 && how == "from the hundredth on" {
                continue;
            }
            let mut plugins = others.to_vec();
            plugins.push(asking(swallows, every).await);
            let ran = compare(&plugins, (Acting::Reader, model(fails)), None).await;
            let why = match swallows {
                true => "were not answered: the line is dead",
                false => "the line is dead",
            };
            has_no_result(&ran, "asking", why);
            assert_eq!(ran.finish.failed(), 0);

            // Nobody else is touched: as if it had not taken part, in the correction of p too.
            let (result, alone) = (ran.result(), without.result());
            assert_eq!(result.pairs, alone.pairs, "{how}, {swallows}, {every}");
            assert_eq!(result.detectable, alone.detectable);
            let ranks = |result: &SuiteResult| {
                let ranked = result
                    .strategies
                    .iter()
                    .filter(|one| one.strategy != "asking");
                let ranked = ranked.map(|one| (one.strategy.clone(), one.rank, one.quality));
                ranked.collect::<Vec<_>>()
            };
            assert_eq!(ranks(&result), ranks(&alone));
        }
    }
}

#[tokio::test]
async fn a_hiccup_in_hundred_calls_costs_no_result() {
    let once: Fails = |number, _| number == 7;
    for swallows in [false, true] {
        let plugins = [plain("plain", 3).await, asking(swallows, 1).await];
        let ran = compare(&plugins, (Acting::Reader, model(once)), None).await;
        assert_eq!(ran.broken(), BTreeSet::new());
        let result = ran.result();
        assert!(result.strategies[1].rank.is_some());
        assert_eq!(result.strategies[1].failures.is_some(), !swallows);
    }
}

#[tokio::test]
async fn where_the_first_plugin_is_broken_there_are_no_differences() {
    let plugins = [asking(false, 1).await, plain("plain", 3).await];
    let ran = compare(&plugins, (Acting::Reader, model(|_, _| true)), None).await;
    has_no_result(&ran, "asking", "120 of 120 distill calls failed");
    let result = ran.result();
    assert!(result.strategies.iter().all(|one| one.difference.is_none()));
    assert!(result.strategies[1].rank.is_some());
    let told = "there are no differences to asking, because it has no result";
    assert!(result.caveats.iter().any(|caveat| caveat.starts_with(told)));
}

#[tokio::test]
async fn an_agent_that_does_not_answer_gives_nobody_a_rank_floors_included() {
    let plugins = [plain("plain", 3).await];
    let every_tenth: Fails = |number, _| number.is_multiple_of(10);
    let ran = compare(&plugins, (Acting::Model, model(every_tenth)), None).await;
    has_no_result(&ran, "plain", "act calls failed");
    let result = ran.result();
    assert!(result.strategies.iter().all(|one| one.rank.is_none()));
    assert!(result.pairs.is_empty() && result.detectable.is_none());
    let floors = result.strategies.iter().filter(|one| one.floor);
    for floor in floors {
        let mark = format!("{} (", floor.strategy);
        let marked =
            |caveat: &String| caveat.starts_with(&mark) && caveat.contains("has no result");
        assert!(result.caveats.iter().any(marked), "{:?}", result.caveats);
    }
}

#[tokio::test]
async fn only_broken_cells_are_run_again() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    // The first run's two requests a lesson go well, and the second seed's fail.
    let dies: Fails = |number, _| number >= 2 * TASKS;
    let plugins = [plain("plain", 3).await, asking(true, 1).await];
    let first = compare(&plugins, (Acting::Reader, model(dies)), Some(&files)).await;
    let second_seed = "asking on test, seed 1".to_owned();
    assert_eq!(first.broken(), BTreeSet::from([second_seed]));
    has_no_result(&first, "asking", "60 of 120 requests of distill");

    let healthy = model(|_, _| false);
    let again = compare(&plugins, (Acting::Reader, healthy), Some(&files)).await;
    assert_eq!(again.broken(), BTreeSet::new());
    let asked: u64 = again.result().strategies[1]
        .model
        .values()
        .map(|cost| cost.calls)
        .sum();
    assert_eq!(asked, 4 * TASKS as u64, "of both seeds");
    let reports = |ran: &Ran| -> Vec<CellOutcome> {
        let outcomes = ran.finish.outcomes.iter();
        let finished = outcomes.filter(|outcome| matches!(outcome, CellOutcome::Finished(_)));
        finished.cloned().collect()
    };
    // What had been finished is what it was, times included.
    let kept = reports(&first);
    assert!(kept.iter().all(|report| reports(&again).contains(report)));
    assert!(again.result().strategies[1].rank.is_some());
}
