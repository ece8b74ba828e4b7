//! Whatever happens: random moves against a plain model, with processes that end at any of them.

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

use super::super::{lineage, timeline};
use super::*;

#[derive(Debug, Clone)]
enum Move {
    Ask {
        task: u8,
    },
    Record {
        attempt: usize,
        outcome: Option<bool>,
    },
    Feedback {
        attempt: usize,
        success: bool,
    },
    Wait {
        minutes: u16,
    },
    Kill,
    Inherit,
    /// An earlier generation answers again, which one counted from the latest.
    Back {
        by: usize,
    },
}

fn moves() -> impl Generator<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..4_u8).prop_map(|task| Move::Ask { task }),
        4 => (0..20_usize, proptest::option::of(any::<bool>()))
            .prop_map(|(attempt, outcome)| Move::Record { attempt, outcome }),
        3 => (0..20_usize, any::<bool>())
            .prop_map(|(attempt, success)| Move::Feedback { attempt, success }),
        2 => (0..40_u16).prop_map(|minutes| Move::Wait { minutes }),
        1 => Just(Move::Kill),
        1 => Just(Move::Inherit),
        1 => (0..3_usize).prop_map(|by| Move::Back { by }),
    ];
    proptest::collection::vec(one, 1..40)
}

/// What a plain model knows of an attempt.
#[derive(Debug, Default)]
struct Expected {
    recorded: bool,
    outcome: Option<bool>,
}

/// A life of a process: whatever runs in it ends with it, at whatever it is.
fn live<T: Send>(life: impl Future<Output = T> + Send) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(life);
    // Waits for what is being polled, and drops the rest where it stands.
    drop(runtime);
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// What was acknowledged is learnt exactly once, and a lineage is what a strategy makes of its ledger from the
    /// beginning, whoever was killed or swapped meanwhile.
    #[test]
    fn a_lineage_is_the_fold_of_its_ledger(moves in moves()) {
        let place = Place::new();
        let mut attempts: Vec<(String, Expected)> = Vec::new();
        // How many generations there are, and which of them answers.
        let (mut generations, mut answering) = (1_u32, 1_u32);
        let mut moves = moves.into_iter().peekable();
        while moves.peek().is_some() {
            live(async {
                let host = place.open().await;
                let name = format!("diary {answering}");
                host.add_slot("desk", diary(&name).await, Mode::Inherit).await.unwrap();
                let seat = seat(&host).await;
                for next in moves.by_ref() {
                    match next {
                        Move::Kill => break,
                        Move::Inherit => {
                            generations += 1;
                            answering = generations;
                            let name = format!("diary {answering}");
                            manage(&host).swap(diary(&name).await, Swap { mode: Mode::Inherit, force: true }).await.unwrap();
                        }
                        Move::Back { by } => {
                            answering = generations.saturating_sub(by as u32).max(1);
                            let loaded = manage(&host).roll_back(Some(answering)).await;
                            if loaded.is_err() {
                                // This process has not loaded it, and nobody finds it by name.
                                answering = manage(&host).standing().await.generation.number;
                            }
                        }
                        Move::Wait { minutes } => {
                            place.time.wind(Duration::from_secs(60 * u64::from(minutes)));
                        }
                        Move::Ask { task } => {
                            let open = seat.opened().await.unwrap();
                            let told = seat.retrieve(Ask::at_start(format!("task {task}"))).await.unwrap();
                            // What was handed out is forgotten if the process is killed before it is noted; here it is noted.
                            open.write_handed().await.unwrap();
                            attempts.push((told.attempt, Expected::default()));
                        }
                        Move::Record { attempt, outcome } => {
                            let Some((id, expected)) = attempts.get_mut(attempt) else { continue };
                            if expected.recorded || (expected.outcome.is_some() && outcome.is_some()) {
                                continue;
                            }
                            let mut record = Record::of(id.as_str());
                            record.outcome = outcome.map(|success| scored(f64::from(u8::from(success))));
                            seat.record(record).await.unwrap();
                            expected.recorded = true;
                            expected.outcome = expected.outcome.or(outcome);
                        }
                        Move::Feedback { attempt, success } => {
                            let Some((id, expected)) = attempts.get_mut(attempt) else { continue };
                            let told = seat.feedback(id, scored(f64::from(u8::from(success))), false).await;
                            match expected.outcome {
                                Some(known) => assert_eq!(told.is_ok(), known == success),
                                None => {
                                    told.unwrap();
                                    expected.outcome = Some(success);
                                }
                            }
                        }
                    }
                }
            });
        }
        let (live_memories, refolded) = live(async {
            let host = place.open().await;
            let name = format!("diary {answering}");
            host.add_slot("desk", diary(&name).await, Mode::Inherit).await.unwrap();
            let seat = seat(&host).await;
            // Nothing waits any more after a day, and a tick says so.
            place.time.wind(Duration::from_secs(48 * 60 * 60));
            let told = seat.retrieve(Ask::at_start("the last")).await.unwrap();
            let last = seat.record(Record { outcome: Some(scored(1.0)), ..Record::of(told.attempt) }).await.unwrap();
            seat.learnt(last.sequence).await.unwrap();
            let live_memories = all(&seat.memories().await.unwrap().unwrap(), &View::default());

            // The same ledger, from its beginning, into an empty namespace.
            let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
            let store = Store::in_memory(embedder.clone()).await.unwrap();
            let ledger = store.namespace("ledger").await.unwrap();
            let minutes = |minutes: u64| (minutes * 60_000) as f64;
            let waits = timeline::Waits { outcome: minutes(15), group: minutes(10), forgotten: minutes(24 * 60) };
            for entry in seat.opened().await.unwrap().ledger.entries(0, usize::MAX) {
                let again = memhost_store::NewEntry { kind: entry.kind, about: entry.about, body: entry.body };
                ledger.enter(vec![again], entry.at).await.unwrap();
            }
            let lineage = lineage::Lineage::open(lineage::Opening {
                seat: "desk/1/1".into(),
                configured: diary("afterwards").await,
                grants: Grants::embedder(embedder),
                ledger: ledger.clone(),
                memories: store.namespace("memories").await.unwrap(),
                time: place.time.clone(),
                waits,
                generations: (1..=generations).collect(),
                from: 1,
                most_memories: Some(50_000),
                is_frozen: false,
            }).await.unwrap();
            lineage.learnt(ledger.last_entry()).await;
            let refolded = all(lineage.caller.memories(), &View::default());
            lineage.stop().await;
            host.close().await.unwrap();
            (live_memories, refolded)
        });
        prop_assert_eq!(&live_memories, &refolded);
        let said: Vec<&str> = live_memories.iter().map(|memory| memory.content.as_str()).collect();
        for (id, expected) in &attempts {
            let credits = said.iter().filter(|said| said.ends_with(&format!(" for {id}"))).count();
            let is_credited = expected.outcome.is_some();
            prop_assert_eq!(credits, usize::from(is_credited), "{} {:?}", id, expected);
            let runs = said.iter().filter(|said| said.starts_with(&format!("{id} "))).count();
            prop_assert!(runs <= usize::from(expected.recorded), "{} {:?}", id, expected);
        }
    }
}

#[test]
fn what_ends_processes_again_and_again_is_given_up() {
    let place = Place::new();
    let mut told = None;
    // The first one ends at it, too, and had learnt something before.
    for life in 0..5 {
        live(async {
            let (host, seat) = at_work(&place).await;
            if life == 0 {
                done(&seat, "deadly", Some(scored(1.0))).await;
                told = Some(done(&seat, "harmless", Some(scored(1.0))).await.sequence);
            } else {
                // It is opened, and learns.
                seat.opened().await.unwrap();
            }
            let learnt = seat.learnt(told.unwrap());
            // Long enough for what is begun to be noted, and for what is harmless to be learnt.
            let most = Duration::from_millis(if life == 4 { 20_000 } else { 1_500 });
            let learnt = tokio::time::timeout(most, learnt).await;
            let standing = seat.standing().await.unwrap();
            match life {
                4 => {
                    learnt.unwrap().unwrap();
                    assert_eq!(standing.skipped, 1);
                    assert!(standing.skipped_for.unwrap().contains("3 processes"));
                    host.close().await.unwrap();
                }
                _ => assert_eq!((learnt.is_err(), standing.skipped), (true, 0)),
            }
        });
    }
}
