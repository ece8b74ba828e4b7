//! The tables of a store in LanceDB, which pandas, DuckDB and DataFusion read as well. All that names LanceDB, Lance or
//! Arrow for the sake of the store stands here; [`memhost_store`] knows the trait [`Tables`] and not this crate.

mod earlier;
mod pieces;
mod rescue;
mod rows;
mod schema;
mod update;
mod views;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use memhost_store::StoreError;
use memhost_store::tables::{Earlier, Format, Repairable, Rescue, Storage, Tables, Upgradable};
use views::Views;

/// Tables in LanceDB.
#[derive(Debug, Clone, Copy)]
pub struct Lance;

#[async_trait]
impl Format for Lance {
    async fn open(&self, storage: &Storage) -> Result<Box<dyn Tables>, StoreError> {
        Ok(Box::new(Views::open(storage).await?))
    }
}

#[async_trait]
impl Repairable for Lance {
    async fn rescue(&self, storage: &Storage) -> Result<Box<dyn Rescue>, StoreError> {
        Ok(Box::new(Views::open(storage).await?))
    }
}

#[async_trait]
impl Upgradable for Lance {
    async fn earlier(&self, storage: &Storage) -> Result<Box<dyn Earlier>, StoreError> {
        Ok(Box::new(Views::open(storage).await?))
    }
}

/// What a failure of LanceDB means for the store. LanceDB wraps the system's error in several layers, of which only the
/// text is reachable.
fn failed(action: &'static str, table: &str, error: &lancedb::Error) -> StoreError {
    let reason = error.to_string();
    let path = table.to_owned();
    let has = |signs: &[&str]| signs.iter().any(|sign| reason.contains(sign));
    if has(&["No space left", "File too large", "quota exceeded"]) {
        StoreError::Full { path, reason }
    } else if has(&["Read-only file system", "Permission denied"]) {
        StoreError::Unwritable { path, reason }
    } else {
        StoreError::Table {
            action,
            table: path,
            reason,
        }
    }
}

/// LanceDB found less in a file than its lists say.
fn torn(action: &'static str, table: &str) -> StoreError {
    unusable(action, table, "one of its files is torn".to_owned())
}

/// A table whose rows cannot be understood or written.
fn unusable(action: &'static str, table: &str, reason: String) -> StoreError {
    StoreError::Table {
        action,
        table: table.to_owned(),
        reason,
    }
}
