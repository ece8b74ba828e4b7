//! Meta-guidelines: why did putting experiences together not help, and how is it done better?

use std::collections::HashMap;

use memhost_sdk::trajectory::sections;
use memhost_sdk::{AnswerGuard, Attempt, Fault, NewMemory, Prompt, Reply, Request, Role, Settings};

use crate::bank::{Experience, MetaGuideline, question};
use crate::compile::notes;
use crate::learn::Lesson;
use crate::material::{self, TEXT_BYTES};
use crate::outcome::{Gain, Known};
use crate::parameters::{GUARD, Guard, REFLECTIONS, TEMPERATURE};

const REFLECT: Prompt<MetaGuideline> = Prompt::new(Role::Agent, "reflect")
    .instructions(include_str!("../prompts/reflect.md"))
    .replies(
        "a meta-guideline",
        include_str!("../prompts/reflect.schema.json"),
    );

/// One for each outcome that was not better than without memory, the worst gain first.
pub(crate) fn reflect<'a>(
    outcomes: &[Known<'a>],
    used: &HashMap<String, Experience>,
    settings: &Settings,
) -> Result<Vec<Lesson<'a>>, Fault> {
    let guard = settings.get(&GUARD)?;
    let temperature = settings.get(&TEMPERATURE)?;
    let mut misled: Vec<(Gain, &Known, Vec<&Experience>)> = outcomes
        .iter()
        .filter_map(|outcome| {
            let gain = outcome.gain().filter(|gain| gain.value() <= 0.0)?;
            let experiences: Vec<&Experience> =
                outcome.cited().filter_map(|id| used.get(id)).collect();
            guard
                .passes(gain, !experiences.is_empty())
                .then_some((gain, outcome, experiences))
        })
        .collect();
    misled.sort_by(|(one, ..), (other, ..)| one.value().total_cmp(&other.value()));
    misled.truncate(settings.get(&REFLECTIONS)? as usize);
    Ok(misled
        .into_iter()
        .map(|(gain, outcome, experiences)| {
            let blind = AnswerGuard::of(&outcome.attempt.answer);
            Lesson {
                request: request(gain, outcome, &experiences, &blind, temperature),
                attempt: outcome.attempt,
                blind,
                read,
                margin: None,
            }
        })
        .collect())
}

impl Guard {
    fn passes(self, gain: Gain, experiences_used: bool) -> bool {
        match self {
            Guard::Used => experiences_used,
            Guard::NoBinaryTies => experiences_used && !(gain.is_binary() && gain.value() == 0.0),
            Guard::Published => true,
        }
    }
}

fn request(
    gain: Gain,
    outcome: &Known<'_>,
    experiences: &[&Experience],
    blind: &AnswerGuard,
    temperature: f64,
) -> Request {
    let material = sections(&[
        ("Task", question(&outcome.attempt.task)),
        ("The guideline", &blind.masked(outcome.guideline())),
        (
            "The notes that it was made from",
            &blind.masked(&notes(experiences.iter().copied())),
        ),
    ]);
    let scores = [
        ("on", format!("{:.2}", gain.on)),
        ("off", format!("{:.2}", gain.off)),
    ];
    let scores = scores
        .each_ref()
        .map(|(name, score)| (*name, score.as_str()));
    REFLECT
        .filled(&scores, material)
        .temperature(material::temperature(temperature))
        .request
}

fn read(
    reply: Result<Reply, Fault>,
    attempt: &Attempt,
    blind: &AnswerGuard,
) -> Result<NewMemory, Fault> {
    let meta = REFLECT.read(reply)?;
    let text = |text: &str| material::cut(text.trim(), TEXT_BYTES).to_owned();
    let meta = MetaGuideline {
        failure_reason: text(&meta.failure_reason),
        synthesis_instruction: text(&meta.synthesis_instruction),
    };
    if meta.synthesis_instruction.is_empty() {
        return Err(Fault::Failed("the reply holds no instruction".to_owned()));
    }
    if [&meta.failure_reason, &meta.synthesis_instruction]
        .iter()
        .any(|text| blind.is_quoted_in(text))
    {
        return Err(Fault::Failed("the reply quotes the answer".to_owned()));
    }
    meta.remembered(&attempt.task)
}
