//! What can be set about the demo target.

use std::time::Duration;

/// How the hotel is built and how badly it behaves. The default behaves well.
#[derive(Debug, Clone)]
pub struct DemoConfig {
    /// Every request but those to `/metrics` waits this long before it is served.
    pub delay: Duration,
    /// The wait varies evenly by up to this much to either side of `delay`, never below zero.
    pub jitter: Duration,
    /// The fraction (0 to 1) of requests under `/api` that fail with status 500. Values outside
    /// are brought to the nearest bound; what is not a number counts as 0.
    pub error_rate: f64,
    /// Requests served at once; any more are refused with status 503. `None`: no limit. The page
    /// `/metrics` is always served.
    pub capacity: Option<usize>,
    /// Rooms of each type, for every night. `None`: 100,000.
    pub rooms: Option<u32>,
    /// Signs webhooks (HMAC-SHA256), and is the verify token of the webhook's subscription.
    pub secret: String,
    /// Seed of jitter and errors: the fate of the n-th request depends on it and on n alone.
    pub seed: u64,
    /// How long after it is made a reservation with a `callback_url` is confirmed.
    pub callback_delay: Duration,
    /// The fraction (0 to 1) of callbacks that are sent twice.
    pub callback_duplicates: f64,
    /// The fraction (0 to 1) of callbacks that come five times as late, so that others may overtake them.
    pub callback_late: f64,
    /// Callbacks go to any address, and not only to those of the loopback.
    pub callback_anywhere: bool,
    /// `host:port` of a Redis that keeps what was offered for a while. `None`: there is no cache.
    pub redis: Option<String>,
    /// Reservations kept, at least one; past this the longest cancelled one goes, else the oldest.
    /// Idempotency keys are kept as long as their reservations.
    pub max_reservations: usize,
}

/// Rooms of each type when [`DemoConfig::rooms`] is `None`. As many as reservations are kept, so
/// that a hotel with the defaults cannot sell out.
const ROOMS: u32 = 100_000;

impl DemoConfig {
    /// Rooms of each type, for every night.
    pub fn rooms_per_type(&self) -> u32 {
        self.rooms.unwrap_or(ROOMS)
    }
}

impl Default for DemoConfig {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            error_rate: 0.0,
            capacity: None,
            rooms: None,
            secret: "demo-secret".to_owned(),
            seed: 0,
            callback_delay: Duration::from_millis(100),
            callback_duplicates: 0.0,
            callback_late: 0.0,
            callback_anywhere: false,
            redis: None,
            max_reservations: 100_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_there_are_as_many_rooms_of_a_type_as_reservations_kept() {
        let config = DemoConfig::default();
        assert!(config.rooms_per_type() as usize >= config.max_reservations);
    }
}
