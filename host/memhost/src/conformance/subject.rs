//! What is checked: a strategy with its settings, and where it can be had anew.

use std::sync::Arc;

use async_trait::async_trait;
use memhost_contract::settings;
use memhost_contract::{Plan, Setting};
use memhost_engine::{Engine, Layers};
use memhost_strategy::Strategy;

use super::ConformanceError;
use super::process::Process;

/// A strategy with its settings, as it is to be checked.
#[derive(Clone)]
pub struct Subject {
    pub(super) strategy: Arc<dyn Strategy>,
    pub(super) settings: Vec<Setting>,
    pub(super) plan: Plan,
    pub(super) origin: Arc<dyn Origin>,
    pub(super) process: Option<Arc<dyn Process>>,
}

/// Where a strategy comes from.
#[async_trait]
pub trait Origin: Send + Sync {
    /// The strategy as another process would have it: nothing that is in memory now is shared.
    ///
    /// # Errors
    /// If it cannot be had.
    async fn anew(&self) -> Result<Arc<dyn Strategy>, ConformanceError>;
}

impl Subject {
    /// A strategy from wherever.
    ///
    /// # Errors
    /// If it cannot be had, or refuses its settings.
    pub async fn new(
        origin: Arc<dyn Origin>,
        settings: Vec<Setting>,
    ) -> Result<Subject, ConformanceError> {
        let strategy = origin.anew().await?;
        Subject::of(strategy, settings, origin).await
    }

    async fn of(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
        origin: Arc<dyn Origin>,
    ) -> Result<Subject, ConformanceError> {
        let plan = strategy
            .plan(&settings)
            .await
            .map_err(ConformanceError::Plan)?;
        Ok(Subject {
            strategy,
            settings,
            plan,
            origin,
            process: None,
        })
    }

    /// A plugin from its file, or from those of its layers, with these parameters, by name and as text, and defaults for the
    /// rest.
    ///
    /// # Errors
    /// If it cannot be loaded, has no such parameter, or refuses it.
    pub async fn plugin(
        engine: &Engine,
        files: impl Into<Layers>,
        chosen: &[(String, String)],
    ) -> Result<Subject, ConformanceError> {
        let files = files.into();
        let strategy = files.strategy(engine).await?;
        let description = strategy.description();
        let settings = settings::resolve(&description.name, &description.parameters, chosen)?;
        Subject::loaded(strategy, settings, engine, files).await
    }

    /// A plugin that is loaded already, with the files that it was loaded from.
    ///
    /// # Errors
    /// If it refuses its settings.
    pub async fn loaded(
        strategy: Arc<dyn Strategy>,
        settings: Vec<Setting>,
        engine: &Engine,
        files: impl Into<Layers>,
    ) -> Result<Subject, ConformanceError> {
        let origin = Files {
            engine: engine.clone(),
            layers: files.into(),
        };
        Subject::of(strategy, settings, Arc::new(origin)).await
    }

    /// The same, to be asked after a restart by this process.
    #[must_use]
    pub fn asked_afresh_by(self, process: Arc<dyn Process>) -> Subject {
        Subject {
            process: Some(process),
            ..self
        }
    }

    /// The same as another process would have it.
    pub(super) async fn anew(&self) -> Result<Subject, ConformanceError> {
        Ok(Subject {
            strategy: self.origin.anew().await?,
            ..self.clone()
        })
    }

    /// Refuses code that became another since it was loaded.
    pub(super) fn is_still(&self, digest: &str) -> Result<(), ConformanceError> {
        match self.strategy.digest() {
            same if same == digest => Ok(()),
            other => Err(ConformanceError::Changed {
                plugin: self.strategy.description().name.clone(),
                was: digest.to_owned(),
                is: other.to_owned(),
            }),
        }
    }
}

/// A plugin's files.
struct Files {
    engine: Engine,
    layers: Layers,
}

#[async_trait]
impl Origin for Files {
    /// In an engine of its own.
    async fn anew(&self) -> Result<Arc<dyn Strategy>, ConformanceError> {
        let engine = Engine::new(self.engine.options().clone())?;
        Ok(self.layers.strategy(&engine).await?)
    }
}
