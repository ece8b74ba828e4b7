//! Eviction: the memories that are too many, in an order of the strategy's own.

use crate::llm;
use crate::recall::scan;
use crate::types::{Fault, Pressure, Scan};

/// The memories that must go so that the others keep to both limits, in the order of the scan: least recently used first is
/// `Scan::by("last-used")`, the oldest first [`Scan::oldest_first`].
///
/// # Errors
/// See [`crate::store::scan_memories`].
pub fn surplus(pressure: &Pressure, order: &Scan) -> Result<Vec<String>, Fault> {
    let most = pressure.most_memories.unwrap_or(u32::MAX);
    let too_many = pressure.memories.saturating_sub(most);
    let Some(most_tokens) = pressure.most_tokens else {
        let going = scan(&order.clone().limit(too_many))?;
        return Ok(going.into_iter().map(|one| one.id).collect());
    };
    let memories = scan(order)?.into_iter().map(|one| {
        let tokens = u64::from(llm::count_tokens(&one.content));
        (one.id, tokens)
    });
    let memories: Vec<(String, u64)> = memories.collect();
    let mut left: u64 = memories.iter().map(|(_, tokens)| tokens).sum();
    let mut going = Vec::new();
    for (id, tokens) in memories {
        if going.len() >= too_many as usize && left <= u64::from(most_tokens) {
            break;
        }
        left -= tokens;
        going.push(id);
    }
    Ok(going)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::TestHost;
    use crate::types::{Change, NewMemory};

    proptest! {
        #[test]
        fn what_stays_keeps_to_both_limits_and_nothing_goes_needlessly(
            lengths in prop::collection::vec(0_usize..8, 0..12),
            most_memories in prop::option::of(0_u32..12),
            most_tokens in prop::option::of(0_u32..40),
        ) {
            let host = TestHost::new();
            let notes = lengths.iter().map(|length| {
                Change::insert(NewMemory::new("note", " word".repeat(*length)))
            });
            host.apply(&notes.collect::<Vec<_>>()).unwrap();
            let memories = u32::try_from(lengths.len()).unwrap();
            let pressure = Pressure { memories, most_memories, most_tokens };
            let going = host.run(|| surplus(&pressure, &Scan::oldest_first())).unwrap();
            let all = host.memories();
            let ids: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
            prop_assert_eq!(&going[..], &ids[..going.len()]);
            let keeps = |gone: usize| {
                let tokens = all[gone..].iter().map(|one| memhost_words::count(&one.content)).sum::<u32>();
                most_memories.is_none_or(|most| all[gone..].len() <= most as usize)
                    && most_tokens.is_none_or(|most| tokens <= most)
            };
            prop_assert!(keeps(going.len()));
            prop_assert!(going.is_empty() || !keeps(going.len() - 1));
        }
    }
}
