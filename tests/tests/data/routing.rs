//! Lane C: does experience tell which agent to send? The floors on the generated suite and, with the folder of data sets
//! in `MEMHOST_DATA`, on GSM8K.

use std::collections::BTreeMap;

use memhost_suite::{AnswerCheck, Question, Suite, check};
use memhost_tests::data_set;

use crate::floors::{Figures, measure};

/// Measures all floors; prints what it finds, for `docs/data.md`.
fn figures(suite: &Suite, seeds: std::ops::Range<u64>) -> BTreeMap<String, Figures> {
    let figures = measure(suite, seeds, None);
    for (floor, figures) in &figures {
        println!("{} {floor}: {figures}", suite.name);
    }
    figures
}

#[test]
fn generated_routing_rewards_experience_with_similar_tasks() {
    let suite = Suite::load("routing").unwrap();
    let figures = figures(&suite, 1..6);
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for blind in ["random", "recency"] {
        assert!(
            of(blind, "success") <= of("none", "success") + 0.01,
            "{blind}"
        );
    }
    // Words name the task when it comes again, and only meaning finds others of its kind.
    for (knowing, gain) in [("bm25", 0.015), ("dense", 0.05)] {
        assert!(
            of(knowing, "success") > of("none", "success") + gain,
            "{knowing} gains nothing over counting successes"
        );
        assert!(
            of(knowing, "regret") < of("none", "regret") - gain,
            "{knowing}"
        );
        assert!(
            of(knowing, "success") < of("oracle", "success") - 0.1,
            "{knowing} leaves room above it"
        );
    }
    assert!(of("oracle", "success") > 0.8);
}

#[test]
fn agents_of_the_generated_suite_arrive_and_tasks_recur() {
    let suite = Suite::load("routing").unwrap();
    let [stream] = suite.streams.as_slice() else {
        panic!("one stream");
    };
    let agents: Vec<usize> = stream
        .stages
        .iter()
        .map(|stage| match &stage.episodes[0].question {
            Some(Question::Route { values }) => values.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(agents, [4, 5, 6, 6, 6]);
    let texts = |stage: usize| {
        let episodes = stream.stages[stage].episodes.iter();
        let mut texts: Vec<&str> = episodes.map(|e| e.task.text.as_str()).collect();
        texts.sort_unstable();
        texts
    };
    assert_eq!(texts(0), texts(4));
    for (_, episode) in suite.episodes() {
        let mut trials: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for attempt in &episode.attempts {
            trials
                .entry(&attempt.agent.id)
                .or_default()
                .push(attempt.trial);
        }
        assert!(trials.values().all(|trials| *trials == [0, 1, 2]));
    }
}

/// The folder of the data set, or `None` with a remark on why nothing is measured.
fn gsm8k() -> Option<Suite> {
    let path = data_set("gsm8k_multi_agent")?;
    Some(Suite::load(&format!("gsm8k:{}", path.display())).unwrap())
}

#[test]
fn gsm8k_is_read_with_the_success_of_each_model() {
    let Some(suite) = gsm8k() else { return };
    assert_eq!(check(&suite), []);
    assert_eq!(suite.questions().count(), 1_319);
    let mut solved: BTreeMap<(u32, &str), f64> = BTreeMap::new();
    let mut answered_rightly = 0;
    for (_, episode) in suite.episodes() {
        let Some(AnswerCheck::Numeric { value, .. }) = episode.check else {
            panic!("every problem has a number as its answer");
        };
        for attempt in &episode.attempts {
            let score = attempt.outcome.score.unwrap();
            let agent = (attempt.agent.rank, attempt.agent.id.as_str());
            *solved.entry(agent).or_default() += score;
            let answer: f64 = attempt
                .answer
                .replace([',', '$'], "")
                .parse()
                .unwrap_or(f64::NAN);
            assert_eq!(score == 1.0, answer == value, "{}", attempt.id);
            answered_rightly += u32::from(answer == value);
        }
    }
    let shares: Vec<(u32, &str, f64)> = solved
        .iter()
        .map(|((rank, agent), solved)| (*rank, *agent, (solved / 1.319).round() / 1000.0))
        .collect();
    assert_eq!(
        shares,
        [
            (0, "6b_finetuning", 0.217),
            (1, "175b_finetuning", 0.347),
            (2, "6b_verification", 0.39),
            (3, "175b_verification", 0.563),
        ]
    );
    assert_eq!(f64::from(answered_rightly), solved.values().sum::<f64>());
}

/// The negative control. The reference, with the outcomes of the chosen agent: counting .546, BM25 .493, MiniLM .524, the
/// best agent .563, the best per problem .672; random memories have none.
#[test]
fn no_memory_beats_counting_on_gsm8k() {
    let Some(suite) = gsm8k() else { return };
    let figures = figures(&suite, 1..4);
    let of = |floor: &str| figures[floor]["success"];
    assert!((of("none") - 0.546).abs() < 0.01, "{}", of("none"));
    for memory in ["random", "recency", "bm25", "dense"] {
        assert!(
            of(memory) < of("none"),
            "{memory} is leaking, with {:.3}",
            of(memory)
        );
        assert!(of(memory) > 0.45, "{memory}");
    }
    assert!(of("oracle") > 0.65);
}
