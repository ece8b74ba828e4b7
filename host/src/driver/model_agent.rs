//! A language model as the agent.

use std::sync::Arc;

use crate::capability::ModelCall;
use crate::contract::{Fault, Finding, Guidance, Step, Task};
use crate::model::Models;
use crate::suite::Check;

/// Finished work.
#[derive(Default)]
pub(super) struct Run {
    pub(super) steps: Vec<Step>,
    pub(super) answer: String,
    pub(super) findings: Vec<Finding>,
    pub(super) calls: Vec<ModelCall>,
}

/// Acts.
pub(super) struct ModelAgent {
    models: Arc<Models>,
}

impl ModelAgent {
    pub(super) fn new(models: Arc<Models>) -> ModelAgent {
        ModelAgent { models }
    }
    pub(super) async fn run(
        &self,
        _: &Task,
        _: &Guidance,
        _: Option<&Check>,
    ) -> Result<Run, Fault> {
        Err(Fault::Unavailable(self.models.agent.name().into()))
    }
    pub(super) async fn refine(&self, run: Run, _: u32) -> Result<Run, Fault> {
        Ok(run)
    }
    pub(super) async fn discover(
        &self,
        _: &Task,
        _: &Guidance,
        _: &[Finding],
        _: u32,
    ) -> Result<Run, Fault> {
        Err(Fault::Unavailable(self.models.agent.name().into()))
    }
    pub(super) async fn best(
        &self,
        _: &Task,
        _: &[&str],
    ) -> Result<(usize, Vec<ModelCall>), Fault> {
        Err(Fault::Unavailable(self.models.agent.name().into()))
    }
}
