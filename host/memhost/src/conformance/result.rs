//! The verdict of a check while it is made: what came, or what ended it.

use memhost_store::StoreError;
use memhost_strategy::CallError;

use super::ConformanceError;

/// What a check that was not failed found.
pub(super) enum Came {
    /// What must come; in words.
    Right(String),
    /// There was nothing to be checked; why.
    Nothing(String),
}

/// What ends a check.
pub(super) enum Stop {
    /// Something else came than must; in words.
    Failed(String),
    /// A call failed.
    Call(CallError),
    /// The host could not do its part.
    Host(ConformanceError),
}

impl Stop {
    /// The same, said of a part of the check.
    pub(super) fn about(self, what: &str) -> Stop {
        match self {
            Stop::Failed(came) => Stop::Failed(format!("{what}: {came}")),
            Stop::Call(error) => Stop::Failed(format!("{what}: {}", failed_call(&error))),
            Stop::Host(error) => Stop::Host(error),
        }
    }
}

/// What a check comes to.
pub(super) type CheckResult = Result<Came, Stop>;

impl From<CallError> for Stop {
    fn from(error: CallError) -> Stop {
        Stop::Call(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Host(error.into())
    }
}

impl From<ConformanceError> for Stop {
    fn from(error: ConformanceError) -> Stop {
        Stop::Host(error)
    }
}

/// A failed call in words.
pub(super) fn failed_call(error: &CallError) -> String {
    format!("`{}` fails: {}", error.call, error.reason)
}
