//! A seat: one tenant at one slot. It has one ledger, and a lineage that learns from it.

mod index;
mod tell;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use memhost_contract::{Arm, Guidance, Query, Receipt};
use memhost_store::{Entering, Memories, Namespace, View};
use memhost_strategy::capability::RunState;

use super::clock::{Time, seed};
use super::happened::{Handed, Happened};
use super::ids::{checked_id, new_attempt, with_id};
use super::lineage::{Lineage, Standing};
use super::{Ask, ExplainedHandout, Explanation, Grant, Handout, LiveError, Right, Wanted};
use crate::learning::Unobserved;

use index::Index;

/// How long what was handed out may be on its way to the ledger.
const WRITTEN_WITHIN: Duration = Duration::from_millis(20);

/// A tenant at a slot, as somebody with a grant reaches it. Cheap to clone.
#[derive(Clone)]
pub struct Seat {
    pub(super) grant: Grant,
    pub(super) inner: Arc<SeatInner>,
}

pub(super) struct SeatInner {
    /// How it is called in random bits and logs.
    pub name: String,
    pub ledger: Namespace,
    pub time: Arc<dyn Time>,
    pub deadline: Duration,
    pub active: ArcSwap<Active>,
    index: Mutex<Index>,
    /// Whoever holds it gives entries their place; what was handed out and is not yet on its way stands in it.
    line: tokio::sync::Mutex<()>,
    unwritten: Mutex<Vec<Happened>>,
}

/// Who answers.
pub(super) struct Active {
    pub generation: u32,
    pub wanted: Wanted,
    pub lineage: Lineage,
}

impl SeatInner {
    pub(super) fn new(
        name: String,
        ledger: Namespace,
        time: Arc<dyn Time>,
        deadline: Duration,
        active: Active,
    ) -> Result<SeatInner, LiveError> {
        let seat = SeatInner {
            name,
            time,
            deadline,
            active: ArcSwap::from_pointee(active),
            index: Mutex::default(),
            line: tokio::sync::Mutex::new(()),
            unwritten: Mutex::default(),
            ledger,
        };
        for entry in seat.ledger.entries(0, usize::MAX) {
            seat.index().take(&entry)?;
        }
        Ok(seat)
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

    /// Brings what was handed out to the ledger.
    pub(super) async fn write_handed(&self) -> Result<(), LiveError> {
        let entering = {
            let _line = self.line.lock().await;
            self.enter(Vec::new()).await?
        };
        entering.number().await.map_err(LiveError::Unconfirmed)?;
        Ok(())
    }
}

impl Seat {
    /// What the agent should know now. A strategy that fails has nothing to say, and the answer says why.
    ///
    /// # Errors
    /// The request makes no sense, or the grant does not allow it.
    pub async fn retrieve(&self, ask: Ask) -> Result<Handout, LiveError> {
        self.grant.check_right(Right::Read)?;
        let seat = &self.inner;
        let active = seat.active.load_full();
        if let Some(after) = ask.after {
            let learnt = active.lineage.learnt(after);
            // What is not learnt in time is not waited for: an answer from what is known is better than none.
            let _ = tokio::time::timeout(seat.deadline, learnt).await;
        }
        let task = with_id(ask.task)?;
        let attempt = match ask.attempt {
            Some(attempt) => checked_id("attempt", attempt)?,
            None => new_attempt(),
        };
        let handed_out: Vec<Receipt> = {
            let index = seat.index();
            let handed = index.get(&attempt).map(|known| known.handed.clone());
            let handed = handed.unwrap_or_default().into_iter();
            handed.map(|(_, receipt)| receipt).collect()
        };
        let Standing { tasks, batches, .. } = active.lineage.standing();
        let run = RunState {
            now: seat.time.now(),
            task_number: tasks,
            batch_number: batches,
            seed: seed(&format!("{} {attempt} {}", seat.name, handed_out.len())),
        };
        let receipt_id = format!("{attempt}.{}", handed_out.len());
        let query = Query {
            task: task.clone(),
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
            on_trial: Arc::new(caller.waiting_for(&task.id)),
            ..View::default()
        };
        let observer = &mut Unobserved;
        let call = caller.retrieve(run, query, &view, observer);
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
        let fits = memhost_words::cut(&guidance.text, ask.token_budget).len();
        guidance.text.truncate(fits);
        let receipt = Receipt {
            id: receipt_id,
            ..guidance.receipt
        };
        let cited = receipt.used.clone();
        self.hand_out(Handed {
            attempt: attempt.clone(),
            task,
            agent: ask.agent,
            arm: Arm::Memory,
            generation: active.generation,
            receipt,
        });
        Ok(Handout {
            attempt,
            text: guidance.text,
            placement: guidance.placement,
            replaces: guidance.replaces,
            offers: guidance.offers,
            cited,
            generation: active.generation,
            degraded,
            wanted: active.wanted,
        })
    }

    /// Notes what was handed out; it is on its way to the ledger soon, and nobody waits for that.
    fn hand_out(&self, handed: Handed) {
        let seat = self.inner.clone();
        seat.index().hand_out(&handed);
        let is_first = {
            let mut unwritten = seat.unwritten();
            unwritten.push(Happened::Handed(handed));
            unwritten.len() == 1
        };
        if is_first {
            tokio::spawn(async move {
                tokio::time::sleep(WRITTEN_WITHIN).await;
                if let Err(error) = seat.write_handed().await {
                    tracing::warn!(%error, "what was handed out could not be noted");
                }
            });
        }
    }

    /// Returns when all up to this sequence is learnt, or another strategy takes over meanwhile.
    pub async fn learnt(&self, sequence: u64) {
        let learnt = self.inner.active.load().lineage.learnt(sequence);
        learnt.await;
    }

    /// How far its strategy has learnt, and what stands in the way.
    pub fn standing(&self) -> Standing {
        self.inner.active.load().lineage.standing()
    }

    /// What it has learnt.
    pub fn memories(&self) -> Memories {
        self.inner.active.load().lineage.caller.memories().clone()
    }

    /// Why the agent was told what it was told in an attempt.
    ///
    /// # Errors
    /// There is no such attempt, or the grant does not allow it.
    pub fn explain(&self, attempt: &str) -> Result<Explanation, LiveError> {
        self.grant.check_right(Right::Read)?;
        let known = self.inner.index().get(attempt).cloned();
        let known = known.ok_or_else(|| LiveError::NoSuchAttempt(attempt.to_owned()))?;
        let active = self.inner.active.load();
        let memories = active.lineage.caller.memories();
        let handed_out = known.handed.into_iter().map(|(generation, receipt)| {
            // Ids of another generation's memories mean nothing here.
            let is_ours = generation == active.generation;
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
