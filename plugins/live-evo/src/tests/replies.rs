//! Replies to `retrieve` that cannot be used, or not as they are.

use super::*;

#[test]
fn queries_that_cannot_be_read_are_a_fault() {
    for bad in [
        "",
        "buy a lamp",
        "{}",
        r#"{"queries": []}"#,
        r#"{"queries": [{"text": " ", "matches": "question"}]}"#,
    ] {
        let host = TestHost::new();
        keep(&host, "buy a lamp", "x", 1.0);
        host.reply("queries", bad);
        let answer = retrieve(&host, "buy a lamp");
        assert!(matches!(answer, Err(Fault::Failed(_))), "{bad}: {answer:?}");
        assert_eq!(purposes(&host), ["queries"]);
    }
}

#[test]
fn of_ten_queries_the_first_three_are_used() {
    let host = TestHost::new();
    let third = keep(&host, "third", "x", 1.0);
    keep(&host, "fourth", "y", 1.0);
    let words = [
        "one", "two", "third", "fourth", "5", "6", "7", "8", "9", "10",
    ];
    host.reply("queries", queries(&words.map(|word| ("question", word))));
    host.reply("compile", guideline(&["x"]));
    assert_eq!(cited(&retrieve(&host, "t").unwrap()), [third]);
}

#[test]
fn a_guideline_that_cannot_be_read_is_a_fault_and_an_empty_one_is_none() {
    for bad in ["", "Compare.", "[]", r#"{"guideline": "Compare."}"#] {
        let host = TestHost::new();
        keep(&host, "buy a lamp", "x", 1.0);
        host.reply("queries", queries(&[("question", "buy a lamp")]));
        host.reply("compile", bad);
        let answer = retrieve(&host, "buy a lamp");
        assert!(matches!(answer, Err(Fault::Failed(_))), "{bad}: {answer:?}");
    }
    for nothing in [&[][..], &["", " - "]] {
        let host = TestHost::new();
        keep(&host, "buy a lamp", "x", 1.0);
        host.reply("queries", queries(&[("question", "buy a lamp")]));
        host.reply("compile", guideline(nothing));
        let guidance = retrieve(&host, "buy a lamp").unwrap();
        // What did not reach the agent is not credited with what the agent did.
        assert_eq!((guidance.text.as_str(), cited(&guidance).len()), ("", 0));
    }
}

#[test]
fn of_ten_points_the_first_five_are_handed_out_as_one_list() {
    let host = TestHost::new();
    keep(&host, "buy a lamp", "x", 1.0);
    host.reply("queries", queries(&[("question", "buy a lamp")]));
    let points = [
        "- a1",
        "* a2",
        "a3\nand more",
        "a4",
        "a5",
        "a6",
        "a7",
        "a8",
        "a9",
        "a10",
    ];
    host.reply("compile", guideline(&points));
    let text = retrieve(&host, "buy a lamp").unwrap().text;
    assert!(
        text.ends_with("\n\n- a1\n- a2\n- a3 and more\n- a4\n- a5"),
        "{text}"
    );
}

#[test]
fn a_payload_of_another_plugin_is_a_fault_that_says_so() {
    let host = TestHost::new();
    let foreign = memhost_sdk::NewMemory::new("experience", "?").key("question", "buy a lamp");
    host.apply(&[Change::insert(foreign)]).unwrap();
    host.reply("queries", queries(&[("question", "buy a lamp")]));
    let Err(Fault::Failed(text)) = retrieve(&host, "buy a lamp") else {
        panic!("accepted");
    };
    assert!(
        text.contains("`m1`") && text.contains("another one"),
        "{text}"
    );
}
