//! A token bucket: so many requests a second, and as many at once as it holds.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::switches::RateLimit;

#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    most: f64,
    silent: bool,
    /// Tokens, and when there were so many.
    tokens: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub fn new(limit: RateLimit) -> Self {
        let most = f64::from(limit.burst.get());
        Self {
            per_second: f64::from(limit.per_second.get()),
            most,
            silent: limit.silent,
            tokens: Mutex::new((most, Instant::now())),
        }
    }

    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Takes a token; without one, after what time there is one again.
    pub fn take(&self) -> Option<Duration> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Option<Duration> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let (had, since) = *tokens;
        let passed = now.saturating_duration_since(since).as_secs_f64();
        let has = passed.mul_add(self.per_second, had).min(self.most);
        if has >= 1.0 {
            *tokens = (has - 1.0, now);
            return None;
        }
        *tokens = (has, now);
        Some(Duration::from_secs_f64((1.0 - has) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_at_the_rate_and_no_more_than_it_holds() {
        let bucket = Bucket::new(RateLimit {
            per_second: 2.try_into().unwrap(),
            burst: 2.try_into().unwrap(),
            silent: false,
        });
        let now = Instant::now();
        assert_eq!(bucket.take_at(now), None);
        assert_eq!(bucket.take_at(now), None);
        let wait = bucket.take_at(now).unwrap();
        assert!(wait > Duration::from_millis(400) && wait <= Duration::from_millis(500));
        assert_eq!(bucket.take_at(now + wait), None);
        let later = now + Duration::from_secs(60);
        assert_eq!(bucket.take_at(later), None);
        assert_eq!(bucket.take_at(later), None);
        assert!(bucket.take_at(later).is_some());
    }
}
