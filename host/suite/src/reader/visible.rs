//! What a question may draw on, counted as attempts become known: asking costs the same after ten thousand tasks as
//! after ten.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use super::Reader;

/// The attempts that a strategy has learnt from in one stream, by what questions ask of them.
#[derive(Debug, Clone, Default)]
pub struct LearntAttempts {
    ids: HashSet<String>,
    /// How many are of a task of this kind.
    kinds: HashMap<String, usize>,
    /// How many have these tools.
    tools: HashMap<BTreeSet<String>, usize>,
}

/// What one task may draw on of it: all but what is withheld from the task.
#[derive(Debug, Clone, Copy)]
pub struct Visible<'a> {
    learnt: &'a LearntAttempts,
    withheld: &'a HashSet<String>,
}

impl Reader {
    /// From now on this attempt may be drawn on.
    pub fn learn(&self, learnt: &mut LearntAttempts, attempt: &str) {
        if !learnt.ids.insert(attempt.to_owned()) {
            return;
        }
        let facts = self.facts.get(attempt);
        if let Some(kind) = facts.and_then(|facts| facts.kind.as_ref()) {
            *learnt.kinds.entry(kind.clone()).or_default() += 1;
        }
        *learnt.tools.entry(self.tools_of(attempt)).or_default() += 1;
    }
}

impl<'a> Visible<'a> {
    /// What is withheld need not have been learnt.
    pub fn new(learnt: &'a LearntAttempts, withheld: &'a HashSet<String>) -> Visible<'a> {
        Visible { learnt, withheld }
    }

    /// Everything.
    pub fn all(learnt: &'a LearntAttempts) -> Visible<'a> {
        static NOTHING: LazyLock<HashSet<String>> = LazyLock::new(HashSet::new);
        Visible::new(learnt, &NOTHING)
    }

    /// Whether an attempt may be drawn on.
    pub fn contains(&self, attempt: &str) -> bool {
        self.learnt.ids.contains(attempt) && !self.withheld.contains(attempt)
    }

    /// Whether there is nothing to draw on.
    pub fn is_empty(&self) -> bool {
        self.learnt.ids.len() == self.hidden().count()
    }

    /// How many attempts are of a task of this kind.
    pub(super) fn of_kind(&self, reader: &Reader, kind: &str) -> usize {
        let all = self.learnt.kinds.get(kind).copied().unwrap_or_default();
        all - self
            .hidden()
            .filter(|id| reader.is_of_kind(id, kind))
            .count()
    }

    /// The distinct sets of tools, and how many attempts have each.
    pub(super) fn tools(
        &self,
        reader: &Reader,
    ) -> impl Iterator<Item = (&'a BTreeSet<String>, usize)> {
        let mut hidden: HashMap<BTreeSet<String>, usize> = HashMap::new();
        for id in self.hidden() {
            *hidden.entry(reader.tools_of(id)).or_default() += 1;
        }
        self.learnt.tools.iter().map(move |(tools, attempts)| {
            let without = hidden.get(tools).copied().unwrap_or_default();
            (tools, attempts - without)
        })
    }

    /// What has been learnt and is withheld.
    fn hidden(&self) -> impl Iterator<Item = &'a str> {
        let withheld = self
            .withheld
            .iter()
            .filter(|id| self.learnt.ids.contains(*id));
        withheld.map(String::as_str)
    }
}

#[cfg(test)]
impl Reader {
    /// These attempts have been learnt from.
    pub(super) fn having_learnt<S: AsRef<str>>(&self, attempts: &[S]) -> LearntAttempts {
        let mut learnt = LearntAttempts::default();
        for attempt in attempts {
            self.learn(&mut learnt, attempt.as_ref());
        }
        learnt
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::generate;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn counts_are_those_of_looking_at_every_attempt(
            lane in prop::sample::select(vec!["transfer", "routing"]),
            learnt in prop::collection::vec(0_usize..40, 0..30),
            withheld in prop::collection::hash_set(0_usize..40, 0..10),
        ) {
            let suite = generate::suite(lane, generate::SEED).unwrap();
            let ids: Vec<&str> = suite.attempts().map(|attempt| attempt.id.as_str()).take(39).chain(["unknown"]).collect();
            let reader = Reader::new(&suite);
            let learnt: Vec<&str> = learnt.into_iter().map(|at| ids[at]).collect();
            let withheld: HashSet<String> = withheld.into_iter().map(|at| ids[at].to_owned()).collect();
            let known = reader.having_learnt(&learnt);
            let visible = Visible::new(&known, &withheld);

            let seen: HashSet<&str> = learnt.iter().copied().filter(|id| !withheld.contains(*id)).collect();
            prop_assert_eq!(visible.is_empty(), seen.is_empty());
            for id in &ids {
                prop_assert_eq!(visible.contains(id), seen.contains(id));
                if let Some(kind) = reader.facts_of(id).and_then(|facts| facts.kind.as_ref()) {
                    let of_kind = seen.iter().filter(|seen| reader.is_of_kind(seen, kind)).count();
                    prop_assert_eq!(visible.of_kind(&reader, kind), of_kind);
                }
            }
            let mut tools: HashMap<BTreeSet<String>, usize> = HashMap::new();
            for id in &seen {
                *tools.entry(reader.tools_of(id)).or_default() += 1;
            }
            let counted = visible.tools(&reader).filter(|(_, attempts)| *attempts > 0);
            let counted: HashMap<BTreeSet<String>, usize> =
                counted.map(|(tools, attempts)| (tools.clone(), attempts)).collect();
            prop_assert_eq!(counted, tools);
        }
    }
}
