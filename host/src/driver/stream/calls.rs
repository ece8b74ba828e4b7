//! The calls of a strategy, what they cost, and the transactions that they make.

use crate::capability::{CallContext, RunState, Usage};
use crate::contract::{Receipt, Task};
use crate::engine::CallError;
use crate::store::{Reserved, StoreError, Transaction, View, Write, receipt_bytes};
use crate::strategy::Answer;

use super::super::report::Recorder;
use super::StreamRun;

/// Writes that waited come into force, or are undone.
pub(super) const COMMIT: &str = "commit";
/// What was handed out is kept, where no other write takes it along.
pub(super) const RECEIPTS: &str = "receipts";

impl StreamRun<'_> {
    pub(super) fn context(&mut self, view: View) -> CallContext {
        CallContext {
            namespace: Some(self.namespace.clone()),
            view,
            models: Some(self.surroundings.models.clone()),
            embedder: Some(self.surroundings.embedder.clone()),
            attempts: Some(self.attempts.clone()),
            run: RunState {
                now: self.now,
                task_number: self.episodes_done,
                batch_number: self.batches_done,
                seed: self.seeds.next(),
            },
            limits: self.surroundings.limits.clone(),
        }
    }

    /// An answer's value; a failure is booked, and stands for having nothing to say.
    pub(super) fn taken<T>(
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
            .map_err(|error: CallError| report.failed(call, format!("task `{}`: {error}", task.id)))
            .ok()
    }

    /// One transaction, together with the receipts that are due. What a strategy asked for and the store
    /// cannot do is the strategy's failure, and nothing of the call is written: `None`.
    pub(super) async fn write(
        &mut self,
        writes: Vec<Write>,
        call: &str,
        report: &mut Recorder,
    ) -> Result<Option<Vec<String>>, StoreError> {
        if writes.is_empty() && self.receipts.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if matches!(call, COMMIT | RECEIPTS) {
            report.began(call);
        }
        let receipts = self.receipts.clone();
        let transaction = Transaction {
            writes,
            receipts,
            at: self.now,
        };
        match self.namespace.apply(transaction).await {
            Ok(inserted) => {
                self.receipts.clear();
                Ok(Some(inserted))
            }
            Err(error) if error.is_refusal() => {
                let text = format!("what `{call}` returned was not written: {error}");
                report.failed(call, text);
                self.keep_receipts().await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A receipt waits with the host until its outcome is known, and counts as stored meanwhile. Of one that there is no
    /// room for nothing stays but the id.
    pub(super) fn set_aside(
        &self,
        receipt: Receipt,
        report: &mut Recorder,
    ) -> (Receipt, Option<Reserved>) {
        match self.namespace.reserve(receipt_bytes(&receipt)) {
            Ok(reserved) => (receipt, Some(reserved)),
            Err(error) => {
                let text = format!("what `retrieve` handed out was not kept: {error}");
                report.failed("retrieve", text);
                let id = receipt.id;
                let (used, note) = Default::default();
                (Receipt { id, used, note }, None)
            }
        }
    }

    /// What was handed out does not wait for writes that could be made, unless there is no room for it either: it would
    /// only become more.
    async fn keep_receipts(&mut self) -> Result<(), StoreError> {
        let transaction = Transaction {
            writes: Vec::new(),
            receipts: std::mem::take(&mut self.receipts),
            at: self.now,
        };
        match self.namespace.apply(transaction).await {
            Err(error) if !error.is_refusal() => Err(error),
            _ => Ok(()),
        }
    }
}
