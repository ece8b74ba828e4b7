//! The clock on the wall. Files, versions of tables and names of runs are ordered by it, so that one that stands before
//! 1970, as of a board without a battery, is refused before anything is written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that cannot be right.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the clock of this machine stands {} s before 1970, and what is kept is ordered by time: set it, and run this again",
    .before.as_secs_f64().ceil()
)]
pub struct ClockError {
    before: Duration,
}

/// How long ago 1970 began.
///
/// # Errors
/// If it has not begun yet.
pub fn since_1970(now: SystemTime) -> Result<Duration, ClockError> {
    now.duration_since(UNIX_EPOCH).map_err(|error| ClockError {
        before: error.duration(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_is_refused_with_how_far() {
        let second = Duration::from_secs(1);
        assert_eq!(since_1970(UNIX_EPOCH + second).unwrap(), second);
        let error = since_1970(UNIX_EPOCH - 90 * second)
            .unwrap_err()
            .to_string();
        assert!(error.contains("stands 90 s before 1970"), "{error}");
    }
}
