//! A strategy's parameters, as the operator chose them.
//!
//! A strategy declares its parameters with defaults; the default's type is the parameter's type. Strategies
//! are always handed every parameter, so that a default stands in one place only: the strategy.

use std::collections::BTreeMap;

use memhost_base::suggest::{nearest, suggestion};

use crate::{Parameter, Range, Setting, Value};

/// Why a choice of parameters was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The strategy has no such parameter.
    #[error("strategy `{strategy}` has no parameter `{name}`{}; {}",
        suggestion(.nearest.as_deref()), known(.parameters))]
    Unknown {
        /// Which strategy.
        strategy: String,
        /// What was asked for.
        name: String,
        /// The parameter whose name is most like it.
        nearest: Option<String>,
        /// Every parameter that there is.
        parameters: Vec<String>,
    },
    /// The value is not of the parameter's type.
    #[error(
        "parameter `{strategy}.{name}` takes {expected} (default: {default}), and got `{given}`"
    )]
    Type {
        /// Which strategy.
        strategy: String,
        /// Which parameter.
        name: String,
        /// What it takes, in words.
        expected: &'static str,
        /// What it is unless chosen.
        default: String,
        /// What was given.
        given: String,
    },
    /// The value is none that the parameter can have.
    #[error("parameter `{strategy}.{name}` takes {expected} (default: {default}), and got `{given}`{}",
        suggestion(.nearest.as_deref()))]
    Range {
        /// Which strategy.
        strategy: String,
        /// Which parameter.
        name: String,
        /// What it takes, in words.
        expected: Box<str>,
        /// What it is unless chosen.
        default: String,
        /// What was given.
        given: Box<str>,
        /// The choice that is most like it.
        nearest: Option<Box<str>>,
    },
    /// One parameter got two values.
    #[error("parameter `{strategy}.{name}` is set twice: give it one value")]
    Twice {
        /// Which strategy.
        strategy: String,
        /// Which parameter.
        name: String,
    },
}

/// Every parameter of a strategy with its value: what was chosen, by name and as text, and defaults for the
/// rest.
///
/// # Errors
/// If a parameter is unknown, is chosen twice, or its value is not of its type or not in its range.
pub fn resolve(
    strategy: &str,
    parameters: &[Parameter],
    chosen: &[(String, String)],
) -> Result<Vec<Setting>, SettingError> {
    let mut settings = defaults(parameters);
    for (index, (name, text)) in chosen.iter().enumerate() {
        let (parameter, setting) = parameters
            .iter()
            .zip(&mut settings)
            .find(|(parameter, _)| parameter.name == *name)
            .ok_or_else(|| unknown(strategy, parameters, name))?;
        if chosen
            .iter()
            .take(index)
            .any(|(earlier, _)| earlier == name)
        {
            return Err(SettingError::Twice {
                strategy: strategy.to_owned(),
                name: name.clone(),
            });
        }
        setting.value = parse(text, &setting.value).ok_or_else(|| SettingError::Type {
            strategy: strategy.to_owned(),
            name: name.clone(),
            expected: type_name(&setting.value),
            default: display(&setting.value),
            given: text.clone(),
        })?;
        if let Some(range) = &parameter.range
            && !is_within(&setting.value, range)
        {
            return Err(SettingError::Range {
                strategy: strategy.to_owned(),
                name: name.clone(),
                expected: range_name(range).into(),
                default: display(&parameter.default),
                given: text.as_str().into(),
                nearest: match range {
                    Range::Numbers(_) => None,
                    Range::Choices(choices) => {
                        nearest(text, choices.iter().map(String::as_str)).map(Box::from)
                    }
                },
            });
        }
    }
    Ok(settings)
}

/// Every parameter at its default.
pub fn defaults(parameters: &[Parameter]) -> Vec<Setting> {
    parameters
        .iter()
        .map(|parameter| Setting {
            name: parameter.name.clone(),
            value: parameter.default.clone(),
        })
        .collect()
}

/// Every setting as `--set` takes it, by name.
pub fn as_text(settings: &[Setting]) -> BTreeMap<String, String> {
    settings
        .iter()
        .map(|setting| (setting.name.clone(), display(&setting.value)))
        .collect()
}

/// The settings in which a strategy is not what its source has, in words.
pub fn deviations(settings: &[Setting], parameters: &[Parameter]) -> Vec<String> {
    let deviation = |parameter: &Parameter| {
        let of_source = parameter.source_value.as_ref()?;
        let chosen = settings.iter().find(|one| one.name == parameter.name)?;
        (chosen.value != *of_source).then(|| {
            format!(
                "its `{}` is `{}`, where its source has `{}`",
                parameter.name,
                display(&chosen.value),
                display(of_source)
            )
        })
    };
    parameters.iter().filter_map(deviation).collect()
}

/// A value as `--set` takes it.
pub fn display(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
    }
}

/// A value's type in words.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "a text",
        Value::Number(_) => "a number",
        Value::Flag(_) => "true or false",
    }
}

/// Whether a parameter with this range can have this value.
pub fn is_within(value: &Value, range: &Range) -> bool {
    match (value, range) {
        (Value::Number(number), Range::Numbers(range)) => {
            (range.least..=range.most).contains(number) && !(range.whole && number.fract() != 0.0)
        }
        (Value::Text(text), Range::Choices(choices)) => choices.contains(text),
        (Value::Text(_) | Value::Number(_) | Value::Flag(_), _) => false,
    }
}

/// What lies in a range, in words.
pub fn range_name(range: &Range) -> String {
    match range {
        Range::Numbers(range) => {
            let kind = if range.whole {
                "a whole number"
            } else {
                "a number"
            };
            format!("{kind} from {} to {}", range.least, range.most)
        }
        Range::Choices(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            match choices.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => choices.concat(),
            }
        }
    }
}

/// Reads a text as a value of the same type as `like`.
fn parse(text: &str, like: &Value) -> Option<Value> {
    match like {
        Value::Text(_) => Some(Value::Text(text.to_owned())),
        Value::Number(_) => text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::Number),
        Value::Flag(_) => text.trim().parse().ok().map(Value::Flag),
    }
}

fn unknown(strategy: &str, parameters: &[Parameter], name: &str) -> SettingError {
    let names = parameters.iter().map(|parameter| parameter.name.as_str());
    SettingError::Unknown {
        strategy: strategy.to_owned(),
        name: name.to_owned(),
        nearest: nearest(name, names.clone()),
        parameters: names.map(str::to_owned).collect(),
    }
}

fn known(parameters: &[String]) -> String {
    match parameters {
        [] => "it has none".to_owned(),
        names => format!("it has: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NumberRange;

    fn parameters() -> Vec<Parameter> {
        let parameter = |name: &str, default| Parameter {
            name: name.to_owned(),
            default,
            source_value: None,
            range: None,
            doc: String::new(),
        };
        vec![
            parameter("k", Value::Number(5.0)),
            parameter("mode", Value::Text("hybrid".to_owned())),
            parameter("successes-only", Value::Flag(false)),
        ]
    }

    fn choose(chosen: &[(&str, &str)]) -> Result<Vec<Setting>, SettingError> {
        let chosen: Vec<_> = chosen
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        resolve("rag", &parameters(), &chosen)
    }

    #[test]
    fn a_setting_that_its_source_does_not_have_is_named() {
        let mut parameters = parameters();
        parameters[1].source_value = Some(Value::Text("dense".into()));
        let said = |chosen: &[(String, String)]| {
            deviations(&resolve("rag", &parameters, chosen).unwrap(), &parameters)
        };
        assert_eq!(
            said(&[]),
            ["its `mode` is `hybrid`, where its source has `dense`"]
        );
        assert!(said(&[("mode".into(), "dense".into())]).is_empty());
    }

    #[test]
    fn what_is_not_chosen_keeps_its_default() {
        let settings = choose(&[("mode", "dense")]).unwrap();
        let shown: Vec<_> = settings
            .iter()
            .map(|setting| format!("{}={}", setting.name, display(&setting.value)))
            .collect();
        assert_eq!(shown, ["k=5", "mode=dense", "successes-only=false"]);
    }

    #[test]
    fn values_are_read_as_the_type_of_the_default() {
        let settings = choose(&[("k", " 2.5"), ("mode", "3"), ("successes-only", "true")]).unwrap();
        assert_eq!(settings[0].value, Value::Number(2.5));
        assert_eq!(settings[1].value, Value::Text("3".to_owned()));
        assert_eq!(settings[2].value, Value::Flag(true));
    }

    #[test]
    fn an_unknown_parameter_names_the_nearest_and_all() {
        assert_eq!(
            choose(&[("mod", "dense")]).unwrap_err().to_string(),
            "strategy `rag` has no parameter `mod` (did you mean `mode`?); \
             it has: k, mode, successes-only"
        );
        assert_eq!(
            choose(&[("temperature", "1")]).unwrap_err().to_string(),
            "strategy `rag` has no parameter `temperature`; it has: k, mode, successes-only"
        );
        assert_eq!(
            resolve("recency", &[], &[("k".to_owned(), "1".to_owned())])
                .unwrap_err()
                .to_string(),
            "strategy `recency` has no parameter `k`; it has none"
        );
    }

    #[test]
    fn a_wrong_type_says_what_is_expected_and_the_default() {
        assert_eq!(
            choose(&[("k", "many")]).unwrap_err().to_string(),
            "parameter `rag.k` takes a number (default: 5), and got `many`"
        );
        assert_eq!(
            choose(&[("successes-only", "yes")])
                .unwrap_err()
                .to_string(),
            "parameter `rag.successes-only` takes true or false (default: false), and got `yes`"
        );
    }

    #[test]
    fn a_value_beyond_the_range_is_refused_with_what_it_takes() {
        let mut parameters = parameters();
        parameters[0].range = Some(Range::Numbers(NumberRange {
            least: 1.0,
            most: 50.0,
            whole: true,
            logarithmic: false,
        }));
        let modes = ["dense", "bm25", "hybrid"].map(str::to_owned);
        parameters[1].range = Some(Range::Choices(modes.to_vec()));
        let choose = |name: &str, text: &str| {
            let chosen = [(name.to_owned(), text.to_owned())];
            resolve("rag", &parameters, &chosen).map_err(|error| error.to_string())
        };
        for (name, text) in [("k", "1"), ("k", "50"), ("mode", "bm25")] {
            choose(name, text).unwrap();
        }
        for text in ["0", "51", "2.5"] {
            assert_eq!(
                choose("k", text).unwrap_err(),
                format!(
                    "parameter `rag.k` takes a whole number from 1 to 50 (default: 5), and got `{text}`"
                )
            );
        }
        assert_eq!(
            choose("mode", "bm26").unwrap_err(),
            "parameter `rag.mode` takes `dense`, `bm25` or `hybrid` (default: hybrid), and got `bm26` \
             (did you mean `bm25`?)"
        );
    }

    #[test]
    fn numbers_are_finite() {
        for text in ["NaN", "inf", "-inf", "1e999"] {
            assert!(matches!(
                choose(&[("k", text)]),
                Err(SettingError::Type { .. })
            ));
        }
    }

    #[test]
    fn a_parameter_has_one_value() {
        assert_eq!(
            choose(&[("k", "1"), ("k", "2")]).unwrap_err().to_string(),
            "parameter `rag.k` is set twice: give it one value"
        );
    }
}
