//! A connection to Redis: commands and their replies, by its protocol's second version.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::super::error::DatabaseError;
use super::super::place::Place;
use crate::resp;

/// No reply that is asked for is as long.
const LONGEST: u64 = 1 << 20;

/// What Redis answers, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Text(String),
    Error(String),
    /// A list, of which nothing is read but its end.
    List,
    Nothing,
}

#[derive(Debug)]
pub struct Client {
    place: Place,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects, and says who it is.
    pub fn connect(place: &Place) -> Result<Self, DatabaseError> {
        let stream = place.connect()?;
        let mut client = Self {
            place: place.clone(),
            stream: BufReader::new(stream),
        };
        match (&place.user, &place.password) {
            (Some(user), Some(password)) => client.call(&["AUTH", user, password])?,
            (None, Some(password)) => client.call(&["AUTH", password])?,
            _ => Reply::Nothing,
        };
        Ok(client)
    }

    /// Calls a command.
    ///
    /// # Errors
    /// What Redis says against it, among others.
    pub fn call(&mut self, words: &[&str]) -> Result<Reply, DatabaseError> {
        self.send(words)?;
        self.reply()
    }

    /// Sends a command; its reply is to be read later.
    pub fn send(&mut self, words: &[&str]) -> Result<(), DatabaseError> {
        let text = resp::command(words);
        let sent = self.stream.get_mut().write_all(text.as_bytes());
        sent.map_err(|error| self.place.broken(error))
    }

    /// Reads the next reply.
    pub fn reply(&mut self) -> Result<Reply, DatabaseError> {
        match self.read(0)? {
            Reply::Error(message) => Err(self.refused(message)),
            reply => Ok(reply),
        }
    }

    fn refused(&self, text: String) -> DatabaseError {
        let help = match text.as_str() {
            text if text.starts_with("NOAUTH") => Some("write the password into the URL"),
            text if text.starts_with("ERR DEBUG") => Some(
                "set `enable-debug-command` in redis.conf, or pause it instead, which needs no leave",
            ),
            _ => None,
        };
        let (code, _) = text.split_once(' ').unwrap_or((&text, ""));
        DatabaseError::Refused {
            place: self.place.to_string(),
            code: code.to_owned(),
            message: text,
            help,
        }
    }

    fn read(&mut self, depth: u32) -> Result<Reply, DatabaseError> {
        let mut line = Vec::new();
        let read = (&mut self.stream)
            .take(LONGEST)
            .read_until(b'\n', &mut line);
        let broken = |error| self.place.broken(error);
        read.map_err(broken)?;
        if line.is_empty() {
            return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let odd = || self.place.protocol("is there a Redis?");
        let (Some(kind), Some(rest)) = (line.get(..1), line.get(1..)) else {
            return Err(odd());
        };
        match kind {
            "+" | ":" => Ok(Reply::Text(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            "$" | "*" if rest.starts_with('-') => Ok(Reply::Nothing),
            "$" => {
                let length: u64 = rest.parse().map_err(|_| odd())?;
                if length > LONGEST {
                    return Err(odd());
                }
                let mut text = Vec::new();
                let read = (&mut self.stream).take(length + 2).read_to_end(&mut text);
                read.map_err(|error| self.place.broken(error))?;
                Ok(Reply::Text(
                    String::from_utf8_lossy(&text).trim_end().to_owned(),
                ))
            }
            "*" if depth == 0 => {
                let count: u64 = rest.parse().map_err(|_| odd())?;
                for _ in 0..count {
                    self.read(depth + 1)?;
                }
                Ok(Reply::List)
            }
            _ => Err(odd()),
        }
    }
}
