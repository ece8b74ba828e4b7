//! What suites measure: the built-in ones, and real data sets where `MEMHOST_DATA` names the folder that holds them.

mod attempts;
mod compaction;
mod discovery;
mod domains;
mod floors;
mod forecast;
mod hops;
mod planted;
mod retry;
mod routing;
mod steps;
mod suites;
mod suites_reference;
