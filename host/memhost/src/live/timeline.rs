//! The timeline: what there is to learn from a ledger, entry by entry, and when. It is a fold: the same entries under the
//! same rules make the same lessons, whenever they are read, so that learning again from the beginning, after a kill or
//! with another strategy, is learning the same.
//!
//! Nothing here looks at a clock. That something waits for an outcome no more follows from the times of the entries that
//! come later; where none comes, the host enters that time has passed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memhost_contract::{
    Agent, Arm, Attempt, Authority, Instant, Labels, Outcome, Plan, Receipt, Task, Verdict,
};
use memhost_store::Entry;

use super::grant::rank;
use super::happened::{Handed, Happened};
use super::standing::Deviations;

/// How many attempts are told between two looks at what may go.
const EVICT_EVERY: u32 = 32;

/// How long things wait, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Waits {
    /// An attempt for its outcome.
    pub outcome: f64,
    /// Runs that are learnt from together for each other.
    pub group: f64,
    /// What was handed out for its attempt, and an attempt without an outcome for a late one.
    pub forgotten: f64,
}

/// What a strategy is told, and when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rules {
    /// Whether an attempt is learnt from only once its outcome is known, or is known not to come.
    waits_for_outcome: bool,
    /// Who must say how it went.
    authority: Authority,
    /// How often it would be asked in an attempt, in rounds.
    rounds: usize,
    /// How many runs of a task by an agent are learnt from together.
    trials: usize,
    /// Whether runs of one task by all agents are.
    all_agents: bool,
    /// How many outcomes are told together.
    batch: usize,
    waits: Waits,
}

impl Rules {
    pub(super) fn of(plan: &Plan, waits: Waits) -> Rules {
        Rules {
            waits_for_outcome: match plan.labels {
                Labels::Verified | Labels::Graded => true,
                Labels::Any | Labels::SelfJudged => false,
            },
            authority: wanted_authority(plan.labels),
            rounds: plan.rounds.max(1) as usize,
            trials: plan.trials.max(1) as usize,
            all_agents: plan.all_agents,
            batch: plan.batch.max(1) as usize,
            waits,
        }
    }
}

/// Something to be learnt.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lesson {
    /// Outcomes have become known: they decide over what waited, and credit what was handed out.
    Outcomes(Vec<Attempt>),
    /// Runs of one task are to be learnt from.
    Runs(Vec<Attempt>),
    /// Memories are to be put in order.
    Upkeep,
    /// It is to be looked at what may go.
    Evict,
}

/// What stands open, and which lineage's guidance counts.
#[derive(Debug)]
pub(super) struct Timeline {
    rules: Rules,
    /// The generations whose guidance this lineage handed out.
    generations: BTreeSet<u32>,
    known: HashMap<String, Known>,
    groups: BTreeMap<(String, String), Together>,
    outcomes: Together,
    due: BTreeSet<Due>,
    told: u32,
    /// Scores of runs without guidance, by task: their sum and how many there are.
    baselines: HashMap<String, (f64, u32)>,
    deviations: Deviations,
}

/// Attempts that are told together.
#[derive(Debug, Default)]
struct Together {
    attempts: Vec<Attempt>,
    /// When they are told, however many they are.
    at: u64,
}

/// What is known of an attempt.
#[derive(Debug)]
struct Known {
    task: Task,
    agent: Agent,
    receipts: Vec<Receipt>,
    stage: Stage,
    /// Its outcome, if that came before the attempt itself.
    outcome: Option<Outcome>,
    /// When it is forgotten.
    until: u64,
}

#[derive(Debug)]
enum Stage {
    /// Something was handed out for it.
    Handed,
    /// It was made, and waits for its outcome.
    Open(Box<Attempt>),
    /// It was learnt from without its outcome, which may still come.
    Unknown(Box<Attempt>),
    /// All of it has been told.
    Told,
}

/// Something that happens by itself, at a time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    /// Milliseconds since 1970, rounded up.
    at: u64,
    what: What,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// An attempt waits for its outcome no more.
    Close(String),
    /// Runs are learnt from with those that are there.
    Group((String, String)),
    /// Outcomes are told with those that are there.
    Batch,
    /// Nobody will ask for this attempt.
    Forget(String),
}

impl Timeline {
    pub(super) fn new(rules: Rules, generations: impl IntoIterator<Item = u32>) -> Timeline {
        Timeline {
            rules,
            generations: generations.into_iter().collect(),
            known: HashMap::new(),
            groups: BTreeMap::new(),
            outcomes: Together::default(),
            due: BTreeSet::new(),
            told: 0,
            baselines: HashMap::new(),
            deviations: Deviations::default(),
        }
    }

    /// What came otherwise than the plan would have it.
    pub(super) fn deviations(&self) -> Deviations {
        self.deviations
    }

    /// When the next thing happens by itself, in milliseconds since 1970, if nothing is entered before.
    pub(super) fn due(&self) -> Option<Instant> {
        let first = self
            .due
            .iter()
            .find(|due| !matches!(due.what, What::Forget(_)));
        first.map(|due| due.at as Instant)
    }

    /// Attempts that are not learnt from yet: they wait for their outcome, for other runs, or to be told with others.
    pub(super) fn waiting(&self) -> u64 {
        let open = self.known.values();
        let open = open
            .filter(|known| matches!(known.stage, Stage::Open(_)))
            .count();
        let together = self.groups.values().map(|group| group.attempts.len());
        (open + together.sum::<usize>() + self.outcomes.attempts.len()) as u64
    }

    /// From now on, what comes otherwise than the plan would have it is counted.
    pub(super) fn count_from_here(&mut self) {
        self.deviations = Deviations::default();
    }

    /// What is to be learnt now that this has happened.
    ///
    /// # Errors
    /// The entry says nothing that this host understands.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<Vec<Lesson>, String> {
        let happened = Happened::of(entry)?;
        let mut lessons = Vec::new();
        while let Some(due) = self.due.pop_first() {
            if due.at as Instant > entry.at {
                self.due.insert(due);
                break;
            }
            self.fall_due(due, &mut lessons);
        }
        match happened {
            Happened::Handed(handed) => self.handed(handed, entry.at),
            Happened::Attempted { attempt } => self.attempted(attempt, entry.at, &mut lessons),
            Happened::Outcome {
                attempt, outcome, ..
            } => self.outcome(&attempt, outcome, entry.at, &mut lessons),
            Happened::Tick => {}
        }
        Ok(lessons)
    }

    fn fall_due(&mut self, Due { at, what }: Due, lessons: &mut Vec<Lesson>) {
        match what {
            What::Close(id) => {
                if let Some(known) = self.known.get_mut(&id) {
                    match std::mem::replace(&mut known.stage, Stage::Told) {
                        Stage::Open(attempt) => self.close(*attempt, at as Instant, lessons),
                        other => known.stage = other,
                    }
                }
            }
            What::Group(key) => {
                if let Some(runs) = self.groups.remove(&key) {
                    let are_few = !self.rules.all_agents && runs.attempts.len() < self.rules.trials;
                    self.deviations.too_few_trials += u64::from(are_few);
                    self.runs(runs.attempts, lessons);
                }
            }
            What::Batch => self.tell_outcomes(lessons),
            What::Forget(id) => {
                if let Some(Known {
                    task,
                    agent,
                    receipts,
                    stage: Stage::Handed,
                    outcome: Some(outcome),
                    until: _,
                }) = self.known.remove(&id)
                {
                    // Nobody said what was done; that it was credited for is known all the same.
                    let attempt = Attempt {
                        receipts,
                        ..Attempt::new(id, task, agent, outcome)
                    };
                    self.credit(attempt, at as Instant, lessons);
                }
            }
        }
    }

    fn handed(&mut self, handed: Handed, at: Instant) {
        let Handed {
            attempt,
            task,
            agent,
            generation,
            receipt,
            ..
        } = handed;
        let is_ours = self.generations.contains(&generation);
        let known = self.known.entry(attempt.clone()).or_insert_with(|| Known {
            task,
            agent,
            receipts: Vec::new(),
            stage: Stage::Handed,
            outcome: None,
            until: 0,
        });
        if is_ours {
            known.receipts.push(receipt);
        }
        self.remember(attempt, at);
    }

    /// It is forgotten so much later, and no sooner.
    fn remember(&mut self, id: String, at: Instant) {
        let until = later(at, self.rules.waits.forgotten);
        if let Some(known) = self.known.get_mut(&id) {
            let before = std::mem::replace(&mut known.until, until);
            self.due.remove(&Due {
                at: before,
                what: What::Forget(id.clone()),
            });
            self.due.insert(Due {
                at: until,
                what: What::Forget(id),
            });
        }
    }

    fn attempted(&mut self, attempt: Attempt, at: Instant, lessons: &mut Vec<Lesson>) {
        let id = attempt.id.clone();
        let known = self.known.entry(id.clone()).or_insert_with(|| Known {
            task: attempt.task.clone(),
            agent: attempt.agent.clone(),
            receipts: Vec::new(),
            stage: Stage::Handed,
            outcome: None,
            until: 0,
        });
        if !matches!(known.stage, Stage::Handed) {
            return;
        }
        let are_few = !known.receipts.is_empty() && known.receipts.len() < self.rules.rounds;
        self.deviations.too_few_rounds += u64::from(are_few);
        let told = attempt.outcome.clone();
        let receipts = known.receipts.clone();
        let outcome = match known.outcome.take() {
            Some(outcome) => outcome,
            None => self.weigh(told).unwrap_or_else(unknown),
        };
        let Some(known) = self.known.get_mut(&id) else {
            return;
        };
        let attempt = Attempt {
            outcome,
            receipts,
            ..attempt
        };
        if is_known(&attempt.outcome) || !self.rules.waits_for_outcome {
            self.close(attempt, at, lessons);
        } else {
            known.stage = Stage::Open(Box::new(attempt));
            self.due.insert(Due {
                at: later(at, self.rules.waits.outcome),
                what: What::Close(id.clone()),
            });
        }
        self.remember(id, at);
    }

    fn outcome(&mut self, id: &str, outcome: Outcome, at: Instant, lessons: &mut Vec<Lesson>) {
        // One that was forgotten is credited no more.
        if !self.known.contains_key(id) {
            return;
        }
        let Some(outcome) = self.weigh(outcome) else {
            return;
        };
        let Some(known) = self.known.get_mut(id) else {
            return;
        };
        match std::mem::replace(&mut known.stage, Stage::Told) {
            Stage::Handed => {
                known.stage = Stage::Handed;
                known.outcome.get_or_insert(outcome);
            }
            Stage::Open(attempt) => {
                let attempt = Attempt {
                    outcome,
                    ..*attempt
                };
                self.close(attempt, at, lessons);
            }
            Stage::Unknown(attempt) => {
                let attempt = Attempt {
                    outcome,
                    ..*attempt
                };
                match attempt.arm {
                    Arm::NoMemory => self.close(attempt, at, lessons),
                    Arm::Memory | Arm::Candidate => self.credit(attempt, at, lessons),
                }
            }
            Stage::Told => {}
        }
    }

    /// An outcome, if it comes from whom the strategy would hear it from.
    fn weigh(&mut self, outcome: Outcome) -> Option<Outcome> {
        if is_known(&outcome) && rank(outcome.authority) < rank(self.rules.authority) {
            self.deviations.too_little_authority += 1;
            return None;
        }
        Some(outcome)
    }

    /// An attempt is learnt from, with its outcome or without.
    fn close(&mut self, mut attempt: Attempt, at: Instant, lessons: &mut Vec<Lesson>) {
        let is_known = is_known(&attempt.outcome);
        if let Some(known) = self.known.get_mut(&attempt.id) {
            known.stage = match is_known {
                true => Stage::Told,
                false => Stage::Unknown(Box::new(attempt.clone())),
            };
        }
        if attempt.arm == Arm::NoMemory {
            // It says what the task comes to without guidance, and nothing of what to do.
            if let Some(score) = score(&attempt.outcome) {
                let (sum, runs) = self.baselines.entry(attempt.task.id).or_default();
                (*sum, *runs) = (*sum + score, *runs + 1);
            }
            return;
        }
        self.compare(&mut attempt);
        if is_known {
            self.credit(attempt.clone(), at, lessons);
        } else if self.rules.waits_for_outcome {
            self.deviations.without_outcome += 1;
        }
        let agent = match self.rules.all_agents {
            true => String::new(),
            false => attempt.agent.id.clone(),
        };
        let key = (attempt.task.id.clone(), agent);
        let is_full = |runs: usize| !self.rules.all_agents && runs >= self.rules.trials;
        let group = self.groups.entry(key.clone()).or_default();
        group.attempts.push(attempt);
        if is_full(group.attempts.len()) {
            let Together { attempts, at } = self.groups.remove(&key).unwrap_or_default();
            let what = What::Group(key);
            self.due.remove(&Due { at, what });
            self.runs(attempts, lessons);
        } else if group.attempts.len() == 1 {
            group.at = later(at, self.rules.waits.group);
            let (at, what) = (group.at, What::Group(key));
            self.due.insert(Due { at, what });
        }
    }

    /// What the task comes to without guidance, where that is known.
    fn compare(&self, attempt: &mut Attempt) {
        let baseline = self.baselines.get(&attempt.task.id);
        let baseline = baseline.map(|(sum, runs)| sum / f64::from(*runs));
        attempt.outcome.baseline = attempt.outcome.baseline.or(baseline);
    }

    fn credit(&mut self, mut attempt: Attempt, at: Instant, lessons: &mut Vec<Lesson>) {
        self.compare(&mut attempt);
        let outcomes = &mut self.outcomes;
        outcomes.attempts.push(attempt);
        if outcomes.attempts.len() >= self.rules.batch {
            self.tell_outcomes(lessons);
        } else if outcomes.attempts.len() == 1 {
            outcomes.at = later(at, self.rules.waits.group);
            let (at, what) = (outcomes.at, What::Batch);
            self.due.insert(Due { at, what });
        }
    }

    fn tell_outcomes(&mut self, lessons: &mut Vec<Lesson>) {
        let Together { attempts, at } = std::mem::take(&mut self.outcomes);
        let what = What::Batch;
        self.due.remove(&Due { at, what });
        if !attempts.is_empty() {
            lessons.push(Lesson::Outcomes(attempts));
            if self.rules.batch > 1 {
                lessons.push(Lesson::Upkeep);
            }
        }
    }

    fn runs(&mut self, runs: Vec<Attempt>, lessons: &mut Vec<Lesson>) {
        let before = self.told / EVICT_EVERY;
        self.told = self
            .told
            .saturating_add(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        lessons.push(Lesson::Runs(runs));
        if self.told / EVICT_EVERY > before {
            if self.rules.batch <= 1 {
                lessons.push(Lesson::Upkeep);
            }
            lessons.push(Lesson::Evict);
        }
    }
}

/// Who must say how it went, for a strategy that is told outcomes of this kind.
pub(super) fn wanted_authority(labels: Labels) -> Authority {
    match labels {
        Labels::Verified | Labels::Graded => Authority::GroundTruth,
        Labels::Any | Labels::SelfJudged => Authority::Agent,
    }
}

/// Nobody has said how it went.
pub(super) fn unknown() -> Outcome {
    Outcome {
        verdict: Verdict::Unknown,
        ..Outcome::known(false)
    }
}

/// How well it went, if anybody knows.
fn score(outcome: &Outcome) -> Option<f64> {
    outcome.score.or(match outcome.verdict {
        Verdict::Success => Some(1.0),
        Verdict::Failure => Some(0.0),
        Verdict::Unknown => None,
    })
}

/// A time and so much, in whole milliseconds.
fn later(at: Instant, wait: f64) -> u64 {
    (at + wait).max(0.0).ceil() as u64
}

/// Whether somebody has said how it went.
pub(super) fn is_known(outcome: &Outcome) -> bool {
    outcome.verdict != Verdict::Unknown || outcome.score.is_some()
}
