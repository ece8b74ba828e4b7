//! `[model]`: which language model answers, and the entries that name one.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use memhost_contract::Role;
use memhost_models::model::{ModelSettings, Structured, SystemRole, Temperature, TokenLimitField};
use serde::{Deserialize, Serialize};

use super::{DEFAULT_ENDPOINT, ModelChoice};

/// `[model]`: which language model answers which role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ModelSection {
    /// The model of every role that names no other.
    #[serde(rename = "use")]
    pub choice: ModelChoice,
    /// The model that agents run on.
    pub agent: Option<ModelChoice>,
    /// The strongest at hand.
    pub strongest: Option<ModelChoice>,
    /// The one that judges outcomes.
    pub judge: Option<ModelChoice>,
    /// The cheapest that will do.
    pub cheap: Option<ModelChoice>,
    /// `[model.openai.<name>]`: what `openai:<name>` means.
    pub openai: BTreeMap<String, ModelEntry>,
}

impl ModelSection {
    /// The model that answers a role.
    pub fn role(&self, role: Role) -> &ModelChoice {
        let own = match role {
            Role::Agent => &self.agent,
            Role::Strongest => &self.strongest,
            Role::Judge => &self.judge,
            Role::Cheap => &self.cheap,
        };
        own.as_ref().unwrap_or(&self.choice)
    }
}

/// `[model.openai.<name>]`: a language model at an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ModelEntry {
    /// The name of an `[endpoint.<name>]`. Default: [`DEFAULT_ENDPOINT`].
    pub endpoint: String,
    /// What the endpoint calls the model. Default: the entry's name.
    pub model: Option<String>,
    /// The longest reply where a request does not say, in the model's tokens.
    pub max_tokens: Option<NonZeroU32>,
    /// The field of the request that carries it; where nothing is said, here and below, what the endpoint takes is
    /// found out.
    pub token_limit_field: Option<TokenLimitField>,
    /// How a schema is told: `schema`, `object` or `prompt`.
    pub structured: Option<Structured>,
    /// Which temperature is sent: `keep`, `drop`, or a number for all requests.
    pub temperature: Option<Temperature>,
    /// Where the system's message goes: `keep` or `merge`.
    pub system_role: Option<SystemRole>,
}

impl ModelEntry {
    /// What of it concerns each request.
    pub(super) fn settings(&self) -> ModelSettings {
        ModelSettings {
            max_tokens: self.max_tokens,
            token_limit_field: self.token_limit_field,
            structured: self.structured,
            temperature: self.temperature,
            system_role: self.system_role,
        }
    }
}

impl Default for ModelEntry {
    fn default() -> Self {
        ModelEntry {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            model: None,
            max_tokens: None,
            token_limit_field: None,
            structured: None,
            temperature: None,
            system_role: None,
        }
    }
}
