//! A lineage: what one strategy makes of a ledger. One task per lineage reads the entries in order and teaches them; how far it
//! has come stands in the same transactions as what it has learnt, so a kill repeats nothing and loses nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use memhost_contract::health::Health;
use memhost_contract::{Attempt, Fault, Feedback, ModelKind};
use memhost_store::{Entry, Namespace, StoreError};
use memhost_strategy::{CallError, CallFailure};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::clock::{LedgerClock, Time};
use super::happened::Happened;
use super::standing::Standing;
use super::timeline::{Lesson, Rules, Timeline, Waits};
use crate::learning::{
    Caller, Configured, Failure, Grants, Learner, Learnt, Place, Progress, Unobserved,
};

/// How many entries are read at a time.
const READ_AT_ONCE: usize = 64;
/// The first wait after something is down; each further one is twice as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: f64 = 1_000.0;
const LONGEST_WAIT: f64 = 300_000.0;
/// How many processes may end while they learn one thing, before it is given up.
const STARTS: u32 = 3;
/// How long a call may still take that was under way when its lineage was stopped.
const GRACE: Duration = Duration::from_secs(10);

/// What a lineage is opened with.
pub(super) struct Opening {
    /// Whose it is; random bits are derived from it.
    pub seat: String,
    pub configured: Configured,
    pub grants: Grants,
    pub ledger: Namespace,
    pub memories: Namespace,
    pub time: Arc<dyn Time>,
    pub waits: Waits,
    /// The generations whose guidance it handed out.
    pub generations: BTreeSet<u32>,
    /// Where in the ledger it begins, if it is new.
    pub from: u64,
    pub most_memories: Option<u32>,
    /// Whether nothing more is learnt.
    pub is_frozen: bool,
}

/// A strategy at a seat, at work.
pub(super) struct Lineage {
    /// Makes the calls that write nothing.
    pub caller: Caller,
    standing: watch::Receiver<Standing>,
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Lineage {
    /// Opens it, and has it learn what it has not.
    ///
    /// # Errors
    /// What it has kept cannot be read or written.
    pub(super) async fn open(opening: Opening) -> Result<Lineage, StoreError> {
        let Opening {
            seat,
            configured,
            grants,
            ledger,
            memories,
            time,
            waits,
            generations,
            from,
            most_memories,
            is_frozen,
        } = opening;
        let rules = Rules::of(&configured.plan, waits);
        let own_grants = grants.clone();
        let clock = LedgerClock {
            seat,
            ..LedgerClock::default()
        };
        let mut learner = Learner::new(configured, memories, grants, clock).with_natural_trials();
        let mut progress = learner.resume()?;
        if progress == Progress::default() {
            (progress.place.entry, progress.from) = (from, from);
            learner.set_progress(progress);
            learner.clock.at = time.now();
            learner.keep_progress(&mut Unobserved).await?;
        }
        let (stop, stopped) = watch::channel(false);
        let (told, standing) = watch::channel(Standing {
            tasks: progress.tasks,
            batches: progress.batches,
            is_frozen,
            learnt: progress.place.entry.saturating_sub(1),
            ..Standing::default()
        });
        let wake = Arc::new(Notify::new());
        let work = Work {
            caller: learner.caller(),
            learner,
            timeline: Timeline::new(rules.clone(), generations.clone()),
            begin: (rules, generations),
            ledger,
            read: 0,
            is_first: true,
            progress,
            time,
            told,
            wake: wake.clone(),
            stopped,
            grants: own_grants,
            most_memories,
        };
        let caller = work.caller.clone();
        let task = tokio::spawn(async move {
            match is_frozen {
                true => drop(work),
                false => work.run().await,
            }
        });
        Ok(Lineage {
            caller,
            standing,
            wake,
            stop,
            task: Mutex::new(Some(task)),
        })
    }

    /// Something has been entered.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Returns when all up to this entry is learnt, or the lineage has been stopped.
    pub(super) fn learnt(&self, entry: u64) -> impl Future<Output = ()> + use<> {
        let mut standing = self.standing.clone();
        async move {
            drop(standing.wait_for(|standing| standing.learnt >= entry).await);
        }
    }

    /// Whether it has been stopped.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Stops at the end of the transaction that it is at; a call that takes longer than [`GRACE`] is dropped, which writes
    /// nothing.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::warn!(%error, "a learner was interrupted");
        }
    }
}

/// The task of a lineage.
struct Work {
    learner: Learner<LedgerClock>,
    caller: Caller,
    timeline: Timeline,
    /// What the timeline begins with.
    begin: (Rules, BTreeSet<u32>),
    ledger: Namespace,
    /// The last entry that the timeline has taken.
    read: u64,
    /// Whether nothing was taught yet: what ended the process before is taught first.
    is_first: bool,
    progress: Progress,
    time: Arc<dyn Time>,
    told: watch::Sender<Standing>,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
    grants: Grants,
    most_memories: Option<u32>,
}

impl Work {
    async fn run(mut self) {
        let stops = stops(self.stopped.clone());
        let overstayed = async {
            stops.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = self.work() => {}
            () = overstayed => {}
        }
        // That it was told to stop is not the lesson's fault.
        if let Err(error) = self.forgive().await {
            tracing::warn!(%error, "that a learner was told to stop could not be noted");
        }
    }

    /// Notes that what was begun is not to blame, whatever becomes of this process.
    async fn forgive(&mut self) -> Result<(), StoreError> {
        // What is believed here may be ahead of what is stored, which alone is kept.
        let stored = self.learner.resume()?;
        if stored.begun > 0 {
            let forgiven = Progress { begun: 0, ..stored };
            self.learner.set_progress(forgiven);
            self.learner.keep_progress(&mut Unobserved).await?;
        }
        self.learner.set_progress(self.progress);
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    async fn work(&mut self) {
        let mut failures = 0;
        while !self.is_stopped() {
            match self.catch_up().await {
                Ok(()) => {
                    failures = 0;
                    self.told
                        .send_if_modified(|told| told.waiting.take().is_some());
                    self.idle().await;
                }
                Err(Halt::Store(error)) => {
                    self.wait_out(&error.to_string(), failures, true).await;
                    failures += 1;
                    self.begin_again();
                }
                Err(Halt::Stopped) => {}
            }
        }
    }

    /// What this learner believes need not be what is stored: it is read anew.
    fn begin_again(&mut self) {
        match self.learner.resume() {
            Ok(progress) => {
                self.progress = progress;
                let (rules, generations) = self.begin.clone();
                self.timeline = Timeline::new(rules, generations);
                self.read = 0;
            }
            Err(error) => tracing::warn!(%error, "a learner cannot begin again yet"),
        }
    }

    /// Returns when there may be something to learn.
    async fn idle(&mut self) {
        let (time, due) = (self.time.clone(), self.timeline.due());
        self.told.send_modify(|told| told.due = due);
        let falls_due = async {
            match due {
                Some(at) => time.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.wake.notified() => {}
            () = stops(self.stopped.clone()) => {}
            () = falls_due => self.tick().await,
        }
    }

    /// Enters that time has passed, unless that stands there already.
    async fn tick(&self) {
        let now = self.time.now();
        let entered = async {
            let tick = Happened::Tick.entry().map_err(StoreError::Transaction)?;
            self.ledger.enter(vec![tick], now).await
        };
        if let Err(error) = entered.await {
            self.wait_out(&error.to_string(), 0, true).await;
        }
    }

    /// Waits for something that is down.
    async fn wait_out(&self, why: &str, failures: u32, is_store: bool) {
        tracing::warn!(why, "learning waits");
        self.told.send_modify(|told| {
            told.waiting = Some(why.to_owned());
            told.is_read_only = is_store;
        });
        let wait = (FIRST_WAIT * f64::from(2_u32.saturating_pow(failures))).min(LONGEST_WAIT);
        tokio::select! {
            () = self.time.wait_until(self.time.now() + wait) => {}
            () = stops(self.stopped.clone()) => {}
        }
    }

    async fn catch_up(&mut self) -> Result<(), Halt> {
        loop {
            let entries = self.ledger.entries(self.read, READ_AT_ONCE);
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                self.learn(&entry).await?;
            }
            // What is learnt already is only read, which alone would never let others have their turn.
            tokio::task::yield_now().await;
        }
    }

    async fn learn(&mut self, entry: &Entry) -> Result<(), Halt> {
        if self.is_stopped() {
            return Err(Halt::Stopped);
        }
        // What another memhost entered that knows more kinds of things teaches nothing here.
        if entry.number == self.progress.from {
            self.timeline.count_from_here();
        }
        let lessons = self.timeline.take(entry).unwrap_or_else(|error| {
            tracing::warn!(error, "an entry is not understood");
            Vec::new()
        });
        let Place {
            entry: at,
            lessons: done,
        } = self.progress.place;
        let done = match entry.number.cmp(&at) {
            std::cmp::Ordering::Less => lessons.len(),
            std::cmp::Ordering::Equal => done as usize,
            std::cmp::Ordering::Greater => 0,
        };
        self.learner.clock.at = entry.at;
        let all = lessons.len();
        for (number, lesson) in lessons.into_iter().enumerate() {
            if number < done {
                self.witness(&lesson);
                continue;
            }
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            self.stand_at(Place {
                entry: entry.number,
                lessons: number,
            });
            if std::mem::take(&mut self.is_first) && !self.may_begin(number + 1).await? {
                self.witness(&lesson);
                continue;
            }
            self.teach(lesson, number + 1).await?;
            if self.is_stopped() {
                return Err(Halt::Stopped);
            }
        }
        self.read = entry.number;
        if entry.number >= at {
            self.stand_at(Place {
                entry: entry.number + 1,
                lessons: 0,
            });
            if all > 0 {
                self.learner.keep_progress(&mut Unobserved).await?;
            }
        }
        let Progress { tasks, batches, .. } = self.progress;
        let (deviations, waiting) = (self.timeline.deviations(), self.timeline.waiting());
        self.told.send_modify(|told| {
            told.learnt = told.learnt.max(entry.number);
            (told.tasks, told.batches) = (tasks, batches);
            told.deviations = deviations;
            told.waiting_attempts = waiting;
        });
        Ok(())
    }

    fn stand_at(&mut self, place: Place) {
        self.progress.place = place;
        self.learner.set_progress(self.progress);
        let clock = &mut self.learner.clock;
        (clock.place, clock.calls) = (place, 0);
        (clock.tasks, clock.batches) = (self.progress.tasks, self.progress.batches);
    }

    /// Notes that a lesson is begun, which whoever comes after the end of this process will see; or gives it up, where too
    /// many have ended at it.
    async fn may_begin(&mut self, done: u32) -> Result<bool, Halt> {
        let may_begin = self.progress.begun < STARTS;
        if may_begin {
            self.progress.begun += 1;
            self.learner.set_progress(self.progress);
        } else {
            self.give_up(&format!(
                "{STARTS} processes have ended while they learnt it"
            ));
            self.will_be_done(done);
        }
        self.learner.keep_progress(&mut Unobserved).await?;
        Ok(may_begin)
    }

    /// From the transaction that is made next, the lesson is done.
    fn will_be_done(&mut self, lessons: u32) {
        self.progress.begun = 0;
        self.progress.place.lessons = lessons;
        self.learner.set_progress(self.progress);
    }

    /// What has been learnt may be looked up.
    fn witness(&mut self, lesson: &Lesson) {
        if let Lesson::Runs(runs) = lesson {
            runs.iter().for_each(|run| self.learner.witness(run));
        }
    }

    async fn teach(&mut self, lesson: Lesson, done: u32) -> Result<(), Halt> {
        self.witness(&lesson);
        match lesson {
            Lesson::Outcomes(attempts) => {
                for attempt in &attempts {
                    self.learner.decide(attempt, &mut Unobserved).await?;
                }
                self.progress.batches = self.progress.batches.saturating_add(1);
                self.will_be_done(done);
                let feedback = feedback(attempts);
                for told in &feedback {
                    self.learner.keep_receipt(told.receipt.clone());
                }
                if !feedback.is_empty() {
                    self.tell(Telling::Outcomes(feedback)).await?;
                }
            }
            Lesson::Runs(runs) => {
                let tasks = u32::try_from(runs.len()).unwrap_or(u32::MAX);
                self.progress.tasks = self.progress.tasks.saturating_add(tasks);
                self.will_be_done(done);
                self.tell(Telling::Runs(runs)).await?;
            }
            Lesson::Upkeep => {
                self.will_be_done(done);
                self.tell(Telling::Upkeep).await?;
            }
            Lesson::Evict => {
                let most = self.most_memories;
                let evicted = self.learner.evict(most, &mut Unobserved).await?;
                if let Some(failure) = evicted.failure {
                    self.skip(&failure);
                }
            }
        }
        Ok(())
    }

    /// Tells the strategy, again while what it needs is down, and once more where it failed.
    async fn tell(&mut self, what: Telling) -> Result<(), Halt> {
        let (mut outages, mut failures) = (0, 0);
        loop {
            let learnt = match &what {
                Telling::Outcomes(feedback) => {
                    self.learner.update(feedback, &mut Unobserved).await?
                }
                Telling::Runs(runs) => self.learner.distill(runs.clone(), &mut Unobserved).await?,
                Telling::Upkeep => self.learner.maintain(&mut Unobserved).await?,
            };
            let Learnt {
                failure: Some(failure),
                ..
            } = learnt
            else {
                return Ok(());
            };
            if is_outage(&failure, &self.grants) {
                if outages == 0 {
                    self.forgive().await?;
                }
                self.wait_out(&failure.to_string(), outages, false).await;
                outages += 1;
                if self.is_stopped() {
                    return Err(Halt::Stopped);
                }
            } else if failures == 0 {
                failures += 1;
            } else {
                self.skip(&failure);
                return Ok(());
            }
        }
    }

    fn skip(&self, failure: &Failure) {
        self.give_up(&failure.to_string());
    }

    fn give_up(&self, why: &str) {
        tracing::warn!(why, "a lesson is given up");
        self.told.send_modify(|told| {
            told.skipped += 1;
            told.skipped_for = Some(why.to_owned());
        });
    }
}

/// Returns when the lineage is to stop.
async fn stops(mut stopped: watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// Why learning goes on no further just now.
enum Halt {
    Store(StoreError),
    Stopped,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Store(error)
    }
}

/// What a strategy is told.
enum Telling {
    Outcomes(Vec<Feedback>),
    Runs(Vec<Attempt>),
    Upkeep,
}

/// One feedback for each time that an attempt was guided.
fn feedback(attempts: Vec<Attempt>) -> Vec<Feedback> {
    let feedback = attempts.into_iter().flat_map(|attempt| {
        let receipts = attempt.receipts.clone().into_iter();
        receipts.map(move |receipt| Feedback {
            attempt: attempt.clone(),
            receipt,
        })
    });
    feedback.collect()
}

/// Whether somebody else is to blame, and may be better later: what a strategy relies on is down, as far as can be said.
/// What has answered just now is not; then the answer was the strategy's to deal with.
fn is_outage(failure: &Failure, grants: &Grants) -> bool {
    let is_ill = |health: watch::Receiver<Health>| *health.borrow() != Health::Well;
    let embedder = || grants.embedder.as_ref()?.health().map(is_ill);
    let models = || {
        let Some(models) = &grants.models else {
            return false;
        };
        let roles = [
            &models.agent,
            &models.strongest,
            &models.judge,
            &models.cheap,
        ];
        let mut asked = roles
            .iter()
            .filter(|model| model.kind() == ModelKind::Model);
        // Where nobody can say, it is.
        asked.any(|model| model.health().is_none_or(is_ill))
    };
    match failure {
        Failure::Call(CallError {
            reason: CallFailure::Fault(Fault::Unavailable(_)),
            ..
        }) => models() || embedder() == Some(true),
        Failure::Refused {
            error: StoreError::Embedding(_),
            ..
        } => embedder() != Some(false),
        _ => false,
    }
}
