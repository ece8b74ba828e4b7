//! Ctrl-C, and the signals that ask a process to end: the first one stops cleanly and within seconds, whatever is
//! going on; the second one at once.

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{output, scratch};

/// Whoever can stop cleanly just now.
static WAITING: Mutex<Option<Waiting>> = Mutex::new(None);

/// Somebody who can stop cleanly, within so long.
struct Waiting {
    stop: oneshot::Sender<()>,
    grace: Duration,
}

/// How long what was running may take to end by itself. What is cut off then is what a kill would cut off: what is
/// finished is on the disk, and the same command goes on from there.
const GRACE: Duration = Duration::from_secs(2);

/// Listens from now on, on a thread of its own, so that nothing that computes keeps it from being heard. A signal that
/// nobody waits for ends the process, and takes what is temporary with it.
pub fn listen() {
    let (ready, listening) = mpsc::channel();
    let listener = std::thread::Builder::new().name("signals".to_owned());
    let started = listener.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without it, signals do what they do by themselves.
        if let Ok(runtime) = runtime {
            runtime.block_on(heed(&ready));
        }
    });
    if started.is_ok() {
        // Either it listens, or it never will.
        let _ = listening.recv();
    }
}

async fn heed(ready: &mpsc::Sender<()>) {
    outlive_large_files();
    let mut signals = Signals::new();
    let _ = ready.send(());
    signals.next().await;
    let stopping = waiting().take();
    let grace = stopping.and_then(|Waiting { stop, grace }| stop.send(()).ok().map(|()| grace));
    let Some(grace) = grace else {
        end("error: interrupted");
    };
    output::say("stopping; what is finished is kept (Ctrl-C again stops at once)");
    tokio::select! {
        () = signals.next() => end("error: interrupted"),
        () = tokio::time::sleep(grace) => end(&format!(
            "error: interrupted; what did not end by itself within {} s is cut off, and what is finished is kept",
            grace.as_secs()
        )),
    }
}

/// Ends the process.
fn end(why: &str) -> ! {
    output::say(why);
    scratch::remove();
    std::process::exit(1)
}

/// Keeps the signal that a file has reached the size that `ulimit -f` allows (SIGXFSZ) from ending the process without
/// a word: with a listener, the write fails instead, which is told like every other.
fn outlive_large_files() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        const SIGXFSZ: std::ffi::c_int = 25;
        let kind = tokio::signal::unix::SignalKind::from_raw(SIGXFSZ);
        // Where it cannot be listened to, it does what it does by itself.
        let _ = tokio::signal::unix::signal(kind);
    }
}

/// Ends at the next signal.
pub async fn interrupted() {
    interrupted_for(GRACE).await;
}

/// The same for what may take this long to end.
pub async fn interrupted_for(grace: Duration) {
    let (stop, stopped) = oneshot::channel();
    *waiting() = Some(Waiting { stop, grace });
    if stopped.await.is_err() {
        // Somebody else waits now.
        std::future::pending().await
    }
}

fn waiting() -> MutexGuard<'static, Option<Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What asks this process to end. A signal that cannot be listened to does what it does by itself.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        let hangup = (!hangups_are_ignored()).then(SignalKind::hangup);
        let kinds = kinds.into_iter().chain(hangup);
        Signals(kinds.filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let all = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        let all: Vec<_> = all.collect();
        match all.is_empty() {
            true => std::future::pending().await,
            false => drop(futures::future::select_all(all).await),
        }
    }
}

/// Whether the process was started by `nohup`, which listening would undo. Where that cannot be told, it counts as if.
#[cfg(unix)]
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Signals {
        Signals
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
