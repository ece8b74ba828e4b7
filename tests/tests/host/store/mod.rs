//! What the store promises, on real directories and with real processes.

mod damage;
mod earlier;
mod kill;
mod limits;
mod model;
mod places;
mod promises;
mod python;
mod reading;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use memhost::Lance;
use memhost::contract::{
    Adjustment, Agent, Attempt, Comparison, Condition, Counter, Filter, Key, Link, Memory, NewLink,
    NewMemory, Op, Operand, Outcome, Patch, Probe, Ranking, Scan, Search, Side, Source, Target,
    Task,
};
use memhost::embedding::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost::store::{Namespace, Store, Transaction, View, Write};

/// Texts that share letters get similar vectors; the same on every machine.
struct Letters {
    identity: EmbedderIdentity,
}

#[async_trait]
impl Embedder for Letters {
    fn identity(&self) -> &EmbedderIdentity {
        &self.identity
    }

    async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
        let embed = |text: &String| {
            let mut vector = vec![0.0f32; self.identity.dimension];
            for byte in text.bytes() {
                vector[byte as usize % self.identity.dimension] += 1.0;
            }
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1.0);
            vector.iter().map(|x| x / length).collect()
        };
        Ok(texts.iter().map(embed).collect::<Vec<_>>().into())
    }
}

fn letters() -> Arc<dyn Embedder> {
    embedder("test:letters", 26)
}

fn embedder(name: &str, dimension: usize) -> Arc<dyn Embedder> {
    Arc::new(Letters {
        identity: EmbedderIdentity {
            name: name.into(),
            dimension,
        },
    })
}

async fn open(path: &Path) -> Store {
    Store::open(path.to_str().unwrap(), letters(), &Lance)
        .await
        .unwrap()
}

fn new_memory(content: &str) -> NewMemory {
    NewMemory {
        keys: vec![Key::new("task", content)],
        ..NewMemory::new("item", content)
    }
}

fn attempt(id: &str, answer: &str) -> Attempt {
    let outcome = Outcome {
        score: Some(1.0),
        ..Outcome::known(true)
    };
    Attempt {
        answer: answer.into(),
        ..Attempt::new(id, Task::new("t", "do"), Agent::new("a", "m"), outcome)
    }
}

fn insert(content: &str) -> Op {
    Op::Insert(new_memory(content))
}

fn add(target: impl Into<Target>, counter: Counter, delta: f64) -> Op {
    Op::Adjust(Adjustment {
        target: target.into(),
        counter,
        delta,
        least: None,
        most: None,
    })
}

fn connect(source: impl Into<Target>, target: impl Into<Target>, kind: &str, weight: f64) -> Op {
    Op::Connect(NewLink {
        source: source.into(),
        target: target.into(),
        kind: kind.into(),
        weight,
    })
}

fn transaction(ops: impl IntoIterator<Item = Op>) -> Transaction {
    Transaction {
        writes: ops.into_iter().map(Write::at_once).collect(),
        receipts: vec![],
        at: 1000.0,
        ..Transaction::default()
    }
}

fn semantic(text: &str, field: &str) -> Search {
    search(Ranking::Semantic(probe(text, field)))
}

fn lexical(text: &str, field: &str) -> Search {
    search(Ranking::Lexical(probe(text, field)))
}

fn probe(text: &str, field: &str) -> Probe {
    Probe {
        text: text.into(),
        field: field.into(),
    }
}

fn search(ranking: Ranking) -> Search {
    Search {
        ranking,
        filter: vec![],
        limit: 10,
        min_score: None,
    }
}

fn everything() -> Scan {
    Scan {
        filter: any_state(),
        order_by: None,
        descending: false,
        offset: 0,
        limit: u32::MAX,
        with_vectors: true,
    }
}

fn any_state() -> Filter {
    vec![Condition {
        field: "state".into(),
        comparison: Comparison::Contains,
        operand: Operand::Text(String::new()),
    }]
}

fn all(namespace: &Namespace) -> Vec<Memory> {
    let rows = namespace.scan(&everything(), &View::default()).unwrap();
    rows.into_iter().map(|row| row.memory).collect()
}

/// How many rows of a table another reader finds where this holds.
async fn rows(store: &Path, table: &str, condition: &str) -> usize {
    let uri = store.to_str().unwrap();
    let connection = lancedb::connect(uri).execute().await.unwrap();
    let table = connection.open_table(table).execute().await.unwrap();
    table.count_rows(Some(condition.to_owned())).await.unwrap()
}

fn contents(namespace: &Namespace) -> Vec<String> {
    all(namespace)
        .into_iter()
        .map(|memory| memory.content)
        .collect()
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

/// The files in a folder and below it.
fn files(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect();
    files.sort();
    files
}
