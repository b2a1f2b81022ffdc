//! Where values lie: the arithmetic of buckets, and how trends become whole numbers.

/// What a trend's value is multiplied by when it is stored.
pub const SCALE: f64 = 1e6;

/// The largest value that can be told apart; larger ones are recorded as this.
pub const MAX_VALUE: u64 = u64::MAX / 2;

/// Buckets of one doubling: half of the 2048 that three significant digits ask for.
const HALF: usize = 1024;
/// Buckets that are made together.
pub(super) const CHUNK: usize = 64;
/// Buckets from 0 to [`MAX_VALUE`].
pub(super) const BUCKETS: usize = 54 * HALF;

/// A trend's value as it is stored. Negative values and NaN become 0, too large ones [`MAX_VALUE`].
#[inline]
pub fn to_scaled(value: f64) -> u64 {
    // A float to integer cast saturates, and makes 0 of NaN.
    ((value * SCALE).round() as u64).min(MAX_VALUE)
}

/// A stored value (or a mean of such) as the trend's value.
#[inline]
pub fn from_scaled(stored: f64) -> f64 {
    stored / SCALE
}

/// The bucket of a value up to [`MAX_VALUE`].
#[inline]
pub(super) fn bucket_of(value: u64) -> usize {
    let doubling = 53 - (value | 2047).leading_zeros();
    ((doubling as usize) << 10) + (value >> doubling) as usize
}

/// The smallest and the largest value of a bucket.
#[inline]
pub(super) fn bounds_of(bucket: usize) -> (u64, u64) {
    if bucket < 2 * HALF {
        return (bucket as u64, bucket as u64);
    }
    let doubling = (bucket >> 10) - 1;
    let lowest = ((bucket & (HALF - 1)) + HALF) as u64;
    (lowest << doubling, ((lowest + 1) << doubling) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_join_without_gap_or_overlap() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            let (lowest, highest) = bounds_of(bucket);
            assert_eq!(lowest, next);
            assert_eq!((bucket_of(lowest), bucket_of(highest)), (bucket, bucket));
            next = highest + 1;
        }
        assert_eq!(next, MAX_VALUE + 1);
    }

    #[test]
    fn scaling_survives_what_floats_can_hold() {
        let inputs = [1.5, 0.0, -3.0, f64::NAN, f64::INFINITY];
        assert_eq!(inputs.map(to_scaled), [1_500_000, 0, 0, 0, MAX_VALUE]);
        assert_eq!(from_scaled(1_500_000.0), 1.5);
    }
}
