//! What the agent is told in a round: how to search, the library whole, and from the second round on what was found.

use memhost_sdk::{Finding, Guidance, Memory, Moment, Query, Task, llm};

use crate::Mode;
use crate::template::PROBLEM_LABEL;
use crate::text::one_line;

const TEMPLATES_HEADING: &str = "# Templates";
const NEGATIVES_HEADING: &str =
    concat!("# No problems\n\n", include_str!("../prompts/negatives.md"));
const FOUND_HEADING: &str = concat!(
    "# Reported already\n\n",
    include_str!("../prompts/found.md")
);

/// The label of a document that says where a problem in it is to be reported.
const PLACE_LABEL: &str = "file";

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
    let found = found(query);
    let said = llm::count_tokens(opening).saturating_add(llm::count_tokens(&found));
    let room = query.token_budget.saturating_sub(said);
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
    let mut guidance = sections.fold(Guidance::user(opening), |guidance, section| {
        section.join(guidance)
    });
    if !found.is_empty() {
        guidance.text.push_str("\n\n");
        guidance.text.push_str(&found);
    }
    guidance
}

/// A memory as it stands in the guidance. Each is counted by itself and once: no token reaches over white space, so
/// that the length of a text is the sum of what its parts have.
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
            tokens: llm::count_tokens(&text),
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
        // A number is one token, whichever it is.
        let mut left = room.checked_sub(llm::count_tokens(&cut_short(all)))?;
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
            tokens: lengths.fold(llm::count_tokens(&heading), u32::saturating_add),
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

/// What earlier rounds found; nothing in the first.
fn found(query: &Query) -> String {
    let is_later = matches!(query.moment, Moment::Round(number) if number > 0);
    if !is_later || query.found.is_empty() {
        return String::new();
    }
    let lines = query.found.iter().map(|one| line(one, &query.task));
    let lines: Vec<String> = lines.collect();
    format!("{FOUND_HEADING}\n{}", lines.join("\n"))
}

/// Problem and place first, because that is what must not come again.
fn line(finding: &Finding, task: &Task) -> String {
    let mut line = format!("- {}", finding.problem);
    let places = places(finding, task);
    if !places.is_empty() {
        line.push_str(&format!(", in {}", places.join(", ")));
    }
    if !finding.evidence.is_empty() {
        line.push_str(&format!("; evidence: {}", finding.evidence.join(", ")));
    }
    if let Some(template) = &finding.template {
        line.push_str(&format!("; template: {template}"));
    }
    if !finding.action.trim().is_empty() {
        line.push_str(&format!("; to be done: {}", finding.action));
    }
    one_line(&line)
}

fn places<'a>(finding: &Finding, task: &'a Task) -> Vec<&'a str> {
    let shown = task
        .documents
        .iter()
        .filter(|document| finding.evidence.contains(&document.id));
    let mut places: Vec<&str> = shown
        .flat_map(|document| &document.labels)
        .filter(|label| label.name == PLACE_LABEL)
        .map(|label| label.value.as_str())
        .collect();
    places.dedup();
    places
}
