//! `memhost key`: what it makes is let in, what it revokes is not, by a server that runs before, meanwhile or afterwards.

use memhost_testing::serving::{Serve, Serving};
use reqwest::Client;
use serde_json::json;

use super::*;

impl Place {
    fn key(&self, arguments: &[&str]) -> Said {
        self.memhost(&[&["key"], arguments, &["--store", "memory"]].concat())
    }

    /// The same, of a server that runs.
    fn key_at(&self, server: &Serving, key: &str, arguments: &[&str]) -> Said {
        let mut command = self.command(&["key"]);
        command.args(arguments).args(["--url", server.url()]);
        Said::from(command.env("MEMHOST_KEY", key).output().unwrap())
    }

    fn serves(&self) -> Serving {
        Serve::new(&binary(), self.directory.path())
            .with(["--slot", "desk=rag"])
            .variable("MEMHOST_PLUGINS", plugins().display().to_string())
            .variable("MEMHOST_CACHE", compiled().display().to_string())
            .start()
    }
}

/// A key on standard output alone, and its id.
#[track_caller]
fn made(said: Said) -> (String, String) {
    let said = said.succeeds();
    let key = said.out.trim_end().to_owned();
    let id = key.split('_').nth(1).unwrap().to_owned();
    assert_eq!(
        (key.len(), said.out.lines().count()),
        (64, 1),
        "{}",
        said.out
    );
    assert!(
        said.err.contains(&id) && !said.err.contains(&key),
        "{}",
        said.err
    );
    (key, id)
}

/// What the server answers to a question with this key.
fn status(server: &Serving, key: Option<&str>) -> u16 {
    let url = format!("{}/v1/slots/desk/retrieve", server.url());
    let mut request = Client::new().post(url).header("Memhost-Tenant", "acme");
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let request = request.json(&json!({ "task": { "text": "refund" } }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let answer = runtime.unwrap().block_on(request.send());
    answer.unwrap().status().as_u16()
}

#[test]
fn a_key_that_the_store_has_is_let_in_by_the_server_and_a_revoked_one_is_not() {
    let place = Place::new();
    place.key(&["list"]).succeeds().says(&["there is no key"]);
    let (key, _) = made(place.key(&[
        "create",
        "--slot",
        "desk",
        "--tenant",
        "acme",
        "--note",
        "an agent's",
    ]));
    let (gone, id) = made(place.key(&["create", "--right", "read", "--expires-in", "90d"]));
    place.key(&["revoke", &id]).succeeds();
    let listed = place.key(&["list"]).succeeds();
    let listed = listed.says(&[
        "an agent's",
        "until revoked",
        "revoked 2",
        "acme",
        "write",
        "agent",
    ]);
    assert!(!listed.out.contains(&key) && !listed.out.contains(&gone));
    let json = place.key(&["list", "--format", "json"]).succeeds().json();
    assert_eq!(json["keys"].as_array().unwrap().len(), 2, "{json}");

    let server = place.serves();
    assert_eq!(status(&server, Some(&key)), 200);
    assert_eq!(status(&server, Some(&gone)), 401);
    assert_eq!(status(&server, None), 401);
}

#[test]
fn while_a_server_has_the_store_it_is_asked() {
    let place = Place::new();
    let (admin, _) = made(place.key(&["create", "--right", "admin"]));
    let server = place.serves();
    place
        .key(&["list"])
        .fails(1)
        .complains(&["in use by", "--url", "MEMHOST_KEY"]);

    let (key, id) = made(place.key_at(&server, &admin, &["create", "--tenant", "acme"]));
    assert_eq!(status(&server, Some(&key)), 200);
    place
        .key_at(&server, &admin, &["list"])
        .succeeds()
        .says(&[&id, "acme"]);
    place
        .key_at(&server, &key, &["list"])
        .fails(1)
        .complains(&["not-granted"]);
    place.key_at(&server, &admin, &["revoke", &id]).succeeds();
    assert_eq!(status(&server, Some(&key)), 401);
    place
        .key_at(&server, &key, &["list"])
        .fails(1)
        .complains(&["key-revoked"]);
    place
        .key_at(&server, &admin, &["revoke", "nobodys"])
        .fails(2)
        .complains(&["no-such-key"]);
    assert_eq!(server.end(), Some(0));

    // What the server was told is in the store.
    place.key(&["list"]).succeeds().says(&[&id, "revoked 2"]);
}

#[test]
fn a_wish_that_cannot_be_is_refused_with_its_reason() {
    let place = Place::new();
    for (arguments, reason) in [
        (&["--expires-in", "soon"][..], "90d, 12h or 30m"),
        (&["--slot", "a/b"], "is no name"),
        (&["--right", "everything"], "possible values"),
        (&["--url", "http://127.0.0.1:1"], "cannot be used with"),
    ] {
        let said = place.key(&[&["create"], arguments].concat());
        said.fails(2).complains(&[reason]);
    }
    let said = place.memhost(&["key", "list", "--store", "s3://bucket/memory"]);
    said.fails(2).complains(&["object store"]);
    let said = place.memhost(&["key", "list", "--url", "http://127.0.0.1:1"]);
    said.fails(1).complains(&["no server answers"]);
}
