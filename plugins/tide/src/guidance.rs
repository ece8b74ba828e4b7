//! What the agent is told in a round: how to search, and the library whole. What earlier rounds found is the host's to
//! tell, which tells it whatever the strategy.

use memhost_sdk::{Entry, Guidance, Memory, Query, Section, llm};

use crate::Mode;
use crate::template::PROBLEM_LABEL;

const TEMPLATES_HEADING: &str = "# Templates";
const NEGATIVES_HEADING: &str =
    concat!("# No problems\n\n", include_str!("../prompts/negatives.md"));

/// Nothing is ranked: every memory that is handed out weighs the same.
const SCORE: f64 = 1.0;

/// The library in its own order, whatever the task says. Without a template that has room there is nothing to say.
pub(crate) fn guidance(
    query: &Query,
    mode: Mode,
    templates: Vec<Memory>,
    negatives: Vec<Memory>,
) -> Guidance {
    let opening = mode.how_to_find().trim_end();
    let room = query
        .token_budget
        .saturating_sub(llm::count_tokens(opening));
    let templates: Vec<Entry> = templates.into_iter().map(template).collect();
    let Some(library) = Section::of(TEMPLATES_HEADING, &templates, room) else {
        return Guidance::none();
    };
    let negatives: Vec<Entry> = negatives.into_iter().map(negative).collect();
    let contrast = Section::of(
        NEGATIVES_HEADING,
        &negatives,
        room.saturating_sub(library.tokens()),
    );

    let sections = [Some(library), contrast].into_iter().flatten();
    sections.fold(Guidance::user(opening), |guidance, section| {
        section.join(guidance)
    })
}

/// All that there is of it: id, name, the class of its problem, pattern and flow.
fn template(memory: Memory) -> Entry {
    let class = memory.labels.iter().find(|one| one.name == PROBLEM_LABEL);
    let class = class.map_or(String::new(), |one| format!(" [{}]", one.value));
    let text = format!(
        "## {}: {}{class}\n{}",
        memory.id, memory.title, memory.content
    );
    entry(memory, text)
}

fn negative(memory: Memory) -> Entry {
    let text = format!("## {}\n{}", memory.id, memory.content);
    entry(memory, text)
}

fn entry(memory: Memory, text: String) -> Entry {
    Entry {
        memory: memory.id,
        score: SCORE,
        text,
    }
}
