//! Progress of a compilation that takes long, for whoever waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::super::Engine;

/// What is compiled in less is not worth a word.
const UNTOLD: Duration = Duration::from_secs(2);

/// How often it is told.
const INTERVAL: Duration = Duration::from_secs(1);

/// A compilation that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiling<'a> {
    /// The plugin, by its path or the name that its bytes were given.
    pub plugin: &'a str,
    /// How long it has taken so far.
    pub so_far: Duration,
    /// When it will be ended; `None` if it will not, because it is compiled in this process.
    pub at_most: Option<Duration>,
}

/// Is told of compilations that take long.
pub trait CompileWatcher: Send + Sync {
    /// One goes on; said after two seconds, and then every second.
    fn compiling(&self, compiling: Compiling<'_>);

    /// The one that was told of has ended, well or not.
    fn ended(&self);
}

/// Waits for a compilation, and tells the engine's watcher of it.
pub(super) async fn told<T>(engine: &Engine, plugin: &str, work: impl Future<Output = T>) -> T {
    let options = &engine.inner.options;
    let at_most = options.process.as_ref();
    let at_most = at_most.map(|_| options.load.compile_wall_clock);
    let start = Instant::now();
    let mut ticks = interval_at(start + UNTOLD, INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut watched = Watched {
        watcher: engine.inner.watcher.clone(),
        is_told: false,
    };
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            now = ticks.tick() => watched.tell(Compiling {
                plugin,
                so_far: now - start,
                at_most,
            }),
        }
    }
}

/// Tells of the end too where nobody waits for it any more.
struct Watched {
    watcher: Option<Arc<dyn CompileWatcher>>,
    is_told: bool,
}

impl Watched {
    fn tell(&mut self, compiling: Compiling<'_>) {
        if let Some(watcher) = &self.watcher {
            self.is_told = true;
            watcher.compiling(compiling);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let (Some(watcher), true) = (&self.watcher, self.is_told) {
            watcher.ended();
        }
    }
}
