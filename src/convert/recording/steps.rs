//! One recorded request as a step: its URL, headers and body, with values followed and secrets lifted.

use base64::Engine as _;
use percent_encoding::percent_decode_str;

use super::Kept;
use super::correlate::{Correlator, Place, is_date, is_uuid, is_variable};
use super::exchange::{Exchange, Part, Sent};
use super::found::singular;
use super::lift::Lifter;
use super::sift::is_meant;
use crate::convert::hidden;
use crate::convert::journey::{Body, Field, Request, Url};
use crate::convert::lifted::{is_jwt, is_secret_number};
use crate::convert::text::{Part as TextPart, Text, Value, escape_url};
use crate::secrets::is_secret_name;

/// What requests share while they are translated, in order.
#[derive(Default)]
pub struct Translator {
    pub correlator: Correlator,
    pub lifter: Lifter,
    /// About the request that is translated.
    notes: Vec<String>,
    /// Dates and ids that were noted already.
    noted: Vec<String>,
}

/// More are not noted.
const MOST_NOTES: usize = 100;

impl Translator {
    /// The request of an exchange that is part of no recording; `None` if its URL is none that HTTP knows.
    pub fn lone(&mut self, exchange: Exchange) -> Option<(Request, Vec<String>)> {
        let url = url::Url::parse(&exchange.url).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(self.request(&Kept {
            exchange,
            url,
            found: Vec::new(),
        }))
    }

    /// The request of an exchange, and what there is to say about it.
    pub(super) fn request(&mut self, kept: &Kept) -> (Request, Vec<String>) {
        let exchange = &kept.exchange;
        let (url, mut name) = self.url(&kept.url);
        let user = decode(kept.url.username());
        let password = decode(kept.url.password().unwrap_or_default());
        if let Some(operation) = operation(exchange) {
            name = Some(operation);
        }
        let mut request = Request {
            name,
            method: exchange.method.clone(),
            url,
            ..Request::default()
        };
        for (header, value) in &exchange.headers {
            if !is_meant(header, value) {
                continue;
            }
            if is_header(header, value) {
                self.header(header, value, &mut request);
            } else {
                self.notes.push(format!(
                    "TODO: the header {header} is none that can be sent."
                ));
            }
        }
        // Whoever stands before the host signs in, unless a header did.
        if !(user.is_empty() && password.is_empty()) && exchange.header("authorization").is_none() {
            let auth = self.basic(&user, &password);
            request.parameters.push(("auth".to_owned(), auth));
        }
        request.body = self.body(exchange);
        // Only what is neither a map nor a form is sent without a type of its own.
        let is_bare = matches!(request.body, Body::Text(_) | Body::Bytes(_));
        let has_type = request
            .headers
            .iter()
            .any(|(name, _)| name == "content-type");
        if let Some(kind) = exchange.header("content-type")
            && is_bare
            && !has_type
        {
            request
                .headers
                .push(("content-type".to_owned(), kind.into()));
        }
        (request, std::mem::take(&mut self.notes))
    }

    fn url(&mut self, url: &url::Url) -> (Url, Option<String>) {
        let base = Text::code(self.lifter.base(url));
        let (mut path, mut outline, mut varies) = (Text::default(), String::new(), false);
        for segment in url.path().split('/').skip(1) {
            path.push("/");
            outline.push('/');
            let decoded = decode(segment);
            if let Some(variable) = self.correlator.whole(&decoded, Place::Path) {
                path.extend(&in_url(&Text::code(&variable), &decoded));
                outline.push_str(&format!("{{{variable}}}"));
                varies = true;
                continue;
            }
            let text = match self.secret_segment(segment, &decoded) {
                Some(text) => text,
                None => self.correlator.text(segment, Place::Within),
            };
            match is_variable(&decoded) || text.as_literal().is_none() {
                true => outline.push_str("{id}"),
                false => outline.push_str(segment),
            }
            varies |= is_variable(&decoded) || text.as_literal().is_none();
            path.extend(&text);
            self.sent(&decoded, "");
        }
        let mut made = Url {
            base,
            path,
            query: Vec::new(),
        };
        for pair in url.query().unwrap_or_default().split('&') {
            if pair.is_empty() {
                continue;
            }
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            };
            let plain = decode(name);
            let value = value.map(|raw| {
                let decoded = decode(&raw.replace('+', " "));
                let text = self.value(&decoded, &plain);
                match text.as_literal() {
                    Some(_) => raw.into(),
                    None => in_url(&text, &decoded),
                }
            });
            made.query.push((name.into(), value));
        }
        (made, varies.then_some(outline))
    }

    /// A segment that is a token, or that carries a session: `list;jsessionid=0A1B`.
    fn secret_segment(&mut self, segment: &str, decoded: &str) -> Option<Text> {
        if is_jwt(decoded) {
            let secret = self.lifter.secret(decoded, "token", "in the path");
            return Some(Text::code(secret).in_url());
        }
        let (before, parameter) = segment.split_once(';')?;
        let (name, value) = parameter.split_once('=')?;
        let followed = self.correlator.text(value, Place::Within);
        if value.is_empty() || !is_secret_name(name) || followed.as_literal().is_none() {
            return None;
        }
        let mut text = Text::from(format!("{before};{name}="));
        let secret = self.lifter.secret(&decode(value), name, "in the path");
        text.extend(&Text::code(secret).in_url());
        Some(text)
    }

    /// A text that is sent as it is, with what is secret in it lifted.
    fn plain(&mut self, text: &str, kind: &str) -> Text {
        let mut made = Text::default();
        let mut at = 0;
        for secret in hidden::secrets(text, kind) {
            let before = text.get(at..secret.place.start).unwrap_or_default();
            made.extend(&self.correlator.text(before, Place::Within));
            let value = self.value(&secret.value, &secret.name);
            made.extend(&secret.written(&value));
            at = secret.place.end;
        }
        let rest = text.get(at..).unwrap_or_default();
        if at == 0 {
            return self.correlator.text(rest, Place::Within);
        }
        made.extend(&self.correlator.text(rest, Place::Within));
        made
    }

    fn header(&mut self, name: &str, value: &str, request: &mut Request) {
        let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
        if name == "authorization" && scheme.eq_ignore_ascii_case("basic") {
            let decoded = base64::engine::general_purpose::STANDARD.decode(credentials.trim());
            let decoded = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((user, password)) = decoded.as_deref().and_then(|d| d.split_once(':')) {
                let auth = self.basic(user, password);
                request.parameters.push(("auth".to_owned(), auth));
                return;
            }
        }
        let mut text = self.correlator.text(value, Place::Field(name));
        if text.as_literal().is_some() && (is_secret_name(name) || is_jwt(value)) {
            text = Text::default();
            if scheme.is_empty() {
                text.push_code(
                    self.lifter
                        .secret(value, name, &format!("the header {name}")),
                );
            } else {
                let known = if name == "authorization" {
                    "token"
                } else {
                    name
                };
                text.push(&format!("{scheme} "));
                text.push_code(self.lifter.secret(
                    credentials,
                    known,
                    &format!("of the header {name}"),
                ));
            }
        } else if text.as_literal().is_some() && is_uuid(value) {
            // A client makes these up for each request.
            text = Text::code("random::uuid()");
        }
        request.headers.push((name.to_owned(), text));
    }

    /// User and password as the parameter `auth`.
    pub fn basic(&mut self, user: &str, password: &str) -> Value {
        let user = self.lifter.open(user, "user", "who signs in");
        let password = self
            .lifter
            .secret(password, "password", "the user's password");
        Value::map([
            ("user", Value::Code(user)),
            ("password", Value::Code(password)),
        ])
    }

    /// A value of a field: followed, lifted, or as it is.
    fn value(&mut self, value: &str, name: &str) -> Text {
        let text = self.correlator.text(value, Place::Field(name));
        if text.as_literal().is_none() || value.is_empty() {
            return text;
        }
        if is_secret_name(name) || is_jwt(value) {
            let meaning = format!("the field {name}");
            return Text::code(self.lifter.secret(value, name, &meaning));
        }
        self.sent(value, name);
        text
    }

    /// Notes what the client came up with.
    fn sent(&mut self, value: &str, name: &str) {
        self.correlator.sent(value);
        let what = match value {
            value if is_date(value) => "a date",
            value if is_uuid(value) => "an id",
            _ => return,
        };
        let value = value.to_owned();
        if self.noted.len() < MOST_NOTES && !self.noted.contains(&value) {
            let place = match name {
                "" => String::new(),
                name => format!(" in {name}"),
            };
            self.notes
                .push(format!("TODO: {value}{place} is {what} of the recording."));
            self.noted.push(value);
        }
    }

    fn body(&mut self, exchange: &Exchange) -> Body {
        match &exchange.body {
            Sent::Nothing => Body::None,
            Sent::Lost(why) => {
                self.notes
                    .push(format!("TODO: the body is missing, {why}."));
                Body::None
            }
            Sent::Bytes(bytes) => Body::Bytes(bytes.clone()),
            Sent::Form(fields) => Body::Form(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.value(value, name)))
                    .collect(),
            ),
            Sent::Multipart(parts) => Body::Multipart(
                parts
                    .iter()
                    .map(|part| (part.name.clone(), self.part(part)))
                    .collect(),
            ),
            Sent::Text(text) => {
                let kind = exchange.header("content-type").unwrap_or_default();
                if kind.contains("json")
                    && let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
                {
                    let is_deep =
                        Value::from(json.clone()).depth() > crate::convert::emit::deepest(1);
                    if !is_deep {
                        return Body::Json(self.json(json, ""));
                    }
                }
                Body::Text(self.plain(text, kind))
            }
        }
    }

    fn part(&mut self, part: &Part) -> Field {
        match &part.file {
            None => Field::Text(self.value(&part.value, &part.name)),
            Some(file) => {
                if part.value.is_empty() {
                    self.notes.push(format!(
                        "TODO: the content of {file} was not recorded; http::file(\"{file}\") reads it from beside the script."
                    ));
                }
                Field::Content {
                    content: part.value.as_str().into(),
                    name: file.clone(),
                    content_type: match part.content_type.as_str() {
                        "" => "application/octet-stream".to_owned(),
                        kind => kind.to_owned(),
                    },
                }
            }
        }
    }

    fn json(&mut self, value: serde_json::Value, key: &str) -> Value {
        use serde_json::Value as Json;
        match value {
            Json::Object(map) => Value::Map(
                map.into_iter()
                    .map(|(name, item)| {
                        let item = self.json(item, &name);
                        (name, item)
                    })
                    .collect(),
            ),
            Json::Array(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.json(item, &singular(key)))
                    .collect(),
            ),
            Json::String(text) if key == "query" && hidden::is_graphql(&text) => {
                Value::Text(self.plain(&text, hidden::GRAPHQL))
            }
            Json::String(text) => Value::Text(self.value(&text, key)),
            Json::Number(number) => {
                match self
                    .correlator
                    .whole(&number.to_string(), Place::Field(key))
                {
                    Some(variable) => Value::Code(variable),
                    None if is_secret_number(key) => {
                        let meaning = format!("the field {key}");
                        let secret = self.lifter.secret(&number.to_string(), key, &meaning);
                        Value::Code(format!("parse_json({secret})"))
                    }
                    None => Value::Number(number),
                }
            }
            other => other.into(),
        }
    }
}

/// The thing that a URL is about: `reservation` of `/api/v1/reservations/17/`.
pub fn noun(url: &url::Url) -> String {
    let mut words = url.path().split('/').filter(|segment| {
        segment.bytes().any(|b| b.is_ascii_alphabetic()) && !is_variable(segment)
    });
    let last = words.next_back().unwrap_or_default();
    singular(last.split('.').next().unwrap_or_default())
}

/// What a GraphQL request is called.
fn operation(exchange: &Exchange) -> Option<String> {
    let Sent::Text(text) = &exchange.body else {
        return None;
    };
    if !text.contains("\"operationName\"") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(text).ok()?;
    let name = body.get("operationName")?.as_str()?;
    (!name.is_empty()).then(|| format!("graphql {name}"))
}

/// Whether it can be sent at all.
fn is_header(name: &str, value: &str) -> bool {
    http::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && http::HeaderValue::from_str(value).is_ok()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A text in a URL; its expressions are escaped only where the recorded value needed it.
fn in_url(text: &Text, recorded: &str) -> Text {
    if escape_url(recorded) != recorded {
        return text.in_url();
    }
    let mut made = Text::default();
    for part in text.parts() {
        match part {
            TextPart::Literal(literal) => made.push(&escape_url(literal)),
            // What is lifted can be anything.
            TextPart::Code(code) if code.starts_with("global::") => {
                made.push_code(format!("encoding::url({code})"));
            }
            TextPart::Code(code) => made.push_code(code.clone()),
        }
    }
    made
}
