//! Wire types: what goes over HTTP as JSON. They are this crate's own, so that neither the contract with plugins nor the host's
//! types are an interface of callers; each is converted here and nowhere else. Their documentation is the text of the OpenAPI
//! description.

mod messages;
mod outcome;
mod task;
mod trajectory;

pub(crate) use messages::{Message, steps_of};
pub(crate) use outcome::{Authority, NewOutcome, Outcome};
pub(crate) use task::{Agent, Moment, Task, named};
pub(crate) use trajectory::{Finding, Step};
