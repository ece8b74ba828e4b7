//! `memhost fresh-process`: the part of a check that wants a process of its own. Only memhost itself calls it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::Lance;
use memhost::conformance::fresh_process::{Answers, Errand, Process, answer};
use memhost::conformance::{ConformanceError, Subject};
use memhost::engine::{Engine, EngineOptions, Layers};
use memhost::settings;
use memhost_eval::compare::Contestant;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Failure, output};

/// As the command line knows it.
const COMMAND: &str = "fresh-process";

/// Answer what `memhost check` asks in a fresh process, on standard input, and nobody else.
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = "`memhost check` starts it.")]
pub struct Options {}

/// What is written to its standard input.
#[derive(Serialize, Deserialize)]
struct Order {
    plugin: Layers,
    settings: BTreeMap<String, String>,
    engine: EngineOptions,
    errand: Errand,
}

/// Runs the command.
pub async fn run(_: Options) -> Result<(), Failure> {
    tracing::debug!(process = std::process::id(), "asked afresh");
    let order = std::io::read_to_string(std::io::stdin()).map_err(Failure::failed)?;
    let order: Order = serde_json::from_str(&order).map_err(Failure::usage)?;
    let answers = order.carry_out().await.map_err(Failure::failed)?;
    output::print_json(&answers)
}

impl Order {
    async fn carry_out(self) -> Result<Answers, ConformanceError> {
        let engine = Engine::new(self.engine)?;
        let chosen: Vec<(String, String)> = self.settings.into_iter().collect();
        let subject = Subject::plugin(&engine, self.plugin, &chosen).await?;
        answer(&subject, &self.errand, &Lance).await
    }
}

/// This program, started anew for each errand.
pub struct ThisProgram {
    plugin: Layers,
    settings: BTreeMap<String, String>,
    engine: EngineOptions,
}

impl ThisProgram {
    /// To ask this plugin from these files.
    pub fn asking(plugin: &Contestant, files: Layers, engine: &Engine) -> Arc<dyn Process> {
        Arc::new(ThisProgram {
            plugin: files,
            settings: settings::as_text(&plugin.settings),
            engine: engine.options().clone(),
        })
    }

    fn order(&self, errand: &Errand) -> Order {
        Order {
            plugin: self.plugin.clone(),
            settings: self.settings.clone(),
            engine: self.engine.clone(),
            errand: errand.clone(),
        }
    }
}

#[async_trait]
impl Process for ThisProgram {
    async fn ask(&self, errand: &Errand) -> Result<Answers, ConformanceError> {
        let order = serde_json::to_vec(&self.order(errand));
        let order = order.map_err(ConformanceError::Unprintable)?;
        let program = std::env::current_exe().unwrap_or_else(|_| "memhost".into());
        let said = said_by(&program, &order).await;
        said.map_err(|error| ConformanceError::Process {
            program: program.display().to_string(),
            reason: error.to_string(),
        })
    }
}

/// What a fresh process makes of an order. What it has to complain of goes where this one's complaints go.
async fn said_by(program: &Path, order: &[u8]) -> std::io::Result<Answers> {
    let mut process = Command::new(program)
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    tracing::debug!(process = process.id(), "a fresh process is asked");
    if let Some(mut input) = process.stdin.take() {
        input.write_all(order).await?;
    }
    let said = process.wait_with_output().await?;
    match said.status.success() {
        true => Ok(serde_json::from_slice(&said.stdout)?),
        false => Err(std::io::Error::other(format!(
            "it ended with {}",
            said.status
        ))),
    }
}
