//! A seat: one tenant at one slot. It has one ledger, and a lineage that learns from it.

mod index;
mod tell;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use memhost_contract::{Arm, Guidance, Query, Receipt};
use memhost_store::{Entering, Memories, Namespace, View};
use memhost_strategy::capability::RunState;

use super::clock::{Time, seed};
use super::happened::{Handed, Happened};
use super::ids::{checked_id, new_attempt, with_id};
use super::lineage::Lineage;
use super::slot::Route;
use super::{
    Ask, ExplainedHandout, Explanation, Grant, Handout, LiveError, LiveLimits, Manager, Right,
    Standing, Wanted,
};
use crate::learning::Unobserved;

use index::Index;

/// How long what was handed out may be on its way to the ledger.
const WRITTEN_WITHIN: Duration = Duration::from_millis(20);
/// How long attempts that one generation began are guided by it, after another one took over.
const ENDS_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A tenant at a slot, as somebody with a grant reaches it. Cheap to clone.
#[derive(Clone)]
pub struct Seat {
    pub(super) grant: Grant,
    pub(super) manager: Manager,
    pub(super) tenant: String,
}

pub(super) struct SeatInner {
    /// How it is called in random bits and logs.
    pub name: String,
    pub ledger: Namespace,
    pub time: Arc<dyn Time>,
    pub deadline: Duration,
    /// Which share of attempts is made without guidance, where the strategy would know what they come to then.
    baseline_share: f64,
    pub active: ArcSwap<Active>,
    /// Who answered before.
    standby: ArcSwapOption<Active>,
    index: Mutex<Index>,
    /// Whoever holds it gives entries their place; what was handed out and is not yet on its way stands in it.
    line: tokio::sync::Mutex<()>,
    unwritten: Mutex<Vec<Happened>>,
    /// When it was used last, in milliseconds since 1970.
    used: AtomicU64,
}

/// Who answers.
pub(super) struct Active {
    pub route: Arc<Route>,
    pub lineage: Lineage,
}

impl Active {
    pub(super) fn new(route: &Arc<Route>, lineage: Lineage) -> Active {
        Active {
            route: route.clone(),
            lineage,
        }
    }

    fn generation(&self) -> u32 {
        self.route.generation.number
    }
}

impl SeatInner {
    pub(super) fn new(
        name: String,
        ledger: Namespace,
        time: Arc<dyn Time>,
        limits: &LiveLimits,
        active: Active,
    ) -> Result<SeatInner, LiveError> {
        let seat = SeatInner {
            name,
            deadline: limits.retrieve_deadline,
            baseline_share: limits.baseline_share,
            active: ArcSwap::from_pointee(active),
            standby: ArcSwapOption::empty(),
            index: Mutex::default(),
            line: tokio::sync::Mutex::new(()),
            unwritten: Mutex::default(),
            used: AtomicU64::new(time.now() as u64),
            time,
            ledger,
        };
        for entry in seat.ledger.entries(0, usize::MAX) {
            seat.index().take(&entry)?;
        }
        Ok(seat)
    }

    /// Another generation answers from now on. Returns who answered before, and stands by.
    pub(super) fn activate(&self, active: Active) -> Arc<Active> {
        let before = self.active.swap(Arc::new(active));
        self.standby.store(Some(before.clone()));
        before
    }

    /// When it was used last.
    pub(super) fn last_used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether nobody is there but whoever asks, and nothing is still to be learnt or written.
    pub(super) fn is_idle(self: &Arc<SeatInner>) -> bool {
        let standing = self.active.load().lineage.standing();
        let is_learnt = standing.is_frozen || standing.learnt >= self.ledger.last_entry();
        let is_written = self.unwritten().is_empty();
        Arc::strong_count(self) == 1 && is_learnt && is_written && standing.due.is_none()
    }

    /// Who answers in an attempt: the generation that began it, if that was a short while ago.
    fn who_answers(&self, attempt: Option<&str>) -> Arc<Active> {
        let active = self.active.load_full();
        let Some(standby) = self.standby.load_full() else {
            return active;
        };
        let is_over = self.time.now() - active.route.since > ENDS_WITHIN.as_millis() as f64;
        if is_over {
            self.standby.store(None);
            return active;
        }
        let began = attempt.and_then(|attempt| Some(self.index().get(attempt)?.handed.first()?.0));
        match began == Some(standby.generation()) {
            true => standby,
            false => active,
        }
    }

    /// The state of a run in which a strategy is asked for guidance of an attempt, which it was handed so often before.
    pub(super) fn run_state(&self, active: &Active, attempt: &str, times: usize) -> RunState {
        let Standing { tasks, batches, .. } = active.lineage.standing();
        RunState {
            now: self.time.now(),
            task_number: tasks,
            batch_number: batches,
            seed: seed(&format!("{} {attempt} {times}", self.name)),
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self) -> MutexGuard<'_, Vec<Happened>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what has happened, behind what was handed out before. The place is given when this returns; the number
    /// comes with the disk.
    async fn enter(&self, happened: Vec<Happened>) -> Result<Entering, LiveError> {
        let handed = std::mem::take(&mut *self.unwritten());
        let entries = handed.into_iter().chain(happened);
        let entries = entries.map(|happened| happened.entry());
        let entries: Result<Vec<_>, String> = entries.collect();
        let entries = entries.map_err(LiveError::Registry)?;
        Ok(self.ledger.begin_to_enter(entries, self.time.now()).await?)
    }

    /// Notes what was handed out before there was a seat.
    pub(super) fn take_over(&self, handed: Handed) {
        self.index().hand_out(&handed);
        self.unwritten().push(Happened::Handed(handed));
    }

    /// Notes what was handed out; it is on its way to the ledger soon, and nobody waits for that.
    fn hand_out(self: &Arc<SeatInner>, handed: Handed) {
        self.index().hand_out(&handed);
        let is_first = {
            let mut unwritten = self.unwritten();
            unwritten.push(Happened::Handed(handed));
            unwritten.len() == 1
        };
        if is_first {
            let seat = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(WRITTEN_WITHIN).await;
                if let Err(error) = seat.write_handed().await {
                    tracing::warn!(%error, "what was handed out could not be noted");
                }
            });
        }
    }

    /// Whether an attempt is made without guidance, so that it is known what its task comes to then.
    fn is_held_back(&self, active: &Active, attempt: &str) -> bool {
        let share = self.baseline_share;
        let drawn = seed(&format!("{} without {attempt}", self.name)) as f64 / u64::MAX as f64;
        active.route.configured.plan.baseline_arm && drawn < share
    }

    fn hold_back(self: &Arc<SeatInner>, active: &Active, ask: Ask, attempt: String) -> Handout {
        let generation = active.generation();
        let handout = Handout {
            is_held_back: true,
            ..Handout::nothing(attempt.clone(), generation, &active.route.configured.plan)
        };
        self.hand_out(Handed {
            receipt: Receipt {
                id: format!("{attempt}.0"),
                ..Receipt::nothing()
            },
            attempt,
            task: ask.task,
            agent: ask.agent,
            arm: Arm::NoMemory,
            generation,
        });
        handout
    }

    /// Brings what was handed out to the ledger.
    pub(super) async fn write_handed(&self) -> Result<(), LiveError> {
        let entering = {
            let _line = self.line.lock().await;
            self.enter(Vec::new()).await?
        };
        entering.number().await.map_err(LiveError::Unconfirmed)?;
        self.active.load().lineage.wake();
        Ok(())
    }
}

impl Seat {
    pub(super) async fn opened(&self) -> Result<Arc<SeatInner>, LiveError> {
        let Manager { host, slot } = &self.manager;
        host.check_awake()?;
        let seat = host.seat(slot, &self.tenant).await?;
        seat.used.store(seat.time.now() as u64, Ordering::Relaxed);
        Ok(seat)
    }

    async fn if_there(&self) -> Result<Option<Arc<SeatInner>>, LiveError> {
        let Manager { host, slot } = &self.manager;
        host.check_awake()?;
        let seat = host.seat_if_there(slot, &self.tenant).await?;
        if let Some(seat) = &seat {
            seat.used.store(seat.time.now() as u64, Ordering::Relaxed);
        }
        Ok(seat)
    }

    /// What the agent should know now. A strategy that fails has nothing to say, and the answer says why. Where nothing has
    /// been told yet, there is nothing to say.
    ///
    /// # Errors
    /// The request makes no sense, the grant does not allow it, too many ask, or what is stored cannot be read.
    pub async fn retrieve(&self, ask: Ask) -> Result<Handout, LiveError> {
        self.grant.check_right(Right::Read)?;
        let ask = Ask {
            task: with_id(ask.task)?,
            ..ask
        };
        let is_new = ask.attempt.is_none();
        let attempt = match ask.attempt.clone() {
            Some(attempt) => checked_id("attempt", attempt)?,
            None => new_attempt(),
        };
        match self.if_there().await? {
            Some(seat) => self.ask(seat, ask, attempt, is_new).await,
            None => Ok(self.have_nothing_to_say(ask, attempt)),
        }
    }

    /// Nothing is kept of this tenant, and nothing is made: that somebody asked is remembered as long as the process lasts.
    fn have_nothing_to_say(&self, ask: Ask, attempt: String) -> Handout {
        let slot = &self.manager.slot;
        let route = slot.route.load_full();
        let generation = route.generation.number;
        let receipt = Receipt {
            id: format!("{attempt}.0"),
            ..Receipt::nothing()
        };
        let handed = Handed {
            attempt: attempt.clone(),
            task: ask.task,
            agent: ask.agent,
            arm: Arm::Memory,
            generation,
            receipt,
        };
        slot.hand_out_unseated(&self.tenant, handed);
        Handout::nothing(attempt, generation, &route.configured.plan)
    }

    async fn ask(
        &self,
        seat: Arc<SeatInner>,
        ask: Ask,
        attempt: String,
        is_new: bool,
    ) -> Result<Handout, LiveError> {
        let active = seat.who_answers((!is_new).then_some(attempt.as_str()));
        // A learner that waits for a model is not waited for: agents would, with each call.
        let is_waiting = active.lineage.standing().waiting.is_some();
        let has_happened = |after: &u64| *after <= seat.ledger.last_entry();
        if let Some(after) = ask.after.filter(has_happened).filter(|_| !is_waiting) {
            let learnt = active.lineage.learnt(after);
            // What is not learnt in time is not waited for: an answer from what is known is better than none.
            let _ = tokio::time::timeout(seat.deadline, learnt).await;
        }
        let handed_out: Vec<Receipt> = {
            let index = seat.index();
            let handed = index.get(&attempt).map(|known| known.handed.clone());
            let handed = handed.unwrap_or_default().into_iter();
            handed.map(|(_, receipt)| receipt).collect()
        };
        if seat.is_held_back(&active, &attempt) {
            return Ok(seat.hold_back(&active, ask, attempt));
        }
        let run = seat.run_state(&active, &attempt, handed_out.len());
        let receipt_id = format!("{attempt}.{}", handed_out.len());
        let query = Query {
            task: ask.task.clone(),
            agent: ask.agent.clone(),
            moment: ask.moment,
            transcript: ask.transcript,
            found: ask.found,
            handed_out,
            candidate: None,
            token_budget: ask.token_budget,
        };
        let caller = &active.lineage.caller;
        let view = View {
            on_trial: Arc::new(caller.waiting_for(&ask.task.id)),
            ..View::default()
        };
        let Ok(_waiting) = self.manager.slot.calls.try_acquire() else {
            return Err(LiveError::TooMany(self.manager.slot.name.clone()));
        };
        let call = async {
            let _turns = (
                self.manager.slot.turns.acquire().await,
                self.manager.host.turn().await,
            );
            let observer = &mut Unobserved;
            caller.retrieve(run, query, &view, observer).await
        };
        let (mut guidance, degraded) = match tokio::time::timeout(seat.deadline, call).await {
            Ok(retrieved) => {
                let degraded = retrieved.failure.map(|failure| failure.to_string());
                (retrieved.guidance, degraded)
            }
            Err(_) => {
                let why = format!("no answer within {:?}", seat.deadline);
                (Guidance::nothing(), Some(why))
            }
        };
        self.manager.count(&active.route, degraded.is_some());
        let fits = memhost_words::cut(&guidance.text, ask.token_budget).len();
        guidance.text.truncate(fits);
        let receipt = Receipt {
            id: receipt_id,
            ..guidance.receipt
        };
        let cited = receipt.used.clone();
        let generation = active.generation();
        seat.hand_out(Handed {
            attempt: attempt.clone(),
            task: ask.task,
            agent: ask.agent,
            arm: Arm::Memory,
            generation,
            receipt,
        });
        Ok(Handout {
            attempt,
            text: guidance.text,
            placement: guidance.placement,
            replaces: guidance.replaces,
            offers: guidance.offers,
            cited,
            generation,
            degraded,
            is_held_back: false,
            wanted: Wanted::of(&active.route.configured.plan),
        })
    }

    /// Returns when all up to this sequence is learnt, learning has ended, or another strategy takes over meanwhile.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub async fn learnt(&self, sequence: u64) -> Result<(), LiveError> {
        if let Some(seat) = self.if_there().await? {
            let learnt = seat.active.load().lineage.learnt(sequence);
            learnt.await;
        }
        Ok(())
    }

    /// How much has happened: the sequence of what was told or handed out last.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub async fn sequence(&self) -> Result<u64, LiveError> {
        let seat = self.if_there().await?;
        Ok(seat.map_or(0, |seat| seat.ledger.last_entry()))
    }

    /// How far its strategy has learnt, and what stands in the way.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub async fn standing(&self) -> Result<Standing, LiveError> {
        let seat = self.if_there().await?;
        let standing = seat.map(|seat| seat.active.load().lineage.standing());
        Ok(standing.unwrap_or_default())
    }

    /// What it has learnt; `None`: nothing was ever told.
    ///
    /// # Errors
    /// The grant does not allow it, or what is stored cannot be read.
    pub async fn memories(&self) -> Result<Option<Memories>, LiveError> {
        self.grant.check_right(Right::Read)?;
        let seat = self.if_there().await?;
        Ok(seat.map(|seat| seat.active.load().lineage.caller.memories().clone()))
    }

    /// Why the agent was told what it was told in an attempt.
    ///
    /// # Errors
    /// There is no such attempt, the grant does not allow it, or what is stored cannot be read.
    pub async fn explain(&self, attempt: &str) -> Result<Explanation, LiveError> {
        self.grant.check_right(Right::Read)?;
        let no_such = || LiveError::NoSuchAttempt(attempt.to_owned());
        let seat = self.if_there().await?.ok_or_else(no_such)?;
        let known = seat.index().get(attempt).cloned();
        let known = known.ok_or_else(no_such)?;
        let active = seat.active.load();
        let memories = active.lineage.caller.memories();
        let handed_out = known.handed.into_iter().map(|(generation, receipt)| {
            // Ids of another lineage's memories mean nothing here.
            let is_ours = active.route.same_lineage.contains(&generation);
            let cited = receipt.used.into_iter().map(|citation| {
                let ids = [citation.memory.clone()];
                let found = is_ours.then(|| memories.get(&ids, &View::default()));
                (citation, found.and_then(|found| found.into_iter().next()))
            });
            ExplainedHandout {
                generation,
                cited: cited.collect(),
            }
        });
        Ok(Explanation {
            attempt: attempt.to_owned(),
            task: known.task,
            outcome: known.outcome.map(|(outcome, _)| outcome),
            handed_out: handed_out.collect(),
        })
    }
}
