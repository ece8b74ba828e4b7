//! Raw experience as memories: what one memory is, what it says, and what it is found by.
//!
//! Strategies that hand out past experience as it was (the newest, the most similar) differ only in what
//! they retrieve; what they keep is made here.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use crate::parameter::Choice;
use crate::types::{Actor, Attempt, Key, NewMemory, Outcome, Source, Step, Verdict};

/// The key of every memory made here: the task's text, or the user's words.
pub const KEY: &str = "situation";

/// The kind of a memory of a whole attempt.
pub const EXPERIENCE: &str = "experience";

/// The kind of a memory of something that the user said.
pub const UTTERANCE: &str = "utterance";

/// The key of a sentence of such a text; see [`found_by_sentences_too`].
pub const SENTENCE: &str = "sentence";

/// What one memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// An attempt, if it was one: it has a verdict or an action. Otherwise, in a conversation, a step.
    Auto,
    /// The whole attempt, found by the task's text.
    Attempt,
    /// A step in which the user says something, found by what is said.
    Step,
    /// A sentence of such a step, found by itself.
    Sentence,
}

/// The parameter that chooses it.
pub const UNIT: Choice<Unit> = Choice::new(
    "unit",
    &[
        ("auto", Unit::Auto),
        ("attempt", Unit::Attempt),
        ("step", Unit::Step),
        ("sentence", Unit::Sentence),
    ],
    "What one memory is: `auto` takes an attempt with a verdict or an action as one experience, and a \
     conversation step by step; where the user says nothing, the attempt is one memory in any case.",
);

// An experience is kept so short that a budget of 1,000 tokens has room for five or more.

/// Characters of the task's text in an experience.
const TASK_CHARS: usize = 240;
/// Characters of the answer, and of the reason for the verdict.
const ANSWER_CHARS: usize = 120;
/// Characters of the arguments of one action, at most.
const ARGUMENT_CHARS: usize = 40;
/// Characters of all arguments together: the more actions, the less of each, but every name stands.
const ALL_ARGUMENTS_CHARS: usize = 240;

/// The memories that an attempt leaves behind.
pub fn memories(attempt: &Attempt, unit: Unit) -> Vec<NewMemory> {
    let utterances: Vec<NewMemory> = match unit {
        Unit::Attempt => Vec::new(),
        Unit::Auto if was_tried(attempt) => Vec::new(),
        Unit::Auto | Unit::Step => utterances(attempt, |text| vec![text]),
        Unit::Sentence => utterances(attempt, |text| text.unicode_sentences().collect()),
    };
    if utterances.is_empty() {
        return vec![experience(attempt)];
    }
    utterances
}

/// The same memory, found by each sentence of its keys too, under the key [`SENTENCE`].
///
/// An embedder that averages over the words of a text makes nothing distinct of a long one.
#[must_use]
pub fn found_by_sentences_too(mut memory: NewMemory) -> NewMemory {
    let mut known: HashSet<&str> = memory.keys.iter().map(|key| key.text.trim()).collect();
    let mut sentences = Vec::new();
    for key in &memory.keys {
        let pieces = key.text.unicode_sentences().map(str::trim);
        // A key is there once, however often its sentence is said.
        let new = pieces.filter(|piece| !piece.is_empty() && known.insert(piece));
        sentences.extend(new.map(|piece| Key::new(SENTENCE, piece)));
    }
    memory.keys.extend(sentences);
    memory
}

/// What an attempt says as an experience: the task, what was done, what came of it.
pub fn text(attempt: &Attempt) -> String {
    let mut lines = vec![format!(
        "Task: {}",
        shortened(&attempt.task.text, TASK_CHARS)
    )];
    let actions = actions(&attempt.steps);
    if !actions.is_empty() {
        lines.push(format!("Done: {}", actions.join(", ")));
    }
    if !attempt.answer.trim().is_empty() {
        lines.push(format!(
            "Answer: {}",
            shortened(&attempt.answer, ANSWER_CHARS)
        ));
    }
    lines.push(format!("Outcome: {}", outcome(&attempt.outcome)));
    lines.join("\n")
}

fn experience(attempt: &Attempt) -> NewMemory {
    let memory = NewMemory::new(EXPERIENCE, text(attempt))
        .key(KEY, &attempt.task.text)
        .learnt_from(&attempt.id);
    NewMemory {
        labels: attempt.task.labels.clone(),
        ..memory
    }
}

/// What the user said, each step in the pieces that `split` makes of it.
fn utterances(attempt: &Attempt, split: impl Fn(&str) -> Vec<&str>) -> Vec<NewMemory> {
    let mut memories = Vec::new();
    for (number, step) in (0..).zip(&attempt.steps) {
        if step.actor != Actor::User {
            continue;
        }
        let pieces = split(&step.text).into_iter().map(str::trim);
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            let memory = NewMemory::new(UTTERANCE, piece)
                .key(KEY, piece)
                .learnt_from(Source::step(&attempt.id, number));
            memories.push(NewMemory {
                labels: attempt.task.labels.clone(),
                ..memory
            });
        }
    }
    memories
}

/// Whether somebody tried to do something, rather than just talked.
fn was_tried(attempt: &Attempt) -> bool {
    attempt.outcome.verdict != Verdict::Unknown
        || attempt.steps.iter().any(|step| step.actor == Actor::Action)
}

/// The actions in order, with their arguments as far as there is room.
fn actions(steps: &[Step]) -> Vec<String> {
    let actions: Vec<&Step> = steps
        .iter()
        .filter(|step| step.actor == Actor::Action)
        .collect();
    let room = ARGUMENT_CHARS.min(ALL_ARGUMENTS_CHARS / actions.len().max(1));
    actions
        .into_iter()
        .map(|step| match (&step.name, arguments(&step.text, room)) {
            (Some(name), arguments) if arguments.is_empty() => name.clone(),
            (Some(name), arguments) => format!("{name}({arguments})"),
            (None, _) => shortened(&step.text, ARGUMENT_CHARS),
        })
        .collect()
}

/// Arguments without the marks of JSON, which cost a token each and say nothing to a reader.
fn arguments(text: &str, room: usize) -> String {
    let bare: String = text.chars().filter(|c| !"{}\"".contains(*c)).collect();
    match room {
        0 => String::new(),
        _ => shortened(&bare, room),
    }
}

fn outcome(outcome: &Outcome) -> String {
    let mut text = match outcome.verdict {
        Verdict::Success => "success",
        Verdict::Failure => "failure",
        Verdict::Unknown => "unknown",
    }
    .to_owned();
    if let Some(score) = outcome.score {
        text.push_str(&format!(", score {score:.2}"));
    }
    if !outcome.reason.trim().is_empty() {
        text.push_str(&format!(": {}", shortened(&outcome.reason, ANSWER_CHARS)));
    }
    text
}

/// The text on one line, cut after so many characters with a mark that it was.
fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Task;

    fn conversation() -> Attempt {
        Attempt::new("talk", Task::new("t", "A chat").label("site", "home"))
            .step(Step::user("I live in Bern. I have a cat!"))
            .step(Step::answer("Noted."))
            .step(Step::user("  "))
            .step(Step::user("Her name is Mia"))
    }

    fn purchase() -> Attempt {
        Attempt::new("buy", Task::new("t", "Buy a lamp"))
            .step(Step::user("A lamp, please."))
            .step(Step::thought("Look first."))
            .step(Step::action("search", r#"{"query": "lamp"}"#))
            .step(Step::observation("3 lamps"))
            .step(Step::action("order", r#"{"id": 7}"#))
            .answer("Ordered.")
    }

    fn sources(memories: &[NewMemory]) -> Vec<&Source> {
        memories.iter().flat_map(|one| &one.sources).collect()
    }

    #[test]
    fn a_conversation_is_a_memory_per_step_of_the_user_found_by_its_text() {
        let memories = memories(&conversation(), Unit::Auto);
        assert_eq!(
            sources(&memories),
            [&Source::step("talk", 0), &Source::step("talk", 3)]
        );
        assert_eq!(memories[1].content, "Her name is Mia");
        assert_eq!(memories[1].keys[0].text, "Her name is Mia");
        assert_eq!(memories[1].labels, conversation().task.labels);
    }

    #[test]
    fn an_attempt_with_an_action_or_a_verdict_is_one_experience_found_by_its_task() {
        for tried in [purchase(), conversation().failed()] {
            let memories = memories(&tried, Unit::Auto);
            assert_eq!(sources(&memories), [&Source::attempt(&tried.id)]);
            assert_eq!(memories[0].keys[0].text, tried.task.text);
        }
    }

    #[test]
    fn an_experience_says_task_actions_in_order_answer_and_outcome() {
        let memories = memories(&purchase().succeeded(), Unit::Attempt);
        assert_eq!(
            memories[0].content,
            "Task: Buy a lamp\nDone: search(query: lamp), order(id: 7)\n\
             Answer: Ordered.\nOutcome: success, score 1.00"
        );
    }

    #[test]
    fn sentences_are_found_by_themselves_and_cite_their_step() {
        let memories = memories(&conversation(), Unit::Sentence);
        let steps = [0, 0, 3].map(|step| Source::step("talk", step));
        assert_eq!(sources(&memories), steps.each_ref());
        assert_eq!(memories[0].content, "I live in Bern.");
        assert_eq!(memories[1].keys[0].text, "I have a cat!");
    }

    #[test]
    fn where_the_user_says_nothing_the_attempt_is_one_memory() {
        let silent = Attempt::new("silent", Task::new("t", "Do it")).step(Step::thought("Hm."));
        for unit in [Unit::Auto, Unit::Step, Unit::Sentence] {
            assert_eq!(
                sources(&memories(&silent, unit)),
                [&Source::attempt("silent")]
            );
        }
    }

    #[test]
    fn every_action_is_named_however_many_there_are() {
        let long = (0..700).fold(purchase(), |attempt, number| {
            attempt.step(Step::action(&format!("tool{number}"), "x".repeat(90)))
        });
        let text = text(&long);
        assert!(text.contains("tool0, ") && text.contains("tool699\n"));
        assert!(!text.contains('x'));
    }

    #[test]
    fn arguments_share_their_room() {
        let twelve = (0..12).fold(purchase(), |attempt, _| {
            attempt.step(Step::action("look", "y".repeat(90)))
        });
        let text = text(&twelve);
        assert_eq!(text.matches("look(yyyyyyyyyyyyyyyyy…)").count(), 12);
        assert!(text.len() < 600);
    }

    #[test]
    fn sentences_are_keys_beside_the_whole_text() {
        let found_by = |text: &str| -> Vec<(String, String)> {
            let memory = found_by_sentences_too(NewMemory::new("x", "").key(KEY, text));
            memory
                .keys
                .into_iter()
                .map(|key| (key.name, key.text))
                .collect()
        };
        let keys = |keys: &[(&str, &str)]| -> Vec<(String, String)> {
            keys.iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect()
        };
        assert_eq!(
            found_by("One. Two!"),
            keys(&[(KEY, "One. Two!"), (SENTENCE, "One."), (SENTENCE, "Two!")])
        );
        assert_eq!(found_by("Only one."), keys(&[(KEY, "Only one.")]));
        assert_eq!(
            found_by("No. No. No."),
            keys(&[(KEY, "No. No. No."), (SENTENCE, "No.")])
        );
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shortened("日本\n 語です", 3), "日本…");
        assert_eq!(shortened("🦀🦀🦀", 2), "🦀🦀…");
        assert_eq!(shortened("a  b", 3), "a b");
    }
}
