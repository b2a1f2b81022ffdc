//! A connection to PostgreSQL: who asks, and simple queries.

use std::io::BufReader;
use std::net::TcpStream;

use md5::{Digest, Md5};
use rand::RngExt;

use super::super::error::DatabaseError;
use super::super::place::Place;
use super::scram::{Proof, Scram};
use super::wire::{Message, put, send};
use crate::hex;

const VERSION: i32 = 0x0003_0000;
const SCRAM: &str = "SCRAM-SHA-256";

/// A row of an answer.
pub type Row = Vec<Option<String>>;

#[derive(Debug)]
pub struct Client {
    place: Place,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects as the URL says.
    pub fn connect(place: &Place) -> Result<Self, DatabaseError> {
        let stream = place.connect()?;
        let mut client = Self {
            place: place.clone(),
            stream: BufReader::new(stream),
        };
        let user = place.user.as_deref().unwrap_or("postgres");
        let mut body = VERSION.to_be_bytes().to_vec();
        for (name, value) in [
            ("user", user),
            (
                "database",
                Some(place.name.as_str())
                    .filter(|name| !name.is_empty())
                    .unwrap_or(user),
            ),
            ("application_name", "rhaid"),
        ] {
            put(&mut body, name);
            put(&mut body, value);
        }
        body.push(0);
        client.send(None, &body)?;
        client.authenticate(user)?;
        // Some say something of themselves, then that they are ready.
        client.rows()?;
        Ok(client)
    }

    /// Asks; the rows of the last answer.
    ///
    /// # Errors
    /// What the server says against it, among others.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let mut body = Vec::new();
        put(&mut body, sql);
        self.send(Some(b'Q'), &body)?;
        self.rows()
    }

    /// A number that is asked for.
    pub fn number(&mut self, sql: &str) -> Result<i64, DatabaseError> {
        let rows = self.query(sql)?;
        let first = rows.first().and_then(|row| row.first());
        let text = first.and_then(Option::as_ref);
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| self.place.protocol("a number was expected"))
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), DatabaseError> {
        let sent = send(self.stream.get_mut(), kind, body);
        sent.map_err(|error| self.place.broken(error))
    }

    fn receive(&mut self) -> Result<Message, DatabaseError> {
        let message = Message::read(&mut self.stream);
        let message = message.map_err(|error| self.place.broken(error))?;
        match message.kind {
            b'E' => Err(self.refused(&message)),
            _ => Ok(message),
        }
    }

    /// Reads to the end of an answer.
    fn rows(&mut self) -> Result<Vec<Row>, DatabaseError> {
        let mut rows = Vec::new();
        let mut failed = None;
        loop {
            let message = Message::read(&mut self.stream);
            let message = message
                .map_err(|error| failed.take().unwrap_or_else(|| self.place.broken(error)))?;
            match message.kind {
                b'D' => rows.extend(row(&message)),
                // A connection that is refused ends without another word; in an answer more follows.
                b'E' => failed = Some(self.refused(&message)),
                b'Z' => return failed.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    fn refused(&self, message: &Message) -> DatabaseError {
        let (mut code, mut text) = (String::new(), String::new());
        let mut fields = message.fields();
        while let Some(kind) = fields.byte().filter(|kind| *kind != 0) {
            let Some(value) = fields.text() else { break };
            match kind {
                b'C' => code = value,
                b'M' => text = value,
                _ => {}
            }
        }
        let help = match code.as_str() {
            "28P01" | "28000" => {
                Some("check user and password in the URL, and the server's pg_hba.conf")
            }
            "42501" => Some("the user in the URL needs more rights"),
            "55P03" => Some("others hold it; try again"),
            _ => None,
        };
        DatabaseError::Refused {
            place: self.place.to_string(),
            code,
            message: text,
            help,
        }
    }

    fn authenticate(&mut self, user: &str) -> Result<(), DatabaseError> {
        let mut scram: Option<Scram> = None;
        let mut proof: Option<Proof> = None;
        loop {
            let message = self.receive()?;
            if message.kind != b'R' {
                return Err(self.place.protocol("it does not ask who is there"));
            }
            let odd = || {
                self.place
                    .protocol("it proves that it knows the password, wrongly")
            };
            let mut fields = message.fields();
            let asked = fields.long().ok_or_else(odd)?;
            let text = || String::from_utf8_lossy(message.body.get(4..).unwrap_or_default());
            match asked {
                0 => {
                    // One that asked for a proof owes one.
                    return if scram.is_none() { Ok(()) } else { Err(odd()) };
                }
                3 => {
                    let mut body = Vec::new();
                    put(&mut body, self.password()?);
                    self.send(Some(b'p'), &body)?;
                }
                5 => {
                    let inner = hex::encode(&Md5::digest(format!("{}{user}", self.password()?)));
                    let mut salted = inner.into_bytes();
                    salted.extend(fields.rest());
                    let mut body = Vec::new();
                    put(
                        &mut body,
                        &format!("md5{}", hex::encode(&Md5::digest(salted))),
                    );
                    self.send(Some(b'p'), &body)?;
                }
                10 => {
                    let offered = text();
                    if !offered.split('\0').any(|name| name == SCRAM) {
                        return Err(self
                            .place
                            .protocol("it asks for a password in an unknown way"));
                    }
                    let nonce: [u8; 18] = rand::rng().random();
                    let begun = Scram::new(&nonce);
                    let first = begun.first();
                    let mut body = Vec::new();
                    put(&mut body, SCRAM);
                    body.extend(u32::try_from(first.len()).unwrap_or(0).to_be_bytes());
                    body.extend(first.bytes());
                    scram = Some(begun);
                    self.send(Some(b'p'), &body)?;
                }
                11 => {
                    let begun = scram.as_ref().ok_or_else(odd)?;
                    let made = begun.prove(&text(), self.password()?).ok_or_else(odd)?;
                    let body = made.message.clone();
                    proof = Some(made);
                    self.send(Some(b'p'), body.as_bytes())?;
                }
                12 => {
                    if !proof.as_ref().is_some_and(|proof| proof.is_of(&text())) {
                        return Err(odd());
                    }
                    scram = None;
                }
                other => {
                    let what = format!("it wants to know who is there in an unknown way ({other})");
                    return Err(self.place.protocol(what));
                }
            }
        }
    }

    fn password(&self) -> Result<&str, DatabaseError> {
        let missing = || DatabaseError::Refused {
            place: self.place.to_string(),
            code: "28P01".to_owned(),
            message: "it asks for a password".to_owned(),
            help: Some("write it into the URL"),
        };
        self.place.password.as_deref().ok_or_else(missing)
    }
}

fn row(message: &Message) -> Option<Row> {
    let mut fields = message.fields();
    let count = fields.short()?;
    (0..count)
        .map(|_| {
            Some(match usize::try_from(fields.long()?) {
                Ok(length) => Some(fields.text_of(length)?),
                // A length below zero is no value.
                Err(_) => None,
            })
        })
        .collect()
}
