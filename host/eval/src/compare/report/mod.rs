//! Reports of a comparison: a table and a page for people, JSON, CSV and Parquet for programs.

mod answer;
mod html;
mod machine;
pub mod number;
mod parquet;
mod table;

pub use answer::{Answer, answer};
pub use html::html;
pub use machine::{csv, json};
pub use parquet::parquet;
pub use table::{coloured_table, table};

#[cfg(test)]
mod tests;
