//! Measurements: what is recorded, where it is kept, how it is added up.
//!
//! In: samples from virtual users, through one [`Recorder`] per worker thread. Out: once a second a
//! [`Snapshot`] of what changed, which the aggregator merges into [`Totals`]. The room knows nothing of
//! HTTP, scripts or objectives; metric names and tags are plain words to it.
//!
//! Memory is bounded by metrics times tag sets times workers, never by the number of samples.

pub mod builtin;
pub mod histogram;
pub mod kind;
pub mod numbering;
pub mod recorder;
pub mod tags;
pub mod totals;

pub use builtin::Builtin;
pub use histogram::Histogram;
pub use kind::{Contains, MetricKind};
pub use recorder::{MetricId, MetricInfo, RawSample, Recorder, SeriesId, Snapshot};
pub use tags::{TagSetId, Tags};
pub use totals::{Totals, Tracker, TrackerId};
