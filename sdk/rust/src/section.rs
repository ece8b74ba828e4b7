//! Sections of a guidance: entries under a heading, as many as there is room for, and a receipt of exactly those.

use memhost_words::CHARACTERS_PER_TOKEN;

use crate::llm;
use crate::pack::Entry;
use crate::types::Guidance;

/// Before every heading and every entry.
const BLANK_LINE: &str = "\n\n";

/// Entries under a heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    text: String,
    cited: Vec<(String, f64)>,
}

impl Section {
    /// All entries. If there is no room for all, then as many whole ones as there is room for, in their order, and
    /// the heading says so. Nothing without a single one. The blank lines around heading and entries count.
    pub fn of(heading: &str, entries: &[Entry], room: u32) -> Option<Section> {
        let heading = heading.trim_end();
        let all = entries.len();
        let mut standing: Vec<&Entry> = entries.iter().collect();
        let section = Section::new(heading, &standing);
        if section.fits(room) {
            return (all > 0).then_some(section);
        }
        let cut_short = |standing: usize| {
            format!(
                "{heading}\n\n(There is room for {standing} of {all} here; the others are left out.)"
            )
        };
        // Each is counted by itself and once: a text never has more tokens than its parts have together.
        let mut left = room.checked_sub(Section::new(&cut_short(all), &[]).tokens())?;
        standing.retain(|entry| {
            let below = [BLANK_LINE, &entry.text].concat();
            let rest = left.checked_sub(llm::count_tokens(&below));
            left = rest.unwrap_or(left);
            rest.is_some()
        });
        (!standing.is_empty()).then(|| Section::new(&cut_short(standing.len()), &standing))
    }

    fn new(heading: &str, entries: &[&Entry]) -> Section {
        let mut paragraphs = vec![BLANK_LINE, heading];
        let mut cited = Vec::with_capacity(entries.len());
        for entry in entries {
            paragraphs.extend([BLANK_LINE, &entry.text]);
            cited.push((entry.memory.clone(), entry.score));
        }
        Section {
            text: paragraphs.concat(),
            cited,
        }
    }

    /// No section is handed over to be counted that is too long by its letters alone.
    fn fits(&self, room: u32) -> bool {
        self.text.chars().count() <= (room as usize).saturating_mul(CHARACTERS_PER_TOKEN)
            && self.tokens() <= room
    }

    /// What it takes of the budget, the blank line before it included.
    pub fn tokens(&self) -> u32 {
        llm::count_tokens(&self.text)
    }

    /// At the end of the guidance, which then cites what stands in it too.
    #[must_use]
    pub fn join(self, mut guidance: Guidance) -> Guidance {
        guidance.text.push_str(&self.text);
        guidance.citing_all(self.cited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestHost;

    fn entries() -> Vec<Entry> {
        let texts = [
            "one two",
            "a much longer entry than the others have it here, which takes more room than it takes to say in the heading that \
             something was left out, because otherwise there would be room for all",
            "three",
        ];
        let entry = |(number, text): (usize, &str)| Entry {
            memory: format!("m{number}"),
            score: 1.0,
            text: text.to_owned(),
        };
        texts.into_iter().enumerate().map(entry).collect()
    }

    #[test]
    fn at_every_room_the_receipt_cites_what_stands_and_the_room_is_kept() {
        TestHost::new().run(|| {
            let entries = entries();
            let mut cut_short = 0;
            for room in 0..80 {
                let Some(section) = Section::of("# Notes", &entries, room) else {
                    continue;
                };
                assert!(section.tokens() <= room, "{room}");
                let guidance = section.join(Guidance::user("Opening"));
                for entry in &entries {
                    let cited = guidance
                        .receipt
                        .used
                        .iter()
                        .any(|one| one.memory == entry.memory);
                    assert_eq!(cited, guidance.text.contains(&entry.text), "{room}");
                }
                cut_short += usize::from(guidance.text.contains("of 3 here"));
            }
            assert!(cut_short > 0);
        });
    }

    #[test]
    fn without_entries_there_is_no_heading() {
        TestHost::new().run(|| assert_eq!(Section::of("# Notes", &[], 100), None));
    }
}
