//! `http`: requests.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use ::http::Method;
use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map};

use super::files::{self, File, Prepared};
use super::http_params::{self, Recording};
use super::response::ScriptResponse;
use super::{Fallible, error, virtual_user, waiting};
use crate::http::{Request, Response};
use crate::vu::{RequestObserver, Vu};

/// A request with how it is recorded, ready to go.
struct Ready {
    request: Request,
    recording: Recording,
}

fn prepare(
    vu: &Vu,
    method: Method,
    url: &str,
    body: Dynamic,
    params: Option<&Map>,
) -> Fallible<Ready> {
    let target = match vu.worker.client.target(url) {
        Ok(target) => target,
        // A wrong URL is the script's mistake, not the network's.
        Err(why) => return error(why.message()),
    };
    let mut request = Request::new(method, target);
    if !body.is_unit() {
        request.body = files::body_of(body)?;
    }
    let recording = match params {
        Some(params) => http_params::apply(params, &mut request, vu)?,
        None => Recording::plain(vu),
    };
    Ok(Ready { request, recording })
}

async fn send(vu: &Vu, mut ready: Ready) -> Response {
    let observer = RequestObserver {
        vu,
        name: ready.recording.name,
        tags: ready.recording.tags,
    };
    vu.session
        .send(&vu.worker.client, &mut ready.request, &observer)
        .await
}

fn call(
    method: Method,
    url: &str,
    body: Dynamic,
    params: Option<&Map>,
) -> Fallible<ScriptResponse> {
    let vu = virtual_user("http")?;
    let ready = prepare(&vu, method, url, body, params)?;
    // Pinned here, so that a large future is not moved from hand to hand.
    let response = waiting(pin!(send(&vu, ready)))?;
    Ok(ScriptResponse::new(response))
}

fn method_of(name: &str) -> Fallible<Method> {
    match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
        Ok(method) => Ok(method),
        Err(_) => error(format!("`{name}` is not an HTTP method")),
    }
}

/// One entry of a batch: a URL, [method, url, body, params], or a map of these.
fn entry_of(vu: &Vu, entry: &Dynamic) -> Fallible<Ready> {
    if let Some(url) = entry.read_lock::<ImmutableString>() {
        return prepare(vu, Method::GET, &url, Dynamic::UNIT, None);
    }
    if let Some(list) = entry.read_lock::<Array>() {
        let text = |index: usize| list.get(index).map(ToString::to_string);
        let (Some(method), Some(url)) = (text(0), text(1)) else {
            return error("an entry of http::batch needs a method and a URL: [\"GET\", url]");
        };
        let body = list.get(2).cloned().unwrap_or(Dynamic::UNIT);
        let params = list
            .get(3)
            .and_then(|params| params.read_lock::<Map>().map(|map| map.clone()));
        return prepare(vu, method_of(&method)?, &url, body, params.as_ref());
    }
    if let Some(map) = entry.read_lock::<Map>() {
        let Some(url) = map.get("url") else {
            return error("an entry of http::batch needs a `url`");
        };
        let method = map
            .get("method")
            .map_or_else(|| "GET".to_owned(), ToString::to_string);
        let body = map.get("body").cloned().unwrap_or(Dynamic::UNIT);
        let params = map
            .get("params")
            .and_then(|params| params.read_lock::<Map>().map(|map| map.clone()));
        return prepare(
            vu,
            method_of(&method)?,
            &url.to_string(),
            body,
            params.as_ref(),
        );
    }
    error(format!(
        "an entry of http::batch is a URL, a list or a map, not {}",
        entry.type_name()
    ))
}

/// Sends requests in parallel, at most so many at once and so many to one host; answers in the order of the requests.
async fn send_all(vu: &Vu, entries: Vec<Ready>) -> Vec<Response> {
    let settings = vu.worker.client.settings();
    let (limit, per_host) = (settings.batch, settings.batch_per_host);
    let mut answers: Vec<Option<Response>> = entries.iter().map(|_| None).collect();
    let mut waiting: VecDeque<(usize, Ready)> = entries.into_iter().enumerate().collect();
    let mut busy: HashMap<Rc<str>, usize> = HashMap::new();
    type Running<'a> = (usize, Rc<str>, Pin<Box<dyn Future<Output = Response> + 'a>>);
    let mut running: Vec<Running<'_>> = Vec::new();
    std::future::poll_fn(|cx| {
        loop {
            while running.len() < limit {
                let free = |(_, ready): &(usize, Ready)| {
                    busy.get(&ready.request.target.authority)
                        .is_none_or(|n| *n < per_host)
                };
                let Some(at) = waiting.iter().position(free) else {
                    break;
                };
                let Some((index, ready)) = waiting.remove(at) else {
                    break;
                };
                let host = ready.request.target.authority.clone();
                *busy.entry(host.clone()).or_default() += 1;
                running.push((index, host, Box::pin(send(vu, ready))));
            }
            // All are polled each time: they share the user's one timer, so each must look at its own deadline.
            let mut finished = false;
            running.retain_mut(|(index, host, future)| match future.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(response) => {
                    answers[*index] = Some(response);
                    if let Some(count) = busy.get_mut(host) {
                        *count -= 1;
                    }
                    finished = true;
                    false
                }
            });
            if running.is_empty() && waiting.is_empty() {
                return Poll::Ready(());
            }
            if !finished {
                return Poll::Pending;
            }
        }
    })
    .await;
    answers.into_iter().flatten().collect()
}

#[export_module(manifest)]
pub mod http_module {
    /// Sends a GET request.
    #[rhai_fn(return_raw)]
    pub fn get(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::GET, url, Dynamic::UNIT, None)
    }

    #[rhai_fn(name = "get", return_raw)]
    pub fn get_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::GET, url, Dynamic::UNIT, Some(&params))
    }

    /// Sends a HEAD request.
    #[rhai_fn(return_raw)]
    pub fn head(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::HEAD, url, Dynamic::UNIT, None)
    }

    #[rhai_fn(name = "head", return_raw)]
    pub fn head_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::HEAD, url, Dynamic::UNIT, Some(&params))
    }

    /// Sends an OPTIONS request.
    #[rhai_fn(return_raw)]
    pub fn options(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::OPTIONS, url, Dynamic::UNIT, None)
    }

    #[rhai_fn(name = "options", return_raw)]
    pub fn options_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::OPTIONS, url, Dynamic::UNIT, Some(&params))
    }

    /// Sends a DELETE request; `()` for no body.
    #[rhai_fn(return_raw)]
    pub fn delete(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, Dynamic::UNIT, None)
    }

    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_body(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, body, None)
    }

    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, body, Some(&params))
    }

    #[rhai_fn(return_raw)]
    pub fn post(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, body, None)
    }

    #[rhai_fn(name = "post", return_raw)]
    pub fn post_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, body, Some(&params))
    }

    /// Sends a POST request. A map or list goes as JSON, a text or blob as it is, a form or file with its content type.
    #[rhai_fn(name = "post", return_raw)]
    pub fn post_empty(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, Dynamic::UNIT, None)
    }

    /// Sends a PUT request, with a body as for `http::post`.
    #[rhai_fn(return_raw)]
    pub fn put(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PUT, url, body, None)
    }

    #[rhai_fn(name = "put", return_raw)]
    pub fn put_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PUT, url, body, Some(&params))
    }

    /// Sends a PATCH request, with a body as for `http::post`.
    #[rhai_fn(return_raw)]
    pub fn patch(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PATCH, url, body, None)
    }

    #[rhai_fn(name = "patch", return_raw)]
    pub fn patch_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PATCH, url, body, Some(&params))
    }

    /// Sends a request with any method, and a body as for `http::post`.
    #[rhai_fn(return_raw)]
    pub fn request(method: &str, url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, Dynamic::UNIT, None)
    }

    #[rhai_fn(name = "request", return_raw)]
    pub fn request_body(
        method: &str,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, body, None)
    }

    #[rhai_fn(name = "request", return_raw)]
    pub fn request_with(
        method: &str,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, body, Some(&params))
    }

    /// Sends several requests at once: a list of URLs, `[method, url, body, params]` or `#{ method, url, body, params }`
    /// gives a list of responses in the same order. The options `batch` and `batch_per_host` limit how many are in flight.
    #[rhai_fn(name = "batch", return_raw)]
    pub fn batch(requests: Array) -> Result<Array, Box<EvalAltResult>> {
        let vu = virtual_user("http::batch")?;
        let ready = requests
            .iter()
            .map(|entry| entry_of(&vu, entry))
            .collect::<Fallible<Vec<_>>>()?;
        let answers = waiting(send_all(&vu, ready))?;
        Ok(answers
            .into_iter()
            .map(|response| Dynamic::from(ScriptResponse::new(response)))
            .collect())
    }

    /// Sends several named requests at once: a map of them gives a map of responses under the same names.
    #[rhai_fn(name = "batch", return_raw)]
    pub fn batch_named(named: Map) -> Result<Map, Box<EvalAltResult>> {
        let vu = virtual_user("http::batch")?;
        let ready = named
            .values()
            .map(|entry| entry_of(&vu, entry))
            .collect::<Fallible<Vec<_>>>()?;
        let answers = waiting(send_all(&vu, ready))?;
        let answered = named.into_keys().zip(answers);
        Ok(answered
            .map(|(name, response)| (name, Dynamic::from(ScriptResponse::new(response))))
            .collect())
    }

    /// A body as an HTML form sends it: `http::post(url, http::form(#{ user: "qa" }))`.
    pub fn form(fields: Map) -> Prepared {
        files::form(&fields)
    }

    /// A multipart body, as a form with files sends it; its files come from `http::file`.
    #[rhai_fn(return_raw)]
    pub fn multipart(fields: Map) -> Result<Prepared, Box<EvalAltResult>> {
        files::multipart_of(&fields)
    }

    /// A file below the script's folder, as a part of a multipart body or as a body of its own. Read once per worker.
    #[rhai_fn(return_raw)]
    pub fn file(path: &str) -> Result<File, Box<EvalAltResult>> {
        files::file(path)
    }

    /// Text or bytes made by the script, as a file of a multipart body.
    #[rhai_fn(name = "file", return_raw)]
    pub fn file_of(
        content: Dynamic,
        name: &str,
        content_type: &str,
    ) -> Result<File, Box<EvalAltResult>> {
        let bytes = match content.read_lock::<Blob>() {
            Some(blob) => bytes::Bytes::copy_from_slice(&blob),
            None => content.to_string().into(),
        };
        let part = crate::http::FilePart {
            bytes,
            file_name: name.to_owned(),
            content_type: content_type.to_owned(),
        };
        Ok(File(part))
    }

    /// The cookies that a request to this URL would carry.
    #[rhai_fn(return_raw)]
    pub fn cookies(url: &str) -> Result<Map, Box<EvalAltResult>> {
        let vu = virtual_user("http::cookies")?;
        let target = vu
            .worker
            .client
            .target(url)
            .or_else(|why| error(why.message()))?;
        let jar = vu.session.jar().borrow();
        Ok(jar
            .matching(&target.url)
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect())
    }

    /// Sets a cookie as a server would: `http::set_cookie(url, "theme=dark; Path=/")`.
    #[rhai_fn(return_raw)]
    pub fn set_cookie(url: &str, cookie: &str) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("http::set_cookie")?;
        let target = vu
            .worker
            .client
            .target(url)
            .or_else(|why| error(why.message()))?;
        let result = vu.session.jar().borrow_mut().set(&target.url, cookie);
        result.or_else(error)
    }

    /// Forgets all cookies of this virtual user.
    #[rhai_fn(return_raw)]
    pub fn clear_cookies() -> Result<(), Box<EvalAltResult>> {
        virtual_user("http::clear_cookies")?
            .session
            .jar()
            .borrow_mut()
            .clear();
        Ok(())
    }
}
