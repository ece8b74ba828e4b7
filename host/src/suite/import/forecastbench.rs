//! To be written.

use std::path::Path;

use super::super::{Suite, SuiteError};

/// Reads the data set.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    Err(super::missing(path, "forecastbench"))
}
