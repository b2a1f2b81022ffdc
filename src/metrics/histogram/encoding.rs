//! Histograms as text: HdrHistogram's V2 encoding, compressed ("deflate"), in standard base64, which other
//! tools read too. The text carries the counts alone; extremes and sum come back as the buckets tell them.
//!
//! Reading does not go through the `hdrhistogram` crate: the text may be anyone's, and that crate allocates
//! whatever length a header claims before it looks at the contents.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};

use super::Histogram;
use super::layout::{BUCKETS, bounds_of};

/// "V2, compressed", then "V2": what HdrHistogram begins each with, whatever the word size of the counts.
const COMPRESSED_COOKIE: u32 = 0x1c84_9314;
const PLAIN_COOKIE: u32 = 0x1c84_9313;
const HEADER: usize = 40;
const MAX_COUNT: u64 = i64::MAX as u64;
/// Every bucket's count at its longest (nine bytes); a histogram of ours cannot be larger.
const MAX_PLAIN: usize = HEADER + BUCKETS * 9;
/// Base64 makes four of three; deflate adds next to nothing to what it cannot shrink.
const MAX_TEXT: usize = MAX_PLAIN / 3 * 4 + 4096;

/// Why a text is not a histogram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    #[error("the histogram is not base64: {0}")]
    NotBase64(String),
    #[error("this is not a compressed HdrHistogram V2")]
    NotV2,
    #[error("the histogram is cut off or corrupt: {0}")]
    Corrupt(String),
    #[error("the histogram is larger than any histogram of three significant digits can be")]
    TooLarge,
    #[error(
        "the histogram has another layout ({0}); only three significant digits from 1 upwards can be read"
    )]
    OtherLayout(String),
}

pub(super) fn corrupt(why: impl Into<String>) -> HistogramError {
    HistogramError::Corrupt(why.into())
}

impl Histogram {
    /// The counts as text. A bucket's count above `i64::MAX`, which the format cannot hold, is written as that.
    pub fn to_v2_base64(&self) -> String {
        let highest = self
            .iter_nonzero()
            .last()
            .map_or(2, |(_, highest, _)| highest.max(2));
        let mut bytes = Vec::new();
        // Bounds from 1 to at least 2 with three digits are valid, every value lies within them, counts are
        // capped and a Vec takes every byte: none of these can fail.
        if let Ok(mut dense) = hdrhistogram::Histogram::<u64>::new_with_bounds(1, highest, 3) {
            for (lowest, _, times) in self.iter_nonzero() {
                dense.saturating_record_n(lowest, times.min(MAX_COUNT));
            }
            let written = V2DeflateSerializer::new().serialize(&dense, &mut bytes);
            debug_assert!(written.is_ok(), "{written:?}");
        }
        STANDARD.encode(bytes)
    }

    /// Reads the counts back, exactly. The minimum becomes the smallest value of the first bucket, the
    /// maximum the largest of the last, the sum that of the buckets' middles; see
    /// [`restore_exact`](Self::restore_exact).
    ///
    /// # Errors
    /// When the text is not such a histogram; whatever it holds, no more is allocated than a full histogram.
    pub fn from_v2_base64(text: &str) -> Result<Self, HistogramError> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err(HistogramError::TooLarge);
        }
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| HistogramError::NotBase64(error.to_string()))?;
        let mut outer = Fields(&bytes);
        if outer.u32() != Some(COMPRESSED_COOKIE) {
            return Err(HistogramError::NotV2);
        }
        let length = outer.u32().ok_or_else(|| corrupt("no length"))? as usize;
        let packed = outer
            .take(length)
            .ok_or_else(|| corrupt("shorter than its length says"))?;

        let mut plain = Vec::new();
        ZlibDecoder::new(packed)
            .take(MAX_PLAIN as u64 + 1)
            .read_to_end(&mut plain)
            .map_err(|error| corrupt(error.to_string()))?;
        if plain.len() > MAX_PLAIN {
            return Err(HistogramError::TooLarge);
        }
        let mut fields = Fields(&plain);
        if fields.u32() != Some(PLAIN_COOKIE) {
            return Err(HistogramError::NotV2);
        }
        let length = read_header(&mut fields)?;
        decode_counts(
            fields
                .take(length)
                .ok_or_else(|| corrupt("fewer counts than its length says"))?,
        )
    }
}

/// Checks that the layout is ours; returns the length of the counts in bytes.
fn read_header(fields: &mut Fields<'_>) -> Result<usize, HistogramError> {
    let mut header = || {
        Some((
            fields.u32()? as usize,
            fields.u32()?,
            fields.u32()?,
            fields.u64()?,
            fields.u64()?,
            f64::from_bits(fields.u64()?),
        ))
    };
    let (length, offset, digits, lowest, _highest, ratio) =
        header().ok_or_else(|| corrupt("no header"))?;
    match (offset, digits, lowest, ratio) {
        (0, 3, 1, 1.0) => Ok(length),
        (0, 3, 1, _) => Err(HistogramError::OtherLayout(format!(
            "values scaled by {ratio}"
        ))),
        (0, 3, _, _) => Err(HistogramError::OtherLayout(format!(
            "lowest discernible value {lowest}"
        ))),
        (0, _, _, _) => Err(HistogramError::OtherLayout(format!(
            "{digits} significant digits"
        ))),
        _ => Err(HistogramError::OtherLayout(format!("shifted by {offset}"))),
    }
}

/// Counts bucket by bucket, zig-zag coded; a negative number stands for that many empty buckets.
fn decode_counts(bytes: &[u8]) -> Result<Histogram, HistogramError> {
    let mut histogram = Histogram::new();
    let mut fields = Fields(bytes);
    let mut bucket = 0usize;
    while !fields.0.is_empty() {
        let number = fields
            .zig_zag()
            .ok_or_else(|| corrupt("the last count is cut off"))?;
        let beyond = || corrupt("counts beyond the last bucket");
        if number < 0 {
            let empty = usize::try_from(number.unsigned_abs()).map_err(|_| beyond())?;
            bucket = bucket
                .checked_add(empty)
                .filter(|next| *next <= BUCKETS)
                .ok_or_else(beyond)?;
            continue;
        }
        if bucket >= BUCKETS {
            return Err(beyond());
        }
        if number > 0 {
            let times = number.unsigned_abs();
            let (lowest, highest) = bounds_of(bucket);
            histogram.add_to_bucket(bucket, times);
            let middle = lowest + (highest - lowest) / 2;
            histogram.add_summary(
                times,
                lowest,
                highest,
                u128::from(middle) * u128::from(times),
            );
        }
        bucket += 1;
    }
    Ok(histogram)
}

/// Bytes not yet read.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A whole number of so many bytes; there are such of 2, 4 and 8.
    pub fn word(&mut self, size: usize) -> Option<i64> {
        match size {
            2 => Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?).into()),
            4 => Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?).into()),
            8 => Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?)),
            _ => None,
        }
    }

    /// Seven bits a byte, lowest first, while the top bit is set; the ninth byte counts whole.
    pub fn zig_zag(&mut self) -> Option<i64> {
        let mut value = 0u64;
        for at in 0..9 {
            let byte = u64::from(*self.take(1)?.first()?);
            if at == 8 {
                value |= byte << 56;
                break;
            }
            value |= (byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::histogram::MAX_VALUE;

    fn counts(histogram: &Histogram) -> Vec<(u64, u64, u64)> {
        histogram.iter_nonzero().collect()
    }

    #[test]
    fn an_empty_histogram_comes_back_empty() {
        let back = Histogram::from_v2_base64(&Histogram::new().to_v2_base64()).unwrap();
        assert!(back.is_empty());
    }

    #[test]
    fn the_extremes_of_the_range_come_back() {
        let mut histogram = Histogram::new();
        histogram.record(0);
        histogram.record(1);
        histogram.record_n(MAX_VALUE, u64::MAX);
        let back = Histogram::from_v2_base64(&histogram.to_v2_base64()).unwrap();
        let expected = [
            (0, 0, 1),
            (1, 1, 1),
            (9_218_868_437_227_405_312, MAX_VALUE, i64::MAX as u64),
        ];
        assert_eq!(counts(&back), expected);
    }

    #[test]
    fn exact_extremes_can_be_put_back_but_not_false_ones() {
        let mut histogram = Histogram::new();
        histogram.record(1_234_567);
        histogram.record(7_654_321);
        let mut back = Histogram::from_v2_base64(&histogram.to_v2_base64()).unwrap();
        assert_ne!(back, histogram);
        back.restore_exact(5, 7_654_321, 1);
        assert_ne!(back.min(), 5);
        back.restore_exact(1_234_567, 7_654_321, 8_888_888);
        assert_eq!(back, histogram);
    }

    #[test]
    fn what_is_no_histogram_is_refused_with_the_reason() {
        let message = |text: &str| Histogram::from_v2_base64(text).unwrap_err().to_string();
        assert_eq!(message(""), "this is not a compressed HdrHistogram V2");
        assert_eq!(
            message("aGVsbG8="),
            "this is not a compressed HdrHistogram V2"
        );
        assert!(message("not base64!").starts_with("the histogram is not base64: "));
        let mut bytes = STANDARD.decode(Histogram::new().to_v2_base64()).unwrap();
        bytes.truncate(bytes.len() - 3);
        let cut = "the histogram is cut off or corrupt: shorter than its length says";
        assert_eq!(message(&STANDARD.encode(&bytes)), cut);
        assert_eq!(
            message(&"A".repeat(MAX_TEXT + 1)),
            HistogramError::TooLarge.to_string()
        );

        let coarse = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1000, 2).unwrap();
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&coarse, &mut bytes)
            .unwrap();
        let other = "the histogram has another layout (2 significant digits); only three significant digits from 1 upwards can be read";
        assert_eq!(message(&STANDARD.encode(&bytes)), other);
    }

    /// A text whose compressed part is `plain`.
    fn pack(plain: &[u8]) -> String {
        use std::io::Write;
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(plain).unwrap();
        let packed = packed.finish().unwrap();
        let mut bytes = COMPRESSED_COOKIE.to_be_bytes().to_vec();
        bytes.extend((packed.len() as u32).to_be_bytes());
        bytes.extend(packed);
        STANDARD.encode(bytes)
    }

    fn plain(length: u32, counts: &[u8]) -> Vec<u8> {
        let mut bytes = PLAIN_COOKIE.to_be_bytes().to_vec();
        bytes.extend(length.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 3]);
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(MAX_VALUE.to_be_bytes());
        bytes.extend(1f64.to_be_bytes());
        bytes.extend(counts);
        bytes
    }

    #[test]
    fn absurd_lengths_are_refused_before_anything_is_allocated() {
        let claimed = Histogram::from_v2_base64(&pack(&plain(u32::MAX, &[2])));
        assert_eq!(claimed, Err(corrupt("fewer counts than its length says")));
        let bomb = Histogram::from_v2_base64(&pack(&vec![0; 50 << 20]));
        assert_eq!(bomb, Err(HistogramError::TooLarge));
        let skip = Histogram::from_v2_base64(&pack(&plain(9, &[0xff; 9])));
        assert_eq!(skip, Err(corrupt("counts beyond the last bucket")));
    }

    proptest! {
        #[test]
        fn counts_make_the_round_trip(values in prop::collection::vec((any::<u64>(), 0u32..64, 1u64..1000), 0..60)) {
            let mut histogram = Histogram::new();
            for (value, shift, times) in values {
                histogram.record_n(value >> shift, times);
            }
            let back = Histogram::from_v2_base64(&histogram.to_v2_base64()).unwrap();
            prop_assert_eq!(counts(&back), counts(&histogram));
            prop_assert_eq!(back.count(), histogram.count());
        }

        #[test]
        fn damaged_text_never_panics(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), noise in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut histogram = Histogram::new();
            (1..500).for_each(|value| histogram.record(value * value));
            let mut bytes = STANDARD.decode(histogram.to_v2_base64()).unwrap();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = Histogram::from_v2_base64(&STANDARD.encode(&bytes));
            let _ = Histogram::from_v2_base64(&pack(&plain(noise.len() as u32, &noise)));
        }
    }
}
