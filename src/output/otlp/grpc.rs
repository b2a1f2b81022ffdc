//! A unary call of gRPC: a message with its length before it, one back, and a status in the trailers.
//!
//! It goes over the HTTP/2 of the client for everything else that is no load; a library for gRPC would bring a second one.

use std::pin::Pin;
use std::time::Duration;

use http::HeaderMap;
use http_body::Body;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::transport::{MOST_ANSWER, told};
use crate::output::courier::Refusal;
use crate::output::receiver::Receiver;

const HEADERS: [(&str, &str); 2] = [("content-type", "application/grpc"), ("te", "trailers")];
/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Calls, and gives the message that came back.
///
/// # Errors
/// What the status, or its absence, means.
pub async fn unary(receiver: &Receiver, url: &Url, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::with_capacity(message.len() + PREFIX);
    body.push(0);
    body.extend_from_slice(
        &u32::try_from(message.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    body.extend_from_slice(message);
    let response = receiver.ask(url, &HEADERS, body.into()).await?;
    let (parts, mut body) = http::Response::<reqwest::Body>::from(response).into_parts();
    let (mut answer, mut trailers) = (Vec::new(), None);
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| Refusal::Later {
            why: crate::outgoing::why(&error),
            after: None,
        })?;
        match frame.into_data() {
            Ok(data) if answer.len() + data.len() <= MOST_ANSWER => answer.extend_from_slice(&data),
            Ok(_) => {}
            Err(frame) => trailers = frame.into_trailers().ok().or(trailers),
        }
    }
    // A status without a message stands in the header.
    outcome(trailers.as_ref().unwrap_or(&parts.headers))?;
    Ok(answer.split_off(PREFIX.min(answer.len())))
}

/// What a status means: which may be tried again is in OTLP's specification.
fn outcome(headers: &HeaderMap) -> Result<(), Refusal> {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(status) = get("grpc-status").and_then(|status| status.trim().parse::<u32>().ok())
    else {
        return Err(Refusal::Never {
            why: "the receiver's answer is none of gRPC".to_owned(),
        });
    };
    let said = percent_decode_str(get("grpc-message").unwrap_or_default())
        .decode_utf8_lossy()
        .into_owned();
    let why = match told(&said).as_str() {
        "" => format!("the receiver answered with status {status} of gRPC"),
        said => format!("the receiver answered with status {status} of gRPC: {said}"),
    };
    match status {
        0 => Ok(()),
        1 | 4 | 8 | 10 | 11 | 14 | 15 => Err(Refusal::Later {
            why,
            after: get("grpc-retry-pushback-ms")
                .and_then(|millis| millis.trim().parse().ok())
                .map(Duration::from_millis),
        }),
        12 => Err(Refusal::Absent { why }),
        _ => Err(Refusal::Never { why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: &str, message: &str) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", status.parse().unwrap());
        headers.insert("grpc-message", message.parse().unwrap());
        outcome(&headers)
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        assert_eq!(of("0", ""), Ok(()));
        assert!(matches!(of("14", "away"), Err(Refusal::Later { .. })));
        assert!(matches!(of("12", ""), Err(Refusal::Absent { .. })));
        let why = "the receiver answered with status 3 of gRPC: it is wrong".to_owned();
        assert_eq!(of("3", "it%20is wrong"), Err(Refusal::Never { why }));
        assert!(matches!(
            outcome(&HeaderMap::new()),
            Err(Refusal::Never { .. })
        ));
    }
}
