//! What a plugin returns is checked before anybody acts on it: numbers are finite, names and ids are there and of
//! bounded length. (Text is UTF-8 and bounded by [`super::Limits::hostcall_bytes`] already; whether an id exists is
//! the store's to say.)

use crate::contract::{
    Adjustment, Change, Commit, Counters, Description, Guidance, Key, Label, Link, Op, PACKAGE,
    Plan,
};

/// The longest id, name or kind, in bytes.
const LONGEST_NAME: usize = 512;

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
    let mut seen = std::collections::HashSet::new();
    for parameter in &description.parameters {
        named("describe: a parameter's name", &parameter.name)?;
        if !seen.insert(&parameter.name) {
            return Err(format!(
                "describe: the parameter `{}` is declared twice",
                parameter.name
            ));
        }
        if let crate::contract::Value::Number(number) = parameter.default {
            finite(
                &format!("describe: the default of `{}`", parameter.name),
                number,
            )?;
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
