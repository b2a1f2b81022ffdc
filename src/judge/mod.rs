//! Judging: what objectives make of a run, while it goes and long after.
//!
//! In: objectives, and what was measured: by a run itself, or as a finished [`RunResult`](crate::result::RunResult) tells it. Out: the row of each
//! objective ([`row`]), the [`verdict`] on the whole, and for a finished result everything judged anew ([`finished`]).
//!
//! A finished result is judged by its histograms, so percentiles are as exact as they were during the run. What only has a
//! summary answers only the statistics that the summary holds; anything else is NO DATA, with the reason.

mod doubt;
mod finished;
mod found;
mod outcome;
mod points;
mod recorded;
mod row;
mod standard;
mod windows;

pub use doubt::{Fit, Losses, Lost, only_gets_worse, surely_missed};
pub use finished::{Basis, Judged, Terms, Unreadable, doubts, finished};
pub use outcome::{Ending, verdict};
pub use points::{tells_in_part, worse};
pub use row::{NOT_KNOWN, counts_from_zero, row, text_of};
pub use standard::standard;
