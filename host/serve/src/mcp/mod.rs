//! MCP: the memory as four tools, for any agent that speaks the Model Context Protocol.
//!
//! Over HTTP there are no sessions, so that a restart of the server breaks no client and an idle client keeps no server from
//! ending. Over standard input and output the same tools stand on a server that is called over HTTP, or on a seat in this
//! process. What the tools stand on is a `Backend`; what they say is text, because that is what a model reads.

mod arguments;
mod backend;
mod http;
mod remote;
mod render;
mod stdio;
mod tools;

#[cfg(test)]
mod tests;

pub(crate) use http::routes;
pub use remote::Remote;
pub use stdio::{StdioError, forward, stdio};
