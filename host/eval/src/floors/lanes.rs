//! The floors of each lane, and the names that they go by.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use memhost::strategy::Strategy;
use memhost_suite::{Lane, Suite};

use super::{compaction, discovery, forecast, ordered, retry, routing, steps};

/// The floors and the oracle of a suite's lane, in the order in which reports show them.
pub fn floors(suite: &Suite) -> Vec<Arc<dyn Strategy>> {
    match suite.lane {
        Lane::Evidence | Lane::Hops | Lane::Transfer | Lane::Domains | Lane::Attempts => {
            ordered::common(suite)
        }
        Lane::Routing => routing::floors(suite),
        Lane::Forecast => forecast::floors(suite),
        Lane::Discovery => discovery::floors(suite),
        Lane::Steps => steps::floors(suite),
        Lane::Compaction => compaction::floors(suite),
        Lane::Retry => retry::floors(suite),
    }
}

/// Whether some lane has a floor, or an oracle, of this name: a plugin may call itself so too.
pub fn is_name_of_a_floor(name: &str) -> bool {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let lanes = [
            Lane::Evidence,
            Lane::Routing,
            Lane::Forecast,
            Lane::Discovery,
            Lane::Steps,
            Lane::Compaction,
            Lane::Retry,
        ];
        let floors = lanes.into_iter().flat_map(|lane| {
            floors(&Suite {
                name: String::new(),
                lane,
                summary: String::new(),
                streams: Vec::new(),
                budgets: Vec::new(),
                primary: String::new(),
                left_out: Vec::new(),
            })
        });
        floors
            .map(|floor| floor.description().name.clone())
            .collect()
    });
    NAMES.contains(name)
}
