//! A run of all checks over one plugin.

use std::time::Instant;

use memhost_contract::limits::Limits;
use memhost_contract::settings;
use memhost_store::tables::Format;

use super::fixture::Fixture;
use super::result::{Came, Stop, failed_call};
use super::wording::in_one_line;
use super::{Check, CheckOutcome, Checked, Conformance, ConformanceError, Subject, checks};

/// Makes every check of a subject whose calls may spend this much, over stores with tables of this format.
///
/// # Errors
/// If the host could not do its part; what the plugin does wrong is in the result.
pub async fn check(
    subject: &Subject,
    limits: &Limits,
    format: &dyn Format,
) -> Result<Conformance, ConformanceError> {
    let start = Instant::now();
    let fixture = Fixture::prepare(subject, limits, format).await?;
    let mut made = Vec::new();
    for check in Check::ALL {
        let (outcome, came) = match checks::make(check, &fixture).await {
            Ok(Came::Right(came)) => (CheckOutcome::Passed, came),
            Ok(Came::Nothing(reason)) => (CheckOutcome::DoesNotApply, reason),
            Err(Stop::Failed(came)) => (CheckOutcome::Failed, came),
            Err(Stop::Call(error)) => (CheckOutcome::Failed, failed_call(&error)),
            Err(Stop::Host(error)) => return Err(error),
        };
        made.push(Checked {
            check,
            outcome,
            expected: check.expected().to_owned(),
            came: in_one_line(&came),
        });
    }
    let description = subject.strategy.description();
    Ok(Conformance {
        plugin: description.name.clone(),
        version: description.version.clone(),
        digest: subject.strategy.digest().to_owned(),
        settings: settings::as_text(&subject.settings),
        checks: made,
        calls: fixture.meter.costs(),
        limits: limits.clone(),
        seconds: start.elapsed().as_secs_f64(),
    })
}
