//! `memhost compare`: strategies on suites, side by side.

mod cost;
mod prepared;
mod printing;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::ValueEnum;

pub(super) use prepared::{Cast, Prepared, Wanted};
pub(super) use printing::{Format, show, write_reports};

use memhost::Lance;
use memhost::config::Config;
use memhost::embedding::Embedder;
use memhost::model::{Cassette, Models};
use memhost::store::Store;
use memhost::strategy::fault_text;
use memhost_base::clock::{self, ClockError};
use memhost_eval::compare::manifest::Shard;
use memhost_eval::compare::summary::Costs;
use memhost_eval::compare::{
    CellOutcome, Contestant, Finish, MOST_REPETITIONS, PlannedCell, Report,
};
use memhost_eval::driver::{self, Acting, Broken, Testbed};
use memhost_suite::Suite;

use super::plugins::Choice;
use super::setup::{ConfigFile, StoreFlags};
use super::{Failure, output, scratch, setup, suite};

const EXAMPLES: &str = "\
Examples:
  memhost compare rag reasoningbank
  memhost compare rag reasoningbank --suite evidence --set rag.mode=dense --seeds 5
  memhost compare ./mine.wasm rag --suite bfcl:data/bfcl_memory --output results
  memhost compare reasoningbank matts=reasoningbank --set matts.scaling=parallel
  memhost compare rag --model openai:gpt-4.1-mini --format csv > results.csv
  memhost compare reasoningbank --model openai:gpt-4.1-mini --record run.cassette
  memhost compare reasoningbank --replay run.cassette
  memhost compare rag --suite first=locomo:2024 --suite corrected=locomo:2025
  memhost compare rag reasoningbank --seeds 10 --shard 3/8 --output results/3

Every plugin is checked before it is compared, as by `memhost check`. One that fails is listed under the \
table with the reason, and not ranked. That a plugin passed is kept beside the compiled code.

With --output, every finished cell (strategy x suite x seed x order) is kept in DIR/cells. An interrupted \
comparison goes on where it was when the same command is run again; the report is in \
DIR/report.html, which needs no other file and no network, and in DIR/report.{txt,csv}; for programs, \
DIR/results.json holds everything that is known, DIR/results.parquet every single score. DIR/manifest.json \
says what was compared and what came of it: `memhost reproduce DIR` runs it again and says whether every \
number is the same.

A strategy of which too much failed has no result: no score, rank, interval or p. Too much is more than 2 % of \
the calls of one phase (retrieve, distill, update, ...), or of its requests to a language model for one \
purpose. The report says what failed, and the exit code is 1; with --output, the same command runs such cells \
again, and no others. Before anything is run, every model that is configured is asked one small question, if \
a strategy needs one. An endpoint that does not answer is said within seconds; one that is over (its quota is \
used up, it refuses the key, it has not answered for as long as `give_up_after_ms` allows) stops the run, and \
the same command goes on with it.

With --shard I/N, N processes share the work, each with a DIR of its own and otherwise the same \
command; `memhost report DIR...` makes one report of all of them.

A cassette holds every model call as a line of JSON, whole requests and replies, and never a key. \
A replay asks nobody: it gives the same report, byte for byte, however often it is run. Because it \
waits for no model, it shows no times, no run name and no --jobs. A call that the cassette does not \
hold is an error that names it. Vectors of an --embedder behind an endpoint are not on the cassette: \
such an embedder is asked in a replay too.

--format csv prints the columns suite, lane, strategy, floor, seeds, measure, value, low, high, \
difference, difference_low, difference_high, tasks, groups, p_corrected, p_to_first, rank, lost, gained, \
recovery, no_result. A measure is a metric of the suite or a cost per run:";

/// The costs stand in the help as reports call them.
fn explained() -> String {
    let costs: Vec<&str> = Costs::names().collect();
    let costs = costs.join(", ");
    format!("{EXAMPLES} {costs}. results.json has them under the same names.")
}

/// Compare strategies on suites, and say which is better, by how much, and how sure that is.
///
/// Every strategy meets the same tasks in the same order, and the host's floors take part everywhere.
/// Differences are to the first plugin.
#[derive(Debug, clap::Args)]
#[command(after_help = explained())]
pub struct Options {
    /// A path to a `.wasm` file, or the name of a plugin; with NAME= before it, it takes part under that name. One that
    /// is called like a floor is shown as `NAME (plugin)`. `guard(rag)` or `guard+rag` is a plugin in a wrapper, whose
    /// parameters are those of the wrapper and, as `inner.NAME`, those of the plugin.
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// A built-in suite, `<format>:<path>`, a `.jsonl` file, or `all` for every built-in one; with NAME= before it, it
    /// takes part under that name, so that two releases of a data set can be compared. May be given several times, or
    /// separated by commas: a comma belongs to a path where a file is there with it, or where no suite follows. See
    /// `memhost suite list` [default: all].
    #[arg(help_heading = "Work", long = "suite", value_name = "SUITE")]
    suites: Vec<String>,
    /// Seeds per strategy and suite: each decides anew all that is left to chance, the order of the tasks included.
    #[arg(help_heading = "Work", long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=u64::from(MOST_REPETITIONS)))]
    seeds: u64,
    /// Runs per seed, each with the tasks in another order and everything else as it was.
    #[arg(help_heading = "Work", long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_REPETITIONS)))]
    orders: u32,
    /// In which order the tasks come that may be shuffled.
    #[arg(
        help_heading = "Work",
        long,
        value_name = "ORDER",
        default_value = "shuffled"
    )]
    order: TaskOrder,
    /// Which outcomes strategies hear of.
    #[arg(
        help_heading = "Work",
        long,
        value_name = "WHICH",
        default_value = "all"
    )]
    told: Told,
    /// A parameter of a plugin; `memhost inspect` lists them.
    #[arg(
        help_heading = "Strategies",
        long = "set",
        value_name = "PLUGIN.PARAMETER=VALUE"
    )]
    choices: Vec<Choice>,
    /// What answers strategies that ask a language model: `extractive`, `none`, or `openai:<model>`.
    #[arg(help_heading = "Models", long, value_name = "MODEL")]
    model: Option<String>,
    /// Who acts on the guidance and is scored: the suite's frozen reader, which needs no model, or the language model
    /// of the role `agent`, whose answers are checked [default: reader].
    #[arg(
        help_heading = "Models",
        long,
        value_name = "WHO",
        default_value = "reader",
        hide_default_value = true
    )]
    agent: Agent,
    /// Refuses, before anything is run, a comparison that is expected to make more model calls than this.
    #[arg(help_heading = "Models", long, value_name = "N")]
    most_model_calls: Option<u64>,
    /// Record every model call to a cassette; one that was recorded with the same models is continued.
    #[arg(help_heading = "Models", long, value_name = "FILE", value_parser = setup::path, conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Answer every model call from a cassette, with the models that it was recorded with.
    #[arg(help_heading = "Models", long, value_name = "FILE", value_parser = setup::path, conflicts_with = "model")]
    replay: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Store")]
    store: StoreFlags,
    /// Where finished cells and the report are kept [default: nowhere].
    #[arg(help_heading = "Results", long, value_name = "DIR", value_parser = setup::result_directory)]
    output: Option<PathBuf>,
    /// How the report is printed.
    #[arg(help_heading = "Results", long, default_value = "table")]
    format: Format,
    /// The most memories that a strategy may keep per stream [default: unlimited].
    #[arg(help_heading = "Work", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    memories: Option<u32>,
    /// Cells that run at a time [default: one per processor].
    #[arg(help_heading = "Running", long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Run every N-th cell only, from the I-th on: one part of a comparison that several processes or machines share.
    #[arg(
        help_heading = "Running",
        long,
        value_name = "I/N",
        requires = "output"
    )]
    shard: Option<Shard>,
    /// Compare without checking first that each plugin keeps the contract; see `memhost check`.
    #[arg(help_heading = "Strategies", long)]
    no_check: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Options {
    /// Runs of each strategy, suite and seed.
    fn runs_per_seed(&self) -> u32 {
        driver::TaskOrder::from(self.order).runs(self.orders)
    }
}

/// Who acts on the guidance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Agent {
    /// The suite's frozen reader.
    Reader,
    /// The language model of the role `agent`.
    Model,
}

impl From<Agent> for Acting {
    fn from(agent: Agent) -> Acting {
        match agent {
            Agent::Reader => Acting::Reader,
            Agent::Model => Acting::Model,
        }
    }
}

/// In which order the tasks of a suite come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TaskOrder {
    /// Decided by the seed.
    Shuffled,
    /// Those first that were solved most often on record.
    EasyFirst,
    /// Those first that were solved least often on record.
    HardFirst,
    /// Easy ones first, and once more hard ones first: how much a result owes to the order.
    Both,
    /// As the data has them, which may give answers away.
    Given,
}

impl From<TaskOrder> for driver::TaskOrder {
    fn from(order: TaskOrder) -> driver::TaskOrder {
        match order {
            TaskOrder::Shuffled => driver::TaskOrder::Shuffled,
            TaskOrder::EasyFirst => driver::TaskOrder::EasyFirst,
            TaskOrder::HardFirst => driver::TaskOrder::HardFirst,
            TaskOrder::Both => driver::TaskOrder::Both,
            TaskOrder::Given => driver::TaskOrder::Given,
        }
    }
}

impl From<driver::TaskOrder> for TaskOrder {
    fn from(order: driver::TaskOrder) -> TaskOrder {
        match order {
            driver::TaskOrder::Shuffled => TaskOrder::Shuffled,
            driver::TaskOrder::EasyFirst => TaskOrder::EasyFirst,
            driver::TaskOrder::HardFirst => TaskOrder::HardFirst,
            driver::TaskOrder::Both => TaskOrder::Both,
            driver::TaskOrder::Given => TaskOrder::Given,
        }
    }
}

/// Which outcomes strategies hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Told {
    /// All of them.
    All,
    /// All but those of failures.
    Successes,
}

impl From<Told> for driver::Told {
    fn from(told: Told) -> driver::Told {
        match told {
            Told::All => driver::Told::All,
            Told::Successes => driver::Told::Successes,
        }
    }
}

impl From<driver::Told> for Told {
    fn from(told: driver::Told) -> Told {
        match told {
            driver::Told::All => Told::All,
            driver::Told::Successes => Told::Successes,
        }
    }
}

/// Why a comparison has no or only part of a result.
#[derive(Debug, thiserror::Error)]
enum CompareError {
    #[error(
        "two of the suites are called `{name}`: give each a name of its own, as in\n  \
         --suite {first} --suite {second}"
    )]
    SameSuite {
        name: String,
        first: String,
        second: String,
    },
    #[error(
        "strategy `{0}` cannot work without a language model, and there is none: \
         choose --model extractive or --model openai:<model>"
    )]
    NoModel(String),
    #[error(
        "strategy `{strategy}` needs a language model, and one that is configured cannot be asked, so that nothing was \
         run: {reason}"
    )]
    ModelNotReady { strategy: String, reason: String },
    #[error("--agent model needs a language model, and {0} is none: choose --model openai:<model>")]
    NoAgent(String),
    #[error(
        "this comparison is expected to make {expected} model calls, and at most {most} are allowed: \
         take fewer suites or seeds, or raise --most-model-calls"
    )]
    TooDear { expected: u64, most: u64 },
    #[error(
        "none of the plugins can be run on any of the suites, for the reasons above; where a language model has to act, \
             let it with --agent model"
    )]
    NothingApplies,
    #[error("interrupted: {finished} of {cells} cells are finished; {advice}")]
    Interrupted {
        finished: usize,
        cells: usize,
        advice: &'static str,
    },
    #[error(
        "the run was stopped, with {finished} of {cells} cells finished, because every further one would fail: {reason}; \
         {advice}"
    )]
    Outage {
        finished: usize,
        cells: usize,
        reason: String,
        advice: &'static str,
    },
    #[error(
        "{broken} of {cells} cells have no result, because too much of them failed, so that their strategies are not \
         ranked; the first: {first}; when the cause is gone, {advice}"
    )]
    CellsBroken {
        broken: usize,
        cells: usize,
        first: Broken,
        advice: &'static str,
    },
    #[error("{failed} of {cells} cells could not be run; the report says why")]
    CellsFailed { failed: usize, cells: usize },
}

impl CompareError {
    /// The advice repeats what was given, without a name that it had, as a shell takes it.
    fn same(name: &str, first: &str, second: &str) -> CompareError {
        let named = |number: u8, given: &str| {
            let given = given.strip_prefix(&format!("{name}=")).unwrap_or(given);
            let renamed = format!("{name}-{number}={given}");
            match renamed.contains(char::is_whitespace) {
                true => format!("'{renamed}'"),
                false => renamed,
            }
        };
        CompareError::SameSuite {
            name: name.to_owned(),
            first: named(1, first),
            second: named(2, second),
        }
    }
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut config = options.config.load()?;
    options.store.apply(&mut config)?;
    if let Some(model) = &options.model {
        config.set_model(model).map_err(Failure::usage)?;
    }
    let mut prepared = Prepared::new(&options, config).await?;
    let result = run_and_report(&options, &mut prepared).await;
    result.and(prepared.close().await)
}

/// Suites by name, and these names: `all` is every built-in one.
fn load_suites(names: &[String]) -> Result<(Vec<String>, Vec<Suite>), Failure> {
    let builtin = memhost_suite::builtin();
    let all = || builtin.iter().map(|suite| suite.name);
    let given = names.iter().flat_map(|name| memhost_suite::split(name));
    let names: Vec<String> = match names {
        [] => all().map(str::to_owned).collect(),
        _ => given
            .flat_map(|name| match name.as_str() {
                "all" => all().map(str::to_owned).collect(),
                _ => vec![name],
            })
            .collect(),
    };
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut suites = Vec::new();
    for name in &names {
        let suite = Suite::load(name).map_err(suite::failure)?;
        if let Some(first) = known.insert(suite.name.clone(), name) {
            return Err(Failure::usage(CompareError::same(&suite.name, first, name)));
        }
        suites.push(suite);
    }
    Ok((names, suites))
}

/// A comparison that cannot end well is not begun: where a strategy needs a model, or goes on with less without one,
/// every model that is configured answers, whichever role it has.
async fn check_models(
    plugins: &[Contestant],
    models: &Models,
    acting: Acting,
) -> Result<(), Failure> {
    let needs_one = |plugin: &&Contestant| {
        let description = plugin.strategy.description();
        acting == Acting::Model || description.requires.iter().any(|wanted| wanted == "llm")
    };
    let may_ask = |plugin: &&Contestant| !plugin.strategy.description().degraded.is_empty();
    let needs = plugins.iter().find(needs_one);
    if let Some(plugin) = needs
        && models.agent.name() == "none"
    {
        let strategy = plugin.name().to_owned();
        return Err(Failure::usage(CompareError::NoModel(strategy)));
    }
    let Some(plugin) = needs.or_else(|| plugins.iter().find(may_ask)) else {
        return Ok(());
    };
    let strategy = plugin.name().to_owned();
    models.ready().await.map_err(|fault| {
        let reason = fault_text(&fault);
        Failure::failed(CompareError::ModelNotReady { strategy, reason })
    })
}

/// An agent is a language model, not a stand-in for one.
fn check_agent(acting: Acting, models: &Models) -> Result<(), Failure> {
    let agent = &models.agent;
    let none = agent.name() == "none" || agent.caveat().is_some();
    match acting {
        Acting::Model if none => {
            let name = agent.name().to_owned();
            Err(Failure::usage(CompareError::NoAgent(name)))
        }
        Acting::Model | Acting::Reader => Ok(()),
    }
}

/// Where memories are kept: as configured, else with the output, else nowhere once the comparison is over.
struct StorePlace {
    uri: String,
    /// Removed when dropped.
    temporary: Option<tempfile::TempDir>,
}

impl StorePlace {
    fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    fn choose(config: &Config, output: Option<&Path>) -> Result<StorePlace, Failure> {
        let kept = config
            .store
            .uri
            .clone()
            .or_else(|| output.map(|directory| directory.join("store").display().to_string()));
        if let Some(uri) = kept {
            return Ok(StorePlace {
                uri,
                temporary: None,
            });
        }
        let temporary = scratch::directory().map_err(Failure::failed)?;
        Ok(StorePlace {
            uri: temporary.path().join("store").display().to_string(),
            temporary: Some(temporary),
        })
    }
}

pub(super) async fn testbed(
    config: &Config,
    models: Arc<Models>,
    embedder: Arc<dyn Embedder>,
    store: &str,
    acting: Acting,
) -> Result<Testbed, Failure> {
    let store = Store::open(store, embedder.clone(), &Lance)
        .await
        .map_err(Failure::failed)?;
    say_warnings(&store);
    Ok(Testbed {
        models,
        limits: config.limits.clone(),
        acting,
        ..Testbed::new(store, embedder)
    })
}

/// What was found damaged in a store, which whoever runs the command reads about.
pub(super) fn say_warnings(store: &Store) {
    for warning in store.warnings() {
        output::say(format_args!("warning: {warning}"));
    }
}

/// How many cells run at a time.
pub(super) fn jobs(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    let processors = || std::thread::available_parallelism().ok();
    asked.or_else(processors).unwrap_or(NonZeroUsize::MIN)
}

async fn run_and_report(options: &Options, prepared: &mut Prepared) -> Result<(), Failure> {
    let shard = options.shard.unwrap_or(Shard::WHOLE);
    let finish = prepared.run(|place, _| shard.holds(place)).await?;
    if shard == Shard::WHOLE {
        let manifest = &prepared.manifest;
        let report = Report::new(&manifest.design, &finish, &manifest.part.setup());
        if finish.ran() > 0 {
            show(&report, options.format)?;
        }
        if let Some(directory) = &options.output {
            write_reports(directory, &report, &manifest.design, &finish)?;
        }
    } else if let Some(directory) = &options.output {
        output::say(format_args!(
            "shard {shard}: {} of {} cells are finished in `{}`; when all shards are, `memhost report` with their \
             directories makes one report of them",
            finish.finished(),
            finish.outcomes.len(),
            directory.display()
        ));
    }
    verdict(&finish, options.output.is_some())
}

/// What a replay found, without the times of cells that were measured earlier. One that missed a call is no replay,
/// and has no result.
fn replayed(cassette: &Cassette, finish: Finish) -> Result<Finish, Failure> {
    if let Some(error) = cassette.trouble() {
        return Err(Failure::failed(error));
    }
    let unused = cassette.unused();
    if let Some((cell, calls)) = unused.first().filter(|_| !finish.interrupted) {
        output::say(format_args!(
            "warning: {} of the replayed cells asked for less than was recorded, the first `{cell}`, for {calls} calls \
             less: they are not the recorded runs",
            unused.len()
        ));
    }
    Ok(finish.without_times())
}

/// Cells that an earlier run finished are not run, and thus not recorded.
fn warn_of_unrecorded(cassette: &Cassette, cells: &[PlannedCell], finish: &Finish) {
    let asks = |outcome: &CellOutcome| matches!(outcome, CellOutcome::Finished(report) if !report.model.is_empty());
    let unrecorded = cells
        .iter()
        .zip(&finish.outcomes)
        .filter(|(cell, outcome)| asks(outcome) && !cassette.holds(&cell.key.scope()))
        .count();
    if unrecorded > 0 {
        output::say(format_args!(
            "warning: {unrecorded} cells were finished by an earlier run and are not on the cassette; to have them \
             recorded, choose another --output"
        ));
    }
}

/// Each model's caveat once.
fn model_caveats(models: &Models) -> Vec<String> {
    let all = [
        &models.agent,
        &models.strongest,
        &models.judge,
        &models.cheap,
    ];
    let caveats: BTreeSet<String> = all
        .into_iter()
        .filter_map(|model| model.caveat().map(str::to_owned))
        .collect();
    caveats.into_iter().collect()
}

/// Whether everything that was asked for was done.
pub(super) fn verdict(finish: &Finish, kept: bool) -> Result<(), Failure> {
    let cells = finish.outcomes.len();
    if finish.interrupted {
        let finished = finish.finished();
        let advice = match kept {
            true => "run the same command again to go on",
            false => "nothing is kept; with --output DIR it would be",
        };
        return Err(Failure::failed(match &finish.outage {
            None => CompareError::Interrupted {
                finished,
                cells,
                advice,
            },
            Some(reason) => CompareError::Outage {
                finished,
                cells,
                reason: reason.clone(),
                advice,
            },
        }));
    }
    if let Some(first) = finish.broken().next() {
        return Err(Failure::failed(CompareError::CellsBroken {
            broken: finish.broken().count(),
            cells,
            first,
            advice: match kept {
                true => "the same command runs these cells again, and no others",
                false => "run it again; with --output DIR, these cells alone would be",
            },
        }));
    }
    match finish.failed() {
        0 => Ok(()),
        failed => Err(Failure::failed(CompareError::CellsFailed { failed, cells })),
    }
}

/// Unique among runs that share a store: milliseconds since 1970 and the process, in hexadecimal.
fn run_name() -> Result<String, ClockError> {
    let now = clock::since_1970(SystemTime::now())?.as_millis();
    Ok(format!("{now:x}-{:x}", std::process::id()))
}
