//! What a plugin returns is checked before anybody acts on it: numbers are finite, names and ids are there and of
//! bounded length. (Text is UTF-8 and bounded by [`memhost_contract::limits::Limits::hostcall_bytes`] already; whether an id exists is
//! the store's to say.)

use memhost_contract::{
    Adjustment, Change, Commit, Counters, Description, Fault, Guidance, Key, Label, Link, Op,
    PACKAGE, Plan,
};

/// The longest id, name or kind, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest text of a fault or a description, in bytes: it is printed, and kept in reports.
const LONGEST_REMARK: usize = 4 << 10;

/// The most trials, rounds or refinements that a plan may ask for.
const MOST_REPEATS: u32 = 1_000;

/// The host interfaces that a description may require.
const INTERFACES: [&str; 4] = ["llm", "embedder", "store", "run"];

type Checked = Result<(), String>;

pub(super) fn description(description: &Description) -> Checked {
    let name = &description.name;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !is_name(name) || name.len() > 64 || !name.chars().all(is_plain) {
        return Err(format!(
            "describe: the name {name:?} is not made of 1 to 64 lower-case letters, digits and hyphens"
        ));
    }
    let remarks = [
        &description.version,
        &description.summary,
        &description.source,
    ];
    let docs = description
        .parameters
        .iter()
        .map(|parameter| &parameter.doc);
    for remark in remarks.into_iter().chain(docs).chain(&description.degraded) {
        if remark.len() > LONGEST_REMARK {
            return Err(format!(
                "describe: a text has {} bytes and may have {LONGEST_REMARK}",
                remark.len()
            ));
        }
    }
    let mut seen = std::collections::HashSet::new();
    for parameter in &description.parameters {
        named("describe: a parameter's name", &parameter.name)?;
        if !seen.insert(&parameter.name) {
            return Err(format!(
                "describe: the parameter `{}` is declared twice",
                parameter.name
            ));
        }
        let values = std::iter::once(&parameter.default).chain(&parameter.source_value);
        for value in values {
            if let memhost_contract::Value::Number(number) = value {
                let name = &parameter.name;
                finite(&format!("describe: a value of `{name}`"), *number)?;
            }
        }
    }
    match description
        .requires
        .iter()
        .find(|name| !INTERFACES.contains(&name.as_str()))
    {
        Some(unknown) => Err(format!(
            "describe: it requires `{unknown}`, which {PACKAGE} does not have"
        )),
        None => Ok(()),
    }
}

/// A fault whose text is cut to a length that can be printed.
pub(super) fn bounded(fault: Fault) -> Fault {
    let cut = |mut text: String| {
        text.truncate(text.floor_char_boundary(LONGEST_REMARK));
        text
    };
    match fault {
        Fault::Invalid(text) => Fault::Invalid(cut(text)),
        Fault::Exhausted(text) => Fault::Exhausted(cut(text)),
        Fault::Unavailable(text) => Fault::Unavailable(cut(text)),
        Fault::Failed(text) => Fault::Failed(cut(text)),
    }
}

pub(super) fn plan(plan: &Plan) -> Checked {
    for (field, value, least) in [
        ("trials", plan.trials, 1),
        ("rounds", plan.rounds, 1),
        ("refinements", plan.refinements, 0),
    ] {
        if !(least..=MOST_REPEATS).contains(&value) {
            return Err(format!(
                "plan-for: {field} is {value} and must lie in {least}..={MOST_REPEATS}"
            ));
        }
    }
    let calls = plan.calls;
    for (field, value) in [
        ("calls.retrieve", calls.retrieve),
        ("calls.distill", calls.distill),
        ("calls.update", calls.update),
        ("calls.candidates", calls.candidates),
    ] {
        if !value.is_finite() || value < 0.0 {
            return Err(format!(
                "plan-for: {field} is {value} and must be 0 or a positive number"
            ));
        }
    }
    Ok(())
}

pub(super) fn guidance(guidance: &Guidance) -> Checked {
    for (place, citation) in guidance.receipt.used.iter().enumerate() {
        named(&format!("receipt.used[{place}].memory"), &citation.memory)?;
        finite(&format!("receipt.used[{place}].score"), citation.score)?;
    }
    Ok(())
}

pub(super) fn changes(changes: &[Change]) -> Checked {
    for (place, change) in changes.iter().enumerate() {
        operation(&change.op)
            .and_then(|()| match change.commit {
                Commit::IfTrialGains(gain) => finite("commit.if-trial-gains", gain),
                Commit::AtOnce | Commit::IfNextAttemptSucceeds => Ok(()),
            })
            .map_err(|problem| format!("change {place}: {problem}"))?;
    }
    Ok(())
}

pub(super) fn ids(ids: &[String]) -> Checked {
    for (place, id) in ids.iter().enumerate() {
        named(&format!("id {place}"), id)?;
    }
    Ok(())
}

fn operation(op: &Op) -> Checked {
    match op {
        Op::Insert(memory) => {
            named("insert.kind", &memory.kind)?;
            keys("insert", &memory.keys)?;
            labels("insert", &memory.labels)?;
            counters(&memory.counters)
        }
        Op::Revise(patch) => {
            named("revise.id", &patch.id)?;
            keys("revise", patch.keys.as_deref().unwrap_or_default())?;
            labels("revise", patch.labels.as_deref().unwrap_or_default())
        }
        Op::Adjust(adjustment) => adjust(adjustment),
        Op::Remove(id) => named("remove", id),
        Op::Connect(link) => {
            edge("connect", link)?;
            finite("connect.weight", link.weight)
        }
        Op::Disconnect(link) => edge("disconnect", link),
        Op::Save(blob) => named("save.name", &blob.name),
    }
}

fn adjust(adjustment: &Adjustment) -> Checked {
    named("adjust.id", &adjustment.id)?;
    finite("adjust.delta", adjustment.delta)?;
    let least = adjustment.least.unwrap_or(f64::MIN);
    let most = adjustment.most.unwrap_or(f64::MAX);
    finite("adjust.least", least)?;
    finite("adjust.most", most)?;
    if least > most {
        return Err(format!("adjust: least {least} is above most {most}"));
    }
    Ok(())
}

fn edge(op: &str, link: &Link) -> Checked {
    named(&format!("{op}.source"), &link.source)?;
    named(&format!("{op}.target"), &link.target)?;
    named(&format!("{op}.kind"), &link.kind)
}

fn keys(op: &str, keys: &[Key]) -> Checked {
    keys.iter()
        .try_for_each(|key| named(&format!("{op}.keys: a name"), &key.name))
}

fn labels(op: &str, labels: &[Label]) -> Checked {
    labels
        .iter()
        .try_for_each(|label| named(&format!("{op}.labels: a name"), &label.name))
}

fn counters(counters: &Counters) -> Checked {
    finite("insert.counters.weight", counters.weight)?;
    finite("insert.counters.strength", counters.strength)
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
}

fn named(what: &str, name: &str) -> Checked {
    match is_name(name) {
        true => Ok(()),
        false => Err(format!(
            "{what} has {} bytes and must have 1 to {LONGEST_NAME}",
            name.len()
        )),
    }
}

fn finite(what: &str, number: f64) -> Checked {
    match number.is_finite() {
        true => Ok(()),
        false => Err(format!("{what} is {number}, which is not finite")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use memhost_contract::{
        Blob, Citation, Counter, ExpectedCalls, NewMemory, Parameter, Placement, Receipt, Value,
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
            Plan { trials: 0, ..good },
            Plan { rounds: 0, ..good },
            Plan {
                trials: u32::MAX,
                ..good
            },
            Plan {
                refinements: 1_001,
                ..good
            },
            Plan {
                calls: ExpectedCalls {
                    update: f32::NAN,
                    ..good.calls
                },
                ..good
            },
        ] {
            plan(&bad).unwrap_err();
        }
    }

    /// Every number that a change or a receipt carries, one at a time.
    fn with_number(place: usize, number: f64) -> Checked {
        let adjustment = |delta, least, most| {
            changes(&[Change {
                op: Op::Adjust(Adjustment {
                    id: "a".to_owned(),
                    counter: Counter::Weight,
                    delta,
                    least,
                    most,
                }),
                commit: Commit::AtOnce,
            }])
        };
        let inserted = |weight, strength| {
            changes(&[Change {
                op: Op::Insert(NewMemory {
                    kind: "item".to_owned(),
                    title: String::new(),
                    content: String::new(),
                    keys: Vec::new(),
                    labels: Vec::new(),
                    payload: String::new(),
                    counters: Counters {
                        weight,
                        uses: 0,
                        wins: 0,
                        losses: 0,
                        strength,
                    },
                    sources: Vec::new(),
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
            5 => changes(&[Change {
                op: Op::Connect(Link {
                    source: "a".to_owned(),
                    target: "b".to_owned(),
                    kind: "similar".to_owned(),
                    weight: number,
                }),
                commit: Commit::AtOnce,
            }]),
            6 => changes(&[Change {
                op: Op::Save(Blob {
                    name: "w".to_owned(),
                    bytes: Vec::new(),
                }),
                commit: Commit::IfTrialGains(number),
            }]),
            _ => guidance(&Guidance {
                text: String::new(),
                placement: Placement::User,
                receipt: Receipt {
                    id: String::new(),
                    used: vec![Citation {
                        memory: "a".to_owned(),
                        score: number,
                    }],
                    note: String::new(),
                },
            }),
        }
    }

    proptest! {
        #[test]
        fn a_number_is_accepted_wherever_it_stands_exactly_if_it_is_finite(
            place in 0_usize..8,
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
    fn crossed_bounds_of_an_adjustment_are_refused() {
        let crossed = Op::Adjust(Adjustment {
            id: "a".to_owned(),
            counter: Counter::Uses,
            delta: 1.0,
            least: Some(2.0),
            most: Some(1.0),
        });
        let change = Change {
            op: crossed,
            commit: Commit::AtOnce,
        };
        let told = changes(&[change]).unwrap_err();
        assert_eq!(told, "change 0: adjust: least 2 is above most 1");
    }
}
