//! Tenants: whatever one asks, by whichever door and with whosever ids, nothing that another told is in an answer.

use std::sync::Arc;

use memhost::live::{NewKey, Right};
use reqwest::Method;
use serde_json::{Value, json};

use super::place::Place;
use crate::ServeSettings;

const TENANTS: usize = 8;
const CLIENTS: usize = 64;
const ROUNDS: usize = 4;

/// A text that only one tenant tells.
fn canary(tenant: usize) -> String {
    format!(
        "canary{:016x}",
        (tenant as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// An attempt of a tenant's, which any other can guess.
fn attempt(tenant: usize, client: usize, round: usize) -> String {
    format!("a-{tenant}-{client}-{round}")
}

/// One of a tenant's agents.
struct Client {
    place: Arc<Place>,
    tenant: usize,
    key: String,
}

impl Client {
    /// What the server answers, in which no other tenant's text is.
    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let request = self.place.client.request(method, self.place.url(path));
        let request = request
            .bearer_auth(&self.key)
            .header("Accept", "application/json, text/event-stream")
            .header("Memhost-Tenant", format!("tenant-{}", self.tenant));
        let request = match body.is_null() {
            true => request,
            false => request.json(&body),
        };
        let answered = request.send().await.unwrap();
        let status = answered.status().as_u16();
        let text = answered.text().await.unwrap();
        for other in (0..TENANTS).filter(|&other| other != self.tenant) {
            assert!(
                !text.contains(&canary(other)),
                "{path} for {}: {text}",
                self.tenant
            );
        }
        assert!(status < 500, "{path}: {status} {text}");
        (status, text)
    }

    async fn post(&self, call: &str, body: Value) -> (u16, String) {
        self.ask(Method::POST, &format!("/v1/slots/desk/{call}"), body)
            .await
    }

    async fn tool(&self, name: &str, arguments: Value) -> String {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": name, "arguments": arguments},
        });
        let (status, text) = self.ask(Method::POST, "/mcp/desk", call).await;
        assert_eq!(status, 200, "{text}");
        text
    }

    async fn round(&self, client: usize, round: usize) {
        let own = canary(self.tenant);
        let id = attempt(self.tenant, client, round);
        let record = json!({
            "attempt": id, "task": {"text": format!("{own} task")}, "answer": own,
            "outcome": {"verdict": "success", "reason": own}, "wait": "learnt",
        });
        let (status, text) = self.post("record", record).await;
        assert_eq!(status, 200, "{text}");
        let task = json!({"text": "what is there to know?"});
        let (_, told) = self.post("retrieve", json!({"task": task})).await;
        assert!(told.contains(&own), "{told}");
        let recalled = self
            .tool("recall", json!({"task": "what is there to know?"}))
            .await;
        assert!(recalled.contains(&own), "{recalled}");

        let other = (self.tenant + 1 + round) % TENANTS;
        if other == self.tenant {
            return;
        }
        for guessed in (other..CLIENTS)
            .step_by(TENANTS)
            .map(|client| attempt(other, client, round % 2))
        {
            let path = format!("/v1/slots/desk/attempts/{guessed}");
            assert_eq!(self.ask(Method::GET, &path, Value::Null).await.0, 404);
        }
        let guessed = attempt(other, other, 0);
        let why = format!("/v1/slots/desk/attempts/{guessed}/why");
        assert_eq!(self.ask(Method::GET, &why, Value::Null).await.0, 404);
        let outcome =
            json!({"attempt": guessed, "outcome": {"verdict": "failure"}, "revise": true});
        assert_eq!(self.post("feedback", outcome).await.0, 404);
        assert_eq!(
            self.post("record", json!({"attempt": guessed})).await.0,
            404
        );
        self.tool("explain", json!({"attempt": guessed})).await;
        self.tool(
            "feedback",
            json!({"attempt": guessed, "verdict": "failure"}),
        )
        .await;
        for path in [
            "/v1/slots",
            "/v1/slots/desk",
            "/v1/slots/desk/generations",
            "/v1/keys",
            "/metrics",
            "/readyz",
        ] {
            self.ask(Method::GET, path, Value::Null).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_one_tenant_told_is_in_an_answer_to_another() {
    let settings = ServeSettings {
        rate_per_second: u32::MAX,
        rate_burst: u32::MAX,
        ..ServeSettings::default()
    };
    let place = Arc::new(Place::with(settings).await);
    let (_, any) = place
        .host
        .create_key(NewKey::new(Right::Admin))
        .await
        .unwrap();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let tenant = client % TENANTS;
        let allows = NewKey {
            tenant: Some(format!("tenant-{tenant}")),
            ..NewKey::new(Right::Write)
        };
        // Half of them name the tenant themselves.
        let key = match client < CLIENTS / 2 {
            true => any.clone(),
            false => place.host.create_key(allows).await.unwrap().1,
        };
        let asking = Client {
            place: place.clone(),
            tenant,
            key: key.reveal().to_owned(),
        };
        clients.spawn(async move {
            for round in 0..ROUNDS {
                asking.round(client, round).await;
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    Arc::into_inner(place).unwrap().end().await;
}
