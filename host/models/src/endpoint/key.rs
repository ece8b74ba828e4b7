//! Keys, which are sent and never shown.

use std::fmt;

use reqwest::header::HeaderValue;

/// Shorter keys are words such as `none` or `EMPTY`, which local servers take: no secret, and replacing them
/// would garble messages.
const SHORTEST_SECRET: usize = 8;

/// A key for an endpoint. Neither `Debug` nor any error shows it.
#[derive(Clone)]
pub struct ApiKey {
    secret: String,
    header: HeaderValue,
}

/// Why a text cannot be a key. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// It holds something that no HTTP header can.
    #[error("holds a character that cannot be sent in an HTTP header, such as a line break")]
    Unsendable,
}

impl ApiKey {
    /// A key; white space around it, as files and shells leave it, is dropped.
    ///
    /// # Errors
    /// If it is empty or cannot be sent.
    pub fn new(secret: &str) -> Result<ApiKey, UnusableKey> {
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(UnusableKey::Empty);
        }
        let mut header = HeaderValue::from_str(&format!("Bearer {secret}"))
            .map_err(|_| UnusableKey::Unsendable)?;
        header.set_sensitive(true);
        Ok(ApiKey {
            secret: secret.to_owned(),
            header,
        })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    pub(super) fn redact(&self, text: &str) -> String {
        if self.secret.len() < SHORTEST_SECRET {
            text.to_owned()
        } else {
            text.replace(&self.secret, "[key]")
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([hidden])")
    }
}
