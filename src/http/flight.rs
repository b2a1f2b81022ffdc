//! A hop in flight: what is known of it so far. Told also when its virtual user is cut off in the middle.

use std::time::{Duration, Instant};

use super::connect::Phase;
use super::error::HttpError;
use super::hop::Hop;
use super::pool::Connection;
use super::response::{Protocol, Timings};
use super::session::{Exchange, Observer, Session};
use super::target::Target;

/// From this age on a request that is cut off counts as failed: the server had its chance. A younger one says nothing about
/// the server, and would only blame it for the end of the run.
const HAD_ITS_CHANCE: Duration = Duration::from_secs(1);

/// The moments that part an exchange's phases, noted as they come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    pub sent: Option<Instant>,
    pub first_byte: Option<Instant>,
}

impl Marks {
    /// The phases of an exchange that began at `from` and is over, or cut off, at `end`.
    pub fn part(&self, timings: &mut Timings, from: Instant, end: Instant) {
        let first_byte = self.first_byte.unwrap_or(end);
        // A server may answer before it has read everything.
        let sent = self.sent.unwrap_or(first_byte).min(first_byte);
        timings.sending = nanos(from, sent);
        timings.waiting = nanos(sent, first_byte);
        timings.receiving = nanos(first_byte, end);
    }
}

/// What a hop leaves behind even when it is cut short: shared with the code that cuts it.
#[derive(Default)]
pub struct Progress {
    pub timings: Timings,
    pub phase: Phase,
    pub connection: Option<Connection>,
    /// When the request began to be written.
    pub written_from: Option<Instant>,
    pub marks: Marks,
}

impl Progress {
    /// Books the time of a hop that ends here, unfinished, on the phase it is in.
    fn cut(&mut self, began: Instant) {
        let now = Instant::now();
        match self.written_from {
            Some(from) if self.phase == Phase::Exchanging => {
                self.marks.part(&mut self.timings, from, now);
            }
            _ => self.phase.cut(&mut self.timings, nanos(began, now)),
        }
    }

    /// What the hop is at; fits after "while".
    fn doing(&self, target: &Target) -> String {
        match self.phase {
            Phase::Starting => "waiting for its turn (`rps`)".to_owned(),
            Phase::LookingUp => format!("looking up {}", target.host),
            Phase::Connecting => format!("connecting to {}:{}", target.host, target.port),
            Phase::Handshaking => format!("in the TLS handshake with {}", target.host),
            Phase::Exchanging if self.marks.first_byte.is_some() => {
                "receiving the response".to_owned()
            }
            Phase::Exchanging => "waiting for the response".to_owned(),
        }
    }

    /// The error of a hop that ran out of time, its timings completed.
    #[cold]
    pub fn time_out(&mut self, began: Instant, timeout: Duration, target: &Target) -> HttpError {
        self.cut(began);
        let code = match self.phase {
            Phase::Connecting => HttpError::DIAL_TIMEOUT,
            _ => HttpError::TIMEOUT,
        };
        let seconds = timeout.as_secs_f64();
        let doing = self.doing(target);
        HttpError::new(code, format!("timed out after {seconds} s {doing}"))
    }
}

/// A hop that has begun. Dropped before it has landed, because its virtual user is being stopped, it still tells the observer
/// what became of it: a server that never answers must not leave a run without a trace.
pub struct Flight<'a, 'r> {
    pub session: &'a Session,
    pub hop: Hop<'r>,
    pub observer: &'a dyn Observer,
    pub began: Instant,
    pub progress: Progress,
    pub landed: bool,
}

impl Drop for Flight<'_, '_> {
    fn drop(&mut self) {
        if !self.landed {
            self.cut_off();
        }
    }
}

impl Flight<'_, '_> {
    #[cold]
    fn cut_off(&mut self) {
        let request = &*self.hop.request;
        self.progress.cut(self.began);
        let doing = self.progress.doing(&request.target);
        // Its bytes go to the leftovers; a half-used connection is of no use to anyone.
        let (sent, received) = self.session.settle_bytes(self.progress.connection.take());
        let sent_nothing = self.progress.phase == Phase::Starting;
        if sent_nothing || self.began.elapsed() < HAD_ITS_CHANCE {
            self.observer.abandoned(sent, received);
            return;
        }
        let error = HttpError::new(
            HttpError::INTERRUPTED,
            format!(
                "still {doing} when its virtual user was stopped; a longer `graceful_stop` (or `graceful_ramp_down`) gives it more time"
            ),
        );
        self.observer.exchanged(&Exchange {
            method: &request.method,
            target: &request.target,
            status: 0,
            protocol: Protocol::default(),
            timings: self.progress.timings,
            bytes_sent: sent,
            bytes_received: received,
            error: Some(&error),
            expected: false,
        });
    }
}

pub fn nanos(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn parted(sent: Option<Instant>, first_byte: Option<Instant>, from: Instant) -> [u64; 3] {
        let mut timings = Timings::default();
        Marks { sent, first_byte }.part(&mut timings, from, from + 100 * MS);
        [timings.sending, timings.waiting, timings.receiving].map(|nanos| nanos / 1_000_000)
    }

    #[test]
    fn time_is_booked_on_the_phase_it_was_spent_in() {
        let from = Instant::now();
        let at = |ms: u32| Some(from + ms * MS);
        assert_eq!(parted(at(10), at(30), from), [10, 20, 70]);
        assert_eq!(parted(at(10), None, from), [10, 90, 0], "never answered");
        assert_eq!(parted(None, None, from), [100, 0, 0], "never written");
        assert_eq!(parted(None, at(30), from), [30, 0, 70], "answered early");
        assert_eq!(parted(at(50), at(30), from), [30, 0, 70], "answered early");
    }
}
