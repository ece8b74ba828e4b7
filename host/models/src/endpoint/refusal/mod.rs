//! Refusals of an endpoint: what it said, and what that means.
//!
//! Endpoints agree on little but HTTP's statuses, and not on those: a spent quota comes as 429, 402, 403 or with
//! success, an unknown model as 404 or 400. So the codes and words that are in use decide where they are clear, and
//! the status where they are not.

#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use serde_json::Value;

use words::{
    BUSY, CONTENT, FIELD, KEY, PASSES, PERHAPS_SPENT, SPENT, TOO_LARGE, TOO_LONG, UNKNOWN_MODEL,
};

/// What an endpoint said instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The HTTP status; where an error came with success, the one that the error names, or else 200.
    pub status: u16,
    /// What it said; may be empty.
    pub explanation: String,
    /// The field of the request that it names as the cause.
    pub parameter: Option<String>,
    /// What it means.
    pub kind: RefusalKind,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Quota, credit or balance is used up.
    Spent,
    /// The key is missing, wrong or not allowed to do this.
    Key,
    /// It may pass by itself.
    Busy,
    /// A text or the whole request is longer than it takes.
    TooLong,
    /// It knows no such model.
    UnknownModel,
    /// It does not take a field of the request, or its value.
    Field,
    /// A redirection.
    Moved,
    /// There is nothing at this path.
    NoSuchPath,
    /// It will not say this: a filter of contents.
    Content,
    /// Something else.
    Other,
}

impl Refusal {
    /// Reads what came with a status.
    pub(crate) fn read(status: u16, body: &[u8], retry_after: Option<Duration>) -> Refusal {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        // Some wrap it into a list.
        let value = match &value {
            Some(Value::Array(items)) => items.first(),
            other => other.as_ref(),
        };
        let explanation = match value {
            Some(value) => explained(value).unwrap_or_else(|| beginning(body)),
            None => page(body),
        };
        let error = value.and_then(|value| value.get("error")).or(value);
        let of_error = |name| error.and_then(|error| error.get(name));
        let status = match of_error("code").and_then(number) {
            Some(code @ 400..=599) if (200..300).contains(&status) => code,
            _ => status,
        };
        let codes = ["code", "type", "status"]
            .into_iter()
            .filter_map(of_error)
            .map(plain)
            .collect::<Vec<_>>()
            .join(" ");
        let parameter = of_error("param")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        // What a router passes on from the provider behind it says more than its own words.
        let raw = of_error("metadata").map(plain).unwrap_or_default();
        let said = format!("{codes} {explanation} {raw}").to_lowercase();
        Refusal {
            kind: kind(
                status,
                &said,
                retry_after,
                parameter.as_deref(),
                value.is_none(),
            ),
            status,
            explanation,
            parameter,
            retry_after,
        }
    }

    /// Whether it is a redirection to somewhere, which then is what it says.
    pub(super) fn moved(status: u16, elsewhere: &str) -> Refusal {
        Refusal {
            status,
            explanation: format!("it has moved to {elsewhere}"),
            parameter: None,
            kind: RefusalKind::Moved,
            retry_after: None,
        }
    }

    /// Whether it is about a field of the request by one of these names.
    pub fn names(&self, fields: &[&str]) -> bool {
        let named = |text: &str| fields.iter().any(|field| text.contains(field));
        self.parameter.as_deref().is_some_and(named) || named(&self.explanation.to_lowercase())
    }
}

fn kind(
    status: u16,
    said: &str,
    retry_after: Option<Duration>,
    parameter: Option<&str>,
    no_json: bool,
) -> RefusalKind {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let passes = retry_after.is_some() || says(PASSES);
    if status == 402 || says(SPENT) && !passes || says(PERHAPS_SPENT) && !passes {
        return RefusalKind::Spent;
    }
    if status == 401 || matches!(status, 400 | 403 | 200) && says(KEY) {
        return RefusalKind::Key;
    }
    match status {
        300..=399 => RefusalKind::Moved,
        // It is called one of a rate, and no wait makes the request smaller.
        429 if says(TOO_LARGE) => RefusalKind::TooLong,
        408 | 425 | 429 => RefusalKind::Busy,
        501 => RefusalKind::Field,
        413 => RefusalKind::TooLong,
        _ if says(CONTENT) => RefusalKind::Content,
        _ if parameter
            .is_some_and(|field| field != "model" && field != "input" && field != "messages")
            && !says(TOO_LONG) =>
        {
            RefusalKind::Field
        }
        _ if says(TOO_LONG) => RefusalKind::TooLong,
        _ if says(UNKNOWN_MODEL) => RefusalKind::UnknownModel,
        _ if says(FIELD) => RefusalKind::Field,
        200..=299 if says(&["invalid_request", "invalid request", "not supported"]) => {
            RefusalKind::Other
        }
        // An error that came as a success, or a server's own: nothing says that it will stay.
        200..=299 | 500.. => RefusalKind::Busy,
        404 if no_json => RefusalKind::NoSuchPath,
        404 if said.contains("model") => RefusalKind::UnknownModel,
        404 | 405 => RefusalKind::NoSuchPath,
        400 | 422
            if said.contains("model") && says(&["not found", "not exist", "not supported"]) =>
        {
            RefusalKind::UnknownModel
        }
        403 if said.contains("model") => RefusalKind::UnknownModel,
        403 => RefusalKind::Key,
        409 | 400 | 422 if says(BUSY) => RefusalKind::Busy,
        _ => RefusalKind::Other,
    }
}

/// Whether what came with success is an error all the same.
pub(super) fn is_refusal(value: &Value) -> bool {
    let value = match value {
        Value::Array(items) => items.first().unwrap_or(value),
        value => value,
    };
    let Value::Object(members) = value else {
        return false;
    };
    match members.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::Object(error)) if error.is_empty() => {}
        Some(_) => return true,
    }
    let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    let says = ["message", "msg", "detail", "error_msg"]
        .iter()
        .any(|name| {
            members
                .get(*name)
                .is_some_and(|told| told.is_string() || told.is_array())
        });
    says && !has(&["choices", "data", "output", "result"])
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|code| u16::try_from(code).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value as a person would write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What it says of the error: OpenAI's `error.message`, the `error` or `detail` of others.
fn explained(value: &Value) -> Option<String> {
    let told = [
        "/error/message",
        "/error",
        "/detail",
        "/message",
        "/msg",
        "/error_msg",
    ]
    .iter()
    .filter_map(|pointer| value.pointer(pointer))
    .find(|told| !told.is_null())?;
    // FastAPI lists what is wrong with each field, and repeats the whole request with it.
    let details = told.get("detail").unwrap_or(told);
    let Value::Array(details) = details else {
        return Some(plain(told));
    };
    let each = details
        .iter()
        .map(|detail| match (detail.get("loc"), detail.get("msg")) {
            (Some(Value::Array(place)), Some(message)) => {
                let place: Vec<String> = place.iter().map(plain).collect();
                format!("{}: {}", place.join("."), plain(message))
            }
            (_, Some(message)) => plain(message),
            _ => plain(detail),
        });
    Some(each.collect::<Vec<_>>().join("; "))
}

/// A page by its title, and any other text by its beginning.
pub(super) fn page(body: &[u8]) -> String {
    let text = beginning(body);
    let lower = text.to_ascii_lowercase();
    if !lower
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
    {
        return text;
    }
    let title = lower
        .split_once("<title>")
        .and_then(|(before, rest)| Some((before.len() + "<title>".len(), rest.find("</title>")?)))
        .and_then(|(start, length)| text.get(start..start + length));
    match title {
        Some(title) => format!("an HTML page, `{}`", title.trim()),
        None => format!("an HTML page that begins with `{text}`"),
    }
}

/// A reply as text; more than is shown, because a key may be cut out of it first.
pub(super) fn beginning(body: &[u8]) -> String {
    let enough = body
        .get(..16 * super::error::LONGEST_QUOTATION)
        .unwrap_or(body);
    String::from_utf8_lossy(enough).into_owned()
}
