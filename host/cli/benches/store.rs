//! The store's figures: `cargo xtask bench store`.
//!
//! `search` is in process, over 256 dimensions. `write` is durable: what is timed ends when the disk has it.
//! `during_a_checkpoint` is what others wait for while the tables are written. `cold` opens namespaces of a large store,
//! which is made once where the environment variable `MEMHOST_BENCH_STORE` says: a million memories take a while; without
//! it, it is a tenth of that. `alternatives` are what the design was chosen against; see the documentation of
//! `memhost::store`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use divan::Bencher;
use divan::counter::ItemsCount;
use memhost::Lance;
use memhost::contract::{
    Adjustment, Agent, Attempt, Citation, Comparison, Condition, Counter, Key, NewMemory, Op,
    Operand, Outcome, Probe, Ranking, Receipt, Search, Side, Source, Task,
};
use memhost::embedding::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost::store::{Namespace, Store, Transaction, View, Write};
use tokio::runtime::Runtime;

const DIMENSION: usize = 256;
const SIZES: [usize; 2] = [1_451, 10_000];
const CALLERS: usize = 16;
const BATCH: usize = 64;

fn main() {
    divan::main();
}

mod search {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn semantic(bencher: Bencher, size: usize) {
        bench(bencher, size, |n| Ranking::Vector(vector(n)), vec![]);
    }

    #[divan::bench(args = SIZES)]
    fn semantic_with_a_filter(bencher: Bencher, size: usize) {
        let filter = vec![Condition {
            field: "weight".into(),
            comparison: Comparison::Ge,
            operand: Operand::Number(0.5),
        }];
        bench(bencher, size, |n| Ranking::Vector(vector(n)), filter);
    }

    #[divan::bench(args = SIZES)]
    fn lexical(bencher: Bencher, size: usize) {
        let ranking = |n| {
            Ranking::Lexical(Probe {
                text: text(n, 12),
                field: "content".into(),
            })
        };
        bench(bencher, size, ranking, vec![]);
    }

    /// A tenth of the memories is left that once were there.
    #[divan::bench(args = [4_000])]
    fn semantic_where_most_was_removed(bencher: Bencher, size: usize) {
        let (runtime, home, namespace) = filled(10 * size);
        let gone = (1..=10 * size).filter(|number| number % 10 != 0);
        let gone: Vec<Write> = gone
            .map(|number| Write::at_once(Op::Remove(format!("m{number}").into())))
            .collect();
        runtime.block_on(async {
            for writes in gone.chunks(1000) {
                let transaction = Transaction {
                    writes: writes.to_vec(),
                    ..Transaction::default()
                };
                namespace.apply(transaction).await.unwrap();
            }
        });
        bench_in(
            bencher,
            (runtime, home, namespace),
            |n| Ranking::Vector(vector(n)),
            vec![],
        );
    }

    /// What another search waits for while a field is searched for the first time.
    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn semantic_while_an_index_is_built(bencher: Bencher, size: usize) {
        let by = |ranking| Search {
            ranking,
            filter: Vec::new(),
            limit: 10,
            min_score: None,
        };
        let probe = Probe {
            text: text(7, 12),
            field: "content".into(),
        };
        bencher
            .with_inputs(|| {
                let (runtime, home, namespace) = filled(size);
                let (first, lexical) = (namespace.clone(), by(Ranking::Lexical(probe.clone())));
                runtime.spawn(async move { first.search(&lexical, &View::default()).await });
                std::thread::sleep(Duration::from_millis(3));
                (runtime, home, namespace)
            })
            .bench_local_values(|(runtime, home, namespace)| {
                let search = by(Ranking::Vector(vector(1_000_000)));
                let hits = runtime.block_on(namespace.search(&search, &View::default()));
                (hits.unwrap(), runtime, home)
            });
    }

    fn bench(bencher: Bencher, size: usize, ranking: fn(u64) -> Ranking, filter: Vec<Condition>) {
        bench_in(bencher, filled(size), ranking, filter);
    }

    fn bench_in(
        bencher: Bencher,
        (runtime, _home, namespace): (Runtime, tempfile::TempDir, Namespace),
        ranking: fn(u64) -> Ranking,
        filter: Vec<Condition>,
    ) {
        let mut number = 1_000_000;
        let view = View::default();
        bencher
            .with_inputs(|| {
                number += 1;
                Search {
                    ranking: ranking(number),
                    filter: filter.clone(),
                    limit: 10,
                    min_score: None,
                }
            })
            .bench_local_values(|search| {
                runtime.block_on(namespace.search(&search, &view)).unwrap()
            });
    }
}

mod write {
    use super::*;

    #[divan::bench(sample_count = 200, sample_size = 1)]
    fn one_caller(bencher: Bencher) {
        let (runtime, _home, namespace) = filled(1);
        let mut number = 0;
        bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
            number += 1;
            runtime.block_on(insert(&namespace, number, 1))
        });
    }

    /// Items are transactions of one memory each.
    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn sixteen_callers(bencher: Bencher) {
        const EACH: u64 = 50;
        let (runtime, _home, namespace) = filled(1);
        bencher
            .counter(ItemsCount::new(CALLERS * EACH as usize))
            .bench_local(|| {
                runtime.block_on(concurrently(&namespace, EACH, 1));
            });
    }

    /// Items are memories.
    #[divan::bench(args = [1, CALLERS], sample_count = 10, sample_size = 1)]
    fn batches_of_64_with_vectors(bencher: Bencher, callers: usize) {
        const EACH: u64 = 8;
        let (runtime, _home, namespace) = filled(1);
        bencher
            .counter(ItemsCount::new(callers * EACH as usize * BATCH))
            .bench_local(|| {
                runtime.block_on(async {
                    if callers == 1 {
                        for number in 0..EACH {
                            insert(&namespace, number, BATCH).await;
                        }
                    } else {
                        concurrently(&namespace, EACH, BATCH).await;
                    }
                });
            });
    }

    /// Items are receipts of five memories each.
    #[divan::bench(args = [1, CALLERS], sample_count = 20, sample_size = 1)]
    fn receipts(bencher: Bencher, callers: usize) {
        const EACH: usize = 50;
        let (runtime, _home, namespace) = filled(1_451);
        let mut number = 0;
        bencher
            .counter(ItemsCount::new(callers * EACH))
            .bench_local(|| {
                number += 1;
                let tasks: Vec<_> = (0..callers)
                    .map(|caller| {
                        let namespace = namespace.clone();
                        let task = format!("{number}-{caller}");
                        runtime.spawn(async move {
                            for n in 0..EACH {
                                namespace
                                    .apply(receipt(&format!("{task}-{n}"), n))
                                    .await
                                    .unwrap();
                            }
                        })
                    })
                    .collect();
                runtime.block_on(async {
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
            });
    }

    /// Of so many namespaces that the tables know, each with a counter that moved and a new memory.
    #[divan::bench(args = [20, 200], sample_count = 5, sample_size = 1)]
    fn checkpoint_of_many_namespaces(bencher: Bencher, count: usize) {
        bencher
            .with_inputs(|| {
                let runtime = runtime();
                let home = tempfile::tempdir().unwrap();
                let (store, namespaces) = runtime.block_on(async {
                    let store = open(home.path()).await;
                    let mut namespaces = Vec::new();
                    for number in 0..count {
                        let namespace = store.namespace(&format!("seat {number}")).await.unwrap();
                        insert(&namespace, 0, 20).await;
                        namespaces.push(namespace);
                    }
                    store.close().await.unwrap();
                    for namespace in &namespaces {
                        insert(namespace, 100, 1).await;
                        namespace.apply(used("m7")).await.unwrap();
                    }
                    (store, namespaces)
                });
                (runtime, home, store, namespaces)
            })
            .bench_local_values(|(runtime, home, store, namespaces)| {
                runtime.block_on(store.close()).unwrap();
                (runtime, home, namespaces)
            });
    }

    /// Opening a namespace from the tables, and closing a store whose namespace is new.
    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn checkpoint(bencher: Bencher, size: usize) {
        bencher
            .with_inputs(|| filled_store(size))
            .bench_local_values(|(runtime, home, store, namespace)| {
                runtime.block_on(store.close()).unwrap();
                (runtime, home, namespace)
            });
    }

    #[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
    fn open_from_tables(bencher: Bencher, size: usize) {
        let (runtime, home, store, namespace) = filled_store(size);
        runtime.block_on(store.close()).unwrap();
        drop((namespace, store));
        bencher.bench_local(|| {
            runtime.block_on(async { open(home.path()).await.namespace("a").await.unwrap() })
        });
    }

    async fn concurrently(namespace: &Namespace, each: u64, size: usize) {
        let callers: Vec<_> = (0..CALLERS as u64)
            .map(|caller| {
                let namespace = namespace.clone();
                tokio::spawn(async move {
                    for number in 0..each {
                        insert(&namespace, caller * each + number, size).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    }
}

/// What others wait for while a checkpoint brings 10,000 memories into the tables.
mod during_a_checkpoint {
    use super::*;

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn append_an_attempt(bencher: Bencher) {
        bench(bencher, async |store, _| {
            let (task, agent) = (Task::new("t1", "a task"), Agent::new("a", "m"));
            let attempt = Attempt::new("a1", task, agent, Outcome::known(true));
            store.append_attempts("r1", &[attempt]).await.unwrap();
        });
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn open_a_namespace(bencher: Bencher) {
        bench(bencher, async |store, _| {
            store.namespace("b").await.unwrap();
        });
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn commit_a_memory(bencher: Bencher) {
        bench(bencher, async |_, namespace| {
            insert(namespace, 1_000_000, 1).await;
        });
    }

    /// Waits for the checkpoint before the runtime ends.
    struct Ends {
        runtime: Runtime,
        closing: Option<tokio::task::JoinHandle<()>>,
    }

    impl Drop for Ends {
        fn drop(&mut self) {
            if let Some(closing) = self.closing.take() {
                self.runtime.block_on(closing).unwrap();
            }
        }
    }

    fn bench(bencher: Bencher, work: impl AsyncFn(&Store, &Namespace)) {
        bencher
            .with_inputs(|| {
                let (runtime, home, store, namespace) = filled_store(10_000);
                let (task, agent) = (Task::new("t1", "a task"), Agent::new("a", "m"));
                let earlier = Attempt::new("a0", task, agent, Outcome::known(true));
                let kept = store.append_attempts("r1", std::slice::from_ref(&earlier));
                runtime.block_on(kept).unwrap();
                let closing = store.clone();
                let closing = runtime.spawn(async move { closing.close().await.unwrap() });
                while !home.path().join("memories.lance").exists() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                assert!(!closing.is_finished());
                let ends = Ends {
                    runtime,
                    closing: Some(closing),
                };
                (ends, home, store, namespace)
            })
            .bench_local_values(|(ends, home, store, namespace)| {
                ends.runtime.block_on(work(&store, &namespace));
                (ends, home, store, namespace)
            });
    }
}

/// Opening a namespace of a thousand memories in a store of many.
mod cold {
    use super::*;

    /// How many memories a large namespace holds.
    const SEAT: usize = 1_000;
    /// How many namespaces are large.
    const LARGE: usize = 10;

    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn open_a_seat(bencher: Bencher) {
        let runtime = runtime();
        let home = tempfile::tempdir().unwrap();
        let given = std::env::var("MEMHOST_BENCH_STORE").ok();
        let (path, seats) = match &given {
            Some(path) => (Path::new(path), 10_000),
            None => (home.path(), 1_000),
        };
        let store = runtime.block_on(large(path, seats));
        let mut number = 0;
        bencher
            .with_inputs(|| {
                number += 1;
                format!("large {}", number % LARGE)
            })
            .bench_local_values(|name| {
                let namespace = runtime.block_on(store.namespace(&name)).unwrap();
                assert_eq!(namespace.footprint().rows, 2 * SEAT as u64);
            });
    }

    /// A store of so many namespaces of 100 memories each, ten of which hold 1,000; made if it is not there.
    async fn large(path: &Path, seats: usize) -> Store {
        let store = open(path).await;
        let done = path.join("memhost.bench");
        if done.exists() {
            return store;
        }
        for number in 0..LARGE {
            let large = store.namespace(&format!("large {number}")).await.unwrap();
            // As it grows, and not at once: rows of others stand between its own.
            insert(&large, 0, SEAT / 2).await;
        }
        for number in 0..seats - LARGE {
            let seat = store.namespace(&format!("seat {number}")).await.unwrap();
            insert(&seat, 0, 100).await;
            let (turn, of) = (number % (seats / LARGE), number / (seats / LARGE));
            if turn == 50 {
                let large = store.namespace(&format!("large {of}")).await.unwrap();
                insert(&large, 10_000, SEAT / 2).await;
            }
        }
        store.close().await.unwrap();
        std::fs::write(done, "").unwrap();
        store
    }
}

/// One group of 16 memories, committed to LanceDB itself, without and with what it takes to have it on the disk.
mod alternatives {
    use std::fs::{self, File};

    use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, LargeStringArray, RecordBatch};
    use arrow::datatypes::{DataType, Field};
    use lancedb::Table;

    use super::*;

    #[divan::bench(args = [false, true], sample_count = 50, sample_size = 1)]
    fn append_to_a_lance_table(bencher: Bencher, is_synced: bool) {
        bench(bencher, is_synced, async |table, rows| {
            table.add(rows).execute().await.unwrap();
        });
    }

    #[divan::bench(args = [false, true], sample_count = 50, sample_size = 1)]
    fn merge_into_a_lance_table(bencher: Bencher, is_synced: bool) {
        bench(bencher, is_synced, async |table, rows| {
            let reader = arrow::array::RecordBatchIterator::new([Ok(rows.clone())], rows.schema());
            let mut merge = table.merge_insert(&["id"]);
            merge
                .when_matched_update_all(None)
                .when_not_matched_insert_all();
            merge.execute(Box::new(reader)).await.unwrap();
        });
    }

    fn bench(bencher: Bencher, is_synced: bool, commit: impl AsyncFn(&Table, RecordBatch)) {
        let runtime = runtime();
        let home = tempfile::tempdir().unwrap();
        let table = runtime.block_on(async {
            let connection = lancedb::connect(home.path().to_str().unwrap())
                .execute()
                .await
                .unwrap();
            connection
                .create_table("memories", rows(0))
                .execute()
                .await
                .unwrap()
        });
        let mut number = 0;
        bencher.counter(ItemsCount::new(CALLERS)).bench_local(|| {
            number += 1;
            runtime.block_on(commit(&table, rows(number)));
            if is_synced {
                sync(&home.path().join("memories.lance"));
            }
        });
    }

    /// The newest file of each of the table's directories, and then its name.
    fn sync(table: &Path) {
        for directory in ["data", "_transactions", "_versions"] {
            let directory = table.join(directory);
            let files = fs::read_dir(&directory)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let newest = files.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
            File::open(newest.unwrap()).unwrap().sync_all().unwrap();
            File::open(&directory).unwrap().sync_all().unwrap();
        }
    }

    fn rows(group: u64) -> RecordBatch {
        let numbers = || (0..CALLERS as u64).map(move |n| group * CALLERS as u64 + n);
        let values = Float32Array::from_iter_values(numbers().flat_map(vector));
        let item = Arc::new(Field::new("item", DataType::Float32, true));
        let vectors = FixedSizeListArray::new(item, DIMENSION as i32, Arc::new(values), None);
        let ids = LargeStringArray::from_iter_values(numbers().map(|n| format!("m{n}")));
        let contents = LargeStringArray::from_iter_values(numbers().map(|n| text(n, 40)));
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(ids)),
            ("content", Arc::new(contents)),
            ("vector", Arc::new(vectors)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }
}

/// Makes vectors out of nothing; the benchmarks give their own.
struct Zeros(EmbedderIdentity);

#[async_trait]
impl Embedder for Zeros {
    fn identity(&self) -> &EmbedderIdentity {
        &self.0
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        Ok(vec![vec![0.0; self.0.dimension]; texts.len()].into())
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

async fn open(path: &Path) -> Store {
    let embedder = Zeros(EmbedderIdentity {
        name: "bench:zeros".into(),
        dimension: DIMENSION,
    });
    Store::open(path.to_str().unwrap(), Arc::new(embedder), &Lance)
        .await
        .unwrap()
}

fn filled_store(size: usize) -> (Runtime, tempfile::TempDir, Store, Namespace) {
    let runtime = runtime();
    let home = tempfile::tempdir().unwrap();
    let (store, namespace) = runtime.block_on(async {
        let store = open(home.path()).await;
        let namespace = store.namespace("a").await.unwrap();
        for start in (0..size).step_by(1000) {
            insert(&namespace, start as u64, (size - start).min(1000)).await;
        }
        (store, namespace)
    });
    (runtime, home, store, namespace)
}

fn filled(size: usize) -> (Runtime, tempfile::TempDir, Namespace) {
    let (runtime, home, _, namespace) = filled_store(size);
    (runtime, home, namespace)
}

/// Inserts that many memories in one transaction, with their vectors.
async fn insert(namespace: &Namespace, first: u64, size: usize) {
    let numbers = || (first..).take(size);
    let writes = numbers().map(|number| Write {
        op: Op::Insert(memory(number)),
        provisional: false,
    });
    let transaction = Transaction {
        writes: writes.collect(),
        ..Transaction::default()
    };
    let vectors = numbers().map(|number| vec![vector(number)]).collect();
    namespace
        .apply_with_vectors(transaction, vectors)
        .await
        .unwrap();
}

/// What a retrieval handed out.
fn receipt(id: &str, number: usize) -> Transaction {
    let used = (0..5).map(|n| Citation {
        memory: format!("m{}", 1 + (7 * number + 11 * n) % 1_000),
        score: 0.5,
    });
    Transaction {
        receipts: vec![Receipt {
            id: id.to_owned(),
            used: used.collect(),
            note: String::new(),
        }],
        ..Transaction::default()
    }
}

/// A counter of a memory that moves.
fn used(id: &str) -> Transaction {
    Transaction {
        writes: vec![Write::at_once(Op::Adjust(Adjustment {
            target: id.into(),
            counter: Counter::Uses,
            delta: 1.0,
            least: None,
            most: None,
        }))],
        ..Transaction::default()
    }
}

fn memory(number: u64) -> NewMemory {
    let mut memory = NewMemory::new("item", text(number, 40));
    memory.counters.weight = (number % 100) as f64 / 100.0;
    NewMemory {
        title: text(number, 5),
        keys: vec![Key::new("task", text(number, 15))],
        sources: vec![Source::attempt(format!("t{number}"))],
        ..memory
    }
}

fn vector(seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..DIMENSION).map(|_| random.next() as f32 - 0.5).collect()
}

/// Words as often as in a language: the k-th of 20,000 about 1/k as often as the first.
fn text(seed: u64, words: usize) -> String {
    let mut random = Random(seed ^ 0xABCD);
    let word = |_| format!("word{}", 20_000f64.powf(random.next()) as u32);
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
