//! New experiences: what is there to learn from the worst of a batch?

use memhost_sdk::trajectory::{line, sections};
use memhost_sdk::{
    Actor, AnswerGuard, Attempt, BLANK, Commit, Fault, NewMemory, Prompt, Question, Role, Settings,
};
use serde::Deserialize;

use crate::bank::{self, Experience};
use crate::learn::Lesson;
use crate::material::{self, TEXT_BYTES};
use crate::outcome::{self, Known};
use crate::parameters::{BAD_CASES, MARGIN, TEMPERATURE};

const SUMMARIZE: Prompt<Summary> = Prompt::new(Role::Agent, "summarize")
    .instructions(include_str!("../prompts/summarize.md"))
    .replies(
        "an experience",
        include_str!("../prompts/summarize.schema.json"),
    );

/// How much of one step the model reads, in bytes.
const STEP_BYTES: usize = 4_000;
/// How much of all steps: the last ones, which led to the result.
const TRAJECTORY_BYTES: usize = 16_000;
/// The longest name of a category, in bytes.
const CATEGORY_BYTES: usize = 60;

#[derive(Deserialize)]
struct Summary {
    category: String,
    failure_reason: String,
    improvement: String,
    missed_information: String,
}

/// One for each of the worst outcomes that could have been better, the worst first. It is kept if a re-run with
/// it gains.
pub(crate) fn acquire<'a>(
    outcomes: &[Known<'a>],
    settings: &Settings,
) -> Result<Vec<Lesson<'a>>, Fault> {
    let margin = settings.get(&MARGIN)?;
    let temperature = settings.get(&TEMPERATURE)?;
    let worst = outcome::worst(outcomes, settings.get(&BAD_CASES)?);
    Ok(worst
        .into_iter()
        .filter(|outcome| outcome.on < 1.0)
        .map(|outcome| {
            // A new experience is tried on the very task that it comes from, and one that held the answer would always seem
            // to help.
            let attempt = outcome.attempt;
            let blind = AnswerGuard::of(&attempt.answer);
            let question = question(outcome, &blind).temperature(temperature);
            let memory = question.then(move |said| tidy(said, attempt, &blind));
            Lesson::new(attempt, memory, Commit::IfTrialGains(margin))
        })
        .collect())
}

/// The reason of the outcome is left out: it may name the true answer, which nobody could blank out.
fn question(outcome: &Known<'_>, blind: &AnswerGuard) -> Question<'static, Summary> {
    let attempt = outcome.attempt;
    let material = sections(&[
        ("Task", bank::question(&attempt.task)),
        (
            "The guideline that the agent had",
            &blind.masked(outcome.guideline()),
        ),
        ("What the agent did", &trajectory(attempt, blind)),
    ]);
    let values = [("blank", BLANK), ("on", &format!("{:.2}", outcome.on))];
    SUMMARIZE.filled(&values, material)
}

/// The steps without the answer: those that only give it are left out, elsewhere it is blanked.
fn trajectory(attempt: &Attempt, blind: &AnswerGuard) -> String {
    let steps = attempt.steps.iter().rev();
    let told = steps.filter(|step| step.actor != Actor::Answer);
    let mut room = TRAJECTORY_BYTES;
    let mut lines: Vec<String> = told
        .map(|step| blind.masked(&line(step, material::cut(&step.text, STEP_BYTES))))
        .map_while(|line| {
            room = room.checked_sub(line.len())?;
            Some(line)
        })
        .collect();
    lines.reverse();
    lines.join("\n")
}

fn tidy(reply: Summary, attempt: &Attempt, blind: &AnswerGuard) -> Result<NewMemory, Fault> {
    // The improvement comes first: what only repeats it says nothing.
    let mut said = Vec::new();
    let mut text = |text: &str| {
        let text = material::cut(text.trim(), TEXT_BYTES).to_owned();
        let is_new = !said.contains(&text);
        said.push(text.clone());
        if is_new { text } else { String::new() }
    };
    let improvement = text(&reply.improvement);
    let experience = Experience {
        question: bank::question(&attempt.task).to_owned(),
        failure_reason: text(&reply.failure_reason),
        missed_information: text(&reply.missed_information),
        improvement,
        category: material::cut(reply.category.trim(), CATEGORY_BYTES).to_owned(),
    };
    if experience.improvement.is_empty() {
        return Err(Fault::Failed("the reply holds no improvement".to_owned()));
    }
    blind.check([&*experience.lesson(), &*experience.category])?;
    experience.remembered(&attempt.task)
}
