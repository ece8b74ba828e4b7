//! What is wrapped cites what it could see, and changes nothing that is its wrapper's own.

use std::collections::HashSet;

use memhost::learning::{Configured, Grants, Learner, Unobserved, WallClock};
use memhost::store::{Namespace, Transaction, Write};
use memhost::strategy::Wrapped;

use super::*;
use crate::hostile::{agent, task};

/// A namespace with two notes, `m1` and `m2`, and `m3` of the wrapper `guard`.
async fn notes() -> Namespace {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    let write = |kind: &str| {
        let mut note = NewMemory::new(kind, "Knock.");
        note.sources = vec![Source::attempt(format!("of-{kind}"))];
        Write::at_once(Op::Insert(note))
    };
    let writes = vec![write("note"), write("other"), write("guard:own")];
    let transaction = Transaction {
        writes,
        ..Transaction::default()
    };
    assert_eq!(
        namespace.apply(transaction).await.unwrap(),
        ["m1", "m2", "m3"]
    );
    namespace
}

/// Says nothing, cites four memories whatever it sees, and answers every other call with what it was made with.
struct Forger(Description, Vec<Change>);

/// Hands a retrieval on, with `m1` hidden; it has no other phase.
struct Guard(Description);

fn called(name: &str) -> Description {
    Description {
        name: name.into(),
        version: "1".into(),
        summary: "A test.".into(),
        source: String::new(),
        parameters: vec![],
        requires: vec![],
        degraded: vec![],
    }
}

#[async_trait]
impl Strategy for Forger {
    fn description(&self) -> &Description {
        &self.0
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            distill: true,
            update: true,
            evict: true,
            maintain: true,
            compact: true,
        }
    }

    fn digest(&self) -> &str {
        "test"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(&self, _: CallContext, _: Query, _: &[Setting]) -> Answer<Guidance> {
        let mut guidance = Guidance::nothing();
        guidance.receipt = cites_all();
        answered(guidance)
    }

    async fn compact(&self, _: CallContext, run: Context, _: &[Setting]) -> Answer<Compacted> {
        let mut compacted = Compacted::unchanged(run);
        compacted.receipt = cites_all();
        answered(compacted)
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        answered(self.1.clone())
    }

    async fn update(&self, _: CallContext, _: Vec<Feedback>, _: &[Setting]) -> Answer<Vec<Change>> {
        answered(self.1.clone())
    }

    async fn maintain(&self, _: CallContext, _: &[Setting]) -> Answer<Vec<Change>> {
        answered(self.1.clone())
    }

    async fn evict(&self, _: CallContext, _: Pressure, _: &[Setting]) -> Answer<Vec<String>> {
        answered(vec!["m2".into(), "m3".into()])
    }
}

#[async_trait]
impl Strategy for Guard {
    fn description(&self) -> &Description {
        &self.0
    }

    fn phases(&self) -> Phases {
        Phases {
            retrieve: true,
            ..Phases::default()
        }
    }

    fn digest(&self) -> &str {
        "test"
    }

    async fn plan(&self, _: &[Setting]) -> Result<Plan, CallError> {
        Ok(Plan::streaming())
    }

    async fn retrieve(
        &self,
        context: CallContext,
        query: Query,
        _: &[Setting],
    ) -> Answer<Guidance> {
        let inner = context.inner.clone().unwrap();
        let within = Some(context.within());
        let hide = vec!["m1".to_owned()];
        Answer {
            result: inner.retrieve(within, query, hide, vec![]).await,
            usage: Usage::default(),
        }
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        Answer::nothing()
    }
}

fn cites_all() -> Receipt {
    let cited = ["m1", "m2", "m3", "m4"].map(|id| Citation {
        memory: id.into(),
        score: 1.0,
    });
    Receipt {
        used: cited.to_vec(),
        ..Receipt::nothing()
    }
}

fn answered<T>(said: T) -> Answer<T> {
    Answer {
        result: Ok(said),
        usage: Usage::default(),
    }
}

fn forger(changes: Vec<Change>) -> Arc<dyn Strategy> {
    Arc::new(Forger(called("forger"), changes))
}

fn guarded(name: &str, inner: Arc<dyn Strategy>) -> Arc<dyn Strategy> {
    Arc::new(Wrapped::new(Arc::new(Guard(called(name))), inner).unwrap())
}

fn query() -> Query {
    Query::at_start(task(), agent(), 300)
}

async fn reading() -> CallContext {
    CallContext {
        memories: Some(notes().await.memories().clone()),
        ..CallContext::nothing_granted(Limits::default())
    }
}

fn cited(receipt: &Receipt) -> Vec<&str> {
    receipt.used.iter().map(|one| one.memory.as_str()).collect()
}

#[tokio::test]
async fn a_receipt_goes_without_what_was_hidden_from_the_call_and_the_log_says_so() {
    let answer = guarded("guard", forger(vec![]))
        .retrieve(reading().await, query(), &[])
        .await;
    let guidance = answer.result.unwrap();
    // What there is not is left to whoever looks it up.
    assert_eq!(cited(&guidance.receipt), ["m2", "m4"]);
    let [line] = &answer.usage.log[..] else {
        panic!("{:?}", answer.usage.log);
    };
    assert!(
        line.message
            .contains("memory `m1` and 1 more, which this call could not see"),
        "{}",
        line.message
    );
}

#[tokio::test]
async fn a_receipt_goes_without_what_the_task_may_not_draw_on() {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let configured = Configured::with_defaults(forger(vec![])).await.unwrap();
    let grants = Grants::embedder(embedder);
    let mut learner = Learner::new(configured, notes().await, grants, WallClock::default());
    let view = View {
        withheld: Arc::new(HashSet::from(["of-note".to_owned()])),
        ..View::default()
    };
    let retrieved = learner.retrieve(query(), &view, &mut Unobserved).await;
    assert_eq!(cited(&retrieved.guidance.receipt), ["m2", "m3", "m4"]);
    let run = Context {
        task: task(),
        agent: agent(),
        steps: vec![],
        summary: String::new(),
        token_budget: 64,
    };
    let shortened = learner.compact(run, &view, &mut Unobserved).await;
    assert_eq!(cited(&shortened.compacted.receipt), ["m2", "m3", "m4"]);
}

/// What becomes of changes that are handed straight through wrappers with these names, the outermost first.
async fn written(names: &[&str], change: Op) -> Result<usize, String> {
    let change = Change {
        op: change,
        commit: Commit::AtOnce,
    };
    let mut strategy = forger(vec![change]);
    for name in names.iter().rev() {
        strategy = guarded(name, strategy);
    }
    let mut outcomes = Vec::new();
    let context = reading().await;
    for answer in [
        strategy.distill(context.clone(), vec![], &[]).await,
        strategy.update(context.clone(), vec![], &[]).await,
        strategy.maintain(context, &[]).await,
    ] {
        outcomes.push(
            answer
                .result
                .map(|changes| changes.len())
                .map_err(|error| error.to_string()),
        );
    }
    let same = |outcome: &Result<usize, String>| outcome.is_ok() == outcomes[0].is_ok();
    assert!(outcomes.iter().all(same), "{outcomes:?}");
    outcomes.swap_remove(0)
}

#[tokio::test]
async fn what_is_wrapped_changes_nothing_that_is_its_wrappers_own() {
    let link = |source: &str, target: &str| NewLink {
        source: source.into(),
        target: target.into(),
        kind: "k".into(),
        weight: 1.0,
    };
    let blob = |name: &str| Blob {
        name: name.into(),
        bytes: vec![1],
    };
    for (own, others, told) in [
        (
            Op::Insert(NewMemory::new("guard:own", "")),
            Op::Insert(NewMemory::new("guards", "")),
            "it inserts a memory of the kind `guard:own`",
        ),
        (
            Op::Revise(Patch::to_state("m3", State::Archived)),
            Op::Revise(Patch::to_state("m1", State::Archived)),
            "it revises memory `m3`",
        ),
        (
            Op::Remove("m3".into()),
            Op::Remove("m9".into()),
            "it removes memory `m3`",
        ),
        (
            Op::Connect(link("m1", "m3")),
            Op::Connect(link("m1", "m2")),
            "it links memory `m3`",
        ),
        (
            Op::Save(blob("guard:b")),
            Op::Save(blob("b")),
            "it saves the blob `guard:b`",
        ),
    ] {
        assert_eq!(written(&["guard"], others).await, Ok(1));
        let error = written(&["guard"], own).await.unwrap_err();
        let place = "plugin `guard(forger): forger`, call `distill`: it breaks the contract";
        assert!(error.starts_with(place) && error.contains(told), "{error}");
    }
    let strategy = guarded("guard", forger(vec![]));
    let pressure = Pressure {
        memories: 3,
        most_memories: Some(1),
        most_tokens: None,
    };
    let error = strategy.evict(reading().await, pressure, &[]).await.result;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("it lets go memory `m3`"), "{error}");
}

#[tokio::test]
async fn every_wrapper_keeps_what_is_its_own_and_a_wrapper_around_itself_shares_it() {
    let own = || Op::Insert(NewMemory::new("guard:own", ""));
    for names in [
        &["guard", "other"][..],
        &["other", "guard"],
        &["guard", "guard"],
    ] {
        let error = written(names, own()).await.unwrap_err();
        assert!(error.contains("`guard:own`"), "{names:?}: {error}");
    }
    assert_eq!(written(&["other"], own()).await, Ok(1));
}
