//! Eviction: what has expired, what the strategy lets go, and the host's own policy where it keeps too much.

use memhost_contract::{Comparison, Condition, Op, Operand, Pressure, Scan, State};
use memhost_store::tables::state_name;
use memhost_store::{StoreError, View, Write};
use memhost_strategy::CallError;

use super::learner::hear;
use super::{Clock, Configured, Event, Failure, Learner, Observer};

/// What came of an eviction.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Evicted {
    /// Memories that had expired.
    pub expired: usize,
    /// Memories that the host removed, because the strategy left too many.
    pub by_host: usize,
    /// Why nothing went that the strategy named.
    pub failure: Option<Failure>,
}

/// How many expired memories go in one transaction.
const EXPIRED_AT_ONCE: usize = 1_000;

impl<C: Clock> Learner<C> {
    /// Removes what has expired, asks the strategy what else may go, removes that, and then the oldest memories until at
    /// most `most` are left.
    ///
    /// # Errors
    /// The store failed. What the strategy is to blame for is in [`Evicted::failure`].
    pub async fn evict(
        &mut self,
        most: Option<u32>,
        observer: &mut dyn Observer,
    ) -> Result<Evicted, StoreError> {
        let mut evicted = Evicted {
            expired: self.remove_expired(observer).await?,
            ..Evicted::default()
        };
        if self.phases().evict {
            let memories = self.count()?;
            if memories > 0 {
                evicted.failure = match self.ask_what_may_go(most, observer).await? {
                    Ok(ids) => self.remove(ids, observer).await?.err(),
                    Err(error) => Some(error.into()),
                };
            }
        }
        evicted.by_host = self.enforce(most, observer).await?;
        Ok(evicted)
    }

    /// Asks the strategy what may go, and removes nothing.
    ///
    /// # Errors
    /// The store failed; the inner error is the strategy's.
    pub async fn ask_what_may_go(
        &mut self,
        most: Option<u32>,
        observer: &mut dyn Observer,
    ) -> Result<Result<Vec<String>, CallError>, StoreError> {
        let pressure = Pressure {
            memories: self.count()?,
            most_memories: most,
            most_tokens: None,
        };
        let context = self.context(View::default());
        let Configured {
            strategy, settings, ..
        } = self.configured();
        let answer = strategy.evict(context, pressure, settings).await;
        Ok(hear(answer, "evict", None, observer))
    }

    /// No read shows what has expired, but its words would count in every lexical search. It stays as long as something
    /// under way names it: an outcome, or a decision, must not be refused because a memory is gone that was there when it
    /// was asked for.
    async fn remove_expired(&mut self, observer: &mut dyn Observer) -> Result<usize, StoreError> {
        let mut expired = self.namespace.expired(self.clock.now());
        if expired.is_empty() {
            return Ok(0);
        }
        let under_way = self.under_way();
        expired.retain(|id| !under_way.contains(id));
        let mut removed = 0;
        for ids in expired.chunks(EXPIRED_AT_ONCE) {
            let gone = self.remove(ids.to_vec(), observer).await?;
            removed += gone.map_or(0, |_| ids.len());
        }
        Ok(removed)
    }

    async fn remove(
        &mut self,
        ids: Vec<String>,
        observer: &mut dyn Observer,
    ) -> Result<Result<Vec<String>, Failure>, StoreError> {
        let removals = ids
            .into_iter()
            .map(|id| Write::at_once(Op::Remove(id.into())));
        self.write(removals.collect(), "evict", observer).await
    }

    /// The host's own policy where the strategy left too many: the oldest go first. What is frozen stays.
    async fn enforce(
        &mut self,
        most: Option<u32>,
        observer: &mut dyn Observer,
    ) -> Result<usize, StoreError> {
        let Some(most) = most else {
            return Ok(0);
        };
        let excess = self.count()?.saturating_sub(most);
        if excess == 0 {
            return Ok(0);
        }
        let oldest = Scan {
            filter: vec![Condition {
                field: "state".into(),
                comparison: Comparison::Eq,
                operand: Operand::Text(state_name(State::Active).into()),
            }],
            order_by: Some("created".into()),
            descending: false,
            offset: 0,
            limit: excess,
            with_vectors: false,
        };
        let rows = self.namespace.scan(&oldest, &self.now())?;
        let memories = rows.len();
        observer.observe(Event::EvictedByHost { memories });
        let ids = rows.into_iter().map(|row| row.memory.id).collect();
        self.remove(ids, observer).await?.ok();
        Ok(memories)
    }
}
