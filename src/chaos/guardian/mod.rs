//! A small process beside rhaid that puts right what is broken when rhaid cannot: because it was killed.
//!
//! In: lines on a pipe, each a [`Deed`](super::Deed) that is about to be needed, or one that no longer is. When the pipe ends, rhaid is gone: what is
//! left on the list is undone, the last first. A deed is on the list before its fault is done, which the guardian confirms by a
//! line of its own; so whatever moment rhaid is killed at, there is a way back. What kills both at once leaves things broken, as does the end of a container
//! that both are in and what they broke is not.
//!
//! [`Guardian`] is rhaid's side: it starts the process when it is first needed, and another one with the whole list when somebody killed it.
//! [`serve`] is the process itself, `rhaid guardian`.

mod client;
mod error;
mod line;
mod serve;

pub use client::{Guardian, Number};
pub use error::GuardianError;
pub use serve::{serve, shield};
