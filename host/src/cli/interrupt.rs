//! Ctrl-C: the first one stops cleanly, the second one at once.

use tokio::signal::ctrl_c;
use tokio::sync::oneshot;

/// Ends at the first Ctrl-C. Another one ends the process, and so does the first if nobody waits for it any more.
pub async fn interrupted() {
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async {
        if ctrl_c().await.is_err() {
            // Without signals there is nothing to wait for, and Ctrl-C does what it does by itself.
            return std::future::pending().await;
        }
        if stop.send(()).is_ok() {
            eprintln!("stopping; what is finished is kept (Ctrl-C again stops at once)");
            let _ = ctrl_c().await;
        }
        std::process::exit(1)
    });
    let _ = stopped.await;
}
