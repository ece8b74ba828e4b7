//! Keys over HTTP: who is let in, for what, and until when.

use memhost::contract::Authority;
use memhost::live::{Key, NewKey, Right};
use reqwest::Method;
use serde_json::{Value, json};

use super::place::{Answered, Place};

impl Place {
    /// Asks with a key, in the name of a tenant.
    async fn with_key(&self, key: &str, tenant: &str, ask: (Method, &str, Value)) -> Answered {
        let (method, path, body) = ask;
        let mut request = self.client.request(method, self.url(path)).bearer_auth(key);
        if !tenant.is_empty() {
            request = request.header("Memhost-Tenant", tenant);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        Answered::of(request.send().await.unwrap()).await
    }

    async fn key(&self, allows: NewKey) -> (String, String) {
        let (key, secret) = self.host.create_key(allows).await.unwrap();
        (key.id, secret.reveal().to_owned())
    }
}

fn retrieve() -> (Method, &'static str, Value) {
    let body = json!({"task": {"text": "refund a double charge"}});
    (Method::POST, "/v1/slots/desk/retrieve", body)
}

fn record() -> (Method, &'static str, Value) {
    let body = json!({"task": {"text": "refund a double charge"}, "answer": "refunded"});
    (Method::POST, "/v1/slots/desk/record", body)
}

fn get(path: &str) -> (Method, &str, Value) {
    (Method::GET, path, Value::Null)
}

#[tokio::test]
async fn from_the_first_key_on_nobody_asks_without_one() {
    let place = Place::new().await;
    assert_eq!(place.post("retrieve", retrieve().2).await.status, 200);
    let wanted = json!({"right": "admin", "note": "mine"});
    let url = place.url("/v1/keys");
    let sent = place.client.post(url).json(&wanted).send().await.unwrap();
    let created = Answered::of(sent).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.headers["cache-control"], "no-store");
    let (id, secret) = (
        &created.body["id"],
        created.body["secret"].as_str().unwrap(),
    );

    let refused = place.post("retrieve", retrieve().2).await;
    assert_eq!((refused.status, refused.code()), (401, "key-missing"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    let refused = place.with_key("mh_nobodys_key", "acme", retrieve()).await;
    assert_eq!((refused.status, refused.code()), (401, "key-unknown"));
    let refused = place.with_key(secret, "", retrieve()).await;
    assert_eq!((refused.status, refused.code()), (400, "tenant-missing"));
    assert_eq!(place.with_key(secret, "acme", retrieve()).await.status, 200);

    let listed = place.with_key(secret, "", get("/v1/keys")).await;
    assert_eq!(listed.body["keys"][0]["id"], *id);
    assert!(!listed.body.to_string().contains(secret));
    place.end().await;
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_its_next_request_on() {
    let place = Place::new().await;
    let (_, admin) = place.key(NewKey::new(Right::Admin)).await;
    let (id, secret) = place.key(NewKey::new(Right::Write)).await;
    assert_eq!(place.with_key(&secret, "acme", record()).await.status, 202);
    let path = format!("/v1/keys/{id}");
    let revoke = || (Method::DELETE, path.as_str(), Value::Null);
    for _ in 0..2 {
        let revoked = place.with_key(&admin, "", revoke()).await;
        assert_eq!(revoked.status, 200);
        assert!(revoked.body["revoked"].is_f64(), "{:?}", revoked.body);
    }
    let refused = place.with_key(&secret, "acme", record()).await;
    assert_eq!((refused.status, refused.code()), (401, "key-revoked"));
    let nobodys = (Method::DELETE, "/v1/keys/nobodys", Value::Null);
    let refused = place.with_key(&admin, "", nobodys).await;
    assert_eq!((refused.status, refused.code()), (404, "no-such-key"));
    place.end().await;
}

#[tokio::test]
async fn a_key_does_what_it_allows_and_nothing_else() {
    let place = Place::new().await;
    let of_acme = |right| NewKey {
        tenant: Some("acme".into()),
        ..NewKey::new(right)
    };
    let (_, reads) = place.key(of_acme(Right::Read)).await;
    assert_eq!(place.with_key(&reads, "", retrieve()).await.status, 200);
    let refused = place.with_key(&reads, "", record()).await;
    assert_eq!((refused.status, refused.code()), (403, "not-granted"));
    let refused = place.with_key(&reads, "globex", retrieve()).await;
    assert_eq!((refused.status, refused.code()), (403, "not-granted"));

    let elsewhere = NewKey {
        slots: Some(vec!["other".into()]),
        ..of_acme(Right::Write)
    };
    let (_, elsewhere) = place.key(elsewhere).await;
    let refused = place.with_key(&elsewhere, "", retrieve()).await;
    assert_eq!((refused.status, refused.code()), (404, "no-such-slot"));

    let (_, writes) = place.key(of_acme(Right::Write)).await;
    let mut claims = record();
    claims.2["outcome"] = json!({"verdict": "success", "authority": "ground-truth"});
    let refused = place.with_key(&writes, "", claims).await;
    assert_eq!((refused.status, refused.code()), (403, "not-granted"));
    for path in ["/v1/keys", "/metrics"] {
        let refused = place.with_key(&writes, "", get(path)).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "not-granted"),
            "{path}"
        );
    }
    place.end().await;
}

#[tokio::test]
async fn who_gives_keys_gives_no_more_than_they_have_and_sees_no_other() {
    let place = Place::new().await;
    let (other, _) = place.key(NewKey::new(Right::Write)).await;
    let of_acme = NewKey {
        tenant: Some("acme".into()),
        authority: Authority::Judge,
        ..NewKey::new(Right::Admin)
    };
    let (own, admin) = place.key(of_acme).await;
    let create = |wanted| (Method::POST, "/v1/keys", wanted);
    for wider in [
        json!({"right": "read"}),
        json!({"right": "read", "tenant": "globex"}),
        json!({"right": "read", "tenant": "acme", "authority": "ground-truth"}),
    ] {
        let refused = place.with_key(&admin, "", create(wider)).await;
        assert_eq!((refused.status, refused.code()), (403, "not-granted"));
    }
    let wanted = json!({"right": "read", "tenant": "acme", "authority": "judge"});
    let created = place.with_key(&admin, "", create(wanted)).await;
    assert_eq!(created.status, 201);

    let listed = place.with_key(&admin, "", get("/v1/keys")).await;
    let ids = listed.body["keys"].as_array().unwrap().iter();
    let mut ids: Vec<&str> = ids.map(|key| key["id"].as_str().unwrap()).collect();
    let mut theirs = [own.as_str(), created.body["id"].as_str().unwrap()];
    ids.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ids, theirs);
    let path = format!("/v1/keys/{other}");
    let refused = place
        .with_key(&admin, "", (Method::DELETE, &path, Value::Null))
        .await;
    assert_eq!((refused.status, refused.code()), (404, "no-such-key"));
    let refused = place.with_key(&admin, "", get("/metrics")).await;
    assert_eq!((refused.status, refused.code()), (403, "not-granted"));
    place.end().await;
}

#[tokio::test]
async fn a_wish_for_a_key_that_makes_no_sense_says_where() {
    let place = Place::new().await;
    // The first one must let somebody make others.
    let first = json!({"right": "write"});
    let sent = place.client.post(place.url("/v1/keys")).json(&first);
    let refused = Answered::of(sent.send().await.unwrap()).await;
    assert_eq!((refused.status, refused.code()), (400, "malformed"));
    let (_, admin) = place.key(NewKey::new(Right::Admin)).await;
    for (wanted, code, field) in [
        (json!({}), "malformed", ""),
        (json!({"right": "everything"}), "malformed", "right"),
        (
            json!({"right": "read", "slot": "desk"}),
            "unknown-field",
            "slot",
        ),
        (json!({"right": "read", "slots": []}), "malformed", "slots"),
        (
            json!({"right": "read", "tenant": "a b"}),
            "malformed",
            "tenant",
        ),
        (
            json!({"right": "read", "expires": 1000}),
            "malformed",
            "expires",
        ),
    ] {
        let url = place.url("/v1/keys");
        let request = place.client.post(url).bearer_auth(&admin).json(&wanted);
        let refused = Answered::of(request.send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{wanted}");
        assert_eq!(
            refused.body["field"].as_str().unwrap_or_default(),
            field,
            "{wanted}"
        );
    }
    assert_eq!(place.host.keys().len(), 1);
    place.end().await;
}

#[tokio::test]
async fn metrics_name_slots_and_no_tenant() {
    let place = Place::new().await;
    let (_, admin) = place.key(NewKey::new(Right::Admin)).await;
    for tenant in ["acme", "globex"] {
        place.with_key(&admin, tenant, retrieve()).await;
        let mut told = record();
        told.2["wait"] = json!("learnt");
        assert_eq!(place.with_key(&admin, tenant, told).await.status, 200);
    }
    let request = place.client.get(place.url("/metrics")).bearer_auth(&admin);
    let answered = request.send().await.unwrap();
    assert_eq!(
        answered.headers()["content-type"],
        crate::telemetry::MEDIA_TYPE
    );
    let page = answered.text().await.unwrap();
    for line in [
        "memhost_calls_total{slot=\"desk\",generation=\"2\",call=\"retrieve\",via=\"http\",outcome=\"ok\"} 2",
        "memhost_open_seats{slot=\"desk\"} 3",
        "memhost_memory_rows{slot=\"desk\"} 7",
        "memhost_learner_lag_entries{slot=\"desk\"} 0",
        "memhost_slots 1",
        "memhost_http_requests_under_way 1",
        "memhost_http_requests_total{method=\"POST\",route=\"/v1/slots/{slot}/retrieve\",status=\"200\"} 2",
    ] {
        assert!(page.lines().any(|own| own == line), "{line}\n{page}");
    }
    assert!(!page.contains("acme") && !page.contains("globex"), "{page}");
    place.end().await;
}

/// The command line reads what a server tells as it reads what a store has.
#[tokio::test]
async fn a_key_is_told_as_the_host_itself_writes_it() {
    let place = Place::new().await;
    let (_, admin) = place
        .key(NewKey {
            authority: Authority::GroundTruth,
            ..NewKey::new(Right::Admin)
        })
        .await;
    let narrow = NewKey {
        note: "acme's agents".into(),
        slots: Some(vec!["desk".into()]),
        tenant: Some("acme".into()),
        authority: Authority::GroundTruth,
        expires: Some(4_000_000_000_000.0),
        ..NewKey::new(Right::Read)
    };
    for allows in [narrow, NewKey::new(Right::Write)] {
        let wanted = serde_json::to_value(&allows).unwrap();
        let create = (Method::POST, "/v1/keys", wanted);
        let created = place.with_key(&admin, "", create).await;
        assert_eq!(created.status, 201, "{created:?}");
        let told: Key = serde_json::from_value(created.body).unwrap();
        assert_eq!(told.allows, allows);
        assert!(place.host.keys().contains(&told));
    }
    let listed = place.with_key(&admin, "", get("/v1/keys")).await;
    let told: Vec<Key> = serde_json::from_value(listed.body["keys"].clone()).unwrap();
    assert_eq!(told, place.host.keys());
    place.end().await;
}
