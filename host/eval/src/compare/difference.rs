//! In what two JSON values differ, by name.

use serde_json::Value;

/// How long a value may be to be quoted.
const QUOTED: usize = 60;

/// Every place at which the first differs from the second: `design.seeds is 3, not 5`.
pub fn between(one: &Value, other: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    walk("", one, other, &mut differences);
    differences
}

fn walk(place: &str, one: &Value, other: &Value, differences: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let mut keys: Vec<&String> = ones.keys().chain(others.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let below = if place.is_empty() {
                    key.clone()
                } else {
                    format!("{place}.{key}")
                };
                let of = |values: &serde_json::Map<String, Value>| {
                    values.get(key).cloned().unwrap_or_default()
                };
                walk(&below, &of(ones), &of(others), differences);
            }
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            for (index, (one, other)) in ones.iter().zip(others).enumerate() {
                walk(&element(place, index, one, other), one, other, differences);
            }
        }
        (Value::Array(ones), Value::Array(others)) => differences.push(format!(
            "{place} has {} entries, not {}",
            ones.len(),
            others.len()
        )),
        _ if one == other => {}
        _ => differences.push(format!("{place} is {}, not {}", quoted(one), quoted(other))),
    }
}

/// An element's place: by its name where both have the same, else by its number.
fn element(place: &str, index: usize, one: &Value, other: &Value) -> String {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    match name(one) {
        Some(called) if name(other).as_deref() == Some(called.as_str()) => {
            format!("{place}[{called}]")
        }
        _ => format!("{place}[{index}]"),
    }
}

fn quoted(value: &Value) -> String {
    let text = match value {
        Value::Null => "absent".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= QUOTED {
        return text;
    }
    let beginning: String = text.chars().take(QUOTED).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_told_by_name() {
        let one = json!({
            "seeds": 3,
            "suites": [{"name": "pets", "digest": "a"}, {"name": "b"}],
            "only": true,
            "same": [1, 2],
        });
        let other = json!({
            "seeds": 5,
            "suites": [{"name": "pets", "digest": "c"}, {"name": "d"}],
            "same": [1, 2],
        });
        assert_eq!(
            between(&one, &other),
            [
                "only is true, not absent",
                "seeds is 3, not 5",
                "suites[pets].digest is \"a\", not \"c\"",
                "suites[1].name is \"b\", not \"d\"",
            ]
        );
        assert_eq!(
            between(&json!({"a": [1]}), &json!({"a": [1, 2]})),
            ["a has 1 entries, not 2"]
        );
        assert!(between(&one, &one).is_empty());
    }

    #[test]
    fn long_values_are_cut() {
        let long = json!({"a": "x".repeat(500)});
        let said = between(&long, &json!({"a": 1}));
        assert!(said[0].len() < 120 && said[0].contains('…'), "{said:?}");
    }
}
