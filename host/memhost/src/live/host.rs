//! The host: slots over one store, whose strategies can be swapped while agents call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use memhost_contract::Setting;
use memhost_store::Store;
use tokio::sync::{Mutex, OnceCell};

use super::clock::{Time, WallTime};
use super::keys::Keyring;
use super::lineage::{Lineage, Opening};
use super::registry::Registry;
use super::seat::{Active, SeatInner};
use super::timeline::Waits;
use super::{Generation, Grant, LiveError, Seat, Wanted, to_its_end};
use crate::learning::{Configured, Grants};

/// How long things may take and wait at a host, and how much a seat may keep.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveLimits {
    /// How long a `retrieve` may take. Default: 2 s.
    pub retrieve_deadline: Duration,
    /// How long an attempt waits for its outcome, where the strategy wants to hear it. Default: 15 min.
    pub outcome_wait: Duration,
    /// How long runs that are learnt from together wait for each other. Default: 10 min.
    pub group_window: Duration,
    /// How long what was handed out waits for its attempt, and an attempt for a late outcome. Default: 24 h.
    pub forgotten_after: Duration,
    /// The most memories of a lineage. Default: 50,000.
    pub most_memories: u32,
}

impl Default for LiveLimits {
    fn default() -> Self {
        LiveLimits {
            retrieve_deadline: Duration::from_secs(2),
            outcome_wait: Duration::from_secs(15 * 60),
            group_window: Duration::from_secs(10 * 60),
            forgotten_after: Duration::from_secs(24 * 60 * 60),
            most_memories: 50_000,
        }
    }
}

/// What a host is opened with.
#[derive(Clone)]
pub struct LiveSettings {
    /// Where everything is kept.
    pub store: Store,
    /// What strategies may reach.
    pub grants: Grants,
    /// How long things wait.
    pub limits: LiveLimits,
    /// What time it is.
    pub time: Arc<dyn Time>,
}

impl LiveSettings {
    /// A host over this store, by the clock on the wall.
    pub fn new(store: Store, grants: Grants) -> LiveSettings {
        LiveSettings {
            store,
            grants,
            limits: LiveLimits::default(),
            time: Arc::new(WallTime::default()),
        }
    }
}

/// What becomes of what a slot has learnt when another strategy takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The new strategy begins with no memory, and learns from what happens from now on.
    Fresh,
    /// The new strategy goes on with the memories of the old one.
    Inherit,
}

/// A memory host that is alive: agents ask it before they work and tell it afterwards. Cheap to clone.
#[derive(Clone)]
pub struct Host(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: LiveSettings,
    pub(super) registry: Mutex<Registry>,
    pub(super) keys: Keyring,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    is_ending: AtomicBool,
}

struct Slot {
    name: String,
    /// Held while the slot is being changed.
    change: Mutex<()>,
    /// Read while a seat is being opened, which would else be opened with a strategy that is on its way out.
    openings: tokio::sync::RwLock<()>,
    /// Who answers at seats that are opened from now on.
    route: ArcSwap<Route>,
    seats: Mutex<HashMap<String, Arc<OnceCell<Arc<SeatInner>>>>>,
}

/// A generation at work.
struct Route {
    generation: Generation,
    configured: Configured,
    /// All generations that work on the same memories, or have.
    same_lineage: BTreeSet<u32>,
}

impl Host {
    /// Opens a host over a store. One at a time: another host on the same store is refused by name.
    ///
    /// # Errors
    /// The store cannot be read, or another host has it.
    pub async fn open(settings: LiveSettings) -> Result<Host, LiveError> {
        let registry = Registry::open(&settings.store).await?;
        Ok(Host(Arc::new(Inner {
            settings,
            keys: registry.keys(),
            registry: Mutex::new(registry),
            slots: RwLock::default(),
            is_ending: AtomicBool::new(false),
        })))
    }

    /// Has a strategy answer at a slot from now on. One that answered there before goes on as it was; another one takes over
    /// as a [swap](Host::swap) does.
    ///
    /// # Errors
    /// The slot is there already, its name cannot be, or the registry cannot be written.
    pub async fn add_slot(
        &self,
        name: &str,
        configured: Configured,
        mode: Mode,
    ) -> Result<Generation, LiveError> {
        self.check_awake()?;
        check_name("slot", name)?;
        let mut registry = self.0.registry.lock().await;
        if self.slot_named(name).is_ok() {
            return Err(LiveError::Malformed {
                field: "slot",
                reason: format!("there is a slot `{name}` already"),
            });
        }
        let before = registry.generations(name);
        let generation = match before.last() {
            Some(last) if is_same(last, &configured) => last.clone(),
            last => {
                let next = generation(name, last, &configured, mode);
                registry
                    .add(next.clone(), self.0.settings.time.now())
                    .await?;
                next
            }
        };
        let slot = Slot {
            name: name.to_owned(),
            change: Mutex::new(()),
            openings: tokio::sync::RwLock::new(()),
            route: ArcSwap::from_pointee(route(&registry, generation.clone(), configured)),
            seats: Mutex::default(),
        };
        drop(registry);
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(name.to_owned(), Arc::new(slot));
        Ok(generation)
    }

    /// The generations that a slot has had, the one that answers last.
    ///
    /// # Errors
    /// There is no such slot.
    pub async fn generations(&self, slot: &str) -> Result<Vec<Generation>, LiveError> {
        self.slot_named(slot)?;
        Ok(self.0.registry.lock().await.generations(slot).to_vec())
    }

    /// A tenant's seat at a slot, opened if need be.
    ///
    /// # Errors
    /// There is no such slot for this grant, the tenant's name cannot be, or what is stored cannot be read.
    pub async fn slot(&self, grant: &Grant, slot: &str, tenant: &str) -> Result<Seat, LiveError> {
        self.check_awake()?;
        grant.check(slot, tenant)?;
        check_name("tenant", tenant)?;
        let slot = self.slot_named(slot)?;
        let cell = slot
            .seats
            .lock()
            .await
            .entry(tenant.to_owned())
            .or_default()
            .clone();
        let opened = cell
            .get_or_try_init(|| self.open_seat(&slot, tenant))
            .await?;
        Ok(Seat {
            grant: grant.clone(),
            inner: opened.clone(),
        })
    }

    async fn open_seat(&self, slot: &Slot, tenant: &str) -> Result<Arc<SeatInner>, LiveError> {
        let _unchanged = slot.openings.read().await;
        let settings = &self.0.settings;
        let number = {
            let mut registry = self.0.registry.lock().await;
            registry.tenant(tenant, settings.time.now()).await?
        };
        let name = format!("{}/{number}", slot.name);
        let ledger = settings
            .store
            .namespace(&format!("live/{name}/ledger"))
            .await?;
        let route = slot.route.load_full();
        let lineage = self.open_lineage(&name, &ledger, &route).await?;
        let active = Active {
            generation: route.generation.number,
            wanted: Wanted::of(&route.configured.plan),
            lineage,
        };
        let seat = SeatInner::new(
            name,
            ledger,
            settings.time.clone(),
            settings.limits.retrieve_deadline,
            active,
        )?;
        Ok(Arc::new(seat))
    }

    async fn open_lineage(
        &self,
        seat: &str,
        ledger: &memhost_store::Namespace,
        route: &Route,
    ) -> Result<Lineage, LiveError> {
        let LiveSettings {
            store,
            grants,
            limits,
            time,
        } = &self.0.settings;
        let memories = store
            .namespace(&format!("live/{seat}/{}", route.generation.lineage))
            .await?;
        let millis = |wait: Duration| wait.as_millis() as f64;
        let opening = Opening {
            seat: format!("{seat}/{}", route.generation.lineage),
            configured: route.configured.clone(),
            grants: grants.clone(),
            ledger: ledger.clone(),
            memories,
            time: time.clone(),
            waits: Waits {
                outcome: millis(limits.outcome_wait),
                group: millis(limits.group_window),
                forgotten: millis(limits.forgotten_after),
            },
            generations: route.same_lineage.clone(),
            from: ledger.last_entry() + 1,
            most_memories: Some(limits.most_memories),
        };
        Ok(Lineage::open(opening).await?)
    }

    /// Has another strategy answer at a slot, while agents call. Calls that have begun end with the old one; none fails.
    ///
    /// # Errors
    /// There is no such slot, another change of it is under way, or the change cannot be registered. The old strategy
    /// answers then as before.
    pub async fn swap(
        &self,
        slot: &str,
        configured: Configured,
        mode: Mode,
    ) -> Result<Generation, LiveError> {
        self.check_awake()?;
        let (host, slot) = (self.clone(), self.slot_named(slot)?);
        to_its_end(async move { host.change(&slot, configured, mode).await }).await
    }

    async fn change(
        &self,
        slot: &Slot,
        configured: Configured,
        mode: Mode,
    ) -> Result<Generation, LiveError> {
        let Ok(_change) = slot.change.try_lock() else {
            return Err(LiveError::ChangeInProgress(slot.name.clone()));
        };
        let _no_opening = slot.openings.write().await;
        let old = slot.route.load_full();
        let seats: Vec<Arc<SeatInner>> = {
            let seats = slot.seats.lock().await;
            seats
                .values()
                .filter_map(|cell| cell.get().cloned())
                .collect()
        };
        let next = {
            let registry = self.0.registry.lock().await;
            let next = generation(&slot.name, Some(&old.generation), &configured, mode);
            Arc::new(route(&registry, next, configured))
        };
        let mut opened = Vec::new();
        if let Err(error) = self.prepare(&seats, mode, &next, &mut opened).await {
            for lineage in &opened {
                lineage.stop().await;
            }
            self.take_back(&seats, &old).await;
            return Err(error);
        }
        slot.route.store(next.clone());
        for (seat, lineage) in seats.iter().zip(opened) {
            lineage.wake();
            let before = seat.active.swap(Arc::new(Active {
                generation: next.generation.number,
                wanted: Wanted::of(&next.configured.plan),
                lineage,
            }));
            before.lineage.stop().await;
        }
        Ok(next.generation.clone())
    }

    /// All that can fail of a swap: the new strategy is opened at every seat, and then registered. Memories have one writer,
    /// so where the new one goes on with the old one's, the old one's learner stops first.
    async fn prepare(
        &self,
        seats: &[Arc<SeatInner>],
        mode: Mode,
        next: &Route,
        opened: &mut Vec<Lineage>,
    ) -> Result<(), LiveError> {
        for seat in seats {
            if mode == Mode::Inherit {
                seat.active.load().lineage.stop().await;
            }
            opened.push(self.open_lineage(&seat.name, &seat.ledger, next).await?);
        }
        let mut registry = self.0.registry.lock().await;
        let now = self.0.settings.time.now();
        registry.add(next.generation.clone(), now).await
    }

    /// The old strategy goes on learning where it was stopped.
    async fn take_back(&self, seats: &[Arc<SeatInner>], old: &Route) {
        for seat in seats {
            if !seat.active.load().lineage.is_stopped() {
                continue;
            }
            match self.open_lineage(&seat.name, &seat.ledger, old).await {
                Ok(lineage) => seat.active.store(Arc::new(Active {
                    generation: old.generation.number,
                    wanted: Wanted::of(&old.configured.plan),
                    lineage,
                })),
                Err(error) => tracing::warn!(seat = seat.name, %error, "its learner has stopped"),
            }
        }
    }

    /// Ends: what was handed out is written down, learners stop at the end of their transactions, and the store is closed.
    ///
    /// # Errors
    /// The store cannot be closed; nothing that was acknowledged is lost.
    pub async fn close(self) -> Result<(), LiveError> {
        self.0.is_ending.store(true, Ordering::SeqCst);
        let slots: Vec<Arc<Slot>> = {
            let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *slots).into_values().collect()
        };
        for slot in slots {
            let seats = std::mem::take(&mut *slot.seats.lock().await);
            for seat in seats.values().filter_map(|cell| cell.get()) {
                if let Err(error) = seat.write_handed().await {
                    tracing::warn!(%error, "what was handed out last is not noted");
                }
                seat.active.load().lineage.stop().await;
            }
        }
        Ok(self.0.settings.store.close().await?)
    }

    /// Whether there is such a slot.
    pub fn has_slot(&self, name: &str) -> bool {
        self.slot_named(name).is_ok()
    }

    /// Who answers at each slot, and its seats that are open.
    pub(super) async fn open_seats(&self) -> Vec<(Generation, Vec<Arc<SeatInner>>)> {
        let slots: Vec<Arc<Slot>> = {
            let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
            slots.values().cloned().collect()
        };
        let mut open = Vec::new();
        for slot in slots {
            let seats = slot.seats.lock().await;
            let seats = seats.values().filter_map(|cell| cell.get().cloned());
            open.push((slot.route.load().generation.clone(), seats.collect()));
        }
        open
    }

    fn slot_named(&self, name: &str) -> Result<Arc<Slot>, LiveError> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(name).cloned();
        slot.ok_or_else(|| LiveError::NoSuchSlot(name.to_owned()))
    }

    pub(super) fn check_awake(&self) -> Result<(), LiveError> {
        match self.0.is_ending.load(Ordering::SeqCst) {
            true => Err(LiveError::Draining),
            false => Ok(()),
        }
    }
}

fn route(registry: &Registry, generation: Generation, configured: Configured) -> Route {
    let all = registry.generations(&generation.slot).iter();
    let same = all.filter(|other| other.lineage == generation.lineage);
    let same = same.map(|other| other.number);
    Route {
        same_lineage: same.chain([generation.number]).collect(),
        generation,
        configured,
    }
}

fn is_same(generation: &Generation, configured: &Configured) -> bool {
    let settings: &[Setting] = &configured.settings;
    generation.digest == configured.strategy.digest() && generation.settings == settings
}

/// The generation that follows another one.
fn generation(
    slot: &str,
    last: Option<&Generation>,
    configured: &Configured,
    mode: Mode,
) -> Generation {
    let number = last.map_or(1, |last| last.number + 1);
    let description = configured.strategy.description();
    Generation {
        slot: slot.to_owned(),
        number,
        lineage: match (mode, last) {
            (Mode::Inherit, Some(last)) => last.lineage,
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
    match (1..=64).contains(&name.len()) && name.chars().all(is_plain) {
        true => Ok(()),
        false => Err(LiveError::Malformed {
            field,
            reason: format!(
                "{name:?} is no name: letters, digits, `-`, `_`, `.` and `@`, at most 64"
            ),
        }),
    }
}
