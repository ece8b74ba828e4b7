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
use memhost_contract::Level;
use memhost_contract::limits::LimitReached;
use memhost_strategy::capability::{Log, RunState};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

/// The most random bytes in one call; a larger wish traps.
const MOST_RANDOM_BYTES: u64 = 64 << 10;

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

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::super::{Engine, EngineOptions, call};
    use super::*;
    use memhost_contract::limits::{Limit, Limits};
    use memhost_strategy::capability::CallContext;

    /// Calls the function `run` of a component in a sandbox, and returns its number.
    async fn run(component: &str, seed: u64) -> u64 {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        let bytes = wat::parse_str(component).unwrap();
        let component = Component::from_binary(&engine.inner.wasmtime, &bytes).unwrap();
        let pre = engine.inner.linker.instantiate_pre(&component).unwrap();
        let context = CallContext {
            run: RunState {
                now: 12_500.0,
                seed,
                ..RunState::default()
            },
            ..CallContext::nothing_granted(Limits::default())
        };
        let (result, _) = call::call(&pre, 1, context, async |store, instance| {
            let run = instance.get_typed_func::<(), (u64,)>(&mut *store, "run")?;
            Ok(run.call_async(store, ()).await?.0)
        })
        .await;
        result.unwrap()
    }

    /// A component that returns what an imported function without parameters gives, after some calls of it.
    fn returning(interface: &str, function: &str, calls: usize) -> String {
        format!(
            r#"(component
                (import "{interface}@0.2.0" (instance $i (export "{function}" (func (result u64)))))
                (core func $get (canon lower (func $i "{function}")))
                (core module $m
                    (import "i" "get" (func $get (result i64)))
                    (func (export "run") (result i64) {} call $get))
                (core instance $c (instantiate $m (with "i" (instance (export "get" (func $get))))))
                (func (export "run") (result u64) (canon lift (core func $c "run"))))"#,
            "call $get drop ".repeat(calls)
        )
    }

    #[tokio::test]
    async fn random_bits_come_from_the_seed_and_nowhere_else() {
        let secure = returning("wasi:random/random", "get-random-u64", 0);
        let insecure = returning("wasi:random/insecure", "get-insecure-random-u64", 0);
        assert_eq!(run(&secure, 1).await, run(&secure, 1).await);
        assert_ne!(run(&secure, 1).await, run(&secure, 2).await);
        assert_eq!(run(&insecure, 1).await, run(&insecure, 1).await);
        assert_ne!(run(&insecure, 1).await, run(&secure, 1).await);
    }

    #[tokio::test]
    async fn time_passes_by_readings() {
        let reading = |calls| returning("wasi:clocks/monotonic-clock", "now", calls);
        assert_eq!(run(&reading(0), 1).await, 0);
        assert_eq!(run(&reading(3), 1).await, 3_000);
    }

    #[test]
    fn the_wall_clock_is_the_runs() {
        assert_eq!(RunClock(12_500.0).now(), Duration::from_millis(12_500));
        for nonsense in [f64::NAN, -1.0, f64::INFINITY] {
            assert_eq!(RunClock(nonsense).now(), Duration::ZERO);
        }
    }

    /// Creates a TCP socket, and returns 0 or one more than the error's number.
    const SOCKET: &str = r#"(component
        (import "wasi:sockets/network@0.2.0" (instance $network
            (type $error (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory"
                "timeout" "concurrency-conflict" "not-in-progress" "would-block" "invalid-state"
                "new-socket-limit" "address-not-bindable" "address-in-use" "remote-unreachable"
                "connection-refused" "connection-reset" "connection-aborted" "datagram-too-large"
                "name-unresolvable" "temporary-resolver-failure" "permanent-resolver-failure"))
            (export "error-code" (type (eq $error)))
            (type $family (enum "ipv4" "ipv6"))
            (export "ip-address-family" (type (eq $family)))))
        (import "wasi:sockets/tcp@0.2.0" (instance $tcp (export "tcp-socket" (type (sub resource)))))
        (alias export $network "error-code" (type $error))
        (alias export $network "ip-address-family" (type $family))
        (alias export $tcp "tcp-socket" (type $socket))
        (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
            (alias outer 1 $error (type $e'))
            (export "error-code" (type $e (eq $e')))
            (alias outer 1 $family (type $f'))
            (export "ip-address-family" (type $f (eq $f')))
            (alias outer 1 $socket (type $s'))
            (export "tcp-socket" (type $s (eq $s')))
            (export "create-tcp-socket" (func
                (param "address-family" $f) (result (result (own $s) (error $e)))))))
        (core module $memory (memory (export "memory") 1))
        (core instance $mem (instantiate $memory))
        (core func $create (canon lower (func $create "create-tcp-socket") (memory $mem "memory")))
        (core module $m
            (import "i" "create" (func $create (param i32 i32)))
            (import "i" "memory" (memory 1))
            (func (export "run") (result i64)
                (call $create (i32.const 0) (i32.const 16))
                (if (result i64) (i32.load8_u (i32.const 16))
                    (then (i64.add (i64.const 1) (i64.load8_u (i32.const 20))))
                    (else (i64.const 0)))))
        (core instance $c (instantiate $m (with "i" (instance
            (export "create" (func $create))
            (export "memory" (memory $mem "memory"))))))
        (func (export "run") (result u64) (canon lift (core func $c "run"))))"#;

    #[tokio::test]
    async fn a_socket_cannot_even_be_made() {
        assert_eq!(run(SOCKET, 1).await, 2, "not access-denied");
    }

    #[tokio::test]
    async fn what_is_printed_is_logged_up_to_the_limit() {
        let limits = Limits {
            log_lines: 2,
            ..Limits::default()
        };
        let log = Arc::new(Mutex::new(Log::new(&limits)));
        let (mut out, mut err) = (
            Printed::to(&log, Level::Info).p2_stream(),
            Printed::to(&log, Level::Warn).p2_stream(),
        );
        out.write(Bytes::from_static(b"one ")).unwrap();
        err.write(Bytes::from_static(b"two\n")).unwrap();
        out.write(Bytes::from_static(b"line\n")).unwrap();
        let Err(StreamError::Trap(error)) = out.write(Bytes::from_static(b"more\n")) else {
            panic!("a third line was taken");
        };
        let reached = error.downcast_ref::<LimitReached>().unwrap();
        assert_eq!(reached.limit, Limit::LogLines);
        let lines = log.lock().unwrap().take();
        let lines: Vec<_> = lines
            .iter()
            .map(|line| (line.level, line.message.as_str()))
            .collect();
        assert_eq!(lines, [(Level::Warn, "two"), (Level::Info, "one line")]);
    }
}
