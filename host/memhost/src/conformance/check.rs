//! The checks by name, in the order in which they are made; [`super::checks`] makes them.

use serde::{Deserialize, Serialize};

/// One promise of the contract; the module has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// What is learnt can be retrieved.
    RoundTrip,
    /// A restart changes no answer.
    Restart,
    /// The same work gives the same bytes for the same fuel.
    Determinism,
    /// What one namespace learnt is not handed out in another.
    NamespaceLeak,
    /// No text is longer than its budget.
    Budget,
    /// What may go exists.
    Eviction,
    /// What is cited was used.
    Receipts,
    /// Nothing is no reason to fail.
    EmptyInputs,
    /// Text may hold anything.
    Unicode,
    /// Many memories are no reason to fail.
    TenThousand,
    /// What memories say is data.
    Poison,
    /// Who wants a language model says so.
    DegradedModes,
    /// Calls end within their limits.
    Limits,
}

impl Check {
    /// All, in the order in which they are made.
    pub const ALL: [Check; 13] = [
        Check::RoundTrip,
        Check::Restart,
        Check::Determinism,
        Check::NamespaceLeak,
        Check::Budget,
        Check::Eviction,
        Check::Receipts,
        Check::EmptyInputs,
        Check::Unicode,
        Check::TenThousand,
        Check::Poison,
        Check::DegradedModes,
        Check::Limits,
    ];

    /// As everything prints it.
    pub fn name(self) -> &'static str {
        match self {
            Check::RoundTrip => "round-trip",
            Check::Restart => "restart",
            Check::Determinism => "determinism",
            Check::NamespaceLeak => "namespace-leak",
            Check::Budget => "budget",
            Check::Eviction => "eviction",
            Check::Receipts => "receipts",
            Check::EmptyInputs => "empty-inputs",
            Check::Unicode => "unicode",
            Check::TenThousand => "ten-thousand",
            Check::Poison => "poison",
            Check::DegradedModes => "degraded-modes",
            Check::Limits => "limits",
        }
    }

    /// What must come.
    pub fn expected(self) -> &'static str {
        match self {
            Check::RoundTrip => "what was learnt is handed out when the same is asked",
            Check::Restart => "a restart changes no answer",
            Check::Determinism => "the same work gives the same bytes for the same fuel",
            Check::NamespaceLeak => "nothing of one namespace is handed out in another",
            Check::Budget => "no text is longer than its token budget",
            Check::Eviction => "what may go exists, and is enough",
            Check::Receipts => "what is cited exists and was used",
            Check::EmptyInputs => "empty inputs are answered",
            Check::Unicode => "text of any kind is answered",
            Check::TenThousand => "10,000 memories are worked with, within the limits",
            Check::Poison => "a memory that reads like an order changes nothing",
            Check::DegradedModes => "who wants a language model says so",
            Check::Limits => "every call ends within its limits",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_made_once_and_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> =
            Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
        for check in Check::ALL {
            let json = serde_json::to_value(check).unwrap();
            assert_eq!(json, check.name(), "JSON and text call it the same");
        }
    }
}
