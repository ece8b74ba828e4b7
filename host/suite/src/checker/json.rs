//! JSON in answers.

use serde_json::Value;

/// The JSON that an answer is, or else holds in a fenced block. Blocks with different values are no answer.
pub(super) fn find(answer: &str) -> Option<Value> {
    let whole = serde_json::from_str(answer.trim()).ok();
    whole.or_else(|| {
        let mut values = blocks(answer).filter_map(|text| serde_json::from_str(text.trim()).ok());
        let first = values.next()?;
        values.all(|value| same(&value, &first)).then_some(first)
    })
}

/// What stands between fences, the name of the language left out.
fn blocks(answer: &str) -> impl Iterator<Item = &str> {
    answer
        .split("```")
        .skip(1)
        .step_by(2)
        .map(|block| match block.split_once('\n') {
            Some((language, rest)) if language.trim().chars().all(char::is_alphanumeric) => rest,
            _ => block,
        })
}

/// Whether two values are the same: `1` is `1.0`, and fields have no order.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let whole = |n: &serde_json::Number| n.is_i64() || n.is_u64();
            a == b || !(whole(a) && whole(b)) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
