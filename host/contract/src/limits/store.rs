//! What the store keeps for one strategy: limits of a memory, of a call's writes and of a namespace.
//!
//! A strategy that may write may write without end, and the host would keep all of it. So whatever a write can carry
//! has a limit, and so has what all writes come to.
//!
//! The defaults are at least ten times the most that the strategies of `plugins/` and the host's floors came to on the
//! built-in suites, BFCL, WebArena, tau-bench, GSM8K, ForecastBench and Clippy's UI tests: 328 keys, 8 labels, 6 sources
//! and 392 kB of one memory, blobs of 3 kB; 7,365 memories, 512 vectors and 4.4 MB of one call; 14,231 citations (of a floor on Clippy's UI tests) and a note
//! of 691 bytes; 32,450 rows, 24.6 MB stored and 37 MB resident of a namespace with 2 names of keys. So only a slip or ill
//! will meets them.

use serde::{Deserialize, Serialize};

use super::{Limit, LimitReached, positive};

/// Declares every limit once: its field, which is its key in `memhost.toml`; its variant; its default; its name in words.
macro_rules! store_limits {
    ($($(#[$doc:meta])* $field:ident / $variant:ident = $default:expr, $name:literal;)*) => {
        /// What the store takes. In `memhost.toml` this is the table `[limits.store]`; what is absent there keeps its
        /// default.
        ///
        /// ```
        /// let limits: memhost_contract::limits::Limits = toml::from_str("[store]\nkeys_per_memory = 5").unwrap();
        /// assert_eq!(limits.store.keys_per_memory, 5);
        /// assert_eq!(limits.store.labels_per_memory, 1_000);
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct StoreLimits {
            $($(#[$doc])* #[serde(deserialize_with = "positive")] pub $field: u64,)*
        }

        impl Default for StoreLimits {
            fn default() -> Self {
                StoreLimits { $($field: $default,)* }
            }
        }

        /// A field of [`StoreLimits`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreLimit {
            $(#[doc = concat!("[`StoreLimits::", stringify!($field), "`]")] $variant,)*
        }

        impl StoreLimit {
            /// Every one, in the order of the documentation.
            pub const ALL: &[StoreLimit] = &[$(StoreLimit::$variant,)*];

            /// Its key under `[limits.store]` in `memhost.toml`.
            pub fn key(self) -> &'static str {
                match self {
                    $(StoreLimit::$variant => stringify!($field),)*
                }
            }

            /// What it counts, in words.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(StoreLimit::$variant => $name,)*
                }
            }

            /// The value that it has.
            pub fn value(self, limits: &StoreLimits) -> u64 {
                match self {
                    $(StoreLimit::$variant => limits.$field,)*
                }
            }
        }
    };
}

store_limits! {
    /// Keys of one memory; each that is embedded has a vector. Default: 5,000.
    keys_per_memory / KeysPerMemory = 5_000, "keys of one memory";
    /// Labels of one memory. Default: 1,000.
    labels_per_memory / LabelsPerMemory = 1_000, "labels of one memory";
    /// Sources of one memory. Default: 10,000.
    sources_per_memory / SourcesPerMemory = 10_000, "sources of one memory";
    /// Links that start from or lead to one memory. Default: 10,000.
    links_per_memory / LinksPerMemory = 10_000, "links of one memory";
    /// Bytes of one memory, its keys' vectors included. Default: 48 MiB.
    memory_bytes / MemoryBytes = 48 << 20, "bytes of one memory";
    /// Bytes of one blob. Default: 32 MiB.
    blob_bytes / BlobBytes = 32 << 20, "bytes of one blob";
    /// Writes that one call may ask for. Default: 100,000.
    writes_per_call / WritesPerCall = 100_000, "writes of one call";
    /// Keys that the writes of one call bring and that are embedded, unless their vectors are given. Default: 20,000.
    vectors_per_call / VectorsPerCall = 20_000, "vectors of one call";
    /// Bytes that the store writes down for one call: every memory that it changes, however little, as it is
    /// afterwards. Default: 64 MiB.
    bytes_per_call / BytesPerCall = 64 << 20, "bytes stored by one call";
    /// Memories that one receipt cites. Default: 200,000.
    citations_per_receipt / CitationsPerReceipt = 200_000, "citations of one receipt";
    /// Bytes of one receipt's note. Default: 64 KiB.
    note_bytes / NoteBytes = 64 << 10, "bytes of one receipt's note";
    /// Names of keys that a namespace has ever had: each can be searched by itself. Default: 1,000.
    key_names / KeyNames = 1_000, "names of keys in this namespace";
    /// Fields that lexical searches of a namespace rank by: each has an index, which every write keeps up to date.
    /// Default: 100.
    searched_fields / SearchedFields = 100, "fields that lexical searches of this namespace rank by";
    /// Memories, keys, links, blobs and receipts of a namespace together, whatever the state of a memory.
    /// Default: 1,000,000.
    rows / Rows = 1_000_000, "rows of this namespace";
    /// Bytes of these rows, each in its present version, and of the writes that wait for their condition.
    /// Default: 256 MiB.
    stored_bytes / StoredBytes = 256 << 20, "bytes stored in this namespace";
    /// Bytes that the open namespace holds in memory: its memories, keys, links and blobs, and the indexes that
    /// its searches need. Counted by estimate. Default: 512 MiB.
    resident_bytes / ResidentBytes = 512 << 20, "bytes in memory of this namespace";
}

impl StoreLimits {
    /// Whether so much is allowed.
    ///
    /// # Errors
    /// It is not: which limit says so, what it allows, and what was asked for.
    pub fn check(&self, limit: StoreLimit, wanted: u64) -> Result<(), LimitReached> {
        let allowed = limit.value(self);
        match wanted <= allowed {
            true => Ok(()),
            false => Err(LimitReached {
                limit: Limit::Store(limit),
                allowed,
                wanted: Some(wanted),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn every_limit_is_a_setting_named_by_its_key_and_refuses_what_is_above_it() {
        for &limit in StoreLimit::ALL {
            let key = limit.key();
            let limits: Limits = toml::from_str(&format!("[store]\n{key} = 7")).unwrap();
            assert_eq!(limit.value(&limits.store), 7, "{key}");
            limits.store.check(limit, 7).unwrap();
            let told = limits.store.check(limit, 8).unwrap_err().to_string();
            let cure = format!("`{key}` under [limits.store] in memhost.toml raises the limit");
            assert!(told.contains(&cure), "{told}");
            assert!(told.contains('8') && told.contains('7'), "{told}");
            for bad in ["0", "-1", "1.5", "\"7\""] {
                let bad = format!("[store]\n{key} = {bad}");
                assert!(toml::from_str::<Limits>(&bad).is_err(), "{bad}");
            }
        }
        let written = toml::to_string(&StoreLimits::default()).unwrap();
        assert_eq!(written.lines().count(), StoreLimit::ALL.len(), "{written}");
        assert!(toml::from_str::<Limits>("[store]\nkeys = 7").is_err());
    }

    #[test]
    fn each_refusal_says_what_how_much_of_it_and_what_to_do() {
        let limits = StoreLimits::default();
        let told = StoreLimit::ALL.iter().map(|&limit| {
            let wanted = limit.value(&limits) + 1;
            limits.check(limit, wanted).unwrap_err().to_string()
        });
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
    }
}
