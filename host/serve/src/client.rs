//! A client of a running server: requests that name their attempt can be repeated, and answers that are problems are errors.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long a request may take: a plugin that is to answer from now on is compiled and checked first.
const TIMEOUT: Duration = Duration::from_secs(600);

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

/// A client of a running server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Of the server: `http://127.0.0.1:4780`.
    url: Url,
    is_patient: bool,
}

/// Why a server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It cannot be an address.
    #[error(
        "`{0}` is no address of a server: it begins with `http://` or `https://`, as `http://127.0.0.1:4780` does"
    )]
    Address(String),
    /// The key or the tenant's name cannot be sent.
    #[error("the {0} holds what no header can: letters, digits and signs of ASCII")]
    Header(&'static str),
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
        /// The status of the answer.
        status: u16,
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

impl ClientError {
    /// What programs tell apart: the problem's code, where the server gave one.
    pub fn code(&self) -> &str {
        match self {
            ClientError::Refused { code, .. } => code,
            ClientError::Unexpected { .. } => "unexpected-answer",
            _ => "unreachable",
        }
    }
}

impl Client {
    /// The server at an address: `http://127.0.0.1:4780`. The key goes into every request, and so does the tenant.
    ///
    /// # Errors
    /// The address is none, or the key or the tenant is nothing that a request can carry.
    pub fn new(
        address: &str,
        key: Option<String>,
        tenant: Option<String>,
    ) -> Result<Client, ClientError> {
        let not_an_address = || ClientError::Address(address.to_owned());
        let mut url = Url::parse(address).map_err(|_| not_an_address())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(not_an_address());
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
        }
        url.set_query(None);
        url.set_fragment(None);
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let key = header("key", &format!("Bearer {key}"))?;
            headers.insert(AUTHORIZATION, key);
        }
        if let Some(tenant) = tenant {
            headers.insert("memhost-tenant", header("tenant", &tenant)?);
        }
        let mut client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .default_headers(headers)
            // A key is for the server that was named, and for no other that it points to.
            .redirect(reqwest::redirect::Policy::none());
        if is_this_machine(&url) {
            client = client.no_proxy();
        }
        Ok(Client {
            http: client.build().map_err(ClientError::Client)?,
            url,
            is_patient: false,
        })
    }

    /// The same, which asks again where nothing answers, or a server that has too much to do.
    pub fn patient(self) -> Client {
        Client {
            is_patient: true,
            ..self
        }
    }

    /// What the server answers to a GET of this path: `["v1", "slots"]`.
    ///
    /// # Errors
    /// It does not answer, or says no.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// The same of a POST.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: Value,
    ) -> Result<T, ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// The same of a DELETE.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, ClientError> {
        self.call(Method::DELETE, path, None).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<T, ClientError> {
        let mut url = self.url.clone();
        if let Ok(mut own) = url.path_segments_mut() {
            own.extend(path);
        }
        let mut waits = WAITS.into_iter().filter(|_| self.is_patient);
        loop {
            let sent = self.send(method.clone(), url.clone(), body.as_ref()).await;
            let (Some(wait), Some(least)) = (waits.next(), worth_another(&sent)) else {
                let answered = sent.map_err(|source| ClientError::Unreachable {
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
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    async fn read<T: DeserializeOwned>(&self, answered: Response) -> Result<T, ClientError> {
        #[derive(Deserialize)]
        struct Problem {
            r#type: String,
            title: String,
            #[serde(default)]
            detail: String,
            field: Option<String>,
        }
        let status = answered.status();
        let unexpected = || ClientError::Unexpected {
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
        Err(ClientError::Refused {
            code: code.to_owned(),
            status: status.as_u16(),
            detail,
        })
    }

    /// The server, for messages.
    fn server(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// A header's value, which is shown to nobody.
fn header(what: &'static str, text: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ClientError::Header(what))?;
    value.set_sensitive(true);
    Ok(value)
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
