//! JSON for a schema, from the sentences of an input.

use serde_json::{Map, Number, Value, json};

use super::Room;
use super::rank::{Input, Said};

/// How deep a reply may nest.
const DEEPEST: u32 = 32;

/// How many values one reply may hold: a schema can ask for a billion in forty bytes.
const MOST_VALUES: u32 = 1_000;

/// How long a title is, in tokens.
const TITLE_TOKENS: u32 = 8;

/// Properties that hold a short name of the object.
const TITLES: [&str; 2] = ["title", "name"];

/// A value for the schema, which takes no more room than given. It may still break constraints that copying
/// does not look at (`pattern`, `uniqueItems`); validate it.
///
/// # Errors
/// What about the schema is beyond it.
pub(super) fn fill(schema: &Value, input: &Input<'_>, room: Room) -> Result<Value, String> {
    let mut filler = Filler {
        root: schema,
        input,
        room,
        next: 0,
        values: 0,
    };
    filler.value(schema, 0)
}

struct Filler<'a> {
    root: &'a Value,
    input: &'a Input<'a>,
    room: Room,
    /// Which of the best sentences comes next.
    next: usize,
    values: u32,
}

impl<'a> Filler<'a> {
    fn value(&mut self, schema: &Value, depth: u32) -> Result<Value, String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("it asks for more than {MOST_VALUES} values"));
        }
        if depth > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST} levels"));
        }
        let Value::Object(schema) = schema else {
            return match schema {
                Value::Bool(false) => Err("a part of it allows nothing".to_owned()),
                _ => Ok(self.string(&Map::new())),
            };
        };
        if let Some(value) = schema.get("const") {
            return Ok(value.clone());
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self
                .choice(values)
                .ok_or_else(|| "an enum of it is empty".to_owned());
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let definition = self.definition(reference)?;
            return self.value(definition, depth + 1);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(alternatives) = schema.get(keyword).and_then(Value::as_array) {
                return self.alternative(schema, keyword, alternatives, depth);
            }
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.value(&self.merged(schema, "allOf", parts)?, depth + 1);
        }
        match kind(schema) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, depth),
            Some("string") | None => Ok(self.string(schema)),
            Some("boolean") => Ok(self
                .choice(&[json!(false), json!(true)])
                .unwrap_or_default()),
            Some("integer") => Ok(self.number(schema, true)),
            Some("number") => Ok(self.number(schema, false)),
            Some("null") => Ok(Value::Null),
            Some(other) => Err(format!("`{other}` is not a type")),
        }
    }

    fn definition(&self, reference: &str) -> Result<&'a Value, String> {
        reference
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer))
            .ok_or_else(|| format!("its reference `{reference}` leads nowhere"))
    }

    /// The first alternative that can be filled; null only where there is no other.
    fn alternative(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        alternatives: &[Value],
        depth: u32,
    ) -> Result<Value, String> {
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        let (last, first): (Vec<&Value>, Vec<&Value>) = alternatives.iter().partition(is_null);
        let mut problem = format!("`{keyword}` of it is empty");
        for alternative in first.into_iter().chain(last) {
            let start = self.next;
            let filled = self
                .merged(schema, keyword, std::slice::from_ref(alternative))
                .and_then(|merged| self.value(&merged, depth + 1));
            match filled {
                Ok(value) => return Ok(value),
                Err(other) => problem = other,
            }
            self.next = start;
        }
        Err(problem)
    }

    /// A schema with parts of one of its keywords put in its place: properties and requirements of all, and of
    /// other keywords the last.
    fn merged(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        parts: &[Value],
    ) -> Result<Value, String> {
        let mut whole = schema.clone();
        whole.remove(keyword);
        for part in parts {
            let part = match part.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.definition(reference)?,
                None => part,
            };
            let Value::Object(part) = part else { continue };
            for (key, value) in part {
                match (whole.get_mut(key), value) {
                    (Some(Value::Object(old)), Value::Object(new)) if key == "properties" => {
                        old.extend(new.clone());
                    }
                    (Some(Value::Array(old)), Value::Array(new)) if key == "required" => {
                        old.extend(new.clone());
                    }
                    _ => {
                        whole.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        Ok(Value::Object(whole))
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: u32) -> Result<Value, String> {
        let empty = Map::new();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let start = self.next;
        let lead = self.sentence();
        self.next = start;

        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let wanted = |name: &str| required.is_empty() || required.contains(&name);

        let mut object = Map::new();
        for (name, property) in properties.iter().filter(|(name, _)| wanted(name)) {
            let value = match property.as_object() {
                Some(property) if is_title(name, property) => bounded(
                    memhost_words::cut(lead, TITLE_TOKENS.min(self.room.sentence)),
                    property,
                ),
                _ => self.value(property, depth + 1)?,
            };
            object.insert(name.clone(), value);
        }
        let titled = object.keys().any(|name| TITLES.contains(&name.as_str()));
        if titled && self.next == start {
            // A title alone uses its sentence up, or every item of a list would have the same.
            self.next += 1;
        }

        for name in required {
            if !object.contains_key(name) {
                let other = schema
                    .get("additionalProperties")
                    .unwrap_or(&Value::Bool(true));
                object.insert(name.to_owned(), self.value(other, depth + 1)?);
            }
        }
        Ok(Value::Object(object))
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: u32) -> Result<Value, String> {
        let bound = |keyword| schema.get(keyword).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0);
        let most = bound("maxItems")
            .unwrap_or(u64::MAX)
            .min(self.room.items.max(least));
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let rest = schema.get("items").unwrap_or(&Value::Bool(true));

        let mut items = Vec::new();
        while (items.len() as u64) < most {
            let enough = items.len() as u64 >= least;
            if enough && self.next >= self.input.best().len() {
                break;
            }
            let start = self.next;
            let item = first
                .and_then(|first| first.get(items.len()))
                .unwrap_or(rest);
            items.push(self.value(item, depth + 1)?);
            if self.next == start && items.len() as u64 >= least {
                // Items that hold no sentence are all alike: one says everything.
                break;
            }
        }
        Ok(Value::Array(items))
    }

    fn string(&mut self, schema: &Map<String, Value>) -> Value {
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
        let mut text = memhost_words::cut(self.sentence(), self.room.sentence).to_owned();
        for _ in 0..self.input.best().len() {
            if text.chars().count() as u64 >= least {
                break;
            }
            text.push(' ');
            text.push_str(memhost_words::cut(self.sentence(), self.room.sentence));
        }
        bounded(&text, schema)
    }

    /// The next best sentence; from the first again when all are used.
    fn sentence(&mut self) -> &'a str {
        let best = self.input.best();
        let sentence = best.get(self.next % best.len().max(1));
        self.next += 1;
        sentence.map_or("", |sentence| sentence.text)
    }

    fn choice(&self, values: &[Value]) -> Option<Value> {
        let said = |value: &Value| match value {
            Value::String(text) => self.input.said(text).unwrap_or_default(),
            other => self.input.said(&other.to_string()).unwrap_or_default(),
        };
        let mut best: Option<(Said, &Value)> = None;
        for value in values {
            let said = said(value);
            if best.is_none_or(|(most, _)| said > most) {
                best = Some((said, value));
            }
        }
        best.map(|(_, value)| value.clone())
    }

    fn number(&self, schema: &Map<String, Value>, whole: bool) -> Value {
        let bound = |keyword| schema.get(keyword).and_then(Value::as_f64);
        let fits = |number: f64| {
            bound("minimum").is_none_or(|least| number >= least)
                && bound("exclusiveMinimum").is_none_or(|least| number > least)
                && bound("maximum").is_none_or(|most| number <= most)
                && bound("exclusiveMaximum").is_none_or(|most| number < most)
                && (!whole || number.fract() == 0.0)
        };
        let between = |one: Option<f64>, other: Option<f64>| Some((one? + other?) / 2.0);
        let (least, above) = (bound("minimum"), bound("exclusiveMinimum"));
        let (most, below) = (bound("maximum"), bound("exclusiveMaximum"));
        let lowest = [
            least,
            above.map(|above| above.floor() + 1.0),
            between(above, most.or(below)),
            Some(0.0),
            most,
            below.map(|below| below.ceil() - 1.0),
        ];
        let given = self.input.numbers().iter().copied();
        let number = given
            .chain(lowest.into_iter().flatten())
            .find(|number| fits(*number))
            .unwrap_or(0.0);
        exact(number, whole)
    }
}

/// The type that a schema names or implies; of several, the first that is not null.
fn kind(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            names.clone().find(|name| *name != "null").or(names.next())
        }
        _ if schema.contains_key("properties") || schema.contains_key("required") => Some("object"),
        _ if schema.contains_key("items") || schema.contains_key("prefixItems") => Some("array"),
        _ => None,
    }
}

fn is_title(name: &str, property: &Map<String, Value>) -> bool {
    TITLES.contains(&name)
        && kind(property) == Some("string")
        && !property.contains_key("enum")
        && !property.contains_key("const")
}

/// A text cut to its schema's `maxLength`, after a word where there is one.
fn bounded(text: &str, schema: &Map<String, Value>) -> Value {
    let most = schema.get("maxLength").and_then(Value::as_u64);
    let end = most
        .and_then(|most| usize::try_from(most).ok())
        .and_then(|most| text.char_indices().nth(most));
    let Some((end, _)) = end else {
        return Value::String(text.to_owned());
    };
    let cut = &text[..end];
    let words = match cut.rfind(char::is_whitespace) {
        Some(space) if !text[end..].starts_with(char::is_whitespace) => &cut[..space],
        _ => cut,
    };
    Value::String(words.trim_end().to_owned())
}

fn exact(number: f64, whole: bool) -> Value {
    // Beyond 2^53 a float is no exact integer, and no input says one.
    if whole || (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0) {
        Value::from(number as i64)
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}
