//! A run: from a script and its options to a result.
//!
//! In: a [`Blueprint`] (a script, compiled once to read its options, and the options, checked). Out: a result document,
//! and while it goes a [`Progress`] once a second for whoever watches. [`conduct`] starts the workers, takes them through
//! setup, run and teardown, merges what they measure, judges, and stops early when told to.

mod account;
mod advice;
mod aggregate;
mod anomalies;
mod asking;
mod blueprint;
mod by_hand;
mod chance;
mod checking;
mod conductor;
mod crew;
mod detail;
mod director;
mod edits;
mod environment;
mod faults;
mod fit;
mod handle;
mod hooks;
mod impact;
pub(crate) mod intervals;
mod judging;
pub(crate) mod masking;
mod phases;
mod progress;
mod reloads;
mod resilience;
pub(crate) mod rows;
mod setup;
pub mod stability;
mod telling;
mod terms;
mod wishes;

pub use blueprint::{Blueprint, BlueprintError, Defaults, Request};
pub use by_hand::{Answer, Refused};
pub use checking::{Looked, look};
pub use conductor::conduct;
pub(crate) use crew::{lost, overflow};
pub use detail::{Controlled, Detail, FaultBand, Tables};
pub use edits::{Edits, between};
pub use handle::{Handle, Unsteered};
pub use masking::mask_diagnostics;
pub use progress::{FaultProgress, Progress, ScenarioProgress, ScenarioState};
pub use reloads::take_over;
pub use rows::without_secrets as public_options;
pub use terms::{Looking, Observer, RunError, Settings};
