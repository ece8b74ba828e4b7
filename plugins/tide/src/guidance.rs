//! What the agent is told in a round: how to search, and the library whole. What earlier rounds found is the host's to
//! tell, which tells it whatever the strategy.

use memhost_sdk::{Guidance, Memory, Query, llm};

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
    let templates: Vec<Entry> = templates.into_iter().map(Entry::template).collect();
    let Some(library) = Section::of(TEMPLATES_HEADING, templates, room) else {
        return Guidance::none();
    };
    let negatives: Vec<Entry> = negatives.into_iter().map(Entry::negative).collect();
    let contrast = Section::of(
        NEGATIVES_HEADING,
        negatives,
        room.saturating_sub(library.tokens),
    );

    let sections = [Some(library), contrast].into_iter().flatten();
    sections.fold(Guidance::user(opening), |guidance, section| {
        section.join(guidance)
    })
}

/// A memory as it stands in the guidance. Each is counted by itself and once, with the blank line before it: no text has
/// more tokens than its parts have together.
struct Entry {
    memory: String,
    text: String,
    tokens: u32,
}

impl Entry {
    /// All that there is of it: id, name, the class of its problem, pattern and flow.
    fn template(memory: Memory) -> Entry {
        let Memory {
            id, title, content, ..
        } = &memory;
        let class = memory.labels.iter().find(|one| one.name == PROBLEM_LABEL);
        let class = class.map_or(String::new(), |one| format!(" [{}]", one.value));
        let text = format!("## {id}: {title}{class}\n{content}");
        Entry::new(memory.id, text)
    }

    fn negative(memory: Memory) -> Entry {
        let text = format!("## {}\n{}", memory.id, memory.content);
        Entry::new(memory.id, text)
    }

    fn new(memory: String, text: String) -> Entry {
        Entry {
            memory,
            tokens: count(&text),
            text,
        }
    }
}

/// Entries under a heading, and how many tokens that is.
struct Section {
    heading: String,
    entries: Vec<Entry>,
    tokens: u32,
}

impl Section {
    /// All entries. If there is no room for all, then as many whole ones as there is room for, in their order, and
    /// the heading says so. Nothing without a single one.
    fn of(heading: &str, entries: Vec<Entry>, room: u32) -> Option<Section> {
        let heading = heading.trim_end();
        let all = entries.len();
        let section = Section::new(heading.to_owned(), entries);
        if section.tokens <= room {
            return (all > 0).then_some(section);
        }
        let cut_short = |standing: usize| {
            format!(
                "{heading}\n\n(There is room for {standing} of {all} here; the others are left out.)"
            )
        };
        // A smaller number is not longer.
        let mut left = room.checked_sub(count(&cut_short(all)))?;
        let entries = section.entries.into_iter();
        let standing: Vec<Entry> = entries
            .filter(|entry| {
                let rest = left.checked_sub(entry.tokens);
                left = rest.unwrap_or(left);
                rest.is_some()
            })
            .collect();
        (!standing.is_empty()).then(|| Section::new(cut_short(standing.len()), standing))
    }

    fn new(heading: String, entries: Vec<Entry>) -> Section {
        let lengths = entries.iter().map(|entry| entry.tokens);
        Section {
            tokens: lengths.fold(count(&heading), u32::saturating_add),
            heading,
            entries,
        }
    }

    /// At the end of the guidance, which then cites exactly what stands in it.
    fn join(self, mut guidance: Guidance) -> Guidance {
        guidance.text.push_str("\n\n");
        guidance.text.push_str(&self.heading);
        for Entry { memory, text, .. } in self.entries {
            guidance.text.push_str("\n\n");
            guidance.text.push_str(&text);
            guidance = guidance.citing(memory, SCORE);
        }
        guidance
    }
}

/// The tokens of a part, with the blank line before it.
fn count(part: &str) -> u32 {
    llm::count_tokens(&format!("\n\n{part}"))
}
