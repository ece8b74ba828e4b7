//! Ctrl-C: the first one stops cleanly, the second one at once.

use std::future;

/// Ends at the first Ctrl-C. From then on, another one ends the process.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        return future::pending().await;
    }
    eprintln!("stopping; what is finished is kept (Ctrl-C again stops at once)");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(1);
        }
    });
}
