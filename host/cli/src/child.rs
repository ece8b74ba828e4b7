//! This program as another process: it gets an order in JSON on standard input, and answers in JSON on standard output. What
//! it has to complain of goes where this one's complaints go.

use std::io;
use std::process::Stdio;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What a process makes of an order to one of this program's commands. It ends with whoever waits for it.
pub async fn answer<T: DeserializeOwned>(command: &str, order: &impl Serialize) -> io::Result<T> {
    let program = std::env::current_exe().unwrap_or_else(|_| "memhost".into());
    let order = serde_json::to_vec(order)?;
    let mut process = Command::new(program)
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    tracing::debug!(command, process = process.id(), "a process is asked");
    if let Some(mut input) = process.stdin.take() {
        input.write_all(&order).await?;
    }
    let said = process.wait_with_output().await?;
    match said.status.success() {
        true => Ok(serde_json::from_slice(&said.stdout)?),
        false => Err(io::Error::other(format!("it ended with {}", said.status))),
    }
}
