//! A live host with a real plugin, in processes that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use memhost::Lance;
use memhost::contract::{Memory, Outcome, Scan, Setting, Step, Value};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::learning::{Configured, Grants};
use memhost::live::{Ask, Grant, Host, LiveSettings, Mode, ONLY_TENANT, Record, Seat};
use memhost::store::{Store, View};
use memhost_tests::plugin;

use crate::processes::{again, alone};

const PLACE: &str = "MEMHOST_TEST_LIVE";
/// How often the process is killed; MEMHOST_TEST_KILLS says otherwise.
const KILLS: u64 = 12;

fn kills() -> u64 {
    let kills = std::env::var("MEMHOST_TEST_KILLS").ok();
    kills.map_or(KILLS, |kills| kills.parse().unwrap())
}

/// A host at a place, with a slot of this many memories per answer, and its seat.
async fn open(place: &Path, k: f64) -> (Host, Seat) {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let uri = place.join("store").display().to_string();
    let store = Store::open(&uri, embedder.clone(), &Lance).await.unwrap();
    let host = Host::open(LiveSettings::new(store, Grants::embedder(embedder)));
    let host = host.await.unwrap();
    let strategy = rag(place, k).await;
    host.add_slot("desk", strategy, Mode::Inherit)
        .await
        .unwrap();
    let seat = host.slot(&Grant::everything(), "desk", ONLY_TENANT);
    (host, seat.unwrap())
}

async fn rag(place: &Path, k: f64) -> Configured {
    let engine = Engine::new(EngineOptions {
        cache: Some(place.join("compiled")),
        ..EngineOptions::default()
    });
    let plugin = Plugin::load(&engine.unwrap(), &plugin("rag"))
        .await
        .unwrap();
    let mut settings =
        memhost::settings::defaults(&memhost::strategy::Strategy::description(&plugin).parameters);
    for setting in &mut settings {
        if setting.name == "k" {
            *setting = Setting {
                name: "k".into(),
                value: Value::Number(k),
            };
        }
    }
    Configured::with(Arc::new(plugin), settings).await.unwrap()
}

async fn memories(seat: &Seat) -> Vec<Memory> {
    let scan = Scan {
        filter: vec![],
        order_by: None,
        descending: false,
        offset: 0,
        limit: 100_000,
        with_vectors: false,
    };
    let memories = seat.memories().await.unwrap().unwrap();
    let rows = memories.scan(&scan, &View::default()).unwrap();
    rows.into_iter().map(|row| row.memory).collect()
}

async fn work(seat: &Seat, task: &str) -> (String, u64) {
    let told = seat.retrieve(Ask::at_start(task)).await.unwrap();
    assert_eq!(told.degraded, None);
    let mut record = Record::of(told.attempt);
    record.steps.push(Step::action("look", "{}"));
    record.outcome = Some(Outcome::known(true));
    let kept = seat.record(record).await.unwrap();
    (kept.attempt, kept.sequence)
}

/// Not a test of its own: the process that is killed. Four agents work, and say what was acknowledged; the strategy is
/// swapped meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(place) = std::env::var(PLACE) else {
        return;
    };
    let place = Path::new(&place);
    let (host, seat) = open(place, 2.0).await;
    println!("opened");
    for agent in 0..4 {
        let seat = seat.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let (attempt, _) = work(&seat, &format!("agent {agent} looks at {number}")).await;
                let mut out = std::io::stdout();
                writeln!(out, "kept {attempt}").unwrap();
                out.flush().unwrap();
            }
        });
    }
    for k in [1.0, 3.0, 2.0].into_iter().cycle() {
        tokio::time::sleep(Duration::from_millis(70)).await;
        host.manage(&Grant::everything(), "desk")
            .unwrap()
            .swap(rag(place, k).await, Mode::Inherit)
            .await
            .unwrap();
        println!("swapped");
    }
}

#[test]
fn what_was_acknowledged_is_learnt_once_whenever_the_host_is_killed() {
    alone(async {
        let place = tempfile::tempdir().unwrap();
        let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        println!("seed {seed}");
        let mut random = u64::from(seed) | 1;
        let mut acknowledged: BTreeSet<String> = BTreeSet::new();
        let mut swaps = 0;
        for kill in 0..kills() {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let delay = Duration::from_micros((random >> 33) % 400_000);
            let mut child = again("live::child")
                .env(PLACE, place.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let (opened, is_open) = mpsc::channel();
            let said = std::thread::spawn(move || {
                let (mut kept, mut swaps) = (Vec::new(), 0);
                for line in lines.map_while(Result::ok) {
                    if line.contains("opened") {
                        let _ = opened.send(());
                    } else if let Some(attempt) = line.strip_prefix("kept ") {
                        // The kill may cut the last line short.
                        kept.extend((attempt.len() == 13).then(|| attempt.to_owned()));
                    } else if line == "swapped" {
                        swaps += 1;
                    }
                }
                (kept, swaps)
            });
            if kill % 4 != 0 {
                is_open.recv_timeout(Duration::from_secs(60)).unwrap();
            }
            std::thread::sleep(delay);
            child.kill().unwrap();
            child.wait().unwrap();
            let (kept, swapped) = said.join().unwrap();
            acknowledged.extend(kept);
            swaps += swapped;
        }
        let (host, seat) = open(place.path(), 2.0).await;
        let (last, sequence) = work(&seat, "the last").await;
        acknowledged.insert(last);
        seat.learnt(sequence).await.unwrap();
        let standing = seat.standing().await.unwrap();
        assert_eq!(
            (standing.skipped, &standing.waiting),
            (0, &None),
            "{standing:?}"
        );
        let mut learnt: BTreeMap<String, usize> = BTreeMap::new();
        for memory in memories(&seat).await {
            for source in memory.sources {
                *learnt.entry(source.attempt).or_default() += 1;
            }
        }
        for attempt in &acknowledged {
            assert_eq!(learnt.get(attempt), Some(&1), "{attempt}");
            seat.explain(attempt).await.unwrap();
        }
        println!(
            "{} attempts, {swaps} swaps over {} kills",
            acknowledged.len(),
            kills()
        );
        assert!(acknowledged.len() > KILLS as usize && swaps > 0);
        // What was never acknowledged may be there, whole; nothing is there twice.
        assert!(learnt.values().all(|times| *times == 1), "{learnt:?}");
        host.close().await.unwrap();
    });
}
