//! `memhost mcp`: the memory as MCP tools over standard input and output, for clients that start a program.

use memhost::live::{Grant, ONLY_TENANT};
use memhost_serve::mcp::{Remote, StdioError, forward, stdio};

use super::setup::{ConfigFile, StoreFlags};
use super::slot::ServerFlags;
use super::{Failure, interrupt, serve};

const EXAMPLES: &str = "\
Examples:
  memhost mcp --slot desk
      the tools `recall`, `record`, `feedback` and `explain`, from the server on this machine
  memhost mcp --slot desk --url http://memory.example:4780 --tenant acme
      another server, with the key in MEMHOST_KEY
  memhost mcp --slot desk --embedded --store memory
      without a server: the store is opened here, and nobody else can have it meanwhile

A client starts this program and talks to it; `examples/mcp` in memhost's repository has configurations to paste. A server \
that is started anew is waited for. Clients that speak MCP over HTTP need no program: the server is at /mcp/desk.";

/// Serve the memory to one MCP client on standard input and output.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// The slot.
    #[arg(long, value_name = "NAME")]
    slot: String,
    /// Whose memory it is; needed where the key is good for any tenant.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
    /// Open the store in this process, and ask no server.
    #[arg(long)]
    embedded: bool,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub async fn run(options: Options) -> Result<(), Failure> {
    if options.embedded {
        return embed(options).await;
    }
    let client = options.server.client_for(options.tenant)?;
    serve_until_interrupted(forward(Remote::new(client, options.slot))).await
}

async fn embed(options: Options) -> Result<(), Failure> {
    let mut config = options.config.load()?;
    options.store.apply(&mut config)?;
    let tenant = options.tenant.as_deref().unwrap_or(ONLY_TENANT);
    let host = serve::open(&config, false, false).await?;
    let served = match host.slot(&Grant::everything(), &options.slot, tenant) {
        Ok(seat) => serve_until_interrupted(stdio(seat)).await,
        Err(error) => Err(Failure::usage(error)),
    };
    let closed = host.close().await.map_err(Failure::failed);
    served.and(closed)
}

/// Whoever started this program ends it so, too.
async fn serve_until_interrupted(
    serving: impl Future<Output = Result<(), StdioError>>,
) -> Result<(), Failure> {
    tokio::select! {
        served = serving => served.map_err(Failure::failed),
        () = interrupt::interrupted() => Ok(()),
    }
}
