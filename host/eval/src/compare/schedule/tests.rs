use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use memhost::contract::{Agent, Outcome};
use memhost::embedding::{Builtin, EmbeddingError};
use memhost::store::{InMemory, Store};
use tokio::sync::Notify;

use super::*;
use crate::compare::testing;

/// Gives every cell a score of its own, and remembers which cells it ran.
#[derive(Default)]
struct Fake {
    ran: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// Cells with these labels do not get through.
    misfits: BTreeSet<(String, Misfit)>,
    /// Cells with these labels end with all their lessons lost.
    breaks: BTreeSet<String>,
    /// From the n-th cell on, cells never end, and this is told.
    hangs: Option<(usize, Arc<Notify>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Misfit {
    Plan,
    Panic,
    Store,
    Embedder,
}

impl Fake {
    fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }
}

#[async_trait]
impl Runner for Fake {
    async fn run(
        &self,
        cell: &PlannedCell,
        progress: &dyn Progress,
    ) -> Result<CellReport, DriverError> {
        let label = cell.key.label();
        let number = {
            let mut ran = self.ran.lock().unwrap();
            ran.push(label.clone());
            ran.len()
        };
        if let Some((from, told)) = &self.hangs
            && number >= *from
        {
            told.notify_one();
            return pending().await;
        }
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        progress.advance(1, 1);
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let misfit = |kind| self.misfits.contains(&(label.clone(), kind));
        if misfit(Misfit::Panic) {
            panic!("a bug");
        } else if misfit(Misfit::Store) {
            let full = StoreError::Full {
                path: "store".to_owned(),
                reason: "no room left".to_owned(),
            };
            return Err(full.into());
        } else if misfit(Misfit::Embedder) {
            let gone = EmbeddingError {
                embedder: "openai:e".to_owned(),
                message: "the connection is refused".to_owned(),
            };
            return Err(StoreError::Embedding(gone).into());
        } else if misfit(Misfit::Plan) {
            return Err(DriverError::Plan {
                strategy: cell.key.strategy.clone(),
                suite: cell.key.suite.clone(),
                reason: "there is one agent only".to_owned(),
            });
        }
        match self.breaks.contains(&label) {
            true => Ok(testing::broken(&[0.0])),
            false => Ok(report_of(&cell.key)),
        }
    }
}

/// A report that tells cells apart.
fn report_of(key: &CellKey) -> CellReport {
    let score = (key.strategy.len() as f64 + key.repetition.seed as f64) / 100.0;
    testing::report(&[score, 0.5])
}

/// Remembers what it heard.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn add(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn count(&self, beginning: &str) -> usize {
        let heard = self.0.lock().unwrap();
        heard
            .iter()
            .filter(|text| text.starts_with(beginning))
            .count()
    }
}

impl Watcher for Heard {
    fn restored(&self, key: &CellKey) {
        self.add(format!("restored {}", key.label()));
    }

    fn damaged(&self, reason: &str) {
        self.add(format!("damaged {reason}"));
    }

    fn started(&self, key: &CellKey) -> Box<dyn Progress> {
        self.add(format!("started {}", key.label()));
        Box::new(Silent)
    }

    fn finished(&self, key: &CellKey, _report: &CellReport) {
        self.add(format!("finished {}", key.label()));
    }

    fn broken(&self, key: &CellKey, broken: &Broken) {
        self.add(format!("broken {}: {broken}", key.label()));
    }

    fn failed(&self, key: &CellKey, reason: &str) {
        self.add(format!("failed {}: {reason}", key.label()));
    }

    fn failing(&self, what: &str) {
        self.add(format!("failing {what}"));
    }
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _done: usize, _total: usize) {}
}

fn planned() -> Vec<PlannedCell> {
    testing::cells(&testing::comparison(2))
}

async fn run_all(
    runner: Arc<Fake>,
    files: Option<&CellFiles>,
    jobs: usize,
    heard: &Heard,
) -> Result<Finish, RunError> {
    let jobs = NonZeroUsize::new(jobs).unwrap();
    run(&planned(), runner, files, jobs, heard, pending()).await
}

#[tokio::test]
async fn every_cell_runs_once_and_its_report_stands_in_its_place() {
    let (runner, heard) = (Arc::new(Fake::default()), Heard::default());
    let finish = run_all(runner.clone(), None, 4, &heard).await.unwrap();
    let expected: Vec<_> = planned()
        .iter()
        .map(|cell| CellOutcome::Finished(Box::new(report_of(&cell.key))))
        .collect();
    assert_eq!(finish.outcomes, expected);
    assert!(!finish.interrupted);
    assert_eq!(runner.ran().len(), 6);
    assert_eq!(heard.count("finished"), 6);
}

#[tokio::test]
async fn no_more_cells_run_at_a_time_than_allowed() {
    for jobs in [1, 2, 5] {
        let runner = Arc::new(Fake::default());
        run_all(runner.clone(), None, jobs, &Heard::default())
            .await
            .unwrap();
        assert_eq!(runner.most_at_once.load(Ordering::SeqCst), jobs);
    }
}

#[tokio::test]
async fn a_second_run_runs_nothing_and_gives_the_same() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    let first = run_all(Arc::default(), Some(&files), 2, &Heard::default())
        .await
        .unwrap();
    let (runner, heard) = (Arc::new(Fake::default()), Heard::default());
    let second = run_all(runner.clone(), Some(&files), 2, &heard)
        .await
        .unwrap();
    assert_eq!(first, second);
    assert!(runner.ran().is_empty());
    assert_eq!(heard.count("restored"), 6);
}

#[tokio::test]
async fn an_interrupted_run_keeps_what_is_finished_and_the_next_goes_on() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    let hanging = Arc::new(Notify::new());
    let runner = Arc::new(Fake {
        hangs: Some((3, hanging.clone())),
        ..Fake::default()
    });
    let stop = async move {
        hanging.notified().await;
        Stop::Asked
    };
    let one = NonZeroUsize::MIN;
    let finish = run(
        &planned(),
        runner,
        Some(&files),
        one,
        &Heard::default(),
        stop,
    )
    .await
    .unwrap();
    assert!(finish.interrupted);
    assert_eq!(finish.finished(), 2);
    assert_eq!(finish.outcomes[2], CellOutcome::NotRun);

    let (runner, heard) = (Arc::new(Fake::default()), Heard::default());
    let finish = run_all(runner.clone(), Some(&files), 1, &heard)
        .await
        .unwrap();
    assert_eq!((finish.finished(), finish.interrupted), (6, false));
    assert_eq!(heard.count("restored"), 2);
    let again: Vec<_> = planned()[2..].iter().map(|cell| cell.key.label()).collect();
    assert_eq!(runner.ran(), again);
}

#[tokio::test]
async fn a_damaged_cell_is_reported_and_run_again() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    run_all(Arc::default(), Some(&files), 2, &Heard::default())
        .await
        .unwrap();
    let damaged = planned()[1].key.clone();
    let path = output
        .path()
        .join(format!("cells/{}.json", damaged.digest()));
    std::fs::write(&path, "{").unwrap();

    let (runner, heard) = (Arc::new(Fake::default()), Heard::default());
    let finish = run_all(runner.clone(), Some(&files), 2, &heard)
        .await
        .unwrap();
    assert_eq!(finish.finished(), 6);
    assert_eq!(heard.count("damaged"), 1);
    assert_eq!(runner.ran(), [damaged.label()]);
    assert!(matches!(files.load(&damaged), Kept::Finished(_)));
}

#[tokio::test]
async fn a_broken_cell_is_kept_as_evidence_and_alone_run_again() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    let broken = planned()[4].key.clone();
    let breaking = || {
        Arc::new(Fake {
            breaks: BTreeSet::from([broken.label()]),
            ..Fake::default()
        })
    };
    let (first, heard) = (breaking(), Heard::default());
    let finish = run_all(first.clone(), Some(&files), 2, &heard)
        .await
        .unwrap();
    assert_eq!(
        (finish.finished(), finish.ran(), finish.failed()),
        (5, 6, 0)
    );
    assert!(matches!(finish.outcomes[4], CellOutcome::Broken(_)));
    let told = "broken reasoningbank on transfer, seed 1: 3 of 3 distill calls failed: task `t0`: no reply";
    assert_eq!((heard.count(told), heard.count("finished")), (1, 5));
    assert!(matches!(files.load(&broken), Kept::Broken { .. }));

    // Still broken, then mended.
    for (runner, finished) in [(breaking(), 5), (Arc::new(Fake::default()), 6)] {
        let heard = Heard::default();
        let finish = run_all(runner.clone(), Some(&files), 2, &heard)
            .await
            .unwrap();
        assert_eq!(finish.finished(), finished);
        assert_eq!(runner.ran(), [broken.label()]);
        assert_eq!((heard.count("restored"), heard.count("damaged `")), (5, 1));
    }
    assert!(matches!(files.load(&broken), Kept::Finished(_)));
}

#[tokio::test]
async fn an_outage_stops_a_run_in_which_cells_end_at_once() {
    let runner = Arc::new(Fake::default());
    let stop = async { Stop::Outage("the quota is used up".to_owned()) };
    let one = NonZeroUsize::MIN;
    let finish = run(
        &planned(),
        runner.clone(),
        None,
        one,
        &Heard::default(),
        stop,
    )
    .await
    .unwrap();
    assert!(finish.interrupted);
    assert_eq!(finish.outage.as_deref(), Some("the quota is used up"));
    assert!(runner.ran().len() < planned().len());
}

fn with_misfit(kind: Misfit) -> Arc<Fake> {
    Arc::new(Fake {
        misfits: BTreeSet::from([("rag on transfer, seed 1".to_owned(), kind)]),
        ..Fake::default()
    })
}

#[tokio::test]
async fn a_cell_that_fails_costs_that_cell_and_is_tried_again() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    for (kind, reason) in [
        (Misfit::Plan, "there is one agent only"),
        (Misfit::Panic, "which is a bug of memhost: a bug"),
    ] {
        let heard = Heard::default();
        let finish = run_all(with_misfit(kind), Some(&files), 2, &heard)
            .await
            .unwrap();
        assert_eq!((finish.finished(), finish.failed()), (5, 1));
        assert!(!finish.interrupted);
        let CellOutcome::Failed(told) = &finish.outcomes[3] else {
            panic!("{:?}", finish.outcomes[3]);
        };
        assert!(told.contains(reason), "{told}");
        assert_eq!(heard.count("failed rag on transfer, seed 1: "), 1);
    }
}

#[tokio::test]
async fn a_store_that_fails_ends_the_comparison() {
    let error = run_all(with_misfit(Misfit::Store), None, 1, &Heard::default())
        .await
        .unwrap_err();
    let told = chain(&error);
    assert!(
        told.starts_with(
            "the store failed while rag on transfer, seed 1 was running\n  caused by: "
        ),
        "{told}"
    );
    assert!(told.contains("no room left"), "{told}");
}

#[tokio::test]
async fn where_nothing_embeds_any_more_the_run_stops_and_can_go_on() {
    let output = tempfile::tempdir().unwrap();
    let files = CellFiles::open(output.path()).unwrap();
    let finish = run_all(
        with_misfit(Misfit::Embedder),
        Some(&files),
        1,
        &Heard::default(),
    )
    .await
    .unwrap();
    assert!(finish.interrupted);
    assert_eq!((finish.finished(), finish.failed()), (3, 0));
    let outage = finish.outage.unwrap();
    assert!(outage.contains("the connection is refused"), "{outage}");
    let healthy = Arc::new(Fake::default());
    let finish = run_all(healthy.clone(), Some(&files), 1, &Heard::default())
        .await
        .unwrap();
    assert_eq!((finish.finished(), healthy.ran().len()), (6, 3));
}

fn attempt(id: &str) -> Attempt {
    let task = testing::suite(1).streams[0].stages[0].episodes[0]
        .task
        .clone();
    Attempt::new(id, task, Agent::new("a", "m"), Outcome::known(true))
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_kept_once_for_each_suite_that_a_cell_runs_on() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    let embedder = Arc::new(Builtin::default());
    let store = Store::open(uri, embedder.clone(), &InMemory::default())
        .await
        .unwrap();
    let runner = HostRunner {
        testbed: Testbed::new(store, embedder),
        cassette: None,
        run: "run".to_owned(),
        kept: Default::default(),
    };
    let mut ran = testing::suite(2);
    ran.streams[0].stages[0].episodes[0].attempts = vec![attempt("1"), attempt("2")];
    let mut other = ran.clone();
    other.name = "other".to_owned();
    let journals = || {
        let folders = std::fs::read_dir(home.path().join("journal")).unwrap();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    let mut sizes = Vec::new();
    for suite in [&ran, &ran, &other, &ran] {
        runner.keep_attempts(suite).await.unwrap();
        sizes.push(journals());
    }
    assert!(0 < sizes[0] && sizes[0] == sizes[1], "{sizes:?}");
    assert!(sizes[1] < sizes[2] && sizes[2] == sizes[3], "{sizes:?}");
}
