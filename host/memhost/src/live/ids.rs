//! Ids at a seat: of attempts, of tasks that came without one, and of what was told.

use memhost_contract::{Attempt, Task};
use sha2::{Digest, Sha256};

use super::LiveError;

/// A new attempt's id: `a` and 12 characters of base 32.
pub(super) fn new_attempt() -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digits = (0..12).map(|_| char::from(DIGITS[rand::random_range(0..DIGITS.len())]));
    std::iter::once('a').chain(digits).collect()
}

/// A task without an id gets one from its text, so that the same text is the same task.
pub(super) fn with_id(task: Task) -> Result<Task, LiveError> {
    if task.text.trim().is_empty() {
        return Err(LiveError::Malformed {
            field: "task.text",
            reason: "it is empty: say what is to be done".to_owned(),
        });
    }
    if !task.id.is_empty() {
        return Ok(task);
    }
    let digest = hex(&Sha256::digest(task.text.as_bytes())[..8]);
    Ok(Task {
        id: format!("t{digest}"),
        ..task
    })
}

pub(super) fn checked_id(field: &'static str, id: String) -> Result<String, LiveError> {
    let reason = match id.len() {
        0 => "it is empty; leave it out where there is none",
        1..=200 if !id.chars().any(char::is_control) => return Ok(id),
        1..=200 => "it holds a control character",
        _ => "it is longer than 200 bytes",
    };
    Err(LiveError::Malformed {
        field,
        reason: reason.to_owned(),
    })
}

/// What an attempt was told as, so that the same again is the same.
pub(super) fn fingerprint(attempt: &Attempt) -> String {
    let text = serde_json::to_string(attempt).unwrap_or_default();
    hex(&Sha256::digest(text.as_bytes())[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
