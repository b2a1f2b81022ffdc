//! How a request tells the target which trace it belongs to.

use super::{SpanId, TraceId};

/// A format of headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Propagation {
    /// `traceparent`, of W3C's Trace Context.
    #[default]
    W3c,
    /// `b3`, Zipkin's in one header.
    B3,
    /// `x-b3-traceid` and others, Zipkin's in several.
    B3Multi,
    /// `uber-trace-id`, Jaeger's own.
    Jaeger,
}

/// All of them, by name.
pub const NAMES: [(&str, Propagation); 4] = [
    ("w3c", Propagation::W3c),
    ("b3", Propagation::B3),
    ("b3multi", Propagation::B3Multi),
    ("jaeger", Propagation::Jaeger),
];

/// A header's value of at most so many bytes: no format has a longer one.
const LONGEST: usize = 64;

/// Every byte in hexadecimal.
static PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// A value as it is put together: on the stack, for it is made for every request.
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    fn text(mut self, text: &str) -> Self {
        self.add(text.as_bytes());
        self
    }

    fn hex(mut self, bytes: &[u8]) -> Self {
        let end = self.length + 2 * bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            for (pair, byte) in place.chunks_exact_mut(2).zip(bytes) {
                pair.copy_from_slice(&PAIRS[usize::from(*byte)]);
            }
            self.length = end;
        }
        self
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Propagation {
    /// Its name, as options have it.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(_, other)| *other == self);
        named.map_or("w3c", |(name, _)| name)
    }

    /// The one of this name.
    pub fn named(text: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, propagation)| *propagation)
    }

    /// Calls `add` with each header, its name in lower case.
    pub fn headers(
        self,
        trace: TraceId,
        span: SpanId,
        sampled: bool,
        mut add: impl FnMut(&'static str, &[u8]),
    ) {
        let (trace, span) = (trace.to_bytes(), span.to_bytes());
        let ids = |between: &str| Text::new().hex(&trace).text(between).hex(&span);
        let digit = if sampled { "1" } else { "0" };
        match self {
            Self::W3c => {
                let ids = Text::new().text("00-").hex(&trace).text("-").hex(&span);
                add("traceparent", ids.text("-0").text(digit).as_bytes());
            }
            Self::B3 => add("b3", ids("-").text("-").text(digit).as_bytes()),
            Self::B3Multi => {
                add("x-b3-traceid", Text::new().hex(&trace).as_bytes());
                add("x-b3-spanid", Text::new().hex(&span).as_bytes());
                add("x-b3-sampled", digit.as_bytes());
            }
            // The zero was the parent, which nobody reads any more.
            Self::Jaeger => add("uber-trace-id", ids(":").text(":0:").text(digit).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;
    use proptest::prelude::*;

    fn written(propagation: Propagation, ids: &mut Ids, sampled: bool) -> Vec<(String, String)> {
        let mut all = Vec::new();
        propagation.headers(ids.trace(), ids.span(), sampled, |name, value| {
            all.push((name.to_owned(), String::from_utf8(value.to_vec()).unwrap()));
        });
        all
    }

    fn is_hex(text: &str, length: usize) -> bool {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        text.len() == length && digits && text.bytes().any(|b| b != b'0')
    }

    proptest! {
        #[test]
        fn traceparent_is_as_its_grammar_has_it(salt: u64, vu: u64, sampled: bool) {
            let headers = written(Propagation::W3c, &mut Ids::new(salt, 0, vu), sampled);
            prop_assert_eq!(headers.len(), 1);
            let (name, value) = &headers[0];
            prop_assert_eq!(name, "traceparent");
            let parts: Vec<&str> = value.split('-').collect();
            prop_assert_eq!(parts.len(), 4);
            prop_assert!(parts[0] == "00" && is_hex(parts[1], 32) && is_hex(parts[2], 16));
            prop_assert_eq!(parts[3], if sampled { "01" } else { "00" });
        }

        #[test]
        fn all_formats_tell_the_same_ids(salt: u64, sampled: bool) {
            let ids = || Ids::new(salt, 0, 1);
            let w3c = written(Propagation::W3c, &mut ids(), sampled);
            let parts: Vec<&str> = w3c[0].1.split('-').collect();
            let digit = if sampled { "1" } else { "0" };
            let b3 = written(Propagation::B3, &mut ids(), sampled);
            prop_assert_eq!(&b3[0], &("b3".to_owned(), format!("{}-{}-{digit}", parts[1], parts[2])));
            let multi = written(Propagation::B3Multi, &mut ids(), sampled);
            let values: Vec<&str> = multi.iter().map(|(_, value)| value.as_str()).collect();
            prop_assert_eq!(values, [parts[1], parts[2], digit]);
            let jaeger = written(Propagation::Jaeger, &mut ids(), sampled);
            prop_assert_eq!(&jaeger[0].1, &format!("{}:{}:0:{digit}", parts[1], parts[2]));
        }
    }

    #[test]
    fn names_lead_there_and_back() {
        for (name, propagation) in NAMES {
            assert_eq!(Propagation::named(name), Some(propagation));
            assert_eq!(propagation.name(), name);
        }
        assert_eq!(Propagation::named("ot"), None);
    }
}
