//! What compilers cost that this process starts, while no other test starts any.

#[cfg(target_os = "linux")]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What it has cost until something was done.
pub struct Cost {
    /// Of the processes that were started for it, all together.
    pub cpu: Duration,
    /// By the clock.
    pub wall: Duration,
    /// Of the compiler that had most, in bytes; 0 if there was none.
    pub memory: u64,
}

/// Does something, and says what that has cost.
pub async fn costing<T>(work: impl Future<Output = T>) -> (T, Cost) {
    let stop = Arc::new(AtomicBool::new(false));
    let watch = std::thread::spawn({
        let stop = stop.clone();
        move || largest(&stop)
    });
    let (start, before) = (Instant::now(), spent());
    let done = work.await;
    let (wall, cpu) = (start.elapsed(), spent() - before);
    stop.store(true, Ordering::Relaxed);
    let memory = watch.join().unwrap();
    (done, Cost { cpu, wall, memory })
}

/// Processor time of all processes so far that this one has started and waited for.
fn spent() -> Duration {
    // SAFETY: `usage` is a place for what is asked for, and zeros are a value of its type.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage), 0);
        usage
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Watches the compilers of this process, until it is told to stop, and says how much memory the largest had, in bytes.
/// (What the system reports at their end includes what this process had when it started them.)
#[cfg(target_os = "linux")]
fn largest(stop: &AtomicBool) -> u64 {
    let mut most = 0;
    let mut watched = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let held = watched.iter().filter_map(|id| held_by(*id)).max();
        most = most.max(held.unwrap_or(0));
        if held.is_none() {
            watched = compilers_of(std::process::id());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

/// The most memory that a process has had so far, in bytes; nothing when it has ended.
#[cfg(target_os = "linux")]
fn held_by(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes << 10)
}

/// Elsewhere memory is not limited.
#[cfg(not(target_os = "linux"))]
fn largest(_: &AtomicBool) -> u64 {
    0
}

/// Processes whose parent is this one, and which compile.
#[cfg(target_os = "linux")]
pub fn compilers_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of = |id: &u32| {
        let read = |name: &str| std::fs::read(Path::new("/proc").join(id.to_string()).join(name));
        let status = String::from_utf8_lossy(&read("status").unwrap_or_default()).into_owned();
        let line = format!("PPid:\t{parent}\n");
        let command = read("cmdline").unwrap_or_default();
        (parent == 0 || status.contains(&line)) && command.ends_with(b"\0compile\0")
    };
    ids.filter(of).collect()
}
