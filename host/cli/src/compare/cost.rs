//! What the plans will cost, said before anything is run.

use memhost_eval::compare::files::CellFiles;
use memhost_eval::compare::{Comparison, Contest, Contestant, Inapplicable, PlannedCell};
use memhost_eval::driver::{Actors, Cost};
use memhost_suite::Suite;

use super::{CompareError, Options};
use crate::{Failure, output, progress};

/// What each plugin's plan is expected to cost, for all seeds together.
fn expected_costs(
    contests: &[Contest],
    actors: Actors,
) -> impl Iterator<Item = (&Contestant, &Suite, Cost)> {
    contests.iter().flat_map(move |contest| {
        let plugins = contest.contestants.iter().filter(|c| !c.floor);
        plugins.map(move |plugin| {
            let phases = plugin.strategy.phases();
            let cost = Cost::expected(&plugin.plan, phases, &contest.suite, actors);
            (plugin, contest.suite.as_ref(), cost)
        })
    })
}

/// Refuses what costs too much, and what measures nothing.
pub(super) fn check_cost(
    contests: &[Contest],
    options: &Options,
    actors: Actors,
) -> Result<(), Failure> {
    if expected_costs(contests, actors).next().is_none() {
        for Inapplicable { strategy, reason } in contests.iter().flat_map(|c| &c.inapplicable) {
            output::say(format_args!("{strategy} does not apply: {reason}"));
        }
        return Err(Failure::usage(CompareError::NothingApplies));
    }
    let runs = options
        .seeds
        .saturating_mul(u64::from(options.runs_per_seed()));
    let expected = expected_costs(contests, actors)
        .map(|(_, _, cost)| cost.model_calls.saturating_mul(runs))
        .fold(0, u64::saturating_add);
    match options.most_model_calls {
        Some(most) if expected > most => {
            Err(Failure::usage(CompareError::TooDear { expected, most }))
        }
        _ => Ok(()),
    }
}

/// Says what is about to be spent, unless everything is there already.
pub(super) fn say_costs(
    comparison: &Comparison,
    actors: Actors,
    files: Option<&CellFiles>,
    cells: &[PlannedCell],
) {
    if cells
        .iter()
        .all(|cell| files.is_some_and(|files| files.has(&cell.key)))
    {
        return;
    }
    let runs = comparison
        .seeds
        .saturating_mul(u64::from(comparison.orders));
    for (plugin, suite, cost) in expected_costs(&comparison.contests, actors) {
        progress::expected(plugin.name(), &suite.name, runs, &cost);
    }
    for contest in &comparison.contests {
        let suite = &contest.suite.name;
        progress::detectable(suite, &contest.group_sizes(), contest.comparisons());
    }
}
