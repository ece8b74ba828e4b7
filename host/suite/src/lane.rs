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
    /// Does the guidance hold all the pieces that an answer follows from?
    Hops,
    /// Does what was learnt in one domain help in another?
    Domains,
    /// After a tool: does the guidance name the tool that comes next?
    Steps,
    /// Of a run that was shortened: does what later steps need still stand?
    Compaction,
    /// Several tries of one task: does what failed help the next?
    Retry,
}

impl Lane {
    /// The letter of one of the first six; the others have names only.
    pub fn letter(self) -> Option<char> {
        match self {
            Lane::Evidence => Some('A'),
            Lane::Transfer => Some('B'),
            Lane::Routing => Some('C'),
            Lane::Forecast => Some('D'),
            Lane::Discovery => Some('E'),
            Lane::Attempts => Some('F'),
            Lane::Hops | Lane::Domains | Lane::Steps | Lane::Compaction | Lane::Retry => None,
        }
    }

    /// As reports write it behind `lane`: `A, evidence`, `hops`.
    pub fn title(self) -> String {
        match self.letter() {
            Some(letter) => format!("{letter}, {}", self.name()),
            None => self.name().to_owned(),
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
            Lane::Hops => "hops",
            Lane::Domains => "domains",
            Lane::Steps => "steps",
            Lane::Compaction => "compaction",
            Lane::Retry => "retry",
        }
    }
}
