//! A webhook call, as scripts see it.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use rhai::plugin::*;
use rhai::{Blob, Dynamic, EvalAltResult, ImmutableString, Map};
use serde_json::Value;

use super::hook_params;
use super::response::at_path;
use crate::hooks;
use crate::script::convert;

/// A call; cheap to copy. What scripts look at is worked out when they look, once.
#[derive(Clone)]
pub struct Call(Rc<Inner>);

struct Inner {
    call: Arc<hooks::Call>,
    /// From its cause to its arrival, in nanoseconds.
    latency: Option<u64>,
    json: OnceCell<Option<Value>>,
}

impl Call {
    /// A call for a script. `latency`: from its cause to its arrival, in nanoseconds.
    pub fn new(call: Arc<hooks::Call>, latency: Option<u64>) -> Self {
        Self(Rc::new(Inner {
            call,
            latency,
            json: OnceCell::new(),
        }))
    }

    fn get(&self) -> &hooks::Call {
        &self.0.call
    }

    fn value(&self) -> Option<&Value> {
        let parse = || serde_json::from_slice(&self.get().body).ok();
        self.0.json.get_or_init(parse).as_ref()
    }
}

#[export_module]
pub mod call_type {
    /// The method, such as "POST".
    #[rhai_fn(get = "method", pure)]
    pub fn method(call: &mut Call) -> String {
        call.get().method.to_string()
    }

    /// What follows the inbox's URL in the path; "/" if nothing does.
    #[rhai_fn(get = "path", pure)]
    pub fn path(call: &mut Call) -> String {
        call.get().path.clone()
    }

    /// The parameters behind the `?`, decoded; of several with one name the last.
    #[rhai_fn(get = "query", pure)]
    pub fn query(call: &mut Call) -> Map {
        let query = call.get().query.as_deref().unwrap_or_default();
        ::url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.as_ref().into(), value.into_owned().into()))
            .collect()
    }

    /// Headers by lower-case name; several of the same name are joined by ", ".
    #[rhai_fn(get = "headers", pure)]
    pub fn headers(call: &mut Call) -> Map {
        let mut map = Map::new();
        for (name, value) in &call.get().headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match map.get_mut(name.as_str()) {
                Some(known) => *known = format!("{known}, {value}").into(),
                None => {
                    map.insert(name.as_str().into(), value.into());
                }
            }
        }
        map
    }

    /// One header's value by its name in any case; `()` if there is none.
    #[rhai_fn(name = "header", pure)]
    pub fn header(call: &mut Call, name: &str) -> Dynamic {
        match call.get().headers.get(name) {
            Some(value) => String::from_utf8_lossy(value.as_bytes())
                .into_owned()
                .into(),
            None => Dynamic::UNIT,
        }
    }

    /// The body as text.
    #[rhai_fn(get = "body", pure)]
    pub fn body(call: &mut Call) -> ImmutableString {
        String::from_utf8_lossy(&call.get().body)
            .into_owned()
            .into()
    }

    /// The body as text.
    #[rhai_fn(name = "text", pure)]
    pub fn text(call: &mut Call) -> ImmutableString {
        body(call)
    }

    /// The body as bytes.
    #[rhai_fn(name = "bytes", pure)]
    pub fn bytes(call: &mut Call) -> Blob {
        call.get().body.to_vec()
    }

    /// The body's length in bytes.
    #[rhai_fn(get = "size", pure)]
    pub fn size(call: &mut Call) -> i64 {
        call.get().body.len() as i64
    }

    /// The body as JSON, or what stands in it at a path such as "guest.name"; `()` if nothing does. A path that begins
    /// with `$` is a JSONPath and gives a list.
    #[rhai_fn(name = "json", pure)]
    pub fn json_all(call: &mut Call) -> Dynamic {
        call.value().map_or(Dynamic::UNIT, convert::from_json)
    }

    #[rhai_fn(name = "json", return_raw, pure)]
    pub fn json_at(call: &mut Call, path: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        at_path(call.value(), path)
    }

    /// When it had arrived whole: milliseconds since 1970.
    #[rhai_fn(get = "received_ms", pure)]
    pub fn received_ms(call: &mut Call) -> f64 {
        let since = call.get().arrived_at.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs_f64() * 1e3
    }

    /// Milliseconds from the start of what caused it to its arrival, as in `webhook_latency`; `()` if that is not known.
    #[rhai_fn(get = "latency", pure)]
    pub fn latency(call: &mut Call) -> Dynamic {
        match call.0.latency {
            Some(nanoseconds) => Dynamic::from(nanoseconds as f64 / 1e6),
            None => Dynamic::UNIT,
        }
    }

    /// How often the same event had come by then, from 1: times at which it was answered with an error count too.
    #[rhai_fn(get = "attempt", pure)]
    pub fn attempt(call: &mut Call) -> i64 {
        i64::from(call.get().attempt)
    }

    /// Whether the same event was taken before. Only an inbox with `keep_duplicates` gives such calls.
    #[rhai_fn(get = "duplicate", pure)]
    pub fn duplicate(call: &mut Call) -> bool {
        call.get().duplicate
    }

    /// Whether one with a later number in its `sequence` was taken before.
    #[rhai_fn(get = "out_of_order", pure)]
    pub fn out_of_order(call: &mut Call) -> bool {
        call.get().out_of_order
    }

    /// Why it was not taken, of a call in `refused`; `()` otherwise.
    #[rhai_fn(get = "error", pure)]
    pub fn error_message(call: &mut Call) -> Dynamic {
        call.get().refused.map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// The sender's address.
    #[rhai_fn(get = "remote_ip", pure)]
    pub fn remote_ip(call: &mut Call) -> String {
        call.get().remote.to_string()
    }

    /// Whether it is signed as a service signs, over the exact bytes of its body: `got.verified(#{ scheme: "github", secret: s })`.
    /// The map is that of `inbox.verify`.
    #[rhai_fn(name = "verified", return_raw, pure)]
    pub fn verified(call: &mut Call, scheme: Map) -> Result<bool, Box<EvalAltResult>> {
        let scheme = hook_params::scheme(&scheme)?;
        Ok(scheme.verify(call.get()).is_ok())
    }

    #[rhai_fn(name = "to_string", pure)]
    pub fn to_text(call: &mut Call) -> String {
        let call = call.get();
        format!(
            "Call({} {}, {} bytes)",
            call.method,
            call.path,
            call.body.len()
        )
    }

    #[rhai_fn(name = "to_debug", pure)]
    pub fn to_debug(call: &mut Call) -> String {
        to_text(call)
    }
}
