//! Keys: what they allow, until when, and what is kept of them.

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

use super::*;

/// Somebody who may tell and ask, wherever and for whom.
fn writer() -> NewKey {
    NewKey::new(Right::Write)
}

fn code<T: std::fmt::Debug>(result: Result<T, LiveError>) -> &'static str {
    result.unwrap_err().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_what_became_of_it_survive_a_restart() {
    let place = Place::new();
    let host = place.open().await;
    assert!(!host.has_keys());
    let allows = NewKey {
        note: "the help desk's agents".into(),
        slots: Some(vec!["desk".into()]),
        tenant: Some("acme".into()),
        ..writer()
    };
    let (kept, secret) = host.create_key(allows.clone()).await.unwrap();
    let (gone, revoked) = host.create_key(writer()).await.unwrap();
    let gone = host.revoke_key(&gone.id).await.unwrap();
    host.close().await.unwrap();

    let host = place.open().await;
    assert!(host.has_keys());
    assert_eq!(host.grant_of(secret.reveal()).unwrap(), allows.grant());
    assert_eq!(code(host.grant_of(revoked.reveal())), "key-revoked");
    let mut all = vec![kept, gone];
    all.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(host.keys(), all);
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_allows_nothing_from_its_next_request_on() {
    let place = Place::new();
    let host = place.open().await;
    let (key, secret) = host.create_key(writer()).await.unwrap();
    host.grant_of(secret.reveal()).unwrap();
    place.time.wind(Duration::from_secs(1));
    let revoked = host.revoke_key(&key.id).await.unwrap();
    assert_eq!(revoked.revoked, Some(1_001_000.0));
    assert_eq!(code(host.grant_of(secret.reveal())), "key-revoked");

    place.time.wind(Duration::from_secs(1));
    assert_eq!(host.revoke_key(&key.id).await.unwrap(), revoked);
    assert_eq!(code(host.revoke_key("nobodys").await), "no-such-key");
    // A host whose keys are all revoked is not one without keys, whom everybody may call.
    assert!(host.has_keys());
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_expires_and_says_so() {
    let place = Place::new();
    let host = place.open().await;
    let allows = NewKey {
        expires: Some(1_060_000.0),
        ..writer()
    };
    let (_, secret) = host.create_key(allows).await.unwrap();
    place.time.wind(Duration::from_millis(59_999));
    host.grant_of(secret.reveal()).unwrap();
    place.time.wind(Duration::from_millis(1));
    let error = host.grant_of(secret.reveal()).unwrap_err();
    assert_eq!(error.code(), "key-revoked");
    assert!(error.to_string().contains("has expired"), "{error}");
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_tenant_or_slot_reaches_no_other() {
    let place = Place::new();
    let (host, _) = at_work(&place).await;
    let allows = NewKey {
        slots: Some(vec!["desk".into()]),
        tenant: Some("acme".into()),
        ..writer()
    };
    let (_, secret) = host.create_key(allows).await.unwrap();
    let grant = host.grant_of(secret.reveal()).unwrap();
    host.slot(&grant, "desk", "acme").unwrap();
    for (slot, tenant) in [("desk", "globex"), ("desk", ONLY_TENANT), ("other", "acme")] {
        assert_eq!(
            code(host.slot(&grant, slot, tenant).map(drop)),
            "no-such-slot"
        );
    }
    assert_eq!(code(grant.check_right(Right::Admin)), "not-granted");
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_counts_for_no_more_than_the_key_it_came_with() {
    let place = Place::new();
    let (host, _) = at_work(&place).await;
    let (_, secret) = host.create_key(writer()).await.unwrap();
    let grant = host.grant_of(secret.reveal()).unwrap();
    let seat = host.slot(&grant, "desk", ONLY_TENANT).unwrap();
    let told = seat.retrieve(Ask::at_start("one")).await.unwrap();
    seat.record(Record::of(&told.attempt)).await.unwrap();
    let claimed = |authority| Outcome {
        authority,
        ..Outcome::known(true)
    };
    let truth = claimed(Authority::GroundTruth);
    assert_eq!(
        code(seat.feedback(&told.attempt, truth, false).await),
        "not-granted"
    );
    let own = claimed(Authority::Agent);
    seat.feedback(&told.attempt, own, false).await.unwrap();
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_key_is_refused_with_the_place() {
    let place = Place::new();
    let host = place.open().await;
    let wrong = [
        (
            "slots",
            NewKey {
                slots: Some(vec![]),
                ..writer()
            },
        ),
        (
            "slots",
            NewKey {
                slots: Some(vec!["a/b".into()]),
                ..writer()
            },
        ),
        (
            "tenant",
            NewKey {
                tenant: Some(String::new()),
                ..writer()
            },
        ),
        (
            "note",
            NewKey {
                note: "two\nlines".into(),
                ..writer()
            },
        ),
        (
            "note",
            NewKey {
                note: "n".repeat(201),
                ..writer()
            },
        ),
        (
            "expires",
            NewKey {
                expires: Some(1_000_000.0),
                ..writer()
            },
        ),
        (
            "expires",
            NewKey {
                expires: Some(f64::NAN),
                ..writer()
            },
        ),
    ];
    for (place, allows) in wrong {
        let error = host.create_key(allows.clone()).await.unwrap_err();
        let LiveError::Malformed { field, .. } = &error else {
            panic!("{allows:?}: {error}");
        };
        assert_eq!(*field, place, "{allows:?}");
    }
    assert!(!host.has_keys());
    host.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_stored_or_shown_holds_the_secret() {
    let place = Place::new();
    let host = place.open().await;
    let (key, secret) = host.create_key(writer()).await.unwrap();
    host.close().await.unwrap();
    let hidden = secret.reveal().rsplit('_').next().unwrap();
    assert_eq!(hidden.len(), 52);

    let mut read = 0;
    let mut folders = vec![place.directory.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            read += bytes.len();
            let has_it = bytes
                .windows(hidden.len())
                .any(|part| part == hidden.as_bytes());
            assert!(!has_it, "{}", path.display());
        }
    }
    assert!(read > 0);
    // Tables are in memory here, and entries are all that they are written from.
    let embedder: Arc<dyn Embedder> = Arc::new(Builtin::default());
    let path = place.directory.path().to_str().unwrap();
    let store = Store::open(path, embedder, &place.tables).await.unwrap();
    let entries = store
        .namespace("live")
        .await
        .unwrap()
        .entries(0, usize::MAX);
    assert!(entries.iter().any(|entry| entry.body.contains(&key.id)));
    assert!(!format!("{entries:?}{secret:?}{key:?}").contains(hidden));
    store.close().await.unwrap();
}

#[test]
fn nobody_gives_away_more_than_they_have() {
    let desk = Grant::everything()
        .for_slots(["desk"])
        .for_tenant("acme")
        .with_authority(Authority::Judge);
    let same = |wanted: NewKey| NewKey {
        slots: Some(vec!["desk".into()]),
        tenant: Some("acme".into()),
        ..wanted
    };
    let admin = same(NewKey::new(Right::Admin));
    assert!(desk.includes(&admin.grant()));
    let wider = [
        NewKey {
            slots: None,
            ..admin.clone()
        },
        NewKey {
            slots: Some(vec!["desk".into(), "other".into()]),
            ..admin.clone()
        },
        NewKey {
            tenant: None,
            ..admin.clone()
        },
        NewKey {
            tenant: Some("globex".into()),
            ..admin.clone()
        },
        NewKey {
            authority: Authority::GroundTruth,
            ..admin.clone()
        },
    ];
    for wider in wider {
        assert!(!desk.includes(&wider.grant()), "{wider:?}");
        assert!(Grant::everything().includes(&wider.grant()), "{wider:?}");
    }
    assert!(!desk.with_right(Right::Write).includes(&admin.grant()));
}

#[derive(Debug, Clone)]
enum Move {
    Create { lives: Option<u64> },
    Revoke(usize),
    Wait(u64),
    Restart,
}

fn moves() -> impl Generator<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => proptest::option::of(1..100_u64).prop_map(|lives| Move::Create { lives }),
        2 => (0..8_usize).prop_map(Move::Revoke),
        2 => (0..60_u64).prop_map(Move::Wait),
        1 => Just(Move::Restart),
    ];
    proptest::collection::vec(one, 1..24)
}

/// What a plain model knows of a key.
struct Expected {
    key: Key,
    secret: Secret,
    is_revoked: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What a presented key is answered with, whatever happened to it and the host before.
    #[test]
    fn a_key_is_good_from_its_making_to_its_end(moves in moves()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let mut host = place.open().await;
            let mut expected: Vec<Expected> = Vec::new();
            for each in moves {
                match each {
                    Move::Create { lives } => {
                        let expires = lives.map(|lives| place.time.now() + lives as f64);
                        let allows = NewKey { expires, ..writer() };
                        let (key, secret) = host.create_key(allows).await.unwrap();
                        expected.push(Expected { key, secret, is_revoked: false });
                    }
                    Move::Revoke(which) => if let Some(expected) = expected.get_mut(which) {
                        host.revoke_key(&expected.key.id).await.unwrap();
                        expected.is_revoked = true;
                    }
                    Move::Wait(millis) => place.time.wind(Duration::from_millis(millis)),
                    Move::Restart => {
                        host.close().await.unwrap();
                        host = place.open().await;
                    }
                }
                assert_eq!(host.keys().len(), expected.len());
                for Expected { key, secret, is_revoked } in &expected {
                    let is_over = key.allows.expires.is_some_and(|at| at <= place.time.now());
                    let answer = host.grant_of(secret.reveal()).map_err(|error| error.code());
                    let right = match *is_revoked || is_over {
                        true => Err("key-revoked"),
                        false => Ok(key.allows.grant()),
                    };
                    assert_eq!(answer, right);
                }
            }
            host.close().await.unwrap();
        });
    }

    /// A key is good as a whole: an id with another secret, a part, or a letter in another case is nobody's.
    #[test]
    fn no_text_but_the_key_itself_is_taken_for_it(
        text in any::<String>(),
        place in 0..64_usize,
        other in "[a-zA-Z0-9_]",
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let home = Place::new();
            let host = home.open().await;
            let (_, secret) = host.create_key(writer()).await.unwrap();
            let (_, another) = host.create_key(writer()).await.unwrap();
            let good = secret.reveal();
            assert_eq!(good.len(), 64);
            let mut changed = good.to_owned();
            changed.replace_range(place..place + 1, &other);
            let swapped = format!("{}{}", &good[..12], &another.reveal()[12..]);
            for wrong in [text.as_str(), &good[..place], &swapped, &good.to_uppercase(), &format!("{good} ")] {
                assert_eq!(code(host.grant_of(wrong)), "key-unknown");
            }
            if changed != good {
                assert_eq!(code(host.grant_of(&changed)), "key-unknown");
            }
            host.close().await.unwrap();
        });
    }
}
