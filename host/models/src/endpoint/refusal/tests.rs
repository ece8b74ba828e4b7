use serde_json::json;

use super::RefusalKind::*;
use super::*;
use crate::endpoint::{EndpointError, Problem};

/// A refusal as an endpoint sends it.
fn refusal(status: u16, body: &str) -> Refusal {
    Refusal::read(status, body.as_bytes(), None)
}

/// As providers and servers are known to say it.
fn shapes() -> Vec<(u16, String, RefusalKind)> {
    let said = |message: &str| json!({"error": {"message": message}}).to_string();
    let coded = |message: &str, kind: &str, code: Value| {
        json!({"error": {"message": message, "type": kind, "code": code}}).to_string()
    };
    let null = Value::Null;
    vec![
        // Money.
        (429, coded("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", json!("insufficient_quota")), Spent),
        (429, said("You exceeded your current quota, please check your plan and billing details."), Spent),
        (400, coded("Billing hard limit has been reached", "invalid_request_error", json!("billing_hard_limit_reached")), Spent),
        (400, json!({"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}}).to_string(), Spent),
        (402, json!({"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}).to_string(), Spent),
        (402, coded("This request requires more credits, or fewer max_tokens.", "", json!(402)), Spent),
        (402, "".to_owned(), Spent),
        (200, json!({"error": {"message": "Insufficient credits", "code": 402}}).to_string(), Spent),
        (403, json!({"code": 30001, "message": "Sorry, your account balance is insufficient", "data": null}).to_string(), Spent),
        (429, json!({"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}).to_string(), Spent),
        (400, json!({"error": {"message": "Budget has been exceeded! Current cost: 1.0", "type": "budget_exceeded"}}).to_string(), Spent),
        (400, said("Access denied, please make sure your account is in good standing. (Arrearage)"), Spent),
        (429, json!({"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "insufficient_quota"}}}).to_string(), Spent),
        // Keys.
        (401, coded("Incorrect API key provided: sk-x.", "invalid_request_error", json!("invalid_api_key")), Key),
        (401, "".to_owned(), Key),
        (400, json!([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}]).to_string(), Key),
        (403, json!({"error": {"type": "permission_error", "message": "Your organisation has been blocked."}}).to_string(), Key),
        (200, json!({"error": {"message": "No auth credentials found", "code": 401}}).to_string(), Key),
        // What passes.
        (429, coded("Rate limit reached for gpt-x on tokens per min (TPM): Limit 1, Used 1. Please try again in 6ms.", "tokens", json!("rate_limit_exceeded")), Busy),
        (429, said("You exceeded your current quota. Please retry in 37.1s."), Busy),
        (429, said("Request too large for text-embedding-3-small on tokens per min (TPM): Limit 1000000, Requested 1000001."), TooLong),
        (429, coded("Allocated quota exceeded", "insufficient_quota", json!("Throttling.AllocationQuota")), Busy),
        (429, "".to_owned(), Busy),
        (503, json!({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}).to_string(), Busy),
        (529, json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}).to_string(), Busy),
        (502, "<html><head><title>502 Bad Gateway</title></head></html>".to_owned(), Busy),
        (500, json!({"error": "CUDA error: out of memory"}).to_string(), Busy),
        (200, json!({"error": {"message": "the provider is overloaded", "code": 429}}).to_string(), Busy),
        (200, json!({"error": "something went wrong"}).to_string(), Busy),
        // Lengths.
        (400, coded("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.", "invalid_request_error", json!("context_length_exceeded")), TooLong),
        (400, json!({"error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}).to_string(), TooLong),
        (413, json!({"error": "Input validation error: `inputs` must have less than 512 tokens. Given: 700", "error_type": "Validation"}).to_string(), TooLong),
        (413, json!({"error": "batch size 64 > maximum allowed batch size 32", "error_type": "Validation"}).to_string(), TooLong),
        (400, json!({"error": {"message": "max_tokens is too large: 100000. This model supports at most 16384.", "param": "max_tokens"}}).to_string(), TooLong),
        // Models.
        (404, coded("The model `gpt-9` does not exist or you do not have access to it.", "invalid_request_error", json!("model_not_found")), UnknownModel),
        (404, json!({"error": "model 'gpt-9' not found"}).to_string(), UnknownModel),
        (400, coded("Model Not Exist", "invalid_request_error", null.clone()), UnknownModel),
        (400, json!({"object": "error", "message": "Invalid model: gpt-9", "type": "invalid_model", "code": "1500"}).to_string(), UnknownModel),
        (400, json!({"error": {"message": "gpt-9 is not a valid model ID", "code": 400}}).to_string(), UnknownModel),
        (403, said("Project does not have access to model `gpt-9`"), UnknownModel),
        // Paths.
        (404, "404 page not found".to_owned(), NoSuchPath),
        (404, "<!DOCTYPE html><html><head><title>Not Found</title></head></html>".to_owned(), NoSuchPath),
        (404, json!({"detail": "Not Found"}).to_string(), NoSuchPath),
        (405, json!({"detail": "Method Not Allowed"}).to_string(), NoSuchPath),
        (404, json!({"error": {"message": "Invalid URL (POST /v1/v1/chat/completions)", "type": "invalid_request_error"}}).to_string(), NoSuchPath),
        // Fields.
        (400, json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2", "param": "temperature", "code": "unsupported_value"}}).to_string(), Field),
        (422, json!({"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted", "input": {"text": "too long"}}]}).to_string(), Field),
        (500, json!({"error": {"message": "failed to parse grammar", "type": "server_error"}}).to_string(), Field),
        // Contents.
        (400, coded("The response was filtered", "", json!("content_filter")), Content),
        (403, json!({"error": {"message": "Your input was flagged", "code": 403, "metadata": {"reasons": ["violence"]}}}).to_string(), Content),
        // And what nobody knows.
        (400, json!({"error": {"message": "Bad request"}}).to_string(), Other),
        (418, "".to_owned(), Other),
    ]
}

#[test]
fn a_refusal_means_what_it_says_and_the_advice_fits() {
    let mut told = String::new();
    for (status, body, kind) in shapes() {
        let refusal = refusal(status, &body);
        assert_eq!(refusal.kind, kind, "{status} {body}");
        let error = EndpointError {
            url: "URL".to_owned(),
            tries: 1,
            key_env: "KEY".to_owned(),
            problem: Problem::Refused(Box::new(refusal)),
        };
        told += &format!("{error}\n");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn only_what_passes_is_asked_again_and_only_money_and_keys_end_it() {
    for (status, body, kind) in shapes() {
        let problem = Problem::Refused(Box::new(refusal(status, &body)));
        assert_eq!(problem.may_pass(), kind == Busy, "{body}");
        assert_eq!(problem.is_final(), matches!(kind, Spent | Key), "{body}");
    }
}

#[test]
fn a_wait_that_is_asked_for_makes_of_a_quota_what_passes() {
    let body = json!({"error": {"message": "You exceeded your current quota."}}).to_string();
    let refusal = Refusal::read(429, body.as_bytes(), Some(Duration::from_secs(3)));
    assert_eq!(refusal.kind, Busy);
}

#[test]
fn a_refusal_names_the_field_that_it_is_about() {
    let body = json!({"error": {"message": "no", "param": "temperature"}}).to_string();
    let refusal = refusal(400, &body);
    assert_eq!(refusal.parameter.as_deref(), Some("temperature"));
    assert!(refusal.names(&["temperature"]) && !refusal.names(&["max_tokens"]));
}

#[test]
fn an_error_that_came_with_success_is_told_from_a_result() {
    for (body, is_error) in [
        (json!({"error": {"message": "x"}}), true),
        (json!({"error": "x", "choices": []}), true),
        (json!([{"error": {"code": 400}}]), true),
        (json!({"object": "error", "message": "x"}), true),
        (json!({"detail": "x"}), true),
        (json!({"code": 500, "msg": "x"}), true),
        (json!({"error": null, "choices": []}), false),
        (json!({"error": {}, "choices": []}), false),
        (json!({"error": "", "data": []}), false),
        (json!({"message": {"content": "x"}}), false),
        (json!({"message": "ok", "data": []}), false),
        (json!({"id": "x"}), false),
        (json!("x"), false),
    ] {
        assert_eq!(is_refusal(&body), is_error, "{body}");
    }
}
