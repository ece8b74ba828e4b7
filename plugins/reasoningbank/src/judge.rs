//! The judge: did the attempt solve its task? It sees the attempt and never its outcome.

use memhost_sdk::{Attempt, Fault, Prompt, Request, Role, ask_all};
use serde::Deserialize;

use crate::trajectory;

/// The temperature: paper, appendix A.2.
const JUDGE: Prompt<Judgement> = Prompt::new(Role::Judge, "judge")
    .instructions(include_str!("../prompts/judge.md"))
    .replies("a judgement", include_str!("../prompts/judge.schema.json"))
    .temperature(0.0)
    .max_tokens(Request::SHORT_REPLY);

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
    let questions = attempts.iter().map(|attempt| {
        let question = JUDGE.about(trajectory::for_the_judge(attempt));
        question.doing(format!("judging attempt `{}`", attempt.id))
    });
    ask_all(questions).into_iter().collect()
}
