//! Grants: who may do what, with which slot and for whom. A seat is reached with one or not at all.

use memhost_contract::Authority;
use serde::{Deserialize, Serialize};

use super::LiveError;

/// The tenant of a host that serves one only.
pub const ONLY_TENANT: &str = "_";

/// What somebody may do. The program that embeds a host gives it to itself ([`Grant::everything`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    slots: Option<Vec<String>>,
    tenant: Option<String>,
    authority: Authority,
    right: Right,
}

/// What somebody may do with a seat or a slot. Whoever may do the latter may do the former.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Ask: `retrieve`, `explain`.
    Read,
    /// Tell: `record`, `feedback`.
    Write,
    /// Change who answers, and who may ask.
    Admin,
}

impl Grant {
    /// All slots, all tenants, and outcomes that count as the truth.
    pub fn everything() -> Grant {
        Grant {
            slots: None,
            tenant: None,
            authority: Authority::GroundTruth,
            right: Right::Admin,
        }
    }

    /// The same, for these slots only.
    pub fn for_slots(self, slots: impl IntoIterator<Item = impl Into<String>>) -> Grant {
        Grant {
            slots: Some(slots.into_iter().map(Into::into).collect()),
            ..self
        }
    }

    /// The same, for one tenant only.
    pub fn for_tenant(self, tenant: impl Into<String>) -> Grant {
        Grant {
            tenant: Some(tenant.into()),
            ..self
        }
    }

    /// The same, with outcomes that count for no more than what this authority says.
    pub fn with_authority(self, authority: Authority) -> Grant {
        Grant { authority, ..self }
    }

    /// The same, for no more than this.
    pub fn with_right(self, right: Right) -> Grant {
        Grant { right, ..self }
    }

    /// The one tenant that it is for; `None`: whichever is named.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether it allows this.
    ///
    /// # Errors
    /// It does not.
    pub fn check_right(&self, wanted: Right) -> Result<(), LiveError> {
        match wanted <= self.right {
            true => Ok(()),
            false => Err(LiveError::NotGranted(format!(
                "this needs a grant to `{}`; this one is to `{}`",
                wanted.name(),
                self.right.name()
            ))),
        }
    }

    /// Whether it allows everything with all slots and all tenants.
    ///
    /// # Errors
    /// It does not.
    pub fn check_all(&self) -> Result<(), LiveError> {
        self.check_right(Right::Admin)?;
        match self.slots.is_none() && self.tenant.is_none() {
            true => Ok(()),
            false => Err(LiveError::NotGranted(
                "this needs a grant for all slots and all tenants".to_owned(),
            )),
        }
    }

    /// Whether it allows all that another one does. Whoever gives a grant to somebody may give away what they have, and no more.
    pub fn includes(&self, other: &Grant) -> bool {
        let has_slots = match &other.slots {
            Some(slots) => slots.iter().all(|slot| self.covers_slot(slot)),
            None => self.slots.is_none(),
        };
        let has_tenant = self.tenant.is_none() || self.tenant == other.tenant;
        let has_authority = rank(other.authority) <= rank(self.authority);
        has_slots && has_tenant && has_authority && other.right <= self.right
    }

    pub(super) fn covers_slot(&self, slot: &str) -> bool {
        let slots = self.slots.as_ref();
        slots.is_none_or(|slots| slots.iter().any(|own| own == slot))
    }

    /// Whether it covers a slot and a tenant. Those that it does not cover are not there, so that nobody learns of them.
    pub(super) fn check(&self, slot: &str, tenant: &str) -> Result<(), LiveError> {
        let covers_slot = self.covers_slot(slot);
        let covers_tenant = self.tenant.as_ref().is_none_or(|own| own == tenant);
        match covers_slot && covers_tenant {
            true => Ok(()),
            false => Err(LiveError::NoSuchSlot(slot.to_owned())),
        }
    }

    /// Whether its outcomes may claim this authority.
    pub(super) fn check_authority(&self, claimed: Authority) -> Result<(), LiveError> {
        match rank(claimed) <= rank(self.authority) {
            true => Ok(()),
            false => Err(LiveError::NotGranted(format!(
                "an outcome of authority `{}` needs a grant that allows it; this one allows `{}`",
                authority_name(claimed),
                authority_name(self.authority)
            ))),
        }
    }
}

impl Right {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Write => "write",
            Right::Admin => "admin",
        }
    }
}

/// How much an outcome counts for.
pub(super) fn rank(authority: Authority) -> u8 {
    match authority {
        Authority::Agent => 0,
        Authority::Judge => 1,
        Authority::GroundTruth => 2,
    }
}

/// An authority, as it is written.
pub fn authority_name(authority: Authority) -> &'static str {
    match authority {
        Authority::Agent => "agent",
        Authority::Judge => "judge",
        Authority::GroundTruth => "ground-truth",
    }
}
