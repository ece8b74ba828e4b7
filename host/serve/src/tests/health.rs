//! Whether the server lives and can do its work, as those see it who watch it.

use memhost::live::{NewKey, Right};
use serde_json::json;

use super::place::{Answered, Place};

#[tokio::test]
async fn who_watches_the_server_needs_no_key_and_learns_no_names_without_one() {
    let place = Place::new().await;
    let alive = place.get("/healthz").await;
    assert_eq!((alive.status, alive.body), (200, json!({"alive": true})));
    let ready = place.get("/readyz").await;
    let desk = json!({
        "slot": "desk", "open_seats": 1, "read_only": 0, "waiting": 0, "lag": 0, "skipped": 0
    });
    let all = json!({"ready": true, "slots": [desk]});
    assert_eq!((ready.status, &ready.body), (200, &all));

    let key = NewKey::new(Right::Read);
    place.host.create_key(key).await.unwrap();
    let ready = place.get("/readyz").await;
    assert_eq!((ready.status, ready.body), (200, json!({"ready": true})));
    for (slot, seen) in [
        ("desk", all),
        ("other", json!({"ready": true, "slots": []})),
    ] {
        let allows = NewKey {
            slots: Some(vec![slot.into()]),
            ..NewKey::new(Right::Read)
        };
        let (_, key) = place.host.create_key(allows).await.unwrap();
        let asked = place.client.get(place.url("/readyz"));
        let asked = asked.bearer_auth(key.reveal()).send().await;
        assert_eq!(Answered::of(asked.unwrap()).await.body, seen);
    }
    place.end().await;
}
