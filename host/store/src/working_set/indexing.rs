//! Indexes of fields that are searched for the first time: built beside the set, while others read it and write to it, and
//! then set in, with what has changed meanwhile.

use memhost_contract::limits::{StoreLimit, StoreLimits};

use super::search::LexicalField;
use super::{LexicalIndex, StoreError, WorkingSet};

/// What has changed since the texts of a field were taken.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    /// The slots of memories that were written or removed.
    slots: Vec<u32>,
    /// Whether slots have moved, so that nothing fits any more.
    have_moved: bool,
}

/// The texts of a field, by slot.
pub(crate) struct Texts {
    field: LexicalField,
    by_slot: Vec<(u32, Vec<String>)>,
    /// What the namespace takes in memory without the index.
    held: u64,
}

/// An index of texts as they were taken.
pub(crate) struct Built {
    field: LexicalField,
    index: LexicalIndex,
}

impl Meanwhile {
    pub(super) fn note(&mut self, slot: u32) {
        self.slots.push(slot);
    }

    pub(super) fn slots_have_moved(&mut self) {
        self.have_moved = true;
    }
}

impl Texts {
    /// Builds the index, unless the namespace would then take too much memory: a strategy could fill that by searching
    /// alone.
    pub(crate) fn build(self, limits: &StoreLimits) -> Result<Built, StoreError> {
        let mut index = LexicalIndex::default();
        for (slot, texts) in &self.by_slot {
            index.set(*slot, texts.iter().map(String::as_str));
            fits(limits, StoreLimit::ResidentBytes, self.held + index.bytes())?;
        }
        let field = self.field;
        Ok(Built { field, index })
    }
}

impl WorkingSet {
    /// Whether a field can be searched.
    pub(crate) fn is_indexed(&self, field: &LexicalField) -> bool {
        self.lexical.contains_key(field)
    }

    /// How many memories there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// From now on it is noted what changes, until the index is [set in](WorkingSet::set_in) or [given up].
    ///
    /// [given up]: WorkingSet::give_up_index
    pub(crate) fn begin_index(
        &mut self,
        field: &LexicalField,
        limits: &StoreLimits,
    ) -> Result<(), StoreError> {
        let fields = self.lexical.len() as u64 + 1;
        fits(limits, StoreLimit::SearchedFields, fields)?;
        self.building.insert(field.clone(), Meanwhile::default());
        Ok(())
    }

    /// The texts of a field as they are.
    pub(crate) fn texts(&self, field: &LexicalField) -> Texts {
        let memories = self.slots.iter().zip(0..);
        let by_slot = memories.filter_map(|(memory, slot)| {
            let texts: Vec<String> = field.texts(memory.as_ref()?).map(str::to_owned).collect();
            (!texts.is_empty()).then_some((slot, texts))
        });
        Texts {
            field: field.clone(),
            by_slot: by_slot.collect(),
            held: self.footprint().resident,
        }
    }

    /// Takes an index in. If slots have moved meanwhile it is of no use, and is to be built again.
    pub(crate) fn set_in(
        &mut self,
        built: Built,
        limits: &StoreLimits,
    ) -> Result<bool, StoreError> {
        let Built { field, mut index } = built;
        let Some(meanwhile) = self.building.remove(&field) else {
            return Ok(false);
        };
        if meanwhile.have_moved {
            return Ok(false);
        }
        for slot in meanwhile.slots {
            match self.slots.get(slot as usize).and_then(Option::as_ref) {
                Some(memory) => index.set(slot, field.texts(memory)),
                None => index.remove(slot),
            }
        }
        index.forget_unused_words();
        let wanted = self.footprint().resident + index.bytes();
        fits(limits, StoreLimit::ResidentBytes, wanted)?;
        self.lexical.insert(field, index);
        Ok(true)
    }

    /// The index of a field is not built after all.
    pub(crate) fn give_up_index(&mut self, field: &LexicalField) {
        self.building.remove(field);
    }
}

fn fits(limits: &StoreLimits, limit: StoreLimit, wanted: u64) -> Result<(), StoreError> {
    let fits = limits.check(limit, wanted);
    fits.map_err(|reached| StoreError::Limit {
        what: "an index for this search".to_owned(),
        reached,
    })
}
