//! A language model as the agent: guidance and task go in, a trajectory and an answer come out.
//!
//! Where a model is configured to act, it takes the frozen reader's place. One run is one conversation:
//!
//! - **The system message** says how to work, followed by the guidance if its placement is `system`.
//! - **The user's message** is the task's text and documents, after the guidance if its placement is `user`, and how
//!   to answer, which follows from how the answer is checked ([`Form`]).
//! - **The reply** is split at its last line `Answer:`. What stands before is thought, and so is what stands between
//!   marks such as `<think>`; what follows is handed in.
//!
//! - **A call** instead of an answer is a line `Call:`, where a strategy offers tools ([`Run::call`]); what the strategy says
//!   to it is the next message ([`ModelAgent::answer_call`]). What it says at other moments of the run stands where its
//!   placement has it ([`Run::guide`]).
//!
//! A run can be continued with check messages ([`ModelAgent::refine`]: sequential MaTTS, ReasoningBank section 3.3),
//! and repeated with what was found so far ([`Assignment::found`]: TIDE's rounds). Scores come from the suite
//! ([`AnswerCheck::score`](memhost_suite::AnswerCheck::score), or [`Reader::judge`](memhost_suite::Reader::judge) for
//! findings) and become an outcome by [`outcome`].
//!
//! Everything follows from the replies alone. Runs of one task that are to be made side by side must be *started* in
//! order, so that a cassette tells them apart.

mod best;
mod form;
#[cfg(test)]
mod tests;
mod tools;

use std::sync::Arc;

use memhost::capability::ModelCall;
use memhost::contract::{
    Actor, Agent, Authority, Fault, Finding, Message, Outcome, Placement, Request, Role, Speaker,
    Step, Task, Tool, Verdict,
};
use memhost::model::{Completion, Mended, Models};

pub(super) use best::{PURPOSE as SELECT, best};
pub(super) use form::Form;
pub(super) use tools::Call;

const SYSTEM: &str = include_str!("model_agent/prompts/system.md");
const SYSTEM_WITH_TOOLS: &str = include_str!("model_agent/prompts/system_with_tools.md");
const CHECK_FIRST: &str = include_str!("model_agent/prompts/check_first.md");
const CHECK_AGAIN: &str = include_str!("model_agent/prompts/check_again.md");

/// What the agent's requests are for, in the cost table.
pub(super) const PURPOSE: &str = "act";
/// The score from which a run counts as a success.
const SUCCESS: f64 = 0.5;

/// An agent that runs on a language model.
#[derive(Clone)]
pub(super) struct ModelAgent {
    models: Arc<Models>,
    /// Which model it runs on: agents of several strengths are roles.
    pub(super) role: Role,
    /// Sampling temperature; `None` is the model's own. ReasoningBank's web agents have 0.7, Live-Evo's 0.2.
    pub(super) temperature: Option<f32>,
}

/// What an agent is to do, and what it is told.
#[derive(Clone, Copy)]
pub(super) struct Assignment<'a> {
    /// What it works on.
    pub(super) task: &'a Task,
    /// What the strategy has to say, cut at its budget; empty: nothing.
    pub(super) guidance: &'a str,
    /// Where that goes.
    pub(super) placement: Placement,
    /// Tools that the strategy offers.
    pub(super) offers: &'a [Tool],
    /// How it is to answer.
    pub(super) form: &'a Form,
    /// What earlier rounds found, for [`Form::Findings`].
    pub(super) found: &'a [Finding],
}

/// What an agent did.
#[derive(Clone)]
pub(super) struct Run {
    /// The trajectory, check messages included.
    pub(super) steps: Vec<Step>,
    /// What it hands in.
    pub(super) answer: String,
    /// The problems that it reports, for [`Form::Findings`]; none if it sees no more.
    pub(super) findings: Vec<Finding>,
    /// Every model call of the run, in order.
    pub(super) calls: Vec<ModelCall>,
    brief: Brief,
    /// What was said after the brief.
    conversation: Vec<Message>,
    /// What it wants to call, if that is how its last reply ends.
    call: Option<Call>,
}

/// What an agent is told before it begins.
#[derive(Clone)]
struct Brief {
    task: Task,
    form: Form,
    found: Vec<Finding>,
    offers: Vec<Tool>,
    /// What the strategy said, in order.
    guidance: Vec<(Placement, String)>,
}

impl ModelAgent {
    /// An agent on the model that answers [`Role::Agent`], at the model's own temperature.
    pub(super) fn new(models: Arc<Models>) -> ModelAgent {
        ModelAgent {
            models,
            role: Role::Agent,
            temperature: None,
        }
    }

    /// One agent per model that is not the same as another's, weakest first.
    pub(super) fn every(models: &Arc<Models>) -> Vec<ModelAgent> {
        let mut agents: Vec<ModelAgent> = Vec::new();
        for role in [Role::Cheap, Role::Agent, Role::Strongest] {
            let name = models.role(role).name();
            if !agents.iter().any(|one| one.name() == name) {
                agents.push(ModelAgent {
                    role,
                    ..ModelAgent::new(models.clone())
                });
            }
        }
        agents
    }

    fn name(&self) -> &str {
        self.models.role(self.role).name()
    }

    /// What strategies hear of it.
    pub(super) fn agent(&self) -> Agent {
        let (id, rank) = match self.role {
            Role::Cheap => ("cheap", 0),
            Role::Agent => ("agent", 1),
            Role::Judge => ("judge", 1),
            Role::Strongest => ("strongest", 2),
        };
        Agent {
            rank,
            ..Agent::new(id, self.name())
        }
    }

    /// The same agent at this temperature; at the model's own, if there is none.
    pub(super) fn at_temperature(self, temperature: Option<f32>) -> ModelAgent {
        ModelAgent {
            temperature,
            ..self
        }
    }

    /// One run, up to its answer or to its first call.
    ///
    /// # Errors
    /// If the model does not answer. That was one call too: [`unanswered`].
    pub(super) async fn run(&self, assignment: &Assignment<'_>) -> Result<Run, Fault> {
        let run = Run {
            steps: Vec::new(),
            answer: String::new(),
            findings: Vec::new(),
            calls: Vec::new(),
            brief: Brief {
                task: assignment.task.clone(),
                form: assignment.form.clone(),
                found: assignment.found.to_vec(),
                offers: assignment.offers.to_vec(),
                guidance: vec![(assignment.placement, assignment.guidance.to_owned())],
            },
            conversation: Vec::new(),
            call: None,
        };
        self.go_on(run).await
    }

    /// Tells an agent what came of its call, and lets it go on.
    ///
    /// # Errors
    /// As for [`ModelAgent::refine`].
    pub(super) async fn answer_call(&self, run: &Run, said: &str) -> Result<Run, Fault> {
        let mut run = run.clone();
        let Some(call) = run.call.take() else {
            return Ok(run);
        };
        let is_offered = run.offers(&call.tool);
        let said = match is_offered {
            true => said.to_owned(),
            false => tools::unknown(&call.tool, &run.brief.offers),
        };
        let told = format!("# What `{}` says\n\n{said}", call.tool);
        run.steps.push(Step {
            name: Some(call.tool),
            failed: Some(!is_offered),
            ..Step::new(Actor::Observation, said)
        });
        run.conversation.push(message(Speaker::User, told));
        self.go_on(run).await
    }

    /// Continues a finished run with a check message; `round` counts from 0, and the first message says more than
    /// the later ones. The answer and the findings of the run are then those of the last reply; its steps and calls
    /// are all that there were.
    ///
    /// # Errors
    /// If the model does not answer. The run is then as good as it was, and there was one call more: [`unanswered`].
    pub(super) async fn refine(&self, run: &Run, round: u32) -> Result<Run, Fault> {
        let check = if round == 0 { CHECK_FIRST } else { CHECK_AGAIN };
        let check = format!("{}\n\n{}", check.trim_end(), run.brief.form.instruction());
        let mut run = run.clone();
        run.steps.push(step(Actor::User, check.clone()));
        run.conversation.push(message(Speaker::User, check));
        self.go_on(run).await
    }

    async fn go_on(&self, mut run: Run) -> Result<Run, Fault> {
        let request = Request {
            role: self.role,
            messages: [run.brief.messages(), run.conversation.clone()].concat(),
            temperature: self.temperature,
            max_tokens: None,
            schema: run.brief.form.schema(),
            purpose: PURPOSE.to_owned(),
        };
        let completion = self.models.role(self.role).complete(&request).await?;
        run.take(completion);
        Ok(run)
    }
}

impl Run {
    /// What it wants to call before it goes on.
    pub(super) fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// Whether a tool of this name was offered.
    pub(super) fn offers(&self, tool: &str) -> bool {
        self.brief.offers.iter().any(|offer| offer.name == tool)
    }

    /// What a strategy says in the middle of it: beside what stands in that place already, or instead.
    pub(super) fn guide(
        &mut self,
        placement: Placement,
        text: &str,
        replaces: bool,
        offers: &[Tool],
    ) {
        if replaces {
            self.brief.guidance.retain(|(place, _)| *place != placement);
        }
        self.brief.guidance.push((placement, text.to_owned()));
        for tool in offers {
            if !self.offers(&tool.name) {
                self.brief.offers.push(tool.clone());
            }
        }
    }

    fn take(&mut self, Completion { reply, mended }: Completion) {
        self.calls.push(ModelCall {
            purpose: PURPOSE.to_owned(),
            input_tokens: reply.input_tokens,
            output_tokens: reply.output_tokens,
            answered: true,
            fault: None,
            mended,
        });
        let call = tools::called(&reply.text).filter(|_| !self.brief.offers.is_empty());
        match call {
            Some((thought, call)) => {
                if !thought.is_empty() {
                    self.steps.push(step(Actor::Thought, thought.to_owned()));
                }
                self.steps.push(Step::action(&call.tool, &call.arguments));
                self.call = Some(call);
            }
            None => self.take_answer(&reply.text),
        }
        let said = message(Speaker::Assistant, reply.text);
        self.conversation.push(said);
    }

    fn take_answer(&mut self, reply: &str) {
        let (thought, answer) = self.brief.form.split(reply);
        if !thought.is_empty() {
            self.steps.push(step(Actor::Thought, thought));
        }
        self.steps.push(step(Actor::Answer, answer.clone()));
        self.answer = answer;
        let documents = ids(&self.brief.task);
        self.findings = self.brief.form.findings(reply, &documents);
    }
}

/// A call that came to nothing, for the account.
pub(super) fn unanswered(purpose: &str, reason: &str) -> ModelCall {
    ModelCall {
        purpose: purpose.to_owned(),
        input_tokens: 0,
        output_tokens: 0,
        answered: false,
        fault: Some(reason.to_owned()),
        mended: Mended::default(),
    }
}

/// What became of a run that was scored by a program that knows the right answer; `None`: nobody can say.
pub(super) fn outcome(score: Option<f64>) -> Outcome {
    let score = score.filter(|score| score.is_finite());
    Outcome {
        verdict: match score {
            Some(score) if score >= SUCCESS => Verdict::Success,
            Some(_) => Verdict::Failure,
            None => Verdict::Unknown,
        },
        score: score.map(|score| score.clamp(0.0, 1.0)),
        baseline: None,
        reason: String::new(),
        authority: Authority::GroundTruth,
    }
}

impl Brief {
    fn messages(&self) -> Vec<Message> {
        let guidance = |placement: Placement| {
            let said = self
                .guidance
                .iter()
                .filter(|(place, _)| *place == placement);
            let said = said
                .map(|(_, text)| text.trim())
                .filter(|text| !text.is_empty());
            let said: Vec<&str> = said.collect();
            (!said.is_empty())
                .then(|| format!("# What earlier work taught\n\n{}", said.join("\n\n")))
        };
        let system = match self.offers.is_empty() {
            true => SYSTEM,
            false => SYSTEM_WITH_TOOLS,
        };
        let system = [
            Some(system.trim_end().to_owned()),
            guidance(Placement::System),
        ];
        let user = [
            guidance(Placement::User),
            Some(format!("# Task\n\n{}", self.task.text)),
            documents(&self.task),
            already_found(&self.found),
            tools::described(&self.offers),
            Some(format!("# How to answer\n\n{}", self.form.instruction())),
        ];
        vec![
            message(Speaker::System, paragraphs(system)),
            message(Speaker::User, paragraphs(user)),
        ]
    }
}

fn paragraphs(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("\n\n")
}

/// The documents with their ids, and what is known of them.
fn documents(task: &Task) -> Option<String> {
    if task.documents.is_empty() {
        return None;
    }
    let each = task.documents.iter().map(|document| {
        let labels: Vec<String> = document
            .labels
            .iter()
            .map(|label| format!(", {} {}", label.name, label.value))
            .collect();
        format!("## {}{}\n\n{}", document.id, labels.concat(), document.text)
    });
    let each: Vec<String> = each.collect();
    Some(format!("# Documents\n\n{}", each.join("\n\n")))
}

fn already_found(found: &[Finding]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let each: Vec<String> = found
        .iter()
        .map(|finding| format!("- {} (in {})", finding.problem, finding.evidence.join(", ")))
        .collect();
    Some(format!("# Already reported\n\n{}", each.join("\n")))
}

fn ids(task: &Task) -> Vec<String> {
    let documents = task.documents.iter();
    documents.map(|document| document.id.clone()).collect()
}

fn message(speaker: Speaker, text: String) -> Message {
    Message { speaker, text }
}

fn step(actor: Actor, text: String) -> Step {
    Step::new(actor, text)
}
