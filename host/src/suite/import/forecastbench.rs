//! ForecastBench (<https://github.com/forecastingresearch/forecastbench-datasets>, `datasets/question_sets/` and
//! `datasets/resolution_sets/`, CC BY-SA 4.0): every second Sunday 500 questions about the future, and what became of
//! them.
//!
//! Half of the questions come from data sources (`yfinance`, `wikipedia` …) and are asked at several horizons; half from
//! prediction markets, whose price at the freeze is given. Taken are answers of plainly yes or no: a data question
//! once per horizon that has been resolved, a market question once its market has. Combined questions are left out.
//!
//! There is one stream, and a stage per due date: everything is asked of it before anything of it is heard. An outcome
//! is known on the day of its resolution. When a market resolves is part of what is asked, so that market
//! questions all have the same horizon, `open`; the text loses its placeholders for dates.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::Date32Type;
use serde::Deserialize;
use serde_json::Value;

use super::super::recorded::{resolution, task};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{json, missing, opaque};

/// Sources that are prediction markets.
const MARKETS: [&str; 4] = ["manifold", "metaculus", "polymarket", "infer"];
/// Horizons of data questions in days, each with the days up to which a question belongs to it.
const HORIZONS: [(i32, &str); 4] = [(20, "7"), (60, "30"), (130, "90"), (i32::MAX, "180")];
/// The horizon of questions that stay open until their market resolves.
const OPEN: &str = "open";
/// Due dates whose questions are asked before much could have been learnt.
const WARM_UP: usize = 3;
/// Holds twenty questions with their outcomes.
const BUDGET: u32 = 2048;
const DAY: f64 = 86_400_000.0;

#[derive(Deserialize)]
struct QuestionSet {
    forecast_due_date: String,
    questions: Vec<QuestionRow>,
}

#[derive(Deserialize)]
struct QuestionRow {
    /// A text; a list for questions that are made of several.
    id: Value,
    source: String,
    question: String,
    /// A number as a text: of a market, its price.
    freeze_datetime_value: Value,
}

#[derive(Deserialize)]
struct ResolutionSet {
    resolutions: Vec<ResolutionRow>,
}

#[derive(Deserialize)]
struct ResolutionRow {
    id: Value,
    source: String,
    resolution_date: String,
    /// 1 if it came true, 0 if not; in between where nobody can say.
    resolved_to: Option<f64>,
    resolved: bool,
}

/// Reads the folder with `question_sets/` and `resolution_sets/`.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let folder = [path.to_owned(), path.join("datasets")]
        .into_iter()
        .find(|folder| folder.join("question_sets").is_dir())
        .ok_or_else(|| missing(path, "question_sets/<date>-llm.json"))?;
    let mut left_out = 0;
    let mut stages = Vec::new();
    for file in question_sets(&folder)? {
        let set: QuestionSet = json(&file)?;
        let due = set.forecast_due_date.as_str();
        let answers = folder
            .join("resolution_sets")
            .join(format!("{due}_resolution_set.json"));
        if !answers.is_file() {
            return Err(missing(
                &folder,
                &format!("resolution_sets/{due}_resolution_set.json"),
            ));
        }
        let asked_on = day(&file, due)?;
        let questions: HashMap<(&str, &str), &QuestionRow> = set
            .questions
            .iter()
            .filter_map(|row| Some(((row.source.as_str(), row.id.as_str()?), row)))
            .collect();
        let mut episodes = Vec::new();
        for row in json::<ResolutionSet>(&answers)?.resolutions {
            let asked = row
                .id
                .as_str()
                .and_then(|id| questions.get(&(row.source.as_str(), id)));
            let is_market = MARKETS.contains(&row.source.as_str());
            let (Some(question), Some(happened), false) =
                (asked, plainly(&row), is_market && !row.resolved)
            else {
                left_out += 1;
                continue;
            };
            let known_on = day(&answers, &row.resolution_date)?;
            let price = is_market.then(|| price(&file, question)).transpose()?;
            let horizon = match price {
                Some(_) => OPEN,
                None => horizon(known_on - asked_on),
            };
            episodes.push(episode(
                due,
                question,
                Forecast {
                    happened,
                    horizon,
                    price,
                    asked_on,
                    known_on,
                },
            ));
        }
        stages.push(Stage {
            batched: true,
            warm_up: stages.len() < WARM_UP,
            ..Stage::shuffled(episodes)
        });
    }
    Ok(Suite {
        name: "forecastbench".into(),
        lane: Lane::Forecast,
        summary: format!(
            "ForecastBench: questions about the future by due date, with late outcomes; {left_out} answers that are not yet yes or no are left out"
        ),
        streams: vec![Stream {
            name: "questions".into(),
            stages,
        }],
        budgets: vec![BUDGET],
        primary: "brier".into(),
    })
}

/// The files of questions, by due date.
fn question_sets(folder: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    let folder = folder.join("question_sets");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(SuiteError::reading(&folder))? {
        let file = entry.map_err(SuiteError::reading(&folder))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with("-llm.json") && name != "latest-llm.json" {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(missing(&folder, "<date>-llm.json"));
    }
    files.sort();
    Ok(files)
}

/// A forecast that was resolved.
struct Forecast {
    happened: bool,
    horizon: &'static str,
    price: Option<f64>,
    asked_on: i32,
    known_on: i32,
}

fn episode(due: &str, row: &QuestionRow, forecast: Forecast) -> Episode {
    let id = row.id.as_str().unwrap_or_default();
    let of_market = forecast.price.map(|price| price.to_string());
    let series = opaque("forecastbench/series", &format!("{}/{id}", row.source));
    let mut labels = BTreeMap::from([
        ("horizon", forecast.horizon),
        ("series", &series),
        ("source", &row.source),
    ]);
    if let Some(price) = &of_market {
        labels.insert("market", price);
    }
    let labels: Vec<(&str, &str)> = labels.into_iter().collect();
    let place = format!("{due}/{}/{id}/{}", row.source, forecast.known_on);
    let task = task(opaque("forecastbench", &place), text(row), &labels);
    Episode {
        question: Some(Question::Forecast {
            happened: forecast.happened,
            source: row.source.clone(),
            horizon: forecast.horizon.to_owned(),
            market: forecast.price,
        }),
        attempts: vec![resolution(&task, forecast.happened)],
        withheld: Vec::new(),
        group: due.to_owned(),
        timing: Timing {
            asked: Some(f64::from(forecast.asked_on) * DAY),
            known: Some(f64::from(forecast.known_on) * DAY),
        },
        check: None,
        task,
    }
}

/// The question itself: its first line, without the placeholders for dates.
fn text(row: &QuestionRow) -> String {
    let first = row.question.lines().next().unwrap_or_default();
    first
        .replace("{resolution_date}", "")
        .replace("{forecast_due_date}", "")
}

/// Yes or no, if it is either.
fn plainly(row: &ResolutionRow) -> Option<bool> {
    match row.resolved_to? {
        1.0 => Some(true),
        0.0 => Some(false),
        _ => None,
    }
}

fn horizon(days: i32) -> &'static str {
    HORIZONS
        .iter()
        .find(|(below, _)| days < *below)
        .map_or(OPEN, |(_, name)| name)
}

/// Days since 1970.
fn day(file: &Path, date: &str) -> Result<i32, SuiteError> {
    Date32Type::parse(date).ok_or_else(|| SuiteError::Source {
        path: file.to_owned(),
        problem: format!("`{date}` is no date"),
        advice: "dates read like 2025-10-26".into(),
    })
}

/// What the market said, in 0..=1.
fn price(file: &Path, row: &QuestionRow) -> Result<f64, SuiteError> {
    let value = match &row.freeze_datetime_value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    value
        .filter(|price| (0.0..=1.0).contains(price))
        .ok_or_else(|| SuiteError::Source {
            path: file.to_owned(),
            problem: format!(
                "question `{}` of the market {} has the price {}",
                row.id.as_str().unwrap_or_default(),
                row.source,
                row.freeze_datetime_value
            ),
            advice: "`freeze_datetime_value` of a market is a probability, from 0 to 1".into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTIONS: &str = r#"{"forecast_due_date": "2025-10-26", "questions": [
        {"id": "HSY", "source": "yfinance", "freeze_datetime_value": "195.67",
         "question": "Will HSY close on {resolution_date} above {forecast_due_date}?\n\nSplits count."},
        {"id": "m1", "source": "manifold", "freeze_datetime_value": "0.25", "question": "Will it rain?"},
        {"id": "m2", "source": "manifold", "freeze_datetime_value": "0.75", "question": "Will it snow?"},
        {"id": ["HSY", "m1"], "source": "yfinance", "freeze_datetime_value": "N/A", "question": "Both?"}]}"#;
    const ANSWERS: &str = r#"{"resolutions": [
        {"id": "HSY", "source": "yfinance", "resolution_date": "2025-11-02", "resolved_to": 1.0, "resolved": true},
        {"id": "HSY", "source": "yfinance", "resolution_date": "2026-01-24", "resolved_to": 0.0, "resolved": true},
        {"id": "HSY", "source": "yfinance", "resolution_date": "2026-04-24", "resolved_to": null, "resolved": false},
        {"id": "m1", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 0.0, "resolved": true},
        {"id": "m2", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 1.0, "resolved": false},
        {"id": "m3", "source": "manifold", "resolution_date": "2025-11-05", "resolved_to": 1.0, "resolved": true},
        {"id": ["HSY", "m1"], "source": "yfinance", "resolution_date": "2025-11-02", "resolved_to": 1.0, "resolved": true}]}"#;

    fn read_these(questions: &str, answers: &str) -> Result<Suite, SuiteError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("question_sets/2025-10-26-llm.json", questions),
            ("resolution_sets/2025-10-26_resolution_set.json", answers),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        read(folder.path())
    }

    #[test]
    fn a_question_is_asked_once_per_horizon_that_is_answered() {
        let suite = read_these(QUESTIONS, ANSWERS).unwrap();
        assert!(suite.summary.contains("4 answers"), "{}", suite.summary);
        let episodes = &suite.streams[0].stages[0].episodes;
        let asked: Vec<(&str, &Question)> = episodes
            .iter()
            .map(|e| (e.task.text.as_str(), e.question.as_ref().unwrap()))
            .collect();
        let question = |happened, source: &str, horizon: &str, market| Question::Forecast {
            happened,
            source: source.into(),
            horizon: horizon.into(),
            market,
        };
        assert_eq!(
            asked,
            [
                (
                    "Will HSY close on  above ?",
                    &question(true, "yfinance", "7", None)
                ),
                (
                    "Will HSY close on  above ?",
                    &question(false, "yfinance", "90", None)
                ),
                (
                    "Will it rain?",
                    &question(false, "manifold", "open", Some(0.25))
                ),
            ]
        );
        let timing = episodes[0].timing;
        assert_eq!(timing.asked, Some(1_761_436_800_000.0));
        assert_eq!(timing.known, timing.asked.map(|asked| asked + 7.0 * DAY));
        let series = |episode: &Episode| {
            let label = episode.task.labels.iter().find(|l| l.name == "series");
            label.unwrap().value.clone()
        };
        assert_eq!(series(&episodes[0]), series(&episodes[1]));
        assert_ne!(episodes[0].task.id, episodes[1].task.id);
    }

    #[test]
    fn when_a_market_resolves_is_not_told() {
        let earlier = read_these(QUESTIONS, ANSWERS).unwrap();
        let later = ANSWERS.replace("2025-11-05", "2026-03-05");
        let later = read_these(QUESTIONS, &later).unwrap();
        let shown = |suite: &Suite| {
            let task = &suite.streams[0].stages[0].episodes[2].task;
            (task.text.clone(), task.labels.clone())
        };
        assert_eq!(shown(&earlier), shown(&later));
    }

    #[test]
    fn what_is_broken_is_named() {
        let said = |questions: &str, answers: &str| {
            read_these(questions, answers).unwrap_err().to_string()
        };
        let price = said(&QUESTIONS.replace("0.25", "a lot"), ANSWERS);
        assert!(price.contains("`m1`") && price.contains("a lot"), "{price}");
        let date = said(QUESTIONS, &ANSWERS.replace("2025-11-02", "soon"));
        assert!(date.contains("`soon` is no date"), "{date}");
        let field = said(QUESTIONS, &ANSWERS.replace("resolution_date", "day"));
        assert!(field.contains("resolution_date"), "{field}");
    }
}
