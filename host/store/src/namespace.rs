//! One strategy's memories: what it reads, and what is written for it.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use memhost_contract::embedder::{Embedded, Embedder, EmbeddingError};
use memhost_contract::{
    Filter, Fusion, Hit, Instant, Key, Link, Memory, Probe, Ranking, Row, Scan, Search, Share, Side,
};
use tokio::sync::{mpsc, oneshot};

use super::backlog::Backlog;
use super::check::{check, new_keys, operation};
use super::commit::{Request, Reserved, Shared, closed};
use super::effect::memory_id;
use super::filter::Predicate;
use super::footprint::Footprint;
use super::fusion::MOST_SHARES;
use super::look::Look;
use super::plan::{Made, Prepared, Vectors};
use super::shorten::shorten;
use super::vectors::unit;
use super::working_set::{LexicalField, Query, Wanted};
use super::{Entry, NewEntry, StoreError, Transaction, View};

/// Of more memories than this, no index is built on the thread of whoever searches: others wait for that thread.
const MOST_INDEXED_AT_ONCE: usize = 1_000;

/// One strategy's memories in one run or deployment: what it reads ([`Memories`]), and what is written for it. Cheap to
/// clone.
#[derive(Clone)]
pub struct Namespace {
    memories: Memories,
}

/// The memories of a namespace, for reading: who holds this cannot write. Cheap to clone.
#[derive(Clone)]
pub struct Memories {
    handle: Arc<Handle>,
}

impl Deref for Namespace {
    type Target = Memories;

    fn deref(&self) -> &Memories {
        &self.memories
    }
}

/// What keeps a namespace open.
pub(crate) struct Handle {
    pub shared: Arc<Shared>,
    pub requests: mpsc::Sender<Request>,
    pub backlog: Arc<Backlog>,
    pub embedder: Arc<dyn Embedder>,
    /// Texts that were cut, since it was opened.
    pub cut: AtomicU64,
    /// See [`Memories::aside`].
    pub aside: Mutex<Box<dyn Any + Send>>,
}

impl Namespace {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Namespace {
            memories: Memories { handle },
        }
    }

    /// Its memories, for reading.
    pub fn memories(&self) -> &Memories {
        &self.memories
    }

    /// Sets so many bytes aside for writes that wait for their condition, until what is returned is dropped: they count
    /// as stored.
    ///
    /// # Errors
    /// The namespace has no room for them.
    pub fn reserve(&self, bytes: u64) -> Result<Reserved, StoreError> {
        Reserved::of(&self.handle.shared, bytes)
    }

    /// Applies a transaction: all of it or, on an error, nothing; durable when this returns. Inserted memories
    /// get the state given, and their ids are returned in the order of the inserts. Keys, titles and values of labels that
    /// are longer than can be kept are cut, and [counted](Memories::cut_texts).
    ///
    /// # Errors
    /// A write cannot be made (the error has its number and the reason), a limit stands in the way, a text could not be
    /// embedded, or the disk failed.
    pub async fn apply(&self, transaction: Transaction) -> Result<Vec<String>, StoreError> {
        self.apply_with_vectors(transaction, Vec::new()).await
    }

    /// Enters what has happened into the ledger; durable when this returns. The number of the last of these entries, or of
    /// the ledger's last where there are none.
    ///
    /// # Errors
    /// A limit stands in the way, or the disk failed.
    pub async fn enter(&self, entries: Vec<NewEntry>, at: Instant) -> Result<u64, StoreError> {
        self.begin_to_enter(entries, at).await?.number().await
    }

    /// The first half of [`Namespace::enter`]: when this returns, the entries have their place before all that anybody
    /// begins to enter afterwards, and are not durable yet.
    ///
    /// # Errors
    /// As for [`Namespace::enter`], as far as is known without the disk.
    pub async fn begin_to_enter(
        &self,
        entries: Vec<NewEntry>,
        at: Instant,
    ) -> Result<Entering, StoreError> {
        let transaction = Transaction {
            entries,
            at,
            ..Transaction::default()
        };
        Ok(Entering {
            namespace: self.clone(),
            making: self.begin(transaction, Vec::new()).await?,
        })
    }

    /// [`Namespace::apply`] with vectors that the caller has: per write, one for each of its keys, an empty one for a key
    /// that is not embedded. Where there are none they are computed. Vectors are brought to unit length.
    ///
    /// # Errors
    /// As for [`Namespace::apply`]; and a write has vectors of the wrong number or length.
    pub async fn apply_with_vectors(
        &self,
        transaction: Transaction,
        vectors: Vec<Vec<Vec<f32>>>,
    ) -> Result<Vec<String>, StoreError> {
        Ok(self.make(transaction, vectors).await?.ids)
    }

    async fn make(
        &self,
        transaction: Transaction,
        vectors: Vec<Vec<Vec<f32>>>,
    ) -> Result<Made, StoreError> {
        match self.begin(transaction, vectors).await? {
            Some(making) => self.made(making).await,
            None => Ok(Made::default()),
        }
    }

    /// Hands a transaction to whoever commits; nothing if there is nothing to do.
    async fn begin(
        &self,
        mut transaction: Transaction,
        mut vectors: Vec<Vec<Vec<f32>>>,
    ) -> Result<Option<Making>, StoreError> {
        self.note_cut(shorten(&mut transaction, &mut vectors));
        check(&transaction, &self.handle.shared.limits)?;
        if transaction.is_empty() {
            return Ok(None);
        }
        if vectors.len() > transaction.writes.len() {
            return Err(StoreError::Transaction(format!(
                "there are vectors for {} writes, and {} writes",
                vectors.len(),
                transaction.writes.len()
            )));
        }
        vectors.resize_with(transaction.writes.len(), Vec::new);
        let vectors = self.complete(&transaction, vectors).await?;
        let prepared = Prepared {
            transaction,
            vectors,
            by_hand: false,
        };
        Ok(Some(self.send(prepared).await?))
    }

    /// [`Namespace::apply`] of writes that bring no texts, for a person, who may change what is frozen.
    pub(crate) async fn apply_by_hand(&self, transaction: Transaction) -> Result<(), StoreError> {
        check(&transaction, &self.handle.shared.limits)?;
        let prepared = Prepared {
            vectors: vec![Vec::new(); transaction.writes.len()],
            transaction,
            by_hand: true,
        };
        let making = self.send(prepared).await?;
        self.made(making).await.map(drop)
    }

    async fn send(&self, prepared: Prepared) -> Result<Making, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { prepared, reply };
        self.handle.backlog.room().await;
        let sent = self.handle.requests.send(request).await;
        sent.map_err(|_| closed(&self.handle.shared.name))?;
        Ok(answer)
    }

    async fn made(&self, making: Making) -> Result<Made, StoreError> {
        making.await.map_err(|_| closed(&self.handle.shared.name))?
    }
}

/// A transaction that is being made.
type Making = oneshot::Receiver<Result<Made, StoreError>>;

/// Entries that have their place in a ledger, and are on their way to the disk. Whoever drops this does not hear whether they
/// arrived.
pub struct Entering {
    namespace: Namespace,
    making: Option<Making>,
}

impl Entering {
    /// The number of the last of them; they are durable when this returns.
    ///
    /// # Errors
    /// A limit stood in the way, or the disk failed.
    pub async fn number(self) -> Result<u64, StoreError> {
        let made = match self.making {
            Some(making) => self.namespace.made(making).await?,
            None => Made::default(),
        };
        let last = made.entries.last().copied();
        Ok(last.unwrap_or_else(|| self.namespace.last_entry()))
    }
}

impl Memories {
    /// The best hits, best first; exact within the working set. Query texts are embedded with the store's embedder.
    /// A lexical search returns only memories that share a word with the query.
    ///
    /// # Errors
    /// The query breaks the contract, or its text could not be embedded.
    pub async fn search(&self, search: &Search, view: &View) -> Result<Vec<Hit>, StoreError> {
        let (query, wanted) = self.asked(search).await?;
        Ok(self.handle.shared.read().search(&query, &wanted, view))
    }

    /// The best hits of several rankings together, best first.
    ///
    /// # Errors
    /// As for [`Memories::search`]; and a weight is no number, or there are more rankings than can be fused.
    pub async fn fuse(&self, fusion: &Fusion, view: &View) -> Result<Vec<Hit>, StoreError> {
        if fusion.shares.len() > MOST_SHARES {
            return Err(StoreError::Query(format!(
                "{} rankings are to be fused, and at most {MOST_SHARES} can be",
                fusion.shares.len()
            )));
        }
        let mut shares = Vec::new();
        for Share { search, weight } in &fusion.shares {
            if !weight.is_finite() {
                return Err(StoreError::Query(format!(
                    "a ranking cannot weigh {weight}"
                )));
            }
            let (query, wanted) = self.asked(search).await?;
            shares.push((query, wanted, *weight));
        }
        let set = self.handle.shared.read();
        Ok(set.fuse(&shares, fusion.limit as usize, view))
    }

    /// The places of the best hits for [`Memories::look`], and their scores, in the order of [`Memories::search`].
    ///
    /// # Errors
    /// As for [`Memories::search`].
    pub async fn ranked(
        &self,
        search: &Search,
        view: &View,
    ) -> Result<Vec<(usize, f64)>, StoreError> {
        let (query, wanted) = self.asked(search).await?;
        Ok(self.handle.shared.read().ranked(&query, &wanted, view))
    }

    /// A search, ready to be answered.
    async fn asked(&self, search: &Search) -> Result<(Query, Wanted), StoreError> {
        let wanted = Wanted {
            predicate: Predicate::new(&search.filter)?,
            limit: search.limit as usize,
            least: search.min_score,
        };
        if wanted.least.is_some_and(f64::is_nan) {
            return Err(StoreError::Query("the least score is not a number".into()));
        }
        let query = self.query(&search.ranking).await?;
        if let Some(field) = query.field() {
            self.index(field).await?;
        }
        Ok((query, wanted))
    }

    /// Builds what lexical searches of these fields need, so that the first of them does not wait for it.
    ///
    /// # Errors
    /// There is no such field to search, or the namespace has no room for what it needs.
    pub async fn warm(&self, fields: &[&str]) -> Result<(), StoreError> {
        for field in fields {
            self.index(&LexicalField::parse(field)?).await?;
        }
        Ok(())
    }

    /// Sees to it that a field can be searched. Who reads or writes meanwhile does not wait.
    async fn index(&self, field: &LexicalField) -> Result<(), StoreError> {
        let shared = &self.handle.shared;
        let (is_indexed, memories) = {
            let set = shared.read();
            (set.is_indexed(field), set.len())
        };
        if is_indexed {
            return Ok(());
        }
        if memories <= MOST_INDEXED_AT_ONCE {
            return shared.index(field);
        }
        let (shared, field) = (shared.clone(), field.clone());
        let indexed = tokio::task::spawn_blocking(move || shared.index(&field)).await;
        indexed.unwrap_or_else(|error| Err(StoreError::Query(format!("it ended early: {error}"))))
    }

    /// Looks at the memories of a view that take part in reads, where they are. Nothing is written meanwhile, so that it is to be short.
    pub fn look<T>(&self, view: &View, take: impl FnOnce(Look<'_>) -> T) -> T {
        let shared = &self.handle.shared;
        loop {
            if let Some(look) = shared.read().look(view) {
                return take(look);
            }
            shared.write().weigh();
        }
    }

    /// What a text would score by BM25 if it were asked for by itself: scores of a lexical search lie in 0..=1, or
    /// hardly above, once they are divided by it.
    ///
    /// # Errors
    /// The probe names a field that lexical search does not rank by.
    pub fn own_lexical_score(&self, probe: &Probe) -> Result<f64, StoreError> {
        let field = LexicalField::parse(&probe.field)?;
        let shared = &self.handle.shared;
        shared.index(&field)?;
        let score = shared.read().own_score(&field, &probe.text);
        Ok(score.unwrap_or_default())
    }

    /// Lends what one of the host's own strategies keeps beside the memories for as long as they are open, such as an index
    /// of its own; it begins empty.
    pub fn aside<A: Default + Send + 'static, T>(&self, with: impl FnOnce(&mut A) -> T) -> T {
        let mut aside = self
            .handle
            .aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !aside.is::<A>() {
            *aside = Box::new(A::default());
        }
        match aside.downcast_mut() {
            Some(kept) => with(kept),
            None => with(&mut A::default()),
        }
    }

    /// Memories in an order of the caller's choice; of equal ones, the older first.
    ///
    /// # Errors
    /// The scan names a field that there is not, or compares one with the wrong type.
    pub fn scan(&self, scan: &Scan, view: &View) -> Result<Vec<Row>, StoreError> {
        self.handle.shared.read().scan(scan, view)
    }

    /// In the order asked, whatever their state; ids that do not exist are left out.
    pub fn get(&self, ids: &[String], view: &View) -> Vec<Memory> {
        self.handle.shared.read().get(ids, view)
    }

    /// Those of these ids whose memories exist and are in no read with this view, in their order.
    pub fn unseen<'a>(&self, ids: impl Iterator<Item = &'a str>, view: &View) -> Vec<String> {
        let set = self.handle.shared.read();
        let unseen = ids.filter(|id| set.is_unseen(id, view));
        unseen.map(str::to_owned).collect()
    }

    /// How many memories meet the filter.
    ///
    /// # Errors
    /// As for [`Memories::scan`].
    pub fn count(&self, filter: &Filter, view: &View) -> Result<u32, StoreError> {
        self.handle.shared.read().count(filter, view)
    }

    /// The ids of what has expired by then and may be removed, the oldest first: no read at that time shows any of it.
    /// What is frozen stays, expired or not.
    pub fn expired(&self, at: Instant) -> Vec<String> {
        self.handle.shared.read().expired(at)
    }

    /// Looks at every memory where it is, the oldest first, in whatever state it is.
    pub(crate) fn each<T>(&self, take: impl FnOnce(&[&Memory]) -> T) -> T {
        let set = self.handle.shared.read();
        take(&set.all().collect::<Vec<&Memory>>())
    }

    /// Edges that start from or lead to these memories, sorted by source, target and kind.
    pub fn links(&self, ids: &[String], kind: Option<&str>, view: &View) -> Vec<Link> {
        self.handle.shared.read().links(ids, kind, view)
    }

    /// A blob by name.
    pub fn blob(&self, name: &str) -> Option<Vec<u8>> {
        self.handle.shared.read().blob(name).cloned()
    }

    /// The ids that the next memories get, as long as nobody else writes here.
    pub fn next_ids(&self, count: usize) -> Vec<String> {
        let next = self.handle.shared.read().next();
        (next..).take(count).map(memory_id).collect()
    }

    /// What has happened since the entry with this number, in order and at most so many; from the beginning since 0.
    pub fn entries(&self, since: u64, most: usize) -> Vec<Entry> {
        self.handle.shared.read().entries().after(since, most)
    }

    /// The number of the last entry; 0 if nothing has happened.
    pub fn last_entry(&self) -> u64 {
        self.handle.shared.read().entries().last().0
    }

    /// How many texts were longer than the embedder or the store takes, so that only their beginning was taken: keys,
    /// titles, values of labels, queries, and what the strategy had embedded. Counted since the namespace was opened.
    pub fn cut_texts(&self) -> u64 {
        self.handle.cut.load(Ordering::Relaxed)
    }

    /// Counts texts that were cut for whoever writes and reads here.
    pub fn note_cut(&self, texts: usize) {
        self.handle.cut.fetch_add(texts as u64, Ordering::Relaxed);
    }

    /// How much it holds, as its limits count it.
    pub fn footprint(&self) -> Footprint {
        self.handle.shared.read().footprint()
    }

    /// Checks the vectors that were given, and computes the others.
    async fn complete(
        &self,
        transaction: &Transaction,
        mut vectors: Vectors,
    ) -> Result<Vectors, StoreError> {
        let dimension = self.handle.embedder.identity().dimension;
        let mut texts: Vec<String> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let writes = transaction.writes.iter().zip(&mut vectors).enumerate();
        for (number, (write, vectors)) in writes {
            let keys = new_keys(&write.op);
            if vectors.is_empty() {
                for key in keys.iter().filter(|key| key.embedded) {
                    places.entry(&key.text).or_insert_with(|| {
                        texts.push(key.text.clone());
                        texts.len() - 1
                    });
                }
                continue;
            }
            for vector in vectors.iter_mut() {
                *vector = unit(std::mem::take(vector));
            }
            let is_sound = |(key, vector): (&Key, &Vec<f32>)| match key.embedded {
                true => vector.len() == dimension && vector.iter().all(|x| x.is_finite()),
                false => vector.is_empty(),
            };
            if vectors.len() != keys.len() || !keys.iter().zip(&*vectors).all(is_sound) {
                return Err(StoreError::Refused {
                    number: number + 1,
                    operation: operation(&write.op),
                    reason: format!(
                        "it needs one vector of {dimension} finite numbers for each of its keys, and an empty one \
                         for a key that is not embedded"
                    ),
                });
            }
        }
        let computed = self.embed(&texts, Side::Document).await?;
        for (write, vectors) in transaction.writes.iter().zip(&mut vectors) {
            if vectors.is_empty() {
                let vector = |key: &Key| match places.get(key.text.as_str()) {
                    Some(place) if key.embedded => computed.get(*place).cloned(),
                    _ => Some(Vec::new()),
                };
                *vectors = new_keys(&write.op).iter().filter_map(vector).collect();
            }
        }
        Ok(vectors)
    }

    async fn query(&self, ranking: &Ranking) -> Result<Query, StoreError> {
        match ranking {
            Ranking::Semantic(Probe { text, field }) => {
                let vectors = self.embed(std::slice::from_ref(text), Side::Query).await?;
                Ok(Query::Vector {
                    vector: vectors.into_iter().next().unwrap_or_default(),
                    name: (!field.is_empty()).then(|| field.clone()),
                })
            }
            Ranking::Vector(vector) => {
                let dimension = self.handle.embedder.identity().dimension;
                if vector.len() != dimension || !vector.iter().all(|x| x.is_finite()) {
                    return Err(StoreError::Query(format!(
                        "the vector must have {dimension} finite numbers, and has {}",
                        vector.iter().filter(|x| x.is_finite()).count()
                    )));
                }
                Ok(Query::Vector {
                    vector: unit(vector.clone()),
                    name: None,
                })
            }
            Ranking::Lexical(Probe { text, field }) => Ok(Query::Lexical {
                field: LexicalField::parse(field)?,
                text: text.clone(),
            }),
        }
    }

    async fn embed(&self, texts: &[String], side: Side) -> Result<Vec<Vec<f32>>, StoreError> {
        let embedded = embed(self.handle.embedder.as_ref(), texts, side).await?;
        self.note_cut(embedded.cut.len());
        Ok(embedded.vectors)
    }
}

/// Embeds texts, and makes sure that what comes back is one sound vector for each.
pub(crate) async fn embed(
    embedder: &dyn Embedder,
    texts: &[String],
    side: Side,
) -> Result<Embedded, StoreError> {
    if texts.is_empty() {
        return Ok(Embedded::default());
    }
    let Embedded { vectors, cut } = embedder.embed(texts, side).await?;
    let identity = embedder.identity();
    let is_sound = |vector: &Vec<f32>| {
        vector.len() == identity.dimension && vector.iter().all(|x| x.is_finite())
    };
    if vectors.len() != texts.len() || !vectors.iter().all(is_sound) {
        return Err(StoreError::Embedding(EmbeddingError {
            embedder: identity.name.clone(),
            message: format!(
                "it was given {} texts and did not return as many vectors of {} finite numbers",
                texts.len(),
                identity.dimension
            ),
        }));
    }
    Ok(Embedded {
        vectors: vectors.into_iter().map(unit).collect(),
        cut,
    })
}
