//! The OpenAI-compatible model against a server on loopback, and the absence of a model.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use memhost_contract::model::{Completion, LanguageModel, Models, NoModel};
use memhost_contract::{Fault, Reply, Request, Role};
use memhost_contract::{Message, Speaker};
use memhost_testing::loopback::{Loopback, Turn, nobody};
use serde_json::{Value, json};

use super::*;
use crate::endpoint::{ApiKey, Endpoint, EndpointSettings};

const KEY: &str = "sk-very-secret-0123456789";

fn model(url: String) -> OpenAiModel {
    patient(url, 10_000)
}

fn patient(url: String, timeout_ms: u64) -> OpenAiModel {
    OpenAiModel::new(
        endpoint(url, timeout_ms),
        "small-1",
        ModelSettings::default(),
    )
}

fn set(url: String, settings: ModelSettings) -> OpenAiModel {
    OpenAiModel::new(endpoint(url, 10_000), "small-1", settings)
}

fn endpoint(url: String, timeout_ms: u64) -> Arc<Endpoint> {
    let settings = EndpointSettings {
        timeout_ms: NonZeroU64::new(timeout_ms).unwrap(),
        retries: 2,
        retry_delay_ms: NonZeroU64::new(1).unwrap(),
        ..EndpointSettings::at(url)
    };
    Arc::new(Endpoint::new(settings, Some(ApiKey::new(KEY).unwrap())).unwrap())
}

fn request() -> Request {
    let say = |speaker, text: &str| Message {
        speaker,
        text: text.to_owned(),
    };
    Request {
        role: Role::Judge,
        messages: vec![
            say(Speaker::System, "Judge."),
            say(Speaker::User, "Did it work?"),
        ],
        temperature: Some(0.7),
        max_tokens: None,
        schema: None,
        purpose: "judge".to_owned(),
    }
}

fn with_schema() -> Request {
    let schema = json!({
        "type": "object",
        "properties": {"verdict": {"enum": ["success", "failure"]}},
        "required": ["verdict"]
    });
    Request {
        schema: Some(schema.to_string()),
        ..request()
    }
}

fn saying(text: &str) -> Turn {
    Turn::json(json!({
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    }))
}

/// What went wrong, without what differs from run to run.
fn unavailable(answer: Result<Completion, Fault>) -> String {
    let Err(Fault::Unavailable(text)) = answer else {
        panic!("{answer:?}");
    };
    assert!(!text.contains(KEY), "{text}");
    let (before, port) = text.split_once("127.0.0.1:").unwrap();
    format!(
        "{before}127.0.0.1:PORT{}",
        port.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

#[tokio::test]
async fn a_conversation_is_sent_and_the_reply_is_metered() {
    let server = Loopback::start([saying("It did.")]).await;
    let reply = model(server.url())
        .complete(&request())
        .await
        .unwrap()
        .reply;
    assert_eq!(
        reply,
        Reply {
            text: "It did.".to_owned(),
            input_tokens: 100,
            output_tokens: 10
        }
    );
    let heard = &server.heard()[0];
    assert!(heard.head.starts_with("post /v1/chat/completions "));
    assert!(heard.head.contains(&format!("authorization: bearer {KEY}")));
    assert_eq!(
        heard.body,
        json!({
            "model": "small-1",
            "messages": [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Did it work?"}],
            "temperature": 0.7
        })
    );
}

#[tokio::test]
async fn tokens_that_the_endpoint_does_not_count_are_counted_here() {
    let server = Loopback::start([Turn::json(
        json!({"choices": [{"message": {"content": "It did."}}]}),
    )])
    .await;
    let reply = model(server.url())
        .complete(&request())
        .await
        .unwrap()
        .reply;
    assert_eq!(
        reply.input_tokens,
        memhost_words::count("Judge.") + memhost_words::count("Did it work?")
    );
    assert_eq!(reply.output_tokens, 3);
}

#[tokio::test]
async fn the_longest_reply_is_the_requests_or_else_the_operators() {
    let server = Loopback::answering(|_| saying("It did.")).await;
    let settings = ModelSettings {
        max_tokens: NonZeroU32::new(50),
        ..ModelSettings::default()
    };
    let bounded = set(server.url(), settings);
    bounded.complete(&request()).await.unwrap();
    let short = Request {
        max_tokens: Some(7),
        ..request()
    };
    bounded.complete(&short).await.unwrap();
    let settings = ModelSettings {
        token_limit_field: Some(TokenLimitField::MaxCompletionTokens),
        ..ModelSettings::default()
    };
    set(server.url(), settings).complete(&short).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard[0].body["max_tokens"], 50);
    assert_eq!(heard[1].body["max_tokens"], 7);
    assert_eq!(heard[2].body["max_completion_tokens"], 7);
    assert_eq!(heard[2].body["max_tokens"], Value::Null);
}

#[tokio::test]
async fn a_reply_that_satisfies_the_schema_is_handed_on() {
    let server = Loopback::start([saying("```json\n{\"verdict\": \"success\"}\n```")]).await;
    let reply = model(server.url())
        .complete(&with_schema())
        .await
        .unwrap()
        .reply;
    assert_eq!(reply.text, r#"{"verdict": "success"}"#);
    let format = &server.heard()[0].body["response_format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["json_schema"]["name"], "reply");
    assert_eq!(
        format["json_schema"]["schema"]["required"],
        json!(["verdict"])
    );
}

#[tokio::test]
async fn a_reply_that_breaks_the_schema_is_repaired_once_and_both_are_paid() {
    let server = Loopback::start([
        saying(r#"{"verdict": "perhaps"}"#),
        saying(r#"{"verdict": "failure"}"#),
    ])
    .await;
    let reply = model(server.url())
        .complete(&with_schema())
        .await
        .unwrap()
        .reply;
    assert_eq!(
        reply,
        Reply {
            text: r#"{"verdict": "failure"}"#.to_owned(),
            input_tokens: 200,
            output_tokens: 20
        }
    );
    let second = server.heard()[1].body["messages"].clone();
    assert_eq!(second.as_array().unwrap().len(), 4);
    assert_eq!(
        second[2],
        json!({"role": "assistant", "content": r#"{"verdict": "perhaps"}"#})
    );
    insta::assert_snapshot!(second[3]["content"].as_str().unwrap());
}

#[tokio::test]
async fn a_reply_that_breaks_the_schema_twice_is_reported() {
    let server = Loopback::start([saying("Success!"), saying("{}")]).await;
    let answer = model(server.url()).complete(&with_schema()).await;
    assert_eq!(server.heard().len(), 2);
    insta::assert_snapshot!(unavailable(answer));
}

#[tokio::test]
async fn a_reply_cut_off_at_the_limit_is_no_answer_and_is_not_asked_for_again() {
    let cut = |content: Value| {
        Turn::json(json!({"choices": [{
            "message": {"content": content, "reasoning": "{\"verdict\": \"success\"}"},
            "finish_reason": "length",
        }]}))
    };
    let server = Loopback::start([
        cut(json!("{\"verdict\": \"succ")),
        cut(json!(
            "<think>{\"verdict\": \"success\"}</think>{\"verdict\": \"success\""
        )),
        cut(Value::Null),
        cut(json!("It did")),
        cut(json!("{\"verdict\": \"success\"}\n\n\n")),
    ])
    .await;
    let small = set(
        server.url(),
        ModelSettings {
            max_tokens: NonZeroU32::new(50),
            ..ModelSettings::default()
        },
    );
    let strict = Request {
        max_tokens: Some(9),
        ..with_schema()
    };
    let mut told = String::new();
    for (model, request) in [
        (model(server.url()), with_schema()),
        (small, with_schema()),
        (model(server.url()), strict),
        (model(server.url()), request()),
    ] {
        told += &unavailable(model.complete(&request).await);
        told += "\n";
    }
    assert_eq!(server.heard().len(), 4);
    insta::assert_snapshot!(told);
    let whole = model(server.url()).complete(&with_schema()).await.unwrap();
    assert_eq!(whole.reply.text, "{\"verdict\": \"success\"}");
}

#[tokio::test]
async fn replies_without_an_answer_are_reported() {
    let always: [(Turn, usize); 7] = [
        (Turn::json(json!({"choices": []})), 3),
        (Turn::json(json!({"result": "It did."})), 3),
        (saying(" "), 3),
        (
            Turn::json(
                json!({"choices": [{"message": {"content": null, "refusal": "I would rather not."}}]}),
            ),
            1,
        ),
        (
            Turn::json(
                json!({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
            ),
            1,
        ),
        (Turn::status(200, "It did."), 1),
        (
            Turn::status(
                200,
                "<!doctype html><html><head><title>Sign in</title></head></html>",
            ),
            1,
        ),
    ];
    let mut told = String::new();
    for (turn, requests) in always {
        let server = Loopback::answering(move |_| turn.clone()).await;
        told += &unavailable(model(server.url()).complete(&request()).await);
        told += "\n";
        assert_eq!(server.heard().len(), requests, "{told}");
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn too_many_requests_and_then_success_is_success() {
    let busy = Turn::Say(429, vec![("Retry-After", "0".to_owned())], String::new());
    let server =
        Loopback::start([busy, Turn::status(500, ""), Turn::HangUp, saying("It did.")]).await;
    assert!(
        model(server.url()).complete(&request()).await.is_err(),
        "two retries only"
    );
    assert_eq!(
        model(server.url())
            .complete(&request())
            .await
            .unwrap()
            .reply
            .text,
        "It did."
    );
}

#[tokio::test]
async fn an_endpoint_that_fails_hangs_or_is_down_is_told_with_what_to_do() {
    let failing = Loopback::answering(|_| Turn::status(500, "")).await;
    let hanging = Loopback::answering(|_| Turn::Hang).await;
    let mut told = String::new();
    for (url, timeout_ms) in [
        (failing.url(), 10_000),
        (hanging.url(), 100),
        (nobody().await, 10_000),
    ] {
        told += &unavailable(patient(url, timeout_ms).complete(&request()).await);
        told += "\n";
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn what_breaks_the_contract_reaches_no_endpoint() {
    let server = Loopback::start([]).await;
    let model = model(server.url());
    for broken in [
        Request {
            messages: vec![],
            ..request()
        },
        Request {
            temperature: Some(f32::NAN),
            ..request()
        },
        Request {
            temperature: Some(-1.0),
            ..request()
        },
        Request {
            schema: Some("{".to_owned()),
            ..request()
        },
    ] {
        assert!(matches!(
            model.complete(&broken).await,
            Err(Fault::Invalid(_))
        ));
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn no_model_says_how_to_get_one() {
    let Err(Fault::Unavailable(text)) = NoModel.complete(&request()).await else {
        panic!("no model answered");
    };
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_model_is_ready_when_it_answers_a_small_question_and_nothing_else_is_asked() {
    let server = Loopback::start([saying(
        r#"{"reasoning": "4 is right.", "verdict": "success"}"#,
    )])
    .await;
    assert_eq!(model(server.url()).ready().await, Ok(()));
    let heard = server.heard();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].head.starts_with("post /v1/chat/completions "));

    let strict = Loopback::start([Turn::status(401, "who are you?")]).await;
    let told = unavailable(model(strict.url()).ready().await.map(|()| unreachable!()));
    assert!(
        told.contains("HTTP 401") && told.contains("OPENAI_API_KEY"),
        "{told}"
    );

    let told = unavailable(model(nobody().await).ready().await.map(|()| unreachable!()));
    assert!(told.contains("cannot connect"), "{told}");
}

#[tokio::test]
async fn models_of_one_name_at_two_endpoints_are_asked_each_and_one_model_once() {
    let verdict = r#"{"reasoning": "4 is right.", "verdict": "success"}"#;
    let (near, far) = (
        Loopback::answering(move |_| saying(verdict)).await,
        Loopback::answering(move |_| saying(verdict)).await,
    );
    let of_near: Arc<dyn LanguageModel> = Arc::new(model(near.url()));
    let models = Models {
        judge: Arc::new(model(far.url())),
        ..Models::all(of_near)
    };
    models.ready().await.unwrap();
    assert_eq!((near.heard().len(), far.heard().len()), (1, 1));
    assert_eq!(models.health().len(), 2);
}
