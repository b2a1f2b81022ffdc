//! The embedded target: a small hotel API to practise on, behind `rhaid demo` and `rhaid run --demo`.
//!
//! In comes a [`DemoConfig`] and a bound listener; out go answers with real state behind them: rooms run out,
//! a reservation can be read back, idempotency keys hold, webhook signatures are verified. Faults are opt-in,
//! so that an SLO can be watched failing. Load is expected: a request takes at most one short lock, and memory
//! is bounded by the number of reservations kept.
//!
//! A request passes `gate` (capacity, delay, errors, counting), then `resilience` (what is switched on of it), then its handler: `health`, `pms`,
//! `reservations`, `webhooks`, `admin` or `metrics`. The handlers share a `Demo`, whose `state` is the
//! hotel's books over a `calendar` of nights and a `catalog` of rooms. `callbacks` sends what a reservation's
//! `callback_url` asks for.

mod admin;
mod booking;
mod cache;
mod calendar;
mod callbacks;
mod catalog;
mod config;
mod error;
mod faults;
mod gate;
mod health;
mod metrics;
mod pms;
mod reservation;
mod reservations;
mod resilience;
mod routes;
mod state;
#[cfg(test)]
mod testing;
mod webhooks;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use http::StatusCode;
use ring::hmac;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use config::DemoConfig;
use error::ApiError;
use routes::Route;

/// Bytes of a request's body at most.
const MAX_BODY: usize = 256 * 1024;

/// How long requests under way may take once the target is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// One target: what all its handlers share.
#[derive(Debug)]
struct Demo {
    hotel: state::Hotel,
    faults: faults::Faults,
    metrics: metrics::Metrics,
    callbacks: callbacks::Callbacks,
    tokens: admin::Tokens,
    resilience: resilience::Resilience,
    cache: Option<Arc<cache::Cache>>,
    webhook_key: hmac::Key,
    secret: String,
    started: Instant,
    draining: AtomicBool,
}

impl Demo {
    /// A target with an empty hotel.
    fn new(config: DemoConfig) -> Self {
        let calendar = calendar::Calendar::starting_today();
        Self {
            hotel: state::Hotel::new(calendar, config.rooms_per_type(), config.max_reservations),
            faults: faults::Faults::new(&config),
            metrics: metrics::Metrics::default(),
            callbacks: callbacks::Callbacks::new(&config),
            tokens: admin::Tokens::new(&config.secret),
            resilience: resilience::Resilience::default(),
            cache: config
                .redis
                .map(|address| Arc::new(cache::Cache::new(address))),
            webhook_key: hmac::Key::new(hmac::HMAC_SHA256, config.secret.as_bytes()),
            secret: config.secret,
            started: Instant::now(),
            draining: AtomicBool::new(false),
        }
    }

    /// Time since the start.
    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Rooms of each type that are free on the night that is booked by default.
    fn rooms_free_by_default(&self) -> [u32; catalog::RoomKind::ALL.len()] {
        let calendar = self.hotel.calendar;
        let stay = calendar.stay(calendar.default_check_in(), 1);
        stay.map(|stay| self.hotel.available(stay))
            .unwrap_or_default()
    }
}

/// A target of its own: its endpoints with their faults and counters, and an empty hotel behind them. Clones
/// of the router share that hotel.
///
/// A delay needs a Tokio runtime with its timer enabled.
pub fn router(config: DemoConfig) -> Router {
    routed(Arc::new(Demo::new(config)))
}

fn routed(demo: Arc<Demo>) -> Router {
    let webhook = get(webhooks::subscribe).post(webhooks::receive);
    let collection = get(reservations::list).post(reservations::create);
    Router::new()
        .route(Route::Live.path(), get(health::live))
        .route(Route::Ready.path(), get(health::ready))
        .route(Route::Webhook.path(), webhook)
        .route(Route::Availability.path(), get(pms::availability))
        .route(Route::RoomTypes.path(), get(pms::room_types))
        .route(Route::Reservations.path(), collection)
        .route(Route::Reservation.path(), get(reservations::read_one))
        .route(Route::Confirm.path(), post(reservations::confirm))
        .route(Route::Cancel.path(), post(reservations::cancel))
        .route(Route::Login.path(), post(admin::login))
        .route(Route::Stats.path(), get(admin::stats))
        .route(Route::Reset.path(), post(admin::reset))
        .route(Route::Switches.path(), post(admin::switch))
        .route(Route::Pms.path(), post(admin::trouble))
        .route(Route::Metrics.path(), get(metrics::page))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(demo.clone(), gate::pass))
        .with_state(demo)
}

async fn not_found(request: Request) -> ApiError {
    let message = format!("there is nothing at {}", request.uri().path());
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message).with("paths", routes::listing())
}

async fn method_not_allowed(request: Request) -> ApiError {
    let message = format!(
        "{} does not take {}",
        request.uri().path(),
        request.method()
    );
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
    .with("paths", routes::listing())
}

/// Serves a target of its own on a bound listener until `shutdown` is ready and requests under way are
/// answered, or five seconds after it. HTTP/1.1, and HTTP/2 with prior knowledge.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    config: DemoConfig,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let demo = Arc::new(Demo::new(config));
    let listener = listener.tap_io(|stream| {
        // Without it an answer may wait for the acknowledgement of the one before; a target that cannot set
        // it is slower, not wrong.
        let _ = stream.set_nodelay(true);
    });
    let (stopping, stopped) = oneshot::channel::<()>();
    let state = demo.clone();
    let signal = async move {
        shutdown.await;
        state.draining.store(true, Ordering::Relaxed);
        drop(stopping);
    };
    let server = axum::serve(listener, routed(demo)).with_graceful_shutdown(signal);
    tokio::select! {
        result = server => result,
        () = async {
            // The error says that the sender is gone, which is the signal.
            let _ = stopped.await;
            tokio::time::sleep(DRAIN).await;
        } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::Method;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::testing::Client;
    use super::*;

    #[tokio::test]
    async fn an_unknown_path_is_answered_with_the_paths_there_are() {
        let answer = Client::default().get("/api/v2").await;
        assert_eq!((answer.status, answer.error()), (404, "not_found"));
        let paths = answer.body["paths"].as_array().unwrap();
        assert_eq!(paths.len(), Route::KNOWN.len());
        assert!(paths.contains(&"GET, POST /api/v1/reservations".into()));
    }

    #[tokio::test]
    async fn a_wrong_method_is_answered_with_the_right_ones() {
        let client = Client::default();
        for (method, path, allowed) in [
            (
                Method::DELETE,
                "/api/v1/reservations",
                ["GET", "POST"].as_slice(),
            ),
            (Method::POST, "/health/live", &["GET"]),
            (Method::GET, "/api/v1/admin/login", &["POST"]),
            (
                Method::GET,
                "/api/v1/reservations/R00000001/cancel",
                &["POST"],
            ),
        ] {
            let answer = client.send(method, path, &[], "").await;
            assert_eq!(
                (answer.status, answer.error()),
                (405, "method_not_allowed"),
                "{path}"
            );
            assert!(
                allowed
                    .iter()
                    .all(|method| answer.header("allow").contains(method)),
                "{answer:?}"
            );
            assert!(answer.body["paths"].is_array());
        }
    }

    #[tokio::test]
    async fn every_listed_endpoint_is_there() {
        let client = Client::default();
        for entry in routes::listing() {
            let (methods, path) = entry.rsplit_once(' ').unwrap();
            for method in methods.split(", ") {
                let answer = client.send(method.parse().unwrap(), path, &[], "").await;
                assert_ne!(answer.status, 405, "{entry}");
                assert_ne!(answer.body["error"], "not_found", "{entry}");
            }
        }
    }

    #[tokio::test]
    async fn routers_do_not_share_a_hotel_but_clones_do() {
        let (one, other) = (Client::default(), Client::default());
        one.reserve("Ada").await;
        assert_eq!(one.get("/api/v1/reservations/R00000001").await.status, 200);
        assert_eq!(
            other.get("/api/v1/reservations/R00000001").await.status,
            404
        );
    }

    #[tokio::test]
    async fn a_served_target_answers_on_its_socket_and_stops_when_told() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let server = tokio::spawn(serve(DemoConfig::default(), listener, shutdown));

        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET /health/live HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
