//! A response, as scripts see it.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map};
use scraper::Html;
use serde_json::Value;

use super::html::{self, Selection};
use super::{Fallible, error, json};
use crate::http::{Response, Timings};
use crate::script::convert;
use crate::secrets::mask_urls;
use crate::units;

/// A response; cheap to copy. What scripts look at is worked out when they look, once.
#[derive(Debug, Clone)]
pub struct ScriptResponse(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    response: Response,
    text: OnceCell<ImmutableString>,
    json: OnceCell<Option<Value>>,
    html: OnceCell<Rc<Html>>,
}

impl ScriptResponse {
    /// A response for a script.
    pub fn new(response: Response) -> Self {
        Self(Rc::new(Inner {
            response,
            text: OnceCell::new(),
            json: OnceCell::new(),
            html: OnceCell::new(),
        }))
    }

    fn get(&self) -> &Response {
        &self.0.response
    }

    /// The phases of its last hop.
    pub fn timings(&self) -> Timings {
        self.get().timings
    }

    fn body_text(&self) -> ImmutableString {
        self.0
            .text
            .get_or_init(|| {
                String::from_utf8_lossy(&self.get().body)
                    .into_owned()
                    .into()
            })
            .clone()
    }

    /// The body as JSON; `None` if it is none.
    fn value(&self) -> Option<&Value> {
        self.0
            .json
            .get_or_init(|| serde_json::from_slice(&self.get().body).ok())
            .as_ref()
    }

    fn document(&self) -> Fallible<Rc<Html>> {
        if let Some(known) = self.0.html.get() {
            return Ok(known.clone());
        }
        let document = Rc::new(html::parse(&self.body_text())?);
        Ok(self.0.html.get_or_init(|| document).clone())
    }
}

impl fmt::Display for ScriptResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let response = self.get();
        let request = format!("{} {}", response.method, response.target.url);
        let request = mask_urls(&request);
        match &response.error {
            Some(error) => write!(f, "Response({request}: {error})"),
            None => {
                let size = response.body.len();
                let bytes = if size == 1 { "byte" } else { "bytes" };
                let size = units::format_count(size as u64);
                write!(
                    f,
                    "Response({}, {request}, {size} {bytes})",
                    response.status
                )
            }
        }
    }
}

fn timings_map(timings: &Timings) -> Map {
    let ms = |nanoseconds: u64| Dynamic::from(nanoseconds as f64 / 1e6);
    [
        ("blocked", timings.blocked),
        ("looking_up", timings.looking_up),
        ("connecting", timings.connecting),
        ("tls_handshaking", timings.tls_handshaking),
        ("sending", timings.sending),
        ("waiting", timings.waiting),
        ("receiving", timings.receiving),
        ("duration", timings.duration()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), ms(value)))
    .collect()
}

/// What stands at a path of a body, if that is JSON.
pub fn at_path(body: Option<&Value>, path: &str) -> Fallible<Dynamic> {
    // A body without JSON has nothing at any path: a check on it is false, not an error.
    let Some(value) = body else {
        return Ok(Dynamic::UNIT);
    };
    if path.starts_with('$') {
        return match json::query(value, path) {
            Ok(found) => Ok(found
                .into_iter()
                .map(convert::from_json)
                .collect::<Array>()
                .into()),
            Err(why) => error(why),
        };
    }
    match json::pick(value, path) {
        Ok(found) => Ok(found.map_or(Dynamic::UNIT, convert::from_json)),
        Err(why) => error(why),
    }
}

#[export_module]
pub mod response_type {
    /// The status code; 0 when there was no response.
    #[rhai_fn(get = "status", pure)]
    pub fn status(response: &mut ScriptResponse) -> i64 {
        i64::from(response.get().status)
    }

    /// Whether the request went well: there is a response, and its status is one of the expected ones.
    #[rhai_fn(get = "ok", pure)]
    pub fn ok(response: &mut ScriptResponse) -> bool {
        response.get().error_code == 0
    }

    /// Headers by lower-case name; several of the same name are joined by ", ".
    #[rhai_fn(get = "headers", pure)]
    pub fn headers(response: &mut ScriptResponse) -> Map {
        let mut map = Map::new();
        response.get().headers.for_each(|name, value| {
            let value = String::from_utf8_lossy(value).into_owned();
            match map.get_mut(name) {
                Some(known) => *known = format!("{known}, {value}").into(),
                None => {
                    map.insert(name.into(), value.into());
                }
            }
        });
        map
    }

    /// One header's value by its name in any case; `()` if there is none.
    #[rhai_fn(name = "header", pure)]
    pub fn header(response: &mut ScriptResponse, name: &str) -> Dynamic {
        response
            .get()
            .headers
            .get(&name.to_ascii_lowercase())
            .map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// Names and values of the cookies that this response sets.
    #[rhai_fn(get = "cookies", pure)]
    pub fn cookies(response: &mut ScriptResponse) -> Map {
        let set = response.get().headers.get_all("set-cookie");
        set.iter()
            .filter_map(|text| text.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.trim().into(), value.trim().to_owned().into()))
            .collect()
    }

    /// The body as text.
    #[rhai_fn(get = "body", pure)]
    pub fn body(response: &mut ScriptResponse) -> ImmutableString {
        response.body_text()
    }

    /// The body as text.
    #[rhai_fn(name = "text", pure)]
    pub fn text(response: &mut ScriptResponse) -> ImmutableString {
        response.body_text()
    }

    /// The body as bytes.
    #[rhai_fn(name = "bytes", pure)]
    pub fn bytes(response: &mut ScriptResponse) -> Blob {
        response.get().body.to_vec()
    }

    /// The body's length in bytes, decompressed.
    #[rhai_fn(get = "size", pure)]
    pub fn size(response: &mut ScriptResponse) -> i64 {
        response.get().body.len() as i64
    }

    /// The body as JSON, or what stands in it at a path such as "rooms[0].id"; `()` if nothing does. A path that
    /// begins with `$` is a JSONPath and gives a list.
    #[rhai_fn(name = "json", pure)]
    pub fn json_all(response: &mut ScriptResponse) -> Dynamic {
        response.value().map_or(Dynamic::UNIT, convert::from_json)
    }

    #[rhai_fn(name = "json", return_raw, pure)]
    pub fn json_at(
        response: &mut ScriptResponse,
        path: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        at_path(response.value(), path)
    }

    /// The body as an HTML document, or the elements of it that a CSS selector finds.
    #[rhai_fn(name = "html", return_raw, pure)]
    pub fn html(response: &mut ScriptResponse) -> Result<Selection, Box<EvalAltResult>> {
        Ok(Selection::document(response.document()?))
    }

    #[rhai_fn(name = "html", return_raw, pure)]
    pub fn html_find(
        response: &mut ScriptResponse,
        selector: &str,
    ) -> Result<Selection, Box<EvalAltResult>> {
        Selection::document(response.document()?).find(selector)
    }

    /// How long each phase took, in milliseconds: blocked, looking_up, connecting, tls_handshaking, sending, waiting,
    /// receiving, and duration (sending + waiting + receiving).
    #[rhai_fn(get = "timings", pure)]
    pub fn timings(response: &mut ScriptResponse) -> Map {
        timings_map(&response.get().timings)
    }

    /// The URL that answered, after redirects.
    #[rhai_fn(get = "url", pure)]
    pub fn url(response: &mut ScriptResponse) -> String {
        response.get().target.url.to_string()
    }

    /// The request's method.
    #[rhai_fn(get = "method", pure)]
    pub fn method(response: &mut ScriptResponse) -> String {
        response.get().method.to_string()
    }

    /// The protocol: "HTTP/1.1" or "HTTP/2.0".
    #[rhai_fn(get = "proto", pure)]
    pub fn proto(response: &mut ScriptResponse) -> String {
        response.get().protocol.as_str().to_owned()
    }

    /// The address that answered; `()` if none did.
    #[rhai_fn(get = "remote_ip", pure)]
    pub fn remote_ip(response: &mut ScriptResponse) -> Dynamic {
        response
            .get()
            .remote
            .map_or(Dynamic::UNIT, |address| address.ip().to_string().into())
    }

    /// Why there is no usable response, as a sentence; `()` if there is one.
    #[rhai_fn(get = "error", pure)]
    pub fn error_message(response: &mut ScriptResponse) -> Dynamic {
        response
            .get()
            .error
            .as_ref()
            .map_or(Dynamic::UNIT, |error| error.message().to_owned().into())
    }

    /// The number of the error (k6's numbers), 1000 + status for an unexpected status, 0 for success.
    #[rhai_fn(get = "error_code", pure)]
    pub fn error_code(response: &mut ScriptResponse) -> i64 {
        i64::from(response.get().error_code)
    }

    #[rhai_fn(name = "to_string", pure)]
    pub fn to_text(response: &mut ScriptResponse) -> String {
        response.to_string()
    }

    #[rhai_fn(name = "to_debug", pure)]
    pub fn to_debug(response: &mut ScriptResponse) -> String {
        to_text(response)
    }
}
