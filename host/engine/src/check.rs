//! What a plugin returns is checked before anybody acts on it: numbers are finite, names and ids are there and of
//! bounded length. (Text is UTF-8 and bounded by [`memhost_contract::limits::Limits::hostcall_bytes`] already; whether an id exists is
//! the store's to say.)

use memhost_contract::{
    Adjustment, Change, Commit, Compacted, Context, Counters, Description, Fault, Guidance, Key,
    Label, Link, NewLink, Op, PACKAGE, Parameter, Plan, Range, Receipt, Target, Tool, Trigger,
    Value, settings,
};

/// The longest id, name or kind, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest text of a fault or a description, in bytes: it is printed, and kept in reports.
const LONGEST_REMARK: usize = 4 << 10;

/// The longest schema of a tool, in bytes.
const LONGEST_SCHEMA: usize = 64 << 10;

/// The most trials, rounds or refinements that a plan may ask for.
const MOST_REPEATS: u32 = 1_000;

/// The most kinds of moments that a plan may ask for.
const MOST_MOMENTS: usize = 64;

/// The most tools that guidance may offer: an agent reads the description of each.
const MOST_OFFERS: usize = 64;

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
        declared(parameter)?;
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

/// A parameter's values and its range fit together. What its source has may lie beyond the range: it is told, not chosen.
fn declared(parameter: &Parameter) -> Checked {
    let name = &parameter.name;
    for value in std::iter::once(&parameter.default).chain(&parameter.source_value) {
        if let Value::Number(number) = value {
            finite(&format!("describe: a value of `{name}`"), *number)?;
        }
    }
    let Some(range) = &parameter.range else {
        return Ok(());
    };
    if let Range::Numbers(numbers) = range {
        finite(&format!("describe: the least `{name}`"), numbers.least)?;
        finite(&format!("describe: the most `{name}`"), numbers.most)?;
        if numbers.least > numbers.most {
            return Err(format!(
                "describe: the least `{name}` is {}, which is above the most, {}",
                numbers.least, numbers.most
            ));
        }
        if numbers.logarithmic && numbers.least <= 0.0 {
            return Err(format!(
                "describe: `{name}` is to be tried by ratios, and can be {}",
                numbers.least
            ));
        }
    }
    match settings::is_within(&parameter.default, range) {
        true => Ok(()),
        false => Err(format!(
            "describe: the default of `{name}` is {}, and it takes {}",
            settings::display(&parameter.default),
            settings::range_name(range)
        )),
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
        ("build-trials", plan.build_trials, 0),
        ("retries", plan.retries, 0),
    ] {
        if !(least..=MOST_REPEATS).contains(&value) {
            return Err(format!(
                "plan-for: {field} is {value} and must lie in {least}..={MOST_REPEATS}"
            ));
        }
    }
    if let Some(temperature) = plan.agent_temperature
        && !(temperature.is_finite() && temperature >= 0.0)
    {
        return Err(format!(
            "plan-for: agent-temperature is {temperature} and must be 0 or a positive number"
        ));
    }
    if plan.moments.contains(&Trigger::EverySteps(0)) {
        return Err("plan-for: every-steps is 0 and must be at least 1".to_owned());
    }
    if plan.moments.len() > MOST_MOMENTS {
        return Err(format!(
            "plan-for: it asks for {} moments and may ask for {MOST_MOMENTS}",
            plan.moments.len()
        ));
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
    if guidance.offers.len() > MOST_OFFERS {
        return Err(format!(
            "guidance: it offers {} tools and may offer {MOST_OFFERS}",
            guidance.offers.len()
        ));
    }
    for (place, tool) in guidance.offers.iter().enumerate() {
        offer(place, tool)?;
        let mut earlier = guidance.offers.iter().take(place);
        if earlier.any(|other| other.name == tool.name) {
            return Err(format!(
                "guidance: the tool `{}` is offered twice",
                tool.name
            ));
        }
    }
    receipt(&guidance.receipt)
}

/// A tool that an agent can be shown.
fn offer(place: usize, tool: &Tool) -> Checked {
    named(&format!("offers[{place}].name"), &tool.name)?;
    if tool.description.len() > LONGEST_REMARK || tool.schema.len() > LONGEST_SCHEMA {
        return Err(format!(
            "offers[{place}]: the description may have {LONGEST_REMARK} bytes and the schema {LONGEST_SCHEMA}"
        ));
    }
    if tool.schema.is_empty() {
        return Ok(());
    }
    let schema: serde_json::Value = serde_json::from_str(&tool.schema)
        .map_err(|error| format!("offers[{place}].schema is not JSON: {error}"))?;
    jsonschema::meta::validate(&schema)
        .map_err(|error| format!("offers[{place}].schema is not JSON Schema: {error}"))
}

fn receipt(receipt: &Receipt) -> Checked {
    for (place, citation) in receipt.used.iter().enumerate() {
        named(&format!("receipt.used[{place}].memory"), &citation.memory)?;
        finite(&format!("receipt.used[{place}].score"), citation.score)?;
    }
    Ok(())
}

/// What was made of a run keeps no more steps than it has.
pub(super) fn compacted(compacted: &Compacted, run: &Context) -> Checked {
    let steps = run.steps.len();
    if compacted.keep_last as usize > steps {
        return Err(format!(
            "compacted.keep-last is {}, and the run has {steps} steps",
            compacted.keep_last
        ));
    }
    receipt(&compacted.receipt)
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

/// Changes that are about no task wait for none.
pub(super) fn maintained(changes: &[Change]) -> Checked {
    let mut waiting = changes.iter().enumerate();
    match waiting.find(|(_, change)| change.commit != Commit::AtOnce) {
        Some((place, _)) => Err(format!(
            "change {place} waits for what becomes of a task, and `maintain` is about none"
        )),
        None => self::changes(changes),
    }
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
            expiry("insert", memory.expires)?;
            keys("insert", &memory.keys)?;
            labels("insert", &memory.labels)?;
            counters(&memory.counters)
        }
        Op::Revise(patch) => {
            target("revise", &patch.target)?;
            expiry("revise", patch.expires)?;
            keys("revise", patch.keys.as_deref().unwrap_or_default())?;
            labels("revise", patch.labels.as_deref().unwrap_or_default())
        }
        Op::Adjust(adjustment) => adjust(adjustment),
        Op::Remove(memory) => target("remove", memory),
        Op::Connect(link) => connect(link),
        Op::Disconnect(link) => disconnect(link),
        Op::Save(blob) => named("save.name", &blob.name),
    }
}

fn adjust(adjustment: &Adjustment) -> Checked {
    target("adjust", &adjustment.target)?;
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

fn connect(link: &NewLink) -> Checked {
    target("connect.source", &link.source)?;
    target("connect.target", &link.target)?;
    named("connect.kind", &link.kind)?;
    finite("connect.weight", link.weight)
}

fn disconnect(link: &Link) -> Checked {
    named("disconnect.source", &link.source)?;
    named("disconnect.target", &link.target)?;
    named("disconnect.kind", &link.kind)
}

/// A memory that is named by an id has one; whether it exists is the store's to say.
fn target(what: &str, target: &Target) -> Checked {
    match target {
        Target::Memory(id) => named(&format!("{what}: the id"), id),
        Target::Inserted(_) => Ok(()),
    }
}

fn expiry(op: &str, expires: Option<f64>) -> Checked {
    expires.map_or(Ok(()), |at| finite(&format!("{op}.expires"), at))
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
        Agent, Blob, Citation, Counter, ExpectedCalls, NewMemory, NumberRange, Patch, Step, Task,
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
            changes(&[Change {
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
            changes(&[Change {
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
            5 => changes(&[Change {
                op: Op::Connect(NewLink {
                    source: "a".into(),
                    target: "b".into(),
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
            7 => changes(&[Change::at_once(Op::Insert(NewMemory {
                expires: Some(number),
                ..NewMemory::new("item", "")
            }))]),
            8 => changes(&[Change::at_once(Op::Revise(Patch {
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
        maintained(&[insert(Commit::AtOnce)]).unwrap();
        for commit in [Commit::IfNextAttemptSucceeds, Commit::IfTrialGains(0.0)] {
            let told = maintained(&[insert(Commit::AtOnce), insert(commit)]).unwrap_err();
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
        let told = changes(&[change]).unwrap_err();
        assert_eq!(told, "change 0: adjust: least 2 is above most 1");
    }
}
