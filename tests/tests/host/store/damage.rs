//! Damage of any file of a store: nothing is lost without a word, and everything that was sound is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use memhost::Lance;
use memhost::contract::Blob;
use memhost::store::StoreError;

use super::*;

/// What somebody reads of a store.
#[derive(Debug, Clone, PartialEq)]
struct Contents {
    /// By namespace.
    memories: BTreeMap<&'static str, Vec<String>>,
    /// By table.
    rows: BTreeMap<&'static str, usize>,
}

const NAMESPACES: [&str; 3] = ["first", "second", "third"];

/// Three runs, of which the last was killed.
async fn three_runs(path: &Path) {
    for (number, name) in NAMESPACES.into_iter().enumerate() {
        let store = open(path).await;
        let namespace = store.namespace(name).await.unwrap();
        for text in ["one", "two", "three"] {
            let text = format!("{text} of the {name}");
            namespace.apply(transaction([insert(&text)])).await.unwrap();
        }
        let rest = [
            connect("m1", "m2", "next", 1.0),
            Op::Save(Blob {
                name: "b".into(),
                bytes: vec![7; 40],
            }),
            Op::Remove("m3".into()),
        ];
        namespace.apply(transaction(rest)).await.unwrap();
        store
            .append_attempts(name, &[attempt("a", "yes"), attempt("b", "yes")])
            .await
            .unwrap();
        store
            .append_attempts(name, &[attempt("c", "no")])
            .await
            .unwrap();
        if number < 2 {
            store.close().await.unwrap();
        }
    }
}

/// What stands in a store, once all journals are taken in.
async fn contents_of(path: &Path, store: &Store) -> Result<Contents, StoreError> {
    let mut memories = BTreeMap::new();
    for name in NAMESPACES {
        let namespace = store.namespace(name).await?;
        memories.insert(name, contents(&namespace));
    }
    store.close().await?;
    let mut counted = BTreeMap::new();
    for table in ["memories", "keys", "links", "blobs", "attempts"] {
        let is_there = path.join(format!("{table}.lance")).exists();
        let count = if is_there {
            rows(path, table, "true").await
        } else {
            0
        };
        counted.insert(table, count);
    }
    Ok(Contents {
        memories,
        rows: counted,
    })
}

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Flip(usize),
    Cut(usize),
    Empty,
    Remove,
    Append,
}

impl Harm {
    /// All of them, the flips and cuts at places from all over a file of this length.
    fn all(length: usize) -> Vec<Harm> {
        let within = |place: &usize| *place < length;
        let flips = [0, length / 3, length * 4 / 5, length.saturating_sub(2)];
        let cuts = [1, length / 2];
        let flips = flips.into_iter().filter(within).map(Harm::Flip);
        let cuts = cuts.into_iter().filter(within).map(Harm::Cut);
        let rest = [Harm::Empty, Harm::Remove, Harm::Append];
        flips.chain(cuts).chain(rest).collect()
    }

    fn apply(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        match self {
            Harm::Flip(place) => bytes[place] ^= 0x10,
            Harm::Cut(place) => bytes.truncate(place),
            Harm::Empty => bytes.clear(),
            Harm::Remove => return fs::remove_file(path).unwrap(),
            Harm::Append => bytes.extend(b"something else"),
        }
        fs::write(path, bytes).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_any_file_is_told_and_costs_only_what_it_hit() {
    let place = tempfile::tempdir().unwrap();
    let origin = place.path().join("origin");
    three_runs(&origin).await;
    let whole = {
        let sound = place.path().join("sound");
        copy(&origin, &sound);
        let store = open(&sound).await;
        let whole = contents_of(&sound, &store).await.unwrap();
        assert_eq!(store.warnings(), Vec::<String>::new());
        whole
    };
    assert_eq!(whole.rows["attempts"], 9);
    assert_eq!(whole.rows["memories"], 6);

    let mut tried = 0;
    for file in files(&origin) {
        let name = file.strip_prefix(&origin).unwrap().to_owned();
        if name
            .extension()
            .is_some_and(|extension| extension == "lock")
        {
            continue;
        }
        let length = fs::metadata(&file).unwrap().len() as usize;
        let is_needed = !name.to_string_lossy().contains("_transactions");
        let harms = Harm::all(length)
            .into_iter()
            .filter(|harm| is_needed || matches!(harm, Harm::Empty));
        for (number, harm) in harms.enumerate() {
            let what = format!("{harm:?} of {}", name.display());
            let home = place.path().join(format!("{tried}-{number}"));
            copy(&origin, &home);
            harm.apply(&home.join(&name));
            survive(&home, &name, &whole, &what).await;
            fs::remove_dir_all(&home).unwrap();
        }
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

async fn survive(home: &Path, name: &Path, whole: &Contents, what: &str) {
    let uri = home.to_str().unwrap();
    let file = name.to_str().unwrap();
    let verified = Store::verify(uri, &Lance).await;
    let verified = verified.unwrap_or_else(|error| panic!("{what}: {error}"));
    let (left, warned) = match try_to_read(home).await {
        Ok(read) => read,
        Err(error) => {
            let text = error.to_string();
            assert!(
                matches!(error, StoreError::DamagedTables { .. }),
                "{what}: {text}"
            );
            assert!(
                text.contains(file) && !verified.is_sound(),
                "{what}: {text}"
            );
            return repair(home, whole, what).await;
        }
    };
    if left == *whole {
        // A value that was changed is seen by whoever asks.
        let is_changed = file.contains(".lance/data/") && !what.starts_with("Append");
        assert!(!is_changed || !verified.is_sound(), "{what}");
        return;
    }
    let texts = left
        .memories
        .iter()
        .all(|(name, memories)| memories.iter().all(|text| text.ends_with(name)));
    assert!(texts, "{what}: {left:?}");
    let said = format!("{warned:?} {verified:?}");
    assert!(
        said.contains(file) || is_as_never_written(what),
        "{what}: {said}"
    );
    sound_again(uri, what).await;
}

/// Opens a store, reads it, and closes it.
async fn try_to_read(home: &Path) -> Result<(Contents, Vec<String>), StoreError> {
    let store = Store::open(home.to_str().unwrap(), letters(), &Lance).await?;
    let mut warned = store.warnings();
    let left = contents_of(home, &store).await?;
    warned.extend(store.warnings());
    Ok((left, warned))
}

/// Goes on without the rows of a damaged file, and with all others.
async fn repair(home: &Path, whole: &Contents, what: &str) {
    let uri = home.to_str().unwrap();
    let repaired = Store::repair(uri, false, &Lance).await;
    let repaired = repaired.unwrap_or_else(|error| panic!("{what}: {error}"));
    let [table, of_its_memories @ ..] = &repaired.tables[..] else {
        panic!("{what}: {repaired:?}");
    };
    let names: Vec<&str> = of_its_memories
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let expected = if table.name == "memories" {
        vec!["keys"]
    } else {
        vec![]
    };
    assert_eq!(names, expected, "{what}");
    // The namespaces stand in other tables too.
    let comes_back = table.name == "namespaces";
    let is_lost = |lost| lost > 0 || comes_back;
    assert!(table.lost.is_some_and(is_lost), "{what}: {table:?}");
    let aside = PathBuf::from(repaired.set_aside.as_ref().unwrap());
    assert!(
        aside.join(format!("{}.lance", table.name)).is_dir(),
        "{what}"
    );
    let (left, _) = try_to_read(home)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    for (name, rows) in &left.rows {
        let written_anew = repaired.tables.iter().find(|table| table.name == *name);
        let lost = written_anew.map_or(0, |table| table.lost.unwrap());
        // Of rows that a journal has as well, none is lost.
        let least = whole.rows[name].saturating_sub(lost);
        assert!(
            (least..=whole.rows[name]).contains(rows),
            "{what}: {rows} rows in {name}, {repaired:?}"
        );
    }
    sound_again(uri, what).await;
}

/// A journal of one segment that is removed as a whole, or cut between two groups, is as one that was never written.
fn is_as_never_written(what: &str) -> bool {
    what.contains("journal/") && (what.starts_with("Remove") || what.starts_with("Cut"))
}

async fn sound_again(uri: &str, what: &str) {
    let verified = Store::verify(uri, &Lance).await.unwrap();
    assert!(verified.is_sound(), "{what}: {verified:?}");
}
