//! Tools of tests: a server that answers as its script says, and a list of what was brought to the disk.

pub mod loopback;
pub mod synced;
