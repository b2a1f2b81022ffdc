//! `http`: requests.

use std::cell::RefCell;
use std::pin::pin;
use std::time::Instant;

use ::http::Method;
use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, Map};

use super::files::{self, File, Prepared};
use super::http_batch::{entry_of, send_all};
use super::http_params::{self, Recording};
use super::http_shown;
use super::http_tapped;
use super::http_traced;
use super::response::ScriptResponse;
use super::{Fallible, error, virtual_user, waiting};
use crate::http::{Request, Response};
use crate::vu::{RequestObserver, Vu};

/// A request with how it is recorded, ready to go.
pub struct Ready {
    pub request: Request,
    pub recording: Recording,
}

/// A request as a script describes it.
pub fn prepare(
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

/// Sends it on the virtual user's session.
pub async fn send(vu: &Vu, mut ready: Ready) -> Response {
    if vu.worker.run.hooks.is_used() {
        vu.sent.note(Instant::now());
    }
    if vu.worker.run.tap.is_some() {
        return Box::pin(http_tapped::send(vu, ready)).await;
    }
    if let Some(tracing) = &vu.worker.run.tracing
        && let Some(context) = http_traced::mark(vu, tracing, &mut ready.request)
    {
        return Box::pin(http_traced::send(vu, ready, context)).await;
    }
    let observer = RequestObserver {
        vu,
        name: ready.recording.name,
        tags: ready.recording.tags,
        unexplained: RefCell::default(),
    };
    let response = vu
        .session
        .send(&vu.worker.client, &mut ready.request, &observer)
        .await;
    if let Some(key) = observer.unexplained.take() {
        http_shown::explain(vu, &key, &ready.request, &response);
    }
    response
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

/// The method of that name.
pub fn method_of(name: &str) -> Fallible<Method> {
    match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
        Ok(method) => Ok(method),
        Err(_) => error(format!("`{name}` is not an HTTP method")),
    }
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
    /// gives a list of responses in the same order. With `delay` in its map, a request begins so long after the others. The options
    /// `batch` and `batch_per_host` limit how many are in flight, those that have not begun yet among them.
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

    /// A multipart body, as a form with files sends it; its files come from `http::file`. A list is a field that comes more than once.
    #[rhai_fn(return_raw)]
    pub fn multipart(fields: Map) -> Result<Prepared, Box<EvalAltResult>> {
        files::multipart_of(&fields)
    }

    /// A file of the script's project, found from the script's folder, as a part of a multipart body or as a body of its own. Read once per worker.
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
