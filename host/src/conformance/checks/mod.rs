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

use super::ground::Ground;
use super::{Check, Verdict};

/// Makes one check.
pub(super) async fn make(check: Check, ground: &Ground<'_>) -> Verdict {
    match check {
        Check::RoundTrip => round_trip::check(ground).await,
        Check::Restart => restart::check(ground).await,
        Check::Determinism => determinism::check(ground).await,
        Check::NamespaceLeak => namespace_leak::check(ground).await,
        Check::Budget => budget::check(ground).await,
        Check::Eviction => eviction::check(ground).await,
        Check::Receipts => receipts::check(ground).await,
        Check::EmptyInputs => empty_inputs::check(ground).await,
        Check::Unicode => unicode::check(ground).await,
        Check::TenThousand => ten_thousand::check(ground).await,
        Check::Poison => poison::check(ground).await,
        Check::DegradedModes => degraded_modes::check(ground).await,
        Check::Limits => limits::check(ground).await,
    }
}
