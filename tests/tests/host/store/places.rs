//! Where a store may be, and what is said where it may not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use memhost::Lance;
use memhost::config::Config;
use memhost::contract::Blob;
use memhost::embedding::Builtin;
use memhost::store::{SCHEMA_VERSION, StoreError};

use super::*;
use crate::processes::alone;

const LIMITED: &str = "MEMHOST_TEST_LIMITED_STORE";

/// Every file below a directory, with its bytes. Locks are left out: one that is let go of goes when it goes.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![path.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.insert(format!("{}/", path.display()), vec![]);
                waiting.push(path);
            } else if path.extension().is_none_or(|extension| extension != "lock") {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

async fn refusal(path: &Path, embedder: Arc<dyn Embedder>) -> StoreError {
    Store::open(path.to_str().unwrap(), embedder, &Lance)
        .await
        .err()
        .unwrap()
}

async fn filled(path: &Path) {
    let store = open(path).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace
        .apply(transaction([insert("one"), insert("two")]))
        .await
        .unwrap();
    store.close().await.unwrap();
    namespace
        .apply(transaction([insert("three")]))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    fs::write(&path, "mine").unwrap();
    let error = refusal(&path, letters()).await;
    assert!(matches!(error, StoreError::IsAFile { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let error = refusal(&path.join("below"), letters()).await.to_string();
    assert!(error.contains("file/below"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_other_things_is_refused_and_not_touched() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "mine").unwrap();
    let before = files(home.path());
    let error = refusal(home.path(), letters()).await;
    assert!(error.to_string().contains("thesis.tex"), "{error}");
    assert_eq!(files(home.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_schema_version_is_refused_and_not_touched() {
    let home = tempfile::tempdir().unwrap();
    filled(home.path()).await;
    let manifest = home.path().join("memhost.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let ours = format!("\"schema_version\": {SCHEMA_VERSION}");
    let newer = text.replace(&ours, "\"schema_version\": 7, \"new\": []");
    assert_ne!(newer, text);
    fs::write(&manifest, newer).unwrap();
    let before = files(home.path());
    let error = refusal(home.path(), letters()).await;
    assert!(
        matches!(
            error,
            StoreError::OtherSchema {
                found: 7,
                known: SCHEMA_VERSION,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(files(home.path()), before);
}

fn choice_of(error: &StoreError) -> &str {
    match error {
        StoreError::OtherEmbedder { choice, .. } => choice,
        error => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_is_refused_with_both_names_and_what_chose_it() {
    let home = tempfile::tempdir().unwrap();
    filled(home.path()).await;
    let before = files(home.path());
    for other in [embedder("test:letters", 13), embedder("test:other", 26)] {
        let error = refusal(home.path(), other.clone()).await;
        assert_eq!(choice_of(&error), other.choice());
        let error = error.to_string();
        assert!(error.contains("`test:letters` (26 dimensions)"), "{error}");
        let given = other.identity();
        assert!(
            error.contains(&format!(
                "`{}` ({} dimensions)",
                given.name, given.dimension
            )),
            "{error}"
        );
    }
    let builtin = refusal(home.path(), Arc::new(Builtin::default())).await;
    Config::default().set_embedder(choice_of(&builtin)).unwrap();
    assert_eq!(files(home.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_embedded_anew() {
    let home = tempfile::tempdir().unwrap();
    let uri = home.path().to_str().unwrap();
    filled(home.path()).await;
    let other = embedder("test:other", 13);
    {
        let store = open(home.path()).await;
        let _held = store.namespace("a").await.unwrap();
        let error = Store::reembed(uri, other.clone(), &Lance)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    }
    assert_eq!(
        Store::reembed(uri, other.clone(), &Lance)
            .await
            .unwrap()
            .keys,
        3
    );
    assert!(matches!(
        refusal(home.path(), letters()).await,
        StoreError::OtherEmbedder { .. }
    ));
    let store = Store::open(uri, other.clone(), &Lance).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    for row in namespace.scan(&everything(), &View::default()).unwrap() {
        let texts = [row.memory.keys[0].text.clone()];
        assert_eq!(
            row.vectors,
            other.embed(&texts, Side::Document).await.unwrap().vectors
        );
    }
    namespace
        .apply(transaction([insert("four")]))
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_eq!(Store::reembed(uri, other, &Lance).await.unwrap().keys, 0);
    assert_eq!(contents(&namespace), ["one", "two", "three", "four"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_may_hold_anything() {
    let home = tempfile::tempdir().unwrap();
    for name in ["with space", "ünï/日本", "per%20cent#?&", "a.lance"] {
        let path = home.path().join(name);
        filled(&path).await;
        let store = open(&path).await;
        assert_eq!(
            contents(&store.namespace("a").await.unwrap()),
            ["one", "two", "three"],
            "{name}"
        );
    }
}

/// The same code as for s3, gs and az.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_keeps_what_a_directory_keeps() {
    let store = Store::open("memory://store", letters(), &Lance)
        .await
        .unwrap();
    for round in 1..4u32 {
        let namespace = store.namespace("a").await.unwrap();
        namespace
            .apply(transaction([
                insert("kept"),
                insert("gone"),
                Op::Save(Blob {
                    name: "b".into(),
                    bytes: vec![round as u8],
                }),
            ]))
            .await
            .unwrap();
        namespace
            .apply(transaction([Op::Remove(format!("m{}", round * 2).into())]))
            .await
            .unwrap();
        if round == 2 {
            store.close().await.unwrap();
        }
        drop(namespace);
        let namespace = store.namespace("a").await.unwrap();
        assert_eq!(contents(&namespace), vec!["kept"; round as usize]);
        assert_eq!(namespace.blob("b"), Some(vec![round as u8]));
    }
    store.close().await.unwrap();
    assert_eq!(contents(&store.namespace("a").await.unwrap()).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_did_not_come_to_its_end_never_happened() {
    let home = tempfile::tempdir().unwrap();
    filled(home.path()).await;
    let manifest = home.path().join("memhost.json");
    let before = fs::read(&manifest).unwrap();
    let left = files(home.path()).into_iter();
    let journals: Vec<_> = left.filter(|(path, _)| path.ends_with(".log")).collect();
    assert!(!journals.is_empty());
    let restore = || {
        fs::write(&manifest, &before).unwrap();
        for (path, bytes) in &journals {
            fs::write(path, bytes).unwrap();
        }
    };

    // As if the process had ended after the manifest was written and before the journals were gone.
    open(home.path()).await.close().await.unwrap();
    for (path, bytes) in &journals {
        fs::write(path, bytes).unwrap();
    }
    for _ in 0..2 {
        let store = open(home.path()).await;
        let namespace = store.namespace("a").await.unwrap();
        assert_eq!(contents(&namespace), ["one", "two", "three"]);
        store.close().await.unwrap();
    }

    // As if it had ended after the tables were written and before the manifest was.
    restore();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    assert_eq!(contents(&namespace), ["one", "two", "three"]);
    store.close().await.unwrap();
    assert_eq!(
        namespace
            .apply(transaction([insert("four")]))
            .await
            .unwrap(),
        ["m4"]
    );
    drop((namespace, store));

    // And as if the power had gone then, with the newest manifest of a table torn.
    restore();
    let versions = home.path().join("memories.lance/_versions");
    let newest = fs::read_dir(versions)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .min()
        .unwrap();
    fs::write(newest, b"").unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    // The fourth stands in a segment that the restored ones were before.
    let found = contents(&namespace);
    assert_eq!(found[..3], ["one", "two", "three"]);
    store.close().await.unwrap();
    drop((namespace, store));
    assert_eq!(
        contents(&open(home.path()).await.namespace("a").await.unwrap()),
        found
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_costs_the_group_that_was_hit_and_is_told() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    let texts = ["one", "two", "three"];
    for text in texts {
        namespace.apply(transaction([insert(text)])).await.unwrap();
    }
    drop((namespace, store));
    let left = files(home.path());
    let journal = left.keys().find(|path| path.ends_with(".log")).unwrap();
    let whole = left[journal].clone();

    let (mut lost, mut step) = (Vec::new(), whole.len() / 40);
    step |= 1;
    for place in (0..whole.len()).step_by(step) {
        let copy = tempfile::tempdir().unwrap();
        let at_copy =
            |path: &str| path.replace(home.path().to_str().unwrap(), copy.path().to_str().unwrap());
        for (path, bytes) in left.iter().filter(|(path, _)| !path.ends_with('/')) {
            let path = PathBuf::from(at_copy(path));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        let journal = at_copy(journal);
        fs::write(&journal, &damaged).unwrap();

        let store = open(copy.path()).await;
        let warnings = store.warnings().join("\n");
        let found = contents(&store.namespace("a").await.unwrap());
        if found == texts {
            continue;
        }
        let missing: Vec<_> = texts
            .into_iter()
            .filter(|text| !found.iter().any(|f| f == text))
            .collect();
        assert_eq!((missing.len(), found.len()), (1, 2), "{place}: {found:?}");
        lost.extend(missing);
        assert!(
            warnings.contains(&journal) && warnings.contains("damaged at bytes"),
            "{warnings}"
        );
        let aside = journal.replace(".log", ".damaged");
        assert_eq!(
            fs::read(aside).unwrap(),
            damaged,
            "all that is left can still be looked at"
        );
    }
    lost.dedup();
    assert_eq!(lost, texts);

    let journal = journal.as_str();
    // Cut short in the last group, as by the end of the process.
    fs::write(journal, &whole[..whole.len() - 2]).unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    assert_eq!(contents(&namespace), ["one", "two"]);
    namespace
        .apply(transaction([insert("again")]))
        .await
        .unwrap();
    drop((namespace, store));
    let store = open(home.path()).await;
    assert_eq!(
        contents(&store.namespace("a").await.unwrap()),
        ["one", "two", "again"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_of_a_run_that_has_ended_is_set_aside_and_the_store_works_on() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("ended").await.unwrap();
    for text in ["one", "two", "three"] {
        namespace.apply(transaction([insert(text)])).await.unwrap();
    }
    drop((namespace, store));
    let journals = |extension: &str| -> Vec<(String, Vec<u8>)> {
        let files = files(home.path()).into_iter();
        files
            .filter(|(path, _)| path.ends_with(extension))
            .collect()
    };
    let (journal, mut bytes) = journals(".log").remove(0);
    let second = bytes.len() / 2;
    bytes[second] ^= 1;
    fs::write(&journal, &bytes).unwrap();

    let store = open(home.path()).await;
    let other = store.namespace("other").await.unwrap();
    other.apply(transaction([insert("other")])).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(journals(".log"), []);
    let aside = journals(".damaged");
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].1, bytes, "all that is left can still be looked at");

    // What stood before and behind the damage is there, and what comes now does not take the damaged file's place.
    for new in 0..3 {
        let namespace = store.namespace("ended").await.unwrap();
        let expected = [vec!["one", "three"], vec!["new"; new]].concat();
        assert_eq!(contents(&namespace), expected);
        namespace.apply(transaction([insert("new")])).await.unwrap();
        store.close().await.unwrap();
    }
    assert_eq!(journals(".damaged"), aside);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_journals_nor_locks_stay_behind() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    for number in 0..40 {
        let namespace = store.namespace(&format!("run/{number}")).await.unwrap();
        namespace.apply(transaction([insert("x")])).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let left = files(&home.path().join("journal"));
    assert!(left.keys().all(|path| path.ends_with('/')), "{left:?}");
    let namespace = open(home.path()).await.namespace("run/39").await.unwrap();
    assert_eq!(contents(&namespace), ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_follow_by_themselves_when_the_journals_grow() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let namespace = store.namespace("a").await.unwrap();
    for _ in 0..9 {
        let mut memory = new_memory(&"x".repeat(8 << 20));
        memory.keys.clear();
        namespace
            .apply(transaction([Op::Insert(memory)]))
            .await
            .unwrap();
    }
    for _ in 0..200 {
        if home.path().join("memories.lance").exists() {
            break;
        }
        namespace
            .apply(transaction([add("m1", Counter::Uses, 1.0)]))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(home.path().join("memories.lance").exists());
    let before = all(&namespace);
    drop((namespace, store));
    assert!(all(&open(home.path()).await.namespace("a").await.unwrap()) == before);
}

/// Mounts a file system in memory; none where that is not allowed.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(path: &'a Path, options: &str) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(path)
            .stderr(Stdio::null())
            .status();
        let is_mounted = mount.is_ok_and(|status| status.success());
        if !is_mounted {
            eprintln!("skipped: nothing can be mounted here: `mount -t tmpfs` fails");
        }
        is_mounted.then_some(Mount(path))
    }

    /// A place is busy until what wrote to it in the background has let its files go.
    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount
            .args(["-o", &format!("remount,{options}")])
            .arg(self.0)
            .stderr(Stdio::null());
        let ends = Instant::now() + Duration::from_secs(20);
        while !mount.status().unwrap().success() {
            assert!(Instant::now() < ends, "`mount -o remount,{options}` fails");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_place_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(home.path(), "size=8m") else {
        return;
    };
    filled(&home.path().join("old")).await;
    mount.remount("ro");
    for path in ["old", "new"] {
        let error = refusal(&home.path().join(path), letters()).await;
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    }
    mount.remount("rw");
    let store = open(&home.path().join("old")).await;
    assert_eq!(
        contents(&store.namespace("a").await.unwrap()),
        ["one", "two", "three"]
    );
    drop(store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(home.path(), "size=2m") else {
        return;
    };
    let path = home.path().join("store");
    let store = open(&path).await;
    let namespace = store.namespace("a").await.unwrap();
    let error = fill(&namespace, 20_000).await;
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let kept = contents(&namespace);
    assert!(kept.len() > 10);
    // Neither does a checkpoint fit, and it loses nothing.
    let error = store.close().await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(contents(&namespace), kept);
    // What is small enough still fits, or is refused; but never half of it.
    let small = namespace
        .apply(transaction([insert("small"), insert("too")]))
        .await
        .is_ok();
    let expected = kept.len() + if small { 2 } else { 0 };
    assert_eq!(contents(&namespace).len(), expected);
    drop((namespace, store));

    let store = open(&path).await;
    let namespace = store.namespace("a").await.unwrap();
    assert_eq!(contents(&namespace).len(), expected);
    mount.remount("size=32m");
    namespace
        .apply(transaction([insert("again")]))
        .await
        .unwrap();
    store.close().await.unwrap();
    drop((namespace, store));
    let store = open(&path).await;
    assert_eq!(
        contents(&store.namespace("a").await.unwrap()).len(),
        expected + 1
    );
    drop(store);
}

/// Inserts until that fails.
async fn fill(namespace: &Namespace, bytes: usize) -> StoreError {
    for number in 0..10_000 {
        let text = format!("{number} {}", "x".repeat(bytes));
        let writes = transaction([insert(&text), insert("its companion")]);
        if let Err(error) = namespace.apply(writes).await {
            return error;
        }
        println!("kept {}", (number + 1) * 2);
    }
    panic!("nothing was ever full");
}

/// Not a test of its own: a process that may write only small files.
#[tokio::test(flavor = "multi_thread")]
async fn limited_child() {
    let Ok(path) = std::env::var(LIMITED) else {
        return;
    };
    let store = open(path.as_ref()).await;
    let namespace = store.namespace("a").await.unwrap();
    let error = fill(&namespace, 5_000).await;
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    namespace
        .apply(transaction([insert("small")]))
        .await
        .unwrap();
    println!("kept {}", contents(&namespace).len());
}

#[test]
fn a_file_that_may_not_grow_keeps_what_fits() {
    if !cfg!(unix) {
        return;
    }
    alone(async {
        let home = tempfile::tempdir().unwrap();
        // 256 blocks of 512 bytes or 1 KiB, as the shell has it.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["store::places::limited_child", "--exact", "--nocapture"])
            .env(LIMITED, home.path())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let kept: usize = printed
            .lines()
            .filter_map(|line| line.split("kept ").nth(1)?.trim().parse().ok())
            .next_back()
            .unwrap();
        let store = open(home.path()).await;
        let namespace = store.namespace("a").await.unwrap();
        assert_eq!(contents(&namespace).len(), kept);
        assert_eq!(contents(&namespace).last().unwrap(), "small");
    });
}
