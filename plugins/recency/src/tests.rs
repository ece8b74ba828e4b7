use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{Attempt, Fault, Guidance, Query, Source, Step, Task};

use crate::Recency;

fn solved(number: usize) -> Attempt {
    let task = Task::new(&format!("t{number}"), format!("task {number}"));
    Attempt::new(&format!("a{number}"), task).succeeded()
}

fn ask(host: &TestHost, budget: u32) -> Guidance {
    let query = Query::new(Task::new("new", "something else")).budget(budget);
    host.retrieve::<Recency>(&query).unwrap()
}

fn sources(host: &TestHost, guidance: &Guidance) -> Vec<Source> {
    let memories = host.memories();
    let source = |id: &str| {
        let memory = memories.iter().find(|memory| memory.id == id).unwrap();
        memory.sources[0].clone()
    };
    let used = guidance.receipt.used.iter();
    used.map(|citation| source(&citation.memory)).collect()
}

#[test]
fn the_newest_k_are_handed_out_newest_first() {
    let host = TestHost::new();
    host.set("k", 3.0);
    for number in 0..5 {
        host.distill::<Recency>(&[solved(number)]).unwrap();
    }
    let guidance = ask(&host, 1000);
    assert_eq!(
        sources(&host, &guidance),
        ["a4", "a3", "a2"].map(Source::attempt)
    );
    let newest = guidance.text.find("task 4").unwrap();
    let oldest = guidance.text.find("task 2").unwrap();
    assert!(newest < oldest);
    assert!(!guidance.text.contains("task 1"));
}

#[test]
fn a_conversation_is_remembered_by_what_the_user_said() {
    let host = TestHost::new();
    let talk = Attempt::new("talk", Task::new("t", "chat"))
        .step(Step::user("My cat is Mia."))
        .step(Step::answer("Noted."))
        .step(Step::user("She likes fish."));
    host.distill::<Recency>(&[talk]).unwrap();
    let guidance = ask(&host, 1000);
    assert_eq!(
        sources(&host, &guidance),
        [2, 0].map(|step| Source::step("talk", step))
    );
    assert!(guidance.text.contains("My cat is Mia."));
    assert!(!guidance.text.contains("Noted."));
}

#[test]
fn a_memory_that_does_not_fit_is_neither_said_nor_cited() {
    let host = TestHost::new();
    host.distill::<Recency>(&[solved(0)]).unwrap();
    let long = Attempt::new("long", Task::new("t", "word ".repeat(70))).succeeded();
    host.distill::<Recency>(&[long]).unwrap();
    let guidance = ask(&host, 40);
    assert_eq!(sources(&host, &guidance), [Source::attempt("a0")]);
}

#[test]
fn nothing_is_embedded_that_is_never_searched_for() {
    let host = TestHost::new();
    host.distill::<Recency>(&[solved(0)]).unwrap();
    assert!(host.memories()[0].keys.is_empty());
}

#[test]
fn an_empty_memory_has_nothing_to_say() {
    let guidance = ask(&TestHost::new(), 1000);
    assert_eq!(
        (guidance.text.as_str(), guidance.receipt.used.len()),
        ("", 0)
    );
}

#[test]
fn a_unit_that_does_not_exist_is_refused_by_name() {
    let host = TestHost::new();
    host.set("unit", "paragraph");
    let Err(Fault::Invalid(text)) = host.distill::<Recency>(&[solved(0)]) else {
        panic!("accepted");
    };
    assert!(
        text.contains("`unit`") && text.contains("`sentence`"),
        "{text}"
    );
}

fn taught() -> Taught {
    let host = TestHost::new();
    for number in 0..5 {
        host.distill::<Recency>(&[solved(number)]).unwrap();
    }
    Taught {
        host,
        query: Query::new(Task::new("new", "something else")),
        attempts: vec![solved(5)],
    }
}

memhost_sdk::promises!(Recency: Retrieve, Distill; taught);
