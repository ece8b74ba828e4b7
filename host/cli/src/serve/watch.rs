//! Watching plugin files: whoever writes a strategy sees each build of it answer, without starting anything anew.

use std::sync::Arc;
use std::time::Duration;

use memhost::config::SlotSection;
use memhost::live::{Grant, Host, LiveError, Mode};
use memhost_base::error_chain::chain;

use super::admission::{self, Admission, Seen};
use super::say_who_answers;
use crate::output;

/// How often files are looked at. One that looks the same twice after it changed is whole.
const EVERY: Duration = Duration::from_secs(1);

/// Has a slot follow the files of its plugin, as long as the host lives. A build that is refused is told, and changes nothing.
pub fn watch(host: Host, admission: Arc<Admission>, slot: String, section: SlotSection) {
    tokio::spawn(async move {
        let mut admitted = seen(&admission, &section);
        let mut before = admitted.clone();
        loop {
            tokio::time::sleep(EVERY).await;
            let now = seen(&admission, &section);
            if now.is_some() && now != admitted && now == before {
                admitted = now.clone();
                match follow(&host, &admission, &slot, &section).await {
                    Ok(()) => {}
                    Err(LiveError::Draining) => return,
                    Err(error) => output::say(format_args!(
                        "slot `{slot}`: what was built just now is refused, and the strategy before it goes on: {}",
                        chain(&error)
                    )),
                }
            }
            before = now;
        }
    });
}

/// The files of a plugin as they are now; `None` where one is missing.
fn seen(admission: &Admission, section: &SlotSection) -> Option<Seen> {
    let layers = admission.directories.find_layers(&section.plugin).ok()?;
    admission::seen(&layers)
}

async fn follow(
    host: &Host,
    admission: &Admission,
    slot: &str,
    section: &SlotSection,
) -> Result<(), LiveError> {
    let built = admission.admit_own(&section.wish()).await?;
    let manager = host.manage(&Grant::everything(), slot)?;
    let generation = manager
        .swap_if_other(built, Mode::from(section.mode))
        .await?;
    say_who_answers(&generation);
    Ok(())
}
