//! The limits of loading a plugin: what compiling it may cost, what it may consist of, and what it may take to say what
//! it is.

use std::time::Duration;

use memhost_contract::limits::{from_milliseconds, positive, to_milliseconds};
use serde::{Deserialize, Serialize};

/// What loading one plugin may spend. In `memhost.toml` this is the table `[load]`; what is absent there keeps its
/// default.
///
/// The first four hold whatever a plugin is made of, where it is compiled in a process of its own
/// ([`EngineOptions::process`](super::EngineOptions)). The counts refuse at once, and by name, what is known to be costly
/// out of proportion to its size; the heaviest plugins that were measured, CPython in 18 MB and QuickJS, stay at a fifth
/// of each or below.
///
/// ```
/// let limits: memhost_engine::LoadLimits = toml::from_str("functions = 500_000").unwrap();
/// assert_eq!(limits.functions, 500_000);
/// assert_eq!(limits.modules, 200);
/// assert!(toml::from_str::<memhost_engine::LoadLimits>("function = 1").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LoadLimits {
    /// Processor time of compiling, all cores together. Default: 60 s; CPython takes 10 s.
    #[serde(
        rename = "compile_cpu_ms",
        serialize_with = "to_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub compile_cpu: Duration,
    /// Time of compiling by the clock. Default: 180 s, for a machine that has other work too.
    #[serde(
        rename = "compile_wall_clock_ms",
        serialize_with = "to_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub compile_wall_clock: Duration,
    /// Memory that the compiler may have, in bytes. Default: 2 GiB; CPython takes 0.5 GiB.
    #[serde(rename = "compile_memory_bytes", deserialize_with = "positive")]
    pub compile_memory: u64,
    /// Bytes of machine code. Default: 512 MiB; CPython has 36 MiB.
    #[serde(rename = "code_bytes", deserialize_with = "positive")]
    pub code: u64,
    /// Core modules. Default: 200.
    #[serde(deserialize_with = "positive")]
    pub modules: u64,
    /// Types, imports, exports, globals, tables, segments, instances and aliases, over all modules and components.
    /// Default: 200,000.
    #[serde(deserialize_with = "positive")]
    pub items: u64,
    /// Functions. Default: 100,000.
    #[serde(deserialize_with = "positive")]
    pub functions: u64,
    /// Parameters and results of all functions. Default: 1,000,000.
    #[serde(deserialize_with = "positive")]
    pub parameters: u64,
    /// Bytes of one function. Default: 4 MiB.
    #[serde(deserialize_with = "positive")]
    pub function_bytes: u64,
    /// Local variables of one function. Default: 5,000.
    #[serde(deserialize_with = "positive")]
    pub locals: u64,
    /// Local variables of all functions. Default: 1,000,000.
    #[serde(deserialize_with = "positive")]
    pub all_locals: u64,
    /// Blocks of one function, loops and branches included. Default: 50,000.
    #[serde(deserialize_with = "positive")]
    pub blocks: u64,
    /// How deep the blocks of a function may nest. Default: 5,000.
    #[serde(deserialize_with = "positive")]
    pub nesting: u64,
    /// How deep the loops of a function may nest. Default: 200.
    #[serde(deserialize_with = "positive")]
    pub loop_nesting: u64,
    /// Targets of all branch tables. Default: 500,000.
    #[serde(deserialize_with = "positive")]
    pub branch_targets: u64,
    /// What a compiler may have to join: for every block, the variables that its function assigns, times one more than the
    /// loops around it, summed up. Default: 30,000,000.
    #[serde(deserialize_with = "positive")]
    pub joins: u64,
    /// Data segments. Default: 30,000; a toolchain that runs a program's beginning when it builds it makes 10,000.
    #[serde(deserialize_with = "positive")]
    pub segments: u64,
    /// Entries of all element segments. Default: 1,000,000.
    #[serde(deserialize_with = "positive")]
    pub elements: u64,
    /// Instructions of `describe` and of `plan-for`, as fuel is counted. Default: 1,000,000,000, which is half a second;
    /// CPython spends less than 20,000,000.
    #[serde(deserialize_with = "positive")]
    pub describe_fuel: u64,
    /// From call to return of `describe` and of `plan-for`. Default: 10 s.
    #[serde(
        rename = "describe_wall_clock_ms",
        serialize_with = "to_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub describe_wall_clock: Duration,
}

impl Default for LoadLimits {
    fn default() -> Self {
        LoadLimits {
            compile_cpu: Duration::from_secs(60),
            compile_wall_clock: Duration::from_secs(180),
            compile_memory: 2 << 30,
            code: 512 << 20,
            modules: 200,
            items: 200_000,
            functions: 100_000,
            parameters: 1_000_000,
            function_bytes: 4 << 20,
            locals: 5_000,
            all_locals: 1_000_000,
            blocks: 50_000,
            nesting: 5_000,
            loop_nesting: 200,
            branch_targets: 500_000,
            joins: 30_000_000,
            segments: 30_000,
            elements: 1_000_000,
            describe_fuel: 1_000_000_000,
            describe_wall_clock: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_a_setting_and_none_may_be_nothing() {
        let defaults = LoadLimits::default();
        let written = toml::to_string(&defaults).unwrap();
        assert_eq!(toml::from_str::<LoadLimits>(&written).unwrap(), defaults);
        for line in written.lines() {
            let (key, _) = line.split_once(" = ").unwrap();
            let seven: LoadLimits = toml::from_str(&format!("{key} = 7")).unwrap();
            assert_ne!(seven, defaults, "{key}");
            assert!(
                toml::from_str::<LoadLimits>(&format!("{key} = 0")).is_err(),
                "{key}"
            );
        }
    }
}
