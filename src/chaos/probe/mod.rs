//! What is asked beside the run whether all is well: a URL's answer, a query of Prometheus.
//!
//! - **In**: a [`Probe`] for each guard and steady state that is no metric of the run.
//! - **Out**: the last answer to each, by a [`Watch`] that asks once a second on a thread of its own. Nothing of it is load.

mod health;
mod promql;
mod watch;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

pub use health::Health;
pub use promql::{NotPromql, Promql};
pub use watch::{Said, Watch};

use crate::slo::Objective;

/// What came back, as far as it is looked at.
#[derive(Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

/// One question, the same every time.
pub trait Probe: Debug + Send + Sync {
    /// What must hold, in words.
    fn label(&self) -> String;

    /// What is asked for, by GET.
    fn url(&self) -> &str;

    fn headers(&self) -> &[(HeaderName, HeaderValue)];

    /// By when the answer has to be there.
    fn timeout(&self) -> Duration;

    /// # Errors
    /// Why it does not hold.
    fn judge(&self, answer: &Answer<'_>) -> Result<(), String>;
}

/// What must hold before or while a fault lasts.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Of what the run measures.
    Measured(Objective),
    /// Of what is asked once a second.
    Asked(Arc<dyn Probe>),
}

impl Condition {
    pub fn label(&self) -> String {
        match self {
            Self::Measured(objective) => objective.label(),
            Self::Asked(probe) => probe.label(),
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Measured(one), Self::Measured(other)) => one == other,
            (Self::Asked(one), Self::Asked(other)) => {
                (one.url(), one.label()) == (other.url(), other.label())
            }
            _ => false,
        }
    }
}
