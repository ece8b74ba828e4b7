//! The interface `llm`: completions by role, metered; and the length of a text in the run's tokens.
//!
//! Requests of one call are answered concurrently; how many reach an endpoint at once is the model's own affair.
//! A request past the limit of model calls is not made and is answered with `exhausted`, so that a strategy can go on with
//! what it has.

use futures::future::{join_all, ready};
use memhost_contract::generated::memhost::strategy::llm::{Host, Reply, Request};
use memhost_contract::limits::{Limit, LimitReached};
use memhost_contract::model::{Completion, Mended, Models};
use memhost_contract::{Fault, ModelKind, Role};

use super::{Capabilities, ModelCall, not_granted};
use crate::fault_text;

/// The longest `purpose`, in bytes: it names a row of the cost table.
const LONGEST_PURPOSE: usize = 64;

impl Host for Capabilities {
    async fn kind(&mut self, role: Role) -> wasmtime::Result<ModelKind> {
        self.begin().await?;
        let models = self.context.models.as_ref();
        Ok(models.map_or(ModelKind::None, |models| models.role(role).kind()))
    }

    async fn complete(
        &mut self,
        requests: Vec<Request>,
    ) -> wasmtime::Result<Vec<Result<Reply, Fault>>> {
        self.begin().await?;
        let Some(models) = self.context.models.clone() else {
            return Ok(requests.iter().map(|_| Err(not_granted("llm"))).collect());
        };
        let entries: Vec<Result<Option<usize>, Fault>> = requests
            .iter()
            .map(|request| self.enter(request, &models))
            .collect();
        // Made in order before any is awaited: a cassette numbers requests as they are made.
        let answers: Vec<_> = requests
            .iter()
            .zip(&entries)
            .map(|(request, entry)| match entry {
                Ok(_) => models.role(request.role).complete(request),
                Err(fault) => Box::pin(ready(Err(fault.clone()))),
            })
            .collect();
        let answers = {
            let _waiting = self.model_wait.begin();
            join_all(answers).await
        };
        for (entry, answer) in entries.iter().zip(&answers) {
            let Ok(Some(entry)) = entry else { continue };
            let Some(call) = self.model_calls.get_mut(*entry) else {
                continue;
            };
            match answer {
                Ok(Completion { reply, mended }) => {
                    call.input_tokens = reply.input_tokens;
                    call.output_tokens = reply.output_tokens;
                    call.answered = true;
                    call.mended = mended.clone();
                }
                Err(fault) => call.fault = Some(fault_text(fault)),
            }
        }
        let replies = answers.into_iter().map(|answer| Ok(answer?.reply));
        Ok(replies.collect())
    }

    async fn count_tokens(&mut self, text: String) -> wasmtime::Result<u32> {
        self.begin().await?;
        Ok(memhost_words::count(&text))
    }
}

impl Capabilities {
    /// Enters a request into the account before it is made, so that what a timed-out call had under way is not
    /// lost. Returns its place there; none, where there is no model that could be asked.
    fn enter(&mut self, request: &Request, models: &Models) -> Result<Option<usize>, Fault> {
        check(request)?;
        if models.role(request.role).kind() == ModelKind::None {
            return Ok(None);
        }
        let limits = &self.context.limits;
        if self.within().model_calls >= limits.model_calls as usize {
            let reached = LimitReached::of(limits, Limit::ModelCalls);
            return Err(Fault::Exhausted(reached.to_string()));
        }
        self.model_calls.push(ModelCall {
            purpose: request.purpose.clone(),
            input_tokens: 0,
            output_tokens: 0,
            answered: false,
            fault: None,
            mended: Mended::default(),
        });
        Ok(Some(self.model_calls.len() - 1))
    }
}

/// What the contract says of a request and no type can.
fn check(request: &Request) -> Result<(), Fault> {
    let invalid = |problem: String| Err(Fault::Invalid(format!("model request: {problem}")));
    if request.messages.is_empty() {
        return invalid("it has no messages".to_owned());
    }
    if request.purpose.is_empty() || request.purpose.len() > LONGEST_PURPOSE {
        return invalid(format!(
            "its purpose must have 1 to {LONGEST_PURPOSE} bytes and has {}",
            request.purpose.len()
        ));
    }
    if let Some(temperature) = request.temperature
        && !(temperature.is_finite() && temperature >= 0.0)
    {
        return invalid(format!(
            "temperature {temperature} is not a number of 0 or more"
        ));
    }
    if request.max_tokens == Some(0) {
        return invalid("max-tokens is 0, which leaves no room for a reply".to_owned());
    }
    if let Some(schema) = &request.schema
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(schema)
    {
        return invalid(format!("its schema is not JSON: {error}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::capability::CallContext;
    use memhost_contract::limits::Limits;
    use memhost_contract::model::{LanguageModel, NoModel};
    use memhost_contract::{Message, Speaker};

    /// Answers with the request's text after a while, and fails on "bad".
    struct Echo;

    const WHILE: Duration = Duration::from_millis(200);

    #[async_trait]
    impl LanguageModel for Echo {
        fn name(&self) -> &str {
            "echo"
        }

        async fn complete(&self, request: &Request) -> Result<Completion, Fault> {
            tokio::time::sleep(WHILE).await;
            let text = request.messages[0].text.clone();
            match text.as_str() {
                "bad" => Err(Fault::Unavailable("down".to_owned())),
                _ => Ok(Reply {
                    text,
                    input_tokens: 2,
                    output_tokens: 3,
                }
                .into()),
            }
        }
    }

    fn capabilities(model_calls: u32) -> Capabilities {
        let limits = Limits {
            model_calls,
            ..Limits::default()
        };
        Capabilities::new(CallContext {
            models: Some(Arc::new(Models::all(Arc::new(Echo)))),
            ..CallContext::nothing_granted(limits)
        })
    }

    fn request(text: &str) -> Request {
        Request {
            role: Role::Agent,
            messages: vec![Message {
                speaker: Speaker::User,
                text: text.to_owned(),
            }],
            temperature: None,
            max_tokens: None,
            schema: None,
            purpose: "test".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_batch_is_answered_concurrently_in_order_and_metered() {
        let mut host = capabilities(10);
        let start = std::time::Instant::now();
        let requests = ["a", "bad", "c"].map(request).to_vec();
        let answers = host.complete(requests).await.unwrap();
        assert!(start.elapsed() < 2 * WHILE, "one after the other");
        assert_eq!(answers[0].as_ref().unwrap().text, "a");
        assert_eq!(answers[1], Err(Fault::Unavailable("down".to_owned())));
        assert_eq!(answers[2].as_ref().unwrap().text, "c");
        let answered: Vec<bool> = host.model_calls.iter().map(|call| call.answered).collect();
        assert_eq!(answered, [true, false, true]);
        assert_eq!(host.model_calls[2].output_tokens, 3);
        let fault = host.model_calls[1].fault.as_deref();
        assert_eq!(fault, Some("unavailable: down"));
    }

    #[tokio::test]
    async fn requests_past_the_limit_are_not_made_and_name_the_limit() {
        let mut host = capabilities(2);
        let requests = ["a", "b", "c"].map(request).to_vec();
        let answers = host.complete(requests).await.unwrap();
        assert!(answers[0].is_ok() && answers[1].is_ok());
        let Err(Fault::Exhausted(told)) = &answers[2] else {
            panic!("{:?}", answers[2]);
        };
        assert!(told.contains("`model_calls`"), "{told}");
        assert_eq!(host.model_calls.len(), 2);
    }

    #[tokio::test]
    async fn without_a_model_every_request_is_unavailable_and_none_is_counted() {
        let nothing = CallContext::nothing_granted(Limits::default());
        let none = CallContext {
            models: Some(Arc::new(Models::all(Arc::new(NoModel)))),
            ..nothing.clone()
        };
        for context in [nothing, none] {
            let mut host = Capabilities::new(context);
            let answers = host.complete(vec![request("a")]).await.unwrap();
            assert!(matches!(answers[0], Err(Fault::Unavailable(_))));
            assert!(host.model_calls.is_empty());
        }
    }

    /// What copies from its prompt, and says so.
    struct Copying;

    #[async_trait]
    impl LanguageModel for Copying {
        fn name(&self) -> &str {
            "copying"
        }

        fn kind(&self) -> ModelKind {
            ModelKind::StandIn
        }

        async fn complete(&self, _: &Request) -> Result<Completion, Fault> {
            Err(Fault::Failed(
                "nobody asks for its kind by asking it".to_owned(),
            ))
        }
    }

    #[tokio::test]
    async fn a_strategy_learns_what_stands_behind_each_role() {
        let models = Models {
            judge: Arc::new(Copying),
            cheap: Arc::new(NoModel),
            ..Models::all(Arc::new(Echo))
        };
        let mut host = Capabilities::new(CallContext {
            models: Some(Arc::new(models)),
            ..CallContext::nothing_granted(Limits::default())
        });
        for (role, kind) in [
            (Role::Agent, ModelKind::Model),
            (Role::Judge, ModelKind::StandIn),
            (Role::Cheap, ModelKind::None),
        ] {
            assert_eq!(host.kind(role).await.unwrap(), kind);
        }
        let mut host = Capabilities::new(CallContext::nothing_granted(Limits::default()));
        assert_eq!(host.kind(Role::Agent).await.unwrap(), ModelKind::None);
    }

    #[test]
    fn a_request_that_breaks_the_contract_is_invalid() {
        let good = request("a");
        check(&good).unwrap();
        let bad = [
            Request {
                messages: Vec::new(),
                ..good.clone()
            },
            Request {
                purpose: String::new(),
                ..good.clone()
            },
            Request {
                purpose: "x".repeat(65),
                ..good.clone()
            },
            Request {
                temperature: Some(f32::NAN),
                ..good.clone()
            },
            Request {
                temperature: Some(-0.1),
                ..good.clone()
            },
            Request {
                max_tokens: Some(0),
                ..good.clone()
            },
            Request {
                schema: Some("{".to_owned()),
                ..good.clone()
            },
        ];
        for request in bad {
            assert!(
                matches!(check(&request), Err(Fault::Invalid(_))),
                "{request:?}"
            );
        }
    }
}
