//! The tools over standard input and output, for a client that starts a program and talks to it.

use memhost::live::Seat;
use rmcp::service::{ServerInitializeError, serve_server};
use rmcp::transport::stdio_pipes;

use super::Remote;
use super::backend::Backend;
use super::tools::Tools;

/// Why a client is served no longer, other than that it has gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StdioError {
    /// What came first is no beginning of MCP.
    #[error("this is no MCP client, or it speaks another protocol: {0}")]
    NotBegun(#[source] Box<ServerInitializeError>),
    /// The task that served it has ended early.
    #[error("the client is served no longer: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// Serves one client on standard input and output from a server that is called over HTTP, until the client is gone.
///
/// # Errors
/// What came was not MCP. Where the server cannot be reached, the tools say so, and work again when it can.
pub async fn forward(server: Remote) -> Result<(), StdioError> {
    serve(server).await
}

/// Serves one client on standard input and output from a seat in this process, until the client is gone.
///
/// # Errors
/// What came was not MCP.
pub async fn stdio(seat: Seat) -> Result<(), StdioError> {
    serve(seat).await
}

async fn serve(backend: impl Backend) -> Result<(), StdioError> {
    // Pipes are read without a thread that a waiting read would keep, and the process with it.
    match serve_server(Tools(backend), stdio_pipes()).await {
        Ok(serving) => serving.waiting().await.map(drop).map_err(StdioError::from),
        // It went before it said anything.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(StdioError::NotBegun(Box::new(error))),
    }
}
