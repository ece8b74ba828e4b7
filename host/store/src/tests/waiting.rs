//! Who waits for a checkpoint: nobody but those who asked for it, however long the tables take.

use memhost_contract::{Agent, Outcome, Task};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::*;
use crate::tables::{Effect, Fold, KeyRow};

/// Long for what waits for nothing, and short for who waits for nobody.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tables that are brought up only as far as they are let.
#[derive(Clone)]
struct Slow {
    tables: InMemory,
    begun: Arc<Semaphore>,
    allowed: Arc<Semaphore>,
}

impl Slow {
    fn new() -> Self {
        Slow {
            tables: InMemory::default(),
            begun: Arc::new(Semaphore::new(0)),
            allowed: Arc::new(Semaphore::new(0)),
        }
    }

    /// Waits until tables are about to be brought up.
    async fn begun(&self) {
        let begun = timeout(PATIENCE, self.begun.acquire()).await;
        begun.unwrap().unwrap().forget();
    }
}

#[async_trait]
impl Format for Slow {
    async fn open(&self, _: &Storage) -> Result<Box<dyn Tables>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Tables for Slow {
    async fn load(
        &self,
        manifest: &Manifest,
        namespace: &str,
    ) -> Result<(Vec<Effect>, Footprint), StoreError> {
        self.tables.load(manifest, namespace).await
    }

    async fn namespace_names(&self, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
        self.tables.namespace_names(manifest).await
    }

    async fn bring_up(
        &self,
        manifest: &mut Manifest,
        fold: &Fold,
    ) -> Result<Vec<String>, StoreError> {
        self.begun.add_permits(1);
        self.allowed.acquire().await.unwrap().forget();
        self.tables.bring_up(manifest, fold).await
    }

    async fn take_back(&self, manifest: &mut Manifest) -> Result<(), StoreError> {
        self.tables.take_back(manifest).await
    }

    async fn prune(&self, manifest: &Manifest, older_than: Duration) -> Result<(), StoreError> {
        self.tables.prune(manifest, older_than).await
    }

    async fn all_keys(&self, manifest: &Manifest) -> Result<Vec<KeyRow>, StoreError> {
        self.tables.all_keys(manifest).await
    }

    async fn replace_keys(
        &self,
        manifest: &mut Manifest,
        rows: &[KeyRow],
    ) -> Result<(), StoreError> {
        self.tables.replace_keys(manifest, rows).await
    }

    async fn files(&self, table: &str, version: u64) -> Result<Vec<String>, StoreError> {
        self.tables.files(table, version).await
    }
}

fn attempt(id: &str) -> Attempt {
    let (task, agent) = (Task::new("t", "do"), Agent::new("a", "m"));
    Attempt::new(id, task, agent, Outcome::known(true))
}

fn uses(namespace: &Namespace, id: &str) -> u32 {
    let memories = namespace.get(&[id.to_owned()], &View::default());
    memories[0].counters.uses
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_while_tables_are_written_and_what_is_written_meanwhile_stays() {
    let home = tempfile::tempdir().unwrap();
    let slow = Slow::new();
    let store = open_with(home.path(), &slow).await;
    let open = store.namespace("open").await.unwrap();
    open.apply(insert("one")).await.unwrap();
    let dropped = store.namespace("dropped").await.unwrap();
    dropped.apply(insert("two")).await.unwrap();
    drop(dropped);
    store.append_attempts("r", &[attempt("a1")]).await.unwrap();

    let closing = store.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    slow.begun().await;
    let meanwhile = async {
        store.append_attempts("r", &[attempt("a2")]).await.unwrap();
        assert!(store.namespace("").await.is_err());
        let new = store.namespace("new").await.unwrap();
        let again = store.namespace("open").await.unwrap();
        // Its journal is being taken in by the checkpoint.
        let dropped = store.namespace("dropped").await.unwrap();
        for namespace in [&open, &again, &dropped] {
            namespace.apply(use_of("m1")).await.unwrap();
        }
        new.apply(insert("three")).await.unwrap();
        assert_eq!((uses(&again, "m1"), uses(&dropped, "m1")), (2, 1));
    };
    timeout(PATIENCE, meanwhile).await.unwrap();
    assert!(!closing.is_finished());
    slow.allowed.add_permits(10);
    closing.await.unwrap().unwrap();
    let first = store.inner.manifest().await.unwrap();
    store.close().await.unwrap();
    assert_ne!(store.inner.manifest().await.unwrap(), first);
    assert!(!store.inner.storage.has_journals().await.unwrap());
    drop((open, store));

    let store = open_with(home.path(), &slow.tables).await;
    for (name, expected) in [("open", 2), ("dropped", 1), ("new", 0)] {
        let namespace = store.namespace(name).await.unwrap();
        assert_eq!(uses(&namespace, "m1"), expected, "{name}");
        assert_eq!(namespace.count(&Vec::new(), &View::default()).unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_fails_forgets_nothing_that_was_written_before_or_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let slow = Slow::new();
    let store = open_with(home.path(), &slow).await;
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(insert("one")).await.unwrap();
    let closing = store.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    slow.begun().await;
    namespace.apply(use_of("m1")).await.unwrap();
    closing.abort();
    assert!(closing.await.unwrap_err().is_cancelled());
    drop(namespace);
    let namespace = store.namespace("a").await.unwrap();
    namespace.apply(use_of("m1")).await.unwrap();
    assert_eq!(uses(&namespace, "m1"), 2);
    slow.allowed.add_permits(10);
    store.close().await.unwrap();
    drop((namespace, store));
    let store = open_with(home.path(), &slow.tables).await;
    assert_eq!(uses(&store.namespace("a").await.unwrap(), "m1"), 2);
}

/// Whatever comes in between: a journal is read by whoever opens its namespace while a checkpoint forgets it.
#[tokio::test(flavor = "multi_thread")]
async fn namespaces_come_and_go_beside_checkpoints_and_every_write_is_there_once() {
    const ROUNDS: u32 = 40;
    let home = tempfile::tempdir().unwrap();
    let tables = InMemory::default();
    let store = open_with(home.path(), &tables).await;
    for name in ["a", "b"] {
        let namespace = store.namespace(name).await.unwrap();
        namespace.apply(insert("one")).await.unwrap();
    }
    let done = Arc::new(Semaphore::new(0));
    let checkpoints = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            while done.available_permits() < 4 {
                store.close().await.unwrap();
            }
        }
    });
    let users = (0..4).map(|user| {
        let (store, done) = (store.clone(), done.clone());
        let name = ["a", "b"][user % 2];
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let namespace = store.namespace(name).await.unwrap();
                namespace.apply(use_of("m1")).await.unwrap();
                assert!(uses(&namespace, "m1") > round);
                store.append_attempts(name, &[attempt("a")]).await.unwrap();
            }
            done.add_permits(1);
        })
    });
    let users: Vec<_> = users.collect();
    for user in users {
        user.await.unwrap();
    }
    checkpoints.await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store.warnings(), Vec::<String>::new());
    drop(store);
    let store = open_with(home.path(), &tables).await;
    for name in ["a", "b"] {
        let namespace = store.namespace(name).await.unwrap();
        assert_eq!(uses(&namespace, "m1"), 2 * ROUNDS, "{name}");
    }
}

/// A clock that goes when it is told to.
struct ByHand(tokio::sync::watch::Sender<std::time::Instant>);

impl ByHand {
    fn advance(&self, seconds: u64) {
        let by = Duration::from_secs(seconds);
        self.0.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Clock for ByHand {
    fn now(&self) -> std::time::Instant {
        *self.0.borrow()
    }

    async fn sleep_until(&self, end: std::time::Instant) {
        let mut now = self.0.subscribe();
        now.wait_for(|now| *now >= end).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_in_the_tables_ten_minutes_later_however_little_it_is() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(ByHand(tokio::sync::watch::Sender::new(
        std::time::Instant::now(),
    )));
    let uri = home.path().to_str().unwrap();
    let (embedder, tables) = (Arc::new(Builtin::default()), InMemory::default());
    let store = Store::open_by(uri, embedder, &tables, clock.clone());
    let store = store.await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    let waits = async || store.inner.storage.has_journals().await.unwrap();
    for text in ["one", "two"] {
        namespace.apply(insert(text)).await.unwrap();
        // From then on time counts.
        while store.inner.backlog.due_in(clock.now()).is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        clock.advance(599);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(waits().await, "{text}");
        clock.advance(1);
        let taken_in = async {
            while waits().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, taken_in).await.unwrap();
        clock.advance(10_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_least_recently_closes_and_opens_again_and_what_is_in_use_stays() {
    let home = tempfile::tempdir().unwrap();
    let store = open_with(home.path(), &InMemory::default()).await;
    let most = KeepOpen {
        namespaces: 3,
        resident_bytes: u64::MAX,
    };
    let store = store.keep_open(most);
    let kept = || {
        let names = ["a", "b", "c", "d", "e"];
        let is_open = |name: &&str| store.inner.open.cell(name).shared().is_some();
        names.into_iter().filter(is_open).collect::<Vec<_>>()
    };
    let in_use = store.namespace("a").await.unwrap();
    in_use.apply(insert("one")).await.unwrap();
    let mut gone = Vec::new();
    for name in ["b", "c"] {
        let namespace = store.namespace(name).await.unwrap();
        namespace.apply(insert("one")).await.unwrap();
        gone.push(Arc::downgrade(
            &store.inner.open.cell(name).shared().unwrap(),
        ));
    }
    assert_eq!(kept(), ["a", "b", "c"]);
    // A look at it is a use.
    store.namespace("b").await.unwrap();
    store.namespace("d").await.unwrap();
    assert_eq!(kept(), ["a", "b", "d"]);
    assert_eq!(gone[1].strong_count(), 0, "its memories are not held");
    assert!(gone[0].strong_count() > 0);
    store.namespace("e").await.unwrap();
    assert_eq!(kept(), ["a", "d", "e"]);
    for name in ["b", "c", "b", "c"] {
        let namespace = store.namespace(name).await.unwrap();
        namespace.apply(use_of("m1")).await.unwrap();
    }
    for name in ["b", "c"] {
        assert_eq!(uses(&store.namespace(name).await.unwrap(), "m1"), 2);
    }
    // It is the same that it was all the time.
    in_use.apply(use_of("m1")).await.unwrap();
    assert_eq!(uses(&store.namespace("a").await.unwrap(), "m1"), 1);

    // Of many bytes only what is in use stays.
    let store = store.clone().keep_open(KeepOpen {
        resident_bytes: 1,
        ..most
    });
    let new = store.namespace("new").await.unwrap();
    assert_eq!(kept(), ["a"]);
    drop((in_use, new));
    store.close().await.unwrap();
    assert_eq!(kept(), Vec::<&str>::new());
    assert!(!store.inner.storage.has_journals().await.unwrap());
}
