//! The imported interfaces as plain functions: across the boundary in a component, to the installed
//! [`crate::native::Host`] elsewhere.

macro_rules! imported {
    ($interface:ident: $(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $kind:ty),*) $(-> $answer:ty)?;
    )*) => { $(
        $(#[$doc])*
        pub fn $name($($argument: $kind),*) $(-> $answer)? {
            #[cfg(target_arch = "wasm32")]
            return crate::bindings::memhost::strategy::$interface::$name($($argument),*);
            #[cfg(not(target_arch = "wasm32"))]
            return crate::native::host().$name($($argument),*);
        }
    )* };
}

macro_rules! wrapped {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;
    )*) => { $(
        $(#[$doc])*
        pub fn $name($($argument: $kind),*) -> $answer {
            #[cfg(target_arch = "wasm32")]
            return crate::bindings::memhost::strategy::inner::$name($($argument),*);
            #[cfg(not(target_arch = "wasm32"))]
            return crate::native::inner()?.$name($($argument),*);
        }
    )* };
}

/// Language model calls. Each is metered, recorded and replayable.
pub mod llm {
    use crate::types::{Fault, ModelKind, Reply, Request, Role};

    imported! { llm:
        /// What would answer this role, without asking it: a verdict of a stand-in is a count of words.
        fn kind(role: Role) -> ModelKind;
        /// Answers every request, concurrently, in order.
        fn complete(requests: &[Request]) -> Vec<Result<Reply, Fault>>;
        /// How long a text is, in the tokens of the run's budgets.
        fn count_tokens(text: &str) -> u32;
    }
}

/// Text embeddings. Most strategies never call this: the store embeds keys and query texts itself.
pub mod embedder {
    use crate::types::{Fault, Side};

    imported! { embedder:
        /// One unit-length vector per text, in order.
        ///
        /// # Errors
        /// Whatever keeps the embedder from answering.
        fn embed(texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, Fault>;
        /// The length of every vector.
        fn dimension() -> u32;
    }
}

/// Reads from the shared store, confined to this strategy's namespace.
pub mod store {
    use crate::types::{Attempt, Condition, Fault, Fusion, Hit, Link, Memory, Row, Scan, Search};

    imported! { store:
        /// The best hits, best first.
        ///
        /// # Errors
        /// A search that cannot be, such as one over an unknown field, or a store that fails.
        fn search_memories(query: &Search) -> Result<Vec<Hit>, Fault>;
        /// The best hits of several rankings together, best first.
        ///
        /// # Errors
        /// As for [`search_memories`]; or a weight that is no number.
        fn fuse_memories(query: &Fusion) -> Result<Vec<Hit>, Fault>;
        /// Memories in an order of the strategy's choice.
        ///
        /// # Errors
        /// A scan that cannot be, such as one by an unknown field, or a store that fails.
        fn scan_memories(query: &Scan) -> Result<Vec<Row>, Fault>;
        /// In the order asked; ids that do not exist are left out.
        ///
        /// # Errors
        /// A store that fails.
        fn get_memories(ids: &[String]) -> Result<Vec<Memory>, Fault>;
        /// How many memories meet the filter.
        ///
        /// # Errors
        /// A filter that cannot be, or a store that fails.
        fn count_memories(filter: &[Condition]) -> Result<u32, Fault>;
        /// Edges that start from or lead to these memories; of one kind, if given.
        ///
        /// # Errors
        /// A store that fails.
        fn links(ids: &[String], kind: Option<&str>) -> Result<Vec<Link>, Fault>;
        /// Past attempts of this run, which the host keeps once for all strategies.
        ///
        /// # Errors
        /// A store that fails.
        fn get_attempts(ids: &[String]) -> Result<Vec<Attempt>, Fault>;
        /// A blob of the strategy's own, such as the weights of a learned scorer.
        ///
        /// # Errors
        /// A store that fails.
        fn get_blob(name: &str) -> Result<Option<Vec<u8>>, Fault>;
    }
}

/// The run as the strategy may see it: everything here is replayed identically.
pub mod run {
    use crate::types::{Instant, Level};

    imported! { run:
        /// Milliseconds on the run's clock.
        fn now() -> Instant;
        /// Tasks finished so far.
        fn task_number() -> u32;
        /// Batches finished so far.
        fn batch_number() -> u32;
        /// Uniform bits from the run's seed.
        fn random() -> u32;
        /// A line for the trace.
        fn log(level: Level, message: &str);
    }
}

/// What a wrapper wraps: a plugin, one of memhost's own strategies, another wrapper. See [`Wrap`](crate::Wrap).
///
/// Settings are those that the operator chose for it; what is given here overrides them by name, usually nothing.
pub mod inner {
    use crate::types::{
        Attempt, Change, Compacted, Context, Description, Fault, Feedback, Guidance, Plan,
        Pressure, Query, Setting,
    };

    wrapped! {
        /// What it is.
        ///
        /// # Errors
        /// [`Fault::Unavailable`] while the wrapper is asked what it is itself: it then wraps nothing yet.
        fn describe() -> Result<Description, Fault>;
        /// Its plan, but for the model calls that it expects: the host adds those to the wrapper's.
        ///
        /// # Errors
        /// Its own.
        fn plan_for(settings: &[Setting]) -> Result<Plan, Fault>;
        /// What it would say if the memories with these ids were not there.
        ///
        /// # Errors
        /// Its own.
        fn retrieve(query: &Query, hide: &[String], settings: &[Setting]) -> Result<Guidance, Fault>;
        /// What it would write after these runs of one task. Nothing is written but what the wrapper returns.
        ///
        /// # Errors
        /// Its own.
        fn distill(attempts: &[Attempt], settings: &[Setting]) -> Result<Vec<Change>, Fault>;
        /// What it would write now that these outcomes are known.
        ///
        /// # Errors
        /// Its own.
        fn update(feedback: &[Feedback], settings: &[Setting]) -> Result<Vec<Change>, Fault>;
        /// What it would write to put its memories in order.
        ///
        /// # Errors
        /// Its own.
        fn maintain(settings: &[Setting]) -> Result<Vec<Change>, Fault>;
        /// What it would make of a run that has become long, if the memories with these ids were not there.
        ///
        /// # Errors
        /// Its own.
        fn compact(context: &Context, hide: &[String], settings: &[Setting]) -> Result<Compacted, Fault>;
        /// What it would let go.
        ///
        /// # Errors
        /// Its own.
        fn evict(pressure: Pressure, settings: &[Setting]) -> Result<Vec<String>, Fault>;
    }
}
