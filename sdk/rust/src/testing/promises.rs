//! What every plugin promises, as tests that [`crate::promises!`] gives it: budgets are kept at every moment, receipts
//! cite what is there, and a model that is down leaves nothing written. A strategy that promises never to hand out what was
//! learnt from the very task that is asked says `OwnTask` beside its phases.

use super::TestHost;
use crate::guard::AnswerGuard;
use crate::strategy::{Compact, Distill, Retrieve};
use crate::types::{Attempt, Context, Fault, Guidance, Memory, Moment, Query, State, Step, Task};

/// A strategy that has learnt something, and what it is asked and given next.
pub struct Taught {
    /// Holds memories, and its model answers whatever the query makes the strategy ask of it.
    pub host: TestHost,
    /// Finds some of the memories, if it has room.
    pub query: Query,
    /// Teach the strategy something more.
    pub attempts: Vec<Attempt>,
}

impl Taught {
    /// The guidance as the strategy gives it: nothing is cut, and nothing counts as used.
    fn offered<S: Retrieve>(&self, query: &Query) -> Guidance {
        let guidance = self
            .host
            .call::<S, _>(|settings| S::retrieve(query, settings));
        guidance.unwrap_or_else(|fault| panic!("the query has no answer: {fault}"))
    }

    /// The query with this budget at each moment of a task that has begun.
    fn at_every_moment(&self, budget: u32) -> impl Iterator<Item = Query> {
        let moments = [
            Moment::TaskStart,
            Moment::Step(1),
            Moment::AfterTool("search".to_owned()),
            Moment::Retry(1),
            Moment::Subtask(0),
            Moment::Round(1),
        ];
        moments.into_iter().map(move |moment| Query {
            moment,
            transcript: vec![Step::user("Go on."), Step::action("search", "it")],
            ..self.query.clone().budget(budget)
        })
    }
}

/// Whoever is asked a task again is handed nothing that was learnt from it, at whatever moment: no memory is cited that an
/// attempt at it is a source of, and the text does not give away what was answered.
///
/// # Panics
/// If it is not so; or if no memory that takes part has one of the host's attempts as a source, or another task with the
/// same text is not helped by it, so that nothing is tested.
pub fn own_task_is_never_handed_out<S: Retrieve>(taught: &Taught) {
    let attempts = taught.host.0.borrow().attempts.clone();
    let memories = taught.host.memories();
    let mut would_help = 0;
    for attempt in &attempts {
        let learnt: Vec<&str> = memories
            .iter()
            .filter(|memory| memory.is_learnt_from(&attempt.id))
            .map(|memory| memory.id.as_str())
            .collect();
        let cites = |guidance: &Guidance| {
            let mut used = guidance.receipt.used.iter();
            used.any(|one| learnt.contains(&one.memory.as_str()))
        };
        let mut another = taught.query.clone().budget(AMPLE);
        another.task = Task {
            id: format!("not {}", attempt.task.id),
            ..attempt.task.clone()
        };
        would_help += usize::from(cites(&taught.offered::<S>(&another)));

        let guard = AnswerGuard::of(&attempt.answer);
        for mut query in taught.at_every_moment(AMPLE) {
            query.task = attempt.task.clone();
            let (guidance, moment) = (taught.offered::<S>(&query), &query.moment);
            let task = &attempt.task.id;
            assert!(
                !cites(&guidance),
                "task `{task}` is told of itself at {moment:?}"
            );
            assert!(
                !guard.is_told_by(&guidance.text),
                "task `{task}` is told its answer at {moment:?}"
            );
        }
    }
    assert!(
        would_help > 0,
        "nothing was learnt that could be handed out"
    );
}

/// At whatever moment it is asked, the strategy itself keeps to the budget, without the host having to cut.
///
/// # Panics
/// If it does not, or never says anything.
pub fn guidance_keeps_to_its_budget<S: Retrieve>(taught: &Taught) {
    let said = taught
        .offered::<S>(&taught.query.clone().budget(AMPLE))
        .text;
    let whole = memhost_words::count(&said);
    assert!(whole > 0, "the query finds nothing");
    for budget in (0..whole).step_by(7).chain([whole - 1, whole]) {
        for query in taught.at_every_moment(budget) {
            let length = memhost_words::count(&taught.offered::<S>(&query).text);
            assert!(
                length <= budget,
                "{length} tokens at {:?}, where there is room for {budget}",
                query.moment
            );
        }
    }
}

/// Every memory that a receipt cites is there, takes part, and is cited once; and no text is without a receipt.
///
/// # Panics
/// If it is not so, or nothing is ever cited.
pub fn receipts_cite_what_is_there<S: Retrieve>(taught: &Taught) {
    let memories = taught.host.memories();
    for query in [0, 50, 200, AMPLE].map(|budget| taught.query.clone().budget(budget)) {
        let guidance = taught.offered::<S>(&query);
        let mut cited: Vec<&str> = guidance
            .receipt
            .used
            .iter()
            .map(|one| one.memory.as_str())
            .collect();
        for id in &cited {
            let memory = memories.iter().find(|one| one.id == **id);
            let takes_part = |one: &Memory| matches!(one.state, State::Active | State::Frozen);
            assert!(memory.is_some_and(takes_part), "`{id}` is cited");
        }
        let all = cited.len();
        cited.sort_unstable();
        cited.dedup();
        assert_eq!(cited.len(), all, "a memory is cited twice");
        assert_eq!(cited.is_empty(), guidance.text.is_empty(), "{guidance:?}");
        assert!(query.token_budget < AMPLE || all > 0, "nothing is cited");
    }
}

/// Whatever room there is, summary and remaining steps keep to it, and the receipt cites what is there. The attempts' steps
/// are the run, once as it is and once with a summary of what came before.
///
/// # Panics
/// If it is not so, or there are no steps, or nothing is ever left of them.
pub fn compaction_keeps_to_its_budget<S: Compact>(taught: &Taught) {
    let steps = taught.attempts.iter().flat_map(|one| one.steps.clone());
    let steps: Vec<Step> = steps.collect();
    let tokens = |steps: &[Step]| -> u32 {
        let texts = steps.iter().map(|step| memhost_words::count(&step.text));
        texts.sum()
    };
    let whole = tokens(&steps);
    let mut says_something = false;
    for budget in (0..=whole).step_by(7).chain([whole]) {
        let run = Context::new(taught.query.task.clone(), steps.clone(), budget);
        for run in [run.clone(), run.after("What came before these steps.")] {
            let compacted = taught
                .host
                .call::<S, _>(|settings| S::compact(&run, settings));
            let compacted =
                compacted.unwrap_or_else(|fault| panic!("the run has no summary: {fault}"));
            let left = steps.len().checked_sub(compacted.keep_last as usize);
            let left = left.unwrap_or_else(|| {
                let (keep, all) = (compacted.keep_last, steps.len());
                panic!("{keep} steps are to stay of {all}")
            });
            let length = memhost_words::count(&compacted.text) + tokens(&steps[left..]);
            assert!(
                length <= budget,
                "{length} tokens are left, where there is room for {budget}"
            );
            let memories = taught.host.memories();
            for one in &compacted.receipt.used {
                let id = &one.memory;
                assert!(memories.iter().any(|one| one.id == *id), "`{id}` is cited");
            }
            says_something |= !compacted.text.is_empty();
        }
    }
    assert!(says_something, "no summary is ever made");
}

/// If the model was asked and answered nothing, no memory is written or changed, and the host is told of the fault.
///
/// # Panics
/// If it is not so, or if the attempts teach nothing where the model was not asked.
pub fn a_model_that_is_down_leaves_nothing_written<S: Distill>(taught: &Taught) {
    let host = &taught.host;
    host.answer_with(|_| Err(Fault::Unavailable("HTTP 503".to_owned())));
    let (before, asked) = (host.memories(), host.requests().len());
    let learnt = host.distill::<S>(&taught.attempts);
    if host.requests().len() > asked {
        assert!(learnt.is_err(), "the fault was swallowed: {learnt:?}");
        assert_eq!(host.memories(), before);
    } else {
        assert!(
            learnt.is_ok_and(|changes| !changes.is_empty()),
            "the attempts teach nothing"
        );
    }
}

/// Room for whatever there is to say.
const AMPLE: u32 = 100_000;

/// Gives a plugin the tests of what every plugin promises: `memhost_sdk::promises!(Notes: Retrieve, Distill; taught);`
///
/// `OwnTask` among the phases adds the promise that no task is handed what was learnt from itself.
///
/// `taught` is a function without arguments that returns a [`Taught`](crate::testing::Taught).
#[macro_export]
macro_rules! promises {
    ($strategy:ident: $($phase:ident),+; $taught:path) => {
        mod promises {
            #[allow(unused_imports, reason = "the strategy or its maker may be in scope already")]
            use super::*;
            $($crate::__promises_of!($phase, $strategy, $taught);)+
        }
    };
}

/// One phase's promises.
#[doc(hidden)]
#[macro_export]
macro_rules! __promises_of {
    (Retrieve, $strategy:ident, $taught:path) => {
        #[test]
        fn guidance_keeps_to_its_budget() {
            $crate::testing::promises::guidance_keeps_to_its_budget::<$strategy>(&$taught());
        }

        #[test]
        fn receipts_cite_what_is_there() {
            $crate::testing::promises::receipts_cite_what_is_there::<$strategy>(&$taught());
        }
    };
    (Compact, $strategy:ident, $taught:path) => {
        #[test]
        fn compaction_keeps_to_its_budget() {
            $crate::testing::promises::compaction_keeps_to_its_budget::<$strategy>(&$taught());
        }
    };
    (OwnTask, $strategy:ident, $taught:path) => {
        #[test]
        fn own_task_is_never_handed_out() {
            $crate::testing::promises::own_task_is_never_handed_out::<$strategy>(&$taught());
        }
    };
    (Distill, $strategy:ident, $taught:path) => {
        #[test]
        fn a_model_that_is_down_leaves_nothing_written() {
            $crate::testing::promises::a_model_that_is_down_leaves_nothing_written::<$strategy>(
                &$taught(),
            );
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm;
    use crate::pack::pack;
    use crate::parameter::Settings;
    use crate::recall::Recalled;
    use crate::strategy::Strategy;
    use crate::types::{Change, Compacted, Description, NewMemory, Request, Role};

    /// Keeps none of the promises.
    struct Careless;

    impl Strategy for Careless {
        fn describe() -> Description {
            Description::new("careless", "0.1.0", "Keeps no promise.")
        }
    }

    impl Retrieve for Careless {
        fn retrieve(_: &Query, _: &Settings) -> Result<Guidance, Fault> {
            Ok(Guidance::user("More than there is room for.").citing("nowhere", 1.0))
        }
    }

    impl Distill for Careless {
        fn distill(_: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
            llm::complete(&[Request::new(Role::Agent, "extract")]);
            Ok(vec![Change::insert(NewMemory::new("note", "Whatever."))])
        }
    }

    fn taught() -> Taught {
        Taught {
            host: TestHost::new(),
            query: Query::new(Task::new("t", "Do it")),
            attempts: Vec::new(),
        }
    }

    #[test]
    #[should_panic(expected = "where there is room for 0")]
    fn who_says_more_than_there_is_room_for_is_caught() {
        guidance_keeps_to_its_budget::<Careless>(&taught());
    }

    #[test]
    #[should_panic(expected = "`nowhere` is cited")]
    fn who_cites_what_is_not_there_is_caught() {
        receipts_cite_what_is_there::<Careless>(&taught());
    }

    impl Compact for Careless {
        fn compact(context: &Context, _: &Settings) -> Result<Compacted, Fault> {
            let steps = u32::try_from(context.steps.len()).unwrap();
            Ok(Compacted::new("All as it was.", steps))
        }
    }

    #[test]
    #[should_panic(expected = "where there is room for 0")]
    fn who_leaves_more_of_a_run_than_there_is_room_for_is_caught() {
        let mut taught = taught();
        let attempt = Attempt::new("a", Task::new("t", "Do it")).step(Step::thought("Hm."));
        taught.attempts.push(attempt);
        compaction_keeps_to_its_budget::<Careless>(&taught);
    }

    /// Hands out whatever there is.
    struct Forgetful;

    impl Strategy for Forgetful {
        fn describe() -> Description {
            Description::new("forgetful", "0.1.0", "Forgets whose memory it is.")
        }
    }

    impl Distill for Forgetful {
        fn distill(attempts: &[Attempt], _: &Settings) -> Result<Vec<Change>, Fault> {
            let note = |one: &Attempt| NewMemory::new("note", "It works.").learnt_from(&one.id);
            Ok(attempts.iter().map(note).map(Change::insert).collect())
        }
    }

    impl Retrieve for Forgetful {
        fn retrieve(query: &Query, _: &Settings) -> Result<Guidance, Fault> {
            let notes = crate::recall::scan(&crate::types::Scan::oldest_first())?;
            let scored = notes.into_iter().map(|note| Recalled::from((note, 1.0)));
            Ok(pack("Known:", scored, query.token_budget))
        }
    }

    #[test]
    #[should_panic(expected = "task `t` is told of itself at Moment::TaskStart")]
    fn who_hands_out_what_was_learnt_from_the_very_task_is_caught() {
        let taught = taught();
        let attempt = Attempt::new("a1", Task::new("t", "Do it")).answer("7");
        taught.host.distill::<Forgetful>(&[attempt]).unwrap();
        own_task_is_never_handed_out::<Forgetful>(&taught);
    }

    #[test]
    #[should_panic(expected = "nothing was learnt")]
    fn a_test_in_which_nothing_was_learnt_is_caught() {
        own_task_is_never_handed_out::<Forgetful>(&taught());
    }

    #[test]
    #[should_panic(expected = "the fault was swallowed")]
    fn who_writes_although_the_model_is_down_is_caught() {
        a_model_that_is_down_leaves_nothing_written::<Careless>(&taught());
    }
}
