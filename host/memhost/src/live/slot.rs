//! A slot: what callers address. One strategy answers there at a time, at the seats of all its tenants.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use memhost_contract::{Instant, Setting};
use tokio::sync::{OnceCell, RwLock, Semaphore};

use super::happened::Handed;
use super::registry::Registry;
use super::seat::SeatInner;
use super::{Generation, LiveError, LiveLimits, Mode, ONLY_TENANT};
use crate::learning::Configured;

/// The most calls of a slot at a time, those included that wait for their turn.
const MOST_WAITING: usize = 256;
/// The most handouts that are remembered of tenants whom nobody has told anything of.
const MOST_UNSEATED: usize = 10_000;

pub(super) struct Slot {
    pub name: String,
    /// Held while the slot is being changed.
    pub change: tokio::sync::Mutex<()>,
    /// Read while a seat is being opened, which would else be opened with a strategy that is on its way out.
    pub openings: RwLock<()>,
    /// Who answers.
    pub route: ArcSwap<Route>,
    pub seats: RwLock<HashMap<String, Arc<OnceCell<Arc<SeatInner>>>>>,
    /// Calls that may still come, those that wait included.
    pub calls: Semaphore,
    /// Calls that its strategy may still begin: half of the host's, so that no slot can keep all others waiting.
    pub turns: Semaphore,
    /// Strategies that are loaded, by the generation that they are.
    loaded: Mutex<BTreeMap<u32, Configured>>,
    unseated: Mutex<VecDeque<(String, Handed)>>,
}

/// A generation at work.
pub(super) struct Route {
    pub generation: Generation,
    pub configured: Configured,
    /// All generations that work on the same memories, or have.
    pub same_lineage: BTreeSet<u32>,
    /// Whether it learns no more.
    pub is_frozen: bool,
    /// Since when it answers.
    pub since: Instant,
    /// Who answered before.
    pub before: Option<u32>,
    /// Whether it gives way to that one by itself where it fails often.
    pub is_watched: bool,
    pub calls: AtomicU32,
    pub failures: AtomicU32,
}

impl Slot {
    pub(super) fn new(name: &str, route: Route, limits: &LiveLimits) -> Slot {
        let loaded = [(route.generation.number, route.configured.clone())];
        Slot {
            name: name.to_owned(),
            change: tokio::sync::Mutex::new(()),
            openings: RwLock::new(()),
            route: ArcSwap::from_pointee(route),
            seats: RwLock::default(),
            calls: Semaphore::new(MOST_WAITING),
            turns: Semaphore::new(limits.most_calls.div_ceil(2).max(1)),
            loaded: Mutex::new(loaded.into()),
            unseated: Mutex::default(),
        }
    }

    /// The seats that are open, by tenant.
    pub(super) async fn open_seats(&self) -> Vec<(String, Arc<SeatInner>)> {
        let seats = self.seats.read().await;
        let open = seats
            .iter()
            .filter_map(|(tenant, cell)| Some((tenant.clone(), cell.get()?.clone())));
        open.collect()
    }

    fn loaded(&self) -> MutexGuard<'_, BTreeMap<u32, Configured>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What answers now stands in for a strategy that is not loaded.
    pub(super) fn lacks_its_strategy(&self) {
        self.loaded().clear();
    }

    /// The strategy of a generation, if it is loaded.
    pub(super) fn strategy(&self, generation: u32) -> Option<Configured> {
        self.loaded().get(&generation).cloned()
    }

    /// Another generation answers from now on.
    pub(super) fn answer_with(&self, route: Arc<Route>) {
        let number = route.generation.number;
        self.loaded().insert(number, route.configured.clone());
        self.route.store(route);
    }

    /// Remembers what was handed out to a tenant of whom nothing is kept yet.
    pub(super) fn hand_out_unseated(&self, tenant: &str, handed: Handed) {
        let mut unseated = self.unseated();
        if unseated.len() >= MOST_UNSEATED {
            unseated.pop_front();
        }
        unseated.push_back((tenant.to_owned(), handed));
    }

    /// Whether something was handed out to such a tenant in this attempt.
    pub(super) fn has_unseated(&self, tenant: &str, attempt: &str) -> bool {
        let unseated = self.unseated();
        let mut own = unseated.iter().filter(|(other, _)| other == tenant);
        own.any(|(_, handed)| handed.attempt == attempt)
    }

    /// What was handed out to a tenant who gets a seat now.
    pub(super) fn take_unseated(&self, tenant: &str) -> Vec<Handed> {
        let mut unseated = self.unseated();
        let (own, others): (Vec<_>, Vec<_>) =
            unseated.drain(..).partition(|(other, _)| other == tenant);
        *unseated = others.into();
        own.into_iter().map(|(_, handed)| handed).collect()
    }

    fn unseated(&self) -> MutexGuard<'_, VecDeque<(String, Handed)>> {
        self.unseated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route {
    pub(super) fn new(
        registry: &Registry,
        generation: Generation,
        configured: Configured,
        since: Instant,
    ) -> Route {
        let all = registry.generations(&generation.slot).iter();
        let same = all.filter(|other| other.lineage == generation.lineage);
        let same = same.map(|other| other.number);
        Route {
            same_lineage: same.chain([generation.number]).collect(),
            is_frozen: registry.is_frozen(&generation.slot, generation.lineage),
            generation,
            configured,
            since,
            before: None,
            is_watched: false,
            calls: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }
    }

    /// Counts a call; returns how many there were, and how many failed.
    pub(super) fn count(&self, has_failed: bool) -> (u32, u32) {
        let failed = self
            .failures
            .fetch_add(u32::from(has_failed), Ordering::Relaxed);
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        (calls + 1, failed + u32::from(has_failed))
    }
}

/// Whether a generation is this strategy under these settings.
pub(super) fn is_same(generation: &Generation, configured: &Configured) -> bool {
    let settings: &[Setting] = &configured.settings;
    generation.digest == configured.strategy.digest() && generation.settings == settings
}

/// The generation that takes over from another one, or is the first. `last` is the one with the highest number.
pub(super) fn next_generation(
    slot: &str,
    last: Option<&Generation>,
    answering: Option<&Generation>,
    configured: &Configured,
    mode: Mode,
) -> Generation {
    let number = last.map_or(1, |last| last.number + 1);
    let description = configured.strategy.description();
    Generation {
        slot: slot.to_owned(),
        number,
        lineage: match (mode, answering) {
            (Mode::Inherit, Some(answering)) => answering.lineage,
            _ => number,
        },
        strategy: description.name.clone(),
        version: description.version.clone(),
        digest: configured.strategy.digest().to_owned(),
        settings: configured.settings.clone(),
    }
}

/// Whether a slot or a tenant can be called so.
pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), LiveError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let is_said = name.chars().any(|c| c.is_ascii_alphanumeric()) || name == ONLY_TENANT;
    match (1..=64).contains(&name.len()) && name.chars().all(is_plain) && is_said {
        true => Ok(()),
        false => Err(LiveError::Malformed {
            field,
            reason: format!(
                "{name:?} is no name: letters and digits, `-`, `_`, `.` and `@` beside them, at most 64"
            ),
        }),
    }
}
