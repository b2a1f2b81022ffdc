//! A cache of what was offered, in a Redis, in front of the hotel's books: as many services have one before their database.
//!
//! It may be gone or slow: then the books are asked, and the answer says so in its header `x-cache`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::resp::command;

/// Tells where an answer comes from.
pub const HEADER: &str = "x-cache";

/// How long the cache is waited for.
const PATIENCE: Duration = Duration::from_millis(100);
/// What a look into the books takes where there is a cache to spare it: as long as a query of a database.
const BOOKS: Duration = Duration::from_millis(20);
/// How long an offer is kept, in milliseconds.
const KEPT: &str = "2000";
/// Connections that wait to be used again.
const IDLE: usize = 64;
/// No offer is as long.
const LONGEST: usize = 1 << 20;

type Connection = BufReader<TcpStream>;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Hit,
    Miss,
    /// The cache did not answer in time.
    Down,
}

impl From {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Down => "down",
        }
    }
}

/// A Redis.
#[derive(Debug)]
pub struct Cache {
    address: String,
    idle: Mutex<Vec<Connection>>,
}

impl Cache {
    /// `address`: `host:port`. Nothing is connected yet.
    pub fn new(address: String) -> Self {
        Self {
            address,
            idle: Mutex::default(),
        }
    }

    /// What is kept under a key, or what `make` gives, which is kept then.
    pub async fn through(
        self: &std::sync::Arc<Self>,
        key: String,
        make: impl FnOnce() -> Vec<u8>,
    ) -> (Vec<u8>, From) {
        let asked = timeout(PATIENCE, self.call(&["GET", &key])).await;
        let from = match asked {
            Ok(Ok(Some(kept))) => return (kept, From::Hit),
            Ok(Ok(None)) => From::Miss,
            Ok(Err(_)) | Err(_) => From::Down,
        };
        tokio::time::sleep(BOOKS).await;
        let made = make();
        if from == From::Miss
            && let Ok(text) = String::from_utf8(made.clone())
        {
            // Nobody waits for that.
            let cache = self.clone();
            tokio::spawn(async move {
                let words = ["SET", &key, &text, "PX", KEPT];
                let _ = timeout(PATIENCE, cache.call(&words)).await;
            });
        }
        (made, from)
    }

    /// Calls a command: what it gives, if anything. A connection that breaks is not used again.
    async fn call(&self, words: &[&str]) -> std::io::Result<Option<Vec<u8>>> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => BufReader::new(TcpStream::connect(&self.address).await?),
        };
        connection.write_all(command(words).as_bytes()).await?;
        let reply = reply(&mut connection).await?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(reply)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text, or nothing; anything else is none of what is asked for here.
async fn reply(connection: &mut Connection) -> std::io::Result<Option<Vec<u8>>> {
    let odd = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut line = String::new();
    if connection.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    match line.split_at_checked(1) {
        Some(("+", _)) => Ok(None),
        Some(("$", "-1")) => Ok(None),
        Some(("$", length)) => {
            let length: usize = length.parse().map_err(|_| odd())?;
            if length > LONGEST {
                return Err(odd());
            }
            let mut text = vec![0; length + 2];
            connection.read_exact(&mut text).await?;
            text.truncate(length);
            Ok(Some(text))
        }
        _ => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::TcpListener;

    use super::*;

    /// Knows one key at a time, and whether it was set.
    async fn redis(listener: TcpListener) {
        let kept: Arc<Mutex<Option<String>>> = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream).lines();
                loop {
                    let mut words = Vec::new();
                    let Ok(Some(head)) = lines.next_line().await else {
                        return;
                    };
                    for _ in 0..head[1..].parse::<usize>().unwrap() {
                        lines.next_line().await.unwrap();
                        words.push(lines.next_line().await.unwrap().unwrap());
                    }
                    let answer = match words[0].as_str() {
                        "SET" => {
                            *kept.lock().unwrap() = Some(words[2].clone());
                            "+OK\r\n".to_owned()
                        }
                        _ => match kept.lock().unwrap().as_ref() {
                            Some(text) => format!("${}\r\n{text}\r\n", text.len()),
                            None => "$-1\r\n".to_owned(),
                        },
                    };
                    let stream = lines.get_mut().get_mut();
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    }

    #[tokio::test]
    async fn what_was_made_once_is_kept_and_a_cache_that_is_gone_is_done_without() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cache = Arc::new(Cache::new(listener.local_addr().unwrap().to_string()));
        let server = tokio::spawn(redis(listener));
        let ask = |text: &'static str| {
            let cache = cache.clone();
            async move { cache.through("k".into(), || text.into()).await }
        };
        assert_eq!(ask("one").await, (b"one".to_vec(), From::Miss));
        let mut again = ask("two").await;
        for _ in 0..100 {
            if again.1 == From::Hit {
                break;
            }
            again = ask("one").await;
        }
        assert_eq!(again, (b"one".to_vec(), From::Hit));
        server.abort();
        let _ = server.await;
        cache.idle().clear();
        assert_eq!(ask("three").await, (b"three".to_vec(), From::Down));
    }
}
