//! A request's header as HTTP/2 sends it.

use http::{HeaderName, HeaderValue, header};

use super::super::HttpError;
use super::super::outgoing::Outgoing;

/// The request's header for HTTP/2.
///
/// # Errors
/// When a part of it cannot stand in a header.
pub fn head(outgoing: &Outgoing<'_>) -> Result<http::Request<()>, HttpError> {
    let request = outgoing.request;
    let target = &request.target;
    let scheme = if target.https { "https" } else { "http" };
    let uri = format!("{scheme}://{}{}", target.authority, target.path);
    let mut builder = http::Request::builder()
        .method(request.method.clone())
        .uri(uri)
        .version(http::Version::HTTP_2);
    if let Some(agent) = outgoing.user_agent() {
        builder = builder.header(header::USER_AGENT, agent);
    }
    if let Some(cookies) = &outgoing.cookies {
        builder = builder.header(header::COOKIE, cookies);
    }
    if let Some(value) = &outgoing.authorization {
        builder = builder.header(header::AUTHORIZATION, value);
    }
    for (name, value) in outgoing.headers() {
        if !connection_level(name) {
            builder = builder.header(name, value);
        }
    }
    if let Some(headers) = builder.headers_mut() {
        request.marks(&outgoing.settings.headers, |name, value| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        });
    }
    if let Some(content_type) = request.body.content_type()
        && !request.has_header(&header::CONTENT_TYPE)
    {
        builder = builder.header(header::CONTENT_TYPE, content_type);
    }
    if !request.body.bytes().is_empty() {
        builder = builder.header(header::CONTENT_LENGTH, request.body.bytes().len());
    }
    builder.body(()).map_err(|error| {
        HttpError::new(
            HttpError::GENERIC,
            format!("the request cannot be sent as HTTP/2: {error}"),
        )
    })
}

/// What HTTP/1 says about a connection has no place in HTTP/2 (RFC 9113, section 8.2.2).
fn connection_level(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::HOST
            | header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::UPGRADE
            | header::CONTENT_LENGTH
    ) || name.as_str() == "keep-alive"
}
