//! Requests of a language model.

use crate::types::{Message, Request, Role, Speaker};

impl Request {
    /// A limit for replies that decide or choose, a verdict and its reasons say.
    ///
    /// A model that repeats itself runs to its limit, and without one to the end of its context. The answer itself is a
    /// few hundred tokens at most; but many endpoints count what a model thinks before it answers, and a limit that ends a
    /// thought costs the whole reply. This leaves room for the thoughts of a small decision, and costs seconds where a
    /// model runs wild.
    pub const SHORT_REPLY: u32 = 2_000;

    /// A limit for replies that write several sentences, such as lessons; see [`Request::SHORT_REPLY`]. Half of a small
    /// context of 8,192 is left for what is asked, because endpoints refuse a request whose limit does not fit into it.
    pub const LONG_REPLY: u32 = 4_000;

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

    /// The longest reply; see [`Request::SHORT_REPLY`] and [`Request::LONG_REPLY`].
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
