//! Language models behind the `llm` interface.

pub mod cassette;
mod extractive;
mod openai;
mod reading;
mod schema;
#[cfg(test)]
mod tests;

pub use cassette::{Cassette, CassetteError};
pub use extractive::Extractive;
pub use openai::{
    ModelSettings, OpenAiModel, Structured, SystemRole, Temperature, TokenLimitField,
};
