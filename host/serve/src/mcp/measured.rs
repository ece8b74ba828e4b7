//! A seat whose calls are measured and traced, as those over HTTP are.

use memhost::contract::Outcome;
use memhost::live::{Ask, LiveError, Record, Seat};
use tracing::{Instrument, Span};

use super::backend::{Backend, Noted, Told, Why};
use crate::app::App;
use crate::telemetry::{Answer, Call, Via};

/// A seat at a slot, for one request.
#[derive(Clone)]
pub(super) struct Measured {
    app: App,
    slot: String,
    seat: Seat,
    /// The request's: tools are called in a task of their own, which knows nothing of it.
    span: Span,
}

impl Measured {
    pub(super) fn new(app: App, slot: String, seat: Seat) -> Measured {
        Measured {
            app,
            slot,
            seat,
            span: Span::current(),
        }
    }

    pub(super) fn most_body_bytes(&self) -> usize {
        self.app.settings.most_body_bytes
    }

    async fn call<T: Answer>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, LiveError>>,
    ) -> Result<T, LiveError> {
        let App { host, meters, .. } = &self.app;
        let measured = meters.call(host, &self.slot, (call, Via::Mcp), work);
        measured.instrument(self.span.clone()).await
    }
}

impl Backend for Measured {
    type Refusal = LiveError;

    async fn retrieve(&self, ask: Ask) -> Result<Told, LiveError> {
        let retrieve = self.seat.retrieve(ask);
        self.call(Call::Retrieve, retrieve).await.map(Told::from)
    }

    async fn record(&self, record: Record) -> Result<Noted, LiveError> {
        let record = self.seat.record(record);
        self.call(Call::Record, record).await.map(Noted::from)
    }

    async fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Noted, LiveError> {
        let feedback = self.seat.feedback(attempt, outcome, revise);
        self.call(Call::Feedback, feedback).await.map(Noted::from)
    }

    async fn explain(&self, attempt: &str) -> Result<Why, LiveError> {
        let explain = self.seat.explain(attempt);
        self.call(Call::Explain, explain).await.map(Why::from)
    }
}
