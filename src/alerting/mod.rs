//! Alerting rules for Prometheus, made of the objectives that also judge a run.
//!
//! In: objectives and a set of [`Windows`]. Out: a file of rules, always the same for the same objectives. An objective on a share of events
//! (failures, checks, requests slower than a bound) becomes burn-rate alerts over several windows, as the SRE workbook has them (chapter 5, "Alerting
//! on SLOs"); what cannot burn is watched by its status. The names of metrics are those that a run sends to Prometheus. Pure: no clock, no file.

mod promql;
mod ratio;
mod rules;
mod windows;

pub use rules::rules;
pub use windows::Windows;
