//! A seat: one tenant at one slot. It has one ledger, and a lineage that learns from it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use memhost_contract::{
    Agent, Arm, Attempt, Citation, Finding, Guidance, Moment, Outcome, Placement, Query, Receipt,
    Step, Task, Tool,
};
use memhost_store::{Entry, Namespace, View};
use memhost_strategy::capability::RunState;
use sha2::{Digest, Sha256};

use super::clock::{Time, seed};
use super::happened::{Handed, Happened};
use super::lineage::{Lineage, Standing};
use super::timeline::is_known;
use super::{Grant, LiveError};
use crate::learning::Unobserved;

/// Tokens of guidance, where nobody says how many.
const TOKEN_BUDGET: u32 = 1_024;
/// How long what was handed out may be on its way to the ledger.
const WRITTEN_WITHIN: Duration = Duration::from_millis(20);

/// What an agent asks before or in the middle of its work.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What it is about to do. One without an id gets one from its text.
    pub task: Task,
    /// Who does it.
    pub agent: Agent,
    /// The attempt that this belongs to, where the agent has asked before; `None` begins a new one.
    pub attempt: Option<String>,
    /// Where in its work.
    pub moment: Moment,
    /// The run so far.
    pub transcript: Vec<Step>,
    /// Findings of earlier rounds.
    pub found: Vec<Finding>,
    /// The most tokens of guidance.
    pub token_budget: u32,
    /// What must have been learnt before: the sequence that a `record` or `feedback` answered with.
    pub after: Option<u64>,
}

impl Ask {
    /// What is asked before the first step of a task.
    pub fn at_start(text: impl Into<String>) -> Ask {
        Ask {
            task: Task::new("", text),
            agent: Agent::new("agent", "any"),
            attempt: None,
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            token_budget: TOKEN_BUDGET,
            after: None,
        }
    }
}

/// What an agent is told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Handout {
    /// The attempt: what `record` and `feedback` are to name.
    pub attempt: String,
    /// Empty: there is nothing to say.
    pub text: String,
    /// Where it goes.
    pub placement: Placement,
    /// Whether it stands for what was said earlier in this attempt.
    pub replaces: bool,
    /// Tools that the strategy offers.
    pub offers: Vec<Tool>,
    /// The memories that it was made from.
    pub cited: Vec<Citation>,
    /// Which generation of the slot answered.
    pub generation: u32,
    /// Why there is no guidance, where the strategy failed.
    pub degraded: Option<String>,
}

/// What an agent did.
#[derive(Debug, Clone)]
pub struct Record {
    /// The attempt; `None` for one that began without asking.
    pub attempt: Option<String>,
    /// What was to be done; `None` where guidance was handed out for it.
    pub task: Option<Task>,
    /// Who did it; `None` where guidance was handed out to it.
    pub agent: Option<Agent>,
    /// The trajectory, in order.
    pub steps: Vec<Step>,
    /// What the agent handed in.
    pub answer: String,
    /// The problems that it reported.
    pub findings: Vec<Finding>,
    /// What became of it, if that is known.
    pub outcome: Option<Outcome>,
    /// Which of several runs.
    pub trial: u32,
}

impl Record {
    /// What was done in an attempt that began with a `retrieve`.
    pub fn of(attempt: impl Into<String>) -> Record {
        Record {
            attempt: Some(attempt.into()),
            task: None,
            agent: None,
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            outcome: None,
            trial: 0,
        }
    }

    /// What was done about a task without asking.
    pub fn without_asking(task: Task, agent: Agent) -> Record {
        Record {
            attempt: None,
            task: Some(task),
            agent: Some(agent),
            ..Record::of("")
        }
    }
}

/// What was told is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The attempt.
    pub attempt: String,
    /// Where in the ledger it stands: what `retrieve` can wait for.
    pub sequence: u64,
    /// Whether guidance had been handed out for it, which its outcome credits.
    pub credited: bool,
}

/// Why an agent was told what it was told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The attempt.
    pub attempt: String,
    /// What was to be done.
    pub task: Task,
    /// What became of it, if anybody has said.
    pub outcome: Option<Outcome>,
    /// Each time that guidance was handed out, in order.
    pub handed_out: Vec<ExplainedHandout>,
}

/// What stood behind one handout.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExplainedHandout {
    /// Which generation answered.
    pub generation: u32,
    /// Each memory that was cited with its score; the memory as it is now, if it is there still.
    pub cited: Vec<(Citation, Option<memhost_contract::Memory>)>,
}

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
    index: Mutex<HashMap<String, Known>>,
    /// Whoever holds it gives entries their place; what was handed out and is not yet on its way stands in it.
    line: tokio::sync::Mutex<()>,
    unwritten: Mutex<Vec<Happened>>,
}

/// Who answers.
pub(super) struct Active {
    pub generation: u32,
    pub lineage: Lineage,
}

/// What is known of an attempt.
#[derive(Debug, Clone)]
struct Known {
    task: Task,
    agent: Agent,
    handed: Vec<(u32, Receipt)>,
    /// What was told of it, as a digest, and where that stands once it is durable.
    told: Option<(String, Option<u64>)>,
    outcome: Option<(Outcome, Option<u64>)>,
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
            seat.note(&entry)?;
        }
        Ok(seat)
    }

    /// Takes an entry that is in the ledger into the index.
    fn note(&self, entry: &Entry) -> Result<(), LiveError> {
        let mut index = self.index();
        match Happened::of(entry).map_err(LiveError::Registry)? {
            Happened::Handed(handed) => {
                let known = index
                    .entry(handed.attempt)
                    .or_insert_with(|| Known::of(handed.task, handed.agent));
                known.handed.push((handed.generation, handed.receipt));
            }
            Happened::Attempted { attempt } => {
                let told = Some((fingerprint(&attempt), Some(entry.number)));
                let known = index
                    .entry(attempt.id)
                    .or_insert_with(|| Known::of(attempt.task, attempt.agent));
                known.told = told;
                if is_known(&attempt.outcome) {
                    known.outcome = Some((attempt.outcome, Some(entry.number)));
                }
            }
            Happened::Outcome {
                attempt, outcome, ..
            } => {
                if let Some(known) = index.get_mut(&attempt) {
                    known.outcome = Some((outcome, Some(entry.number)));
                }
            }
            Happened::Tick => {}
        }
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self) -> MutexGuard<'_, Vec<Happened>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what has happened, behind what was handed out before. The place is given when this returns; the number
    /// comes with the disk.
    async fn enter(&self, happened: Vec<Happened>) -> Result<memhost_store::Entering, LiveError> {
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

impl Known {
    fn of(task: Task, agent: Agent) -> Known {
        Known {
            task,
            agent,
            handed: Vec::new(),
            told: None,
            outcome: None,
        }
    }
}

impl Seat {
    /// What the agent should know now. A strategy that fails has nothing to say, and the answer says why.
    ///
    /// # Errors
    /// The request makes no sense.
    pub async fn retrieve(&self, ask: Ask) -> Result<Handout, LiveError> {
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
        })
    }

    /// Notes what was handed out; it is on its way to the ledger soon, and nobody waits for that.
    fn hand_out(&self, handed: Handed) {
        let seat = self.inner.clone();
        {
            let mut index = seat.index();
            let known = index
                .entry(handed.attempt.clone())
                .or_insert_with(|| Known::of(handed.task.clone(), handed.agent.clone()));
            known
                .handed
                .push((handed.generation, handed.receipt.clone()));
        }
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

    /// What the agent did, and how that went, if anybody knows. On the disk when this returns; learnt from soon after.
    ///
    /// # Errors
    /// The request makes no sense, the attempt was told differently before, or the disk failed.
    pub async fn record(&self, record: Record) -> Result<Kept, LiveError> {
        let seat = &self.inner;
        if let Some(outcome) = &record.outcome {
            self.check_outcome(outcome)?;
        }
        let id = match record.attempt {
            Some(attempt) => checked_id("attempt", attempt)?,
            None => new_attempt(),
        };
        let (entering, credited) = {
            let _line = seat.line.lock().await;
            let attempt = {
                let mut index = seat.index();
                let known = index.get(&id);
                let task = match (record.task, known) {
                    (Some(task), _) => with_id(task)?,
                    (None, Some(known)) => known.task.clone(),
                    (None, None) => return Err(LiveError::NoSuchAttempt(id)),
                };
                let agent = record.agent.or_else(|| Some(known?.agent.clone()));
                let agent = agent.unwrap_or_else(|| Agent::new("agent", "any"));
                let attempt = Attempt {
                    id: id.clone(),
                    task,
                    agent,
                    arm: Arm::Memory,
                    trial: record.trial,
                    steps: record.steps,
                    answer: record.answer,
                    findings: record.findings,
                    outcome: record.outcome.unwrap_or_else(unknown),
                    receipts: Vec::new(),
                };
                let told = fingerprint(&attempt);
                let known = index
                    .entry(id.clone())
                    .or_insert_with(|| Known::of(attempt.task.clone(), attempt.agent.clone()));
                match &known.told {
                    Some((before, _)) if *before != told => return Err(LiveError::Mismatch(id)),
                    Some((_, None)) => return Err(LiveError::InFlight(id)),
                    Some((_, Some(sequence))) => {
                        return Ok(Kept {
                            attempt: id,
                            sequence: *sequence,
                            credited: !known.handed.is_empty(),
                        });
                    }
                    None => {}
                }
                known.told = Some((told, None));
                if is_known(&attempt.outcome) && known.outcome.is_none() {
                    known.outcome = Some((attempt.outcome.clone(), None));
                }
                attempt
            };
            let credited = seat
                .index()
                .get(&id)
                .is_some_and(|known| !known.handed.is_empty());
            (
                seat.enter(vec![Happened::Attempted { attempt }]).await,
                credited,
            )
        };
        let written = async { entering?.number().await.map_err(LiveError::Unconfirmed) }.await;
        let mut index = seat.index();
        let known = index.get_mut(&id);
        match (&written, known) {
            (Ok(sequence), Some(known)) => {
                for place in known.told.iter_mut().map(|told| &mut told.1) {
                    *place = Some(*sequence);
                }
                for (_, place) in known.outcome.iter_mut() {
                    place.get_or_insert(*sequence);
                }
            }
            (Err(_), Some(known)) => {
                known.told = None;
                known.outcome.take_if(|(_, place)| place.is_none());
            }
            _ => {}
        }
        drop(index);
        let sequence = written?;
        seat.active.load().lineage.wake();
        Ok(Kept {
            attempt: id,
            sequence,
            credited,
        })
    }

    /// How an attempt went, where that became known later.
    ///
    /// # Errors
    /// There is no such attempt, it has another outcome, the outcome makes no sense, or the disk failed.
    pub async fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Kept, LiveError> {
        let seat = &self.inner;
        self.check_outcome(&outcome)?;
        if !is_known(&outcome) {
            return Err(LiveError::Malformed {
                field: "outcome",
                reason: "it says neither `success` nor `failure`, and no score".to_owned(),
            });
        }
        let (entering, credited, before) = {
            let _line = seat.line.lock().await;
            let (credited, before) = {
                let mut index = seat.index();
                let known = index.get_mut(attempt);
                let known = known.ok_or_else(|| LiveError::NoSuchAttempt(attempt.to_owned()))?;
                let credited = !known.handed.is_empty();
                match &known.outcome {
                    Some((same, Some(sequence))) if *same == outcome => {
                        return Ok(Kept {
                            attempt: attempt.to_owned(),
                            sequence: *sequence,
                            credited,
                        });
                    }
                    Some((_, None)) => return Err(LiveError::InFlight(attempt.to_owned())),
                    Some(_) if !revise => {
                        return Err(LiveError::OutcomeKnown(attempt.to_owned()));
                    }
                    _ => {}
                }
                let before = known.outcome.replace((outcome.clone(), None));
                (credited, before)
            };
            let happened = Happened::Outcome {
                attempt: attempt.to_owned(),
                outcome,
                revises: before.is_some(),
            };
            (seat.enter(vec![happened]).await, credited, before)
        };
        let written = async { entering?.number().await.map_err(LiveError::Unconfirmed) }.await;
        if let Some(known) = seat.index().get_mut(attempt) {
            match &written {
                Ok(sequence) => {
                    for (_, place) in known.outcome.iter_mut() {
                        *place = Some(*sequence);
                    }
                }
                Err(_) => known.outcome = before.clone(),
            }
        }
        let sequence = written?;
        seat.active.load().lineage.wake();
        Ok(Kept {
            attempt: attempt.to_owned(),
            sequence,
            // Whoever was taught by the first outcome is not taught again.
            credited: credited && before.is_none(),
        })
    }

    fn check_outcome(&self, outcome: &Outcome) -> Result<(), LiveError> {
        let scores = [outcome.score, outcome.baseline].into_iter().flatten();
        for score in scores {
            if !(0.0..=1.0).contains(&score) {
                return Err(LiveError::ScoreOutOfRange(score));
            }
        }
        match is_known(outcome) {
            true => self.grant.check_authority(outcome.authority),
            false => Ok(()),
        }
    }

    /// Returns when all up to this sequence is learnt.
    pub async fn learnt(&self, sequence: u64) {
        let learnt = self.inner.active.load().lineage.learnt(sequence);
        learnt.await;
    }

    /// How far its strategy has learnt, and what stands in the way.
    pub fn standing(&self) -> Standing {
        self.inner.active.load().lineage.standing()
    }

    /// What it has learnt.
    pub fn memories(&self) -> memhost_store::Memories {
        self.inner.active.load().lineage.caller.memories().clone()
    }

    /// Why the agent was told what it was told in an attempt.
    ///
    /// # Errors
    /// There is no such attempt.
    pub fn explain(&self, attempt: &str) -> Result<Explanation, LiveError> {
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

/// Nobody has said how it went.
fn unknown() -> Outcome {
    Outcome {
        verdict: memhost_contract::Verdict::Unknown,
        ..Outcome::known(false)
    }
}

/// A new attempt's id: `a` and 12 characters of base 32.
fn new_attempt() -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digits = (0..12).map(|_| char::from(DIGITS[rand::random_range(0..DIGITS.len())]));
    std::iter::once('a').chain(digits).collect()
}

/// A task without an id gets one from its text, so that the same text is the same task.
fn with_id(task: Task) -> Result<Task, LiveError> {
    if task.text.trim().is_empty() {
        return Err(LiveError::Malformed {
            field: "task.text",
            reason: "it is empty: say what is to be done".to_owned(),
        });
    }
    if !task.id.is_empty() {
        return Ok(task);
    }
    let digest = hex(&Sha256::digest(task.text.as_bytes())[..8]);
    Ok(Task {
        id: format!("t{digest}"),
        ..task
    })
}

fn checked_id(field: &'static str, id: String) -> Result<String, LiveError> {
    let reason = match id.len() {
        0 => "it is empty; leave it out where there is none",
        1..=200 if !id.chars().any(char::is_control) => return Ok(id),
        1..=200 => "it holds a control character",
        _ => "it is longer than 200 bytes",
    };
    Err(LiveError::Malformed {
        field,
        reason: reason.to_owned(),
    })
}

/// What an attempt was told as, so that the same again is the same.
fn fingerprint(attempt: &Attempt) -> String {
    let text = serde_json::to_string(attempt).unwrap_or_default();
    hex(&Sha256::digest(text.as_bytes())[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
