//! Lines for people and programs: what scripts log, and what rhaid has to say of itself.
//!
//! - **In**: a [`Record`] for each line, with what it belongs to: run, scenario, virtual user, iteration, place in the script.
//! - **Out**: text or JSON ([`Format`]), to standard error, a file or Loki.
//!
//! rhaid's own lines are events of `tracing`; [`own`] takes them, if a level is asked for, and passes them on as records. What repeats itself
//! is counted instead: scripts' lines where they come about (`vu`), rhaid's own in [`own`].

mod own;
mod record;

pub use own::{listen, pass_to};
pub use record::{Format, Record};
