//! Processes that tests start, of one test at a time: the system adds up the processor time of all children of this
//! program, and a test that measures what one of them costs must not find another's in it.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

static ALONE: Mutex<()> = Mutex::new(());

/// Runs a test that starts processes while no other one does.
pub fn alone<T>(test: impl Future<Output = T>) -> T {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(test)
}

/// This program again, to run one test and nothing else; `test` is its name with its modules.
pub fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command
}

/// Runs a test in a process of its own, because it measures the whole of it. `name` is the test's own, with its modules.
#[cfg(target_os = "linux")]
pub fn apart(name: &str, test: impl Future<Output = ()>) {
    const APART: &str = "MEMHOST_TEST_APART";
    if std::env::var_os(APART).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(test);
    }
    let output = alone(async { again(name).env(APART, "yes").output().unwrap() });
    let printed = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    // Where no test has this name, none is run, and that is a success.
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}{complained}"
    );
}
