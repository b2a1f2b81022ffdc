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

const TRACEPARENT: &str = "traceparent";
const B3: &str = "b3";
const B3_MULTI: [&str; 3] = ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled"];
const UBER: &str = "uber-trace-id";

/// A header's value of at most so many bytes: no format has a longer one.
const LONGEST: usize = 64;

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

    /// Of a length that is known beforehand, so that nothing is called for a few bytes.
    fn add<const N: usize>(&mut self, bytes: &[u8; N]) -> &mut Self {
        let end = self.length + N;
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
        self
    }

    fn hex(&mut self, digits: &[[u8; 8]]) -> &mut Self {
        digits.iter().fold(self, Self::add)
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

    /// What its headers are called, in lower case.
    pub const fn header_names(self) -> &'static [&'static str] {
        match self {
            Self::W3c => &[TRACEPARENT],
            Self::B3 => &[B3],
            Self::B3Multi => &B3_MULTI,
            Self::Jaeger => &[UBER],
        }
    }
}

/// What a request tells of its place in a trace. Headers are made of it as the request is written, without anything kept: most
/// requests of a run with a small share have nothing else to do with tracing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub format: Propagation,
    pub trace: TraceId,
    pub span: SpanId,
    /// Whether the target is to record it.
    pub sampled: bool,
}

impl Mark {
    /// Calls `add` with the name and the value of each header.
    pub fn headers(&self, mut add: impl FnMut(&'static str, &[u8])) {
        let (trace, span) = (self.trace.digits(), self.span.digits());
        let digit = if self.sampled { b"1" } else { b"0" };
        let mut text = Text::new();
        match self.format {
            Propagation::W3c => {
                text.add(b"00-").hex(&trace).add(b"-").hex(&span);
                add(TRACEPARENT, text.add(b"-0").add(digit).as_bytes());
            }
            Propagation::B3 => {
                text.hex(&trace).add(b"-").hex(&span);
                add(B3, text.add(b"-").add(digit).as_bytes());
            }
            Propagation::B3Multi => {
                let [trace_id, span_id, sampled] = B3_MULTI;
                add(trace_id, text.hex(&trace).as_bytes());
                add(span_id, Text::new().hex(&span).as_bytes());
                add(sampled, digit);
            }
            // The zero was the parent, which nobody reads any more.
            Propagation::Jaeger => {
                text.hex(&trace).add(b":").hex(&span);
                add(UBER, text.add(b":0:").add(digit).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;
    use proptest::prelude::*;

    fn written(propagation: Propagation, ids: &mut Ids, sampled: bool) -> Vec<(String, String)> {
        let mark = Mark {
            format: propagation,
            trace: ids.trace(),
            span: ids.span(),
            sampled,
        };
        let mut all = Vec::new();
        mark.headers(|name, value| {
            all.push((name.to_owned(), String::from_utf8(value.to_vec()).unwrap()));
        });
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, propagation.header_names());
        all
    }

    fn is_hex(text: &str, length: usize) -> bool {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        text.len() == length && digits && text.bytes().any(|b| b != b'0')
    }

    proptest! {
        #[test]
        fn traceparent_is_as_its_grammar_has_it(salt: u64, vu: u64, sampled: bool) {
            let headers = written(Propagation::W3c, &mut Ids::new(salt, vu), sampled);
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
            let ids = || Ids::new(salt, 1);
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
