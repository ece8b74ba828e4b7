//! Telemetry: metrics and traces, so that a host can be watched from outside.
//!
//! [`Meters`] counts and times, for whoever asks at `/metrics`; [`otlp_layer`] sends spans, to a configured address only. Both
//! hear of a call at one place, [`Meters::call`]. What they hold are names of slots, numbers, times and codes: never a text,
//! a key or a tenant.

mod calls;
mod metrics;
mod traces;

#[cfg(test)]
mod tests;

pub(crate) use calls::{Answer, Call, Via, measured};
pub(crate) use metrics::{MEDIA_TYPE, Meters};
pub use traces::{OtlpGuard, OtlpLayer, TelemetryError, otlp_layer};

/// The target of spans that are traced. Only these leave the process, so that whoever adds a span elsewhere, with whatever in
/// it, gives nothing away.
const TRACED: &str = "memhost::trace";
