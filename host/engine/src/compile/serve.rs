//! The compiler process as it sees itself: takes one order from standard input, gives one answer to standard output.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::process::ExitCode;

use super::super::{binary, config};
use super::order::{Answer, LONGEST_LINE, Order, line};
use super::quota;

/// What a program does that [`CompilerProcess`](super::CompilerProcess) starts: compiles one component within the limits
/// that it is told, and ends. It ends at once when its parent does.
///
/// To be called before anything else is set up: what is in memory already, and every thread, counts.
pub fn serve() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // Whoever panics for want of memory can neither unwind nor find out where it was.
        let _ = writeln!(io::stderr(), "{panic}");
        std::process::abort()
    }));
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who started it reads this, or is gone.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer() -> io::Result<()> {
    let (order, component) = order()?;
    end_with_parent()?;
    let (answer, code) = compile(&order, &component);
    let mut output = io::stdout().lock();
    output.write_all(&line(&answer)?)?;
    output.write_all(&code)?;
    output.flush()
}

/// Reads the order, and obeys its limits before the component is read.
fn order() -> io::Result<(Order, Vec<u8>)> {
    let mut input = io::stdin().lock();
    let mut ordered = Vec::new();
    (&mut input)
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut ordered)?;
    let order: Order = serde_json::from_slice(&ordered).map_err(|error| {
        io::Error::other(format!(
            "only memhost itself gives orders to compile: {error}"
        ))
    })?;
    quota::set(&order.limits)?;
    let mut component = Vec::new();
    (&mut input).take(order.bytes).read_to_end(&mut component)?;
    match component.len() as u64 == order.bytes {
        true => Ok((order, component)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Ends this process when nothing more can come from standard input: whoever wanted the code is gone.
fn end_with_parent() -> io::Result<()> {
    let watch = || {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(1)
    };
    std::thread::Builder::new().spawn(watch).map(drop)
}

fn compile(order: &Order, component: &[u8]) -> (Answer, Vec<u8>) {
    let compiled = wasmtime::Engine::new(&config(order.compiler))
        .and_then(|engine| engine.precompile_component(component));
    match compiled {
        Ok(code) if code.len() as u64 > order.limits.code => {
            let bytes = code.len() as u64;
            (Answer::Compiled { bytes }, Vec::new())
        }
        Ok(code) => {
            let bytes = code.len() as u64;
            (Answer::Compiled { bytes }, code)
        }
        Err(error) => (refusal(&error), Vec::new()),
    }
}

fn refusal(error: &wasmtime::Error) -> Answer {
    let detail = binary::one_line(&format!("{error:#}"));
    let is_out_of_memory = error.is::<wasmtime::OutOfMemory>() || detail.contains("os error 12");
    match is_out_of_memory {
        true => Answer::OutOfMemory,
        false => Answer::Refused { detail },
    }
}
