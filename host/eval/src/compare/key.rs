//! What determines a cell's result, and a digest of it: two cells with one digest give the same scores.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use memhost::embedding::EmbedderIdentity;
use memhost_suite::Suite;
use sha2::{Digest, Sha256};

use super::label;
use crate::driver::{Acting, Repetition, TaskOrder, Testbed, Told};

/// In characters: three parts of four bytes each leave room in a name of 512 bytes.
const LONGEST_PART: usize = 32;

/// Everything that determines what a cell measures, latencies aside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CellKey {
    /// The name under which the strategy takes part.
    pub strategy: String,
    /// Whether it is one of the host's floors: a plugin may have the same name.
    pub floor: bool,
    /// Its code: `sha256:…`, or `built-in` for a floor.
    pub digest: String,
    /// Every parameter, as text.
    pub settings: BTreeMap<String, String>,
    /// The suite's name.
    pub suite: String,
    /// Its content.
    pub suite_digest: String,
    /// Which of its runs there.
    pub repetition: Repetition,
    /// The most memories per stream.
    pub most_memories: Option<u32>,
    /// What all cells of a comparison have in common.
    pub conditions: Conditions,
}

/// What all cells of a comparison run under.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Conditions {
    /// The host's version: it scores, and its floors are code of its own.
    pub memhost: String,
    /// What embeds keys and queries.
    pub embedder: EmbedderIdentity,
    /// The SHA-256 of its table; `None` where it stands behind an endpoint.
    pub embedder_digest: Option<String>,
    /// What answers each role.
    pub models: BTreeMap<String, String>,
    /// What each call may spend.
    pub limits: String,
    /// Who acts on the guidance.
    pub acting: Acting,
    /// In which order tasks come.
    #[serde(default, skip_serializing_if = "TaskOrder::is_usual")]
    pub order: TaskOrder,
    /// Which outcomes strategies hear of.
    #[serde(default, skip_serializing_if = "Told::is_usual")]
    pub told: Told,
}

impl Conditions {
    /// The conditions that this testbed makes.
    pub fn of(testbed: &Testbed) -> Conditions {
        let models = &testbed.models;
        let roles = [
            ("agent", &models.agent),
            ("strongest", &models.strongest),
            ("judge", &models.judge),
            ("cheap", &models.cheap),
        ];
        Conditions {
            memhost: env!("CARGO_PKG_VERSION").to_owned(),
            embedder: testbed.embedder.identity().clone(),
            embedder_digest: testbed.embedder.digest().map(str::to_owned),
            models: roles
                .into_iter()
                .map(|(role, model)| (role.to_owned(), model.name().to_owned()))
                .collect(),
            limits: format!("{:?}", testbed.limits),
            acting: testbed.acting,
            order: testbed.order,
            told: testbed.told,
        }
    }

    /// The models in use, each once, in words.
    pub fn model_names(&self) -> String {
        let mut names: Vec<&str> = self.models.values().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

impl CellKey {
    /// SHA-256 of the key, in hexadecimal.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(format!("{self:?}")))
    }

    /// `strategy/suite/seed`, and `.order` after it for all but a seed's first: names the cell on a cassette, the
    /// same in every run.
    pub fn scope(&self) -> String {
        let strategy = label(&self.strategy, self.floor);
        format!("{strategy}/{}/{}", self.suite, self.repetition.name())
    }

    /// `suite/strategy/repetition`, fit for the name of a namespace: whoever reads the store's tables sees whose rows
    /// they are.
    pub(super) fn place(&self) -> String {
        let strategy = label(&self.strategy, self.floor);
        let parts = [&self.suite, &strategy, &self.repetition.name()];
        parts.map(|part| fit(part)).join("/")
    }

    /// `strategy on suite, seed n`, for people.
    pub fn label(&self) -> String {
        let strategy = label(&self.strategy, self.floor);
        let Repetition { seed, order } = self.repetition;
        match order {
            0 => format!("{strategy} on {}, seed {seed}", self.suite),
            _ => format!("{strategy} on {}, seed {seed}, order {order}", self.suite),
        }
    }
}

/// SHA-256 of all that a suite holds.
///
/// It is taken of the debug text, which shows every field and numbers to the last bit. Should a compiler format
/// it differently one day, cells are run again, and nothing else happens.
pub fn suite_digest(suite: &Suite) -> String {
    let mut text = Hashed(Sha256::new());
    match write!(text, "{suite:?}") {
        Ok(()) | Err(fmt::Error) => hex::encode(text.0.finalize()),
    }
}

/// Hashes what is written to it.
struct Hashed(Sha256);

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

/// What a part of a namespace's name can be: short, and one part.
fn fit(part: &str) -> String {
    let fits = |c: char| if c == '/' || c.is_control() { '_' } else { c };
    part.chars().take(LONGEST_PART).map(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn key() -> CellKey {
        testing::key("rag", 0)
    }

    #[test]
    fn the_same_cell_has_the_same_digest() {
        assert_eq!(key().digest(), key().digest());
        assert_eq!(key().digest().len(), 64);
    }

    #[test]
    fn whatever_determines_a_result_changes_the_digest() {
        let change: [fn(&mut CellKey); 17] = [
            |key| key.floor = true,
            |key| key.strategy.push('2'),
            |key| key.digest = "sha256:other".to_owned(),
            |key| drop(key.settings.insert("k".to_owned(), "2".to_owned())),
            |key| key.suite.push('2'),
            |key| key.suite_digest.push('2'),
            |key| key.repetition.seed += 1,
            |key| key.repetition.order += 1,
            |key| key.most_memories = Some(10),
            |key| key.conditions.memhost.push('2'),
            |key| key.conditions.embedder.dimension += 1,
            |key| key.conditions.embedder_digest = None,
            |key| {
                drop(
                    key.conditions
                        .models
                        .insert("judge".to_owned(), "none".to_owned()),
                )
            },
            |key| key.conditions.limits.push('2'),
            |key| key.conditions.acting = Acting::Model,
            |key| key.conditions.order = TaskOrder::EasyFirst,
            |key| key.conditions.told = Told::Successes,
        ];
        let mut digests = std::collections::BTreeSet::from([key().digest()]);
        for change in change {
            let mut changed = key();
            change(&mut changed);
            assert!(digests.insert(changed.digest()), "{changed:?}");
        }
    }

    #[test]
    fn a_place_in_the_store_says_whose_it_is_in_three_parts() {
        let mut key = key();
        assert_eq!(key.place(), "evidence/rag/0");
        key.floor = true;
        key.suite = format!("a/b\n{}", "日".repeat(100));
        key.repetition.order = 2;
        let place = key.place();
        let parts: Vec<&str> = place.split('/').collect();
        assert_eq!(parts.len(), 3, "{place}");
        assert!(
            parts[0].starts_with("a_b_日") && place.len() < 200,
            "{place}"
        );
        assert_eq!(parts[1..], ["rag (floor)", "0.2"]);
    }

    #[test]
    fn a_plugin_and_a_floor_of_one_name_share_nothing() {
        let plugin = testing::key("bm25", 0);
        let floor = CellKey {
            floor: true,
            ..plugin.clone()
        };
        assert_eq!(plugin.scope(), "bm25 (plugin)/evidence/0");
        assert_eq!(floor.scope(), "bm25 (floor)/evidence/0");
        for name_of in [
            CellKey::scope,
            CellKey::place,
            CellKey::label,
            CellKey::digest,
        ] {
            assert_ne!(name_of(&plugin), name_of(&floor));
        }
    }

    #[test]
    fn orders_of_one_seed_have_names_of_their_own() {
        let mut key = key();
        assert_eq!(key.scope(), "rag/evidence/0");
        assert_eq!(key.label(), "rag on evidence, seed 0");
        key.repetition.order = 2;
        assert_eq!(key.scope(), "rag/evidence/0.2");
        assert_eq!(key.label(), "rag on evidence, seed 0, order 2");
    }

    #[test]
    fn a_suites_digest_is_of_its_content() {
        let suite = testing::suite(3);
        assert_eq!(suite_digest(&suite), suite_digest(&suite.clone()));
        let mut other = suite.clone();
        other.streams[0].stages[0].episodes[0].task.text.push('!');
        assert_ne!(suite_digest(&suite), suite_digest(&other));
    }
}
