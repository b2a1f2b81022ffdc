//! Misbehaviour on demand: delay, jitter, errors and a limit of requests at once.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::config::DemoConfig;

/// The faults of one target.
#[derive(Debug)]
pub struct Faults {
    delay: Duration,
    jitter: Duration,
    error_rate: f64,
    capacity: usize,
    seed: u64,
    requests: AtomicU64,
    in_flight: AtomicUsize,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// How long it waits before it is served.
    pub delay: Duration,
    /// Whether it fails, if its path may.
    pub fails: bool,
}

/// A request's place among those being served; given back when dropped, whether the request was
/// answered or its client went away.
#[derive(Debug)]
pub struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Faults {
    /// The faults that a configuration asks for.
    pub fn new(config: &DemoConfig) -> Self {
        let error_rate = config.error_rate;
        Self {
            delay: config.delay,
            jitter: config.jitter,
            error_rate: if error_rate.is_nan() {
                0.0
            } else {
                error_rate.clamp(0.0, 1.0)
            },
            capacity: config.capacity.unwrap_or(usize::MAX),
            seed: config.seed,
            requests: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
        }
    }

    /// A place for one more request, or `None` when all are taken.
    pub fn enter(&self) -> Option<Place<'_>> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.in_flight);
        (before < self.capacity).then_some(place)
    }

    /// Requests being served.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The fate of the next request. A counter numbers requests, so threads share one sequence
    /// without a lock, and changing the jitter does not change which requests fail.
    pub fn next(&self) -> Fate {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let draw = |stream| uniform(self.seed, number.wrapping_mul(2).wrapping_add(stream));
        Fate {
            delay: self.delay_at(draw(0)),
            fails: draw(1) < self.error_rate,
        }
    }

    /// The delay at a position in [0, 1) of the jitter.
    fn delay_at(&self, position: f64) -> Duration {
        let either_side = position.mul_add(2.0, -1.0);
        let shift = self.jitter.mul_f64(either_side.abs());
        if either_side < 0.0 {
            self.delay.saturating_sub(shift)
        } else {
            self.delay.saturating_add(shift)
        }
    }
}

/// The random number in [0, 1) at a place of a seed's sequence: SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014), whose state is a counter.
pub fn uniform(seed: u64, place: u64) -> f64 {
    let mut bits = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    // The upper 53 bits fill a double's mantissa exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut DemoConfig)) -> Faults {
        let mut config = DemoConfig::default();
        change(&mut config);
        Faults::new(&config)
    }

    fn failures(seed: u64, jitter: Duration) -> Vec<bool> {
        let faults =
            faults(|config| (config.seed, config.error_rate, config.jitter) = (seed, 0.3, jitter));
        (0..1000).map(|_| faults.next().fails).collect()
    }

    #[test]
    fn the_seed_alone_decides_which_requests_fail() {
        let expected = failures(7, Duration::ZERO);
        assert_eq!(expected, failures(7, Duration::ZERO));
        assert_eq!(expected, failures(7, Duration::from_millis(5)));
        assert_ne!(expected, failures(8, Duration::ZERO));
    }

    #[test]
    fn the_share_of_failures_is_the_error_rate() {
        let failed = failures(7, Duration::ZERO)
            .into_iter()
            .filter(|&failed| failed)
            .count();
        assert!((250..350).contains(&failed), "{failed} of 1000");
    }

    #[test]
    fn a_rate_outside_its_bounds_is_brought_inside() {
        for (rate, fails) in [
            (1.0, true),
            (7.0, true),
            (0.0, false),
            (-1.0, false),
            (f64::NAN, false),
        ] {
            let faults = faults(|config| config.error_rate = rate);
            assert!((0..1000).all(|_| faults.next().fails == fails), "{rate}");
        }
    }

    #[test]
    fn jitter_goes_to_both_sides_of_the_delay_and_not_below_zero() {
        let ms = Duration::from_millis;
        let around = faults(|config| (config.delay, config.jitter) = (ms(100), ms(20)));
        let delays: Vec<_> = (0..1000).map(|_| around.next().delay).collect();
        assert!(
            delays
                .iter()
                .all(|delay| (ms(80)..=ms(120)).contains(delay))
        );
        assert!(delays.iter().any(|&delay| delay < ms(90)));
        assert!(delays.iter().any(|&delay| delay > ms(110)));
        let near_zero = faults(|config| (config.delay, config.jitter) = (ms(1), ms(50)));
        assert!((0..1000).any(|_| near_zero.next().delay == Duration::ZERO));
    }

    #[test]
    fn without_jitter_the_delay_is_exact() {
        let faults = faults(|config| config.delay = Duration::from_millis(50));
        assert!((0..100).all(|_| faults.next().delay == Duration::from_millis(50)));
    }

    #[test]
    fn a_place_is_free_again_when_its_request_is_over() {
        let faults = faults(|config| config.capacity = Some(1));
        let place = faults.enter();
        assert!(place.is_some() && faults.enter().is_none());
        drop(place);
        assert!(faults.enter().is_some());
        assert_eq!(faults.in_flight(), 0);
    }
}
