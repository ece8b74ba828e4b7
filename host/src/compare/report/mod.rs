//! Reports of a comparison: a table for people, JSON and CSV for programs.

mod machine;
pub mod number;
mod table;

pub use machine::{csv, json};
pub use table::table;

#[cfg(test)]
mod tests;
