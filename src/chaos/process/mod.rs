//! Faults on processes of this machine.
//!
//! In: which process. Out: one that stands still, or is gone, and the way back. A process is known by its number and the moment
//! of its start ([`Identity`]): a number that was given to another process since is never signalled.

mod identity;

pub use identity::{Identity, Stat};
