//! A template: the form of a class of problems, and the signals by which to recognise it (paper, equation 1).

use memhost_sdk::{Fault, Memory, NewMemory, Patch, Prompt, Question, Role, one_line};
use serde::{Deserialize, Serialize};

/// The kind of its memory.
pub(crate) const TEMPLATE: &str = "template";
/// The label with the class of the problem that it was learnt from, where that has a class.
pub(crate) const PROBLEM_LABEL: &str = "problem";

/// As the model writes it, and as the payload of its memory keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) name: String,
    /// The form of the problem.
    pub(crate) pattern: String,
    /// Signals in the order in which to look for them.
    pub(crate) evidence_flow: Vec<String>,
}

impl Template {
    /// Has the model that the agent runs on write one: in the paper, each builds a library of its own. The paper states
    /// no temperature.
    pub(crate) fn question(
        instructions: &'static str,
        material: String,
    ) -> Question<'static, Template> {
        Prompt::new(Role::Agent, "extract")
            .instructions(instructions)
            .replies(
                "a template",
                include_str!("../prompts/template.schema.json"),
            )
            .about(material)
            .then(Template::tidy)
    }

    /// What is said of it besides its name: the pattern, and the flow as a numbered list.
    pub(crate) fn content(&self) -> String {
        let flow = (1..).zip(&self.evidence_flow);
        let lines = flow.map(|(number, signal)| format!("\n{number}. {signal}"));
        lines.fold(self.pattern.clone(), |content, line| content + &line)
    }

    /// As a memory that nothing is found by: the library is only ever read whole.
    pub(crate) fn memory(&self) -> NewMemory {
        NewMemory::new(TEMPLATE, self.content())
            .title(&self.name)
            .payload(self.payload())
    }

    /// In place of what the memory said.
    pub(crate) fn in_place_of(&self, memory: &Memory) -> Patch {
        Patch::of(&memory.id)
            .title(&self.name)
            .content(self.content())
            .payload(self.payload())
    }

    fn payload(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Each part on one line, without signals that say nothing.
    ///
    /// # Errors
    /// [`Fault::Failed`] if one of the three fields is empty.
    fn tidy(self) -> Result<Template, Fault> {
        let signals = self.evidence_flow.iter().map(|signal| one_line(signal));
        let template = Template {
            name: one_line(&self.name),
            pattern: one_line(&self.pattern),
            evidence_flow: signals.filter(|signal| !signal.is_empty()).collect(),
        };
        let empty = [
            ("name", template.name.is_empty()),
            ("pattern", template.pattern.is_empty()),
            ("evidence_flow", template.evidence_flow.is_empty()),
        ];
        match empty.iter().find(|(_, is_empty)| *is_empty) {
            Some((field, _)) => Err(Fault::Failed(format!(
                "the reply is not a template: its `{field}` says nothing"
            ))),
            None => Ok(template),
        }
    }
}

/// The class that a problem names: `needless_return` is one, a description in a sentence is none.
pub(crate) fn class(problem: &str) -> Option<&str> {
    let problem = problem.trim();
    (!problem.is_empty() && !problem.contains(char::is_whitespace)).then_some(problem)
}
