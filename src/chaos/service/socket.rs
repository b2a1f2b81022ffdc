//! Docker's API over its socket: one request, one answer.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Docker answers when a container has stopped, which may take its grace.
const PATIENCE: Duration = Duration::from_secs(40);
/// A list of thousands of containers is shorter.
const LONGEST: u64 = 16 << 20;

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// What Docker says was wrong.
    pub fn message(&self) -> String {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let message = json.and_then(|json| json.get("message")?.as_str().map(str::to_owned));
        message.unwrap_or_else(|| String::from_utf8_lossy(&self.body).trim().to_owned())
    }
}

/// Asks for a path that is written as it goes into a URL.
pub fn ask(socket: &Path, method: &str, path: &str) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // By version 1.0 the body ends with the connection, and is not sent in chunks.
    let request = format!("{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes)?;
    read(&bytes)
}

fn read(bytes: &[u8]) -> io::Result<Answer> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "it does not speak HTTP");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).map_err(|_| odd())? else {
        return Err(odd());
    };
    Ok(Answer {
        status: response.code.ok_or_else(odd)?,
        body: bytes.get(head..).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_what_is_none_is_refused() {
        let answer = read(b"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n{\"message\":\"gone\"}").unwrap();
        assert_eq!((answer.status, answer.message()), (404, "gone".to_owned()));
        let answer = read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.message()), (204, String::new()));
        for bytes in [b"".as_slice(), b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\n"] {
            assert!(read(bytes).is_err());
        }
    }
}
