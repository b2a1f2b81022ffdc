//! `mock`: the server that a test describes, and what it was asked.

use std::sync::Arc;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map};
use serde_json::Value;

use super::basics::duration_of;
use super::trial::current;
use super::{Fallible, error, json};
use crate::mock::{self, Answer, Condition, MAX_ROUTES, Mock, Pattern, check_header};
use crate::script::convert;
use crate::units::format_times;

/// A route of the test's mock; cheap to copy.
#[derive(Clone)]
pub struct Route {
    mock: Mock,
    number: usize,
}

/// A request that came.
#[derive(Clone)]
pub struct Call(Arc<mock::Call>);

fn pattern(method: &str, path: &str) -> Fallible<Pattern> {
    Pattern::parse(method, path).or_else(|why| error(why.to_string()))
}

/// A status, or why it cannot be answered.
fn status_of(status: i64) -> Fallible<u16> {
    match u16::try_from(status) {
        Ok(status) if (200..=599).contains(&status) => Ok(status),
        _ => error(format!(
            "a reply's status is a number from 200 to 599, not {status}"
        )),
    }
}

/// What is sent for a script's value, and the type that goes with it.
fn body_of(body: &Dynamic) -> Fallible<(bytes::Bytes, &'static str)> {
    if body.is_unit() {
        return Ok((bytes::Bytes::new(), ""));
    }
    if let Some(text) = body.read_lock::<ImmutableString>() {
        return Ok((text.to_string().into(), "text/plain; charset=utf-8"));
    }
    if let Some(blob) = body.read_lock::<Blob>() {
        return Ok((blob.to_vec().into(), "application/octet-stream"));
    }
    match convert::to_json(body) {
        Ok(value) => Ok((value.to_string().into(), "application/json")),
        Err(why) => error(format!("a reply's body is a map, a text or a blob: {why}")),
    }
}

fn headers_of(headers: &Map) -> Fallible<Vec<(String, String)>> {
    let mut all = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let values = match value.read_lock::<Array>() {
            Some(list) => list.iter().map(ToString::to_string).collect(),
            None => vec![value.to_string()],
        };
        for value in values {
            if let Err(why) = check_header(&name, &value) {
                return error(why);
            }
            all.push((name.clone(), value));
        }
    }
    Ok(all)
}

fn answer(status: i64, body: &Dynamic, headers: &Map) -> Fallible<Answer> {
    let (body, kind) = body_of(body)?;
    let mut headers = headers_of(headers)?;
    if !kind.is_empty() && !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    Ok(Answer {
        headers,
        body,
        ..Answer::empty(status_of(status)?)
    })
}

fn then(route: &Route, status: i64, body: &Dynamic, headers: &Map) -> Fallible<Route> {
    let answer = answer(status, body, headers)?;
    route.mock.then(route.number, answer);
    Ok(route.clone())
}

/// Changes the reply that was described last.
fn change(route: &Route, what: &str, change: impl FnOnce(&mut mock::Reply)) -> Fallible<Route> {
    if route.mock.change_last(route.number, change) {
        return Ok(route.clone());
    }
    error(format!(
        "`{what}` is about a reply, and the route has none yet\nhelp: write `.reply(200).{what}(…)`"
    ))
}

/// Whether all of a pattern's parts are in a value: of a map the keys it names, of a list all elements in order.
fn has(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| value.get(key).is_some_and(|value| has(value, wanted))),
        (Value::Array(value), Value::Array(wanted)) => {
            value.len() == wanted.len() && value.iter().zip(wanted).all(|(v, w)| has(v, w))
        }
        (Value::Number(value), Value::Number(wanted)) => {
            value == wanted || value.as_f64() == wanted.as_f64()
        }
        (value, wanted) => value == wanted,
    }
}

fn plain(value: &Dynamic) -> Fallible<Value> {
    convert::to_json(value).or_else(|why| error(why.to_string()))
}

fn list(calls: Vec<Arc<mock::Call>>) -> Array {
    calls
        .into_iter()
        .map(|call| Dynamic::from(Call(call)))
        .collect()
}

fn map_of(pairs: impl IntoIterator<Item = (String, String)>) -> Map {
    pairs
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// A log of calls, for an error about them.
fn log_of(mock: &Mock) -> String {
    const FEW: usize = 10;
    let calls = mock.calls();
    if calls.is_empty() {
        return "no request came".to_owned();
    }
    let shown: Vec<String> = calls.iter().take(FEW).map(|call| call.label()).collect();
    let more = match calls.len().saturating_sub(FEW) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("these came: {}{more}", shown.join(", "))
}

#[export_module(manifest)]
pub mod mock_module {
    /// Where the test's mock server listens, such as `http://127.0.0.1:43210`; `env("BASE_URL")` gives the same.
    #[rhai_fn(return_raw)]
    pub fn url() -> Result<String, Box<EvalAltResult>> {
        Ok(current("mock")?.mock.url().to_owned())
    }

    /// A route: `mock::on("GET", "/rooms/{id}").reply(200, #{ free: 3 })`. The method `"*"` is any; in the path `{name}` stands for a
    /// part between two slashes, `*` for any characters of a part and at the end for everything below; what follows a `?` must be in
    /// the query. Of several routes that fit a request the one that was described last answers, unless its replies are used up.
    #[rhai_fn(return_raw)]
    pub fn on(method: &str, path: &str) -> Result<Route, Box<EvalAltResult>> {
        let mock = current("mock")?.mock.clone();
        let pattern = pattern(method, path)?;
        match mock.add(pattern) {
            Some(number) => Ok(Route { mock, number }),
            None => error(format!("a test has {MAX_ROUTES} routes at most")),
        }
    }

    /// What came, answered or not, in its order; or what came of a method to a path, each written as for `on`.
    #[rhai_fn(name = "calls", return_raw)]
    pub fn calls() -> Result<Array, Box<EvalAltResult>> {
        Ok(list(current("mock")?.mock.calls()))
    }

    #[rhai_fn(name = "calls", return_raw)]
    pub fn calls_of(method: &str, path: &str) -> Result<Array, Box<EvalAltResult>> {
        let mut calls = current("mock")?.mock.calls();
        let pattern = pattern(method, path)?;
        calls.retain(|call| {
            let query = call.query();
            pattern.takes(&call.method)
                && pattern.params(&call.path).is_some()
                && pattern.query.iter().all(|pair| query.contains(pair))
        });
        Ok(list(calls))
    }

    /// Ends the test if a route was never called, or not as often as its replies say.
    #[rhai_fn(return_raw)]
    pub fn verify() -> Result<(), Box<EvalAltResult>> {
        let mock = current("mock")?.mock.clone();
        let unused = mock.unused();
        if unused.is_empty() {
            return Ok(());
        }
        error(format!("{}\nhelp: {}", unused.join("\n"), log_of(&mock)))
    }
}

#[export_module]
pub mod mock_types {
    /// Answers with a status, a body (a map or list is sent as JSON, a text as plain text, a blob as it is) and headers. Of
    /// several replies each is given once, in their order, and the last one from then on.
    #[rhai_fn(name = "reply", name = "then", return_raw, pure)]
    pub fn reply_status(route: &mut Route, status: i64) -> Result<Route, Box<EvalAltResult>> {
        then(route, status, &Dynamic::UNIT, &Map::new())
    }

    #[rhai_fn(name = "reply", name = "then", return_raw, pure)]
    pub fn reply_body(
        route: &mut Route,
        status: i64,
        body: Dynamic,
    ) -> Result<Route, Box<EvalAltResult>> {
        then(route, status, &body, &Map::new())
    }

    #[rhai_fn(name = "reply", name = "then", return_raw, pure)]
    pub fn reply_headers(
        route: &mut Route,
        status: i64,
        body: Dynamic,
        headers: Map,
    ) -> Result<Route, Box<EvalAltResult>> {
        then(route, status, &body, &headers)
    }

    /// Closes the connection instead of answering.
    #[rhai_fn(name = "drop", return_raw, pure)]
    pub fn drop_connection(route: &mut Route) -> Result<Route, Box<EvalAltResult>> {
        route.mock.then(route.number, Answer::dropped());
        Ok(route.clone())
    }

    /// How often the reply before it is given. A route whose last reply is counted answers no more after it.
    #[rhai_fn(name = "times", return_raw, pure)]
    pub fn reply_times(route: &mut Route, count: i64) -> Result<Route, Box<EvalAltResult>> {
        match u64::try_from(count) {
            Ok(count) if count > 0 => change(route, "times", |reply| reply.times = Some(count)),
            _ => error(format!("a reply is given once or more, not {count} times")),
        }
    }

    /// How long the reply before it takes. This is real time, unlike a sleep's.
    #[rhai_fn(name = "delay", return_raw, pure)]
    pub fn reply_delay(route: &mut Route, duration: Dynamic) -> Result<Route, Box<EvalAltResult>> {
        let delay = duration_of(&duration)?;
        change(route, "delay", |reply| reply.answer.delay = delay)
    }

    /// Only for requests with this in their query.
    #[rhai_fn(name = "query", return_raw, pure)]
    pub fn with_query(
        route: &mut Route,
        name: &str,
        value: Dynamic,
    ) -> Result<Route, Box<EvalAltResult>> {
        let value = value.to_string();
        route.mock.require_query(route.number, name, &value);
        Ok(route.clone())
    }

    /// Only for requests with this header; its name may be in any case.
    #[rhai_fn(name = "header", return_raw, pure)]
    pub fn with_header(
        route: &mut Route,
        name: &str,
        value: Dynamic,
    ) -> Result<Route, Box<EvalAltResult>> {
        let (name, value) = (name.to_ascii_lowercase(), value.to_string());
        let condition = Condition::new(move |call| match call.header(&name) {
            Some(given) if given == value => Ok(()),
            Some(given) => Err(format!("its header `{name}` is {given:?}, not {value:?}")),
            None => Err(format!("it has no header `{name}`")),
        });
        route.mock.require(route.number, condition);
        Ok(route.clone())
    }

    /// Only for requests whose JSON has this at a path such as "guest.name"; or, for a map alone, all that the map has.
    #[rhai_fn(name = "json", return_raw, pure)]
    pub fn with_json_at(
        route: &mut Route,
        path: &str,
        value: Dynamic,
    ) -> Result<Route, Box<EvalAltResult>> {
        let (path, wanted) = (path.to_owned(), plain(&value)?);
        let condition = Condition::new(move |call| {
            let Some(body) = call.json() else {
                return Err("its body is not JSON".to_owned());
            };
            match json::pick(body, &path) {
                Ok(Some(given)) if has(given, &wanted) => Ok(()),
                Ok(Some(given)) => Err(format!("its JSON has {given} at `{path}`, not {wanted}")),
                Ok(None) => Err(format!("its JSON has nothing at `{path}`")),
                Err(why) => Err(format!("it cannot be looked up: {why}")),
            }
        });
        route.mock.require(route.number, condition);
        Ok(route.clone())
    }

    #[rhai_fn(name = "json", return_raw, pure)]
    pub fn with_json(route: &mut Route, part: Dynamic) -> Result<Route, Box<EvalAltResult>> {
        let wanted = plain(&part)?;
        let condition = Condition::new(move |call| match call.json() {
            Some(body) if has(body, &wanted) => Ok(()),
            Some(_) => Err(format!("its JSON does not have all of {wanted}")),
            None => Err("its body is not JSON".to_owned()),
        });
        route.mock.require(route.number, condition);
        Ok(route.clone())
    }

    /// Only for requests with this text in their body.
    #[rhai_fn(name = "body", return_raw, pure)]
    pub fn with_text(route: &mut Route, part: &str) -> Result<Route, Box<EvalAltResult>> {
        let part = part.to_owned();
        let condition = Condition::new(move |call| match call.text().contains(&part) {
            true => Ok(()),
            false => Err(format!("its body does not contain {part:?}")),
        });
        route.mock.require(route.number, condition);
        Ok(route.clone())
    }

    /// How often the route has answered; with a number, ends the test if it was not as often.
    #[rhai_fn(name = "called", return_raw, pure)]
    pub fn called(route: &mut Route) -> Result<i64, Box<EvalAltResult>> {
        Ok(route.mock.calls_of(route.number).1 as i64)
    }

    #[rhai_fn(name = "called", return_raw, pure)]
    pub fn called_times(route: &mut Route, expected: i64) -> Result<(), Box<EvalAltResult>> {
        let (_, count) = route.mock.calls_of(route.number);
        if i64::try_from(count) == Ok(expected) {
            return Ok(());
        }
        let wanted = u64::try_from(expected).map_or_else(|_| expected.to_string(), format_times);
        error(format!(
            "{} was called {}, not {wanted}\nhelp: {}",
            route.mock.label(route.number),
            format_times(count),
            log_of(&route.mock)
        ))
    }

    /// What the route has answered, in its order.
    #[rhai_fn(name = "calls", pure)]
    pub fn route_calls(route: &mut Route) -> Array {
        list(route.mock.calls_of(route.number).0)
    }

    /// What the route answered last; ends the test if nothing came.
    #[rhai_fn(name = "last", return_raw, pure)]
    pub fn last(route: &mut Route) -> Result<Call, Box<EvalAltResult>> {
        match route.mock.calls_of(route.number).0.pop() {
            Some(call) => Ok(Call(call)),
            None => error(format!(
                "nobody called {}\nhelp: {}",
                route.mock.label(route.number),
                log_of(&route.mock)
            )),
        }
    }

    /// `GET`, `POST` and so on.
    #[rhai_fn(get = "method", pure)]
    pub fn method(call: &mut Call) -> String {
        call.0.method.clone()
    }

    /// The path, as it was sent, without the query.
    #[rhai_fn(get = "path", pure)]
    pub fn path(call: &mut Call) -> String {
        call.0.path.clone()
    }

    /// The query as a map of texts.
    #[rhai_fn(get = "query", pure)]
    pub fn query(call: &mut Call) -> Map {
        map_of(call.0.query())
    }

    /// What stood in the open places of the route's path: `{id}` is `call.params.id`.
    #[rhai_fn(get = "params", pure)]
    pub fn params(call: &mut Call) -> Map {
        map_of(call.0.params.clone())
    }

    /// Headers by lower-case name; several of the same name are joined by ", ".
    #[rhai_fn(get = "headers", pure)]
    pub fn headers(call: &mut Call) -> Map {
        let names = call.0.headers.iter().map(|(name, _)| name.clone());
        map_of(names.filter_map(|name| {
            let value = call.0.header(&name)?;
            Some((name, value))
        }))
    }

    /// One header's value by its name in any case; `()` if there is none.
    #[rhai_fn(name = "header", pure)]
    pub fn header(call: &mut Call, name: &str) -> Dynamic {
        let value = call.0.header(&name.to_ascii_lowercase());
        value.map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// The body as text.
    #[rhai_fn(get = "body", pure)]
    pub fn body(call: &mut Call) -> String {
        call.0.text()
    }

    /// The body as bytes.
    #[rhai_fn(name = "bytes", pure)]
    pub fn bytes(call: &mut Call) -> Blob {
        call.0.body.to_vec()
    }

    /// The status that it was answered with; 501 if nothing answers it, 0 if the connection was dropped.
    #[rhai_fn(get = "status", pure)]
    pub fn status(call: &mut Call) -> i64 {
        i64::from(call.0.status)
    }

    /// The body as JSON, or what stands in it at a path such as "guest.name"; `()` if nothing does.
    #[rhai_fn(name = "json", pure)]
    pub fn json_whole(call: &mut Call) -> Dynamic {
        call.0.json().map_or(Dynamic::UNIT, convert::from_json)
    }

    #[rhai_fn(name = "json", return_raw, pure)]
    pub fn json_at(call: &mut Call, path: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let Some(body) = call.0.json() else {
            return Ok(Dynamic::UNIT);
        };
        match json::pick(body, path) {
            Ok(found) => Ok(found.map_or(Dynamic::UNIT, convert::from_json)),
            Err(why) => error(why),
        }
    }

    /// The call in one line.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn call_text(call: &mut Call) -> String {
        format!("Call({}, {})", call.0.label(), call.0.status)
    }
}
