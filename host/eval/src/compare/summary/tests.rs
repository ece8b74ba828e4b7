use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::compare::testing;

/// Two plugins and a floor under two seeds; the second plugin's second run did not take place.
fn made_up() -> (Design, Finish) {
    let comparison = testing::comparison(2);
    let scores = |right: usize| -> Vec<f64> {
        (0..24)
            .map(|task| f64::from(u8::from(task % 24 < right)))
            .collect()
    };
    let finished = |right| CellOutcome::Finished(Box::new(testing::report(&scores(right))));
    let outcomes = vec![
        finished(12),
        finished(18),
        finished(0),
        finished(16),
        CellOutcome::Failed("it cannot".to_owned()),
        finished(2),
    ];
    let finish = Finish {
        outcomes,
        interrupted: false,
        outage: None,
    };
    (testing::design(&comparison), finish)
}

pub(in crate::compare) fn report() -> Report {
    let (design, finish) = made_up();
    Report::new(&design, &finish, &setup())
}

/// One plugin in a wrapper beside itself, where the wrapper costs a model call per question and is worth a point in four;
/// and another in a wrapper that stands alone.
pub(in crate::compare) fn report_of_wrappers() -> Report {
    let mut comparison = testing::comparison(1);
    let rag = testing::contestant("rag", false);
    let alone = testing::with_k(testing::contestant("recency", false), 2.0);
    let contest = &mut comparison.contests[0];
    contest.contestants = vec![rag.clone(), testing::in_pass(rag), testing::in_pass(alone)];
    let scores = |right: usize| -> Vec<f64> {
        (0..24)
            .map(|task| f64::from(u8::from(task < right)))
            .collect()
    };
    let finished = |report| CellOutcome::Finished(Box::new(report));
    let mut guarded = testing::report(&scores(18));
    let audit = ModelCost {
        calls: 24,
        input_tokens: 2_400,
        output_tokens: 240,
        ..ModelCost::default()
    };
    guarded.model.insert("audit".to_owned(), audit);
    for task in &mut guarded.tasks {
        task.tokens -= 7;
    }
    let finish = Finish {
        outcomes: vec![
            finished(testing::report(&scores(12))),
            finished(guarded),
            finished(testing::report(&scores(12))),
        ],
        interrupted: false,
        outage: None,
    };
    Report::new(&testing::design(&comparison), &finish, &setup())
}

pub(super) fn setup() -> Setup {
    Setup {
        run: Some("run".to_owned()),
        jobs: Some(2),
    }
}

#[test]
fn quality_is_the_mean_over_tasks_and_seeds() {
    let report = report();
    let [rag, reasoningbank, random] = &report.suites[0].strategies[..] else {
        panic!("three strategies take part");
    };
    let mean = |strategy: &StrategyResult| strategy.quality.unwrap().mean;
    assert!((mean(rag) - 14.0 / 24.0).abs() < 1e-12);
    assert!((mean(reasoningbank) - 18.0 / 24.0).abs() < 1e-12);
    assert!((mean(random) - 1.0 / 24.0).abs() < 1e-12);
    assert_eq!(rag.quality.unwrap().groups, 12);
    assert_eq!((rag.seeds, reasoningbank.seeds), (2, 1));
    assert!((rag.metrics["recall@5"] - 7.0 / 24.0).abs() < 1e-12);
}

#[test]
fn differences_are_to_the_first_plugin_under_the_same_seed() {
    let report = report();
    let strategies = &report.suites[0].strategies;
    assert_eq!(strategies[0].difference, None);
    // Of the seed that both have: 18 against 12, not against the mean over both seeds.
    let difference = strategies[1].difference.unwrap();
    assert!((difference.mean - 6.0 / 24.0).abs() < 1e-12);
    let difference = strategies[2].difference.unwrap();
    assert!((difference.mean + 13.0 / 24.0).abs() < 1e-12);
}

#[test]
fn what_a_wrapper_adds_is_the_difference_to_what_it_wraps_and_what_that_costs() {
    let report = report_of_wrappers();
    let [added] = &report.suites[0].added[..] else {
        panic!("one of them is beside what it wraps");
    };
    assert_eq!(
        (added.strategy.as_str(), added.bare.as_str()),
        ("pass(rag)", "rag")
    );
    assert!((added.difference.mean - 6.0 / 24.0).abs() < 1e-12);
    let pair = report.suites[0].pair("rag", "pass(rag)").unwrap();
    assert_eq!(added.p_holm, pair.p_holm);
    assert_eq!((added.model_calls, added.model_tokens), (24.0, 2_640.0));
    assert!((added.tokens_per_question + 7.0).abs() < 1e-9);
    let [unseen] = &report.unseen[..] else {
        panic!("the other is not");
    };
    assert_eq!(
        (unseen.strategy.as_str(), unseen.add.as_str()),
        ("pass(recency)", "recency --set recency.k=2")
    );
}

#[test]
fn a_wrapper_adds_nothing_that_is_known_while_cells_are_missing() {
    let mut comparison = testing::comparison(1);
    let rag = testing::contestant("rag", false);
    comparison.contests[0].contestants = vec![testing::in_pass(rag.clone()), rag];
    let finish = Finish {
        outcomes: vec![
            CellOutcome::Finished(Box::new(testing::report(&[1.0; 24]))),
            CellOutcome::NotRun,
        ],
        interrupted: true,
        outage: None,
    };
    let report = Report::new(&testing::design(&comparison), &finish, &setup());
    assert!(report.suites[0].added.is_empty() && report.unseen.is_empty());
}

#[test]
fn runs_that_could_not_be_made_are_told() {
    let report = report();
    assert_eq!(
        report.suites[0].strategies[1].failed_runs,
        ["seed 1: it cannot"]
    );
    let caveats = &report.suites[0].caveats;
    assert!(
        caveats.contains(&"reasoningbank: no result with seed 1: it cannot".to_owned()),
        "{caveats:?}"
    );
}

#[test]
fn costs_are_per_run_and_latencies_over_all_runs() {
    let mut first = testing::report(&[1.0, 0.0]);
    first.model.insert(
        "judge".to_owned(),
        ModelCost {
            calls: 3,
            input_tokens: 300,
            output_tokens: 30,
            ..ModelCost::default()
        },
    );
    let mut second = testing::report(&[1.0, 0.0]);
    second.memories = 20;
    second.retrieve_micros = vec![10_000; 300];
    second.wall = Some(Duration::from_millis(500));
    let costs = Costs::of(&[&first, &second]).unwrap();
    assert_eq!(costs.tokens_per_question, 100.5);
    assert_eq!((costs.model_calls, costs.model_input_tokens), (1.5, 150.0));
    assert_eq!((costs.memories, costs.wall_seconds), (30.0, Some(1.0)));
    assert_eq!(
        (costs.retrieve_p50_ms, costs.retrieve_p95_ms),
        (Some(10.0), Some(10.0))
    );
    assert_eq!(Costs::of(&[]), None);
}

#[test]
fn scores_that_are_no_numbers_reach_no_report() {
    let (design, mut finish) = made_up();
    finish.outcomes[0] = CellOutcome::Finished(Box::new(testing::report(&[f64::NAN; 24])));
    finish.outcomes[3] = finish.outcomes[0].clone();
    let report = Report::new(&design, &finish, &setup());
    let rag = &report.suites[0].strategies[0];
    assert_eq!((rag.quality, rag.metrics.len()), (None, 0));
    for text in [
        crate::compare::report::table(&report, 160),
        crate::compare::report::json(&report).unwrap(),
        crate::compare::report::csv(&report).unwrap(),
    ] {
        assert!(!text.contains("NaN") && !text.contains("nan"), "{text}");
    }
}

#[test]
fn a_replay_shows_neither_times_nor_a_name_of_its_own() {
    let (design, finish) = made_up();
    let report = Report::new(&design, &finish.without_times(), &Setup::default());
    assert_eq!((&report.run, report.jobs), (&None, None));
    let costs = report.suites[0].strategies[0].costs.unwrap();
    assert_eq!((costs.wall_seconds, costs.retrieve_p50_ms), (None, None));
    assert_eq!(costs.memories, 40.0);
    let names: Vec<&str> = costs.named().map(|(name, _)| name).collect();
    assert!(
        names.contains(&"fuel") && !names.contains(&"wall_seconds"),
        "{names:?}"
    );
    let table = crate::compare::report::table(&report, 160);
    assert!(table.contains("replayed, memhost 0.1.0"), "{table}");
    assert!(!table.contains("at a time"), "{table}");
}

#[test]
fn one_broken_run_leaves_a_strategy_without_a_result_and_says_why() {
    let (design, mut finish) = made_up();
    finish.outcomes[3] = CellOutcome::Broken(Box::new(testing::broken(&[1.0; 24])));
    let report = Report::new(&design, &finish, &setup());
    let suite = &report.suites[0];
    let [rag, reasoningbank, random] = &suite.strategies[..] else {
        panic!("three strategies take part");
    };
    assert_eq!((rag.quality, rag.rank, &rag.harm), (None, None, &None));
    assert!(rag.metrics.is_empty() && rag.curve.is_empty());
    let told: Vec<String> = suite.broken().collect();
    let why = "rag has no result on transfer: 3 of 3 distill calls failed: task `t0`: no reply";
    assert_eq!(told, [why]);
    assert!(rag.costs.is_some(), "what it cost is known all the same");
    // The others are compared with each other; there is nothing to compare with the first.
    assert!(reasoningbank.rank.is_some() && random.rank.is_some());
    assert_eq!((reasoningbank.difference, random.difference), (None, None));
    assert_eq!(suite.pairs.len(), 1);
    assert_eq!(suite.detectable.unwrap().comparisons, 1);
    assert_eq!(suite.unfinished, None, "a broken run came to its end");
    let caveats = suite.caveats.join("\n");
    for expected in [
        "there are no differences to rag, because it has no result",
        "rag has no result: 3 of 3 distill calls failed: task `t0`: no reply",
    ] {
        assert!(caveats.contains(expected), "{caveats}");
    }
}

#[test]
fn as_long_as_cells_are_missing_nothing_is_ranked() {
    let (design, mut finish) = made_up();
    finish.outcomes[5] = CellOutcome::NotRun;
    finish.interrupted = true;
    finish.outage = Some("the quota is used up".to_owned());
    let report = Report::new(&design, &finish, &setup());
    let suite = &report.suites[0];
    assert!(suite.pairs.is_empty() && suite.detectable.is_none());
    for strategy in &suite.strategies {
        assert_eq!((strategy.rank, strategy.difference), (None, None));
        assert_eq!(
            (&strategy.harm, strategy.frontier),
            (&None, Frontier::default())
        );
    }
    assert_eq!(
        report.stopped().unwrap(),
        "STOPPED: not every cell was run, and the strategies may differ in their seeds: the quota is used up"
    );
}

#[test]
fn results_without_counts_by_phase_are_read_and_digested_as_they_were() {
    let report = testing::report(&[1.0]);
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("phases"), "{text}");
    assert_eq!(serde_json::from_str::<CellReport>(&text).unwrap(), report);
    let digest_of = crate::compare::manifest::digest_of;
    let timeless = format!("{:?}", report.clone().without_times());
    let before = timeless
        .replace(", cut_texts: 0", "")
        .replace(", mended: Mended { replies: 0, how: {} }", "")
        .replace(", phases: {}", "");
    assert_eq!(digest_of(&report), hex::encode(Sha256::digest(before)));
    let counted = CellReport {
        phases: testing::broken(&[1.0]).phases,
        ..report.clone()
    };
    assert_eq!(digest_of(&counted), digest_of(&report));
}
