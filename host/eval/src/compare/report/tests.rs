use super::*;
use crate::compare::summary::Failures;
use crate::compare::summary::tests::{report, report_of_wrappers};

#[test]
fn the_table_shows_strategies_floors_and_caveats() {
    insta::assert_snapshot!(table(&report(), 160));
}

#[test]
fn what_a_wrapper_adds_has_a_line_and_what_is_not_seen_a_note() {
    let report = report_of_wrappers();
    let text = table(&report, 160);
    let from = |begin: &str| {
        let lines = text.lines().skip_while(|line| !line.starts_with(begin));
        lines.take(2).collect::<Vec<_>>().join("\n")
    };
    let told = ["  pass(rag) against rag", "- What a wrapper adds"].map(from);
    insta::assert_snapshot!(told.join("\n…\n"));
    let csv = csv(&report).unwrap();
    let added = csv.lines().filter(|line| line.contains(",added_"));
    insta::assert_snapshot!(added.collect::<Vec<_>>().join("\n"));
    let json: serde_json::Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
    insta::assert_json_snapshot!((&json["suites"][0]["added"], &json["unseen"]));
}

#[test]
fn a_table_leaves_out_the_secondary_metrics_that_do_not_fit_and_says_so() {
    let text = table(&report(), 130);
    assert!(
        text.contains("with --format json or csv also: recall@5"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 130),
        "{text}"
    );
}

#[test]
fn a_narrow_report_has_scores_and_costs_in_a_table_each() {
    insta::assert_snapshot!(table(&report(), 100));
}

#[test]
fn whatever_went_wrong_stands_above_or_under_the_table() {
    let mut report = report();
    report.interrupted = true;
    report.most_memories = Some(1_000);
    let suite = &mut report.suites[0];
    let strategy = &mut suite.strategies[0];
    strategy.failures = Some(Failures {
        failed: 1_200,
        calls: 3_000,
        first: "plugin `rag`, call `retrieve`: out of fuel\n  at frame 1".to_owned(),
    });
    if let Some(costs) = &mut strategy.costs {
        costs.cut = 12.0;
        costs.evicted_by_host = 3.0;
        costs.model_calls = 310.0;
        costs.model_input_tokens = 52_000.0;
    }
    suite.caveats = crate::compare::caveats::about_results(suite);
    insta::assert_snapshot!(table(&report, 160));
}

#[test]
fn a_metric_that_is_measured_nowhere_is_explained_and_has_no_column_of_dashes() {
    let mut report = report();
    let suite = &mut report.suites[0];
    for strategy in &mut suite.strategies {
        (strategy.quality, strategy.difference, strategy.rank) = (None, None, None);
        strategy.metrics.clear();
    }
    suite.pairs.clear();
    suite.measured = suite
        .metrics
        .iter()
        .map(|metric| (metric.clone(), 0))
        .collect();
    suite.caveats = crate::compare::caveats::about_results(suite);
    let why = "all 24 questions are left out, because no attempt of their kind could be drawn on";
    let text = table(&report, 160);
    assert!(
        text.starts_with(&format!("on transfer, hit@1: {why}.")),
        "{text}"
    );
    assert!(
        text.contains(&format!("! hit@1, recall@5: {why}")),
        "{text}"
    );
    let (_, tables) = text.split_once("2 seeds").unwrap();
    for column in ["hit@1  ", "recall@5  ", "difference to", "rank  "] {
        assert!(!tables.contains(column), "{column}: {text}");
    }
    assert!(tables.contains("tokens per"), "{text}");
    assert!(json(&report).unwrap().contains(why));
}

#[test]
fn json_comes_back_as_the_report() {
    let report = report();
    let text = json(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<crate::compare::Report>(&text).unwrap(),
        report
    );
}

#[test]
fn json_names_stay() {
    let mut value: serde_json::Value = serde_json::from_str(&json(&report()).unwrap()).unwrap();
    value["suites"][0]["strategies"]
        .as_array_mut()
        .unwrap()
        .truncate(2);
    insta::assert_json_snapshot!(value);
}

#[test]
fn csv_has_one_line_per_measure() {
    insta::assert_snapshot!(csv(&report()).unwrap());
}

#[test]
fn colours_stand_for_verdicts_and_change_no_letter() {
    let report = report();
    let (plain, coloured) = (table(&report, 120), coloured_table(&report, 120));
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.as_str().contains('\u{1b}'));
    let stripped = anstream::adapter::strip_str(coloured.as_str()).to_string();
    let trimmed = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    assert_eq!(trimmed(&stripped), trimmed(&plain));
}

#[test]
fn no_cell_that_a_stranger_named_is_a_formula() {
    let mut report = report();
    let suite = &mut report.suites[0];
    suite.suite = "=HYPERLINK(\"http://x\")".to_owned();
    for (strategy, name) in suite
        .strategies
        .iter_mut()
        .zip(["@SUM(A1)", " +1", "-1\n=2"])
    {
        strategy.strategy = name.to_owned();
    }
    let text = csv(&report).unwrap();
    let mut cells = csv::Reader::from_reader(text.as_bytes());
    let mut names = std::collections::BTreeSet::new();
    for row in cells.records() {
        let row = row.unwrap();
        assert_eq!(&row[0], "'=HYPERLINK(\"http://x\")");
        names.insert(row[2].to_owned());
    }
    let expected = ["' +1", "'-1\\n=2", "'@SUM(A1)"].map(str::to_owned);
    assert_eq!(names, expected.into());
    // A number below zero is none.
    assert!(text.contains(",-0."), "{text}");
}

#[test]
fn a_table_of_any_width_fits_it() {
    let report = report();
    for width in 40..170 {
        let text = table(&report, width);
        let widest = text.lines().map(memhost_base::visible::columns).max();
        assert!(widest <= Some(width), "{width}: {text}");
    }
}
