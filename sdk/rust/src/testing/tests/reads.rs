//! Reads of what expires, of keys without a vector, of one value among several; and what a query says of its run.

use super::{found, host_with, note, scanned};
use crate::testing::TestHost;
use crate::{
    Attempt, Change, Condition, Description, Fault, Guidance, Key, ModelKind, NewLink, NewMemory,
    Patch, Query, Request, Retrieve, Role, Scan, Search, Settings, State, Strategy, Task, llm,
    scan, store,
};

#[test]
fn from_the_moment_at_which_it_expires_a_memory_takes_part_in_no_read() {
    let host = TestHost::new();
    host.apply(&[
        Change::insert(note("red lamp")),
        Change::insert(note("red lamp").expires(100.0)),
        Change::connect(NewLink::new("m1", "m2", "similar", 1.0)),
    ])
    .unwrap();
    let seen = |now: f64| {
        host.set_now(now);
        let ids = ["m1".to_owned(), "m2".to_owned()];
        let (got, links, count) = host.run(|| {
            (
                store::get_memories(&ids).unwrap().len(),
                store::links(&ids, None).unwrap().len(),
                store::count_memories(&[]).unwrap(),
            )
        });
        let searches = [
            Search::semantic("task", "lamp"),
            Search::lexical("content", "lamp"),
        ];
        let found = searches.map(|search| found(&host, &search).len());
        let scanned = scanned(&host, &Scan::oldest_first()).len();
        (got, links, count, found, scanned)
    };
    assert_eq!(seen(99.0), (2, 1, 2, [2, 2], 2));
    assert_eq!(seen(100.0), (1, 0, 1, [1, 1], 1));
    // It is there still, and can be given more time.
    let later = Patch::of("m2").expires(200.0);
    host.apply(&[Change::revise(later)]).unwrap();
    assert_eq!(seen(100.0), (2, 1, 2, [2, 2], 2));
    let never = Change::insert(note("x").expires(f64::INFINITY));
    assert!(host.apply(&[never]).is_err());
    for late in [
        Change::insert(note("x").expires(100.0)),
        Change::revise(Patch::of("m1").expires(99.0)),
        Change::revise(Patch::of("m1").expires(99.0)).if_next_attempt_succeeds(),
    ] {
        let Err(Fault::Invalid(words)) = host.apply(&[late]) else {
            panic!("what has expired was written");
        };
        assert!(
            words.contains("it is 100 on the run's clock already"),
            "{words}"
        );
    }
}

#[test]
fn what_never_expires_meets_only_ne_and_comes_last_in_a_scan() {
    let host = TestHost::new();
    host.apply(&[
        Change::insert(note("a")),
        Change::insert(note("b").expires(20.0)),
        Change::insert(note("c").expires(10.0)),
    ])
    .unwrap();
    let only = |condition| scanned(&host, &Scan::oldest_first().only(condition));
    assert_eq!(only(Condition::lt("expires", 20.0)), ["m3"]);
    assert_eq!(only(Condition::ne("expires", 20.0)), ["m1", "m3"]);
    assert_eq!(scanned(&host, &Scan::by("expires")), ["m3", "m2", "m1"]);
    let latest = Scan::by("expires").descending();
    assert_eq!(scanned(&host, &latest), ["m2", "m3", "m1"]);
}

#[test]
fn a_key_that_is_not_embedded_is_found_by_its_words_alone() {
    let host = TestHost::new();
    let both = NewMemory::new("note", "x")
        .key("task", "blue sky")
        .key_by_words("tags", "red lamp");
    host.apply(&[Change::insert(both)]).unwrap();
    assert_eq!(
        found(&host, &Search::lexical("key.tags", "red lamp")),
        ["m1"]
    );
    assert!(found(&host, &Search::semantic("tags", "red lamp")).is_empty());
    let best = host.run(|| store::search_memories(&Search::semantic("", "red lamp")));
    assert!(best.unwrap()[0].score < 0.5);
    let rows = host.run(|| store::scan_memories(&Scan::oldest_first().with_vectors()));
    let lengths: Vec<usize> = rows.unwrap()[0].vectors.iter().map(Vec::len).collect();
    assert_eq!(
        (lengths[0] > 0, lengths[1], lengths.len()),
        (true, 0, 2),
        "an empty vector in its place"
    );
    let keys = vec![Key::by_words("task", "red lamp")];
    host.apply(&[Change::revise(Patch::of("m1").keys(keys))])
        .unwrap();
    assert!(found(&host, &Search::semantic("", "red lamp")).is_empty());
}

#[test]
fn a_field_is_compared_with_several_texts_at_once() {
    let host = TestHost::new();
    let labelled = |content: &str, topic: &str| note(content).label("topic", topic);
    host.apply(&[
        Change::insert(labelled("a", "cats")),
        Change::insert(labelled("b", "dogs").label("topic", "cats")),
        Change::insert(labelled("c", "birds")),
        Change::insert(note("d")),
    ])
    .unwrap();
    let only = |condition| scanned(&host, &Scan::oldest_first().only(condition));
    let pets = ["cats", "dogs"];
    assert_eq!(only(Condition::labelled("topic", pets)), ["m1", "m2"]);
    assert_eq!(only(Condition::not_labelled("topic", pets)), ["m3", "m4"]);
    assert_eq!(only(Condition::eq("id", vec!["m4", "m1"])), ["m1", "m4"]);
    assert_eq!(only(Condition::ne("content", ["a", "b"])), ["m3", "m4"]);
    let none = Condition::eq("id", Vec::<String>::new());
    assert!(only(none).is_empty());
    for nonsense in [
        Condition::contains("content", pets),
        Condition::lt("label.topic", pets),
        Condition::eq("weight", pets),
        Condition::eq("state", ["alive"]),
        Condition::eq("state", "alive"),
    ] {
        let scan = Scan::oldest_first().only(nonsense);
        let scanned = host.run(|| store::scan_memories(&scan));
        assert!(matches!(scanned, Err(Fault::Invalid(_))), "{scan:?}");
    }
}

/// Says everything that it sees.
struct Tells;

impl Strategy for Tells {
    fn describe() -> Description {
        Description::new("tells", "0.1.0", "Says what it sees.")
    }
}

impl Retrieve for Tells {
    fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
        let seen = scan(&Scan::oldest_first())?;
        let guidance = seen.iter().fold(Guidance::user(""), |guidance, one| {
            assert_eq!(one.state, State::Active);
            guidance.citing(&one.id, 1.0)
        });
        Ok(Guidance {
            text: format!("{:?}", query.candidate),
            ..guidance
        })
    }
}

#[test]
fn a_memory_on_trial_is_seen_as_active_in_its_trial_alone() {
    let host = host_with(&["a"]);
    host.apply(&[
        Change::insert(note("b")).if_trial_gains(0.1),
        Change::insert(note("c")).if_trial_gains(0.1),
    ])
    .unwrap();
    let query = Query::new(Task::new("t", "x"));
    let cited = |query: &Query| -> Vec<String> {
        let guidance = host.retrieve::<Tells>(query).unwrap();
        let used = guidance.receipt.used.into_iter();
        used.map(|one| one.memory).collect()
    };
    let trial = query.clone().on_trial("m3");
    assert_eq!(cited(&query), ["m1"]);
    assert_eq!(cited(&trial), ["m1", "m3"]);
    assert_eq!(cited(&query), ["m1"]);
    assert_eq!(host.memories()[2].state, State::Provisional);
    let gone = query.on_trial("m9");
    assert!(host.retrieve::<Tells>(&gone).is_err());
}

#[test]
fn an_attempt_that_was_guided_several_times_is_heard_of_once_for_each() {
    let host = host_with(&["a"]);
    let query = Query::new(Task::new("t", "x"));
    let mut attempt = Attempt::new("a1", query.task.clone()).failed();
    for _ in 0..2 {
        let guidance = host.retrieve::<Tells>(&query).unwrap();
        attempt = attempt.guided_by(guidance.receipt);
    }
    let heard = attempt.feedback();
    let receipts: Vec<&str> = heard.iter().map(|one| one.receipt.id.as_str()).collect();
    assert_eq!(receipts, ["r1", "r2"]);
    assert!(heard.iter().all(|one| one.attempt == attempt));
}

#[test]
fn a_strategy_is_told_what_stands_behind_a_role_without_asking_it() {
    let host = TestHost::new();
    host.answer_with(|_| Ok("yes".to_owned()));
    for (kind, answers) in [
        (ModelKind::Model, true),
        (ModelKind::StandIn, true),
        (ModelKind::None, false),
    ] {
        host.set_model_kind(kind);
        let asked = host.requests().len();
        assert_eq!(host.run(|| llm::kind(Role::Judge)), kind);
        assert_eq!(host.requests().len(), asked);
        let replies = host.run(|| llm::complete(&[Request::new(Role::Judge, "judge")]));
        assert_eq!(replies[0].is_ok(), answers, "{kind:?}");
    }
}
