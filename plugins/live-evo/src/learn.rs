//! Lessons that a model writes: asked for together, read one by one, and kept only if they hold no answer.

use memhost_sdk::{
    Attempt, Change, Commit, Fault, Level, NewMemory, Question, Request, complete, run,
};

/// Something to be learnt from an attempt.
pub(crate) struct Lesson<'a> {
    pub(crate) attempt: &'a Attempt,
    pub(crate) question: Question<'a, Change>,
}

impl<'a> Lesson<'a> {
    pub(crate) fn new(
        attempt: &'a Attempt,
        question: Question<'a, NewMemory>,
        commit: Commit,
    ) -> Self {
        let insert = move |memory: NewMemory| {
            let change = Change::insert(memory.learnt_from(&attempt.id));
            Ok(Change { commit, ..change })
        };
        Self {
            attempt,
            question: question.then(insert),
        }
    }
}

/// The memories of these lessons, in order. What the model does not answer, or not so that it can be used, costs
/// that one lesson; the host's limit of model calls costs the last ones. A model that answers nothing at all is a
/// fault, and then nothing is learnt.
pub(crate) fn from(lessons: Vec<Lesson<'_>>) -> Result<Vec<Change>, Fault> {
    let requests: Vec<Request> = lessons
        .iter()
        .map(|one| one.question.request.clone())
        .collect();
    let replies = complete(&requests);
    if let Some(Err(fault)) = replies.first()
        && replies.iter().all(Result::is_err)
    {
        return Err(fault.clone().within("learning from a batch"));
    }
    let mut changes = Vec::new();
    let (mut unasked, all) = (0, lessons.len());
    for (Lesson { attempt, question }, reply) in lessons.into_iter().zip(replies) {
        match question.read(reply) {
            Ok(change) => changes.push(change),
            Err(Fault::Exhausted(_)) => unasked += 1,
            Err(fault) => {
                let id = &attempt.id;
                warn(&format!("nothing learnt from attempt `{id}`: {fault:?}"));
            }
        }
    }
    if unasked > 0 {
        warn(&format!(
            "{unasked} of {all} lessons were not asked for: the call's model calls are used up"
        ));
    }
    Ok(changes)
}

fn warn(what: &str) {
    run::log(Level::Warn, what);
}
