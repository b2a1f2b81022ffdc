//! The chunked transfer coding (RFC 9112, section 7.1), decoded as bytes arrive.

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A size line; its bytes so far are in `line`.
    Size,
    /// That many bytes of data.
    Data(u64),
    /// The line break after a chunk's data.
    AfterData,
    /// Trailer lines up to an empty one.
    Trailer,
    Done,
}

/// A size line or trailer line longer than this is an attack or garbage.
const MAX_LINE: usize = 16 << 10;
const MAX_TRAILERS: usize = 256;

/// Takes chunked bytes apart.
#[derive(Debug)]
pub struct Chunked {
    state: State,
    line: Vec<u8>,
    trailers: usize,
}

/// The coding was violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadChunk(pub &'static str);

impl Chunked {
    pub fn new() -> Self {
        Self {
            state: State::Size,
            line: Vec::new(),
            trailers: 0,
        }
    }

    /// Consumes bytes of `input`, giving data to `sink`. Returns how many were used and whether the body is complete.
    pub fn feed(
        &mut self,
        input: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(usize, bool), BadChunk> {
        let mut used = 0;
        while used < input.len() && self.state != State::Done {
            let rest = &input[used..];
            let (take, is_data) = self.step(rest)?;
            if is_data {
                sink(&rest[..take]);
            }
            used += take;
        }
        Ok((used, self.state == State::Done))
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Consumes the next bytes that are of one sort: how many, and whether they are data or belong to the coding.
    pub fn step(&mut self, input: &[u8]) -> Result<(usize, bool), BadChunk> {
        match self.state {
            State::Data(left) => {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let left = left - take as u64;
                self.state = if left == 0 {
                    State::AfterData
                } else {
                    State::Data(left)
                };
                Ok((take, true))
            }
            State::Size | State::AfterData | State::Trailer => {
                let newline = input.iter().position(|&byte| byte == b'\n');
                let take = newline.map_or(input.len(), |at| at + 1);
                if self.line.len() + take > MAX_LINE {
                    return Err(BadChunk("a line of the chunked coding is too long"));
                }
                self.line.extend_from_slice(&input[..take]);
                if newline.is_some() {
                    self.line_complete()?;
                    self.line.clear();
                }
                Ok((take, false))
            }
            State::Done => Ok((0, false)),
        }
    }

    fn line_complete(&mut self) -> Result<(), BadChunk> {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.state = match self.state {
            State::AfterData if line.is_empty() => State::Size,
            State::AfterData => return Err(BadChunk("a chunk is longer than its size says")),
            State::Trailer if line.is_empty() => State::Done,
            State::Trailer => {
                self.trailers += 1;
                if self.trailers > MAX_TRAILERS {
                    return Err(BadChunk("too many trailers"));
                }
                State::Trailer
            }
            _ => {
                let digits = line
                    .split(|&byte| byte == b';')
                    .next()
                    .unwrap_or_default()
                    .trim_ascii();
                let size = std::str::from_utf8(digits)
                    .ok()
                    .filter(|digits| {
                        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
                    })
                    .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                    .ok_or(BadChunk("a chunk size is not a hexadecimal number"))?;
                if size == 0 {
                    State::Trailer
                } else {
                    State::Data(size)
                }
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(input: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), BadChunk> {
        let mut decoder = Chunked::new();
        let (mut body, mut used, mut done) = (Vec::new(), 0, false);
        for piece in input.chunks(step) {
            let (n, complete) = decoder.feed(piece, |data| body.extend_from_slice(data))?;
            used += n;
            done = complete;
            if done {
                break;
            }
        }
        Ok((body, used, done))
    }

    #[test]
    fn chunks_extensions_and_trailers_are_understood() {
        let wire = b"4;x=1\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\nnext";
        for step in 1..wire.len() {
            assert_eq!(
                decode(wire, step).unwrap(),
                (b"Wikipedia".to_vec(), wire.len() - 4, true)
            );
        }
    }

    #[test]
    fn garbage_is_refused() {
        assert!(decode(b"zz\r\n", 99).is_err());
        assert!(decode(b"\r\n", 99).is_err());
        assert!(decode(b"-1\r\n", 99).is_err());
        assert!(decode(b"2\r\nabc\r\n", 99).is_err());
        assert!(decode(b"fffffffffffffffff\r\n", 99).is_err());
        assert!(decode(&[b'1'; 20_000], 999).is_err());
    }

    proptest! {
        #[test]
        fn any_split_of_any_body_decodes_to_the_body(body in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8), step in 1_usize..40) {
            let mut wire = Vec::new();
            for chunk in &body {
                wire.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let (decoded, used, done) = decode(&wire, step).unwrap();
            prop_assert_eq!(decoded, body.concat());
            prop_assert_eq!(used, wire.len());
            prop_assert!(done);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), step in 1_usize..40) {
            let _ = decode(&bytes, step);
        }
    }
}
