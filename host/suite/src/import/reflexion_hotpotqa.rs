//! Reflexion's logs on HotpotQA (<https://github.com/noahshinn/reflexion>, `hotpotqa_runs/root/`, MIT): 100 questions,
//! tried again and again by agents with and without reflections on what went wrong.
//!
//! Nothing is asked of a strategy here. What the logs show is how a memory of one's own failures lifts an agent from
//! trial to trial, as recorded attempts: a stream per run, a stage per trial. Within a trial, attempts are logged by
//! their outcome, so that stages are shuffled.
//!
//! An attempt's steps start with the reflections that the agent was given, as thoughts of the name `reflection`. The
//! last trial that some agents were shown is left out, because it is the attempt of the stage before; so is the closing
//! `Answer is CORRECT`, because the outcome says it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use memhost_contract::{Actor, Attempt, Document, Outcome, Step, Task};

use super::super::recorded::{agent, attempt, graded, said, task, tool};
use super::super::{AnswerCheck, Episode, Lane, Stage, Stream, Suite, SuiteError};
use super::source::{self, is_readable};
use super::{LeftOut, files_of, folder_in, missing, opaque, stem_of};

/// How the file with the log of one run ends.
const LOG: &str = "_trials.txt";
/// Starts the log of a trial, numbered from 1.
const TRIAL: &str = "BEGIN TRIAL ";
/// More trials than this are a mistake in a number.
const MOST_TRIALS: usize = 64;
/// Starts the attempts of one outcome within a trial.
const OUTCOME: &str = "------------- BEGIN ";
/// Ends an attempt.
const TRUTH: &str = "Correct answer:";
/// Ends what an agent was shown of its last trial.
const END_OF_LAST_TRIAL: &str = "(END PREVIOUS TRIAL)";
/// Starts what an agent that has failed before is told about that, in the same line as the question.
const REMINDER: &str = "You have attempted to answer";

/// Reads the folder with the `*_trials.txt` files, or one of them.
pub fn read(path: &Path) -> Result<Suite, SuiteError> {
    let mut repeated = 0;
    let mut streams = Vec::new();
    for file in logs(path)? {
        streams.push(stream(&file, &mut repeated)?);
    }
    let mut left_out = LeftOut::default();
    left_out.counted(
        repeated,
        "attempt",
        "attempts",
        "logged a second time, as halted",
    );
    Ok(Suite {
        name: "reflexion-hotpotqa".into(),
        lane: Lane::Attempts,
        summary: format!(
            "Reflexion on HotpotQA: trials with and without reflections; {repeated} attempts that are logged a second time, as halted, are left out"
        ),
        left_out: left_out.0,
        streams,
        budgets: Vec::new(),
        primary: String::new(),
    })
}

/// The file itself, or every log of a folder.
fn logs(path: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    if is_readable(path) {
        return Ok(vec![path.to_owned()]);
    }
    let has_logs = |folder: &Path| files_of(folder, LOG).is_ok_and(|logs| !logs.is_empty());
    let folder = folder_in(path, &["root", "hotpotqa_runs/root"], has_logs);
    let folder = folder.ok_or_else(|| missing(path, &format!("*{LOG}")))?;
    files_of(&folder, LOG)
}

/// One run: a stage per trial.
fn stream(file: &Path, repeated: &mut usize) -> Result<Stream, SuiteError> {
    let broken = |problem: String| SuiteError::Source {
        path: file.to_owned(),
        problem,
        advice: "take the log as Reflexion's authors publish it".into(),
    };
    let log = source::text(file)?;
    let run = stem_of(file);
    let mut stages: Vec<Stage> = Vec::new();
    for part in log.split(TRIAL).skip(1) {
        let (number, body) = part.split_once('\n').unwrap_or((part, ""));
        let trial = stages.len();
        if number.trim() != (trial + 1).to_string() || trial == MOST_TRIALS {
            return Err(broken(format!(
                "after trial {trial} comes `{TRIAL}{}`",
                number.trim()
            )));
        }
        stages.push(Stage::shuffled(
            episodes(&run, trial, body, repeated).map_err(broken)?,
        ));
    }
    if stages.is_empty() {
        return Err(broken(format!("there is no `{TRIAL}1` in it")));
    }
    Ok(Stream { name: run, stages })
}

/// The attempts of one trial; or what is wrong with them.
fn episodes(
    run: &str,
    trial: usize,
    body: &str,
    repeated: &mut usize,
) -> Result<Vec<Episode>, String> {
    let mut tried = HashSet::new();
    let mut episodes = Vec::new();
    for section in body.split(OUTCOME).skip(1) {
        let (title, entries) = section.split_once('\n').unwrap_or((section, ""));
        let outcome = outcome(title)
            .ok_or_else(|| format!("trial {}: `{OUTCOME}{title}` is no outcome", trial + 1))?;
        let mut lines: Vec<&str> = Vec::new();
        for line in entries.lines() {
            let Some(truth) = line.strip_prefix(TRUTH) else {
                lines.push(line);
                continue;
            };
            let text = lines.join("\n");
            lines.clear();
            let entry = Entry::parse(&text).ok_or_else(|| {
                format!(
                    "trial {}: an attempt before `{line}` has no question",
                    trial + 1
                )
            })?;
            if tried.insert(entry.question.to_owned()) {
                episodes.push(episode(run, trial, entry, truth.trim(), outcome.clone()));
            } else {
                *repeated += 1;
            }
        }
    }
    Ok(episodes)
}

/// What became of the attempts under such a title.
fn outcome(title: &str) -> Option<Outcome> {
    match title.split_whitespace().next()? {
        "CORRECT" => Some(graded(1.0)),
        "INCORRECT" => Some(graded(0.0)),
        "HALTED" => Some(Outcome {
            reason: "It had not answered when its steps were used up.".into(),
            ..graded(0.0)
        }),
        _ => None,
    }
}

fn episode(run: &str, trial: usize, entry: Entry<'_>, truth: &str, outcome: Outcome) -> Episode {
    let id = opaque(&format!("reflexion-hotpotqa/{run}"), entry.question);
    let documents = entry
        .context
        .iter()
        .zip(0..)
        .map(|(text, number)| Document {
            id: format!("context-{number}"),
            text: (*text).into(),
            labels: Vec::new(),
        });
    let task = Task {
        documents: documents.collect(),
        ..task(id, entry.question.into(), &[])
    };
    Episode {
        attempts: vec![recorded(run, trial, &task, entry, outcome)],
        check: (!truth.is_empty()).then(|| AnswerCheck::Exact {
            answers: vec![truth.into()],
        }),
        ..Episode::of(task)
    }
}

fn recorded(run: &str, trial: usize, task: &Task, entry: Entry<'_>, outcome: Outcome) -> Attempt {
    let (kind, _) = run.split_once('_').unwrap_or((run, ""));
    let steps = entry.steps();
    let finish = steps
        .iter()
        .rfind(|step| step.name.as_deref() == Some("Finish"));
    let answer = finish.map(|step| step.text.clone()).unwrap_or_default();
    Attempt {
        agent: agent(kind),
        answer,
        ..attempt(format!("{}-{trial}", task.id), task, trial, steps, outcome)
    }
}

/// An attempt as it is logged: what the agent read, and what it did.
struct Entry<'a> {
    question: &'a str,
    /// Paragraphs that it was given.
    context: Vec<&'a str>,
    /// What it was told of its failures.
    reflections: &'a str,
    /// What it thought, did and saw.
    scratchpad: &'a str,
}

impl<'a> Entry<'a> {
    /// Runs differ in what comes first. The question always stands before the scratchpad; reflections stand before the
    /// question, between the two, or last.
    fn parse(text: &'a str) -> Option<Entry<'a>> {
        let now = text
            .split_once(END_OF_LAST_TRIAL)
            .map_or(text, |(_, now)| now);
        let (before, asked) = now.split_once("Question:")?;
        let (line, after) = asked.split_once('\n').unwrap_or((asked, ""));
        let question = line.split_once(REMINDER).map_or(line, |(asked, _)| asked);
        let start = scratchpad(after);
        let (between, rest) = after.split_at(start.unwrap_or(after.len()));
        let (scratchpad, last) = match start {
            Some(_) => rest.split_once("\nReflections:").unwrap_or((rest, "")),
            None => ("", ""),
        };
        // In place of reflections, some agents were shown their last trial.
        let last = if self::scratchpad(last.trim_start()) == Some(0) {
            ""
        } else {
            last
        };
        let told = |text: &'a str| text.split_once("Reflections:").map(|(_, told)| told);
        let reflections = told(before).or_else(|| told(between)).unwrap_or(last);
        let context = before.split_once("Context:").map_or("", |(_, text)| text);
        let mut context: Vec<&str> = context
            .split("\n\n")
            .map(str::trim)
            .filter(|paragraph| !paragraph.is_empty())
            .collect();
        context.dedup();
        Some(Entry {
            question: question.trim(),
            context,
            reflections,
            scratchpad,
        })
    }

    fn steps(&self) -> Vec<Step> {
        let reflections = self.reflections.lines().map(str::trim);
        let reflections = reflections
            .map(|line| line.strip_prefix("- ").unwrap_or(line))
            .filter(|line| !line.is_empty())
            .map(|line| tool(Actor::Thought, "reflection", line));
        let mut steps: Vec<(Actor, String)> = Vec::new();
        for line in self.scratchpad.lines() {
            if let Some((actor, text)) = opening(line) {
                steps.push((actor, text.to_owned()));
            } else if let Some((_, text)) = steps.last_mut() {
                text.push('\n');
                text.push_str(line);
            }
        }
        let done = steps
            .into_iter()
            .filter(|(actor, text)| *actor != Actor::Observation || !gives_away(text))
            .map(|(actor, text)| step(actor, text.trim()));
        reflections.chain(done).collect()
    }
}

/// Where in a text the scratchpad starts, if there is one.
fn scratchpad(text: &str) -> Option<usize> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        opening(line).map(|_| start)
    })
}

/// Whose step a line opens, as `Thought 3: …` or `Thought: …`.
fn opening(line: &str) -> Option<(Actor, &str)> {
    let (title, text) = line.split_once(':')?;
    let actor = match title.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ') {
        "Thought" => Actor::Thought,
        "Action" => Actor::Action,
        "Observation" => Actor::Observation,
        _ => return None,
    };
    Some((actor, text))
}

/// Whether an observation only says how the attempt ended.
fn gives_away(observation: &str) -> bool {
    ["Answer is CORRECT", "Answer is INCORRECT"].contains(&observation.trim())
}

/// A step; an action such as `Search[Ghent]` by its name.
fn step(actor: Actor, text: &str) -> Step {
    let call = text
        .strip_suffix(']')
        .and_then(|text| text.split_once('['))
        .filter(|(name, argument)| {
            actor == Actor::Action
                && name.chars().all(char::is_alphabetic)
                && !argument.contains(']')
        });
    match call {
        Some((name, argument)) => tool(actor, name, argument),
        None => said(actor, text),
    }
}
