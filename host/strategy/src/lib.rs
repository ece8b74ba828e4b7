//! What a strategy is to its host, and what a call of it may reach.
//!
//! A [`Strategy`] runs in the sandbox (`Plugin` of the crate `memhost-engine`) or in this process, as the floors of
//! `memhost-eval` do. Whoever calls it hands over a [`CallContext`], which reads memories and cannot write them; what is to
//! be written is what the call returns.

pub mod capability;
mod error;
mod notes;
mod wrapped;

use std::sync::Arc;

use async_trait::async_trait;

use crate::capability::{CallContext, Inner, Usage};
pub use error::fault_text;
pub use error::{CallError, CallFailure};
use memhost_contract::{
    Attempt, Change, Compacted, Context, Description, Feedback, Guidance, Plan, Pressure, Query,
    Setting,
};
pub use wrapped::{MOST_LAYERS, NotWrapped, Wrapped, settings_inside};

/// The decisions that a strategy takes part in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Phases {
    /// It says what an agent should know.
    pub retrieve: bool,
    /// It learns from attempts.
    pub distill: bool,
    /// It learns from outcomes of what it handed out.
    pub update: bool,
    /// It says what may go.
    pub evict: bool,
    /// It puts its memories in order, apart from any task.
    pub maintain: bool,
    /// It says what an agent needs to keep of a long run.
    pub compact: bool,
}

/// A call's answer and what it cost, whether or not it succeeded.
#[derive(Debug)]
pub struct Answer<T> {
    /// What the strategy said.
    pub result: Result<T, CallError>,
    /// What the call cost.
    pub usage: Usage,
}

impl<T: Default> Answer<T> {
    /// Of a phase that there is not.
    pub fn nothing() -> Answer<T> {
        Answer {
            result: Ok(T::default()),
            usage: Usage::default(),
        }
    }
}

/// A memory algorithm that can be called.
///
/// A phase that [`Strategy::phases`] lacks answers with nothing: empty guidance, no changes, no ids, the run as it is.
#[async_trait]
pub trait Strategy: Send + Sync {
    /// What it says of itself.
    fn description(&self) -> &Description;

    /// Which decisions it takes part in.
    fn phases(&self) -> Phases;

    /// A fingerprint of its code: `sha256:…` of a plugin's file, `built-in` for a floor.
    fn digest(&self) -> &str;

    /// What the host must run around it.
    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError>;

    /// What the host must run around it where it wraps another strategy.
    async fn plan_around(
        &self,
        _inner: Arc<Inner>,
        settings: &[Setting],
    ) -> Result<Plan, CallError> {
        self.plan(settings).await
    }

    /// How many strategies stand in one another, itself included.
    fn layers(&self) -> usize {
        1
    }

    /// What it wraps.
    fn inner(&self) -> Option<&dyn Strategy> {
        None
    }

    /// What the agent should know now.
    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance>;

    /// What to write after these runs of one task.
    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>>;

    /// What to write now that outcomes are known.
    async fn update(
        &self,
        _context: CallContext,
        _feedback: Vec<Feedback>,
        _settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        Answer::nothing()
    }

    /// What may go.
    async fn evict(
        &self,
        _context: CallContext,
        _pressure: Pressure,
        _settings: &[Setting],
    ) -> Answer<Vec<String>> {
        Answer::nothing()
    }

    /// What to write to put the memories in order.
    async fn maintain(&self, _context: CallContext, _settings: &[Setting]) -> Answer<Vec<Change>> {
        Answer::nothing()
    }

    /// The run in less room.
    async fn compact(
        &self,
        _context: CallContext,
        run: Context,
        _settings: &[Setting],
    ) -> Answer<Compacted> {
        Answer {
            result: Ok(Compacted::unchanged(run)),
            usage: Usage::default(),
        }
    }
}
