//! Lane `hops`: the floors on the made suite and, where `MEMHOST_DATA` names the folder of data sets, on HotpotQA.

use memhost::contract::Source;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use memhost_suite::{Question, Severity, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

fn figures(suite: &Suite, seeds: std::ops::Range<u64>) -> BTreeMap<String, Figures> {
    let figures = measure(suite, seeds, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

/// From the one that knows least to the one that knows most.
fn in_order(figures: &BTreeMap<String, Figures>, metric: &str) {
    for pair in ["random", "dense", "bm25", "oracle"].windows(2) {
        let (less, more) = (figures[pair[0]][metric], figures[pair[1]][metric]);
        assert!(
            more > less + 0.05,
            "{metric}: {} {less:.3}, {} {more:.3}",
            pair[0],
            pair[1]
        );
    }
}

/// The real figures (HotpotQA): BM25 has both paragraphs among its first 2, 5 and 10 in .66, .80 and .83 of questions.
#[test]
fn generated_hops_rank_the_floors_as_real_ones_do() {
    let suite = Suite::load("hops").unwrap();
    assert_eq!(check(&suite), []);
    let figures = figures(&suite, 1..4);
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for metric in ["pieces@256", "pieces@512", "all-evidence@10"] {
        in_order(&figures, metric);
        for blind in ["none", "random", "recency"] {
            assert!(of(blind, metric) < 0.03, "{blind} {metric}");
        }
    }
    assert!((0.65..0.9).contains(&of("bm25", "all-evidence@10")));
    assert!((0.65..0.9).contains(&of("bm25", "pieces@512")));
    assert!((0.35..0.65).contains(&of("bm25", "pieces@256")));
    assert!(of("bm25", "hit@5") > 0.9, "one piece is easily found");
    assert!(of("oracle", "pieces@128") > 0.99 && of("oracle", "answer@128") > 0.99);
    for (floor, abstained) in [("none", 1.0), ("oracle", 1.0), ("bm25", 0.0)] {
        assert_eq!(of(floor, "abstained"), abstained, "{floor}");
    }
}

#[test]
fn pieces_stand_where_the_suite_says_and_ids_tell_nothing() {
    let suite = Suite::load("hops").unwrap();
    let steps: HashMap<Source, &str> = suite
        .attempts()
        .flat_map(|attempt| {
            let steps = attempt.steps.iter().enumerate();
            steps.map(move |(number, step)| {
                let source = Source::step(&attempt.id, u32::try_from(number).unwrap());
                (source, &*step.text)
            })
        })
        .collect();
    let mut hops = BTreeSet::new();
    let mut silent: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (episode, question) in suite.questions() {
        let (world, number) = episode.task.id.split_once("-question-").unwrap();
        match question {
            Question::Evidence { gold, pieces, .. } => {
                hops.insert(pieces.len());
                assert_eq!(gold.len(), pieces.len());
                for (source, piece) in gold.iter().zip(pieces) {
                    assert!(steps[source].contains(piece), "{piece}");
                }
            }
            Question::Unanswerable => {
                silent.entry(world).or_default().insert(number);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(hops, BTreeSet::from([2, 3, 4]));
    let numbers: BTreeSet<&BTreeSet<&str>> = silent.values().collect();
    assert_eq!(numbers.len(), suite.streams.len(), "{numbers:?}");
}

#[test]
fn floors_reproduce_hotpotqa() {
    let Some(path) = data_set("reflexion_hotpotqa") else {
        return;
    };
    let suite = Suite::load(&format!("hotpotqa:{}", path.display())).unwrap();
    let problems = check(&suite);
    assert!(
        problems.iter().all(|p| p.severity == Severity::Warning),
        "{problems:?}"
    );
    assert_eq!(suite.questions().count(), 100);
    let is_told = |question: &Question| matches!(question, Question::Evidence { answers, .. } if !answers.is_empty());
    let told = suite.questions().filter(|(_, question)| is_told(question));
    assert_eq!(told.count(), 95, "five are answered by yes or no");
    // With the paragraphs of HippoRAG's corpus beside the logs, both are harder to find.
    let alone = suite.attempts().count() == 200;
    let reference = match alone {
        true => [0.81, 0.90, 0.94],
        false => [0.66, 0.80, 0.83],
    };
    let figures = figures(&suite, 1..3);
    let metrics = ["all-evidence@2", "all-evidence@5", "all-evidence@10"];
    for (metric, expected) in metrics.into_iter().zip(reference) {
        let measured = figures["bm25"][metric];
        assert!(
            (measured - expected).abs() <= 0.05,
            "bm25 {metric}: {measured:.3} is not within .05 of {expected:.3}"
        );
    }
    in_order(&figures, "pieces@512");
    assert!(figures["bm25"]["hit@5"] > 0.98, "one is always found");
    assert!(figures["random"]["pieces@512"] < 0.03);
    assert!(figures["oracle"]["pieces@512"] > 0.99);
}
