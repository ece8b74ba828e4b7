//! The host: slots over one store, whose strategies can be swapped while agents call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use memhost_contract::Instant;
use memhost_store::{Namespace, Store};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use super::clock::{Time, WallTime};
use super::keys::Keyring;
use super::lineage::{Lineage, Opening};
use super::missing::Missing;
use super::registry::Registry;
use super::seat::{Active, SeatInner};
use super::slot::{Route, Slot, check_name, is_same, next_generation};
use super::timeline::Waits;
use super::{Admission, Generation, Grant, LiveError, Manager, Right, Seat, SlotStanding, Wish};
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
    /// The most seats that are open at a time; those that were used least recently close. Default: 500.
    pub most_seats: usize,
    /// The most `retrieve`s that strategies work on at a time, half of them at one slot; others wait for their turn, within the
    /// deadline. Each may take as much memory as a call may. Default: 32.
    pub most_calls: usize,
    /// Which share of attempts, in 0..=1, is made without guidance at strategies that would know what tasks come to then
    /// (Live-Evo). Default: 0, because it is for the operator to say whose agents are left alone.
    pub baseline_share: f64,
}

impl Default for LiveLimits {
    fn default() -> Self {
        LiveLimits {
            retrieve_deadline: Duration::from_secs(2),
            outcome_wait: Duration::from_secs(15 * 60),
            group_window: Duration::from_secs(10 * 60),
            forgotten_after: Duration::from_secs(24 * 60 * 60),
            most_memories: 50_000,
            most_seats: 500,
            most_calls: 32,
            baseline_share: 0.0,
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
    /// Who finds strategies that are asked for by name; `None`: nobody.
    pub admission: Option<Arc<dyn Admission>>,
}

impl LiveSettings {
    /// A host over this store, by the clock on the wall.
    pub fn new(store: Store, grants: Grants) -> LiveSettings {
        LiveSettings {
            store,
            grants,
            limits: LiveLimits::default(),
            time: Arc::new(WallTime::default()),
            admission: None,
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
pub struct Host(Arc<Inner>);

struct Inner {
    settings: LiveSettings,
    registry: Mutex<Registry>,
    keys: Keyring,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
    /// Calls that strategies may still begin.
    calls: Semaphore,
    is_ending: AtomicBool,
}

impl Host {
    /// Opens a host over a store. One at a time: another host on the same store is refused by name.
    ///
    /// # Errors
    /// The store cannot be read, or another host has it.
    pub async fn open(settings: LiveSettings) -> Result<Host, LiveError> {
        let registry = Registry::open(&settings.store).await?;
        let calls = Semaphore::new(settings.limits.most_calls.max(1));
        Ok(Host(Arc::new(Inner {
            calls,
            settings,
            keys: registry.keys(),
            registry: Mutex::new(registry),
            slots: RwLock::default(),
            is_ending: AtomicBool::new(false),
        })))
    }

    /// Has a strategy answer at a slot from now on. One that answered there before goes on as it was; another one takes over
    /// as a [swap](Manager::swap) does.
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
        self.check_new(name)?;
        let now = self.now();
        let generation = match registry.answering(name) {
            Some(answering) if is_same(answering, &configured) => answering.clone(),
            answering => {
                let last = registry.generations(name).last();
                let next = next_generation(name, last, answering, &configured, mode);
                registry.add(next.clone(), now).await?;
                next
            }
        };
        let route = Route::new(&registry, generation.clone(), configured, now);
        let tenants = registry.tenants_at(name);
        drop(registry);
        {
            let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
            slots.insert(
                name.to_owned(),
                Arc::new(Slot::new(name, route, &self.0.settings.limits)),
            );
        }
        self.go_on_learning(name, tenants);
        Ok(generation)
    }

    /// Has a slot whose strategy is not to be had be there all the same: it answers that it has nothing to say, and why; what
    /// is told is kept, and learnt from as soon as another strategy takes over.
    ///
    /// # Errors
    /// The slot is there already, or has never been.
    pub async fn add_slot_without_strategy(
        &self,
        name: &str,
        reason: &str,
    ) -> Result<(), LiveError> {
        self.check_awake()?;
        self.check_new(name)?;
        let registry = self.0.registry.lock().await;
        let no_such = || LiveError::NoSuchSlot(name.to_owned());
        let generation = registry.answering(name).cloned().ok_or_else(no_such)?;
        let missing = Missing::of(&generation, reason.to_owned());
        let configured = Configured::with(Arc::new(missing), generation.settings.clone()).await?;
        let mut route = Route::new(&registry, generation, configured, self.now());
        route.is_frozen = true;
        drop(registry);
        let slot = Slot::new(name, route, &self.0.settings.limits);
        slot.lacks_its_strategy();
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(name.to_owned(), Arc::new(slot));
        Ok(())
    }

    /// Makes a slot, and has the strategy answer there that is asked for.
    ///
    /// # Errors
    /// The grant does not allow it, this host admits nobody, the strategy is not admitted, or as for [`Host::add_slot`].
    pub async fn admit_slot(
        &self,
        grant: &Grant,
        name: &str,
        wish: &Wish,
    ) -> Result<Generation, LiveError> {
        grant.check_all()?;
        check_name("slot", name)?;
        self.check_new(name)?;
        let configured = self.admission()?.admit(wish).await?;
        self.add_slot(name, configured, Mode::Fresh).await
    }

    fn check_new(&self, name: &str) -> Result<(), LiveError> {
        match self.slot_named(name) {
            Ok(_) => Err(LiveError::Malformed {
                field: "slot",
                reason: format!("there is a slot `{name}` already"),
            }),
            Err(_) => Ok(()),
        }
    }

    /// What was told and not learnt before this process began is learnt, also where nobody calls.
    fn go_on_learning(&self, slot: &str, tenants: Vec<String>) {
        let (host, slot) = (self.clone(), slot.to_owned());
        tokio::spawn(async move {
            for tenant in tenants {
                let opened = match host.slot_named(&slot) {
                    Ok(slot) => host.seat(&slot, &tenant).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = opened {
                    tracing::warn!(slot, tenant, %error, "a seat cannot be opened");
                }
            }
        });
    }

    /// The slots of this store, by name, with the generation that answers at each: those of this process, and those that
    /// were there before and have no strategy yet.
    pub async fn registered(&self) -> BTreeMap<String, Generation> {
        let registry = self.0.registry.lock().await;
        let slots = registry.slots();
        let answering = slots.filter_map(|slot| {
            let generation = registry.answering(slot)?.clone();
            Some((slot.to_owned(), generation))
        });
        answering.collect()
    }

    /// How every slot stands, for whoever runs the host.
    pub async fn standing(&self) -> Vec<SlotStanding> {
        let mut standing = Vec::new();
        for slot in self.all_slots() {
            let host = self.clone();
            standing.push(Manager { host, slot }.standing().await);
        }
        standing
    }

    fn all_slots(&self) -> Vec<Arc<Slot>> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().cloned().collect()
    }

    /// The slots that this grant covers, by name.
    pub fn slots(&self, grant: &Grant) -> Vec<String> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        let covered = slots.keys().filter(|slot| grant.covers_slot(slot));
        covered.cloned().collect()
    }

    /// A tenant's seat at a slot. Nothing is made of it before something is told.
    ///
    /// # Errors
    /// There is no such slot for this grant, or the tenant's name cannot be.
    pub fn slot(&self, grant: &Grant, slot: &str, tenant: &str) -> Result<Seat, LiveError> {
        self.check_awake()?;
        grant.check(slot, tenant)?;
        check_name("tenant", tenant)?;
        Ok(Seat {
            grant: grant.clone(),
            manager: self.manager_of(slot)?,
            tenant: tenant.to_owned(),
        })
    }

    /// A slot, for somebody who may change it.
    ///
    /// # Errors
    /// There is no such slot for this grant, or it does not allow changes, or it is for one tenant only.
    pub fn manage(&self, grant: &Grant, slot: &str) -> Result<Manager, LiveError> {
        self.check_awake()?;
        if !grant.covers_slot(slot) {
            return Err(LiveError::NoSuchSlot(slot.to_owned()));
        }
        grant.check_right(Right::Admin)?;
        if grant.tenant().is_some() {
            let reason = "a slot is changed for all tenants, and this grant is for one";
            return Err(LiveError::NotGranted(reason.to_owned()));
        }
        self.manager_of(slot)
    }

    fn manager_of(&self, slot: &str) -> Result<Manager, LiveError> {
        Ok(Manager {
            host: self.clone(),
            slot: self.slot_named(slot)?,
        })
    }

    /// The seat of a tenant of whom something is kept; `None`: nothing is.
    pub(super) async fn seat_if_there(
        &self,
        slot: &Arc<Slot>,
        tenant: &str,
    ) -> Result<Option<Arc<SeatInner>>, LiveError> {
        let open = {
            let seats = slot.seats.read().await;
            seats.get(tenant).and_then(|cell| cell.get().cloned())
        };
        if open.is_some() {
            return Ok(open);
        }
        let is_there = {
            let registry = self.0.registry.lock().await;
            registry.seated(&slot.name, tenant).is_some()
        };
        match is_there {
            true => Ok(Some(self.seat(slot, tenant).await?)),
            false => Ok(None),
        }
    }

    /// The seat of a tenant, which is opened, and made, if need be.
    pub(super) async fn seat(
        &self,
        slot: &Arc<Slot>,
        tenant: &str,
    ) -> Result<Arc<SeatInner>, LiveError> {
        let cell = {
            let seats = slot.seats.read().await;
            seats.get(tenant).cloned()
        };
        let cell = match cell {
            Some(cell) => cell,
            None => {
                self.close_idle_seats().await;
                let mut seats = slot.seats.write().await;
                seats.entry(tenant.to_owned()).or_default().clone()
            }
        };
        let opened = cell.get_or_try_init(|| self.open_seat(slot, tenant)).await;
        opened.cloned()
    }

    async fn open_seat(&self, slot: &Slot, tenant: &str) -> Result<Arc<SeatInner>, LiveError> {
        let _unchanged = slot.openings.read().await;
        let settings = &self.0.settings;
        let number = {
            let mut registry = self.0.registry.lock().await;
            registry
                .seat(&slot.name, tenant, settings.time.now())
                .await?
        };
        let name = format!("{}/{number}", slot.name);
        let ledger = settings
            .store
            .namespace(&format!("live/{name}/ledger"))
            .await?;
        let route = slot.route.load_full();
        let lineage = self.open_lineage(&name, &ledger, &route).await?;
        let seat = SeatInner::new(
            name,
            ledger,
            settings.time.clone(),
            &settings.limits,
            Active::new(&route, lineage),
        )?;
        for handed in slot.take_unseated(tenant) {
            seat.take_over(handed);
        }
        Ok(Arc::new(seat))
    }

    /// Makes room for a seat that is to be opened: those that were used least recently close, unless somebody is there, or
    /// something is still to be learnt.
    async fn close_idle_seats(&self) {
        let most = self.0.settings.limits.most_seats;
        let mut open = Vec::new();
        for slot in self.all_slots() {
            for (tenant, seat) in slot.open_seats().await {
                open.push((seat.last_used(), slot.clone(), tenant));
            }
        }
        if open.len() < most {
            return;
        }
        open.sort_by_key(|(used, ..)| *used);
        // More than one at a time, so that not every opening looks at all of them.
        let surplus = open.len() + 1 - most + most / 16;
        for (_, slot, tenant) in open.into_iter().take(surplus) {
            let _unchanged = slot.openings.read().await;
            let mut seats = slot.seats.write().await;
            let is_idle = seats.get(&tenant).is_some_and(|cell| {
                Arc::strong_count(cell) == 1 && cell.get().is_some_and(SeatInner::is_idle)
            });
            if is_idle
                && let Some(seat) = seats.remove(&tenant).and_then(|cell| cell.get().cloned())
            {
                seat.active.load().lineage.stop().await;
            }
        }
    }

    /// The memories of a lineage at a seat.
    pub(super) async fn memories(&self, seat: &str, route: &Route) -> Result<Namespace, LiveError> {
        let name = format!("live/{seat}/{}", route.generation.lineage);
        Ok(self.0.settings.store.namespace(&name).await?)
    }

    pub(super) async fn open_lineage(
        &self,
        seat: &str,
        ledger: &Namespace,
        route: &Route,
    ) -> Result<Lineage, LiveError> {
        let LiveSettings {
            grants,
            limits,
            time,
            ..
        } = &self.0.settings;
        let millis = |wait: Duration| wait.as_millis() as f64;
        let opening = Opening {
            seat: format!("{seat}/{}", route.generation.lineage),
            configured: route.configured.clone(),
            grants: grants.clone(),
            ledger: ledger.clone(),
            memories: self.memories(seat, route).await?,
            time: time.clone(),
            waits: Waits {
                outcome: millis(limits.outcome_wait),
                group: millis(limits.group_window),
                forgotten: millis(limits.forgotten_after),
            },
            generations: route.same_lineage.clone(),
            from: ledger.last_entry() + 1,
            most_memories: Some(limits.most_memories),
            is_frozen: route.is_frozen,
        };
        Ok(Lineage::open(opening).await?)
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
            let seats = std::mem::take(&mut *slot.seats.write().await);
            for seat in seats.values().filter_map(|cell| cell.get()) {
                if let Err(error) = seat.write_handed().await {
                    tracing::warn!(%error, "what was handed out last is not noted");
                }
                seat.active.load().lineage.stop().await;
            }
        }
        Ok(self.0.settings.store.close().await?)
    }

    pub(super) async fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.registry.lock().await
    }

    pub(super) fn keyring(&self) -> &Keyring {
        &self.0.keys
    }

    /// Returns when a strategy may begin a call.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.calls.acquire().await.ok()
    }

    pub(super) fn now(&self) -> Instant {
        self.0.settings.time.now()
    }

    pub(super) fn grants(&self) -> Grants {
        self.0.settings.grants.clone()
    }

    /// Who finds strategies that are asked for by name.
    ///
    /// # Errors
    /// Nobody does.
    pub fn admission(&self) -> Result<&Arc<dyn Admission>, LiveError> {
        let admission = self.0.settings.admission.as_ref();
        admission
            .ok_or_else(|| LiveError::Refused("this host takes no strategies by name".to_owned()))
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
