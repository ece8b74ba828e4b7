//! The floors of lane forecast.

use std::sync::Arc;

use super::super::Suite;
use crate::strategy::Strategy;

/// In the order in which reports show them.
pub(super) fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    super::common(suite)
}
