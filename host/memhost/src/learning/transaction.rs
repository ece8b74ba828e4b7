//! Transactions of a learner: the writes of one call, with the receipts that are due, all of it or nothing.

use memhost_contract::Receipt;
use memhost_store::{StoreError, Transaction, Write};

use super::progress::{PROGRESS, blob};
use super::{Clock, Event, Failure, Learner, Observer, Pending};

/// Writes that waited come into force, or are undone.
pub(crate) const COMMIT: &str = "commit";
/// What was handed out is kept, where no other write takes it along.
pub(crate) const RECEIPTS: &str = "receipts";

impl<C: Clock> Learner<C> {
    /// Brings what waited into force, or undoes it. Over a memory that the strategy itself has removed or frozen meanwhile
    /// there is nothing left to decide.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle(
        &mut self,
        pending: Pending,
        keep: bool,
        observer: &mut dyn Observer,
    ) -> Result<(), StoreError> {
        let pending = pending.still_open(&self.namespace);
        let writes = match keep {
            true => pending.confirm(),
            false => pending.reject(),
        };
        self.write(writes, COMMIT, observer).await?.ok();
        Ok(())
    }

    /// Keeps the receipts that no other transaction has taken along; at the end of a run.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_receipts(&mut self, observer: &mut dyn Observer) -> Result<(), StoreError> {
        self.write(Vec::new(), RECEIPTS, observer).await?.ok();
        Ok(())
    }

    /// One transaction, together with the receipts that are due; the ids of what was inserted. What a strategy asked for
    /// and the store cannot do is the strategy's failure, and nothing of the call is written.
    pub(super) async fn write(
        &mut self,
        writes: Vec<Write>,
        call: &'static str,
        observer: &mut dyn Observer,
    ) -> Result<Result<Vec<String>, Failure>, StoreError> {
        let says_how_far = call == PROGRESS && self.progress.is_some();
        if writes.is_empty() && self.due.is_empty() && !says_how_far {
            return Ok(Ok(Vec::new()));
        }
        if matches!(call, COMMIT | RECEIPTS | PROGRESS) {
            observer.observe(Event::Writing { call });
        }
        let transaction = self.transaction(writes, self.due.clone())?;
        match self.namespace.apply(transaction.clone()).await {
            Ok(inserted) => {
                self.due.clear();
                observer.observe(Event::Written {
                    transaction: &transaction,
                });
                Ok(Ok(inserted))
            }
            Err(error) if error.is_refusal() => {
                observer.observe(Event::Refused {
                    call,
                    error: &error,
                });
                self.write_receipts_alone(observer).await?;
                Ok(Err(Failure::Refused { call, error }))
            }
            Err(error) => Err(error),
        }
    }

    /// What was handed out does not wait for writes that could be made, unless there is no room for it either: it would
    /// only become more.
    async fn write_receipts_alone(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<(), StoreError> {
        let due = std::mem::take(&mut self.due);
        let transaction = self.transaction(Vec::new(), due)?;
        match self.namespace.apply(transaction.clone()).await {
            Ok(_) => {
                observer.observe(Event::Written {
                    transaction: &transaction,
                });
                Ok(())
            }
            Err(error) if error.is_refusal() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn transaction(
        &self,
        writes: Vec<Write>,
        receipts: Vec<Receipt>,
    ) -> Result<Transaction, StoreError> {
        let progress = self.progress.map(|progress| blob(progress, &self.waitlist));
        Ok(Transaction {
            writes,
            receipts,
            host_blobs: progress.transpose()?.into_iter().collect(),
            at: self.clock.now(),
            ..Transaction::default()
        })
    }
}
