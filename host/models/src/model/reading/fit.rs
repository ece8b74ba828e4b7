//! A value made to fit its schema where there is one way to do it: letters, types, surplus.

use std::collections::BTreeSet;

use memhost_contract::model::Mend;
use serde_json::{Map, Value};

/// Keywords that bound how much there is. What is beyond them is cut, and what falls short is taken.
const BOUNDS: [&str; 6] = [
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
];

/// Keywords whose values are values, not schemas.
const VALUES: [&str; 4] = ["const", "enum", "default", "examples"];

/// The schema without bounds on how much there is.
pub(in crate::model) fn unbounded(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members.iter().filter(|(key, value)| {
                // A property may be called so, but is no number then.
                !(value.is_number() && BOUNDS.contains(&key.as_str()))
            });
            let members = members.map(|(key, value)| {
                let value = match VALUES.contains(&key.as_str()) {
                    true => value.clone(),
                    false => unbounded(value),
                };
                (key.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(unbounded).collect()),
        other => other.clone(),
    }
}

/// Fits values to a schema, and notes what it does.
pub(super) struct Fitting<'a> {
    root: &'a Value,
    pub mends: BTreeSet<Mend>,
}

impl<'a> Fitting<'a> {
    pub(super) fn to(root: &'a Value) -> Fitting<'a> {
        Fitting {
            root,
            mends: BTreeSet::new(),
        }
    }

    /// The value as the root schema has it, as far as that is possible.
    pub(super) fn fit(&mut self, value: Value) -> Value {
        self.fit_to(self.root, value)
    }

    fn fit_to(&mut self, schema: &Value, mut value: Value) -> Value {
        let Value::Object(schema) = schema else {
            return value;
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let pointer = reference.strip_prefix('#').unwrap_or_default();
            return match self.root.pointer(pointer) {
                Some(target) => self.fit_to(target, value),
                None => value,
            };
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            value = all.iter().fold(value, |value, one| self.fit_to(one, value));
        }
        for any in ["anyOf", "oneOf"] {
            if let Some(Value::Array(any)) = schema.get(any) {
                value = self.fit_to_any(any, value);
            }
        }
        let allowed: &[Value] = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(allowed)), _) => allowed,
            (_, Some(only)) => std::slice::from_ref(only),
            _ => &[],
        };
        value = self.respelt(allowed, value);
        value = self.retyped(schema, value);
        match value {
            Value::Object(members) => Value::Object(self.members(schema, members)),
            Value::Array(items) => Value::Array(self.items(schema, items)),
            Value::String(text) => Value::String(self.text(schema, text)),
            other => other,
        }
    }

    /// Of alternatives only *this or null* has one reading; others are left as they are.
    fn fit_to_any(&mut self, any: &[Value], value: Value) -> Value {
        let null = |one: &&Value| one.get("type").is_some_and(|kind| kind == "null");
        let mut others = any.iter().filter(|one| !null(one));
        match (others.next(), others.next(), value.is_null()) {
            (Some(only), None, false) => self.fit_to(only, value),
            _ => value,
        }
    }

    /// The only allowed value that is the same but for its letters' case, or its type.
    fn respelt(&mut self, allowed: &[Value], value: Value) -> Value {
        if allowed.is_empty() || allowed.contains(&value) {
            return value;
        }
        let said = match &value {
            Value::String(text) => text.trim().to_lowercase(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return value,
        };
        let like = |one: &&Value| match one {
            Value::String(text) => text.trim().to_lowercase() == said,
            Value::Number(_) | Value::Bool(_) | Value::Null => one.to_string() == said,
            _ => false,
        };
        let mut like = allowed.iter().filter(like);
        match (like.next(), like.next()) {
            (Some(only), None) => self.noted(Mend::Respelt, only.clone()),
            _ => value,
        }
    }

    /// The value in the only type that the schema allows, where it can be told in it.
    fn retyped(&mut self, schema: &Map<String, Value>, value: Value) -> Value {
        let Some(Value::String(kind)) = schema.get("type") else {
            return value;
        };
        let retyped = match (kind.as_str(), &value) {
            ("boolean", Value::String(text)) => match text.trim().to_lowercase().as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => None,
            },
            ("integer", Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
            ("number", Value::String(text)) => match serde_json::from_str(text.trim()) {
                Ok(number @ Value::Number(_)) => Some(number),
                _ => None,
            },
            ("string", Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
            // A list of one, without the list.
            ("array", Value::Object(_)) => Some(Value::Array(vec![value.clone()])),
            ("array", Value::String(_)) if items_are(schema, "string") => {
                Some(Value::Array(vec![value.clone()]))
            }
            ("array", Value::Null) => Some(Value::Array(Vec::new())),
            ("string", Value::Array(items)) => match items.as_slice() {
                [only @ Value::String(_)] => Some(only.clone()),
                _ => None,
            },
            _ => None,
        };
        match retyped {
            Some(retyped) => self.noted(Mend::Respelt, retyped),
            None => value,
        }
    }

    fn members(
        &mut self,
        schema: &Map<String, Value>,
        members: Map<String, Value>,
    ) -> Map<String, Value> {
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return members;
        };
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false))
            && !schema.contains_key("patternProperties");
        let required = |key: &str| match schema.get("required") {
            Some(Value::Array(required)) => required.iter().any(|one| one == key),
            _ => false,
        };
        let taken: Vec<String> = members.keys().cloned().collect();
        let mut fitted = Map::new();
        for (key, value) in members {
            let known = match properties.contains_key(&key) {
                true => Some(key.clone()),
                false => {
                    let like = |one: &&String| one.to_lowercase() == key.trim().to_lowercase();
                    let mut like = properties.keys().filter(like);
                    match (like.next(), like.next()) {
                        (Some(only), None)
                            if !taken.contains(only) && !fitted.contains_key(only) =>
                        {
                            self.mends.insert(Mend::Respelt);
                            Some(only.clone())
                        }
                        _ => None,
                    }
                }
            };
            let property = known.as_ref().and_then(|known| properties.get(known));
            match (known, property) {
                (Some(known), Some(property)) => {
                    let value = self.fit_to(property, value);
                    if value.is_null() && !required(&known) && !allows_null(property) {
                        self.mends.insert(Mend::FieldsDropped);
                    } else {
                        fitted.insert(known, value);
                    }
                }
                _ if closed => {
                    self.mends.insert(Mend::FieldsDropped);
                }
                _ => {
                    fitted.insert(key, value);
                }
            }
        }
        fitted
    }

    fn items(&mut self, schema: &Map<String, Value>, mut items: Vec<Value>) -> Vec<Value> {
        if let Some(most) = bound(schema, "maxItems")
            && items.len() > most
        {
            items.truncate(most);
            self.mends.insert(Mend::SurplusCut);
        }
        if bound(schema, "minItems").is_some_and(|least| items.len() < least) {
            self.mends.insert(Mend::ShortTaken);
        }
        match schema.get("items") {
            Some(each) => items
                .into_iter()
                .map(|item| self.fit_to(each, item))
                .collect(),
            None => items,
        }
    }

    fn text(&mut self, schema: &Map<String, Value>, text: String) -> String {
        if bound(schema, "minLength").is_some_and(|least| text.chars().count() < least) {
            self.mends.insert(Mend::ShortTaken);
        }
        let cut = bound(schema, "maxLength").and_then(|most| text.char_indices().nth(most));
        match cut {
            Some((end, _)) => {
                self.mends.insert(Mend::SurplusCut);
                text.get(..end).unwrap_or(&text).trim_end().to_owned()
            }
            None => text,
        }
    }

    fn noted(&mut self, mend: Mend, value: Value) -> Value {
        self.mends.insert(mend);
        value
    }
}

fn bound(schema: &Map<String, Value>, keyword: &str) -> Option<usize> {
    let bound = schema.get(keyword)?.as_u64()?;
    Some(usize::try_from(bound).unwrap_or(usize::MAX))
}

fn items_are(schema: &Map<String, Value>, kind: &str) -> bool {
    let items = schema.get("items").and_then(|items| items.get("type"));
    items.is_some_and(|items| items == kind)
}

fn allows_null(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "null",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        // Nothing that would forbid it here; the validator decides.
        _ => !schema.get("enum").is_some_and(Value::is_array),
    }
}
