//! A strategy under another name, so that it can take part twice with different parameters.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Answer, CallError, Phases, Strategy};
use crate::capability::CallContext;
use crate::contract::{
    Attempt, Change, Description, Feedback, Guidance, Plan, Pressure, Query, Setting,
};

/// A strategy under another name.
pub struct Renamed {
    strategy: Arc<dyn Strategy>,
    description: Description,
}

impl Renamed {
    /// This strategy as `name`.
    pub fn new(strategy: Arc<dyn Strategy>, name: &str) -> Renamed {
        let description = Description {
            name: name.to_owned(),
            ..strategy.description().clone()
        };
        Renamed {
            strategy,
            description,
        }
    }
}

#[async_trait]
impl Strategy for Renamed {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        self.strategy.phases()
    }

    fn digest(&self) -> &str {
        self.strategy.digest()
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        self.strategy.plan(settings).await
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        self.strategy.retrieve(context, query, settings).await
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        self.strategy.distill(context, attempts, settings).await
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        self.strategy.update(context, feedback, settings).await
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        self.strategy.evict(context, pressure, settings).await
    }
}
