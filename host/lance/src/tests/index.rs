//! The index of namespaces: it changes no answer, and damage of it is told and costs nothing.

use memhost_contract::{Citation, Receipt};

use super::*;

const NAMESPACES: usize = 4;
/// With those of the other namespaces, more than a table has that is not indexed.
const EACH: usize = 5_500;

/// Inserts memories that say which they are, with vectors that nothing has to compute.
async fn insert_numbered(store: &Store, name: &str, numbers: std::ops::Range<usize>) {
    let namespace = store.namespace(name).await.unwrap();
    let writes = numbers.map(|number| {
        let text = format!("{name} {number}");
        Write::at_once(Op::Insert(NewMemory {
            keys: vec![Key::new("task", &text)],
            ..NewMemory::new("item", text)
        }))
    });
    let writes: Vec<Write> = writes.collect();
    let vectors = writes.iter().map(|_| vec![vec![0.0625; 256]]).collect();
    let transaction = Transaction {
        writes,
        ..Transaction::default()
    };
    namespace
        .apply_with_vectors(transaction, vectors)
        .await
        .unwrap();
}

fn everything() -> Scan {
    Scan {
        filter: Vec::new(),
        order_by: None,
        descending: false,
        offset: 0,
        limit: u32::MAX,
        with_vectors: true,
    }
}

/// What a namespace holds: contents in their order, with how often each was used.
async fn held(path: &Path, name: &str) -> Vec<(String, u32, f64)> {
    let store = open(path).await;
    let namespace = store.namespace(name).await.unwrap();
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    assert!(rows.iter().all(|row| row.vectors.concat().len() == 256));
    let of = |row: Row| {
        let Memory {
            content,
            counters,
            last_used,
            ..
        } = row.memory;
        (content, counters.uses, last_used)
    };
    rows.into_iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_indexed_and_every_answer_stays_what_it_was() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let names: Vec<String> = (0..NAMESPACES).map(|number| format!("n{number}")).collect();
    for name in &names {
        insert_numbered(&store, name, 0..EACH).await;
    }
    store.close().await.unwrap();
    // What changes afterwards stands in no index yet.
    for name in &names {
        insert_numbered(&store, name, EACH..EACH + 10).await;
        let namespace = store.namespace(name).await.unwrap();
        namespace.apply(use_of("m7")).await.unwrap();
        let cited = ["m9", "m5505"].map(|memory| Citation {
            memory: memory.into(),
            score: 1.0,
        });
        let receipt = Receipt {
            id: "r".into(),
            used: cited.into(),
            note: String::new(),
        };
        let handed_out = Transaction {
            receipts: vec![receipt],
            at: 5.0,
            ..Transaction::default()
        };
        namespace.apply(handed_out).await.unwrap();
        namespace
            .apply(transaction(Op::Remove("m3".into())))
            .await
            .unwrap();
    }
    store.close().await.unwrap();
    drop(store);

    let expected = |name: &str| -> Vec<(String, u32, f64)> {
        let numbers = (1..=EACH + 10).filter(|number| *number != 3);
        let of = |number: usize| {
            let last_used = if [9, 5505].contains(&number) {
                5.0
            } else {
                0.0
            };
            let text = format!("{name} {}", number - 1);
            (text, u32::from(number == 7), last_used)
        };
        numbers.map(of).collect()
    };
    for name in &names {
        assert!(held(home.path(), name).await == expected(name), "{name}");
    }
    let (_, manifest) = tables(home.path()).await;
    let index = manifest
        .files
        .keys()
        .find(|path| path.contains("keys.lance/_indices/"));
    let index = home.path().join(index.unwrap());
    assert!(
        manifest
            .files
            .keys()
            .any(|path| path.contains("memories.lance/_indices/"))
    );

    // Its bytes are looked at like all others.
    let mut bytes = fs::read(&index).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&index, bytes).unwrap();
    let uri = home.path().to_str().unwrap();
    let verified = Store::verify(uri, &Lance).await.unwrap();
    let damaged = verified
        .tables
        .iter()
        .filter(|table| !table.damage.is_empty());
    let damaged: Vec<&str> = damaged.map(|table| table.name.as_str()).collect();
    assert_eq!(damaged, ["keys"]);
    let repaired = Store::repair(uri, false, &Lance).await.unwrap();
    let [keys] = &repaired.tables[..] else {
        panic!("{repaired:?}");
    };
    assert_eq!((keys.kept, keys.lost), (NAMESPACES * (EACH + 9), Some(0)));
    assert!(Store::verify(uri, &Lance).await.unwrap().is_sound());
    for name in &names {
        assert!(held(home.path(), name).await == expected(name), "{name}");
    }
}
