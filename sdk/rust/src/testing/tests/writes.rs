//! Writes that name what the same answer inserts, that add sources, and that meet what is frozen.

use super::{host_with, note};
use crate::testing::TestHost;
use crate::{
    Change, Changes, Commit, Counter, Fault, Memory, NewLink, NewMemory, Patch, Scan, Source,
    State, Target, store,
};

fn contents(host: &TestHost) -> Vec<String> {
    host.memories().into_iter().map(|one| one.content).collect()
}

#[test]
fn an_answer_links_revises_adjusts_and_removes_what_it_inserts() {
    let host = host_with(&["old"]);
    let mut changes = Changes::new();
    let (a, b) = (changes.insert(note("a")), changes.insert(note("b")));
    let passing = changes.insert(note("c"));
    changes.connect(a.clone(), "m1", "refines", 0.5);
    changes.connect(b.clone(), a.clone(), "similar", 0.9);
    changes.push(Change::revise(Patch::of(a).title("A")));
    changes.push(Change::adjust(b, Counter::Wins, 2.0));
    changes.push(Change::remove(passing));
    host.apply(&changes.into_vec()).unwrap();

    assert_eq!(contents(&host), ["old", "a", "b"]);
    let memories = host.memories();
    assert_eq!(
        (memories[1].title.as_str(), memories[2].counters.wins),
        ("A", 2)
    );
    let ids = ["m2".to_owned()];
    let links = host.run(|| store::links(&ids, None)).unwrap();
    let ends: Vec<_> = links
        .iter()
        .map(|link| (link.source.as_str(), link.target.as_str()))
        .collect();
    assert_eq!(ends, [("m2", "m1"), ("m3", "m2")]);
}

#[test]
fn what_is_inserted_later_or_not_at_all_cannot_be_named() {
    let host = TestHost::new();
    let naming: [fn(Target) -> Change; 5] = [
        |target| Change::adjust(target, Counter::Uses, 1.0),
        |target| Change::revise(Patch::of(target)),
        |target| Change::remove(target),
        |target| Change::connect(NewLink::new(target, "m1", "similar", 1.0)),
        |target| Change::connect(NewLink::new("m1", target, "similar", 1.0)),
    ];
    for change in naming {
        for number in [2, u32::MAX] {
            let changes = [
                Change::insert(note("a")),
                Change::insert(note("b")),
                change(Target::Inserted(number)),
                Change::insert(note("c")),
            ];
            let words = format!(
                "change 2: it names insert {number} of its answer (counted from 0), which has 2 before it"
            );
            assert_eq!(host.apply(&changes), Err(Fault::Invalid(words)));
            assert!(host.memories().is_empty());
        }
    }
}

#[test]
fn what_is_held_back_still_names_what_its_answer_inserted() {
    let host = host_with(&["old"]);
    let mut changes = Changes::new();
    let new = changes.insert(note("new"));
    changes.push(Change::adjust(new, Counter::Wins, 1.0).if_next_attempt_succeeds());
    host.apply(&changes.into_vec()).unwrap();
    host.apply(&[Change::insert(note("another"))]).unwrap();
    host.keep_provisional().unwrap();
    let wins = |memory: &Memory| memory.counters.wins;
    let wins: Vec<u32> = host.memories().iter().map(wins).collect();
    assert_eq!(wins, [0, 1, 0]);
}

#[test]
fn sources_are_added_once_each() {
    let host = TestHost::new();
    host.apply(&[Change::insert(note("a").learnt_from("odd#1"))])
        .unwrap();
    let patch = Patch::of("m1")
        .learnt_from("odd#1")
        .learnt_from_all([Source::step("odd", 1), Source::step("odd", 1)]);
    host.apply(&[Change::revise(patch)]).unwrap();
    let memory = host.memories().remove(0);
    assert_eq!(
        memory.sources,
        [Source::attempt("odd#1"), Source::step("odd", 1)]
    );
    assert!(memory.is_learnt_from("odd#1") && memory.is_learnt_from("odd"));
    assert!(!memory.is_learnt_from("od"));
}

#[test]
fn what_is_frozen_takes_part_and_stays_as_it_is() {
    let host = host_with(&["a", "b"]);
    host.apply(&[Change::revise(Patch::of("m1").state(State::Frozen))])
        .unwrap();
    let found = |scan: Scan| {
        let rows = host.run(|| store::scan_memories(&scan)).unwrap();
        rows.len()
    };
    assert_eq!(found(Scan::oldest_first()), 2);
    let frozen = crate::Condition::eq("state", "frozen");
    assert_eq!(found(Scan::oldest_first().only(frozen)), 1);
    let before = host.memories();
    for change in [
        Change::revise(Patch::of("m1").state(State::Active)),
        Change::adjust("m1", Counter::Weight, 1.0),
        Change::remove("m1"),
        Change::remove("m1").if_trial_gains(0.1),
    ] {
        let words = "change 1: memory `m1` is frozen: it stays as it is, and cannot be revised, adjusted or removed";
        let changes = [Change::insert(NewMemory::new("note", "c")), change];
        assert_eq!(host.apply(&changes), Err(Fault::Invalid(words.to_owned())));
        assert_eq!(host.memories(), before);
    }
    let link = NewLink::new("m2", "m1", "similar", 1.0);
    host.apply(&[Change::connect(link)]).unwrap();
}

#[test]
fn the_state_of_what_waits_for_a_decision_changes_with_it_and_not_before() {
    let host = host_with(&["a"]);
    let mut changes = Changes::new();
    let new = changes.insert(note("new"));
    let freeze = Patch::of(new.clone()).state(State::Frozen);
    let mut waiting = changes.into_vec();
    waiting[0].commit = Commit::IfNextAttemptSucceeds;
    for state in [State::Frozen, State::Active, State::Archived] {
        let patch = Patch::of(new.clone()).state(state);
        let too_early = [waiting[0].clone(), Change::revise(patch)];
        let Err(Fault::Invalid(words)) = host.apply(&too_early) else {
            panic!("a provisional memory became {state:?}");
        };
        assert!(words.starts_with("change 1: memory `m2` is provisional"));
        assert!(words.contains("change it once it is active"));
        assert_eq!(host.memories().len(), 1);
    }

    waiting.push(Change::revise(freeze).if_next_attempt_succeeds());
    host.apply(&waiting).unwrap();
    assert_eq!(host.memories()[1].state, State::Provisional);
    host.keep_provisional().unwrap();
    assert_eq!(host.memories()[1].state, State::Frozen);
}
