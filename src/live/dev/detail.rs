//! What is seen of the row that is open: a request's headers and bodies, an error with its place.

use serde_json::Value;

use super::board::Row;
use super::entry::{Tone, harmless, phases};
use crate::report::format;
use crate::secrets::{MASK, Secrets, hide_named, is_secret_name, mask_named};
use crate::units::format_bytes;
use crate::vu::tap::{Body, Exchanged, Headers, Sides, What};

/// The open row, line by line.
pub fn lines(row: &Row, secrets: &Secrets) -> Vec<(Tone, String)> {
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
        _ => push_text(&mut lines, row.tone, &row.said.whole()),
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
    push_text(lines, Tone::Plain, &readable(body, kind, secrets));
}

/// A body for reading: JSON with one value a line, other texts as they are, a number of bytes for what is no text.
fn readable(body: &Body, kind: &str, secrets: &Secrets) -> String {
    let part = &body.part;
    let looks_like_json = kind.contains("json") || part.starts_with(b"{") || part.starts_with(b"[");
    if looks_like_json
        && body.missing() == 0
        && let Ok(mut value) = serde_json::from_slice::<Value>(part)
    {
        hide_named(&mut value);
        secrets.mask_json(&mut value);
        return serde_json::to_string_pretty(&value).unwrap_or_default();
    }
    // The end may have cut a character in two.
    let text = match std::str::from_utf8(part) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let whole = part.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return format!("{} that are no text", format_bytes(body.length as u64)),
    };
    let mut text = if kind.contains("form-urlencoded") {
        form(text)
    } else {
        mask_named(text).into_owned()
    };
    if body.missing() > 0 {
        text.push_str(&format!("\n… {} more", format_bytes(body.missing() as u64)));
    }
    text
}

/// The fields of a form, a line each.
fn form(text: &str) -> String {
    let fields = url::form_urlencoded::parse(text.as_bytes());
    let shown = fields.map(|(name, value)| {
        let value = if is_secret_name(&name) {
            MASK.into()
        } else {
            value
        };
        format!("{name} = {value}")
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vu::tap::BODY;

    fn body(text: &str, kind: &str) -> String {
        let secrets = Secrets::default();
        readable(&Body::of(&text.to_owned().into()), kind, &secrets)
    }

    #[test]
    fn json_is_one_value_a_line_and_what_is_secret_is_hidden() {
        assert_eq!(
            body(
                "{\"user\":\"qa\",\"password\":\"hunter2\",\"n\":[1]}",
                "application/json"
            ),
            "{\n  \"user\": \"qa\",\n  \"password\": \"***\",\n  \"n\": [\n    1\n  ]\n}"
        );
        assert_eq!(body("{half", "application/json"), "{half");
    }

    #[test]
    fn json_that_is_too_long_or_broken_shows_no_secret_either() {
        let long = format!(
            "{{\"password\":\"hunter2\",\"rows\":\"{}\"}}",
            "x".repeat(BODY)
        );
        for text in [
            &long,
            "{\"access_token\": \"hunter2",
            "user=qa&password=hunter2",
        ] {
            let shown = body(text, "application/json");
            assert!(!shown.contains("hunter2") && shown.contains(MASK));
        }
    }

    #[test]
    fn forms_and_other_bytes_are_told_in_words() {
        let form = body("a=1&password=x+y", "application/x-www-form-urlencoded");
        assert_eq!(form, "a = 1\npassword = ***");
        let bytes = Body::of(&vec![0xff, 0xfe, 0xfd].into());
        assert_eq!(
            readable(&bytes, "image/png", &Secrets::default()),
            "3B that are no text"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ä".repeat(BODY);
        let shown = body(&format!("x{long}"), "text/plain");
        assert!(
            shown.starts_with("xä") && shown.ends_with("more"),
            "{}",
            shown.len()
        );
    }
}
