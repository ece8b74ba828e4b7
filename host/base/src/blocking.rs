//! Where computing is done: short work in place, long work off the threads that serve everybody.

/// Input up to this size, in bytes, is worked on in place: moving it costs more than it blocks.
const IN_PLACE: usize = 32 << 10;

/// Runs `work`, whose time grows with `bytes`, where it blocks nobody.
///
/// # Errors
/// If the runtime is shutting down, or `work` panicked.
pub async fn run<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    if bytes <= IN_PLACE {
        return Ok(work());
    }
    away(work).await
}

/// Runs `work`, which takes long whatever it is given, where it blocks nobody.
///
/// # Errors
/// As for [`run`].
pub async fn away<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| format!("the computation did not end: {error}"))
}
