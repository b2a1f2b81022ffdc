//! The service's side: sends what the browser asked for, as a virtual user would, and tells of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body as Answer;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::mpsc;

use super::rewrite::Places;
use super::{LARGEST_BODY, Passing, Told, refusal};
use crate::convert::recording::exchange::guess;
use crate::convert::recording::{Exchange, Kind, form};
use crate::http::{Body, Client, Exchange as Hop, Observer, Request, Session, Settings};
use crate::secrets::mask_urls;

/// Bodies of responses that are looked into are no larger than this.
const LARGEST_CONTENT: usize = 8 << 20;

/// Headers that are about a connection, not about what it carries.
const OF_CONNECTION: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Nobody measures here.
struct Unmeasured;

impl Observer for Unmeasured {
    fn exchanged(&self, _: &Hop<'_>) {}
    fn abandoned(&self, _: u64, _: u64) {}
}

/// Connections to the service that nobody uses right now.
type Idle = Rc<RefCell<Vec<Session>>>;

/// Sends whatever comes, several at once.
pub async fn serve(
    mut received: mpsc::Receiver<Passing>,
    places: Rc<Places>,
    told: mpsc::UnboundedSender<Told>,
) {
    let settings = Settings {
        max_response_size: LARGEST_BODY as u64,
        ..Settings::default()
    };
    let client = Rc::new(Client::new(Arc::new(settings), Instant::now()));
    let idle = Idle::default();
    while let Some(passing) = received.recv().await {
        let (client, idle) = (client.clone(), idle.clone());
        let (places, told) = (places.clone(), told.clone());
        tokio::task::spawn_local(async move {
            // A session has a user's cookies; here the browser keeps them.
            let session = idle.borrow_mut().pop();
            let session = session.unwrap_or_else(|| Session::new(None));
            session.jar().borrow_mut().clear();
            exchange(passing, &client, &session, &places, &told).await;
            idle.borrow_mut().push(session);
        });
    }
}

async fn exchange(
    passing: Passing,
    client: &Client,
    session: &Session,
    places: &Places,
    told: &mpsc::UnboundedSender<Told>,
) {
    let Passing {
        parts,
        body,
        here,
        answer,
    } = passing;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = places.there(path);
    let mut record = Exchange {
        began: now(),
        method: parts.method.as_str().to_owned(),
        url: url.clone(),
        ..Exchange::default()
    };
    let target = match client.target(&url) {
        Ok(target) => target,
        Err(error) => {
            let why = format!("rhaid record: {error}");
            let _ = answer.send(refusal(StatusCode::BAD_REQUEST, &why));
            return;
        }
    };
    let mut request = Request::new(parts.method.clone(), target);
    request.redirects = Some(0);
    for (name, value) in &parts.headers {
        let is_ours = matches!(name.as_str(), "host" | "content-length");
        if is_ours || OF_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        let value = places.in_request(name, value, &here);
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        record.headers.push((name.as_str().to_owned(), text));
        // Passed on packed is what can be unpacked here.
        let value = match *name {
            header::ACCEPT_ENCODING => HeaderValue::from_static("gzip, deflate, br"),
            _ => value,
        };
        request.headers.push((name.clone(), value));
    }
    if !body.is_empty() {
        let kind = record.header("content-type").unwrap_or_default().to_owned();
        record.body = form::body(&kind, body.to_vec());
        request.body = Body::Bytes {
            bytes: body,
            content_type: None,
        };
    }
    let response = session.send(client, &mut request, &Unmeasured).await;
    record.took = now() - record.began;
    let shown = mask_urls(path).into_owned();
    let milliseconds = (record.took * 1000.0).round();
    if let Some(error) = response.error.as_ref().filter(|_| response.status == 0) {
        let line = format!("{} {shown}  failed: {error}", record.method);
        let why = format!("rhaid record cannot reach the service: {error}");
        let _ = answer.send(refusal(StatusCode::BAD_GATEWAY, &why));
        let _ = told.send(Told {
            exchange: record,
            line,
        });
        return;
    }
    record.status = response.status;
    let mut passed = Response::new(Answer::from(response.body.clone()));
    *passed.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let is_head = record.method == "HEAD";
    response.headers.for_each(|name, value| {
        let text = String::from_utf8_lossy(value).into_owned();
        record.response_headers.push((name.to_owned(), text));
        // The body is unpacked, and its length known anew; of a HEAD request it is the length of what is not there.
        let is_ours = name == "content-encoding" || name == "content-length" && !is_head;
        if is_ours || OF_CONNECTION.contains(&name) {
            return;
        }
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value))
        else {
            return;
        };
        if let Some(value) = places.in_response(&name, value, &here) {
            passed.headers_mut().append(name, value);
        }
    });
    look_into(&mut record, &response.body);
    let line = format!(
        "{} {shown}  {}  {milliseconds} ms",
        record.method, record.status
    );
    // A browser that went away has made its request all the same.
    let _ = answer.send(passed);
    let _ = told.send(Told {
        exchange: record,
        line,
    });
}

/// What kind of request it was, and the body if there may be values in it.
fn look_into(record: &mut Exchange, body: &[u8]) {
    let content_type = record.response_header("content-type").unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default();
    record.content_type = kind.trim().to_ascii_lowercase();
    let is_preflight =
        record.method == "OPTIONS" && record.header("access-control-request-method").is_some();
    record.kind = match record.header("sec-fetch-dest") {
        _ if is_preflight => Kind::Other,
        Some("document") => Kind::Document,
        Some("empty") => Kind::Call,
        Some("style" | "script" | "image" | "font" | "audio" | "video" | "track" | "manifest") => {
            Kind::Asset
        }
        _ => {
            let path = record.url.split(['?', '#']).next().unwrap_or_default();
            let accept = record.header("accept").unwrap_or_default();
            guess(&record.method, path, &record.content_type, accept)
        }
    };
    let looks = record.content_type.contains("json") || record.content_type.contains("html");
    if looks && body.len() <= LARGEST_CONTENT {
        record.content = String::from_utf8_lossy(body).into_owned();
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
