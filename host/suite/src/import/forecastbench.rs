//! ForecastBench (<https://github.com/forecastingresearch/forecastbench-datasets>, `datasets/question_sets/` and
//! `datasets/resolution_sets/`, CC BY-SA 4.0): every second Sunday 500 questions about the future, and what became of
//! them.
//!
//! Half of the questions come from data sources (`yfinance`, `wikipedia` …) and are asked at several horizons; half
//! from prediction markets, whose price at the freeze is given. Taken are answers of plainly yes or no: a data question
//! once per horizon that has been resolved, a market question once its market has. Combined questions are left out.
//!
//! There is one stream, and a stage per due date: everything is asked of it before anything of it is heard. An outcome
//! is known on the day of its resolution. When a market resolves is part of what is asked, so that market
//! questions all have the same horizon, `open`; the text loses its placeholders for dates.
//!
//! The newest set never has outcomes yet: sets without are left out. Outcomes belong to a set by its due date, which
//! their file says itself too.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use super::super::recorded::{resolution, task};
use super::super::{Episode, Lane, Question, Stage, Stream, Suite, SuiteError, Timing};
use super::{
    LeftOut, Meant, counted, dates, document, files_of, folder_in, missing, name_of, opaque,
    unpacked_name,
};

/// Sources that are prediction markets.
const MARKETS: [&str; 4] = ["manifold", "metaculus", "polymarket", "infer"];
/// Horizons of data questions in days, each with the days up to which a question belongs to it.
const HORIZONS: [(i64, &str); 4] = [(20, "7"), (60, "30"), (130, "90"), (i64::MAX, "180")];
/// The horizon of questions that stay open until their market resolves.
const OPEN: &str = "open";
/// Due dates whose questions are asked before much could have been learnt.
const WARM_UP: usize = 3;
/// Holds twenty questions with their outcomes.
const BUDGET: u32 = 2048;
const DAY: f64 = 86_400_000.0;
/// How the files of questions end; those that people were asked, `-human`, are a part of them.
const QUESTIONS: &str = "-llm.json";
const OF_PEOPLE: &str = "-human.json";
/// How the files of outcomes end.
const OUTCOMES: &str = "_resolution_set.json";
const SET: Meant = Meant::Published(
    "ForecastBench's question set has `forecast_due_date` and `questions`, each with `id`, `source`, `question` and \
     `freeze_datetime_value`",
);
const ANSWERS: Meant = Meant::Published(
    "ForecastBench's resolution set has `resolutions`, each with `id`, `source`, `resolution_date`, `resolved_to` and \
     `resolved`",
);

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
    /// The set that it answers.
    forecast_due_date: Option<String>,
    question_set: Option<String>,
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
    let of_part = |name| path.ends_with(name).then(|| path.parent()).flatten();
    let path = of_part("question_sets")
        .or_else(|| of_part("resolution_sets"))
        .unwrap_or(path);
    let folder = folder_in(path, &["datasets"], |folder| {
        folder.join("question_sets").is_dir()
    })
    .ok_or_else(|| missing(path, "question_sets/<date>-llm.json"))?;
    let mut left_out = LeftOut::default();
    let answers = resolution_sets(&folder, &mut left_out)?;
    let mut unanswered = Vec::new();
    let mut omitted = Omitted::default();
    let mut stages = Vec::new();
    for (due, file) in question_sets(&folder, &mut left_out)? {
        let set: QuestionSet = document(&file, SET)?;
        let says = day(&file, &set.forecast_due_date)?;
        let outcomes = match answers.get(&due) {
            _ if says != due => Err(format!("it says that they are due on {says}")),
            None => Err(format!(
                "no outcomes yet: there is no resolution_sets/{due}{OUTCOMES}"
            )),
            Some(file) => outcomes(due, file)?,
        };
        match outcomes {
            Ok((file_of_outcomes, outcomes)) => {
                let episodes = episodes(
                    due,
                    (&file, &set),
                    (file_of_outcomes, outcomes),
                    &mut omitted,
                )?;
                stages.push(Stage {
                    batched: true,
                    warm_up: stages.len() < WARM_UP,
                    ..Stage::shuffled(episodes)
                });
            }
            Err(why) => {
                let questions = counted(set.questions.len(), "question", "questions");
                left_out.named(format_args!("{questions} of {}", name_of(&file)), why);
                unanswered.push(set.questions.len());
            }
        }
    }
    if stages.is_empty() {
        return Err(SuiteError::Source {
            path: folder.join("resolution_sets"),
            problem: format!("no question set has outcomes: {}", left_out.0.join("; ")),
            advice:
                "copy resolution_sets/ of the same version of the data set beside question_sets/"
                    .into(),
        });
    }
    let summary = summary(&omitted, &unanswered);
    omitted.say(&mut left_out);
    Ok(Suite {
        name: "forecastbench".into(),
        lane: Lane::Forecast,
        summary,
        left_out: left_out.0,
        streams: vec![Stream {
            name: "questions".into(),
            stages,
        }],
        budgets: vec![BUDGET],
        primary: "brier".into(),
    })
}

fn summary(omitted: &Omitted, unanswered: &[usize]) -> String {
    let mut summary = format!(
        "ForecastBench: questions about the future by due date, with late outcomes; {} answers that are not yet yes or no \
         are left out",
        omitted.all()
    );
    if !unanswered.is_empty() {
        let questions: usize = unanswered.iter().sum();
        summary += &format!(
            "; {} of {} {} no outcomes yet",
            counted(unanswered.len(), "set", "sets"),
            counted(questions, "question", "questions"),
            if unanswered.len() == 1 { "has" } else { "have" }
        );
    }
    summary
}

/// Answers that nothing was made of, by the reason.
#[derive(Default)]
struct Omitted {
    open: usize,
    neither: usize,
    combined: usize,
    of_no_question: usize,
    repeated: usize,
}

impl Omitted {
    fn all(&self) -> usize {
        self.open + self.neither + self.combined + self.of_no_question + self.repeated
    }

    fn say(&self, left_out: &mut LeftOut) {
        let mut say = |number, why| left_out.counted(number, "answer", "answers", why);
        say(self.open, "not resolved yet");
        say(self.neither, "neither yes nor no");
        say(self.combined, "of combined questions");
        say(
            self.of_no_question,
            "of questions that their set does not have",
        );
        say(
            self.repeated,
            "of a question and a day that have one already",
        );
    }
}

/// The files of questions by their due dates, in the order of these.
fn question_sets(
    folder: &Path,
    left_out: &mut LeftOut,
) -> Result<BTreeMap<NaiveDate, PathBuf>, SuiteError> {
    let folder = folder.join("question_sets");
    let people = files_of(&folder, OF_PEOPLE)?.len();
    left_out.counted(
        people,
        "file *-human.json",
        "files *-human.json",
        "a part of the same questions",
    );
    let sets = by_date(&folder, QUESTIONS, left_out)?;
    if sets.is_empty() {
        return Err(missing(&folder, "<date>-llm.json"));
    }
    Ok(sets)
}

/// The files of outcomes by the due dates of their questions.
fn resolution_sets(
    folder: &Path,
    left_out: &mut LeftOut,
) -> Result<BTreeMap<NaiveDate, PathBuf>, SuiteError> {
    let folder = folder.join("resolution_sets");
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    by_date(&folder, OUTCOMES, left_out)
}

/// The files of a folder that are named `<date><end>`. `latest` is one of the others once more.
fn by_date(
    folder: &Path,
    end: &str,
    left_out: &mut LeftOut,
) -> Result<BTreeMap<NaiveDate, PathBuf>, SuiteError> {
    let mut files = BTreeMap::new();
    for file in files_of(folder, end)? {
        let name = name_of(&file);
        let date = unpacked_name(&name).strip_suffix(end).unwrap_or_default();
        match dates::day(date) {
            Some(day) => match files.get(&day) {
                None => _ = files.insert(day, file),
                Some(first) => {
                    left_out.named(&name, format_args!("{} is of the same day", name_of(first)))
                }
            },
            None if date == "latest" => (),
            None => left_out.named(&name, format_args!("`{date}` in its name is no date")),
        }
    }
    Ok(files)
}

/// A file with its outcomes.
type Outcomes<'a> = (&'a Path, Vec<ResolutionRow>);

/// The outcomes of a set, or why they are not its.
fn outcomes(due: NaiveDate, file: &Path) -> Result<Result<Outcomes<'_>, String>, SuiteError> {
    let set: ResolutionSet = match document(file, ANSWERS) {
        Ok(set) => set,
        // The newest one may be half written; the others are what they are.
        Err(error) => return Ok(Err(error.to_string())),
    };
    if set.resolutions.is_empty() {
        return Ok(Err(format!(
            "no outcomes yet: {} lists none",
            name_of(file)
        )));
    }
    let named = set
        .question_set
        .as_deref()
        .map(|name| unpacked_name(name).trim_end_matches(".json"));
    let named = named.map(|name| {
        ["-llm", "-human"]
            .iter()
            .fold(name, |name, end| name.trim_end_matches(end))
    });
    let of = [set.forecast_due_date.as_deref(), named];
    let another = of
        .into_iter()
        .flatten()
        .find(|of| dates::day(of).is_some_and(|day| day != due));
    Ok(match another {
        Some(another) => Err(format!(
            "{} holds the outcomes of another set, {another}",
            name_of(file)
        )),
        None => Ok((file, set.resolutions)),
    })
}

/// What is asked of a set: every question once per day on which it was answered with yes or no.
fn episodes(
    due: NaiveDate,
    (file, set): (&Path, &QuestionSet),
    (file_of_outcomes, outcomes): Outcomes<'_>,
    omitted: &mut Omitted,
) -> Result<Vec<Episode>, SuiteError> {
    let questions: HashMap<(&str, &str), &QuestionRow> = set
        .questions
        .iter()
        .filter_map(|row| Some(((row.source.as_str(), row.id.as_str()?), row)))
        .collect();
    let mut answered = HashMap::new();
    let mut episodes = Vec::new();
    for row in outcomes {
        let Some(id) = row.id.as_str() else {
            omitted.combined += 1;
            continue;
        };
        let Some(question) = questions.get(&(row.source.as_str(), id)) else {
            omitted.of_no_question += 1;
            continue;
        };
        let is_market = MARKETS.contains(&row.source.as_str());
        let (Some(resolved_to), false) = (row.resolved_to, is_market && !row.resolved) else {
            omitted.open += 1;
            continue;
        };
        let Some(happened) = plainly(resolved_to) else {
            omitted.neither += 1;
            continue;
        };
        let known_on = day(file_of_outcomes, &row.resolution_date)?;
        let place = (row.source.clone(), id.to_owned(), known_on);
        if answered.insert(place, happened).is_some() {
            omitted.repeated += 1;
            continue;
        }
        let price = is_market.then(|| price(file, question)).transpose()?;
        let horizon = match price {
            Some(_) => OPEN,
            None => horizon(known_on.signed_duration_since(due).num_days()),
        };
        episodes.push(episode(
            question,
            Forecast {
                happened,
                horizon,
                price,
                asked_on: due,
                known_on,
            },
        ));
    }
    Ok(episodes)
}

/// A forecast that was resolved.
struct Forecast {
    happened: bool,
    horizon: &'static str,
    price: Option<f64>,
    asked_on: NaiveDate,
    known_on: NaiveDate,
}

fn episode(row: &QuestionRow, forecast: Forecast) -> Episode {
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
    let (due, known_on) = (forecast.asked_on, dates::days(forecast.known_on));
    let place = format!("{due}/{}/{id}/{known_on}", row.source);
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
        group: due.to_string(),
        timing: Timing {
            asked: Some(dates::days(due) as f64 * DAY),
            known: Some(known_on as f64 * DAY),
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
fn plainly(resolved_to: f64) -> Option<bool> {
    match resolved_to {
        1.0 => Some(true),
        0.0 => Some(false),
        _ => None,
    }
}

fn horizon(days: i64) -> &'static str {
    HORIZONS
        .iter()
        .find(|(below, _)| days < *below)
        .map_or(OPEN, |(_, name)| name)
}

fn day(file: &Path, date: &str) -> Result<NaiveDate, SuiteError> {
    dates::day(date).ok_or_else(|| SuiteError::Source {
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
mod tests;
