//! What endpoints answer: vectors as numbers or in base64, and what they mean by a refusal.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, de};

use crate::endpoint::{EndpointError, Problem, RefusalKind};

#[derive(Deserialize)]
pub(super) struct EmbeddingReply {
    pub data: Vec<IndexedVector>,
}

#[derive(Deserialize)]
pub(super) struct IndexedVector {
    #[serde(default)]
    pub index: usize,
    #[serde(deserialize_with = "numbers")]
    pub embedding: Vec<f32>,
}

/// Numbers, or their bytes in base64: some servers answer so whether or not they are asked to.
fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a list of numbers, or base64 of 32-bit floats"
    )]
    enum Vector {
        Numbers(Vec<f32>),
        Base64(String),
    }
    match Vector::deserialize(deserializer)? {
        Vector::Numbers(numbers) => Ok(numbers),
        Vector::Base64(text) => {
            let bytes = BASE64_STANDARD
                .decode(text.trim())
                .map_err(|error| de::Error::custom(format!("a vector is no base64: {error}")))?;
            let (floats, rest) = bytes.as_chunks::<4>();
            match rest {
                [] => Ok(floats
                    .iter()
                    .map(|four| f32::from_le_bytes(*four))
                    .collect()),
                _ => Err(de::Error::custom(format!(
                    "a vector in base64 has {} bytes, which are no 32-bit floats",
                    bytes.len()
                ))),
            }
        }
    }
}

/// What an endpoint may have against a request that could be put otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// The field `encoding_format`.
    Encoding,
    /// It is too long, or too much at once; or else nobody knows: a smaller request will show.
    Size,
}

pub(super) fn objection(error: &EndpointError) -> Option<Objection> {
    let Problem::Refused(refusal) = &error.problem else {
        return None;
    };
    let said = refusal.explanation.to_lowercase();
    let is_refusal = matches!(refusal.status, 400 | 413 | 422);
    if is_refusal && (said.contains("encoding_format") || said.contains("encoding format")) {
        return Some(Objection::Encoding);
    }
    (is_refusal || refusal.kind == RefusalKind::TooLong).then_some(Objection::Size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Refusal;

    fn refused(status: u16, explanation: &str) -> Option<Objection> {
        objection(&EndpointError {
            url: String::new(),
            tries: 1,
            key_env: String::new(),
            problem: Problem::Refused(Box::new(Refusal::read(
                status,
                explanation.as_bytes(),
                None,
            ))),
        })
    }

    #[test]
    fn a_refusal_is_taken_for_one_of_size_unless_it_is_surely_of_something_else() {
        for (status, said) in [
            (400, "invalid parameter"),
            (
                400,
                "This model's maximum context length is 8192 tokens, however you requested 9001",
            ),
            (413, ""),
            (413, "batch size 64 > maximum allowed batch size 32"),
            (422, "inputs must have less than 512 tokens. Given: 714"),
            (
                429,
                "Request too large for text-embedding-3-small on tokens per min",
            ),
            (
                500,
                "input is too large to process. increase the physical batch size",
            ),
            (500, "the input length exceeds the context length"),
        ] {
            assert_eq!(
                refused(status, said),
                Some(Objection::Size),
                "{status} {said}"
            );
        }
        for (status, said) in [
            (400, "Unknown parameter: encoding_format"),
            (
                422,
                "[{'loc': ['body', 'encoding_format'], 'msg': 'extra fields not permitted'}]",
            ),
        ] {
            assert_eq!(
                refused(status, said),
                Some(Objection::Encoding),
                "{status} {said}"
            );
        }
        for (status, said) in [
            (401, "invalid key"),
            (404, "there is no such model"),
            (429, "rate limit exceeded: too many requests"),
            (429, "You exceeded your current quota"),
            (500, "internal error"),
            (503, "overloaded"),
        ] {
            assert_eq!(refused(status, said), None, "{status} {said}");
        }
    }
}
