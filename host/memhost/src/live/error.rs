//! What can go wrong with a live host, each with a code that callers can act on.

use memhost_store::StoreError;
use memhost_strategy::CallError;

/// Why a live host does not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// There is no such slot, or it is not for whoever asks.
    #[error("there is no slot `{0}`")]
    NoSuchSlot(String),
    /// The grant does not cover this.
    #[error("{0}")]
    NotGranted(String),
    /// No key is like this one.
    #[error("there is no such key here: it is mistyped, or another host's")]
    KeyUnknown,
    /// The key was revoked, or has expired.
    #[error("{0}")]
    KeyRevoked(String),
    /// No key has this id.
    #[error("there is no key `{0}`")]
    NoSuchKey(String),
    /// The operating system has no random bits to make a key of.
    #[error("no key can be made, because this machine has no random bits: {0}")]
    NoRandomness(String),
    /// Nobody was handed out guidance for it, or told of it, or it was long ago.
    #[error(
        "there is no attempt `{0}`: use the id that came with the guidance, and tell what was done (`record`) before its outcome"
    )]
    NoSuchAttempt(String),
    /// The attempt has its outcome.
    #[error(
        "attempt `{0}` has another outcome already; set `revise` where the first one was wrong"
    )]
    OutcomeKnown(String),
    /// The same request is being answered just now.
    #[error("attempt `{0}` is being told just now; the same request again is safe")]
    InFlight(String),
    /// An attempt is told a second time, and differently.
    #[error("attempt `{0}` was told before, and not like this: an attempt is told once")]
    Mismatch(String),
    /// A score is none.
    #[error("the score {0} is not in 0..=1")]
    ScoreOutOfRange(f64),
    /// Something in the request makes no sense.
    #[error("{field}: {reason}")]
    Malformed {
        /// Where.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// Another change of the slot is under way.
    #[error("slot `{0}` is being changed already; try again when that is done")]
    ChangeInProgress(String),
    /// The slot has had no such generation.
    #[error("slot `{slot}` has had no generation {number}")]
    NoSuchGeneration {
        /// The slot.
        slot: String,
        /// What was asked for.
        number: u32,
    },
    /// A strategy cannot go on with another one's memories.
    #[error(
        "`{strategy}` cannot go on with the memories that are there: {reason}; begin with none, or use `force`"
    )]
    InheritRefused {
        /// The strategy.
        strategy: String,
        /// Why.
        reason: String,
    },
    /// A plugin is not taken, and why.
    #[error("{0}")]
    Refused(String),
    /// The strategy refuses its settings, or cannot be opened.
    #[error(transparent)]
    Strategy(#[from] CallError),
    /// As many ask as can be waited for.
    #[error("as many calls of slot `{0}` wait as may; ask again in a moment")]
    TooMany(String),
    /// The write may have happened or not; the same request again is safe.
    #[error("{0}")]
    Unconfirmed(StoreError),
    /// The store failed before anything was written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The registry of this store holds what this memhost does not understand.
    #[error("the registry of this store cannot be read: {0}")]
    Registry(String),
    /// The host is ending.
    #[error("the host is ending; ask again in a moment")]
    Draining,
}

impl LiveError {
    /// What programs tell apart: stable, in lower case with hyphens.
    pub fn code(&self) -> &'static str {
        match self {
            LiveError::NoSuchSlot(_) => "no-such-slot",
            LiveError::NotGranted(_) => "not-granted",
            LiveError::KeyUnknown => "key-unknown",
            LiveError::KeyRevoked(_) => "key-revoked",
            LiveError::NoSuchKey(_) => "no-such-key",
            LiveError::NoRandomness(_) => "internal",
            LiveError::NoSuchAttempt(_) => "no-such-attempt",
            LiveError::OutcomeKnown(_) => "outcome-known",
            LiveError::InFlight(_) => "in-flight",
            LiveError::Mismatch(_) => "idempotency-mismatch",
            LiveError::ScoreOutOfRange(_) => "score-out-of-range",
            LiveError::Malformed { .. } => "malformed",
            LiveError::ChangeInProgress(_) => "change-in-progress",
            LiveError::NoSuchGeneration { .. } => "no-such-generation",
            LiveError::InheritRefused { .. } => "inherit-refused",
            LiveError::Refused(_) | LiveError::Strategy(_) => "plugin-refused",
            LiveError::TooMany(_) => "too-many",
            LiveError::Unconfirmed(_) => "unconfirmed",
            LiveError::Store(_) | LiveError::Registry(_) => "store-read-only",
            LiveError::Draining => "draining",
        }
    }
}
