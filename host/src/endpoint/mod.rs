//! HTTP to OpenAI-compatible endpoints, for language models and embedders alike: key, timeout, retries,
//! a limit on concurrency, and errors that say which endpoint failed, how, and what to do.
//!
//! What may pass by itself (429, 5xx, a connection that cannot be made or breaks, a reply that does not come)
//! is asked again, after delays that double and jitter; a `Retry-After` of the endpoint's lengthens them. All
//! else fails at once: asking again would only cost more.

mod error;
mod key;
#[cfg(test)]
pub(crate) mod loopback;
#[cfg(test)]
mod tests;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

pub use error::{EndpointError, Problem};
pub use key::{ApiKey, UnusableKey};

/// The longest reply that is read, in bytes.
const LONGEST_REPLY: usize = 64 << 20;

/// The longest wait for a connection; a host that takes longer is as good as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// OpenAI's own endpoint.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";

/// How an endpoint is reached: the table `[endpoint.<name>]` of `memhost.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct EndpointSettings {
    /// The address up to, and without, `/chat/completions` or `/embeddings`. It has no default, so that a
    /// forgotten line does not send anybody's data to a stranger.
    pub base_url: String,
    /// The environment variable that holds the key; empty for an endpoint that wants none. Default:
    /// `OPENAI_API_KEY`.
    pub key_env: String,
    /// How long one try may take, from request to the reply's last byte. Default: 60 s.
    pub timeout_ms: NonZeroU64,
    /// How often a request is tried again. Default: 4.
    pub retries: u32,
    /// The wait before the first retry; it doubles from one to the next, and each is lengthened by a random
    /// part of itself. Default: 500 ms.
    pub retry_delay_ms: NonZeroU64,
    /// The longest wait before a retry. An endpoint whose `Retry-After` asks for more is given up. Default: 60 s.
    pub longest_wait_ms: NonZeroU64,
    /// How many requests may be under way at a time, their retries included. Default: 8.
    pub concurrency: NonZeroUsize,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        EndpointSettings {
            base_url: String::new(),
            key_env: "OPENAI_API_KEY".to_owned(),
            timeout_ms: const { NonZeroU64::new(60_000).unwrap() },
            retries: 4,
            retry_delay_ms: const { NonZeroU64::new(500).unwrap() },
            longest_wait_ms: const { NonZeroU64::new(60_000).unwrap() },
            concurrency: const { NonZeroUsize::new(8).unwrap() },
        }
    }
}

impl EndpointSettings {
    /// The defaults, at an address.
    pub fn at(base_url: impl Into<String>) -> EndpointSettings {
        EndpointSettings {
            base_url: base_url.into(),
            ..EndpointSettings::default()
        }
    }

    /// Whether the address is on this machine: such an endpoint may do without a key, and is never asked
    /// through a proxy.
    pub fn is_local(&self) -> bool {
        Url::parse(&self.base_url).is_ok_and(|url| is_local(&url))
    }

    /// The address for messages: without what may be secret in one that should not hold it.
    pub fn shown(&self) -> String {
        let address = self.base_url.split(['?', '#']).next().unwrap_or_default();
        match address.rsplit_once('@') {
            Some((_secret, host)) => format!("[hidden]@{host}"),
            None => address.to_owned(),
        }
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.get())
    }

    fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest_wait_ms.get())
    }

    fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(self.retry_delay_ms.get()))
            .with_max_delay(self.longest_wait())
            .with_max_times(self.retries as usize)
            .with_jitter()
            // Without a seed of ours every process would jitter alike, which is no jitter.
            .with_jitter_seed(rand::random())
    }

    /// How long to wait before trying again: as long as the endpoint asks, and never less than the backoff's
    /// turn. `None` gives up.
    fn wait(&self, problem: &Problem, turn: Option<Duration>) -> Option<Duration> {
        let turn = turn?.min(self.longest_wait());
        match problem.retry_after() {
            Some(asked) if asked > self.longest_wait() => None,
            Some(asked) => Some(asked.max(turn)),
            None => Some(turn),
        }
    }
}

fn is_local(url: &Url) -> bool {
    match url.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// How waiting is done; tests do it without time.
type Sleep = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// An OpenAI-compatible endpoint. Whoever shares it shares its limit on concurrency.
pub struct Endpoint {
    settings: EndpointSettings,
    base: Url,
    key: Option<ApiKey>,
    client: Client,
    permits: Semaphore,
    sleep: Sleep,
}

impl Endpoint {
    /// An endpoint that has not been asked anything yet.
    ///
    /// # Errors
    /// If the address is not one of HTTP, or holds a user name or a query.
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

    /// Whether somebody answers there, and takes the key: one request for the list of models, and no retries. What
    /// is answered otherwise does not matter; not every endpoint has such a list.
    ///
    /// # Errors
    /// If nobody answers, or the key is refused.
    pub async fn reach(&self) -> Result<(), EndpointError> {
        const REFUSED_KEY: [u16; 2] = [401, 403];
        let url = format!("{}/models", self.url());
        let mut request = self.client.get(&url);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        let problem = match request.send().await {
            Err(error) => self.transport(&error),
            Ok(response) if !REFUSED_KEY.contains(&response.status().as_u16()) => return Ok(()),
            Ok(response) => {
                let status = response.status().as_u16();
                let headers = response.headers().clone();
                self.refusal(
                    status,
                    &headers,
                    &self.read(response).await.unwrap_or_default(),
                )
            }
        };
        Err(EndpointError {
            url,
            tries: 1,
            key_env: self.settings.key_env.clone(),
            problem,
        })
    }

    /// Posts a JSON body to a path below the base address, and reads the JSON that comes back.
    ///
    /// # Errors
    /// When the last try failed too, or trying again would not help.
    pub async fn post<R: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<R, EndpointError> {
        let url = format!("{}/{path}", self.url());
        let mut tries = 0;
        let reply = match serde_json::to_vec(body) {
            Ok(body) => self.persist(&url, body, &mut tries).await,
            Err(error) => Err(Problem::Setup(error.to_string())),
        };
        reply
            .and_then(|value| {
                serde_json::from_value(value).map_err(|error| {
                    Problem::Malformed(format!(
                        "not shaped as one from an OpenAI-compatible endpoint: {error}"
                    ))
                })
            })
            .map_err(|problem| EndpointError {
                url,
                tries,
                key_env: self.settings.key_env.clone(),
                problem,
            })
    }

    /// Tries until it succeeds or there is no sense in trying again, and counts the tries.
    async fn persist(
        &self,
        url: &str,
        body: Vec<u8>,
        tries: &mut u32,
    ) -> Result<serde_json::Value, Problem> {
        // The permit is kept through the waits: an endpoint that says "too many" should get fewer.
        let _permit = self.permits.acquire().await;
        let mut turns = self.settings.backoff().build();
        loop {
            *tries += 1;
            let problem = match self.try_once(url, body.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(problem) => problem,
            };
            let turn = turns.next().filter(|_| problem.may_pass());
            let Some(wait) = self.settings.wait(&problem, turn) else {
                return Err(problem);
            };
            tracing::warn!(endpoint = %url, ?wait, "trying again: {problem}");
            (self.sleep)(wait).await;
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
        let reply = reply?;
        let value: serde_json::Value = serde_json::from_slice(&reply).map_err(|error| {
            let beginning = self.redacted(error::beginning(&reply));
            Problem::Malformed(format!("not JSON ({error}); it begins with `{beginning}`"))
        })?;
        match value.get("error") {
            None | Some(serde_json::Value::Null) => Ok(value),
            Some(_) => Err(Problem::Malformed(format!(
                "an error in place of a result: {}",
                self.redacted(error::explanation(&reply))
            ))),
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
        } else if error.is_connect() {
            Problem::Unreachable(error::root_cause(error))
        } else {
            Problem::Broken(error::root_cause(error))
        }
    }

    fn refusal(&self, status: u16, headers: &HeaderMap, reply: &[u8]) -> Problem {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let explanation = match header(LOCATION) {
            Some(elsewhere) => format!("it has moved to {elsewhere}"),
            None => error::explanation(reply),
        };
        Problem::Refused {
            status,
            explanation: self.redacted(explanation),
            retry_after: header(RETRY_AFTER)
                .and_then(|text| error::retry_after(text, SystemTime::now())),
        }
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
