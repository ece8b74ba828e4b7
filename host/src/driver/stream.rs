//! One stream of a suite, from an empty memory to its last question.

use std::collections::HashSet;
use std::sync::Arc;

use crate::capability::{CallContext, RunState, Usage};
use crate::contract::{
    Agent, Arm, Attempt, Authority, Change, Feedback, Guidance, Moment, Op, Outcome, Plan,
    Pressure, Query, Receipt, Scan, Task, Verdict,
};
use crate::engine::CallError;
use crate::store::{Namespace, StoreError, Transaction, View, Write};
use crate::strategy::Answer;
use crate::suite::{Episode, Reader, Reading, Scores, Stream};
use crate::tokens;

use super::ledger::{Condition, Pending, Sorted};
use super::order::CallSeeds;
use super::plan;
use super::report::{Recorder, TaskReport};
use super::seen::SeenAttempts;
use super::{Cell, DriverError, Surroundings};

/// Midnight of 1 January 2026, UTC: when every run's clock starts, so that runs repeat to the byte.
const CLOCK_START: f64 = 1_767_225_600_000.0;
/// How far the clock moves per episode: one minute.
const CLOCK_STEP: f64 = 60_000.0;

/// A stream while it is run.
pub(super) struct StreamRun<'a> {
    cell: &'a Cell,
    surroundings: &'a Surroundings,
    plan: &'a Plan,
    reader: &'a Reader,
    stream_index: usize,
    stream: &'a Stream,
    namespace: Namespace,
    attempts: Arc<SeenAttempts>,
    seeds: CallSeeds,
    pending: Vec<Pending>,
    receipts: Vec<Receipt>,
    episodes_done: u32,
    retrievals: u32,
}

/// What the reader made of one question.
struct Act {
    /// At the primary budget.
    tokens: u32,
    receipt: Receipt,
    scores: Scores,
}

impl<'a> StreamRun<'a> {
    pub(super) async fn open(
        cell: &'a Cell,
        surroundings: &'a Surroundings,
        plan: &'a Plan,
        reader: &'a Reader,
        stream_index: usize,
    ) -> Result<StreamRun<'a>, DriverError> {
        let stream = &cell.suite.streams[stream_index];
        let namespace = surroundings
            .store
            .namespace(&format!("{}/{}", cell.id, stream.name))
            .await?;
        Ok(StreamRun {
            cell,
            surroundings,
            plan,
            reader,
            stream_index,
            stream,
            namespace,
            attempts: Arc::default(),
            seeds: CallSeeds::new(cell.seed, stream_index),
            pending: Vec::new(),
            receipts: Vec::new(),
            episodes_done: 0,
            retrievals: 0,
        })
    }

    /// Asks, reads, learns, forgets.
    pub(super) async fn episode(
        &mut self,
        stage: usize,
        place: usize,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let episode = &self.stream.stages[stage].episodes[place];
        if episode.question.is_some() {
            let act = self.act(episode, HashSet::new(), report).await;
            report.task(
                (self.stream_index, stage, place),
                TaskReport {
                    task: format!("{}/{}", self.stream.name, episode.task.id),
                    group: episode.group.clone(),
                    scores: act.scores.clone(),
                    tokens: act.tokens,
                },
            );
            let attempt = self.readers_attempt(episode, &act);
            self.decide_by_attempt(&attempt, report).await?;
            self.update(episode, attempt, &act, report).await?;
            self.receipts.push(act.receipt);
        }
        if !episode.attempts.is_empty() {
            self.distill(episode, report).await?;
        }
        self.evict(report).await?;
        self.episodes_done += 1;
        Ok(())
    }

    /// Writes what is outstanding and closes the stream's books.
    pub(super) async fn finish(mut self, report: &mut Recorder) -> Result<(), DriverError> {
        self.write(Vec::new(), "receipts", report).await?;
        report.memories(self.active_memories()?);
        Ok(())
    }

    // ---- retrieve and act -------------------------------------------------------------------------

    /// One retrieval per budget, read by the frozen reader. `on_trial` memories take part.
    async fn act(
        &mut self,
        episode: &Episode,
        on_trial: HashSet<String>,
        report: &mut Recorder,
    ) -> Act {
        let view = View {
            withheld: Arc::new(self.withheld(episode)),
            on_trial: Arc::new(on_trial),
        };
        let primary = primary_budget(&self.cell.suite.primary, &self.cell.suite.budgets);
        let mut texts = Vec::new();
        let mut sources = Vec::new();
        let mut act = Act {
            tokens: 0,
            receipt: empty_receipt(),
            scores: Scores::new(),
        };
        for &budget in &self.cell.suite.budgets {
            let guidance = self.retrieve(episode, budget, &view, report).await;
            let text = tokens::cut(&guidance.text, budget);
            if text.len() < guidance.text.trim_end().len() {
                report.cut();
            }
            sources = self.sources(&guidance.receipt, &view);
            if budget == primary {
                act.tokens = tokens::count(text);
                act.receipt = guidance.receipt;
            }
            texts.push(text.to_owned());
        }
        let visible = self.attempts.ids_without(&view.withheld);
        act.scores = self
            .reader
            .read(
                episode,
                &Reading {
                    guidance: &texts,
                    sources: &sources,
                    weights: &vec![1.0; sources.len()],
                    visible: &visible,
                    record: &crate::suite::Record::default(),
                    seed: 0,
                },
            )
            .scores;
        act
    }

    async fn retrieve(
        &mut self,
        episode: &Episode,
        budget: u32,
        view: &View,
        report: &mut Recorder,
    ) -> Guidance {
        let query = Query {
            task: episode.task.clone(),
            agent: self.agent(episode),
            moment: Moment::TaskStart,
            transcript: Vec::new(),
            found: Vec::new(),
            token_budget: budget,
        };
        let context = self.context(view.clone());
        let answer = self
            .cell
            .strategy
            .retrieve(context, query, &self.cell.settings)
            .await;
        let mut guidance = self
            .taken(answer, "retrieve", &episode.task, report)
            .unwrap_or_else(silence);
        self.retrievals += 1;
        guidance.receipt.id = format!("r{}", self.retrievals);
        guidance
    }

    /// Where the cited memories were learnt, best first, without repeats.
    fn sources(&self, receipt: &Receipt, view: &View) -> Vec<String> {
        let cited: Vec<String> = receipt
            .used
            .iter()
            .map(|citation| citation.memory.clone())
            .collect();
        let mut seen = HashSet::new();
        let memories = self.namespace.get(&cited, view);
        memories
            .into_iter()
            .flat_map(|memory| memory.sources)
            .filter(|source| seen.insert(source.clone()))
            .collect()
    }

    /// A task never draws on its own attempts, nor on what its suite withholds.
    fn withheld(&self, episode: &Episode) -> HashSet<String> {
        let mut withheld = self.attempts.ids_of(&episode.task.id);
        withheld.extend(episode.withheld.iter().cloned());
        withheld
    }

    /// What the reader did with the guidance, as an attempt with a true outcome.
    fn readers_attempt(&self, episode: &Episode, act: &Act) -> Attempt {
        let score = act.scores.get(&self.cell.suite.primary).copied();
        Attempt {
            id: format!("{}@{}", episode.task.id, act.receipt.id),
            task: episode.task.clone(),
            agent: self.agent(episode),
            arm: Arm::Memory,
            trial: 0,
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            outcome: Outcome {
                verdict: match score {
                    Some(score) if score >= 0.5 => Verdict::Success,
                    Some(_) => Verdict::Failure,
                    None => Verdict::Unknown,
                },
                score,
                baseline: None,
                reason: String::new(),
                authority: Authority::GroundTruth,
            },
            receipt: Some(act.receipt.clone()),
        }
    }

    fn agent(&self, episode: &Episode) -> Agent {
        episode
            .attempts
            .first()
            .map(|attempt| attempt.agent.clone())
            .unwrap_or_else(|| Agent {
                id: "reader".into(),
                model: "frozen-reader".into(),
                rank: 0,
            })
    }

    // ---- learn ------------------------------------------------------------------------------------

    async fn distill(
        &mut self,
        episode: &Episode,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        for attempt in &episode.attempts {
            self.decide_by_attempt(attempt, report).await?;
        }
        self.attempts.add(&episode.attempts);
        if !self.cell.strategy.phases().distill {
            return Ok(());
        }
        let attempts = episode
            .attempts
            .iter()
            .map(|a| plan::told(a.clone(), self.plan.labels))
            .collect();
        let context = self.context(View::default());
        let answer = self
            .cell
            .strategy
            .distill(context, attempts, &self.cell.settings)
            .await;
        let changes = self
            .taken(answer, "distill", &episode.task, report)
            .unwrap_or_default();
        self.take_in(changes, "distill", episode, None, report)
            .await
    }

    async fn update(
        &mut self,
        episode: &Episode,
        attempt: Attempt,
        act: &Act,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        if !self.cell.strategy.phases().update {
            return Ok(());
        }
        let attempt = plan::told(attempt, self.plan.labels);
        let feedback = vec![Feedback {
            attempt,
            receipt: act.receipt.clone(),
        }];
        let context = self.context(View::default());
        let answer = self
            .cell
            .strategy
            .update(context, feedback, &self.cell.settings)
            .await;
        let changes = self
            .taken(answer, "update", &episode.task, report)
            .unwrap_or_default();
        self.take_in(changes, "update", episode, Some(act), report)
            .await
    }

    /// Writes the changes of one call, and puts to the test what is to be tested.
    async fn take_in(
        &mut self,
        changes: Vec<Change>,
        call: &'static str,
        episode: &Episode,
        before: Option<&Act>,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut sorted = Sorted::from(changes);
        let writes = std::mem::take(&mut sorted.writes);
        let Some(inserted) = self.write(writes, call, report).await? else {
            return Ok(());
        };
        for pending in sorted.pending(&episode.task.id, &inserted) {
            match pending.condition {
                Condition::NextAttempt => self.pending.push(pending),
                Condition::TrialGains(margin) => {
                    self.retry(pending, margin, episode, before, report).await?
                }
            }
        }
        Ok(())
    }

    /// Re-runs the task with the memories on trial; they stay if the score rises by the margin.
    async fn retry(
        &mut self,
        pending: Pending,
        margin: f64,
        episode: &Episode,
        before: Option<&Act>,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let primary = &self.cell.suite.primary;
        let gained = if episode.question.is_none() {
            report.failure(format!(
                "task `{}`: a memory was to be kept if a re-run gains {margin}, but nothing is asked in this \
                 task, so it cannot be re-run; the memory was dropped",
                episode.task.id
            ));
            false
        } else {
            let without = match before {
                Some(act) => act.scores.get(primary).copied(),
                None => self
                    .act(episode, HashSet::new(), report)
                    .await
                    .scores
                    .get(primary)
                    .copied(),
            };
            let on_trial = pending.memories.iter().cloned().collect();
            let with = self
                .act(episode, on_trial, report)
                .await
                .scores
                .get(primary)
                .copied();
            with.zip(without)
                .is_some_and(|(with, without)| with - without >= margin)
        };
        self.settle(pending, gained, report).await
    }

    /// A new attempt on a task decides over the writes that waited for it.
    async fn decide_by_attempt(
        &mut self,
        attempt: &Attempt,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        if attempt.outcome.verdict == Verdict::Unknown {
            return Ok(());
        }
        let (decided, waiting) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|p: &Pending| p.task == attempt.task.id);
        self.pending = waiting;
        let success = attempt.outcome.verdict == Verdict::Success;
        for pending in Vec::from_iter::<Vec<Pending>>(decided) {
            self.settle(pending, success, report).await?;
        }
        Ok(())
    }

    async fn settle(
        &mut self,
        pending: Pending,
        keep: bool,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let writes = if keep {
            pending.confirm()
        } else {
            pending.reject()
        };
        self.write(writes, "commit", report).await?;
        Ok(())
    }

    // ---- forget -----------------------------------------------------------------------------------

    async fn evict(&mut self, report: &mut Recorder) -> Result<(), DriverError> {
        let memories = self.active_memories()?;
        if self.cell.strategy.phases().evict && memories > 0 {
            let pressure = Pressure {
                memories,
                most_memories: self.cell.most_memories,
                most_tokens: None,
            };
            let context = self.context(View::default());
            let answer = self
                .cell
                .strategy
                .evict(context, pressure, &self.cell.settings)
                .await;
            report.call("evict", &answer.usage);
            match answer.result {
                Ok(ids) => {
                    let removals = ids.into_iter().map(removal).collect();
                    self.write(removals, "evict", report).await?;
                }
                Err(error) => report.failure(error.to_string()),
            }
        }
        self.enforce_budget(report).await
    }

    /// The host's own policy where the strategy left too many: the oldest go first.
    async fn enforce_budget(&mut self, report: &mut Recorder) -> Result<(), DriverError> {
        let Some(most) = self.cell.most_memories else {
            return Ok(());
        };
        let excess = self.active_memories()?.saturating_sub(most);
        if excess == 0 {
            return Ok(());
        }
        let oldest = Scan {
            filter: Vec::new(),
            order_by: Some("created".into()),
            descending: false,
            offset: 0,
            limit: excess,
            with_vectors: false,
        };
        let rows = self.namespace.scan(&oldest, &View::default())?;
        report.evicted_by_host(rows.len());
        let removals = rows.into_iter().map(|row| removal(row.memory.id)).collect();
        self.write(removals, "evict", report).await?;
        Ok(())
    }

    fn active_memories(&self) -> Result<u32, StoreError> {
        self.namespace.count(&Vec::new(), &View::default())
    }

    // ---- calls and transactions -------------------------------------------------------------------

    fn context(&mut self, view: View) -> CallContext {
        CallContext {
            namespace: Some(self.namespace.clone()),
            view,
            models: Some(self.surroundings.models.clone()),
            embedder: Some(self.surroundings.embedder.clone()),
            attempts: Some(self.attempts.clone()),
            run: RunState {
                now: self.now(),
                task_number: self.episodes_done,
                batch_number: self.episodes_done,
                seed: self.seeds.next(),
            },
            limits: self.surroundings.limits.clone(),
        }
    }

    fn now(&self) -> f64 {
        CLOCK_START + f64::from(self.episodes_done) * CLOCK_STEP
    }

    /// An answer's value; a failure is booked, and stands for having nothing to say.
    fn taken<T>(
        &self,
        answer: Answer<T>,
        call: &str,
        task: &Task,
        report: &mut Recorder,
    ) -> Option<T> {
        let Answer { result, usage } = answer;
        let usage: Usage = usage;
        report.call(call, &usage);
        result
            .map_err(|error: CallError| report.failure(format!("task `{}`: {error}", task.id)))
            .ok()
    }

    /// One transaction, together with the receipts that are due. What a strategy asked for and the store
    /// cannot do is the strategy's failure, and nothing of the call is written: `None`.
    async fn write(
        &mut self,
        writes: Vec<Write>,
        call: &str,
        report: &mut Recorder,
    ) -> Result<Option<Vec<String>>, StoreError> {
        if writes.is_empty() && self.receipts.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let receipts = self.receipts.clone();
        match self
            .namespace
            .apply(Transaction {
                writes,
                receipts,
                at: self.now(),
            })
            .await
        {
            Ok(inserted) => {
                self.receipts.clear();
                Ok(Some(inserted))
            }
            Err(error) if error.is_refusal() => {
                report.failure(format!("what `{call}` returned was not written: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The budget that the primary metric names, as in `answer@256`; else the last.
fn primary_budget(primary: &str, budgets: &[u32]) -> u32 {
    let named = primary
        .rsplit_once('@')
        .and_then(|(_, number)| number.parse().ok());
    named
        .filter(|budget| budgets.contains(budget))
        .or(budgets.last().copied())
        .unwrap_or_default()
}

fn silence() -> Guidance {
    Guidance {
        text: String::new(),
        placement: crate::contract::Placement::System,
        receipt: empty_receipt(),
    }
}

fn empty_receipt() -> Receipt {
    Receipt {
        id: String::new(),
        used: Vec::new(),
        note: String::new(),
    }
}

fn removal(id: String) -> Write {
    Write {
        op: Op::Remove(id),
        provisional: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_metric_names_its_budget() {
        assert_eq!(primary_budget("answer@256", &[128, 256, 4096]), 256);
        assert_eq!(primary_budget("hit@1", &[2048]), 2048);
        assert_eq!(primary_budget("auc", &[128, 512]), 512);
    }
}
