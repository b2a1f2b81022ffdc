//! Anomalies of a run while it goes: spikes, steps and drifts of rates, failures, response times and a script's own metrics.
//!
//! In: once a second, what was measured of each endpoint and metric ([`Watch::second`]), and whether the planned load is level. Out: the
//! [`AnomalyResult`](crate::result::AnomalyResult) rows of the result, as they are found. No clock, no task, no I/O.
//!
//! Each series is held against its own recent past (`baseline`) by three detectors beside each other: Hampel's identifier for spikes
//! (`spike`), Page's CUSUM for steps (`step`), Theil's and Sen's slope with Mann's and Kendall's test for drifts (`drift`). All of
//! them weigh evidence in the same unit by a model of the measure's noise (`sample`), and one threshold, which grows with the number of series, keeps
//! false alarms of the *whole run* under one an hour. How well that holds is measured by `simulation`.

mod baseline;
mod drift;
mod load;
mod sample;
mod series;
#[cfg(test)]
mod simulation;
mod spike;
mod step;
mod watch;

pub use load::Load;
pub use watch::{Second, Watch};
