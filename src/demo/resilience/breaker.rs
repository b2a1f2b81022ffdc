//! A circuit breaker: after so many failures in a row it is open and nothing is tried; after a while it lets one trial
//! through (it is half open), which closes it or opens it anew.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::switches::BreakerSwitch;

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

#[derive(Debug)]
pub struct Breaker {
    threshold: u32,
    open: Duration,
    state: Mutex<State>,
}

/// Whether a call may be made.
#[derive(Debug)]
pub enum Admission<'a> {
    Let(Trial<'a>),
    /// Not before this time has passed.
    Refused(Duration),
}

/// A call that is being made. One that never ends (its client went away) lets another one be tried.
#[derive(Debug)]
pub struct Trial<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    is_over: bool,
}

impl Breaker {
    pub fn new(switch: BreakerSwitch) -> Self {
        Self {
            threshold: switch.threshold.get(),
            open: Duration::from_millis(u64::from(switch.open_ms)),
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn admit(&self, now: Instant) -> Admission<'_> {
        let mut state = self.state();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if now < until => return Admission::Refused(until - now),
            State::Open { .. } => {
                *state = State::HalfOpen;
                true
            }
            State::HalfOpen => return Admission::Refused(self.open),
        };
        Admission::Let(Trial {
            breaker: self,
            is_probe,
            is_over: false,
        })
    }
}

impl Trial<'_> {
    /// The call was answered, or failed.
    pub fn ended(&mut self, well: bool, now: Instant) {
        self.is_over = true;
        let mut state = self.breaker.state();
        let open = State::Open {
            until: now + self.breaker.open,
        };
        *state = match (*state, self.is_probe, well) {
            (_, true, true) => State::Closed { failures: 0 },
            (_, true, false) => open,
            (State::Closed { .. }, false, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false, false) if failures + 1 < self.breaker.threshold => {
                State::Closed {
                    failures: failures + 1,
                }
            }
            (State::Closed { .. }, false, false) => open,
            // It was let in before the breaker opened.
            (state, false, _) => state,
        };
    }

    /// The call was not made after all.
    pub fn withdraw(&mut self) {
        self.is_over = true;
        if self.is_probe {
            *self.breaker.state() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.withdraw();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSwitch {
            threshold: 2.try_into().unwrap(),
            open_ms: 1000,
        })
    }

    fn call(breaker: &Breaker, now: Instant, well: bool) -> bool {
        match breaker.admit(now) {
            Admission::Let(mut trial) => {
                trial.ended(well, now);
                true
            }
            Admission::Refused(_) => false,
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_before() {
        let (breaker, now) = (breaker(), Instant::now());
        for well in [false, true, false] {
            assert!(call(&breaker, now, well));
        }
        assert!(call(&breaker, now, false));
        assert!(!call(&breaker, now, true));
        assert!(!call(&breaker, now + Duration::from_millis(999), true));
    }

    #[test]
    fn half_open_it_lets_one_call_through_which_decides() {
        let (breaker, now) = (breaker(), Instant::now());
        call(&breaker, now, false);
        call(&breaker, now, false);
        let later = now + Duration::from_secs(1);
        let Admission::Let(mut probe) = breaker.admit(later) else {
            panic!("it is half open");
        };
        assert!(matches!(breaker.admit(later), Admission::Refused(_)));
        probe.ended(false, later);
        assert!(!call(&breaker, later, true));
        let later = later + Duration::from_secs(1);
        assert!(call(&breaker, later, true));
        assert!(call(&breaker, later, true));
    }

    #[test]
    fn a_probe_whose_client_went_away_is_not_waited_for() {
        let (breaker, now) = (breaker(), Instant::now());
        call(&breaker, now, false);
        call(&breaker, now, false);
        let later = now + Duration::from_secs(1);
        drop(breaker.admit(later));
        assert!(call(&breaker, later.max(Instant::now()), true));
    }
}
