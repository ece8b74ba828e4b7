//! A wrapper: a component around another strategy, such as a guard against poisoned memories.
//!
//! It takes part in phases as any strategy does, by [`Retrieve`](crate::Retrieve) and the others, and reaches what it wraps by
//! the functions of [`inner`]. A phase that it does not list goes straight to what it wraps. This one hands out nothing that
//! was made from more than three memories:
//!
//! ```
//! use memhost_sdk::{Description, Fault, Guidance, Query, Retrieve, Settings, Wrap, inner};
//!
//! struct Few;
//!
//! impl Wrap for Few {
//!     fn describe() -> Description {
//!         Description::new("few", env!("CARGO_PKG_VERSION"), "Guidance from three memories at most.")
//!     }
//! }
//!
//! impl Retrieve for Few {
//!     fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
//!         let all = inner::retrieve(query, &[], &[])?;
//!         let surplus = all.receipt.used.iter().skip(3);
//!         let surplus: Vec<String> = surplus.map(|one| one.memory.clone()).collect();
//!         match surplus.is_empty() {
//!             true => Ok(all),
//!             false => inner::retrieve(query, &surplus, &[]),
//!         }
//!     }
//! }
//!
//! memhost_sdk::export!(Few: Retrieve);
//! ```

use crate::inner;
use crate::parameter::{Declared, Settings};
use crate::strategy::Strategy;
use crate::types::{Description, Fault, Plan};

/// What a wrapper is. It holds no state, as no strategy does; memories of its own have a kind that begins with its name and a
/// colon, `few:lesson`, and what it wraps does not see them.
pub trait Wrap {
    /// What the operator may choose, beside the parameters of what is wrapped, which are `inner.<name>`.
    const PARAMETERS: &'static [&'static dyn Declared] = &[];

    /// What it says of itself. [`Wrap::PARAMETERS`] are added, and what is wrapped by the host.
    fn describe() -> Description;

    /// What the host must run around it: the plan of what it wraps, unless it wants another. Model calls that it makes itself
    /// are to be added; those of what it wraps are by the host.
    ///
    /// # Errors
    /// [`Fault::Invalid`] names the parameter that cannot be.
    fn plan(inner: Plan, settings: &Settings) -> Result<Plan, Fault> {
        let _ = settings;
        Ok(inner)
    }
}

impl<W: Wrap> Strategy for W {
    const PARAMETERS: &'static [&'static dyn Declared] = <W as Wrap>::PARAMETERS;

    fn describe() -> Description {
        <W as Wrap>::describe()
    }

    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        <W as Wrap>::plan(inner::plan_for(&[])?, settings)
    }
}
