//! What a plugin returns is checked before anybody acts on it: numbers are finite, names and ids are there and of
//! bounded length. (Text is UTF-8 and bounded by [`memhost_contract::limits::Limits::hostcall_bytes`] already; whether an id exists is
//! the store's to say.)

mod declaration;

use memhost_contract::{
    Adjustment, Change, Commit, Compacted, Context, Counters, Fault, Guidance, Instant, Key, Label,
    Link, NewLink, Op, Receipt, Target, Tool,
};

pub(super) use declaration::{description, plan};

/// The longest id, name or kind, in bytes.
const LONGEST_NAME: usize = 512;

/// The longest text of a fault or a description, in bytes: it is printed, and kept in reports.
const LONGEST_REMARK: usize = 4 << 10;

/// The longest schema of a tool, in bytes.
const LONGEST_SCHEMA: usize = 64 << 10;

/// The largest pattern of such a schema, compiled, in bytes.
const LARGEST_PATTERN: usize = 256 << 10;

/// The most tools that guidance may offer: an agent reads the description of each.
const MOST_OFFERS: usize = 64;

type Checked = Result<(), String>;

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
    let wrong = |error: jsonschema::ValidationError<'_>| {
        format!("offers[{place}].schema is not JSON Schema that an agent can be shown: {error}")
    };
    jsonschema::meta::validate(&schema).map_err(wrong)?;
    // Its patterns are ones, and it refers to nothing outside itself.
    let patterns = jsonschema::PatternOptions::regex().size_limit(LARGEST_PATTERN);
    let whole = jsonschema::options()
        .offline()
        .with_pattern_options(patterns);
    whole.build(&schema).map(drop).map_err(wrong)
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

/// `now` is when the call was made, on the run's clock.
pub(super) fn changes(changes: &[Change], now: Instant) -> Checked {
    for (place, change) in changes.iter().enumerate() {
        operation(&change.op, now)
            .and_then(|()| match change.commit {
                Commit::IfTrialGains(gain) => finite("commit.if-trial-gains", gain),
                Commit::AtOnce | Commit::IfNextAttemptSucceeds => Ok(()),
            })
            .map_err(|problem| format!("change {place}: {problem}"))?;
    }
    Ok(())
}

/// Changes that are about no task wait for none.
pub(super) fn maintained(changes: &[Change], now: Instant) -> Checked {
    let mut waiting = changes.iter().enumerate();
    match waiting.find(|(_, change)| change.commit != Commit::AtOnce) {
        Some((place, _)) => Err(format!(
            "change {place} waits for what becomes of a task, and `maintain` is about none"
        )),
        None => self::changes(changes, now),
    }
}

pub(super) fn ids(ids: &[String]) -> Checked {
    for (place, id) in ids.iter().enumerate() {
        named(&format!("id {place}"), id)?;
    }
    Ok(())
}

fn operation(op: &Op, now: Instant) -> Checked {
    match op {
        Op::Insert(memory) => {
            named("insert.kind", &memory.kind)?;
            expiry("insert", memory.expires, now)?;
            keys("insert", &memory.keys)?;
            labels("insert", &memory.labels)?;
            counters(&memory.counters)
        }
        Op::Revise(patch) => {
            target("revise", &patch.target)?;
            expiry("revise", patch.expires, now)?;
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

/// What has expired is in no read: whoever writes it has mistaken the clock, or means to remove it.
fn expiry(op: &str, expires: Option<Instant>, now: Instant) -> Checked {
    let Some(at) = expires else {
        return Ok(());
    };
    finite(&format!("{op}.expires"), at)?;
    if at <= now {
        return Err(format!(
            "{op}.expires is {at}, and it is {now} on the run's clock already: give a later moment in milliseconds, or \
             remove the memory"
        ));
    }
    Ok(())
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
mod tests;
