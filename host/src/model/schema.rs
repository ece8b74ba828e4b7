//! Replies that must satisfy a JSON Schema.

use serde_json::Value;

use crate::contract::Fault;

/// How many complaints about one reply are told.
const MOST_COMPLAINTS: usize = 5;

/// The longest schema, in bytes; what is done with one takes time that grows with it.
const LONGEST_SCHEMA: usize = 64 << 10;

/// A request's schema.
pub(super) struct ReplySchema<'a> {
    text: &'a str,
    value: Value,
    validator: jsonschema::Validator,
}

impl<'a> ReplySchema<'a> {
    /// Reads a schema. It may refer to nothing outside itself, and its patterns run in linear time: it comes
    /// from a strategy, which nobody has vouched for.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if it is not a JSON Schema.
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
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&value)
            .map_err(|error| invalid(error.to_string()))?;
        Ok(ReplySchema {
            text,
            value,
            validator,
        })
    }

    /// The schema itself.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The JSON in a reply that satisfies the schema.
    ///
    /// # Errors
    /// What is wrong with it, for whoever wrote it.
    pub(super) fn check<'r>(&self, reply: &'r str) -> Result<&'r str, String> {
        let json = unfenced(reply);
        let value =
            serde_json::from_str(json).map_err(|error| format!("it is not JSON: {error}"))?;
        let complaints: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(MOST_COMPLAINTS)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("at {path}: {error}"),
            })
            .collect();
        if complaints.is_empty() {
            Ok(json)
        } else {
            Err(complaints.join("; "))
        }
    }

    /// What to say to the author of a reply that failed [`ReplySchema::check`]. It shows the schema, because
    /// not every endpoint shows `response_format` to its model.
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

/// Many models wrap JSON in a Markdown code block.
fn unfenced(reply: &str) -> &str {
    let reply = reply.trim();
    let inner = reply
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
        .and_then(|block| block.split_once('\n'));
    match inner {
        Some((_language, json)) => json.trim(),
        None => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICT: &str = r#"{
        "type": "object",
        "properties": {"verdict": {"enum": ["success", "failure"]}, "reason": {"type": "string"}},
        "required": ["verdict"],
        "additionalProperties": false
    }"#;

    #[test]
    fn a_reply_is_checked_and_what_is_wrong_is_told() {
        let schema = ReplySchema::parse(VERDICT).unwrap();
        for good in [
            r#"{"verdict": "success"}"#,
            " {\"verdict\": \"success\"}\n",
            "```json\n{\"verdict\": \"success\"}\n```",
        ] {
            assert_eq!(schema.check(good).unwrap(), r#"{"verdict": "success"}"#);
        }
        let complaints: String = [
            "Success!",
            r#"{"verdict": "perhaps", "reason": 3}"#,
            "[]",
            "",
        ]
        .map(|bad| schema.check(bad).unwrap_err() + "\n")
        .concat();
        insta::assert_snapshot!(complaints);
    }

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
    fn a_hostile_schema_costs_neither_time_nor_the_process() {
        let aaa = format!("\"{}!\"", "a".repeat(50_000));
        let schema = ReplySchema::parse(r#"{"type": "string", "pattern": "^(a+)+$"}"#).unwrap();
        assert!(schema.check(&aaa).is_err());
        // A reference to itself must end, one way or the other.
        if let Ok(schema) = ReplySchema::parse(r##"{"$ref": "#"}"##) {
            let _ = schema.check("1");
        }
        let deep = "[".repeat(100_000);
        assert!(ReplySchema::parse(&deep).is_err());
        let schema = ReplySchema::parse("true").unwrap();
        assert!(schema.check(&deep).is_err());
    }
}
