//! What a live host costs: the real server under the load of agents, on this machine, which the agents share with it.
//!
//! `cargo xtask bench live` measures calls and swaps; `cargo xtask soak [SECONDS]` has agents at work for long, with swaps and
//! kills, and looks whether memory, descriptors and threads grow.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use memhost_testing::load::{Load, Work, percentile};
use memhost_testing::serving::{Serve, Serving};
use tokio::runtime::Runtime;

/// How many agents ask at a time.
const AGENTS: usize = 64;
/// How many memories there are, and how long each measurement takes.
const MEMORIES: usize = 10_000;
const SECONDS: u64 = 10;
/// How many swaps are timed, and how often agents ask meanwhile, all together.
const SWAPS: u64 = 20;
const EACH_SECOND: u64 = 2_000;

fn main() {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let runtime = Runtime::new().expect("a runtime");
    match arguments.first().map(String::as_str) {
        Some("soak") => {
            let seconds = arguments
                .get(1)
                .map_or(60, |word| word.parse().expect("SECONDS"));
            runtime.block_on(soak(Duration::from_secs(seconds)));
        }
        _ => runtime.block_on(measure()),
    }
}

fn plugins() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let plugins = workspace.join(target).join("plugins");
    plugins
        .canonicalize()
        .expect("the plugins, as `cargo xtask plugins` builds them")
}

fn serve(place: &Path) -> Serve {
    let configuration = "[serve]\nrate_per_second = 1000000\nrate_burst = 1000000\n";
    std::fs::write(place.join("memhost.toml"), configuration).expect("a configuration");
    Serve::new(Path::new(env!("CARGO_BIN_EXE_memhost")), place)
        .variable("MEMHOST_PLUGINS", plugins().display().to_string())
}

fn swap(server: &Serving, k: u64) -> Duration {
    let started = Instant::now();
    let k = format!("k={k}");
    let swapped = Command::new(env!("CARGO_BIN_EXE_memhost"))
        .args([
            "slot", "swap", "desk", "rag", "--mode", "inherit", "--set", &k,
        ])
        .args(["--url", server.url()])
        .output()
        .expect("the command");
    let said = String::from_utf8_lossy(&swapped.stderr);
    assert!(swapped.status.success(), "{said}");
    started.elapsed()
}

fn row(what: &str, times: &mut [Duration], over: Duration) {
    let each_second = times.len() as f64 / over.as_secs_f64();
    let millis = |percent| percentile(&mut times.to_vec(), percent).as_secs_f64() * 1e3;
    println!(
        "{what:<44} {each_second:>8.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms",
        millis(50.0),
        millis(99.0)
    );
}

async fn measure() {
    let place = tempfile::tempdir().expect("a directory");
    let server = serve(place.path()).with(["--slot", "desk=rag"]).start();
    let load = |work| Load::new(server.url(), "desk", AGENTS, work);
    let time = Duration::from_secs(SECONDS);

    let started = Instant::now();
    load(Work::Record).fill(MEMORIES).await;
    println!(
        "{MEMORIES} attempts told and learnt from in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let mut seen = load(Work::Retrieve).run(time).await;
    assert!(seen.wrong.is_empty(), "{:?}", seen.wrong.first());
    row(
        &format!("retrieve, {MEMORIES} memories, {AGENTS} agents"),
        &mut seen.retrieves,
        time,
    );
    let mut alone = Load::new(server.url(), "desk", 1, Work::Retrieve)
        .run(time)
        .await;
    row(
        &format!("retrieve, {MEMORIES} memories, 1 agent"),
        &mut alone.retrieves,
        time,
    );

    let paced = Load {
        every: Duration::from_micros(1_000_000 * AGENTS as u64 / EACH_SECOND),
        ..load(Work::Retrieve)
    };
    // Known from now on: what is measured is not how long a plugin is checked.
    for k in 1..=5 {
        swap(&server, k);
    }
    let at_work = paced.begin();
    tokio::time::sleep(time / 2).await;
    let mut before = at_work.latest();
    let mut swaps: Vec<Duration> = Vec::new();
    let started = Instant::now();
    for number in 0..SWAPS {
        swaps.push(swap(&server, 1 + number % 5));
        tokio::time::sleep(time / 2 / u32::try_from(SWAPS).expect("few")).await;
    }
    let mut meanwhile = at_work.latest();
    let over = started.elapsed();
    let seen = at_work.stop().await;
    assert!(seen.wrong.is_empty(), "{:?}", seen.wrong.first());
    row(
        &format!("retrieve at {EACH_SECOND}/s"),
        &mut before,
        time / 2,
    );
    row(
        &format!("the same over {SWAPS} swaps"),
        &mut meanwhile,
        over,
    );
    row(
        "swap of a known plugin, the command included",
        &mut swaps,
        over,
    );

    for tenants in [1, AGENTS] {
        let load = Load {
            tenants,
            ..load(Work::Record)
        };
        let mut seen = load.run(time).await;
        assert!(seen.wrong.is_empty(), "{:?}", seen.wrong.first());
        row(
            &format!("record, {tenants} seats, {AGENTS} agents"),
            &mut seen.records,
            time,
        );
    }
    drop(server);
}

/// What a process has of the machine.
#[derive(Debug, Clone, Copy)]
struct Held {
    mebibytes: f64,
    descriptors: usize,
    threads: usize,
}

impl Held {
    fn by(process: u32) -> Held {
        let place = PathBuf::from(format!("/proc/{process}"));
        let status = std::fs::read_to_string(place.join("status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let count = |folder| std::fs::read_dir(place.join(folder)).map_or(0, Iterator::count);
        Held {
            mebibytes: resident.unwrap_or(0.0) / 1024.0,
            descriptors: count("fd"),
            threads: count("task"),
        }
    }
}

async fn soak(time: Duration) {
    let place = tempfile::tempdir().expect("a directory");
    let serve = serve(place.path()).with(["--slot", "desk=rag"]);
    let mut server = serve.start();
    let address = server.address();
    let load = Load {
        tenants: 8,
        ..Load::new(server.url(), "desk", AGENTS, Work::Both)
    };
    let at_work = load.begin();
    let started = Instant::now();
    let (mut swaps, mut kills) = (Vec::new(), 0);
    let every = time / 20;
    println!("  seconds      done      MiB  descriptors  threads");
    while started.elapsed() < time {
        tokio::time::sleep(every).await;
        let held = Held::by(server.process());
        println!(
            "{:>9.0} {:>9} {:>8.0} {:>12} {:>8}",
            started.elapsed().as_secs_f64(),
            at_work.done(),
            held.mebibytes,
            held.descriptors,
            held.threads
        );
        if swaps.len() == 7 && kills == 0 || swaps.len() == 14 && kills == 1 {
            drop(server);
            server = serve.start_at(&address);
            kills += 1;
        }
        let k = 1 + swaps.len() as u64 % 5;
        swaps.push(swap(&server, k));
    }
    let mut seen = at_work.stop().await;
    row("retrieve", &mut seen.retrieves, time);
    row("record", &mut seen.records, time);
    println!(
        "{} swaps, {kills} kills, {} connections broken, {} wrong answers, {} attempts acknowledged",
        swaps.len(),
        seen.broken,
        seen.wrong.len(),
        seen.kept.len()
    );
    let client = reqwest::Client::new();
    let mut lost = 0;
    for (tenant, attempt) in &seen.kept {
        let address = format!("{}/v1/slots/desk/attempts/{attempt}", server.url());
        let asked = client
            .get(address)
            .header("Memhost-Tenant", tenant)
            .send()
            .await;
        lost += usize::from(!asked.is_ok_and(|answer| answer.status().is_success()));
    }
    println!("{lost} of them lost");
    assert!(
        seen.wrong.is_empty() && lost == 0,
        "{:?}",
        seen.wrong.first()
    );
}
