//! One file per check; the table is in [`super`].

mod budget;
mod degraded_modes;
mod determinism;
mod empty_inputs;
mod eviction;
mod limits;
mod namespace_leak;
mod poison;
mod receipts;
mod restart;
mod round_trip;
mod ten_thousand;
mod unicode;

use super::fixture::Fixture;
use super::{Check, CheckResult};

/// Makes one check.
pub(super) async fn make(check: Check, fixture: &Fixture<'_>) -> CheckResult {
    match check {
        Check::RoundTrip => round_trip::check(fixture).await,
        Check::Restart => restart::check(fixture).await,
        Check::Determinism => determinism::check(fixture).await,
        Check::NamespaceLeak => namespace_leak::check(fixture).await,
        Check::Budget => budget::check(fixture).await,
        Check::Eviction => eviction::check(fixture).await,
        Check::Receipts => receipts::check(fixture).await,
        Check::EmptyInputs => empty_inputs::check(fixture).await,
        Check::Unicode => unicode::check(fixture).await,
        Check::TenThousand => ten_thousand::check(fixture).await,
        Check::Poison => poison::check(fixture).await,
        Check::DegradedModes => degraded_modes::check(fixture).await,
        Check::Limits => limits::check(fixture).await,
    }
}
