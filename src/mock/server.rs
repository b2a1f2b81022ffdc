//! Serves a mock over HTTP/1.1, and HTTP/2 with prior knowledge.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};

use super::MAX_BODY;
use super::board::Mock;
use super::call::Call;
use super::link::{Links, Scissors};
use super::reply::Answer;

impl Mock {
    /// A free port of loopback, and a mock that will be served there.
    ///
    /// # Errors
    /// When the system has no port to give.
    pub fn bind() -> io::Result<(Self, std::net::TcpListener)> {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let mock = Self::new(&format!("http://{}", listener.local_addr()?));
        Ok((mock, listener))
    }

    /// Serves on a runtime's own thread, as long as the runtime lives.
    ///
    /// # Errors
    /// When the runtime cannot take the listener.
    pub fn serve(&self, listener: std::net::TcpListener) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mock = self.clone();
        let app = Router::new()
            .fallback(
                move |ConnectInfo(scissors): ConnectInfo<Scissors>, request: Request| {
                    let mock = mock.clone();
                    async move { respond(&mock, &scissors, request).await }
                },
            )
            .into_make_service_with_connect_info::<Scissors>();
        tokio::spawn(async move { axum::serve(Links(listener), app).await });
        Ok(())
    }
}

async fn respond(mock: &Mock, scissors: &Scissors, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        let text = format!("the mock takes bodies of {} MiB at most\n", MAX_BODY >> 20);
        return response(Answer::text(413, text));
    };
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query_text: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
        ..Call::default()
    };
    let answer = mock.answer(call);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    if answer.status == 0 {
        scissors.cut();
    }
    response(answer)
}

fn response(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // Checked when the route was described.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Whether a header can be sent like this.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_header(name: &str, value: &str) -> Result<(), String> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(format!("`{name}` is no name of a header"));
    }
    if HeaderValue::from_str(value).is_err() {
        return Err(format!("the header `{name}` cannot have this value"));
    }
    Ok(())
}
