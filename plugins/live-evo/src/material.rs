//! What the prompts share: lengths that keep a call within the host's limits, and replies.

use memhost_sdk::{Fault, Reply};
use serde::de::DeserializeOwned;

/// How much of a task's text a prompt and a memory have, in bytes. A call may hand over 8 MiB in all, which a batch of
/// several hundred tasks shares.
pub(crate) const TASK_BYTES: usize = 4_000;

/// How much of each text of a lesson is kept, in bytes; one or two sentences are asked for.
pub(crate) const TEXT_BYTES: usize = 1_000;

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// What a reply says, if it has the form that was asked for.
pub(crate) fn json<T: DeserializeOwned>(reply: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(reply)
        .map_err(|error| Fault::Failed(format!("the reply is not {what}: {error}")))
}

/// The answer to a single request.
pub(crate) fn only(replies: Vec<Result<Reply, Fault>>) -> Result<Reply, Fault> {
    let none = || Fault::Failed("the host answered no request where one was made".to_owned());
    replies.into_iter().next().ok_or_else(none)?
}

/// As requests have it.
#[expect(clippy::cast_possible_truncation, reason = "a number from 0 to 2")]
pub(crate) fn temperature(chosen: f64) -> f32 {
    chosen as f32
}
