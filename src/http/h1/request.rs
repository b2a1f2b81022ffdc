//! A request as HTTP/1.1 writes it.

use http::{Method, header};

use super::super::outgoing::Outgoing;
use super::super::settings::Reuse;

/// Appends the request as HTTP/1.1.
///
/// `absolute_form`: the request goes to a forward proxy, with these credentials if any.
pub fn write(out: &mut Vec<u8>, outgoing: &Outgoing<'_>, absolute_form: Option<&Option<String>>) {
    let request = outgoing.request;
    let target = &request.target;
    let own_host = request.has_header(&header::HOST);
    let own_agent = request.has_header(&header::USER_AGENT);
    if request.method == Method::GET && absolute_form.is_none() && !own_host && !own_agent {
        out.extend_from_slice(&target.get_head);
    } else {
        let mut line = |parts: &[&str]| {
            parts
                .iter()
                .for_each(|part| out.extend_from_slice(part.as_bytes()))
        };
        let path = if absolute_form.is_some() {
            target.url.as_str()
        } else {
            &target.path
        };
        line(&[request.method.as_str(), " ", path, " HTTP/1.1\r\n"]);
        if !own_host {
            line(&["Host: ", &target.authority, "\r\n"]);
        }
        if let Some(agent) = outgoing.user_agent() {
            line(&["User-Agent: ", agent, "\r\n"]);
        }
    }
    let mut header_line = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    if let Some(Some(credentials)) = absolute_form {
        header_line("Proxy-Authorization", credentials.as_bytes());
    }
    if let Some(cookies) = &outgoing.cookies {
        header_line("Cookie", cookies.as_bytes());
    }
    if let Some(value) = &outgoing.authorization {
        header_line("Authorization", value.as_bytes());
    }
    for (name, value) in outgoing.headers() {
        header_line(name.as_str(), value.as_bytes());
    }
    request.marks(&outgoing.settings.headers, &mut header_line);
    let body = request.body.bytes();
    if let Some(content_type) = request.body.content_type()
        && !request.has_header(&header::CONTENT_TYPE)
    {
        header_line("Content-Type", content_type.as_bytes());
    }
    let takes_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
    if (takes_body || !body.is_empty()) && !request.has_header(&header::CONTENT_LENGTH) {
        let mut digits = [0_u8; 20];
        header_line("Content-Length", decimal(body.len(), &mut digits));
    }
    if outgoing.settings.reuse == Reuse::Off {
        header_line("Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}
