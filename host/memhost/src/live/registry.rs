//! The registry: which generations a slot has had, which number a tenant has, and which keys there are. It is the ledger of a namespace of its own,
//! whose lock keeps a second host from the same store.

use std::collections::BTreeMap;

use memhost_contract::{Instant, Setting};
use memhost_store::{Namespace, NewEntry, Store};
use serde::{Deserialize, Serialize};

use super::LiveError;
use super::keys::{KeptKey, Keyring};

/// The namespace that the registry is the ledger of.
const NAMESPACE: &str = "live";

/// One strategy under one choice of settings, at a slot. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Generation {
    /// The slot.
    pub slot: String,
    /// From 1, in the order in which they came.
    pub number: u32,
    /// Which memories it works on: the number of the generation that began them.
    pub lineage: u32,
    /// The strategy's name.
    pub strategy: String,
    /// The strategy's version.
    pub version: String,
    /// What it consists of, as a digest.
    pub digest: String,
    /// Every parameter's value.
    pub settings: Vec<Setting>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Registered {
    /// From now on, this one answers at its slot.
    Generation(Generation),
    /// From now on, this tenant has this number.
    Tenant { name: String, number: u32 },
    /// From now on, whoever presents this key may do what it allows.
    Key(KeptKey),
    /// From now on, this key allows nothing.
    KeyRevoked { id: String, at: Instant },
}

/// What is registered.
pub(super) struct Registry {
    namespace: Namespace,
    generations: BTreeMap<String, Vec<Generation>>,
    tenants: BTreeMap<String, u32>,
    keys: Keyring,
}

impl Registry {
    pub(super) async fn open(store: &Store) -> Result<Registry, LiveError> {
        let namespace = store.namespace(NAMESPACE).await?;
        let mut registry = Registry {
            generations: BTreeMap::new(),
            tenants: BTreeMap::new(),
            keys: Keyring::default(),
            namespace,
        };
        for entry in registry.namespace.entries(0, usize::MAX) {
            let registered = serde_json::from_str(&entry.body)
                .map_err(|error| LiveError::Registry(format!("entry {}: {error}", entry.number)))?;
            registry.take(registered);
        }
        Ok(registry)
    }

    fn take(&mut self, registered: Registered) {
        match registered {
            Registered::Generation(generation) => {
                let of_slot = self.generations.entry(generation.slot.clone()).or_default();
                of_slot.push(generation);
            }
            Registered::Tenant { name, number } => drop(self.tenants.insert(name, number)),
            Registered::Key(kept) => self.keys.add(kept),
            Registered::KeyRevoked { id, at } => self.keys.revoke(&id, at),
        }
    }

    async fn enter(&mut self, registered: Registered, at: Instant) -> Result<(), LiveError> {
        let (kind, about) = match &registered {
            Registered::Generation(generation) => ("generation", generation.slot.clone()),
            Registered::Tenant { name, .. } => ("tenant", name.clone()),
            Registered::Key(kept) => ("key", kept.key.id.clone()),
            Registered::KeyRevoked { id, .. } => ("key-revoked", id.clone()),
        };
        let body = serde_json::to_string(&registered);
        let entry = NewEntry {
            kind: kind.to_owned(),
            about,
            body: body.map_err(|error| LiveError::Registry(error.to_string()))?,
        };
        let entered = self.namespace.enter(vec![entry], at).await;
        entered.map_err(LiveError::Unconfirmed)?;
        self.take(registered);
        Ok(())
    }

    /// The generations of a slot, the one that answers last.
    pub(super) fn generations(&self, slot: &str) -> &[Generation] {
        self.generations.get(slot).map_or(&[], Vec::as_slice)
    }

    /// From now on this one answers; it is durable when this returns.
    pub(super) async fn add(
        &mut self,
        generation: Generation,
        at: Instant,
    ) -> Result<(), LiveError> {
        self.enter(Registered::Generation(generation), at).await
    }

    /// A tenant's number, by which its data is named.
    pub(super) async fn tenant(&mut self, name: &str, at: Instant) -> Result<u32, LiveError> {
        if let Some(number) = self.tenants.get(name) {
            return Ok(*number);
        }
        let number = self.tenants.values().max().map_or(1, |last| last + 1);
        let name = name.to_owned();
        self.enter(Registered::Tenant { name, number }, at).await?;
        Ok(number)
    }

    /// The keys. What is made or revoked later is seen there too.
    pub(super) fn keys(&self) -> Keyring {
        self.keys.clone()
    }

    /// From now on this key allows what it does; it is durable when this returns.
    pub(super) async fn add_key(&mut self, kept: KeptKey, at: Instant) -> Result<(), LiveError> {
        self.enter(Registered::Key(kept), at).await
    }

    /// From now on this key allows nothing; it is durable when this returns.
    pub(super) async fn revoke_key(&mut self, id: &str, at: Instant) -> Result<(), LiveError> {
        let id = id.to_owned();
        self.enter(Registered::KeyRevoked { id, at }, at).await
    }
}
