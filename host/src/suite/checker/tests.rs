use proptest::prelude::*;
use serde_json::json;

use super::*;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn numeric(value: f64, tolerance: f64) -> Check {
    Check::Numeric { value, tolerance }
}

fn choice(answer: &str, options: &[&str]) -> Check {
    Check::Choice {
        answer: answer.to_owned(),
        options: texts(options),
    }
}

/// Answers that are right, and answers that are wrong.
#[track_caller]
fn tells_apart(check: &Check, right: &[&str], wrong: &[&str]) {
    for answer in right {
        assert_eq!(check.score(answer), 1.0, "{answer:?} is right: {check:?}");
    }
    for answer in wrong {
        assert_eq!(check.score(answer), 0.0, "{answer:?} is wrong: {check:?}");
    }
}

#[test]
fn exact_is_the_whole_answer_but_for_case_and_punctuation() {
    let check = Check::Exact {
        answers: texts(&["New York City", "NYC"]),
    };
    tells_apart(
        &check,
        &["new york  city.", "“NYC”", "**NYC**"],
        &["New York", "in NYC", "", "."],
    );
}

#[test]
fn exact_numbers_keep_their_sign_and_value() {
    let check = Check::Exact {
        answers: texts(&["-1,000.50"]),
    };
    tells_apart(&check, &["-1000.5", " -1,000.50. "], &["1000.5", "-1000"]);
}

#[test]
fn exact_marks_are_compared_as_they_are() {
    let check = Check::Exact {
        answers: texts(&["+"]),
    };
    tells_apart(&check, &["+", " + "], &["-", ""]);
}

#[test]
fn numeric_takes_the_last_number_however_it_is_written() {
    tells_apart(
        &numeric(1_234.5, 0.0),
        &[
            "1234.5",
            "1,234.5",
            "first 7, then $1,234.50.",
            "1.2345e3",
            "+1234.5 kg",
            "= **1,234.5**",
        ],
        &["1,234.5 or 8", "-1234.5", "1234", "", "many"],
    );
    tells_apart(
        &numeric(-5.0, 0.0),
        &["-5", "−5", "-$5", "$-5"],
        &["3-5", "(2)-5", "5"],
    );
    tells_apart(
        &numeric(0.75, 0.0),
        &["3/4", "3/4 of them", ".75", "75%"],
        &["3/4/2024", "4/3"],
    );
    tells_apart(&numeric(1.5, 0.0), &["1 1/2 cups"], &["1 of 2"]);
    tells_apart(
        &numeric(37.0, 0.0),
        &["37%", "37 %", "37th"],
        &["B37", "x_37"],
    );
}

#[test]
fn numeric_allows_the_tolerance_and_rounding_and_no_more() {
    tells_apart(&numeric(10.0, 0.5), &["9.5", "10.5"], &["9.49", "10.51"]);
    tells_apart(&numeric(0.3, -1.0), &["0.3", "0.30000000001"], &["0.3001"]);
    tells_apart(&numeric(1.0 / 3.0, 0.0), &["1/3"], &["0.333"]);
    tells_apart(&numeric(f64::NAN, 1.0), &[], &["0", "NaN"]);
    tells_apart(&numeric(0.0, f64::NAN), &["0"], &["1"]);
    tells_apart(&numeric(f64::INFINITY, 0.0), &[], &["1e999", "inf", "1/0"]);
}

#[test]
fn a_choice_is_named_by_letter_or_text_and_alone() {
    let check = choice("B", &["Lyon", "Paris", "Nice", "Lille"]);
    tells_apart(
        &check,
        &[
            "B",
            "b",
            "(B)",
            "B.",
            "B) Paris",
            "Paris",
            "It is Paris.",
            "The answer is B.",
            "A good question. I say B!",
            "**B**",
        ],
        &[
            "A",
            "A) Paris",
            "not A but B",
            "Paris or Nice",
            "E",
            "",
            "none",
            "Bordeaux",
            "A, B, C, D",
        ],
    );
    tells_apart(
        &choice("Paris", &["Lyon", "Paris"]),
        &["B", "paris"],
        &["A", "Lyon"],
    );
}

#[test]
fn an_option_inside_a_longer_one_is_not_named_by_it() {
    let check = choice("A", &["New York", "York"]);
    tells_apart(
        &check,
        &["It is New York."],
        &["York", "New York, and not York"],
    );
    let vitamins = choice("B", &["vitamin A", "vitamin C", "zinc"]);
    tells_apart(&vitamins, &["It is vitamin C."], &["It is C."]);
}

#[test]
fn options_that_are_letters_or_numbers_stand_for_themselves() {
    tells_apart(
        &choice("B", &["A", "AB", "B", "O"]),
        &["B", "type B", "b"],
        &["AB", "C", "A"],
    );
    tells_apart(
        &choice("12", &["4", "12"]),
        &["12", "It is 12.", "B"],
        &["4", "4 or 12"],
    );
}

#[test]
fn a_choice_whose_right_option_is_none_of_the_options_is_never_right() {
    tells_apart(&choice("Rome", &["Lyon", "Paris"]), &[], &["Rome", "A", ""]);
    tells_apart(&choice("A", &[]), &[], &["A", ""]);
}

#[test]
fn json_is_compared_as_a_value_and_found_in_a_fenced_block() {
    let check = Check::Json {
        value: json!({"a": 1, "b": [1.5, {"c": null}]}),
    };
    tells_apart(
        &check,
        &[
            r#"{"b": [1.5, {"c": null}], "a": 1.0}"#,
            "So:\n```json\n{\"a\": 1, \"b\": [1.5, {\"c\": null}]}\n```\nDone.",
            "```\n{}\n``` no: ```{\"a\": 1, \"b\": [1.5, {\"c\": null}]}```",
        ],
        &[
            r#"{"a": 1}"#,
            r#"{"a": 1, "b": [{"c": null}, 1.5]}"#,
            r#"{"a": "1", "b": [1.5, {"c": null}]}"#,
            r#"{"a": 1, "b": [1.5, {"c": null}], "d": 0}"#,
            "```json\n{\"a\": 1",
            "",
        ],
    );
    let large = Check::Json {
        value: json!(9_007_199_254_740_993_u64),
    };
    tells_apart(&large, &["9007199254740993"], &["9007199254740992"]);
}

#[test]
fn contains_looks_as_the_reader_does() {
    let phrase = Check::Contains {
        answers: texts(&["38 square"]),
        matching: Matching::Phrase,
    };
    tells_apart(&phrase, &["only 38 Square feet"], &["38 feet square", ""]);
    let in_words = Check::Contains {
        answers: texts(&["the cat of Momo"]),
        matching: Matching::Words,
    };
    tells_apart(&in_words, &["Momo is a cat"], &["Momo is a dog"]);
}

#[test]
fn a_probability_is_scored_by_brier() {
    let happened = Check::Probability { happened: true };
    let scores = |answer: &str, score: f64| {
        let got = happened.score(answer);
        assert!((got - score).abs() < 1e-12, "{answer:?}: {got}");
    };
    scores("0.37", 1.0 - 0.63 * 0.63);
    scores("37%", 1.0 - 0.63 * 0.63);
    scores("37 %", 1.0 - 0.63 * 0.63);
    scores("By 2030 I expect .9, give or take 0.1", 0.99);
    scores("1/4", 1.0 - 0.75 * 0.75);
    scores("1", 1.0);
    scores("120%", 1.0);
    scores("-20%", 0.0);
    for nothing in ["", "likely", "12 of 20", "NaN", "1e999"] {
        scores(nothing, 0.0);
    }
    let not = Check::Probability { happened: false };
    assert_eq!(not.score("0%"), 1.0);
    assert_eq!(not.score("no idea"), 0.0, "refusing is no forecast");
}

#[test]
fn checks_come_back_from_json_as_they_were() {
    let text = r#"{"choice": {"answer": "B", "options": ["x", "y"]}}"#;
    assert_eq!(
        serde_json::from_str::<Check>(text).unwrap(),
        choice("B", &["x", "y"])
    );
    assert!(serde_json::from_str::<Check>(r#"{"numeric": {"valve": 1}}"#).is_err());
}

#[test]
fn a_huge_answer_is_scored_in_no_time() {
    let start = std::time::Instant::now();
    for piece in [
        "$", "-", "1", "1,111", "1 1/", "A ", "[", "```", "paris ", " ",
    ] {
        let huge = piece.repeat(50_000);
        for check in every_kind() {
            check.score(&huge);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

fn every_kind() -> Vec<Check> {
    vec![
        Check::Exact {
            answers: texts(&["Paris"]),
        },
        numeric(42.0, 0.5),
        choice("B", &["Lyon", "Paris", "Lyon the great"]),
        Check::Json {
            value: json!({"a": [1]}),
        },
        Check::Contains {
            answers: texts(&["Paris"]),
            matching: Matching::Phrase,
        },
        Check::Contains {
            answers: texts(&["Paris in May"]),
            matching: Matching::Words,
        },
        Check::Probability { happened: true },
    ]
}

proptest! {
    #[test]
    fn whatever_is_answered_scores_from_0_to_1(answer in "\\PC*", marks in "[-+$€%/.,0-9eE A-D`{}\\[\\]\"\n]*") {
        for check in every_kind() {
            for text in [&answer, &marks] {
                let score = check.score(text);
                prop_assert!((0.0..=1.0).contains(&score), "{check:?}: {score}");
            }
        }
    }

    #[test]
    fn a_number_is_read_back_however_it_is_dressed(value in -1e9_f64..1e9, lead in "[a-z ]{0,8}") {
        let value = (value * 100.0).round() / 100.0;
        for dressed in [
            format!("{value}"),
            format!("{lead} so it is {value}."),
            format!("{lead} {value} km"),
            format!("**{value:e}**"),
            format!("{lead} ${value}"),
        ] {
            prop_assert_eq!(numeric(value, 0.0).score(&dressed), 1.0, "{}", dressed);
        }
    }

    #[test]
    fn of_any_options_exactly_the_right_one_scores(
        options in proptest::collection::btree_set("[a-z]{3,8}", 2..6),
        right in any::<prop::sample::Index>(),
    ) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let right = right.index(options.len());
        let check = choice(options[right], &options);
        for (place, option) in options.iter().enumerate() {
            let expected = f64::from(u8::from(place == right));
            let letter = char::from(b'A' + u8::try_from(place).unwrap());
            prop_assert_eq!(check.score(option), expected);
            prop_assert_eq!(check.score(&letter.to_string()), expected);
            prop_assert_eq!(check.score(&format!("{letter}) {option}")), expected);
        }
    }

    #[test]
    fn json_equals_itself_in_any_layout(fields in proptest::collection::btree_map("[a-z]{1,4}", -1000_i64..1000, 0..6)) {
        let value = serde_json::to_value(&fields).unwrap();
        let check = Check::Json { value: value.clone() };
        let reversed: Vec<String> = fields.iter().rev().map(|(k, v)| format!("\"{k}\": {v}.0")).collect();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for text in [value.to_string(), pretty, format!("```json\n{{{}}}\n```", reversed.join(", "))] {
            prop_assert_eq!(check.score(&text), 1.0, "{}", text);
        }
    }
}
