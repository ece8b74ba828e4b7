//! What is seen of a comparison while it runs: bars on a terminal, one line per cell elsewhere. All of it goes
//! to standard error.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use memhost_base::visible;
use memhost_eval::compare::report::number::{milliseconds, plural, probability, score};
use memhost_eval::compare::statistics::{LEVEL, detectable_before, smallest_p};
use memhost_eval::compare::{CellKey, Watcher};
use memhost_eval::driver::{Broken, CellReport, Cost, Progress};

use super::{bars, output};

/// What suits standard error.
pub fn watcher(cells: usize) -> Box<dyn Watcher> {
    if std::io::stderr().is_terminal() {
        Box::new(Bars::new(cells))
    } else {
        Box::new(Lines {
            cells,
            tally: Mutex::default(),
        })
    }
}

/// What a strategy's plan is expected to cost on a suite, before anything is run.
pub fn expected(strategy: &str, suite: &str, repetitions: u64, cost: &Cost) {
    let times = |number: u64, one: &str| plural(number as usize, one, &format!("{one}s"));
    output::say(format_args!(
        "{strategy} on {suite}: {} x {} x {}{}, about {}",
        times(cost.tasks, "task"),
        times(cost.runs_per_task, "run"),
        times(cost.rounds, "round"),
        match repetitions {
            1 => String::new(),
            _ => format!(" x {}", times(repetitions, "repetition")),
        },
        times(cost.model_calls.saturating_mul(repetitions), "model call"),
    ));
}

/// What a comparison on a suite will be able to find, before anything is run.
pub fn detectable(suite: &str, group_sizes: &[usize], comparisons: usize) {
    let (tasks, groups) = (group_sizes.iter().sum::<usize>(), group_sizes.len());
    let size = format!(
        "{suite}: {} in {}",
        plural(tasks, "question", "questions"),
        plural(groups, "group", "groups")
    );
    let corrected = format!(
        "after correction for {}",
        plural(comparisons, "pair", "pairs")
    );
    let smallest = smallest_p(groups, comparisons);
    match detectable_before(group_sizes, comparisons) {
        Some(least) => output::say(format_args!(
            "{size}: any difference from {} on is found, {corrected}, by cautious reckoning from counts alone (power .8 at .05)",
            score(least)
        )),
        None if smallest > LEVEL => output::say(format_args!(
            "{size}: no difference can be found, because {corrected}, p is never below {}",
            probability(Some(smallest))
        )),
        None => output::say(format_args!(
            "{size}: too few to be sure of finding any difference, {corrected}"
        )),
    }
}

/// How many cells are done.
#[derive(Default)]
struct Tally {
    restored: usize,
    done: usize,
    /// Whether it has been said how many were restored.
    said: bool,
}

impl Tally {
    /// Says once that a comparison is continued.
    fn continuing(&mut self, cells: usize) -> Option<String> {
        let first = !std::mem::replace(&mut self.said, true);
        (first && self.restored > 0).then(|| {
            format!(
                "continuing: {} of {cells} cells are finished",
                self.restored
            )
        })
    }
}

/// One line per cell.
struct Lines {
    cells: usize,
    tally: Mutex<Tally>,
}

impl Lines {
    fn tally<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(
            &mut self
                .tally
                .lock()
                .unwrap_or_else(|broken| broken.into_inner()),
        )
    }

    fn done(&self, text: &str) {
        let done = self.tally(|tally| {
            tally.done += 1;
            tally.restored + tally.done
        });
        output::say(format_args!("[{done}/{}] {text}", self.cells));
    }
}

impl Watcher for Lines {
    fn restored(&self, _key: &CellKey) {
        self.tally(|tally| tally.restored += 1);
    }

    fn damaged(&self, reason: &str) {
        output::say(run_again(reason));
    }

    fn started(&self, _key: &CellKey) -> Box<dyn Progress> {
        if let Some(text) = self.tally(|tally| tally.continuing(self.cells)) {
            output::say(text);
        }
        Box::new(Unseen)
    }

    fn finished(&self, key: &CellKey, report: &CellReport) {
        self.done(&format!("{}: {}", key.label(), time(report.wall)));
    }

    fn broken(&self, key: &CellKey, broken: &Broken) {
        self.done(&no_result(key, broken));
    }

    fn failed(&self, key: &CellKey, reason: &str) {
        self.done(&format!("{}: failed: {reason}", key.label()));
    }

    fn failing(&self, what: &str) {
        output::say(what);
    }
}

fn no_result(key: &CellKey, broken: &Broken) -> String {
    format!("{}: no result: {broken}", key.label())
}

fn run_again(reason: &str) -> String {
    format!("{reason}; the cell is run again")
}

fn time(wall: Option<Duration>) -> String {
    wall.map_or_else(
        || "replayed".to_owned(),
        |wall| milliseconds(wall.as_secs_f64() * 1e3),
    )
}

/// Nobody looks at what happens within a cell.
struct Unseen;

impl Progress for Unseen {
    fn advance(&self, _done: usize, _total: usize) {}
}

/// One bar for all cells, and one per cell that is running.
struct Bars {
    all: MultiProgress,
    cells: ProgressBar,
}

impl Bars {
    fn new(cells: usize) -> Bars {
        let all = MultiProgress::with_draw_target(bars::target());
        let total = all.add(ProgressBar::new(cells as u64));
        total.set_style(style("{bar:30} {pos}/{len} cells, {elapsed}, {eta} left"));
        total.enable_steady_tick(Duration::from_millis(500));
        Bars { all, cells: total }
    }

    fn say(&self, text: &str) {
        // Above the bars; a terminal that has gone away has no reader either.
        let _ = self.all.println(visible::remark(text));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.cells.finish_and_clear();
    }
}

/// A style; what cannot be parsed is replaced by indicatif's own.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

impl Watcher for Bars {
    fn restored(&self, _key: &CellKey) {
        self.cells.inc(1);
        // What is left takes as long as what is run now, not as what was run before.
        self.cells.reset_eta();
    }

    fn damaged(&self, reason: &str) {
        self.say(&run_again(reason));
    }

    fn started(&self, key: &CellKey) -> Box<dyn Progress> {
        let bar = self.all.add(ProgressBar::new(0));
        bar.set_style(style("{bar:30} {pos}/{len} {msg}"));
        bar.set_message(key.label());
        Box::new(CellBar(bar))
    }

    fn finished(&self, _key: &CellKey, _report: &CellReport) {
        self.cells.inc(1);
    }

    fn broken(&self, key: &CellKey, broken: &Broken) {
        self.cells.inc(1);
        self.say(&no_result(key, broken));
    }

    fn failed(&self, key: &CellKey, reason: &str) {
        self.cells.inc(1);
        self.say(&format!("{}: failed: {reason}", key.label()));
    }

    fn failing(&self, what: &str) {
        self.say(what);
    }
}

/// A running cell's bar; gone with the cell.
struct CellBar(ProgressBar);

impl Progress for CellBar {
    fn advance(&self, done: usize, total: usize) {
        self.0.set_length(total as u64);
        self.0.set_position(done as u64);
    }
}

impl Drop for CellBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
