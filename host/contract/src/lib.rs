//! The contract with strategies: the types of `wit/`, which is the only place that defines them.
//!
//! They are plain data. That wasmtime generates them is nobody's business above the engine. Beside them stands what both
//! sides hold to: [`limits`], [`settings`], and the traits behind the interfaces `llm` ([`model`]) and `embedder`
//! ([`embedder`]).

mod constructors;
pub mod embedder;
pub mod health;
pub mod limits;
pub mod model;
pub mod settings;

#[allow(
    missing_docs,
    reason = "generated from wit/, where every item is documented"
)]
#[doc(hidden)]
pub mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "wrapper",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

pub use generated::memhost::strategy::embedder::Side;
pub use generated::memhost::strategy::llm::{Message, ModelKind, Reply, Request, Role, Speaker};
pub use generated::memhost::strategy::run::Level;
pub use generated::memhost::strategy::store::{
    Comparison, Condition, Filter, Fusion, Hit, Operand, Probe, Ranking, Row, Scan, Search, Share,
};
pub use generated::memhost::strategy::types::{
    Actor, Adjustment, Agent, Arm, Arrangement, Attempt, Authority, Blob, Change, Citation, Commit,
    Compacted, Context, Counter, Counters, Description, Document, ExpectedCalls, Fault, Feedback,
    Finding, Guidance, Instant, Key, Label, Labels, Link, Memory, Moment, NewLink, NewMemory,
    NumberRange, Op, Outcome, Parameter, Patch, Placement, Plan, Pressure, Query, Range, Receipt,
    Setting, Source, State, Step, Target, Task, Tool, Trigger, Value, Verdict,
};

/// The package that defines the contract.
pub const PACKAGE: &str = "memhost:strategy";

/// Its text, file by file.
pub const WIT: [(&str, &str); 3] = [
    ("wit/types.wit", include_str!("../wit/types.wit")),
    ("wit/host.wit", include_str!("../wit/host.wit")),
    ("wit/strategy.wit", include_str!("../wit/strategy.wit")),
];

/// The version of the contract that this host speaks.
pub const VERSION: &str = "0.2.0";
