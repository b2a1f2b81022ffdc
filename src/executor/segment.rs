//! Execution segments: which part of the whole test one machine runs.

use std::fmt;
use std::str::FromStr;

use super::{Fraction, SegmentError};

/// A part of the whole test, from one fraction (included) to another (excluded): `1/4:1/2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecutionSegment {
    from: Fraction,
    to: Fraction,
}

impl ExecutionSegment {
    /// All of the test.
    pub const WHOLE: Self = Self {
        from: Fraction::ZERO,
        to: Fraction::ONE,
    };

    /// # Errors
    /// [`SegmentError::Empty`] unless `from` lies below `to`.
    pub fn new(from: Fraction, to: Fraction) -> Result<Self, SegmentError> {
        if from >= to {
            return Err(SegmentError::Empty { from, to });
        }
        Ok(Self { from, to })
    }

    /// Where the segment begins.
    pub fn from(&self) -> Fraction {
        self.from
    }

    /// Where the segment ends.
    pub fn to(&self) -> Fraction {
        self.to
    }

    /// The sequence of equal parts that this segment is a member of, if there is one, as their number.
    pub(super) fn equal_parts(&self) -> Option<u64> {
        // In lowest terms, i/k and (i+1)/k differ by 1/k: that alone makes the segment one of k equal parts,
        // provided that its start is a multiple of 1/k.
        let (from, to) = (self.from, self.to);
        let common = super::fraction::lcm(from.denom(), to.denom())?;
        let width = to.slots_of(common).checked_sub(from.slots_of(common))?;
        (common.is_multiple_of(width) && from.slots_of(common).is_multiple_of(width))
            .then(|| common / width)
    }
}

impl fmt::Display for ExecutionSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.from, self.to)
    }
}

impl FromStr for ExecutionSegment {
    type Err = SegmentError;

    /// Reads `1/4:1/2`, `0:25%`, `0.5:1`; as in k6, a single fraction is the part from 0 up to it.
    fn from_str(text: &str) -> Result<Self, SegmentError> {
        match text.split_once(':') {
            Some((from, to)) => Self::new(from.parse()?, to.parse()?),
            None => Self::new(Fraction::ZERO, text.parse()?),
        }
    }
}

/// All cut points of a test, ascending from 0 to 1: `0,1/4,1/2,1`. Every machine is given the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExecutionSegmentSequence {
    points: Vec<Fraction>,
}

impl ExecutionSegmentSequence {
    /// # Errors
    /// Unless the points ascend from 0 to 1.
    pub fn new(points: Vec<Fraction>) -> Result<Self, SegmentError> {
        let sequence = Self { points };
        let [first, .., last] = sequence.points.as_slice() else {
            return Err(SegmentError::TooShort {
                text: sequence.to_string(),
            });
        };
        if *first != Fraction::ZERO || *last != Fraction::ONE {
            return Err(SegmentError::NotWhole {
                text: sequence.to_string(),
            });
        }
        if let Some(pair) = sequence.points.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(SegmentError::NotAscending {
                first: pair[0],
                second: pair[1],
            });
        }
        Ok(sequence)
    }

    /// The segments between the cut points, in order.
    pub fn segments(&self) -> impl Iterator<Item = ExecutionSegment> + '_ {
        let ends = self.points.iter().skip(1);
        self.points
            .iter()
            .zip(ends)
            .map(|(from, to)| ExecutionSegment {
                from: *from,
                to: *to,
            })
    }

    /// The cut points, from 0 to 1.
    pub fn points(&self) -> &[Fraction] {
        &self.points
    }
}

impl fmt::Display for ExecutionSegmentSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, point) in self.points.iter().enumerate() {
            write!(f, "{}{point}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for ExecutionSegmentSequence {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Self, SegmentError> {
        if text.trim().is_empty() {
            return Err(SegmentError::TooShort {
                text: String::new(),
            });
        }
        Self::new(text.split(',').map(str::parse).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(text: &str) -> ExecutionSegment {
        text.parse().unwrap()
    }

    #[test]
    fn a_segment_reads_and_prints_in_lowest_terms() {
        assert_eq!(segment("25%:0.5").to_string(), "1/4:1/2");
        assert_eq!(segment("1/3").to_string(), "0:1/3");
        assert_eq!(segment("0:1"), ExecutionSegment::WHOLE);
    }

    #[test]
    fn an_empty_or_reversed_segment_is_refused() {
        let error = "1/2:1/2".parse::<ExecutionSegment>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "segment 1/2:1/2 is empty: its end must lie above its start, as in 0:1/2"
        );
        assert!("1/2:1/4".parse::<ExecutionSegment>().is_err());
        assert!("0:1:2".parse::<ExecutionSegment>().is_err());
    }

    #[test]
    fn one_of_several_equal_parts_is_recognised() {
        assert_eq!(segment("0:1").equal_parts(), Some(1));
        assert_eq!(segment("1/4:1/2").equal_parts(), Some(4));
        assert_eq!(segment("2/3:1").equal_parts(), Some(3));
        assert_eq!(segment("1/6:1/3").equal_parts(), Some(6));
        assert_eq!(segment("1/4:3/4").equal_parts(), None);
        assert_eq!(segment("1/10:3/10").equal_parts(), None);
        assert_eq!(segment("0:2/3").equal_parts(), None);
    }

    #[test]
    fn a_sequence_must_cover_the_whole_in_order() {
        let sequence: ExecutionSegmentSequence = "0, 1/4, 50%, 1".parse().unwrap();
        assert_eq!(sequence.to_string(), "0,1/4,1/2,1");
        let parts: Vec<String> = sequence.segments().map(|part| part.to_string()).collect();
        assert_eq!(parts, ["0:1/4", "1/4:1/2", "1/2:1"]);

        let read = |text: &str| text.parse::<ExecutionSegmentSequence>();
        assert!(matches!(read(""), Err(SegmentError::TooShort { .. })));
        assert!(matches!(read("0"), Err(SegmentError::TooShort { .. })));
        assert!(matches!(read("0,1/2"), Err(SegmentError::NotWhole { .. })));
        assert!(matches!(
            read("0,1/2,1/4,1"),
            Err(SegmentError::NotAscending { .. })
        ));
        assert!(matches!(
            read("0,1/2,1/2,1"),
            Err(SegmentError::NotAscending { .. })
        ));
        assert!(matches!(
            read("0,x,1"),
            Err(SegmentError::NotAFraction { .. })
        ));
    }
}
