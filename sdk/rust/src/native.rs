//! Running a strategy without a sandbox: a [`Host`] stands in for the imported interfaces.
//!
//! In a component the functions of [`crate::llm`], [`crate::embedder`], [`crate::store`] and [`crate::run`]
//! call the host across the boundary. Natively they call the host that [`with_host`] installed for the
//! current thread: [`crate::testing::TestHost`] in a unit test, or a real store in a benchmark.

use std::cell::RefCell;
use std::rc::Rc;

use crate::types::{
    Attempt, Change, Compacted, Condition, Context, Description, Fault, Feedback, Fusion, Guidance,
    Hit, Instant, Level, Link, Memory, ModelKind, Plan, Pressure, Query, Reply, Request, Role, Row,
    Scan, Search, Setting, Side,
};

/// Everything that a strategy may import, as `wit/host.wit` has it.
pub trait Host {
    /// See [`crate::llm::kind`].
    fn kind(&self, role: Role) -> ModelKind;
    /// See [`crate::llm::complete`].
    fn complete(&self, requests: &[Request]) -> Vec<Result<Reply, Fault>>;
    /// See [`crate::llm::count_tokens`].
    fn count_tokens(&self, text: &str) -> u32;
    /// See [`crate::embedder::embed`].
    ///
    /// # Errors
    /// Whatever keeps the embedder from answering.
    fn embed(&self, texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, Fault>;
    /// See [`crate::embedder::dimension`].
    fn dimension(&self) -> u32;
    /// See [`crate::store::search_memories`].
    ///
    /// # Errors
    /// A search that cannot be, or a store that fails.
    fn search_memories(&self, query: &Search) -> Result<Vec<Hit>, Fault>;
    /// See [`crate::store::fuse_memories`].
    ///
    /// # Errors
    /// A search that cannot be, a weight that is no number, or a store that fails.
    fn fuse_memories(&self, query: &Fusion) -> Result<Vec<Hit>, Fault>;
    /// See [`crate::store::scan_memories`].
    ///
    /// # Errors
    /// A scan that cannot be, or a store that fails.
    fn scan_memories(&self, query: &Scan) -> Result<Vec<Row>, Fault>;
    /// See [`crate::store::get_memories`].
    ///
    /// # Errors
    /// A store that fails.
    fn get_memories(&self, ids: &[String]) -> Result<Vec<Memory>, Fault>;
    /// See [`crate::store::count_memories`].
    ///
    /// # Errors
    /// A filter that cannot be, or a store that fails.
    fn count_memories(&self, filter: &[Condition]) -> Result<u32, Fault>;
    /// See [`crate::store::links`].
    ///
    /// # Errors
    /// A store that fails.
    fn links(&self, ids: &[String], kind: Option<&str>) -> Result<Vec<Link>, Fault>;
    /// See [`crate::store::get_attempts`].
    ///
    /// # Errors
    /// A store that fails.
    fn get_attempts(&self, ids: &[String]) -> Result<Vec<Attempt>, Fault>;
    /// See [`crate::store::get_blob`].
    ///
    /// # Errors
    /// A store that fails.
    fn get_blob(&self, name: &str) -> Result<Option<Vec<u8>>, Fault>;
    /// See [`crate::run::now`].
    fn now(&self) -> Instant;
    /// See [`crate::run::task_number`].
    fn task_number(&self) -> u32;
    /// See [`crate::run::batch_number`].
    fn batch_number(&self) -> u32;
    /// See [`crate::run::random`].
    fn random(&self) -> u32;
    /// See [`crate::run::log`].
    fn log(&self, level: Level, message: &str);

    /// What a wrapper that is called wraps; nothing, unless the host says so.
    fn inner(&self) -> Option<Rc<dyn Inner>> {
        None
    }
}

/// What a wrapper wraps, as `wit/strategy.wit` has it.
pub trait Inner {
    /// See [`crate::inner::describe`].
    ///
    /// # Errors
    /// There is nothing to be described.
    fn describe(&self) -> Result<Description, Fault>;
    /// See [`crate::inner::plan_for`].
    ///
    /// # Errors
    /// Its own.
    fn plan_for(&self, settings: &[Setting]) -> Result<Plan, Fault>;
    /// See [`crate::inner::retrieve`].
    ///
    /// # Errors
    /// Its own.
    fn retrieve(
        &self,
        query: &Query,
        hide: &[String],
        settings: &[Setting],
    ) -> Result<Guidance, Fault>;
    /// See [`crate::inner::distill`].
    ///
    /// # Errors
    /// Its own.
    fn distill(&self, attempts: &[Attempt], settings: &[Setting]) -> Result<Vec<Change>, Fault>;
    /// See [`crate::inner::update`].
    ///
    /// # Errors
    /// Its own.
    fn update(&self, feedback: &[Feedback], settings: &[Setting]) -> Result<Vec<Change>, Fault>;
    /// See [`crate::inner::maintain`].
    ///
    /// # Errors
    /// Its own.
    fn maintain(&self, settings: &[Setting]) -> Result<Vec<Change>, Fault>;
    /// See [`crate::inner::compact`].
    ///
    /// # Errors
    /// Its own.
    fn compact(
        &self,
        context: &Context,
        hide: &[String],
        settings: &[Setting],
    ) -> Result<Compacted, Fault>;
    /// See [`crate::inner::evict`].
    ///
    /// # Errors
    /// Its own.
    fn evict(&self, pressure: Pressure, settings: &[Setting]) -> Result<Vec<String>, Fault>;
}

thread_local! {
    /// The innermost host is the last.
    static HOSTS: RefCell<Vec<Rc<dyn Host>>> = const { RefCell::new(Vec::new()) };
}

/// Makes the call with this host in place of the imported interfaces, on this thread.
pub fn with_host<T>(host: impl Host + 'static, call: impl FnOnce() -> T) -> T {
    /// Takes the host away again even if the call panics.
    struct Installed;
    impl Drop for Installed {
        fn drop(&mut self) {
            HOSTS.with_borrow_mut(Vec::pop);
        }
    }

    HOSTS.with_borrow_mut(|hosts| hosts.push(Rc::new(host)));
    let _installed = Installed;
    call()
}

/// The host of the call that is being made.
pub(crate) fn host() -> Rc<dyn Host> {
    HOSTS.with_borrow(|hosts| hosts.last().cloned()).expect(
        "outside of a component a strategy is called within `memhost_sdk::native::with_host`",
    )
}

/// What the call that is being made wraps.
pub(crate) fn inner() -> Result<Rc<dyn Inner>, Fault> {
    let nothing = || Fault::Unavailable("`inner` is not granted to this call".to_owned());
    host().inner().ok_or_else(nothing)
}
