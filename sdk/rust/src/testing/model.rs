//! A model that says what a test wants it to say, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use crate::types::{Fault, ModelKind, Request};

type Answer = Rc<dyn Fn(&Request) -> Result<String, Fault>>;

/// Replies in waiting by purpose, and what answers when none is left.
pub(super) struct Script {
    /// What the strategy is told stands behind every role.
    pub(super) kind: ModelKind,
    waiting: HashMap<String, VecDeque<Result<String, Fault>>>,
    otherwise: Option<Answer>,
    requests: Vec<Request>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            kind: ModelKind::Model,
            waiting: HashMap::new(),
            otherwise: None,
            requests: Vec::new(),
        }
    }
}

impl Script {
    pub(super) fn queue(&mut self, purpose: &str, reply: Result<String, Fault>) {
        self.waiting
            .entry(purpose.to_owned())
            .or_default()
            .push_back(reply);
    }

    pub(super) fn answer_with(
        &mut self,
        answer: impl Fn(&Request) -> Result<String, Fault> + 'static,
    ) {
        self.otherwise = Some(Rc::new(answer));
    }

    pub(super) fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Remembers the request, and says how it is to be answered.
    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        self.requests.push(request.clone());
        if self.kind == ModelKind::None {
            return Rc::new(|_| Err(Fault::Unavailable("there is no language model".to_owned())));
        }
        let waiting = self.waiting.get_mut(&request.purpose);
        match (waiting.and_then(VecDeque::pop_front), &self.otherwise) {
            (Some(reply), _) => Rc::new(move |_| reply.clone()),
            (None, Some(answer)) => answer.clone(),
            (None, None) => Rc::new(|request| {
                Err(Fault::Unavailable(format!(
                    "the test has no reply for a request with the purpose `{}`",
                    request.purpose
                )))
            }),
        }
    }
}
