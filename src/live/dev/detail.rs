//! What is seen of the row that is open: a request's headers and bodies, an error with its place.

use super::entry::{Tone, harmless, phases};
use super::row::Row;
use crate::report::format;
use crate::secrets::Secrets;
use crate::units::format_bytes;
use crate::vu::tap::{Body, Exchanged, Headers, Sides, What};

/// The open row, line by line. `behind`: the request that it is about, if it is none itself.
pub fn lines(row: &Row, behind: Option<&Exchanged>, secrets: &Secrets) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    match row.happening.as_ref().map(|happening| &happening.what) {
        Some(What::Request(request)) => of_request(request, secrets, &mut lines),
        Some(What::IterationEnded {
            failure: Some(failure),
            ..
        }) => push_text(&mut lines, Tone::Bad, failure.rendered.trim_end()),
        Some(What::Check {
            name,
            sides:
                Some(Sides {
                    operator,
                    left,
                    right,
                }),
            ..
        }) => {
            lines.push((row.tone, format!("check \"{name}\"")));
            lines.push((Tone::Plain, format!("found     {left}")));
            lines.push((Tone::Plain, format!("expected  {operator} {right}")));
        }
        _ => {
            let said = row.said.whole();
            push_text(&mut lines, row.tone, row.whole.as_ref().unwrap_or(&said));
        }
    }
    if let Some(request) = behind {
        let which = match row.happening.as_ref().map(|happening| &happening.what) {
            Some(What::Check { about: Some(_), .. }) => "it looked at",
            _ => "the last request before it",
        };
        lines.push((Tone::Plain, String::new()));
        lines.push((Tone::Faint, format!("{which}:")));
        of_request(request, secrets, &mut lines);
    }
    for (_, line) in &mut lines {
        *line = harmless(line, secrets);
    }
    lines
}

fn push_text(lines: &mut Vec<(Tone, String)>, tone: Tone, text: &str) {
    lines.extend(text.lines().map(|line| (tone, line.to_owned())));
}

fn of_request(request: &Exchanged, secrets: &Secrets, lines: &mut Vec<(Tone, String)>) {
    lines.push((Tone::Plain, format!("{} {}", request.method, request.url)));
    if let Some(led) = &request.final_url {
        let redirects = u64::from(request.hops.saturating_sub(1));
        let count = format::plural(redirects, "redirect", "redirects");
        lines.push((Tone::Faint, format!("→ {led} ({count})")));
    }
    push_headers(lines, &request.request_headers);
    push_body(
        lines,
        &request.request_body,
        &request.request_headers,
        secrets,
    );
    lines.push((Tone::Plain, String::new()));
    let outcome = match &request.error {
        Some(error) => error.clone(),
        None => format!("{} {}", request.protocol, request.status),
    };
    let tone = if request.expected {
        Tone::Good
    } else {
        Tone::Bad
    };
    lines.push((tone, outcome));
    lines.push((Tone::Faint, phases(request)));
    lines.push((
        Tone::Faint,
        format!(
            "sent {} · received {}",
            format_bytes(request.bytes_sent),
            format_bytes(request.bytes_received)
        ),
    ));
    push_headers(lines, &request.response_headers);
    push_body(
        lines,
        &request.response_body,
        &request.response_headers,
        secrets,
    );
}

fn push_headers(lines: &mut Vec<(Tone, String)>, headers: &Headers) {
    for (name, value) in headers {
        lines.push((Tone::Faint, format!("{name}: {value}")));
    }
}

fn push_body(lines: &mut Vec<(Tone, String)>, body: &Body, headers: &Headers, secrets: &Secrets) {
    if body.length == 0 {
        return;
    }
    lines.push((Tone::Plain, String::new()));
    let kind = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("", |(_, value)| value);
    push_text(lines, Tone::Plain, &body.readable(kind, secrets));
}
