//! The checks that tell this algorithm from a plausible one, with a scripted model.

mod blind;
mod experiences;
mod meta_guidelines;
mod plan;
mod replies;
mod retrieve;
mod trial;
mod weights;

use std::cell::Cell;
use std::rc::Rc;

use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{
    Arrangement, Attempt, Change, Citation, Commit, Counter, Fault, Feedback, Guidance, Labels,
    Level, Memory, Op, Placement, Query, Receipt, Request, Role, Settings, Source, Speaker, State,
    Step, Task, Value,
};
use proptest::prelude::*;
use serde_json::json;

use crate::LiveEvo;
use crate::bank::{Experience, MetaGuideline};

fn experience(question: &str, improvement: &str) -> Experience {
    Experience {
        question: question.to_owned(),
        failure_reason: "Haste.".to_owned(),
        improvement: improvement.to_owned(),
        missed_information: String::new(),
        category: "shopping".to_owned(),
    }
}

/// An experience in the bank, with this weight. Returns its id.
fn keep(host: &TestHost, question: &str, improvement: &str, weight: f64) -> String {
    let kept = experience(question, improvement);
    let memory = kept.remembered(&Task::new("past", question)).unwrap();
    let ids = host.apply(&[Change::insert(memory.weight(weight))]);
    ids.unwrap().remove(0)
}

/// A meta-guideline in its bank. Returns its id.
fn keep_meta(host: &TestHost, question: &str, instruction: &str) -> String {
    let kept = MetaGuideline {
        failure_reason: "It was vague.".to_owned(),
        synthesis_instruction: instruction.to_owned(),
    };
    let memory = kept.remembered(&Task::new("past", question)).unwrap();
    host.apply(&[Change::insert(memory)]).unwrap().remove(0)
}

fn queries(texts: &[(&str, &str)]) -> String {
    let queries: Vec<_> = texts
        .iter()
        .map(|(matches, text)| json!({ "matches": matches, "text": text }))
        .collect();
    json!({ "queries": queries }).to_string()
}

fn guideline(points: &[&str]) -> String {
    json!({ "guideline": points }).to_string()
}

fn lesson(improvement: &str) -> String {
    json!({
        "category": "shopping",
        "failure_reason": "It hurried.",
        "improvement": improvement,
        "missed_information": "The price.",
    })
    .to_string()
}

fn reflection(instruction: &str) -> String {
    json!({ "failure_reason": "It was vague.", "synthesis_instruction": instruction }).to_string()
}

/// Asks about a task, with one query that is the task's text, and one point as the guideline.
fn ask(host: &TestHost, text: &str) -> Guidance {
    host.reply("queries", queries(&[("question", text)]));
    host.reply("compile", guideline(&["Compare before you pay."]));
    retrieve(host, text).unwrap()
}

fn retrieve(host: &TestHost, text: &str) -> Result<Guidance, Fault> {
    host.retrieve::<LiveEvo>(&Query::new(Task::new("now", text)))
}

fn cited(guidance: &Guidance) -> Vec<&str> {
    let used = guidance.receipt.used.iter();
    used.map(|one| one.memory.as_str()).collect()
}

/// What came of a task that was tried with these memories.
fn outcome(id: &str, used: &[&str], on: f64, off: impl Into<Option<f64>>) -> Feedback {
    let mut attempt = Attempt::new(id, Task::new(&format!("task-{id}"), format!("buy {id}")))
        .step(Step::thought("I take the first."))
        .answer("Zanzibar");
    attempt.outcome.score = Some(on);
    attempt.outcome.baseline = off.into();
    let used = used.iter().map(|id| Citation {
        memory: (*id).to_owned(),
        score: 0.5,
    });
    let note = json!({ "guideline": "- Look twice.", "meta_guideline": null });
    Feedback {
        attempt,
        receipt: Receipt {
            id: format!("receipt-{id}"),
            used: used.collect(),
            note: note.to_string(),
        },
    }
}

fn update(host: &TestHost, feedback: &[Feedback]) -> Vec<Change> {
    host.update::<LiveEvo>(feedback).unwrap()
}

/// A host whose model says something usable whatever it is asked.
fn answering() -> TestHost {
    let host = TestHost::new();
    host.answer_with(|request| {
        Ok(match request.purpose.as_str() {
            "queries" => queries(&[("question", "buy a lamp")]),
            "compile" => guideline(&["Compare before you pay."]),
            "reflect" => reflection("Weigh the notes."),
            _ => lesson("Look at the price."),
        })
    });
    host
}

fn weight(host: &TestHost, id: &str) -> f64 {
    let memories = host.memories();
    let memory = memories.iter().find(|one| one.id == id).unwrap();
    memory.counters.weight
}

fn of_kind(host: &TestHost, kind: &str) -> Vec<Memory> {
    let memories = host.memories().into_iter();
    memories.filter(|one| one.kind == kind).collect()
}

fn purposes(host: &TestHost) -> Vec<String> {
    let requests = host.requests().into_iter();
    requests.map(|one| one.purpose).collect()
}

fn message(request: &Request, speaker: Speaker) -> &str {
    let message = request.messages.iter().find(|one| one.speaker == speaker);
    &message.unwrap().text
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn taught() -> Taught {
    let host = answering();
    keep(&host, "buy a lamp", "Look at the price.", 1.0);
    keep(&host, "buy a red lamp", "Look at the colour.", 1.0);
    Taught {
        host,
        query: Query::new(Task::new("now", "buy a lamp")),
        attempts: Vec::new(),
    }
}

memhost_sdk::promises!(LiveEvo: Retrieve; taught);
