//! Lane `domains`: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on tau2-bench.

use std::collections::{BTreeMap, BTreeSet};

use memhost_suite::{Severity, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

fn figures(suite: &Suite) -> BTreeMap<String, Figures> {
    let problems = check(suite);
    assert!(
        problems.iter().all(|p| p.severity == Severity::Warning),
        "{problems:?}"
    );
    let figures = measure(suite, 1..4, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

/// Across domains words tell less than meaning does: on tau2-bench, random .07, BM25 .08, dense .11.
#[test]
fn generated_domains_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("domains").unwrap();
    let figures = figures(&suite);
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for pair in ["random", "bm25", "dense", "oracle"].windows(2) {
        let (less, more) = (of(pair[0], "ndcg@5"), of(pair[1], "ndcg@5"));
        assert!(
            more > less + 0.05,
            "{} {less:.3}, {} {more:.3}",
            pair[0],
            pair[1]
        );
    }
    for blind in ["random", "recency"] {
        assert!(of(blind, "ndcg@5") < 0.4, "{blind}");
        assert!((of(blind, "outcome-auc") - 0.5).abs() < 0.08, "{blind}");
    }
    for knowing in ["bm25", "dense"] {
        assert!(
            (0.6..0.85).contains(&of(knowing, "outcome-auc")),
            "{knowing}"
        );
    }
    assert!(of("oracle", "ndcg@5") > 0.98);
}

#[test]
fn nothing_is_learnt_from_the_site_that_is_asked_about() {
    let suite = Suite::load("domains").unwrap();
    assert_eq!(suite.streams.len(), 1, "one stream holds all domains");
    let site = |id: &str| id.split('-').next().unwrap_or_default().to_owned();
    for (episode, _) in suite.questions() {
        let own = site(&episode.task.id);
        let attempts = suite.attempts().map(|attempt| attempt.id.as_str());
        let of_site: BTreeSet<&str> = attempts.filter(|id| site(id) == own).collect();
        let withheld: BTreeSet<&str> = episode.withheld.iter().map(String::as_str).collect();
        assert!(!of_site.is_empty());
        assert_eq!(withheld, of_site);
    }
}

/// Where all domains may be drawn on, tasks find their own. Across domains, words find nothing: what tau2's domains have
/// in common is a handful of tools, and customers do not name them.
#[test]
fn on_tau2_floors_find_their_own_domain_and_nothing_across() {
    let Some(path) = data_set("tau_bench") else {
        return;
    };
    let load = |format: &str| Suite::load(&format!("{format}:{}", path.display())).unwrap();
    let pooled = load("tau2-pooled");
    assert_eq!(pooled.questions().count(), 252);
    let figures_of_pool = figures(&pooled);
    let of = |floor: &str| figures_of_pool[floor]["ndcg@5"];
    assert!(of("random") < 0.2 && of("recency") < 0.2);
    assert!(of("dense") > of("random") + 0.3 && of("bm25") > of("dense"));
    assert!(of("bm25") < 0.75 && of("oracle") > 0.99);

    let across = load("tau2-cross-domain");
    assert_eq!(across.questions().count(), 91);
    let said = across.left_out.join("\n");
    assert!(said.contains("161 questions: no other domain"), "{said}");
    let figures_across = figures(&across);
    let of = |floor: &str| figures_across[floor]["ndcg@5"];
    for floor in ["random", "recency", "bm25", "dense"] {
        assert!(of(floor) < 0.25, "{floor}: {:.3}", of(floor));
    }
    assert!((of("bm25") - of("random")).abs() < 0.1);
    assert!(of("dense") > of("random") && of("oracle") > 0.99);
}
