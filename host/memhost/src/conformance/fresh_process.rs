//! The same questions to a process that has just begun.
//!
//! A process cannot start itself anew: who has a program brings it along as a [`Process`], and that program calls
//! [`answer`] there. Without one, `answer` is called here, with everything opened anew that can be.

use std::sync::Arc;

use super::cases::Case;
pub use super::process::{Answers, Errand, Process};
use memhost_contract::Guidance;
use memhost_contract::embedder::Embedder;
use memhost_models::embedding::Builtin;
use memhost_store::Store;
use memhost_store::tables::Format;

use super::session::{Bearings, Model, ROOM, Session};
use super::{ConformanceError, Stop, Subject, failed_call};

/// The namespace that is left behind and found again.
pub(super) const NAMESPACE: &str = "restart";

/// Asks a subject that was loaded anew what it was asked before, with what it then knew.
///
/// # Errors
/// If the host could not do its part; what the plugin does wrong is in the result.
pub async fn answer(
    subject: &Subject,
    errand: &Errand,
    format: &dyn Format,
) -> Result<Answers, ConformanceError> {
    subject.is_still(&errand.digest)?;
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let store = Store::open(&errand.store.to_string_lossy(), embedder.clone(), format).await?;
    let mut bearings = Bearings::of(subject, embedder, &errand.limits, Model::Extractive);
    bearings.pass(&Case::all());
    let mut session = bearings.begin(store.namespace(NAMESPACE).await?);
    match answers(&mut session).await {
        Ok(answers) => Ok(Answers::Given(answers)),
        Err(Stop::Failed(came)) => Ok(Answers::Failed(came)),
        Err(Stop::Call(error)) => Ok(Answers::Failed(failed_call(&error))),
        Err(Stop::Host(error)) => Err(error),
    }
}

/// Each case's task again, in the same words.
pub(super) async fn answers(session: &mut Session) -> Result<Vec<Guidance>, Stop> {
    let mut answers = Vec::new();
    for case in Case::all() {
        answers.push(session.ask(&case.again(), ROOM).await?);
    }
    Ok(answers)
}
