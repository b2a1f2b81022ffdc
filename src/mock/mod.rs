//! A server that a test of a script describes: what it answers, and what it was asked.
//!
//! In: routes ([`Route`]: a [`Pattern`], conditions, a sequence of [`Reply`]s) and the requests of the script under test. Out:
//! answers over HTTP on loopback, every [`Call`] that came, and in words what nothing answers.
//!
//! The room knows no Rhai: `script::api::mock` is what scripts see of it. One [`Mock`] belongs to one test. Its state is behind a lock
//! that is held for a moment only, since the server's tasks and the script have it in common.

mod board;
mod call;
mod link;
mod pattern;
mod reply;
mod server;

pub use board::{Mock, Unanswered};
pub use call::Call;
pub use pattern::{Pattern, PatternError};
pub use reply::{Answer, Reply};
pub use server::check_header;

use std::sync::Arc;

/// What a request must have beyond its method, path and query.
#[derive(Clone)]
pub struct Condition(Arc<Holds>);

/// Whether a request fits, or what of it does not.
type Holds = dyn Fn(&Call) -> Result<(), String> + Send + Sync;

impl Condition {
    /// A condition from a function that says what does not fit.
    pub fn new(holds: impl Fn(&Call) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }
}

/// Requests of a test that are kept; the rest is counted.
pub const MAX_CALLS: usize = 10_000;
/// Routes of a test.
pub const MAX_ROUTES: usize = 1_000;
/// Of a request's body, in bytes.
pub const MAX_BODY: usize = 16 << 20;
