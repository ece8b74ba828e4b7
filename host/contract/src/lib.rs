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
        world: "plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

pub use generated::exports::memhost::strategy::compact::{Compacted, Context};
pub use generated::exports::memhost::strategy::evict::Pressure;
pub use generated::exports::memhost::strategy::retrieve::{Guidance, Moment, Placement, Query};
pub use generated::exports::memhost::strategy::strategy::{
    Arrangement, Description, ExpectedCalls, Labels, NumberRange, Parameter, Plan, Range, Setting,
    Trigger, Value,
};
pub use generated::exports::memhost::strategy::update::Feedback;
pub use generated::memhost::strategy::embedder::Side;
pub use generated::memhost::strategy::llm::{Message, ModelKind, Reply, Request, Role, Speaker};
pub use generated::memhost::strategy::run::Level;
pub use generated::memhost::strategy::store::{
    Comparison, Condition, Filter, Fusion, Hit, Operand, Probe, Ranking, Row, Scan, Search, Share,
};
pub use generated::memhost::strategy::types::{
    Actor, Adjustment, Agent, Arm, Attempt, Authority, Blob, Change, Citation, Commit, Counter,
    Counters, Document, Fault, Finding, Instant, Key, Label, Link, Memory, NewLink, NewMemory, Op,
    Outcome, Patch, Receipt, Source, State, Step, Target, Task, Tool, Verdict,
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
