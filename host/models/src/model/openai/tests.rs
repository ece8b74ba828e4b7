//! Dialects of endpoints, each on a server on loopback.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Instant;

use memhost_testing::loopback::{Heard, Loopback, Turn};
use serde_json::Value;

use super::*;
use crate::endpoint::EndpointSettings;

const RIGHT: &str = r#"{"reasoning": "4 is right.", "verdict": "success"}"#;

fn model(url: String, settings: ModelSettings) -> OpenAiModel {
    let endpoint = EndpointSettings {
        timeout_ms: NonZeroU64::new(2_000).unwrap(),
        retries: 2,
        retry_delay_ms: NonZeroU64::new(1).unwrap(),
        key_env: String::new(),
        ..EndpointSettings::at(url)
    };
    let endpoint = Arc::new(Endpoint::new(endpoint, None).unwrap());
    OpenAiModel::new(endpoint, "small", settings)
}

fn plain(url: String) -> OpenAiModel {
    model(url, ModelSettings::default())
}

fn free() -> Request {
    Request {
        schema: None,
        ..trial()
    }
}

fn bounded() -> Request {
    Request {
        max_tokens: Some(100),
        ..trial()
    }
}

/// A whole reply around a message.
fn reply(message: Value) -> Value {
    json!({
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 20},
    })
}

fn right() -> Turn {
    Turn::json(reply(json!({"role": "assistant", "content": RIGHT})))
}

fn refused(status: u16, error: Value) -> Turn {
    Turn::status(status, &json!({ "error": error }).to_string())
}

async fn answered(turn: Turn) -> Completion {
    let server = Loopback::answering(move |_| turn.clone()).await;
    let answer = plain(server.url()).complete(&trial()).await.unwrap();
    assert_eq!(server.heard().len(), 1, "nothing is asked twice");
    answer
}

fn mends(completion: &Completion) -> Vec<Mend> {
    completion.mended.how.keys().copied().collect()
}

#[tokio::test]
async fn an_answer_is_taken_wherever_it_stands() {
    let object: Value = serde_json::from_str(RIGHT).unwrap();
    let part = json!({"type": "text", "text": RIGHT});
    let usage = json!({"prompt_tokens": 50, "completion_tokens": 20});
    let whole = |body: Value| Turn::json(body);
    let message = |message: Value| Turn::json(reply(message));
    let stream = |done: &str| {
        let (first, second) = RIGHT.split_at(20);
        let event = |delta: Value, end: Value| {
            let choice = json!({"index": 0, "delta": delta, "finish_reason": end});
            format!(
                "data: {}\n\n",
                json!({"object": "chat.completion.chunk", "choices": [choice]})
            )
        };
        format!(
            ": waiting\n\n{}{}{}{}data: {}\n\n{done}",
            event(json!({"role": "assistant"}), Value::Null),
            event(json!({"content": first}), Value::Null),
            event(json!({"content": second}), Value::Null),
            event(json!({}), json!("stop")),
            json!({"choices": [], "usage": usage}),
        )
    };
    let here: &[Mend] = &[];
    let elsewhere: &[Mend] = &[Mend::Elsewhere];
    let shapes: Vec<(&str, Turn, &[Mend])> = vec![
        ("content", right(), here),
        ("parts", message(json!({"content": [part]})), here),
        (
            "parts in pieces",
            message(json!({"content": [{"text": &RIGHT[..9]}, {"text": &RIGHT[9..]}]})),
            here,
        ),
        ("parts of text", message(json!({"content": [RIGHT]})), here),
        (
            "a thought and a part",
            message(json!({"content": [{"type": "thinking", "thinking": "Hm."}, part]})),
            here,
        ),
        (
            "a part with a value",
            message(json!({"content": [{"type": "text", "text": {"value": RIGHT}}]})),
            here,
        ),
        ("an object", message(json!({"content": object})), elsewhere),
        (
            "reasoning_content",
            message(json!({"content": null, "reasoning_content": RIGHT})),
            elsewhere,
        ),
        (
            "reasoning_content beside blanks",
            message(json!({"content": "\n", "reasoning_content": RIGHT})),
            elsewhere,
        ),
        (
            "reasoning",
            message(json!({"content": null, "reasoning": RIGHT})),
            elsewhere,
        ),
        (
            "reasoning beside content",
            message(json!({"content": RIGHT, "reasoning": "{\"verdict\": \"failure\"}"})),
            here,
        ),
        (
            "no content at all",
            message(json!({"reasoning": RIGHT})),
            elsewhere,
        ),
        (
            "text in the message",
            message(json!({"text": RIGHT})),
            elsewhere,
        ),
        (
            "a tool call",
            message(
                json!({"content": null, "tool_calls": [{"function": {"name": "reply", "arguments": RIGHT}}]}),
            ),
            elsewhere,
        ),
        (
            "a tool call of an object",
            message(json!({"content": "", "tool_calls": [{"function": {"arguments": object}}]})),
            elsewhere,
        ),
        (
            "a function call",
            message(json!({"content": null, "function_call": {"arguments": RIGHT}})),
            elsewhere,
        ),
        (
            "parsed",
            message(json!({"content": null, "parsed": object})),
            elsewhere,
        ),
        (
            "a completion",
            whole(json!({"choices": [{"text": RIGHT, "finish_reason": "stop"}], "usage": usage})),
            elsewhere,
        ),
        (
            "one choice",
            whole(json!({"choices": {"message": {"content": RIGHT}}, "usage": usage})),
            here,
        ),
        (
            "a delta",
            whole(json!({"choices": [{"delta": {"content": RIGHT}}], "usage": usage})),
            here,
        ),
        (
            "a list of replies",
            whole(json!([reply(json!({"content": RIGHT}))])),
            here,
        ),
        (
            "a reply in a reply",
            whole(json!({"data": reply(json!({"content": RIGHT}))})),
            here,
        ),
        (
            "a message alone",
            whole(
                json!({"message": {"content": RIGHT}, "prompt_eval_count": 50, "eval_count": 20}),
            ),
            here,
        ),
        (
            "content alone",
            whole(
                json!({"role": "assistant", "content": [part], "usage": {"input_tokens": 50, "output_tokens": 20}}),
            ),
            here,
        ),
        (
            "an empty error",
            whole({
                let mut body = reply(json!({"content": RIGHT}));
                body["error"] = json!({});
                body
            }),
            here,
        ),
        (
            "a stream",
            Turn::status(200, &stream("data: [DONE]\n\n")),
            here,
        ),
        (
            "a stream without its last line",
            Turn::status(200, &stream("")),
            here,
        ),
        (
            "a stream with other line ends",
            Turn::status(200, &stream("data: [DONE]\n\n").replace('\n', "\r\n")),
            here,
        ),
        (
            "a stream of one event",
            Turn::status(
                200,
                &format!("data: {}\n\n", reply(json!({"content": RIGHT}))),
            ),
            here,
        ),
        (
            "blanks around",
            Turn::status(
                200,
                &format!("\n\n  {}\n\n", reply(json!({"content": RIGHT}))),
            ),
            here,
        ),
        (
            "a byte order mark",
            Turn::status(
                200,
                &format!("\u{feff}{}", reply(json!({"content": RIGHT}))),
            ),
            here,
        ),
    ];
    for (shape, turn, expected) in shapes {
        let answer = answered(turn).await;
        assert_eq!(
            serde_json::from_str::<Value>(&answer.reply.text).unwrap(),
            object,
            "{shape}"
        );
        assert_eq!(mends(&answer), expected, "{shape}");
        let counted = (answer.reply.input_tokens, answer.reply.output_tokens);
        assert_eq!(counted, (50, 20), "{shape}");
    }
}

#[tokio::test]
async fn tokens_are_read_however_they_are_written_and_else_estimated() {
    let read = (50, 20, vec![]);
    let estimated = (
        count_all(&trial()),
        memhost_words::count(RIGHT),
        vec![Mend::TokensEstimated],
    );
    for (usage, expected) in [
        (
            json!({"prompt_tokens": 50.0, "completion_tokens": 20.0}),
            &read,
        ),
        (
            json!({"prompt_tokens": "50", "completion_tokens": "20"}),
            &read,
        ),
        (json!({"input_tokens": 50, "output_tokens": 20}), &read),
        (
            json!({"prompt_tokens": 50, "completion_tokens": 20, "cost": {"total": "x"}}),
            &read,
        ),
        (json!(null), &estimated),
        (json!({}), &estimated),
        (json!("many"), &estimated),
        (
            json!({"prompt_tokens": -1, "completion_tokens": null}),
            &estimated,
        ),
        (
            json!({"prompt_tokens": 0, "completion_tokens": 0}),
            &estimated,
        ),
        (
            json!({"prompt_tokens": -1, "completion_tokens": 1e300}),
            &estimated,
        ),
    ] {
        let mut body = reply(json!({"content": RIGHT}));
        body["usage"] = usage.clone();
        let answer = answered(Turn::json(body)).await;
        let found = (
            answer.reply.input_tokens,
            answer.reply.output_tokens,
            mends(&answer),
        );
        assert_eq!(found, *expected, "{usage}");
    }
}

#[tokio::test]
async fn what_comes_empty_or_as_an_error_with_success_is_asked_again() {
    for turn in [
        Turn::json(json!({"id": "x", "choices": []})),
        Turn::json(json!({"id": "x"})),
        Turn::json(json!({"choices": null})),
        Turn::json(reply(json!({"content": ""}))),
        Turn::json(reply(json!({"content": null}))),
        Turn::json(json!({"choices": [{"message": {"content": "{"}, "finish_reason": "error"}]})),
        Turn::json(json!({"error": {"message": "the provider is overloaded", "code": 429}})),
        Turn::json(json!({"error": {"message": "Provider returned error", "code": 502}})),
        Turn::json(json!({"error": "try again later"})),
        Turn::json(json!({"object": "error", "message": "internal error"})),
        Turn::json(json!({"detail": "upstream timed out"})),
        Turn::status(200, ""),
        Turn::status(200, "data: {\"error\": {\"message\": \"overloaded\"}}\n\n"),
        Turn::status(
            200,
            "data: {\"choices\": [{\"delta\": {\"content\": \"{\"}}]}\n\n",
        ),
        Turn::status(529, "overloaded"),
    ] {
        let server = Loopback::start([turn.clone(), right()]).await;
        let answer = plain(server.url()).complete(&trial()).await;
        assert_eq!(
            answer.map(|answer| answer.reply.text),
            Ok(RIGHT.to_owned()),
            "{turn:?}"
        );
        assert_eq!(server.heard().len(), 2);
    }
}

/// A server that refuses requests that have a field.
async fn without(field: &'static str, refusal: Turn) -> Loopback {
    Loopback::answering(move |heard| match heard.body.get(field) {
        Some(_) => refusal.clone(),
        None => right(),
    })
    .await
}

/// Asks three times, and gives the number of requests and what was done to the last reply.
async fn three(server: &Loopback, request: &Request) -> (usize, Vec<Mend>) {
    let model = plain(server.url());
    let mut last = None;
    for _ in 0..3 {
        last = Some(model.complete(request).await.unwrap());
    }
    (server.heard().len(), mends(&last.unwrap()))
}

#[tokio::test]
async fn a_schema_that_is_refused_stands_in_the_prompt_from_then_on() {
    for refusal in [
        refused(
            400,
            json!({"message": "this model does not know response_format", "param": "response_format"}),
        ),
        refused(
            400,
            json!({"message": "response_format.type is one of text, json_object"}),
        ),
        refused(
            400,
            json!({"message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."}),
        ),
        refused(
            400,
            json!({"message": "This response_format type is unavailable now", "type": "invalid_request_error"}),
        ),
        refused(500, json!({"message": "failed to parse grammar"})),
        refused(
            404,
            json!({"message": "this model does not support structured outputs"}),
        ),
        Turn::status(
            422,
            r#"{"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs are not permitted", "input": {"temperature": 1}}]}"#,
        ),
        Turn::status(
            400,
            "Unrecognized request argument supplied: response_format",
        ),
        Turn::status(501, r#"{"error": "response_format is not implemented"}"#),
        refused(
            200,
            json!({"message": "response_format is not supported", "code": 400}),
        ),
    ] {
        let server = without("response_format", refusal.clone()).await;
        assert_eq!(
            three(&server, &trial()).await,
            (4, vec![Mend::SchemaInPrompt]),
            "{refusal:?}"
        );
        let heard = server.heard();
        let told = heard[3].body["messages"][1]["content"].as_str().unwrap();
        assert!(
            told.starts_with("Task: add 2 and 2.")
                && told.contains(r#""enum":["success","failure"]"#),
            "{told}"
        );
        assert!(heard[3].body.get("temperature").is_some());
    }
}

#[tokio::test]
async fn a_temperature_that_is_refused_is_left_out_from_then_on() {
    for refusal in [
        refused(
            400,
            json!({"message": "temperature is no parameter of this model", "param": "temperature", "code": "unsupported_parameter"}),
        ),
        refused(
            400,
            json!({"message": "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) value is supported.", "param": "temperature", "code": "unsupported_value"}),
        ),
        refused(
            400,
            json!({"message": "invalid temperature: only 1 is allowed for this model"}),
        ),
        Turn::status(
            422,
            r#"{"detail": [{"loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}"#,
        ),
    ] {
        let server = without("temperature", refusal.clone()).await;
        assert_eq!(
            three(&server, &trial()).await,
            (4, vec![Mend::OtherTemperature]),
            "{refusal:?}"
        );
        assert!(server.heard()[3].body.get("response_format").is_some());
    }
}

#[tokio::test]
async fn a_limit_of_tokens_that_is_refused_is_sent_in_the_other_field_or_not_at_all() {
    let refusal = || {
        refused(
            400,
            json!({"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"}),
        )
    };
    let server = without("max_tokens", refusal()).await;
    assert_eq!(
        three(&server, &bounded()).await,
        (4, vec![Mend::OtherTokenLimit])
    );
    assert_eq!(server.heard()[3].body["max_completion_tokens"], 100);

    let server = Loopback::answering(|heard: &Heard| {
        let bounded = ["max_tokens", "max_completion_tokens"]
            .iter()
            .find(|field| heard.body.get(**field).is_some());
        match bounded {
            Some(field) => refused(400, json!({"message": format!("unknown field `{field}`")})),
            None => right(),
        }
    })
    .await;
    assert_eq!(
        three(&server, &bounded()).await,
        (5, vec![Mend::OtherTokenLimit])
    );

    let large = refused(
        400,
        json!({"message": "max_tokens is too large: 100. This model supports at most 10", "param": "max_tokens"}),
    );
    let server = without("max_tokens", large).await;
    let Err(Fault::Unavailable(told)) = plain(server.url()).complete(&bounded()).await else {
        panic!("a limit that is too large is not left out");
    };
    assert!(
        told.ends_with("lower `max_tokens`, or choose a model that takes more"),
        "{told}"
    );
}

#[tokio::test]
async fn a_system_role_that_is_refused_is_merged_into_the_users_message() {
    for refusal in [
        refused(400, json!({"message": "System role not supported"})),
        refused(
            400,
            json!({"message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
        ),
        refused(
            400,
            json!({"message": "Developer instruction is not enabled for models/gemma-3-27b-it"}),
        ),
        refused(
            400,
            json!({"message": "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "param": "messages[0].role", "code": "unsupported_value"}),
        ),
    ] {
        let server = Loopback::answering({
            let refusal = refusal.clone();
            move |heard: &Heard| match heard.body["messages"][0]["role"].as_str() {
                Some("system") => refusal.clone(),
                _ => right(),
            }
        })
        .await;
        assert_eq!(
            three(&server, &free()).await,
            (4, vec![Mend::SystemMerged]),
            "{refusal:?}"
        );
        let messages = server.heard()[3].body["messages"].clone();
        assert_eq!(messages.as_array().unwrap().len(), 1);
        let told = messages[0]["content"].as_str().unwrap();
        assert!(
            told.starts_with("You judge") && told.ends_with("Answer that was given: 4."),
            "{told}"
        );
    }
}

#[tokio::test]
async fn several_fields_may_be_refused_one_after_the_other() {
    let server = Loopback::answering(|heard: &Heard| {
        for field in ["temperature", "response_format", "max_tokens"] {
            if heard.body.get(field).is_some() {
                return refused(
                    400,
                    json!({"message": format!("{field} is not supported"), "param": field}),
                );
            }
        }
        right()
    })
    .await;
    let expected = vec![
        Mend::SchemaInPrompt,
        Mend::OtherTemperature,
        Mend::OtherTokenLimit,
    ];
    assert_eq!(three(&server, &bounded()).await, (6, expected));
}

#[tokio::test]
async fn what_is_set_is_sent_and_nothing_else_is_tried() {
    let settings = ModelSettings {
        max_tokens: NonZeroU32::new(70),
        token_limit_field: Some(TokenLimitField::MaxCompletionTokens),
        structured: Some(Structured::Object),
        temperature: Some(Temperature::Always(1.0)),
        system_role: Some(SystemRole::Merge),
    };
    let server = Loopback::answering(|_| right()).await;
    let answer = model(server.url(), settings)
        .complete(&trial())
        .await
        .unwrap();
    let body = server.heard()[0].body.clone();
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    assert_eq!(body["temperature"], 1.0);
    assert_eq!(body["max_completion_tokens"], 70);
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    assert_eq!(
        mends(&answer),
        [
            Mend::ObjectForSchema,
            Mend::OtherTemperature,
            Mend::OtherTokenLimit,
            Mend::SystemMerged
        ]
    );

    let settings = ModelSettings {
        structured: Some(Structured::Schema),
        temperature: Some(Temperature::Keep),
        ..ModelSettings::default()
    };
    for field in ["response_format", "temperature"] {
        let server = without(
            field,
            refused(400, json!({"message": "no", "param": field})),
        )
        .await;
        let answer = model(server.url(), settings).complete(&trial()).await;
        assert!(matches!(answer, Err(Fault::Unavailable(_))), "{answer:?}");
        assert_eq!(server.heard().len(), 1);
    }
    let drop = ModelSettings {
        temperature: Some(Temperature::Drop),
        structured: Some(Structured::Prompt),
        ..ModelSettings::default()
    };
    let server = Loopback::answering(|_| right()).await;
    model(server.url(), drop).complete(&trial()).await.unwrap();
    let body = server.heard()[0].body.clone();
    assert!(body.get("temperature").is_none() && body.get("response_format").is_none());
}

#[tokio::test]
async fn what_a_refusal_does_not_name_is_found_out_by_the_first_question() {
    for (field, expected) in [
        ("response_format", vec![Mend::SchemaInPrompt]),
        (
            "temperature",
            vec![Mend::SchemaInPrompt, Mend::OtherTemperature],
        ),
    ] {
        let server = without(field, Turn::status(400, "bad request")).await;
        let model = plain(server.url());
        assert!(model.complete(&trial()).await.is_err());
        assert_eq!(
            server.heard().len(),
            1,
            "a strategy's question is not asked in vain"
        );
        model.ready().await.unwrap();
        let answer = model.complete(&trial()).await.unwrap();
        assert_eq!(mends(&answer), expected);
    }
    let server = Loopback::answering(|_| Turn::status(400, "bad request")).await;
    let model = plain(server.url());
    assert!(model.ready().await.is_err());
    assert!(model.complete(&trial()).await.is_err());
    let last = server.heard().pop().unwrap().body;
    assert!(
        last.get("response_format").is_some(),
        "what did not help is forgotten"
    );
}

#[tokio::test]
async fn a_refusal_of_anything_else_is_told_at_once() {
    for refusal in [
        refused(
            404,
            json!({"message": "The model `smal` does not exist or you do not have access to it.", "code": "model_not_found"}),
        ),
        refused(
            400,
            json!({"message": "maximum context length is 8 tokens; reduce max_tokens or the messages, at temperature 0"}),
        ),
        Turn::status(400, "bad request"),
    ] {
        let server = Loopback::answering(move |_| refusal.clone()).await;
        assert!(plain(server.url()).complete(&bounded()).await.is_err());
        assert_eq!(server.heard().len(), 1);
    }
}

/// What the order of properties is on the wire: a model fills them in that order.
#[tokio::test]
async fn properties_of_a_schema_keep_their_order_on_the_wire() {
    let schema = r#"{"type":"object","properties":{"zeta":{"type":"string"},"feedback":{"type":"string"},"decision":{"type":"string"},"alpha":{"type":"string"}}}"#;
    let server = Loopback::answering(|_| Turn::json(reply(json!({"content": "{}"})))).await;
    let request = Request {
        schema: Some(schema.to_owned()),
        ..trial()
    };
    plain(server.url()).complete(&request).await.unwrap();
    let sent = server.heard()[0].body["response_format"]["json_schema"]["schema"].to_string();
    assert_eq!(sent, schema);
}

#[tokio::test]
async fn one_field_more_and_a_trailing_comma_cost_no_second_request_and_are_counted() {
    let content = r#"Sure: {"reasoning": "It came.", "verdict": "SUCCESS", "confidence": 0.9,}"#;
    let answer = answered(Turn::json(reply(json!({"content": content})))).await;
    assert_eq!(
        answer.reply.text,
        r#"{"reasoning":"It came.","verdict":"success"}"#
    );
    assert_eq!(
        mends(&answer),
        [
            Mend::Unwrapped,
            Mend::Syntax,
            Mend::Respelt,
            Mend::FieldsDropped
        ]
    );
    assert_eq!(answer.mended.replies, 1);
}

#[tokio::test]
async fn a_second_request_names_the_place_and_is_counted() {
    let server = Loopback::start([
        Turn::json(reply(
            json!({"content": r#"{"reasoning": "It "came".", "verdict": "success"}"#}),
        )),
        right(),
    ])
    .await;
    let answer = plain(server.url()).complete(&trial()).await.unwrap();
    assert_eq!(mends(&answer), [Mend::AskedAgain]);
    let asked = server.heard()[1].body["messages"][3]["content"].clone();
    insta::assert_snapshot!(asked.as_str().unwrap());
}

#[tokio::test]
async fn what_keeps_a_model_from_being_asked_is_told_within_seconds() {
    let forbidden = json!({"error": {"message": "this key may not list models"}}).to_string();
    let restricted =
        Loopback::answering(move |heard: &Heard| match heard.head.starts_with("post ") {
            true => right(),
            false => Turn::status(403, &forbidden),
        })
        .await;
    assert_eq!(plain(restricted.url()).ready().await, Ok(()));

    let thinking = "<think>First, {\"verdict\": \"failure\"}.";
    let broken = [
        (
            "model",
            refused(
                404,
                json!({"message": "The model `smal` does not exist.", "code": "model_not_found"}),
            ),
        ),
        ("path", Turn::status(404, "404 page not found")),
        (
            "page",
            Turn::status(200, "<html><title>Welcome</title></html>"),
        ),
        (
            "quota",
            refused(
                429,
                json!({"message": "the quota is used up", "code": "insufficient_quota"}),
            ),
        ),
        ("key", refused(401, json!({"message": "who are you?"}))),
        ("thoughts", Turn::json(reply(json!({"content": thinking})))),
        ("drip", Turn::Drip),
    ];
    let start = Instant::now();
    let mut told = String::new();
    for (what, turn) in broken {
        let server = Loopback::answering(move |_| turn.clone()).await;
        let endpoint = EndpointSettings {
            timeout_ms: NonZeroU64::new(300).unwrap(),
            retries: 1,
            retry_delay_ms: NonZeroU64::new(1).unwrap(),
            ..EndpointSettings::at(server.url())
        };
        let endpoint = Arc::new(Endpoint::new(endpoint, None).unwrap());
        let model = OpenAiModel::new(endpoint, "smal", ModelSettings::default());
        let Err(Fault::Unavailable(problem)) = model.ready().await else {
            panic!("{what} is ready");
        };
        told += &format!("{what}: {}\n", problem.replace(&server.url(), "URL"));
    }
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    insta::assert_snapshot!(told);
}
