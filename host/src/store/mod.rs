//! The shared columnar store.

mod draft;
mod effect;
mod error;
mod filter;
mod lexical;
mod rank;
mod vectors;
mod working_set;

use std::collections::HashSet;
use std::sync::Arc;

pub use draft::{LARGEST_BLOB, LONGEST_NAME, LONGEST_TEXT};
pub use error::StoreError;

use crate::contract::{
    Attempt, Filter, Hit, Instant, Link, Memory, Op, Receipt, Row, Scan, Search,
};
use crate::embedding::Embedder;

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

/// What of a namespace a call sees.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Memories learnt from any of these attempts are invisible.
    pub withheld: Arc<HashSet<String>>,
    /// These provisional memories are visible as if they were active (a candidate on trial).
    pub on_trial: Arc<HashSet<String>>,
}

/// One strategy's memories in one run or deployment. Cheap to clone.
#[derive(Clone)]
pub struct Namespace {}

impl Store {
    /// Opens or creates the store at a directory or an object-store URI.
    pub async fn open(uri: &str, embedder: Arc<dyn Embedder>) -> Result<Store, StoreError> {
        let _ = (uri, embedder);
        todo!()
    }

    /// Opens a namespace for reading and writing, creating it if need be. One writer at a time.
    pub async fn namespace(&self, name: &str) -> Result<Namespace, StoreError> {
        let _ = name;
        todo!()
    }

    /// Keeps attempts of a run, once for all strategies.
    pub async fn append_attempts(&self, run: &str, attempts: &[Attempt]) -> Result<(), StoreError> {
        let _ = (run, attempts);
        todo!()
    }

    /// Appends JSON objects as rows of the `results` table (typed columns, see the schema module).
    pub async fn append_results(&self, results: &[ResultRow]) -> Result<(), StoreError> {
        let _ = results;
        todo!()
    }

    /// Writes what is outstanding and brings the tables up to the log.
    pub async fn close(&self) -> Result<(), StoreError> {
        todo!()
    }
}

impl Namespace {
    /// The best hits, best first; exact within the working set. Query texts are embedded with the store's embedder.
    pub async fn search(&self, search: &Search, view: &View) -> Result<Vec<Hit>, StoreError> {
        let _ = (search, view);
        todo!()
    }

    /// Memories in an order of the caller's choice.
    pub fn scan(&self, scan: &Scan, view: &View) -> Result<Vec<Row>, StoreError> {
        let _ = (scan, view);
        todo!()
    }

    /// In the order asked; ids that do not exist are left out.
    pub fn get(&self, ids: &[String], view: &View) -> Vec<Memory> {
        let _ = (ids, view);
        todo!()
    }

    /// How many memories meet the filter.
    pub fn count(&self, filter: &Filter, view: &View) -> Result<u32, StoreError> {
        let _ = (filter, view);
        todo!()
    }

    /// Tokens of content over all active memories.
    pub fn content_tokens(&self) -> u64 {
        todo!()
    }

    /// Edges that start from or lead to these memories.
    pub fn links(&self, ids: &[String], kind: Option<&str>, view: &View) -> Vec<Link> {
        let _ = (ids, kind, view);
        todo!()
    }

    /// A blob by name.
    pub fn blob(&self, name: &str) -> Option<Vec<u8>> {
        let _ = name;
        todo!()
    }

    /// Applies a transaction: all of it or, on an error, nothing; durable when this returns. Inserted memories
    /// get the state given, and their ids are returned in the order of the inserts.
    pub async fn apply(&self, transaction: Transaction) -> Result<Vec<String>, StoreError> {
        let _ = transaction;
        todo!()
    }
}

/// What is written at once.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// The writes, in order; a later one sees the earlier ones.
    pub writes: Vec<Write>,
    /// What retrievals handed out.
    pub receipts: Vec<Receipt>,
    /// When, on the run's clock.
    pub at: Instant,
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// What is written.
    pub op: Op,
    /// An insert makes a provisional memory instead of an active one.
    pub provisional: bool,
}

/// One measured cell, as a row of the `results` table.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ResultRow {
    /// Which comparison.
    pub run: String,
    /// Which strategy.
    pub strategy: String,
    /// Its code.
    pub digest: String,
    /// Which suite.
    pub suite: String,
    /// Which seed.
    pub seed: u64,
    /// Which metric: `answer@256`, `fuel`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Over how many tasks.
    pub tasks: u32,
}
