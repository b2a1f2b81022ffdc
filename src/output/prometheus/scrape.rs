//! `prometheus=ADDRESS`: answers whoever scrapes.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::future::LocalBoxFuture;
use tokio::sync::Notify;

use super::buckets::bounds_with;
use super::exposition::{Format, protobuf};
use super::ledger::Ledger;
use super::text::text;
use crate::output::hub::Surroundings;
use crate::output::{Book, Delivered, Event, Moment, Output, OutputError, RunInfo, Tally};

pub const NAME: &str = "prometheus";

/// How long the end of a run waits for the next scrape at most.
const LAST_SCRAPE: Duration = Duration::from_secs(15);

struct Shared {
    ledger: Mutex<Ledger>,
    scrapes: Mutex<Scrapes>,
    scraped: Notify,
}

#[derive(Default)]
struct Scrapes {
    count: u64,
    last: Option<Instant>,
    /// From the one before the last to the last.
    interval: Option<Duration>,
}

/// Serves a run's series.
pub struct Scrape {
    shared: Arc<Shared>,
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
            ledger: Mutex::new(Ledger::new(around.names, bounds_with(&around.bounds))),
            scrapes: Mutex::default(),
            scraped: Notify::new(),
        });
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .with_state(shared.clone());
        (around.say)(&format!("metrics for Prometheus: http://{address}/metrics"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Box::new(Self { shared }))
    }
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> impl IntoResponse {
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
    let mut scrapes = locked(&shared.scrapes);
    let now = Instant::now();
    scrapes.count += 1;
    scrapes.interval = scrapes.last.map(|last| now.duration_since(last));
    scrapes.last = Some(now);
    drop(scrapes);
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
        locked(&self.shared.ledger).second(now, book);
    }

    fn event(&mut self, event: &Event) {
        locked(&self.shared.ledger).event(event);
    }

    /// Whoever scraped so far gets the chance to see how it ended.
    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        let shared = self.shared.clone();
        Box::pin(async move {
            let due = {
                let scrapes = locked(&shared.scrapes);
                scrapes.interval.zip(scrapes.last)
            };
            if let Some((interval, last)) = due {
                let next = interval + interval / 2;
                let left = next.saturating_sub(last.elapsed()).min(LAST_SCRAPE);
                let _ = tokio::time::timeout(left, shared.scraped.notified()).await;
                // The answer is still on its way.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
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
