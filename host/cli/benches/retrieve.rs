//! What the sandbox costs a real strategy: `rag`'s retrieve through wasm and the same code called natively, both
//! over memhost's store.
//!
//! `cargo xtask bench retrieve`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use divan::Bencher;
use futures::StreamExt as _;
use futures::executor::block_on;
use memhost::Lance;
use memhost::capability::{CallContext, RunState};
use memhost::contract as host;
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::learning::{Configured, Grants};
use memhost::limits::Limits;
use memhost::live::{Ask, Grant, Host, LiveSettings, Mode, ONLY_TENANT, Record, Seat};
use memhost::settings;
use memhost::store::{Memories, Store, StoreError, Transaction, View, Write};
use memhost::strategy::Strategy;
use memhost_rag::Rag;
use memhost_sdk as guest;
use memhost_sdk::Retrieve;
use tokio::runtime::Runtime;

/// Memories in the namespace; BFCL, tau2 and WebArena streams have 20 to 320, LoCoMo's conversations up to 700.
const MEMORIES: [usize; 2] = [1_451, 10_000];
const MODES: [&str; 3] = ["dense", "lexical", "hybrid"];

/// No two questions are the same: scores of the latest are remembered.
fn task(number: u32) -> String {
    format!("the customer was charged twice and wants the money for order {number} back")
}

fn main() {
    divan::main();
}

#[divan::bench(args = MEMORIES, consts = [0, 1, 2])]
fn through_wasm<const MODE: usize>(bencher: Bencher, memories: usize) {
    let runtime = Runtime::new().expect("a runtime");
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let plugin = runtime
        .block_on(Plugin::load(&engine, &rag()))
        .expect("the plugin");
    let directory = tempfile::tempdir().expect("a directory");
    let context = runtime.block_on(context(directory.path(), memories));
    let mut chosen = settings::defaults(&plugin.description().parameters);
    for setting in chosen.iter_mut().filter(|setting| setting.name == "mode") {
        setting.value = host::Value::Text(MODES[MODE].to_owned());
    }
    let mut numbers = 0..;
    bencher
        .with_inputs(|| query(numbers.next().unwrap_or_default()))
        .bench_local_values(|query| {
            let answer = plugin.retrieve(context.clone(), query, &chosen);
            runtime.block_on(answer).result.expect("guidance")
        });
}

#[divan::bench(args = MEMORIES, consts = [0, 1, 2])]
fn natively<const MODE: usize>(bencher: Bencher, memories: usize) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let context = runtime.block_on(context(directory.path(), memories));
    let chosen = guest::Settings::default().with("mode", MODES[MODE]);
    let mut numbers = 0..;
    bencher
        .with_inputs(|| guest_query(numbers.next().unwrap_or_default()))
        .bench_local_values(|query| {
            let bridge = Bridge(context.clone());
            guest::native::with_host(bridge, || Rag::retrieve(&query, &chosen)).expect("guidance")
        });
}

/// The same at a live host, which notes what it hands out, over as many attempts that it has learnt from.
#[divan::bench(args = MEMORIES)]
fn through_a_host(bencher: Bencher, memories: usize) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let (host, seat) = runtime.block_on(host_over(directory.path(), memories));
    let mut numbers = 0..;
    bencher
        .with_inputs(|| Ask {
            token_budget: query(0).token_budget,
            ..Ask::at_start(task(numbers.next().unwrap_or_default()))
        })
        .bench_local_values(|ask| runtime.block_on(seat.retrieve(ask)).expect("guidance"));
    runtime.block_on(host.close()).expect("closed");
}

/// A live host whose only seat has learnt from so many attempts.
async fn host_over(directory: &Path, attempts: usize) -> (Host, Seat) {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(&directory.display().to_string(), embedder.clone(), &Lance)
        .await
        .expect("a store");
    let settings = LiveSettings::new(store, Grants::embedder(embedder));
    let host = Host::open(settings).await.expect("a host");
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let plugin = Plugin::load(&engine, &rag()).await.expect("the plugin");
    let strategy = Configured::with_defaults(Arc::new(plugin)).await;
    let strategy = strategy.expect("the strategy");
    host.add_slot("bench", strategy, Mode::Fresh)
        .await
        .expect("a slot");
    let seat = host
        .slot(&Grant::everything(), "bench", ONLY_TENANT)
        .expect("a seat");
    let records = (0..attempts).map(|number| {
        let host::Op::Insert(memory) = memory(number) else {
            unreachable!("an experience is inserted")
        };
        // As many keys as the others have: one sentence makes one.
        let text = memory.keys.into_iter().next().expect("a key").text;
        let task = host::Task::new("", text);
        let agent = host::Agent::new("agent", "any");
        let record = Record {
            outcome: Some(host::Outcome::known(true)),
            ..Record::without_asking(task, agent)
        };
        let seat = seat.clone();
        async move { seat.record(record).await.expect("kept").sequence }
    });
    let kept: Vec<u64> = futures::stream::iter(records)
        .buffer_unordered(64)
        .collect()
        .await;
    let last = kept.into_iter().max().unwrap_or_default();
    seat.learnt(last).await.expect("learnt");
    (host, seat)
}

fn rag() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace.join(target).join("plugins/rag.wasm")
}

/// A namespace with this many experiences, and everything that a call may reach.
async fn context(directory: &Path, memories: usize) -> CallContext {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(&directory.display().to_string(), embedder.clone(), &Lance)
        .await
        .expect("a store");
    let namespace = store.namespace("bench").await.expect("a namespace");
    let writes = (0..memories)
        .map(memory)
        .map(|op| Write {
            op,
            provisional: false,
        })
        .collect();
    namespace
        .apply(Transaction {
            writes,
            ..Transaction::default()
        })
        .await
        .expect("written");
    CallContext {
        memories: Some(namespace.memories().clone()),
        view: View::default(),
        models: None,
        embedder: Some(embedder),
        attempts: None,
        run: RunState::default(),
        limits: Limits::default(),
        inner: None,
        within: None,
    }
}

/// An experience of about 40 words, of which a few are shared with others.
fn memory(number: usize) -> host::Op {
    const PEOPLE: [&str; 7] = [
        "customer",
        "guest",
        "member",
        "buyer",
        "traveller",
        "student",
        "patient",
    ];
    const WISHES: [&str; 11] = [
        "money back",
        "another size",
        "a later flight",
        "the invoice",
        "a new password",
        "an upgrade",
        "the address changed",
        "two seats",
        "the order cancelled",
        "a discount",
        "proof of payment",
    ];
    let text = format!(
        "the {} wants {} for order {number} after day {}",
        PEOPLE[number % PEOPLE.len()],
        WISHES[number % WISHES.len()],
        number % 31,
    );
    let content = format!(
        "Task: {text}\nDone: find_order, check_policy, answer number {number}\nOutcome: solved"
    );
    host::Op::Insert(host::NewMemory {
        keys: vec![host::Key::new("task", text)],
        sources: vec![host::Source::attempt(format!("a{number}"))],
        ..host::NewMemory::new("experience", content)
    })
}

fn query(number: u32) -> host::Query {
    let task = host::Task::new("t", task(number));
    host::Query::at_start(task, host::Agent::new("a", "m"), 512)
}

fn guest_query(number: u32) -> guest::Query {
    guest::Query {
        agent: guest::Agent::new("a", "m"),
        token_budget: 512,
        ..guest::Query::new(guest::Task::new("t", task(number)))
    }
}

/// memhost's store as the SDK sees it, without a boundary in between.
struct Bridge(CallContext);

impl Bridge {
    fn memories(&self) -> &Memories {
        self.0
            .memories()
            .unwrap_or_else(|fault| panic!("{fault:?}"))
    }
}

const NOT_ASKED: &str = "rag asks for nothing of the kind";

impl guest::native::Host for Bridge {
    fn search_memories(&self, query: &guest::Search) -> Result<Vec<guest::Hit>, guest::Fault> {
        hits(block_on(
            self.memories().search(&search(query), &self.0.view),
        ))
    }

    fn fuse_memories(&self, query: &guest::Fusion) -> Result<Vec<guest::Hit>, guest::Fault> {
        let share = |share: &guest::Share| host::Share {
            search: search(&share.search),
            weight: share.weight,
        };
        let fusion = host::Fusion {
            shares: query.shares.iter().map(share).collect(),
            limit: query.limit,
        };
        hits(block_on(self.memories().fuse(&fusion, &self.0.view)))
    }

    fn get_memories(&self, ids: &[String]) -> Result<Vec<guest::Memory>, guest::Fault> {
        let memory = |memory: host::Memory| guest::Memory {
            id: memory.id,
            kind: memory.kind,
            title: memory.title,
            content: memory.content,
            keys: memory
                .keys
                .into_iter()
                .map(|key| guest::Key {
                    name: key.name,
                    text: key.text,
                    embedded: key.embedded,
                })
                .collect(),
            labels: Vec::new(),
            payload: memory.payload,
            state: guest::State::Active,
            counters: counters(memory.counters),
            sources: memory.sources.into_iter().map(source).collect(),
            expires: memory.expires,
            created: memory.created,
            updated: memory.updated,
            last_used: memory.last_used,
        };
        Ok(self
            .memories()
            .get(ids, &self.0.view)
            .into_iter()
            .map(memory)
            .collect())
    }

    fn kind(&self, _: guest::Role) -> guest::ModelKind {
        guest::ModelKind::None
    }

    fn count_tokens(&self, text: &str) -> u32 {
        memhost_words::count(text)
    }

    fn complete(&self, _: &[guest::Request]) -> Vec<Result<guest::Reply, guest::Fault>> {
        unreachable!("{NOT_ASKED}")
    }

    fn embed(&self, _: &[String], _: guest::Side) -> Result<Vec<Vec<f32>>, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn dimension(&self) -> u32 {
        unreachable!("{NOT_ASKED}")
    }

    fn scan_memories(&self, _: &guest::Scan) -> Result<Vec<guest::Row>, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn count_memories(&self, _: &[guest::Condition]) -> Result<u32, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn links(&self, _: &[String], _: Option<&str>) -> Result<Vec<guest::Link>, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn get_attempts(&self, _: &[String]) -> Result<Vec<guest::Attempt>, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn get_blob(&self, _: &str) -> Result<Option<Vec<u8>>, guest::Fault> {
        unreachable!("{NOT_ASKED}")
    }

    fn now(&self) -> guest::Instant {
        self.0.run.now
    }

    fn task_number(&self) -> u32 {
        self.0.run.task_number
    }

    fn batch_number(&self) -> u32 {
        self.0.run.batch_number
    }

    fn random(&self) -> u32 {
        unreachable!("{NOT_ASKED}")
    }

    fn log(&self, _: guest::Level, _: &str) {}
}

fn search(query: &guest::Search) -> host::Search {
    let probe = |probe: &guest::Probe| host::Probe {
        text: probe.text.clone(),
        field: probe.field.clone(),
    };
    let ranking = match &query.ranking {
        guest::Ranking::Semantic(asked) => host::Ranking::Semantic(probe(asked)),
        guest::Ranking::Lexical(asked) => host::Ranking::Lexical(probe(asked)),
        guest::Ranking::Vector(vector) => host::Ranking::Vector(vector.clone()),
    };
    host::Search {
        ranking,
        filter: Vec::new(),
        limit: query.limit,
        min_score: query.min_score,
    }
}

fn hits(found: Result<Vec<host::Hit>, StoreError>) -> Result<Vec<guest::Hit>, guest::Fault> {
    let hits = found.map_err(|error| guest::Fault::Failed(error.to_string()))?;
    let hit = |hit: host::Hit| guest::Hit {
        id: hit.id,
        score: hit.score,
        key: hit.key,
        counters: counters(hit.counters),
    };
    Ok(hits.into_iter().map(hit).collect())
}

fn source(source: host::Source) -> guest::Source {
    guest::Source {
        attempt: source.attempt,
        step: source.step,
    }
}

fn counters(counters: host::Counters) -> guest::Counters {
    guest::Counters {
        weight: counters.weight,
        uses: counters.uses,
        wins: counters.wins,
        losses: counters.losses,
        strength: counters.strength,
    }
}
