//! What is accepted of a plugin, and what is not.

use proptest::prelude::*;

use super::declaration::{MOST_MOMENTS, declared};
use super::*;
use memhost_contract::{
    Agent, Blob, Citation, Counter, Description, ExpectedCalls, NewMemory, NumberRange, Parameter,
    Patch, Plan, Range, State, Step, Task, Trigger, Value,
};

fn a_description() -> Description {
    Description {
        name: "reasoningbank".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "What it does.".to_owned(),
        source: "https://arxiv.org/abs/2509.25140".to_owned(),
        parameters: vec![Parameter {
            name: "k".to_owned(),
            default: Value::Number(1.0),
            source_value: None,
            range: None,
            doc: "How many.".to_owned(),
        }],
        requires: vec!["llm".to_owned()],
        degraded: Vec::new(),
    }
}

#[test]
fn a_description_is_named_plainly_and_declares_each_parameter_once() {
    let good = a_description();
    description(&good).unwrap();
    for name in ["", "Rag", "a b", "a/b", "../x", "naïve", &"x".repeat(65)] {
        let bad = Description {
            name: name.to_owned(),
            ..good.clone()
        };
        description(&bad).unwrap_err();
    }
    let twice = good.parameters.iter().cycle().take(2).cloned().collect();
    description(&Description {
        parameters: twice,
        ..good.clone()
    })
    .unwrap_err();
    let unknown = vec!["filesystem".to_owned()];
    description(&Description {
        requires: unknown,
        ..good.clone()
    })
    .unwrap_err();
    description(&Description {
        summary: "x".repeat(5_000),
        ..good
    })
    .unwrap_err();
}

#[test]
fn a_plan_has_a_trial_and_a_round_and_not_millions() {
    let good = Plan::streaming();
    plan(&good).unwrap();
    for bad in [
        Plan {
            trials: 0,
            ..good.clone()
        },
        Plan {
            rounds: 0,
            ..good.clone()
        },
        Plan {
            trials: u32::MAX,
            ..good.clone()
        },
        Plan {
            refinements: 1_001,
            ..good.clone()
        },
        Plan {
            retries: 1_001,
            ..good.clone()
        },
        Plan {
            agent_temperature: Some(-0.5),
            ..good.clone()
        },
        Plan {
            moments: vec![Trigger::EverySteps(0)],
            ..good.clone()
        },
        Plan {
            moments: vec![Trigger::Retry; MOST_MOMENTS + 1],
            ..good.clone()
        },
        Plan {
            calls: ExpectedCalls {
                update: f32::NAN,
                ..good.calls
            },
            ..good.clone()
        },
    ] {
        plan(&bad).unwrap_err();
    }
}

/// Changes, whenever the call was made.
fn changed(changes: &[Change]) -> Checked {
    self::changes(changes, f64::NEG_INFINITY)
}

#[test]
fn what_would_have_expired_already_is_not_written() {
    let told = |expires, now| {
        let patch = Patch {
            expires: Some(expires),
            ..Patch::to_state("m1", State::Active)
        };
        let insert = NewMemory {
            expires: Some(expires),
            ..NewMemory::new("item", "")
        };
        let [insert, revise] = [Op::Insert(insert), Op::Revise(patch)].map(|op| {
            let commit = Commit::AtOnce;
            changes(&[Change { op, commit }], now)
        });
        assert_eq!(insert.is_ok(), revise.is_ok());
        insert
    };
    told(1001.0, 1000.0).unwrap();
    for past in [1000.0, 1.0, -5.0] {
        let told = told(past, 1000.0).unwrap_err();
        assert!(
            told.contains(&format!("insert.expires is {past}, and it is 1000")),
            "{told}"
        );
        assert!(told.contains("or remove the memory"), "{told}");
    }
}

fn citing(score: f64) -> Receipt {
    Receipt {
        used: vec![Citation {
            memory: "a".to_owned(),
            score,
        }],
        ..Receipt::nothing()
    }
}

/// A run of two steps.
fn a_run() -> Context {
    Context {
        task: Task::new("t", ""),
        agent: Agent::new("a", "a"),
        steps: vec![Step::action("look", "{}"); 2],
        summary: String::new(),
        token_budget: 10,
    }
}

#[test]
fn a_run_has_no_more_last_steps_than_steps() {
    for (keep_last, is_right) in [(0, true), (2, true), (3, false), (u32::MAX, false)] {
        let short = Compacted {
            keep_last,
            ..Compacted::unchanged(a_run())
        };
        assert_eq!(compacted(&short, &a_run()).is_ok(), is_right, "{keep_last}");
    }
}

#[test]
fn a_range_holds_the_default_and_is_one() {
    let ranged = |default: f64, least: f64, most: f64, logarithmic: bool| {
        declared(&Parameter {
            name: "k".to_owned(),
            default: Value::Number(default),
            source_value: None,
            range: Some(Range::Numbers(NumberRange {
                least,
                most,
                whole: true,
                logarithmic,
            })),
            doc: String::new(),
        })
    };
    ranged(1.0, 1.0, 9.0, true).unwrap();
    for (default, least, most, logarithmic, sign) in [
        (0.0, 1.0, 9.0, false, "the default of `k` is 0"),
        (1.5, 1.0, 9.0, false, "a whole number from 1 to 9"),
        (1.0, 9.0, 1.0, false, "above the most"),
        (1.0, 0.0, 9.0, true, "by ratios"),
        (1.0, f64::NEG_INFINITY, 9.0, false, "not finite"),
    ] {
        let told = ranged(default, least, most, logarithmic).unwrap_err();
        assert!(told.contains(sign), "{told}");
    }
    let choices = Range::Choices(vec!["a".to_owned(), "b".to_owned()]);
    let told = declared(&Parameter {
        name: "mode".to_owned(),
        default: Value::Text("c".to_owned()),
        source_value: None,
        range: Some(choices),
        doc: String::new(),
    });
    assert_eq!(
        told.unwrap_err(),
        "describe: the default of `mode` is c, and it takes `a` or `b`"
    );
}

#[test]
fn an_offer_has_a_schema_that_is_json_schema_or_none() {
    let offering = |schema: &str| {
        guidance(&Guidance {
            offers: vec![Tool {
                name: "recall".to_owned(),
                description: String::new(),
                schema: schema.to_owned(),
            }],
            ..Guidance::nothing()
        })
    };
    for good in ["", "{}", r#"{"type": "object"}"#] {
        offering(good).unwrap();
    }
    for (bad, sign) in [
        ("{", "not JSON:"),
        (r#"{"type": "objekt"}"#, "not JSON Schema"),
        ("7", "not JSON Schema"),
        (
            r#"{"$schema": "https://example.org/mine"}"#,
            "not JSON Schema",
        ),
        (r#"{"pattern": "("}"#, "not JSON Schema"),
        (r#"{"$ref": "http://127.0.0.1:9/x"}"#, "not JSON Schema"),
        (r#"{"$ref": "file:///etc/passwd"}"#, "not JSON Schema"),
        (r##"{"$ref": "#/$defs/none"}"##, "not JSON Schema"),
    ] {
        let told = offering(bad).unwrap_err();
        assert!(told.contains(sign), "{told}");
    }
    let tool = Tool {
        name: "recall".to_owned(),
        description: String::new(),
        schema: String::new(),
    };
    let twice = Guidance {
        offers: vec![tool.clone(), tool],
        ..Guidance::nothing()
    };
    assert!(guidance(&twice).unwrap_err().contains("offered twice"));
}

/// Every number that a change or a receipt carries, one at a time.
fn with_number(place: usize, number: f64) -> Checked {
    let adjustment = |delta, least, most| {
        changed(&[Change {
            op: Op::Adjust(Adjustment {
                target: "a".into(),
                counter: Counter::Weight,
                delta,
                least,
                most,
            }),
            commit: Commit::AtOnce,
        }])
    };
    let inserted = |weight, strength| {
        changed(&[Change {
            op: Op::Insert(NewMemory {
                counters: Counters {
                    weight,
                    uses: 0,
                    wins: 0,
                    losses: 0,
                    strength,
                },
                ..NewMemory::new("item", "")
            }),
            commit: Commit::AtOnce,
        }])
    };
    match place {
        0 => adjustment(number, None, None),
        1 => adjustment(0.0, Some(number), None),
        2 => adjustment(0.0, None, Some(number)),
        3 => inserted(number, 0.0),
        4 => inserted(0.0, number),
        5 => changed(&[Change {
            op: Op::Connect(NewLink {
                source: "a".into(),
                target: "b".into(),
                kind: "similar".to_owned(),
                weight: number,
            }),
            commit: Commit::AtOnce,
        }]),
        6 => changed(&[Change {
            op: Op::Save(Blob {
                name: "w".to_owned(),
                bytes: Vec::new(),
            }),
            commit: Commit::IfTrialGains(number),
        }]),
        7 => changed(&[Change::at_once(Op::Insert(NewMemory {
            expires: Some(number),
            ..NewMemory::new("item", "")
        }))]),
        8 => changed(&[Change::at_once(Op::Revise(Patch {
            expires: Some(number),
            ..Patch::of("a")
        }))]),
        9 => compacted(
            &Compacted {
                receipt: citing(number),
                ..Compacted::unchanged(a_run())
            },
            &a_run(),
        ),
        _ => guidance(&Guidance {
            receipt: citing(number),
            ..Guidance::nothing()
        }),
    }
}

proptest! {
    #[test]
    fn a_number_is_accepted_wherever_it_stands_exactly_if_it_is_finite(
        place in 0_usize..11,
        number in any::<f64>(),
    ) {
        prop_assert_eq!(with_number(place, number).is_ok(), number.is_finite());
    }

    #[test]
    fn an_id_is_accepted_exactly_if_it_is_there_and_not_endless(length in 0_usize..1_000) {
        let accepted = ids(&["x".repeat(length)]).is_ok();
        prop_assert_eq!(accepted, (1..=LONGEST_NAME).contains(&length));
    }

    #[test]
    fn a_fault_keeps_its_beginning(text in ".{0,3000}") {
        let Fault::Failed(kept) = bounded(Fault::Failed(text.clone())) else {
            return Err(TestCaseError::fail("another fault"));
        };
        prop_assert!(text.starts_with(&kept));
        prop_assert!(kept.len() <= LONGEST_REMARK && (kept.len() == text.len() || kept.len() > LONGEST_REMARK - 4));
    }
}

#[test]
fn what_is_written_apart_from_any_task_waits_for_none() {
    let insert = |commit| Change {
        op: Op::Insert(NewMemory::new("item", "")),
        commit,
    };
    maintained(&[insert(Commit::AtOnce)], 0.0).unwrap();
    for commit in [Commit::IfNextAttemptSucceeds, Commit::IfTrialGains(0.0)] {
        let told = maintained(&[insert(Commit::AtOnce), insert(commit)], 0.0).unwrap_err();
        assert!(told.starts_with("change 1 waits"), "{told}");
    }
}

#[test]
fn crossed_bounds_of_an_adjustment_are_refused() {
    let crossed = Op::Adjust(Adjustment {
        target: "a".into(),
        counter: Counter::Uses,
        delta: 1.0,
        least: Some(2.0),
        most: Some(1.0),
    });
    let change = Change {
        op: crossed,
        commit: Commit::AtOnce,
    };
    let told = changed(&[change]).unwrap_err();
    assert_eq!(told, "change 0: adjust: least 2 is above most 1");
}
