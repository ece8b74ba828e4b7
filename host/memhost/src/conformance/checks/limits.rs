//! Calls end within their limits, also where there is much to be told.

use crate::conformance::cases::Case;
use crate::conformance::fixture::Fixture;
use crate::conformance::session::{ROOM, Session};
use crate::conformance::{CallCost, Came, CheckResult};

/// Twice as long as the runs that agents make who browse or write code. Whoever compares every step with every other
/// spends four times as much on it, which is more than the fuel of a call by default.
const STEPS: usize = 4_000;

pub(super) async fn check(fixture: &Fixture<'_>) -> CheckResult {
    let mut session = Session::open(fixture, "limits").await?;
    let long = Case::long(STEPS);
    session.work(&long).await?;
    session.ask(&long.again(), ROOM).await?;
    let costs = fixture.meter.costs();
    let most = |of: fn(&CallCost) -> f64| costs.iter().map(of).fold(0.0, f64::max);
    let share = |used: f64, allowed: f64| 100.0 * used / allowed;
    let limits = fixture.limits;
    Ok(Came::Right(format!(
        "at most {:.1} % of the fuel, {:.1} % of the memory and {:.1} % of the time",
        share(most(|cost| cost.fuel as f64), limits.fuel as f64),
        share(most(|cost| cost.memory_bytes as f64), limits.memory as f64),
        share(
            most(|cost| cost.milliseconds),
            limits.wall_clock.as_secs_f64() * 1e3
        ),
    )))
}
