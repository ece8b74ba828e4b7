//! A running server, as commands ask it.

use memhost_base::visible;
use memhost_serve::{Client, ClientError};

use crate::Failure;

/// The variable with the key.
const KEY: &str = "MEMHOST_KEY";

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

impl ServerFlags {
    /// The server, with the key that the environment has.
    pub fn client(&self) -> Result<Client, Failure> {
        client(&self.url, None)
    }

    /// The same for this tenant.
    pub fn client_for(&self, tenant: Option<String>) -> Result<Client, Failure> {
        client(&self.url, tenant)
    }
}

/// The server at an address, with the key that the environment has.
pub fn client(url: &str, tenant: Option<String>) -> Result<Client, Failure> {
    let key = std::env::var(KEY).ok().filter(|key| !key.is_empty());
    Client::new(url, key, tenant).map_err(Failure::usage)
}

/// What a server says no with, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}{}", cure(.code))]
struct Refused {
    code: String,
    detail: String,
}

fn cure(code: &str) -> &'static str {
    match code {
        "key-missing" | "key-unknown" | "key-revoked" => {
            "\n  put a key of the right `admin` into MEMHOST_KEY; `memhost key create --right admin` makes one"
        }
        _ => "",
    }
}

/// What a server refused, as the command line tells it.
pub fn refused(error: ClientError) -> Failure {
    let ClientError::Refused {
        code,
        status,
        detail,
    } = &error
    else {
        return Failure::failed(error);
    };
    let refused = Refused {
        code: visible::line(code).into_owned(),
        detail: visible::line(detail).into_owned(),
    };
    match status {
        400 | 404 => Failure::usage(refused),
        _ => Failure::failed(refused),
    }
}
