//! What was acknowledged survives a kill at any moment, and what was not is there whole or not at all.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use memhost::contract::Blob;

use super::*;
use crate::processes::{again, alone};

const STORE: &str = "MEMHOST_TEST_STORE";
const KILLS: usize = 50;
/// How many sources the first memory comes to have.
const SOURCES: u32 = 50;

/// Not a test of its own: the process that is killed. It writes, and says what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(path) = std::env::var(STORE) else {
        return;
    };
    let store = open(path.as_ref()).await;
    let namespace = store.namespace("a").await.unwrap();
    let mut out = std::io::stdout();
    let first = all(&namespace).len() + 1;
    println!("opened");
    for number in first.. {
        namespace.apply(whole(number)).await.unwrap();
        writeln!(out, "{number}").unwrap();
        out.flush().unwrap();
        if number % 16 == 0 {
            store.close().await.unwrap();
        }
    }
}

/// The transaction after which there are `number` memories. Each part of it tells the number again.
fn whole(number: usize) -> Transaction {
    let mut memory = new_memory(&format!("memory {number}"));
    memory.keys.push(Key {
        embedded: false,
        ..Key::new("words", "found by words")
    });
    memory.expires = Some(number as f64);
    transaction([
        Op::Insert(memory),
        add("m1", Counter::Uses, 1.0),
        Op::Revise(Patch {
            more_sources: vec![Source::step("attempt", number as u32 % SOURCES)],
            ..Patch::of("m1")
        }),
        Op::Revise(Patch {
            title: Some(format!("title {number}")),
            ..Patch::of(Target::Inserted(0))
        }),
        connect(Target::Inserted(0), "m1", "follows", number as f64),
        Op::Save(Blob {
            name: "number".into(),
            bytes: number.to_string().into_bytes(),
        }),
    ])
}

fn check_whole(namespace: &Namespace) -> usize {
    let memories = all(namespace);
    let number = memories.len();
    if number == 0 {
        return 0;
    }
    for (memory, number) in memories.iter().zip(1..) {
        assert_eq!(memory.id, format!("m{number}"));
        assert_eq!(memory.content, format!("memory {number}"));
        assert_eq!(memory.title, format!("title {number}"));
        assert_eq!(memory.keys.len(), 2);
        assert_eq!(memory.expires, Some(number as f64));
    }
    assert_eq!(memories[0].counters.uses as usize, number);
    let sources = number.min(SOURCES as usize);
    assert_eq!(memories[0].sources.len(), sources);
    let links = namespace.links(&["m1".into()], None, &View::default());
    assert_eq!(links.len(), number);
    let blob = namespace.blob("number").unwrap();
    assert_eq!(blob, number.to_string().into_bytes());
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    let is_whole = |vectors: &[Vec<f32>]| vectors.len() == 2 && vectors[1].is_empty();
    assert!(rows.iter().all(|row| is_whole(&row.vectors)));
    number
}

fn spawn_child(path: &Path) -> Child {
    again("store::kill::child")
        .env(STORE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    alone(async {
        let home = tempfile::tempdir().unwrap();
        let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        println!("seed {seed}");
        let mut random = u64::from(seed) | 1;
        let mut kept = 0;
        for kill in 0..KILLS {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let delay = Duration::from_micros((random >> 33) % 250_000);
            let mut child = spawn_child(home.path());
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let (opened, is_open) = mpsc::channel();
            let acknowledged = std::thread::spawn(move || {
                let mut last = 0;
                // The kill may cut the last line short; what is left of a number is a smaller one.
                while let Some(Ok(line)) = lines.next() {
                    if line.contains("opened") {
                        let _ = opened.send(());
                    } else if let Ok(number) = line.trim().parse::<usize>() {
                        last = last.max(number);
                    }
                }
                last
            });
            // Some kills come while the store is being opened, most while it is written to.
            if kill % 5 != 0 {
                is_open.recv_timeout(Duration::from_secs(20)).unwrap();
            }
            std::thread::sleep(delay);
            child.kill().unwrap();
            child.wait().unwrap();
            let acknowledged = acknowledged.join().unwrap();

            let store = open(home.path()).await;
            let namespace = store.namespace("a").await.unwrap();
            let found = check_whole(&namespace);
            assert!(
                found >= acknowledged.max(kept) && found <= acknowledged.max(kept) + 1,
                "kill {kill}: {acknowledged} were acknowledged, {found} are there, {kept} were before"
            );
            kept = found;
            if kill % 5 == 4 {
                store.close().await.unwrap();
            }
        }
        println!("{kept} transactions over {KILLS} kills");
        assert!(kept > KILLS, "the child got to write too little: {kept}");
    });
}

#[test]
fn a_second_process_is_refused_by_the_name_of_the_first() {
    alone(async {
        let home = tempfile::tempdir().unwrap();
        let mut child = spawn_child(home.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().contains("opened") {}
        let store = open(home.path()).await;
        let error = store.namespace("a").await.err().unwrap().to_string();
        assert!(error.contains("`a` is in use by process"), "{error}");
        assert!(error.contains(&child.id().to_string()), "{error}");
        // Another namespace of the same store is free, and so is the tables' checkpoint.
        let other = store.namespace("b").await.unwrap();
        other.apply(transaction([insert("x")])).await.unwrap();
        store.close().await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let namespace = store.namespace("a").await.unwrap();
        assert!(check_whole(&namespace) > 0);
        assert_eq!(contents(&other), ["x"]);
    });
}
