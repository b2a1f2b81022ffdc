//! rhaid: load, SLO and chaos testing, with user journeys scripted in Rhai.
//!
//! The map of the house, in the direction in which data flows:
//!
//! - [`script`] compiles a journey and gives it its world; [`options`] reads what it asks for;
//! - [`executor`] turns that into schedules, pure arithmetic over elapsed time;
//! - [`vu`] lives the virtual users, each on a stack of its own, and drives them by the schedules;
//! - [`exchange`] is what they hand to each other;
//! - [`http`] is how a virtual user speaks, [`hooks`] how it is spoken to, [`data`] the rows of files that it speaks of;
//! - [`metrics`] records and merges what happens;
//! - [`slo`] says what is good enough, [`judge`] whether it was;
//! - [`alerting`] makes rules for Prometheus of the same objectives;
//! - [`run`] conducts all of this, from a script to a [`result`] document;
//! - [`logging`] writes what scripts and rhaid itself have to say;
//! - [`trace`] makes its iterations traces of the target's own;
//! - [`output`] takes what a run measures out of it while it goes;
//! - [`anomaly`] finds what is unusual in a run while it goes;
//! - [`hints`] finds in a result why an objective was missed;
//! - [`search`] finds the highest rate at which a run's objectives hold;
//! - [`import`] reads results, of other tools too, [`report`] shows one, [`live`] a run in progress;
//! - [`compare`] tells what changed between two results and what is chance, [`baseline`] keeps those that others are held against,
//!   [`history`] remembers all of them;
//! - [`trial`] runs the tests of scripts, against a [`mock`] server that they describe;
//! - [`chaos`] is what goes wrong on purpose, and how it is put right again;
//! - [`notify`] tells of a run's end elsewhere;
//! - [`template`] is what a new test begins with;
//! - [`convert`] makes scripts of what others recorded or described, [`record`] records it;
//! - [`demo`] is a target to try it on, [`cli`] the command line, [`lsp`] the editor's side of both.
//!
//! `metrics` knows no HTTP, `executor` no Rhai, `vu` no script's language, and `report` reads only the result.
//! Small things that all share: [`units`], [`lengths`] (of what is kept), [`suggest`], [`secrets`], [`project`] (which files a script may use), [`outgoing`] (the HTTP client for what is no load), [`jsonpath`], [`hex`], [`exit`]. The guide's `docs/architecture.md` has the whole picture.

// Tests of the library share what they make up with those of the command line.
#[cfg(test)]
extern crate self as rhaid;

pub mod alerting;
pub mod anomaly;
pub mod baseline;
pub mod chaos;
pub mod cli;
pub mod compare;
pub mod convert;
pub mod data;
pub mod demo;
pub mod exchange;
pub mod executor;
pub mod exit;
pub mod harmless;
pub mod hex;
pub mod hints;
pub mod history;
pub mod hooks;
pub mod http;
pub mod import;
pub mod jsonpath;
pub mod judge;
pub mod lengths;
pub mod listening;
pub mod live;
pub mod logging;
pub mod lsp;
pub mod metrics;
pub mod mock;
pub mod notify;
pub mod options;
pub mod outgoing;
pub mod output;
pub mod project;
mod random;
pub mod record;
pub mod report;
mod resp;
pub mod result;
pub mod run;
pub mod script;
pub mod search;
pub mod secrets;
pub mod slo;
pub mod suggest;
pub mod template;
pub mod trace;
pub mod trial;
pub mod units;
pub mod vu;
