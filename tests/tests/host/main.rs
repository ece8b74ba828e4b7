//! What the library promises whoever embeds it: on real components, real directories and real processes.

#[cfg(unix)]
mod architecture;
mod compile;
mod conformance;
mod contract;
mod driver;
mod engine;
mod guests;
mod hostile;
#[cfg(target_os = "linux")]
mod hostile_memory;
mod limits;
mod live;
mod load;
mod parity;
mod phases;
mod processes;
mod store;
mod wrapped;
