//! Lane `steps`: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on tau-bench.

use std::collections::{BTreeMap, BTreeSet};

use memhost::contract::{Plan, Trigger};
use memhost_eval::driver::{Acting, deviations};
use memhost_suite::{Question, Severity, Suite, check, generate};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

/// From the one that knows least to the one that knows most.
const ORDER: [&str; 6] = ["none", "random", "frequency", "repeat", "counts", "oracle"];

fn figures(suite: &Suite, seeds: std::ops::Range<u64>) -> BTreeMap<String, Figures> {
    let problems = check(suite);
    assert!(
        problems.iter().all(|p| p.severity == Severity::Warning),
        "{problems:?}"
    );
    let figures = measure(suite, seeds, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    for pair in ORDER.windows(2) {
        let (less, more) = (figures[pair[0]]["next@1"], figures[pair[1]]["next@1"]);
        assert!(
            more > less + 0.02,
            "{} {less:.3}, {} {more:.3}",
            pair[0],
            pair[1]
        );
    }
    figures
}

fn near(floor: &str, measured: f64, expected: f64, within: f64) {
    assert!(
        (measured - expected).abs() <= within,
        "{floor}: {measured:.3} is not within {within} of {expected:.3}"
    );
}

/// The real figures (tau-bench): frequency .31, repeat .37, counts .52.
#[test]
fn generated_steps_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("steps").unwrap();
    let figures = figures(&suite, 1..4);
    for (floor, expected) in [("frequency", 0.31), ("repeat", 0.367), ("counts", 0.524)] {
        near(floor, figures[floor]["next@1"], expected, 0.07);
    }
    assert!(figures["counts"]["next@3"] > figures["counts"]["next@1"] + 0.15);
    assert_eq!(figures["none"]["next@3"], 0.0);
    assert!(figures["oracle"]["next@1"] > 0.99);
}

/// Where a run goes on as the customer wished, what was called last does not tell how, and the customer's words do.
#[test]
fn in_a_known_share_of_cases_an_earlier_turn_decides() {
    let suite = Suite::load("steps").unwrap();
    let mut after: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let (mut forks, mut all) = (0, 0);
    for (_, question) in suite.questions() {
        let Question::NextTool { run, tool } = question else {
            panic!("{question:?}");
        };
        let last = run.last().and_then(|step| step.name.as_deref()).unwrap();
        all += 1;
        if generate::steps::FORKS.contains(&last) && last != tool {
            forks += 1;
            after.entry((last, &run[0].text)).or_default().insert(tool);
        }
    }
    let share = f64::from(forks) / f64::from(all);
    assert!((0.15..0.3).contains(&share), "{share:.3}");
    assert!(after.values().all(|tools| tools.len() == 1), "{after:?}");
    for fork in generate::steps::FORKS {
        let of_fork = after.iter().filter(|((last, _), _)| *last == fork);
        let tools: BTreeSet<&str> = of_fork.flat_map(|(_, tools)| tools).copied().collect();
        assert_eq!(tools.len(), 3, "{fork}: {tools:?}");
    }
}

#[test]
fn whoever_does_not_ask_for_tools_is_read_by_what_it_said_before_and_the_report_says_so() {
    let suite = Suite::load("steps").unwrap();
    let silent = deviations(&Plan::streaming(), &suite, Acting::Reader);
    assert!(
        silent.iter().any(|said| said.contains("after a tool")),
        "{silent:?}"
    );
    let asks = Plan {
        moments: vec![Trigger::AfterTool(None)],
        ..Plan::streaming()
    };
    assert_eq!(
        deviations(&asks, &suite, Acting::Reader),
        Vec::<String>::new()
    );
}

#[test]
fn floors_reproduce_tau_bench() {
    let Some(path) = data_set("tau_bench") else {
        return;
    };
    let suite = Suite::load(&format!("tau-bench-steps:{}", path.display())).unwrap();
    assert_eq!(
        (suite.attempts().count(), suite.questions().count()),
        (200, 982)
    );
    let figures = figures(&suite, 1..2);
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for (floor, first, third) in [
        ("frequency", 0.310, 0.474),
        ("repeat", 0.367, 0.367),
        ("counts", 0.524, 0.721),
    ] {
        near(floor, of(floor, "next@1"), first, 0.005);
        near(floor, of(floor, "next@3"), third, 0.01);
    }
    assert_eq!(of("oracle", "next@1"), 1.0);
}
