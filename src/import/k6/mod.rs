//! k6: its two old summaries, the machine-readable one, and the stream of all its samples.
//!
//! Thresholds become objectives of priority P1, since k6 knows no priorities, with the verdict that k6 recorded. Parts of a metric
//! (`http_req_duration{name:rooms}`) that a summary tells stay metrics of their own under that name: they overlap, so they are no
//! division of the whole by tags.

mod handle_summary;
mod machine;
mod points;
mod summary;
mod summary_export;
mod thresholds;

pub use handle_summary::HandleSummary;
pub use machine::MachineReadable;
pub use points::Points;
pub use summary_export::SummaryExport;
