//! Linking to contract 0.2: what a component imports of it, and where its phases are found.
//!
//! Everything of the engine that depends on the version of the contract is here, so that a later one is a module beside this
//! one, with its own bindings, and components of both can be loaded.

use memhost_contract::PACKAGE;
use memhost_contract::generated::{Wrapper, exports::memhost::strategy as exports};
use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};

use super::binary::Surface;
use super::call::Sandbox;

/// Gives a component what the contract has for it. `inner` too: whether it may be imported is a matter of admission, and what
/// it leads to a matter of each call.
pub(super) fn add_to_linker(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    Wrapper::add_to_linker::<_, HasSelf<_>>(linker, |sandbox: &mut Sandbox| {
        &mut sandbox.capabilities
    })
}

/// Where the functions of each phase are found.
pub(super) struct Exports {
    pub strategy: exports::strategy::GuestIndices,
    pub retrieve: Option<exports::retrieve::GuestIndices>,
    pub distill: Option<exports::distill::GuestIndices>,
    pub update: Option<exports::update::GuestIndices>,
    pub evict: Option<exports::evict::GuestIndices>,
    pub maintain: Option<exports::maintain::GuestIndices>,
    pub compact: Option<exports::compact::GuestIndices>,
}

/// Looks a phase up if the component exports it.
macro_rules! find {
    ($pre:ident, $surface:ident, $phase:ident) => {{
        let prefix = concat!("/", stringify!($phase), "@");
        let mut names = $surface.exports.iter();
        let exported = names.any(|name| {
            let rest = name.strip_prefix(PACKAGE);
            rest.is_some_and(|rest| rest.starts_with(prefix))
        });
        exported
            .then(|| exports::$phase::GuestIndices::new($pre))
            .transpose()?
    }};
}

impl Exports {
    pub fn find(pre: &InstancePre<Sandbox>, surface: &Surface) -> wasmtime::Result<Exports> {
        Ok(Exports {
            strategy: exports::strategy::GuestIndices::new(pre)?,
            retrieve: find!(pre, surface, retrieve),
            distill: find!(pre, surface, distill),
            update: find!(pre, surface, update),
            evict: find!(pre, surface, evict),
            maintain: find!(pre, surface, maintain),
            compact: find!(pre, surface, compact),
        })
    }

    /// Whether every function has the type that the contract gives it.
    pub fn check_types(
        &self,
        store: &mut Store<Sandbox>,
        instance: &Instance,
    ) -> wasmtime::Result<exports::strategy::Guest> {
        macro_rules! load {
            ($($phase:ident),*) => {
                $(if let Some(phase) = &self.$phase {
                    phase.load(&mut *store, instance)?;
                })*
            };
        }
        load!(retrieve, distill, update, evict, maintain, compact);
        self.strategy.load(store, instance)
    }
}
