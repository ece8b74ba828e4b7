//! Lane `compaction`: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on tau-bench.

use std::collections::BTreeMap;

use memhost::contract::Plan;
use memhost::strategy::Phases;
use memhost_eval::driver::{Actors, obstacle};
use memhost_suite::{Question, Severity, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

fn figures(suite: &Suite) -> BTreeMap<String, Figures> {
    let problems = check(suite);
    assert!(
        problems.iter().all(|p| p.severity == Severity::Warning),
        "{problems:?}"
    );
    let figures = measure(suite, 1..3, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

/// Two figures of a floor: the share that is kept, and how often all of it is.
fn near(figures: &BTreeMap<String, Figures>, floor: &str, expected: (f64, f64), within: f64) {
    let measured = (figures[floor]["kept"], figures[floor]["all-kept"]);
    let is_near = |measured: f64, expected: f64| (measured - expected).abs() <= within;
    assert!(
        is_near(measured.0, expected.0) && is_near(measured.1, expected.1),
        "{floor}: {measured:.3?} is not within {within} of {expected:.3?}"
    );
}

/// The real figures (tau-bench): last part .55, both ends .57, any lines .59, identifiers .83.
#[test]
fn generated_runs_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("compaction").unwrap();
    assert_eq!(check(&suite), []);
    let figures = figures(&suite);
    let of = |floor: &str| figures[floor]["kept"];
    for pair in ["none", "lines", "last", "identifiers", "oracle"].windows(2) {
        assert!(of(pair[1]) > of(pair[0]) + 0.05, "{pair:?}");
    }
    assert!((of("ends") - of("last")).abs() < 0.1);
    near(&figures, "identifiers", (0.83, 0.195), 0.1);
    near(&figures, "last", (0.55, 0.23), 0.2);
    near(&figures, "oracle", (1.0, 1.0), 0.0);
}

/// What was replaced stands in the run as well as what holds: whoever keeps all of it keeps what is wrong.
#[test]
fn outdated_values_stand_in_the_run_and_are_not_needed() {
    let suite = Suite::load("compaction").unwrap();
    let with_outdated = suite.questions().filter(|(_, question)| {
        let Question::Keep {
            run,
            needed,
            outdated,
        } = question
        else {
            panic!("{question:?}");
        };
        let text: Vec<&str> = run.iter().map(|step| step.text.as_str()).collect();
        let text = text.join("\n");
        assert!(
            needed
                .iter()
                .chain(outdated)
                .all(|value| text.contains(value))
        );
        assert!(outdated.iter().all(|value| !needed.contains(value)));
        !outdated.is_empty()
    });
    let share = with_outdated.count() as f64 / suite.questions().count() as f64;
    assert!((0.1..0.6).contains(&share), "{share:.2}");
}

#[test]
fn whoever_cannot_shorten_a_run_is_told_that_the_lane_does_not_apply() {
    let suite = Suite::load("compaction").unwrap();
    let obstacle = |compact| {
        let phases = Phases {
            retrieve: true,
            distill: true,
            compact,
            ..Phases::default()
        };
        obstacle(&Plan::streaming(), phases, &suite, Actors::READER)
    };
    assert!(obstacle(false).is_some_and(|why| why.contains("`compact`")));
    assert_eq!(obstacle(true), None);
}

#[test]
fn floors_reproduce_tau_bench() {
    let Some(path) = data_set("tau_bench") else {
        return;
    };
    let suite = Suite::load(&format!("tau-bench-compaction:{}", path.display())).unwrap();
    assert_eq!(suite.questions().count(), 334);
    // The run as it is keeps everything: what is needed stands in it.
    assert_eq!(check(&suite), []);
    let figures = figures(&suite);
    for (floor, expected) in [
        ("last", (0.550, 0.231)),
        ("ends", (0.570, 0.278)),
        ("identifiers", (0.832, 0.195)),
    ] {
        near(&figures, floor, expected, 0.03);
    }
    // Which lines fit beside each other is chance.
    near(&figures, "lines", (0.592, 0.114), 0.12);
    near(&figures, "oracle", (1.0, 1.0), 0.0);
}
