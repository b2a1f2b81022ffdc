//! Which requests are meant, and what they and their responses suffer.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::edits::{Edits, headers};
use super::glob;
use super::head::RequestHead;
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::toxic::Attributes;

/// When a connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// When the request arrives.
    Request,
    /// After the response's head.
    Response,
}

#[derive(Debug)]
pub struct Rule {
    method: Option<String>,
    path: Option<String>,
    header: Vec<(String, String)>,
    percentage: f64,
    /// Of the requests that are meant, from 0 to 1.
    pub share: f64,
    pub answer: Option<Answer>,
    pub delay: Duration,
    pub jitter: Duration,
    pub abort: Option<Abort>,
    /// Bytes of the body that come.
    pub truncate: Option<u64>,
    pub malform: bool,
    /// What is added to the length that is told.
    pub wrong_length: i64,
    pub response_headers: Edits,
    pub request_headers: Edits,
}

impl Rule {
    /// # Errors
    /// When a value is not one, or two contradict each other.
    pub fn read(attributes: &Attributes) -> Result<Self, ProxyError> {
        let text = |name| attributes.text(name).map(|text| text.map(str::to_owned));
        let percentage = attributes.percentage("percentage", 100.0)?;
        let truncate = attributes.has("truncate");
        let rule = Self {
            method: text("method")?,
            path: text("path")?,
            header: attributes.texts("header")?,
            percentage,
            share: percentage / 100.0,
            answer: answer(attributes)?,
            delay: attributes.millis("delay")?,
            jitter: attributes.millis("jitter")?,
            abort: abort(attributes)?,
            truncate: match truncate {
                true => Some(attributes.count("truncate", 0)?),
                false => None,
            },
            malform: attributes.truth("malform")?,
            wrong_length: attributes.difference("wrong_length")?,
            response_headers: Edits::read(attributes, "set_headers", "remove_headers")?,
            request_headers: Edits::read(
                attributes,
                "set_request_headers",
                "remove_request_headers",
            )?,
        };
        match rule.contradiction() {
            Some((one, other, why)) => {
                let wrong = format!("it cannot go with `{other}`: {why}");
                Err(attributes.wrong(one, wrong))
            }
            None => Ok(rule),
        }
    }

    /// Two attributes that cannot both be, and why.
    fn contradiction(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let effects = [
            ("status", self.answer.is_some()),
            ("truncate", self.truncate.is_some()),
            ("malform", self.malform),
            ("wrong_length", self.wrong_length != 0),
            ("set_headers", !self.response_headers.set().is_empty()),
            (
                "remove_headers",
                !self.response_headers.removed().is_empty(),
            ),
            (
                "set_request_headers",
                !self.request_headers.set().is_empty(),
            ),
            (
                "remove_request_headers",
                !self.request_headers.removed().is_empty(),
            ),
        ];
        let first = |names: &[&str]| {
            let found = effects
                .iter()
                .find(|(name, is_there)| *is_there && names.contains(name));
            found.map(|(name, _)| *name)
        };
        let all = effects.map(|(name, _)| name);
        if self.abort == Some(Abort::Request)
            && let Some(other) = first(&all)
        {
            let why = "a request that is reset goes nowhere and has no response";
            return Some(("abort", other, why));
        }
        if self.abort == Some(Abort::Response)
            && let Some(other) = first(&["truncate", "malform"])
        {
            return Some((
                "abort",
                other,
                "a response that is reset after its head has no body",
            ));
        }
        if self.answer.is_some()
            && let Some(other) = first(&["set_request_headers", "remove_request_headers"])
        {
            return Some((
                "status",
                other,
                "a request that the proxy answers goes to no server",
            ));
        }
        if self
            .answer
            .as_ref()
            .is_some_and(|answer| Answer::is_bodiless(answer.status))
            && let Some(other) = first(&["truncate", "malform", "wrong_length"])
        {
            return Some(("status", other, "a response of that status has no body"));
        }
        let is_told = self.response_headers.sets("content-length");
        (self.wrong_length != 0 && is_told).then_some((
            "wrong_length",
            "set_headers",
            "both say what the length is",
        ))
    }

    /// All attributes that were given, and defaults where they say something.
    pub fn attributes(&self) -> Map<String, Value> {
        let map = |texts: &[(String, String)]| {
            let pairs = texts
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)));
            (!texts.is_empty()).then(|| Value::Object(pairs.collect()))
        };
        let list = |names: &[String]| (!names.is_empty()).then(|| json!(names));
        let answer = self.answer.as_ref();
        let all = [
            ("method", self.method.as_ref().map(|text| json!(text))),
            ("path", self.path.as_ref().map(|text| json!(text))),
            ("header", map(&self.header)),
            ("percentage", Some(json!(self.percentage))),
            ("status", answer.map(|answer| json!(answer.status.as_u16()))),
            (
                "body",
                answer
                    .filter(|answer| !answer.body.is_empty())
                    .map(|answer| json!(answer.body)),
            ),
            ("headers", answer.and_then(|answer| map(&answer.headers))),
            ("delay", Some(json!(self.delay.as_millis() as u64))),
            ("jitter", Some(json!(self.jitter.as_millis() as u64))),
            (
                "abort",
                self.abort.map(|abort| match abort {
                    Abort::Request => json!(true),
                    Abort::Response => json!("response"),
                }),
            ),
            ("truncate", self.truncate.map(|most| json!(most))),
            ("malform", self.malform.then(|| json!(true))),
            (
                "wrong_length",
                (self.wrong_length != 0).then(|| json!(self.wrong_length)),
            ),
            ("set_headers", map(self.response_headers.set())),
            ("remove_headers", list(self.response_headers.removed())),
            ("set_request_headers", map(self.request_headers.set())),
            (
                "remove_request_headers",
                list(self.request_headers.removed()),
            ),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// Whether it is one of the requests that are meant, whatever the dice say.
    pub fn means(&self, head: &RequestHead<'_>) -> bool {
        let method = self.method.as_ref().is_none_or(|method| {
            let [pattern, text] = [method, head.method].map(str::to_ascii_uppercase);
            glob::matches(pattern.as_bytes(), text.as_bytes())
        });
        let path = |pattern: &String| {
            let target = origin(head.target);
            // Who writes a question mark means the query too.
            let end = match pattern.contains('?') {
                true => None,
                false => target.find('?'),
            };
            glob::matches_path(
                pattern,
                end.and_then(|end| target.get(..end)).unwrap_or(target),
            )
        };
        let header = |(name, pattern): &(String, String)| {
            head.headers.iter().any(|(other, value)| {
                other.eq_ignore_ascii_case(name)
                    && glob::matches(pattern.as_bytes(), value.trim_ascii())
            })
        };
        method && self.path.as_ref().is_none_or(path) && self.header.iter().all(header)
    }
}

/// A target without the server that it is at.
fn origin(target: &str) -> &str {
    if target.starts_with('/') {
        return target;
    }
    let Some((_, rest)) = target.split_once("://") else {
        return target;
    };
    let path = rest.find('/').and_then(|slash| rest.get(slash..));
    path.unwrap_or("/")
}

fn answer(attributes: &Attributes) -> Result<Option<Answer>, ProxyError> {
    if !attributes.has("status") {
        let orphan = ["body", "headers"]
            .into_iter()
            .find(|name| attributes.has(name));
        return match orphan {
            Some(orphan) => Err(attributes.wrong(
                orphan,
                "it belongs to an answer of the proxy's own, which needs a `status`",
            )),
            None => Ok(None),
        };
    }
    let status = u16::try_from(attributes.count("status", 0)?)
        .ok()
        .filter(|status| (200..600).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| attributes.wrong("status", "expected a status from 200 to 599"))?;
    let body = attributes.text("body")?.unwrap_or_default().to_owned();
    if Answer::is_bodiless(status) && !body.is_empty() {
        let wrong = format!("a response of status {} has none", status.as_u16());
        return Err(attributes.wrong("body", wrong));
    }
    let headers = headers(attributes, "headers")?;
    let framing = |name: &String| {
        ["content-length", "transfer-encoding"]
            .iter()
            .any(|framing| name.eq_ignore_ascii_case(framing))
    };
    if let Some((name, _)) = headers.iter().find(|(name, _)| framing(name)) {
        let wrong = format!("`{name}` follows from the body; `wrong_length` makes it lie");
        return Err(attributes.wrong("headers", wrong));
    }
    Ok(Some(Answer {
        status,
        body,
        headers,
    }))
}

fn abort(attributes: &Attributes) -> Result<Option<Abort>, ProxyError> {
    match attributes.value("abort") {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Abort::Request)),
        Some(Value::String(when)) if when == "request" => Ok(Some(Abort::Request)),
        Some(Value::String(when)) if when == "response" => Ok(Some(Abort::Response)),
        Some(other) => {
            let wrong = format!(r#"expected true, "request" or "response", not {other}"#);
            Err(attributes.wrong("abort", wrong))
        }
    }
}
