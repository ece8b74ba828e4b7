//! `memhost aa`: a strategy against itself.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use memhost_eval::compare::aa::{AaError, AaResult, AaTest, COMPARISONS};
use memhost_eval::compare::report::number::{milliseconds, plural, score};
use memhost_eval::compare::statistics::Interval;
use memhost_eval::compare::{Contestant, MOST_REPETITIONS, Stop};
use memhost_eval::driver::Testbed;

use super::compare::{self, Agent, Cast, Wanted};
use super::plugins::Choice;
use super::setup::{self, ConfigFile};
use super::{Failure, bars, outage, output};

/// Where the reader's luck makes two runs of the same strategy differ, and a run takes a fraction of a second.
const DEFAULT_SUITE: &str = "routing";

/// An A/A test keeps nothing.
const STORE: &str = "memory://";

const EXAMPLES: &str = "\
Examples:
  memhost aa
      the floor without memory: do the statistics find differences where there are none?
  memhost aa rag --seeds 5
      a strategy with luck of its own, with as many seeds as it takes to see that";

/// Why an A/A test fails.
#[derive(Debug, thiserror::Error)]
enum Trouble {
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

/// Compare a strategy with itself, and say how often a difference is found where there is none.
///
/// The two sides do the same work 200 times, on tasks that a generator makes anew each time. Fails if p is at most .05
/// in less than 2 or more than 8 of 100. One seed a side cannot show the luck of a run, so that a strategy that has
/// some fails; with `--seeds 5` that is allowed for, and p may be as small more rarely. Nothing is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// A path to a `.wasm` file, or the name of a plugin [default: the floor without memory].
    #[arg(value_name = "PLUGIN")]
    plugin: Option<String>,
    /// A built-in suite that a generator makes; see `memhost suite list`.
    #[arg(long, value_name = "SUITE", default_value = DEFAULT_SUITE)]
    suite: String,
    /// Seeds a side.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=u64::from(MOST_REPETITIONS)))]
    seeds: u64,
    /// A parameter of the plugin; `memhost inspect` lists them.
    #[arg(long = "set", value_name = "PLUGIN.PARAMETER=VALUE")]
    choices: Vec<Choice>,
    /// What answers strategies that ask a language model: `extractive`, `none`, or `openai:<model>`.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Who acts on the guidance and is scored: the suite's frozen reader, or the language model of the role `agent`.
    #[arg(long, value_name = "WHO", default_value = "reader")]
    agent: Agent,
    /// What embeds keys and queries: `builtin`, `local:<folder>`, or `openai:<model>`.
    #[arg(long, value_name = "EMBEDDER")]
    embedder: Option<String>,
    /// Comparisons that run at a time [default: one per processor].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Test without checking first that the plugin keeps the contract; see `memhost check`.
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
///
/// # Errors
/// If the strategy differs from itself too often or too rarely, or cannot be run.
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut config = options.config.load()?;
    if let Some(model) = &options.model {
        config.set_model(model).map_err(Failure::usage)?;
    }
    if let Some(embedder) = &options.embedder {
        config.set_embedder(embedder).map_err(Failure::usage)?;
    }
    let engine = setup::engine(&config)?;
    let wanted = Wanted {
        plugins: options.plugin.as_slice(),
        choices: &options.choices,
        checked: !options.no_check,
        replay: None,
        agent: options.agent,
    };
    // Boxed, as what runs them is: the compiler follows futures within futures only so far.
    let cast = Box::pin(Cast::new(wanted, &config, &engine)).await?;
    let test = AaTest {
        subject: cast.plugins.into_iter().next(),
        suite: options.suite,
        seeds: options.seeds,
    };
    let embedder = config.embedder().await.map_err(Failure::failed)?;
    let testbed = compare::testbed(&config, cast.models, embedder, STORE, cast.acting).await?;
    Box::pin(measure(test, testbed, compare::jobs(options.jobs))).await
}

/// Runs the test and says what it found.
async fn measure(test: AaTest, testbed: Testbed, jobs: NonZeroUsize) -> Result<(), Failure> {
    let progress = Progress::new();
    let result = tokio::select! {
        result = test.run(&testbed, jobs, |done| progress.done(done)) => result,
        stop = outage::stop(&testbed, |what| progress.say(what)) => {
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
