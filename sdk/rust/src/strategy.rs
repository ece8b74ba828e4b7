//! What a strategy is to its author: one trait for what it is, and one per decision that it takes part in.

use crate::parameter::{Declared, Settings};
use crate::types::{
    Attempt, Change, Compacted, Context, Description, Fault, Feedback, Guidance, Plan, Pressure,
    Query,
};

/// What a memory algorithm is. It holds no state: whatever it wants to keep, it writes as memories.
pub trait Strategy {
    /// What the operator may choose.
    const PARAMETERS: &'static [&'static dyn Declared] = &[];

    /// What it says of itself. Called at load with nothing granted. [`Strategy::PARAMETERS`] are added.
    fn describe() -> Description;

    /// What the host must run around it. The settings have been checked against their declarations.
    ///
    /// # Errors
    /// [`Fault::Invalid`] names the parameter that cannot be.
    fn plan(settings: &Settings) -> Result<Plan, Fault> {
        let _ = settings;
        Ok(Plan::streaming())
    }
}

/// What should the agent know now? Reads only.
pub trait Retrieve: Strategy {
    /// What the agent should know now. [`Guidance::none`] is a legal answer.
    ///
    /// # Errors
    /// Whatever keeps the strategy from answering; the host goes on without guidance.
    fn retrieve(query: &Query, settings: &Settings) -> Result<Guidance, Fault>;
}

/// What is worth keeping from these runs of one task?
pub trait Distill: Strategy {
    /// What to write after these runs of one task.
    ///
    /// # Errors
    /// Whatever keeps the strategy from learning; nothing is then written.
    fn distill(attempts: &[Attempt], settings: &Settings) -> Result<Vec<Change>, Fault>;
}

/// What do outcomes say about the memories that were used?
pub trait Update: Strategy {
    /// What to write now that these outcomes are known.
    ///
    /// # Errors
    /// Whatever keeps the strategy from learning; nothing is then written.
    fn update(feedback: &[Feedback], settings: &Settings) -> Result<Vec<Change>, Fault>;
}

/// What may go?
pub trait Evict: Strategy {
    /// Ids of the memories that may go, first the one that may go first.
    ///
    /// # Errors
    /// Whatever keeps the strategy from choosing; the host then chooses by its own policy.
    fn evict(pressure: &Pressure, settings: &Settings) -> Result<Vec<String>, Fault>;
}

/// What can be put in order, apart from any task?
pub trait Maintain: Strategy {
    /// What to write after a batch of outcomes, or after every 32nd task where outcomes come one by one.
    ///
    /// # Errors
    /// Whatever keeps the strategy from it; nothing is then written.
    fn maintain(settings: &Settings) -> Result<Vec<Change>, Fault>;
}

/// What does an agent need to keep of a run that has become long? Reads only.
pub trait Compact: Strategy {
    /// The run in less room: a summary in place of all steps but the last few.
    ///
    /// # Errors
    /// Whatever keeps the strategy from it; the run then stays as it is.
    fn compact(context: &Context, settings: &Settings) -> Result<Compacted, Fault>;
}

/// What a strategy says of itself, its parameters included.
pub fn describe<S: Strategy>() -> Description {
    let mut description = S::describe();
    description
        .parameters
        .extend(S::PARAMETERS.iter().map(|declared| declared.declare()));
    description
}

/// The plan under these settings, once every one of them is known to be possible.
///
/// # Errors
/// [`Fault::Invalid`] names the parameter that cannot be, or that there is none of this name.
pub fn plan<S: Strategy>(settings: &Settings) -> Result<Plan, Fault> {
    settings.check(S::PARAMETERS)?;
    S::plan(settings)
}
