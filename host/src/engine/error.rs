//! What can go wrong with a plugin before it is called.

use std::path::PathBuf;

use crate::strategy::CallFailure;

/// Why a plugin cannot be used: the file, and what is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin `{plugin}` cannot be loaded: {reason}")]
pub struct LoadError {
    /// Its path, or the name that its bytes were given.
    pub plugin: String,
    /// What is wrong.
    pub reason: LoadFailure,
}

/// What is wrong with a plugin. Each text ends with what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadFailure {
    /// The file cannot be read.
    #[error("{error}; check the path and its permissions")]
    Unreadable {
        /// The operating system's words.
        error: String,
    },
    /// The file is larger than [`super::EngineOptions::largest_plugin`].
    #[error(
        "it has {size} bytes and the limit is {limit}; if it is meant to be that large, raise \
         `largest_plugin_bytes` under [cache] in memhost.toml"
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
        speaks = crate::contract::VERSION
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
    /// An interface of the right name and version, but not as this host knows it.
    #[error(
        "`{interface}` lacks or adds something, compared with contract {speaks} of this host: {detail}; it was built \
         for contract {built_for}; build it against this host's `wit/`",
        speaks = crate::contract::VERSION
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
    /// `describe` failed.
    #[error("its `describe` failed: {reason}")]
    Describe {
        /// How.
        reason: CallFailure,
    },
}

/// "`a`, `b` and `c`", or "nothing".
fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Why an engine cannot be set up.
#[derive(Debug, thiserror::Error)]
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
