//! What is wrong with a suite: what makes a comparison on it impossible, and what makes it say less.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use memhost_contract::limits::LONGEST_NAMESPACE;
use memhost_contract::{Actor, Attempt, Source, Step, Task};

use memhost_words::cut;

use super::reader::transcript;
use super::said::Said;
use super::success::success;
use super::text::content_words;
use super::{
    AnswerCheck, Episode, HiddenProblem, Lane, Matching, Question, Slot, Stage, Stream, Suite,
};

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

/// The attempts of a stream in the order in which they are learnt, so that what a question may draw on is a prefix
/// of them, less its own task's and what is withheld from it.
struct Learnt<'a> {
    attempts: Vec<&'a Attempt>,
    /// Stage and number of the episode of each.
    places: Vec<(usize, usize)>,
    by_id: HashMap<&'a str, usize>,
    by_task: HashMap<&'a str, Vec<usize>>,
    /// The earliest moment from which an outcome of the first n attempts may be heard of, by n.
    earliest: Vec<f64>,
}

impl<'a> Learnt<'a> {
    fn of(stream: &'a Stream) -> Learnt<'a> {
        let mut learnt = Learnt {
            attempts: Vec::new(),
            places: Vec::new(),
            by_id: HashMap::new(),
            by_task: HashMap::new(),
            earliest: vec![f64::INFINITY],
        };
        let mut earliest = f64::INFINITY;
        for (stage, number, episode) in numbered(stream) {
            let known = episode.timing.known.unwrap_or(f64::NEG_INFINITY);
            for attempt in &episode.attempts {
                let at = learnt.attempts.len();
                learnt.attempts.push(attempt);
                learnt.places.push((stage, number));
                learnt.by_id.insert(&attempt.id, at);
                learnt.by_task.entry(&attempt.task.id).or_default().push(at);
                earliest = earliest.min(known);
                learnt.earliest.push(earliest);
            }
        }
        learnt
    }

    /// How many attempts are learnt before the question of an episode can be asked, in some order of its stage.
    fn before(&self, stage: &Stage, number: usize, place: usize) -> usize {
        let end = match (stage.batched, stage.shuffled) {
            (true, _) => (number, 0),
            (false, true) => (number + 1, 0),
            (false, false) => (number, place),
        };
        self.places.partition_point(|learnt| *learnt < end)
    }

    /// Those among the first `before` that the episode may not draw on.
    fn withheld(&self, episode: &Episode, before: usize) -> HashSet<usize> {
        let own = self.by_task.get(episode.task.id.as_str());
        let named = episode.withheld.iter();
        let named = named.filter_map(|id| self.by_id.get(id.as_str()));
        own.into_iter()
            .flatten()
            .chain(named)
            .copied()
            .filter(|at| *at < before)
            .collect()
    }
}

/// Whether every question of the stream is withheld from everything.
fn check_stream(lane: Lane, stream: &Stream, findings: &mut Findings) -> bool {
    let learnt = Learnt::of(stream);
    let mut said = Said::default();
    if matches!(lane, Lane::Evidence | Lane::Hops) {
        learnt
            .attempts
            .iter()
            .for_each(|attempt| said.add(&transcript(attempt)));
    }
    let mut all_withheld = true;
    for (number, stage) in stream.stages.iter().enumerate() {
        for (at, episode) in stage.episodes.iter().enumerate() {
            let place = place(stream, episode);
            check_episode(episode, &place, findings);
            let Some(question) = &episode.question else {
                continue;
            };
            let before = learnt.before(stage, number, at);
            let withheld = learnt.withheld(episode, before);
            let too_early = episode
                .timing
                .asked
                .zip(learnt.earliest.get(before))
                .is_some_and(|(asked, earliest)| asked < *earliest);
            if withheld.len() < before && !too_early {
                all_withheld = false;
            } else if lane != Lane::Retry && !stage.batched && (at > 0 || number > 0) {
                // The first question of an online stream, or its first batch, never has anything to draw on.
                findings.warning(&place, "the question may draw on no attempt");
            }
            if let (
                Lane::Evidence | Lane::Hops,
                Question::Evidence {
                    answers,
                    matching,
                    gold,
                    pieces,
                },
            ) = (lane, question)
            {
                let seen = |at: usize| at < before && !withheld.contains(&at);
                check_gold(gold, &learnt, seen, &place, findings);
                check_answers(answers, gold, &place, findings);
                if !answers.is_empty() && !said.has_answer(answers, *matching, seen) {
                    findings.warning(
                        &place,
                        "no accepted answer stands in what the question may draw on, so that `answer@…` leaves it out",
                    );
                }
                check_pieces(lane, pieces, &place, findings);
                let out_of_reach = |piece: &&String| {
                    !said.has_answer(std::slice::from_ref(piece), Matching::Words, seen)
                };
                if let Some(piece) = pieces.iter().find(out_of_reach) {
                    findings.warning(
                        &place,
                        format!(
                            "the piece `{}` stands nowhere in what the question may draw on, so that `pieces@…` leaves \
                             it out",
                            cut(piece, 12)
                        ),
                    );
                }
            } else {
                check_question(lane, episode, question, &place, findings);
            }
        }
    }
    all_withheld
}

/// What can be wrong with an episode whatever it asks.
fn check_episode(episode: &Episode, place: &str, findings: &mut Findings) {
    let timing = episode.timing;
    if let (Some(asked), Some(known)) = (timing.asked, timing.known)
        && known < asked
    {
        findings.error(
            place,
            format!("the outcome is `known` at {known}, before the question is `asked` at {asked}"),
        );
    }
    if let Some(problem) = episode.check.as_ref().and_then(wrong_check) {
        findings.error(place, format!("`check`: {problem}"));
    }
    for attempt in &episode.attempts {
        for finding in &attempt.findings {
            if let Some(id) = first_missing(&finding.evidence, &attempt.task) {
                findings.error(
                    place,
                    format!(
                        "a finding of attempt `{}` names `{id}`, which is no document of its task",
                        attempt.id
                    ),
                );
            }
        }
    }
}

/// What makes that no answer, or every answer, is right.
fn wrong_check(check: &AnswerCheck) -> Option<&'static str> {
    match check {
        AnswerCheck::Exact { answers } | AnswerCheck::Contains { answers, .. }
            if answers.is_empty() =>
        {
            Some("there is no accepted answer")
        }
        AnswerCheck::Numeric { value, tolerance }
            if !(value.is_finite() && tolerance.is_finite() && *tolerance >= 0.0) =>
        {
            Some("the value and its tolerance are numbers, and the tolerance is not negative")
        }
        AnswerCheck::Choice { answer, options } if !options.contains(answer) => {
            Some("the right answer is none of the options")
        }
        _ => None,
    }
}

/// The first of these ids that is no document of the task.
fn first_missing<'a>(evidence: &'a [String], task: &Task) -> Option<&'a String> {
    evidence
        .iter()
        .find(|id| !task.documents.iter().any(|document| document.id == **id))
}

/// What can be wrong with a question besides its evidence.
fn check_question(
    lane: Lane,
    episode: &Episode,
    question: &Question,
    place: &str,
    findings: &mut Findings,
) {
    match (lane, question) {
        (Lane::Hops, Question::Unanswerable) => {}
        (Lane::Transfer | Lane::Domains, Question::Kind { kind }) if kind.is_empty() => {
            findings.error(place, "the question's `kind` is empty");
        }
        (Lane::Transfer | Lane::Domains, Question::Tools { tools }) if tools.is_empty() => findings
            .error(
                place,
                "the question's `tools` are empty; leave tasks without tools out",
            ),
        (Lane::Transfer | Lane::Domains, Question::Kind { .. } | Question::Tools { .. }) => {}
        (Lane::Steps, Question::NextTool { run, tool }) => {
            if tool.is_empty() {
                findings.error(place, "the question's `next` is empty");
            }
            if !run.iter().any(is_named_call) {
                findings.error(
                    place,
                    "the question's `run` calls no tool, so that there is none to come after",
                );
            }
        }
        (
            Lane::Compaction,
            Question::Keep {
                run,
                needed,
                outdated,
            },
        ) => check_keep(run, needed, outdated, place, findings),
        (
            Lane::Retry,
            Question::Assign {
                slots,
                noise,
                tries,
            },
        ) => {
            check_assign(slots, *noise, *tries, place, findings);
        }
        (Lane::Routing, Question::Route { values }) => {
            check_route(values, &episode.attempts, place, findings);
        }
        (
            Lane::Forecast,
            Question::Forecast {
                source,
                horizon,
                market,
                ..
            },
        ) => {
            if source.is_empty() || horizon.is_empty() {
                findings.error(place, "the question's `source` or `horizon` is empty");
            }
            if market.is_some_and(|price| !(0.0..=1.0).contains(&price)) {
                findings.error(place, "the question's `market` is a price in 0..=1");
            }
        }
        (Lane::Discovery, Question::Discover { problems, reports }) => {
            check_discovery(problems, *reports, &episode.task, place, findings);
        }
        (Lane::Attempts, _) => findings.error(
            place,
            "nothing is asked in lane `attempts`, which shows recorded learning curves",
        ),
        _ => findings.error(place, asked_in(lane)),
    }
}

/// What a question of a lane has.
fn asked_in(lane: Lane) -> &'static str {
    match lane {
        Lane::Evidence => "a question of lane `evidence` has `answers` or `gold`",
        Lane::Transfer => "a question of lane `transfer` has a `kind` or `tools`",
        Lane::Routing => "a question of lane `routing` has `values`, one per agent",
        Lane::Forecast => "a question of lane `forecast` has `happened`, `source` and `horizon`",
        Lane::Discovery => "a question of lane `discovery` has `problems` and `reports`",
        Lane::Attempts => "nothing is asked in lane `attempts`",
        Lane::Hops => {
            "a question of lane `hops` has `pieces`, with `answers` or `gold`, or is `unanswerable`"
        }
        Lane::Domains => "a question of lane `domains` has a `kind` or `tools`",
        Lane::Retry => "a question of lane `retry` has `slots`, `noise` and `tries`",
        Lane::Compaction => {
            "a question of lane `compaction` has a `run` and what is `needed` of it"
        }
        Lane::Steps => "a question of lane `steps` has a `run` and what is called `next`",
    }
}

/// Something can be tried, and tried again.
fn check_assign(slots: &[Slot], noise: f64, tries: u32, place: &str, findings: &mut Findings) {
    if slots.is_empty() || tries < 2 {
        findings.error(
            place,
            "the question has no `slots`, or fewer than 2 `tries`, so that nothing is tried again",
        );
    }
    if !(0.0..=0.5).contains(&noise) {
        findings.error(
            place,
            format!("`noise` is {noise}, which is not in 0..=0.5: more says the opposite"),
        );
    }
    if let Some(slot) = slots.iter().find(|slot| !slot.values.contains(&slot.right)) {
        findings.error(
            place,
            format!(
                "`{}` is none of the values of slot `{}`",
                slot.right, slot.name
            ),
        );
    }
}

/// What is to be kept stands in the run.
fn check_keep(
    run: &[Step],
    needed: &[String],
    outdated: &[String],
    place: &str,
    findings: &mut Findings,
) {
    if needed.is_empty() {
        findings.error(
            place,
            "nothing of the run is `needed`, so that whatever is kept is right",
        );
    }
    let stands = |value: &String| {
        let mut steps = run.iter();
        !value.is_empty() && steps.any(|step| step.text.contains(value))
    };
    if let Some(value) = needed.iter().chain(outdated).find(|value| !stands(value)) {
        findings.error(
            place,
            format!("`{value}` stands in no step of the question's `run`, to the letter"),
        );
    }
    if let Some(value) = needed.iter().find(|value| outdated.contains(value)) {
        findings.error(place, format!("`{value}` is both `needed` and `outdated`"));
    }
}

fn is_named_call(step: &Step) -> bool {
    step.actor == Actor::Action && step.name.as_ref().is_some_and(|name| !name.is_empty())
}

/// Whoever can be sent has been tried, and what became of it is known.
fn check_route(
    values: &BTreeMap<String, f64>,
    attempts: &[Attempt],
    place: &str,
    findings: &mut Findings,
) {
    if values.len() < 2 {
        findings.error(
            place,
            "`values` names fewer than two agents, so that there is no choice",
        );
    }
    if let Some((agent, value)) = values.iter().find(|(_, v)| !(0.0..=1.0).contains(*v)) {
        findings.error(
            place,
            format!("`values` gives `{agent}` {value}, which is not in 0..=1"),
        );
    }
    let valued: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    let tried: BTreeSet<&str> = attempts.iter().map(|a| a.agent.id.as_str()).collect();
    for agent in valued.difference(&tried) {
        findings.error(
            place,
            format!("`values` names `{agent}`, who has no attempt in this episode"),
        );
    }
    for agent in tried.difference(&valued) {
        findings.error(
            place,
            format!("`{agent}` has an attempt in this episode, and no entry in `values`"),
        );
    }
    if let Some(attempt) = attempts.iter().find(|a| success(a).is_none()) {
        findings.error(
            place,
            format!(
                "attempt `{}` has neither a score nor a verdict, so that nobody knows what sending `{}` is worth",
                attempt.id, attempt.agent.id
            ),
        );
    }
}

/// What is hidden can be found, and counts once.
fn check_discovery(
    problems: &[HiddenProblem],
    reports: u32,
    task: &Task,
    place: &str,
    findings: &mut Findings,
) {
    if task.documents.is_empty() {
        findings.error(place, "the task has no documents to look for problems in");
    }
    if problems.is_empty() {
        findings.error(
            place,
            "the question's `problems` are empty; leave the task out",
        );
    }
    if reports == 0 {
        findings.error(
            place,
            "the question's `reports` is 0: nothing may be reported",
        );
    }
    let mut known = HashSet::new();
    for hidden in problems {
        let HiddenProblem {
            problem,
            place: file,
            evidence,
        } = hidden;
        if !known.insert((problem, file)) {
            findings.error(
                place,
                format!(
                    "`{problem}` in `{file}` is listed twice; list it once with all its evidence"
                ),
            );
        }
        if evidence.is_empty() {
            findings.error(
                place,
                format!(
                    "`{problem}` in `{file}` has no `evidence`; name the documents that show it"
                ),
            );
        }
        if let Some(id) = first_missing(evidence, task) {
            findings.error(
                place,
                format!(
                    "the evidence of `{problem}` names `{id}`, which is no document of the task"
                ),
            );
        }
        let elsewhere = task.documents.iter().find(|document| {
            let in_file =
                |label: &memhost_contract::Label| label.name == "file" && label.value == *file;
            evidence.contains(&document.id) && !document.labels.iter().any(in_file)
        });
        if let Some(document) = elsewhere {
            findings.warning(
                place,
                format!(
                    "document `{}` shows `{problem}`, but its label `file` is not `{file}`, where it is to be reported",
                    document.id
                ),
            );
        }
    }
}

/// Episodes with the numbers of their stage and of themselves within it.
fn numbered(stream: &Stream) -> impl Iterator<Item = (usize, usize, &Episode)> {
    stream
        .stages
        .iter()
        .enumerate()
        .flat_map(|(number, stage)| {
            stage
                .episodes
                .iter()
                .enumerate()
                .map(move |(place, episode)| (number, place, episode))
        })
}

fn check_gold(
    gold: &[Source],
    learnt: &Learnt<'_>,
    seen: impl Fn(usize) -> bool,
    place: &str,
    findings: &mut Findings,
) {
    for source in gold {
        let at = learnt.by_id.get(source.attempt.as_str());
        let exists = at
            .and_then(|at| learnt.attempts.get(*at))
            .is_some_and(|attempt| has_step(attempt, source));
        if !exists {
            findings.error(
                place,
                format!(
                    "`gold` names {source}, which is no step of an attempt of this stream; it reads {{\"attempt\": ID, \"step\": NUMBER}}, steps from 0"
                ),
            );
        } else if !at.is_some_and(|at| seen(*at)) {
            findings.warning(
                place,
                format!("`gold` names {source}, which the question may not draw on"),
            );
        }
    }
}

fn has_step(attempt: &Attempt, source: &Source) -> bool {
    source
        .step
        .is_some_and(|step| (step as usize) < attempt.steps.len())
}

fn check_answers(answers: &[String], gold: &[Source], place: &str, findings: &mut Findings) {
    if answers.is_empty() && gold.is_empty() {
        findings.error(place, "the question has neither `answers` nor `gold`");
    }
    for answer in answers {
        if content_words(answer).is_empty() {
            findings.error(
                place,
                format!("the answer `{answer}` holds no letter or digit to look for"),
            );
        }
    }
}

/// Where an answer takes several pieces, they are given, and each can be looked for.
fn check_pieces(lane: Lane, pieces: &[String], place: &str, findings: &mut Findings) {
    if lane == Lane::Hops && pieces.is_empty() {
        findings.error(
            place,
            "the question has no `pieces`; give each of what its answer follows from, or say that it is `unanswerable`",
        );
    }
    if pieces.iter().any(|piece| content_words(piece).is_empty()) {
        findings.error(place, "a piece holds no letter or digit to look for");
    }
}

fn place(stream: &Stream, episode: &Episode) -> String {
    format!("{}/{}", stream.name, episode.task.id)
}

#[cfg(test)]
mod tests;
