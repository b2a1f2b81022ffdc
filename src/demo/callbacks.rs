//! Asynchronous confirmations: what the hotel sends to the `callback_url` of a reservation.
//!
//! A reservation with such a URL is confirmed a while after it was made, and its guest's service told so by a signed POST; it is
//! told of a cancellation likewise. A delivery that is not answered with 2xx is tried again. Now and then, if asked for, one is
//! sent twice, or so late that another overtakes it.
//!
//! A target that calls back wherever it is told to would be a door into other networks, so it calls loopback addresses only,
//! unless it is told otherwise, and follows no redirect. Deliveries under way are bounded; past that a reservation with a
//! `callback_url` is refused.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ring::hmac;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

use super::Demo;
use super::config::DemoConfig;
use super::faults::uniform;
use super::reservation::{Reservation, Status};
use crate::hex;

/// Deliveries under way, those that wait included.
const MOST: usize = 20_000;
/// Attempts at one delivery.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; twice as long before each further one.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// For one attempt.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are looked at: its first line.
const MAX_ANSWER: usize = 64;
/// How much longer a late delivery waits.
const LATENESS: u32 = 5;

/// The callbacks of one target.
#[derive(Debug)]
pub struct Callbacks {
    delay: Duration,
    duplicates: f64,
    late: f64,
    anywhere: bool,
    seed: u64,
    number: AtomicU64,
    room: Arc<Semaphore>,
    /// Attempts that were answered with 2xx.
    pub delivered: AtomicU64,
    /// Attempts that were not.
    pub failed: AtomicU64,
}

/// The right to make one delivery.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Callbacks {
    /// The callbacks that a configuration asks for.
    pub fn new(config: &DemoConfig) -> Self {
        Self {
            delay: config.callback_delay,
            duplicates: config.callback_duplicates,
            late: config.callback_late,
            anywhere: config.callback_anywhere,
            seed: config.seed,
            number: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(MOST)),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Room for one more delivery, if there is any.
    pub fn place(&self) -> Option<Place> {
        let permit = self.room.clone().try_acquire_owned().ok();
        permit.map(|permit| Place { _permit: permit })
    }

    /// A URL that the target would call.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn read(&self, text: &str) -> Result<Url, &'static str> {
        let url =
            Url::parse(text).map_err(|_| "must be a URL such as http://127.0.0.1:9000/hook")?;
        if url.scheme() != "http" || !url.username().is_empty() || url.password().is_some() {
            return Err("must begin with http:// and hold no credentials");
        }
        let near = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if !near && !self.anywhere {
            return Err(
                "must lead to a loopback address: only those are called, unless `--callback-anywhere` was given",
            );
        }
        Ok(url)
    }

    /// The addresses of a URL that may be called. Looked up here and connected to as they are, so that no name can lead elsewhere
    /// in between.
    async fn addresses(&self, url: &Url) -> io::Result<Vec<SocketAddr>> {
        let port = url.port_or_known_default().unwrap_or(80);
        let found: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::from(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::from(address), port).into()],
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port)).await?.collect(),
            None => Vec::new(),
        };
        let allowed = |address: &SocketAddr| self.anywhere || address.ip().is_loopback();
        Ok(found.into_iter().filter(allowed).collect())
    }
}

/// Confirms a reservation after a while and tells so.
pub fn confirm_later(demo: &Arc<Demo>, made: &Reservation, place: Place) {
    let (demo, id) = (demo.clone(), made.id);
    tokio::spawn(async move {
        tokio::time::sleep(demo.callbacks.delay).await;
        // Cancelled or dropped in between: there is nothing to confirm.
        if let Ok(confirmed) = demo.hotel.confirm(id) {
            deliver(&demo, &confirmed, place).await;
        }
    });
}

/// Tells of a cancellation after a while.
pub fn cancelled(demo: &Arc<Demo>, reservation: &Reservation, place: Place) {
    let (demo, reservation) = (demo.clone(), reservation.clone());
    tokio::spawn(async move {
        tokio::time::sleep(demo.callbacks.delay).await;
        deliver(&demo, &reservation, place).await;
    });
}

async fn deliver(demo: &Demo, reservation: &Reservation, _place: Place) {
    let callbacks = &demo.callbacks;
    let Some(url) = &reservation.booking.callback_url else {
        return;
    };
    let number = callbacks.number.fetch_add(1, Ordering::Relaxed);
    let draw = |stream| uniform(callbacks.seed, number.wrapping_mul(2).wrapping_add(stream));
    if draw(0) < callbacks.late {
        let delay = callbacks.delay.max(Duration::from_millis(10));
        tokio::time::sleep(delay * LATENESS).await;
    }
    let (status, sequence) = match reservation.status {
        Status::Held => ("held", 0),
        Status::Confirmed => ("confirmed", 1),
        Status::Cancelled => ("cancelled", 2),
    };
    let event = format!("{}-{sequence}", reservation.id);
    let body = json!({
        "event_id": event,
        "type": format!("reservation.{status}"),
        "reservation_id": reservation.id.to_string(),
        "status": status,
        "sequence": sequence,
    })
    .to_string();
    let signature = hex::encode(hmac::sign(&demo.webhook_key, body.as_bytes()).as_ref());
    let times = if draw(1) < callbacks.duplicates { 2 } else { 1 };
    for _ in 0..times {
        attempts(callbacks, url, &event, &signature, &body).await;
    }
}

/// Tries until it is answered with 2xx, or often enough.
async fn attempts(callbacks: &Callbacks, url: &Url, event: &str, signature: &str, body: &str) {
    for attempt in 1..=ATTEMPTS {
        let head = format!(
            "content-type: application/json\r\nwebhook-id: {event}\r\nx-hub-signature-256: sha256={signature}\r\nx-attempt: {attempt}\r\n"
        );
        let sent = tokio::time::timeout(PATIENCE, post(callbacks, url, &head, body)).await;
        if matches!(sent, Ok(Ok(200..=299))) {
            callbacks.delivered.fetch_add(1, Ordering::Relaxed);
            return;
        }
        callbacks.failed.fetch_add(1, Ordering::Relaxed);
        if attempt < ATTEMPTS {
            tokio::time::sleep(RETRY_AFTER * 2_u32.pow(attempt - 1)).await;
        }
    }
}

/// One POST on a connection of its own; the status of its answer.
async fn post(callbacks: &Callbacks, url: &Url, head: &str, body: &str) -> io::Result<u16> {
    let addresses = callbacks.addresses(url).await?;
    let mut stream = TcpStream::connect(addresses.as_slice()).await?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let request = format!(
        "POST {target} HTTP/1.1\r\nhost: {host}\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut start = stream.take(MAX_ANSWER as u64);
    start.read_to_end(&mut answer).await?;
    let status = answer
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| std::str::from_utf8(rest.get(2..5)?).ok()?.parse().ok());
    status.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callbacks(anywhere: bool) -> Callbacks {
        Callbacks::new(&DemoConfig {
            callback_anywhere: anywhere,
            ..DemoConfig::default()
        })
    }

    #[test]
    fn only_the_loopback_is_called_unless_told_otherwise() {
        for near in [
            "http://127.0.0.1:9/x",
            "http://[::1]:9/",
            "http://localhost/",
            "http://127.9.9.9/",
        ] {
            assert!(callbacks(false).read(near).is_ok(), "{near}");
        }
        for far in [
            "http://10.0.0.1/",
            "http://169.254.169.254/latest",
            "http://example.com/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://localhost.example.com/",
        ] {
            assert!(callbacks(false).read(far).is_err(), "{far}");
            assert!(callbacks(true).read(far).is_ok(), "{far}");
        }
        for wrong in [
            "",
            "/hook",
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "http://u:p@127.0.0.1/",
        ] {
            assert!(callbacks(true).read(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_away_from_the_loopback_is_not_called() {
        let url = Url::parse("http://192.0.2.1:80/").unwrap();
        assert!(callbacks(false).addresses(&url).await.unwrap().is_empty());
        assert_eq!(callbacks(true).addresses(&url).await.unwrap().len(), 1);
    }
}
