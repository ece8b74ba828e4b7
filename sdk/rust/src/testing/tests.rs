//! The test host keeps to the contract where a strategy could tell the difference.

mod reads;
mod writes;

use super::TestHost;
use crate::{
    Attempt, Change, Condition, Counter, Fault, Link, NewLink, NewMemory, Patch, Ranking, Request,
    Role, Scan, Search, State, Task, embedder, llm, run, store,
};

fn note(content: &str) -> NewMemory {
    NewMemory::new("note", content).key("task", content)
}

fn host_with(notes: &[&str]) -> TestHost {
    let host = TestHost::new();
    let changes: Vec<Change> = notes.iter().map(|one| Change::insert(note(one))).collect();
    host.apply(&changes).unwrap();
    host
}

fn found(host: &TestHost, search: &Search) -> Vec<String> {
    let hits = host.run(|| store::search_memories(search)).unwrap();
    hits.into_iter().map(|hit| hit.id).collect()
}

fn scanned(host: &TestHost, scan: &Scan) -> Vec<String> {
    let rows = host.run(|| store::scan_memories(scan)).unwrap();
    rows.into_iter().map(|row| row.memory.id).collect()
}

#[test]
fn changes_apply_whole_or_not_at_all() {
    let host = host_with(&["a"]);
    let before = host.memories();
    let changes = [
        Change::insert(note("b")),
        Change::adjust("m1", Counter::Weight, 1.0),
        Change::remove("m9"),
    ];
    assert_eq!(
        host.apply(&changes),
        Err(Fault::Invalid("change 2: there is no memory `m9`".into()))
    );
    assert_eq!(host.memories(), before);
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    let host = host_with(&["a"]);
    assert!(
        host.apply(&[Change::insert(note("b").key("task", "b"))])
            .is_err()
    );
    assert!(
        host.apply(&[Change::insert(note("b").key("also", "b"))])
            .is_ok()
    );
    let key = || crate::Key::new("task", "c");
    assert!(
        host.apply(&[Change::revise(Patch::of("m1").keys(vec![key(), key()]))])
            .is_err()
    );
}

#[test]
fn ids_are_never_used_again() {
    let host = host_with(&["a", "b"]);
    host.apply(&[Change::remove("m2")]).unwrap();
    assert_eq!(host.apply(&[Change::insert(note("c"))]).unwrap(), ["m3"]);
}

#[test]
fn counters_clamp_round_and_never_fall_below_zero() {
    let host = host_with(&["a"]);
    host.apply(&[
        Change::adjust_within("m1", Counter::Weight, 5.0, 0.1, 2.0),
        Change::adjust("m1", Counter::Uses, 2.6),
        Change::adjust("m1", Counter::Losses, -1.0),
        Change::adjust("m1", Counter::Strength, -0.5),
    ])
    .unwrap();
    let counters = host.memories()[0].counters;
    assert_eq!((counters.weight, counters.strength), (2.0, -0.5));
    assert_eq!((counters.uses, counters.losses), (3, 0));
    for (delta, least, most) in [(f64::NAN, 0.0, 1.0), (1.0, 2.0, 1.0), (1.0, f64::NAN, 1.0)] {
        let change = Change::adjust_within("m1", Counter::Weight, delta, least, most);
        assert!(host.apply(&[change]).is_err());
    }
}

#[test]
fn provisional_memories_are_unseen_until_their_condition_is_met() {
    for kept in [true, false] {
        let host = host_with(&["a"]);
        host.apply(&[
            Change::insert(note("b")).if_next_attempt_succeeds(),
            Change::adjust("m1", Counter::Wins, 1.0).if_trial_gains(0.05),
        ])
        .unwrap();
        let all = Scan::oldest_first();
        assert_eq!(scanned(&host, &all), ["m1"]);
        let waiting = all.clone().only(Condition::eq("state", "provisional"));
        assert_eq!(scanned(&host, &waiting), ["m2"]);
        assert_eq!(host.memories()[0].counters.wins, 0);

        if kept {
            host.keep_provisional().unwrap();
            assert_eq!(scanned(&host, &all), ["m1", "m2"]);
        } else {
            host.drop_provisional();
            assert_eq!(host.memories().len(), 1);
        }
        assert_eq!(host.memories()[0].counters.wins, u32::from(kept));
    }
}

#[test]
fn filters_run_before_ranking_and_look_at_active_memories() {
    let host = TestHost::new();
    host.apply(&[
        Change::insert(note("red lamp").label("site", "shop")),
        Change::insert(note("red lamp").label("site", "map")),
        Change::insert(note("red lamp")),
        Change::insert(note("blue sky").label("site", "shop")),
        Change::insert(note("red lamp").label("site", "shop")),
    ])
    .unwrap();
    host.apply(&[Change::revise(Patch::of("m5").state(State::Archived))])
        .unwrap();
    let search = Search::semantic("task", "red lamp").limit(2);
    let shop = search.clone().only(Condition::eq("label.site", "shop"));
    assert_eq!(found(&host, &shop), ["m1", "m4"]);
    let elsewhere = search.clone().only(Condition::ne("label.site", "shop"));
    assert_eq!(found(&host, &elsewhere), ["m2", "m3"]);
    for nonsense in [
        Condition::eq("colour", "red"),
        Condition::eq("weight", "heavy"),
    ] {
        let search = search.clone().only(nonsense);
        assert!(host.run(|| store::search_memories(&search)).is_err());
    }
}

#[test]
fn any_of_several_labels_of_a_name_meets_a_condition() {
    let host = TestHost::new();
    let both = note("red lamp").label("model", "a").label("model", "b");
    host.apply(&[
        Change::insert(both),
        Change::insert(note("red lamp").label("model", "b")),
        Change::insert(note("red lamp").label("model", "30")),
    ])
    .unwrap();
    let meeting = |condition| found(&host, &Search::semantic("task", "red lamp").only(condition));
    assert_eq!(meeting(Condition::eq("label.model", "b")), ["m1", "m2"]);
    assert_eq!(meeting(Condition::ne("label.model", "a")), ["m2", "m3"]);
    assert_eq!(meeting(Condition::gt("label.model", 7.0)), ["m3"]);
}

#[test]
fn the_best_key_counts_and_ties_go_to_the_older_memory() {
    let host = TestHost::new();
    let two_keys = note("cancel a flight").key("also", "buy a lamp");
    host.apply(&[Change::insert(two_keys), Change::insert(note("buy a lamp"))])
        .unwrap();
    assert_eq!(
        found(&host, &Search::semantic("", "buy a lamp")),
        ["m1", "m2"]
    );
    assert_eq!(
        found(&host, &Search::semantic("task", "buy a lamp")),
        ["m2", "m1"]
    );
    assert_eq!(
        found(&host, &Search::semantic("also", "buy a lamp")),
        ["m1"]
    );
}

#[test]
fn lexical_search_finds_only_what_shares_a_word() {
    let host = host_with(&["red lamp", "blue sky"]);
    for field in ["content", "key.task"] {
        assert_eq!(found(&host, &Search::lexical(field, "a lamp")), ["m1"]);
    }
    assert!(
        host.run(|| store::search_memories(&Search::lexical("kind", "x")))
            .is_err()
    );
}

#[test]
fn vectors_of_the_embedder_find_what_texts_find() {
    let host = host_with(&["blue sky", "red lamp"]);
    let search = host.run(|| {
        let texts = ["red lamp".to_owned()];
        let vectors = embedder::embed(&texts, crate::Side::Query).unwrap();
        assert_eq!(vectors[0].len(), embedder::dimension() as usize);
        Search::vector(vectors[0].clone()).min_score(0.5)
    });
    assert_eq!(found(&host, &search), ["m2"]);
    let short = Search {
        ranking: Ranking::Vector(vec![1.0]),
        ..search
    };
    assert!(host.run(|| store::search_memories(&short)).is_err());
}

#[test]
fn scans_order_page_and_count() {
    let host = host_with(&["a", "b", "c"]);
    host.apply(&[Change::adjust("m2", Counter::Weight, 1.0)])
        .unwrap();
    assert_eq!(scanned(&host, &Scan::newest_first().limit(2)), ["m3", "m2"]);
    assert_eq!(scanned(&host, &Scan::by("weight")), ["m1", "m3", "m2"]);
    assert_eq!(
        scanned(&host, &Scan::by("weight").descending()),
        ["m2", "m1", "m3"]
    );
    assert_eq!(
        scanned(&host, &Scan::oldest_first().offset(1).limit(1)),
        ["m2"]
    );
    assert_eq!(
        host.run(|| store::count_memories(&[Condition::gt("weight", 1.5)])),
        Ok(1)
    );
}

#[test]
fn links_are_replaced_removed_and_go_with_their_memories() {
    let host = host_with(&["a", "b", "c"]);
    let connect = |weight| Change::connect(NewLink::new("m1", "m2", "similar", weight));
    host.apply(&[connect(0.1), connect(0.9)]).unwrap();
    let links = |kind: Option<&str>| {
        let ids = ["m2".to_owned()];
        host.run(|| store::links(&ids, kind)).unwrap()
    };
    assert_eq!(links(None), [Link::new("m1", "m2", "similar", 0.9)]);
    assert!(links(Some("refines")).is_empty());
    host.apply(&[Change::remove("m1")]).unwrap();
    assert!(links(None).is_empty());
    assert!(host.apply(&[connect(0.5)]).is_err());
}

#[test]
fn blobs_are_kept_until_saved_empty() {
    let host = TestHost::new();
    host.apply(&[Change::save("weights", vec![1, 2])]).unwrap();
    assert_eq!(
        host.run(|| store::get_blob("weights")),
        Ok(Some(vec![1, 2]))
    );
    host.apply(&[Change::save("weights", Vec::new())]).unwrap();
    assert_eq!(host.run(|| store::get_blob("weights")), Ok(None));
}

#[test]
fn the_model_says_what_it_was_given_and_nothing_else() {
    let host = TestHost::new();
    let request = Request::new(Role::Cheap, "sum up").user("two words");
    let ask = || {
        host.run(|| llm::complete(std::slice::from_ref(&request)))
            .remove(0)
    };
    assert!(matches!(ask(), Err(Fault::Unavailable(_))));
    host.answer_with(|request| Ok(format!("asked to {}", request.purpose)));
    host.reply("sum up", "first");
    let reply = ask().unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.input_tokens, reply.output_tokens),
        ("first", 2, 1)
    );
    assert_eq!(ask().unwrap().text, "asked to sum up");
    assert_eq!(host.requests().len(), 3);
}

#[test]
fn clock_seed_and_log_are_the_tests() {
    let numbers = |seed| {
        let host = TestHost::new();
        host.set_seed(seed);
        host.set_now(5.0);
        host.set_progress(2, 1);
        host.run(|| {
            assert_eq!(
                (run::now(), run::task_number(), run::batch_number()),
                (5.0, 2, 1)
            );
            run::log(crate::Level::Info, "hello");
            [run::random(), run::random()]
        })
    };
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
    assert_ne!(numbers(1)[0], numbers(1)[1]);
}

#[test]
fn attempts_are_kept_for_later_calls() {
    struct Keeps;
    impl crate::Strategy for Keeps {
        fn describe() -> crate::Description {
            crate::Description::new("keeps", "0", "")
        }
    }
    impl crate::Distill for Keeps {
        fn distill(_: &[Attempt], _: &crate::Settings) -> Result<Vec<Change>, Fault> {
            Ok(Vec::new())
        }
    }
    let host = TestHost::new();
    let attempt = Attempt::new("a1", Task::new("t1", "x"));
    host.distill::<Keeps>(std::slice::from_ref(&attempt))
        .unwrap();
    let ids = ["a9".to_owned(), "a1".to_owned()];
    assert_eq!(host.run(|| store::get_attempts(&ids)), Ok(vec![attempt]));
}

#[test]
#[should_panic(expected = "with_host")]
fn a_call_without_a_host_says_what_to_do() {
    run::now();
}

#[test]
fn tokens_are_counted_as_memhost_counts_them() {
    let table = [
        ("It's 3.5 miles, isn't it?", 13),
        ("get_order_details('7')", 10),
        ("incomprehensibilities", 4),
        ("我的猫叫小花", 6),
        ("", 0),
    ];
    for (text, tokens) in table {
        assert_eq!(
            TestHost::new().run(|| llm::count_tokens(text)),
            tokens,
            "{text}"
        );
    }
}

/// Says at which moment it is asked, after how many steps, and after how many receipts.
struct Echo;

const MOMENTS: crate::Choice<&[crate::Trigger]> = crate::Choice::new(
    "moments",
    &[
        (
            "all",
            &[
                crate::Trigger::EverySteps(1),
                crate::Trigger::AfterTool(None),
                crate::Trigger::Subtask,
            ],
        ),
        ("some", &[crate::Trigger::EverySteps(2)]),
        ("none", &[]),
    ],
    "When it wants to be asked.",
);

impl crate::Strategy for Echo {
    const PARAMETERS: &'static [&'static dyn crate::Declared] = &[&MOMENTS];

    fn describe() -> crate::Description {
        crate::Description::new("echo", "0.1.0", "Says when it is asked.")
    }

    fn plan(settings: &crate::Settings) -> Result<crate::Plan, Fault> {
        let asked = settings.get(&MOMENTS)?.iter().cloned();
        Ok(asked.fold(crate::Plan::streaming(), crate::Plan::asked))
    }
}

impl crate::Retrieve for Echo {
    fn retrieve(query: &crate::Query, _: &crate::Settings) -> Result<crate::Guidance, Fault> {
        let (moment, steps) = (&query.moment, query.transcript.len());
        let before = query.handed_out.len();
        Ok(crate::Guidance::user(format!(
            "{moment:?} after {steps}, {before}"
        )))
    }
}

#[test]
fn a_strategy_is_asked_at_the_moments_of_a_run_that_it_wants() {
    let steps = [
        crate::Step::subtask("Find a lamp."),
        crate::Step::action("search", "lamp"),
        crate::Step::observation("3 lamps"),
    ];
    let query = crate::Query::new(Task::new("t", "Buy a lamp"));
    let asked = |moments: &str| -> Vec<String> {
        let host = TestHost::new();
        host.set("moments", moments);
        let said = host.retrieve_along::<Echo>(&query, &steps).unwrap();
        said.into_iter().map(|(_, one)| one.text).collect()
    };
    assert_eq!(
        asked("all"),
        [
            "Moment::TaskStart after 0, 0",
            "Moment::Subtask(0) after 1, 1",
            "Moment::Step(1) after 1, 2",
            "Moment::Step(2) after 2, 3",
            "Moment::AfterTool(\"search\") after 3, 4",
            "Moment::Step(3) after 3, 5",
        ]
    );
    assert_eq!(
        asked("some"),
        ["Moment::TaskStart after 0, 0", "Moment::Step(2) after 2, 1"]
    );
    assert_eq!(asked("none"), ["Moment::TaskStart after 0, 0"]);
}
