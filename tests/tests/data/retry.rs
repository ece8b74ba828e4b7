//! Lane `retry`: the floors on the made suite, against the same tries simulated.

use memhost::contract::{Arrangement, Plan};
use memhost::strategy::Phases;
use memhost_eval::driver::{Actors, obstacle};
use memhost_suite::{Suite, check};

use crate::floors::measure;

/// From the one that knows least to the one that knows most, with what a simulation of 600 tasks has: how many are solved by
/// the fifth try.
const SIMULATED: [(&str, f64); 7] = [
    ("none", 0.02),
    ("random", 0.22),
    ("best", 0.28),
    ("last", 0.30),
    ("best-two", 0.41),
    ("last-two", 0.45),
    ("all", 0.62),
];

#[test]
fn generated_tries_rank_the_floors_as_simulated_ones() {
    let suite = Suite::load("retry").unwrap();
    assert_eq!(check(&suite), []);
    let figures = measure(&suite, 1..9, None);
    for (floor, figures) in &figures {
        println!("{floor}: {figures}");
    }
    for (floor, expected) in SIMULATED {
        let measured = figures[floor]["solved@5"];
        assert!(
            (measured - expected).abs() <= 0.05,
            "{floor}: {measured:.3} is not within .05 of {expected:.3}"
        );
    }
    let of = |floor: &str| figures[floor]["solved@5"];
    for (less, more) in [
        ("none", "random"),
        ("random", "last"),
        ("last", "best-two"),
        ("best", "best-two"),
        ("best-two", "all"),
        ("last-two", "all"),
        ("all", "oracle"),
    ] {
        assert!(
            of(more) > of(less) + 0.03,
            "{less} {:.3}, {more} {:.3}",
            of(less),
            of(more)
        );
    }
    for (less, more) in SIMULATED.iter().zip(&SIMULATED[1..]) {
        let (less, more) = (figures[less.0]["area"], figures[more.0]["area"]);
        assert!(more > less - 0.02, "{less:.3}, {more:.3}");
    }
}

#[test]
fn whoever_keeps_nothing_of_a_try_is_told_that_the_lane_does_not_apply() {
    let suite = Suite::load("retry").unwrap();
    let obstacle = |distill, arrangement| {
        let phases = Phases {
            retrieve: true,
            update: true,
            distill,
            ..Phases::default()
        };
        let plan = Plan {
            arrangement,
            ..Plan::streaming()
        };
        obstacle(&plan, phases, &suite, Actors::READER)
    };
    let streaming = Arrangement::Streaming;
    assert!(obstacle(false, streaming).is_some_and(|why| why.contains("of a try")));
    let frozen = obstacle(true, Arrangement::BuildThenFreeze);
    assert!(frozen.is_some_and(|why| why.contains("before it is tested")));
    assert_eq!(obstacle(true, streaming), None);
}
