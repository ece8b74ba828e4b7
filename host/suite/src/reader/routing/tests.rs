use memhost_contract::{Attempt, Source};

use super::super::super::recorded::{agent, attempt, graded, task};
use super::super::super::{Lane, Question, Stage, Stream, Suite, Timing};
use super::super::{KnownOutcomes, LearntAttempts, Visible};
use super::*;

/// Two agents at tasks of a family: `deft` solves those of even numbers, `dull` the others.
fn episode(number: usize) -> Episode {
    let task = task(format!("t{number}"), String::new(), &[]);
    let even = number.is_multiple_of(2);
    let run = |name: &str, solved: bool| Attempt {
        agent: agent(name),
        answer: name.into(),
        ..attempt(
            format!("{}-{name}", task.id),
            &task,
            0,
            vec![],
            graded(f64::from(u8::from(solved))),
        )
    };
    let values = [("deft", even), ("dull", !even)];
    Episode {
        attempts: values.map(|(name, solved)| run(name, solved)).into(),
        question: Some(Question::Route {
            values: values
                .map(|(name, solved)| (name.into(), if solved { 0.9 } else { 0.2 }))
                .into(),
        }),
        withheld: vec![],
        group: String::new(),
        timing: Timing::default(),
        check: None,
        task,
    }
}

fn suite() -> Suite {
    Suite {
        name: "mine".into(),
        lane: Lane::Routing,
        summary: String::new(),
        left_out: Vec::new(),
        streams: vec![Stream {
            name: "main".into(),
            stages: vec![Stage::in_order((0..200).map(episode).collect())],
        }],
        budgets: vec![64],
        primary: "success".into(),
    }
}

/// A record of these attempts.
fn record(reader: &Reader, attempts: &[Source]) -> KnownOutcomes {
    let mut record = KnownOutcomes::default();
    for attempt in attempts {
        reader.reveal(&mut record, &attempt.attempt);
    }
    record
}

/// The runs of one agent at the first `count` even tasks, or odd ones.
fn runs(agent: &str, first: usize, count: usize) -> Vec<Source> {
    let numbers = (first..).step_by(2).take(count);
    numbers
        .map(|number| Source::attempt(format!("t{number}-{agent}")))
        .collect()
}

/// Out of how many of a hundred draws `deft` is sent to task 150, given what is cited with which score.
fn deft_is_sent(record: &KnownOutcomes, reader: &Reader, cited: &[Source], score: f64) -> usize {
    let attempts: Vec<&str> = cited.iter().map(|source| source.attempt.as_str()).collect();
    let learnt = reader.having_learnt(&attempts);
    let acts = (0..100).map(|seed| {
        let reading = Reading {
            guidance: &[],
            cited: &super::super::Cited::each(cited, score),
            visible: Visible::all(&learnt),
            record,
            seed,
        };
        reader.read(&episode(150), &reading).agent.unwrap()
    });
    acts.filter(|agent| agent == "deft").count()
}

#[test]
fn in_silence_the_whole_record_counts() {
    let reader = Reader::new(&suite());
    // `deft` is known from tasks that it fails, `dull` from tasks that it solves.
    let known = [runs("deft", 1, 40), runs("dull", 1, 40)].concat();
    assert_eq!(deft_is_sent(&record(&reader, &known), &reader, &[], 0.0), 0);
    let unknown = deft_is_sent(&KnownOutcomes::default(), &reader, &[], 0.0);
    assert!((30..70).contains(&unknown), "{unknown}");
}

#[test]
fn close_neighbours_outweigh_the_record() {
    let reader = Reader::new(&suite());
    let known = [runs("deft", 1, 40), runs("dull", 1, 40)].concat();
    let record = record(&reader, &known);
    let similar = [runs("deft", 0, 8), runs("dull", 0, 8)].concat();
    let sent = deft_is_sent(&record, &reader, &similar, 1.0);
    assert!(sent > 95, "{sent}");
    // 0.3^6 is next to nothing, and a score above 1 is no more than 1.
    let sent = deft_is_sent(&record, &reader, &similar, 0.3);
    assert!(sent < 10, "{sent}");
    assert_eq!(
        deft_is_sent(&record, &reader, &similar, 1e9),
        deft_is_sent(&record, &reader, &similar, 1.0)
    );
}

#[test]
fn what_was_not_visible_is_no_evidence() {
    let reader = Reader::new(&suite());
    let cited = runs("deft", 0, 40);
    let learnt = LearntAttempts::default();
    let read = |sources: &[Source]| {
        let reading = Reading {
            guidance: &[],
            cited: &super::super::Cited::each(sources, 1.0),
            visible: Visible::all(&learnt),
            record: &KnownOutcomes::default(),
            seed: 3,
        };
        reader.read(&episode(150), &reading)
    };
    assert_eq!(read(&cited), read(&[]));
}

#[test]
fn the_sent_agent_is_scored_and_its_regret_follows_from_the_values() {
    let reader = Reader::new(&suite());
    let known = [runs("deft", 0, 40), runs("dull", 0, 40)].concat();
    let record = record(&reader, &known);
    let learnt = LearntAttempts::default();
    let reading = Reading {
        guidance: &[],
        cited: &[],
        visible: Visible::all(&learnt),
        record: &record,
        seed: 0,
    };
    let right = reader.read(&episode(150), &reading);
    assert_eq!(right.agent.as_deref(), Some("deft"));
    assert_eq!(
        (right.scores["success"], right.scores["regret"]),
        (1.0, 0.0)
    );
    assert_eq!((right.reward, right.answer.as_str()), (Some(1.0), "deft"));
    let wrong = reader.read(&episode(151), &reading);
    assert_eq!(wrong.agent.as_deref(), Some("deft"));
    assert_eq!(wrong.scores["success"], 0.0);
    assert!((wrong.scores["regret"] - 0.7).abs() < 1e-12);
    assert_eq!(wrong.reward, Some(0.0));
}

#[test]
fn the_oracle_is_told_what_points_to_the_best() {
    let reader = Reader::new(&suite());
    let Some(Question::Route { values }) = episode(150).question else {
        panic!("it asks whom to send");
    };
    let points = |attempt: &str| reader.points_to_the_best(&values, attempt);
    assert_eq!((points("t0-deft"), points("t0-dull")), (1.0, 1.0));
    assert_eq!((points("t1-deft"), points("t1-dull")), (0.0, 0.0));
    assert_eq!(points("nobody"), 0.0);
}
