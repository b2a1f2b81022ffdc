//! What can be wrong with a plan or with a segment, each with the way to fix it.

use std::time::Duration;

use super::Fraction;
use super::text;

/// Longest plan: its nanoseconds fit a `u64` with room to add to them.
const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Why the fields of a scenario make no plan: what is wrong, a colon, how to mend it. [`PlanError::key`] names the
/// option to point at.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No VU could ever run.
    #[error("`{key}` is 0, so nothing would run: set it to 1 or more")]
    NoVus {
        /// `vus` or `max_vus`.
        key: &'static str,
    },
    /// The pool could not hold the VUs it starts with.
    #[error(
        "`max_vus` is {max_vus}, below `pre_allocated_vus`, which is {pre_allocated_vus}: raise `max_vus` to \
         {pre_allocated_vus} or more, or lower `pre_allocated_vus`"
    )]
    MaxBelowPreAllocated {
        /// As given.
        max_vus: u32,
        /// As given.
        pre_allocated_vus: u32,
    },
    /// An externally controlled scenario begins above its own limit.
    #[error(
        "`max_vus` is {max_vus}, below `vus`, which is {vus}: raise `max_vus` to {vus} or more, or lower `vus`"
    )]
    MaxBelowInitial {
        /// As given.
        max_vus: u32,
        /// As given.
        vus: u32,
    },
    /// An empty budget.
    #[error("`iterations` is 0, so nothing would run: set it to 1 or more")]
    NoIterations,
    /// Some VUs could never get an iteration.
    #[error(
        "`iterations` is {iterations}, fewer than `vus`, which is {vus}, so some VUs would have nothing to do: \
         raise `iterations` or lower `vus` to {iterations}"
    )]
    FewerIterationsThanVus {
        /// As given.
        iterations: u64,
        /// As given.
        vus: u32,
    },
    /// The scenario would end as it begins.
    #[error("`{key}` adds up to no time at all: give it a duration above zero, such as \"30s\"")]
    ZeroDuration {
        /// `duration`, `max_duration` or `stages`.
        key: &'static str,
    },
    /// Beyond what instants can be computed for.
    #[error(
        "`{key}` is longer than ten years: shorten it, or use `externally-controlled` without a duration"
    )]
    TooLong {
        /// `duration`, `max_duration` or `stages`.
        key: &'static str,
    },
    /// A ramp without a stage.
    #[error("`stages` is empty: give at least one, such as #{{ duration: \"30s\", target: 10 }}")]
    NoStages,
    /// A ramp from nothing to nothing.
    #[error(
        "`{start}` and every stage's `target` are 0, so nothing would run: raise at least one target"
    )]
    FlatAtZero {
        /// `start_vus` or `start_rate`.
        start: &'static str,
    },
    /// A constant rate of nothing.
    #[error(
        "`rate` is 0, so nothing would run: set it above zero (fractions such as 0.5 are allowed)"
    )]
    ZeroRate,
    /// Not a rate.
    #[error("`{key}` holds the rate {rate}: a rate is a finite number, zero or more")]
    InvalidRate {
        /// `rate`, `start_rate` or `stages`.
        key: &'static str,
        /// As given.
        rate: f64,
    },
    /// More than can be started, or even counted as dropped, in time.
    #[error(
        "`{key}` asks for {per_second:e} iterations per second, more than a million: lower it, or lengthen `time_unit`"
    )]
    RateTooHigh {
        /// `rate`, `start_rate` or `stages`.
        key: &'static str,
        /// The rate in iterations per second.
        per_second: f64,
    },
    /// A rate per no time.
    #[error("`time_unit` is zero: give the time that the rate counts in, such as \"1s\" or \"1m\"")]
    ZeroTimeUnit,
}

impl PlanError {
    /// What is wrong, and how to mend it.
    pub fn parts(&self) -> (String, Option<String>) {
        let text = self.to_string();
        match text.split_once(": ") {
            Some((what, how)) => (what.to_owned(), Some(how.to_owned())),
            None => (text, None),
        }
    }

    /// The option key at fault.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoVus { key }
            | Self::ZeroDuration { key }
            | Self::TooLong { key }
            | Self::InvalidRate { key, .. }
            | Self::RateTooHigh { key, .. } => key,
            Self::MaxBelowPreAllocated { .. } | Self::MaxBelowInitial { .. } => "max_vus",
            Self::NoIterations | Self::FewerIterationsThanVus { .. } => "iterations",
            Self::NoStages | Self::FlatAtZero { .. } => "stages",
            Self::ZeroRate => "rate",
            Self::ZeroTimeUnit => "time_unit",
        }
    }
}

/// Why a segment or a sequence of segments cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Not a fraction.
    #[error("`{text}` is no fraction: write it as 1/4, 0.25 or 25%")]
    NotAFraction {
        /// As given.
        text: String,
    },
    /// More digits than exact arithmetic can hold.
    #[error("`{text}` has too many digits to be held exactly: write it as a fraction such as 1/3")]
    TooPrecise {
        /// As given.
        text: String,
    },
    /// A part of something lies within it.
    #[error("`{text}` lies outside 0 to 1: a segment is a part of the whole test")]
    OutOfRange {
        /// As given.
        text: String,
    },
    /// A segment without content.
    #[error("segment {from}:{to} is empty: its end must lie above its start, as in 0:1/2")]
    Empty {
        /// Start.
        from: Fraction,
        /// End.
        to: Fraction,
    },
    /// A sequence with too few points.
    #[error("a sequence needs at least its two ends, as in 0,1/2,1; `{text}` has fewer")]
    TooShort {
        /// As given.
        text: String,
    },
    /// A sequence that leaves something out.
    #[error(
        "a sequence begins with 0 and ends with 1, or part of the load would run nowhere; `{text}` does not"
    )]
    NotWhole {
        /// As given.
        text: String,
    },
    /// A sequence out of order.
    #[error("a sequence ascends, but {second} follows {first}: sort the points and name each once")]
    NotAscending {
        /// The earlier point.
        first: Fraction,
        /// The point after it.
        second: Fraction,
    },
    /// The segment is no member of the sequence.
    #[error("segment {segment} is not part of the sequence {sequence}: its segments are {}", text::list(.parts))]
    NotInSequence {
        /// The segment asked for.
        segment: String,
        /// The sequence.
        sequence: String,
        /// The segments that the sequence has.
        parts: Vec<String>,
    },
    /// An uneven segment alone does not say how the rest is divided.
    #[error(
        "segment {segment} is not one of several equal parts, so the other machines' segments cannot be told from it: \
         pass all cut points to every machine, as in --execution-segment-sequence {example}"
    )]
    NeedsSequence {
        /// The segment asked for.
        segment: String,
        /// A sequence that has this segment.
        example: String,
    },
    /// The pattern that deals items to segments would not fit memory.
    #[error(
        "these segments only line up after {limit} items or more: use fractions with small, related denominators, \
         such as 1/3 instead of 0.333333333"
    )]
    PeriodTooLong {
        /// The longest period allowed.
        limit: u64,
    },
}

/// Rejects a duration of zero and one beyond exact arithmetic.
pub(super) fn check_duration(key: &'static str, duration: Duration) -> Result<(), PlanError> {
    if duration.is_zero() {
        return Err(PlanError::ZeroDuration { key });
    }
    if duration > MAX_DURATION {
        return Err(PlanError::TooLong { key });
    }
    Ok(())
}

/// Most iterations a second of one scenario.
const MAX_RATE: f64 = 1e6;

/// Rejects what is not a rate, and rates beyond a million per second.
pub(super) fn check_rate(
    key: &'static str,
    rate: f64,
    time_unit: Duration,
) -> Result<(), PlanError> {
    if !rate.is_finite() || rate < 0.0 {
        return Err(PlanError::InvalidRate { key, rate });
    }
    let per_second = rate / time_unit.as_secs_f64();
    if per_second > MAX_RATE {
        return Err(PlanError::RateTooHigh { key, per_second });
    }
    Ok(())
}

/// Rejects a time unit of zero and one beyond exact arithmetic.
pub(super) fn check_time_unit(time_unit: Duration) -> Result<(), PlanError> {
    match check_duration("time_unit", time_unit) {
        Err(PlanError::ZeroDuration { .. }) => Err(PlanError::ZeroTimeUnit),
        other => other,
    }
}

/// Rejects a pool of VUs that cannot run anything or cannot hold what it starts with.
pub(super) fn check_pool(pre_allocated_vus: u32, max_vus: u32) -> Result<(), PlanError> {
    if max_vus < pre_allocated_vus {
        return Err(PlanError::MaxBelowPreAllocated {
            max_vus,
            pre_allocated_vus,
        });
    }
    if max_vus == 0 {
        return Err(PlanError::NoVus { key: "max_vus" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_is_too_small_says_how_to_fix_it() {
        let error = check_pool(10, 5).unwrap_err();
        assert_eq!(error.key(), "max_vus");
        assert_eq!(
            error.to_string(),
            "`max_vus` is 5, below `pre_allocated_vus`, which is 10: raise `max_vus` to 10 or more, \
             or lower `pre_allocated_vus`"
        );
        assert_eq!(check_pool(0, 0), Err(PlanError::NoVus { key: "max_vus" }));
    }

    #[test]
    fn rates_that_are_no_numbers_are_refused() {
        let second = Duration::from_secs(1);
        for rate in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(matches!(
                check_rate("rate", rate, second),
                Err(PlanError::InvalidRate { key: "rate", .. })
            ));
        }
        assert!(matches!(
            check_rate("rate", 2e9, second),
            Err(PlanError::RateTooHigh { .. })
        ));
        assert_eq!(check_rate("rate", 0.001, second), Ok(()));
        assert_eq!(
            check_time_unit(Duration::ZERO),
            Err(PlanError::ZeroTimeUnit)
        );
    }

    #[test]
    fn durations_beyond_exact_arithmetic_are_refused() {
        assert_eq!(
            check_duration("duration", Duration::MAX),
            Err(PlanError::TooLong { key: "duration" })
        );
        assert_eq!(
            check_duration("stages", Duration::ZERO),
            Err(PlanError::ZeroDuration { key: "stages" })
        );
    }

    #[test]
    fn an_empty_list_of_stages_shows_an_example() {
        assert_eq!(
            PlanError::NoStages.to_string(),
            "`stages` is empty: give at least one, such as #{ duration: \"30s\", target: 10 }"
        );
    }
}
