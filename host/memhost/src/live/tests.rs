//! A host at work: what was acknowledged is learnt, once, whoever is killed or swapped meanwhile.

mod fold;
mod keys;
mod managing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use memhost_contract::{
    Adjustment, Attempt, Authority, Change, Citation, Commit, Counter, Description, Fault,
    Feedback, Guidance, NewMemory, Op, Outcome, Plan, Query, Receipt, Scan, Setting, Source,
};
use memhost_models::embedding::Builtin;
use memhost_store::{InMemory, Memories, Store, View};
use memhost_strategy::capability::CallContext;
use memhost_strategy::{Answer, CallError, CallFailure, Phases, Strategy};

use super::*;
use crate::embedding::Embedder;
use crate::learning::{Configured, Grants};

/// Writes down whatever it is told, some of it under a condition.
struct Diary(Description);

impl Diary {
    fn named(name: &str) -> Arc<Diary> {
        Arc::new(Diary(Description {
            name: name.into(),
            version: "0.1.0".into(),
            summary: "Writes down whatever it is told.".into(),
            source: String::new(),
            parameters: vec![],
            requires: vec![],
            degraded: vec![],
        }))
    }

    fn all(&self, context: &CallContext) -> Vec<memhost_contract::Memory> {
        let memories = context.memories.as_ref().unwrap();
        all(memories, &context.view)
    }
}

fn all(memories: &Memories, view: &View) -> Vec<memhost_contract::Memory> {
    let scan = Scan {
        filter: vec![],
        order_by: None,
        descending: false,
        offset: 0,
        limit: 10_000,
        with_vectors: false,
    };
    let rows = memories.scan(&scan, view).unwrap();
    rows.into_iter().map(|row| row.memory).collect()
}

fn answer<T>(value: T) -> Answer<T> {
    Answer {
        result: Ok(value),
        usage: Default::default(),
    }
}

fn entry(kind: &str, content: String, attempt: &str, commit: Commit) -> Change {
    let mut memory = NewMemory::new(kind, content);
    memory.sources.push(Source::attempt(attempt));
    Change {
        op: Op::Insert(memory),
        commit,
    }
}

#[async_trait]
impl Strategy for Diary {
    fn description(&self) -> &Description {
        &self.0
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: true,
            update: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        &self.0.name
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        assert!(settings.is_empty());
        Ok(Plan {
            labels: memhost_contract::Labels::Graded,
            baseline_arm: self.0.name == "comparing",
            ..Plan::streaming()
        })
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        _: &[Setting],
    ) -> Answer<Guidance> {
        if query.task.text == "fail" || self.0.name == "broken" {
            return Answer {
                result: Err(CallError {
                    plugin: self.0.name.clone(),
                    call: "retrieve",
                    reason: CallFailure::Fault(Fault::Failed("as asked".into())),
                }),
                usage: Default::default(),
            };
        }
        let all = self.all(&context);
        let cite = |memory: &memhost_contract::Memory| Citation {
            memory: memory.id.clone(),
            score: 1.0,
        };
        let texts: Vec<&str> = all.iter().map(|memory| memory.content.as_str()).collect();
        if self.0.name == "blind" {
            return answer(Guidance::nothing());
        }
        answer(Guidance {
            text: texts.join("\n"),
            receipt: Receipt {
                used: all.iter().map(cite).collect(),
                ..Receipt::nothing()
            },
            ..Guidance::nothing()
        })
    }

    async fn distill(
        &self,
        context: CallContext,
        runs: Vec<Attempt>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        if self.0.name == "asking" {
            let models = context.models.as_ref().unwrap();
            if let Err(fault) = models.ready().await {
                return Answer {
                    result: Err(CallError {
                        plugin: self.0.name.clone(),
                        call: "distill",
                        reason: CallFailure::Fault(fault),
                    }),
                    usage: Default::default(),
                };
            }
        }
        if runs.iter().any(|run| run.task.text == "deadly") {
            std::future::pending::<()>().await;
        }
        let mut changes = Vec::new();
        for run in &runs {
            let commit = match run.id.bytes().map(u32::from).sum::<u32>() % 3 {
                0 => Commit::AtOnce,
                1 => Commit::IfNextAttemptSucceeds,
                _ => Commit::IfTrialGains(0.5),
            };
            let said = format!(
                "{} {:?} at {} after {} as {}",
                run.id,
                run.outcome.verdict,
                context.run.now,
                context.run.task_number,
                context.run.seed
            );
            changes.push(entry("run", said, &run.id, commit));
            if let Some(first) = self.all(&context).first() {
                let used = Op::Adjust(Adjustment {
                    target: first.id.clone().into(),
                    counter: Counter::Wins,
                    delta: 1.0,
                    least: None,
                    most: None,
                });
                changes.push(Change {
                    op: used,
                    commit: Commit::IfNextAttemptSucceeds,
                });
            }
        }
        answer(changes)
    }

    async fn update(
        &self,
        _: CallContext,
        told: Vec<Feedback>,
        _: &[Setting],
    ) -> Answer<Vec<Change>> {
        let told = told.iter().map(|told| {
            let said = match told.attempt.outcome.baseline {
                Some(without) => format!("{without} without {}", told.attempt.task.text),
                None => format!("{} for {}", told.receipt.id, told.attempt.id),
            };
            entry("credit", said, &told.attempt.id, Commit::AtOnce)
        });
        answer(told.collect())
    }
}

/// What outlives a process: a directory for journals, tables, and the time.
struct Place {
    directory: tempfile::TempDir,
    tables: InMemory,
    time: Arc<WoundTime>,
}

impl Place {
    fn new() -> Place {
        Place {
            directory: tempfile::tempdir().unwrap(),
            tables: InMemory::default(),
            time: Arc::new(WoundTime::at(1_000_000)),
        }
    }

    async fn open(&self) -> Host {
        self.open_within(LiveLimits::default()).await
    }

    async fn open_within(&self, limits: LiveLimits) -> Host {
        let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
        let path = self.directory.path().to_str().unwrap();
        let store = Store::open(path, embedder.clone(), &self.tables).await;
        let mut settings = LiveSettings::new(store.unwrap(), Grants::embedder(embedder));
        (settings.time, settings.limits) = (self.time.clone(), limits);
        Host::open(settings).await.unwrap()
    }
}

async fn diary(name: &str) -> Configured {
    Configured::with_defaults(Diary::named(name)).await.unwrap()
}

fn manage(host: &Host) -> Manager {
    host.manage(&Grant::everything(), "desk").unwrap()
}

fn seat_at(host: &Host) -> Seat {
    host.slot(&Grant::everything(), "desk", ONLY_TENANT)
        .unwrap()
}

async fn seat(host: &Host) -> Seat {
    seat_at(host)
}

/// A host with one slot, and its seat.
async fn at_work(place: &Place) -> (Host, Seat) {
    let host = place.open().await;
    host.add_slot("desk", diary("diary").await, Mode::Inherit)
        .await
        .unwrap();
    let seat = seat(&host).await;
    (host, seat)
}

fn scored(score: f64) -> Outcome {
    Outcome {
        score: Some(score),
        ..Outcome::known(score >= 0.5)
    }
}

async fn contents(seat: &Seat) -> Vec<String> {
    let Some(memories) = seat.memories().await.unwrap() else {
        return Vec::new();
    };
    let all = all(&memories, &View::default());
    all.into_iter().map(|memory| memory.content).collect()
}

async fn done(seat: &Seat, task: &str, outcome: Option<Outcome>) -> Kept {
    let told = seat.retrieve(Ask::at_start(task)).await.unwrap();
    let mut record = Record::of(told.attempt);
    record.outcome = outcome;
    seat.record(record).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_handed_out_to_whoever_asks_next() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let mut kept = done(&seat, "first", Some(scored(1.0))).await;
    for number in 0..5 {
        kept = done(&seat, &format!("task {number}"), Some(scored(1.0))).await;
    }
    let ask = Ask {
        after: Some(kept.sequence),
        ..Ask::at_start("another")
    };
    let told = seat.retrieve(ask).await.unwrap();
    assert!(
        told.text.contains(&kept.attempt) || told.text.contains("Success"),
        "{told:?}"
    );
    assert!(!told.cited.is_empty());
    let why = seat.explain(&told.attempt).await.unwrap();
    assert_eq!(why.handed_out.len(), 1);
    assert!(
        why.handed_out[0]
            .cited
            .iter()
            .all(|(_, memory)| memory.is_some())
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_that_fails_fails_no_call() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    done(&seat, "one", None).await;
    let told = seat.retrieve(Ask::at_start("fail")).await.unwrap();
    assert_eq!(told.text, "");
    assert!(told.degraded.unwrap().contains("as asked"));
    seat.record(Record::of(told.attempt)).await.unwrap();
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_told_once_and_its_outcome_once() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let told = seat.retrieve(Ask::at_start("one")).await.unwrap();
    let record = Record::of(&told.attempt);
    let first = seat.record(record.clone()).await.unwrap();
    assert_eq!(seat.record(record.clone()).await.unwrap(), first);
    let other = Record {
        answer: "another".into(),
        ..record
    };
    assert_eq!(
        seat.record(other).await.unwrap_err().code(),
        "idempotency-mismatch"
    );

    let outcome = seat
        .feedback(&told.attempt, scored(1.0), false)
        .await
        .unwrap();
    assert_eq!(
        seat.feedback(&told.attempt, scored(1.0), false)
            .await
            .unwrap(),
        outcome
    );
    let error = seat
        .feedback(&told.attempt, scored(0.0), false)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "outcome-known");
    let revised = seat
        .feedback(&told.attempt, scored(0.0), true)
        .await
        .unwrap();
    assert!(!revised.credited && revised.sequence > outcome.sequence);
    seat.learnt(revised.sequence).await.unwrap();
    let credits = contents(&seat)
        .await
        .iter()
        .filter(|said| said.contains(" for "))
        .count();
    assert_eq!(credits, 1);
    host.close().await.unwrap();
}

#[tokio::test]
async fn whoever_hangs_up_leaves_nothing_half_told() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let told = seat.retrieve(Ask::at_start("one")).await.unwrap();
    let record = Record::of(&told.attempt);
    // Polled once, which begins it, and dropped.
    let mut begun = Box::pin(seat.record(record.clone()));
    let is_open =
        std::future::poll_fn(|context| Poll::Ready(begun.as_mut().poll(context).is_pending()));
    assert!(is_open.await);
    drop(begun);
    let again = async {
        loop {
            match seat.record(record.clone()).await {
                Err(LiveError::InFlight(_)) => tokio::task::yield_now().await,
                kept => return kept,
            }
        }
    };
    let kept = tokio::time::timeout(Duration::from_secs(20), again).await;
    assert_eq!(kept.unwrap().unwrap().attempt, told.attempt);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_a_code() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let code = |error: LiveError| error.code();
    let empty = seat.retrieve(Ask::at_start("  ")).await.unwrap_err();
    assert_eq!(code(empty), "malformed");
    let foreign = seat.record(Record::of("a-of-nobody")).await.unwrap_err();
    assert_eq!(code(foreign), "no-such-attempt");
    let unknown = seat
        .feedback("nobody", scored(1.0), false)
        .await
        .unwrap_err();
    assert_eq!(code(unknown), "no-such-attempt");
    let kept = done(&seat, "one", None).await;
    for score in [1.5, -0.1, f64::NAN] {
        let error = seat
            .feedback(&kept.attempt, scored(score), false)
            .await
            .unwrap_err();
        assert_eq!(code(error), "score-out-of-range");
    }
    let grant = Grant::everything().with_authority(Authority::Agent);
    let agent = host.slot(&grant, "desk", ONLY_TENANT).unwrap();
    let claimed = agent
        .feedback(&kept.attempt, scored(1.0), false)
        .await
        .unwrap_err();
    assert_eq!(code(claimed), "not-granted");
    let slot = |grant: Grant, slot: &'static str, tenant: &'static str| {
        let host = host.clone();
        async move {
            host.slot(&grant, slot, tenant)
                .err()
                .map(|error| error.code())
        }
    };
    let own = Grant::everything().for_tenant("a");
    assert_eq!(slot(own, "desk", "b").await, Some("no-such-slot"));
    let only = Grant::everything().for_slots(["desk"]);
    assert_eq!(slot(only, "elsewhere", "_").await, Some("no-such-slot"));
    assert_eq!(
        slot(Grant::everything(), "desk", "../b").await,
        Some("malformed")
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_waits_for_its_outcome_and_a_late_one_still_credits() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let kept = done(&seat, "one", None).await;
    seat.learnt(kept.sequence).await.unwrap();
    assert!(contents(&seat).await.is_empty());
    place.time.wind(Duration::from_secs(15 * 60));
    // The host enters that time has passed.
    seat.learnt(kept.sequence + 1).await.unwrap();
    let late = seat
        .feedback(&kept.attempt, scored(1.0), false)
        .await
        .unwrap();
    seat.learnt(late.sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(
        said.contains(&format!("{0}.0 for {0}", kept.attempt)),
        "{said}"
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_sees_nothing_of_another() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let kept = done(&seat, "one", Some(scored(1.0))).await;
    seat.learnt(kept.sequence).await.unwrap();
    let other = host.slot(&Grant::everything(), "desk", "other").unwrap();
    let told = other.retrieve(Ask::at_start("one")).await.unwrap();
    assert_eq!(told.text, "");
    assert_eq!(
        other.explain(&kept.attempt).await.unwrap_err().code(),
        "no-such-attempt"
    );
    let error = other
        .feedback(&kept.attempt, scored(1.0), false)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "no-such-attempt");
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_a_store_is_refused_by_name() {
    let place = Place::new();
    let (host, _seat) = at_work(&place).await;
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let path = place.directory.path().to_str().unwrap();
    let store = Store::open(path, embedder.clone(), &place.tables)
        .await
        .unwrap();
    let second = Host::open(LiveSettings::new(store, Grants::embedder(embedder))).await;
    assert!(second.err().unwrap().to_string().contains("live"));
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_fails_no_call_and_loses_nothing() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let callers = (0..4).map(|caller| {
        let (seat, stop) = (seat.clone(), stop.clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            for number in 0.. {
                if stop.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
                let ask = Ask::at_start(format!("{caller}: {number}"));
                let told = seat.retrieve(ask).await.unwrap();
                assert_eq!(told.degraded, None);
                let mut record = Record::of(&told.attempt);
                record.outcome = Some(scored(1.0));
                done.push(seat.record(record).await.unwrap());
            }
            done
        })
    });
    let callers: Vec<_> = callers.collect();
    for number in 2..=6 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let name = format!("diary {number}");
        let next = manage(&host)
            .swap(diary(&name).await, Mode::Inherit)
            .await
            .unwrap();
        assert_eq!((next.number, next.lineage), (number, 1));
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut kept = Vec::new();
    for caller in callers {
        kept.extend(caller.await.unwrap());
    }
    let last = kept.iter().map(|kept| kept.sequence).max().unwrap();
    seat.learnt(last).await.unwrap();
    let said = contents(&seat).await;
    let mut credits = BTreeMap::new();
    for credit in said.iter().filter_map(|said| said.split_once(" for ")) {
        *credits.entry(credit.1.to_owned()).or_insert(0) += 1;
    }
    for kept in &kept {
        assert_eq!(credits.get(&kept.attempt), Some(&1), "{kept:?}");
    }
    assert_eq!(manage(&host).generations().await.len(), 6);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_strategy_begins_with_nothing_and_learns_from_now_on() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let before = done(&seat, "before", Some(scored(1.0))).await;
    seat.learnt(before.sequence).await.unwrap();
    assert!(!contents(&seat).await.is_empty());
    let next = manage(&host)
        .swap(diary("other").await, Mode::Fresh)
        .await
        .unwrap();
    assert_eq!((next.number, next.lineage), (2, 2));
    assert!(contents(&seat).await.is_empty());
    let after = done(&seat, "after", Some(scored(1.0))).await;
    seat.learnt(after.sequence).await.unwrap();
    let said = contents(&seat).await.join("\n");
    assert!(
        said.contains(&after.attempt) && !said.contains(&before.attempt),
        "{said}"
    );
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_goes_on_with_the_generation_that_it_had() {
    let place = Place::new();
    let (host, seat) = at_work(&place).await;
    let kept = done(&seat, "one", Some(scored(1.0))).await;
    seat.learnt(kept.sequence).await.unwrap();
    let said = contents(&seat).await;
    drop(seat);
    host.close().await.unwrap();

    let (host, seat) = at_work(&place).await;
    assert_eq!(manage(&host).generations().await.len(), 1);
    assert_eq!(contents(&seat).await, said);
    assert_eq!(
        seat.feedback(&kept.attempt, scored(1.0), false)
            .await
            .unwrap(),
        kept
    );
    drop(seat);
    host.close().await.unwrap();
    let host = place.open().await;
    let other = host
        .add_slot("desk", diary("other").await, Mode::Fresh)
        .await
        .unwrap();
    assert_eq!((other.number, other.lineage), (2, 2));
    host.close().await.unwrap();
}
