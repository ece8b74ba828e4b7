//! A host that counts what a retrieval asks of it.

use std::cell::RefCell;
use std::rc::Rc;

use memhost_sdk::native::{Host, with_host};
use memhost_sdk::testing::TestHost;
use memhost_sdk::{
    Attempt, Condition, Fault, Fusion, Guidance, Hit, Instant, Level, Link, Memory, ModelKind,
    Query, Reply, Request, Retrieve, Role, Row, Scan, Search, Settings, Side,
};

use crate::Tide;

/// How often each was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) search: u32,
    pub(super) embed: u32,
    pub(super) complete: u32,
    pub(super) count_tokens: u32,
}

/// The guidance as the strategy gives it, with negatives, and what it asked for on the way.
pub(super) fn watched(host: &TestHost, query: &Query) -> (Guidance, Calls) {
    let calls = Rc::new(RefCell::new(Calls::default()));
    let watch = Watch {
        host: host.clone(),
        calls: calls.clone(),
    };
    let settings = Settings::default().with("negatives", true);
    let guidance = with_host(watch, || Tide::retrieve(query, &settings)).unwrap();
    let calls = *calls.borrow();
    (guidance, calls)
}

struct Watch {
    host: TestHost,
    calls: Rc<RefCell<Calls>>,
}

impl Host for Watch {
    fn kind(&self, role: Role) -> ModelKind {
        self.host.kind(role)
    }

    fn complete(&self, requests: &[Request]) -> Vec<Result<Reply, Fault>> {
        self.calls.borrow_mut().complete += 1;
        self.host.complete(requests)
    }

    fn count_tokens(&self, text: &str) -> u32 {
        self.calls.borrow_mut().count_tokens += 1;
        self.host.count_tokens(text)
    }

    fn embed(&self, texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, Fault> {
        self.calls.borrow_mut().embed += 1;
        self.host.embed(texts, side)
    }

    fn dimension(&self) -> u32 {
        self.calls.borrow_mut().embed += 1;
        self.host.dimension()
    }

    fn search_memories(&self, query: &Search) -> Result<Vec<Hit>, Fault> {
        self.calls.borrow_mut().search += 1;
        self.host.search_memories(query)
    }

    fn fuse_memories(&self, query: &Fusion) -> Result<Vec<Hit>, Fault> {
        self.calls.borrow_mut().search += 1;
        self.host.fuse_memories(query)
    }

    fn scan_memories(&self, query: &Scan) -> Result<Vec<Row>, Fault> {
        assert!(!query.with_vectors, "vectors would have to be computed");
        self.host.scan_memories(query)
    }

    fn get_memories(&self, ids: &[String]) -> Result<Vec<Memory>, Fault> {
        self.host.get_memories(ids)
    }

    fn count_memories(&self, filter: &[Condition]) -> Result<u32, Fault> {
        self.host.count_memories(filter)
    }

    fn links(&self, ids: &[String], kind: Option<&str>) -> Result<Vec<Link>, Fault> {
        self.host.links(ids, kind)
    }

    fn get_attempts(&self, ids: &[String]) -> Result<Vec<Attempt>, Fault> {
        self.host.get_attempts(ids)
    }

    fn get_blob(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.host.get_blob(name)
    }

    fn now(&self) -> Instant {
        self.host.now()
    }

    fn task_number(&self) -> u32 {
        self.host.task_number()
    }

    fn batch_number(&self) -> u32 {
        self.host.batch_number()
    }

    fn random(&self) -> u32 {
        self.host.random()
    }

    fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }
}
