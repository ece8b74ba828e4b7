//! `memhost inspect`: what a plugin is, before it runs.

use std::fmt::Write as _;

use memhost::contract::{Description, Parameter, Plan};
use memhost::engine::{Plugin, assemble};
use memhost::settings;
use memhost::strategy::{CallError, Phases, Strategy};
use memhost_base::visible;
use memhost_eval::compare::report::number::{count, milliseconds};
use memhost_eval::compare::{plan_text, runs_text};

use super::output::{self, Format};
use super::setup::ConfigFile;
use super::{Failure, plugins, setup};

const EXAMPLES: &str = "\
Examples:
  memhost inspect rag
  memhost inspect ./mine.wasm --format json
  memhost inspect guard+rag";

/// Show what a plugin is: its plan, its parameters, and what it imports and exports.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// A path to a `.wasm` file, or the name of a plugin. `guard(rag)` or `guard+rag` is a plugin in a wrapper.
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// How it is printed.
    #[arg(long, default_value = "table")]
    format: Format,
    #[command(flatten)]
    config: ConfigFile,
}

/// What is known of a plugin; the field names are what `--format json` prints.
#[derive(serde::Serialize)]
struct Inspection<'a> {
    digest: &'a str,
    /// Of the outermost, where there are wrappers.
    #[serde(flatten)]
    file: File<'a>,
    description: &'a Description,
    phases: Phases,
    /// What it asks the host to run, with every parameter at its default; absent if it then has no plan.
    plan: Option<Plan>,
    imports: &'a [String],
    exports: &'a [String],
    /// What the outermost wraps, from outside to inside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wraps: Vec<Inside<'a>>,
}

/// A plugin inside of a wrapper.
#[derive(serde::Serialize)]
struct Inside<'a> {
    name: &'a str,
    digest: &'a str,
    /// Whether it stands in the file of what wraps it.
    composed: bool,
    #[serde(flatten)]
    file: File<'a>,
}

/// What is known of a component: of a file, where they are not composed.
#[derive(serde::Serialize)]
struct File<'a> {
    size_bytes: u64,
    /// The version of the contract that it was built against.
    contract: &'a str,
    /// Whether the file is a core module, which was made into a component.
    core_module: bool,
    /// Milliseconds of compiling it, or of mapping what was compiled before.
    compile_ms: f64,
    /// Whether it was compiled before.
    from_cache: bool,
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let config = options.config.load()?;
    let engine = setup::engine(&config)?;
    let files = plugins::files(&options.plugin).map_err(Failure::usage)?;
    let layers = files.load(&engine).await.map_err(Failure::failed)?;
    let Some((outermost, inside)) = layers.split_first() else {
        return Ok(());
    };
    let strategy = assemble(layers.clone()).map_err(Failure::failed)?;
    // Only the last file can be composed.
    let in_files_of_their_own = files.files().len() - 1;
    let wraps = inside.iter().enumerate();
    let defaults = settings::defaults(&strategy.description().parameters);
    let plan = strategy.plan(&defaults).await;
    let inspection = Inspection {
        digest: strategy.digest(),
        file: file(outermost),
        description: strategy.description(),
        phases: strategy.phases(),
        plan: plan.as_ref().ok().cloned(),
        imports: outermost.imports(),
        exports: outermost.exports(),
        wraps: wraps
            .map(|(place, plugin)| wrapped(plugin, place >= in_files_of_their_own))
            .collect(),
    };
    match options.format {
        Format::Table => output::print_folded(&text(&inspection, &plan)),
        Format::Json => output::print_json(&inspection),
    }
}

fn file(plugin: &Plugin) -> File<'_> {
    File {
        size_bytes: plugin.size(),
        contract: plugin.contract_version(),
        core_module: plugin.is_core_module(),
        compile_ms: plugin.compiled().took.as_secs_f64() * 1e3,
        from_cache: plugin.compiled().from_cache,
    }
}

fn wrapped(plugin: &Plugin, composed: bool) -> Inside<'_> {
    Inside {
        composed,
        name: plugin.name(),
        digest: plugin.digest(),
        file: file(plugin),
    }
}

impl File<'_> {
    /// In a line.
    fn told(&self) -> String {
        let kind = match self.core_module {
            true => "core module",
            false => "component",
        };
        let compiled = match self.from_cache {
            true => "mapped from the cache in",
            false => "compiled in",
        };
        format!(
            "{kind} of {} bytes for contract {}, {compiled} {}",
            count(self.size_bytes as f64),
            self.contract,
            milliseconds(self.compile_ms)
        )
    }
}

fn text(inspection: &Inspection<'_>, plan: &Result<Plan, CallError>) -> String {
    let Description {
        name,
        version,
        summary,
        source,
        parameters,
        requires,
        degraded,
    } = inspection.description;
    let shown = visible::line;
    let (version, summary) = (shown(version), shown(summary));
    let mut text = format!("{name} {version}: {summary}\n");
    let mut line = |title: &str, value: &str| {
        let _ = writeln!(text, "  {title:<10} {}", shown(value));
    };
    line("source", source);
    line("digest", inspection.digest);
    line("file", &inspection.file.told());
    for inside in &inspection.wraps {
        let place = match inside.composed {
            true => "in the same file, ",
            false => "",
        };
        line(
            "wraps",
            &format!("{}, {}a {}", inside.name, place, inside.file.told()),
        );
    }
    line("phases", &phases(inspection.phases).join(", "));
    match plan {
        Ok(plan) => {
            line("plan", &plan_text(plan));
            line("runs", &runs_text(plan));
        }
        Err(error) => line("plan", &format!("none with these defaults: {error}")),
    }
    line("requires", &or_nothing(requires).join(", "));
    for how in degraded {
        line("degraded", how);
    }
    for (title, names) in [
        ("imports", inspection.imports),
        ("exports", inspection.exports),
    ] {
        for (place, name) in or_nothing(names).iter().enumerate() {
            line(if place == 0 { title } else { "" }, name);
        }
    }
    let named = plugins::with_plus(name);
    let _ = writeln!(text, "\nparameters, for --set {named}.<name>=<value>");
    if parameters.is_empty() {
        text.push_str("  none\n");
    }
    for parameter in parameters {
        let _ = writeln!(
            text,
            "  {} = {} ({})\n      {}",
            shown(&parameter.name),
            shown(&settings::display(&parameter.default)),
            shown(&possible_values(parameter)),
            shown(&parameter.doc)
        );
    }
    text
}

/// What a parameter can be, in words.
fn possible_values(parameter: &Parameter) -> String {
    match &parameter.range {
        Some(range) => settings::range_name(range),
        None => settings::type_name(&parameter.default).to_owned(),
    }
}

fn phases(phases: Phases) -> Vec<String> {
    let all = [
        (phases.retrieve, "retrieve"),
        (phases.distill, "distill"),
        (phases.update, "update"),
        (phases.evict, "evict"),
        (phases.maintain, "maintain"),
        (phases.compact, "compact"),
    ];
    let present: Vec<String> = all
        .into_iter()
        .filter(|(present, _)| *present)
        .map(|(_, name)| name.to_owned())
        .collect();
    or_nothing(&present)
}

fn or_nothing(names: &[String]) -> Vec<String> {
    if names.is_empty() {
        vec!["nothing".to_owned()]
    } else {
        names.to_vec()
    }
}
