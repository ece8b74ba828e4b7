//! A strategy that is not to be had: what stands at a slot whose plugin cannot be loaded. It has nothing to say, with the
//! reason; what agents tell is kept, and learnt from by whoever takes over.

use async_trait::async_trait;
use memhost_contract::{Attempt, Change, Description, Fault, Guidance, Plan, Query, Setting};
use memhost_strategy::capability::CallContext;
use memhost_strategy::{Answer, CallError, CallFailure, Phases, Strategy};

use super::Generation;

pub(super) struct Missing {
    description: Description,
    digest: String,
    reason: String,
}

impl Missing {
    /// In the place of this generation's strategy.
    pub(super) fn of(generation: &Generation, reason: String) -> Missing {
        Missing {
            description: Description {
                name: generation.strategy.clone(),
                version: generation.version.clone(),
                summary: String::new(),
                source: String::new(),
                parameters: Vec::new(),
                requires: Vec::new(),
                degraded: Vec::new(),
            },
            digest: generation.digest.clone(),
            reason,
        }
    }

    fn fail<T>(&self, call: &'static str) -> Answer<T> {
        Answer {
            result: Err(CallError {
                plugin: self.description.name.clone(),
                call,
                reason: CallFailure::Fault(Fault::Failed(self.reason.clone())),
            }),
            usage: Default::default(),
        }
    }
}

#[async_trait]
impl Strategy for Missing {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(&self, _: CallContext, _: Query, _: &[Setting]) -> Answer<Guidance> {
        self.fail("retrieve")
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        self.fail("distill")
    }
}
