use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{Attempt, Change, Patch, Query, Source, State, Task};

use crate::Tidy;

/// A host that has learnt these answers.
fn host(answers: &[&str]) -> TestHost {
    let host = TestHost::new();
    for (number, answer) in answers.iter().enumerate() {
        let task = Task::new(&format!("t{number}"), format!("lamp {number}"));
        let attempt = Attempt::new(&format!("a{number}"), task).answer(*answer);
        host.distill::<Tidy>(&[attempt]).unwrap();
    }
    host
}

fn contents(host: &TestHost) -> Vec<String> {
    host.memories().into_iter().map(|one| one.content).collect()
}

#[test]
fn of_notes_that_say_the_same_the_oldest_stays_and_cites_them_all() {
    let host = host(&["Look twice.", "Pay.", "look  TWICE.", "Look twice."]);
    let changes = host.maintain::<Tidy>().unwrap();
    assert_eq!(changes.len(), 3);
    assert_eq!(contents(&host), ["Look twice.", "Pay."]);
    let sources = |place: usize| host.memories()[place].sources.clone();
    assert_eq!(sources(0), ["a0", "a2", "a3"].map(Source::attempt));
    assert_eq!(sources(1), [Source::attempt("a1")]);
}

#[test]
fn what_is_in_order_stays_as_it_is() {
    let host = host(&["Look twice.", "Pay.", "Pay."]);
    host.maintain::<Tidy>().unwrap();
    assert_eq!(host.maintain::<Tidy>(), Ok(Vec::new()));
    assert_eq!(TestHost::new().maintain::<Tidy>(), Ok(Vec::new()));
}

#[test]
fn what_is_frozen_is_left_alone() {
    let host = host(&["Pay.", "Pay.", "Pay."]);
    let freeze = Patch::of("m1").state(State::Frozen);
    host.apply(&[Change::revise(freeze)]).unwrap();
    host.maintain::<Tidy>().unwrap();
    assert_eq!(contents(&host), ["Pay.", "Pay."]);
    assert_eq!(host.memories()[0].state, State::Frozen);
}

fn taught() -> Taught {
    Taught {
        host: host(&["Look twice.", "Pay."]),
        query: Query::new(Task::new("t", "lamp 1")),
        attempts: vec![Attempt::new("a9", Task::new("t9", "sofa")).answer("Wait.")],
    }
}

memhost_sdk::promises!(Tidy: Retrieve, Distill; taught);
