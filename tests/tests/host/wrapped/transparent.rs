//! A wrapper that passes everything through changes nothing: not a byte of what is said, written or measured.

use super::*;

/// A strategy, and all that it says.
struct Overheard {
    strategy: Arc<dyn Strategy>,
    said: Mutex<Vec<String>>,
}

impl Overheard {
    fn hear<T: std::fmt::Debug>(&self, call: &str, answer: Answer<T>) -> Answer<T> {
        let said = format!("{call}: {:?}", answer.result.as_ref().ok());
        self.said.lock().unwrap().push(said);
        answer
    }
}

#[async_trait]
impl Strategy for Overheard {
    fn description(&self) -> &Description {
        self.strategy.description()
    }

    fn phases(&self) -> Phases {
        self.strategy.phases()
    }

    fn digest(&self) -> &str {
        self.strategy.digest()
    }

    async fn plan(&self, settings: &[Setting]) -> Result<Plan, CallError> {
        self.strategy.plan(settings).await
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        settings: &[Setting],
    ) -> Answer<Guidance> {
        let answer = self.strategy.retrieve(context, query, settings).await;
        self.hear("retrieve", answer)
    }

    async fn distill(
        &self,
        context: CallContext,
        attempts: Vec<Attempt>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let answer = self.strategy.distill(context, attempts, settings).await;
        self.hear("distill", answer)
    }

    async fn update(
        &self,
        context: CallContext,
        feedback: Vec<Feedback>,
        settings: &[Setting],
    ) -> Answer<Vec<Change>> {
        let answer = self.strategy.update(context, feedback, settings).await;
        self.hear("update", answer)
    }
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _: usize, _: usize) {}
}

/// The first stream of a built-in suite.
fn suite(name: &str) -> Arc<Suite> {
    let mut suite = Suite::load(name).unwrap();
    suite.streams.truncate(1);
    Arc::new(suite)
}

/// What a strategy said on a suite, what was measured, and what it knows in the end.
struct Ran {
    said: Vec<String>,
    report: CellReport,
    memories: String,
    wall: Duration,
}

/// `None` where its plan does not fit the suite.
async fn ran(strategy: Arc<dyn Strategy>, suite: &Arc<Suite>) -> Option<Ran> {
    let settings = settings::defaults(&strategy.description().parameters);
    let overheard = Arc::new(Overheard {
        strategy,
        said: Mutex::default(),
    });
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder.clone()).await.unwrap();
    let testbed = Testbed {
        models: Arc::new(Models::all(Arc::new(Extractive))),
        ..Testbed::new(store.clone(), embedder)
    };
    let cell = Cell {
        strategy: overheard.clone(),
        settings,
        suite: suite.clone(),
        repetition: Repetition::default(),
        id: "cell".into(),
        most_memories: None,
    };
    let start = Instant::now();
    let report = match run_cell(&cell, &testbed, &Silent).await {
        Err(DriverError::Plan { .. }) => return None,
        report => report.unwrap(),
    };
    let wall = start.elapsed();
    let namespace = format!("cell/{}", suite.streams[0].name);
    let namespace = store.namespace(&namespace).await.unwrap();
    Some(Ran {
        said: std::mem::take(&mut overheard.said.lock().unwrap()),
        report: report.without_times(),
        memories: rows(namespace.memories()),
        wall,
    })
}

fn rows(memories: &Memories) -> String {
    let ids: Vec<String> = (1..10_000).map(|number| format!("m{number}")).collect();
    format!("{:#?}", memories.get(&ids, &View::default()))
}

/// The same without what it cost, and whose it is. A wrapper that has a phase is asked there, whatever it wraps, so that
/// calls are more.
fn figures(report: CellReport) -> CellReport {
    CellReport {
        fuel: Default::default(),
        phases: Default::default(),
        calls: 0,
        model: report
            .model
            .into_iter()
            .map(|(purpose, cost)| {
                let bare = purpose.rsplit('/').next().unwrap_or_default();
                (bare.to_owned(), cost)
            })
            .collect(),
        ..report
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_everything_is_passed_through_to_says_writes_and_measures_the_same() {
    for name in folders("plugins") {
        let mut compared = 0;
        for suite_name in ["transfer", "routing", "discovery"] {
            let suite = suite(suite_name);
            let bare = ran(load(&[&name]).await, &suite).await;
            let wrapped = ran(load(&["pass", &name]).await, &suite).await;
            let (bare, mut wrapped) = match (bare, wrapped) {
                (Some(bare), Some(wrapped)) => (bare, wrapped),
                // With the phases of its wrapper it may fit where it does not by itself.
                (None, _) => continue,
                (Some(_), None) => panic!("{name} fits {suite_name}, and not in its wrapper"),
            };
            compared += 1;
            let phases = load(&[&name]).await.phases();
            for (there, nothing) in [
                (phases.distill, "distill: Some([])"),
                (phases.update, "update: Some([])"),
            ] {
                wrapped.said.retain(|said| there || said != nothing);
            }
            if !phases.distill {
                wrapped.report.runs.distilled = 0;
            }
            let what = format!("{name} on {suite_name}");
            assert!(bare.said.len() > 20, "{what}: {}", bare.said.len());
            assert_eq!(wrapped.said.len(), bare.said.len(), "{what}");
            for (wrapped, bare) in wrapped.said.iter().zip(&bare.said) {
                assert_eq!(wrapped, bare, "{what}");
            }
            assert_eq!(wrapped.memories, bare.memories, "{what}");
            assert_eq!(figures(wrapped.report), figures(bare.report), "{what}");
            let more = wrapped.wall.saturating_sub(bare.wall);
            println!(
                "{what}: {} calls, {:?} more for each",
                bare.said.len(),
                more / bare.said.len() as u32
            );
        }
        assert!(compared > 0, "{name} was nowhere compared");
    }
}

/// One that lacks the phase too: what goes straight through is the same, and a note comes back to whom it belongs.
#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_keeps_notes_and_memories_leaves_what_it_wraps_as_it_is() {
    let suite = suite("forecast");
    let bare = ran(load(&["live-evo"]).await, &suite).await.unwrap();
    let wrapped = ran(load(&["hide", "live-evo"]).await, &suite)
        .await
        .unwrap();
    let texts = |said: &[String]| -> Vec<String> {
        let retrieved = said.iter().filter(|one| one.starts_with("retrieve"));
        let before_the_receipt = retrieved.map(|one| one.split("receipt:").next().unwrap());
        before_the_receipt.map(str::to_owned).collect()
    };
    assert_eq!(texts(&wrapped.said), texts(&bare.said));
    let notes: Vec<&String> = wrapped
        .said
        .iter()
        .filter(|one| one.contains("memhost:layers:") && one.contains("hidden: 0"))
        .collect();
    assert!(!notes.is_empty(), "the guard noted nothing");
    // Its own are there, and hear its own word.
    assert!(wrapped.memories.contains("hide:heard"));
    assert!(wrapped.memories.contains("content: \"hidden: 0\""));
    assert!(!wrapped.memories.contains("memhost:layers:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_plugin_in_a_wrapper_passes_its_checks() {
    let engine = engine();
    for name in folders("plugins") {
        for wrappers in [&["pass"][..], &["hide"], &["pass", "pass"]] {
            let names = [wrappers, &[&name]].concat();
            let subject = Subject::plugin(&engine, layers(&names), &[]).await.unwrap();
            let limits = Limits::default();
            let conformance = check(&subject, &limits, &memhost::Lance).await.unwrap();
            let failed: Vec<String> = conformance
                .failed()
                .map(|failed| format!("{}: {}", failed.check.name(), failed.came))
                .collect();
            assert!(failed.is_empty(), "{}: {failed:#?}", layers(&names));
        }
    }
}
