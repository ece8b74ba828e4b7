//! What every plugin promises, as tests that [`crate::promises!`] gives it: budgets are kept at every moment, receipts
//! cite what is there, and a model that is down leaves nothing written.

use super::TestHost;
use crate::strategy::{Distill, Retrieve};
use crate::types::{Attempt, Fault, Guidance, Moment, Query, State, Step};

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
            Moment::Round(1),
        ];
        moments.into_iter().map(move |moment| Query {
            moment,
            transcript: vec![Step::user("Go on."), Step::action("search", "it")],
            ..self.query.clone().budget(budget)
        })
    }
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
            let state = memory.map(|one| one.state);
            assert_eq!(state, Some(State::Active), "`{id}` is cited");
        }
        let all = cited.len();
        cited.sort_unstable();
        cited.dedup();
        assert_eq!(cited.len(), all, "a memory is cited twice");
        assert_eq!(cited.is_empty(), guidance.text.is_empty(), "{guidance:?}");
        assert!(query.token_budget < AMPLE || all > 0, "nothing is cited");
    }
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
    use crate::parameter::Settings;
    use crate::strategy::Strategy;
    use crate::types::{Change, Description, NewMemory, Request, Role, Task};

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

    #[test]
    #[should_panic(expected = "the fault was swallowed")]
    fn who_writes_although_the_model_is_down_is_caught() {
        a_model_that_is_down_leaves_nothing_written::<Careless>(&taught());
    }
}
