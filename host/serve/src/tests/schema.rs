//! JSON Schemas, as far as the description uses them: values that fit one, made at random, and whether a value fits.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// An attempt that most strings are, so that what is made at random meets something.
pub(super) const ATTEMPT: &str = "a-known-attempt";

/// The schemas of a description.
#[derive(Clone)]
pub(super) struct Schemas(pub Value);

impl Schemas {
    /// A schema itself, for one that is named; and one, for several that hold together.
    fn resolved<'a>(&'a self, schema: &'a Value) -> Cow<'a, Value> {
        if let Some(to) = schema["$ref"].as_str() {
            return self.resolved(self.0.pointer(&to[1..]).unwrap());
        }
        let Some(all) = schema["allOf"].as_array() else {
            return Cow::Borrowed(schema);
        };
        let mut together = json!({"type": "object", "properties": {}, "required": []});
        for part in all {
            let part = self.resolved(part);
            for (name, property) in part["properties"].as_object().into_iter().flatten() {
                together["properties"][name] = property.clone();
            }
            let required = part["required"].as_array().cloned().unwrap_or_default();
            let all = together["required"].as_array_mut().unwrap();
            all.extend(required);
        }
        Cow::Owned(together)
    }

    /// Values that fit.
    pub(super) fn valid(&self, schema: &Value) -> BoxedStrategy<Value> {
        let schema = &*self.resolved(schema);
        if let Some(options) = schema["oneOf"].as_array() {
            let options: Vec<_> = options.iter().map(|option| self.valid(option)).collect();
            return proptest::strategy::Union::new(options).boxed();
        }
        if let Some(values) = schema["enum"].as_array() {
            return select(values.clone()).boxed();
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        };
        let kinds = kinds
            .iter()
            .map(|kind| self.of_kind(kind.as_str().unwrap(), schema));
        proptest::strategy::Union::new(kinds.collect::<Vec<_>>()).boxed()
    }

    fn of_kind(&self, kind: &str, schema: &Value) -> BoxedStrategy<Value> {
        match kind {
            "null" => Just(Value::Null).boxed(),
            "boolean" => any::<bool>().prop_map(Value::from).boxed(),
            "string" if schema["pattern"].is_string() => {
                let pattern = schema["pattern"].as_str().unwrap();
                let inside = pattern.trim_start_matches('^').trim_end_matches('$');
                let made = proptest::string::string_regex(inside).unwrap();
                made.prop_map(Value::from).boxed()
            }
            "string" => prop_oneof![Just(ATTEMPT.to_owned()), "\\PC{1,20}", "[ -~\\s]{1,5}"]
                .prop_map(Value::from)
                .boxed(),
            "integer" => match schema["format"].as_str() {
                Some("int32") => prop_oneof![0..9_u32, any::<u32>()]
                    .prop_map(Value::from)
                    .boxed(),
                _ => prop_oneof![0..9_u64, any::<u64>()]
                    .prop_map(Value::from)
                    .boxed(),
            },
            "number" => match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
                (Some(least), Some(most)) => (least..=most).prop_map(Value::from).boxed(),
                _ => any::<f64>().prop_map(Value::from).boxed(),
            },
            "array" => vec(self.valid(&schema["items"]), 0..3)
                .prop_map(Value::from)
                .boxed(),
            "object" => self.object(schema),
            other => panic!("a schema of type {other}"),
        }
    }

    fn object(&self, schema: &Value) -> BoxedStrategy<Value> {
        let Some(properties) = schema["properties"].as_object() else {
            let values = self.valid(&schema["additionalProperties"]);
            let object = btree_map("[a-z]{1,5}", values, 0..3);
            return object.prop_map(|object| json!(object)).boxed();
        };
        let fields: Vec<BoxedStrategy<Option<(String, Value)>>> = properties
            .iter()
            .map(|(name, property)| {
                let is_required = is_required(schema, name);
                let name = name.clone();
                let value = self
                    .valid(property)
                    .prop_map(move |value| (name.clone(), value));
                match is_required {
                    true => value.prop_map(Some).boxed(),
                    false => proptest::option::of(value).boxed(),
                }
            })
            .collect();
        let object = |fields: Vec<Option<(String, Value)>>| {
            let fields: Map<String, Value> = fields.into_iter().flatten().collect();
            Value::Object(fields)
        };
        fields.prop_map(object).boxed()
    }

    /// Whether a value fits, and is all described.
    pub(super) fn fits(&self, schema: &Value, value: &Value) -> bool {
        let schema = &*self.resolved(schema);
        if let Some(options) = schema["oneOf"].as_array() {
            return options
                .iter()
                .filter(|option| self.fits(option, value))
                .count()
                == 1;
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
        };
        let is =
            |described: &Value| described == kind || (described == "number" && kind == "integer");
        let is_of_kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(is),
            one => is(one),
        };
        let is_named = schema["enum"]
            .as_array()
            .is_none_or(|all| all.contains(value));
        let is_deep = match value {
            Value::Array(values) => values
                .iter()
                .all(|value| self.fits(&schema["items"], value)),
            Value::Object(fields) => self.fits_object(schema, fields),
            _ => true,
        };
        is_of_kind && is_named && is_deep
    }

    fn fits_object(&self, schema: &Value, fields: &Map<String, Value>) -> bool {
        let all_there = schema["required"].as_array().into_iter().flatten();
        let mut all_there = all_there.map(|name| name.as_str().unwrap());
        let is_described = |(name, value): (&String, &Value)| match schema["properties"].get(name) {
            Some(property) => self.fits(property, value),
            None => {
                let further = &schema["additionalProperties"];
                further.is_object() && self.fits(further, value)
            }
        };
        all_there.all(|name| fields.contains_key(name)) && fields.iter().all(is_described)
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array().into_iter().flatten();
    required.into_iter().any(|required| required == name)
}

/// Values that are no longer what they were: somewhere in them stands something else, too much, or nothing.
pub(super) fn broken(valid: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let junk = prop_oneof![
        Just(Value::Null),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("\u{0}\u{7f}\u{fffd}")),
        Just(json!("x".repeat(500))),
        Just(json!([[[[{"a": [true]}]]]])),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    (valid, any::<prop::sample::Index>(), 0..3, junk)
        .prop_map(|(mut value, place, how, junk)| {
            let mut left = place.index(size(&value));
            let place = nth(&mut value, &mut left).unwrap();
            match (how, place) {
                (0, Value::Object(fields)) => {
                    fields.insert("surplus".to_owned(), junk);
                }
                (1, Value::Object(fields)) => {
                    let first = fields.keys().next().cloned();
                    first.and_then(|first| fields.remove(&first));
                }
                (_, place) => *place = junk,
            }
            value
        })
        .boxed()
}

/// How many values there are in a value, itself among them.
fn size(value: &Value) -> usize {
    let parts = match value {
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    };
    1 + parts
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|value| nth(value, left)),
        Value::Object(fields) => fields.values_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}
