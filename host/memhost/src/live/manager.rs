//! The manager of a slot: who answers there, and having another one answer, while agents call.
//!
//! All that can fail of a swap comes first: the new strategy is admitted, tried and opened at every seat. Then it is
//! registered, which is one entry that is synced, and then the route changes, which is one pointer. A process that is
//! killed between the two comes up with the new strategy; before, with the old one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use memhost_contract::Query;
use memhost_store::View;

use super::happened::Happened;
use super::host::Host;
use super::lineage::Lineage;
use super::requests::TOKEN_BUDGET;
use super::seat::{Active, SeatInner};
use super::slot::{Route, Slot, is_same, next_generation};
use super::{Generation, LiveError, Mode, SeatStanding, SlotStanding, Wish, to_its_end};
use crate::learning::{Caller, Configured, Learner, Unobserved};

/// The most of the latest questions that a strategy answers before it takes over others' memories.
const PROBES: usize = 50;
/// How long a strategy that took over is watched, and how often it may fail of how many calls.
const PROBATION: Duration = Duration::from_secs(10 * 60);
const PROBATION_CALLS: u32 = 20;
const PROBATION_FAILURES: f64 = 0.05;

/// How a swap is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// What becomes of the memories.
    pub mode: Mode,
    /// Whether it takes over even where it finds nothing in memories in which the old strategy finds something.
    pub force: bool,
}

impl From<Mode> for Swap {
    fn from(mode: Mode) -> Swap {
        Swap { mode, force: false }
    }
}

/// How a generation takes over.
struct TakeOver {
    /// Whom it can give way to.
    before: Option<u32>,
    /// Whether it gives way by itself where it fails often.
    is_watched: bool,
    /// Whether it is tried on the memories first.
    is_probed: bool,
}

/// A slot, as somebody with a grant changes it. Cheap to clone.
#[derive(Clone)]
pub struct Manager {
    pub(super) host: Host,
    pub(super) slot: Arc<Slot>,
}

impl Manager {
    /// The number of the generation that answers.
    pub fn answering(&self) -> u32 {
        self.slot.route.load().generation.number
    }

    /// The generations that the slot has had, in the order in which they came.
    pub async fn generations(&self) -> Vec<Generation> {
        let registry = self.host.registry().await;
        registry.generations(&self.slot.name).to_vec()
    }

    /// Who answers, and how far each seat that is open has learnt.
    pub async fn standing(&self) -> SlotStanding {
        let route = self.slot.route.load_full();
        let seats = self.slot.open_seats().await;
        let seats = seats.into_iter().map(|(tenant, seat)| {
            let active = seat.active.load();
            SeatStanding {
                tenant,
                entries: seat.ledger.last_entry(),
                rows: active.lineage.caller.memories().footprint().rows,
                learner: active.lineage.standing(),
            }
        });
        SlotStanding {
            slot: self.slot.name.clone(),
            generation: route.generation.clone(),
            is_frozen: route.is_frozen,
            calls: route.calls.load(Ordering::Relaxed),
            failures: route.failures.load(Ordering::Relaxed),
            seats: seats.collect(),
        }
    }

    /// Admits the strategy that is asked for, and has it answer. Calls that have begun end with the old one; none fails.
    ///
    /// # Errors
    /// This host admits nobody, the strategy is not admitted, or as for [`Manager::swap`].
    pub async fn swap_to(
        &self,
        wish: &Wish,
        swap: impl Into<Swap>,
    ) -> Result<Generation, LiveError> {
        let (manager, wish, swap) = (self.clone(), wish.clone(), swap.into());
        to_its_end(async move {
            let _change = manager.begin_change()?;
            let configured = manager.host.admission()?.admit(&wish).await?;
            manager.swap_in(configured, swap).await
        })
        .await
    }

    /// Has another strategy answer. Calls that have begun end with the old one; none fails.
    ///
    /// # Errors
    /// Another change of the slot is under way, the strategy cannot go on with the memories, or the change cannot be
    /// registered. The old strategy answers then as before.
    pub async fn swap(
        &self,
        configured: Configured,
        swap: impl Into<Swap>,
    ) -> Result<Generation, LiveError> {
        let (manager, swap) = (self.clone(), swap.into());
        to_its_end(async move {
            let _change = manager.begin_change()?;
            manager.swap_in(configured, swap).await
        })
        .await
    }

    async fn swap_in(&self, configured: Configured, swap: Swap) -> Result<Generation, LiveError> {
        let next = {
            let registry = self.host.registry().await;
            let name = &self.slot.name;
            next_generation(
                name,
                registry.generations(name).last(),
                registry.answering(name),
                &configured,
                swap.mode,
            )
        };
        let before = self.slot.route.load().generation.number;
        let how = TakeOver {
            before: Some(before),
            is_watched: true,
            is_probed: !swap.force,
        };
        self.take_over(next, configured, how).await
    }

    /// The same, unless it answers already.
    ///
    /// # Errors
    /// As for [`Manager::swap`].
    pub async fn swap_if_other(
        &self,
        configured: Configured,
        swap: impl Into<Swap>,
    ) -> Result<Generation, LiveError> {
        let present = self.slot.route.load().generation.clone();
        match is_same(&present, &configured) {
            true => Ok(present),
            false => self.swap(configured, swap).await,
        }
    }

    /// Has a former generation answer again: the one that answered before, or the one of this number. Where it has memories
    /// of its own, it learns first what has happened since; where it shares them with the present one, they stay as they are.
    ///
    /// # Errors
    /// There is no such generation, its strategy is not to be had any more, or as for [`Manager::swap`].
    pub async fn roll_back(&self, to: Option<u32>) -> Result<Generation, LiveError> {
        let manager = self.clone();
        to_its_end(async move {
            let _change = manager.begin_change()?;
            manager.answer_again(to).await
        })
        .await
    }

    async fn answer_again(&self, to: Option<u32>) -> Result<Generation, LiveError> {
        let route = self.slot.route.load_full();
        let present = route.generation.number;
        let number = to.or(route.before).unwrap_or(present.saturating_sub(1));
        let generation = {
            let registry = self.host.registry().await;
            registry.generation(&self.slot.name, number).cloned()
        };
        if number == 0 {
            return Err(LiveError::Malformed {
                field: "to",
                reason: "no generation has answered before this one".to_owned(),
            });
        }
        let none = LiveError::NoSuchGeneration {
            slot: self.slot.name.clone(),
            number,
        };
        let generation = generation.ok_or(none)?;
        if number == present {
            return Ok(generation);
        }
        let configured = match self.slot.strategy(number) {
            Some(configured) => configured,
            None => self.host.admission()?.readmit(&generation).await?,
        };
        // Whoever rolls back once more goes further back, and not forth again.
        let how = TakeOver {
            before: None,
            is_watched: false,
            is_probed: false,
        };
        self.take_over(generation, configured, how).await
    }

    /// Has the present strategy go on answering, and learn no more; what happens is kept. Whoever takes over its memories
    /// learns it.
    ///
    /// # Errors
    /// Another change of the slot is under way, or it cannot be registered.
    pub async fn freeze(&self) -> Result<Generation, LiveError> {
        let manager = self.clone();
        to_its_end(async move {
            let _change = manager.begin_change()?;
            let route = manager.slot.route.load_full();
            let now = manager.host.now();
            let generation = route.generation.clone();
            let mut registry = manager.host.registry().await;
            registry
                .freeze(&manager.slot.name, generation.lineage, now)
                .await?;
            drop(registry);
            let how = TakeOver {
                before: route.before,
                is_watched: false,
                is_probed: false,
            };
            manager
                .take_over(generation, route.configured.clone(), how)
                .await
        })
        .await
    }

    fn begin_change(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, LiveError> {
        self.host.check_awake()?;
        let change = self.slot.change.try_lock();
        change.map_err(|_| LiveError::ChangeInProgress(self.slot.name.clone()))
    }

    /// A generation takes over at all seats.
    async fn take_over(
        &self,
        next: Generation,
        configured: Configured,
        how: TakeOver,
    ) -> Result<Generation, LiveError> {
        let slot = &self.slot;
        let old = slot.route.load_full();
        if how.is_probed && next.lineage == old.generation.lineage {
            self.probe(&old, &configured).await?;
        }
        let _no_opening = slot.openings.write().await;
        let seats: Vec<Arc<SeatInner>> = {
            let seats = slot.open_seats().await;
            seats.into_iter().map(|(_, seat)| seat).collect()
        };
        let now = self.host.now();
        let is_other = next.number != old.generation.number;
        let next = {
            let mut registry = self.host.registry().await;
            // Whoever takes over learns again.
            if is_other && registry.is_frozen(&slot.name, next.lineage) {
                registry.thaw(&slot.name, next.lineage, now).await?;
            }
            let mut route = Route::new(&registry, next, configured, now);
            (route.before, route.is_watched) = (how.before, how.is_watched);
            Arc::new(route)
        };
        let mut opened = Vec::new();
        if let Err(error) = self.prepare(&seats, &old, &next, &mut opened).await {
            for lineage in &opened {
                lineage.stop().await;
            }
            self.take_back(&seats, &old).await;
            return Err(error);
        }
        slot.answer_with(next.clone());
        for (seat, lineage) in seats.iter().zip(opened) {
            lineage.wake();
            let before = seat.activate(Active::new(&next, lineage));
            before.lineage.stop().await;
        }
        Ok(next.generation.clone())
    }

    /// The new strategy is opened at every seat, and then registered. Memories have one writer, so where the new one goes on
    /// with the old one's, the old one's learner stops first.
    async fn prepare(
        &self,
        seats: &[Arc<SeatInner>],
        old: &Route,
        next: &Route,
        opened: &mut Vec<Lineage>,
    ) -> Result<(), LiveError> {
        let is_shared = next.generation.lineage == old.generation.lineage;
        for seat in seats {
            if is_shared {
                seat.active.load().lineage.stop().await;
            }
            opened.push(
                self.host
                    .open_lineage(&seat.name, &seat.ledger, next)
                    .await?,
            );
        }
        let mut registry = self.host.registry().await;
        let (name, now) = (&self.slot.name, self.host.now());
        let number = next.generation.number;
        if registry.generation(name, number).is_none() {
            return registry.add(next.generation.clone(), now).await;
        }
        match registry.answering(name).map(|answering| answering.number) == Some(number) {
            true => Ok(()),
            false => registry.answer_again(name, number, now).await,
        }
    }

    /// The old strategy goes on learning where it was stopped.
    async fn take_back(&self, seats: &[Arc<SeatInner>], old: &Arc<Route>) {
        for seat in seats {
            if !seat.active.load().lineage.is_stopped() {
                continue;
            }
            match self.host.open_lineage(&seat.name, &seat.ledger, old).await {
                Ok(lineage) => drop(seat.activate(Active::new(old, lineage))),
                Err(error) => tracing::warn!(seat = seat.name, %error, "its learner has stopped"),
            }
        }
    }

    /// Has both strategies answer the latest questions. The contract does not say what kinds of memories a strategy
    /// understands; so it is tried.
    async fn probe(&self, old: &Route, configured: &Configured) -> Result<(), LiveError> {
        let refused = |reason: String| LiveError::InheritRefused {
            strategy: configured.strategy.description().name.clone(),
            reason,
        };
        let (mut asked, mut found_before, mut lost) = (0, 0, 0);
        for (_, seat) in self.slot.open_seats().await {
            let active = seat.active.load_full();
            let old_caller = &active.lineage.caller;
            let memories = self.host.memories(&seat.name, old).await?;
            let new_caller = Learner::new(
                configured.clone(),
                memories,
                self.host.grants(),
                crate::learning::WallClock::default(),
            )
            .caller();
            let last = seat.ledger.last_entry();
            let latest = seat.ledger.entries(last.saturating_sub(1_000), 1_000);
            let handed = latest
                .iter()
                .rev()
                .filter_map(|entry| match Happened::of(entry) {
                    Ok(Happened::Handed(handed)) => Some(handed),
                    _ => None,
                });
            for handed in handed.take(PROBES.saturating_sub(asked)) {
                asked += 1;
                let query = Query::at_start(handed.task, handed.agent, TOKEN_BUDGET);
                let run = seat.run_state(&active, &handed.attempt, 0);
                let ask = async |caller: &Caller| {
                    let (view, observer) = (View::default(), &mut Unobserved);
                    let asked = caller.retrieve(run, query.clone(), &view, observer);
                    tokio::time::timeout(seat.deadline, asked).await
                };
                match ask(&new_caller).await {
                    Ok(answered) => {
                        if let Some(failure) = answered.failure {
                            return Err(refused(format!("asked once more, it fails: {failure}")));
                        }
                        let finds = !answered.guidance.receipt.used.is_empty();
                        let found = match ask(old_caller).await {
                            Ok(answered) => !answered.guidance.receipt.used.is_empty(),
                            Err(_) => false,
                        };
                        found_before += u32::from(found);
                        lost += u32::from(found && !finds);
                    }
                    Err(_) => {
                        return Err(refused(format!("no answer within {:?}", seat.deadline)));
                    }
                }
            }
        }
        match lost * 2 > found_before {
            true => Err(refused(format!(
                "it cites nothing for {lost} of {found_before} questions that the present strategy finds something for"
            ))),
            false => Ok(()),
        }
    }

    /// Notes how a call went. A strategy that took over a short while ago and fails often gives way to the one before it,
    /// once.
    pub(super) fn count(&self, route: &Arc<Route>, has_failed: bool) {
        let (calls, failures) = route.count(has_failed);
        let is_bad = f64::from(failures) > f64::from(calls) * PROBATION_FAILURES;
        let is_new = self.host.now() - route.since < PROBATION.as_millis() as f64;
        let fails_often = has_failed && is_bad && calls >= PROBATION_CALLS;
        let (true, Some(before)) = (route.is_watched && is_new && fails_often, route.before) else {
            return;
        };
        let (manager, route) = (self.clone(), route.clone());
        tokio::spawn(async move {
            let Ok(_change) = manager.begin_change() else {
                return;
            };
            // Somebody may have decided meanwhile.
            if !Arc::ptr_eq(&manager.slot.route.load_full(), &route) {
                return;
            }
            let slot = &manager.slot.name;
            tracing::warn!(
                slot,
                calls,
                failures,
                "it fails too often: the strategy before it answers again"
            );
            if let Err(error) = manager.answer_again(Some(before)).await {
                tracing::warn!(slot, %error, "the strategy before it cannot answer");
            }
        });
    }
}
