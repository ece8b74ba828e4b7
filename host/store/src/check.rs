//! What of a transaction can be checked without looking at the namespace: lengths, numbers, and how much of everything
//! there is.

use std::collections::HashSet;

use memhost_contract::limits::{LimitReached, StoreLimit, StoreLimits};
use memhost_contract::{Instant, Key, Label, Op, Receipt, Source};

use super::{HOST_BLOBS, NewEntry, NotInserted, StoreError, Transaction};

/// The longest content, payload or note, in bytes.
pub const LONGEST_TEXT: usize = 16 << 20;
/// The longest title, kind, key, label or name, in bytes.
pub const LONGEST_NAME: usize = 1 << 20;

/// Why a write cannot be made.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It makes no sense.
    Reason(String),
    /// There is too much of it.
    Limit(LimitReached),
}

impl Refusal {
    /// The refusal of the write with this number, from 0.
    pub(crate) fn of(self, number: usize, operation: &'static str) -> StoreError {
        let number = number + 1;
        match self {
            Refusal::Reason(reason) => StoreError::Refused {
                number,
                operation,
                reason,
            },
            Refusal::Limit(reached) => StoreError::Limit {
                what: format!("write {number} ({operation})"),
                reached,
            },
        }
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Refusal::Reason(reason)
    }
}

impl From<NotInserted> for Refusal {
    fn from(error: NotInserted) -> Self {
        Refusal::Reason(error.to_string())
    }
}

impl From<LimitReached> for Refusal {
    fn from(reached: LimitReached) -> Self {
        Refusal::Limit(reached)
    }
}

/// Checks all that can be checked without looking at the namespace.
pub(crate) fn check(transaction: &Transaction, limits: &StoreLimits) -> Result<(), StoreError> {
    let whole = |reached| StoreError::Limit {
        what: "the transaction".to_owned(),
        reached,
    };
    let writes = transaction.writes.len() as u64;
    limits
        .check(StoreLimit::WritesPerCall, writes)
        .map_err(whole)?;
    for (number, write) in transaction.writes.iter().enumerate() {
        check_op(&write.op, limits).map_err(|refusal| refusal.of(number, operation(&write.op)))?;
    }
    let keys = transaction.writes.iter().map(|write| new_keys(&write.op));
    let vectors = keys.map(embedded_keys).sum::<usize>() as u64;
    limits
        .check(StoreLimit::VectorsPerCall, vectors)
        .map_err(whole)?;
    for receipt in &transaction.receipts {
        check_receipt(receipt, limits).map_err(whole)?;
    }
    for blob in &transaction.host_blobs {
        check_length("name", &blob.name, LONGEST_NAME).map_err(StoreError::Transaction)?;
        let bytes = blob.bytes.len() as u64;
        limits.check(StoreLimit::BlobBytes, bytes).map_err(whole)?;
    }
    for NewEntry { kind, about, body } in &transaction.entries {
        let texts = [("kind", kind), ("subject", about)];
        let names = texts.map(|(what, text)| check_length(what, text, LONGEST_NAME));
        let checks = names
            .into_iter()
            .chain([check_length("body", body, LONGEST_TEXT)]);
        let checked: Result<(), String> = checks.collect();
        checked.map_err(StoreError::Transaction)?;
    }
    check_receipts(transaction).map_err(StoreError::Transaction)
}

/// Whether a receipt is of bounded length.
pub fn check_receipt(receipt: &Receipt, limits: &StoreLimits) -> Result<(), LimitReached> {
    let (citations, note) = (receipt.used.len() as u64, receipt.note.len() as u64);
    limits.check(StoreLimit::CitationsPerReceipt, citations)?;
    limits.check(StoreLimit::NoteBytes, note)
}

fn check_op(op: &Op, limits: &StoreLimits) -> Result<(), Refusal> {
    let check = |limit, wanted: usize| limits.check(limit, wanted as u64);
    let check_lists = |keys: &[Key], labels: &[Label]| {
        check(StoreLimit::KeysPerMemory, keys.len())?;
        check(StoreLimit::LabelsPerMemory, labels.len())?;
        check_keys(keys)?;
        check_labels(labels).map_err(Refusal::from)
    };
    match op {
        Op::Insert(new) => {
            check_lists(&new.keys, &new.labels)?;
            check(StoreLimit::SourcesPerMemory, new.sources.len())?;
            check_length("kind", &new.kind, LONGEST_NAME)?;
            check_length("title", &new.title, LONGEST_NAME)?;
            check_length("content", &new.content, LONGEST_TEXT)?;
            check_length("payload", &new.payload, LONGEST_TEXT)?;
            check_sources(&new.sources)?;
            check_expiry(new.expires)?;
            check_finite("weight", new.counters.weight)?;
            check_finite("strength", new.counters.strength)?;
        }
        Op::Revise(patch) => {
            check_lists(
                patch.keys.as_deref().unwrap_or_default(),
                patch.labels.as_deref().unwrap_or_default(),
            )?;
            let texts = [
                ("title", &patch.title, LONGEST_NAME),
                ("content", &patch.content, LONGEST_TEXT),
                ("payload", &patch.payload, LONGEST_TEXT),
            ];
            for (name, text, longest) in texts {
                check_length(name, text.as_deref().unwrap_or_default(), longest)?;
            }
            check_sources(&patch.more_sources)?;
            check_expiry(patch.expires)?;
        }
        Op::Adjust(adjustment) => {
            check_finite("delta", adjustment.delta)?;
            let least = adjustment.least.unwrap_or(f64::NEG_INFINITY);
            let most = adjustment.most.unwrap_or(f64::INFINITY);
            if least > most || least.is_nan() || most.is_nan() {
                return Err(format!("least ({least}) is not below most ({most})").into());
            }
        }
        Op::Remove(_) | Op::Disconnect(_) => {}
        Op::Connect(link) => {
            check_finite("weight", link.weight)?;
            check_length("kind", &link.kind, LONGEST_NAME)?;
        }
        Op::Save(blob) => {
            if blob.name.is_empty() {
                return Err("the blob has no name".to_owned().into());
            }
            if blob.name.starts_with(HOST_BLOBS) {
                return Err(format!(
                    "blobs whose names begin with `{HOST_BLOBS}` are the host's own: call it something else"
                )
                .into());
            }
            check_length("name", &blob.name, LONGEST_NAME)?;
            check(StoreLimit::BlobBytes, blob.bytes.len())?;
        }
    }
    Ok(())
}

fn check_receipts(transaction: &Transaction) -> Result<(), String> {
    check_finite("time", transaction.at)?;
    let mut seen = HashSet::new();
    for receipt in &transaction.receipts {
        if receipt.id.is_empty() || !seen.insert(&receipt.id) {
            return Err(format!("receipt id {:?} is not unique", receipt.id));
        }
        for citation in &receipt.used {
            check_finite("citation's score", citation.score)?;
        }
    }
    Ok(())
}

fn check_keys(keys: &[Key]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for Key { name, text, .. } in keys {
        check_length("key's name", name, LONGEST_NAME)?;
        check_length("key's text", text, LONGEST_NAME)?;
        if !seen.insert((name, text)) {
            return Err(format!("two of its `{name}` keys have the same text"));
        }
    }
    Ok(())
}

fn check_labels(labels: &[Label]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for Label { name, value } in labels {
        check_length("label's name", name, LONGEST_NAME)?;
        check_length("label's value", value, LONGEST_NAME)?;
        if !seen.insert((name, value)) {
            return Err(format!(
                "label `{name}` stands there twice with the same value"
            ));
        }
    }
    Ok(())
}

fn check_sources(sources: &[Source]) -> Result<(), String> {
    let mut attempts = sources.iter().map(|source| &source.attempt);
    attempts.try_for_each(|attempt| check_length("attempt of a source", attempt, LONGEST_NAME))
}

/// An expiry that has passed is allowed: the memory is then never seen.
fn check_expiry(expires: Option<Instant>) -> Result<(), String> {
    expires.map_or(Ok(()), |expires| check_finite("expiry", expires))
}

fn check_length(name: &str, text: &str, longest: usize) -> Result<(), String> {
    if text.len() > longest {
        return Err(too_long(&format!("the {name}"), text.len(), longest));
    }
    Ok(())
}

fn too_long(what: &str, bytes: usize, longest: usize) -> String {
    format!("{what} has {bytes} bytes, and at most {longest} can be kept")
}

fn check_finite(name: &str, number: f64) -> Result<(), String> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(format!("its {name} is {number}, which is no finite number"))
    }
}

/// The keys that a write brings.
pub(crate) fn new_keys(op: &Op) -> &[Key] {
    match op {
        Op::Insert(new) => &new.keys,
        Op::Revise(patch) => patch.keys.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

/// How many of these keys have a vector.
pub(crate) fn embedded_keys(keys: &[Key]) -> usize {
    keys.iter().filter(|key| key.embedded).count()
}

pub(crate) fn operation(op: &Op) -> &'static str {
    match op {
        Op::Insert(_) => "insert",
        Op::Revise(_) => "revise",
        Op::Adjust(_) => "adjust",
        Op::Remove(_) => "remove",
        Op::Connect(_) => "connect",
        Op::Disconnect(_) => "disconnect",
        Op::Save(_) => "save",
    }
}
