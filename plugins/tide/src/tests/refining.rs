//! What becomes of templates when outcomes are known.

use memhost_sdk::testing::TestHost;
use memhost_sdk::{
    Attempt, Authority, Change, Fault, Feedback, Memory, NewMemory, Receipt, Source, Speaker,
};

use super::{ask, cited, document, finding, library, names, query, template};
use crate::Tide;

/// Work in which this template was used, and how it was scored by ground truth.
fn work(id: &str, used: &str, score: f64) -> Feedback {
    let mut attempt = Attempt::new(id, query("find", 0, vec![]).task).succeeded();
    attempt.outcome.score = Some(score);
    attempt.findings = vec![finding("p", &["w0"])];
    attempt.findings[0].template = Some(used.to_owned());
    Feedback {
        attempt,
        receipt: Receipt {
            id: "r1".to_owned(),
            used: vec![],
            note: String::new(),
        },
    }
}

/// So much work with this template, all scored so.
fn works(used: &str, scores: &[f64]) -> Vec<Feedback> {
    let numbered = scores.iter().enumerate();
    numbered
        .map(|(number, score)| work(&format!("b{number}"), used, *score))
        .collect()
}

/// A host with the library x, y that refines.
fn refining() -> TestHost {
    let host = TestHost::new();
    library(&host, &["x", "y"]);
    host.set("refine", "total");
    host
}

fn decide(host: &TestHost, decision: &str) {
    let judgement = serde_json::json!({ "feedback": "It is too loose.", "decision": decision });
    host.reply("refine", judgement.to_string());
}

fn memory(host: &TestHost, id: &str) -> Memory {
    let memories = host.memories();
    memories.into_iter().find(|one| one.id == id).unwrap()
}

/// Uses and summed score since the last decision.
fn tally(host: &TestHost, id: &str) -> (u32, f64) {
    let counters = memory(host, id).counters;
    (counters.uses, counters.strength)
}

fn purposes(host: &TestHost) -> Vec<String> {
    let requests = host.requests().into_iter().skip(2); // those of the library
    requests.map(|request| request.purpose).collect()
}

#[test]
fn by_default_outcomes_change_nothing_and_no_model_is_asked() {
    let host = TestHost::new();
    library(&host, &["x"]);
    let before = host.memories();
    let changes = host
        .update::<Tide>(&works("m1", &[0.0, 0.0, 0.0, 0.0]))
        .unwrap();
    assert!(changes.is_empty() && purposes(&host).is_empty());
    assert_eq!(host.memories(), before);
}

#[test]
fn keep_leaves_the_template_and_judges_it_by_new_outcomes_only() {
    let host = refining();
    let before = memory(&host, "m1");
    decide(&host, "keep");
    host.update::<Tide>(&works("m1", &[0.1, 0.1, 0.1])).unwrap();
    let mut after = memory(&host, "m1");
    assert_eq!(purposes(&host), ["refine"]);
    assert_eq!(tally(&host, "m1"), (0, 0.0));
    (after.updated, after.counters) = (before.updated, before.counters);
    assert_eq!(after, before);
    // Two more failures are too few to be judged by.
    host.update::<Tide>(&works("m1", &[0.0, 0.0])).unwrap();
    assert_eq!(purposes(&host), ["refine"]);
}

#[test]
fn fix_writes_the_template_anew_in_its_place() {
    let host = refining();
    host.update::<Tide>(&works("m1", &[0.2, 0.2])).unwrap();
    let before = memory(&host, "m1");
    decide(&host, "fix");
    host.reply("extract", template("better"));
    host.update::<Tide>(&works("m1", &[0.2])).unwrap();
    assert_eq!(names(&host), ["better", "y"]);
    let after = memory(&host, "m1");
    assert!(after.content.starts_with("The form of better."));
    assert!(after.payload.contains("better"));
    assert_eq!(
        (&after.sources, &after.labels),
        (&before.sources, &before.labels)
    );
    assert_eq!(tally(&host, "m1"), (0, 0.0));
    assert_eq!(
        cited(&ask(&host, &query("find", 0, vec![]))),
        ["m1", "m2"],
        "in its place"
    );
    let request = host.requests().pop().unwrap();
    let told = &request
        .messages
        .iter()
        .find(|one| one.speaker == Speaker::User);
    assert!(
        told.unwrap()
            .text
            .ends_with("# Feedback\n\nIt is too loose.")
    );
}

#[test]
fn add_leaves_the_template_and_puts_another_at_the_end() {
    let host = refining();
    let before = memory(&host, "m1");
    decide(&host, "add");
    host.reply("extract", template("other"));
    host.update::<Tide>(&works("m1", &[0.0, 0.9, 0.0])).unwrap();
    assert_eq!(names(&host), ["x", "y", "other"]);
    assert_eq!(memory(&host, "m1").content, before.content);
    let added = memory(&host, "m3");
    assert_eq!(
        added.sources,
        [
            Source::step("a-x", 0),
            Source::attempt("b0"),
            Source::attempt("b2")
        ],
        "and not where it did well"
    );
    assert_eq!(added.labels, before.labels);
    assert_eq!(
        (added.kind.as_str(), added.keys.len()),
        ("template", 0),
        "no key to embed"
    );
}

#[test]
fn discard_takes_the_template_out_of_the_library_and_no_other() {
    let host = refining();
    decide(&host, "discard");
    host.update::<Tide>(&works("m1", &[0.0, 0.0, 0.0])).unwrap();
    assert_eq!(names(&host), ["y"]);
    assert_eq!(cited(&ask(&host, &query("find", 0, vec![]))), ["m2"]);
}

#[test]
fn a_template_is_judged_by_the_work_that_names_it_and_not_by_having_been_handed_out() {
    let host = refining();
    let mut feedback = works("m1", &[0.0, 0.0, 0.0]);
    for one in &mut feedback {
        one.receipt = ask(&host, &query("find", 0, vec![])).receipt;
    }
    decide(&host, "discard");
    host.update::<Tide>(&feedback).unwrap();
    assert_eq!(names(&host), ["y"]);
    assert_eq!(tally(&host, "m2"), (0, 0.0));
}

#[test]
fn who_does_well_enough_often_enough_is_only_counted() {
    // F(t) = tau does well; F(t) below it over two outcomes is too little to say.
    for scores in [&[1.0, 0.5, 0.0][..], &[0.0, 0.0]] {
        let host = refining();
        host.update::<Tide>(&works("m1", scores)).unwrap();
        assert!(purposes(&host).is_empty());
        let sum: f64 = scores.iter().sum();
        assert_eq!(
            tally(&host, "m1"),
            (u32::try_from(scores.len()).unwrap(), sum)
        );
    }
}

#[test]
fn outcomes_add_up_over_batches_until_a_template_does_badly() {
    let host = refining();
    host.set("tau", 0.3);
    host.update::<Tide>(&works("m1", &[0.6])).unwrap();
    host.update::<Tide>(&works("m1", &[0.0])).unwrap();
    host.update::<Tide>(&works("m1", &[0.3])).unwrap(); // F = 0.3
    assert!(purposes(&host).is_empty());
    decide(&host, "discard");
    host.update::<Tide>(&works("m1", &[0.1])).unwrap(); // F = 0.25
    assert_eq!(names(&host), ["y"]);
}

#[test]
fn the_model_sees_the_template_and_the_failed_work_only() {
    let host = refining();
    let mut feedback = works("m1", &[0.05, 1.0, 0.25]);
    feedback[0].attempt.task.documents[0] = document("w0", "src/a.rs", "let guilty = 1;");
    feedback[0].attempt.outcome.reason = "half of it was missed".to_owned();
    feedback[1].attempt.task.text = "the good work".to_owned();
    decide(&host, "keep");
    host.update::<Tide>(&feedback).unwrap();
    let request = host.requests().pop().unwrap();
    let told = &request
        .messages
        .iter()
        .find(|one| one.speaker == Speaker::User)
        .unwrap()
        .text;
    for part in [
        "The form of x.",
        "Score: 0.05",
        "Score: 0.25",
        "half of it was missed",
        "Reported: p",
        "let guilty = 1;",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    assert!(!told.contains("the good work") && !told.contains("The form of y."));
}

#[test]
fn work_whose_score_nobody_knows_says_nothing() {
    let host = refining();
    let mut feedback = works("m1", &[0.0, 0.0, 0.0, 0.0, f64::NAN, 7.0]);
    for one in &mut feedback[..4] {
        one.attempt.outcome.authority = Authority::Agent;
    }
    assert!(host.update::<Tide>(&feedback).unwrap().is_empty());
}

#[test]
fn a_template_that_is_not_there_is_passed_over() {
    let host = refining();
    for name in ["m99", "x", ""] {
        let changes = host.update::<Tide>(&works(name, &[0.0, 0.0, 0.0])).unwrap();
        assert!(changes.is_empty(), "{name}");
    }
}

#[test]
fn a_bad_reply_decides_nothing_and_the_outcomes_still_count() {
    let unsure = serde_json::json!({ "feedback": "?", "decision": "burn" }).to_string();
    let fix = serde_json::json!({ "feedback": "?", "decision": "fix" }).to_string();
    let cases = [
        (vec![""], None),
        (vec!["not JSON"], None),
        (vec!["{\"decision\": \"discard\"}"], None),
        (vec![unsure.as_str()], None),
        (vec![fix.as_str()], Some("not JSON")),
    ];
    for (decision, rewritten) in cases {
        let host = refining();
        for reply in &decision {
            host.reply("refine", *reply);
        }
        if let Some(reply) = rewritten {
            host.reply("extract", reply);
        }
        let before = memory(&host, "m1");
        host.update::<Tide>(&works("m1", &[0.0, 0.1, 0.0])).unwrap();
        let after = memory(&host, "m1");
        assert_eq!(
            (after.content, after.title, after.payload),
            (before.content, before.title, before.payload)
        );
        assert_eq!(tally(&host, "m1"), (3, 0.1), "after {decision:?}");
        let (_, line) = host.log_lines().remove(0);
        assert!(line.contains("refining template `m1`"), "{line}");
    }
}

#[test]
fn a_model_that_is_down_for_one_template_does_not_keep_another_from_being_judged() {
    let host = refining();
    host.reply_fault("refine", Fault::Unavailable("HTTP 503".into()));
    decide(&host, "discard");
    let mut feedback = works("m1", &[0.0, 0.0, 0.0]);
    feedback.extend(works("m2", &[0.0, 0.0, 0.0]));
    host.update::<Tide>(&feedback).unwrap();
    assert_eq!(names(&host), ["x"]);
    assert_eq!(tally(&host, "m1"), (3, 0.0));
}

#[test]
fn a_payload_of_another_plugin_is_a_fault_that_says_so() {
    let host = refining();
    let foreign = NewMemory::new("template", "?").payload("?");
    host.apply(&[Change::insert(foreign)]).unwrap();
    let Err(Fault::Failed(text)) = host.update::<Tide>(&works("m3", &[0.0])) else {
        panic!("accepted");
    };
    assert!(
        text.contains("`m3`") && text.contains("another one"),
        "{text}"
    );
}
