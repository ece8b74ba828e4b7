//! What the agent is told, round by round.

use memhost_sdk::testing::TestHost;
use memhost_sdk::{Change, Guidance, Moment, NewMemory, Query, Source, State, llm};
use proptest::prelude::*;

use super::watch::{Calls, watched};
use super::{ask, cited, finding, library, query};

#[test]
fn what_was_found_is_the_hosts_to_tell_and_no_round_prints_it_again() {
    let host = TestHost::new();
    library(&host, &["x"]);
    let first = ask(&host, &query("find", 0, vec![])).text;
    let found = vec![finding("needless_return", &["w0"])];
    for round in [0, 1, 2] {
        assert_eq!(ask(&host, &query("find", round, found.clone())).text, first);
    }
    assert!(!first.contains("needless_return"));
    assert!(
        first.contains("unreported"),
        "each round looks for the rest"
    );
    let at_start = Query {
        moment: Moment::TaskStart,
        ..query("find", 0, found)
    };
    assert_eq!(ask(&host, &at_start).text, first);
}

#[test]
fn trap_top_k_the_whole_library_is_given_in_the_same_order_whatever_the_task_says() {
    let host = TestHost::new();
    library(&host, &["zebra", "apple", "mango"]);
    let texts: Vec<Guidance> = ["apple", "mango mango", "", "nothing of the kind"]
        .into_iter()
        .enumerate()
        .map(|(round, text)| ask(&host, &query(text, u32::try_from(round).unwrap(), vec![])))
        .collect();
    for guidance in &texts {
        assert_eq!(guidance.text, texts[0].text);
        assert_eq!(cited(guidance), ["m1", "m2", "m3"]);
        assert!(guidance.receipt.used.iter().all(|one| one.score == 1.0));
    }
    let headings: Vec<&str> = texts[0]
        .text
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "## m1: zebra [zebra]",
            "## m2: apple [apple]",
            "## m3: mango [mango]"
        ]
    );
    assert!(
        texts[0]
            .text
            .contains("The form of apple.\n1. First apple.\n2. Then the rest.")
    );
}

#[test]
fn having_been_used_changes_no_templates_place() {
    let host = TestHost::new();
    library(&host, &["x", "y"]);
    let before = ask(&host, &query("find", 0, vec![])).text;
    host.set_now(1_000.0);
    host.apply(&[Change::adjust("m2", memhost_sdk::Counter::Uses, 5.0)])
        .unwrap();
    assert_eq!(ask(&host, &query("find", 0, vec![])).text, before);
}

#[test]
fn trap_vector_search_nothing_is_ever_searched_or_embedded_and_no_model_is_asked_in_a_round() {
    let host = TestHost::new();
    library(&host, &["x", "y"]);
    let found = vec![finding("p", &["w0"])];
    let (guidance, calls) = watched(&host, &query("find", 1, found));
    assert_eq!(cited(&guidance), ["m1", "m2"]);
    let Calls {
        search,
        embed,
        complete,
        ..
    } = calls;
    assert_eq!((search, embed, complete), (0, 0, 0));
}

#[test]
fn trap_forced_template_several_findings_and_ones_without_a_template_are_asked_for_in_repositories_only()
 {
    let host = TestHost::new();
    library(&host, &["x"]);
    let text = |mode: &str| {
        host.set("mode", mode);
        ask(&host, &query("find", 0, vec![])).text
    };
    let repository = text("repository");
    assert!(repository.contains("every problem") && repository.contains("matches none"));
    let workspace = text("workspace");
    assert!(workspace.contains("exactly one problem") && !workspace.contains("matches none"));
    for text in [repository, workspace] {
        assert!(text.contains("answer with nothing at all"));
    }
}

#[test]
fn an_empty_library_has_nothing_to_say() {
    for round in [0, 1] {
        let found = vec![finding("p", &["w0"])];
        let guidance = ask(&TestHost::new(), &query("find", round, found));
        assert_eq!(
            (guidance.text.as_str(), guidance.receipt.used.len()),
            ("", 0)
        );
    }
}

#[test]
fn templates_that_take_no_part_are_not_handed_out() {
    let host = TestHost::new();
    library(&host, &["x", "y"]);
    let archived = memhost_sdk::Patch::of("m1").state(State::Archived);
    host.apply(&[
        Change::revise(archived),
        Change::insert(NewMemory::new("note", "of another kind")),
    ])
    .unwrap();
    assert_eq!(cited(&ask(&host, &query("find", 0, vec![]))), ["m2"]);
}

#[test]
fn negatives_stand_behind_the_library_only_if_asked_for() {
    let host = TestHost::new();
    host.apply(&[Change::insert(
        NewMemory::new("negative", "let fine = 1;").learnt_from(Source::step("a1", 1)),
    )])
    .unwrap();
    library(&host, &["x"]);
    let without = ask(&host, &query("find", 0, vec![]));
    assert_eq!(cited(&without), ["m2"]);
    assert!(!without.text.contains("let fine"));
    host.set("negatives", true);
    let with = ask(&host, &query("find", 0, vec![]));
    assert_eq!(cited(&with), ["m2", "m1"]);
    let contrast = with.text.strip_prefix(&without.text).unwrap();
    assert!(contrast.contains("show no problem") && contrast.contains("## m1\nlet fine = 1;"));
}

#[test]
fn a_budget_cuts_whole_templates_in_order_and_the_text_says_so() {
    let host = TestHost::new();
    library(&host, &["x", "y", "z"]);
    let whole = ask(&host, &query("find", 0, vec![])).text;
    let length = host.run(|| llm::count_tokens(&whole));
    assert_eq!(
        cited(&ask(&host, &query("find", 0, vec![]).budget(length))),
        ["m1", "m2", "m3"]
    );
    let cut = ask(&host, &query("find", 0, vec![]).budget(length - 1));
    let standing = cited(&cut);
    assert!(!standing.is_empty() && standing.len() < 3);
    assert_eq!(standing, ["m1", "m2", "m3"][..standing.len()]);
    assert!(
        cut.text
            .contains(&format!("room for {} of 3", standing.len()))
    );
    assert!(!whole.contains("room for"));
}

#[test]
fn one_enormous_template_does_not_keep_the_others_out() {
    let host = TestHost::new();
    let huge = NewMemory::new("template", "word ".repeat(5_000)).title("huge");
    host.apply(&[Change::insert(huge)]).unwrap();
    library(&host, &["x"]);
    assert_eq!(
        cited(&ask(&host, &query("find", 0, vec![]).budget(1_000))),
        ["m2"]
    );
}

#[test]
fn a_budget_without_room_for_a_template_leaves_no_text_at_all() {
    let host = TestHost::new();
    library(&host, &["x"]);
    for budget in [0, 20, 140] {
        let guidance = ask(&host, &query("find", 0, vec![]).budget(budget));
        assert_eq!(
            (guidance.text.as_str(), guidance.receipt.used.len()),
            ("", 0)
        );
    }
}

#[test]
fn what_is_charged_by_its_length_keeps_to_the_budget_too() {
    let host = TestHost::new();
    let gaps = [" ", "\u{200d}"].map(|gap| gap.repeat(100));
    let inserts: Vec<Change> = (0..40)
        .map(|number| NewMemory::new("template", format!("a{}b", gaps[number % 2])).title("t"))
        .map(Change::insert)
        .collect();
    host.apply(&inserts).unwrap();
    for budget in [200, 333, 500, 700] {
        let (guidance, _) = watched(&host, &query("find", 0, vec![]).budget(budget));
        assert!(!guidance.receipt.used.is_empty());
        assert!(host.run(|| llm::count_tokens(&guidance.text)) <= budget);
    }
}

#[test]
fn thousands_of_templates_are_counted_once_each() {
    const TEMPLATES: u32 = 5_782;
    let host = TestHost::new();
    let inserts: Vec<Change> = (0..TEMPLATES)
        .map(|number| NewMemory::new("template", "a pattern").title(format!("t{number}")))
        .map(Change::insert)
        .collect();
    host.apply(&inserts).unwrap();
    for (budget, standing) in [(1_000_000, TEMPLATES), (10_000, 1_000)] {
        let (guidance, calls) = watched(&host, &query("find", 0, vec![]).budget(budget));
        assert!(guidance.receipt.used.len() >= standing as usize);
        assert!(
            calls.count_tokens < TEMPLATES + 10,
            "{} counts",
            calls.count_tokens
        );
        assert!(host.run(|| llm::count_tokens(&guidance.text)) <= budget);
    }
}

proptest! {
    #[test]
    fn guidance_keeps_to_its_budget_and_cites_exactly_what_stands_in_it(
        lengths in prop::collection::vec((any::<bool>(), 0_usize..40), 1..12),
        budget in 100_u32..600,
        round in 0_u32..3,
    ) {
        let host = TestHost::new();
        host.set("negatives", true);
        // Every memory's words name it, so that the text shows which ones stand.
        let inserts: Vec<Change> = lengths
            .iter()
            .enumerate()
            .map(|(number, (is_template, length))| {
                let kind = if *is_template { "template" } else { "negative" };
                let content = format!("e{}z{}", number + 1, " word".repeat(*length));
                Change::insert(NewMemory::new(kind, content))
            })
            .collect();
        host.apply(&inserts).unwrap();
        let query = query("find", round, vec![finding("p", &["w0"])]).budget(budget);
        // Straight from the strategy: the host would cut the text.
        let (guidance, _) = watched(&host, &query);
        prop_assert!(host.run(|| llm::count_tokens(&guidance.text)) <= budget);
        let mut citations = cited(&guidance);
        citations.sort_unstable();
        let mut standing: Vec<String> = (1..=lengths.len())
            .filter(|number| guidance.text.contains(&format!("e{number}z")))
            .map(|number| format!("m{number}"))
            .collect();
        standing.sort_unstable();
        prop_assert_eq!(citations, standing);
    }
}
