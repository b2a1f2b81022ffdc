//! The wire format of Protocol Buffers, as far as spans need it.
//!
//! After its description, "Encoding" (<https://protobuf.dev/programming-guides/encoding/>).

use prost::Message;

/// What follows a field's number.
#[derive(Debug, Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}

/// Appends fields to a message. All are written that it is asked for, zeros and empty texts too.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// With room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u8, wire: Wire) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    /// A number or a value of an enumeration. A negative one is written as ten bytes.
    pub fn number(&mut self, field: u8, number: i64) {
        self.key(field, Wire::Varint);
        self.varint(number as u64);
    }

    pub fn fixed64(&mut self, field: u8, number: u64) {
        self.key(field, Wire::Fixed64);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn fixed32(&mut self, field: u8, number: u32) {
        self.key(field, Wire::Fixed32);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Bytes, or a text.
    pub fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.key(field, Wire::Length);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// The fields of a message of a generated type, as if they were written here.
    pub fn fields_of(&mut self, message: &impl Message) {
        self.0.extend(message.encode_to_vec());
    }

    /// A message with the fields that `fill` writes.
    pub fn message(&mut self, field: u8, fill: impl FnOnce(&mut Self)) {
        self.key(field, Wire::Length);
        // How long it is comes first and is known last: most messages have room for it in one byte, the others make room.
        let at = self.0.len();
        self.0.push(0);
        fill(self);
        let length = self.0.len() - at - 1;
        match (u8::try_from(length), self.0.get_mut(at)) {
            (Ok(length @ ..0x80), Some(place)) => *place = length,
            _ => {
                let mut prefix = Self::default();
                prefix.varint(length as u64);
                self.0.splice(at..=at, prefix.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::KeyValue;

    use super::super::common::{number, text};
    use super::*;

    fn attribute(fill: impl FnOnce(&mut Writer)) -> KeyValue {
        let mut out = Writer::default();
        out.bytes(1, b"key");
        out.message(2, fill);
        KeyValue::decode(&*out.into_bytes()).unwrap()
    }

    #[test]
    fn messages_of_every_length_are_read() {
        // Lengths of a message take one byte, two, three and four.
        for length in [
            0, 1, 124, 125, 126, 127, 128, 129, 16_378, 16_384, 16_390, 2_100_000,
        ] {
            let long = "x".repeat(length);
            let read = attribute(|out| out.bytes(1, long.as_bytes()));
            assert!(read == text("key", long), "{length}");
        }
    }

    #[test]
    fn numbers_of_every_size_are_read() {
        for value in [0, 1, 127, 128, 300, i64::MAX, -1, i64::MIN] {
            assert_eq!(attribute(|out| out.number(3, value)), number("key", value));
        }
    }
}
