//! Stages: the pieces that ramps are made of.

use std::time::Duration;

/// One piece of a ramp: the value goes in a straight line from where the last stage ended to `target`.
/// A stage without length is a jump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage<T> {
    /// How long the stage takes.
    pub duration: Duration,
    /// The value at its end: a number of VUs (`u32`) or a rate per time unit (`f64`).
    pub target: T,
}

/// The length of all stages together; saturates.
pub(super) fn total<T>(stages: &[Stage<T>]) -> Duration {
    stages.iter().fold(Duration::ZERO, |sum, stage| {
        sum.saturating_add(stage.duration)
    })
}

/// A duration in nanoseconds. Durations of checked plans fit; others saturate.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
