//! Rows that a checkpoint takes out of a table, or reads to write them anew: found by one read, whoever they belong to.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use futures::TryStreamExt;
use lancedb::Table;
use lancedb::datafusion::scalar::ScalarValue;
use lancedb::expr::{DfExpr, col, is_in, lit};
use lancedb::query::{ExecutableQuery, QueryBase, Select};

use super::schema;
use super::update::text;

/// The most texts or numbers in one predicate; of more it is cheaper to look at every row.
const MOST_VALUES: usize = 10_000;
/// The column of a row's place, which LanceDB has in every table.
const ROW_ID: &str = "_rowid";

/// Rows by whose they are, and there by what stands in one of their columns.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The column that says whose they are.
    pub owner: &'static str,
    /// The column that they are found by.
    pub column: &'static str,
    /// By owner.
    pub wanted: BTreeMap<String, HashSet<String>>,
}

impl Rows {
    /// None yet.
    pub(crate) fn new(owner: &'static str, column: &'static str) -> Self {
        Rows {
            owner,
            column,
            wanted: BTreeMap::new(),
        }
    }

    /// These as well.
    pub(crate) fn add<'a>(&mut self, owner: &str, ids: impl Iterator<Item = &'a str>) {
        let mut ids = ids.peekable();
        if ids.peek().is_some() {
            let of_owner = self.wanted.entry(owner.to_owned()).or_default();
            of_owner.extend(ids.map(str::to_owned));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether these are among them.
    fn have(&self, owner: &str, id: &str) -> bool {
        self.wanted.get(owner).is_some_and(|ids| ids.contains(id))
    }

    /// What they all meet, and some others too; none if they are too many to be named.
    pub(crate) fn predicate(&self) -> Option<DfExpr> {
        let named = |column: &str, values: &HashSet<&str>| {
            let values: Vec<DfExpr> = values.iter().map(|value| text(value)).collect();
            (values.len() <= MOST_VALUES).then(|| is_in(col(column), values))
        };
        let owners = self.wanted.keys().map(String::as_str).collect();
        let ids = self.wanted.values().flatten().map(String::as_str).collect();
        match (named(self.owner, &owners), named(self.column, &ids)) {
            (Some(owners), Some(ids)) if self.owner != self.column => Some(owners.and(ids)),
            (owners, ids) => owners.or(ids),
        }
    }

    /// Which rows of a batch are among them.
    pub(crate) fn among(&self, batch: &RecordBatch) -> Result<Vec<bool>, String> {
        let places = schema::read_pairs_of(batch, self.owner, self.column)?;
        let wanted = places.iter().map(|(owner, id)| self.have(owner, id));
        Ok(wanted.collect())
    }

    /// Takes them out of a table: one commit, however many owners they have, and none if the table holds none of them.
    pub(crate) async fn delete_from(&self, table: &Table) -> lancedb::Result<()> {
        let mut columns = vec![self.owner, self.column];
        columns.dedup();
        let mut query = table
            .query()
            .select(Select::columns(&columns))
            .with_row_id();
        if let Some(predicate) = self.predicate() {
            query = query.only_if_expr(predicate);
        }
        let mut gone: Vec<u64> = Vec::new();
        let mut found = query.execute().await?;
        while let Some(batch) = found.try_next().await? {
            let among = self.among(&batch).map_err(runtime)?;
            let ids = batch.column_by_name(ROW_ID);
            let ids = ids.and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
            let ids = ids.ok_or_else(|| runtime("its rows have no ids".to_owned()))?;
            let ids = ids.values().iter().zip(among);
            gone.extend(ids.filter(|(_, among)| *among).map(|(id, _)| *id));
        }
        for ids in gone.chunks(MOST_VALUES) {
            let ids = ids.iter().map(|id| lit(ScalarValue::UInt64(Some(*id))));
            table.delete(&is_in(col(ROW_ID), ids.collect())).await?;
        }
        Ok(())
    }
}

fn runtime(message: String) -> lancedb::Error {
    lancedb::Error::Runtime { message }
}
