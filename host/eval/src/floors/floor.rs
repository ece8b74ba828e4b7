//! A strategy of the host's own: what is the same for all floors, around what each of them does.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use memhost::capability::{CallContext, Usage};
use memhost::contract::{
    Attempt, Change, Compacted, Context, Description, Fault, Feedback, Guidance, Plan, Query,
    Setting, Trigger,
};
use memhost::strategy::{Answer, CallError, CallFailure, Phases, Strategy};

/// What a floor does when it is called. It has no parameters.
#[async_trait]
pub(super) trait Floor: Send + Sync {
    /// Whether it learns from attempts.
    fn distills(&self) -> bool {
        true
    }

    /// Whether it learns from outcomes of what it handed out.
    fn updates(&self) -> bool {
        false
    }

    /// Rounds of its plan.
    fn rounds(&self) -> u32 {
        1
    }

    /// When it wants to be asked, besides the start of a task.
    fn moments(&self) -> Vec<Trigger> {
        Vec::new()
    }

    /// Whether it shortens runs.
    fn compacts(&self) -> bool {
        false
    }

    /// The run in less room.
    fn compact(&self, _context: &CallContext, run: &Context) -> Compacted {
        Compacted::unchanged(run.clone())
    }

    async fn retrieve(&self, _context: &CallContext, _query: &Query) -> Result<Guidance, Fault> {
        Ok(Guidance::nothing())
    }

    /// What to write after these runs of one task.
    fn distill(&self, _context: &CallContext, _attempts: &[Attempt]) -> Vec<Change> {
        Vec::new()
    }

    /// Texts of these attempts that it does not remember whole.
    fn cut_texts(&self, _attempts: &[Attempt]) -> u64 {
        0
    }

    fn update(&self, _context: &CallContext, _feedback: &[Feedback]) -> Result<Vec<Change>, Fault> {
        Ok(Vec::new())
    }
}

/// A floor as a strategy.
pub(super) fn floor(name: &str, summary: &str, floor: impl Floor + 'static) -> Arc<dyn Strategy> {
    let description = Description {
        name: name.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: summary.into(),
        source: "built in".into(),
        parameters: Vec::new(),
        requires: Vec::new(),
        degraded: Vec::new(),
    };
    Arc::new(BuiltIn { description, floor })
}

struct BuiltIn<F> {
    description: Description,
    floor: F,
}

impl<F> BuiltIn<F> {
    /// The answer to a call that began then.
    fn answer<T>(&self, call: &'static str, result: Result<T, Fault>, start: Instant) -> Answer<T> {
        Answer {
            result: result.map_err(|fault| CallError {
                plugin: self.description.name.clone(),
                call,
                reason: CallFailure::Fault(fault),
            }),
            usage: Usage {
                wall: start.elapsed(),
                ..Usage::default()
            },
        }
    }
}

#[async_trait]
impl<F: Floor> Strategy for BuiltIn<F> {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: self.floor.distills(),
            update: self.floor.updates(),
            compact: self.floor.compacts(),
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        "built-in"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan {
            rounds: self.floor.rounds(),
            moments: self.floor.moments(),
            ..Plan::streaming()
        })
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        _: &[Setting],
    ) -> Answer<Guidance> {
        let start = Instant::now();
        let guidance = self.floor.retrieve(&context, &query).await;
        self.answer("retrieve", guidance, start)
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let start = Instant::now();
        let changes = self.floor.distill(&context, &attempts);
        let mut answer = self.answer("distill", Ok(changes), start);
        answer.usage.cut_texts = self.floor.cut_texts(&attempts);
        answer
    }

    async fn compact(
        &self,
        context: CallContext,
        run: Context,
        _: &[Setting],
    ) -> Answer<Compacted> {
        let start = Instant::now();
        let compacted = self.floor.compact(&context, &run);
        self.answer("compact", Ok(compacted), start)
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let start = Instant::now();
        let changes = self.floor.update(&context, &feedback);
        self.answer("update", changes, start)
    }
}
