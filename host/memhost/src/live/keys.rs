//! Keys: secrets that stand for a grant, for whoever reaches a host from outside its process.
//!
//! A key is `mh_<id>_<secret>`. The secret is 256 random bits, which nobody can guess, so that one SHA-256 of it is enough to
//! keep: a slow hash guards passwords that people think of, and would let strangers keep this host busy. What was made and
//! revoked is in the registry; what a request needs is in memory, where no lock is held across an await.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use memhost_contract::{Authority, Instant};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::slot::check_name;
use super::{Grant, Host, LiveError, Right, to_its_end};

/// What every key begins with, by which people and scanners of leaked secrets know one.
const PREFIX: &str = "mh_";
/// How many random bytes an id is made of: 8 characters.
const ID_BYTES: usize = 5;
/// How many random bytes a secret is made of: 52 characters.
const SECRET_BYTES: usize = 32;
/// The most bytes of a note.
const MOST_NOTE: usize = 200;

/// What a key shall allow, to whom, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewKey {
    /// What it is for, in its maker's words; may be empty.
    pub note: String,
    /// The slots; `None`: all of them, also later ones.
    pub slots: Option<Vec<String>>,
    /// The one tenant; `None`: whichever is named.
    pub tenant: Option<String>,
    /// What it allows.
    pub right: Right,
    /// For how much its outcomes may count at most.
    #[serde(with = "AuthorityName")]
    pub authority: Authority,
    /// From when on it allows nothing, in milliseconds since 1970; `None`: never.
    pub expires: Option<Instant>,
}

/// Authorities as they are written elsewhere.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Authority", rename_all = "kebab-case")]
enum AuthorityName {
    GroundTruth,
    Judge,
    Agent,
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// By which it is called.
    pub id: String,
    /// What it allows.
    #[serde(flatten)]
    pub allows: NewKey,
    /// When it was made, in milliseconds since 1970.
    pub made: Instant,
    /// When it was revoked, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Instant>,
}

/// The whole key, as it is presented. It is shown to whoever makes it, once, and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text that a caller presents.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl NewKey {
    /// A key for all slots and whichever tenant is named, whose outcomes count as an agent's own. It does not expire.
    pub fn new(right: Right) -> NewKey {
        NewKey {
            note: String::new(),
            slots: None,
            tenant: None,
            right,
            authority: Authority::Agent,
            expires: None,
        }
    }

    /// What whoever presents it may do.
    pub fn grant(&self) -> Grant {
        let mut grant = Grant::everything()
            .with_right(self.right)
            .with_authority(self.authority);
        if let Some(slots) = &self.slots {
            grant = grant.for_slots(slots);
        }
        match &self.tenant {
            Some(tenant) => grant.for_tenant(tenant),
            None => grant,
        }
    }

    fn check(&self, now: Instant) -> Result<(), LiveError> {
        let malformed = |field, reason: &str| {
            let reason = reason.to_owned();
            Err(LiveError::Malformed { field, reason })
        };
        if self.note.len() > MOST_NOTE || self.note.chars().any(char::is_control) {
            return malformed("note", "at most 200 bytes, without control characters");
        }
        if self.slots.as_ref().is_some_and(Vec::is_empty) {
            return malformed(
                "slots",
                "a key for no slot allows nothing; leave it out for all of them",
            );
        }
        for slot in self.slots.iter().flatten() {
            check_name("slots", slot)?;
        }
        if let Some(tenant) = &self.tenant {
            check_name("tenant", tenant)?;
        }
        match self.expires {
            Some(expires) if !expires.is_finite() || expires <= now => {
                malformed("expires", "it is no time to come")
            }
            _ => Ok(()),
        }
    }
}

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeptKey {
    #[serde(flatten)]
    pub key: Key,
    /// SHA-256 of the whole key, in hexadecimal.
    digest: String,
}

/// All keys that were ever made at a host. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Keyring(Arc<RwLock<BTreeMap<String, KeptKey>>>);

impl Keyring {
    pub(super) fn add(&self, kept: KeptKey) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(kept.key.id.clone(), kept);
    }

    pub(super) fn revoke(&self, id: &str, at: Instant) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = keys.get_mut(id) {
            kept.key.revoked = Some(at);
        }
    }

    fn get(&self, id: &str) -> Option<KeptKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(id).cloned()
    }

    fn grant_of(&self, presented: &str, now: Instant) -> Result<Grant, LiveError> {
        let kept = id_of(presented).and_then(|id| self.get(id));
        let digest = digest(presented);
        let is_it = |kept: &KeptKey| kept.digest.as_bytes().ct_eq(digest.as_bytes()).into();
        // Whether the id or the secret is wrong is nothing that a stranger should learn.
        let key = kept.filter(is_it).ok_or(LiveError::KeyUnknown)?.key;
        let over = match key.allows.expires {
            _ if key.revoked.is_some() => "was revoked",
            Some(expires) if expires <= now => "has expired",
            _ => return Ok(key.allows.grant()),
        };
        Err(LiveError::KeyRevoked(format!(
            "key `{}` {over}; ask whoever gave it to you for another one",
            key.id
        )))
    }
}

impl Host {
    /// Makes a key. It is durable when this returns, and its secret is told this once.
    ///
    /// # Errors
    /// A name in it cannot be, it would have expired already, or the registry cannot be written.
    pub async fn create_key(&self, allows: NewKey) -> Result<(Key, Secret), LiveError> {
        self.check_awake()?;
        let host = self.clone();
        to_its_end(async move {
            let now = host.now();
            allows.check(now)?;
            let mut registry = host.registry().await;
            let (kept, secret) = mint(allows, now, host.keyring())?;
            let key = kept.key.clone();
            registry.add_key(kept, now).await?;
            Ok((key, secret))
        })
        .await
    }

    /// All keys that were ever made, without their secrets: the oldest first.
    pub fn keys(&self) -> Vec<Key> {
        let keys = self
            .keyring()
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<Key> = keys.values().map(|kept| kept.key.clone()).collect();
        keys.sort_by(|one, other| one.made.total_cmp(&other.made));
        keys
    }

    /// Whether a key was ever made. From then on nobody reaches this host without one: revoking the last one opens no door.
    pub fn has_keys(&self) -> bool {
        let keys = self
            .keyring()
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        !keys.is_empty()
    }

    /// Has a key allow nothing from now on. One that is revoked already stays as it is.
    ///
    /// # Errors
    /// There is no such key, or the registry cannot be written: then it still allows what it did.
    pub async fn revoke_key(&self, id: &str) -> Result<Key, LiveError> {
        self.check_awake()?;
        let (host, id) = (self.clone(), id.to_owned());
        to_its_end(async move {
            let mut registry = host.registry().await;
            let find = || {
                let kept = host.keyring().get(&id);
                kept.map(|kept| kept.key)
                    .ok_or_else(|| LiveError::NoSuchKey(id.clone()))
            };
            if find()?.revoked.is_none() {
                let now = host.now();
                registry.revoke_key(&id, now).await?;
            }
            find()
        })
        .await
    }

    /// What whoever presents this key may do. Waits for nothing.
    ///
    /// # Errors
    /// There is no such key, it was revoked, or it has expired.
    pub fn grant_of(&self, presented: &str) -> Result<Grant, LiveError> {
        let now = self.now();
        self.keyring().grant_of(presented, now)
    }
}

/// A new key, whose id no other has.
fn mint(allows: NewKey, now: Instant, keys: &Keyring) -> Result<(KeptKey, Secret), LiveError> {
    let id = loop {
        let id = random::<ID_BYTES>()?;
        if keys.get(&id).is_none() {
            break id;
        }
    };
    let secret = format!("{PREFIX}{id}_{}", random::<SECRET_BYTES>()?);
    let kept = KeptKey {
        digest: digest(&secret),
        key: Key {
            id,
            allows,
            made: now,
            revoked: None,
        },
    };
    Ok((kept, Secret(secret)))
}

/// As many bytes from the operating system, in letters and digits that survive a double click.
fn random<const BYTES: usize>() -> Result<String, LiveError> {
    let mut bytes = [0; BYTES];
    let filled = OsRng.try_fill_bytes(&mut bytes);
    filled.map_err(|error| LiveError::NoRandomness(error.to_string()))?;
    Ok(BASE32_NOPAD.encode(&bytes).to_lowercase())
}

/// The id in a key that has the shape of one.
fn id_of(presented: &str) -> Option<&str> {
    let (id, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
    let has = |text: &str, bytes| text.len() == BASE32_NOPAD.encode_len(bytes);
    (has(id, ID_BYTES) && has(secret, SECRET_BYTES)).then_some(id)
}

fn digest(presented: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(presented.as_bytes()))
}
