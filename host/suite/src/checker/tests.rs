use proptest::prelude::*;
use serde_json::json;

use super::*;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn numeric(value: f64, tolerance: f64) -> AnswerCheck {
    AnswerCheck::Numeric { value, tolerance }
}

fn choice(answer: &str, options: &[&str]) -> AnswerCheck {
    AnswerCheck::Choice {
        answer: answer.to_owned(),
        options: texts(options),
    }
}

/// Answers that are right, and answers that are wrong.
#[track_caller]
fn tells_apart(check: &AnswerCheck, right: &[&str], wrong: &[&str]) {
    for answer in right {
        assert_eq!(check.score(answer), 1.0, "{answer:?} is right: {check:?}");
    }
    for answer in wrong {
        assert_eq!(check.score(answer), 0.0, "{answer:?} is wrong: {check:?}");
    }
}

#[test]
fn exact_is_the_whole_answer_but_for_case_and_punctuation() {
    let check = AnswerCheck::Exact {
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
    let check = AnswerCheck::Exact {
        answers: texts(&["-1,000.50"]),
    };
    tells_apart(&check, &["-1000.5", " -1,000.50. "], &["1000.5", "-1000"]);
}

#[test]
fn exact_marks_are_compared_as_they_are() {
    let check = AnswerCheck::Exact {
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
    let check = AnswerCheck::Json {
        value: json!({"a": 1, "b": [1.5, {"c": null}]}),
    };
    tells_apart(
        &check,
        &[
            r#"{"b": [1.5, {"c": null}], "a": 1.0}"#,
            "So:\n```json\n{\"a\": 1, \"b\": [1.5, {\"c\": null}]}\n```\nDone.",
            "```\n{\"b\": [1.5, {\"c\": null}], \"a\": 1}\n``` or ```{\"a\": 1, \"b\": [1.5, {\"c\": null}]}```",
        ],
        &[
            "```\n{}\n``` no: ```{\"a\": 1, \"b\": [1.5, {\"c\": null}]}```",
            "{\"a\": 1, \"b\": [1.5, {\"c\": null}]}\n{}",
            r#"{"a": 1}"#,
            r#"{"a": 1, "b": [{"c": null}, 1.5]}"#,
            r#"{"a": "1", "b": [1.5, {"c": null}]}"#,
            r#"{"a": 1, "b": [1.5, {"c": null}], "d": 0}"#,
            "```json\n{\"a\": 1",
            "",
        ],
    );
    let large = AnswerCheck::Json {
        value: json!(9_007_199_254_740_993_u64),
    };
    tells_apart(&large, &["9007199254740993"], &["9007199254740992"]);
}

#[test]
fn contains_looks_for_the_words() {
    let phrase = AnswerCheck::Contains {
        answers: texts(&["38 square"]),
        matching: Matching::Phrase,
    };
    tells_apart(&phrase, &["only 38 Square feet"], &["38 feet square", ""]);
    let in_words = AnswerCheck::Contains {
        answers: texts(&["the cat of Momo"]),
        matching: Matching::Words,
    };
    tells_apart(&in_words, &["Momo is a cat"], &["Momo is a dog"]);
}

#[test]
fn a_probability_is_scored_by_brier() {
    let happened = AnswerCheck::Probability { happened: true };
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
    let not = AnswerCheck::Probability { happened: false };
    assert_eq!(not.score("0%"), 1.0);
    assert_eq!(not.score("no idea"), 0.0, "refusing is no forecast");
}

#[test]
fn checks_come_back_from_json_as_they_were() {
    let text = r#"{"choice": {"answer": "B", "options": ["x", "y"]}}"#;
    assert_eq!(
        serde_json::from_str::<AnswerCheck>(text).unwrap(),
        choice("B", &["x", "y"])
    );
    assert!(serde_json::from_str::<AnswerCheck>(r#"{"numeric": {"valve": 1}}"#).is_err());
}

#[test]
fn a_huge_answer_is_scored_in_no_time() {
    let start = std::time::Instant::now();
    for piece in [
        "$",
        "-",
        "1",
        "1,111",
        "1 1/",
        "A ",
        "[",
        "```",
        "paris ",
        " ",
        "<think></think>",
    ] {
        let huge = piece.repeat(50_000);
        for check in every_kind() {
            check.score(&huge);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

fn contains(accepted: &[&str]) -> AnswerCheck {
    AnswerCheck::Contains {
        answers: texts(accepted),
        matching: Matching::Phrase,
    }
}

/// What is wanted, what is said, and whether that is right.
#[test]
fn one_answer_in_a_short_sentence_is_right_and_a_list_never() {
    const DAYS: &str = "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday";
    for (wanted, said, is_right) in [
        ("Monday", "Monday", true),
        ("Monday", "It was on Monday.", true),
        ("Monday", "**Monday**", true),
        ("Monday", "The meeting took place on Monday.", true),
        ("Monday", "Yes, on Monday.", true),
        ("Monday", "I think it was Monday.", true),
        ("Monday", "Monday, I think", true),
        ("Monday", "Monday. Monday!", true),
        ("Monday", "on Monday, not on Tuesday", true),
        ("Monday", DAYS, false),
        ("Monday", &DAYS.replace(", ", "\n- "), false),
        ("Monday", &DAYS.replace(", ", " "), false),
        ("Monday", &DAYS.replace(", ", " or "), false),
        ("Monday", &DAYS.replace(", ", "/"), false),
        ("Monday", &DAYS.replace(", ", " | "), false),
        ("Monday", &DAYS.replace(", ", ": "), false),
        ("Monday", &DAYS.replace(", ", " → "), false),
        ("Monday", &DAYS.replace(", ", " 🦀 "), false),
        ("Monday", "Monday Tuesday Wednesday", false),
        ("Monday", "Monday morning", true),
        ("Montag", "Das Treffen hat am Montag stattgefunden.", true),
        ("lunes", "Fue el lunes.", true),
        ("गुड्डी", "मेरी बिल्ली का नाम गुड्डी है", true),
        ("18:30", "at 18:30", true),
        ("Monday", "Tuesday, Monday", false),
        ("Monday", "Monday or Tuesday", false),
        ("Monday", "Either Monday or Tuesday.", false),
        ("Monday", "Monday (or Tuesday)", false),
        ("Monday", "It was Monday. It was Tuesday.", false),
        ("Monday", "not Monday", false),
        ("Monday", "It was not on Monday", false),
        ("Monday", "It wasn't Monday.", false),
        ("Monday", "Was it Monday?", false),
        ("Monday", "Let me think about Monday…", false),
        ("Monday", "Let me think: Monday...", false),
        ("Monday", "<think>Monday", false),
        ("Monday", "<think>Tuesday?</think>Monday", true),
        ("Monday", "<think>Monday</think>Tuesday", false),
        ("Monday", "Mondays", false),
        ("Monday", "", false),
        ("Rex", "The user said that her dog is called Rex.", true),
        ("Dr. Smith", "Dr. Smith", true),
        ("Smith", "It was Dr. Smith.", true),
        ("Tom and Jerry", "Tom and Jerry", true),
        ("Tom and Jerry", "Tom, Jerry and Rex", false),
        ("Paris, France", "Paris, France.", true),
        ("Who's on first?", "“Who's on first?”", true),
        ("7 May 2023", "It was on 7 May, 2023.", true),
        ("18", "18", true),
        ("18", "18 degrees", true),
        ("18", "18%", true),
        ("18", "$18.00", true),
        ("18", "-18", false),
        ("18", "minus 18", false),
        ("18", "18.5", false),
        ("18", "17 18 19", false),
        ("18", "17 or 18", false),
        ("18", "#18", true),
        ("-18", "−18 °C", true),
        ("-18", "It is set to minus 18 degrees.", true),
        ("-18", "18", false),
        ("-18", "- 18", false),
        ("3.5", "3.50", true),
        ("1000", "1,000 people", true),
        ("1000", "1.000", false),
        ("C++", "It is C++.", true),
        ("C++", "C++17", true),
        ("C++", "C#", false),
        ("C++", "C", false),
        ("C++", "c + +", false),
        ("C", "C++", false),
        ("C", "C#", false),
        ("F#", "F", false),
        ("F#", "`F#`", true),
        (".NET", "in .NET", true),
        (".NET", "the net", false),
        ("Amélie", "Ame\u{301}lie", true),
        ("ABC123", "ＡＢＣ１２３", true),
        ("星期一", "会议是在星期一举行的。", true),
        ("星期一", "星期一、星期二、星期三", false),
        (
            "星期一",
            "星期一星期二星期三星期四星期五星期六星期日",
            false,
        ),
    ] {
        let score = contains(&[wanted]).score(said);
        assert_eq!(
            score == 1.0,
            is_right,
            "{wanted:?} was wanted, and {said:?} said"
        );
        assert!(score == 0.0 || score == 1.0);
    }
    let several = contains(&["NYC", "New York City"]);
    tells_apart(&several, &["New York City (NYC)"], &["New York City (LA)"]);
}

#[test]
fn answers_in_somebodys_own_words_hold_the_same_words_and_little_else() {
    let in_words = |accepted: &str| AnswerCheck::Contains {
        answers: texts(&[accepted]),
        matching: Matching::Words,
    };
    tells_apart(
        &in_words("She moved to Lyon in 2019"),
        &["In 2019 she moved to Lyon.", "Lyon, moved 2019"],
        &[
            "She moved to Lyon in 2018.",
            "She moved to Lyon, Paris, Nice in 2019",
            "Lyon Paris Nice Lille Rennes Nantes Metz Brest Toulon Dijon Reims moved 2019",
        ],
    );
    tells_apart(
        &in_words("-18 degrees"),
        &["-18 degrees", "degrees: minus 18"],
        &["18 degrees"],
    );
    tells_apart(&in_words("18 degrees"), &["degrees: 18"], &["-18 degrees"]);
    tells_apart(
        &in_words("writes C++"),
        &["C++ is what she writes"],
        &["C# is what she writes"],
    );
    tells_apart(&in_words("小花"), &["我的猫叫小花"], &["我的花叫小猫"]);
}

#[test]
fn whoever_names_several_numbers_has_named_none() {
    let hundred: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    tells_apart(
        &numeric(100.0, 0.0),
        &[
            "100",
            "99 + 1 = 100",
            "1 of 100",
            "100 (one hundred)",
            "100, 100",
        ],
        &[
            &hundred.join(", "),
            &hundred.join(" "),
            &hundred.join("\n"),
            &hundred.join(" or "),
            "99 or 100",
            "99 kg or 100",
            "99-100",
            "99–100",
            "between 99 and 100",
            "99 (or 100)",
            "99, 100, 100",
            "100?",
            "100...",
            "<think>99 + 1 = 100",
        ],
    );
    tells_apart(
        &numeric(-18.0, 0.0),
        &[
            "-18",
            "minus 18",
            "It is Negative 18.",
            "<think>18</think>-18",
        ],
        &["18", "- 18", "20 minus 18", "20-18"],
    );
    tells_apart(&numeric(18.0, 0.0), &["20 minus 18", "- 18"], &["minus 18"]);
    tells_apart(&numeric(0.7, 0.0), &["0.7 (70%)"], &["0.7 (75%)"]);
}

#[test]
fn whoever_gives_several_probabilities_has_given_none() {
    let happened = AnswerCheck::Probability { happened: true };
    for list in [
        "0.5 or 0.9",
        "0.1, 0.9",
        "30% - 50%",
        "between 0.3 and 0.5",
        "0.9?",
        "0 1",
    ] {
        assert_eq!(happened.score(list), 0.0, "{list}");
    }
    for one in ["0.9", "0.9 (90%)", "0.9 (9 of 10)", "0.9, I think"] {
        assert!((happened.score(one) - 0.99).abs() < 1e-12, "{one}");
    }
}

#[test]
fn an_option_that_is_denied_or_asked_for_is_not_chosen() {
    let check = choice("Paris", &["Lyon", "Paris"]);
    tells_apart(
        &check,
        &["Paris", "It is Paris."],
        &[
            "not Paris",
            "It isn't Paris",
            "Paris?",
            "Paris…",
            "Lyon, Paris",
        ],
    );
    let languages = choice("C++", &["C", "C++", "C#"]);
    tells_apart(
        &languages,
        &["C++", "It is C++."],
        &["C", "C#", "C, C++, C#"],
    );
    tells_apart(&choice("C", &["C", "C++"]), &["C", "It is C."], &["C++"]);
    tells_apart(
        &choice("-5", &["5", "-5"]),
        &["-5", "It is -5."],
        &["5", "It is 5."],
    );
}

#[test]
fn exact_answers_keep_their_signs() {
    let exact = |wanted: &str| AnswerCheck::Exact {
        answers: texts(&[wanted]),
    };
    tells_apart(
        &exact("C++"),
        &["C++", "c++."],
        &["C", "C#", "C + +", "C++, C#"],
    );
    tells_apart(&exact("-18"), &["-18", "minus 18", "−18"], &["18", "- 18"]);
    tells_apart(
        &exact("18 degrees"),
        &["18 degrees", "18 Degrees!"],
        &["-18 degrees"],
    );
}

fn every_kind() -> Vec<AnswerCheck> {
    vec![
        AnswerCheck::Exact {
            answers: texts(&["Paris"]),
        },
        numeric(42.0, 0.5),
        choice("B", &["Lyon", "Paris", "Lyon the great"]),
        AnswerCheck::Json {
            value: json!({"a": [1]}),
        },
        AnswerCheck::Contains {
            answers: texts(&["Paris"]),
            matching: Matching::Phrase,
        },
        AnswerCheck::Contains {
            answers: texts(&["Paris in May"]),
            matching: Matching::Words,
        },
        AnswerCheck::Probability { happened: true },
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
        let check = AnswerCheck::Json { value: value.clone() };
        let reversed: Vec<String> = fields.iter().rev().map(|(k, v)| format!("\"{k}\": {v}.0")).collect();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for text in [value.to_string(), pretty, format!("```json\n{{{}}}\n```", reversed.join(", "))] {
            prop_assert_eq!(check.score(&text), 1.0, "{}", text);
        }
    }

    /// However it is joined: a list of all options is never right, and no candidate more makes a wrong answer right.
    #[test]
    fn naming_more_never_helps(
        options in proptest::collection::btree_set("[a-z]{4,8}", 2..9),
        right in any::<prop::sample::Index>(),
        joint in prop::sample::select(vec![", ", " or ", " and ", "\n", "; ", "/", " | ", ". ", " - ", "\n- ", " (", "? ", ": ", " & ", " = ", " -> ", "…"]),
    ) {
        let options: Vec<String> = options.into_iter().map(|option| format!("x{option}")).collect();
        let right = &options[right.index(options.len())];
        let all: Vec<&str> = options.iter().map(String::as_str).collect();
        let numbers: Vec<String> = (1..=options.len()).map(|number| number.to_string()).collect();
        let wanted = [
            (contains(&[right]), &options),
            (choice(right, &all), &options),
            (AnswerCheck::Exact { answers: vec![right.clone()] }, &options),
            (contains(&["1"]), &numbers),
            (numeric(1.0, 0.0), &numbers),
            (numeric(numbers.len() as f64, 0.0), &numbers),
        ];
        for (check, candidates) in wanted {
            if [". ", " = ", " -> ", ": ", "…"].contains(&joint) && matches!(check, AnswerCheck::Numeric { .. }) {
                // A calculation or sentences: the last one decides.
                continue;
            }
            prop_assert_eq!(check.score(&candidates.join(joint)), 0.0, "{:?} {}", check, candidates.join(joint));
            for shown in 1..candidates.len() {
                let (fewer, more) = (candidates[..shown].join(joint), candidates[..=shown].join(joint));
                prop_assert!(check.score(&more) <= check.score(&fewer), "{:?} {}", check, more);
            }
        }
    }

    /// Whatever it holds, and whatever it may look like.
    #[test]
    fn an_accepted_answer_is_right_word_for_word(answer in "\\PC{0,30}", marks in "[-+#.,;:/()?!…\"a-c0-9 ]{0,20}") {
        for answer in [answer, marks] {
            let is_thought = apart(&answer).said.as_deref() != Some(answer.trim());
            if signed_words(&answer).is_empty() || is_thought {
                continue;
            }
            let accepted = vec![answer.clone()];
            for check in [
                AnswerCheck::Exact { answers: accepted.clone() },
                AnswerCheck::Contains { answers: accepted.clone(), matching: Matching::Phrase },
                AnswerCheck::Contains { answers: accepted, matching: Matching::Words },
            ] {
                prop_assert_eq!(check.score(&answer), 1.0, "{:?}", check);
            }
        }
    }

    #[test]
    fn a_short_answer_keeps_its_score_in_a_sentence(
        answer in "[A-Z][a-z]{3,8}( [A-Z][a-z]{3,8})?",
        sentence in prop::sample::select(vec!["{}", "It was {}.", "The answer is {}.", "her dog is called {}", "**{}**", "“{}”", "Yes, {}!"]),
    ) {
        prop_assert_eq!(contains(&[&answer]).score(&sentence.replace("{}", &answer)), 1.0);
    }
}
