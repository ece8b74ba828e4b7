//! Why a command did not do what was asked, and the exit code that says so.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use memhost_base::error_chain::chain;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// It was asked wrongly; exit code 2.
    Usage(Box<dyn Error + Send + Sync>),
    /// It was asked rightly, and failed; exit code 1.
    Failed(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// It was asked wrongly.
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::Usage(error.into())
    }

    /// It was asked rightly, and failed.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::Failed(error.into())
    }

    /// What went wrong.
    pub fn error(&self) -> &(dyn Error + 'static) {
        let (Failure::Usage(error) | Failure::Failed(error)) = self;
        error.as_ref()
    }

    /// 2 for wrong usage, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.error()))
    }
}
