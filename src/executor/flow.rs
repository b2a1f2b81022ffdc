//! Arrivals at a rate that is changed while they come.

use std::time::Duration;

use super::Share;

/// The starts of one share of a plan whose rate is changed from outside.
///
/// The plan as a whole has come so far: the integral of its rate, a number of arrivals that need not be whole. The `n`-th arrival
/// (from 0) is when that reaches `n`, and belongs to the share that owns `n`: so shares that learn of a change at about the same
/// moment have all arrivals among them, and each once.
#[derive(Debug)]
pub struct Flow {
    share: Share,
    /// Arrivals per second of the whole plan.
    rate: f64,
    /// When the rate was set, from the start of the plan.
    since: Duration,
    /// How far the plan had come by then.
    reached: f64,
    /// Own arrivals so far.
    taken: u64,
}

impl Flow {
    /// One that stands.
    pub fn new(share: Share) -> Self {
        Self {
            share,
            rate: 0.0,
            since: Duration::ZERO,
            reached: 0.0,
            taken: 0,
        }
    }

    /// From `now` on, arrivals come at `rate` per second; 0 lets them stand.
    pub fn set(&mut self, rate: f64, now: Duration) {
        let rate = if rate.is_finite() { rate.max(0.0) } else { 0.0 };
        if rate == self.rate {
            return;
        }
        let since = now.saturating_sub(self.since);
        self.reached += since.as_secs_f64() * self.rate;
        self.since = now.max(self.since);
        self.rate = rate;
    }

    /// When the next own arrival is due, from the start of the plan, if the rate stays as it is.
    pub fn peek(&self) -> Option<Duration> {
        let number = self.share.nth(self.taken) as f64;
        // While nothing comes at all, what was due and not taken stands, too.
        if self.rate <= 0.0 {
            return None;
        }
        let after = ((number - self.reached) / self.rate).max(0.0);
        Duration::try_from_secs_f64(after)
            .ok()
            .and_then(|after| self.since.checked_add(after))
    }

    /// Takes the next own arrival, if it is due by `now`.
    pub fn next_by(&mut self, now: Duration) -> Option<Duration> {
        let due = self.peek().filter(|due| *due <= now)?;
        self.taken += 1;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take_all(flow: &mut Flow, now: Duration) -> Vec<Duration> {
        std::iter::from_fn(|| flow.next_by(now)).collect()
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn arrivals_follow_the_rate_as_it_is_changed() {
        let mut flow = Flow::new(Share::whole());
        assert_eq!(flow.peek(), None);
        flow.set(2.0, seconds(0.0));
        assert_eq!(
            take_all(&mut flow, seconds(1.2)),
            [0.0, 0.5, 1.0].map(seconds)
        );
        // A quarter of the way to the next one is left at four times the rate.
        flow.set(8.0, seconds(1.4));
        let next = flow.peek().unwrap().as_secs_f64();
        assert!((next - 1.425).abs() < 1e-6, "{next}");
        assert_eq!(take_all(&mut flow, seconds(1.6)).len(), 2);
        flow.set(0.0, seconds(1.6));
        assert!(take_all(&mut flow, seconds(100.0)).is_empty());
        flow.set(1.0, seconds(50.0));
        let next = flow.peek().unwrap().as_secs_f64();
        assert!((50.0..51.0).contains(&next), "{next}");
        flow.set(f64::NAN, seconds(60.0));
        assert_eq!(flow.peek(), None);
    }

    proptest! {
        #[test]
        fn shares_have_all_arrivals_among_them_and_the_rate_is_kept(
            changes in proptest::collection::vec((0.0..50.0_f64, 0.05..3.0_f64), 1..12),
            workers in 1..5_u32,
        ) {
            let mut flows: Vec<_> = (0..workers)
                .map(|worker| Flow::new(Share::whole().for_worker(worker, workers)))
                .collect();
            let (mut now, mut expected, mut taken) = (0.0, 0.0, 0);
            for (rate, length) in changes {
                for flow in &mut flows {
                    flow.set(rate, seconds(now));
                }
                now += length;
                expected += rate * length;
                for flow in &mut flows {
                    let all = take_all(flow, seconds(now));
                    prop_assert!(all.is_sorted());
                    taken += all.len();
                }
            }
            // The first comes at once.
            prop_assert!((taken as f64 - expected).abs() <= 1.01, "{taken} of {expected}");
        }
    }
}
