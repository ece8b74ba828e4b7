//! Lanes: what a suite tests.

/// What a suite tests. No score is ever averaged over lanes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// A. Does the guidance contain what the question needs?
    Evidence,
    /// B. Is what comes back about the same kind of task?
    Transfer,
    /// C. Does experience tell which agent to send?
    Routing,
    /// D. Is memory worth anything when the world drifts and feedback is late?
    Forecast,
    /// E. Several hidden problems in one task, their number unknown.
    Discovery,
    /// F. Recorded attempts over several trials: learning curves, and nothing that a frozen reader could ask.
    Attempts,
}

impl Lane {
    /// The letter that reports call it by.
    pub fn letter(self) -> char {
        match self {
            Lane::Evidence => 'A',
            Lane::Transfer => 'B',
            Lane::Routing => 'C',
            Lane::Forecast => 'D',
            Lane::Discovery => 'E',
            Lane::Attempts => 'F',
        }
    }

    /// The name that suites call it by.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Evidence => "evidence",
            Lane::Transfer => "transfer",
            Lane::Routing => "routing",
            Lane::Forecast => "forecast",
            Lane::Discovery => "discovery",
            Lane::Attempts => "attempts",
        }
    }
}
