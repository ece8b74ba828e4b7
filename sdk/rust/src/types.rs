//! The types of the contract, which `wit/` alone defines and documents.

pub use crate::bindings::memhost::strategy::embedder::Side;
pub use crate::bindings::memhost::strategy::llm::{
    Message, ModelKind, Reply, Request, Role, Speaker,
};
pub use crate::bindings::memhost::strategy::run::Level;
pub use crate::bindings::memhost::strategy::store::{
    Comparison, Condition, Filter, Fusion, Hit, Operand, Probe, Ranking, Row, Scan, Search, Share,
};
pub use crate::bindings::memhost::strategy::types::{
    Actor, Adjustment, Agent, Arm, Arrangement, Attempt, Authority, Blob, Change, Citation, Commit,
    Compacted, Context, Counter, Counters, Description, Document, ExpectedCalls, Fault, Feedback,
    Finding, Guidance, Instant, Key, Label, Labels, Link, Memory, Moment, NewLink, NewMemory,
    NumberRange, Op, Outcome, Parameter, Patch, Placement, Plan, Pressure, Query, Range, Receipt,
    Setting, Source, State, Step, Target, Task, Tool, Trigger, Value, Verdict,
};
