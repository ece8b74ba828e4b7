//! What a comparison ran on: it explains times, and nothing else.

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Machine {
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// What the processor calls itself, where the system says.
    pub cpu: Option<String>,
}

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        Machine {
            os: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: std::fs::read_to_string("/proc/cpuinfo")
                .ok()
                .and_then(|text| model_name(&text)),
        }
    }
}

/// The first processor's name in Linux's `/proc/cpuinfo`.
fn model_name(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_called_what_it_calls_itself() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0 GHz\nflags\t: fpu\n";
        assert_eq!(model_name(text).as_deref(), Some("Some CPU @ 2.0 GHz"));
        assert_eq!(model_name("Hardware\t: BCM\n"), None);
        assert!(Machine::here().cores > 0);
    }
}
