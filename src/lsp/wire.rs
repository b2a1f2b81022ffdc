//! Messages on a stream: a header with the length, then JSON.

use std::io::{self, BufRead, Read, Write};

use serde_json::{Value, json};

/// A message longer than this is no message.
const MOST: usize = 64 << 20;
/// A line of a header is never as long as this.
const LINE: u64 = 4096;

/// What was read.
#[derive(Debug)]
pub enum Incoming {
    Message(Value),
    /// A body that is not JSON; the stream is still in step.
    Garbage(String),
    End,
}

/// Reads one message.
///
/// # Errors
/// When the stream breaks, or its header cannot be made sense of, so that nobody knows where the next message begins.
pub fn read(from: &mut impl BufRead) -> io::Result<Incoming> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(Incoming::End);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            match length {
                Some(_) => break,
                // Empty lines between messages harm nobody.
                None => continue,
            }
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<usize>().unwrap_or(usize::MAX));
        }
    }
    let length = length.filter(|length| *length <= MOST).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "a message of an impossible length",
        )
    })?;
    let mut body = Vec::new();
    from.by_ref().take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Ok(Incoming::End);
    }
    Ok(match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Garbage(error.to_string()),
    })
}

/// Writes one message.
///
/// # Errors
/// When nobody reads it any more.
pub fn write(to: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(to, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    to.flush()
}

/// Why a request has no result. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    Parse = -32700,
    InvalidRequest = -32600,
    MethodNotFound = -32601,
    InvalidParams = -32602,
    Internal = -32603,
    NotInitialized = -32002,
}

/// The answer to a request.
pub fn answer(id: &Value, result: Result<Value, (ErrorCode, String)>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
        }
    }
}

/// A message that wants no answer.
pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> Vec<String> {
        let mut stream = bytes;
        let mut out = Vec::new();
        loop {
            match read(&mut stream) {
                Ok(Incoming::Message(message)) => out.push(message.to_string()),
                Ok(Incoming::Garbage(_)) => out.push("garbage".to_owned()),
                Ok(Incoming::End) => return out,
                Err(_) => {
                    out.push("broken".to_owned());
                    return out;
                }
            }
        }
    }

    #[test]
    fn messages_come_back_as_they_were_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({ "text": "ü🦀" })).unwrap();
        bytes.extend(b"\r\ncontent-length: 3\r\nContent-Type: x\r\n\r\n{a}");
        write(&mut bytes, &json!(1)).unwrap();
        assert_eq!(read_all(&bytes), ["{\"text\":\"ü🦀\"}", "garbage", "1"]);
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_stream() {
        assert_eq!(
            read_all(b"Content-Length: 99999999999\r\n\r\n{}"),
            ["broken"]
        );
        assert_eq!(read_all(b"Content-Length: -1\r\n\r\n{}"), ["broken"]);
        assert_eq!(read_all(b"Content-Length: 50\r\n\r\n{}"), [] as [&str; 0]);
    }
}
