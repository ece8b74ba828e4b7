//! Reading of replies: the JSON that a request's schema asks for, out of what models write.
//!
//! What has one reading is read: thoughts, prose and fences around it, commas too many, line breaks in texts, the
//! same twice, capital letters, fields and items beyond the schema. What has two is not decided here: whoever wrote
//! it is asked again, with the place. A reply that is sound JSON and satisfies the schema is handed on as it is,
//! whatever its texts contain.

pub(super) mod fit;
mod pieces;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use memhost_contract::model::Mend;
use serde_json::{Map, Value};

use super::schema::ReplySchema;

use fit::Fitting;
use pieces::{Broken, Piece, pieces};

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// The answer.
    pub text: String,
    /// What was done to get it.
    pub mends: BTreeSet<Mend>,
}

/// A text that is to be an answer as it stands: without thoughts before it.
///
/// # Errors
/// If there is nothing but thoughts.
pub(super) fn read_text(reply: &str) -> Result<Reading, String> {
    let sound = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let text = match sound(reply.trim()) {
        true => Some(reply),
        false => pieces::without_thoughts(reply),
    };
    let text = text.ok_or_else(|| NO_END.to_owned())?;
    let unwrapped = text.len() != reply.len();
    Ok(Reading {
        text: text.to_owned(),
        mends: unwrapped.then_some(Mend::Unwrapped).into_iter().collect(),
    })
}

const NO_END: &str = "it thinks aloud and comes to no answer";

/// The JSON of a reply that satisfies a schema.
///
/// # Errors
/// What is wrong with it, and where, for whoever wrote it.
pub(super) fn read(schema: &ReplySchema<'_>, reply: &str) -> Result<Reading, String> {
    let whole = reply.trim().trim_start_matches('\u{feff}').trim();
    if let Ok(value) = serde_json::from_str::<Value>(whole) {
        return as_it_stands(schema, &value, whole)
            .or_else(|| as_is_meant(schema, &value, whole))
            .ok_or_else(|| schema.complaints(&value));
    }
    let pieces = pieces(whole);
    let broken = pieces.of_answer.iter().find_map(|piece| match piece {
        Piece::Broken(broken) => Some(broken),
        Piece::Json(..) => None,
    });
    if let Some(Broken { problem, around }) = broken {
        // What stands in it are parts of an answer, and what is around it may be another.
        return Err(format!("its JSON cannot be read: {problem}, {around}"));
    }
    let values = pieces.of_answer.iter().filter_map(|piece| match piece {
        Piece::Json(value, text) => Some((value, *text)),
        Piece::Broken(_) => None,
    });
    let values: Vec<(&Value, &str)> = values.collect();
    let mut readings = distinct(schema, &values, as_it_stands);
    if readings.is_empty() {
        readings = distinct(schema, &values, as_is_meant);
    }
    match readings.as_slice() {
        [] => Err(match values.first() {
            Some((value, _)) => schema.complaints(value),
            None if pieces.unfinished => NO_END.to_owned(),
            None if whole.is_empty() => "it is empty".to_owned(),
            None => "it is not JSON, and holds none".to_owned(),
        }),
        [(_, reading)] => {
            let mut reading = reading.clone();
            let all = values.iter().any(|(_, text)| text.len() == whole.len());
            if !all && !reading.mends.contains(&Mend::Repeated) {
                reading.mends.insert(Mend::Unwrapped);
            }
            Ok(reading)
        }
        [(_, first), .., (_, last)] => Err(format!(
            "it holds {} different JSON values that satisfy the schema, the first `{}`, the last `{}`; give one",
            readings.len(),
            beginning(&first.text),
            beginning(&last.text),
        )),
    }
}

/// The different readings of several values.
fn distinct(
    schema: &ReplySchema<'_>,
    values: &[(&Value, &str)],
    reading: impl Fn(&ReplySchema<'_>, &Value, &str) -> Option<Reading>,
) -> Vec<(Value, Reading)> {
    let mut readings: Vec<(Value, Reading)> = Vec::new();
    for (value, text) in values {
        // The lenient parser may round numbers otherwise.
        let sound = serde_json::from_str::<Value>(text).ok();
        let Some(mut read) = reading(schema, sound.as_ref().unwrap_or(value), text) else {
            continue;
        };
        if sound.is_none() {
            read.mends.insert(Mend::Syntax);
        }
        let Ok(value) = serde_json::from_str::<Value>(&read.text) else {
            continue;
        };
        match readings.iter_mut().find(|(known, _)| *known == value) {
            Some((_, known)) => {
                known.mends.insert(Mend::Repeated);
            }
            None => readings.push((value, read)),
        }
    }
    readings
}

/// A value that has the schema's form, in its own words where they are sound.
fn as_it_stands(schema: &ReplySchema<'_>, value: &Value, text: &str) -> Option<Reading> {
    let satisfies = schema.complaints(value).is_empty();
    match satisfies && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        true => Some(Reading {
            text: text.to_owned(),
            mends: BTreeSet::new(),
        }),
        false => fitted(schema, value),
    }
}

/// A value that holds what has the schema's form, if that is one thing.
fn as_is_meant(schema: &ReplySchema<'_>, value: &Value, _: &str) -> Option<Reading> {
    let mut inner = unwrapped(schema.value(), value)
        .into_iter()
        .filter_map(|value| fitted(schema, &value));
    let mut only = inner.next()?;
    if inner.any(|other| other.text != only.text) {
        return None;
    }
    only.mends.insert(Mend::Unwrapped);
    Some(only)
}

fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

fn fitted(schema: &ReplySchema<'_>, value: &Value) -> Option<Reading> {
    let mut fitting = Fitting::to(schema.value());
    let fitted = fitting.fit(value.clone());
    let lost = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    let nothing_left = lost(value) && fitted.as_object().is_some_and(Map::is_empty);
    (!nothing_left && schema.takes(&fitted)).then(|| Reading {
        text: fitted.to_string(),
        mends: fitting.mends,
    })
}

/// What a value holds that may be meant: the only one of a list, the only member of an object, JSON in a text; and a
/// list where an object with one list is wanted.
fn unwrapped(schema: &Value, value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text.trim()).into_iter().collect(),
        Value::Object(members) if members.len() == 1 => members.values().cloned().collect(),
        Value::Array(items) => {
            let only = match items.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            };
            let list = list_of(schema).map(|name| {
                let member = (name.clone(), Value::Array(items.clone()));
                Value::Object(std::iter::once(member).collect())
            });
            only.into_iter().chain(list).collect()
        }
        _ => Vec::new(),
    }
}

/// The only property of a schema, if it is a list.
fn list_of(schema: &Value) -> Option<&String> {
    let properties = schema.get("properties")?.as_object()?;
    let mut all = properties.iter();
    match (all.next(), all.next()) {
        (Some((name, property)), None) if property.get("type")? == "array" => Some(name),
        _ => None,
    }
}
