//! Open receipts: which retrievals still wait for their outcome, so that each is credited once.

use std::collections::HashMap;

use memhost_contract::Receipt;
use memhost_store::Reserved;

/// Receipts that were handed out, by id.
#[derive(Debug, Default)]
pub(super) struct OpenReceipts(HashMap<String, Standing>);

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// With the memories that it was made from.
    Open(Vec<String>),
    Settled,
}

/// What was handed out, until its outcome is known.
#[derive(Debug)]
pub struct OpenReceipt {
    /// What the strategy noted of it; where there was no room for it, the id alone.
    pub receipt: Receipt,
    /// Room in the namespace: it counts as stored meanwhile.
    pub(super) _reserved: Option<Reserved>,
}

/// Why an outcome credits nothing. The run goes on without it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoCredit {
    /// Nobody handed it out.
    #[error("an outcome came for receipt `{0}`, which was never handed out; it credits nothing")]
    Unknown(String),
    /// It has had its outcome.
    #[error("a second outcome came for receipt `{0}`; the first one counts")]
    Twice(String),
    /// A score is none.
    #[error(
        "the outcome of receipt `{receipt}` has the score {score}, which is not in 0..=1; it credits nothing"
    )]
    NoScore {
        /// Whose.
        receipt: String,
        /// As it came.
        score: f64,
    },
}

impl OpenReceipts {
    /// A receipt is handed out.
    pub(super) fn open(&mut self, receipt: &Receipt) {
        let used = receipt.used.iter().map(|citation| citation.memory.clone());
        let standing = Standing::Open(used.collect());
        self.0.insert(receipt.id.clone(), standing);
    }

    /// The memories that an outcome may still come for.
    pub(super) fn memories(&self) -> impl Iterator<Item = &String> {
        let used = self.0.values().map(|standing| match standing {
            Standing::Open(used) => used.as_slice(),
            Standing::Settled => &[],
        });
        used.flatten()
    }

    /// The outcome of a receipt has come, with these scores.
    ///
    /// # Errors
    /// If nothing is to be credited. A score that is none leaves the receipt open: a right one may still come.
    pub(super) fn settle(
        &mut self,
        receipt: &str,
        scores: impl IntoIterator<Item = f64>,
    ) -> Result<(), NoCredit> {
        let Some(standing) = self.0.get_mut(receipt) else {
            return Err(NoCredit::Unknown(receipt.to_owned()));
        };
        if *standing == Standing::Settled {
            return Err(NoCredit::Twice(receipt.to_owned()));
        }
        if let Some(score) = scores.into_iter().find(|s| !(0.0..=1.0).contains(s)) {
            return Err(NoCredit::NoScore {
                receipt: receipt.to_owned(),
                score,
            });
        }
        *standing = Standing::Settled;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(id: impl Into<String>) -> Receipt {
        Receipt {
            id: id.into(),
            ..Receipt::nothing()
        }
    }

    #[test]
    fn an_outcome_counts_once_and_only_for_what_was_handed_out() {
        let mut receipts = OpenReceipts::default();
        receipts.open(&receipt("r1"));
        assert_eq!(
            receipts.settle("r2", [0.5]),
            Err(NoCredit::Unknown("r2".into()))
        );
        assert_eq!(receipts.settle("r1", [0.5]), Ok(()));
        assert_eq!(
            receipts.settle("r1", [1.0]),
            Err(NoCredit::Twice("r1".into()))
        );
    }

    #[test]
    fn an_impossible_score_credits_nothing_and_a_right_one_may_still_come() {
        let mut receipts = OpenReceipts::default();
        receipts.open(&receipt("r1"));
        for score in [1.5, -0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                receipts.settle("r1", [0.5, score]),
                Err(NoCredit::NoScore { .. })
            ));
        }
        assert_eq!(receipts.settle("r1", [0.0, 1.0]), Ok(()));
    }

    #[test]
    fn however_late_it_comes_it_is_credited() {
        let mut receipts = OpenReceipts::default();
        receipts.open(&receipt("r1"));
        (2..1_000).for_each(|number| receipts.open(&receipt(format!("r{number}"))));
        assert_eq!(receipts.settle("r1", None), Ok(()));
    }
}
