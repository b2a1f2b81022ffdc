//! Seeded randomness that is the same on every machine.
//!
//! Random arrivals are split between machines by letting each walk the same sequence and keep its own
//! part. That only works if all compute the same bits, so nothing here may depend on a platform's maths
//! library or on a crate's version: only on the operations that IEEE 754 defines exactly.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// Any seed is a good seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 uniform bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A draw from the exponential distribution of mean 1, by inversion: `-ln(u)` with `u` in (0, 1].
    pub(crate) fn exponential(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        let uniform = ((self.next_u64() >> 11) + 1) as f64 * STEP;
        -natural_log(uniform)
    }
}

/// `ln(x)` for normal positive `x`, to about one part in 10^15.
///
/// `x = m * 2^e` with `m` in [√½, √2), and `ln m = 2 artanh((m - 1) / (m + 1))` by its series, whose terms
/// shrink by at least 34 each: eleven reach double precision.
fn natural_log(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & MANTISSA) | ONE);
    if mantissa >= std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut series = 0.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * square + 1.0 / odd;
    }
    2.0 * s * series + exponent as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_its_published_values() {
        let mut random = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn the_logarithm_agrees_with_the_platforms() {
        let mut random = SplitMix64::new(7);
        for _ in 0..10_000 {
            let x = ((random.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
            let difference = (natural_log(x) - x.ln()).abs();
            assert!(difference <= 1e-15 * x.ln().abs().max(1e-1), "{x}");
        }
        assert_eq!(natural_log(1.0), 0.0);
    }

    #[test]
    fn exponential_draws_have_mean_and_variance_one() {
        let mut random = SplitMix64::new(42);
        let draws: Vec<f64> = (0..200_000).map(|_| random.exponential()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
        assert!(draws.iter().all(|x| *x >= 0.0));
    }
}
