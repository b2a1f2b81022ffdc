//! The result document: everything that is known about one finished run, in one JSON file.
//!
//! - **In**: what the run measured and how it was judged, put into a [`RunResult`] by the aggregator.
//! - **Out**: a file ([`write`], [`write_default`]), the same value again ([`read`]), and the JSON Schema that other
//!   tools can hold it against ([`schema`]).
//!
//! Reports, comparisons and the history read this document and nothing else, so any of them can be made
//! again later, elsewhere, from the file. Its size grows with metrics × tag sets; the series have a fixed
//! upper length ([`MAX_POINTS`]).
//!
//! Units, throughout: response times and other trends of time are **milliseconds** (k6's unit); moments
//! and lengths of the run itself are **seconds** and say so in their names; amounts of data are bytes;
//! rates and shares are fractions from 0 to 1.
//!
//! Compatibility: within one [`VERSION`] fields may be added and readers ignore those they do not
//! know; a field is never removed and never changes meaning without a new version.

mod anomalies;
pub mod bounded;
mod document;
mod faults;
mod first_look;
mod intervals;
mod judgement;
mod metric;
mod place;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod series;
mod traffic;
mod write;

pub use crate::metrics::{Contains, MetricKind};
pub use crate::slo::{Priority, Status as SloStatus};
#[cfg(test)]
pub(crate) use anomalies::sample_anomaly;
pub use anomalies::{AnomalyKind, AnomalyMeasure, AnomalyResult};
pub use document::{
    AbortedBy, Generator, Git, Machine, Outcome, Reload, Run, RunResult, Tool, VERSION, schema,
};
pub use faults::{
    FailedUndo, FaultImpact, FaultPhase, FaultResult, FaultStatus, PhaseEndpoint, PhaseName,
    PhaseRequests,
};
pub use intervals::{IntervalRow, IntervalValues, Intervals, MAX_INTERVALS};
pub use judgement::{SloResult, Verdict, VerdictStatus};
pub use metric::{MetricResult, MetricSeries, MetricValues, TrendSummary};
pub use place::Place;
pub use read::{ReadError, parse, read};
pub use series::{Column, ColumnSpec, Combine, MAX_POINTS, SeriesBuilder, TimeSeries};
pub use traffic::{
    CheckResult, EndpointResult, ErrorExample, ErrorKind, ErrorResult, HeaderExample,
    MessageExample, ScenarioResult, SlowRequest,
};
pub use write::{
    WriteError, default_path, probe, probe_baseline, probe_report, to_json, write, write_baseline,
    write_default, write_report, write_table,
};

/// `part / whole`, and 0 when there is no whole: JSON has no NaN, and a rate of nothing is shown as 0.
pub fn ratio(part: f64, whole: f64) -> f64 {
    let share = part / whole;
    if share.is_finite() { share } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::ratio;

    #[test]
    fn a_share_of_nothing_is_zero_and_never_nan() {
        assert_eq!(ratio(0.0, 0.0), 0.0);
        assert_eq!(ratio(3.0, 0.0), 0.0);
        assert_eq!(ratio(1.0, 4.0), 0.25);
    }
}
