//! Quotas: what the operating system lets this process have. What exceeds them is ended by the system, whatever it does.

use std::io;

use super::super::LoadLimits;

/// Sets the quotas of this process, for good.
///
/// Memory is counted where it is written to (`RLIMIT_DATA`), not as address space: the program's own file, and what an
/// allocator reserves for each thread, would use up most of that. Of the systems that memhost runs on, only Linux counts
/// it so; on others memory is not limited.
#[cfg(unix)]
pub(super) fn set(limits: &LoadLimits) -> io::Result<()> {
    use rustix::process::Resource;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Data, limits.compile_memory, limits.compile_memory)?;
    // Whole seconds; one that has begun counts. The first limit ends with a signal of its own, the second as any kill.
    let seconds = limits.compile_cpu.as_secs() + u64::from(limits.compile_cpu.subsec_nanos() > 0);
    lower(Resource::Cpu, seconds, seconds.saturating_add(1))
}

/// A limit that was lower before cannot be raised, and holds as well.
#[cfg(unix)]
fn lower(resource: rustix::process::Resource, soft: u64, hard: u64) -> io::Result<()> {
    use rustix::process::{Rlimit, getrlimit, setrlimit};
    let before = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(before)),
        maximum: Some(hard.min(before)),
    };
    setrlimit(resource, limit).map_err(io::Error::from)
}

#[cfg(not(unix))]
pub(super) fn set(_: &LoadLimits) -> io::Result<()> {
    Ok(())
}

/// Whether a process ended because its processor time was used up.
#[cfg(unix)]
pub(super) fn is_out_of_time(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
pub(super) fn is_out_of_time(_: std::process::ExitStatus) -> bool {
    false
}
