//! HTTP to OpenAI-compatible endpoints, for language models and embedders alike: key, timeout, retries,
//! a limit on concurrency, and errors that say which endpoint failed, how, and what to do.
//!
//! What may pass by itself (429, 5xx, a connection that cannot be made or breaks, a reply that does not come or is
//! empty) is asked again, after delays that double and jitter; a `Retry-After` of the endpoint's lengthens them. All
//! else fails at once: asking again would only cost more. What makes asking anything at all senseless, such as a
//! quota that is used up, ends every request under way and to come: see [`Health`].

mod body;
mod error;
mod health;
mod key;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backon::BackoffBuilder;
use futures::future::BoxFuture;
pub use memhost_contract::health::Health;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};

use health::Monitor;
use settings::is_local;

pub use error::{EndpointError, Problem};
pub use key::{ApiKey, UnusableKey};
pub use refusal::{Refusal, RefusalKind};
pub use settings::EndpointSettings;

/// The longest reply that is read, in bytes.
const LONGEST_REPLY: usize = 64 << 20;

/// The longest wait for a connection; a host that takes longer is as good as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// OpenAI's own endpoint.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";

/// How waiting is done; tests do it without time.
type Sleep = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// An OpenAI-compatible endpoint. Whoever shares it shares its limit on concurrency.
pub struct Endpoint {
    settings: EndpointSettings,
    base: Url,
    key: Option<ApiKey>,
    client: Client,
    permits: Semaphore,
    monitor: Monitor,
    sleep: Sleep,
}

impl Endpoint {
    /// An endpoint that has not been asked anything yet.
    ///
    /// # Errors
    /// If the address is not one of HTTP, or holds a user name or a query, or there are no certificates in `ca_file`.
    pub fn new(settings: EndpointSettings, key: Option<ApiKey>) -> Result<Endpoint, EndpointError> {
        let fail = |problem| EndpointError {
            url: settings.shown(),
            tries: 0,
            key_env: settings.key_env.clone(),
            problem,
        };
        let base = base_url(&settings.base_url).map_err(fail)?;
        let mut client = Client::builder()
            .user_agent(concat!("memhost/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout())
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout()))
            // A redirected POST loses its body; the address is to be put right instead.
            .redirect(redirect::Policy::none());
        if let Some(file) = settings
            .ca_file
            .as_deref()
            .filter(|_| base.scheme() == "https")
        {
            for authority in authorities(file).map_err(fail)? {
                client = client.add_root_certificate(authority);
            }
        }
        if is_local(&base) {
            client = client.no_proxy();
        } else if base.scheme() == "http" && key.is_some() {
            tracing::warn!(endpoint = %base, "the key is sent unencrypted: the address begins with http, not https");
        }
        let client = client
            .build()
            .map_err(|error| fail(Problem::Setup(error::root_cause(&error))))?;
        Ok(Endpoint {
            permits: Semaphore::new(settings.concurrency.get()),
            monitor: Monitor::new(settings.give_up_after(), settings.is_never_given_up),
            settings,
            base,
            key,
            client,
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
        })
    }

    /// The same endpoint, with another way of waiting between tries.
    #[cfg(test)]
    pub(crate) fn sleeping(
        self,
        sleep: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Endpoint {
        Endpoint {
            sleep: Arc::new(sleep),
            ..self
        }
    }

    /// How many requests may be under way at a time.
    pub fn concurrency(&self) -> usize {
        self.settings.concurrency.get()
    }

    /// Its address, for messages.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// How it is, now and whenever that changes.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.monitor.subscribe()
    }

    /// Posts a JSON body to a path below the base address, and reads the JSON that comes back.
    ///
    /// # Errors
    /// When the last try failed too, trying again would not help, or it is [over](Health::Over) with the endpoint.
    pub async fn post<R: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<R, EndpointError> {
        self.ask(path, body, |value| {
            serde_json::from_value(value).map_err(|error| {
                Problem::Malformed(format!(
                    "not shaped as one from an OpenAI-compatible endpoint: {error}"
                ))
            })
        })
        .await
    }

    /// The same, where what comes back has no fixed shape: `read` says what is in it, or what is wrong with it.
    ///
    /// # Errors
    /// See [`Endpoint::post`].
    pub async fn ask<R>(
        &self,
        path: &str,
        body: &impl Serialize,
        read: impl Fn(serde_json::Value) -> Result<R, Problem>,
    ) -> Result<R, EndpointError> {
        let url = format!("{}/{path}", self.url());
        let body = match serde_json::to_vec(body) {
            Ok(body) => body,
            Err(error) => return Err(self.error(&url, 0, Problem::Setup(error.to_string()))),
        };
        let _under_way = self.monitor.begin();
        tokio::select! {
            biased;
            problem = self.monitor.over() => Err(self.error(&url, 0, problem)),
            reply = self.persist(&url, body, read) => reply,
        }
    }

    fn error(&self, url: &str, tries: u32, problem: Problem) -> EndpointError {
        EndpointError {
            url: url.to_owned(),
            tries,
            key_env: self.settings.key_env.clone(),
            problem,
        }
    }

    /// Tries until it succeeds or there is no sense in trying again.
    async fn persist<R>(
        &self,
        url: &str,
        body: Vec<u8>,
        read: impl Fn(serde_json::Value) -> Result<R, Problem>,
    ) -> Result<R, EndpointError> {
        // The permit is kept through the waits: an endpoint that says "too many" should get fewer.
        let _permit = self.permits.acquire().await;
        let mut turns = self.settings.backoff().build();
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.try_once(url, body.clone()).await.and_then(&read) {
                Ok(reply) => {
                    self.monitor.answered();
                    return Ok(reply);
                }
                Err(problem) => self.error(url, tries, problem),
            };
            if error.problem.is_of_request() {
                self.monitor.answered();
                return Err(error);
            }
            let error = self.monitor.failed(error);
            let turn = turns.next().filter(|_| error.problem.may_pass());
            let Some(wait) = self.settings.wait(&error.problem, turn) else {
                return Err(error);
            };
            tracing::warn!(endpoint = %url, ?wait, "trying again: {}", error.problem);
            // The last try is made when patience ends, not after it.
            (self.sleep)(wait.min(self.monitor.patience())).await;
        }
    }

    async fn try_once(&self, url: &str, body: Vec<u8>) -> Result<serde_json::Value, Problem> {
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        let response = request.send().await.map_err(|e| self.transport(&e))?;
        let status = response.status();
        let headers = response.headers().clone();
        let reply = self.read(response).await;
        if !status.is_success() {
            // What was said with a refusal is a courtesy; the refusal counts without it.
            return Err(self.refusal(status.as_u16(), &headers, &reply.unwrap_or_default()));
        }
        let value = body::parse(&reply?).map_err(|problem| match problem {
            // Whoever has answered before says something else for a while: a page of a proxy, the half of a reply.
            Problem::Malformed(told) if self.monitor.has_answered() => {
                Problem::Empty(self.redacted(told))
            }
            Problem::Malformed(told) => Problem::Malformed(self.redacted(told)),
            other => other,
        })?;
        match refusal::is_refusal(&value) {
            true => Err(self.refusal(status.as_u16(), &headers, value.to_string().as_bytes())),
            false => Ok(value),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Problem> {
        let mut reply = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.transport(&e))? {
            if reply.len() + chunk.len() > LONGEST_REPLY {
                return Err(Problem::Malformed(format!(
                    "longer than {LONGEST_REPLY} bytes"
                )));
            }
            reply.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    fn transport(&self, error: &reqwest::Error) -> Problem {
        if error.is_timeout() && !error.is_connect() {
            Problem::Silent(self.settings.timeout())
        } else if let Some(distrust) = error::distrust(error) {
            Problem::Certificate(distrust)
        } else if error.is_connect() {
            Problem::Unreachable(error::root_cause(error))
        } else {
            Problem::Broken(error::root_cause(error))
        }
    }

    fn refusal(&self, status: u16, headers: &HeaderMap, reply: &[u8]) -> Problem {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let retry_after =
            header(RETRY_AFTER).and_then(|text| error::retry_after(text, SystemTime::now()));
        let refusal = match header(LOCATION) {
            Some(elsewhere) => Refusal::moved(status, elsewhere),
            None => Refusal::read(status, reply, retry_after),
        };
        Problem::Refused(Box::new(Refusal {
            explanation: self.redacted(refusal.explanation),
            ..refusal
        }))
    }

    /// A text from a reply, without the key: an endpoint may repeat what it is sent, and nobody else may learn it.
    pub fn without_key(&self, text: String) -> String {
        match &self.key {
            Some(key) => key.redact(&text),
            None => text,
        }
    }

    /// Endpoints quote keys in their errors.
    fn redacted(&self, text: String) -> String {
        error::shortened(&self.without_key(text))
    }
}

/// The certificates of a file.
fn authorities(file: &Path) -> Result<Vec<Certificate>, Problem> {
    let unusable = |why: String| Problem::Authorities(format!("`{}`: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(authorities) if authorities.is_empty() => {
            Err(unusable("there is no certificate in it".to_owned()))
        }
        Ok(authorities) => Ok(authorities),
        Err(error) => Err(unusable(error::root_cause(&error))),
    }
}

fn base_url(text: &str) -> Result<Url, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::Address("it is missing".to_owned()));
    }
    let url = Url::parse(text).map_err(|error| Problem::Address(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Problem::Address(
            "it must begin with http:// or https://".to_owned(),
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::Address(
            "it holds a user name or password; keys belong into the environment".to_owned(),
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Problem::Address(
            "it must end before `?` and `#`".to_owned(),
        ));
    }
    Ok(url)
}
