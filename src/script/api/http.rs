//! `http`: requests.

use std::pin::pin;

use ::http::Method;
use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, Map, NativeCallContext};

use super::files::{self, File, Prepared};
use super::http_batch::{entry_of, send_all};
use super::http_params::{self, Recording};
use super::response::ScriptResponse;
use super::{Fallible, error, placed, virtual_user, waiting};
use crate::http::{Request, Response};
use crate::vu::{RequestObserver, Vu};

/// A request with how it is recorded, ready to go.
pub struct Ready {
    pub request: Request,
    recording: Recording,
}

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

pub async fn send(vu: &Vu, mut ready: Ready) -> Response {
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

pub fn method_of(name: &str) -> Fallible<Method> {
    match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
        Ok(method) => Ok(method),
        Err(_) => error(format!("`{name}` is not an HTTP method")),
    }
}

#[export_module]
pub mod http_module {
    /// GET.
    #[rhai_fn(return_raw)]
    pub fn get(
        context: NativeCallContext,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::GET, url, Dynamic::UNIT, None))
    }

    /// GET with parameters: name, headers, tags, timeout, redirects, auth, cookies, expected_statuses, discard_body.
    #[rhai_fn(name = "get", return_raw)]
    pub fn get_with(
        context: NativeCallContext,
        url: &str,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || {
            call(Method::GET, url, Dynamic::UNIT, Some(&params))
        })
    }

    /// HEAD.
    #[rhai_fn(return_raw)]
    pub fn head(
        context: NativeCallContext,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::HEAD, url, Dynamic::UNIT, None))
    }

    /// HEAD with parameters.
    #[rhai_fn(name = "head", return_raw)]
    pub fn head_with(
        context: NativeCallContext,
        url: &str,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || {
            call(Method::HEAD, url, Dynamic::UNIT, Some(&params))
        })
    }

    /// OPTIONS.
    #[rhai_fn(return_raw)]
    pub fn options(
        context: NativeCallContext,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::OPTIONS, url, Dynamic::UNIT, None))
    }

    /// OPTIONS with parameters.
    #[rhai_fn(name = "options", return_raw)]
    pub fn options_with(
        context: NativeCallContext,
        url: &str,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || {
            call(Method::OPTIONS, url, Dynamic::UNIT, Some(&params))
        })
    }

    /// DELETE.
    #[rhai_fn(return_raw)]
    pub fn delete(
        context: NativeCallContext,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::DELETE, url, Dynamic::UNIT, None))
    }

    /// DELETE with a body (`()` for none).
    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_body(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::DELETE, url, body, None))
    }

    /// DELETE with a body (`()` for none) and parameters.
    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_with(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::DELETE, url, body, Some(&params)))
    }

    /// POST. A map or list is sent as JSON, a text or blob as it is, a form or file with its content type.
    #[rhai_fn(return_raw)]
    pub fn post(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::POST, url, body, None))
    }

    /// POST with parameters.
    #[rhai_fn(name = "post", return_raw)]
    pub fn post_with(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::POST, url, body, Some(&params)))
    }

    /// POST without a body.
    #[rhai_fn(name = "post", return_raw)]
    pub fn post_empty(
        context: NativeCallContext,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::POST, url, Dynamic::UNIT, None))
    }

    /// PUT.
    #[rhai_fn(return_raw)]
    pub fn put(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::PUT, url, body, None))
    }

    /// PUT with parameters.
    #[rhai_fn(name = "put", return_raw)]
    pub fn put_with(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::PUT, url, body, Some(&params)))
    }

    /// PATCH.
    #[rhai_fn(return_raw)]
    pub fn patch(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::PATCH, url, body, None))
    }

    /// PATCH with parameters.
    #[rhai_fn(name = "patch", return_raw)]
    pub fn patch_with(
        context: NativeCallContext,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(Method::PATCH, url, body, Some(&params)))
    }

    /// Any method.
    #[rhai_fn(return_raw)]
    pub fn request(
        context: NativeCallContext,
        method: &str,
        url: &str,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || {
            call(method_of(method)?, url, Dynamic::UNIT, None)
        })
    }

    /// Any method with a body.
    #[rhai_fn(name = "request", return_raw)]
    pub fn request_body(
        context: NativeCallContext,
        method: &str,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || call(method_of(method)?, url, body, None))
    }

    /// Any method with a body and parameters.
    #[rhai_fn(name = "request", return_raw)]
    pub fn request_with(
        context: NativeCallContext,
        method: &str,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        placed(&context, || {
            call(method_of(method)?, url, body, Some(&params))
        })
    }

    /// Sends several requests at once: URLs, [method, url, body, params], or #{ method, url, body, params }.
    /// Gives the responses in the same order. The options `batch` and `batch_per_host` limit how many are in flight.
    #[rhai_fn(name = "batch", return_raw)]
    pub fn batch(context: NativeCallContext, requests: Array) -> Result<Array, Box<EvalAltResult>> {
        placed(&context, || {
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
        })
    }

    /// Sends several named requests at once; gives a map of the responses under the same names.
    #[rhai_fn(name = "batch", return_raw)]
    pub fn batch_named(
        context: NativeCallContext,
        requests: Map,
    ) -> Result<Map, Box<EvalAltResult>> {
        placed(&context, || {
            let vu = virtual_user("http::batch")?;
            let ready = requests
                .values()
                .map(|entry| entry_of(&vu, entry))
                .collect::<Fallible<Vec<_>>>()?;
            let answers = waiting(send_all(&vu, ready))?;
            let named = requests.into_keys().zip(answers);
            Ok(named
                .map(|(name, response)| (name, Dynamic::from(ScriptResponse::new(response))))
                .collect())
        })
    }

    /// A body as an HTML form sends it: http::post(url, http::form(#{ user: "qa" })).
    pub fn form(fields: Map) -> Prepared {
        files::form(&fields)
    }

    /// A multipart body; its files come from http::file.
    #[rhai_fn(return_raw)]
    pub fn multipart(
        context: NativeCallContext,
        fields: Map,
    ) -> Result<Prepared, Box<EvalAltResult>> {
        placed(&context, || files::multipart_of(&fields))
    }

    /// A file of the script's folder, for a multipart body or as a body of its own.
    #[rhai_fn(return_raw)]
    pub fn file(context: NativeCallContext, path: &str) -> Result<File, Box<EvalAltResult>> {
        placed(&context, || files::file(path))
    }

    /// Bytes or a text as a file of a multipart body.
    #[rhai_fn(name = "file", return_raw)]
    pub fn file_of(
        context: NativeCallContext,
        content: Dynamic,
        name: &str,
        content_type: &str,
    ) -> Result<File, Box<EvalAltResult>> {
        placed(&context, || {
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
        })
    }

    /// The cookies that a request to this URL would carry.
    #[rhai_fn(return_raw)]
    pub fn cookies(context: NativeCallContext, url: &str) -> Result<Map, Box<EvalAltResult>> {
        placed(&context, || {
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
        })
    }

    /// Sets a cookie as a server would: http::set_cookie(url, "theme=dark; Path=/").
    #[rhai_fn(return_raw)]
    pub fn set_cookie(
        context: NativeCallContext,
        url: &str,
        cookie: &str,
    ) -> Result<(), Box<EvalAltResult>> {
        placed(&context, || {
            let vu = virtual_user("http::set_cookie")?;
            let target = vu
                .worker
                .client
                .target(url)
                .or_else(|why| error(why.message()))?;
            let result = vu.session.jar().borrow_mut().set(&target.url, cookie);
            result.or_else(error)
        })
    }

    /// Forgets all cookies of this virtual user.
    #[rhai_fn(return_raw)]
    pub fn clear_cookies(context: NativeCallContext) -> Result<(), Box<EvalAltResult>> {
        placed(&context, || {
            virtual_user("http::clear_cookies")?
                .session
                .jar()
                .borrow_mut()
                .clear();
            Ok(())
        })
    }
}
