//! `memhost compare --aa`: a strategy against itself.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;

use indicatif::ProgressBar;

use super::{Failure, interrupt, output};
use crate::compare::Contestant;
use crate::compare::aa::{ACCEPTED, AaError, AaResult, AaTest, COMPARISONS};
use crate::compare::report::number::{plural, score};
use crate::compare::statistics::Interval;
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
        "{0} does the same under every seed on this suite, so that nothing was tested: choose another suite, such as \
         {DEFAULT_SUITE}"
    )]
    NothingDiffers(String),
    #[error(
        "a strategy was told apart from itself in {rate} of comparisons, and should be in {least} to {most}: {advice}",
        least = ACCEPTED.start(), most = ACCEPTED.end()
    )]
    WrongSize { rate: String, advice: &'static str },
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
    let bar = match std::io::stderr().is_terminal() {
        true => ProgressBar::new(COMPARISONS),
        false => ProgressBar::hidden(),
    };
    let result = tokio::select! {
        result = test.run(&surroundings, jobs, |done| bar.set_position(done)) => result,
        () = interrupt::interrupted() => return Err(Failure::failed(Trouble::Interrupted)),
    };
    bar.finish_and_clear();
    let result = result.map_err(|error| match error {
        AaError::NoGenerator(_) => Failure::usage(error),
        AaError::Driver(_) | AaError::Broken(_) => Failure::failed(error),
    })?;
    let name = test
        .subject
        .as_ref()
        .map_or("none (floor)", Contestant::name);
    output::print(&said(name, &test, &result))?;
    verdict(name, &test, &result)
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
    if result.is_accepted() {
        return Ok(());
    }
    let too_often = result.rate() > *ACCEPTED.end();
    Err(Failure::failed(Trouble::WrongSize {
        rate: score(result.rate()),
        advice: match (too_often, test.seeds) {
            (false, _) => "its scores differ too little for the test to see",
            (true, 1) => {
                "its runs differ by more than their tasks explain; with several --seeds the test allows for that"
            }
            (true, _) => "do not believe small differences on this suite, or take more --seeds",
        },
    }))
}
