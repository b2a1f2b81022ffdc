//! The answers that stall, lie, reset or never end, written byte by byte.
//!
//! | path | what happens |
//! |---|---|
//! | `/slow/{ms}` | waits, then `slow\n` |
//! | `/slow/{ms}/away` | waits, then a redirect to `/hello` |
//! | `/drip/{n}/{ms}` | n bytes, one at a time, each after a wait |
//! | `/stall/headers`, `/stall/body` | nothing at all; half of the body; then silence until the client leaves |
//! | `/reset`, `/close` | a TCP reset; an orderly close; no answer |
//! | `/half` | announces 1,000 bytes, sends 500, closes |
//! | `/chunked`, `/chunked/bad`, `/chunked/cut` | chunks and trailers; a chunk size that is none; no last chunk |
//! | `/hugeheader`, `/manyheaders` | one header of a MiB; 500 headers |
//! | `/endless` | a body that never ends |
//! | `/garbage` | not HTTP |
//! | `/badlength`, `/badlength/conflict`, `/badlength/negative` | `Content-Length` that cannot be believed |
//! | `/nolength`, `/http10` | a body that ends with the connection; an answer in HTTP/1.0 |
//! | `/keepalive/close-after/{k}` | closes unannounced after the connection's k-th answer |
//! | `/continue` | an interim 100, then 200 |
//! | `/early?status=…` | answers before it reads the body, then closes |

use std::io;
use std::time::Duration;

use super::traffic::SeenRequest;
use super::wire::{Conn, Next, Wire};

const MIB: usize = 1 << 20;

/// Whether the body is read after the answer instead of before it.
pub fn answers_early(path: &str) -> bool {
    path == "/early"
}

/// Plays the misbehaviour that `request` names; `None` when it names none and nothing was sent.
///
/// `served` counts the answers of this connection before this one.
///
/// # Errors
/// The client is gone.
pub async fn answer<W: Wire>(
    conn: &mut Conn<W>,
    request: &SeenRequest,
    served: usize,
) -> io::Result<Option<Next>> {
    let path = request.path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let next = match parts.as_slice() {
        ["slow", ms] => {
            tokio::time::sleep(millis(ms)).await;
            conn.head(200, &[("content-length", "5")]).await?;
            conn.body(b"slow\n").await?;
            Next::KeepAlive
        }
        ["slow", ms, "away"] => {
            tokio::time::sleep(millis(ms)).await;
            let headers = [("content-length", "0"), ("location", "/hello")];
            conn.head(302, &headers).await?;
            Next::KeepAlive
        }
        ["drip", n, ms] => {
            conn.head(200, &[("content-length", n)]).await?;
            let bytes = if conn.is_head_only() {
                0
            } else {
                n.parse().unwrap_or(0)
            };
            for _ in 0..bytes {
                tokio::time::sleep(millis(ms)).await;
                conn.body(b".").await?;
            }
            Next::KeepAlive
        }
        ["stall", "headers"] => {
            conn.until_closed().await;
            Next::Close
        }
        ["stall", "body"] => {
            conn.head(200, &[("content-length", "1000")]).await?;
            conn.body(&[b'.'; 500]).await?;
            conn.until_closed().await;
            Next::Close
        }
        ["reset"] => Next::Reset,
        ["close"] => Next::Close,
        ["half"] => {
            conn.head(200, &[("content-length", "1000")]).await?;
            conn.body(&[b'.'; 500]).await?;
            Next::Close
        }
        ["chunked", rest @ ..] => chunked(conn, rest).await?,
        ["hugeheader"] => {
            let huge = "a".repeat(MIB);
            conn.head(200, &[("x-huge", &huge), ("content-length", "0")])
                .await?;
            Next::KeepAlive
        }
        ["manyheaders"] => {
            let names: Vec<String> = (0..500).map(|i| format!("x-header-{i}")).collect();
            let mut headers: Vec<(&str, &str)> =
                names.iter().map(|name| (name.as_str(), "value")).collect();
            headers.push(("content-length", "0"));
            conn.head(200, &headers).await?;
            Next::KeepAlive
        }
        ["endless"] => {
            conn.head(200, &[("connection", "close")]).await?;
            while !conn.is_head_only() {
                conn.body(&[b'.'; 16 * 1024]).await?;
            }
            Next::Close
        }
        ["garbage"] => {
            conn.raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await?;
            Next::Close
        }
        ["badlength", rest @ ..] => {
            let lengths: &[(&str, &str)] = match rest {
                ["conflict"] => &[("content-length", "5"), ("content-length", "6")],
                ["negative"] => &[("content-length", "-6")],
                _ => &[("content-length", "six")],
            };
            conn.head(200, lengths).await?;
            conn.body(b"hello\n").await?;
            Next::Close
        }
        ["nolength"] => {
            conn.head(200, &[("connection", "close")]).await?;
            conn.body(b"until the end\n").await?;
            Next::Close
        }
        ["http10"] => {
            conn.raw(b"HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\n")
                .await?;
            conn.body(b"old\n").await?;
            Next::Close
        }
        ["keepalive", "close-after", k] => {
            conn.head(200, &[("content-length", "6")]).await?;
            conn.body(b"still\n").await?;
            if served + 1 >= k.parse().unwrap_or(1) {
                Next::Close
            } else {
                Next::KeepAlive
            }
        }
        ["continue"] => {
            conn.raw(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            conn.head(200, &[("content-length", "10")]).await?;
            conn.body(b"continued\n").await?;
            Next::KeepAlive
        }
        ["early"] => {
            let status = request
                .query_value("status")
                .and_then(|status| status.parse().ok());
            let headers = [("content-length", "6"), ("connection", "close")];
            conn.head(status.unwrap_or(200), &headers).await?;
            conn.body(b"early\n").await?;
            // Closing with unread bytes would reset the connection and could swallow the answer.
            conn.close_writing().await;
            conn.until_closed().await;
            Next::Close
        }
        _ => return Ok(None),
    };
    Ok(Some(next))
}

async fn chunked<W: Wire>(conn: &mut Conn<W>, rest: &[&str]) -> io::Result<Next> {
    conn.head(
        200,
        &[("transfer-encoding", "chunked"), ("trailer", "x-checksum")],
    )
    .await?;
    conn.body(b"6\r\nfirst \r\n").await?;
    match rest {
        [] => {
            conn.body(b"7;name=value\r\nsecond \r\n").await?;
            conn.body(b"6\r\nthird\n\r\n").await?;
            conn.body(b"0\r\nx-checksum: 42\r\n\r\n").await?;
            Ok(Next::KeepAlive)
        }
        ["cut"] => Ok(Next::Close),
        _ => {
            conn.body(b"zz\r\nsecond\r\n0\r\n\r\n").await?;
            Ok(Next::Close)
        }
    }
}

fn millis(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap_or(0))
}
