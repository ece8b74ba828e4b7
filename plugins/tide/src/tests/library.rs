//! How the library is built.

use memhost_sdk::testing::TestHost;
use memhost_sdk::{Attempt, Authority, Fault, Role, Source, Speaker, Verdict};

use super::{document, finding, names, solved, template};
use crate::Tide;

#[test]
fn every_finding_is_its_own_case_with_a_request_and_a_template_of_its_own() {
    let host = TestHost::new();
    for name in ["x", "y", "z"] {
        host.reply("extract", template(name));
    }
    let findings = vec![
        finding("needless_return", &["d0"]),
        finding("manual_memcpy", &["d2", "d1"]),
        finding("needless_return", &["d2"]),
    ];
    let file = solved("a1", &["return 1;", "for i in 0..9 {}", "both"], findings);
    host.distill::<Tide>(&[file]).unwrap();

    let told: Vec<String> = host
        .requests()
        .iter()
        .map(|request| {
            assert_eq!(
                (request.role, request.purpose.as_str()),
                (Role::Agent, "extract")
            );
            let said = request
                .messages
                .iter()
                .find(|one| one.speaker == Speaker::User);
            said.unwrap().text.clone()
        })
        .collect();
    assert_eq!(
        told,
        [
            "# Problem\n\nneedless_return\n\n# Evidence\n\nreturn 1;",
            "# Problem\n\nmanual_memcpy\n\n# Evidence\n\nfor i in 0..9 {}\n\nboth",
            "# Problem\n\nneedless_return\n\n# Evidence\n\nboth",
        ]
    );
    assert_eq!(names(&host), ["x", "y", "z"]);
    let sources: Vec<_> = host.memories().into_iter().map(|one| one.sources).collect();
    let steps = |steps: &[u32]| -> Vec<Source> {
        let steps = steps.iter();
        steps.map(|step| Source::step("a1", *step)).collect()
    };
    assert_eq!(sources, [steps(&[0]), steps(&[1, 2]), steps(&[2])]);
}

#[test]
fn a_problem_whose_documents_are_blank_is_no_case() {
    let host = TestHost::new();
    let file = solved("a1", &[" \n"], vec![finding("needless_return", &["d0"])]);
    host.distill::<Tide>(&[file]).unwrap();
    assert!(host.requests().is_empty());
    assert!(host.memories().is_empty());
}

#[test]
fn trap_cases_as_examples_a_template_is_kept_with_its_parts_its_class_and_nothing_that_could_be_embedded()
 {
    let host = TestHost::new();
    host.reply("extract", template("x"));
    let file = solved(
        "a1",
        &["return 1;"],
        vec![finding("needless_return", &["d0"])],
    );
    host.distill::<Tide>(&[file]).unwrap();
    let memory = host.memories().remove(0);
    assert_eq!(
        (memory.kind.as_str(), memory.title.as_str()),
        ("template", "x")
    );
    assert_eq!(
        memory.content,
        "The form of x.\n1. First x.\n2. Then the rest."
    );
    let payload: serde_json::Value = serde_json::from_str(&memory.payload).unwrap();
    let written: serde_json::Value = serde_json::from_str(&template("x")).unwrap();
    assert_eq!(payload, written);
    let labels: Vec<_> = memory
        .labels
        .iter()
        .map(|one| (one.name.as_str(), one.value.as_str()))
        .collect();
    assert_eq!(labels, [("problem", "needless_return")]);
    assert!(memory.keys.is_empty());
}

#[test]
fn a_problem_that_is_described_has_no_class() {
    let host = TestHost::new();
    host.reply("extract", template("x"));
    let described = finding("The review is after the deadline.", &["d0"]);
    host.distill::<Tide>(&[solved("a1", &["a mail"], vec![described])])
        .unwrap();
    assert!(host.memories()[0].labels.is_empty());
}

#[test]
fn the_resolution_is_part_of_the_case() {
    let host = TestHost::new();
    host.reply("extract", template("x"));
    let mut resolved = finding("needless_return", &["d0"]);
    resolved.action = "drop the keyword".to_owned();
    host.distill::<Tide>(&[solved("a1", &["return 1;"], vec![resolved])])
        .unwrap();
    let request = host.requests().remove(0);
    assert!(
        request.messages[1]
            .text
            .ends_with("# Resolution\n\ndrop the keyword")
    );
}

#[test]
fn each_mode_has_builders_instructions_of_its_own() {
    let instructions = |mode: &str| {
        let host = TestHost::new();
        host.set("mode", mode);
        host.reply("extract", template("x"));
        let file = solved("a1", &["block"], vec![finding("p", &["d0"])]);
        host.distill::<Tide>(&[file]).unwrap();
        host.requests()[0].messages[0].text.clone()
    };
    assert!(instructions("repository").contains("who does not know the fix"));
    assert!(instructions("workspace").contains("Put roles and types in the place of people"));
}

#[test]
fn a_task_without_solved_cases_teaches_nothing_and_asks_nothing() {
    let good = solved("a1", &["block"], vec![finding("p", &["d0"])]);
    let with = |change: fn(&mut Attempt)| {
        let mut attempt = good.clone();
        change(&mut attempt);
        attempt
    };
    let unsolved = [
        with(|one| one.findings.clear()),
        with(|one| one.task.documents.clear()),
        with(|one| one.outcome.verdict = Verdict::Failure),
        with(|one| one.outcome.verdict = Verdict::Unknown),
        with(|one| one.outcome.authority = Authority::Judge),
        with(|one| one.findings = vec![finding("p", &["elsewhere"])]),
    ];
    for (number, attempt) in unsolved.into_iter().enumerate() {
        let host = TestHost::new();
        let changes = host.distill::<Tide>(&[attempt]).unwrap();
        assert!(
            changes.is_empty() && host.requests().is_empty(),
            "attempt {number}"
        );
    }
    let host = TestHost::new();
    host.reply("extract", template("x"));
    host.distill::<Tide>(&[good]).unwrap();
    assert_eq!(
        names(&host),
        ["x"],
        "and the one that they differ from does"
    );
}

#[test]
fn a_step_is_named_only_where_it_shows_the_document() {
    let host = TestHost::new();
    host.reply("extract", template("x"));
    let mut file = solved("a1", &["one", "two"], vec![finding("p", &["d0", "d1"])]);
    file.steps[0].text = "something else".to_owned();
    host.distill::<Tide>(&[file]).unwrap();
    assert_eq!(
        host.memories()[0].sources,
        [Source::attempt("a1"), Source::step("a1", 1)]
    );
}

#[test]
fn nothing_is_merged_however_alike_it_is() {
    let host = TestHost::new();
    super::library(&host, &["x", "x", "x"]);
    assert_eq!(names(&host), ["x", "x", "x"]);
}

#[test]
fn a_bad_reply_teaches_nothing_of_its_case_and_all_of_the_others() {
    let missing = serde_json::json!({ "name": "n", "pattern": "p" }).to_string();
    let blank = serde_json::json!({ "name": "n", "pattern": " ", "evidence_flow": ["s"] });
    let no_signal = serde_json::json!({ "name": "n", "pattern": "p", "evidence_flow": [" "] });
    let several = format!("[{}, {}]", template("u"), template("v"));
    let one_after_the_other = format!("{}\n{}", template("u"), template("v"));
    let bad = [
        (String::new(), "not a template"),
        ("I found a template!".to_owned(), "not a template"),
        (missing, "evidence_flow"),
        (blank.to_string(), "`pattern`"),
        (no_signal.to_string(), "`evidence_flow`"),
        (several, "not a template"),
        (one_after_the_other, "not a template"),
    ];
    for (reply, problem) in bad {
        let host = TestHost::new();
        for reply in [template("x"), reply.clone(), template("z")] {
            host.reply("extract", reply);
        }
        let findings = vec![
            finding("p", &["d0"]),
            finding("q", &["d1"]),
            finding("r", &["d0"]),
        ];
        host.distill::<Tide>(&[solved("a1", &["one", "two"], findings)])
            .unwrap();
        assert_eq!(names(&host), ["x", "z"], "after {reply}");
        let sources: Vec<_> = host.memories().into_iter().map(|one| one.sources).collect();
        let first = || [Source::step("a1", 0)];
        assert_eq!(sources, [first(), first()], "after {reply}");
        let (_, line) = host.log_lines().remove(0);
        assert!(
            line.contains("1 of 3") && line.contains("`q`") && line.contains(problem),
            "{line}"
        );
    }
}

#[test]
fn a_model_that_is_down_is_a_fault_and_nothing_is_written() {
    let host = TestHost::new();
    host.set("negatives", true);
    for _ in 0..2 {
        host.reply_fault("extract", Fault::Unavailable("HTTP 503".into()));
    }
    let findings = vec![finding("p", &["d0"]), finding("q", &["d0"])];
    let fault = host.distill::<Tide>(&[solved("a1", &["one", "two"], findings)]);
    let expected = "while extracting a template from `p` in attempt `a1`: HTTP 503";
    assert_eq!(fault, Err(Fault::Unavailable(expected.into())));
    assert!(host.memories().is_empty());
}

#[test]
fn blocks_without_a_problem_are_remembered_only_if_asked_for_and_cost_no_call() {
    for negatives in [false, true] {
        let host = TestHost::new();
        host.set("negatives", negatives);
        host.reply("extract", template("x"));
        let blocks = ["return 1;", "let a = 1;", " ", "let b = 2;"];
        let file = solved("a1", &blocks, vec![finding("needless_return", &["d0"])]);
        host.distill::<Tide>(&[file]).unwrap();
        assert_eq!(host.requests().len(), 1);
        let memories = host.memories();
        let kept: Vec<_> = memories
            .iter()
            .skip(1)
            .map(|one| (one.kind.as_str(), one.content.as_str(), one.sources.clone()))
            .collect();
        let expected = [
            ("negative", "let a = 1;", vec![Source::step("a1", 1)]),
            ("negative", "let b = 2;", vec![Source::step("a1", 3)]),
        ];
        let expected = if negatives { &expected[..] } else { &[] };
        assert_eq!(kept, expected);
        assert!(memories.iter().all(|one| one.keys.is_empty()));
    }
}

#[test]
fn a_document_that_only_one_of_two_findings_needs_is_no_negative() {
    let host = TestHost::new();
    host.set("negatives", true);
    for name in ["x", "y"] {
        host.reply("extract", template(name));
    }
    let mut file = solved("a1", &["one", "two"], vec![]);
    file.findings = vec![finding("p", &["d0"]), finding("q", &["d1"])];
    file.task.documents.push(document("d2", "a1.rs", "three"));
    host.distill::<Tide>(&[file]).unwrap();
    let memories = host.memories();
    assert_eq!(memories.len(), 3);
    assert_eq!(memories[2].content, "three");
    // No step shows it.
    assert_eq!(memories[2].sources, [Source::attempt("a1")]);
}
