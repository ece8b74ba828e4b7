//! What a report says it can find, it finds; and what is not there, it does not.

use std::sync::Arc;

use memhost::Lance;
use memhost::embedding::Builtin;
use memhost::limits::Limits;
use memhost::model::{Models, NoModel};
use memhost::settings;
use memhost::store::Store;
use memhost_eval::compare::summary::{Decision, Pair, Setup, SuiteResult};
use memhost_eval::compare::{
    CellOutcome, Comparison, Conditions, Contest, Contestant, Design, Finish, Report,
};
use memhost_eval::driver::{self, Acting, CellReport, Progress, TaskOrder, Testbed, Told};
use memhost_eval::floors::floors;
use memhost_suite::{Suite, generate};

/// How often a made suite is compared on, and by whom.
struct Plan {
    /// The floor that all strategies are copies of.
    subject: &'static str,
    strategies: &'static [&'static str],
    seeds: u64,
    runs: u64,
}

/// What came of it, in runs.
#[derive(Debug, Default)]
struct Found {
    /// The strategy that was lifted is told apart from all others, as the better one.
    planted: u64,
    /// Any two of the strategies as they were are told apart.
    nothing: u64,
}

struct Unseen;

impl Progress for Unseen {
    fn advance(&self, _done: usize, _total: usize) {}
}

/// This floor as a plugin, under each of these names.
async fn copies(suite: &Suite, plan: &Plan) -> Vec<Contestant> {
    let floor = floors(suite)
        .into_iter()
        .find(|floor| floor.description().name == plan.subject)
        .unwrap();
    let defaults = settings::defaults(&floor.description().parameters);
    let mut copies = Vec::new();
    for name in plan.strategies {
        let copy = Contestant::plugin(floor.clone(), defaults.clone()).await;
        copies.push(copy.unwrap().named(name));
    }
    copies
}

/// Runs a comparison of a strategy with copies of itself, each under seeds of its own, as if these were the same.
async fn compare(plan: &Plan, number: u64, testbed: &Testbed) -> (Design, Finish) {
    let suite = generate::suite("routing", number).unwrap();
    let comparison = Comparison {
        run: format!("planted-{number}"),
        contests: vec![Contest {
            contestants: copies(&suite, plan).await,
            suite: Arc::new(suite),
            inapplicable: Vec::new(),
        }],
        seeds: plan.seeds,
        orders: 1,
        most_memories: None,
        unfit: Vec::new(),
    };
    let design = Design::of(&comparison, &Conditions::of(testbed), Vec::new());
    let mut outcomes = Vec::new();
    for (seed, mut planned) in (1_000 * number..).zip(comparison.cells(&design)) {
        planned.cell.repetition.seed = seed;
        let report = driver::run_cell(&planned.cell, testbed, &Unseen).await;
        outcomes.push(CellOutcome::Finished(Box::new(report.unwrap())));
    }
    let interrupted = false;
    (
        design,
        Finish {
            outcomes,
            interrupted,
            outage: None,
        },
    )
}

fn reported(design: &Design, finish: &Finish) -> SuiteResult {
    Report::new(design, finish, &Setup::default())
        .suites
        .remove(0)
}

/// Makes hits of as many misses, evenly spread, as lift the mean by `lift`; of all of them, where there are fewer.
fn lift_scores(report: &mut CellReport, metric: &str, lift: f64) {
    let questions = report.tasks.len();
    let mut scores: Vec<&mut f64> = report
        .tasks
        .iter_mut()
        .filter_map(|task| task.scores.get_mut(metric))
        .filter(|score| **score == 0.0)
        .collect();
    let misses = scores.len();
    let wanted = misses.min((lift * questions as f64).ceil() as usize);
    for (seen, score) in scores.iter_mut().enumerate() {
        if (seen + 1) * wanted / misses > seen * wanted / misses {
            **score = 1.0;
        }
    }
}

/// Compares, then lifts the first strategy by twice the smallest difference that the report says it finds.
fn found(plan: &Plan) -> Found {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let embedder = Arc::new(Builtin::default());
        let testbed = Testbed {
            store: Store::open(&folder.path().to_string_lossy(), embedder.clone(), &Lance)
                .await
                .unwrap(),
            models: Arc::new(Models::all(Arc::new(NoModel))),
            embedder,
            limits: Limits::default(),
            acting: Acting::Reader,
            order: TaskOrder::default(),
            told: Told::default(),
        };
        let mut found = Found::default();
        for number in 0..plan.runs {
            let (design, mut finish) = compare(plan, number, &testbed).await;
            let before = reported(&design, &finish);
            let metric = before.primary.clone();
            let apart = |pair: &Pair| pair.decision(&metric) != Decision::Undecided;
            found.nothing += u64::from(before.pairs.iter().any(apart));
            let detectable = before.detectable.unwrap().after.unwrap();
            for outcome in finish.outcomes.iter_mut().step_by(plan.strategies.len()) {
                let CellOutcome::Finished(report) = outcome else {
                    panic!("all cells were run");
                };
                lift_scores(report, &metric, 2.0 * detectable);
            }
            let after = reported(&design, &finish);
            let (first, others) = plan.strategies.split_first().unwrap();
            let beats = |other: &&str| {
                let pair = after.pair(first, other).unwrap();
                pair.decision(&metric) == Decision::Better
            };
            found.planted += u64::from(others.iter().all(beats));
        }
        println!("{found:?} of {} runs", plan.runs);
        found
    })
}

/// Four strategies make six pairs, which p is corrected for. Told apart where there is nothing: in .05 of runs by
/// chance, 11 of 100 is three binomial standard errors more.
#[test]
fn an_effect_of_twice_the_smallest_detectable_one_is_found() {
    let found = found(&Plan {
        subject: "none",
        strategies: &["a", "b", "c", "d"],
        seeds: 1,
        runs: 100,
    });
    assert!(found.planted >= 80 && found.nothing <= 11, "{found:?}");
}

/// The floor `dense` has luck: whom it sends first decides what it learns.
#[test]
fn it_is_found_where_runs_differ_by_luck_and_luck_is_not() {
    let found = found(&Plan {
        subject: "dense",
        strategies: &["a", "b"],
        seeds: 5,
        runs: 20,
    });
    assert!(found.planted >= 16 && found.nothing <= 4, "{found:?}");
}
