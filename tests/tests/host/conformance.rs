//! Every fault is caught by the check that it is for, and plugins without one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use memhost::Lance;
use memhost::capability::CallContext;
use memhost::conformance::fresh_process::{Answers, Errand, Process, answer};
use memhost::conformance::{
    Check, CheckOutcome, Checked, Conformance, ConformanceError, Origin, Subject, cache, check,
};
use memhost::contract::{
    Attempt, Change, Description, Feedback, Guidance, Op, Plan, Pressure, Query, Range, Setting,
};
use memhost::engine::{Engine, EngineOptions, Plugin};
use memhost::limits::Limits;
use memhost::settings;
use memhost::strategy::{Answer, CallError, Phases, Strategy};
use memhost_tests::{folders, plugin};

/// With compiled code kept, because every check of a restart loads the plugin anew.
fn engine() -> Engine {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    let options = EngineOptions {
        cache: Some(cache),
        ..EngineOptions::default()
    };
    Engine::new(options).unwrap()
}

async fn checked(name: &str, chosen: &[(&str, &str)]) -> Conformance {
    let chosen: Vec<(String, String)> = chosen
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let subject = Subject::plugin(&engine(), &plugin(name), &chosen).await;
    check(&subject.unwrap(), &Limits::default(), &Lance)
        .await
        .unwrap()
}

/// What failed, a line each, without the places in the source.
fn told(conformance: &Conformance) -> String {
    let lines = conformance.failed().map(|failed| {
        let name = failed.check.name();
        format!(
            "{name}: expected: {}; came: {}",
            failed.expected, failed.came
        )
    });
    let told: Vec<String> = lines.collect();
    without_places(&told.join("\n"))
}

/// `src/lib.rs:12:3` as `src/lib.rs`.
fn without_places(text: &str) -> String {
    let mut pieces = text.split(".rs:");
    let mut told = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        told.push_str(".rs: ");
        told.push_str(
            piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == ' '),
        );
    }
    told
}

/// The faults of the guest `broken`, and the check that each is for.
const FAULTS: [(&str, Check); 22] = [
    ("keeps-in-static", Check::RoundTrip),
    ("finds-by-another-key", Check::RoundTrip),
    ("counts-tasks", Check::Restart),
    ("ignores-the-budget", Check::Budget),
    ("counts-bytes", Check::Budget),
    ("writes-one-word", Check::Budget),
    ("invents-ids", Check::Eviction),
    ("lets-go-too-little", Check::Eviction),
    ("lets-go-of-all", Check::Eviction),
    ("cites-what-it-looked-at", Check::Receipts),
    ("cites-nothing", Check::Receipts),
    ("cites-by-title", Check::Receipts),
    ("wants-words", Check::EmptyInputs),
    ("wants-steps", Check::EmptyInputs),
    ("cuts-bytes", Check::Unicode),
    ("compares-all-with-all", Check::TenThousand),
    ("obeys-memories", Check::Poison),
    ("obeys-attempts", Check::Poison),
    ("asks-undeclared", Check::DegradedModes),
    ("needs-undeclared", Check::DegradedModes),
    ("compares-all-steps", Check::Limits),
    ("copies-what-came-before", Check::Limits),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_caught_by_its_check_and_by_no_other() {
    let mut all = String::new();
    for (fault, by) in FAULTS {
        let conformance = checked("broken", &[("fault", fault)]).await;
        let failed: Vec<Check> = conformance.failed().map(|failed| failed.check).collect();
        let told = told(&conformance);
        assert_eq!(failed, [by], "{fault}: {told}");
        assert!(!conformance.passed());
        writeln!(all, "{fault}\n    {told}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_fault_for_every_check() {
    let outside = [Check::Determinism, Check::NamespaceLeak];
    for check in Check::ALL {
        let has_one = FAULTS.iter().any(|(_, by)| *by == check) || outside.contains(&check);
        assert!(has_one, "{}", check.name());
    }
    let broken = Plugin::load(&engine(), &plugin("broken")).await.unwrap();
    let Some(Range::Choices(choices)) = &broken.description().parameters[0].range else {
        panic!("{:?}", broken.description().parameters);
    };
    let faults = FAULTS.map(|(fault, _)| fault);
    let untested: Vec<&String> = choices
        .iter()
        .filter(|choice| !faults.contains(&choice.as_str()))
        .collect();
    assert_eq!(untested, ["none"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_plugin_without_a_fault_passes_every_check() {
    let conformance = checked("broken", &[]).await;
    assert!(conformance.passed(), "{}", told(&conformance));
    for made in &conformance.checks {
        assert_eq!(made.outcome, CheckOutcome::Passed, "{}", made.check.name());
    }
    let calls: BTreeMap<&str, u64> = conformance
        .calls
        .iter()
        .map(|cost| (cost.call.as_str(), cost.fuel.min(cost.memory_bytes)))
        .collect();
    assert_eq!(
        calls.keys().copied().collect::<Vec<_>>(),
        ["distill", "evict", "retrieve", "update"]
    );
    assert!(calls.values().all(|measured| *measured > 0), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_plugin_that_memhost_brings_passes() {
    let plugins: [(&str, &[(&str, &str)]); 11] = [
        ("recency", &[]),
        ("rag", &[]),
        ("rag", &[("mode", "hybrid")]),
        ("rag", &[("mode", "lexical"), ("unit", "step")]),
        ("reasoningbank", &[]),
        ("reasoningbank", &[("scaling", "parallel")]),
        ("memcollab", &[]),
        ("memcollab", &[("version", "v2")]),
        ("live-evo", &[]),
        ("tide", &[("negatives", "true"), ("mode", "workspace")]),
        ("tide", &[("refine", "total")]),
    ];
    let names: BTreeSet<String> = plugins.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(Vec::from_iter(names), folders("plugins"));
    for (name, chosen) in plugins {
        let conformance = checked(name, chosen).await;
        assert!(
            conformance.passed(),
            "{name} {chosen:?}: {}",
            told(&conformance)
        );
        let none = conformance
            .checks
            .iter()
            .filter(|made| made.outcome == CheckOutcome::DoesNotApply);
        let none: Vec<Check> = none.map(|made| made.check).collect();
        assert_eq!(none, [Check::Eviction], "{name} {chosen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_puts_memories_in_order_or_shortens_runs_is_checked_in_that() {
    for (name, call) in [("tidy", "maintain"), ("brief", "compact")] {
        let conformance = checked(name, &[]).await;
        assert!(conformance.passed(), "{name}: {}", told(&conformance));
        let calls = conformance.calls.iter();
        let calls: Vec<&str> = calls.map(|cost| cost.call.as_str()).collect();
        assert!(calls.contains(&call), "{name}: {calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_passed_is_not_checked_again_and_who_failed_is() {
    let directory = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(directory.path()).unwrap().count();
    let once = async |chosen: &[(String, String)], limits: &Limits| {
        let subject = Subject::plugin(&engine(), &plugin("broken"), chosen)
            .await
            .unwrap();
        cache::check_once(&subject, limits, &Lance, Some(directory.path()))
            .await
            .unwrap()
    };
    let limits = Limits::default();
    let first = once(&[], &limits).await;
    assert_eq!(files(), 1);
    assert_eq!(once(&[], &limits).await, first, "times and all");
    let fault = [("fault".to_owned(), "counts-tasks".to_owned())];
    assert!(!once(&fault, &limits).await.passed());
    assert!(!once(&fault, &limits).await.passed());
    assert_eq!(files(), 1);
    let fuel = limits.fuel / 2;
    once(&[], &Limits { fuel, ..limits }).await;
    assert_eq!(files(), 2);
}

// ---- another process --------------------------------------------------------------------------------------------

/// What stands for another process, and how often it was started.
struct Elsewhere {
    started: AtomicU64,
    ends: Ending,
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    /// It answers as a process should.
    Well,
    /// It answers one question differently.
    Changed,
    /// It leaves a question out.
    Short,
    /// The plugin fails there.
    Failed,
    /// There is no such process.
    Absent,
}

#[async_trait]
impl Process for Elsewhere {
    async fn ask(&self, errand: &Errand) -> Result<Answers, ConformanceError> {
        self.started.fetch_add(1, Ordering::Relaxed);
        let absent = || ConformanceError::Process {
            program: "nowhere".to_owned(),
            reason: "there is none".to_owned(),
        };
        let here = Subject::plugin(&engine(), &plugin("rag"), &[]).await?;
        let Answers::Given(mut given) = answer(&here, errand, &Lance).await? else {
            panic!("it fails");
        };
        match self.ends {
            Ending::Well => {}
            Ending::Changed => given[3].text.push('!'),
            Ending::Short => drop(given.pop()),
            Ending::Failed => return Ok(Answers::Failed("`retrieve` fails".to_owned())),
            Ending::Absent => return Err(absent()),
        }
        Ok(Answers::Given(given))
    }
}

/// What the check of a restart comes to with such a process.
async fn restarted(ends: Ending) -> Result<Checked, ConformanceError> {
    let process = Arc::new(Elsewhere {
        started: AtomicU64::new(0),
        ends,
    });
    let subject = Subject::plugin(&engine(), &plugin("rag"), &[]).await?;
    let subject = subject.asked_afresh_by(process.clone());
    let conformance = check(&subject, &Limits::default(), &Lance).await;
    assert_eq!(
        process.started.load(Ordering::Relaxed),
        1,
        "it is asked once"
    );
    let mut checks = conformance?.checks.into_iter();
    Ok(checks.find(|made| made.check == Check::Restart).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_answers_otherwise_is_caught() {
    let well = restarted(Ending::Well).await.unwrap();
    assert_eq!(
        (well.outcome, well.came.as_str()),
        (
            CheckOutcome::Passed,
            "6 answers are the same in a fresh process"
        )
    );
    for (ends, came) in [
        (
            Ending::Changed,
            "in a fresh process, whose counters begin at 0",
        ),
        (
            Ending::Short,
            "it gave 6 answers before, and 5 in a fresh process",
        ),
        (Ending::Failed, "in a fresh process: `retrieve` fails"),
    ] {
        let made = restarted(ends).await.unwrap();
        assert_eq!(made.outcome, CheckOutcome::Failed);
        assert!(made.came.contains(came), "{}", made.came);
    }
    let error = restarted(Ending::Absent).await.unwrap_err();
    assert!(
        error.to_string().contains("`nowhere`, could not be asked"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_program_no_process_is_claimed() {
    let conformance = checked("rag", &[]).await;
    let mut checks = conformance.checks.iter();
    let made = checks.find(|made| made.check == Check::Restart).unwrap();
    assert_eq!(
        made.came,
        "6 answers are the same in a fresh engine, store and instance (no process was started)"
    );
}

// ---- what a guest cannot do, or not by a setting --------------------------------------------------------------

/// A strategy outside of the sandbox, as a program that embeds memhost may bring one: the guest `broken` without a
/// fault, and a variable that outlives its calls.
struct Outside {
    inner: Arc<dyn Strategy>,
    description: Description,
    habit: Habit,
}

#[derive(Clone, Copy)]
enum Habit {
    /// It numbers its memories with a counter of the process.
    Counts,
    /// It mentions what it learnt last, wherever that was.
    Gossips,
    /// It says that it can do without a language model, and cannot.
    Boasts,
}

static COUNTER: AtomicU64 = AtomicU64::new(0);
static LEARNT_LAST: Mutex<String> = Mutex::new(String::new());

#[async_trait]
impl Strategy for Outside {
    fn description(&self) -> &Description {
        &self.description
    }

    fn phases(&self) -> Phases {
        self.inner.phases()
    }

    fn digest(&self) -> &str {
        self.inner.digest()
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        self.inner.plan(settings).await
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        let budget = query.token_budget;
        let mut answer = self.inner.retrieve(context, query, settings).await;
        if let (Habit::Gossips, Ok(guidance)) = (self.habit, &mut answer.result) {
            let longer = format!(
                "{}\nBy the way: {}",
                guidance.text,
                LEARNT_LAST.lock().unwrap()
            );
            if !guidance.text.is_empty() && memhost_words::count(&longer) <= budget {
                guidance.text = longer;
            }
        }
        answer
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        if let (Habit::Gossips, Some(attempt)) = (self.habit, attempts.first()) {
            LEARNT_LAST.lock().unwrap().clone_from(&attempt.task.text);
        }
        let mut answer = self.inner.distill(context, attempts, settings).await;
        if let (Habit::Counts, Ok(changes)) = (self.habit, &mut answer.result) {
            for change in changes {
                if let Op::Insert(memory) = &mut change.op {
                    memory.payload = COUNTER.fetch_add(1, Ordering::Relaxed).to_string();
                }
            }
        }
        answer
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        self.inner.update(context, feedback, settings).await
    }

    async fn evict(
        &self,
        context: CallContext,
        pressure: Pressure,
        settings: &[Setting],
    ) -> Answer<Vec<String>> {
        self.inner.evict(context, pressure, settings).await
    }
}

struct OutsideFrom(PathBuf, Habit);

#[async_trait]
impl Origin for OutsideFrom {
    async fn anew(&self) -> Result<Arc<dyn Strategy>, ConformanceError> {
        let inner = Arc::new(Plugin::load(&engine(), &self.0).await?);
        let mut description = inner.description().clone();
        if let Habit::Boasts = self.1 {
            let how = "Without a language model it takes the task's own words.";
            description.degraded.push(how.to_owned());
        }
        Ok(Arc::new(Outside {
            inner,
            description,
            habit: self.1,
        }))
    }
}

async fn checked_outside(habit: Habit, fault: &str) -> Conformance {
    let origin = Arc::new(OutsideFrom(plugin("broken"), habit));
    let strategy = origin.anew().await.unwrap();
    let chosen = [("fault".to_owned(), fault.to_owned())];
    let settings =
        settings::resolve("broken", &strategy.description().parameters, &chosen).unwrap();
    let subject = Subject::new(origin, settings).await.unwrap();
    check(&subject, &Limits::default(), &Lance).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_the_process_is_caught_by_determinism() {
    insta::assert_snapshot!(told(&checked_outside(Habit::Counts, "none").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_all_namespaces_share_is_caught_as_a_leak() {
    insta::assert_snapshot!(told(&checked_outside(Habit::Gossips, "none").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_it_needs_no_model_must_need_none() {
    let conformance = checked_outside(Habit::Boasts, "needs-undeclared").await;
    insta::assert_snapshot!(told(&conformance));
}
