//! What can go wrong with a plugin before it is called.

use std::path::PathBuf;

use memhost_contract::limits::milliseconds;
use memhost_strategy::{CallFailure, NotWrapped};

use super::LoadLimits;
use super::composed::SECTION;

/// Why a plugin cannot be used: the file, and what is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin `{plugin}` cannot be loaded: {reason}")]
#[non_exhaustive]
pub struct LoadError {
    /// Its path, or the name that its bytes were given.
    pub plugin: String,
    /// What is wrong.
    pub reason: LoadFailure,
}

/// What is wrong with a plugin. Each text ends with what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoadFailure {
    /// The file cannot be read.
    #[error("{error}; check the path and its permissions")]
    Unreadable {
        /// The operating system's words.
        error: String,
    },
    /// The file is larger than [`super::EngineOptions::largest_plugin`].
    #[error(
        "it has {size} bytes and the limit is {limit}; if it is meant to be that large, raise the limit"
    )]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The most that is compiled.
        limit: u64,
    },
    /// It is something else.
    #[error(
        "it is {found}, and not a plugin in WebAssembly's binary form; give the path of a built plugin (`.wasm`)"
    )]
    NotWasm {
        /// What it seems to be.
        found: &'static str,
    },
    /// It begins like WebAssembly and is broken further on.
    #[error("it is damaged WebAssembly: {detail}; build or download it again")]
    Damaged {
        /// Where and what.
        detail: String,
    },
    /// A core module that does not say which world it was built for.
    #[error(
        "it is a core module without a `component-type` section, so it was not built against memhost's contract; \
         build it with the SDK (Rust: `cargo build --target wasm32-unknown-unknown`), or give the component \
         instead of the module"
    )]
    NoContract,
    /// A core module that cannot be made into a component.
    #[error(
        "it is a core module that does not become a component: {detail}; build it with the SDK for \
         wasm32-unknown-unknown or wasm32-wasip2"
    )]
    NotComponentizable {
        /// What wit-component said.
        detail: String,
    },
    /// A component of another world.
    #[error(
        "it is a component of another world: it does not export `{expected}` but {exports}; build it for the world \
         `plugin` of `memhost:strategy`",
        exports = quoted(exports)
    )]
    OtherWorld {
        /// What every plugin exports.
        expected: String,
        /// What it exports.
        exports: Vec<String>,
    },
    /// A component that was built for a contract that this host does not speak.
    #[error(
        "it was built for version {built_for} of memhost's contract (`{interface}`), and this host speaks \
         {speaks}; {cure}",
        speaks = memhost_contract::VERSION
    )]
    OtherVersion {
        /// The contract version that the component names.
        built_for: String,
        /// Where it names it.
        interface: String,
        /// What to do.
        cure: &'static str,
    },
    /// A component that wants what no plugin gets.
    #[error("it imports {imports}, which no plugin gets: {why}", imports = quoted(imports))]
    Forbidden {
        /// Names of the imports.
        imports: Vec<String>,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A wrapper that is loaded as a plugin.
    #[error("it is a wrapper, and has nothing to wrap: name what it wraps, as in `guard(rag)`")]
    Alone,
    /// A component that is to wrap another and cannot.
    #[error(
        "it is no wrapper: it does not import `{expected}`, so nothing can stand inside it; build it for the world `wrapper` \
         of `memhost:strategy`, or name it alone"
    )]
    NoWrapper {
        /// What every wrapper imports.
        expected: String,
    },
    /// A composed file that is loaded as one component.
    #[error(
        "it holds what it wraps in its section `{SECTION}`: load it with `Layers`, which makes one strategy of both"
    )]
    Composed,
    /// A component that holds what it wraps, and does not wrap.
    #[error(
        "it has a section `{SECTION}`, in which a wrapper holds what it wraps, and is no wrapper: it does not import \
         `{expected}`; compose it of a wrapper, as in `memhost compose 'guard(rag)'`"
    )]
    HoldsAndNoWrapper {
        /// What every wrapper imports.
        expected: String,
    },
    /// Which of several is wrapped cannot be told.
    #[error(
        "it has more than one section `{SECTION}`, so that what it wraps cannot be told; write the file anew with \
         `memhost compose`"
    )]
    TwoInner,
    /// A composed file that is to wrap something else.
    #[error(
        "it holds what it wraps already, so that nothing else can stand inside it; name it last, as in `guard(file.wasm)`, \
         or write it anew with `memhost compose`"
    )]
    Taken,
    /// What a composed file holds cannot be loaded.
    #[error(
        "layer {layer} of it, in the section `{SECTION}`, cannot be used: {reason}; then write the file anew with \
         `memhost compose`"
    )]
    Inside {
        /// Which component of the file, the outermost being 1.
        layer: usize,
        /// What is wrong with it.
        reason: Box<LoadFailure>,
    },
    /// A wrapper that cannot be put around what it is to wrap.
    #[error(transparent)]
    NotWrapped(NotWrapped),
    /// An interface of the right name and version, but not as this host knows it.
    #[error(
        "`{interface}` lacks or adds something, compared with contract {speaks} of this host: {detail}; it was built \
         for contract {built_for}; build it against this host's `wit/`",
        speaks = memhost_contract::VERSION
    )]
    OtherShape {
        /// Which interface.
        interface: String,
        /// The contract version that the component names.
        built_for: String,
        /// What differs.
        detail: String,
    },
    /// It does not compile.
    #[error(
        "it does not compile: {detail}; build it again with a current toolchain and without component-model async \
         (componentize-qjs: `--sync`)"
    )]
    NotCompilable {
        /// What the compiler said.
        detail: String,
    },
    /// It is costly to compile out of proportion to its size, by a count of [`super::LoadLimits`].
    #[error(
        "it has {found} {what} and the limit is {limit}, because what has more costs a compiler minutes or gigabytes; \
         build it smaller (optimised for size, without what it does not use), or, if it is meant to be like that, raise the \
         limit `{key}`"
    )]
    TooComplex {
        /// What is counted.
        what: &'static str,
        /// How many there are, as far as they were counted.
        found: u64,
        /// How many there may be.
        limit: u64,
        /// The setting.
        key: &'static str,
    },
    /// Compiling it reached a limit of [`super::LoadLimits`].
    #[error(
        "compiling it takes more than {allowed} {unit}{wanted}, and was ended; build it smaller (optimised for size, \
         without what it does not use), or, if you trust it, raise the limit `{key}`",
        unit = limit.unit(),
        wanted = wanted.map(|wanted| format!(" (it takes {wanted})")).unwrap_or_default(),
        key = limit.key()
    )]
    Compile {
        /// Which limit.
        limit: CompileLimit,
        /// What it allows, in the unit of its setting.
        allowed: u64,
        /// What it would take, where that is known.
        wanted: Option<u64>,
    },
    /// The process that compiles does not do so.
    #[error(
        "the program `{program}`, which was to compile it, {problem}; it must be memhost of the same version: start it \
         again"
    )]
    NoCompiler {
        /// Which program.
        program: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `describe` failed.
    #[error("its `describe` failed: {reason}")]
    Describe {
        /// What became of the call.
        reason: CallFailure,
    },
}

/// What compiling may spend: the first fields of [`super::LoadLimits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompileLimit {
    /// [`super::LoadLimits::compile_cpu`]
    Cpu,
    /// [`super::LoadLimits::compile_wall_clock`]
    WallClock,
    /// [`super::LoadLimits::compile_memory`]
    Memory,
    /// [`super::LoadLimits::code`]
    Code,
}

impl CompileLimit {
    /// Its key under `[load]` in `memhost.toml`.
    pub fn key(self) -> &'static str {
        match self {
            CompileLimit::Cpu => "compile_cpu_ms",
            CompileLimit::WallClock => "compile_wall_clock_ms",
            CompileLimit::Memory => "compile_memory_bytes",
            CompileLimit::Code => "code_bytes",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            CompileLimit::Cpu => "ms of processor time",
            CompileLimit::WallClock => "ms",
            CompileLimit::Memory => "bytes of memory",
            CompileLimit::Code => "bytes of machine code",
        }
    }

    /// The value that it has, in the unit of its key.
    pub(super) fn value(self, limits: &LoadLimits) -> u64 {
        match self {
            CompileLimit::Cpu => milliseconds(limits.compile_cpu),
            CompileLimit::WallClock => milliseconds(limits.compile_wall_clock),
            CompileLimit::Memory => limits.compile_memory,
            CompileLimit::Code => limits.code,
        }
    }
}

/// How many names are listed, at most; a stranger's component may have a million.
const MOST_NAMES: usize = 20;

/// The longest name that is shown whole, in bytes.
const LONGEST_NAME: usize = 200;

/// "`a`, `b` and `c`", or "nothing".
fn quoted(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).map(|name| match name {
        name if name.len() <= LONGEST_NAME => format!("`{name}`"),
        name => format!("`{}…`", &name[..name.floor_char_boundary(LONGEST_NAME)]),
    });
    let mut quoted: Vec<String> = shown.collect();
    if names.len() > MOST_NAMES {
        quoted.push(format!("{} more", names.len() - MOST_NAMES));
    }
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Why an engine cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The directory for compiled code cannot be made or is not safe.
    #[error("directory for compiled code `{}`: {problem}", path.display())]
    Cache {
        /// Which directory.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// wasmtime does not run here.
    #[error("the sandbox cannot be set up on this machine: {0}")]
    Sandbox(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_names_and_a_long_one_fit_into_a_message() {
        let names = |count: usize| -> Vec<String> { (0..count).map(|at| at.to_string()).collect() };
        assert_eq!(quoted(&names(0)), "nothing");
        assert_eq!(quoted(&names(3)), "`0`, `1` and `2`");
        let many = quoted(&names(1_000_000));
        assert!(many.ends_with("`18`, `19` and 999980 more"), "{many}");
        let long = quoted(&["ä".repeat(50_000)]);
        assert_eq!(long, format!("`{}…`", "ä".repeat(LONGEST_NAME / 2)));
    }
}
