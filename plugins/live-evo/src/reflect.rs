//! Meta-guidelines: why did putting experiences together not help, and how is it done better?

use std::collections::HashMap;

use memhost_sdk::trajectory::sections;
use memhost_sdk::{
    AnswerGuard, Attempt, Commit, Fault, NewMemory, Prompt, Question, Role, Settings,
};

use crate::bank::{self, Experience, MetaGuideline};
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
            let attempt = outcome.attempt;
            let blind = AnswerGuard::of(&attempt.answer);
            let question = question(gain, outcome, &experiences, &blind).temperature(temperature);
            let memory = question.then(move |meta| tidy(meta, attempt, &blind));
            Lesson::new(attempt, memory, Commit::AtOnce)
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

fn question(
    gain: Gain,
    outcome: &Known<'_>,
    experiences: &[&Experience],
    blind: &AnswerGuard,
) -> Question<'static, MetaGuideline> {
    let material = sections(&[
        ("Task", bank::question(&outcome.attempt.task)),
        ("The guideline", &blind.masked(outcome.guideline())),
        (
            "The notes that it was made from",
            &blind.masked(&notes(experiences.iter().copied())),
        ),
    ]);
    let [on, off] = [gain.on, gain.off].map(|score| format!("{score:.2}"));
    REFLECT.filled(&[("on", &on), ("off", &off)], material)
}

fn tidy(meta: MetaGuideline, attempt: &Attempt, blind: &AnswerGuard) -> Result<NewMemory, Fault> {
    let text = |text: &str| material::cut(text.trim(), TEXT_BYTES).to_owned();
    let meta = MetaGuideline {
        failure_reason: text(&meta.failure_reason),
        synthesis_instruction: text(&meta.synthesis_instruction),
    };
    if meta.synthesis_instruction.is_empty() {
        return Err(Fault::Failed("the reply holds no instruction".to_owned()));
    }
    blind.check([&*meta.failure_reason, &*meta.synthesis_instruction])?;
    meta.remembered(&attempt.task)
}
