//! `memhost aa`.

use super::Place;

#[test]
fn a_strategy_is_told_apart_from_itself_as_rarely_as_it_should_be() {
    let said = Place::new().memhost(&["aa"]).succeeds();
    assert!(
        said.out.starts_with(
            "none (floor) against itself on 200 suites that routing made, 1 seed a side\n"
        ),
        "{}",
        said.out
    );
    // The exit code says that the rate is within [.02, .08]; what is printed says the same.
    let line = said
        .out
        .lines()
        .find(|line| line.starts_with("p is at most .05:"));
    let rate = line
        .and_then(|line| line.split_once(" of 200, "))
        .and_then(|(_, rest)| rest.split(' ').next())
        .map(|rate| rate.parse::<f64>().unwrap());
    assert!(
        rate.is_some_and(|rate| (0.02..=0.08).contains(&rate)),
        "{}",
        said.out
    );
}

#[test]
fn a_strategy_without_luck_tests_nothing() {
    let said = Place::new().memhost(&["aa", "--suite", "evidence"]);
    assert_eq!(said.code, 1, "{}", said.out);
    let expected = "error: none (floor) does the same under every seed on this suite, so that nothing was tested";
    assert!(said.err.contains(expected), "{}", said.err);
}

#[test]
fn an_aa_test_is_of_one_strategy_on_made_tasks() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["aa", "rag", "recency"],
            "unexpected argument 'recency' found",
        ),
        (
            &["aa", "--suite", "routing", "--suite", "transfer"],
            "the argument '--suite <SUITE>' cannot be used multiple times",
        ),
        (
            &["aa", "--suite", "routing,transfer"],
            "`routing,transfer` is not made by a generator",
        ),
        (
            &["aa", "--suite", "bfcl:data"],
            "`bfcl:data` is not made by a generator",
        ),
        (
            &["aa", "--output", "out"],
            "unexpected argument '--output' found",
        ),
    ];
    for (arguments, expected) in cases {
        let said = Place::new().memhost(arguments);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(expected), "{}", said.err);
        assert!(said.out.is_empty(), "{}", said.out);
    }
}
