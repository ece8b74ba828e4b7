//! Reports of a comparison: a table and a page for people, JSON and CSV for programs.

mod html;
mod machine;
pub mod number;
mod table;

pub use html::html;
pub use machine::{csv, json};
pub use table::table;

#[cfg(test)]
mod tests;
