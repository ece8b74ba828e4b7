//! What a call may spend, and what is said when it wants more.

mod store;

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use store::{StoreLimit, StoreLimits};

/// Native stack of a plugin's calls.
pub const STACK_BYTES: usize = 512 << 10;
/// The longest name of a namespace, in bytes.
pub const LONGEST_NAMESPACE: usize = 512;

/// What one call of a plugin may spend. In `memhost.toml` this is the table `[limits]`; what is absent there
/// keeps its default.
///
/// ```
/// let limits: memhost_contract::limits::Limits = toml::from_str("wall_clock_ms = 500").unwrap();
/// assert_eq!(limits.wall_clock.as_millis(), 500);
/// assert_eq!(limits.instances, 64);
/// assert!(toml::from_str::<memhost_contract::limits::Limits>("fule = 1").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Instructions, as wasmtime counts fuel. Waiting for the host costs none. Default: 20,000,000,000, which is
    /// 3 to 10 seconds of computing.
    #[serde(deserialize_with = "positive")]
    pub fuel: u64,
    /// From call to return, waiting for the host included, but for models. Default: 120 s.
    #[serde(
        rename = "wall_clock_ms",
        serialize_with = "to_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub wall_clock: Duration,
    /// What the call may wait for language models and the embedder, all of it together. Default: an hour. 256 requests,
    /// eight at a time, of a minute each take half of that.
    #[serde(
        rename = "model_wait_ms",
        serialize_with = "to_milliseconds",
        deserialize_with = "from_milliseconds"
    )]
    pub model_wait: Duration,
    /// Bytes of linear memory and tables over all instances. Default: 256 MiB.
    #[serde(rename = "memory_bytes", deserialize_with = "positive")]
    pub memory: usize,
    /// Core instances. Default: 64; a Python component has 14.
    #[serde(deserialize_with = "positive")]
    pub instances: usize,
    /// Bytes that the plugin may hand over in one crossing of the boundary, as arguments of a host function or as
    /// its own result. Default: 8 MiB.
    #[serde(deserialize_with = "positive")]
    pub hostcall_bytes: usize,
    /// Lines of log, what is printed included. Default: 1,000.
    pub log_lines: u32,
    /// Calls of imported functions. Default: 100,000.
    pub host_calls: u32,
    /// Language model requests; those beyond are answered with the fault `exhausted`. Default: 256.
    pub model_calls: u32,
    /// `[limits.store]`: what the store takes and keeps.
    pub store: StoreLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fuel: 20_000_000_000,
            wall_clock: Duration::from_secs(120),
            model_wait: Duration::from_secs(3_600),
            memory: 256 << 20,
            instances: 64,
            hostcall_bytes: 8 << 20,
            log_lines: 1_000,
            host_calls: 100_000,
            model_calls: 256,
            store: StoreLimits::default(),
        }
    }
}

/// A field of [`Limits`], or the stack, which is the same for every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::fuel`]
    Fuel,
    /// [`Limits::wall_clock`]
    WallClock,
    /// [`Limits::model_wait`]
    ModelWait,
    /// [`Limits::memory`]
    Memory,
    /// [`Limits::instances`]
    Instances,
    /// [`Limits::hostcall_bytes`]
    HostcallBytes,
    /// [`Limits::log_lines`]
    LogLines,
    /// [`Limits::host_calls`]
    HostCalls,
    /// [`Limits::model_calls`]
    ModelCalls,
    /// [`Limits::store`]
    Store(StoreLimit),
    /// How deep calls may nest; no setting, because no honest plugin comes near it.
    Stack,

    /// `LoadLimits::describe_fuel` of the engine
    DescribeFuel,
    /// `LoadLimits::describe_wall_clock` of the engine
    DescribeWallClock,
}

impl Limit {
    /// The same limit of a call that only says what a plugin is.
    pub fn of_describing(self) -> Limit {
        match self {
            Limit::Fuel => Limit::DescribeFuel,
            Limit::WallClock => Limit::DescribeWallClock,
            other => other,
        }
    }

    /// Its key in the [table](Limit::table) of `memhost.toml`; the stack has none.
    pub fn key(self) -> Option<&'static str> {
        Some(match self {
            Limit::Fuel => "fuel",
            Limit::WallClock => "wall_clock_ms",
            Limit::ModelWait => "model_wait_ms",
            Limit::Memory => "memory_bytes",
            Limit::Instances => "instances",
            Limit::HostcallBytes => "hostcall_bytes",
            Limit::LogLines => "log_lines",
            Limit::HostCalls => "host_calls",
            Limit::ModelCalls => "model_calls",
            Limit::Store(limit) => limit.key(),
            Limit::Stack => return None,
            Limit::DescribeFuel => "describe_fuel",
            Limit::DescribeWallClock => "describe_wall_clock_ms",
        })
    }

    /// The table of `memhost.toml` that its key stands in.
    pub fn table(self) -> &'static str {
        match self {
            Limit::Store(_) => "limits.store",
            Limit::DescribeFuel | Limit::DescribeWallClock => "load",
            _ => "limits",
        }
    }

    /// Whether reaching it takes as long as the limit is large: a strategy that does so in every call costs its
    /// limits each time.
    pub fn is_spent(self) -> bool {
        matches!(
            self,
            Limit::Fuel | Limit::WallClock | Limit::Memory | Limit::Stack | Limit::HostCalls
        )
    }

    /// The value that it has, in the unit of its key. The stack's belongs to the engine.
    fn value(self, limits: &Limits) -> u64 {
        match self {
            Limit::Fuel | Limit::DescribeFuel => limits.fuel,
            Limit::WallClock | Limit::DescribeWallClock => milliseconds(limits.wall_clock),
            Limit::ModelWait => milliseconds(limits.model_wait),
            Limit::Memory => limits.memory as u64,
            Limit::Instances => limits.instances as u64,
            Limit::HostcallBytes => limits.hostcall_bytes as u64,
            Limit::LogLines => limits.log_lines.into(),
            Limit::HostCalls => limits.host_calls.into(),
            Limit::ModelCalls => limits.model_calls.into(),
            Limit::Store(limit) => limit.value(&limits.store),
            Limit::Stack => STACK_BYTES as u64,
        }
    }
}

/// A call wanted more than it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReached {
    /// Which limit.
    pub limit: Limit,
    /// What it allows, in the unit of its key; bytes for the stack.
    pub allowed: u64,
    /// What was asked for, where that is known.
    pub wanted: Option<u64>,
}

impl LimitReached {
    /// Of these limits, this one.
    pub fn of(limits: &Limits, limit: Limit) -> LimitReached {
        LimitReached {
            limit,
            allowed: limit.value(limits),
            wanted: None,
        }
    }

    /// The same, with what was asked for.
    pub fn wanting(self, wanted: u64) -> LimitReached {
        LimitReached {
            wanted: Some(wanted),
            ..self
        }
    }
}

impl std::error::Error for LimitReached {}

impl std::fmt::Display for LimitReached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let allowed = self.allowed;
        match self.limit {
            Limit::Fuel | Limit::DescribeFuel => write!(
                f,
                "it used up its fuel of {allowed}: a loop without end, or more work than that"
            )?,
            Limit::WallClock | Limit::DescribeWallClock => {
                write!(f, "it did not return within {allowed} ms")?
            }
            Limit::ModelWait => write!(
                f,
                "it has waited {allowed} ms for language models and the embedder"
            )?,
            Limit::Memory => write!(f, "it wants more than its {allowed} bytes of memory")?,
            Limit::Instances => write!(f, "it consists of more than {allowed} core instances")?,
            Limit::HostcallBytes => write!(
                f,
                "it hands over more than {allowed} bytes in one call or result"
            )?,
            Limit::LogLines => write!(f, "it logs more than {allowed} lines")?,
            Limit::HostCalls => write!(f, "it calls the host more than {allowed} times")?,
            Limit::ModelCalls => write!(f, "it asks for more than {allowed} model calls")?,
            Limit::Store(limit) => write!(f, "{} may be {allowed}", limit.name())?,
            Limit::Stack => write!(
                f,
                "its calls nest until the stack is full (the host's is {allowed} bytes): a recursion without end"
            )?,
        }
        if let Some(wanted) = self.wanted {
            write!(f, " (it asked for {wanted})")?;
        }
        match self.limit.key() {
            Some(key) => write!(
                f,
                "; `{key}` under [{}] in memhost.toml raises the limit",
                self.limit.table()
            ),
            None => Ok(()),
        }
    }
}

/// A duration in whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How a configuration writes a duration.
///
/// # Errors
/// The serializer's.
pub fn to_milliseconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(milliseconds(*duration))
}

/// How a configuration reads a duration.
///
/// # Errors
/// It is no whole number, or 0.
pub fn from_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    positive(deserializer).map(Duration::from_millis)
}

/// A limit of 0 would refuse every call: a slip, not a wish.
pub fn positive<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    let number = N::deserialize(deserializer)?;
    if number == N::default() {
        return Err(de::Error::custom("must be at least 1"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_a_setting_named_by_its_key() {
        let keys = [
            Limit::Fuel,
            Limit::WallClock,
            Limit::ModelWait,
            Limit::Memory,
            Limit::Instances,
            Limit::HostcallBytes,
            Limit::LogLines,
            Limit::HostCalls,
            Limit::ModelCalls,
        ]
        .map(|limit| (limit, limit.key().unwrap()));
        for (limit, key) in keys {
            let limits: Limits = toml::from_str(&format!("{key} = 7")).unwrap();
            assert_eq!(limit.value(&limits), 7, "{key}");
            let told = LimitReached::of(&limits, limit).to_string();
            assert!(told.contains(key) && told.contains('7'), "{told}");
        }
        let written = toml::to_string(&Limits::default()).unwrap();
        let (own, store) = written.split_once("\n[store]").unwrap();
        assert_eq!(own.lines().count(), keys.len(), "{own}");
        assert_eq!(store.trim().lines().count(), StoreLimit::ALL.len());
        assert_eq!(
            toml::from_str::<Limits>(&written).unwrap(),
            Limits::default()
        );
    }

    #[test]
    fn what_only_says_what_it_is_has_limits_of_its_own() {
        for (limit, own) in [
            (Limit::Fuel, "`describe_fuel` under [load]"),
            (Limit::WallClock, "`describe_wall_clock_ms` under [load]"),
            (Limit::Memory, "`memory_bytes` under [limits]"),
        ] {
            let told = LimitReached::of(&Limits::default(), limit.of_describing()).to_string();
            assert!(told.contains(own), "{told}");
        }
    }

    #[test]
    fn a_bad_limit_is_refused_and_not_replaced() {
        for bad in [
            "fuel = 0",
            "fuel = -1",
            "wall_clock_ms = 0",
            "wall_clock = 5",
            "memory_bytes = 1.5",
        ] {
            assert!(toml::from_str::<Limits>(bad).is_err(), "{bad}");
        }
    }
}
