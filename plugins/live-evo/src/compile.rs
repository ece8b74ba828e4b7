//! The guideline: what the experiences mean for this task. The agent never sees the experiences themselves.

use memhost_sdk::trajectory::sections;
use memhost_sdk::{Fault, Guidance, Prompt, Role, Task, append, llm, one_line};
use serde::Deserialize;

use crate::bank::{Experience, Found, MetaGuideline, question};
use crate::receipt::Note;

const COMPILE: Prompt<Reply> = Prompt::new(Role::Agent, "compile")
    .instructions(include_str!("../prompts/compile.md"))
    .replies(
        "a guideline",
        include_str!("../prompts/compile.schema.json"),
    );
/// Paper, appendix A.3: verify applicability, and prefer fresh evidence.
const CAUTION: &str = include_str!("../prompts/caution.md");

/// Paper, appendix A.3: three to five.
const MOST_POINTS: usize = 5;

/// Comes last, and under these words: what stands below them the host's stand-in for a model does not copy.
const TASK_HEADING: &str = "The task at hand";

#[derive(Deserialize)]
struct Reply {
    guideline: Vec<String>,
}

/// Whether anything at all can be said within the budget.
pub(crate) fn has_room(budget: u32) -> bool {
    llm::count_tokens(CAUTION) < budget
}

/// The points of the guideline, at most [`MOST_POINTS`]; none if no experience applies.
pub(crate) fn compile(
    task: &Task,
    experiences: &[Found<Experience>],
    meta: Option<&Found<MetaGuideline>>,
    temperature: f64,
) -> Result<Vec<String>, Fault> {
    let advice = meta.map_or(String::new(), |meta| advice(&meta.says));
    let material = sections(&[
        ("Notes", &notes(experiences.iter().map(|one| &one.says))),
        ("Advice on combining notes", &advice),
        (TASK_HEADING, question(task)),
    ]);
    COMPILE
        .filled(&[("most", &MOST_POINTS.to_string())], material)
        .temperature(temperature)
        .then(|reply| Ok(points(reply)))
        .doing(format!("compiling a guideline for task `{}`", task.id))
        .ask()
}

/// Experiences as the model reads them.
pub(crate) fn notes<'a>(experiences: impl Iterator<Item = &'a Experience>) -> String {
    let shown = experiences.zip(1..).map(|(one, number)| {
        let heading = match one.category.is_empty() {
            true => format!("## Note {number}"),
            false => format!("## Note {number} ({})", one.category),
        };
        format!("{heading}\n\nTask: {}\n{}", one.question, one.lesson())
    });
    shown.collect::<Vec<_>>().join("\n\n")
}

fn advice(meta: &MetaGuideline) -> String {
    let MetaGuideline {
        failure_reason,
        synthesis_instruction,
    } = meta;
    format!("{synthesis_instruction}\nWhat went wrong without that: {failure_reason}")
}

fn points(reply: Reply) -> Vec<String> {
    let points = reply.guideline.iter().map(|point| unlisted(point));
    let told = points.filter(|point| !point.is_empty());
    told.take(MOST_POINTS).collect()
}

/// A point without the mark of a list that a model may have put before it.
fn unlisted(point: &str) -> String {
    one_line(point.trim_start_matches(|c: char| c.is_whitespace() || "-*•".contains(c)))
}

/// The points under the cautions, as far as the budget has room. The receipt has the experiences with the score
/// that they were chosen by, and in its note what else the update has to know.
pub(crate) fn guidance(
    points: &[String],
    experiences: &[Found<Experience>],
    meta: Option<&Found<MetaGuideline>>,
    budget: u32,
) -> Result<Guidance, Fault> {
    let mut guidance = Guidance::system(CAUTION.trim_end());
    let mut standing: Vec<String> = Vec::new();
    for point in points.iter().map(|point| format!("- {point}")) {
        let joint = if standing.is_empty() { "\n\n" } else { "\n" };
        if append(&mut guidance, joint, &point, budget) {
            standing.push(point);
        }
    }
    if standing.is_empty() {
        return Ok(Guidance::none());
    }
    let used = experiences.iter().map(|one| (one.id.clone(), one.score));
    guidance.citing_all(used).noting(&Note {
        guideline: standing.join("\n"),
        meta_guideline: meta.map(|meta| meta.id.clone()),
    })
}
