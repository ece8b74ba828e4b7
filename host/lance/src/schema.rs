//! The tables' columns, and rows to and from Arrow.
//!
//! Texts are `LargeUtf8`, whose batches may exceed 2 GiB. Times are milliseconds of the run's clock, which need not be
//! the clock on the wall, and so are numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Float64Array, LargeBinaryArray,
    LargeStringArray, ListArray, PrimitiveArray, RecordBatch, StructArray, UInt32Array,
    UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Fields, Float32Type, Float64Type, UInt32Type, UInt64Type,
};
use memhost_contract::embedder::EmbedderIdentity;
use memhost_contract::{
    Arm, Attempt, Citation, Counters, Key, Label, Link, Memory, Outcome, Receipt, Source, Verdict,
};
use memhost_store::tables::{KeyRow, LinkKey, digest, memory_number, state_name, state_named};
use memhost_store::{Entry, Footprint};

/// Which memories a table names: namespace and id, which stands in this column.
pub(crate) fn read_places(
    batch: &RecordBatch,
    column: &'static str,
) -> Result<Vec<(String, String)>, String> {
    read_pairs_of(batch, "namespace", column)
}

/// What stands in two columns.
pub(crate) fn read_pairs_of(
    batch: &RecordBatch,
    first: &'static str,
    second: &'static str,
) -> Result<Vec<(String, String)>, String> {
    let (namespaces, ids) = (Texts::of(batch, first)?, Texts::of(batch, second)?);
    Ok((0..batch.num_rows())
        .map(|row| (namespaces.get(row), ids.get(row)))
        .collect())
}

/// A row of a namespace.
pub(crate) type Of<'a, T> = (&'a str, T);

pub(crate) fn namespaces(rows: &[(&str, u64)]) -> Result<RecordBatch, String> {
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        ("next", numbers(rows.iter().map(|row| row.1))),
    ])
}

pub(crate) fn read_namespaces(batch: &RecordBatch) -> Result<Vec<(String, u64)>, String> {
    let names = Texts::of(batch, "namespace")?;
    let next = primitive::<UInt64Type>(batch, "next")?;
    Ok((0..batch.num_rows())
        .map(|row| (names.get(row), next.value(row)))
        .collect())
}

pub(crate) fn memories(rows: &[Of<&Memory>]) -> Result<RecordBatch, String> {
    let of = |value: fn(&Memory) -> &str| texts(rows.iter().map(|(_, memory)| value(memory)));
    let real = |value: fn(&Memory) -> f64| reals(rows.iter().map(|(_, memory)| value(memory)));
    let count = |value: fn(&Counters) -> u32| {
        counts(rows.iter().map(|(_, memory)| value(&memory.counters)))
    };
    let labels = || rows.iter().flat_map(|(_, memory)| &memory.labels);
    let sources = || rows.iter().flat_map(|(_, memory)| &memory.sources);
    let steps = UInt32Array::from_iter(sources().map(|source| source.step));
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        ("id", of(|memory| &memory.id)),
        (
            "number",
            numbers(rows.iter().map(|row| memory_number(&row.1.id).unwrap_or(0))),
        ),
        ("kind", of(|memory| &memory.kind)),
        ("title", of(|memory| &memory.title)),
        ("content", of(|memory| &memory.content)),
        (
            "labels",
            lists(
                pairs(
                    ("name", texts(labels().map(|label| label.name.as_str()))),
                    ("value", texts(labels().map(|label| label.value.as_str()))),
                )?,
                rows.iter().map(|(_, memory)| memory.labels.len()),
            )?,
        ),
        ("payload", of(|memory| &memory.payload)),
        ("state", of(|memory| state_name(memory.state))),
        ("weight", real(|memory| memory.counters.weight)),
        ("uses", count(|counters| counters.uses)),
        ("wins", count(|counters| counters.wins)),
        ("losses", count(|counters| counters.losses)),
        ("strength", real(|memory| memory.counters.strength)),
        (
            "sources",
            lists(
                pairs(
                    (
                        "attempt",
                        texts(sources().map(|source| source.attempt.as_str())),
                    ),
                    ("step", Arc::new(steps)),
                )?,
                rows.iter().map(|(_, memory)| memory.sources.len()),
            )?,
        ),
        (
            "expires",
            maybe(rows.iter().map(|(_, memory)| memory.expires)),
        ),
        ("created", real(|memory| memory.created)),
        ("updated", real(|memory| memory.updated)),
        ("last_used", real(|memory| memory.last_used)),
    ])
}

/// Memories without their keys, which stand in a table of their own.
pub(crate) fn read_memories(batch: &RecordBatch) -> Result<Vec<Memory>, String> {
    let expires = primitive::<Float64Type>(batch, "expires")?;
    memories_of(batch, Some(expires), read_sources)
}

/// Memories of schema version 3, whose sources are texts.
pub(crate) fn read_earlier_memories(batch: &RecordBatch) -> Result<Vec<Memory>, String> {
    memories_of(batch, None, |sources| {
        let texts = Texts(sources.clone());
        let sources = (0..sources.len()).map(|row| Source::attempt(texts.get(row)));
        Ok(sources.collect())
    })
}

fn memories_of(
    batch: &RecordBatch,
    expires: Option<&PrimitiveArray<Float64Type>>,
    read_sources: fn(&ArrayRef) -> Result<Vec<Source>, String>,
) -> Result<Vec<Memory>, String> {
    let text = |name| Texts::of(batch, name);
    let real = |name| primitive::<Float64Type>(batch, name);
    let count = |name| primitive::<UInt32Type>(batch, name);
    let list = |name| {
        let lists = column(batch, name)?.as_list_opt::<i32>();
        lists.ok_or_else(|| wrong_type(name))
    };
    let (ids, kinds, titles) = (text("id")?, text("kind")?, text("title")?);
    let (contents, payloads, states) = (text("content")?, text("payload")?, text("state")?);
    let (weights, strengths) = (real("weight")?, real("strength")?);
    let (uses, wins, losses) = (count("uses")?, count("wins")?, count("losses")?);
    let (created, updated, last_used) = (real("created")?, real("updated")?, real("last_used")?);
    let (labels, sources) = (list("labels")?, list("sources")?);
    let expires = |row| expires.and_then(|at| at.is_valid(row).then(|| at.value(row)));
    (0..batch.num_rows())
        .map(|row| {
            let state = states.get(row);
            Ok(Memory {
                id: ids.get(row),
                kind: kinds.get(row),
                title: titles.get(row),
                content: contents.get(row),
                keys: Vec::new(),
                labels: read_pairs(&labels.value(row))?
                    .into_iter()
                    .map(|(name, value)| Label { name, value })
                    .collect(),
                payload: payloads.get(row),
                state: state_named(&state).ok_or_else(|| format!("there is no state `{state}`"))?,
                counters: Counters {
                    weight: weights.value(row),
                    uses: uses.value(row),
                    wins: wins.value(row),
                    losses: losses.value(row),
                    strength: strengths.value(row),
                },
                sources: read_sources(&sources.value(row))?,
                expires: expires(row),
                created: created.value(row),
                updated: updated.value(row),
                last_used: last_used.value(row),
            })
        })
        .collect()
}

/// Keys with their vectors, null where a key is not embedded; the table says whose they are.
pub(crate) fn keys(rows: &[KeyRow], embedder: &EmbedderIdentity) -> Result<RecordBatch, String> {
    let nothing = vec![0.0; embedder.dimension];
    let vectors = rows.iter().flat_map(|row| match row.key.embedded {
        true => row.vector.iter().copied(),
        false => nothing.iter().copied(),
    });
    let vectors = Float32Array::from_iter_values(vectors);
    let embedded: NullBuffer = rows.iter().map(|row| row.key.embedded).collect();
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let width = i32::try_from(embedder.dimension).map_err(|error| error.to_string())?;
    let vectors = FixedSizeListArray::try_new(item, width, Arc::new(vectors), Some(embedded));
    let keys = batch(vec![
        (
            "namespace",
            texts(rows.iter().map(|row| row.namespace.as_str())),
        ),
        ("memory", texts(rows.iter().map(|row| row.memory.as_str()))),
        ("position", counts(rows.iter().map(|row| row.position))),
        ("name", texts(rows.iter().map(|row| row.key.name.as_str()))),
        ("text", texts(rows.iter().map(|row| row.key.text.as_str()))),
        (
            "vector",
            Arc::new(vectors.map_err(|error| error.to_string())?),
        ),
    ])?;
    let whose = HashMap::from([
        ("embedder".to_owned(), embedder.name.clone()),
        ("dimension".to_owned(), embedder.dimension.to_string()),
    ]);
    let schema = keys.schema().as_ref().clone().with_metadata(whose);
    keys.with_schema(Arc::new(schema))
        .map_err(|error| error.to_string())
}

pub(crate) fn read_keys(batch: &RecordBatch) -> Result<Vec<KeyRow>, String> {
    let text = |name| Texts::of(batch, name);
    let (namespaces, memories) = (text("namespace")?, text("memory")?);
    let (names, key_texts) = (text("name")?, text("text")?);
    let positions = primitive::<UInt32Type>(batch, "position")?;
    let vectors = column(batch, "vector")?;
    let vectors = vectors
        .as_fixed_size_list_opt()
        .ok_or("`vector` has another type")?;
    (0..batch.num_rows())
        .map(|row| {
            let vector = vectors.value(row);
            let vector = vector
                .as_primitive_opt::<Float32Type>()
                .ok_or("a vector is not of f32")?;
            Ok(KeyRow {
                namespace: namespaces.get(row),
                memory: memories.get(row),
                position: positions.value(row),
                key: Key {
                    name: names.get(row),
                    text: key_texts.get(row),
                    embedded: vectors.is_valid(row),
                },
                vector: match vectors.is_valid(row) {
                    true => vector.values().to_vec(),
                    false => Vec::new(),
                },
            })
        })
        .collect()
}

/// Links carry a digest of what identifies them, to be deleted by.
pub(crate) fn links(rows: &[Of<(&LinkKey, f64)>]) -> Result<RecordBatch, String> {
    let ids: Vec<String> = rows.iter().map(|(_, (key, _))| link_id(key)).collect();
    let of = |value: fn(&LinkKey) -> &str| texts(rows.iter().map(|(_, (key, _))| value(key)));
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        ("id", texts(ids.iter().map(String::as_str))),
        ("source", of(|key| &key.source)),
        ("target", of(|key| &key.target)),
        ("kind", of(|key| &key.kind)),
        ("weight", reals(rows.iter().map(|(_, (_, weight))| *weight))),
    ])
}

pub(crate) fn read_links(batch: &RecordBatch) -> Result<Vec<Link>, String> {
    let text = |name| Texts::of(batch, name);
    let (sources, targets, kinds) = (text("source")?, text("target")?, text("kind")?);
    let weights = primitive::<Float64Type>(batch, "weight")?;
    Ok((0..batch.num_rows())
        .map(|row| Link {
            source: sources.get(row),
            target: targets.get(row),
            kind: kinds.get(row),
            weight: weights.value(row),
        })
        .collect())
}

/// Blobs carry a digest of their name, to be deleted by.
pub(crate) fn blobs(rows: &[Of<(&str, &[u8])>]) -> Result<RecordBatch, String> {
    let ids: Vec<String> = rows.iter().map(|(_, (name, _))| digest(&[name])).collect();
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        ("id", texts(ids.iter().map(String::as_str))),
        ("name", texts(rows.iter().map(|(_, (name, _))| *name))),
        (
            "bytes",
            Arc::new(LargeBinaryArray::from_iter_values(
                rows.iter().map(|(_, (_, bytes))| *bytes),
            )),
        ),
    ])
}

pub(crate) fn read_blobs(batch: &RecordBatch) -> Result<Vec<(String, Vec<u8>)>, String> {
    let names = Texts::of(batch, "name")?;
    let bytes = column(batch, "bytes")?;
    let bytes = bytes
        .as_binary_opt::<i64>()
        .ok_or("`bytes` has another type")?;
    Ok((0..batch.num_rows())
        .map(|row| (names.get(row), bytes.value(row).to_vec()))
        .collect())
}

pub(crate) fn receipts(rows: &[Of<&(Receipt, f64)>]) -> Result<RecordBatch, String> {
    let used = || rows.iter().flat_map(|(_, (receipt, _))| &receipt.used);
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        (
            "id",
            texts(rows.iter().map(|(_, (receipt, _))| receipt.id.as_str())),
        ),
        ("at", reals(rows.iter().map(|(_, (_, at))| *at))),
        (
            "used",
            lists(
                pairs(
                    (
                        "memory",
                        texts(used().map(|Citation { memory, .. }| memory.as_str())),
                    ),
                    ("score", reals(used().map(|citation| citation.score))),
                )?,
                rows.iter().map(|(_, (receipt, _))| receipt.used.len()),
            )?,
        ),
        (
            "note",
            texts(rows.iter().map(|(_, (receipt, _))| receipt.note.as_str())),
        ),
    ])
}

/// What has happened, in the ledgers of namespaces. Entries carry their number as a text, to be deleted by.
pub(crate) fn entries(rows: &[Of<&Entry>]) -> Result<RecordBatch, String> {
    let of = |value: fn(&Entry) -> &str| texts(rows.iter().map(|(_, entry)| value(entry)));
    let ids: Vec<String> = rows
        .iter()
        .map(|(_, entry)| entry_id(entry.number))
        .collect();
    batch(vec![
        ("namespace", texts(rows.iter().map(|row| row.0))),
        ("id", texts(ids.iter().map(String::as_str))),
        (
            "number",
            numbers(rows.iter().map(|(_, entry)| entry.number)),
        ),
        ("at", reals(rows.iter().map(|(_, entry)| entry.at))),
        ("kind", of(|entry| &entry.kind)),
        ("about", of(|entry| &entry.about)),
        ("body", of(|entry| &entry.body)),
    ])
}

pub(crate) fn read_entries(batch: &RecordBatch) -> Result<Vec<Entry>, String> {
    let text = |name| Texts::of(batch, name);
    let (kinds, about, bodies) = (text("kind")?, text("about")?, text("body")?);
    let numbers = primitive::<UInt64Type>(batch, "number")?;
    let times = primitive::<Float64Type>(batch, "at")?;
    Ok((0..batch.num_rows())
        .map(|row| Entry {
            number: numbers.value(row),
            at: times.value(row),
            kind: kinds.get(row),
            about: about.get(row),
            body: bodies.get(row),
        })
        .collect())
}

/// Receipts with their times.
pub(crate) fn read_receipts(batch: &RecordBatch) -> Result<Vec<(Receipt, f64)>, String> {
    let (ids, notes) = (Texts::of(batch, "id")?, Texts::of(batch, "note")?);
    let times = primitive::<Float64Type>(batch, "at")?;
    let used = column(batch, "used")?.as_list_opt::<i32>();
    let used = used.ok_or_else(|| wrong_type("used"))?;
    (0..batch.num_rows())
        .map(|row| {
            let cited = used.value(row);
            let (memories, scores) = parts(&cited)?;
            let memories = Texts(memories.clone());
            let scores = scores.as_primitive_opt::<Float64Type>();
            let scores = scores.ok_or_else(|| wrong_type("score"))?;
            let cited = (0..cited.len()).map(|at| Citation {
                memory: memories.get(at),
                score: scores.value(at),
            });
            let receipt = Receipt {
                id: ids.get(row),
                used: cited.collect(),
                note: notes.get(row),
            };
            Ok((receipt, times.value(row)))
        })
        .collect()
}

/// How much each receipt is.
pub(crate) fn receipt_footprints(batch: &RecordBatch) -> Result<Vec<Footprint>, String> {
    let (ids, notes) = (Texts::of(batch, "id")?, Texts::of(batch, "note")?);
    let used = column(batch, "used")?;
    let used = used
        .as_list_opt::<i32>()
        .ok_or_else(|| wrong_type("used"))?;
    (0..batch.num_rows())
        .map(|row| {
            let cited = read_pairs(&used.value(row))?;
            let cited = cited.into_iter().map(|(memory, _)| memory);
            Ok(Footprint::of_receipt_with(
                &ids.get(row),
                &notes.get(row),
                cited,
            ))
        })
        .collect()
}

/// What is asked of an attempt most, as columns; all of it, as JSON.
pub(crate) fn attempts(rows: &BTreeMap<(String, String), Attempt>) -> Result<RecordBatch, String> {
    let json: Vec<String> = rows
        .values()
        .map(|attempt| serde_json::to_string(attempt).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let of = |value: fn(&Attempt) -> &str| texts(rows.values().map(value));
    let outcome = |value: fn(&Outcome) -> Option<f64>| {
        maybe(rows.values().map(|attempt| value(&attempt.outcome)))
    };
    batch(vec![
        ("run", texts(rows.keys().map(|(run, _)| run.as_str()))),
        ("id", of(|attempt| &attempt.id)),
        ("task", of(|attempt| &attempt.task.id)),
        ("agent", of(|attempt| &attempt.agent.id)),
        ("model", of(|attempt| &attempt.agent.model)),
        (
            "arm",
            of(|attempt| match attempt.arm {
                Arm::Memory => "memory",
                Arm::NoMemory => "no-memory",
                Arm::Candidate => "candidate",
            }),
        ),
        ("trial", counts(rows.values().map(|attempt| attempt.trial))),
        (
            "steps",
            counts(rows.values().map(|attempt| attempt.steps.len() as u32)),
        ),
        (
            "verdict",
            of(|attempt| match attempt.outcome.verdict {
                Verdict::Success => "success",
                Verdict::Failure => "failure",
                Verdict::Unknown => "unknown",
            }),
        ),
        ("score", outcome(|outcome| outcome.score)),
        ("baseline", outcome(|outcome| outcome.baseline)),
        ("json", texts(json.iter().map(String::as_str))),
    ])
}

/// What a link is deleted by.
pub(crate) fn link_id(key: &LinkKey) -> String {
    digest(&[&key.source, &key.target, &key.kind])
}

/// What an entry is deleted by.
pub(crate) fn entry_id(number: u64) -> String {
    number.to_string()
}

/// What a blob is deleted by.
pub(crate) fn blob_id(name: &str) -> String {
    digest(&[name])
}

/// A column of texts.
struct Texts(ArrayRef);

impl Texts {
    fn of(batch: &RecordBatch, name: &'static str) -> Result<Self, String> {
        let column = column(batch, name)?;
        match column.data_type() {
            DataType::LargeUtf8 => Ok(Texts(column.clone())),
            other => Err(format!("`{name}` is of type {other}, not LargeUtf8")),
        }
    }

    fn get(&self, row: usize) -> String {
        self.0
            .as_string_opt::<i64>()
            .map(|texts| texts.value(row).to_owned())
            .unwrap_or_default()
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
    batch
        .column_by_name(name)
        .ok_or_else(|| format!("it has no column `{name}`"))
}

fn primitive<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<T>, String> {
    let column = column(batch, name)?.as_primitive_opt::<T>();
    column.ok_or_else(|| wrong_type(name))
}

fn wrong_type(name: &str) -> String {
    format!("`{name}` has another type")
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, String> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| error.to_string())
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    // Collected first, because the array panics on an iterator that does not know its length.
    let values: Vec<&str> = values.collect();
    Arc::new(LargeStringArray::from_iter_values(values))
}

fn reals(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

fn maybe(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values))
}

fn counts(values: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(values))
}

fn numbers(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(values))
}

/// Structs of two fields.
fn pairs(first: (&str, ArrayRef), second: (&str, ArrayRef)) -> Result<ArrayRef, String> {
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let fields = Fields::from(vec![field(&first), field(&second)]);
    let pairs = StructArray::try_new(fields, vec![first.1, second.1], None);
    Ok(Arc::new(pairs.map_err(|error| error.to_string())?))
}

fn read_pairs(pairs: &ArrayRef) -> Result<Vec<(String, String)>, String> {
    let (first, second) = parts(pairs)?;
    let (first, second) = (Texts(first.clone()), Texts(second.clone()));
    Ok((0..pairs.len())
        .map(|row| (first.get(row), second.get(row)))
        .collect())
}

fn read_sources(sources: &ArrayRef) -> Result<Vec<Source>, String> {
    let (attempts, steps) = parts(sources)?;
    let attempts = Texts(attempts.clone());
    let steps = steps.as_primitive_opt::<UInt32Type>();
    let steps = steps.ok_or_else(|| wrong_type("step"))?;
    Ok((0..sources.len())
        .map(|row| Source {
            attempt: attempts.get(row),
            step: steps.is_valid(row).then(|| steps.value(row)),
        })
        .collect())
}

/// The two fields of structs.
fn parts(pairs: &ArrayRef) -> Result<(&ArrayRef, &ArrayRef), String> {
    let pairs = pairs.as_struct_opt().ok_or("a list holds no pairs")?;
    match pairs.columns() {
        [first, second] => Ok((first, second)),
        _ => Err("a pair has not two parts".to_owned()),
    }
}

/// Lists of these lengths over all items.
fn lists(items: ArrayRef, lengths: impl Iterator<Item = usize>) -> Result<ArrayRef, String> {
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let lists = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, None);
    Ok(Arc::new(lists.map_err(|error| error.to_string())?))
}
