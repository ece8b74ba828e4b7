//! The A/A test: a strategy against itself. What a comparison finds there, it finds where there is nothing.
//!
//! Each comparison is of a generated suite that no other one is of, and its two sides run the same strategy over the
//! same tasks under seeds that nothing else runs under: orders, the strategy's random bits and the reader's all
//! differ, as they do between two strategies. The scores then go through the same test as those of a real
//! comparison. It must find a difference about as often as its level says, .05.
//!
//! With one seed a side, a strategy that has luck is found to differ from itself more often: one run cannot show its
//! own luck, so that no test can allow for it. With several seeds, tests do, and find a difference more rarely than .05
//! where there is less luck than so few seeds could show.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use memhost::store::{Store, StoreError};
use memhost_suite::{Suite, generate};

use super::statistics::{Interval, LEVEL, Paired, Score, binomial_interval};
use super::{Contestant, NO_MEMORY};
use crate::driver::{self, Broken, Cell, CellReport, DriverError, Progress, Repetition, Testbed};
use crate::floors::floors;

/// How many comparisons are made.
pub const COMPARISONS: u64 = 200;

/// Where the false-positive rate of 200 comparisons must lie: two standard errors around .05.
const ACCEPTED: RangeInclusive<f64> = 0.02..=0.08;

/// A strategy that is to be compared with itself.
#[derive(Clone)]
pub struct AaTest {
    /// The strategy; `None` is the floor without memory, where only the reader's luck differs.
    pub subject: Option<Contestant>,
    /// Name of the generated suite.
    pub suite: String,
    /// How many seeds each side has.
    pub seeds: u64,
}

/// Why an A/A test has no result.
#[derive(Debug, thiserror::Error)]
pub enum AaError {
    /// There is no such generator.
    #[error("`{0}` is not made by a generator, and an A/A test needs new tasks for every comparison: choose one of {known}",
        known = generate::NAMES.join(", "))]
    NoGenerator(String),
    /// There is no room for memories.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A cell could not be run.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// So much of a run failed that it says nothing.
    #[error(
        "{strategy} has no result under seed {seed}, and what fails cannot be tested: {broken}"
    )]
    NoResult {
        /// The strategy's name.
        strategy: String,
        /// Under which seed.
        seed: u64,
        /// What failed.
        broken: Broken,
    },
    /// A comparison ended without an answer: the host's own fault.
    #[error("a comparison broke off, which is a bug of memhost: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// The two sides of a comparison, a run per seed.
struct Sides {
    metric: String,
    ours: Vec<CellReport>,
    theirs: Vec<CellReport>,
}

/// What one comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    /// Whether any score differed.
    differs: bool,
    by_test: bool,
    by_interval: bool,
}

/// What an A/A test found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AaResult {
    /// How many comparisons were made.
    pub comparisons: u64,
    /// In how many any score differed at all.
    pub differing: u64,
    /// In how many p was at most .05.
    pub by_test: u64,
    /// In how many the interval left zero out.
    pub by_interval: u64,
}

impl AaResult {
    /// How often the test found a difference; not a number without comparisons.
    pub fn rate(&self) -> f64 {
        self.by_test as f64 / self.comparisons as f64
    }

    /// Of the rate of the test, and of that of the interval.
    pub fn intervals(&self) -> [Option<Interval>; 2] {
        [self.by_test, self.by_interval].map(|hits| binomial_interval(hits, self.comparisons))
    }
}

impl AaTest {
    /// How often a difference may be found. Rarely is as good as .05 where a test is careful because seeds are few.
    pub fn accepted(&self) -> RangeInclusive<f64> {
        match self.seeds {
            1 => ACCEPTED,
            _ => 0.0..=*ACCEPTED.end(),
        }
    }

    /// Makes all comparisons, `jobs` at a time; `heard` is told how many are done.
    ///
    /// # Errors
    /// If there is no such generator, or a cell cannot be run.
    pub async fn run(
        &self,
        testbed: &Testbed,
        jobs: NonZeroUsize,
        heard: impl Fn(u64),
    ) -> Result<AaResult, AaError> {
        let mut result = AaResult {
            comparisons: 0,
            differing: 0,
            by_test: 0,
            by_interval: 0,
        };
        let comparisons = futures::stream::iter(0..COMPARISONS).map(|number| {
            let (test, testbed) = (self.clone(), testbed.clone());
            let sides = async move { test.sides(number, &testbed).await };
            async { tokio::spawn(sides).await? }
        });
        let mut comparisons = comparisons.buffer_unordered(jobs.get());
        while let Some(sides) = comparisons.try_next().await? {
            let found = sides.found();
            result.comparisons += 1;
            result.differing += u64::from(found.differs);
            result.by_test += u64::from(found.by_test);
            result.by_interval += u64::from(found.by_interval);
            heard(result.comparisons);
        }
        Ok(result)
    }

    /// Runs one of the comparisons.
    async fn sides(&self, number: u64, testbed: &Testbed) -> Result<Sides, AaError> {
        let testbed = Testbed {
            // A comparison keeps nothing, and does without a disk.
            store: Store::in_memory(testbed.embedder.clone()).await?,
            ..testbed.clone()
        };
        let suite = generate::suite(&self.suite, number)
            .ok_or_else(|| AaError::NoGenerator(self.suite.clone()))?;
        let suite = match testbed.acting {
            driver::Acting::Reader => suite,
            driver::Acting::Model => suite.for_a_model(),
        };
        let subject = match &self.subject {
            Some(plugin) => plugin.clone(),
            None => no_memory(&suite).await?,
        };
        let metric = suite.primary.clone();
        let suite = Arc::new(suite);
        let mut reports = Vec::new();
        for seed in 0..2 * self.seeds {
            let cell = Cell {
                strategy: subject.strategy.clone(),
                settings: subject.settings.clone(),
                suite: suite.clone(),
                repetition: Repetition {
                    seed: number * 2 * self.seeds + seed,
                    order: 0,
                },
                id: format!("aa-{number}-{seed}"),
                most_memories: None,
            };
            let report = driver::run_cell(&cell, &testbed, &Unseen).await?;
            if let Some(broken) = report.broken() {
                return Err(AaError::NoResult {
                    strategy: subject.name().to_owned(),
                    seed: cell.repetition.seed,
                    broken,
                });
            }
            reports.push(report);
        }
        let theirs = reports.split_off(reports.len() / 2);
        Ok(Sides {
            metric,
            ours: reports,
            theirs,
        })
    }
}

/// The floor that hands out nothing.
async fn no_memory(suite: &Suite) -> Result<Contestant, DriverError> {
    let mut floors = floors(suite).into_iter();
    let floor = floors.find(|floor| floor.description().name == NO_MEMORY);
    match floor {
        Some(floor) => Ok(Contestant::floor(floor).await?),
        None => Err(DriverError::Plan {
            strategy: NO_MEMORY.to_owned(),
            suite: suite.name.clone(),
            reason: "its lane has no such floor".to_owned(),
        }),
    }
}

impl Sides {
    /// The scores of ours and theirs, run by run, as if both had run under the same seeds.
    fn scores(&self) -> [Vec<Score<'_>>; 2] {
        [&self.ours, &self.theirs].map(|reports| {
            let tasks = reports
                .iter()
                .zip(0..)
                .flat_map(|(report, seed)| report.tasks.iter().map(move |task| (seed, task)));
            tasks
                .filter_map(|(seed, task)| {
                    Some(Score {
                        seed,
                        order: 0,
                        task: &task.task,
                        group: &task.group,
                        value: *task.scores.get(&self.metric)?,
                    })
                })
                .collect()
        })
    }

    fn found(&self) -> Found {
        let [ours, theirs] = self.scores();
        let Some(paired) = Paired::new(&ours, &theirs) else {
            return Found {
                differs: false,
                by_test: false,
                by_interval: false,
            };
        };
        let tally = paired.tally();
        let interval = paired.estimate().interval;
        Found {
            differs: tally.larger + tally.smaller > 0,
            by_test: paired.test().1.is_some_and(|p| p <= LEVEL),
            by_interval: interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0),
        }
    }
}

/// Nobody looks at what happens within a cell.
struct Unseen;

impl Progress for Unseen {
    fn advance(&self, _done: usize, _total: usize) {}
}
