//! Upgrading: a store of schema version 3 is written anew beside itself, as this memhost keeps stores.
//!
//! The earlier store is only read. The new one is written under another name and gets its own when it is whole, so that
//! whatever ends an upgrade costs nothing but its time.
//!
//! What memories were learnt from was a text, `<attempt>` or `<attempt>#<step>`, and is a record now. Which of the two a
//! text was is looked up among the attempts of the store: the name of an attempt may hold a `#`.

mod earlier;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memhost_base::{clock, disk};
use memhost_contract::{Memory, Source};

use super::checkpoint::count;
use super::effect::{Effect, Record};
use super::fold::Fold;
use super::manifest::Manifest;
use super::seal::{Depth, in_words, table_of};
use super::storage::{Directory, Storage};
use super::tables::{Earlier, Tables, Upgradable, table};
use super::{CHECKPOINT, Store, StoreError, THE_STORE, repair};
use earlier::{Attempt, Group};

/// What a new store is called until it is whole.
const UNFINISHED: &str = "unfinished";
/// So many memories or attempts are brought into the tables at once.
const AT_ONCE: usize = 20_000;

/// What an upgrade wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Upgraded {
    /// Namespaces.
    pub namespaces: usize,
    /// Memories in them.
    pub memories: usize,
    /// Attempts of runs.
    pub attempts: usize,
    /// Sources that name an attempt of the store, or a step of one.
    pub sources: usize,
    /// Sources that name no attempt of the store: each is kept as an attempt that is called as its text says, without a
    /// step.
    pub unknown_sources: usize,
    /// The texts of those, each once, in order.
    pub unknown: Vec<String>,
    /// What was found damaged in journals; their sound parts were taken over.
    pub warnings: Vec<String>,
}

/// What an earlier store holds beside its tables, and who is in it.
struct Earlier3 {
    manifest: Manifest,
    tables: Box<dyn Earlier>,
    /// By namespace, in order.
    journals: BTreeMap<String, Vec<Effect>>,
    attempts: BTreeMap<(String, String), memhost_contract::Attempt>,
}

impl Store {
    /// Writes the store of schema version 3 at `uri` anew, into a place where nothing is yet. The earlier store stays as
    /// it is.
    ///
    /// # Errors
    /// There is no such store, or one of them is not in a directory of this machine; something is at the new place; a
    /// process uses the store, or has written to it meanwhile; a file of its tables is not what it was; the disk fails.
    pub async fn upgrade(
        uri: &str,
        into: &str,
        format: &dyn Upgradable,
    ) -> Result<Upgraded, StoreError> {
        clock::since_1970(SystemTime::now())?;
        let storage = Storage::open(uri).await?;
        let Storage::Directory(directory) = &storage else {
            return Err(StoreError::NotHere {
                uri: storage.tables(),
            });
        };
        let manifest = Manifest::read_earlier(&storage).await?;
        let (into, unfinished) = places(into)?;
        let lock = storage.lock_patiently(CHECKPOINT, THE_STORE).await?;
        let upgraded = async {
            let before = directory.fingerprint()?;
            let upgraded = write_anew(&storage, directory, manifest, &unfinished, format).await?;
            match directory.fingerprint()? == before {
                true => Ok(upgraded),
                false => Err(StoreError::InUse {
                    what: THE_STORE.to_owned(),
                    holder: "a process that has written to it meanwhile".to_owned(),
                    advice: "; nothing was made of it".to_owned(),
                }),
            }
        };
        let upgraded = upgraded.await;
        lock.release().await;
        let upgraded = match upgraded {
            Ok(upgraded) => upgraded,
            Err(error) => {
                remove(&unfinished)?;
                return Err(error);
            }
        };
        fs::rename(&unfinished, &into).map_err(|e| StoreError::io("rename", &unfinished, &e))?;
        let above = into.parent().unwrap_or(Path::new("."));
        disk::sync_directory(above).map_err(|e| StoreError::io("sync", above, &e))?;
        Ok(upgraded)
    }
}

/// The new store's place, and the one beside it where it is written.
fn places(into: &str) -> Result<(PathBuf, PathBuf), StoreError> {
    let into = std::path::absolute(into).map_err(|e| StoreError::io("open", into.as_ref(), &e))?;
    if into.exists() {
        return Err(StoreError::Taken {
            path: into.display().to_string(),
        });
    }
    let mut name = into.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    let unfinished = into.with_file_name(name);
    remove(&unfinished)?;
    Ok((into, unfinished))
}

/// Removes what an upgrade that was interrupted has left.
fn remove(unfinished: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", unfinished, &error))
        }
        _ => Ok(()),
    }
}

async fn write_anew(
    storage: &Storage,
    directory: &Directory,
    manifest: Manifest,
    unfinished: &Path,
    format: &dyn Upgradable,
) -> Result<Upgraded, StoreError> {
    if repair::is_half_done(storage).await? {
        return Err(StoreError::HalfRepaired {
            uri: storage.tables(),
        });
    }
    // A table of results, which earlier memhosts kept too, is not taken over, whatever became of it.
    let mut files = manifest.files.clone();
    files.retain(|path, _| table::ALL.contains(&table_of(path)));
    let broken = storage.broken_seals(files, Depth::Everything).await?;
    if !broken.is_empty() {
        return Err(StoreError::DamagedTables {
            uri: storage.tables(),
            files: in_words(&broken),
        });
    }
    let mut upgraded = Upgraded::default();
    let tables = format.earlier(storage).await?;
    let earlier = Earlier3::read(directory, manifest, tables, &mut upgraded).await?;

    let new = Storage::open(&unfinished.display().to_string()).await?;
    new.make_writable()?;
    let tables = format.open(&new).await?;
    let mut manifest = Manifest::new(earlier.manifest.embedder.clone());
    earlier
        .write(tables.as_ref(), &mut manifest, &mut upgraded)
        .await?;
    count(&new, tables.as_ref(), &mut manifest, SystemTime::UNIX_EPOCH).await?;
    Ok(upgraded)
}

impl Earlier3 {
    async fn read(
        directory: &Directory,
        manifest: Manifest,
        tables: Box<dyn Earlier>,
        upgraded: &mut Upgraded,
    ) -> Result<Self, StoreError> {
        let mut attempts = BTreeMap::new();
        for (run, json) in tables.attempts(&manifest).await? {
            let attempt: Attempt =
                serde_json::from_str(&json).map_err(|error| StoreError::Damaged {
                    path: format!("{}/attempts.lance", directory.path().display()),
                    reason: format!("an attempt of run `{run}` cannot be read: {error}"),
                })?;
            let attempt = attempt.now();
            attempts.insert((run, attempt.id.clone()), attempt);
        }
        let mut journals: BTreeMap<String, Vec<Effect>> = BTreeMap::new();
        let (groups, warnings) = directory.read_earlier_journals::<Group>()?;
        upgraded.warnings = warnings;
        for Group { namespace, records } in groups {
            for record in records {
                match record {
                    earlier::Record::Transaction(effects) => {
                        let of_namespace = journals.entry(namespace.clone()).or_default();
                        of_namespace.extend(effects.into_iter().map(earlier::Effect::now));
                    }
                    earlier::Record::Attempts { run, attempts: of } => {
                        let of = of.into_iter().map(Attempt::now);
                        attempts
                            .extend(of.map(|attempt| ((run.clone(), attempt.id.clone()), attempt)));
                    }
                    earlier::Record::Results(_) => {}
                }
            }
        }
        Ok(Earlier3 {
            manifest,
            tables,
            journals,
            attempts,
        })
    }

    async fn write(
        mut self,
        tables: &dyn Tables,
        manifest: &mut Manifest,
        upgraded: &mut Upgraded,
    ) -> Result<(), StoreError> {
        let known: HashSet<String> = self.attempts.keys().map(|(_, id)| id.clone()).collect();
        let mut sources = Sources {
            known,
            unknown: BTreeSet::new(),
        };
        let mut fold = Fold::default();
        for (number, (key, attempt)) in std::mem::take(&mut self.attempts).into_iter().enumerate() {
            fold.attempts.insert(key, attempt);
            upgraded.attempts = number + 1;
            if fold.attempts.len() == AT_ONCE {
                bring_up(tables, manifest, &mut fold).await?;
            }
        }
        let names = self.tables.namespaces(&self.manifest).await?;
        let names: BTreeSet<String> = names
            .into_iter()
            .chain(self.journals.keys().cloned())
            .collect();
        let mut waiting = 0;
        for name in names {
            let (mut effects, receipts) = self.tables.load(&self.manifest, &name).await?;
            let receipts = receipts.into_iter();
            effects.extend(receipts.map(|(receipt, at)| Effect::Receipt { receipt, at }));
            effects.extend(self.journals.remove(&name).unwrap_or_default());
            // Whatever became of it, the namespace stays known.
            fold.namespaces.entry(name.clone()).or_default();
            fold.add(&name, vec![Record::Transaction(effects)]);
            let changes = fold.namespaces.entry(name).or_default();
            let memories = changes.memories.values_mut().flatten();
            let mut kept = 0;
            for memory in memories {
                sources.resolve(memory, upgraded);
                kept += 1;
            }
            upgraded.namespaces += 1;
            upgraded.memories += kept;
            waiting += kept;
            if waiting >= AT_ONCE {
                bring_up(tables, manifest, &mut fold).await?;
                waiting = 0;
            }
        }
        bring_up(tables, manifest, &mut fold).await?;
        upgraded.unknown = Vec::from_iter(sources.unknown);
        Ok(())
    }
}

async fn bring_up(
    tables: &dyn Tables,
    manifest: &mut Manifest,
    fold: &mut Fold,
) -> Result<(), StoreError> {
    let fold = std::mem::take(fold);
    if !fold.is_empty() {
        tables.bring_up(manifest, &fold).await?;
    }
    Ok(())
}

/// The attempts that sources may name.
struct Sources {
    known: HashSet<String>,
    unknown: BTreeSet<String>,
}

impl Sources {
    /// Makes records of a memory's sources.
    fn resolve(&mut self, memory: &mut Memory, upgraded: &mut Upgraded) {
        for source in &mut memory.sources {
            match self.look_up(&source.attempt) {
                Some(found) => {
                    *source = found;
                    upgraded.sources += 1;
                }
                None => {
                    self.unknown.insert(source.attempt.clone());
                    upgraded.unknown_sources += 1;
                }
            }
        }
    }

    fn look_up(&self, text: &str) -> Option<Source> {
        if self.known.contains(text) {
            return Some(Source::attempt(text));
        }
        let (attempt, step) = text.rsplit_once('#')?;
        let is_number = step.bytes().all(|b| b.is_ascii_digit());
        let step = step.parse().ok().filter(|_| is_number)?;
        let is_known = self.known.contains(attempt);
        is_known.then(|| Source::step(attempt, step))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use memhost_contract::embedder::Embedder as _;
    use memhost_contract::{Receipt, State};
    use memhost_models::embedding::Builtin;

    use super::*;
    use crate::storage::encode;
    use crate::tables::Format;
    use crate::{InMemory, View};

    /// A store of schema version 3 whose tables hold one attempt, as it was written then.
    #[derive(Clone, Default)]
    struct OneAttempt(InMemory);

    #[async_trait]
    impl Format for OneAttempt {
        async fn open(&self, storage: &Storage) -> Result<Box<dyn Tables>, StoreError> {
            self.0.open(storage).await
        }
    }

    #[async_trait]
    impl Upgradable for OneAttempt {
        async fn earlier(&self, _: &Storage) -> Result<Box<dyn Earlier>, StoreError> {
            Ok(Box::new(self.clone()))
        }
    }

    #[async_trait]
    impl Earlier for OneAttempt {
        async fn namespaces(&self, _: &Manifest) -> Result<Vec<String>, StoreError> {
            Ok(Vec::new())
        }

        async fn load(
            &self,
            _: &Manifest,
            _: &str,
        ) -> Result<(Vec<Effect>, Vec<(Receipt, f64)>), StoreError> {
            Ok(Default::default())
        }

        async fn attempts(&self, _: &Manifest) -> Result<Vec<(String, String)>, StoreError> {
            let json = r#"{"id": "a", "task": {"id": "t", "text": "do", "labels": [], "documents": []},
                "agent": {"id": "x", "model": "m", "rank": 1}, "arm": "Memory", "trial": 0, "answer": "",
                "steps": [{"actor": "User", "name": null, "text": "hello", "reward": null}], "findings": [],
                "outcome": {"verdict": "Success", "score": 1.0, "baseline": null, "reason": "",
                "authority": "GroundTruth"}, "receipt": null}"#;
            Ok(vec![("r".to_owned(), json.to_owned())])
        }
    }

    /// Journals name no fields: a memory of schema version 3, and what stood around it, is its parts in their order.
    fn journal_of_schema_3() -> Vec<u8> {
        let none: [&str; 0] = [];
        let texts = ("m1", "item", "title", "content");
        let key = [("task", "what to do")];
        let counters = (0.5, 3u32, 2u32, 1u32, 0.0);
        let sources = ["a", "a#1", "gone#2", "gone"];
        let archived = 2u32;
        let memory = (
            texts,
            key.to_vec(),
            none.to_vec(),
            "payload",
            archived,
            counters,
        );
        let memory = (memory, sources.to_vec(), 1.0, 2.0, 3.0);
        let vectors = (1u32, ("m1", vec![vec![0.0625f32; 256]]));
        // A list is its length and what stands in it.
        let transaction = (0u32, (2u8, (0u32, memory), vectors));
        encode("n", &[transaction]).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_memory_is_what_it_was_and_names_the_attempts_that_it_was_learnt_from() {
        let home = tempfile::tempdir().unwrap();
        let (old, new) = (home.path().join("old"), home.path().join("new"));
        fs::create_dir_all(old.join("journal")).unwrap();
        let manifest = serde_json::json!({
            "schema_version": 3,
            "embedder": Builtin::default().identity(),
            "tables": {},
        });
        fs::write(old.join("memhost.json"), manifest.to_string()).unwrap();
        let log = old.join("journal/n-0123456789abcdef.00000000000000000000.log");
        fs::write(log, journal_of_schema_3()).unwrap();

        let format = OneAttempt::default();
        let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
        let upgraded = Store::upgrade(old, new, &format).await.unwrap();
        let expected = Upgraded {
            namespaces: 1,
            memories: 1,
            attempts: 1,
            sources: 2,
            unknown_sources: 2,
            unknown: vec!["gone".into(), "gone#2".into()],
            warnings: Vec::new(),
        };
        assert_eq!(upgraded, expected);

        let store = Store::open(new, Arc::new(Builtin::default()), &format.0);
        let namespace = store.await.unwrap().namespace("n").await.unwrap();
        let memory = namespace.get(&["m1".into()], &View::default()).remove(0);
        let texts = [
            &memory.kind,
            &memory.title,
            &memory.content,
            &memory.payload,
        ];
        assert_eq!(texts, ["item", "title", "content", "payload"]);
        assert_eq!((memory.state, memory.counters.uses), (State::Archived, 3));
        let key = &memory.keys[0];
        assert_eq!((key.text.as_str(), key.embedded), ("what to do", true));
        let sources = [
            Source::attempt("a"),
            Source::step("a", 1),
            Source::attempt("gone#2"),
            Source::attempt("gone"),
        ];
        assert_eq!(memory.sources, sources);
        let times = (memory.created, memory.updated, memory.last_used);
        assert_eq!((times, memory.expires), ((1.0, 2.0, 3.0), None));
    }

    #[test]
    fn what_a_source_names_is_looked_up_and_never_guessed() {
        let known = ["a", "b#1", "c#2", "c"].map(str::to_owned).into();
        let sources = Sources {
            known,
            unknown: BTreeSet::new(),
        };
        for (text, expected) in [
            ("a", Some(Source::attempt("a"))),
            ("a#3", Some(Source::step("a", 3))),
            ("b#1", Some(Source::attempt("b#1"))),
            ("b#1#0", Some(Source::step("b#1", 0))),
            // Both could be meant; the whole name is one.
            ("c#2", Some(Source::attempt("c#2"))),
            ("b", None),
            ("b#2", None),
            ("a#", None),
            ("a#+3", None),
            ("a#99999999999", None),
            ("", None),
        ] {
            assert_eq!(sources.look_up(text), expected, "{text}");
        }
    }
}
