use super::*;
use crate::compare::summary::tests::report;

/// The made-up suite with these strategies in place of its own: name, whether it is a floor, mean, and the decisions
/// of it over those after it.
fn suite(primary: &str, strategies: &[(&str, bool, f64)], apart: &[(&str, &str)]) -> SuiteResult {
    let mut suite = report().suites.remove(0);
    let lower = suite::lower_is_better(primary);
    primary.clone_into(&mut suite.primary);
    let template = suite.strategies[0].clone();
    let estimate = |mean: f64| Estimate {
        mean,
        interval: Some(Interval {
            low: mean - 0.02,
            high: mean + 0.02,
        }),
        tasks: 24,
        groups: 12,
    };
    suite.strategies = strategies
        .iter()
        .map(|(name, floor, mean)| StrategyResult {
            strategy: (*name).to_owned(),
            floor: *floor,
            quality: Some(estimate(*mean)),
            rank: Some(1),
            ..template.clone()
        })
        .collect();
    let pair = suite.pairs[0].clone();
    suite.pairs.clear();
    for (index, (ours, floor, mean)) in strategies.iter().enumerate() {
        for (theirs, their_floor, their_mean) in &strategies[index + 1..] {
            let p = if apart.contains(&(*ours, *theirs)) {
                0.004
            } else {
                0.41
            };
            suite.pairs.push(Pair {
                ours: label(ours, *floor),
                theirs: label(theirs, *their_floor),
                difference: estimate(mean - their_mean),
                p_holm: Some(p),
                ..pair.clone()
            });
        }
    }
    assert_eq!(lower, primary == "brier");
    suite
}

#[track_caller]
fn assert_answer(suite: &SuiteResult, text: &str, decision: Decision) {
    let answer = answer(suite);
    assert_eq!(answer.text, text);
    assert_eq!(answer.decision, decision);
}

#[test]
fn the_best_beats_the_next_and_the_floors() {
    let strategies = [
        ("rag", false, 0.60),
        ("rb", false, 0.661),
        ("bm25", true, 0.5),
        ("none", true, 0.1),
    ];
    assert_answer(
        &suite("hit@1", &strategies, &[("rag", "rb"), ("rb", "bm25")]),
        "on transfer, rb beats rag by 6.1 points [4.1, 8.1], p = .004 after correction; \
         it beats the best floor, bm25, by 16.1 points [14.1, 18.1], p = .004 after correction",
        Decision::Better,
    );
}

#[test]
fn whom_the_best_cannot_be_told_apart_from_is_named() {
    let strategies = [
        ("rag", false, 0.66),
        ("rb", false, 0.65),
        ("tide", false, 0.64),
        ("recency", false, 0.2),
        ("bm25", true, 0.7),
    ];
    assert_answer(
        &suite("hit@1", &strategies, &[("rag", "recency"), ("rag", "bm25")]),
        "on transfer, rag, rb and tide cannot be told apart at this size (rag over rb: 1.0 points [-1.0, 3.0], p = .410 \
         after correction); the floor bm25 beats rag by 4.0 points [2.0, 6.0], p = .004 after correction",
        Decision::Worse,
    );
}

#[test]
fn less_is_better_where_it_is() {
    let strategies = [
        ("blunt", false, 0.24),
        ("sharp", false, 0.18),
        ("none", true, 0.19),
    ];
    assert_answer(
        &suite("brier", &strategies, &[("blunt", "sharp")]),
        "on transfer, sharp beats blunt by 6.0 points [4.0, 8.0], p = .004 after correction; \
         it cannot be told apart from the best floor, none (1.0 points [-1.0, 3.0], p = .410 after correction)",
        Decision::Undecided,
    );
}

#[test]
fn a_plugin_alone_is_measured_by_the_floors() {
    let strategies = [("rag", false, 0.6), ("bm25", true, 0.5)];
    assert_answer(
        &suite("hit@1", &strategies, &[("rag", "bm25")]),
        "on transfer, rag beats the best floor, bm25, by 10.0 points [8.0, 12.0], p = .004 after correction",
        Decision::Better,
    );
    assert_answer(
        &suite("hit@1", &strategies[..1], &[]),
        "on transfer, rag has 60.0 points of hit@1, and nothing else",
        Decision::Undecided,
    );
    assert_answer(
        &suite("hit@1", &strategies[1..], &[]),
        "on transfer, no plugin has a result",
        Decision::Undecided,
    );
}

#[test]
fn there_is_no_answer_while_cells_are_missing() {
    let mut suite = suite(
        "hit@1",
        &[("rag", false, 0.6), ("recency", true, 0.1)],
        &[("rag", "recency")],
    );
    suite.unfinished = Some(Unfinished {
        run: 3,
        cells: 1_007,
    });
    assert_answer(
        &suite,
        "on transfer, unfinished: 3 of 1,007 cells are run; no comparison yet",
        Decision::Undecided,
    );
}

#[test]
fn one_group_says_nothing_about_others() {
    let mut suite = suite("hit@1", &[("rag", false, 0.6), ("bm25", true, 0.5)], &[]);
    suite.groups = 1;
    assert_answer(
        &suite,
        "on transfer, all questions are of one group, which says nothing about others: rag has 60.0 points of hit@1, \
         bm25 (floor) has 50.0 points of hit@1",
        Decision::Undecided,
    );
}

/// Interval and p come from different methods: whichever way they fall, the sentence says which of them decides.
#[test]
fn where_interval_and_p_do_not_agree_the_sentence_says_which_decides() {
    let mut told = String::new();
    let strategies = [
        ("rag", false, 0.60),
        ("rb", false, 0.57),
        ("bm25", true, 0.5),
    ];
    for (groups, smallest_p) in [("many groups", 0.001), ("few groups", 0.117)] {
        for half_width in [0.02, 0.15] {
            for p in [
                Some(0.0001),
                Some(0.03),
                Some(0.05),
                Some(0.117),
                Some(1.0),
                None,
            ] {
                let mut suite = suite("hit@1", &strategies, &[]);
                for pair in &mut suite.pairs {
                    let mean = pair.difference.mean;
                    pair.p_holm = p;
                    pair.difference.interval = Some(Interval {
                        low: mean - half_width,
                        high: mean + half_width,
                    });
                }
                if let Some(detectable) = &mut suite.detectable {
                    detectable.smallest_p = smallest_p;
                }
                let Answer { text, decision } = answer(&suite);
                told += &format!("{groups}, ±{half_width}, p {p:?}: {decision:?}\n  {text}\n");
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_plugin_that_is_called_like_a_floor_is_not_mistaken_for_it() {
    let strategies = [
        ("bm25", false, 0.6),
        ("none", false, 0.5),
        ("bm25", true, 0.4),
    ];
    let pairs = [("bm25", "none"), ("none", "bm25"), ("bm25", "bm25")];
    assert_answer(
        &suite("hit@1", &strategies, &pairs),
        "on transfer, bm25 (plugin) beats none (plugin) by 10.0 points [8.0, 12.0], p = .004 after correction; \
         it beats the best floor, bm25, by 20.0 points [18.0, 22.0], p = .004 after correction",
        Decision::Better,
    );
}

#[test]
fn where_nothing_can_be_measured_the_sentence_says_why() {
    let mut suite = suite("hit@1", &[("rag", false, 0.6), ("bm25", true, 0.5)], &[]);
    for strategy in &mut suite.strategies {
        (strategy.quality, strategy.rank) = (None, None);
    }
    suite.measured.insert("hit@1".to_owned(), 0);
    assert_answer(
        &suite,
        "on transfer, hit@1: all 24 questions are left out, because no attempt of their kind could be drawn on",
        Decision::Undecided,
    );
}

#[test]
fn who_is_broken_is_named_first_and_nobody_is_called_the_best() {
    let mut suite = suite(
        "hit@1",
        &[
            ("rag", false, 0.9),
            ("broken", false, 0.1),
            ("bm25", true, 0.2),
        ],
        &[("rag", "bm25"), ("rag", "broken")],
    );
    suite.strategies[1] = StrategyResult {
        quality: None,
        rank: None,
        broken: Some(crate::driver::Broken {
            phase: "distill".to_owned(),
            purpose: None,
            failed: 318,
            of: 318,
            first: "no JSON".to_owned(),
            unfit: false,
        }),
        ..suite.strategies[1].clone()
    };
    suite
        .pairs
        .retain(|pair| pair.ours != "broken" && pair.theirs != "broken");
    let answer = answer(&suite);
    assert_eq!(answer.decision, Decision::Undecided);
    let first = "broken has no result on transfer: 318 of 318 distill calls failed: no JSON; on transfer, rag beats";
    assert!(answer.text.starts_with(first), "{}", answer.text);
}
