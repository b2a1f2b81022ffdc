//! vegeta: its report (`vegeta report -type=json`) and its results (`vegeta encode`, one JSON object a line).

mod report;
mod results;

pub use report::Report;
pub use results::Results;
