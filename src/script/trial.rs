//! What the natives know of the test that is being run, if one is.
//!
//! `rhaid test` gives every test a worker of its own, so a test is the thread's. Whoever runs the test keeps the other end.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rhai::Position;

use super::diagnostic::Diagnostic;
use crate::mock::Mock;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Trial>>> = const { RefCell::new(None) };
}

/// A check that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    pub name: String,
    pub reason: Option<String>,
    /// Where it failed first: `checkout.rhai:12`; empty if that is unknown.
    pub place: String,
    /// How often.
    pub times: u64,
}

/// An assertion that did not hold, with more about it than fits into an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The first line of the error that was thrown for it.
    pub message: String,
    pub text: String,
}

/// One test in progress.
pub struct Trial {
    pub mock: Mock,
    /// Whether a sleep takes its time.
    real_time: bool,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    slept: Duration,
    failed_checks: Vec<FailedCheck>,
    /// Failures of checks that are not kept.
    more_checks: u64,
    cut_off_in: Option<(String, Position)>,
    stopped_at: Option<Diagnostic>,
    difference: Option<Difference>,
}

/// Failed checks of different names that are kept.
const MAX_CHECKS: usize = 200;

impl Trial {
    pub fn new(mock: Mock, real_time: bool) -> Self {
        Self {
            mock,
            real_time,
            found: Mutex::default(),
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a sleep; whether it is over at once.
    pub fn sleep(&self, duration: Duration) -> bool {
        let mut found = self.found();
        found.slept = found.slept.saturating_add(duration);
        !self.real_time
    }

    /// For how long the test asked to sleep.
    pub fn slept(&self) -> Duration {
        self.found().slept
    }

    /// Takes note of a check that did not hold: first without a reason, which counts it, and then with one if there is one.
    pub fn check_failed(&self, name: &str, reason: Option<&str>, place: impl FnOnce() -> String) {
        let mut found = self.found();
        let kept = found.failed_checks.len();
        match found.failed_checks.iter_mut().find(|c| c.name == name) {
            Some(check) => {
                check.times += u64::from(reason.is_none());
                if check.reason.is_none() {
                    check.reason = reason.map(str::to_owned);
                }
            }
            None if kept < MAX_CHECKS => {
                found.failed_checks.push(FailedCheck {
                    name: name.to_owned(),
                    reason: reason.map(str::to_owned),
                    place: place(),
                    times: u64::from(reason.is_none()),
                });
            }
            None => found.more_checks += u64::from(reason.is_none()),
        }
    }

    /// How often checks failed beyond those that are kept. Nobody can have looked at them, so nothing takes them.
    pub fn more_failed_checks(&self) -> u64 {
        self.found().more_checks
    }

    /// Keeps in which call the script was cut off: the source (empty for the main one) and the place in it.
    pub fn cut_off_at(&self, source: &str, position: Position) {
        self.found().cut_off_in = Some((source.to_owned(), position));
    }

    /// In which call the script was cut off, if it was in one.
    pub fn cut_off_in(&self) -> Option<(String, Position)> {
        self.found().cut_off_in.clone()
    }

    /// Keeps where the script was when it was cut off.
    pub fn stopped_at(&self, place: Diagnostic) {
        self.found().stopped_at = Some(place);
    }

    /// Where the script was when it was cut off.
    pub fn place_of_stop(&self) -> Option<Diagnostic> {
        self.found().stopped_at.clone()
    }

    /// Takes the failed checks; none are left.
    pub fn take_failed_checks(&self) -> Vec<FailedCheck> {
        std::mem::take(&mut self.found().failed_checks)
    }

    /// Keeps what more there is about the assertion that failed last, or that there is nothing.
    pub fn differs(&self, difference: Option<Difference>) {
        self.found().difference = difference;
    }

    /// What more there is about the assertion that failed last.
    pub fn difference(&self) -> Option<Difference> {
        self.found().difference.clone()
    }
}

/// Makes this the thread's test.
pub fn enter(trial: Arc<Trial>) {
    CURRENT.replace(Some(trial));
}

/// The thread's test.
pub fn current() -> Option<Arc<Trial>> {
    CURRENT.with_borrow(Clone::clone)
}

/// By how much the clock of scripts is ahead: a sleep that was over at once is behind it all the same.
pub fn ahead() -> Duration {
    CURRENT.with_borrow(|trial| match trial {
        Some(trial) if !trial.real_time => trial.slept(),
        _ => Duration::ZERO,
    })
}
