//! What traces and spans are called.

use std::fmt;

use crate::random::SplitMix64;

/// A trace, never all zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

/// A span, never all zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(u64);

/// A number's digits in hexadecimal. All at once, a byte each, for every request of a traced run has ids written: those above nine
/// are letters, which stand 39 further than the characters after `9`.
fn digits(number: u32) -> [u8; 8] {
    let mut spread = u64::from(number);
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (spread + 0x3030_3030_3030_3030 + letters * 39).to_be_bytes()
}

impl TraceId {
    /// One from 16 bytes; `None` of zeros, which are no trace.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Some(Self(u128::from_be_bytes(bytes))).filter(|id| id.0 != 0)
    }

    /// As it is sent.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// In hexadecimal.
    pub(super) fn digits(self) -> [[u8; 8]; 4] {
        [96, 64, 32, 0].map(|shift| digits((self.0 >> shift) as u32))
    }

    /// The bits that decide about sampling, the last 56: as in W3C's Trace Context, level 2.
    pub(super) fn randomness(self) -> u64 {
        (self.0 as u64) & ((1 << 56) - 1)
    }
}

impl SpanId {
    /// As it is sent.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// In hexadecimal.
    pub(super) fn digits(self) -> [[u8; 8]; 2] {
        [32, 0].map(|shift| digits((self.0 >> shift) as u32))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes ids, for one virtual user or part of a script: beside the numbers that its script draws, which stay the same.
#[derive(Debug)]
pub struct Ids(SplitMix64);

impl Ids {
    /// `number` tells apart who makes ids under one salt.
    pub(super) fn new(salt: u64, number: u64) -> Self {
        // Both are spread over all bits before they meet, so that neighbours have nothing in common.
        let spread = |number: u64| SplitMix64::new(number).next_u64();
        Self(SplitMix64::new(spread(salt ^ spread(number))))
    }

    /// A new trace.
    pub fn trace(&mut self) -> TraceId {
        let high = self.0.next_u64();
        let low = self.0.next_u64() | u64::from(high == 0);
        TraceId(u128::from(high) << 64 | u128::from(low))
    }

    /// A new span.
    pub fn span(&mut self) -> SpanId {
        match self.0.next_u64() {
            0 => SpanId(1),
            id => SpanId(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_full_and_differ() {
        let mut ids = Ids::new(1, 1);
        let (first, second) = (ids.trace(), ids.trace());
        assert_ne!(first, second);
        assert_ne!(ids.span(), ids.span());
        let text = |digits: &[[u8; 8]]| String::from_utf8(digits.concat()).unwrap();
        for _ in 0..1_000 {
            let (trace, span) = (ids.trace(), ids.span());
            assert_eq!(text(&trace.digits()), trace.to_string());
            assert_eq!(text(&span.digits()), span.to_string());
        }
        assert_eq!(TraceId(0xab).to_string(), format!("{:0>32}", "ab"));
        assert_eq!(SpanId(0xab).to_string(), "00000000000000ab");
        assert_eq!(TraceId::from_bytes(first.to_bytes()), Some(first));
        assert_eq!(TraceId::from_bytes([0; 16]), None);
    }
}
