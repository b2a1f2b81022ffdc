//! Which iterations are traced.

use super::TraceId;
use crate::units;

/// How iterations are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Sampling {
    /// None is, and no request carries a header.
    #[default]
    Off,
    /// This share of them, decided by the trace's id before the iteration begins. Requests of the others carry a header that says so.
    Ratio(f64),
    /// All are recorded, and those kept at their end that failed or were slow.
    Tail,
}

impl Sampling {
    /// Reads `off`, `tail` or a share such as `1%`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "off" => Ok(Self::Off),
            "tail" => Ok(Self::Tail),
            share => match units::parse_fraction(share) {
                Ok(share) => {
                    Self::of(share).ok_or_else(|| format!("`{text}` is no share of a whole"))
                }
                Err(_) => Err(format!("`{text}` is no way to choose traces")),
            },
        }
    }

    /// That of a share from 0 to 1.
    pub fn of(share: f64) -> Option<Self> {
        match share {
            0.0 => Some(Self::Off),
            share if share > 0.0 && share <= 1.0 => Some(Self::Ratio(share)),
            _ => None,
        }
    }

    /// Whether the target is told to record this trace.
    pub fn takes(self, trace: TraceId) -> bool {
        match self {
            Self::Off => false,
            Self::Tail => true,
            Self::Ratio(share) => {
                let whole = (1u64 << 56) as f64;
                trace.randomness() as f64 >= (1.0 - share) * whole
            }
        }
    }
}

/// How `sample` is written.
pub const HELP: &str =
    "write a share such as \"1%\", \"tail\" for what failed and what was slowest, or \"off\"";

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_words_and_mistakes_are_told_apart() {
        assert_eq!(Sampling::parse("1%"), Ok(Sampling::Ratio(0.01)));
        assert_eq!(Sampling::parse("100%"), Ok(Sampling::Ratio(1.0)));
        assert_eq!(Sampling::parse("0%"), Ok(Sampling::Off));
        assert_eq!(Sampling::parse("off"), Ok(Sampling::Off));
        assert_eq!(Sampling::parse("tail"), Ok(Sampling::Tail));
        for wrong in ["", "often", "tails", "150%", "-1%", "1 in 3"] {
            assert!(Sampling::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn as_many_are_taken_as_were_asked_for(salt: u64, share in 0.01..1.0_f64) {
            let mut ids = Ids::new(salt, 1);
            let sampling = Sampling::Ratio(share);
            let taken = (0..4_000).filter(|_| sampling.takes(ids.trace())).count();
            // Six standard deviations: one in a billion.
            let spread = 6.0 * (4_000.0 * share * (1.0 - share)).sqrt() + 1.0;
            prop_assert!((taken as f64 - 4_000.0 * share).abs() < spread, "{taken} of 4000 at {share}");
        }

        #[test]
        fn a_larger_share_takes_all_that_a_smaller_one_takes(salt: u64, small in 0.0..1.0_f64, more in 0.0..1.0_f64) {
            let large = small + (1.0 - small) * more;
            let trace = Ids::new(salt, 1).trace();
            prop_assert!(!Sampling::Ratio(small).takes(trace) || Sampling::Ratio(large).takes(trace));
            prop_assert!(Sampling::Ratio(1.0).takes(trace) && !Sampling::Off.takes(trace));
        }
    }
}
