//! A set alone: what it answers after whatever was done to it.

use std::sync::Arc;

use memhost_contract::limits::StoreLimits;

use super::*;
use crate::tests::memory;

#[test]
fn a_namespace_in_which_nothing_expires_is_read_as_fast_as_ever() {
    let mut set = WorkingSet::new(1);
    let now = View {
        at: Some(1.0),
        ..View::default()
    };
    let expires = |id: &str, expires| {
        Effect::Put(Memory {
            expires,
            ..memory(id)
        })
    };
    let mut fast = Vec::new();
    for effect in [
        expires("m1", None),
        expires("m2", Some(5.0)),
        expires("m2", Some(6.0)),
        expires("m1", Some(7.0)),
        Effect::Remove("m2".into()),
        Effect::Remove("m2".into()),
        expires("m1", None),
    ] {
        set.apply(effect);
        fast.push(set.shows_all(&now));
        assert!(set.shows_all(&View::default()));
    }
    assert_eq!(fast, [true, false, false, false, false, false, true]);
}

fn with_a_vector(number: usize, direction: f32) -> [Effect; 2] {
    let id = format!("m{number}");
    let memory = Memory {
        content: format!("apple w{number}"),
        keys: vec![memhost_contract::Key::new("task", "x")],
        ..memory(&id)
    };
    let vectors = vec![vec![direction.cos(), direction.sin()]];
    [Effect::Put(memory), Effect::Vectors { id, vectors }]
}

fn index(set: &mut WorkingSet, field: &LexicalField) {
    let limits = StoreLimits::default();
    set.begin_index(field, &limits).unwrap();
    let built = set.texts(field).build(&limits).unwrap();
    assert!(set.set_in(built, &limits).unwrap());
}

/// What is written or removed while an index is built is found by it like everything else.
#[test]
fn an_index_that_is_set_in_is_that_of_what_there_is_then() {
    let (limits, field) = (StoreLimits::default(), LexicalField::Content);
    let mut set = WorkingSet::new(2);
    let put = |set: &mut WorkingSet, numbers: std::ops::Range<usize>| {
        numbers.for_each(|number| {
            let effects = with_a_vector(number, 0.5);
            effects.into_iter().for_each(|effect| set.apply(effect));
        });
    };
    put(&mut set, 1..50);
    let scores = |set: &WorkingSet| set.lexical[&field].scores("apple w7 w60 revised", 200);
    for (removed, is_of_use) in [(8..10, true), (10..48, false)] {
        set.begin_index(&field, &limits).unwrap();
        let texts = set.texts(&field);
        put(&mut set, 50..80);
        set.apply(Effect::Put(Memory {
            content: "revised".into(),
            ..set.memory("m7").unwrap().clone()
        }));
        for number in removed {
            set.apply(Effect::Remove(format!("m{number}")));
        }
        let built = texts.build(&limits).unwrap();
        assert_eq!(set.set_in(built, &limits).unwrap(), is_of_use);
        if is_of_use {
            let set_in = scores(&set);
            set.lexical.clear();
            index(&mut set, &field);
            assert_eq!(set_in, scores(&set));
            assert!(set_in[6] > set_in[0], "{set_in:?}");
            set.lexical.clear();
        }
    }
}

/// Whatever was removed in between, a set answers like one in which only what is left was ever put.
#[test]
fn emptied_slots_go_once_they_are_most_and_every_answer_stays_what_it_was() {
    let (put, left) = (400, |number: usize| number.is_multiple_of(5));
    let view = View::default();
    let queries = [
        Query::Vector {
            vector: vec![1.0, 0.0],
            name: None,
        },
        Query::Lexical {
            field: LexicalField::Content,
            text: "apple w35 w40".into(),
        },
    ];
    let answers = |set: &mut WorkingSet| {
        let wanted = Wanted {
            predicate: Predicate::new(&Vec::new()).unwrap(),
            limit: 50,
            least: None,
        };
        let mut hits = Vec::new();
        for query in &queries {
            if let Some(field) = query.field() {
                index(set, field);
            }
            hits.push(set.search(query, &wanted, &view));
        }
        (hits, set.count(&Vec::new(), &view).unwrap())
    };
    let mut set = WorkingSet::new(2);
    (1..=put).for_each(|number| {
        let effects = with_a_vector(number, number as f32);
        effects.into_iter().for_each(|effect| set.apply(effect));
    });
    answers(&mut set);
    set.weigh();
    let resident = set.footprint().resident;
    let place_of = |set: &WorkingSet, number: usize| {
        let look = set.look(&view).unwrap();
        let id = format!("m{number}");
        (0..look.places()).find(|place| look.memory(*place).is_some_and(|m| m.id == id))
    };
    let before = place_of(&set, 35).unwrap();
    for number in (1..=put).filter(|number| !left(*number)) {
        set.apply(Effect::Remove(format!("m{number}")));
    }
    assert!(set.slots.len() < 2 * put / 5 + 1, "{}", set.slots.len());
    assert!(set.footprint().resident < resident / 3);
    assert_eq!(place_of(&set, 35), Some(before), "a place is for good");
    let look = set.look(&view).unwrap();
    assert_eq!(look.cost(before), Cost::of("apple w35"));
    assert_eq!((look.places(), look.memory(33)), (put, None));
    // What comes afterwards stands behind all others.
    for effect in with_a_vector(put + 5, 0.5) {
        set.apply(effect);
    }
    assert_eq!(place_of(&set, put + 5), Some(put));

    let mut anew = WorkingSet::new(2);
    let numbers = (1..=put).filter(|number| left(*number));
    for (number, direction) in numbers.map(|n| (n, n as f32)).chain([(put + 5, 0.5)]) {
        let effects = with_a_vector(number, direction);
        effects.into_iter().for_each(|effect| anew.apply(effect));
    }
    assert_eq!(answers(&mut set), answers(&mut anew));
}

#[test]
fn what_is_hidden_is_in_no_read_and_a_wrappers_own_is_only_hidden_from_what_it_wraps() {
    let mut set = WorkingSet::new(1);
    let of_kind = |id: &str, kind: &str| {
        Effect::Put(Memory {
            kind: kind.into(),
            ..memory(id)
        })
    };
    let inside = View {
        hidden_kinds: Arc::new(["guard:".to_owned()].into()),
        ..View::default()
    };
    set.apply(of_kind("m1", "note"));
    assert!(set.shows_all(&inside));
    set.apply(of_kind("m2", "guard:lesson"));
    set.apply(of_kind("m3", "guardian:lesson"));
    let seen = |view: &View| -> Vec<String> {
        let ids = ["m1", "m2", "m3"].map(str::to_owned);
        let got = set.get(&ids, view).into_iter().map(|memory| memory.id);
        let got: Vec<String> = got.collect();
        let counted = set.count(&Vec::new(), view).unwrap();
        let looked_at = (0..set.places()).filter(|place| set.is_seen(*place, view));
        assert_eq!(got.len(), counted as usize);
        assert_eq!(got.len(), looked_at.count());
        got
    };
    assert_eq!(seen(&View::default()), ["m1", "m2", "m3"]);
    assert_eq!(seen(&inside), ["m1", "m3"]);
    let without = View {
        hidden: Arc::new(["m1".to_owned()].into()),
        on_trial: Arc::new(["m1".to_owned()].into()),
        ..inside
    };
    assert_eq!(seen(&without), ["m3"]);
    for gone in ["m2", "m3"] {
        set.apply(Effect::Remove(gone.into()));
    }
    assert!(set.shows_all(&View {
        hidden_kinds: without.hidden_kinds.clone(),
        ..View::default()
    }));
}
