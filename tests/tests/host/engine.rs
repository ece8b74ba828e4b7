//! A plugin costs its own call and nothing else, whatever it does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memhost::Lance;
use memhost::capability::{CallContext, RunState};
use memhost::contract::{Attempt, Fault, Guidance, Op, Outcome, Pressure, Request};
use memhost::embedding::{Builtin, Embedder};
use memhost::engine::{Compiler, Engine, EngineOptions, Plugin};
use memhost::limits::{Limit, Limits};
use memhost::model::{Completion, LanguageModel, Models};
use memhost::store::Store;
use memhost::strategy::{Answer, CallFailure, Phases, Strategy};
use memhost_tests::plugin;

use crate::hostile::{Answers, NeverAnswers, agent, retrieve, settings, task};

use async_trait::async_trait;

async fn hostile() -> Plugin {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    Plugin::load(&engine, &plugin("hostile")).await.unwrap()
}

fn attempt() -> Attempt {
    Attempt::new("x", task(), agent(), Outcome::known(true))
}

/// Tight enough for a test, and wide enough for a call that behaves.
fn limits() -> Limits {
    Limits {
        fuel: 50_000_000,
        wall_clock: Duration::from_secs(30),
        ..Limits::default()
    }
}

fn context(limits: Limits) -> CallContext {
    with_model(Answers, limits)
}

fn with_model(model: impl LanguageModel + 'static, limits: Limits) -> CallContext {
    CallContext {
        models: Some(Arc::new(Models::all(Arc::new(model)))),
        run: RunState {
            now: 12.0,
            task_number: 3,
            batch_number: 4,
            seed: 5,
        },
        ..CallContext::nothing_granted(limits)
    }
}

async fn text(plugin: &Plugin, wish: &str, context: CallContext) -> String {
    retrieve(plugin, wish, context).await.result.unwrap().text
}

/// The call ends at this limit, the error says so, and the next call works.
async fn ends_at(limit: Limit, told: &str, wish: &str, context: CallContext) -> Answer<Guidance> {
    let plugin = hostile().await;
    let answer = retrieve(&plugin, wish, context).await;
    let error = answer.result.as_ref().unwrap_err();
    assert_eq!(error.limit(), Some(limit), "{error}");
    for part in ["plugin `hostile`", "call `retrieve`", told] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let next = text(&plugin, "answer", self::context(limits())).await;
    assert_eq!(next, "the task");
    answer
}

#[tokio::test]
async fn a_loop_without_end_ends_with_its_fuel() {
    let answer = ends_at(Limit::Fuel, "`fuel`", "loop forever", context(limits())).await;
    assert_eq!(answer.usage.fuel, limits().fuel);
}

#[tokio::test]
async fn a_loop_without_end_and_with_fuel_ends_at_the_deadline() {
    let patient = Limits {
        fuel: u64::MAX / 2,
        wall_clock: Duration::from_millis(100),
        ..limits()
    };
    let context = context(patient);
    let answer = ends_at(Limit::WallClock, "`wall_clock_ms`", "loop forever", context).await;
    let usage = answer.usage;
    assert!(usage.wall < Duration::from_secs(5), "{:?}", usage.wall);
    assert!(usage.fuel > 0);
}

/// Neither uses up its fuel within minutes: one instruction fills 128 MiB, and the host counts for free.
#[tokio::test]
async fn a_deadline_holds_for_long_instructions_and_long_host_calls_too() {
    for wish in ["fill memory forever", "count tokens forever"] {
        let patient = Limits {
            fuel: u64::MAX / 2,
            wall_clock: Duration::from_millis(100),
            ..limits()
        };
        let context = context(patient);
        let answer = ends_at(Limit::WallClock, "`wall_clock_ms`", wish, context).await;
        let wall = answer.usage.wall;
        assert!(wall < Duration::from_secs(5), "{wish}: {wall:?}");
    }
}

#[tokio::test]
async fn a_recursion_without_end_ends_with_its_stack() {
    ends_at(Limit::Stack, "recursion", "recurse", context(limits())).await;
}

#[tokio::test]
async fn an_allocation_of_100_gib_ends_at_the_memory_limit() {
    let roomy = Limits {
        fuel: 1 << 40,
        ..limits()
    };
    let context = context(roomy);
    ends_at(Limit::Memory, "`memory_bytes`", "allocate 100 GiB", context).await;
}

#[tokio::test]
async fn the_memory_limit_is_a_setting() {
    let small = Limits {
        memory: 8 << 20,
        ..limits()
    };
    ends_at(Limit::Memory, "8388608", "allocate 16 MiB", context(small)).await;
    let plugin = hostile().await;
    let allocated = text(&plugin, "allocate 16 MiB", context(limits())).await;
    assert_eq!(allocated, (16 << 20).to_string());
}

#[tokio::test]
async fn a_result_of_32_mib_ends_at_the_boundary() {
    let context = context(limits());
    ends_at(
        Limit::HostcallBytes,
        "`hostcall_bytes`",
        "overflow a result",
        context,
    )
    .await;
}

#[tokio::test]
async fn an_argument_of_32_mib_ends_at_the_boundary() {
    let context = context(limits());
    ends_at(
        Limit::HostcallBytes,
        "`hostcall_bytes`",
        "overflow an argument",
        context,
    )
    .await;
}

#[tokio::test]
async fn the_boundary_is_a_setting() {
    let wide = Limits {
        hostcall_bytes: 64 << 20,
        ..limits()
    };
    let plugin = hostile().await;
    let result = text(&plugin, "overflow a result", context(wide)).await;
    assert_eq!(result.len(), 32 << 20);
}

#[tokio::test]
async fn a_model_that_never_answers_ends_the_call_at_its_own_limit_and_is_accounted_for() {
    let hasty = Limits {
        model_wait: Duration::from_millis(50),
        ..limits()
    };
    let context = with_model(NeverAnswers, hasty);
    let answer = ends_at(Limit::ModelWait, "`model_wait_ms`", "ask a model", context).await;
    let asked = &answer.usage.model_calls;
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|call| !call.answered));
}

#[tokio::test]
async fn waiting_for_a_model_is_no_part_of_the_time_that_a_call_may_take() {
    let hasty = Limits {
        wall_clock: SLOW / 2,
        ..limits()
    };
    let plugin = hostile().await;
    let answer = retrieve(&plugin, "ask a model", with_model(Slow, hasty)).await;
    assert!(answer.result.is_ok(), "{:?}", answer.result);
    assert!(answer.usage.wall >= SLOW);
    assert!(answer.usage.model_calls.iter().all(|call| call.answered));
}

#[tokio::test]
async fn the_line_past_the_log_limit_ends_the_call() {
    let quiet = Limits {
        log_lines: 10,
        ..limits()
    };
    let answer = ends_at(
        Limit::LogLines,
        "`log_lines`",
        "log 100 lines",
        context(quiet),
    )
    .await;
    assert_eq!(answer.usage.log.len(), 10);
    let plugin = hostile().await;
    let answer = retrieve(&plugin, "log 100 lines", context(limits())).await;
    assert_eq!(answer.usage.log.len(), 100);
    assert_eq!(answer.usage.log[99].message, "99");
}

#[tokio::test]
async fn the_call_past_the_host_call_limit_ends_the_call() {
    let terse = Limits {
        host_calls: 10,
        ..limits()
    };
    let context = context(terse);
    let answer = ends_at(Limit::HostCalls, "`host_calls`", "call 1000 times", context).await;
    assert_eq!(answer.usage.host_calls, 10);
}

#[tokio::test]
async fn a_component_of_more_instances_than_allowed_is_not_started() {
    let single = Limits {
        instances: 1,
        ..limits()
    };
    assert!(hostile().await.core_instances() > 1);
    ends_at(Limit::Instances, "`instances`", "answer", context(single)).await;
}

#[tokio::test]
async fn a_model_request_past_the_limit_is_exhausted_and_the_strategy_may_go_on() {
    let plugin = hostile().await;
    let thrifty = Limits {
        model_calls: 2,
        ..limits()
    };
    let answer = retrieve(&plugin, "ask a model", context(thrifty)).await;
    let error = answer.result.unwrap_err();
    let is_exhausted = matches!(&error.reason, CallFailure::Fault(Fault::Exhausted(_)));
    assert!(
        is_exhausted && error.to_string().contains("`model_calls`"),
        "{error}"
    );
    assert_eq!(answer.usage.model_calls.len(), 2);
    let answered = text(&plugin, "ask a model", context(limits())).await;
    assert_eq!(answered, "well.well.well.");
}

#[tokio::test]
async fn a_panic_ends_its_call_and_is_quoted() {
    let plugin = hostile().await;
    let answer = retrieve(&plugin, "panic", context(limits())).await;
    let error = answer.result.unwrap_err();
    assert!(matches!(error.reason, CallFailure::Trap(_)), "{error}");
    for part in [
        "plugin `hostile`",
        "call `retrieve`",
        "the guest's own words",
        "src/lib.rs",
        "wasm backtrace",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let next = text(&plugin, "answer", context(limits())).await;
    assert_eq!(next, "the task");
}

#[tokio::test]
async fn calls_on_one_thread_share_it_with_a_loop_without_end() {
    let plugin = hostile().await;
    let endless = Limits {
        fuel: u64::MAX / 2,
        wall_clock: Duration::from_secs(2),
        ..limits()
    };
    let looping = retrieve(&plugin, "loop forever", context(endless));
    let answering = async {
        let start = Instant::now();
        tokio::task::yield_now().await;
        let text = text(&plugin, "answer", context(limits())).await;
        (text, start.elapsed())
    };
    let (looped, (text, waited)) = tokio::join!(looping, answering);
    let ended = looped.result.unwrap_err();
    assert_eq!(ended.limit(), Some(Limit::WallClock));
    assert_eq!(text, "the task");
    assert!(waited < Duration::from_secs(1), "{waited:?}");
}

#[tokio::test]
async fn the_same_call_costs_the_same_fuel_and_draws_the_same_bits() {
    let plugin = hostile().await;
    let first = retrieve(&plugin, "draw", context(limits())).await;
    let again = retrieve(&plugin, "draw", context(limits())).await;
    assert!(first.usage.fuel > 0);
    assert_eq!(first.usage.fuel, again.usage.fuel);
    let mut other = context(limits());
    other.run.seed += 1;
    let other = retrieve(&plugin, "draw", other).await;
    let [first, again, other] = [first, again, other].map(|answer| answer.result.unwrap().text);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

/// Waits before it answers.
struct Slow;

/// For how long; a hasty call may take half of that.
const SLOW: Duration = Duration::from_secs(1);

#[async_trait]
impl LanguageModel for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
        tokio::time::sleep(SLOW).await;
        Answers.complete(request).await
    }
}

#[tokio::test]
async fn waiting_for_the_host_costs_no_fuel() {
    let plugin = hostile().await;
    let at_once = retrieve(&plugin, "ask a model", context(limits())).await;
    let slowly = retrieve(&plugin, "ask a model", with_model(Slow, limits())).await;
    assert!(slowly.usage.wall >= SLOW);
    assert_eq!(at_once.usage.fuel, slowly.usage.fuel);
}

#[tokio::test]
async fn the_run_is_seen_as_the_host_tells_it() {
    let plugin = hostile().await;
    let told = text(&plugin, "tell the run", context(limits())).await;
    assert_eq!(told, "12 3 4 2");
}

#[tokio::test]
async fn what_is_not_granted_is_unavailable_and_does_not_end_the_call() {
    let plugin = hostile().await;
    let nothing = CallContext::nothing_granted(limits());
    let answer = retrieve(&plugin, "try everything", nothing).await;
    let text = answer.result.unwrap().text;
    assert_eq!(text.matches("Unavailable").count(), 4, "{text}");
    assert_eq!(answer.usage.host_calls, 5);
}

#[tokio::test]
async fn a_fault_of_the_plugins_own_is_passed_on() {
    let plugin = hostile().await;
    let answer = retrieve(&plugin, "fault", context(limits())).await;
    assert_eq!(
        answer.result.unwrap_err().to_string(),
        "plugin `hostile`, call `retrieve`: invalid input: as asked"
    );
}

#[tokio::test]
async fn what_it_returns_is_checked_before_it_is_handed_on() {
    let plugin = hostile().await;
    let answer = retrieve(&plugin, "cite nonsense", context(limits())).await;
    let error = answer.result.unwrap_err().to_string();
    assert!(error.contains("receipt.used[0].score is NaN"), "{error}");
    for (wish, told) in [
        ("offer a nameless tool", "offers[0].name has 0 bytes"),
        ("offer a tool twice", "the tool `recall` is offered twice"),
        ("endless offers", "it offers 20000 tools and may offer 64"),
        (
            "endless schema",
            "offers[0]: the description may have 4096 bytes and the schema 65536",
        ),
    ] {
        let error = retrieve(&plugin, wish, context(limits())).await.result;
        let error = error.unwrap_err();
        assert!(matches!(error.reason, CallFailure::Contract(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    for (wish, told) in [
        ("nameless kind", "change 1: insert.kind has 0 bytes"),
        ("endless delta", "change 1: adjust.delta is inf"),
        ("endless id", "change 1: remove: the id has 10000 bytes"),
        ("never expire", "change 1: insert.expires is inf"),
    ] {
        let settings = settings(wish);
        let distilled = plugin.distill(context(limits()), vec![attempt()], &settings);
        let error = distilled.await.result.unwrap_err();
        assert!(matches!(error.reason, CallFailure::Contract(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    for (wish, told) in [
        ("no trials", "trials is 0"),
        ("endless temperature", "agent-temperature is inf"),
        ("ask before every 0th step", "every-steps is 0"),
        (
            "1000 moments",
            "it asks for 1000 moments and may ask for 64",
        ),
    ] {
        let error = plugin.plan(&settings(wish)).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn what_a_plugin_hands_out_and_looks_for_is_bounded() {
    let plugin = hostile().await;
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open("memory://bounded", embedder, &Lance)
        .await
        .unwrap();
    let namespace = store.namespace("a").await.unwrap();
    for (wish, told) in [
        (
            "endless note",
            "bytes of one receipt's note may be 65536 (it asked for 2097152); `note_bytes` under [limits.store]",
        ),
        (
            "endless citations",
            "citations of one receipt may be 10000 (it asked for 20000)",
        ),
        (
            "search every field",
            "fields that lexical searches of this namespace rank by may be 100 (it asked for 101)",
        ),
        (
            "filter without end",
            "a filter has 10000 conditions, and may have 256",
        ),
    ] {
        let mut limits = limits();
        limits.store.citations_per_receipt = 10_000;
        let context = CallContext {
            memories: Some(namespace.memories().clone()),
            ..context(limits)
        };
        let error = retrieve(&plugin, wish, context).await.result.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_phase_that_is_not_exported_is_absent_and_not_an_error() {
    let plugin = hostile().await;
    let present = Phases {
        retrieve: true,
        distill: true,
        ..Phases::default()
    };
    assert_eq!(plugin.phases(), present);
    let (attempts, settings) = (vec![attempt(), attempt()], settings("answer"));
    let distilled = plugin.distill(context(limits()), attempts, &settings);
    let changes = distilled.await.result.unwrap();
    assert_eq!(changes.len(), 2);
    assert!(matches!(changes[0].op, Op::Insert(_)));
    let updated = plugin.update(context(limits()), Vec::new(), &[]).await;
    assert!(updated.result.unwrap().is_empty());
    assert_eq!(updated.usage.fuel, 0);
    let pressure = Pressure {
        memories: 9,
        most_memories: Some(8),
        most_tokens: None,
    };
    let evicted = plugin.evict(context(limits()), pressure, &[]).await;
    assert!(evicted.result.unwrap().is_empty());
}

#[tokio::test]
async fn the_baseline_compiler_gives_the_same_answer_within_the_same_limits() {
    let engine = Engine::new(EngineOptions {
        compiler: Compiler::Baseline,
        ..EngineOptions::default()
    });
    let plugin = Plugin::load(&engine.unwrap(), &plugin("hostile")).await;
    let plugin = plugin.unwrap();
    let answer = text(&plugin, "answer", context(limits())).await;
    assert_eq!(answer, "the task");
    let looped = retrieve(&plugin, "loop forever", context(limits())).await;
    assert_eq!(looped.result.unwrap_err().limit(), Some(Limit::Fuel));
}
