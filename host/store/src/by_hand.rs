//! What a person does to the memories of a store, apart from any run: removes what nothing needs any more, and lifts what a
//! strategy has frozen.

use std::sync::Arc;

use async_trait::async_trait;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost_contract::{Instant, Memory, Op, Patch, Side, State};

use super::storage::Storage;
use super::tables::Format;
use super::verify::read_manifest;
use super::{Namespace, Store, StoreError, Transaction, Write};

/// How many memories one transaction changes.
const AT_ONCE: usize = 1_000;

/// What of a namespace goes, or would go.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Pruned {
    /// Its name.
    pub namespace: String,
    /// Memories that have expired.
    pub expired: usize,
    /// Memories that are archived and have not.
    pub archived: usize,
    /// Memories that have expired and are frozen: they stay.
    pub frozen: usize,
    /// Memories that stay, those included.
    pub kept: usize,
}

/// A memory that is frozen no more, or would be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Thawed {
    /// Its id.
    pub id: String,
    /// Its title, or its content if it has none.
    pub text: String,
}

impl Store {
    /// Opens the store there for whoever embeds nothing: its memories can be looked at, revised and removed. The rest is as
    /// for [`Store::open`].
    ///
    /// # Errors
    /// There is no store, or it cannot be opened.
    pub async fn open_without_embedder(
        uri: &str,
        format: &dyn Format,
    ) -> Result<Store, StoreError> {
        let storage = Storage::open(uri).await?;
        let manifest = read_manifest(&storage, uri).await?;
        let nothing = EmbedsNothing(manifest.embedder);
        Store::open(uri, Arc::new(nothing), format).await
    }

    /// The names of all namespaces that its tables know, in their order: those of runs that have ended, and of others as
    /// of their last checkpoint.
    ///
    /// # Errors
    /// A table cannot be read.
    pub async fn namespaces(&self) -> Result<Vec<String>, StoreError> {
        let manifest = self.inner.manifest().await?;
        self.inner.tables.namespace_names(&manifest).await
    }

    /// Removes what has expired from a namespace, and what is archived if that is wanted; `dry_run` only counts. By then is
    /// by the last moment that is noted in any of its memories: nobody else knows the clock of a run. Receipts that name
    /// what goes stay as they are.
    ///
    /// # Errors
    /// As for [`Store::namespace`] and [`Namespace::apply`].
    pub async fn prune(
        &self,
        namespace: &str,
        archived: bool,
        dry_run: bool,
    ) -> Result<Pruned, StoreError> {
        let open = self.namespace(namespace).await?;
        let mut pruned = Pruned {
            namespace: namespace.to_owned(),
            expired: 0,
            archived: 0,
            frozen: 0,
            kept: 0,
        };
        let mut going = Vec::new();
        let now = open.each(|memories| {
            let now = latest(memories);
            for memory in memories {
                let has_expired = memory.expires.is_some_and(|expires| expires <= now);
                let goes = match (has_expired, memory.state) {
                    (true, State::Frozen) => {
                        pruned.frozen += 1;
                        false
                    }
                    (true, _) => {
                        pruned.expired += 1;
                        true
                    }
                    (false, State::Archived) if archived => {
                        pruned.archived += 1;
                        true
                    }
                    (false, _) => false,
                };
                match goes {
                    true => going.push(memory.id.clone()),
                    false => pruned.kept += 1,
                }
            }
            now
        });
        if !dry_run {
            let removals = going.into_iter().map(|id| Op::Remove(id.into()));
            change(&open, removals.collect(), now).await?;
        }
        Ok(pruned)
    }

    /// Makes these memories of a namespace active again that a strategy has frozen, or all of those if none is named;
    /// `dry_run` only says which.
    ///
    /// # Errors
    /// As for [`Store::prune`]; and one that is named is not there or is not frozen.
    pub async fn thaw(
        &self,
        namespace: &str,
        ids: &[String],
        dry_run: bool,
    ) -> Result<Vec<Thawed>, StoreError> {
        let open = self.namespace(namespace).await?;
        let (now, frozen) = open.each(|memories| {
            let frozen = memories
                .iter()
                .filter(|memory| memory.state == State::Frozen);
            let frozen: Vec<Thawed> = frozen.map(|memory| thawed(memory)).collect();
            (latest(memories), frozen)
        });
        if let Some(id) = ids.iter().find(|id| !frozen.iter().any(|f| f.id == **id)) {
            return Err(StoreError::NotFrozen {
                namespace: namespace.to_owned(),
                id: id.clone(),
            });
        }
        let wanted = frozen
            .into_iter()
            .filter(|frozen| ids.is_empty() || ids.contains(&frozen.id));
        let wanted: Vec<Thawed> = wanted.collect();
        if !dry_run {
            let lift =
                |thawed: &Thawed| Op::Revise(Patch::to_state(thawed.id.as_str(), State::Active));
            change(&open, wanted.iter().map(lift).collect(), now).await?;
        }
        Ok(wanted)
    }
}

/// Carries out what a person wants, who may change what is frozen.
async fn change(namespace: &Namespace, ops: Vec<Op>, at: Instant) -> Result<(), StoreError> {
    for ops in ops.chunks(AT_ONCE) {
        let transaction = Transaction {
            writes: ops.iter().cloned().map(Write::at_once).collect(),
            at,
            ..Transaction::default()
        };
        namespace.apply_by_hand(transaction).await?;
    }
    Ok(())
}

/// The last moment that is noted in any of these.
fn latest(memories: &[&Memory]) -> Instant {
    let moments = memories
        .iter()
        .flat_map(|memory| [memory.created, memory.updated, memory.last_used]);
    moments.fold(0.0, f64::max)
}

fn thawed(memory: &Memory) -> Thawed {
    let text = match memory.title.is_empty() {
        true => &memory.content,
        false => &memory.title,
    };
    Thawed {
        id: memory.id.clone(),
        text: text.clone(),
    }
}

/// Stands for the embedder whose vectors a store holds, where none is needed.
struct EmbedsNothing(EmbedderIdentity);

#[async_trait]
impl Embedder for EmbedsNothing {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, _: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        Err(EmbeddingError {
            embedder: self.0.name.clone(),
            message: "the store was opened without it; open it with it to search or to add keys"
                .to_owned(),
        })
    }
}
