//! `memhost serve`: a live host behind HTTP and MCP.

pub mod admission;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use memhost::Lance;
use memhost::config::{Config, LiveSection, ModelChoice, SlotMode, SlotSection};
use memhost::learning::{Configured, Grants};
use memhost::live::{self, Generation, Grant, Host, LiveError, LiveSettings, Mode};
use memhost::store::{KeepOpen, Store};
use memhost::strategy::Strategy;
use memhost_base::visible;
use memhost_serve::{OtlpGuard, OtlpLayer, Server};
use tracing_subscriber::Registry;

use super::plugins::{Choice, PluginDirectories};
use super::setup::{ConfigFile, StoreFlags};
use super::{Failure, interrupt, output, setup};
use admission::Admission;

const EXAMPLES: &str = "\
Examples:
  memhost serve --store memory --slot desk=rag
      a host on 127.0.0.1:4780, whose slot `desk` is answered by `rag`
  memhost serve --store memory
      the same again: slots, strategies and memories are in the store
  memhost serve --store memory --slot desk=rag --set desk.k=5
      with a parameter; `memhost inspect rag` lists them
  memhost slot swap desk reasoningbank --mode fresh
      another strategy answers, while agents call
  memhost key create --store memory --right admin
      the first key, before the server is started; from then on, every request needs one

An agent asks before it works (POST /v1/slots/desk/retrieve), tells what it did (…/record) and how that went (…/feedback); \
/openapi.json describes every request, and /mcp/desk is the same for MCP clients. What is answered is on the disk; it is \
learnt from in the background.

Only this machine can reach it, unless --listen says otherwise; that needs a key and `allowed_hosts` under [serve]. The first \
Ctrl-C (or SIGTERM) lets requests that are under way finish. Exit code 0 after that, 1 if it failed, 2 if it was asked wrongly.";

/// Run a live host, which agents call over HTTP and MCP.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// A slot and the plugin that answers there: a name, a path, or `guard+rag` for a plugin in a wrapper.
    #[arg(long = "slot", value_name = "NAME=PLUGIN", value_parser = slot)]
    slots: Vec<(String, String)>,
    /// A parameter of a slot's plugin.
    #[arg(long = "set", value_name = "SLOT.PARAMETER=VALUE", value_parser = choice)]
    choices: Vec<Choice>,
    /// Have the slots that --slot names follow the files of their plugins: each new build is checked, and answers.
    #[arg(long)]
    watch: bool,
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Have slots that were there before follow the configuration and --slot, by a swap; else what was swapped last counts.
    #[arg(long)]
    apply: bool,
    /// The language model that strategies ask: `extractive` (built in; it copies sentences), `none`, or `openai:<model>`.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Take plugins that do not pass `memhost check`, too.
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    config: ConfigFile,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
enum NotServed {
    #[error(
        "there is no slot, so that nobody could ask anything: give --slot NAME=PLUGIN, or a table [slot.NAME] in memhost.toml"
    )]
    NoSlot,
    #[error(
        "`{0}` is an object store, whose locks outlive a process that is killed: serve from a directory of this machine"
    )]
    ObjectStore(String),
    #[error("--set names slot `{slot}`, which is given by neither --slot nor [slot.{slot}]")]
    NoSuchSlot { slot: String },
    #[error("cannot listen at {address}: {source}; --listen names another")]
    NoPort {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("slot `{slot}`: {source}")]
    Slot { slot: String, source: LiveError },
}

fn slot(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((slot, plugin)) if !slot.is_empty() && !plugin.is_empty() => {
            Ok((slot.to_owned(), plugin.to_owned()))
        }
        _ => Err("write it as NAME=PLUGIN"),
    }
}

impl Options {
    /// What makes traces of requests and calls, where the configuration has them sent somewhere.
    pub fn traces(&self) -> Result<Option<(OtlpLayer<Registry>, OtlpGuard)>, Failure> {
        let config = self.config.load()?;
        memhost_serve::otlp_layer(&config.telemetry).map_err(Failure::usage)
    }
}

fn choice(text: &str) -> Result<Choice, &'static str> {
    text.parse().map_err(|_| "write it as SLOT.PARAMETER=VALUE")
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    let mut config = options.config.load()?;
    options.store.apply(&mut config)?;
    for (name, plugin) in &options.slots {
        let section = SlotSection {
            plugin: plugin.clone(),
            settings: BTreeMap::new(),
            mode: SlotMode::default(),
            watch: options.watch,
        };
        config.slot.insert(name.clone(), section);
    }
    for choice in &options.choices {
        let slot = choice.plugin().to_owned();
        let section = config.slot.get_mut(&slot);
        let section = section.ok_or(NotServed::NoSuchSlot { slot });
        let (parameter, value) = choice.parameter();
        let settings = &mut section.map_err(Failure::usage)?.settings;
        settings.insert(parameter.to_owned(), toml_text(value));
    }
    if let Some(model) = &options.model {
        config.set_model(model).map_err(Failure::usage)?;
    }
    if let Some(listen) = options.listen {
        config.serve.listen = listen;
    }
    raise_descriptors(&mut config.live);
    // Nothing is made where it could not be served.
    let free = std::net::TcpListener::bind(config.serve.listen);
    let address = config.serve.listen;
    drop(free.map_err(|source| Failure::failed(NotServed::NoPort { address, source }))?);
    let drain = Duration::from_millis(config.serve.drain_ms);
    let settings = config.serve.clone();
    let host = open(&config, options.no_check, options.apply).await?;
    let server = match Server::start(host.clone(), settings).await {
        Ok(server) => server,
        Err(error) => {
            host.close().await.map_err(Failure::failed)?;
            return Err(Failure::failed(error));
        }
    };
    output::say(format_args!("listening on http://{}", server.address()));
    // What is under way may finish, and then the store is closed.
    interrupt::interrupted_for(drain + Duration::from_secs(20)).await;
    server.end().await;
    host.close().await.map_err(Failure::failed)
}

/// Takes as many descriptors as this process may have: a seat holds a few. Where that is too little for as many seats as may be
/// open, fewer are.
fn raise_descriptors(live: &mut LiveSection) {
    /// Journals of a seat's ledger and of its memories, and the locks of both.
    const OF_A_SEAT: u64 = 4;
    /// For connections, tables, plugins and all else.
    const OF_OTHERS: u64 = 512;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of descriptors stays");
        }
        let Some(most) = getrlimit(Resource::Nofile).current else {
            return;
        };
        let seats = most.saturating_sub(OF_OTHERS.min(most / 2)) / OF_A_SEAT;
        let seats = usize::try_from(seats).unwrap_or(usize::MAX).max(1);
        if seats < live.most_seats {
            output::say(format_args!(
                "warning: this process may open {most} files (`ulimit -n`), so that {seats} seats are open at a time in place of {}",
                live.most_seats
            ));
            live.most_seats = seats;
        }
    }
}

/// A value as the configuration has it.
fn toml_text(value: &str) -> memhost::config::Value {
    memhost::config::Value::String(value.to_owned())
}

/// Whether a live host can be over this store.
pub fn check_place(uri: &str) -> Result<(), Failure> {
    match uri.contains("://") {
        true => Err(Failure::usage(NotServed::ObjectStore(uri.to_owned()))),
        false => Ok(()),
    }
}

/// A host over the configured store, with the slots that were there before and those that are configured.
pub async fn open(config: &Config, no_check: bool, apply: bool) -> Result<Host, Failure> {
    let uri = setup::store_uri(config)?;
    check_place(&uri)?;
    let mut config = config.clone();
    config.keep_asking();
    let config = &config;
    let engine = setup::engine(config)?;
    let embedder = config.embedder().await.map_err(Failure::failed)?;
    let models = config.models().map_err(Failure::usage)?;
    let admission = Arc::new(Admission {
        keep: Path::new(&uri).join("plugins"),
        engine,
        directories: PluginDirectories::with(&config.serve.plugin_folders),
        is_checked: !no_check,
        admitted: Mutex::default(),
    });
    let store = Store::open(&uri, embedder.clone(), &Lance).await;
    let store = store.map_err(Failure::failed)?.keep_open(KeepOpen {
        namespaces: config.live.most_seats.saturating_mul(2),
        resident_bytes: config.live.most_resident_bytes,
    });
    let grants = Grants {
        models: Some(Arc::new(models)),
        embedder: Some(embedder),
        limits: config.limits.clone(),
    };
    let mut settings = LiveSettings::new(store, grants);
    settings.limits = config.live.limits();
    settings.admission = Some(admission.clone());
    let host = Host::open(settings).await.map_err(Failure::failed)?;
    match add_slots(&host, &admission, config, apply).await {
        Ok(()) => {
            for (slot, section) in config.slot.iter().filter(|(_, section)| section.watch) {
                let (host, admission) = (host.clone(), admission.clone());
                watch::watch(host, admission, slot.clone(), section.clone());
            }
            Ok(host)
        }
        Err(failure) => {
            host.close().await.map_err(Failure::failed)?;
            Err(failure)
        }
    }
}

async fn add_slots(
    host: &Host,
    admission: &Admission,
    config: &Config,
    apply: bool,
) -> Result<(), Failure> {
    let registered = host.registered().await;
    for (slot, generation) in &registered {
        let not_served = |source| {
            let slot = slot.clone();
            Failure::failed(NotServed::Slot { slot, source })
        };
        let section = config.slot.get(slot);
        let (mut generation, strategy) = match readmitted(admission, generation, section).await {
            Ok(again) => {
                let strategy = again.strategy.clone();
                let added = host.add_slot(slot, again, Mode::Inherit).await;
                (added.map_err(not_served)?, Some(strategy))
            }
            Err(error) => {
                let added = host
                    .add_slot_without_strategy(slot, &error.to_string())
                    .await;
                added.map_err(not_served)?;
                output::say(format_args!(
                    "warning: slot `{slot}` has nothing to say until another strategy takes over (`memhost slot swap {slot} PLUGIN`, \
                     or --apply); what is told is kept: {}",
                    visible::line(&error.to_string())
                ));
                (generation.clone(), None)
            }
        };
        if apply && let Some(section) = config.slot.get(slot) {
            let wanted = admission.admit_own(&section.wish()).await;
            let wanted = wanted.map_err(not_served)?;
            let manager = host.manage(&Grant::everything(), slot);
            let swapped = manager.map_err(not_served)?;
            let swapped = swapped
                .swap_if_other(wanted, Mode::from(section.mode))
                .await;
            generation = swapped.map_err(not_served)?;
        }
        say_who_answers(&generation);
        if !apply && let Some(section) = config.slot.get(slot) {
            say_what_is_not_followed(&generation, section);
        }
        if let Some(strategy) = strategy {
            say_what_it_lacks(&generation, &strategy, config);
        }
    }
    for (slot, section) in &config.slot {
        if registered.contains_key(slot) {
            continue;
        }
        let not_served = |source| {
            let slot = slot.clone();
            Failure::usage(NotServed::Slot { slot, source })
        };
        let admitted = admission.admit_own(&section.wish()).await;
        let admitted = admitted.map_err(not_served)?;
        let strategy = admitted.strategy.clone();
        let added = host.add_slot(slot, admitted, Mode::Fresh).await;
        let generation = added.map_err(not_served)?;
        say_who_answers(&generation);
        say_what_it_lacks(&generation, &strategy, config);
    }
    match host.slots(&Grant::everything()).is_empty() {
        true => Err(Failure::usage(NotServed::NoSlot)),
        false => Ok(()),
    }
}

/// The strategy that a generation is. Where what was kept of it is damaged, the plugin that is configured mends it, if it is
/// the same.
async fn readmitted(
    admission: &Admission,
    generation: &Generation,
    section: Option<&SlotSection>,
) -> Result<Configured, LiveError> {
    let again = live::Admission::readmit(admission, generation).await;
    let (Err(error), Some(section)) = (&again, section) else {
        return again;
    };
    tracing::info!(%error, "what was kept of a plugin cannot be loaded; the configured one is tried");
    // What is admitted is kept anew, under its digest.
    let _ = admission.admit_own(&section.wish()).await;
    live::Admission::readmit(admission, generation).await
}

fn say_who_answers(generation: &Generation) {
    output::say(format_args!(
        "slot `{}`: {} {} answers, generation {}",
        generation.slot,
        visible::line(&generation.strategy),
        visible::line(&generation.version),
        generation.number
    ));
}

/// Says where a slot goes on otherwise than the configuration has it.
fn say_what_is_not_followed(generation: &Generation, section: &SlotSection) {
    let wish = section.wish();
    let settings = memhost::settings::as_text(&generation.settings);
    let is_as_set = wish
        .settings
        .iter()
        .all(|(name, value)| settings.get(name) == Some(value));
    let name = Path::new(&wish.plugin).file_stem();
    let is_named = name.is_some_and(|name| name.to_string_lossy() == generation.strategy);
    let is_wrapped = wish.plugin.contains(['(', '+']);
    if !(is_as_set && (is_named || is_wrapped)) {
        output::say(format_args!(
            "  `{}` is configured there, and not followed: the slot goes on as it was; --apply has it follow",
            visible::line(&wish.plugin)
        ));
    }
}

/// Says where a strategy asks a language model, and none is configured.
fn say_what_it_lacks(generation: &Generation, strategy: &Arc<dyn Strategy>, config: &Config) {
    let asks = strategy
        .description()
        .requires
        .iter()
        .any(|what| what == "llm");
    let is_there = matches!(config.model.choice, ModelChoice::OpenAi(_))
        || [
            &config.model.agent,
            &config.model.strongest,
            &config.model.judge,
            &config.model.cheap,
        ]
        .into_iter()
        .flatten()
        .any(|choice| matches!(choice, ModelChoice::OpenAi(_)));
    if asks && !is_there {
        output::say(format_args!(
            "  warning: {} asks a language model, and none is configured: `extractive` copies sentences in its place; \
             --model or [model] in memhost.toml names one",
            visible::line(&generation.strategy)
        ));
    }
}
