//! The types of the contract, which `wit/` alone defines and documents.

pub use crate::bindings::exports::memhost::strategy::compact::{Compacted, Context};
pub use crate::bindings::exports::memhost::strategy::evict::Pressure;
pub use crate::bindings::exports::memhost::strategy::retrieve::{
    Guidance, Moment, Placement, Query,
};
pub use crate::bindings::exports::memhost::strategy::strategy::{
    Arrangement, Description, ExpectedCalls, Labels, NumberRange, Parameter, Plan, Range, Setting,
    Trigger, Value,
};
pub use crate::bindings::exports::memhost::strategy::update::Feedback;
pub use crate::bindings::memhost::strategy::embedder::Side;
pub use crate::bindings::memhost::strategy::llm::{
    Message, ModelKind, Reply, Request, Role, Speaker,
};
pub use crate::bindings::memhost::strategy::run::Level;
pub use crate::bindings::memhost::strategy::store::{
    Comparison, Condition, Filter, Fusion, Hit, Operand, Probe, Ranking, Row, Scan, Search, Share,
};
pub use crate::bindings::memhost::strategy::types::{
    Actor, Adjustment, Agent, Arm, Attempt, Authority, Blob, Change, Citation, Commit, Counter,
    Counters, Document, Fault, Finding, Instant, Key, Label, Link, Memory, NewLink, NewMemory, Op,
    Outcome, Patch, Receipt, Source, State, Step, Target, Task, Tool, Verdict,
};
