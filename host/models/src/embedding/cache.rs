//! A cache of vectors by text: every seed and strategy of a comparison embeds much the same texts.
//!
//! It has two generations. What is asked for moves to the young one; when that is full, the old one is dropped and the
//! young one grows old. So what is asked for again stays, and the memory is bounded, without a list to keep in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memhost_contract::Side;
use memhost_contract::embedder::{Embedded, Embedder, EmbedderIdentity, EmbeddingError};
use memhost_contract::health::Health;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

/// What one generation may take, in bytes of vectors.
const GENERATION: usize = 64 << 20;

/// What an entry takes beside its vector: key, pointers, room in the table.
const OVERHEAD: usize = 128;

/// Side and text.
type Digest = [u8; 32];

/// An embedder that is asked for a text once, as long as its vector is remembered.
pub struct Cached<E> {
    embedder: E,
    known: Mutex<Generations>,
}

impl<E: Embedder> Cached<E> {
    /// Remembers what this embedder makes.
    pub fn new(embedder: E) -> Cached<E> {
        let entry = embedder.identity().dimension * size_of::<f32>() + OVERHEAD;
        Cached {
            embedder,
            known: Mutex::new(Generations::of(GENERATION / entry)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Generations> {
        // A map is sound whatever happened to whoever held it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Cached<E> {
    fn identity(&self) -> &EmbedderIdentity {
        self.embedder.identity()
    }

    fn choice(&self) -> &str {
        self.embedder.choice()
    }

    fn digest(&self) -> Option<&str> {
        self.embedder.digest()
    }

    fn caveat(&self) -> Option<&str> {
        self.embedder.caveat()
    }

    fn health(&self) -> Option<watch::Receiver<Health>> {
        self.embedder.health()
    }

    async fn embed(&self, texts: &[String], side: Side) -> Result<Embedded, EmbeddingError> {
        let digests: Vec<Digest> = texts.iter().map(|text| digest(text, side)).collect();
        let mut found: HashMap<Digest, Entry> = HashMap::new();
        let mut missing: Vec<(Digest, String)> = Vec::new();
        {
            let mut known = self.known();
            let mut wanted = std::collections::HashSet::new();
            for (digest, text) in digests.iter().zip(texts) {
                if !wanted.insert(*digest) {
                    continue;
                }
                match known.get(digest) {
                    Some(entry) => drop(found.insert(*digest, entry)),
                    None => missing.push((*digest, text.clone())),
                }
            }
        }
        if !missing.is_empty() {
            let (new, texts): (Vec<Digest>, Vec<String>) = missing.into_iter().unzip();
            let Embedded { vectors, cut } = self.embedder.embed(&texts, side).await?;
            let mut known = self.known();
            for (place, (digest, vector)) in new.into_iter().zip(vectors).enumerate() {
                let entry = Entry {
                    vector: vector.into(),
                    cut: cut.binary_search(&place).is_ok(),
                };
                known.insert(digest, entry.clone());
                found.insert(digest, entry);
            }
        }
        let mut embedded = Embedded::default();
        // An embedder that gave fewer vectors than it got texts is told on by whoever counts them.
        for (place, entry) in digests.iter().map(|digest| found.get(digest)).enumerate() {
            let Some(entry) = entry else { continue };
            embedded.vectors.push(entry.vector.to_vec());
            if entry.cut {
                embedded.cut.push(place);
            }
        }
        Ok(embedded)
    }
}

fn digest(text: &str, side: Side) -> Digest {
    let side: u8 = match side {
        Side::Query => 0,
        Side::Document => 1,
    };
    Sha256::new()
        .chain_update([side])
        .chain_update(text)
        .finalize()
        .into()
}

#[derive(Clone)]
struct Entry {
    vector: Arc<[f32]>,
    cut: bool,
}

/// At most twice `most` entries.
struct Generations {
    most: usize,
    young: HashMap<Digest, Entry>,
    old: HashMap<Digest, Entry>,
}

impl Generations {
    fn of(most: usize) -> Generations {
        Generations {
            most: most.max(1),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn get(&mut self, digest: &Digest) -> Option<Entry> {
        if let Some(entry) = self.young.get(digest) {
            return Some(entry.clone());
        }
        let entry = self.old.remove(digest)?;
        self.insert(*digest, entry.clone());
        Some(entry)
    }

    fn insert(&mut self, digest: Digest, entry: Entry) {
        if self.young.len() >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Embeds a text as its length, cuts what is longer than three bytes, and remembers what it was asked.
    struct Lengths {
        identity: EmbedderIdentity,
        asked: Mutex<Vec<Vec<String>>>,
    }

    #[async_trait]
    impl Embedder for Lengths {
        fn identity(&self) -> &EmbedderIdentity {
            &self.identity
        }

        async fn embed(&self, texts: &[String], _: Side) -> Result<Embedded, EmbeddingError> {
            self.asked.lock().unwrap().push(texts.to_vec());
            let cut = (0..texts.len()).filter(|place| texts[*place].len() > 3);
            Ok(Embedded {
                vectors: texts.iter().map(|text| vec![text.len() as f32]).collect(),
                cut: cut.collect(),
            })
        }
    }

    fn lengths() -> Cached<Lengths> {
        Cached::new(Lengths {
            identity: EmbedderIdentity {
                name: "test:lengths".to_owned(),
                dimension: 1,
            },
            asked: Mutex::default(),
        })
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_text_is_embedded_once_per_side_and_keeps_its_place_and_whether_it_was_cut() {
        let cached = lengths();
        let expected = Embedded {
            vectors: vec![vec![1.0], vec![4.0], vec![1.0]],
            cut: vec![1],
        };
        let all = texts(&["a", "long", "a"]);
        assert_eq!(cached.embed(&all, Side::Query).await.unwrap(), expected);
        assert_eq!(cached.embed(&all, Side::Query).await.unwrap(), expected);
        let more = cached
            .embed(&texts(&["long", "bb"]), Side::Query)
            .await
            .unwrap();
        assert_eq!(more.vectors, [[4.0], [2.0]]);
        assert_eq!(more.cut, [0]);
        cached.embed(&texts(&["a"]), Side::Document).await.unwrap();
        assert_eq!(
            *cached.embedder.asked.lock().unwrap(),
            [texts(&["a", "long"]), texts(&["bb"]), texts(&["a"])]
        );
    }

    #[tokio::test]
    async fn what_is_asked_for_stays_and_what_is_not_goes() {
        let mut cached = lengths();
        cached.known = Mutex::new(Generations::of(2));
        for text in ["a", "b", "a", "c", "a", "d", "a", "e", "a"] {
            cached.embed(&texts(&[text]), Side::Query).await.unwrap();
        }
        assert_eq!(cached.embedder.asked.lock().unwrap().len(), 5, "each once");
        cached.embed(&texts(&["b"]), Side::Query).await.unwrap();
        assert_eq!(
            cached.embedder.asked.lock().unwrap().len(),
            6,
            "`b` was forgotten"
        );
        let known = cached.known();
        assert!(known.young.len() + known.old.len() <= 4);
    }
}
