//! The API: one table of routes, each with its handler and its documentation.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::middleware::{self, Next};
use axum::routing::{MethodRouter, get, patch, post};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use schemars::{Schema, SchemaGenerator};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::answer::{Answer, Wrong, done, json, of_kind, ok, read};
use super::board::Board;
use super::guard::{Guard, Refused, Seen};
use super::shape::{
    Checks, Done, Endpoints, Errors, Faults, Login, Logs, Metrics, Scenario, ScenarioChange,
    Scenarios, Series, Slos, Status, StatusChange,
};
use super::steering::{Refusal, Steering};
use super::{openapi, page};
use crate::result::RunResult;
use crate::run;
use crate::suggest::did_you_mean;
use crate::vu::MOST_RATE;

/// How long who guessed wrong waits for the answer.
const PENALTY: Duration = Duration::from_millis(500);

/// What all handlers share.
pub struct Shared {
    pub board: Mutex<Board>,
    pub steering: Mutex<Option<Arc<dyn Steering>>>,
    /// To all pages: each message once.
    pub messages: broadcast::Sender<Bytes>,
    /// How many pages are open.
    pub open: watch::Sender<usize>,
    pub guard: Guard,
}

type Context = Arc<Shared>;

impl Shared {
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn steering(&self) -> Result<Arc<dyn Steering>, Refusal> {
        let is_over = self.board().status.over;
        let steering = self.steering.lock();
        let steering = steering.unwrap_or_else(PoisonError::into_inner);
        let none = || {
            Refusal::NotNow(match is_over {
                true => "the run is over".to_owned(),
                false => "the run has not started yet".to_owned(),
            })
        };
        steering.clone().ok_or_else(none)
    }
}

/// Makes the schema of a document.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a route answers if all goes well.
pub enum Gives {
    Json(SchemaOf),
    Events,
}

/// A route with what there is to know about it.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub about: &'static str,
    pub takes: Option<SchemaOf>,
    pub gives: Gives,
    /// Statuses other than 200 that are its own.
    pub also: &'static [(u16, &'static str)],
    serve: fn() -> MethodRouter<Context>,
}

const NO_RUN: (u16, &str) = (409, "No run goes on, or it cannot be done now.");
const UNKNOWN: (u16, &str) = (404, "There is nothing of that name.");

macro_rules! schema {
    ($kind:ty) => {
        |generator: &mut SchemaGenerator| generator.subschema_for::<$kind>()
    };
}

/// A route that looks at something.
macro_rules! look {
    ($path:literal, $id:literal, $kind:ty, $about:literal, $handler:expr) => {
        Route {
            method: "get",
            path: $path,
            id: $id,
            about: $about,
            takes: None,
            gives: Gives::Json(schema!($kind)),
            also: &[],
            serve: || get($handler),
        }
    };
}

/// All routes under `/api/v1`.
pub const ROUTES: [Route; 18] = [
    look!(
        "/api/v1/status",
        "status",
        Status,
        "How the run stands.",
        status
    ),
    Route {
        method: "patch",
        path: "/api/v1/status",
        id: "change_status",
        about: "Pauses, resumes or stops the run.",
        takes: Some(schema!(StatusChange)),
        gives: Gives::Json(schema!(Status)),
        also: &[NO_RUN],
        serve: || patch(change_status),
    },
    look!(
        "/api/v1/metrics",
        "metrics",
        Metrics,
        "The totals of each metric.",
        metrics
    ),
    look!(
        "/api/v1/series",
        "series",
        Series,
        "The main metrics over time, thinned where the run is long.",
        series
    ),
    look!(
        "/api/v1/scenarios",
        "scenarios",
        Scenarios,
        "All scenarios.",
        scenarios
    ),
    Route {
        method: "get",
        path: "/api/v1/scenarios/{name}",
        id: "scenario",
        about: "One scenario.",
        takes: None,
        gives: Gives::Json(schema!(Scenario)),
        also: &[UNKNOWN],
        serve: || get(scenario),
    },
    Route {
        method: "patch",
        path: "/api/v1/scenarios/{name}",
        id: "change_scenario",
        about: "Changes the virtual users of a scenario that is externally controlled, or lets it stand.",
        takes: Some(schema!(ScenarioChange)),
        gives: Gives::Json(schema!(Done)),
        also: &[UNKNOWN, NO_RUN],
        serve: || patch(change_scenario),
    },
    look!(
        "/api/v1/slos",
        "slos",
        Slos,
        "The objectives as they stand, each with its time to breach.",
        slos
    ),
    look!(
        "/api/v1/endpoints",
        "endpoints",
        Endpoints,
        "Requests by name and method, the one that took the most time first.",
        endpoints
    ),
    look!(
        "/api/v1/checks",
        "checks",
        Checks,
        "Checks, those that fail most first.",
        checks
    ),
    look!(
        "/api/v1/errors",
        "errors",
        Errors,
        "Failed requests, script errors and failed checks by kind, the most frequent first.",
        errors
    ),
    look!("/api/v1/logs", "logs", Logs, "The last log lines.", logs),
    look!(
        "/api/v1/faults",
        "faults",
        Faults,
        "Declared faults, and when faults have been at work.",
        faults
    ),
    Route {
        method: "post",
        path: "/api/v1/faults/{name}/inject",
        id: "inject_fault",
        about: "Injects a declared fault now.",
        takes: None,
        gives: Gives::Json(schema!(Done)),
        also: &[UNKNOWN, NO_RUN],
        serve: || post(inject),
    },
    Route {
        method: "post",
        path: "/api/v1/faults/{name}/undo",
        id: "undo_fault",
        about: "Undoes a fault before its time is over.",
        takes: None,
        gives: Gives::Json(schema!(Done)),
        also: &[UNKNOWN, NO_RUN],
        serve: || post(undo),
    },
    Route {
        method: "get",
        path: "/api/v1/result",
        id: "result",
        about: "The result document, once the run is over.",
        takes: None,
        gives: Gives::Json(schema!(RunResult)),
        also: &[NO_RUN],
        serve: || get(result),
    },
    Route {
        method: "get",
        path: "/api/v1/events",
        id: "events",
        about: "Server-sent events: `snapshot` with all there is, then `tick` once a second with what is new. Whoever does not keep up gets a `snapshot` again.",
        takes: None,
        gives: Gives::Events,
        also: &[],
        serve: || get(events),
    },
    Route {
        method: "post",
        path: SESSION,
        id: "login",
        about: "Gives a cookie for the token.",
        takes: Some(schema!(Login)),
        gives: Gives::Json(schema!(Done)),
        also: &[(429, "Too many wrong tokens; wait a minute.")],
        serve: || post(login),
    },
];

const SESSION: &str = "/api/v1/session";
pub const OPENAPI: &str = "/api/v1/openapi.json";

/// The dashboard as a service.
pub fn router(shared: Context) -> Router {
    let mut router = Router::new()
        .route("/", get(async || page::response()))
        .route(OPENAPI, get(async || ok_or_wrong(ok(openapi::document()))));
    for route in ROUTES {
        router = router.route(route.path, (route.serve)());
    }
    router
        .fallback(async |request: Request| {
            let paths = ROUTES.iter().map(|route| route.path);
            let hint = did_you_mean(request.uri().path(), paths);
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            let text = format!("there is nothing here{hint}");
            Wrong::new(StatusCode::NOT_FOUND, text).response()
        })
        .method_not_allowed_fallback(async || {
            let text = "this is not done by that method";
            Wrong::new(StatusCode::METHOD_NOT_ALLOWED, text).response()
        })
        .layer(middleware::from_fn_with_state(shared.clone(), guarded))
        .with_state(shared)
}

/// What every answer says to the browser.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

async fn guarded(
    State(shared): State<Context>,
    ConnectInfo(from): ConnectInfo<IpAddr>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.uri().path();
    let checked = shared.guard.check(Seen {
        method: request.method(),
        headers: request.headers(),
        from,
        is_open: path == "/" || path == SESSION,
    });
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            if refused == Refused::WrongToken {
                tokio::time::sleep(PENALTY).await;
            }
            Wrong::from(refused).response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    response
}

fn ok_or_wrong(answer: Answer) -> Response<Body> {
    answer.unwrap_or_else(|wrong| wrong.response())
}

async fn status(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().status)
}

async fn change_status(State(shared): State<Context>, body: Bytes) -> Response<Body> {
    let change = || -> Answer {
        let change: StatusChange = read(&body)?;
        if change.stopped == Some(false) {
            let text = "a run that was stopped does not go on";
            return Err(Wrong::new(StatusCode::BAD_REQUEST, text));
        }
        if change.now && change.stopped.is_none() {
            let text = "`now` goes with `stopped`";
            return Err(Wrong::new(StatusCode::BAD_REQUEST, text));
        }
        let steering = shared.steering()?;
        if let Some(paused) = change.paused {
            steering.pause(paused)?;
            shared.board().status.paused = paused;
        }
        if change.stopped == Some(true) {
            steering.stop(change.now)?;
        }
        ok(&shared.board().status)
    };
    ok_or_wrong(change())
}

async fn metrics(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().metrics())
}

async fn series(State(shared): State<Context>) -> Response<Body> {
    let series = shared.board().time_series();
    json(StatusCode::OK, &Series { series })
}

async fn scenarios(State(shared): State<Context>) -> Response<Body> {
    let rows = shared.board().scenarios.clone();
    json(StatusCode::OK, &Scenarios { rows })
}

async fn scenario(State(shared): State<Context>, Path(name): Path<String>) -> Response<Body> {
    let board = shared.board();
    let found = board.scenarios.iter().find(|one| one.name == name);
    match found {
        Some(scenario) => json(StatusCode::OK, scenario),
        None => {
            let names = board.scenarios.iter().map(|one| one.name.as_str());
            let hint = did_you_mean(&name, names);
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            let text = format!("there is no scenario `{name}`{hint}");
            Wrong::new(StatusCode::NOT_FOUND, text).response()
        }
    }
}

async fn change_scenario(
    State(shared): State<Context>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let change = || -> Answer {
        let change: ScenarioChange = read(&body)?;
        if change == ScenarioChange::default() {
            let text = "nothing to change: give `vus`, `rate` or `paused`";
            return Err(Wrong::new(StatusCode::BAD_REQUEST, text));
        }
        let steering = shared.steering()?;
        if let Some(vus) = change.vus {
            steering.set_vus(&name, vus)?;
        }
        if let Some(rate) = change.rate {
            if !(0.0..=MOST_RATE).contains(&rate) {
                let text = "a rate is a number of iterations per second, from 0 to a million";
                return Err(Wrong::new(StatusCode::BAD_REQUEST, text));
            }
            steering.set_rate(&name, rate)?;
        }
        if let Some(paused) = change.paused {
            steering.pause_scenario(&name, paused)?;
        }
        done()
    };
    ok_or_wrong(change())
}

async fn slos(State(shared): State<Context>) -> Response<Body> {
    let rows = shared.board().slos.clone();
    json(StatusCode::OK, &Slos { rows })
}

async fn endpoints(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().endpoints())
}

async fn checks(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().checks())
}

async fn errors(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().errors())
}

async fn logs(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().logs())
}

async fn faults(State(shared): State<Context>) -> Response<Body> {
    json(StatusCode::OK, &shared.board().declared_faults())
}

async fn inject(State(shared): State<Context>, Path(name): Path<String>) -> Response<Body> {
    let asked = shared.steering().and_then(|run| run.inject(&name));
    ok_or_wrong(moved(asked).await)
}

async fn undo(State(shared): State<Context>, Path(name): Path<String>) -> Response<Body> {
    let asked = shared.steering().and_then(|run| run.undo(&name));
    ok_or_wrong(moved(asked).await)
}

/// What came of a fault that was to begin or to end.
async fn moved(asked: Result<run::Answer, Refusal>) -> Answer {
    asked?.await.map_err(Refusal::from)?;
    done()
}

async fn result(State(shared): State<Context>) -> Response<Body> {
    let board = shared.board();
    match &board.result {
        Some(result) => json(StatusCode::OK, result),
        None => Wrong::new(StatusCode::CONFLICT, "the run is not over yet").response(),
    }
}

async fn login(
    State(shared): State<Context>,
    ConnectInfo(from): ConnectInfo<IpAddr>,
    body: Bytes,
) -> Response<Body> {
    let Login { token } = match read(&body) {
        Ok(login) => login,
        Err(wrong) => return wrong.response(),
    };
    match shared.guard.guess(&token, from) {
        Ok(()) => {
            let mut response = ok_or_wrong(done());
            if let Ok(cookie) = HeaderValue::from_str(&shared.guard.cookie()) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(refused) => {
            tokio::time::sleep(PENALTY).await;
            Wrong::from(refused).response()
        }
    }
}

/// Counts as an open page as long as it is there.
struct Open(watch::Sender<usize>);

impl Open {
    fn new(open: &watch::Sender<usize>) -> Self {
        open.send_modify(|count| *count += 1);
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

async fn events(State(shared): State<Context>) -> Response<Body> {
    // Who listens before the state is looked at misses nothing in between.
    let (messages, first) = {
        let board = shared.board();
        (shared.messages.subscribe(), board.snapshot())
    };
    let open = Open::new(&shared.open);
    let state = (shared, messages, Some(first), open);
    let messages = stream::unfold(state, async |(shared, mut messages, first, open)| {
        let message = match first {
            Some(first) => first,
            None => match messages.recv().await {
                Ok(message) => message,
                Err(RecvError::Closed) => return None,
                // It did not keep up: what it missed is in the whole.
                Err(RecvError::Lagged(_)) => {
                    let board = shared.board();
                    messages = messages.resubscribe();
                    board.snapshot()
                }
            },
        };
        let next = (shared, messages, None, open);
        Some((Ok::<_, std::convert::Infallible>(message), next))
    });
    let mut response = of_kind(StatusCode::OK, "text/event-stream", Bytes::new());
    *response.body_mut() = Body::from_stream(messages);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_no_get_and_what_looks_is() {
        for route in ROUTES {
            let changes = route.takes.is_some()
                || route.path.ends_with("ject")
                || route.path.ends_with("undo");
            assert_eq!(route.method != "get", changes, "{}", route.id);
        }
    }

    #[test]
    fn no_two_routes_are_the_same() {
        for (at, route) in ROUTES.iter().enumerate() {
            let twin = ROUTES.iter().skip(at + 1).find(|other| {
                other.id == route.id || (other.path == route.path && other.method == route.method)
            });
            assert!(twin.is_none(), "{}", route.id);
        }
    }
}
