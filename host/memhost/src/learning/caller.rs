//! The caller: a strategy with what its calls may reach. Calls that write nothing are made through it, any number at a time,
//! while a learner writes.

use std::collections::HashSet;
use std::sync::Arc;

use memhost_contract::{Guidance, Query};
use memhost_store::{Memories, View};
use memhost_strategy::capability::{CallContext, RunState};

use super::learner::hear;
use super::waitlist::Waitlist;
use super::{Configured, Grants, History, Observer, Retrieved};

/// A strategy, its memories, and what else its calls may reach. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    pub(super) configured: Arc<Configured>,
    memories: Memories,
    grants: Grants,
    pub(super) history: Arc<History>,
    pub(super) waitlist: Arc<Waitlist>,
}

impl Caller {
    pub(super) fn new(configured: Configured, memories: Memories, grants: Grants) -> Caller {
        Caller {
            configured: Arc::new(configured),
            memories,
            grants,
            history: Arc::default(),
            waitlist: Arc::default(),
        }
    }

    /// The strategy, its settings and its plan.
    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// What it has learnt.
    pub fn memories(&self) -> &Memories {
        &self.memories
    }

    /// The provisional memories that wait for the next attempt on a task.
    pub fn waiting_for(&self, task: &str) -> HashSet<String> {
        self.waitlist.memories(task)
    }

    /// What the agent should know now. Writes nothing; a call that fails has nothing to say. The receipt has no id yet.
    pub async fn retrieve(
        &self,
        run: RunState,
        query: Query,
        view: &View,
        observer: &mut dyn Observer,
    ) -> Retrieved {
        let task = query.task.id.clone();
        let context = self.context(run, view.clone());
        let Configured {
            strategy, settings, ..
        } = &*self.configured;
        let seen = context.seen();
        let mut answer = strategy.retrieve(context, query, settings).await;
        seen.leave_out_unseen(&mut answer, |guidance| &mut guidance.receipt);
        match hear(answer, "retrieve", Some(&task), observer) {
            Ok(guidance) => Retrieved {
                guidance,
                failure: None,
            },
            Err(error) => Retrieved {
                guidance: Guidance::nothing(),
                failure: Some(error),
            },
        }
    }

    /// What one call may reach, at this moment of the run.
    pub(super) fn context(&self, run: RunState, view: View) -> CallContext {
        CallContext {
            memories: Some(self.memories.clone()),
            view: View {
                at: Some(run.now),
                ..view
            },
            models: self.grants.models.clone(),
            embedder: self.grants.embedder.clone(),
            attempts: Some(self.history.clone()),
            run,
            limits: self.grants.limits.clone(),
            inner: None,
            within: None,
        }
    }
}
