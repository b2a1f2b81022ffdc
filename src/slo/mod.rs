//! Service level objectives: the language they are written in, and the judgement.
//!
//! In: text such as `p(95) < 3s` and `http_req_duration{name:reserve}`, and the values that were measured. Out:
//! an [`Objective`] that is known to make sense, the [`Judgement`] of a value against it, and the
//! [`ExitVerdict`] of a whole run. The room is pure: it reads no clock and no metric store, and no file but one of
//! objectives ([`file`]). Mistakes come out as an [`SloError`], which says where, what and how to fix it.

mod breach;
pub mod check;
pub mod error;
pub mod exit;
pub mod expression;
pub mod file;
pub mod judge;
pub mod objective;
mod parse;
pub mod samples;
pub mod selector;
mod statement;
pub mod threshold;

pub use breach::{Breach, time_to_breach};
pub use error::SloError;
pub use exit::{ExitVerdict, Outcome, RunFacts};
pub use expression::{Aggregate, Direction, Expression, Op, Percentile};
pub use judge::{Judgement, Status, judge};
pub use objective::{Objective, ObjectiveSpec, Priority, check_window, label_of};
pub use samples::{Samples, Values};
pub use selector::{Condition, Pattern, Selector};
pub use statement::statement;
pub use threshold::Threshold;
