//! Words of refusals: codes and messages of providers, routers and servers, in lower case.
//!
//! OpenAI, Anthropic, Azure, Google, Mistral, DeepSeek, Moonshot, Alibaba, Zhipu, SiliconFlow, OpenRouter, LiteLLM,
//! vLLM, llama.cpp, Ollama, text-embeddings-inference.

/// What a spent quota is called, in codes and in messages.
pub(super) const SPENT: &[&str] = &[
    "insufficient_quota",
    "insufficient quota",
    "insufficient_balance",
    "insufficient balance",
    "insufficient_credit",
    "insufficient credit",
    "insufficient funds",
    "billing_hard_limit",
    "billing hard limit",
    "billing_not_active",
    "billing_error",
    "not active, please check your billing",
    "payment_required",
    "payment required",
    "credit balance",
    "out of credit",
    "no credit",
    "not enough credit",
    "requires more credits",
    "run out of credit",
    "balance is insufficient",
    "balance is not enough",
    "balance not enough",
    "quota is used up",
    "quota has been used up",
    "exceeded your monthly",
    "monthly usage limit",
    "spending limit",
    "spend limit",
    "usage limits",
    "exceededbudget",
    "budget_exceeded",
    "budget has been exceeded",
    "exceeded_current_quota",
    "arrearage",
    "accountoverdue",
    "overdue",
    "余额不足",
    "欠费",
];

/// What both a spent quota and a limit per minute are called.
pub(super) const PERHAPS_SPENT: &[&str] = &[
    "exceeded your current quota",
    "quota exceeded",
    "quota_exceeded",
    "quotaexceeded",
];

/// What tells that a limit will pass.
pub(super) const PASSES: &[&str] = &[
    "retry in",
    "try again in",
    "retry after",
    "retrydelay",
    "per minute",
    "per second",
    "per day",
    "perminute",
    "requests per",
    "tokens per",
    "throttling",
];

/// What a refused key is called.
pub(super) const KEY: &[&str] = &[
    "invalid_api_key",
    "api_key_invalid",
    "authentication_error",
    "invalid_authentication",
    "account_deactivated",
    "api key not valid",
    "invalid api key",
    "incorrect api key",
    "invalid x-api-key",
    "no auth credentials",
    "unauthenticated",
];

/// What passes by itself is called, where the status does not say so.
pub(super) const BUSY: &[&str] = &[
    "overloaded",
    "rate_limit",
    "rate limit",
    "rate-limit",
    "too many requests",
    "temporarily",
    "try again",
    "timed out",
    "timeout",
    "resource_exhausted",
    "unavailable",
    "at capacity",
    "loading",
];

/// What alone is more than a limit per minute allows is called.
pub(super) const TOO_LARGE: &[&str] = &["request too large"];

/// What is longer than the endpoint takes.
pub(super) const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "string_above_max_length",
    "array_above_max_length",
    "context length",
    "context window",
    "context size",
    "maximum context",
    "too long",
    "too large",
    "too big",
    "too many tokens",
    "too many inputs",
    "maximum input length",
    "maximum sequence length",
    "max_seq_len",
    "longer than the maximum",
    "max_num_tokens",
    "maximum number of tokens",
    "maximum allowed length",
    "max batch size",
    "maximum batch size",
    "maximum allowed batch size",
    "batch size",
    "token limit",
    "exceeds the maximum",
    "exceed the maximum",
    "must have less than",
];

/// What an unknown model is called.
pub(super) const UNKNOWN_MODEL: &[&str] = &[
    "model_not_found",
    "model_not_exist",
    "invalid_model",
    "unknown_model",
    "not a valid model",
    "model not exist",
    "no such model",
    "unknown model",
    "invalid model",
    "model not found",
    "modelnotfound",
    "no endpoints found for",
];

/// What tells that a field of the request is not taken, and the fields that are known not to be.
pub(super) const FIELD: &[&str] = &[
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "unrecognized request argument",
    "unknown field",
    "unexpected keyword",
    "extra_forbidden",
    "extra inputs are not permitted",
    "extra fields not permitted",
    "response_format",
    "json_schema",
    "json_object",
    "structured output",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "grammar",
];

/// What filters of contents are called.
pub(super) const CONTENT: &[&str] = &[
    "content_filter",
    "content_policy",
    "content policy",
    "flagged",
    "moderation",
    "data_inspection_failed",
    "safety system",
];
