//! The compiler process as its parent sees it: started for one component, waited for, and ended when its time is up.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use serde::{Deserialize, Serialize};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::super::error::{CompileLimit, LoadFailure};
use super::super::{Compiler, LoadLimits, binary};
use super::order::{Answer, LONGEST_LINE, Order, line};
use super::quota;

/// How many threads compile, at most: each holds a function of its own in memory.
const MOST_THREADS: usize = 8;

/// By which it is told how many.
const THREADS: &str = "RAYON_NUM_THREADS";

/// How much is kept of what the process complains of, in bytes.
const LONGEST_COMPLAINT: u64 = 4 << 10;

/// How a process is started that compiles one component and ends: a program that calls [`serve`](super::serve).
///
/// It has to be of this library's version. The command line names itself; who embeds the library names the program
/// `memhost`, or has a command of their own call [`serve`](super::serve) and names themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompilerProcess {
    /// The program.
    pub program: PathBuf,
    /// What it is told, so that it knows what it is wanted for.
    pub arguments: Vec<String>,
}

impl CompilerProcess {
    /// The command of the program `memhost` that compiles.
    pub const COMMAND: &str = "compile";

    /// The program `memhost` at this path.
    pub fn memhost(program: impl Into<PathBuf>) -> CompilerProcess {
        CompilerProcess {
            program: program.into(),
            arguments: vec![CompilerProcess::COMMAND.to_owned()],
        }
    }

    /// Compiles a component within these limits. When this is no longer waited for, the process is ended.
    pub(super) async fn compile(
        &self,
        compiler: Compiler,
        limits: &LoadLimits,
        component: &[u8],
    ) -> Result<Vec<u8>, LoadFailure> {
        let order = Order {
            bytes: component.len() as u64,
            compiler,
            limits: limits.clone(),
        };
        let idle = |error: io::Error| self.unusable(format!("does not run: {error}"));
        let order = line(&order).map_err(|error| idle(error.into()))?;
        let mut child = self.start().map_err(idle)?;
        let talk = talk(&mut child, &order, component, limits);
        let Ok(end) = timeout(limits.compile_wall_clock, talk).await else {
            // It is gone when this returns; if it cannot be waited for, it has been ended nevertheless.
            let _ = child.kill().await;
            return Err(limit(CompileLimit::WallClock, limits));
        };
        match end.map_err(idle)? {
            End::Compiled(code) => Ok(code),
            End::TooLarge(bytes) => Err(LoadFailure::Compile {
                limit: CompileLimit::Code,
                allowed: limits.code,
                wanted: Some(bytes),
            }),
            End::OutOfMemory => Err(limit(CompileLimit::Memory, limits)),
            End::OutOfTime => Err(limit(CompileLimit::Cpu, limits)),
            End::Refused(detail) => Err(LoadFailure::NotCompilable { detail }),
            End::Unasked(detail) => Err(self.unusable(detail)),
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // What is typed at the terminal is for this process, which ends that one if it has to.
        #[cfg(unix)]
        command.process_group(0);
        if std::env::var_os(THREADS).is_none() {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            command.env(THREADS, cores.min(MOST_THREADS).to_string());
        }
        command.spawn()
    }

    pub(super) fn unusable(&self, problem: String) -> LoadFailure {
        LoadFailure::NoCompiler {
            program: self.program.display().to_string(),
            problem,
        }
    }
}

fn limit(reached: CompileLimit, limits: &LoadLimits) -> LoadFailure {
    LoadFailure::Compile {
        limit: reached,
        allowed: reached.value(limits),
        wanted: None,
    }
}

/// How a compilation ended.
enum End {
    Compiled(Vec<u8>),
    TooLarge(u64),
    OutOfMemory,
    OutOfTime,
    Refused(String),
    /// It is no compiler, or another one.
    Unasked(String),
}

async fn talk(
    child: &mut Child,
    order: &[u8],
    component: &[u8],
    limits: &LoadLimits,
) -> io::Result<End> {
    let (Some(input), Some(output), Some(complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("its pipes are not there"));
    };
    // Its input stays open until it has ended: the process ends when it is closed.
    let (_input, answer, complaints) = tokio::join!(
        tell(input, order, component),
        hear(output, limits),
        last_words(complaints),
    );
    let status = child.wait().await?;
    Ok(match answer {
        Ok(Some(end)) if status.success() || matches!(end, End::Unasked(_)) => end,
        _ => premature(status, &complaints),
    })
}

/// A process that has ended before it was told everything says why by its end.
async fn tell(mut input: ChildStdin, order: &[u8], component: &[u8]) -> ChildStdin {
    let told = async {
        input.write_all(order).await?;
        input.write_all(component).await?;
        input.flush().await
    };
    let told: io::Result<()> = told.await;
    if let Err(error) = told {
        tracing::debug!(%error, "the compiler does not listen");
    }
    input
}

/// Its answer; nothing if it said none.
async fn hear(output: impl AsyncRead + Unpin, limits: &LoadLimits) -> io::Result<Option<End>> {
    let mut output = BufReader::new(output);
    let mut said = Vec::new();
    (&mut output)
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut said)
        .await?;
    if said.is_empty() {
        return Ok(None);
    }
    let Ok(answer) = serde_json::from_slice(&said) else {
        return Ok(Some(End::Unasked("says something else".to_owned())));
    };
    match answer {
        Answer::Compiled { bytes } if bytes > limits.code => Ok(Some(End::TooLarge(bytes))),
        Answer::Compiled { bytes } => {
            let mut code = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
            output.take(bytes).read_to_end(&mut code).await?;
            let whole = code.len() as u64 == bytes;
            Ok(whole.then_some(End::Compiled(code)))
        }
        Answer::Refused { detail } => Ok(Some(End::Refused(detail))),
        Answer::OutOfMemory => Ok(Some(End::OutOfMemory)),
    }
}

/// The beginning of what it complains of. All of it is read, so that it does not wait for a reader.
async fn last_words(mut complaints: impl AsyncRead + Unpin) -> String {
    let mut words = Vec::new();
    let first = (&mut complaints)
        .take(LONGEST_COMPLAINT)
        .read_to_end(&mut words)
        .await;
    if first.is_ok() {
        let _ = tokio::io::copy(&mut complaints, &mut tokio::io::sink()).await;
    }
    binary::one_line(&String::from_utf8_lossy(&words))
}

/// What it means that a process has ended without an answer.
fn premature(status: ExitStatus, complaints: &str) -> End {
    if quota::is_out_of_time(status) {
        return End::OutOfTime;
    }
    // In the words of Rust's allocator, of wasmtime's, and of the system about memory and about threads.
    let signs = [
        "memory allocation of",
        "out of memory",
        "os error 12",
        "os error 11",
    ];
    if signs.iter().any(|sign| complaints.contains(sign)) {
        return End::OutOfMemory;
    }
    let words = match complaints {
        "" => String::new(),
        words => format!(": {words}"),
    };
    match status.code() {
        // A signal: of a panic, for instance, which is a mistake of the compiler.
        None => End::Refused(format!("the compiler ended with {status}{words}")),
        Some(_) => End::Unasked(format!("ended with {status}{words}")),
    }
}
