//! The server: a live host behind HTTP and MCP, for agents in any language.
//!
//! [`memhost::live::Host`] is the memory; this crate brings it to callers whom it does not trust. A request passes one guard
//! (who asks, from where, how often, how much) and then becomes a call of the host, whose errors become problems with a code
//! that callers can act on. Nothing here knows how memories are kept or how a plugin is found.

mod api;
mod app;
mod body;
mod bounded;
mod client;
mod guard;
pub mod mcp;
mod openapi;
mod problem;
mod router;
mod server;
mod stream;
mod telemetry;
mod wire;

#[cfg(test)]
mod tests;

pub use client::{Client, ClientError};
pub use memhost::config::{OnFailure, ServeSettings, TelemetrySettings};
pub use server::{ServeError, Server};
pub use telemetry::{OtlpGuard, OtlpLayer, TelemetryError, otlp_layer};
