//! What to do where the operating system refuses: the same refusal reaches a command from many places, and its cure is
//! outside of memhost.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::PanicHookInfo;

use super::hint::hint;
use super::{Failure, output};

/// Why a command failed, for people, with the option that helps and the cure of what the operating system refused.
pub fn told(failure: &Failure) -> String {
    let mut told = failure.to_string();
    let mut cures: Vec<String> = os_errors(&told)
        .filter_map(cure)
        .map(str::to_owned)
        .collect();
    cures.dedup();
    for cure in hint(failure.error()).into_iter().chain(cures) {
        told += &format!("\n  hint: {cure}");
    }
    match std::env::current_dir() {
        // Whatever was said was said of paths that start there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!(
            "the directory in which memhost was started is gone, and paths that start there lead nowhere: `cd` to one that \
             is there\n  caused by: {told}"
        ),
        _ => told,
    }
}

/// Whether the system refused a thread, which the library in between cannot do without.
pub fn is_refusal(panic: &PanicHookInfo<'_>) -> bool {
    let told = panic.to_string();
    told.contains("spawn") && os_errors(&told).next().is_some()
}

/// What a panic says; it is a defect, unless the system refused something.
pub fn told_of_panic(panic: &PanicHookInfo<'_>) -> String {
    let told = panic.to_string();
    if is_refusal(panic) {
        return format!(
            "memhost {told}\n  hint: the system starts no further thread: raise what this shell allows of processes and \
             addresses (`ulimit -u`, `ulimit -v`)"
        );
    }
    let trace = Backtrace::capture();
    match trace.status() {
        BacktraceStatus::Captured => format!("a defect of memhost, which {told}\n{trace}"),
        _ => format!("a defect of memhost, which {told}"),
    }
}

/// Says so where hardly more than memhost's own code fits into the addresses that the process may use: there, memory
/// may be refused in places that can only abort.
pub fn warn_of_few_addresses() {
    const ENOUGH: u64 = 512 << 20;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"));
    let allowed = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(allowed) = allowed.filter(|allowed| *allowed < ENOUGH) {
        output::say(format_args!(
            "warning: this shell allows {} MiB of addresses (`ulimit -v`), which memhost's own code nearly fills: raise that \
             with `ulimit -v unlimited`, or it may end in any place",
            allowed >> 20
        ));
    }
}

/// The codes that errors of the operating system name: `Disk quota exceeded (os error 122)`. Many come as text, out of
/// libraries that keep nothing else.
fn os_errors(text: &str) -> impl Iterator<Item = i32> {
    let after = text.split("(os error ").skip(1);
    after.filter_map(|rest| rest.split_once(')')?.0.parse().ok())
}

fn cure(code: i32) -> Option<&'static str> {
    /// Too many open files, here and on macOS; the standard library has no name for it.
    const EMFILE: i32 = 24;
    match io::Error::from_raw_os_error(code).kind() {
        io::ErrorKind::StorageFull => {
            Some("the disk is full: make room on it, or write to another")
        }
        io::ErrorKind::QuotaExceeded => {
            Some("your share of the disk is used up: make room on it, or write to another")
        }
        io::ErrorKind::FileTooLarge => Some(
            "a file has reached the size that this shell allows (`ulimit -f`): raise it with `ulimit -f unlimited`",
        ),
        io::ErrorKind::ReadOnlyFilesystem => Some("the disk is for reading only: write to another"),
        io::ErrorKind::OutOfMemory => Some(
            "memory was refused. Every call of a plugin reserves some GiB of addresses, of which it uses little: if this \
             shell limits them (`ulimit -v`), raise that with `ulimit -v unlimited`; if not, run fewer cells at a time, with \
             --jobs 1",
        ),
        _ if code == EMFILE => Some(
            "this shell allows too few open files (`ulimit -n`): raise that with `ulimit -n 4096`, or run fewer cells at a \
             time, with --jobs 1",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_refuses_has_its_cure_wherever_it_is_said() {
        for (code, cure) in [
            (28, "the disk is full"),
            (122, "your share of the disk"),
            (27, "`ulimit -f unlimited`"),
            (30, "for reading only"),
            (12, "`ulimit -v unlimited`"),
            (24, "`ulimit -n 4096`"),
        ] {
            let error = io::Error::from_raw_os_error(code);
            let failure = Failure::failed(format!("cannot write `x`: {error}: {error}; try again"));
            let told = told(&failure);
            assert_eq!(told.matches("hint: ").count(), 1, "{told}");
            assert!(told.contains(cure), "{told}");
        }
    }

    #[test]
    fn what_needs_no_cure_gets_none() {
        for told_of in [
            "no such suite",
            "not found (os error 2)",
            "(os error x)",
            "(os error ",
        ] {
            assert_eq!(told(&Failure::failed(told_of)), told_of);
        }
    }
}
