//! Replies that must satisfy a JSON Schema.

use memhost_contract::Fault;
use serde_json::Value;

use super::reading::fit::unbounded;

/// How many complaints about one reply are told.
const MOST_COMPLAINTS: usize = 5;

/// The longest schema, in bytes; what is done with one takes time that grows with it.
const LONGEST_SCHEMA: usize = 64 << 10;

/// How many parts a schema may have when every reference is replaced by what it leads to. Thirty definitions, each
/// of which refers to the next twice, fit into a kilobyte and take a billion steps to check.
const MOST_PARTS: u32 = 10_000;

/// How many parts a pattern counts for: it is compiled.
const PATTERN_PARTS: u32 = 100;

/// How large a compiled pattern may become, in bytes.
const LARGEST_PATTERN: usize = 256 << 10;

/// How deep a schema may nest, references replaced.
const DEEPEST: u32 = 64;

/// A request's schema.
pub(super) struct ReplySchema<'a> {
    text: &'a str,
    value: Value,
    validator: jsonschema::Validator,
    /// The same without bounds on how much there is.
    unbounded: jsonschema::Validator,
}

impl<'a> ReplySchema<'a> {
    /// Reads a schema. It comes from a strategy, which nobody has vouched for: it may refer to nothing outside
    /// itself, nor to itself without end, its patterns run in linear time, and its size is bounded.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if it is not a JSON Schema, or goes beyond that.
    pub(super) fn parse(text: &'a str) -> Result<Self, Fault> {
        let invalid = |problem: String| {
            Fault::Invalid(format!(
                "the request's schema is not a JSON Schema that can be used: {problem}"
            ))
        };
        if text.len() > LONGEST_SCHEMA {
            return Err(invalid(format!("it is longer than {LONGEST_SCHEMA} bytes")));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        measure(&value, &value, 0, &mut 0).map_err(invalid)?;
        let validator = |schema: &Value| {
            jsonschema::options()
                .offline()
                .with_pattern_options(
                    jsonschema::PatternOptions::regex().size_limit(LARGEST_PATTERN),
                )
                .build(schema)
                .map_err(|error| invalid(error.to_string()))
        };
        Ok(ReplySchema {
            text,
            validator: validator(&value)?,
            unbounded: validator(&unbounded(&value))?,
            value,
        })
    }

    /// The schema itself.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Whether a text is JSON that satisfies the schema to the letter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        let value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        match self.complaints(&value) {
            complaints if complaints.is_empty() => Ok(()),
            complaints => Err(complaints),
        }
    }

    /// What is wrong with a value, and where; empty if it satisfies the schema.
    pub(super) fn complaints(&self, value: &Value) -> String {
        let complaints: Vec<String> = self
            .validator
            .iter_errors(value)
            .take(MOST_COMPLAINTS)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("at {path}: {error}"),
            })
            .collect();
        complaints.join("; ")
    }

    /// Whether a value has the schema's form, however much of it there is.
    pub(super) fn takes(&self, value: &Value) -> bool {
        self.unbounded.is_valid(value)
    }

    /// What to say to whoever cannot be told by `response_format`.
    pub(super) fn told(&self) -> String {
        format!(
            "Reply with JSON that satisfies this JSON Schema, and with nothing else:\n\n{}",
            self.text
        )
    }

    /// What to say to the author of a reply that could not be read. It shows the schema, because not every
    /// endpoint shows `response_format` to its model.
    pub(super) fn ask_again(&self, complaint: &str) -> String {
        format!(
            "Your reply does not satisfy the JSON Schema that it must satisfy.\n\n\
             Problem: {complaint}\n\n\
             JSON Schema: {}\n\n\
             Give the whole reply again, as JSON that satisfies the schema, and nothing else.",
            self.text
        )
    }
}

/// Counts the parts of a schema with every reference replaced, and stops at what is too much. Checking takes at
/// most a step for each part and each value of a reply.
fn measure(root: &Value, part: &Value, depth: u32, parts: &mut u32) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!(
            "it refers to itself, or nests deeper than {DEEPEST} levels; write it without recursion"
        ));
    }
    *parts += 1;
    if *parts > MOST_PARTS {
        return Err(format!("it has more than {MOST_PARTS} parts; simplify it"));
    }
    match part {
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| measure(root, item, depth + 1, parts)),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            match (key.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    let target = reference
                        .strip_prefix('#')
                        .and_then(|pointer| root.pointer(pointer))
                        .ok_or_else(|| {
                            format!("its reference `{reference}` leads to no part of it")
                        })?;
                    return measure(root, target, depth + 1, parts);
                }
                ("$dynamicRef" | "$recursiveRef", _) => {
                    return Err(format!("`{key}` is not supported; use `$ref`"));
                }
                // They would change what references mean from there on.
                ("$id" | "id", Value::String(_)) => {
                    return Err(format!(
                        "`{key}` is not supported; refer to parts with `#/…`"
                    ));
                }
                ("pattern", Value::String(_)) => *parts += PATTERN_PARTS,
                ("patternProperties", Value::Object(patterns)) => {
                    let count = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
                    *parts = parts.saturating_add(count.saturating_mul(PATTERN_PARTS));
                }
                _ => {}
            }
            measure(root, value, depth + 1, parts)
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_cannot_be_used_is_the_strategys_fault() {
        for bad in [
            "",
            "{",
            r#"{"type": "strnig"}"#,
            r#"{"$ref": "https://example.org/schema.json"}"#,
            r#"{"$ref": "file:///etc/passwd"}"#,
            r##"{"$ref": "#/$defs/missing"}"##,
            r#"{"type": "string", "pattern": "("}"#,
        ] {
            let Err(Fault::Invalid(text)) = ReplySchema::parse(bad) else {
                panic!("{bad} was taken");
            };
            assert!(
                text.starts_with("the request's schema is not a JSON Schema"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_schema_that_is_small_and_takes_for_ever_is_refused() {
        let doubling = |levels: u32| {
            let reference = |n| serde_json::json!({"$ref": format!("#/$defs/{n}")});
            let defs: serde_json::Map<String, Value> = (0..levels)
                .map(|n| {
                    (
                        n.to_string(),
                        serde_json::json!({"allOf": [reference(n + 1), reference(n + 1)]}),
                    )
                })
                .chain([(levels.to_string(), Value::Bool(true))])
                .collect();
            serde_json::json!({"$ref": "#/$defs/0", "$defs": defs}).to_string()
        };
        assert!(ReplySchema::parse(&doubling(4)).is_ok());
        let patterns = vec![serde_json::json!({"pattern": r"\w{100}"}); 1_000];
        let refused: String = [
            doubling(30),
            r##"{"$ref": "#"}"##.to_owned(),
            r##"{"properties": {"next": {"$ref": "#"}}}"##.to_owned(),
            r##"{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}}"##
                .to_owned(),
            r##"{"$dynamicRef": "#"}"##.to_owned(),
            r##"{"$defs": {"a": true}, "not": {"$id": "x:y", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}}"##.to_owned(),
            r#"{"pattern": "((a{100}){100}){100}"}"#.to_owned(),
            serde_json::json!({"anyOf": patterns}).to_string(),
            format!("{{\"title\": \"{}\"}}", "x".repeat(LONGEST_SCHEMA)),
        ]
        .iter()
        .map(|schema| match ReplySchema::parse(schema) {
            Err(Fault::Invalid(text)) => text + "\n",
            _ => panic!("{schema} was taken"),
        })
        .collect();
        insta::assert_snapshot!(refused);
    }

    #[test]
    fn a_hostile_schema_costs_neither_time_nor_the_process() {
        let aaa = format!("\"{}!\"", "a".repeat(50_000));
        let schema = ReplySchema::parse(r#"{"type": "string", "pattern": "^(a+)+$"}"#).unwrap();
        assert!(schema.check(&aaa).is_err());
        let deep = "[".repeat(100_000);
        assert!(ReplySchema::parse(&deep).is_err());
        let schema = ReplySchema::parse("true").unwrap();
        assert!(schema.check(&deep).is_err());
    }
}
