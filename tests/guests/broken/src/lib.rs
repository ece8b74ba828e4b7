//! A plugin that keeps every promise of the contract but the one that its setting `fault` names.
//!
//! The faults are those that plugins come with: nobody writes them on purpose. Without one it is a plain memory of
//! notes, so that what a check finds is the fault and nothing else.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use memhost_sdk::{
    Attempt, Change, Choice, Condition, Counter, Declared, Description, Distill, Evict, Fault,
    Feedback, Guidance, Level, Memory, NewMemory, Pressure, Query, Recalled, Request, Retrieve,
    Role, Scan, Search, Settings, Strategy, Update, fetch, llm, pack, recall, run, store,
};

/// How many notes are handed out.
const K: u32 = 4;

/// The kind of a note, and the key that it is found by.
const NOTE: &str = "note";
const KEY: &str = "task";

const HEADING: &str = "Notes from earlier work:";

const FAULT: Choice<Option<Flaw>> = Choice::new(
    "fault",
    &[
        ("none", None),
        ("keeps-in-static", Some(Flaw::KeepsInStatic)),
        ("finds-by-another-key", Some(Flaw::FindsByAnotherKey)),
        ("counts-tasks", Some(Flaw::CountsTasks)),
        ("ignores-the-budget", Some(Flaw::IgnoresTheBudget)),
        ("counts-bytes", Some(Flaw::CountsBytes)),
        ("writes-one-word", Some(Flaw::WritesOneWord)),
        ("invents-ids", Some(Flaw::InventsIds)),
        ("lets-go-too-little", Some(Flaw::LetsGoTooLittle)),
        ("lets-go-of-all", Some(Flaw::LetsGoOfAll)),
        ("cites-what-it-looked-at", Some(Flaw::CitesWhatItLookedAt)),
        ("cites-nothing", Some(Flaw::CitesNothing)),
        ("cites-by-title", Some(Flaw::CitesByTitle)),
        ("wants-words", Some(Flaw::WantsWords)),
        ("wants-steps", Some(Flaw::WantsSteps)),
        ("cuts-bytes", Some(Flaw::CutsBytes)),
        ("compares-all-with-all", Some(Flaw::ComparesAllWithAll)),
        ("obeys-memories", Some(Flaw::ObeysMemories)),
        ("obeys-attempts", Some(Flaw::ObeysAttempts)),
        ("asks-undeclared", Some(Flaw::AsksUndeclared)),
        ("needs-undeclared", Some(Flaw::NeedsUndeclared)),
        ("compares-all-steps", Some(Flaw::ComparesAllSteps)),
        ("copies-what-came-before", Some(Flaw::CopiesWhatCameBefore)),
    ],
    "Which promise it breaks.",
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// What it learns stays in the instance, which ends with the call.
    KeepsInStatic,
    /// A typing error: it writes one key and searches another.
    FindsByAnotherKey,
    /// It takes a run's first task for the first ever.
    CountsTasks,
    /// As much as it has found.
    IgnoresTheBudget,
    /// It takes four bytes for a token, and the heading for nothing.
    CountsBytes,
    /// It joins words, and takes for one word whatever has no blank in it.
    WritesOneWord,
    /// It counts memories itself instead of reading their ids.
    InventsIds,
    /// It stops one too early.
    LetsGoTooLittle,
    /// It ranks everything, and forgets to stop.
    LetsGoOfAll,
    /// Everything that the search found, and not what stands in the text.
    CitesWhatItLookedAt,
    /// Nothing is cited.
    CitesNothing,
    /// It takes the title for the id.
    CitesByTitle,
    /// It searches for the first word.
    WantsWords,
    /// It looks at the last step.
    WantsSteps,
    /// The title is the first forty bytes.
    CutsBytes,
    /// Leaves out duplicates, each time anew, among all that there is.
    ComparesAllWithAll,
    /// A note that says so silences the others.
    ObeysMemories,
    /// An answer that says so deletes memories: a protocol meant for its own model.
    ObeysAttempts,
    /// It asks a model, and does not say so.
    AsksUndeclared,
    /// It cannot work without a model, and does not say so.
    NeedsUndeclared,
    /// Distance of every two steps of a trajectory.
    ComparesAllSteps,
    /// With every step, a copy of what had happened until then.
    CopiesWhatCameBefore,
}

/// What [`Flaw::KeepsInStatic`] has learnt.
static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps a note of every attempt, and hands out those whose task is most similar.
pub struct Broken;

impl Strategy for Broken {
    const PARAMETERS: &'static [&'static dyn Declared] = &[&FAULT];

    fn describe() -> Description {
        Description::new(
            "broken",
            env!("CARGO_PKG_VERSION"),
            "Keeps notes, and breaks one promise.",
        )
        .source("none")
    }
}

impl Retrieve for Broken {
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault> {
        let flaw = settings.get(&FAULT)?;
        let mut text = query.task.text.as_str();
        match flaw {
            Some(Flaw::KeepsInStatic) => return Ok(kept()),
            Some(Flaw::CountsTasks) if run::task_number() == 0 => return Ok(Guidance::none()),
            Some(Flaw::WantsWords) => text = first_word(text),
            Some(Flaw::AsksUndeclared) => drop(llm::complete(&[question(text)])),
            Some(Flaw::NeedsUndeclared) => {
                llm::complete(&[question(text)])
                    .into_iter()
                    .collect::<Result<Vec<_>, _>>()?;
            }
            Some(Flaw::ComparesAllWithAll) => noted("duplicates", duplicates()?),
            _ => {}
        }
        let key = match flaw {
            Some(Flaw::FindsByAnotherKey) => "tasks",
            _ => KEY,
        };
        let mut found = recall(&Search::semantic(key, text).limit(K))?;
        if flaw == Some(Flaw::ObeysMemories) {
            found = obeying(found)?;
        }
        let budget = match flaw {
            Some(Flaw::IgnoresTheBudget) => u32::MAX,
            _ => query.token_budget,
        };
        let guidance = match flaw {
            Some(Flaw::CountsBytes) => packed_by_bytes(&found, budget),
            Some(Flaw::WritesOneWord) => packed_by_blanks(&found, budget),
            _ => pack(HEADING, found.clone(), budget),
        };
        Ok(match flaw {
            _ if guidance.text.is_empty() => guidance,
            Some(Flaw::CitesNothing) => Guidance::user(guidance.text),
            Some(Flaw::CitesWhatItLookedAt) => citing_all(&found, budget),
            Some(Flaw::CitesByTitle) => citing_titles(&found, guidance.text),
            _ => guidance,
        })
    }
}

impl Distill for Broken {
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault> {
        let flaw = settings.get(&FAULT)?;
        let mut changes = Vec::new();
        for attempt in attempts {
            match flaw {
                Some(Flaw::KeepsInStatic) => {
                    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push(note(attempt));
                    continue;
                }
                Some(Flaw::WantsSteps) => {
                    let last = attempt.steps.last().expect("an attempt has steps");
                    noted("characters of the last step", last.text.len());
                }
                Some(Flaw::ComparesAllSteps) => noted("letters in common", closest_steps(attempt)),
                Some(Flaw::CopiesWhatCameBefore) => noted("histories", histories(attempt).len()),
                Some(Flaw::ObeysAttempts) => changes.extend(ordered_by(attempt)?),
                _ => {}
            }
            changes.push(Change::insert(memory(attempt, flaw)));
        }
        Ok(changes)
    }
}

impl Update for Broken {
    /// The note's weight follows the outcome.
    fn update(feedback: &[Feedback], _: &Settings) -> Result<Vec<Change>, Fault> {
        let mut changes = Vec::new();
        for one in feedback {
            let score = one.attempt.outcome.score.unwrap_or(0.5);
            let ids: Vec<String> = one.receipt.used.iter().map(|c| c.memory.clone()).collect();
            for memory in store::get_memories(&ids)? {
                let weight = Counter::Weight;
                changes.push(Change::adjust(memory.id, weight, score - 0.5));
            }
        }
        Ok(changes)
    }
}

impl Evict for Broken {
    /// The oldest, as many as are too many.
    fn evict(pressure: &Pressure, settings: &Settings) -> Result<Vec<String>, Fault> {
        let most = pressure.most_memories.unwrap_or(u32::MAX);
        let excess = pressure.memories.saturating_sub(most);
        let (first, count) = match settings.get(&FAULT)? {
            Some(Flaw::InventsIds) => return Ok((0..excess).map(|n| format!("m{n}")).collect()),
            Some(Flaw::LetsGoTooLittle) => (0, excess.saturating_sub(1)),
            Some(Flaw::LetsGoOfAll) => (0, u32::MAX),
            _ => (0, excess),
        };
        let oldest = store::scan_memories(&Scan::oldest_first().offset(first).limit(count))?;
        Ok(oldest.into_iter().map(|row| row.memory.id).collect())
    }
}

// ---- as it should be --------------------------------------------------------------------------------

fn note(attempt: &Attempt) -> String {
    let done: Vec<&str> = attempt
        .steps
        .iter()
        .map(|step| step.text.as_str())
        .collect();
    let mut lines = vec![format!("Task: {}", attempt.task.text)];
    lines.extend(done.first().map(|first| format!("First: {first}")));
    lines.push(format!("Answer: {}", attempt.answer));
    lines.join("\n")
}

fn memory(attempt: &Attempt, flaw: Option<Flaw>) -> NewMemory {
    let text = &attempt.task.text;
    let title = match flaw {
        Some(Flaw::CutsBytes) => text[..text.len().min(40)].to_owned(),
        _ => text.chars().take(40).collect(),
    };
    NewMemory::new(NOTE, note(attempt))
        .title(title)
        .key(KEY, text)
        .learnt_from(&attempt.id)
}

// ---- as it should not be ----------------------------------------------------------------------------

fn kept() -> Guidance {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match kept.last() {
        Some(last) => Guidance::user(last.clone()),
        None => Guidance::none(),
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().expect("a task has words")
}

fn question(text: &str) -> Request {
    Request::new(Role::Cheap, "rephrase").user(format!("Say it in other words: {text}"))
}

fn packed_by_bytes(found: &[Recalled], budget: u32) -> Guidance {
    let mut room = budget as usize * 4;
    let mut guidance = Guidance::user(HEADING);
    for Recalled { memory, score } in found {
        let Some(left) = room.checked_sub(memory.content.len()) else {
            continue;
        };
        room = left;
        guidance.text.push_str("\n\n");
        guidance.text.push_str(&memory.content);
        guidance = guidance.citing(&memory.id, *score);
    }
    match guidance.receipt.used.is_empty() {
        true => Guidance::none(),
        false => guidance,
    }
}

fn packed_by_blanks(found: &[Recalled], budget: u32) -> Guidance {
    let mut guidance = Guidance::user("");
    for Recalled { memory, score } in found.iter().take(budget as usize) {
        let words: Vec<&str> = memory.content.split_whitespace().collect();
        guidance.text.push_str(&words.join("_"));
        guidance.text.push(' ');
        guidance = guidance.citing(&memory.id, *score);
    }
    guidance
}

fn noted(what: &str, count: usize) {
    run::log(Level::Debug, &format!("{count} {what}"));
}

/// The best note alone, with a receipt of all.
fn citing_all(found: &[Recalled], budget: u32) -> Guidance {
    let mut guidance = pack(HEADING, found.iter().take(1).cloned(), budget);
    for Recalled { memory, score } in found.iter().skip(1) {
        guidance = guidance.citing(&memory.id, *score);
    }
    guidance
}

fn citing_titles(found: &[Recalled], text: String) -> Guidance {
    let guidance = Guidance::user(text);
    let titled = found.iter().filter(|one| !one.memory.title.is_empty());
    titled.fold(guidance, |guidance, one| {
        guidance.citing(&one.memory.title, one.score)
    })
}

/// How often two notes share most of their words.
fn duplicates() -> Result<usize, Fault> {
    let all = store::scan_memories(&Scan::oldest_first())?;
    let words: Vec<Vec<&str>> = all
        .iter()
        .map(|row| row.memory.content.split_whitespace().collect())
        .collect();
    let mut duplicates = 0;
    for (place, one) in words.iter().enumerate() {
        for other in words.iter().skip(place + 1) {
            let shared = one.iter().filter(|word| other.contains(word)).count();
            duplicates += usize::from(shared * 10 > one.len() * 9);
        }
    }
    Ok(duplicates)
}

/// Nothing, if any note says so.
fn obeying(found: Vec<Recalled>) -> Result<Vec<Recalled>, Fault> {
    let orders = Scan::oldest_first().only(Condition::contains("content", "Ignore all previous"));
    let silenced = !store::scan_memories(&orders)?.is_empty();
    if !silenced {
        return Ok(found);
    }
    fetch(
        found
            .into_iter()
            .take(1)
            .map(|one| (one.memory.id, one.score)),
    )
}

/// A line `DELETE <id>`.
fn ordered_by(attempt: &Attempt) -> Result<Vec<Change>, Fault> {
    let lines = attempt.answer.lines();
    let ids: Vec<String> = lines
        .filter_map(|line| line.trim().strip_prefix("DELETE "))
        .map(str::to_owned)
        .collect();
    let memories: Vec<Memory> = store::get_memories(&ids)?;
    Ok(memories
        .into_iter()
        .map(|one| Change::remove(one.id))
        .collect())
}

/// Letters that two steps have in the same place, for the two that have most.
fn closest_steps(attempt: &Attempt) -> usize {
    let steps = &attempt.steps;
    let common = |one: &str, other: &str| {
        one.chars()
            .zip(other.chars())
            .filter(|(a, b)| a == b)
            .count()
    };
    let pairs = steps.iter().enumerate().flat_map(|(place, one)| {
        let later = steps.iter().skip(place + 1);
        later.map(move |other| (one, other))
    });
    pairs
        .map(|(one, other)| common(&one.text, &other.text))
        .max()
        .unwrap_or(0)
}

/// What had happened when each step was taken.
fn histories(attempt: &Attempt) -> Vec<String> {
    let mut history = String::new();
    let copies = attempt.steps.iter().map(|step| {
        history.push_str(&step.text);
        black_box(history.clone())
    });
    copies.collect()
}

memhost_sdk::export!(Broken: Retrieve, Distill, Update, Evict);
