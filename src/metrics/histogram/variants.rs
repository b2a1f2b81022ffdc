//! Histograms as other programs write them: HdrHistogram's V1 and V2, compressed or not, of any layout.
//!
//! The counts come out bucket by bucket with the values that they stand for; whoever reads them decides what those values are.
//! The layout's arithmetic is that of HdrHistogram's own `AbstractHistogram` (G. Tene, hdrhistogram.org).

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::encoding::{Fields, HistogramError, corrupt};

/// The kinds, without the size of words that the fifth to eighth bit hold.
const PLAIN_V1: u32 = 0x1c84_9301;
const PACKED_V1: u32 = 0x1c84_9302;
const PLAIN_V2: u32 = 0x1c84_9303;
const PACKED_V2: u32 = 0x1c84_9304;
const WORD: u32 = 0xf0;
/// Of the counts, in bytes: five significant digits over the whole range.
const LARGEST: u64 = 64 << 20;

/// Buckets with counts: the least value, the greatest, how often.
pub type Buckets = Vec<(u64, u64, u64)>;

/// Reads the counts of a histogram.
///
/// # Errors
/// When the bytes are no such histogram. Whatever they hold, no more is allocated than [`LARGEST`] and what has counts.
pub fn read(bytes: &[u8]) -> Result<Buckets, HistogramError> {
    let mut fields = Fields(bytes);
    let cookie = fields.u32().ok_or(HistogramError::NotV2)?;
    match cookie & !WORD {
        PACKED_V1 | PACKED_V2 => {
            let length = fields.u32().ok_or_else(|| corrupt("no length"))? as usize;
            let packed = fields
                .take(length)
                .ok_or_else(|| corrupt("shorter than its length says"))?;
            let mut plain = Vec::new();
            ZlibDecoder::new(packed)
                .take(LARGEST + 1)
                .read_to_end(&mut plain)
                .map_err(|error| corrupt(error.to_string()))?;
            if plain.len() as u64 > LARGEST {
                return Err(HistogramError::TooLarge);
            }
            self::plain(&plain)
        }
        PLAIN_V1 | PLAIN_V2 => self::plain(bytes),
        _ => Err(HistogramError::NotV2),
    }
}

fn plain(bytes: &[u8]) -> Result<Buckets, HistogramError> {
    let mut fields = Fields(bytes);
    let cookie = fields.u32().ok_or(HistogramError::NotV2)?;
    let word = match cookie & !WORD {
        PLAIN_V2 => None,
        PLAIN_V1 => Some(((cookie & WORD) >> 4) & 0xe),
        _ => return Err(HistogramError::NotV2),
    };
    let mut header = || {
        Some((
            fields.u32()? as usize,
            fields.u32()?,
            fields.u32()?,
            fields.u64()?,
            fields.u64()?,
            fields.u64()?,
        ))
    };
    let (length, offset, digits, lowest, ..) = header().ok_or_else(|| corrupt("no header"))?;
    if offset != 0 {
        return Err(HistogramError::OtherLayout(format!("shifted by {offset}")));
    }
    let layout = Layout::of(digits, lowest)?;
    let counts = fields
        .take(length)
        .ok_or_else(|| corrupt("fewer counts than its length says"))?;
    buckets(&mut Fields(counts), word, layout)
}

/// Counts one after the other: in words of a fixed size, or zig-zag coded with a negative number for so many empty buckets.
fn buckets(
    counts: &mut Fields<'_>,
    word: Option<u32>,
    layout: Layout,
) -> Result<Buckets, HistogramError> {
    let mut found = Vec::new();
    let mut index = 0u64;
    while !counts.0.is_empty() {
        let number = match word {
            None => counts.zig_zag(),
            Some(size) => counts.word(size as usize),
        };
        let number = number.ok_or_else(|| corrupt("the last count is cut off"))?;
        if number < 0 && word.is_none() {
            index = index
                .checked_add(number.unsigned_abs())
                .ok_or_else(|| corrupt("counts beyond the last bucket"))?;
            continue;
        }
        if number < 0 {
            return Err(corrupt("a count is negative"));
        }
        if number > 0 {
            let (low, high) = layout
                .bounds(index)
                .ok_or_else(|| corrupt("counts beyond the last bucket"))?;
            found.push((low, high, number.unsigned_abs()));
        }
        index += 1;
    }
    Ok(found)
}

/// Where the values of a histogram lie.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Power of two of half the buckets of one doubling.
    half: u32,
    /// Power of two of the smallest difference that is told apart.
    unit: u32,
}

impl Layout {
    fn of(digits: u32, lowest: u64) -> Result<Self, HistogramError> {
        if digits > 5 {
            return Err(HistogramError::OtherLayout(format!(
                "{digits} significant digits"
            )));
        }
        if lowest == 0 || lowest > u64::MAX / 4 {
            return Err(HistogramError::OtherLayout(format!(
                "lowest discernible value {lowest}"
            )));
        }
        let apart = 2 * 10u64.pow(digits);
        Ok(Self {
            half: apart.next_power_of_two().trailing_zeros().max(1) - 1,
            unit: lowest.ilog2(),
        })
    }

    fn bounds(self, index: u64) -> Option<(u64, u64)> {
        let half = 1u64 << self.half;
        let doubling = (index >> self.half).checked_sub(1);
        let (doubling, within) = match doubling {
            None => (0, index),
            Some(doubling) => (doubling, (index & (half - 1)) + half),
        };
        let shift = u32::try_from(doubling).ok()?.checked_add(self.unit)?;
        let low = within
            .checked_shl(shift)
            .filter(|low| low >> shift == within)?;
        let high = low.checked_add((1u64.checked_shl(shift)?) - 1)?;
        Some((low, high))
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_layout_is_read_as_its_own_library_reads_it(
            values in prop::collection::vec((1u64..1_000_000_000, 1u64..100), 1..50),
            digits in 1u8..=5,
            lowest in 1u64..2_000,
        ) {
            let mut theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(lowest, 2_000_000_000.max(lowest * 4), digits).unwrap();
            for (value, times) in &values {
                theirs.record_n(*value, *times).unwrap();
            }
            let expected: Buckets = theirs
                .iter_recorded()
                .map(|step| {
                    let value = step.value_iterated_to();
                    (theirs.lowest_equivalent(value), theirs.highest_equivalent(value), step.count_at_value())
                })
                .collect();
            let mut packed = Vec::new();
            V2DeflateSerializer::new().serialize(&theirs, &mut packed).unwrap();
            prop_assert_eq!(&read(&packed).unwrap(), &expected);
            let mut plain = Vec::new();
            V2Serializer::new().serialize(&theirs, &mut plain).unwrap();
            prop_assert_eq!(&read(&plain).unwrap(), &expected);
        }

        #[test]
        fn whatever_is_read_never_panics(noise in prop::collection::vec(any::<u8>(), 0..80), kind in 0usize..4, word in 0u32..16) {
            let cookie = [PLAIN_V1, PACKED_V1, PLAIN_V2, PACKED_V2][kind] | word << 4;
            let mut bytes = cookie.to_be_bytes().to_vec();
            bytes.extend(noise);
            let _ = read(&bytes);
        }
    }

    #[test]
    fn counts_of_fixed_size_are_read_too() {
        let mut bytes = (PLAIN_V1 | 2 << 4).to_be_bytes().to_vec();
        let counts: [u16; 5] = [0, 3, 0, 0, 7];
        bytes.extend(10u32.to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(2u32.to_be_bytes());
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(1000u64.to_be_bytes());
        bytes.extend(1f64.to_be_bytes());
        bytes.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        assert_eq!(read(&bytes).unwrap(), [(1, 1, 3), (4, 4, 7)]);
    }
}
