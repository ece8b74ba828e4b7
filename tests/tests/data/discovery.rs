//! Lane E: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on clippy's UI tests.

use std::collections::BTreeMap;

use memhost_suite::{Question, Severity, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

/// From the one that knows least to the one that knows most.
const ORDER: [&str; 5] = [
    "random",
    "templates",
    "templates-once",
    "contrast-once",
    "oracle",
];

fn figures(suite: &Suite, seeds: std::ops::Range<u64>) -> BTreeMap<String, Figures> {
    let figures = measure(suite, seeds, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

fn in_order(figures: &BTreeMap<String, Figures>) {
    for pair in ORDER.windows(2) {
        let (less, more) = (&figures[pair[0]], &figures[pair[1]]);
        assert!(
            more["coverage@10"] > less["coverage@10"] + 0.02,
            "{} finds {:.3}, {} finds {:.3}",
            pair[0],
            less["coverage@10"],
            pair[1],
            more["coverage@10"]
        );
    }
}

/// The real figures (clippy's UI tests): random .00, templates .18, without repeats .26, with negatives .47.
#[test]
fn generated_problems_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("discovery").unwrap();
    assert_eq!(check(&suite), []);
    let figures = figures(&suite, 1..4);
    in_order(&figures);
    let found = |floor: &str| figures[floor]["coverage@10"];
    assert!((0.13..0.28).contains(&found("templates")));
    assert!((0.38..0.55).contains(&found("contrast-once")));
    assert!(found("frequent") < found("templates"));
    assert!(found("oracle") < 0.95, "reading is hard even for who knows");
}

#[test]
fn floors_reproduce_clippy_ui() {
    let Some(path) = data_set("clippy_ui") else {
        return;
    };
    let suite = Suite::load(&format!("clippy-ui:{}", path.display())).unwrap();
    let problems = check(&suite);
    assert!(
        problems.iter().all(|p| p.severity == Severity::Warning),
        "{problems:?}"
    );
    assert_eq!(suite.questions().count(), 39);
    let hidden = suite.questions().map(|(_, question)| match question {
        Question::Discover { problems, .. } => problems.len(),
        _ => 0,
    });
    let hidden = hidden.sum::<usize>() as f64 / 39.0;
    assert!(
        (hidden - 5.2).abs() < 0.5,
        "{hidden:.1} problems a workspace"
    );

    let figures = figures(&suite, 1..2);
    in_order(&figures);
    let reference = [
        // floor, coverage@5, @10, @20, grounded@10
        ("frequent", [0.005, 0.005, 0.015, 0.005]),
        ("templates", [0.095, 0.181, 0.270, 0.139]),
        ("templates-once", [0.152, 0.261, 0.403, 0.205]),
        ("contrast-once", [0.372, 0.466, 0.542, 0.377]),
    ];
    let metrics = ["coverage@5", "coverage@10", "coverage@20", "grounded@10"];
    for (floor, expected) in reference {
        for (metric, expected) in metrics.iter().zip(expected) {
            let measured = figures[floor][*metric];
            assert!(
                (measured - expected).abs() <= 0.05,
                "{floor} {metric}: {measured:.3} is not within .05 of {expected:.3}"
            );
        }
    }
    assert!(figures["random"]["coverage@10"] < 0.03);
}

#[test]
fn nothing_in_a_workspace_gives_its_problems_away() {
    let suite = Suite::load("discovery").unwrap();
    for (episode, question) in suite.questions() {
        let Question::Discover { problems, .. } = question else {
            panic!("lane E asks for problems");
        };
        let shown = format!("{:?}", episode.task);
        for hidden in problems {
            assert!(!shown.contains(&hidden.problem), "{}", hidden.problem);
            assert!(!hidden.evidence.is_empty());
        }
    }
}
