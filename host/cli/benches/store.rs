//! The store's figures: `cargo xtask bench store`.
//!
//! `search` is in process, over 256 dimensions. `write` is durable: what is timed ends when the disk has it. `alternatives`
//! are what the design was chosen against; see the documentation of `memhost::store`.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use divan::Bencher;
use divan::counter::ItemsCount;
use memhost::Lance;
use memhost::contract::{
    Comparison, Condition, Key, NewMemory, Op, Operand, Probe, Ranking, Search, Side, Source,
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

    fn bench(bencher: Bencher, size: usize, ranking: fn(u64) -> Ranking, filter: Vec<Condition>) {
        let (runtime, _home, namespace) = filled(size);
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
