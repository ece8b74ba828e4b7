use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{Attempt, Guidance, Query, Source, Step, Task};

use crate::Rag;

fn host_with(tasks: &[&str]) -> TestHost {
    let host = TestHost::new();
    for (number, text) in tasks.iter().enumerate() {
        let task = Task::new(&format!("t{number}"), *text);
        let attempt = Attempt::new(&format!("a{number}"), task)
            .step(Step::action("search", r#"{"for": "it"}"#))
            .step(Step::action("order", "{}"))
            .failed();
        host.distill::<Rag>(&[attempt]).unwrap();
    }
    host
}

fn ask(host: &TestHost, text: &str) -> Guidance {
    let query = Query::new(Task::new("new", text));
    host.retrieve::<Rag>(&query).unwrap()
}

fn cited(host: &TestHost, guidance: &Guidance) -> Vec<String> {
    let memories = host.memories();
    let used = guidance.receipt.used.iter();
    used.map(|citation| {
        let memory = memories.iter().find(|one| one.id == citation.memory);
        memory.unwrap().keys[0].text.clone()
    })
    .collect()
}

const TASKS: [&str; 4] = [
    "buy a red lamp",
    "cancel the flight to Oslo",
    "buy a green lamp for the desk",
    "change the seat",
];

#[test]
fn in_every_mode_the_most_similar_task_comes_first() {
    for mode in ["dense", "lexical", "hybrid"] {
        let host = host_with(&TASKS);
        host.set("mode", mode);
        host.set("k", 2.0);
        let guidance = ask(&host, "buy a lamp");
        assert_eq!(
            cited(&host, &guidance),
            ["buy a red lamp", "buy a green lamp for the desk"],
            "{mode}"
        );
    }
}

#[test]
fn guidance_says_task_tools_and_outcome() {
    let host = host_with(&TASKS[..1]);
    assert_eq!(
        ask(&host, "buy a lamp").text,
        "Similar past experience:\n\nTask: buy a red lamp\n\
         Done: search(for: it), order\nOutcome: failure, score 0.00"
    );
}

#[test]
fn hybrid_finds_what_only_one_of_its_parts_finds() {
    let host = host_with(&TASKS);
    host.set("mode", "hybrid");
    host.set("k", 10.0);
    // Lexical search alone would leave out the tasks that share no word.
    assert_eq!(cited(&host, &ask(&host, "a lamp")).len(), TASKS.len());
}

#[test]
fn ten_memories_can_be_ranked_in_one_receipt() {
    let tasks: Vec<String> = (0..12).map(|n| format!("task number {n}")).collect();
    let host = host_with(&tasks.iter().map(String::as_str).collect::<Vec<_>>());
    host.set("k", 10.0);
    let guidance = ask(&host, "task number");
    let scores: Vec<f64> = guidance.receipt.used.iter().map(|one| one.score).collect();
    assert_eq!(scores.len(), 10);
    assert!(scores.is_sorted_by(|left, right| left >= right));
}

#[test]
fn a_conversation_is_found_by_the_words_of_the_user() {
    let host = TestHost::new();
    let talk = Attempt::new("talk", Task::new("t", "a chat about nothing"))
        .step(Step::user("My cat is called Mia."))
        .step(Step::answer("Nice."))
        .step(Step::user("I work at the harbour."));
    host.distill::<Rag>(&[talk]).unwrap();
    host.set("k", 1.0);
    let guidance = ask(&host, "what is the cat called?");
    assert!(guidance.text.ends_with("My cat is called Mia."));
    assert_eq!(host.memories()[0].sources, [Source::step("talk", 0)]);
}

#[test]
fn a_long_text_is_found_by_any_of_its_sentences() {
    let text = "We talked about the weather for a long while. My cat is called Mia.";
    for (sentence_keys, certain) in [(true, true), (false, false)] {
        let host = TestHost::new();
        host.set("sentence-keys", sentence_keys);
        let talk = Attempt::new("talk", Task::new("t", "a chat")).step(Step::user(text));
        host.distill::<Rag>(&[talk]).unwrap();
        let guidance = ask(&host, "my cat is called Mia");
        assert_eq!(guidance.receipt.used[0].score > 0.99, certain);
        assert!(
            guidance.text.ends_with(text),
            "the whole text is handed out"
        );
    }
}

#[test]
fn retrieval_reads_only() {
    let host = host_with(&TASKS);
    let before = host.memories().len();
    ask(&host, "buy a lamp");
    assert_eq!(host.memories().len(), before);
}

fn taught() -> Taught {
    Taught {
        host: host_with(&TASKS),
        query: Query::new(Task::new("new", "buy a lamp")),
        attempts: vec![Attempt::new("a9", Task::new("t9", "buy a desk")).succeeded()],
    }
}

memhost_sdk::promises!(Rag: Retrieve, Distill; taught);
