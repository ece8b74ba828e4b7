//! Layers: each has its own settings, limits, costs and memories, and errors say in which something happened.

use std::collections::HashSet;

use memhost::engine::Plugin;
use memhost::model::{Completion, LanguageModel};
use memhost::store::{Transaction, Write};
use memhost::strategy::{NotWrapped, Wrapped};

use super::*;
use crate::hostile::{Answers, NeverAnswers, agent, task};

fn query() -> Query {
    Query::at_start(task(), agent(), 300)
}

/// Asks what a wrapper wraps to misbehave in this way.
async fn asked(names: &[&str], wish: &str, context: CallContext) -> Answer<Guidance> {
    let strategy = load(names).await;
    let parameter = format!("{}do", "inner.".repeat(names.len() - 1));
    let settings = chosen(&*strategy, &[(&parameter, wish)]);
    strategy.retrieve(context, query(), &settings).await
}

fn context(limits: Limits) -> CallContext {
    with_model(Answers, limits)
}

fn with_model(model: impl LanguageModel + 'static, limits: Limits) -> CallContext {
    CallContext {
        models: Some(Arc::new(Models::all(Arc::new(model)))),
        ..CallContext::nothing_granted(limits)
    }
}

#[tokio::test]
async fn a_wrapped_strategy_describes_itself_as_both() {
    let strategy = load(&["hide", "pass", "rag"]).await;
    let description = strategy.description();
    assert_eq!(description.name, "hide(pass(rag))");
    let names: Vec<&str> = description
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    assert_eq!(names[0], "ids");
    assert!(names.contains(&"inner.inner.k"), "{names:?}");
    let digests = strategy.digest();
    assert_eq!(digests.matches("sha256:").count(), 3, "{digests}");
    assert!(strategy.phases().distill && strategy.phases().update);
    let rag = load(&["rag"]).await;
    let plan = strategy.plan(&chosen(&*strategy, &[])).await.unwrap();
    assert_eq!(plan, rag.plan(&chosen(&*rag, &[])).await.unwrap());
}

#[tokio::test]
async fn a_plan_adds_up_and_a_setting_reaches_the_layer_that_it_names() {
    let strategy = load(&["pass", "reasoningbank"]).await;
    let bare = load(&["reasoningbank"]).await;
    let plan = strategy.plan(&chosen(&*strategy, &[])).await.unwrap();
    let bare_plan = bare.plan(&chosen(&*bare, &[])).await.unwrap();
    assert_eq!(plan, bare_plan);
    assert!(plan.calls.distill > 0.0);
    let parameters = &strategy.description().parameters;
    let wrong = [("inner.nothing".to_owned(), "1".to_owned())];
    let error = settings::resolve("pass(reasoningbank)", parameters, &wrong).unwrap_err();
    assert!(error.to_string().contains("inner."), "{error}");
}

#[tokio::test]
async fn an_error_names_the_layer_in_which_it_happened() {
    let tight = || Limits {
        fuel: 50_000_000,
        ..Limits::default()
    };
    for (names, wish, told) in [
        (
            &["pass", "hostile"][..],
            "fault",
            "plugin `pass(hostile): hostile`, call `retrieve`: invalid input: as asked",
        ),
        (
            &["pass", "hostile"],
            "panic",
            "plugin `pass(hostile): hostile`, call `retrieve`: it panicked or aborted",
        ),
        (
            &["pass", "hostile"],
            "cite nonsense",
            "plugin `pass(hostile): hostile`, call `retrieve`: it breaks the contract",
        ),
        (
            &["pass", "pass", "hostile"],
            "loop forever",
            "plugin `pass(pass(hostile)): pass(hostile): hostile`, call `retrieve`: ",
        ),
    ] {
        let error = asked(names, wish, context(tight()))
            .await
            .result
            .unwrap_err();
        assert!(error.to_string().starts_with(told), "{error}");
    }
    let strategy = load(&["hide", "hostile"]).await;
    let misled = [Setting {
        name: "ids".into(),
        value: Value::Flag(true),
    }];
    let own = strategy.retrieve(context(tight()), query(), &misled).await;
    let error = own.result.unwrap_err().to_string();
    assert!(error.starts_with("plugin `hide(hostile)`, call"), "{error}");
}

#[tokio::test]
async fn model_calls_are_booked_by_layer_and_their_limit_is_shared() {
    let limits = Limits {
        model_calls: 4,
        ..Limits::default()
    };
    let answer = asked(&["pass", "hostile"], "ask a model", context(limits.clone())).await;
    assert_eq!(answer.result.unwrap().text, "well.well.well.");
    let purposes: HashSet<&str> = answer
        .usage
        .model_calls
        .iter()
        .map(|call| call.purpose.as_str())
        .collect();
    assert_eq!(answer.usage.model_calls.len(), 3);
    assert!(
        purposes.iter().all(|one| one.starts_with("inner/")),
        "{purposes:?}"
    );
    let tight = Limits {
        model_calls: 2,
        ..limits
    };
    let answer = asked(&["pass", "pass", "hostile"], "ask a model", context(tight)).await;
    let error = answer.result.unwrap_err().to_string();
    assert!(error.contains("`model_calls`"), "{error}");
    let purposes = answer.usage.model_calls.iter().map(|call| &call.purpose);
    let twice_inside = purposes.filter(|one| one.starts_with("inner/inner/"));
    assert_eq!(twice_inside.count(), 2);
}

/// Two wrapped calls in one call of the wrapper do not get the limit twice.
#[tokio::test]
async fn asking_twice_does_not_double_the_limit() {
    let strategy = Wrapped::new(Arc::new(Twice::new()), load(&["hostile"]).await).unwrap();
    let limits = Limits {
        model_calls: 4,
        ..Limits::default()
    };
    let settings = chosen(&strategy, &[("inner.do", "ask a model")]);
    let answer = strategy.retrieve(context(limits), query(), &settings).await;
    assert!(answer.result.is_err());
    assert_eq!(answer.usage.model_calls.len(), 4);
}

#[tokio::test]
async fn asking_twice_does_not_double_what_is_kept_of_the_log() {
    let strategy = Wrapped::new(Arc::new(Twice::new()), load(&["hostile"]).await).unwrap();
    let limits = Limits {
        log_lines: 150,
        ..Limits::default()
    };
    let settings = chosen(&strategy, &[("inner.do", "log 100 lines")]);
    let answer = strategy.retrieve(context(limits), query(), &settings).await;
    answer.result.unwrap();
    assert_eq!(answer.usage.log.len(), 150);
    assert_eq!(answer.usage.log[149].message, "inner/49");
}

#[tokio::test]
async fn a_wrappers_parameter_is_not_called_like_one_of_what_it_wraps() {
    let mut confusing = Twice::new();
    confusing.0.parameters.push(Parameter {
        name: "inner.do".into(),
        default: Value::Flag(true),
        source_value: None,
        range: None,
        doc: String::new(),
    });
    let error = Wrapped::new(Arc::new(confusing), load(&["hostile"]).await).err();
    let told = error.unwrap().to_string();
    assert!(
        told.contains("`twice` has the parameter `inner.do`"),
        "{told}"
    );
}

/// Asks what it wraps twice, in this process.
struct Twice(Description);

impl Twice {
    fn new() -> Twice {
        Twice(Description {
            name: "twice".into(),
            version: "1".into(),
            summary: "Asks twice.".into(),
            source: String::new(),
            parameters: vec![],
            requires: vec![],
            degraded: vec![],
        })
    }
}

#[async_trait]
impl Strategy for Twice {
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
        let mut result = Ok(Guidance::nothing());
        for _ in 0..2 {
            if result.is_ok() {
                let within = Some(context.within());
                result = inner.retrieve(within, query.clone(), vec![], vec![]).await;
            }
        }
        Answer {
            result,
            usage: Usage::default(),
        }
    }

    async fn distill(&self, _: CallContext, _: Vec<Attempt>, _: &[Setting]) -> Answer<Vec<Change>> {
        Answer::nothing()
    }
}

#[tokio::test]
async fn both_layers_end_at_the_same_time() {
    let patient = Limits {
        fuel: u64::MAX / 2,
        wall_clock: Duration::from_millis(300),
        ..Limits::default()
    };
    let answer = asked(
        &["pass", "hostile"],
        "loop forever",
        context(patient.clone()),
    )
    .await;
    let error = answer.result.unwrap_err();
    assert_eq!(error.limit(), Some(Limit::WallClock), "{error}");
    assert!(error.to_string().contains("hostile): hostile"), "{error}");
    assert!(
        answer.usage.wall < Duration::from_secs(5),
        "{:?}",
        answer.usage.wall
    );
    assert!(answer.usage.fuel > 0);
    // Waiting for a model is no time of the wrapper's either.
    let waiting = Limits {
        model_wait: Duration::from_millis(900),
        ..patient
    };
    let start = Instant::now();
    let context = with_model(NeverAnswers, waiting);
    let answer = asked(&["pass", "hostile"], "ask a model", context).await;
    let error = answer.result.unwrap_err();
    assert_eq!(error.limit(), Some(Limit::ModelWait), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(900));
    assert_eq!(
        answer.usage.model_calls.len(),
        3,
        "what was under way is lost"
    );
}

/// A namespace with three notes of the guest `own-strategy`'s kind, and one of the wrapper's own.
async fn three_notes() -> Memories {
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::in_memory(embedder).await.unwrap();
    let namespace = store.namespace("a").await.unwrap();
    let note = |kind: &str, content: &str| {
        let mut memory = NewMemory::new(kind, content);
        memory.keys.push(Key::new("task", "the task"));
        Write::at_once(Op::Insert(memory))
    };
    let written = namespace
        .apply(Transaction {
            writes: vec![
                note("note", "Knock."),
                note("note", "Wait."),
                note("note", "Enter."),
                note("pass:own", "Mine."),
                note("hide:own", "Mine too."),
            ],
            ..Transaction::default()
        })
        .await
        .unwrap();
    assert_eq!(written.len(), 5);
    namespace.memories().clone()
}

/// What `tidy`, which says all the notes that it finds, says in these wrappers.
async fn said(names: &[&str], ids: &str) -> String {
    let strategy = load(names).await;
    let hide = names.iter().position(|name| *name == "hide");
    let parameter = hide.map(|place| format!("{}ids", "inner.".repeat(place)));
    let chosen_ids = parameter.iter().map(|name| (name.as_str(), ids));
    let settings = chosen(&*strategy, &chosen_ids.collect::<Vec<_>>());
    let context = CallContext {
        memories: Some(three_notes().await),
        ..context(Limits::default())
    };
    let answer = strategy.retrieve(context, query(), &settings).await;
    answer.result.unwrap().text
}

#[tokio::test]
async fn what_a_wrapper_hides_is_not_there() {
    let all = said(&["tidy"], "").await;
    for word in ["Knock.", "Wait.", "Enter.", "Mine.", "Mine too."] {
        assert!(all.contains(word), "{all}");
    }
    for names in [
        &["hide", "tidy"][..],
        &["pass", "hide", "tidy"],
        &["hide", "pass", "tidy"],
    ] {
        let hidden = said(names, "m2,m9").await;
        assert!(
            hidden.contains("Knock.") && hidden.contains("Enter."),
            "{hidden}"
        );
        assert!(!hidden.contains("Wait."), "{hidden}");
    }
}

#[tokio::test]
async fn what_is_a_wrappers_own_what_it_wraps_does_not_see() {
    let said_in = async |names: &[&str]| said(names, "").await;
    let in_pass = said_in(&["pass", "tidy"]).await;
    assert!(
        !in_pass.contains("Mine.") && in_pass.contains("Mine too."),
        "{in_pass}"
    );
    for names in [
        &["hide", "pass", "tidy"][..],
        &["pass", "hide", "tidy"],
        &["pass", "pass", "tidy"],
    ] {
        let text = said_in(names).await;
        assert!(!text.contains("Mine."), "{text}");
    }
}

async fn refused(names: &[&str]) -> String {
    match layers(names).strategy(&engine()).await {
        Ok(strategy) => panic!("{} was loaded", strategy.description().name),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_wrapper_wraps_something_and_only_a_wrapper_does() {
    let alone = refused(&["pass"]).await;
    assert!(
        alone.contains("has nothing to wrap") && alone.contains("guard(rag)"),
        "{alone}"
    );
    let around_nothing = refused(&["pass", "hide"]).await;
    assert!(
        around_nothing.contains("has nothing to wrap"),
        "{around_nothing}"
    );
    let no_wrapper = refused(&["rag", "recency"]).await;
    assert!(no_wrapper.contains("it is no wrapper"), "{no_wrapper}");
    let Err(error) = Plugin::load(&engine(), &plugin("pass")).await else {
        panic!("a wrapper was loaded alone");
    };
    assert!(error.to_string().contains("has nothing to wrap"), "{error}");
}

#[tokio::test]
async fn what_is_composed_is_loaded_as_layers_and_not_as_one_plugin() {
    let (strategy, file) = layers(&["pass", "rag"]).compose(&engine()).await.unwrap();
    assert_eq!(strategy.description().name, "pass(rag)");
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("one.wasm");
    std::fs::write(&path, file).unwrap();
    let loaded = Layers::from(&path).strategy(&engine()).await.unwrap();
    assert_eq!(loaded.digest(), strategy.digest());
    let Err(error) = Plugin::load(&engine(), &path).await else {
        panic!("what is composed was loaded as one plugin");
    };
    let told = error.to_string();
    assert!(told.contains("load it with `Layers`"), "{told}");
}

#[tokio::test]
async fn four_layers_are_enough_and_five_are_too_many() {
    assert_eq!(MOST_LAYERS, 4);
    let four = load(&["pass", "pass", "pass", "rag"]).await;
    assert_eq!(four.description().name, "pass(pass(pass(rag)))");
    let told = refused(&["pass", "pass", "pass", "pass", "rag"]).await;
    assert!(
        told.contains("`pass(pass(pass(pass(rag))))` has 5 strategies"),
        "{told}"
    );
    let error = Wrapped::new(Arc::new(Twice::new()), four).err();
    assert!(
        matches!(error, Some(NotWrapped::TooDeep { layers: 5, .. })),
        "{error:?}"
    );
}

/// The model that must not be asked.
struct Forbidden;

#[async_trait]
impl LanguageModel for Forbidden {
    fn name(&self) -> &str {
        "forbidden"
    }

    async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
        panic!("the model was asked");
    }
}

#[tokio::test]
async fn a_plan_reaches_nothing_but_the_plan_inside() {
    let strategy = load(&["pass", "pass", "pass", "reasoningbank"]).await;
    strategy.plan(&chosen(&*strategy, &[])).await.unwrap();
    let context = with_model(Forbidden, Limits::default());
    let settings = chosen(&*strategy, &[]);
    let answer = strategy.evict(
        context,
        Pressure {
            memories: 1,
            most_memories: None,
            most_tokens: None,
        },
        &settings,
    );
    assert_eq!(answer.await.result.unwrap(), Vec::<String>::new());
}
