//! Reports of a comparison: a table and a page for people, JSON and CSV for programs.

mod answer;
mod html;
mod machine;
pub mod number;
mod table;

pub use answer::{Answer, answer};
pub use html::html;
pub use machine::{csv, json};
pub use table::{coloured_table, table};

#[cfg(test)]
mod tests;
