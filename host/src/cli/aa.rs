//! `memhost compare --aa`: a strategy against itself.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, bars, outage, output};
use crate::compare::aa::{AaError, AaResult, AaTest, COMPARISONS};
use crate::compare::report::number::{milliseconds, plural, score};
use crate::compare::statistics::Interval;
use crate::compare::{Contestant, Stop};
use crate::driver::Surroundings;

/// Where the reader's luck makes two runs of the same strategy differ, and a run takes a fraction of a second.
const DEFAULT_SUITE: &str = "routing";

/// Why an A/A test fails.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("an A/A test is of one strategy, and there are {0}")]
    SeveralPlugins(usize),
    #[error("an A/A test is of one suite, and there are {0}")]
    SeveralSuites(usize),
    #[error("interrupted: an A/A test keeps nothing")]
    Interrupted,
    #[error(
        "an A/A test keeps nothing, and was stopped, because every further comparison would fail: {0}"
    )]
    Outage(String),
    #[error(
        "{0} does the same under every seed on this suite, so that nothing was tested: choose another suite, such as \
         {DEFAULT_SUITE}"
    )]
    NothingDiffers(String),
    #[error(
        "a strategy was told apart from itself in {rate} of comparisons, and should be in {least} to {most}: {advice}",
        least = accepted.start(), most = accepted.end()
    )]
    WrongSize {
        rate: String,
        accepted: RangeInclusive<f64>,
        advice: &'static str,
    },
}

/// What is to be tested.
///
/// # Errors
/// If that is more than one strategy, or more than one suite.
pub fn chosen(plugins: &[Contestant], suites: &[String], seeds: u64) -> Result<AaTest, Failure> {
    let subject = match plugins {
        [] => None,
        [one] => Some(one.clone()),
        several => return Err(Failure::usage(Trouble::SeveralPlugins(several.len()))),
    };
    let suite = match suites {
        [] => DEFAULT_SUITE.to_owned(),
        [one] => one.clone(),
        several => return Err(Failure::usage(Trouble::SeveralSuites(several.len()))),
    };
    Ok(AaTest {
        subject,
        suite,
        seeds,
    })
}

/// Runs the test and says what it found.
///
/// # Errors
/// If the strategy differs from itself too often or too rarely.
pub async fn run(
    test: AaTest,
    surroundings: Surroundings,
    jobs: NonZeroUsize,
) -> Result<(), Failure> {
    let progress = Progress::new();
    let result = tokio::select! {
        result = test.run(&surroundings, jobs, |done| progress.done(done)) => result,
        stop = outage::stop(&surroundings, |what| progress.say(what)) => {
            return Err(Failure::failed(match stop {
                Stop::Asked => Trouble::Interrupted,
                Stop::Outage(reason) => Trouble::Outage(reason),
            }));
        }
    };
    progress.bar.finish_and_clear();
    let result = result.map_err(|error| match error {
        AaError::NoGenerator(_) => Failure::usage(error),
        AaError::Store(_) | AaError::Driver(_) | AaError::Broken(_) | AaError::NoResult { .. } => {
            Failure::failed(error)
        }
    })?;
    let name = test
        .subject
        .as_ref()
        .map_or("none (floor)", Contestant::name);
    output::print_folded(&said(name, &test, &result))?;
    verdict(name, &test, &result)
}

/// A bar on a terminal, elsewhere a line now and then; with the time that is left.
struct Progress {
    bar: ProgressBar,
    lines: bool,
    start: Instant,
}

impl Progress {
    /// Comparisons to a line.
    const LINE: u64 = 20;

    fn new() -> Progress {
        let lines = !std::io::stderr().is_terminal();
        let bar = match lines {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(Some(COMPARISONS), bars::target()),
        };
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} comparisons, {eta} left");
        Progress {
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())),
            lines,
            start: Instant::now(),
        }
    }

    fn say(&self, what: &str) {
        self.bar.suspend(|| output::say(what));
    }

    fn done(&self, done: u64) {
        self.bar.set_position(done);
        if self.lines && done.is_multiple_of(Progress::LINE) && done < COMPARISONS {
            let each = self.start.elapsed().as_secs_f64() / done as f64;
            let left = milliseconds(1e3 * each * (COMPARISONS - done) as f64);
            output::say(format_args!(
                "{done} of {COMPARISONS} comparisons, about {left} left"
            ));
        }
    }
}

fn said(name: &str, test: &AaTest, result: &AaResult) -> String {
    let all = result.comparisons;
    let rate = |hits: u64, interval: Option<Interval>| {
        let interval = interval.map_or_else(String::new, |Interval { low, high }| {
            format!(" [{}, {}]", score(low), score(high))
        });
        format!(
            "{hits} of {all}, {}{interval}",
            score(hits as f64 / all as f64)
        )
    };
    let [of_test, of_interval] = result.intervals();
    format!(
        "{name} against itself on {all} suites that {} made, {} a side\n\
         p is at most .05:        {}\n\
         the interval leaves 0 out: {}\n",
        test.suite,
        plural(test.seeds as usize, "seed", "seeds"),
        rate(result.by_test, of_test),
        rate(result.by_interval, of_interval),
    )
}

fn verdict(name: &str, test: &AaTest, result: &AaResult) -> Result<(), Failure> {
    if result.differing == 0 {
        let name = name.to_owned();
        return Err(Failure::failed(Trouble::NothingDiffers(name)));
    }
    let accepted = test.accepted();
    if accepted.contains(&result.rate()) {
        return Ok(());
    }
    let too_often = result.rate() > *accepted.end();
    Err(Failure::failed(Trouble::WrongSize {
        rate: score(result.rate()),
        accepted,
        advice: match (too_often, test.seeds) {
            (false, _) => "its scores differ too little for the test to see",
            (true, 1) => {
                "its runs differ by more than their tasks explain, which one run a side cannot show; with --seeds 5 the \
                 test allows for that"
            }
            (true, _) => "do not believe small differences on this suite, or take more --seeds",
        },
    }))
}
