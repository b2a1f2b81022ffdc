//! Metrics as Prometheus has them: served for scraping, and pushed by remote write.
//!
//! - **In**: each second's measurements. They are added up here to what only grows: counters, and histograms with the buckets that
//!   Prometheus wants, so that `rate()` and `histogram_quantile()` come out right over any time and across machines. A percentile
//!   since the start, as a gauge, could not be added up by anybody.
//! - **Out**: [`scrape`] answers whoever scrapes, in text or, for native histograms, in protobuf; [`remote_write`] pushes. Buckets that
//!   requests of kept traces lie in lead to the newest of them.
//!
//! [`names`] decides what a metric is called, [`ledger`] keeps the series, [`whole`] what is known of the run, [`buckets`] the histograms,
//! [`mod@text`] writes, [`proto`] has the messages.

use crate::units::format_count;

mod buckets;
mod exposition;
mod ledger;
mod names;
pub mod proto;
mod reading;
pub mod remote_write;
pub mod scrape;
mod text;
mod whole;

pub use buckets::{Bounds, Buckets, Example, SCHEMA, SECONDS, ZERO_THRESHOLD};
pub use ledger::{Ledger, MOST_SETS};
pub use names::{FamilyKind, Histograms, Names, Part, Shown, label, shown};
pub use reading::{Label, Reading, TEST_ID};

/// What is said once when there are too many tag sets.
pub fn too_many_sets(kind: &str) -> String {
    format!(
        "warning: {kind} gets {} tag sets apart; all others are counted together as name=\"other\"\nhelp: give requests whose URLs hold ids a `name`",
        format_count(MOST_SETS as u64)
    )
}
