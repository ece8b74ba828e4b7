//! Tools below all of memhost: files that are whole or not there, locks, text for terminals, the clock on the wall.
//!
//! Nothing here knows what a memory, a plugin or a suite is.

pub mod blocking;
pub mod clock;
pub mod disk;
pub mod error_chain;
pub mod home;
pub mod lock;
pub mod suggest;
pub mod visible;
