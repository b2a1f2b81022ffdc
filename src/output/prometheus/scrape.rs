//! `prometheus=ADDRESS`: answers whoever scrapes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::future::LocalBoxFuture;
use tokio::sync::Notify;

use super::exposition::{Format, protobuf};
use super::ledger::Ledger;
use super::text::text;
use super::too_many_sets;
use crate::listening::{self, Peer};
use crate::output::courier::Say;
use crate::output::hub::Surroundings;
use crate::output::{Book, Delivered, Event, Moment, Output, OutputError, RunInfo, Tally};

pub const NAME: &str = "prometheus";

/// How long the end of a run waits for the next scrapes at most.
const LAST_SCRAPE: Duration = Duration::from_secs(15);
/// Who asks for metrics is one or two of Prometheus, and somebody who looks.
const MAX_CONNECTIONS: usize = 32;
/// So many connections are remembered.
const MAX_PEERS: usize = 256;
/// Prometheus sends this with every scrape, and `curl` does not.
const OF_PROMETHEUS: &str = "x-prometheus-scrape-timeout-seconds";

struct Shared {
    ledger: Mutex<Ledger>,
    scrapes: Mutex<Scrapes>,
    scraped: Notify,
}

#[derive(Default)]
struct Scrapes {
    count: u64,
    /// Those who come again: Prometheus keeps its connection from one scrape to the next.
    peers: HashMap<SocketAddr, Regular>,
}

/// One who scrapes again and again.
#[derive(Clone, Copy)]
struct Regular {
    last: Instant,
    /// From the one before the last to the last.
    interval: Option<Duration>,
}

impl Scrapes {
    fn note(&mut self, peer: SocketAddr, comes_again: bool, now: Instant) {
        self.count += 1;
        let known = self.peers.get(&peer).copied();
        if known.is_none() && (!comes_again || self.peers.len() >= MAX_PEERS) {
            return;
        }
        let interval = known.map(|known| now.duration_since(known.last));
        self.peers.insert(
            peer,
            Regular {
                last: now,
                interval,
            },
        );
    }

    /// How long to wait until everyone who comes again has seen what there was at `end`.
    fn wait(&self, end: Instant, now: Instant) -> Option<Duration> {
        let due = |peer: &Regular| {
            if peer.last >= end {
                return None;
            }
            let due = match peer.interval {
                Some(interval) => peer.last + interval + interval / 2,
                None => end + LAST_SCRAPE,
            };
            due.min(end + LAST_SCRAPE).checked_duration_since(now)
        };
        let longest = self.peers.values().filter_map(due).max();
        longest.filter(|left| !left.is_zero())
    }
}

/// Serves a run's series.
pub struct Scrape {
    shared: Arc<Shared>,
    say: Say,
}

/// What is wrong with an address.
pub fn check(target: &str) -> Result<(), String> {
    target
        .parse::<SocketAddr>()
        .map(drop)
        .map_err(|_| "write the address to listen at, with its port: 127.0.0.1:9464".to_owned())
}

impl Scrape {
    /// # Errors
    /// When the address cannot be had.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let cannot = |why| OutputError::Listen {
            kind: NAME,
            address: target.to_owned(),
            why,
        };
        let listener = std::net::TcpListener::bind(target).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
        let shared = Arc::new(Shared {
            ledger: Mutex::new(Ledger::new(around.names, around.bounds.clone())),
            scrapes: Mutex::default(),
            scraped: Notify::new(),
        });
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .with_state(shared.clone());
        (around.say)(&format!("metrics for Prometheus: http://{address}/metrics"));
        tokio::spawn(listening::serve(listener, routes, MAX_CONNECTIONS));
        Ok(Box::new(Self {
            shared,
            say: around.say.clone(),
        }))
    }
}

async fn metrics(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let accept = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",");
    let format = Format::accepted(&accept);
    let body = {
        let ledger = locked(&shared.ledger);
        match format {
            Format::Protobuf => protobuf(&ledger),
            Format::Text(dialect) => text(&ledger, dialect).into_bytes(),
        }
    };
    let comes_again = headers.contains_key(OF_PROMETHEUS);
    locked(&shared.scrapes).note(peer, comes_again, Instant::now());
    shared.scraped.notify_waiters();
    let kind = [(header::CONTENT_TYPE, format.media_type())];
    (StatusCode::OK, kind, body)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Output for Scrape {
    fn begin(&mut self, run: &RunInfo) {
        locked(&self.shared.ledger).begin(run);
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        let is_folding = locked(&self.shared.ledger).second(now, book);
        if is_folding {
            (self.say)(&too_many_sets(NAME));
        }
    }

    fn event(&mut self, event: &Event) {
        locked(&self.shared.ledger).event(event);
    }

    /// Every Prometheus that scraped so far gets the chance to see how it ended.
    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let end = Instant::now();
            loop {
                let scraped = shared.scraped.notified();
                let Some(left) = locked(&shared.scrapes).wait(end, Instant::now()) else {
                    break;
                };
                let _ = tokio::time::timeout(left, scraped).await;
            }
            // The last answer is still on its way.
            tokio::time::sleep(Duration::from_millis(50)).await;
        })
    }

    fn tally(&self) -> Tally {
        let shared = self.shared.clone();
        Rc::new(move || {
            let scrapes = locked(&shared.scrapes);
            Delivered {
                sent: scrapes.count,
                lost: 0,
                problem: (scrapes.count == 0).then(|| "nobody scraped it".to_owned()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn the_end_waits_for_everyone_who_comes_again() {
        let begin = Instant::now();
        let at = |seconds: u32| begin + seconds * SECOND;
        let mut scrapes = Scrapes::default();
        // Two of Prometheus, one after the other, and somebody who looked.
        for (port, second) in [(1, 0), (2, 1), (1, 3), (2, 4)] {
            scrapes.note(peer(port), true, at(second));
        }
        scrapes.note(peer(3), false, at(4));
        let end = at(5);
        assert_eq!(scrapes.wait(end, end), Some(SECOND * 7 / 2));
        scrapes.note(peer(1), true, at(6));
        assert_eq!(scrapes.wait(end, at(6)), Some(SECOND * 5 / 2));
        scrapes.note(peer(2), true, at(7));
        assert_eq!(scrapes.wait(end, at(7)), None);
    }

    #[test]
    fn who_came_once_gets_the_longest_time_and_who_went_does_not() {
        let end = Instant::now() + 100 * SECOND;
        let mut scrapes = Scrapes::default();
        assert_eq!(scrapes.wait(end, end), None);
        scrapes.note(peer(1), true, end - SECOND);
        assert_eq!(scrapes.wait(end, end), Some(LAST_SCRAPE));
        let mut gone = Scrapes::default();
        gone.note(peer(1), true, end - 50 * SECOND);
        gone.note(peer(1), true, end - 40 * SECOND);
        assert_eq!(gone.wait(end, end), None);
    }
}
