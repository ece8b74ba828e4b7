//! The order to compile and the answer, as they cross the pipes between two processes: a line of JSON, and the bytes that
//! it announces.

use serde::{Deserialize, Serialize};

use super::super::{Compiler, LoadLimits};

/// The longest line of JSON, in bytes.
pub(super) const LONGEST_LINE: u64 = 64 << 10;

/// What is to be compiled; the component follows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    /// Bytes of the component.
    pub bytes: u64,
    pub compiler: Compiler,
    pub limits: LoadLimits,
}

/// What came of it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// It is compiled; the machine code follows.
    Compiled {
        /// Bytes of the machine code.
        bytes: u64,
    },
    /// It does not compile.
    Refused {
        /// What the compiler said.
        detail: String,
    },
    /// The compiler ran out of memory, and noticed.
    OutOfMemory,
}

/// A line, as it is sent.
pub(super) fn line(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}
