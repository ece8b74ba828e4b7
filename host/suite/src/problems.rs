//! What is wrong with a suite: what makes a comparison on it impossible, and what makes it say less.

mod question;
mod stream;
mod task;

use std::collections::{HashMap, HashSet};
use std::fmt;

use memhost_contract::Attempt;
use memhost_contract::limits::LONGEST_NAMESPACE;

use super::{Episode, Lane, Question, Stream, Suite};

use stream::check_stream;

/// Whether anything can be compared in spite of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It can, but some task says less than it might.
    Warning,
    /// It cannot.
    Error,
}

/// Something that is wrong with a suite.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// Whether the suite can be used in spite of it.
    pub severity: Severity,
    /// `<stream>/<task>`, or the header's field; empty for the suite as a whole.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

/// A text longer than this, in bytes, exceeds the default limits of most calls.
const LONG_TEXT: usize = 1 << 20;

/// The longest name of a stream, in bytes: with run and cell before it, it is the name of a namespace.
const LONGEST_STREAM: usize = LONGEST_NAMESPACE / 2;

/// Everything that is wrong with a suite, in the order of the data.
pub fn check(suite: &Suite) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    check_header(suite, &mut findings);
    check_ids(suite, &mut findings);
    check_teams(suite, &mut findings);
    let mut withheld_from_all = true;
    for stream in &suite.streams {
        check_name(&stream.name, &mut findings);
        withheld_from_all &= check_stream(suite.lane, stream, &mut findings);
    }
    let nothing_asked = suite.questions().next().is_none();
    if nothing_asked && suite.lane == Lane::Attempts {
        findings.warning(
            "",
            "nothing is asked in lane `attempts`: the suite can be shown and imported, but not compared on",
        );
    } else if nothing_asked {
        findings.error(
            "",
            "the suite is empty: no episode asks a question; add at least one",
        );
    }
    if suite.lane == Lane::Retry {
        // What is learnt from are the tries.
        if !nothing_asked && !suite.streams.iter().any(is_tried_again) {
            findings.error(
                "",
                "no task can be tried again: outcomes come later (`batched`, `known`) or nobody hears of them (`probe`); let \
                 some of them be known at once",
            );
        }
    } else if suite.episodes().all(|(_, e)| e.attempts.is_empty()) {
        findings.error(
            "",
            "no episode has attempts, so that there is nothing to learn from",
        );
    } else if withheld_from_all && !nothing_asked {
        findings.error(
            "",
            "every task is withheld: no question may draw on any attempt that is learnt before it; look at `withheld` and at the stages",
        );
    }
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Diagnostic>);

impl Findings {
    fn error(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Error, place.into(), message.into());
    }

    fn warning(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Warning, place.into(), message.into());
    }

    fn add(&mut self, severity: Severity, place: String, message: String) {
        self.0.push(Diagnostic {
            severity,
            place,
            message,
        });
    }
}

fn check_header(suite: &Suite, findings: &mut Findings) {
    let lower_case = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if suite.name.is_empty() || !suite.name.chars().all(lower_case) {
        findings.error(
            "name",
            format!(
                "`{}` must be lower case letters, digits and hyphens",
                suite.name
            ),
        );
    }
    let ascending = suite.budgets.windows(2).all(|pair| pair[0] < pair[1]);
    // Where nothing is asked, nothing is handed out.
    let needed = suite.lane != Lane::Attempts || !suite.budgets.is_empty();
    if needed && (suite.budgets.first().is_none_or(|first| *first == 0) || !ascending) {
        findings.error(
            "budgets",
            format!(
                "{:?} must be at least one number of tokens above 0, in ascending order",
                suite.budgets
            ),
        );
    }
    let measurable = suite.measurable();
    if !measurable.is_empty() && !measurable.contains(&suite.primary) {
        findings.error(
            "primary",
            format!(
                "`{}` is not measured here; choose one of {}",
                suite.primary,
                measurable.join(", ")
            ),
        );
    }
}

/// Whether some task of a stream can be tried again: its outcome is known at once, and is heard of.
fn is_tried_again(stream: &Stream) -> bool {
    let mut stages = stream.stages.iter();
    stages.any(|stage| {
        let known_at_once =
            |episode: &Episode| episode.question.is_some() && episode.timing.known.is_none();
        !stage.batched && !stage.probe && stage.episodes.iter().any(known_at_once)
    })
}

/// A stream's name is one that a store can keep memories under.
fn check_name(stream: &str, findings: &mut Findings) {
    let beginning: String = stream.chars().take(40).collect();
    if stream.len() > LONGEST_STREAM {
        findings.error(
            "stream",
            format!(
                "the name that begins {beginning:?} has {} bytes; it must have at most {LONGEST_STREAM}",
                stream.len()
            ),
        );
    }
    if stream.chars().any(char::is_control) {
        findings.error(
            "stream",
            format!("the name {beginning:?} holds a control character; take it out"),
        );
    }
}

/// Ids name one thing each.
fn check_ids(suite: &Suite, findings: &mut Findings) {
    let mut attempts = HashSet::new();
    let mut asked = HashSet::new();
    let mut home = HashMap::new();
    for (stream, episode) in suite.episodes() {
        let task = episode.task.id.as_str();
        if task.is_empty() {
            findings.error(&stream.name, "a task has an empty id");
        }
        if *home.entry(task).or_insert(&stream.name) != &stream.name {
            findings.error(
                place(stream, episode),
                "another stream has a task with this id; ids are unique within the suite",
            );
        }
        if episode.question.is_some() && !asked.insert(task) {
            findings.error(
                place(stream, episode),
                "the task is asked twice; give each question a task id of its own",
            );
        }
        for attempt in &episode.attempts {
            if !attempts.insert(attempt.id.as_str()) {
                findings.error(
                    place(stream, episode),
                    format!(
                        "there are two attempts `{}`; ids are unique within the suite",
                        attempt.id
                    ),
                );
            }
        }
        for (field, text) in texts(episode).filter(|(_, text)| text.len() > LONG_TEXT) {
            findings.warning(
                place(stream, episode),
                format!(
                    "`{field}` of {:.1} MB exceeds what most strategies may be handed, and floors find it by its \
                     beginning only; split it",
                    text.len() as f64 / 1e6
                ),
            );
        }
    }
    for (stream, episode) in suite.episodes() {
        for id in &episode.withheld {
            if !attempts.contains(id.as_str()) {
                findings.warning(
                    place(stream, episode),
                    format!("`withheld` names `{id}`, which is no attempt of this suite"),
                );
            }
        }
    }
}

/// Whoever took a step of a run is somebody whom strategies know: an agent of the suite's attempts. A member of a team that
/// has no attempt of its own is told of once.
fn check_teams(suite: &Suite, findings: &mut Findings) {
    let agents: HashSet<&str> = suite.attempts().map(|a| a.agent.id.as_str()).collect();
    let mut unknown = HashSet::new();
    for (stream, episode) in suite.episodes() {
        let run = episode.question.iter().flat_map(Question::run);
        let steps = episode.attempts.iter().flat_map(|attempt| &attempt.steps);
        for agent in steps.chain(run).filter_map(|step| step.agent.as_deref()) {
            if !agents.contains(agent) && unknown.insert(agent) {
                findings.warning(
                    place(stream, episode),
                    format!(
                        "a step is by `{agent}`, and no attempt of the suite is by an agent with this id; correct it, or \
                         leave it if it is one of a team"
                    ),
                );
            }
        }
    }
}

/// Every text of an episode that may be long, with the field that it stands in.
fn texts(episode: &Episode) -> impl Iterator<Item = (String, &str)> {
    let task = &episode.task;
    let documents = task.documents.iter().enumerate();
    let documents = documents.map(|(number, document)| {
        let field = format!("task.documents[{number}].text");
        (field, document.text.as_str())
    });
    let attempts = episode.attempts.iter().enumerate();
    let steps = attempts.flat_map(|(attempt, Attempt { steps, .. })| {
        steps.iter().enumerate().map(move |(number, step)| {
            let field = format!("attempts[{attempt}].steps[{number}].text");
            (field, step.text.as_str())
        })
    });
    std::iter::once(("task.text".to_owned(), task.text.as_str()))
        .chain(documents)
        .chain(steps)
}

fn place(stream: &Stream, episode: &Episode) -> String {
    format!("{}/{}", stream.name, episode.task.id)
}

#[cfg(test)]
mod tests;
