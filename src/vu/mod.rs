//! Virtual users: how one waits, lives, and is driven.
//!
//! In: a plan from `executor`, a [`Journey`] from `script`. Out: samples in the worker's recorder, and
//! [`Report`]s to whoever runs the run.
//!
//! A worker is one thread with one single-threaded runtime; everything a virtual user touches belongs to
//! its worker, so nothing on the request path takes a lock or crosses a thread. Each scenario has, on each
//! worker, one driver ([`driver`]) that hands out tickets by the plan; each virtual user turns tickets into iterations
//! ([`life`]) on a stack of its own ([`coroutine`]).
//!
//! The room knows no Rhai: a script is a [`Journey`] to it.

mod brake;
mod cast;
pub mod context;
pub mod coroutine;
pub mod driver;
mod errors;
pub mod life;
pub mod lifecycle;
mod logs;
mod observe;
mod plan;
mod playbook;
mod precise;
mod readable;
mod rest;
mod sent;
pub mod shared;
pub mod tap;
mod tickets;
pub mod traced;
pub mod worker;

pub use brake::Brake;
pub use context::{Interrupt, ScenarioContext, Vu, WaitError, current, turn_is_over, turns, wait};
pub use errors::{ErrorTally, Example, FailureKind, Seen, SeenExchange, TallyKey};
pub use life::{Failure, Journey, Outcome, VuScript};
pub use observe::{HttpSeries, RequestObserver};
pub use playbook::Reload;
pub use rest::rest;
pub use shared::{MOST_RATE, RunShared, ScenarioShared, Stage, Wanted};
pub use worker::{LogLevel, LogLine, Report, VuCount, Worker, now_millis};
