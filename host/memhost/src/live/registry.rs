//! The registry: which generations a slot has had, which number a tenant has, and which keys there are. It is the ledger of a
//! namespace of its own, whose lock keeps a second host from the same store.

use std::collections::{BTreeMap, BTreeSet};

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
    /// From now on, one that answered before answers again.
    Answers { slot: String, generation: u32 },
    /// From now on, nothing more is learnt at this slot from these memories.
    Frozen { slot: String, lineage: u32 },
    /// From now on, it is learnt again.
    Thawed { slot: String, lineage: u32 },
    /// From now on, this tenant has this number.
    Tenant { name: String, number: u32 },
    /// From now on, the tenant of this number has a seat at this slot.
    Seat { slot: String, tenant: u32 },
    /// From now on, whoever presents this key may do what it allows.
    Key(KeptKey),
    /// From now on, this key allows nothing.
    KeyRevoked { id: String, at: Instant },
}

/// What is registered.
pub(super) struct Registry {
    namespace: Namespace,
    generations: BTreeMap<String, Vec<Generation>>,
    answering: BTreeMap<String, u32>,
    frozen: BTreeSet<(String, u32)>,
    tenants: BTreeMap<String, u32>,
    seats: BTreeSet<(String, u32)>,
    keys: Keyring,
}

impl Registry {
    pub(super) async fn open(store: &Store) -> Result<Registry, LiveError> {
        let namespace = store.namespace(NAMESPACE).await?;
        let mut registry = Registry {
            generations: BTreeMap::new(),
            answering: BTreeMap::new(),
            frozen: BTreeSet::new(),
            tenants: BTreeMap::new(),
            seats: BTreeSet::new(),
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
                let slot = generation.slot.clone();
                self.answering.insert(slot.clone(), generation.number);
                self.generations.entry(slot).or_default().push(generation);
            }
            Registered::Answers { slot, generation } => {
                self.answering.insert(slot, generation);
            }
            Registered::Frozen { slot, lineage } => {
                self.frozen.insert((slot, lineage));
            }
            Registered::Thawed { slot, lineage } => {
                self.frozen.remove(&(slot, lineage));
            }
            Registered::Tenant { name, number } => {
                self.tenants.insert(name, number);
            }
            Registered::Seat { slot, tenant } => {
                self.seats.insert((slot, tenant));
            }
            Registered::Key(kept) => self.keys.add(kept),
            Registered::KeyRevoked { id, at } => self.keys.revoke(&id, at),
        }
    }

    async fn enter(&mut self, registered: Registered, at: Instant) -> Result<(), LiveError> {
        let (kind, about) = match &registered {
            Registered::Generation(generation) => ("generation", generation.slot.clone()),
            Registered::Answers { slot, .. } => ("answers", slot.clone()),
            Registered::Frozen { slot, .. } => ("frozen", slot.clone()),
            Registered::Thawed { slot, .. } => ("thawed", slot.clone()),
            Registered::Tenant { name, .. } => ("tenant", name.clone()),
            Registered::Seat { slot, .. } => ("seat", slot.clone()),
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

    /// The generations of a slot, in the order in which they came.
    pub(super) fn generations(&self, slot: &str) -> &[Generation] {
        self.generations.get(slot).map_or(&[], Vec::as_slice)
    }

    /// One of them.
    pub(super) fn generation(&self, slot: &str, number: u32) -> Option<&Generation> {
        let mut all = self.generations(slot).iter();
        all.find(|generation| generation.number == number)
    }

    /// The generation that answers at a slot.
    pub(super) fn answering(&self, slot: &str) -> Option<&Generation> {
        self.generation(slot, *self.answering.get(slot)?)
    }

    /// The slots that have had a generation.
    pub(super) fn slots(&self) -> impl Iterator<Item = &str> {
        self.generations.keys().map(String::as_str)
    }

    /// Whether nothing more is learnt at a slot from these memories.
    pub(super) fn is_frozen(&self, slot: &str, lineage: u32) -> bool {
        self.frozen.contains(&(slot.to_owned(), lineage))
    }

    /// From now on this one answers; it is durable when this returns.
    pub(super) async fn add(
        &mut self,
        generation: Generation,
        at: Instant,
    ) -> Result<(), LiveError> {
        self.enter(Registered::Generation(generation), at).await
    }

    /// From now on one of the former generations answers.
    pub(super) async fn answer_again(
        &mut self,
        slot: &str,
        generation: u32,
        at: Instant,
    ) -> Result<(), LiveError> {
        let slot = slot.to_owned();
        let answers = Registered::Answers { slot, generation };
        self.enter(answers, at).await
    }

    /// From now on nothing more is learnt at a slot from these memories.
    pub(super) async fn freeze(
        &mut self,
        slot: &str,
        lineage: u32,
        at: Instant,
    ) -> Result<(), LiveError> {
        let slot = slot.to_owned();
        self.enter(Registered::Frozen { slot, lineage }, at).await
    }

    /// From now on it is learnt again.
    pub(super) async fn thaw(
        &mut self,
        slot: &str,
        lineage: u32,
        at: Instant,
    ) -> Result<(), LiveError> {
        let slot = slot.to_owned();
        self.enter(Registered::Thawed { slot, lineage }, at).await
    }

    /// The number of a tenant who has a seat at a slot.
    pub(super) fn seated(&self, slot: &str, tenant: &str) -> Option<u32> {
        let number = *self.tenants.get(tenant)?;
        self.seats
            .contains(&(slot.to_owned(), number))
            .then_some(number)
    }

    /// The tenants who have a seat at a slot.
    pub(super) fn tenants_at(&self, slot: &str) -> Vec<String> {
        let tenants = self.tenants.keys();
        let seated = tenants.filter(|tenant| self.seated(slot, tenant).is_some());
        seated.cloned().collect()
    }

    /// A tenant's number, by which its data is named, and a seat at the slot.
    pub(super) async fn seat(
        &mut self,
        slot: &str,
        tenant: &str,
        at: Instant,
    ) -> Result<u32, LiveError> {
        let number = match self.tenants.get(tenant) {
            Some(number) => *number,
            None => {
                let number = self.tenants.values().max().map_or(1, |last| last + 1);
                let name = tenant.to_owned();
                self.enter(Registered::Tenant { name, number }, at).await?;
                number
            }
        };
        if self.seated(slot, tenant).is_none() {
            let slot = slot.to_owned();
            let seat = Registered::Seat {
                slot,
                tenant: number,
            };
            self.enter(seat, at).await?;
        }
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
