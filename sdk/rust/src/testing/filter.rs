//! Conditions on memories, as the contract has them.

use std::cmp::Ordering;

use crate::types::{Comparison, Condition, Fault, Memory, Operand, State};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    Number(f64),
    Text(&'a str),
    Missing,
}

impl Field<'_> {
    /// The order of a scan: what is missing comes last, whichever way the rest is sorted.
    pub(super) fn order(&self, other: &Self, descending: bool) -> Ordering {
        let order = match (self, other) {
            (Field::Number(left), Field::Number(right)) => left.total_cmp(right),
            (Field::Text(left), Field::Text(right)) => left.cmp(right),
            (Field::Number(_), Field::Text(_)) => Ordering::Less,
            (Field::Text(_), Field::Number(_)) => Ordering::Greater,
            _ => {
                let is_missing = |field: &Field| *field == Field::Missing;
                return is_missing(self).cmp(&is_missing(other));
            }
        };
        if descending { order.reverse() } else { order }
    }
}

/// What a memory's field holds.
pub(super) fn field<'a>(memory: &'a Memory, name: &str) -> Result<Field<'a>, Fault> {
    let counters = &memory.counters;
    Ok(match name {
        "id" => Field::Text(&memory.id),
        "kind" => Field::Text(&memory.kind),
        "title" => Field::Text(&memory.title),
        "content" => Field::Text(&memory.content),
        "payload" => Field::Text(&memory.payload),
        "state" => Field::Text(state_name(memory.state)),
        "weight" => Field::Number(counters.weight),
        "uses" => Field::Number(counters.uses.into()),
        "wins" => Field::Number(counters.wins.into()),
        "losses" => Field::Number(counters.losses.into()),
        "strength" => Field::Number(counters.strength),
        "created" => Field::Number(memory.created),
        "updated" => Field::Number(memory.updated),
        "last-used" => Field::Number(memory.last_used),
        "expires" => memory.expires.map_or(Field::Missing, Field::Number),
        _ => match name.strip_prefix("label.") {
            Some(label) if !label.is_empty() => memory
                .labels
                .iter()
                .find(|one| one.name == label)
                .map_or(Field::Missing, |one| Field::Text(&one.value)),
            _ => return Err(Fault::Invalid(format!("there is no field `{name}`"))),
        },
    })
}

/// Every state.
const STATES: [State; 5] = [
    State::Active,
    State::Provisional,
    State::Archived,
    State::Quarantined,
    State::Frozen,
];

fn state_name(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Provisional => "provisional",
        State::Archived => "archived",
        State::Quarantined => "quarantined",
        State::Frozen => "frozen",
    }
}

/// Whether a memory meets every condition. Unless one names `state`, only active and frozen memories do.
pub(super) fn holds(filter: &[Condition], memory: &Memory) -> Result<bool, Fault> {
    let takes_part = matches!(memory.state, State::Active | State::Frozen);
    let looked_at = takes_part || filter.iter().any(|one| one.field == "state");
    let mut holds = looked_at;
    for condition in filter {
        // Every condition is read even if one does not hold, so that a wrong one is always found.
        holds &= met(condition, memory)?;
    }
    Ok(holds)
}

fn met(condition: &Condition, memory: &Memory) -> Result<bool, Fault> {
    let Condition {
        field: name,
        comparison,
        operand,
    } = condition;
    is_possible(condition)?;
    let order = match (field(memory, name)?, operand) {
        _ if name.starts_with("label.") => return Ok(label_met(condition, memory)),
        (Field::Text(text), Operand::OneOf(texts)) => {
            return Ok(texts.iter().any(|one| one == text) == (*comparison == Comparison::Eq));
        }
        (Field::Missing, Operand::Number(_)) if *comparison != Comparison::Contains => None,
        (Field::Text(text), Operand::Text(part)) if *comparison == Comparison::Contains => {
            return Ok(text.contains(part.as_str()));
        }
        (Field::Text(left), Operand::Text(right)) => Some(left.cmp(right.as_str())),
        (Field::Number(left), Operand::Number(right)) if *comparison != Comparison::Contains => {
            left.partial_cmp(right)
        }
        _ => {
            return Err(Fault::Invalid(format!(
                "field `{name}` cannot be compared by {comparison:?} with {operand:?}"
            )));
        }
    };
    Ok(meets(*comparison, order))
}

/// Refuses what memhost refuses beside a field that is compared with another type.
fn is_possible(condition: &Condition) -> Result<(), Fault> {
    let Condition {
        field, comparison, ..
    } = condition;
    let is_equality = matches!(comparison, Comparison::Eq | Comparison::Ne);
    let no_state = |text: &&String| !STATES.iter().any(|state| state_name(*state) == **text);
    let unknown = match &condition.operand {
        Operand::OneOf(_) if !is_equality => {
            return Err(Fault::Invalid(format!(
                "field `{field}` is compared with one of several texts, which only `eq` and `ne` can be"
            )));
        }
        Operand::OneOf(texts) if field == "state" => texts.iter().find(no_state),
        Operand::Text(text) if field == "state" && *comparison != Comparison::Contains => {
            Some(text).filter(no_state)
        }
        _ => None,
    };
    match unknown {
        Some(text) => Err(Fault::Invalid(format!("there is no state `{text}`"))),
        None => Ok(()),
    }
}

/// Whether any label of the name meets it; `ne` asks that none has the value.
fn label_met(condition: &Condition, memory: &Memory) -> bool {
    let mut values = memory
        .labels
        .iter()
        .filter(|label| condition.field.strip_prefix("label.") == Some(&label.name))
        .map(|label| label.value.as_str());
    match condition.comparison {
        Comparison::Ne => !values.any(|value| value_meets(value, Comparison::Eq, condition)),
        comparison => values.any(|value| value_meets(value, comparison, condition)),
    }
}

/// A label is a text; beside a number or a flag it is read as one.
fn value_meets(value: &str, comparison: Comparison, condition: &Condition) -> bool {
    let order = match &condition.operand {
        Operand::Text(part) if comparison == Comparison::Contains => {
            return value.contains(part.as_str());
        }
        Operand::Text(text) => Some(value.cmp(text)),
        Operand::OneOf(texts) => texts
            .iter()
            .any(|text| text == value)
            .then_some(Ordering::Equal),
        Operand::Number(number) => value
            .parse::<f64>()
            .ok()
            .and_then(|value| value.partial_cmp(number)),
        Operand::Flag(flag) => value.parse::<bool>().ok().map(|value| value.cmp(flag)),
    };
    meets(comparison, order)
}

fn meets(comparison: Comparison, order: Option<Ordering>) -> bool {
    match comparison {
        Comparison::Eq => order == Some(Ordering::Equal),
        Comparison::Ne => order != Some(Ordering::Equal),
        Comparison::Lt => order == Some(Ordering::Less),
        Comparison::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Gt => order == Some(Ordering::Greater),
        Comparison::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Contains => false,
    }
}
