//! Fields of a memory, as conditions and orders name them, and states by their names.

use std::cmp::Ordering;

use memhost_contract::{Memory, State};

use super::StoreError;

/// What of a memory is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Id,
    Kind,
    Title,
    Content,
    Payload,
    State,
    Weight,
    Uses,
    Wins,
    Losses,
    Strength,
    Created,
    Updated,
    LastUsed,
    Expires,
    Label(String),
}

/// What a field holds. Numbers come before texts, and what is missing comes last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FieldValue<'a> {
    Number(f64),
    Text(&'a str),
    Missing,
}

impl Field {
    pub(crate) fn parse(name: &str) -> Result<Self, StoreError> {
        Ok(match name {
            "id" => Field::Id,
            "kind" => Field::Kind,
            "title" => Field::Title,
            "content" => Field::Content,
            "payload" => Field::Payload,
            "state" => Field::State,
            "weight" => Field::Weight,
            "uses" => Field::Uses,
            "wins" => Field::Wins,
            "losses" => Field::Losses,
            "strength" => Field::Strength,
            "created" => Field::Created,
            "updated" => Field::Updated,
            "last-used" => Field::LastUsed,
            "expires" => Field::Expires,
            _ => match name.strip_prefix("label.") {
                Some(label) if !label.is_empty() => Field::Label(label.to_owned()),
                _ => {
                    return Err(StoreError::Query(format!(
                        "there is no field `{name}`; the fields are id, kind, title, content, payload, state, \
                         weight, uses, wins, losses, strength, created, updated, last-used, expires and label.<name>"
                    )));
                }
            },
        })
    }

    /// What the field holds; of several labels with the name, the first.
    pub(crate) fn value<'a>(&self, memory: &'a Memory, state: State) -> FieldValue<'a> {
        let counters = &memory.counters;
        match self {
            Field::Id => FieldValue::Text(&memory.id),
            Field::Kind => FieldValue::Text(&memory.kind),
            Field::Title => FieldValue::Text(&memory.title),
            Field::Content => FieldValue::Text(&memory.content),
            Field::Payload => FieldValue::Text(&memory.payload),
            Field::State => FieldValue::Text(state_name(state)),
            Field::Weight => FieldValue::Number(counters.weight),
            Field::Uses => FieldValue::Number(counters.uses.into()),
            Field::Wins => FieldValue::Number(counters.wins.into()),
            Field::Losses => FieldValue::Number(counters.losses.into()),
            Field::Strength => FieldValue::Number(counters.strength),
            Field::Created => FieldValue::Number(memory.created),
            Field::Updated => FieldValue::Number(memory.updated),
            Field::LastUsed => FieldValue::Number(memory.last_used),
            Field::Expires => memory
                .expires
                .map_or(FieldValue::Missing, FieldValue::Number),
            Field::Label(name) => memory
                .labels
                .iter()
                .find(|label| label.name == *name)
                .map_or(FieldValue::Missing, |label| FieldValue::Text(&label.value)),
        }
    }

    /// Whether it holds numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(
            self,
            Field::Weight
                | Field::Uses
                | Field::Wins
                | Field::Losses
                | Field::Strength
                | Field::Created
                | Field::Updated
                | Field::LastUsed
                | Field::Expires
        )
    }
}

impl FieldValue<'_> {
    /// The order of a scan: what is missing comes last, whichever way the rest is sorted.
    pub(crate) fn order(self, other: Self, descending: bool) -> Ordering {
        let order = match (self, other) {
            (FieldValue::Number(a), FieldValue::Number(b)) => a.total_cmp(&b),
            (FieldValue::Text(a), FieldValue::Text(b)) => a.cmp(b),
            (FieldValue::Missing, FieldValue::Missing) => Ordering::Equal,
            (FieldValue::Missing, _) => return Ordering::Greater,
            (_, FieldValue::Missing) => return Ordering::Less,
            (FieldValue::Number(_), FieldValue::Text(_)) => Ordering::Less,
            (FieldValue::Text(_), FieldValue::Number(_)) => Ordering::Greater,
        };
        if descending { order.reverse() } else { order }
    }
}

/// The names of states, for errors.
pub(crate) const STATES: &str = "`active`, `provisional`, `archived`, `quarantined` or `frozen`";

/// A state as conditions and tables spell it.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Provisional => "provisional",
        State::Archived => "archived",
        State::Quarantined => "quarantined",
        State::Frozen => "frozen",
    }
}

/// The state with this name.
pub fn state_named(name: &str) -> Option<State> {
    [
        State::Active,
        State::Provisional,
        State::Archived,
        State::Quarantined,
        State::Frozen,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
}

/// Whether a memory in this state is found by reads that do not ask for a state.
pub(crate) fn takes_part(state: State) -> bool {
    matches!(state, State::Active | State::Frozen)
}
