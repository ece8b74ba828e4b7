//! Lessons that a model writes: asked for together, read one by one, and kept only if they hold no answer.

use memhost_sdk::{
    AnswerGuard, Attempt, Change, Fault, Level, NewMemory, Reply, Request, complete, run,
};

/// Makes a memory of a reply about an attempt, unless it holds what it must be blind to.
pub(crate) type Read = fn(Result<Reply, Fault>, &Attempt, &AnswerGuard) -> Result<NewMemory, Fault>;

/// Something to be learnt from an attempt.
pub(crate) struct Lesson<'a> {
    /// What is asked.
    pub(crate) request: Request,
    /// What it is learnt from.
    pub(crate) attempt: &'a Attempt,
    /// The answer that it must be blind to: a new experience is tried on the very task that it comes from, and one that
    /// held the answer would always seem to help.
    pub(crate) blind: AnswerGuard,
    /// Makes a memory of the reply.
    pub(crate) read: Read,
    /// How much a re-run must gain with it; kept in any case if absent.
    pub(crate) margin: Option<f64>,
}

impl Lesson<'_> {
    fn change(&self, reply: Result<Reply, Fault>) -> Result<Change, Fault> {
        let memory = (self.read)(reply, self.attempt, &self.blind)?;
        let change = Change::insert(memory.learnt_from(&self.attempt.id));
        Ok(match self.margin {
            Some(margin) => change.if_trial_gains(margin),
            None => change,
        })
    }
}

/// The memories of these lessons, in order. What the model does not answer, or not so that it can be used, costs
/// that one lesson; the host's limit of model calls costs the last ones. A model that answers nothing at all is a
/// fault, and then nothing is learnt.
pub(crate) fn from(lessons: Vec<Lesson<'_>>) -> Result<Vec<Change>, Fault> {
    let requests: Vec<Request> = lessons.iter().map(|one| one.request.clone()).collect();
    let replies = complete(&requests);
    if let Some(Err(fault)) = replies.first()
        && replies.iter().all(Result::is_err)
    {
        return Err(fault.clone().within("learning from a batch"));
    }
    let mut changes = Vec::new();
    let mut unasked = 0;
    for (lesson, reply) in lessons.iter().zip(replies) {
        match lesson.change(reply) {
            Ok(change) => changes.push(change),
            Err(Fault::Exhausted(_)) => unasked += 1,
            Err(fault) => warn(&format!(
                "nothing learnt from attempt `{}`: {fault:?}",
                lesson.attempt.id
            )),
        }
    }
    if unasked > 0 {
        warn(&format!(
            "{unasked} of {} lessons were not asked for: the call's model calls are used up",
            lessons.len()
        ));
    }
    Ok(changes)
}

fn warn(what: &str) {
    run::log(Level::Warn, what);
}
