//! `memhost fresh-process`: the part of a check that wants a process of its own. Only memhost itself calls it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use memhost::Lance;
use memhost::conformance::fresh_process::{Answers, Errand, Process, answer};
use memhost::conformance::{ConformanceError, Subject};
use memhost::engine::{Engine, EngineOptions, Layers};
use memhost::settings;
use memhost_eval::compare::Contestant;
use serde::{Deserialize, Serialize};

use super::{Failure, child, output};

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
        let said = child::answer(COMMAND, &self.order(errand)).await;
        said.map_err(|error| ConformanceError::Process {
            program: format!("memhost {COMMAND}"),
            reason: error.to_string(),
        })
    }
}
