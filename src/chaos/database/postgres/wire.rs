//! Messages of PostgreSQL's protocol, version 3.0: see "Message Formats" in its manual.

use std::io::{self, Read, Write};

/// No message that is asked for is as long.
const LONGEST: usize = 1 << 20;

/// One of the server's.
#[derive(Debug)]
pub struct Message {
    pub kind: u8,
    pub body: Vec<u8>,
}

impl Message {
    pub fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        // The length counts itself.
        let length = length
            .checked_sub(4)
            .filter(|length| *length <= LONGEST)
            .ok_or_else(|| io::Error::other("is there a PostgreSQL?"))?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Self { kind, body })
    }

    /// Its fields from here on.
    pub fn fields(&self) -> Fields<'_> {
        Fields(&self.body)
    }
}

/// What is left of a message.
#[derive(Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub fn short(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    pub fn long(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Up to the next zero.
    pub fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// So many bytes as a text.
    pub fn text_of(&mut self, length: usize) -> Option<String> {
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Sends a message; the first one of a connection has no kind.
pub fn send(stream: &mut impl Write, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.extend(kind);
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    stream.write_all(&bytes)
}

/// A text with its zero.
pub fn put(body: &mut Vec<u8>, text: &str) {
    // A zero within would end it early, and what follows would be another field.
    body.extend(text.bytes().filter(|byte| *byte != 0));
    body.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_sent() {
        let mut body = Vec::new();
        put(&mut body, "ab\0c");
        body.extend(7_i32.to_be_bytes());
        let mut bytes = Vec::new();
        send(&mut bytes, Some(b'X'), &body).unwrap();
        let message = Message::read(&mut bytes.as_slice()).unwrap();
        let mut fields = message.fields();
        assert_eq!(message.kind, b'X');
        assert_eq!(fields.text().unwrap(), "abc");
        assert_eq!(fields.long(), Some(7));
        assert_eq!(fields.byte(), None);
    }

    #[test]
    fn what_is_no_postgres_takes_no_memory() {
        for bytes in [b"HTTP/1.1 400 Bad".as_slice(), b"R\0\0\0\x01", b"R\0\0"] {
            assert!(Message::read(&mut &*bytes).is_err());
        }
    }
}
