//! What the agent is told in a round: how to search, and the library whole. What earlier rounds found is the host's to
//! tell, which tells it whatever the strategy.

use memhost_sdk::words::CHARACTERS_PER_TOKEN;
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
    let Some(library) = Section::of(TEMPLATES_HEADING, &templates, room) else {
        return Guidance::none();
    };
    let negatives: Vec<Entry> = negatives.into_iter().map(Entry::negative).collect();
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

/// A memory as it stands in the guidance, with the blank line before it.
struct Entry {
    memory: String,
    text: String,
}

impl Entry {
    /// All that there is of it: id, name, the class of its problem, pattern and flow.
    fn template(memory: Memory) -> Entry {
        let Memory {
            id, title, content, ..
        } = &memory;
        let class = memory.labels.iter().find(|one| one.name == PROBLEM_LABEL);
        let class = class.map_or(String::new(), |one| format!(" [{}]", one.value));
        Entry {
            text: format!("\n\n## {id}: {title}{class}\n{content}"),
            memory: memory.id,
        }
    }

    fn negative(memory: Memory) -> Entry {
        Entry {
            text: format!("\n\n## {}\n{}", memory.id, memory.content),
            memory: memory.id,
        }
    }
}

/// Entries under a heading.
struct Section {
    text: String,
    memories: Vec<String>,
}

impl Section {
    /// All entries. If there is no room for all, then as many whole ones as there is room for, in their order, and
    /// the heading says so. Nothing without a single one.
    fn of(heading: &str, entries: &[Entry], room: u32) -> Option<Section> {
        let heading = heading.trim_end();
        let all = entries.len();
        let section = Section::new(heading, entries.iter());
        if section.fits(room) {
            return (all > 0).then_some(section);
        }
        let cut_short = |standing: usize| {
            format!(
                "{heading}\n\n(There is room for {standing} of {all} here; the others are left out.)"
            )
        };
        // Each is counted by itself and once: a text never has more tokens than its parts have together.
        let mut left = room.checked_sub(Section::new(&cut_short(all), [].iter()).tokens())?;
        let standing = entries.iter().filter(|entry| {
            let rest = left.checked_sub(llm::count_tokens(&entry.text));
            left = rest.unwrap_or(left);
            rest.is_some()
        });
        let standing: Vec<&Entry> = standing.collect();
        (!standing.is_empty())
            .then(|| Section::new(&cut_short(standing.len()), standing.into_iter()))
    }

    fn new<'a>(heading: &str, entries: impl Iterator<Item = &'a Entry>) -> Section {
        let mut text = format!("\n\n{heading}");
        let mut memories = Vec::new();
        for entry in entries {
            text.push_str(&entry.text);
            memories.push(entry.memory.clone());
        }
        Section { text, memories }
    }

    /// No library is handed over to be counted that is too long by its letters alone.
    fn fits(&self, room: u32) -> bool {
        self.text.chars().count() <= (room as usize).saturating_mul(CHARACTERS_PER_TOKEN)
            && self.tokens() <= room
    }

    fn tokens(&self) -> u32 {
        llm::count_tokens(&self.text)
    }

    /// At the end of the guidance, which then cites exactly what stands in it.
    fn join(self, mut guidance: Guidance) -> Guidance {
        guidance.text.push_str(&self.text);
        let memories = self.memories.into_iter();
        memories.fold(guidance, |guidance, memory| guidance.citing(memory, SCORE))
    }
}
