//! Requests of a language model.

use crate::types::{Message, Request, Role, Speaker};

impl Request {
    /// A completion by the model of this role; the purpose names it in the trace and in the cost table.
    pub fn new(role: Role, purpose: &str) -> Self {
        Self {
            role,
            messages: Vec::new(),
            temperature: None,
            max_tokens: None,
            schema: None,
            purpose: purpose.to_owned(),
        }
    }

    /// The instructions.
    #[must_use]
    pub fn system(self, text: impl Into<String>) -> Self {
        self.message(Speaker::System, text.into())
    }

    /// What is asked.
    #[must_use]
    pub fn user(self, text: impl Into<String>) -> Self {
        self.message(Speaker::User, text.into())
    }

    /// What the model said in an earlier turn.
    #[must_use]
    pub fn assistant(self, text: impl Into<String>) -> Self {
        self.message(Speaker::Assistant, text.into())
    }

    /// The sampling temperature, 0 and above.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The longest reply.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// A JSON Schema that the reply must satisfy.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    fn message(mut self, speaker: Speaker, text: String) -> Self {
        self.messages.push(Message { speaker, text });
        self
    }
}
