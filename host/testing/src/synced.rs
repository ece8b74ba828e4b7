//! What was brought to the disk, because no test can pull the plug.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The target of the events that say so, each with the field `path`.
const TARGET: &str = "memhost::synced";

static SYNCED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on, all that is synced in this process is noted.
pub fn note_synced() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Noting).expect("no test has another subscriber");
    });
}

/// What was synced at or below a path since [`note_synced`], in order.
pub fn synced(below: &Path) -> Vec<PathBuf> {
    let synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
    let below = synced.iter().filter(|path| path.starts_with(below));
    below.cloned().collect()
}

struct Noting;

impl Subscriber for Noting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Noted);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Noted;

impl Visit for Noted {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "path" {
            let mut synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
            synced.push(PathBuf::from(value));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
