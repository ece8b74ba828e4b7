//! Bodies of successful replies: JSON, or what can be made JSON without a second reading.
//!
//! Some endpoints begin with a byte order mark, or send their reply as a stream of events that nobody asked for; its
//! pieces are put together to the one reply that they would have been.

use serde_json::{Map, Value, json};

use super::{Problem, refusal};

/// Texts of a message that come in pieces.
const GROWING: [&str; 5] = [
    "content",
    "reasoning_content",
    "reasoning",
    "refusal",
    "role",
];

/// The JSON of a body.
pub(super) fn parse(body: &[u8]) -> Result<Value, Problem> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(_) if is_stream(body) => joined(&String::from_utf8_lossy(body)),
        Err(error) => {
            let page = refusal::page(body);
            let told = match page.starts_with("an HTML page") {
                true => page,
                false => format!("not JSON ({error}); it begins with `{page}`"),
            };
            Err(match body.trim_ascii().is_empty() {
                true => Problem::Empty("empty".to_owned()),
                false => Problem::Malformed(told),
            })
        }
    }
}

/// Whether it begins as a stream of server-sent events does.
fn is_stream(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    ["data:", "event:", "id:", ":"]
        .iter()
        .any(|field| body.starts_with(field.as_bytes()))
}

/// One reply of a stream's events.
fn joined(stream: &str) -> Result<Value, Problem> {
    let mut events: Vec<Value> = Vec::new();
    let mut done = false;
    for event in stream.replace("\r\n", "\n").split("\n\n") {
        let data: Vec<&str> = event
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.strip_prefix(' ').unwrap_or(data))
            .collect();
        match data.join("\n").trim() {
            "" => {}
            "[DONE]" => done = true,
            data => events.push(serde_json::from_str(data).map_err(|error| {
                Problem::Broken(format!("an event of its stream is not JSON: {error}"))
            })?),
        }
    }
    if let Some(place) = events
        .iter()
        .position(|event| event.get("error").is_some_and(|e| !e.is_null()))
    {
        return Ok(events.swap_remove(place));
    }
    let pieces = |event: &Value| event.pointer("/choices/0/delta").is_some();
    if !events.iter().any(pieces) && events.len() == 1 {
        return Ok(events.swap_remove(0));
    }
    let mut choice = Map::new();
    let mut message = Map::new();
    let mut usage = Value::Null;
    for event in &events {
        if let Some(counted) = event.get("usage").filter(|usage| !usage.is_null()) {
            usage = counted.clone();
        }
        let Some(piece) = event.pointer("/choices/0") else {
            continue;
        };
        for (key, value) in piece.as_object().into_iter().flatten() {
            match (key.as_str(), value) {
                (_, Value::Null) => {}
                ("delta" | "message", Value::Object(delta)) => grow(&mut message, delta),
                ("text", Value::String(text)) => append(&mut choice, "text", text),
                _ => {
                    choice.insert(key.clone(), value.clone());
                }
            }
        }
    }
    if !done && !choice.contains_key("finish_reason") {
        return Err(Problem::Broken(
            "its stream of events has no end".to_owned(),
        ));
    }
    choice.insert("message".to_owned(), Value::Object(message));
    Ok(json!({"choices": [choice], "usage": usage}))
}

fn grow(message: &mut Map<String, Value>, delta: &Map<String, Value>) {
    for (key, value) in delta {
        match value {
            Value::String(text) if GROWING.contains(&key.as_str()) => append(message, key, text),
            Value::Array(calls) if key == "tool_calls" => {
                // Only the first call can be an answer.
                for call in calls {
                    let arguments = call.pointer("/function/arguments").and_then(Value::as_str);
                    if call.get("index").is_none_or(|index| *index == 0) {
                        append(message, "arguments", arguments.unwrap_or_default());
                    }
                }
            }
            Value::Array(parts) if key == "content" => {
                let known = message.entry("content").or_insert_with(|| json!([]));
                if let Value::Array(known) = known {
                    known.extend(parts.iter().cloned());
                }
            }
            _ => {}
        }
    }
}

fn append(to: &mut Map<String, Value>, key: &str, text: &str) {
    match to.get_mut(key) {
        Some(Value::String(known)) => known.push_str(text),
        _ => {
            to.insert(key.to_owned(), Value::String(text.to_owned()));
        }
    }
}
