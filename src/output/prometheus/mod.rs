//! Metrics as Prometheus has them: served for scraping, and pushed by remote write.
//!
//! - **In**: each second's measurements. They are added up here to what only grows: counters, and histograms with the buckets that
//!   Prometheus wants, so that `rate()` and `histogram_quantile()` come out right over any time and across machines. A percentile
//!   since the start, as a gauge, could not be added up by anybody.
//! - **Out**: [`scrape`] answers whoever scrapes, in text or, for native histograms, in protobuf; [`remote_write`] pushes. Buckets that
//!   requests of kept traces lie in lead to the newest of them.
//!
//! [`names`] decides what a metric is called, [`ledger`] keeps the series, [`buckets`] the histograms, [`mod@text`] writes, [`proto`] has the
//! messages.

mod buckets;
mod exposition;
mod ledger;
mod names;
pub mod proto;
pub mod remote_write;
pub mod scrape;
mod text;

pub use buckets::{Bounds, Buckets, Example, SCHEMA, SECONDS, ZERO_THRESHOLD};
pub use ledger::{Label, Ledger, Reading, TEST_ID};
pub use names::{FamilyKind, Histograms, Names, Part, Shown, label, shown};
