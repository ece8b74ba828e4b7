//! What a plugin says of itself and asks of whoever runs it: its description, and its plan.

use memhost_contract::{Description, PACKAGE, Parameter, Plan, Range, Trigger, Value, settings};

use super::{Checked, LONGEST_REMARK, finite, is_name, named};

/// The most trials, rounds or refinements that a plan may ask for.
const MOST_REPEATS: u32 = 1_000;

/// The most kinds of moments that a plan may ask for.
pub(super) const MOST_MOMENTS: usize = 64;

/// The host interfaces that a description may require.
const INTERFACES: [&str; 4] = ["llm", "embedder", "store", "run"];

pub(crate) fn description(description: &Description) -> Checked {
    let name = &description.name;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !is_name(name) || name.len() > 64 || !name.chars().all(is_plain) {
        return Err(format!(
            "describe: the name {name:?} is not made of 1 to 64 lower-case letters, digits and hyphens"
        ));
    }
    let remarks = [
        &description.version,
        &description.summary,
        &description.source,
    ];
    let docs = description
        .parameters
        .iter()
        .map(|parameter| &parameter.doc);
    for remark in remarks.into_iter().chain(docs).chain(&description.degraded) {
        if remark.len() > LONGEST_REMARK {
            return Err(format!(
                "describe: a text has {} bytes and may have {LONGEST_REMARK}",
                remark.len()
            ));
        }
    }
    let mut seen = std::collections::HashSet::new();
    for parameter in &description.parameters {
        named("describe: a parameter's name", &parameter.name)?;
        if !seen.insert(&parameter.name) {
            return Err(format!(
                "describe: the parameter `{}` is declared twice",
                parameter.name
            ));
        }
        declared(parameter)?;
    }
    match description
        .requires
        .iter()
        .find(|name| !INTERFACES.contains(&name.as_str()))
    {
        Some(unknown) => Err(format!(
            "describe: it requires `{unknown}`, which {PACKAGE} does not have"
        )),
        None => Ok(()),
    }
}

/// A parameter's values and its range fit together. What its source has may lie beyond the range: it is told, not chosen.
pub(super) fn declared(parameter: &Parameter) -> Checked {
    let name = &parameter.name;
    for value in std::iter::once(&parameter.default).chain(&parameter.source_value) {
        if let Value::Number(number) = value {
            finite(&format!("describe: a value of `{name}`"), *number)?;
        }
    }
    let Some(range) = &parameter.range else {
        return Ok(());
    };
    if let Range::Numbers(numbers) = range {
        finite(&format!("describe: the least `{name}`"), numbers.least)?;
        finite(&format!("describe: the most `{name}`"), numbers.most)?;
        if numbers.least > numbers.most {
            return Err(format!(
                "describe: the least `{name}` is {}, which is above the most, {}",
                numbers.least, numbers.most
            ));
        }
        if numbers.logarithmic && numbers.least <= 0.0 {
            return Err(format!(
                "describe: `{name}` is to be tried by ratios, and can be {}",
                numbers.least
            ));
        }
    }
    match settings::is_within(&parameter.default, range) {
        true => Ok(()),
        false => Err(format!(
            "describe: the default of `{name}` is {}, and it takes {}",
            settings::display(&parameter.default),
            settings::range_name(range)
        )),
    }
}

pub(crate) fn plan(plan: &Plan) -> Checked {
    for (field, value, least) in [
        ("trials", plan.trials, 1),
        ("rounds", plan.rounds, 1),
        ("refinements", plan.refinements, 0),
        ("build-trials", plan.build_trials, 0),
        ("retries", plan.retries, 0),
    ] {
        if !(least..=MOST_REPEATS).contains(&value) {
            return Err(format!(
                "plan-for: {field} is {value} and must lie in {least}..={MOST_REPEATS}"
            ));
        }
    }
    if let Some(temperature) = plan.agent_temperature
        && !(temperature.is_finite() && temperature >= 0.0)
    {
        return Err(format!(
            "plan-for: agent-temperature is {temperature} and must be 0 or a positive number"
        ));
    }
    if plan.moments.contains(&Trigger::EverySteps(0)) {
        return Err("plan-for: every-steps is 0 and must be at least 1".to_owned());
    }
    if plan.moments.len() > MOST_MOMENTS {
        return Err(format!(
            "plan-for: it asks for {} moments and may ask for {MOST_MOMENTS}",
            plan.moments.len()
        ));
    }
    let calls = plan.calls;
    for (field, value) in [
        ("calls.retrieve", calls.retrieve),
        ("calls.distill", calls.distill),
        ("calls.update", calls.update),
        ("calls.candidates", calls.candidates),
    ] {
        if !value.is_finite() || value < 0.0 {
            return Err(format!(
                "plan-for: {field} is {value} and must be 0 or a positive number"
            ));
        }
    }
    Ok(())
}
