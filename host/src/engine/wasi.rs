//! WASI 0.2 as an empty world: no files, arguments, environment or network; clock and random bits from the run;
//! what is printed goes to the log.
//!
//! Python and JavaScript guests need WASI to start, and with this they repeat themselves bit by bit.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

use super::limits::LimitReached;
use crate::capability::{Log, RunState};
use crate::contract::Level;

/// The most random bytes in one call; a larger wish traps.
const MOST_RANDOM_BYTES: u64 = 1 << 20;

/// The most host-side resources (streams, pollables) that a call may hold.
const MOST_RESOURCES: usize = 1_024;

/// How many printed bytes are taken at a time.
const PRINT_CHUNK: usize = 64 << 10;

/// The empty world of one call.
pub(super) fn empty_world(run: &RunState, log: &Arc<Mutex<Log>>) -> (WasiCtx, ResourceTable) {
    let context = WasiCtx::builder()
        .stdout(Printed::to(log, Level::Info))
        .stderr(Printed::to(log, Level::Warn))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .wall_clock(RunClock(run.now))
        .monotonic_clock(Readings::default())
        .secure_random(Seeded::stream(run.seed, 1))
        .insecure_random(Seeded::stream(run.seed, 2))
        .insecure_random_seed(run.seed.into())
        .max_random_size(MOST_RANDOM_BYTES)
        .build();
    let mut table = ResourceTable::new();
    table.set_max_capacity(MOST_RESOURCES);
    (context, table)
}

/// The run's clock, which stands still during a call.
struct RunClock(f64);

impl HostWallClock for RunClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::try_from_secs_f64(self.0 / 1_000.0).unwrap_or_default()
    }
}

/// A microsecond later at every reading: time that passes, and the same on every run.
#[derive(Default)]
struct Readings(AtomicU64);

impl HostMonotonicClock for Readings {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(1_000, Ordering::Relaxed)
    }
}

/// ChaCha8 for wasmtime-wasi, which speaks a newer `rand_core` than the rest of the host.
struct Seeded(ChaCha8Rng);

impl Seeded {
    /// One of the independent streams of a seed; stream 0 is `run.random`.
    fn stream(seed: u64, stream: u64) -> Seeded {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Seeded(generator)
    }
}

impl rand_core::TryRng for Seeded {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// Standard output or standard error: lines of the call's log.
#[derive(Clone)]
struct Printed {
    level: Level,
    log: Arc<Mutex<Log>>,
}

impl Printed {
    fn to(log: &Arc<Mutex<Log>>, level: Level) -> Printed {
        Printed {
            level,
            log: log.clone(),
        }
    }

    fn print(&self, bytes: &[u8]) -> Result<(), LimitReached> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.print(self.level, bytes)
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let printed = self.print(&bytes);
        printed.map_err(|reached| StreamError::Trap(reached.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PRINT_CHUNK)
    }
}

impl AsyncWrite for Printed {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let printed = self.print(bytes).map_err(io::Error::other);
        Poll::Ready(printed.map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
