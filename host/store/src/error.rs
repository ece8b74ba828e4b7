//! Why the store could not do what was asked.

use std::io;
use std::path::Path;

use memhost_base::clock::ClockError;
use memhost_contract::Fault;
use memhost_contract::embedder::{EmbedderIdentity, EmbeddingError};
use memhost_contract::limits::LimitReached;

/// Why the store could not do what was asked. Whatever the case, nothing was half-written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The path leads to a file.
    #[error("store `{path}` is a file; name a directory, which is created if it does not exist")]
    IsAFile {
        /// The path as given.
        path: String,
    },
    /// The directory holds something else.
    #[error(
        "`{path}` is not a memhost store and not empty (it holds `{found}`); name a new or an empty directory"
    )]
    NotAStore {
        /// The path as given.
        path: String,
        /// One of the things that are in it.
        found: String,
    },
    /// The store may not be written to.
    #[error(
        "store `{path}` cannot be written to ({reason}); make it writable or name another directory"
    )]
    Unwritable {
        /// The file or directory.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A file of the store may not be read by this user.
    #[error(
        "`{path}` may not be read by this user ({reason}); make it readable, and nothing is lost"
    )]
    Unreadable {
        /// The file or directory.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// There is no room left.
    #[error(
        "no room left to write `{path}` ({reason}); nothing of this transaction was kept, all earlier ones are: \
         free some space and try again"
    )]
    Full {
        /// The file or table.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The disk or the network failed otherwise.
    #[error("cannot {action} `{path}`: {reason}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or object.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A memory that is to be frozen no more is not frozen.
    #[error(
        "namespace `{namespace}` has no frozen memory `{id}`; leave the ids out to see which are frozen"
    )]
    NotFrozen {
        /// The namespace.
        namespace: String,
        /// The memory's id.
        id: String,
    },
    /// An earlier write failed in a way that leaves open what is on the disk.
    #[error(
        "namespace `{namespace}` takes no more writes, because an earlier one failed halfway ({reason}); \
         restart to go on from what is on the disk"
    )]
    Broken {
        /// The namespace.
        namespace: String,
        /// How the earlier write failed.
        reason: String,
    },
    /// What is stored was changed from outside or by a failing disk.
    #[error("`{path}` is damaged: {reason}; restore it from a backup")]
    Damaged {
        /// The file or table.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Files of the tables are not what they were when the store was last written.
    #[error("store `{uri}` is damaged: {files}; nothing was touched")]
    DamagedTables {
        /// The store.
        uri: String,
        /// Which files, and what became of them.
        files: String,
    },
    /// A repair was interrupted where the store is neither as it was nor repaired.
    #[error("the repair of store `{uri}` did not come to its end")]
    HalfRepaired {
        /// The store.
        uri: String,
    },
    /// There is no store to look at.
    #[error("there is no store at `{uri}`")]
    NoStore {
        /// The URI as given.
        uri: String,
    },
    /// A store in an object store cannot be repaired in place.
    #[error(
        "store `{uri}` cannot be repaired where it is: copy it to a directory, repair that, and copy it back; or restore \
         earlier versions of its objects"
    )]
    NotHere {
        /// The store.
        uri: String,
    },
    /// The clock of this machine cannot be.
    #[error("{0}")]
    Clock(#[from] ClockError),
    /// The URI's scheme needs a cargo feature.
    #[error(
        "`{uri}` needs support for {provider}, which this build lacks; \
         build memhost with `--features {feature}`"
    )]
    FeatureMissing {
        /// The URI as given.
        uri: String,
        /// Whose object store it is.
        provider: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The URI's scheme is none that is known.
    #[error(
        "`{uri}` has an unknown scheme; use a directory, or a URI with s3://, gs://, az:// or memory://"
    )]
    UnknownScheme {
        /// The URI as given.
        uri: String,
    },
    /// The store was written by another version.
    #[error(
        "store `{uri}` has schema version {found}, which this memhost cannot read (it reads version {known}), and the \
         memhost that wrote it can: use that one, or name another store. Nothing was changed"
    )]
    OtherSchema {
        /// The store.
        uri: String,
        /// Its version.
        found: u32,
        /// The one that this build reads.
        known: u32,
    },
    /// Something is where a new store was to be written.
    #[error("`{path}` is there already; name a place for the new store where nothing is")]
    Taken {
        /// The place.
        path: String,
    },
    /// The store's vectors were made by another embedder.
    #[error(
        "store `{uri}` was embedded with `{}` ({} dimensions), and `{}` ({} dimensions) is configured; \
         configure the former, or have it embedded anew",
        stored.name, stored.dimension, given.name, given.dimension
    )]
    OtherEmbedder {
        /// The store.
        uri: String,
        /// Whose vectors it holds.
        stored: Box<EmbedderIdentity>,
        /// The one that it was opened with.
        given: Box<EmbedderIdentity>,
        /// What chose that one.
        choice: String,
    },
    /// Another process holds it.
    #[error("{what} is in use by {holder}; wait until it has ended, or use another store{advice}")]
    InUse {
        /// Which namespace, or the store as a whole.
        what: String,
        /// Which process.
        holder: String,
        /// What to do if it is gone for good.
        advice: String,
    },
    /// A write of the transaction cannot be made.
    #[error(
        "write {number} ({operation}) cannot be made: {reason}; nothing of the transaction was written"
    )]
    Refused {
        /// Which write, from 1.
        number: usize,
        /// `insert`, `revise`.
        operation: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A limit stands in the way; nothing was written.
    #[error("{what} cannot be made: {reached}")]
    Limit {
        /// Which write, the transaction, or the index that a search needs.
        what: String,
        /// Which limit, what it allows and what was asked for.
        reached: LimitReached,
    },
    /// The transaction as a whole cannot be made.
    #[error("the transaction cannot be made: {0}")]
    Transaction(String),
    /// The search or filter breaks the contract.
    #[error("the query is not valid: {0}")]
    Query(String),
    /// A namespace's name cannot be.
    #[error("namespace name {0}")]
    Name(String),
    /// Texts could not be embedded.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// A table could not be read or written.
    #[error("cannot {action} table `{table}`: {reason}")]
    Table {
        /// What was being done.
        action: &'static str,
        /// The table.
        table: String,
        /// What whoever keeps the tables says.
        reason: String,
    },
}

impl StoreError {
    /// Whether the request was at fault, so that another one may well succeed.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            StoreError::Refused { .. }
                | StoreError::Limit { .. }
                | StoreError::Transaction(_)
                | StoreError::Query(_)
                | StoreError::Name(_)
        )
    }

    /// What a system call's failure means for the store.
    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.display().to_string(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => StoreError::Full { path, reason },
            io::ErrorKind::PermissionDenied if matches!(action, "read" | "list") => {
                StoreError::Unreadable { path, reason }
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                StoreError::Unwritable { path, reason }
            }
            _ => StoreError::Io {
                action,
                path,
                reason,
            },
        }
    }
}

/// What a strategy is told. Of failures that name the host's paths it learns nothing but that they happened.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::Limit { .. } => Fault::Exhausted(error.to_string()),
            _ if error.is_refusal() => Fault::Invalid(error.to_string()),
            StoreError::Embedding(_) => Fault::Unavailable(error.to_string()),
            _ => {
                tracing::error!("a strategy could not read its memories: {error}");
                Fault::Failed("the host's store failed; the host's log says why".to_owned())
            }
        }
    }
}
