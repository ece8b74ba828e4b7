//! The section `[telemetry]`: where traces go.

use serde::{Deserialize, Serialize};

/// Where traces go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct TelemetrySettings {
    /// The address of an OpenTelemetry collector, as in `http://127.0.0.1:4318`; without it, no trace is made.
    pub otlp_endpoint: Option<String>,
}
