//! A question as it stands in a line.

use std::collections::{BTreeMap, BTreeSet};

use memhost_contract::Source;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::super::super::question::MOST_TRIES;
use super::super::super::{HiddenProblem, Matching, Question, Slot};
use super::attempt::StepRow;
use super::{Wrong, within_unit};

/// A step of an attempt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepOf {
    attempt: String,
    step: u32,
}

/// A step of an attempt, or a text that names one in the former way.
#[derive(Serialize)]
#[serde(untagged)]
enum SourceRow {
    Step(StepOf),
    Text(String),
}

impl SourceRow {
    fn of(source: &Source) -> SourceRow {
        let attempt = source.attempt.clone();
        match source.step {
            Some(step) => SourceRow::Step(StepOf { attempt, step }),
            None => SourceRow::Text(attempt),
        }
    }

    /// A text stands for itself until it has been looked up.
    fn into_source(self) -> Source {
        match self {
            SourceRow::Step(StepOf { attempt, step }) => Source::step(attempt, step),
            SourceRow::Text(text) => Source::attempt(text),
        }
    }
}

// An untagged choice would only say that no variant matched.
impl<'de> Deserialize<'de> for SourceRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SourceRow;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(r#"{"attempt": ID, "step": NUMBER}"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SourceRow, E> {
                Ok(SourceRow::Text(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<SourceRow, M::Error> {
                StepOf::deserialize(MapAccessDeserializer::new(map)).map(SourceRow::Step)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// All kinds of question in one row: an untagged choice would only say that "no variant matched".
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<Matching>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gold: Option<Vec<SourceRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unanswerable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Vec<StepRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<Slot>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outdated: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<BTreeMap<String, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    happened: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<HiddenProblem>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<u32>,
}

impl QuestionRow {
    pub(super) fn of(question: &Question) -> QuestionRow {
        let none = QuestionRow::default();
        match question.clone() {
            Question::Evidence {
                answers,
                matching,
                gold,
                pieces,
            } => QuestionRow {
                answers: Some(answers),
                matching: (matching != Matching::default()).then_some(matching),
                gold: Some(gold.iter().map(SourceRow::of).collect()),
                pieces: (!pieces.is_empty()).then_some(pieces),
                ..none
            },
            Question::Unanswerable => QuestionRow {
                unanswerable: Some(true),
                ..none
            },
            Question::Kind { kind } => QuestionRow {
                kind: Some(kind),
                ..none
            },
            Question::Tools { tools } => QuestionRow {
                tools: Some(tools),
                ..none
            },
            Question::NextTool { run, tool } => QuestionRow {
                run: Some(run.iter().map(StepRow::of).collect()),
                next: Some(tool),
                ..none
            },
            Question::Keep {
                run,
                needed,
                outdated,
            } => QuestionRow {
                run: Some(run.iter().map(StepRow::of).collect()),
                needed: Some(needed),
                outdated: (!outdated.is_empty()).then_some(outdated),
                ..none
            },
            Question::Assign {
                slots,
                noise,
                tries,
            } => QuestionRow {
                slots: Some(slots),
                noise: Some(noise),
                tries: Some(tries),
                ..none
            },
            Question::Route { values } => QuestionRow {
                values: Some(values),
                ..none
            },
            Question::Forecast {
                happened,
                source,
                horizon,
                market,
            } => QuestionRow {
                happened: Some(happened),
                source: Some(source),
                horizon: Some(horizon),
                market,
                ..none
            },
            Question::Discover { problems, reports } => QuestionRow {
                problems: Some(problems),
                reports: Some(reports),
                ..none
            },
        }
    }

    /// What is named as a text, and where among the `gold`.
    pub(super) fn named(&self) -> Vec<(usize, String)> {
        let gold = self.gold.iter().flatten().enumerate();
        let texts = gold.filter_map(|(place, row)| match row {
            SourceRow::Text(text) => Some((place, text.clone())),
            SourceRow::Step(_) => None,
        });
        texts.collect()
    }

    /// The one kind of question that the fields which are there belong to.
    pub(super) fn into_question(self) -> Result<Question, Wrong> {
        let evidence = self.answers.is_some()
            || self.gold.is_some()
            || self.matching.is_some()
            || self.pieces.is_some();
        let unanswerable = self.unanswerable.unwrap_or_default();
        let forecast = self.happened.is_some()
            || self.source.is_some()
            || self.horizon.is_some()
            || self.market.is_some();
        let assigns = self.slots.is_some() || self.noise.is_some() || self.tries.is_some();
        let keeps = self.needed.is_some() || self.outdated.is_some();
        let within_a_run = self.next.is_some() || self.run.is_some() && !keeps;
        let discover = self.problems.is_some() || self.reports.is_some();
        let kinds = [
            evidence,
            unanswerable,
            self.kind.is_some(),
            self.tools.is_some(),
            within_a_run,
            keeps,
            assigns,
            self.values.is_some(),
            forecast,
            discover,
        ];
        if kinds.into_iter().filter(|is_there| *is_there).count() != 1 {
            return Err((
                "question".into(),
                "a question has either `answers` and `gold` (with `pieces` in lane `hops`), or `unanswerable`, or `kind`, or `tools`, or `run` and `next` or `needed`, or `slots`, `noise` and `tries`, or `values`, or `happened`, `source` and `horizon`, or `problems` and `reports`".into(),
            ));
        }
        if unanswerable {
            return Ok(Question::Unanswerable);
        }
        if let Some(kind) = self.kind {
            return Ok(Question::Kind { kind });
        }
        if let Some(tools) = self.tools {
            return Ok(Question::Tools {
                tools: distinct(tools),
            });
        }
        if within_a_run {
            let run = needed(self.run, "run")?;
            return Ok(Question::NextTool {
                run: run.into_iter().map(StepRow::into_step).collect(),
                tool: needed(self.next, "next")?,
            });
        }
        if keeps {
            let run = needed(self.run, "run")?;
            return Ok(Question::Keep {
                run: run.into_iter().map(StepRow::into_step).collect(),
                needed: needed(self.needed, "needed")?,
                outdated: self.outdated.unwrap_or_default(),
            });
        }
        if assigns {
            let tries = needed(self.tries, "tries")?;
            if tries > MOST_TRIES {
                return Err((
                    "question.tries".into(),
                    format!("{tries} are too many; a task is tried at most {MOST_TRIES} times"),
                ));
            }
            return Ok(Question::Assign {
                slots: needed(self.slots, "slots")?,
                noise: needed(self.noise, "noise")?,
                tries,
            });
        }
        if let Some(values) = self.values {
            return route(values);
        }
        if forecast {
            return Ok(Question::Forecast {
                happened: needed(self.happened, "happened")?,
                source: needed(self.source, "source")?,
                horizon: needed(self.horizon, "horizon")?,
                market: self
                    .market
                    .map(|price| within_unit(price, "question.market", "a price"))
                    .transpose()?,
            });
        }
        if discover {
            let reports = needed(self.reports, "reports")?;
            if reports == 0 {
                return Err((
                    "question.reports".into(),
                    "at least one finding may be reported".into(),
                ));
            }
            return Ok(Question::Discover {
                problems: needed(self.problems, "problems")?,
                reports,
            });
        }
        Ok(Question::Evidence {
            answers: self.answers.unwrap_or_default(),
            matching: self.matching.unwrap_or_default(),
            gold: self
                .gold
                .unwrap_or_default()
                .into_iter()
                .map(SourceRow::into_source)
                .collect(),
            pieces: self.pieces.unwrap_or_default(),
        })
    }
}

fn route(values: BTreeMap<String, f64>) -> Result<Question, Wrong> {
    for (agent, value) in &values {
        within_unit(*value, &format!("question.values.{agent}"), "a value")?;
    }
    Ok(Question::Route { values })
}

fn needed<T>(value: Option<T>, name: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| {
        (
            format!("question.{name}"),
            format!("`{name}` is missing; this kind of question needs it"),
        )
    })
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .collect()
}
