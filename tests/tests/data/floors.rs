//! Runs the floors of a suite through the driver, over a store of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use memhost::Lance;
use memhost::embedding::{Builtin, Embedder};
use memhost::limits::Limits;
use memhost::model::{Models, NoModel};
use memhost::store::Store;
use memhost_eval::driver::{
    Acting, Cell, CellReport, Progress, Repetition, TaskOrder, Testbed, Told, run_cell,
};
use memhost_eval::floors::floors;
use memhost_suite::{Scores, Suite, aggregate};

/// What a floor reached, by metric.
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub fn has(&self, metric: &str) -> bool {
        self.0.contains_key(metric)
    }
}

impl Index<&str> for Figures {
    type Output = f64;

    fn index(&self, metric: &str) -> &f64 {
        &self.0[metric]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures: Vec<String> = self
            .0
            .iter()
            .map(|(metric, value)| format!("{metric} {value:.3}"))
            .collect();
        f.write_str(&figures.join(", "))
    }
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _done: usize, _total: usize) {}
}

/// Every floor over these seeds, with the built-in embedder; over one stream, if it is named.
pub fn measure(
    suite: &Suite,
    seeds: std::ops::Range<u64>,
    stream: Option<&str>,
) -> BTreeMap<String, Figures> {
    run(suite, seeds, stream, Arc::new(Builtin::default()), None)
}

/// The dense floor alone, with another embedder.
pub fn with_vectors(suite: &Suite, embedder: Arc<dyn Embedder>) -> BTreeMap<String, Figures> {
    run(suite, 1..2, None, embedder, Some("dense"))
}

fn run(
    suite: &Suite,
    seeds: std::ops::Range<u64>,
    stream: Option<&str>,
    embedder: Arc<dyn Embedder>,
    only: Option<&str>,
) -> BTreeMap<String, Figures> {
    let metrics = suite.metrics();
    let of_stream =
        |task: &str| stream.is_none_or(|stream| task.starts_with(&format!("{stream}/")));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    reports(suite, seeds, embedder, &wanted)
        .into_iter()
        .map(|(name, reports)| {
            let tasks = reports.iter().flat_map(|(_, report)| &report.tasks);
            let scores: Vec<&Scores> = tasks
                .filter(|task| of_stream(&task.task))
                .map(|task| &task.scores)
                .collect();
            let values = metrics
                .iter()
                .filter_map(|metric| Some((metric.clone(), aggregate(metric, &scores)?)));
            (name, Figures(values.collect()))
        })
        .collect()
}

/// What the floors of these names measured, by seed.
pub fn reports(
    suite: &Suite,
    seeds: std::ops::Range<u64>,
    embedder: Arc<dyn Embedder>,
    wanted: &dyn Fn(&str) -> bool,
) -> BTreeMap<String, Vec<(u64, CellReport)>> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let suite = Arc::new(suite.clone());
    runtime.block_on(async {
        let store = Store::open(&folder.path().to_string_lossy(), embedder.clone(), &Lance)
            .await
            .unwrap();
        let testbed = Testbed {
            store,
            models: Arc::new(Models::all(Arc::new(NoModel))),
            embedder,
            limits: Limits::default(),
            acting: Acting::Reader,
            order: TaskOrder::default(),
            told: Told::default(),
        };
        let mut reports: BTreeMap<String, Vec<(u64, CellReport)>> = BTreeMap::new();
        for floor in floors(&suite) {
            let name = floor.description().name.clone();
            if !wanted(&name) {
                continue;
            }
            for seed in seeds.clone() {
                let cell = Cell {
                    strategy: floor.clone(),
                    settings: Vec::new(),
                    suite: suite.clone(),
                    repetition: Repetition { seed, order: 0 },
                    id: format!("{name}-{seed}"),
                    most_memories: None,
                };
                let report = run_cell(&cell, &testbed, &Silent).await.unwrap();
                assert_eq!(report.failures, Vec::<String>::new());
                reports
                    .entry(name.clone())
                    .or_default()
                    .push((seed, report));
            }
        }
        reports
    })
}
