//! The checks that tell this algorithm from a plausible one, with a scripted model.

mod library;
mod plan;
mod refining;
mod search;
mod watch;

use memhost_sdk::testing::{Taught, TestHost};
use memhost_sdk::{Attempt, Document, Finding, Guidance, Label, Memory, Moment, Query, Step, Task};

use crate::Tide;

/// A document in a file.
fn document(id: &str, file: &str, text: &str) -> Document {
    Document {
        id: id.to_owned(),
        text: text.to_owned(),
        labels: vec![Label::new("file", file)],
    }
}

fn finding(problem: &str, evidence: &[&str]) -> Finding {
    Finding {
        problem: problem.to_owned(),
        evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
        action: String::new(),
        template: None,
    }
}

/// A solved file with these blocks, named d0, d1 and so on, and these problems. Its steps mirror its documents.
fn solved(id: &str, blocks: &[&str], findings: Vec<Finding>) -> Attempt {
    let mut task = Task::new(&format!("task-{id}"), "find the problems");
    let mut attempt = Attempt::new(id, task.clone()).succeeded();
    for (number, text) in blocks.iter().enumerate() {
        let file = format!("{id}.rs");
        task.documents
            .push(document(&format!("d{number}"), &file, text));
        attempt = attempt.step(Step::observation(*text));
    }
    Attempt {
        task,
        findings,
        ..attempt
    }
}

fn template(name: &str) -> String {
    serde_json::json!({
        "name": name,
        "pattern": format!("The form of {name}."),
        "evidence_flow": [format!("First {name}."), "Then the rest."],
    })
    .to_string()
}

/// A library of templates with these names, each from a file of its own.
fn library(host: &TestHost, names: &[&str]) {
    for name in names {
        host.reply("extract", template(name));
        let file = solved(
            &format!("a-{name}"),
            &["block"],
            vec![finding(name, &["d0"])],
        );
        host.distill::<Tide>(&[file]).unwrap();
    }
}

/// A query in this round, with generous room.
fn query(text: &str, round: u32, found: Vec<Finding>) -> Query {
    let mut task = Task::new("workspace", text);
    task.documents = vec![
        document("w0", "src/a.rs", "let a = 1;"),
        document("w1", "src/b.rs", "let b = 2;"),
    ];
    Query {
        moment: Moment::Round(round),
        found,
        ..Query::new(task).budget(1_000_000)
    }
}

fn ask(host: &TestHost, query: &Query) -> Guidance {
    host.retrieve::<Tide>(query).unwrap()
}

fn cited(guidance: &Guidance) -> Vec<&str> {
    let used = guidance.receipt.used.iter();
    used.map(|one| one.memory.as_str()).collect()
}

fn names(host: &TestHost) -> Vec<String> {
    titles(&host.memories())
}

fn titles(memories: &[Memory]) -> Vec<String> {
    memories.iter().map(|one| one.title.clone()).collect()
}

fn taught() -> Taught {
    let host = TestHost::new();
    library(&host, &["waste", "race", "leak"]);
    Taught {
        host,
        query: query("find the problems", 0, Vec::new()),
        attempts: vec![solved("a9", &["block"], vec![finding("loop", &["d0"])])],
    }
}

memhost_sdk::promises!(Tide: Retrieve, Distill; taught);
