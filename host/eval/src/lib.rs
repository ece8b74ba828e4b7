//! Evaluation: strategies run over suites and are compared, with statistics that can be trusted.
//!
//! [`driver`] runs one strategy over one stream of tasks, [`floors`] are what anybody must beat, [`compare`] plans,
//! runs, tests and reports whole comparisons.

pub mod compare;
pub mod driver;
pub mod floors;
