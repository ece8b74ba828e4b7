//! `memhost compare --aa`.

use super::Place;

#[test]
fn a_strategy_is_told_apart_from_itself_as_rarely_as_it_should_be() {
    let said = Place::new().memhost(&["compare", "--aa"]).succeeds();
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
    let said = Place::new().memhost(&["compare", "--aa", "--suite", "evidence"]);
    assert_eq!(said.code, 1, "{}", said.out);
    let expected = "error: none (floor) does the same under every seed on this suite, so that nothing was tested";
    assert!(said.err.contains(expected), "{}", said.err);
}

#[test]
fn an_aa_test_is_of_one_strategy_on_made_tasks() {
    let cases: [(&[&str], &str); 6] = [
        (
            &["compare", "rag", "recency", "--aa"],
            "an A/A test is of one strategy, and there are 2",
        ),
        (
            &["compare", "--aa", "--suite", "routing,transfer"],
            "an A/A test is of one suite, and there are 2",
        ),
        (
            &["compare", "--aa", "--suite", "bfcl:data"],
            "`bfcl:data` is not made by a generator",
        ),
        (
            &["compare", "--aa", "--output", "out"],
            "'--aa' cannot be used with '--output <DIR>'",
        ),
        (
            &["compare", "--aa", "--orders", "3"],
            "'--aa' cannot be used with '--orders <N>'",
        ),
        (
            &["compare", "--aa", "--most-model-calls", "3"],
            "'--aa' cannot be used with '--most-model-calls <N>'",
        ),
    ];
    for (arguments, expected) in cases {
        let said = Place::new().memhost(arguments);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(expected), "{}", said.err);
        assert!(said.out.is_empty(), "{}", said.out);
    }
}
