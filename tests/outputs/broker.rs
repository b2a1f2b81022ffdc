//! A broker of Kafka, played by the test: it speaks as much of the protocol as a producer needs, and decodes what it is sent.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Error codes of the protocol.
pub const UNKNOWN_TOPIC: i16 = 3;
pub const MESSAGE_TOO_LARGE: i16 = 10;
pub const TOPIC_REFUSED: i16 = 29;
const UNSUPPORTED_MECHANISM: i16 = 33;
const UNSUPPORTED_VERSION: i16 = 35;
const LOGIN_REFUSED: i16 = 58;

/// Partitions of its only topic.
pub const PARTITIONS: i32 = 3;

/// How it behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// What it says of the topic instead of where it is.
    pub of_topic: i16,
    /// What it says to messages instead of taking them.
    pub to_messages: i16,
    /// It listens and never answers.
    pub hangs: bool,
    /// Name and password, without which nobody gets in.
    pub login: Option<(&'static str, &'static str)>,
}

/// A message that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub partition: i32,
    pub key: String,
    pub value: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// The broker, until the test ends.
pub struct Broker {
    addr: SocketAddr,
    taken: Arc<Mutex<Vec<Message>>>,
}

impl Broker {
    pub fn start(topic: &str, manner: Manner) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), topic, manner)
    }

    /// The same behind TLS.
    pub fn behind_tls(tls: ServerConfig, topic: &str, manner: Manner) -> Self {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::listening(addr, Some(Arc::new(tls)), topic, manner)
    }

    pub fn at(addr: SocketAddr, topic: &str, manner: Manner) -> Self {
        Self::listening(addr, None, topic, manner)
    }

    fn listening(
        addr: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        topic: &str,
        manner: Manner,
    ) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let taken: Arc<Mutex<Vec<Message>>> = Arc::default();
        let (topic, keeps) = (topic.to_owned(), taken.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (topic, keeps, tls) = (topic.clone(), keeps.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, addr, &topic, manner, &keeps),
                    Some(tls) => {
                        let stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
                        serve(stream, addr, &topic, manner, &keeps);
                    }
                });
            }
        });
        Self { addr, taken }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn taken(&self) -> Vec<Message> {
        self.taken.lock().unwrap().clone()
    }
}

/// Answers the requests of one connection.
fn serve(
    mut stream: impl Read + Write,
    addr: SocketAddr,
    topic: &str,
    manner: Manner,
    taken: &Mutex<Vec<Message>>,
) {
    let mut is_in = manner.login.is_none();
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        if manner.hangs {
            continue;
        }
        let mut request = Reader(&body);
        let (key, version, id) = (request.i16(), request.i16(), request.i32());
        let mut answer = Writer(id.to_be_bytes().to_vec());
        match (key, version) {
            (18, 0) => versions(&mut answer, 0),
            // A newer one is answered in the form of the oldest.
            (18, _) => versions(&mut answer, UNSUPPORTED_VERSION),
            (17, 1) => {
                request.text();
                handshake(&mut request, &mut answer);
            }
            (36, 1) => {
                request.text();
                is_in = authenticate(&mut request, &mut answer, manner.login);
            }
            // Who is not let in hears nothing.
            _ if !is_in => return,
            (3, 4) => metadata(&mut answer, addr, topic, manner.of_topic),
            (0, 7) => {
                request.text();
                produce(&mut request, &mut answer, topic, manner.to_messages, taken);
            }
            other => panic!("a request of a kind that was not offered: {other:?}"),
        }
        let length = i32::try_from(answer.0.len()).unwrap().to_be_bytes();
        if stream.write_all(&length).is_err() || stream.write_all(&answer.0).is_err() {
            return;
        }
    }
}

fn versions(answer: &mut Writer, error: i16) {
    answer.i16(error);
    let kinds = [(0, 3, 7), (3, 0, 4), (17, 1, 1), (18, 0, 0), (36, 1, 1)];
    answer.i32(5);
    for (key, least, most) in kinds {
        answer.i16(key);
        answer.i16(least);
        answer.i16(most);
    }
}

fn handshake(request: &mut Reader<'_>, answer: &mut Writer) {
    let is_known = request.text().as_deref() == Some("PLAIN");
    answer.i16(if is_known { 0 } else { UNSUPPORTED_MECHANISM });
    answer.i32(1);
    answer.text("PLAIN");
}

/// Whether who logs in is let in.
fn authenticate(
    request: &mut Reader<'_>,
    answer: &mut Writer,
    login: Option<(&str, &str)>,
) -> bool {
    let length = usize::try_from(request.i32()).unwrap();
    let told = request.take(length);
    let is_in =
        login.is_none_or(|(name, password)| told == format!("\0{name}\0{password}").as_bytes());
    answer.i16(if is_in { 0 } else { LOGIN_REFUSED });
    // No message, no bytes, no end of the session.
    answer.i16(-1);
    answer.i32(0);
    answer.i64(0);
    is_in
}

fn metadata(answer: &mut Writer, addr: SocketAddr, topic: &str, error: i16) {
    answer.i32(0);
    answer.i32(1);
    answer.i32(1);
    answer.text(&addr.ip().to_string());
    answer.i32(addr.port().into());
    // Neither rack nor cluster.
    answer.i16(-1);
    answer.i16(-1);
    answer.i32(1);
    answer.i32(1);
    answer.i16(error);
    answer.text(topic);
    answer.0.push(0);
    answer.i32(if error == 0 { PARTITIONS } else { 0 });
    for partition in (0..PARTITIONS).filter(|_| error == 0) {
        answer.i16(0);
        answer.i32(partition);
        answer.i32(1);
        for _ in 0..2 {
            answer.i32(1);
            answer.i32(1);
        }
    }
}

fn produce(
    request: &mut Reader<'_>,
    answer: &mut Writer,
    topic: &str,
    error: i16,
    taken: &Mutex<Vec<Message>>,
) {
    assert_eq!(request.text(), None, "no transaction");
    assert_eq!(request.i16(), -1, "all replicas confirm");
    request.i32();
    assert_eq!(request.i32(), 1, "one topic");
    assert_eq!(request.text().as_deref(), Some(topic));
    assert_eq!(request.i32(), 1, "one partition");
    let partition = request.i32();
    let length = usize::try_from(request.i32()).unwrap();
    let batch = request.take(length);
    if error == 0 {
        taken.lock().unwrap().extend(messages(partition, batch));
    }
    answer.i32(1);
    answer.text(topic);
    answer.i32(1);
    answer.i32(partition);
    answer.i16(error);
    for number in [0, -1, 0] {
        answer.i64(number);
    }
    answer.i32(0);
}

/// The messages of a batch in the form of Kafka 0.11 and later, whose sum is right.
fn messages(partition: i32, batch: &[u8]) -> Vec<Message> {
    let mut head = Reader(batch);
    head.i64();
    assert_eq!(usize::try_from(head.i32()).unwrap(), batch.len() - 12);
    head.i32();
    assert_eq!(head.take(1), [2], "the form of records");
    let sum = head.i32() as u32;
    assert_eq!(sum, crc32c(head.0), "the sum of the batch");
    let attributes = head.i16();
    let last = head.i32();
    let first_at = head.i64();
    for _ in 0..2 {
        head.i64();
    }
    head.i16();
    head.i32();
    let count = head.i32();
    assert_eq!(last, count - 1);
    assert_eq!(attributes & 7, 2, "compressed by snappy");
    let body = snap::raw::Decoder::new().decompress_vec(head.0).unwrap();
    let mut body = Reader(&body);
    let records = (0..count).map(|offset| {
        let length = body.varint();
        let mut record = Reader(body.take(usize::try_from(length).unwrap()));
        record.take(1);
        let at = first_at + record.varint();
        assert_eq!(record.varint(), i64::from(offset));
        let (key, value) = (record.varied(), record.varied());
        assert_eq!(record.varint(), 0, "no headers");
        assert!(record.0.is_empty());
        Message {
            partition,
            key,
            value,
            at,
        }
    });
    let records = records.collect();
    assert!(body.0.is_empty());
    records
}

/// The CRC of Castagnoli, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[test]
fn the_sum_is_that_of_the_standard() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

/// What a request has.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    /// A text with its length before it, which may be none.
    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()).ok()?;
        Some(String::from_utf8(self.take(length).to_vec()).unwrap())
    }

    /// A number in zigzag, seven bits a byte.
    fn varint(&mut self) -> i64 {
        let mut number = 0u64;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }

    fn varied(&mut self) -> String {
        let length = usize::try_from(self.varint()).unwrap();
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }
}

/// What an answer has.
struct Writer(Vec<u8>);

impl Writer {
    fn i16(&mut self, number: i16) {
        self.0.extend(number.to_be_bytes());
    }

    fn i32(&mut self, number: i32) {
        self.0.extend(number.to_be_bytes());
    }

    fn i64(&mut self, number: i64) {
        self.0.extend(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.i16(i16::try_from(text.len()).unwrap());
        self.0.extend(text.as_bytes());
    }
}
