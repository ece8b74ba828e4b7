//! Memory of one call, with errors that say which limit was reached.

use memhost_contract::limits::{Limit, LimitReached, Limits};
use wasmtime::ResourceLimiter;

/// What wasmtime keeps for one element of a table, at most.
const TABLE_ELEMENT_BYTES: usize = 16;

/// Counts what all instances of a call hold together.
///
/// A refusal is an error and not `false`: a plugin that is merely told "no" aborts with an `unreachable` that nobody
/// can tell from a panic.
pub(super) struct Limiter {
    limits: Limits,
    held: usize,
}

impl Limiter {
    pub fn new(limits: &Limits) -> Limiter {
        Limiter {
            limits: limits.clone(),
            held: 0,
        }
    }

    /// What is held now, in bytes.
    pub fn held(&self) -> usize {
        self.held
    }

    fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        let wanted = self.held.saturating_add(by);
        if wanted > self.limits.memory {
            let reached = LimitReached::of(&self.limits, Limit::Memory);
            return Err(reached.wanting(wanted as u64).into());
        }
        self.held = wanted;
        Ok(true)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Past its own declared maximum it is told "no", as WebAssembly says.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let elements = desired.saturating_sub(current);
        self.grow(elements.saturating_mul(TABLE_ELEMENT_BYTES))
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    /// As many as there may be instances: each has at most one that is its own.
    fn memories(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        // Toolchains give an instance up to three tables.
        self.limits.instances.saturating_mul(4)
    }
}
