//! Environment variables: those of the process, or others, for tests and for programs that embed memhost.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Where variables are looked up. `Debug` shows no values: some are keys.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<HashMap<String, String>>>);

impl Environment {
    /// These variables, and no other.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        Environment(Some(Arc::new(variables.into_iter().collect())))
    }

    /// A variable's value; a blank one counts as not set.
    pub(super) fn get(&self, variable: &str) -> Option<String> {
        let value = match &self.0 {
            Some(variables) => variables.get(variable).cloned(),
            None => std::env::var(variable).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

/// Two configurations are the same if their settings are, wherever they look up keys.
impl PartialEq for Environment {
    fn eq(&self, _: &Environment) -> bool {
        true
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment([hidden])")
    }
}
