//! A running server, as commands ask it.

use std::time::Duration;

use memhost_base::error_chain::chain;
use memhost_base::visible;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// The variable with the key.
const KEY: &str = "MEMHOST_KEY";
/// How long a change may take: plugins are compiled and checked first.
const LONGEST: Duration = Duration::from_secs(600);

/// Which server is asked.
#[derive(Debug, clap::Args)]
pub struct ServerFlags {
    /// The server's address.
    #[arg(
        long,
        value_name = "URL",
        env = "MEMHOST_URL",
        default_value = "http://127.0.0.1:4780"
    )]
    url: String,
}

/// Why a server does not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error(
        "no server answers at {url}: start one with `memhost serve`, or name another with --url\n  caused by: {why}"
    )]
    NoServer { url: String, why: String },
    #[error("{url} does not answer as memhost does: {why}")]
    Strange { url: String, why: String },
    #[error("{KEY} holds what no header can")]
    Key,
    #[error("{title} ({code}): {detail}{}", cure(.code))]
    Problem {
        title: String,
        code: String,
        detail: String,
    },
}

fn cure(code: &str) -> &'static str {
    match code {
        "key-missing" | "key-unknown" | "key-revoked" => {
            "\n  put a key of the right `admin` into MEMHOST_KEY; `memhost key create --right admin` makes one"
        }
        _ => "",
    }
}

/// A running server.
pub struct Running {
    url: String,
    client: Client,
    key: Option<String>,
}

/// As the server tells a problem.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    detail: String,
}

impl ServerFlags {
    /// The server, with the key that the environment has.
    pub fn running(&self) -> Result<Running, Failure> {
        Running::at(&self.url)
    }
}

impl Running {
    /// The server at an address, with the key that the environment has.
    pub fn at(url: &str) -> Result<Running, Failure> {
        let client = Client::builder().timeout(LONGEST).build();
        let key = std::env::var(KEY).ok().filter(|key| !key.is_empty());
        Ok(Running {
            url: url.trim_end_matches('/').to_owned(),
            client: client.map_err(Failure::failed)?,
            key,
        })
    }

    /// What it answers to a GET.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.client.get(format!("{}{path}", self.url));
        self.send(request).await
    }

    /// What it answers to a POST.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Failure> {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        self.send(request).await
    }

    /// What it answers to a DELETE.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.client.delete(format!("{}{path}", self.url));
        self.send(request).await
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let request = match &self.key {
            Some(key) if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                request.bearer_auth(key)
            }
            Some(_) => return Err(Failure::usage(NotDone::Key)),
            None => request,
        };
        let no_server = |error: reqwest::Error| {
            Failure::failed(NotDone::NoServer {
                url: self.url.clone(),
                why: chain(&error),
            })
        };
        let strange = |error: String| {
            Failure::failed(NotDone::Strange {
                url: self.url.clone(),
                why: error,
            })
        };
        let answer = request.send().await.map_err(no_server)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(no_server)?;
        if status.is_success() {
            let answer = serde_json::from_slice(&body);
            return answer.map_err(|error| strange(error.to_string()));
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => {
                let code = problem.kind.rsplit('/').next().unwrap_or_default();
                let failed = NotDone::Problem {
                    title: visible::line(&problem.title).into_owned(),
                    code: visible::line(code).into_owned(),
                    detail: visible::line(&problem.detail).into_owned(),
                };
                Err(match status {
                    StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Failure::usage(failed),
                    _ => Failure::failed(failed),
                })
            }
            Err(_) => Err(strange(format!("it says {status}"))),
        }
    }
}
