//! When a virtual user's latest requests began: what a webhook call is counted from.

use std::cell::Cell;
use std::time::Instant;

/// Requests that are remembered.
const KEPT: usize = 4;

/// The beginnings of the latest requests.
#[derive(Debug, Default)]
pub struct Sent {
    at: [Cell<Option<Instant>>; KEPT],
    next: Cell<usize>,
}

impl Sent {
    /// A request begins.
    pub fn note(&self, moment: Instant) {
        let next = self.next.get();
        if let Some(place) = self.at.get(next) {
            place.set(Some(moment));
        }
        self.next.set((next + 1) % KEPT);
    }

    /// When the last request began that began before a moment; `None` if that is longer ago than is remembered.
    pub fn last_before(&self, moment: Instant) -> Option<Instant> {
        let known = self.at.iter().filter_map(Cell::get);
        known.filter(|at| *at <= moment).max()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_last_request_before_a_moment_is_the_one_that_caused_it() {
        let (sent, begin) = (Sent::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(sent.last_before(at(9)), None);
        for second in [1, 2, 3, 4, 5] {
            sent.note(at(second));
        }
        assert_eq!(sent.last_before(at(9)), Some(at(5)));
        assert_eq!(sent.last_before(at(3)), Some(at(3)));
        assert_eq!(sent.last_before(at(1)), None);
    }
}
