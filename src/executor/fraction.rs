//! Exact parts of a whole: what segments are cut with.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::SegmentError;

/// A rational number from 0 to 1, in lowest terms. Exact, so that cuts of different machines meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numer: u64,
    denom: u64,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { numer: 0, denom: 1 };
    /// The whole.
    pub const ONE: Self = Self { numer: 1, denom: 1 };

    /// `numer / denom` in lowest terms; `None` for a zero denominator or a value above 1.
    pub fn new(numer: u64, denom: u64) -> Option<Self> {
        if denom == 0 || numer > denom {
            return None;
        }
        let divisor = gcd(numer, denom);
        Some(Self {
            numer: numer / divisor,
            denom: denom / divisor,
        })
    }

    /// Numerator in lowest terms.
    pub fn numer(self) -> u64 {
        self.numer
    }

    /// Denominator in lowest terms, never 0.
    pub fn denom(self) -> u64 {
        self.denom
    }

    /// The part in slots of a period that is a multiple of the denominator.
    pub(super) fn slots_of(self, period: u64) -> u64 {
        period / self.denom * self.numer
    }
}

/// Greatest common divisor; of 0 and `n` it is `n`.
fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Least common multiple, unless it exceeds a `u64`.
pub(super) fn lcm(a: u64, b: u64) -> Option<u64> {
    (a / gcd(a, b)).checked_mul(b)
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.numer) * u128::from(other.denom);
        let right = u128::from(other.numer) * u128::from(self.denom);
        left.cmp(&right)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denom == 1 {
            write!(f, "{}", self.numer)
        } else {
            write!(f, "{}/{}", self.numer, self.denom)
        }
    }
}

impl FromStr for Fraction {
    type Err = SegmentError;

    /// Reads `1/3`, `0.25`, `25%`, `12.5%`, `0` and `1`.
    fn from_str(given: &str) -> Result<Self, SegmentError> {
        let text = given.trim();
        let (numer, denom) = if let Some((numer, denom)) = text.split_once('/') {
            (digits(numer, given)?, digits(denom, given)?)
        } else if let Some(percent) = text.strip_suffix('%') {
            let (numer, denom) = decimal(percent, given)?;
            let denom = denom.checked_mul(100).ok_or_else(|| too_precise(given))?;
            (numer, denom)
        } else {
            decimal(text, given)?
        };
        if denom == 0 {
            return Err(not_a_fraction(given));
        }
        Self::new(numer, denom).ok_or_else(|| SegmentError::OutOfRange {
            text: given.trim().to_owned(),
        })
    }
}

/// A decimal number as numerator and power of ten.
fn decimal(text: &str, given: &str) -> Result<(u64, u64), SegmentError> {
    let text = text.trim();
    let Some((whole, fraction)) = text.split_once('.') else {
        return Ok((digits(text, given)?, 1));
    };
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).map_err(|_| too_precise(given))?;
    let denom = 10u64
        .checked_pow(places)
        .ok_or_else(|| too_precise(given))?;
    let whole = if whole.is_empty() {
        0
    } else {
        digits(whole, given)?
    };
    let part = if fraction.is_empty() {
        0
    } else {
        digits(fraction, given)?
    };
    let numer = whole
        .checked_mul(denom)
        .and_then(|whole| whole.checked_add(part))
        .ok_or_else(|| too_precise(given))?;
    // "." alone has no digit on either side.
    if text.len() == 1 {
        return Err(not_a_fraction(given));
    }
    Ok((numer, denom))
}

/// Only digits: `u64::from_str` would let a sign pass.
fn digits(text: &str, given: &str) -> Result<u64, SegmentError> {
    let text = text.trim();
    if let Some(number) = text.strip_prefix('-')
        && number.trim().starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(SegmentError::OutOfRange {
            text: given.trim().to_owned(),
        });
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_fraction(given));
    }
    text.parse().map_err(|_| too_precise(given))
}

fn not_a_fraction(given: &str) -> SegmentError {
    SegmentError::NotAFraction {
        text: given.trim().to_owned(),
    }
}

fn too_precise(given: &str) -> SegmentError {
    SegmentError::TooPrecise {
        text: given.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Fraction, SegmentError> {
        text.parse()
    }

    #[test]
    fn fractions_decimals_and_percents_mean_the_same() {
        let quarter = Fraction::new(1, 4).unwrap();
        for text in [
            "1/4", "2/8", "0.25", ".25", "0.2500", "25%", " 25 % ", "25.0%",
        ] {
            assert_eq!(read(text), Ok(quarter), "{text}");
        }
        assert_eq!(read("12.5%"), Ok(Fraction::new(1, 8).unwrap()));
        assert_eq!(read("1"), Ok(Fraction::ONE));
        assert_eq!(read("100%"), Ok(Fraction::ONE));
        assert_eq!(read("1."), Ok(Fraction::ONE));
        assert_eq!(read("0/7"), Ok(Fraction::ZERO));
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for text in [
            "", "a", "1/", "/2", "1/0", ".", "1e-1", "+1", "1/2/3", "%", "0,5",
        ] {
            assert!(
                matches!(read(text), Err(SegmentError::NotAFraction { .. })),
                "{text}"
            );
        }
        for text in ["1.5", "-1", "-0.5", "3/2", "101%"] {
            assert!(
                matches!(read(text), Err(SegmentError::OutOfRange { .. })),
                "{text}"
            );
        }
        for text in ["0.33333333333333333333333", "99999999999999999999999/2"] {
            assert!(
                matches!(read(text), Err(SegmentError::TooPrecise { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn order_is_exact_where_floats_would_tie() {
        let a = Fraction::new(u64::MAX - 2, u64::MAX - 1).unwrap();
        let b = Fraction::new(u64::MAX - 1, u64::MAX).unwrap();
        assert!(a < b);
        assert_eq!(lcm(6, 4), Some(12));
        assert_eq!(lcm(u64::MAX, u64::MAX - 1), None);
    }
}
