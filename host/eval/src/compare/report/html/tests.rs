use super::*;
use crate::compare::report::number::probability;
use crate::compare::statistics::{Estimate, Interval};
use crate::compare::summary::{self, Harm, SuiteResult};
use crate::compare::{Comparison, Inapplicable, testing};

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{2028}";

fn page(report: &Report) -> String {
    html(report, &testing::design(&testing::comparison(2))).unwrap()
}

fn made_up() -> Report {
    summary::tests::report()
}

/// The embedded results, as a browser reads them.
fn results(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"results\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

fn plots(page: &str) -> Vec<&str> {
    let parts = page.split("data-plot=\"").skip(1);
    parts.filter_map(|part| part.split('"').next()).collect()
}

#[test]
fn the_page_opens_with_the_answer_and_ends_with_what_was_run() {
    let page = page(&made_up());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    let order = [
        "The answer",
        "On transfer, ",
        "id=\"suite-0\"",
        "What was run",
    ];
    let places = order.map(place);
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("sha256:0"));
    assert!(page.contains("is told whatever outcomes there are"));
}

#[test]
fn what_a_wrapper_adds_has_a_table_and_what_is_not_seen_a_note() {
    let page = page(&summary::tests::report_of_wrappers());
    for text in [
        "What a wrapper adds",
        ">+0.250 [",
        ">+24<",
        ">+2,640<",
        ">-7<",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("add to the command: recency --set recency.k=2 (for pass(recency))."));
    let none = self::page(&made_up());
    assert!(!none.contains("What a wrapper adds"));
}

#[test]
fn nothing_is_fetched() {
    let page = page(&made_up());
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    let own = page.replace(ECHARTS, "");
    for reference in [
        "src=",
        "href=\"http",
        "url(",
        "@import",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!own.contains(reference), "{reference}");
    }
}

#[test]
fn what_strangers_write_stays_text() {
    let mut report = made_up();
    let suite = &mut report.suites[0];
    suite.suite = HOSTILE.to_owned();
    suite.summary = HOSTILE.to_owned();
    suite.caveats = vec![HOSTILE.to_owned()];
    suite.inapplicable = vec![Inapplicable {
        strategy: HOSTILE.to_owned(),
        reason: HOSTILE.to_owned(),
    }];
    for strategy in &mut suite.strategies {
        strategy.strategy.push_str(HOSTILE);
        strategy
            .settings
            .insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    report.embedder = HOSTILE.to_owned();
    report.models.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let page = page(&report);
    let own = page.replace(ECHARTS, "");
    assert!(!own.contains("<script>alert"));
    assert!(!own.contains("<img"));
    assert_eq!(own.matches("</script").count(), 3);
    let embedded = results(&page);
    assert_eq!(embedded["suites"][0]["suite"], HOSTILE);
}

#[test]
fn the_results_are_embedded_once_and_whole() {
    let report = made_up();
    let page = page(&report);
    assert_eq!(results(&page), serde_json::to_value(&report).unwrap());
    assert_eq!(page.matches("id=\"results\"").count(), 1);
}

#[test]
fn every_plot_has_its_data_beside_it() {
    let page = page(&made_up());
    let shown = plots(&page);
    for plot in [
        "score",
        "difference",
        "curve",
        "handed-over",
        "memories",
        "latency",
    ] {
        assert!(shown.contains(&plot), "{plot} in {shown:?}");
    }
    assert_eq!(page.matches("<summary>Data</summary>").count(), shown.len());
}

/// Nobody has to unfold anything to see whether chance can be ruled out, and what memory did harm to.
#[test]
fn the_first_table_says_how_sure_it_is_and_what_was_lost() {
    let mut report = made_up();
    let suite = &mut report.suites[0];
    for (number, strategy) in suite.strategies.iter_mut().enumerate() {
        strategy.harm = strategy.quality.map(|transfer| Harm {
            solved_without: 40 + number,
            lost: vec!["t1".to_owned(); number],
            gained: 0,
            transfer,
        });
    }
    let page = page(&report);
    let (table, _) = page.split_once("</table>").unwrap();
    for column in ["p after correction", "lost of solved"] {
        assert!(
            table.contains(&format!("<th class=\"n\" scope=\"col\">{column}</th>")),
            "{column}"
        );
    }
    let suite = &report.suites[0];
    let pair = suite.strategies.iter().find_map(|s| suite.to_first(s));
    let cells = [probability(pair.unwrap().p_holm)];
    let harms = suite.strategies.iter().filter_map(|s| s.harm.as_ref());
    let lost = harms.map(|harm| format!("{} / {}", harm.lost.len(), harm.solved_without));
    for cell in cells.into_iter().chain(lost) {
        assert!(
            table.contains(&format!(
                "<td class=\"n\">{}</td>",
                cell.replace('<', "&lt;")
            )),
            "{cell}"
        );
    }
}

#[test]
fn what_was_not_measured_has_no_plot() {
    let mut report = made_up();
    for strategy in &mut report.suites[0].strategies {
        strategy.quality = None;
        strategy.difference = None;
        strategy.costs = None;
        strategy.harm = None;
        strategy.rank = None;
        strategy.curve.clear();
        strategy.latency.clear();
        strategy.metrics.clear();
    }
    report.suites[0].pairs.clear();
    let page = page(&report);
    assert_eq!(plots(&page), Vec::<&str>::new());
    assert!(page.contains("no plugin has a result"));
}

#[test]
fn a_metric_that_is_measured_nowhere_is_explained_and_has_no_column() {
    let mut report = made_up();
    let suite = &mut report.suites[0];
    for strategy in &mut suite.strategies {
        (strategy.quality, strategy.rank) = (None, None);
    }
    suite.measured.insert("hit@1".to_owned(), 0);
    let page = page(&report);
    assert!(page.contains("all 24 questions are left out, because"));
    assert!(!page.contains(">hit@1</th>") && page.contains(">recall@5</th>"));
}

#[test]
fn no_suite_and_one_strategy_make_a_page_too() {
    let mut report = made_up();
    report.suites[0].strategies.truncate(1);
    assert!(page(&report).contains("1 strategy on 1 suite"));
    report.suites.clear();
    let design = testing::design(&Comparison {
        contests: Vec::new(),
        ..testing::comparison(1)
    });
    assert!(
        html(&report, &design)
            .unwrap()
            .contains("No suite was run.")
    );
}

#[test]
fn what_is_no_number_is_a_dash() {
    let mut report = made_up();
    let nothing = Estimate {
        mean: f64::NAN,
        interval: Some(Interval {
            low: f64::NAN,
            high: f64::INFINITY,
        }),
        tasks: 1,
        groups: 1,
    };
    report.suites[0].strategies[0].quality = Some(nothing);
    let page = page(&report);
    assert!(page.contains("– [–, –]"));
    assert!(!page.contains("NaN<"));
    assert!(results(&page)["suites"][0]["strategies"][0]["quality"]["mean"].is_null());
}

#[test]
fn a_dozen_plugins_have_looks_of_their_own_and_keep_them_through_all_suites() {
    let mut report = made_up();
    let suite = &mut report.suites[0];
    let one = suite.strategies[0].clone();
    suite.strategies = (0..12)
        .map(|number| summary::StrategyResult {
            strategy: format!("plugin-{number}"),
            ..one.clone()
        })
        .collect();
    let mut second = suite.clone();
    second.strategies.drain(..5);
    let looks = Looks::of(&report);
    let of = |suite: &SuiteResult| looks.of_suite(suite);
    let first = of(&report.suites[0]);
    for (place, look) in first.iter().enumerate() {
        let same = |other: &&look::Look| (other.colour, other.symbol) == (look.colour, look.symbol);
        assert_eq!(first.iter().filter(same).count(), 1, "{place}");
    }
    assert_eq!(of(&second), first[5..]);
}
