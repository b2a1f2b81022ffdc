//! Faults on processes of this machine.
//!
//! In: which process. Out: one that stands still, or is gone, and the way back. A process is known by its number and the moment
//! of its start ([`Identity`]): a number that was given to another process since is never signalled.
//!
//! | file | what it does |
//! |---|---|
//! | `identity` | which process it is; signals to it and its group |
//! | `find` | processes by number, name or command line, and which are never touched |
//! | `stop` | stops them; the way back lets them go on |
//! | `ours` | a process that rhaid started and will end, whatever happens to rhaid |
//! | `strays` | what it has started in turn, and that has left its group |
//! | `launch` | a program in a process that the guardian knows before the program begins |
//! | `commands` | named programs of a run: started, killed, started again, ended with it |

mod commands;
mod error;
mod find;
mod identity;
mod launch;
mod ours;
mod stop;
mod strays;

pub use commands::{CommandSpec, Commands, Ready};
pub use error::{CommandError, ProcessError};
pub use find::{Found, Which, find};
pub use identity::{Identity, Stat};
pub use launch::{Launch, LaunchError, become_program, launch};
pub use ours::Ours;
pub use stop::{Stopped, stop};
pub use strays::end_family;
