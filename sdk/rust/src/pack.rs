//! Packing: as many memories as a token budget has room for, best first, with a receipt of exactly those.

use crate::llm;
use crate::recall::Recalled;
use crate::types::Guidance;

/// A memory as it may stand in the guidance.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The memory's id.
    pub memory: String,
    /// The strategy's own score of it.
    pub score: f64,
    /// What of it is handed out.
    pub text: String,
}

impl From<Recalled> for Entry {
    /// Its content is handed out as it is.
    fn from(recalled: Recalled) -> Self {
        Self {
            memory: recalled.memory.id,
            score: recalled.score,
            text: recalled.memory.content,
        }
    }
}

/// Guidance in front of the task: the heading, and below it every entry that still fits, in their order,
/// which should be best first. An entry that does not fit is passed over, and a shorter one after it may
/// still stand. The receipt cites exactly the memories that stand in the text. Without any there is no text.
pub fn pack<E: Into<Entry>>(
    heading: &str,
    entries: impl IntoIterator<Item = E>,
    budget: u32,
) -> Guidance {
    let mut guidance = Guidance::user(heading);
    for entry in entries.into_iter().map(E::into) {
        if grow(&mut guidance, &entry.text, budget) {
            guidance = guidance.citing(entry.memory, entry.score);
        }
    }
    unless_empty(guidance)
}

/// Puts a paragraph below what the guidance says, if it then still keeps to the budget.
pub fn grow(guidance: &mut Guidance, paragraph: &str, budget: u32) -> bool {
    append(guidance, "\n\n", paragraph, budget)
}

/// Puts a text at the end of the guidance, behind this joint, if it then still keeps to the budget.
pub fn append(guidance: &mut Guidance, joint: &str, text: &str, budget: u32) -> bool {
    let longer = [&guidance.text, joint, text].concat();
    let fits = llm::count_tokens(&longer) <= budget;
    if fits {
        guidance.text = longer;
    }
    fits
}

/// A guidance that cites nothing says nothing but its heading, and is none.
pub fn unless_empty(guidance: Guidance) -> Guidance {
    match guidance.receipt.used.is_empty() {
        true => Guidance::none(),
        false => guidance,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::native::with_host;
    use crate::testing::TestHost;

    fn entry(id: usize, text: &str) -> Entry {
        Entry {
            memory: id.to_string(),
            score: 1.0,
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_does_not_fit_is_passed_over_and_a_shorter_one_after_it_stands() {
        let entries = [entry(1, "a b"), entry(2, "c d e f g h"), entry(3, "i")];
        let packed = with_host(TestHost::new(), || pack("Known:", entries, 5));
        assert_eq!(packed.text, "Known:\n\na b\n\ni");
        let used: Vec<_> = packed.receipt.used.into_iter().map(|c| c.memory).collect();
        assert_eq!(used, ["1", "3"]);
    }

    #[test]
    fn no_room_for_any_entry_leaves_no_text_at_all() {
        let packed = with_host(TestHost::new(), || pack("Known:", [entry(1, "a b c")], 4));
        assert_eq!(packed, Guidance::none());
    }

    proptest! {
        #[test]
        fn guidance_keeps_to_its_budget_and_cites_what_stands_in_it(
            lengths in prop::collection::vec(0_usize..12, 0..12),
            budget in 0_u32..60,
        ) {
            // Every entry's words name it, so that the text shows which ones stand.
            let entries: Vec<Entry> = lengths
                .iter()
                .enumerate()
                .map(|(id, length)| entry(id, &format!("e{id}z{}", " word".repeat(*length))))
                .collect();
            let (packed, length) = with_host(TestHost::new(), || {
                let packed = pack("Known:", entries.clone(), budget);
                let length = llm::count_tokens(&packed.text);
                (packed, length)
            });
            prop_assert!(length <= budget);
            let cited: Vec<&str> =
                packed.receipt.used.iter().map(|citation| citation.memory.as_str()).collect();
            let standing: Vec<&str> = entries
                .iter()
                .filter(|entry| packed.text.contains(&format!("e{}z", entry.memory)))
                .map(|entry| entry.memory.as_str())
                .collect();
            prop_assert_eq!(cited, standing);
        }
    }
}
