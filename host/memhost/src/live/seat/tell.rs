//! What agents tell: what they did, and how that went. It is answered when it is on the disk, and told once however often it
//! comes.

use memhost_contract::{Agent, Arm, Attempt, Outcome};

use super::super::grant::rank;
use super::super::happened::Happened;
use super::super::ids::{checked_id, fingerprint, new_attempt, with_id};
use super::super::timeline::{is_known, unknown};
use super::super::{Kept, LiveError, Record, Right, to_its_end};
use super::Seat;

impl Seat {
    /// What the agent did, and how that went, if anybody knows. On the disk when this returns; learnt from soon after.
    ///
    /// # Errors
    /// The request makes no sense, the grant does not allow it, the attempt was told differently before, or the disk failed.
    pub async fn record(&self, record: Record) -> Result<Kept, LiveError> {
        self.grant.check_right(Right::Write)?;
        if let Some(outcome) = &record.outcome {
            self.check_outcome(outcome)?;
        }
        let seat = self.clone();
        to_its_end(async move { seat.tell(record).await }).await
    }

    async fn tell(&self, record: Record) -> Result<Kept, LiveError> {
        match &record.task {
            Some(task) => drop(with_id(task.clone())?),
            None if record.attempt.is_none() => {
                return Err(LiveError::Malformed {
                    field: "task",
                    reason:
                        "what was to be done, where there is no `attempt` that guidance came with"
                            .to_owned(),
                });
            }
            None => {}
        }
        let seat = &match self.if_there().await? {
            Some(seat) => seat,
            None if record.task.is_some() || self.was_asked(&record.attempt) => {
                self.opened().await?
            }
            None => return Err(LiveError::NoSuchAttempt(record.attempt.unwrap_or_default())),
        };
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
                // What was asked about and what was done are one thing.
                if known.is_some_and(|known| known.task.id != task.id) {
                    return Err(LiveError::Mismatch(id));
                }
                let arm = known.map_or(Arm::Memory, |known| known.arm);
                let agent = record.agent.or_else(|| Some(known?.agent.clone()));
                let agent = agent.unwrap_or_else(|| Agent::new("agent", "any"));
                let attempt = Attempt {
                    id: id.clone(),
                    task,
                    agent,
                    arm,
                    trial: record.trial,
                    steps: record.steps,
                    answer: record.answer,
                    findings: record.findings,
                    outcome: record.outcome.unwrap_or_else(unknown),
                    receipts: Vec::new(),
                };
                let told = fingerprint(&attempt);
                let known = index.at_least(&id, &attempt.task, &attempt.agent);
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
    /// There is no such attempt, it has another outcome, the outcome makes no sense, the grant does not allow it, or the disk
    /// failed.
    pub async fn feedback(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Kept, LiveError> {
        self.grant.check_right(Right::Write)?;
        let (seat, attempt) = (self.clone(), attempt.to_owned());
        to_its_end(async move { seat.tell_outcome(&attempt, outcome, revise).await }).await
    }

    async fn tell_outcome(
        &self,
        attempt: &str,
        outcome: Outcome,
        revise: bool,
    ) -> Result<Kept, LiveError> {
        self.check_outcome(&outcome)?;
        let seat = match self.if_there().await? {
            Some(seat) => seat,
            None if self.was_asked(&Some(attempt.to_owned())) => self.opened().await?,
            None => return Err(LiveError::NoSuchAttempt(attempt.to_owned())),
        };
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
                    // Whoever knows better is heard, and whoever knows as much and says that the first one was wrong.
                    Some((known, _))
                        if rank(outcome.authority) < rank(known.authority)
                            || !revise && rank(outcome.authority) == rank(known.authority) =>
                    {
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

    /// Whether it was asked about in this attempt, though nothing is kept of the tenant.
    fn was_asked(&self, attempt: &Option<String>) -> bool {
        let slot = &self.manager.slot;
        let attempt = attempt.as_ref();
        attempt.is_some_and(|attempt| slot.has_unseated(&self.tenant, attempt))
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
}
