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

use serde_json::{Map, Value};

use super::Mend;
use super::schema::ReplySchema;
use fit::Fitting;
use pieces::{Piece, pieces};

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
        if schema.complaints(&value).is_empty() {
            return Ok(Reading {
                text: whole.to_owned(),
                mends: BTreeSet::new(),
            });
        }
        return interpret(schema, &value).unwrap_or_else(|| Err(schema.complaints(&value)));
    }
    let pieces = pieces(whole);
    let mut readings: Vec<(Value, Reading)> = Vec::new();
    let mut complaint = None;
    for piece in &pieces.of_answer {
        let (value, text) = match piece {
            Piece::Json(value, text) => (value, *text),
            Piece::Broken(broken) => {
                // What stands in it are parts of an answer, and what follows may be.
                let told = format!(
                    "its JSON cannot be read: {}, near `{}`",
                    broken.problem, broken.around
                );
                complaint = Some(told);
                break;
            }
        };
        match told(schema, value, text) {
            Ok((value, reading)) => match readings.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => {
                    known.mends.insert(Mend::Repeated);
                }
                None => readings.push((value, reading)),
            },
            Err(told) => complaint = complaint.or(Some(told)),
        }
    }
    let broken = pieces
        .of_answer
        .iter()
        .any(|piece| matches!(piece, Piece::Broken(_)));
    match (readings.len(), complaint) {
        (1, _) if !broken => Ok(with_mend(readings.swap_remove(0).1, Mend::Unwrapped)),
        (2.., _) if !broken => Err(format!(
            "it holds {} different JSON values that satisfy the schema, the first `{}`, the last `{}`; give one",
            readings.len(),
            beginning(readings.first()),
            beginning(readings.last()),
        )),
        (_, Some(complaint)) => Err(complaint),
        _ if pieces.unfinished => Err(NO_END.to_owned()),
        _ if whole.is_empty() => Err("it is empty".to_owned()),
        _ => Err("it is not JSON, and holds none".to_owned()),
    }
}

fn beginning(reading: Option<&(Value, Reading)>) -> String {
    let text = reading.map_or("", |(_, reading)| reading.text.as_str());
    text.chars().take(60).collect()
}

fn with_mend(mut reading: Reading, mend: Mend) -> Reading {
    if !reading.mends.contains(&Mend::Repeated) {
        reading.mends.insert(mend);
    }
    reading
}

/// A value among others, with its own text where that is sound.
fn told(schema: &ReplySchema<'_>, value: &Value, text: &str) -> Result<(Value, Reading), String> {
    // The lenient parser may round numbers otherwise.
    let sound = serde_json::from_str::<Value>(text).ok();
    let value = sound.as_ref().unwrap_or(value);
    let syntax = sound.is_none().then_some(Mend::Syntax);
    let complaints = schema.complaints(value);
    let mut reading = if complaints.is_empty() {
        let text = match sound {
            Some(_) => text.to_owned(),
            None => value.to_string(),
        };
        Reading {
            text,
            mends: BTreeSet::new(),
        }
    } else {
        interpret(schema, value).unwrap_or(Err(complaints))?
    };
    reading.mends.extend(syntax);
    let value = serde_json::from_str(&reading.text).map_err(|error| error.to_string())?;
    Ok((value, reading))
}

/// The one way in which a value fits; `None` if there is none.
fn interpret(schema: &ReplySchema<'_>, value: &Value) -> Option<Result<Reading, String>> {
    if let Some(reading) = fitted(schema, value) {
        return Some(Ok(reading));
    }
    let mut inner: Vec<Reading> = unwrapped(schema.value(), value)
        .iter()
        .filter_map(|value| fitted(schema, value))
        .collect();
    inner.dedup_by(|one, other| one.text == other.text);
    match inner.len() {
        0 => None,
        1 => inner
            .pop()
            .map(|reading| Ok(with_mend(reading, Mend::Unwrapped))),
        _ => Some(Err(
            "its JSON can be read in several ways; give it in the schema's own form".to_owned(),
        )),
    }
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
