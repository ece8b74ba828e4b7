//! A running server, called over HTTP.

use std::time::Duration;

use memhost::contract::{Actor, Moment, Outcome, Step, Verdict};
use memhost::live::{Ask, Record};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::backend::{Backend, Noted, Refusal, Told, Why};

/// How long a request may take. Strategies that ask models before they answer have 30 s.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long it is waited before the same is asked again: a server that is started anew is back by then. Every request can be
/// repeated, because each names its attempt.
const WAITS: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
    Duration::from_secs(3),
];

/// The longest that a server's own `Retry-After` is heeded.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A slot of a running server.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    /// Of the slot: `http://127.0.0.1:4780/v1/slots/help-desk`.
    url: Url,
    key: Option<String>,
    tenant: Option<String>,
}

/// Why a server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It cannot be an address.
    #[error(
        "`{0}` is no address of a server: it begins with `http://` or `https://`, as `http://127.0.0.1:4780` does"
    )]
    Address(String),
    /// No request can be made at all.
    #[error("no requests can be made: {0}")]
    Client(#[source] reqwest::Error),
    /// Nothing answers.
    #[error("no server answers at {url}: start it with `memhost serve`, or name the one that runs")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// It says no.
    #[error("{detail}")]
    Refused {
        /// The problem's code.
        code: String,
        /// The problem, in words.
        detail: String,
    },
    /// Something else answers there.
    #[error(
        "what answers at {url} is no memhost server that this one understands (status {status})"
    )]
    Unexpected {
        /// Where.
        url: String,
        /// How it answered.
        status: u16,
    },
}

impl Refusal for RemoteError {
    fn code(&self) -> &str {
        match self {
            RemoteError::Refused { code, .. } => code,
            RemoteError::Unexpected { .. } => "unexpected-answer",
            _ => "unreachable",
        }
    }
}

impl Remote {
    /// The slot of this name at a server: `http://127.0.0.1:4780`. The key goes into every request, and so does the tenant.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(
        address: &str,
        slot: &str,
        key: Option<String>,
        tenant: Option<String>,
    ) -> Result<Remote, RemoteError> {
        let not_an_address = || RemoteError::Address(address.to_owned());
        let mut url = Url::parse(address).map_err(|_| not_an_address())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(not_an_address());
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "slots", slot]);
        }
        url.set_query(None);
        url.set_fragment(None);
        let mut client = Client::builder()
            .timeout(TIMEOUT)
            // A key is for the server that was named, and for no other that it points to.
            .redirect(reqwest::redirect::Policy::none());
        if is_this_machine(&url) {
            client = client.no_proxy();
        }
        Ok(Remote {
            client: client.build().map_err(RemoteError::Client)?,
            url,
            key,
            tenant,
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, RemoteError> {
        self.call(Method::GET, path, None).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, RemoteError> {
        self.call(Method::POST, &[path], Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<T, RemoteError> {
        let mut url = self.url.clone();
        if let Ok(mut own) = url.path_segments_mut() {
            own.extend(path);
        }
        let mut waits = WAITS.into_iter();
        loop {
            let sent = self.send(method.clone(), url.clone(), body.as_ref()).await;
            let (Some(wait), Some(least)) = (waits.next(), worth_another(&sent)) else {
                let answered = sent.map_err(|source| RemoteError::Unreachable {
                    url: self.server(),
                    source: source.without_url(),
                })?;
                return self.read(answered).await;
            };
            tokio::time::sleep(wait.max(least)).await;
        }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Response, reqwest::Error> {
        let mut request = self.client.request(method, url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("Memhost-Tenant", tenant);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    async fn read<T: DeserializeOwned>(&self, answered: Response) -> Result<T, RemoteError> {
        #[derive(Deserialize)]
        struct Problem {
            r#type: String,
            title: String,
            #[serde(default)]
            detail: String,
            field: Option<String>,
        }
        let status = answered.status();
        let unexpected = || RemoteError::Unexpected {
            url: self.server(),
            status: status.as_u16(),
        };
        if status.is_success() {
            return answered.json().await.map_err(|_| unexpected());
        }
        let problem: Problem = answered.json().await.map_err(|_| unexpected())?;
        let code = problem.r#type.rsplit('/').next().unwrap_or_default();
        let detail = match (problem.detail.is_empty(), problem.field) {
            (true, _) => problem.title,
            (false, None) => problem.detail,
            (false, Some(field)) => format!("{field}: {}", problem.detail),
        };
        Err(RemoteError::Refused {
            code: code.to_owned(),
            detail,
        })
    }

    /// The server, for messages.
    fn server(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// How long to wait at least before the same is asked again; `None` where that would change nothing.
fn worth_another(sent: &Result<Response, reqwest::Error>) -> Option<Duration> {
    match sent {
        Err(error) if error.is_builder() || error.is_timeout() => None,
        Err(_) => Some(Duration::ZERO),
        Ok(answered) => match answered.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let said = answered.headers().get(RETRY_AFTER);
                let seconds = said.and_then(|said| said.to_str().ok()?.parse().ok());
                let said = Duration::from_secs(seconds.unwrap_or(0));
                Some(said.min(LONGEST_WAIT))
            }
            _ => None,
        },
    }
}

/// Whether an address is of this machine: what is in between for the rest of the world is not for it.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

impl Backend for Remote {
    type Refusal = RemoteError;

    async fn retrieve(&self, ask: Ask) -> Result<Told, RemoteError> {
        let mut body = json!({
            "task": {"text": ask.task.text},
            "moment": moment(&ask.moment),
        });
        if let Some(attempt) = ask.attempt {
            body["attempt"] = attempt.into();
        }
        self.post("retrieve", body).await
    }

    async fn record(&self, record: Record) -> Result<Noted, RemoteError> {
        let mut body = json!({
            "attempt": record.attempt,
            "answer": record.answer,
            "steps": record.steps.iter().map(step).collect::<Vec<Value>>(),
        });
        if let Some(known) = &record.outcome {
            body["outcome"] = outcome(known);
        }
        self.post("record", body).await
    }

    async fn feedback(
        &self,
        attempt: &str,
        known: Outcome,
        revise: bool,
    ) -> Result<Noted, RemoteError> {
        let body = json!({"attempt": attempt, "outcome": outcome(&known), "revise": revise});
        self.post("feedback", body).await
    }

    async fn explain(&self, attempt: &str) -> Result<Why, RemoteError> {
        self.get(&["attempts", attempt, "why"]).await
    }
}

fn moment(moment: &Moment) -> Value {
    match moment {
        Moment::TaskStart => json!("task-start"),
        Moment::Step(number) => json!({"step": number}),
        Moment::AfterTool(tool) => json!({"after-tool": tool}),
        Moment::Retry(tries) => json!({"retry": tries}),
        Moment::Subtask(number) => json!({"subtask": number}),
        Moment::Round(number) => json!({"round": number}),
    }
}

fn step(step: &Step) -> Value {
    let actor = match step.actor {
        Actor::User => "user",
        Actor::Thought => "thought",
        Actor::Action => "action",
        Actor::Observation => "observation",
        Actor::Answer => "answer",
        Actor::Subtask => "subtask",
    };
    json!({"actor": actor, "name": step.name, "text": step.text, "failed": step.failed})
}

fn outcome(outcome: &Outcome) -> Value {
    let verdict = match outcome.verdict {
        Verdict::Success => "success",
        Verdict::Failure => "failure",
        Verdict::Unknown => "unknown",
    };
    // What comes through a tool was said by a model.
    json!({"verdict": verdict, "score": outcome.score, "reason": outcome.reason, "authority": "agent"})
}
