//! Compiling a stranger's plugin costs no more than its limits, whatever it is made of.

mod costly;
#[cfg(target_os = "linux")]
mod ended;
mod measure;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use costly::{KINDS, beside, starting_with_a_loop, working};
use measure::{Cost, costing};
use memhost::engine::{
    CompileLimit, CompileWatcher, CompilerProcess, Compiling, Engine, EngineOptions, LoadFailure,
    LoadLimits, Plugin,
};
use memhost::limits::Limit;
use memhost::strategy::CallFailure;
use memhost::strategy::Strategy as _;
use memhost_tests::{binary, folders, plugin};
use proptest::prelude::*;

use crate::processes::alone;

fn options() -> EngineOptions {
    EngineOptions {
        process: Some(CompilerProcess::memhost(binary())),
        ..EngineOptions::default()
    }
}

/// Every count allowed, so that what costs too much is compiled until it does.
fn uncounted(limits: LoadLimits) -> LoadLimits {
    let any = u64::MAX;
    LoadLimits {
        modules: any,
        items: any,
        functions: any,
        parameters: any,
        function_bytes: any,
        locals: any,
        all_locals: any,
        blocks: any,
        nesting: any,
        loop_nesting: any,
        branch_targets: any,
        joins: any,
        elements: any,
        segments: any,
        ..limits
    }
}

fn engine(load: LoadLimits) -> Engine {
    Engine::new(EngineOptions { load, ..options() }).unwrap()
}

async fn loaded(engine: &Engine, component: Vec<u8>) -> Result<Plugin, LoadFailure> {
    let loaded = Plugin::from_bytes(engine, "costly.wasm", component).await;
    loaded.map_err(|error| error.reason)
}

/// Tight, so that a test does not take long.
fn tight() -> LoadLimits {
    LoadLimits {
        compile_cpu: Duration::from_secs(2),
        compile_wall_clock: Duration::from_secs(60),
        compile_memory: 384 << 20,
        ..LoadLimits::default()
    }
}

/// Loads it within limits, and sees to it that they held. Says what came of it.
fn held(what: &str, component: Vec<u8>, limits: &LoadLimits) -> String {
    /// What the program's own file takes up in memory, which is not counted.
    const PROGRAM: u64 = 160 << 20;
    /// The last second is counted whole.
    const SECOND: Duration = Duration::from_secs(1);
    let size = component.len() as u64;
    let loading = async {
        match loaded(&engine(limits.clone()), component).await {
            Ok(_) => "loaded".to_owned(),
            Err(failure) => failure.to_string(),
        }
    };
    let (told, Cost { cpu, wall, memory }) = alone(costing(loading));
    println!(
        "{what}, {size} bytes: {cpu:?}, {wall:?}, {} MiB: {told}",
        memory >> 20
    );
    assert!(
        cpu <= limits.compile_cpu + SECOND,
        "{what}: {cpu:?}: {told}"
    );
    assert!(
        wall <= limits.compile_wall_clock + 5 * SECOND,
        "{what}: {wall:?}: {told}"
    );
    assert!(
        memory <= limits.compile_memory + PROGRAM,
        "{what}: {memory}: {told}"
    );
    told
}

#[test]
fn what_is_known_to_be_costly_is_refused_by_name_before_it_is_compiled() {
    let mut told = String::new();
    for (what, kind, size, again) in KINDS {
        let refused = held(what, kind(size, again), &LoadLimits::default());
        told += &format!("{what}: {}\n", uncounted_text(&refused));
    }
    insta::assert_snapshot!(told);
}

/// A refusal without how many there are: a little of that is the plugin's that the component stands beside.
fn uncounted_text(refusal: &str) -> String {
    match refusal.split_once("it has ") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|sign: char| sign.is_ascii_digit());
            format!("{before}it has more{rest}")
        }
        None => refusal.to_owned(),
    }
}

#[test]
fn no_component_costs_more_than_the_limits_of_compiling() {
    let limits = uncounted(tight());
    for (what, kind, size, again) in KINDS {
        let told = held(what, kind(size, again), &limits);
        let named = ["compile_cpu_ms", "compile_memory_bytes", "code_bytes"];
        let is_named = named.iter().any(|key| told.contains(key));
        let is_refused = told.contains("does not compile") && !told.contains("signal");
        assert!(told == "loaded" || is_named || is_refused, "{what}: {told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn nor_does_a_component_of_any_size(kind in 0..KINDS.len(), much in 0.01..1.0f64, often in 0.0..1.0f64) {
        let (what, kind, size, again) = KINDS[kind];
        let part = |whole: usize, part: f64| ((whole as f64 * part) as usize).max(1);
        let component = kind(part(size, much), part(again, often));
        let limits = LoadLimits { compile_cpu: Duration::from_secs(1), ..uncounted(tight()) };
        held(what, component, &limits);
    }
}

#[test]
fn a_plugin_that_works_is_compiled_within_a_tenth_of_what_is_allowed() {
    let usual = LoadLimits::default();
    let limits = LoadLimits {
        compile_cpu: usual.compile_cpu / 10,
        compile_memory: usual.compile_memory / 10,
        code: usual.code / 10,
        modules: usual.modules / 10,
        items: usual.items / 10,
        functions: usual.functions / 10,
        parameters: usual.parameters / 10,
        function_bytes: usual.function_bytes / 10,
        locals: usual.locals / 10,
        all_locals: usual.all_locals / 10,
        blocks: usual.blocks / 10,
        nesting: usual.nesting / 10,
        loop_nesting: usual.loop_nesting / 10,
        branch_targets: usual.branch_targets / 10,
        joins: usual.joins / 10,
        elements: usual.elements / 10,
        segments: usual.segments / 10,
        describe_fuel: usual.describe_fuel / 10,
        ..usual
    };
    let guests = ["hostile".to_owned(), "broken".to_owned()];
    for name in folders("plugins").into_iter().chain(guests) {
        let component = std::fs::read(plugin(&name)).unwrap();
        assert_eq!(held(&name, component, &limits), "loaded");
    }
}

#[test]
fn a_limit_that_is_reached_is_told_with_its_setting() {
    alone(async {
        let costly = || KINDS[0].1(150, 40);
        for (limits, limit) in [
            (
                LoadLimits {
                    compile_cpu: Duration::from_millis(1),
                    ..uncounted(LoadLimits::default())
                },
                CompileLimit::Cpu,
            ),
            (
                LoadLimits {
                    compile_wall_clock: Duration::from_millis(100),
                    ..LoadLimits::default()
                },
                CompileLimit::WallClock,
            ),
            (
                LoadLimits {
                    compile_memory: 24 << 20,
                    ..LoadLimits::default()
                },
                CompileLimit::Memory,
            ),
            (
                LoadLimits {
                    code: 1_000,
                    ..LoadLimits::default()
                },
                CompileLimit::Code,
            ),
        ] {
            let component = match limit {
                CompileLimit::Cpu => KINDS[0].1(900, 20),
                CompileLimit::Code => working(),
                _ => costly(),
            };
            let failure = loaded(&engine(limits), component).await.err().unwrap();
            let told = failure.to_string();
            let LoadFailure::Compile { limit: reached, .. } = failure else {
                panic!("{told}");
            };
            assert_eq!(reached, limit, "{told}");
            assert!(told.contains(limit.key()), "{told}");
        }
    });
}

#[test]
fn an_engine_without_a_process_refuses_what_is_known_to_be_costly_too() {
    alone(async {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        let failure = loaded(&engine, endless()).await.err().unwrap();
        assert!(
            matches!(failure, LoadFailure::TooComplex { .. }),
            "{failure}"
        );
        loaded(&engine, working()).await.unwrap();
    });
}

#[test]
fn what_does_not_compile_says_why_as_it_does_in_one_process() {
    alone(async {
        let component = beside(1, "(module (func (i32.add)))");
        let alone = Engine::new(EngineOptions::default()).unwrap();
        let here = loaded(&alone, component.clone()).await.err().unwrap();
        let there = loaded(&engine(LoadLimits::default()), component)
            .await
            .err()
            .unwrap();
        assert!(
            matches!(
                here,
                LoadFailure::NotCompilable { .. } | LoadFailure::Damaged { .. }
            ),
            "{here}"
        );
        assert_eq!(here.to_string(), there.to_string());
    });
}

#[test]
fn the_code_of_another_process_runs_as_ones_own_and_is_kept_alike() {
    alone(async {
        let directory = tempfile::tempdir().unwrap();
        let cache = Some(directory.path().join("compiled"));
        let from_cache = async |options: EngineOptions| {
            let engine = Engine::new(EngineOptions {
                cache: cache.clone(),
                ..options
            })
            .unwrap();
            let plugin = loaded(&engine, working()).await.unwrap();
            assert_eq!(plugin.name(), "recency");
            plugin.compiled().from_cache
        };
        assert!(!from_cache(options()).await);
        assert!(from_cache(options()).await);
        assert!(from_cache(EngineOptions::default()).await);
    });
}

#[test]
fn a_program_that_is_none_or_another_is_named() {
    alone(async {
        for (program, arguments) in [
            ("/nowhere/memhost", vec!["compile"]),
            ("/bin/true", vec![]),
            ("/bin/cat", vec![]),
            ("/bin/sh", vec!["-c", "echo no; exit 3"]),
            (binary().to_str().unwrap(), vec!["--version"]),
        ] {
            let process = CompilerProcess {
                program: program.into(),
                arguments: arguments.into_iter().map(str::to_owned).collect(),
            };
            let options = EngineOptions {
                process: Some(process),
                ..EngineOptions::default()
            };
            let failure = loaded(&Engine::new(options).unwrap(), working())
                .await
                .err()
                .unwrap();
            let told = failure.to_string();
            assert!(
                matches!(failure, LoadFailure::NoCompiler { .. }),
                "{program}: {told}"
            );
            assert!(told.contains(program), "{told}");
        }
    });
}

#[test]
fn a_loop_without_end_before_describe_is_ended_soon_and_named() {
    alone(async {
        let start = Instant::now();
        let failure = loaded(&engine(LoadLimits::default()), starting_with_a_loop()).await;
        let failure = failure.err().unwrap();
        let LoadFailure::Describe {
            reason: CallFailure::Limit(reached),
        } = &failure
        else {
            panic!("{failure}");
        };
        assert_eq!(reached.limit, Limit::DescribeFuel);
        assert!(
            failure.to_string().contains("`describe_fuel` under [load]"),
            "{failure}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );

        let hasty = LoadLimits {
            describe_fuel: u64::MAX / 2,
            describe_wall_clock: Duration::from_millis(100),
            ..LoadLimits::default()
        };
        let failure = loaded(&engine(hasty), starting_with_a_loop())
            .await
            .err()
            .unwrap();
        assert!(
            failure
                .to_string()
                .contains("`describe_wall_clock_ms` under [load]"),
            "{failure}"
        );
    });
}

#[test]
fn what_plan_for_spends_is_limited_as_describe_is() {
    alone(async {
        let thrifty = LoadLimits {
            describe_fuel: 10_000_000,
            ..LoadLimits::default()
        };
        let engine = engine(thrifty);
        let hostile = std::fs::read(plugin("hostile")).unwrap();
        let plugin = loaded(&engine, hostile).await.unwrap();
        plugin.plan(&[]).await.unwrap();
        // To take in so many costs it more than that.
        let many: Vec<_> = (0..200_000)
            .map(|place| memhost::contract::Setting {
                name: place.to_string(),
                value: memhost::contract::Value::Text("much".to_owned()),
            })
            .collect();
        let error = plugin.plan(&many).await.unwrap_err();
        assert_eq!(error.limit(), Some(Limit::DescribeFuel), "{error}");
        assert!(error.to_string().contains("`plan-for`"), "{error}");
    });
}

/// What was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl CompileWatcher for Told {
    fn compiling(&self, compiling: Compiling<'_>) {
        let so_far = compiling.so_far.as_secs();
        let told = format!("{} {so_far} of {:?}", compiling.plugin, compiling.at_most);
        self.0.lock().unwrap().push(told);
    }

    fn ended(&self) {
        self.0.lock().unwrap().push("ended".to_owned());
    }
}

#[test]
fn what_takes_long_is_told_while_it_does() {
    alone(async {
        let told = Arc::new(Told::default());
        let options = EngineOptions {
            load: LoadLimits {
                compile_wall_clock: Duration::from_millis(3_500),
                ..uncounted(LoadLimits::default())
            },
            ..options()
        };
        let engine = Engine::watched(options, told.clone()).unwrap();
        loaded(&engine, working()).await.unwrap();
        assert!(told.0.lock().unwrap().is_empty());
        loaded(&engine, KINDS[0].1(900, 20)).await.err().unwrap();
        assert_eq!(
            *told.0.lock().unwrap(),
            [
                "costly.wasm 2 of Some(3.5s)",
                "costly.wasm 3 of Some(3.5s)",
                "ended"
            ]
        );
    });
}

/// Half a minute of compiling.
fn endless() -> Vec<u8> {
    KINDS[0].1(900, 20)
}
