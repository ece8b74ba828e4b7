//! The judge: did the attempt solve its task? It sees the attempt and never its outcome.

use memhost_sdk::{Attempt, Fault, Request, Role, llm};
use serde::Deserialize;

use crate::trajectory;

/// Paper, appendix A.2.
const TEMPERATURE: f32 = 0.0;

const INSTRUCTIONS: &str = include_str!("../prompts/judge.md");
const SCHEMA: &str = include_str!("../prompts/judge.schema.json");

/// Whether the task was solved, in the judge's opinion, and why.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Judgement {
    /// All of it; the extractor reads it too.
    pub(crate) reasoning: String,
    pub(crate) verdict: Verdict,
}

/// What the judge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Success,
    Failure,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Success => "success",
            Verdict::Failure => "failure",
        }
    }
}

/// One judgement per attempt. A judge that does not answer is a fault: an attempt that nobody judged has not
/// failed.
pub(crate) fn judge(attempts: &[Attempt]) -> Result<Vec<Judgement>, Fault> {
    let requests: Vec<Request> = attempts.iter().map(request).collect();
    llm::complete(&requests)
        .into_iter()
        .zip(attempts)
        .map(|(reply, attempt)| {
            reply
                .and_then(|reply| read(&reply.text))
                .map_err(|fault| fault.within(&format!("judging attempt `{}`", attempt.id)))
        })
        .collect()
}

fn request(attempt: &Attempt) -> Request {
    Request::new(Role::Judge, "judge")
        .system(INSTRUCTIONS)
        .user(trajectory::for_the_judge(attempt))
        .temperature(TEMPERATURE)
        .max_tokens(Request::SHORT_REPLY)
        .schema(SCHEMA)
}

fn read(reply: &str) -> Result<Judgement, Fault> {
    serde_json::from_str(reply)
        .map_err(|error| Fault::Failed(format!("the reply is not a judgement: {error}")))
}
