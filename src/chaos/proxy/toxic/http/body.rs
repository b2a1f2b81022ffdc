//! Where a message's body ends.

use crate::http::{BadChunk, Chunked};

/// What is left of a body.
#[derive(Debug)]
pub enum Body {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// Bytes of one sort.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub length: usize,
    /// Whether they are the body's own, or belong to its coding.
    pub is_data: bool,
}

impl Body {
    pub fn chunked() -> Self {
        Self::Chunked(Chunked::new())
    }

    pub fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_done(),
            Self::UntilClose => false,
        }
    }

    /// The next bytes that are of one sort.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, BadChunk> {
        match self {
            Self::Length(left) => {
                let length = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                *left -= length as u64;
                Ok(Step {
                    length,
                    is_data: true,
                })
            }
            Self::Chunked(chunked) => chunked
                .step(input)
                .map(|(length, is_data)| Step { length, is_data }),
            Self::UntilClose => Ok(Step {
                length: input.len(),
                is_data: true,
            }),
        }
    }
}

#[cfg(test)]
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Length(a), Self::Length(b)) => a == b,
            (Self::UntilClose, Self::UntilClose) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_coding_are_told_apart() {
        let mut body = Body::chunked();
        let wire = b"3\r\nabc\r\n0\r\n\r\nnext";
        let (mut data, mut at) = (Vec::new(), 0);
        while !body.is_done() {
            let step = body.step(&wire[at..]).unwrap();
            if step.is_data {
                data.extend_from_slice(&wire[at..at + step.length]);
            }
            at += step.length;
        }
        assert_eq!((&data[..], &wire[at..]), (&b"abc"[..], &b"next"[..]));
    }

    #[test]
    fn a_length_is_counted_down() {
        let mut body = Body::Length(5);
        assert_eq!(body.step(b"abc").unwrap().length, 3);
        assert!(!body.is_done());
        assert_eq!(body.step(b"defg").unwrap().length, 2);
        assert!(body.is_done());
    }
}
