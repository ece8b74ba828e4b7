//! Outcomes of tasks from a table: a line per task, its id in the first column or the one called `Task ID`, the mean of
//! its grades in the last or the one called `Average`. Spreadsheets write the same table with commas, semicolons or
//! tabs, and numbers with a point or a comma.
//!
//! Ids are small numbers that every data set of this shape counts from 0. An outcome is one of *these* tasks if the
//! table says what was asked and it is the same; or else if one task alone has its id, and the tasks were not numbered
//! anew: where they are numbered 0, 1, 2 … without a gap and the table goes on, it is of a larger set, whose first
//! tasks may be others.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::super::SuiteError;
use super::super::super::source;
use super::super::{LeftOut, name_of};
use super::TaskRow;

/// What separates the columns, the published one first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A line of the table.
struct Grade {
    task: String,
    /// In 0..=1; nobody has graded the others.
    mean: Option<f64>,
    /// What was asked, where the table says it.
    intent: Option<String>,
    sites: Option<String>,
}

/// The outcome of each task, as far as it is surely its.
pub(super) fn of(
    tasks: &[TaskRow],
    file: &Path,
    left_out: &mut LeftOut,
) -> Result<Vec<Option<f64>>, SuiteError> {
    let grades = read(file)?;
    let name = name_of(file);
    let says_what_was_asked = grades.iter().any(|grade| grade.intent.is_some());
    if !says_what_was_asked && are_numbered_anew(tasks, &grades) {
        let why = format!(
            "the tasks are numbered from 0 without a gap and the table has more, so that ids may stand for other tasks; \
             keep WebArena's numbers (or `old_task_id`), or cut the table to these {} tasks",
            tasks.len()
        );
        left_out.named(format_args!("all {} outcomes of {name}", grades.len()), why);
        return Ok(vec![None; tasks.len()]);
    }
    let mut by_task: HashMap<&str, Vec<&Grade>> = HashMap::new();
    for grade in &grades {
        by_task.entry(&grade.task).or_default().push(grade);
    }
    let mut namesakes: HashMap<String, usize> = HashMap::new();
    for task in tasks {
        *namesakes.entry(task.graded_as()).or_default() += 1;
    }
    let (mut others, mut ambiguous, mut contradictory) = (0, 0, 0);
    let mut outcome = |task: &TaskRow| {
        let id = task.graded_as();
        let of_id = by_task.get(id.as_str())?;
        let mut of_task = of_id.iter().filter(|grade| grade.is_of(task)).peekable();
        let Some(first) = of_task.peek().copied() else {
            others += 1;
            return None;
        };
        if first.intent.is_none() && namesakes.get(&id).is_some_and(|tasks| *tasks > 1) {
            ambiguous += 1;
            return None;
        }
        if of_task.any(|grade| grade.mean != first.mean) {
            contradictory += 1;
            return None;
        }
        first.mean
    };
    let outcomes: Vec<Option<f64>> = tasks.iter().map(&mut outcome).collect();
    let mut say = |number, why: &str| {
        left_out.counted(
            number,
            "outcome",
            "outcomes",
            format_args!("{why} ({name})"),
        )
    };
    say(others, "of another task with the same id");
    say(
        ambiguous,
        "of several tasks with the same id, and nothing says of which",
    );
    say(contradictory, "graded differently in two lines");
    let of_none = grades
        .iter()
        .filter(|grade| !namesakes.contains_key(&grade.task))
        .count();
    say(of_none, "of tasks that are not there");
    Ok(outcomes)
}

impl Grade {
    /// Whether it says nothing against it.
    fn is_of(&self, task: &TaskRow) -> bool {
        let words = |text: &str| {
            let words = text
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty());
            words.map(str::to_lowercase).collect::<Vec<_>>()
        };
        let sites = |text: &str| {
            let names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            names
                .filter(|name| !name.is_empty())
                .map(str::to_lowercase)
                .collect::<HashSet<_>>()
        };
        let same_intent = self
            .intent
            .as_ref()
            .is_none_or(|intent| words(intent) == words(&task.intent));
        same_intent
            && self
                .sites
                .as_ref()
                .is_none_or(|of| sites(of) == sites(&task.sites.join(" ")))
    }
}

/// Whether a table that is of a larger set could be of others than these tasks.
fn are_numbered_anew(tasks: &[TaskRow], grades: &[Grade]) -> bool {
    if tasks.iter().any(|task| task.old_task_id.is_some()) {
        return false;
    }
    let numbers: HashSet<usize> = tasks
        .iter()
        .filter_map(|task| task.task_id.parse().ok())
        .collect();
    let without_gap = (0..numbers.len()).all(|number| numbers.contains(&number));
    let goes_on = grades.iter().any(|grade| {
        grade
            .task
            .parse()
            .is_ok_and(|number: usize| number >= numbers.len())
    });
    without_gap && goes_on
}

/// The lines of the table that begin with a task's id; others are headings and totals.
fn read(file: &Path) -> Result<Vec<Grade>, SuiteError> {
    let text = source::bytes(file)?;
    let mut best = Vec::new();
    for separator in SEPARATORS {
        let table = lines(file, &text, separator);
        match table {
            // The one by which most lines are of a task with columns beside it.
            Ok(table) if table.len() > best.len() => best = table,
            Ok(_) => (),
            Err(error) if separator == SEPARATORS[0] => return Err(error),
            Err(_) => (),
        }
    }
    if best.is_empty() {
        return Err(SuiteError::Source {
            path: file.to_owned(),
            problem: "no line of it begins with the id of a task, with columns separated by commas, semicolons or tabs".into(),
            advice: "take the file as AgentOccam publishes it, or take it away to do without outcomes".into(),
        });
    }
    best.into_iter().map(|line| line.grade(file)).collect()
}

/// A line of the table, as it is written.
struct Line {
    number: usize,
    task: String,
    mean: String,
    intent: Option<String>,
    sites: Option<String>,
}

impl Line {
    fn grade(self, file: &Path) -> Result<Grade, SuiteError> {
        let mean = self.mean.trim();
        let number = mean.replace(',', ".").parse().ok();
        let number = number.filter(|grade| (0.0..=1.0).contains(grade));
        if number.is_none() && !mean.is_empty() {
            return Err(SuiteError::Line {
                path: file.to_owned(),
                line: self.number,
                field: "Average".into(),
                problem: format!("`{mean}` is no number in 0..=1"),
                advice: "take the file as AgentOccam publishes it".into(),
            });
        }
        Ok(Grade {
            task: self.task,
            mean: number,
            intent: self.intent,
            sites: self.sites,
        })
    }
}

fn lines(file: &Path, text: &[u8], separator: u8) -> Result<Vec<Line>, SuiteError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text);
    let (mut heading, mut columns): (HashMap<String, usize>, usize) = (HashMap::new(), 0);
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| SuiteError::Line {
            path: file.to_owned(),
            line: line_of(error.position()),
            field: String::new(),
            problem: error.to_string(),
            advice: "the table must be UTF-8 or UTF-16, as spreadsheets save it".into(),
        })?;
        // Where a separator stands in a heading without quotes, its columns are not those of the lines.
        let column = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| heading.get(*name).copied());
            found.next().filter(|_| columns == record.len())
        };
        let field = |at: Option<usize>| {
            at.and_then(|at| record.get(at))
                .map(|text| text.trim().to_owned())
        };
        let id = column(&["task id", "task_id", "id"]).unwrap_or(0);
        let task = record.get(id).unwrap_or_default().trim();
        if task.parse::<u64>().is_ok() && record.len() > 1 {
            let mean = column(&["average", "mean"]).unwrap_or(record.len() - 1);
            lines.push(Line {
                number: line_of(record.position()),
                task: task.to_owned(),
                mean: field(Some(mean)).unwrap_or_default(),
                intent: field(column(&["intent"])).filter(|intent| !intent.is_empty()),
                sites: field(column(&["sites", "site"])).filter(|sites| !sites.is_empty()),
            });
        } else if lines.is_empty() && record.len() > 1 {
            columns = record.len();
            let names = record.iter().enumerate();
            heading = names
                .map(|(at, name)| (name.trim().to_lowercase(), at))
                .collect();
        }
    }
    Ok(lines)
}

fn line_of(position: Option<&csv::Position>) -> usize {
    position.map_or(0, |position| {
        usize::try_from(position.line()).unwrap_or(usize::MAX)
    })
}
