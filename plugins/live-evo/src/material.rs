//! What the prompts share: lengths that keep a call within the host's limits.

/// How much of a task's text a prompt and a memory have, in bytes. A call may hand over 8 MiB in all, which a batch of
/// several hundred tasks shares.
pub(crate) const TASK_BYTES: usize = 4_000;

/// How much of each text of a lesson is kept, in bytes; one or two sentences are asked for.
pub(crate) const TEXT_BYTES: usize = 1_000;

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
