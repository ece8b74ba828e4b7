//! Tools of tests: a server that answers as its script says, a list of what was brought to the disk, the real server as a
//! process, and agents that put load on it.

pub mod load;
pub mod loopback;
pub mod serving;
pub mod synced;
