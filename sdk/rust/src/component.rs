//! From the traits of an author to the exports of a component; used by [`crate::export!`] alone.

use std::marker::PhantomData;

pub use crate::bindings::exports::memhost::strategy::{
    compact, distill, evict, maintain, retrieve, strategy, update,
};

use crate::strategy::{Compact, Distill, Evict, Maintain, Retrieve, Strategy, Update};
use crate::types::{
    Attempt, Change, Compacted, Context, Description, Fault, Feedback, Guidance, Plan, Pressure,
    Query, Setting,
};

/// A strategy as the exported interfaces see it.
pub struct Component<S>(PhantomData<S>);

/// What `wit-component` must know of a component with each phase; see the build script.
pub mod component_type {
    macro_rules! parts {
        ($($name:ident = $file:literal;)*) => { $(
            pub const $name: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".component-type"));
        )* };
    }
    parts! {
        RETRIEVE = "retrieve";
        DISTILL = "distill";
        UPDATE = "update";
        EVICT = "evict";
        MAINTAIN = "maintain";
        COMPACT = "compact";
    }
}

/// Bytes of a slice as an array, which a section of a wasm file must be.
pub const fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

impl<S: Strategy> strategy::Guest for Component<S> {
    fn describe() -> Description {
        report_panics();
        crate::strategy::describe::<S>()
    }

    fn plan_for(settings: Vec<Setting>) -> Result<Plan, Fault> {
        report_panics();
        crate::strategy::plan::<S>(&settings.into())
    }
}

impl<S: Retrieve> retrieve::Guest for Component<S> {
    fn retrieve(query: Query, settings: Vec<Setting>) -> Result<Guidance, Fault> {
        report_panics();
        S::retrieve(&query, &settings.into())
    }
}

impl<S: Distill> distill::Guest for Component<S> {
    fn distill(attempts: Vec<Attempt>, settings: Vec<Setting>) -> Result<Vec<Change>, Fault> {
        report_panics();
        S::distill(&attempts, &settings.into())
    }
}

impl<S: Update> update::Guest for Component<S> {
    fn update(feedback: Vec<Feedback>, settings: Vec<Setting>) -> Result<Vec<Change>, Fault> {
        report_panics();
        S::update(&feedback, &settings.into())
    }
}

impl<S: Evict> evict::Guest for Component<S> {
    fn evict(pressure: Pressure, settings: Vec<Setting>) -> Result<Vec<String>, Fault> {
        report_panics();
        S::evict(&pressure, &settings.into())
    }
}

impl<S: Maintain> maintain::Guest for Component<S> {
    fn maintain(settings: Vec<Setting>) -> Result<Vec<Change>, Fault> {
        report_panics();
        S::maintain(&settings.into())
    }
}

impl<S: Compact> compact::Guest for Component<S> {
    fn compact(context: Context, settings: Vec<Setting>) -> Result<Compacted, Fault> {
        report_panics();
        S::compact(&context, &settings.into())
    }
}

/// A panic in a component is a bare `unreachable` to the host: this says before it what and where.
fn report_panics() {
    #[cfg(target_arch = "wasm32")]
    {
        use crate::types::Level;
        static INSTALLED: std::sync::Once = std::sync::Once::new();
        INSTALLED.call_once(|| {
            std::panic::set_hook(Box::new(|panic| {
                crate::run::log(Level::Warn, &panic.to_string());
            }));
        });
    }
}
