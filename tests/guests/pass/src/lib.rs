//! A wrapper that passes everything through: what it wraps must come to the same as without it.

use memhost_sdk::{
    Attempt, Change, Compact, Compacted, Context, Description, Distill, Evict, Fault, Feedback,
    Guidance, Maintain, Pressure, Query, Retrieve, Settings, Update, Wrap, inner,
};

/// Adds nothing and takes nothing away.
pub struct Pass;

impl Wrap for Pass {
    fn describe() -> Description {
        Description::new(
            "pass",
            env!("CARGO_PKG_VERSION"),
            "Passes everything through.",
        )
    }
}

impl Retrieve for Pass {
    fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
        inner::retrieve(query, &[], &[])
    }
}

impl Distill for Pass {
    fn distill(attempts: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
        inner::distill(attempts, &[])
    }
}

impl Update for Pass {
    fn update(feedback: &[Feedback], _: &Settings) -> Result<Vec<Change>, Fault> {
        inner::update(feedback, &[])
    }
}

impl Evict for Pass {
    fn evict(pressure: &Pressure, _: &Settings) -> Result<Vec<String>, Fault> {
        inner::evict(*pressure, &[])
    }
}

impl Maintain for Pass {
    fn maintain(_: &Settings) -> Result<Vec<Change>, Fault> {
        inner::maintain(&[])
    }
}

impl Compact for Pass {
    fn compact(context: &Context, _: &Settings) -> Result<Compacted, Fault> {
        inner::compact(context, &[], &[])
    }
}

memhost_sdk::export!(Pass: Retrieve, Distill, Update, Evict, Maintain, Compact);
