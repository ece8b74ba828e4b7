//! How an answer is asked for, and read out of a reply.

use memhost::contract::Finding;
use memhost_suite::{AnswerCheck, Apart, Episode, Question, apart};
use serde::Deserialize;
use serde_json::json;

/// How an agent is to answer: as its answer is checked.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::driver) enum Form {
    /// In its own words, or the exact words that are wanted.
    Text,
    /// With one number.
    Number,
    /// With one of these.
    Option(Vec<String>),
    /// With a JSON value.
    Json,
    /// With a probability.
    Probability,
    /// With problems that it found.
    Findings {
        /// The most that it may report at a time; at least 1.
        most: u32,
    },
}

/// What a reply with findings looks like.
#[derive(Deserialize)]
struct Report {
    findings: Vec<Reported>,
}

/// One problem as a model reports it.
#[derive(Deserialize)]
struct Reported {
    problem: String,
    evidence: Vec<String>,
    action: String,
    #[serde(default)]
    template: Option<String>,
}

impl Form {
    /// How an episode's task is to be answered, `reports` findings at a time where it hides problems.
    pub(in crate::driver) fn of(episode: &Episode, reports: u32) -> Form {
        if let Some(Question::Discover { .. }) = episode.question {
            return Form::Findings {
                most: reports.max(1),
            };
        }
        match episode.check() {
            Some(AnswerCheck::Numeric { .. }) => Form::Number,
            Some(AnswerCheck::Choice { options, .. }) => Form::Option(options),
            Some(AnswerCheck::Json { .. }) => Form::Json,
            Some(AnswerCheck::Probability { .. }) => Form::Probability,
            Some(AnswerCheck::Exact { .. } | AnswerCheck::Contains { .. }) | None => Form::Text,
        }
    }

    /// What the agent is told of it. It says nothing of which answer is right.
    pub(super) fn instruction(&self) -> String {
        let last_line = |what: &str| format!("End with a line `Answer: …` that holds {what}.");
        match self {
            Form::Text => last_line(
                "nothing but the answer, as short as it can be; whoever names several has named none",
            ),
            Form::Number => last_line("one number, without its unit"),
            Form::Option(options) => format!(
                "{}\n\n{}",
                last_line("one of these options, word for word, and no other"),
                options
                    .iter()
                    .map(|option| format!("- {option}"))
                    .collect::<Vec<_>>()
                    .join("\n")
            ),
            Form::Json => {
                "End with a line `Answer:`, and after it nothing but the answer, as JSON."
                    .to_owned()
            }
            Form::Probability => last_line("a probability between 0 and 1, as in 0.35"),
            Form::Findings { most } => format!(
                "Reply with a JSON object whose list `findings` holds the problems that you see and that are not \
                 reported already: {}, the surest first, and none if there are no more. Of each say in `problem` \
                 what it is, in `evidence` the ids of the documents that show it, in `action` what to do about it, \
                 and in `template` the id of the template that you recognised it by, if you were given one.",
                match most {
                    1 => "one at most".to_owned(),
                    most => format!("{most} at most"),
                }
            ),
        }
    }

    /// The JSON Schema that a reply must satisfy.
    pub(super) fn schema(&self) -> Option<String> {
        let Form::Findings { most } = self else {
            return None;
        };
        let schema = json!({
            "type": "object",
            "properties": {
                "findings": {
                    "type": "array",
                    "maxItems": most,
                    "items": {
                        "type": "object",
                        "properties": {
                            "problem": {"type": "string"},
                            "evidence": {"type": "array", "items": {"type": "string"}},
                            "action": {"type": "string"},
                            "template": {"type": "string"}
                        },
                        "required": ["problem", "evidence", "action"],
                        "additionalProperties": false
                    }
                }
            },
            "required": ["findings"],
            "additionalProperties": false
        });
        Some(schema.to_string())
    }

    /// The thought in a reply, and the answer: what follows the last line that begins `Answer:`. A reply without such a
    /// line ends in its answer: with its last line, or as a whole where lines mean nothing. What stands between marks
    /// such as `<think>` is thought; one that is not closed was cut off, and there is no answer.
    pub(super) fn split(&self, reply: &str) -> (String, String) {
        let is_value = matches!(self, Form::Json | Form::Findings { .. });
        if is_value && serde_json::from_str::<serde_json::Value>(reply.trim()).is_ok() {
            // Whatever its texts hold.
            return (String::new(), reply.trim().to_owned());
        }
        let Apart { thought, said } = apart(reply);
        let Some(said) = said else {
            return (thought, String::new());
        };
        let (before, answer) = self.split_said(&said);
        let thoughts = [thought.as_str(), before];
        let thoughts: Vec<&str> = thoughts
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        (thoughts.join("\n\n"), answer.to_owned())
    }

    fn split_said<'r>(&self, said: &'r str) -> (&'r str, &'r str) {
        let whole = ("", said.trim());
        if let Form::Findings { .. } = self {
            return whole;
        }
        let mut end = said.len();
        for line in said.split_inclusive('\n').rev() {
            let start = end - line.len();
            if let Some(after) = announced(line) {
                let answer = said[end - after..].trim();
                if !answer.is_empty() {
                    return (said[..start].trim(), answer);
                }
            }
            end = start;
        }
        match whole.1.rsplit_once('\n') {
            Some((before, last)) if *self != Form::Json => (before.trim(), last.trim()),
            _ => whole,
        }
    }

    /// The problems in a reply, at most as many as were asked for. Ids that no document has are no evidence.
    pub(super) fn findings(&self, reply: &str, documents: &[String]) -> Vec<Finding> {
        let Form::Findings { most } = self else {
            return Vec::new();
        };
        // A sound reply is never touched, whatever its texts hold.
        let report = serde_json::from_str::<Report>(reply).ok();
        let report = report.or_else(|| serde_json::from_str(&apart(reply).said?).ok());
        let Some(report) = report else {
            return Vec::new();
        };
        report
            .findings
            .into_iter()
            .filter(|reported| !reported.problem.trim().is_empty())
            .take(usize::try_from(*most).unwrap_or(usize::MAX))
            .map(|reported| Finding {
                problem: reported.problem.trim().to_owned(),
                evidence: reported
                    .evidence
                    .into_iter()
                    .filter(|id| documents.contains(id))
                    .collect(),
                action: reported.action,
                template: reported.template.filter(|name| !name.trim().is_empty()),
            })
            .collect()
    }
}

/// How many bytes follow a line's `Answer:`, if that is how it begins, emphasis and the like aside.
fn announced(line: &str) -> Option<usize> {
    const MARK: &str = "answer:";
    let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '#' | '>' | '`');
    let text = line.trim_start_matches(marks);
    let text = match text.get(..6) {
        Some(word) if word.eq_ignore_ascii_case("final ") => text.get(6..)?,
        _ => text,
    };
    let begins = text.get(..MARK.len())?.eq_ignore_ascii_case(MARK);
    let after = text.get(MARK.len()..)?.trim_start_matches(['*', '_']);
    begins.then_some(after.len())
}
