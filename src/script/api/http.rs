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
use crate::suggest::did_you_mean;
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

/// What the map of a batch's entry may hold.
const ENTRY_KEYS: [&str; 4] = ["url", "method", "body", "params"];

/// One entry of a batch: a URL, [method, url, body, params], or a map of these.
fn entry_of(vu: &Vu, entry: &Dynamic) -> Fallible<Ready> {
    if let Some(url) = entry.read_lock::<ImmutableString>() {
        return prepare(vu, Method::GET, &url, Dynamic::UNIT, None);
    }
    let mut parts: [Option<Dynamic>; 4] = [const { None }; 4];
    let [method, url, body, params] = &mut parts;
    if let Some(list) = entry.read_lock::<Array>() {
        let mut items = list.iter().cloned();
        for part in [&mut *method, &mut *url, body, params] {
            *part = items.next();
        }
        if method.is_none() || url.is_none() {
            return error("an entry of http::batch needs a method and a URL: [\"GET\", url]");
        }
        if items.next().is_some() {
            return error(
                "an entry of http::batch has at most four items: [method, url, body, params]",
            );
        }
    } else if let Some(map) = entry.read_lock::<Map>() {
        for (key, value) in map.iter() {
            match key.as_str() {
                "url" => *url = Some(value.clone()),
                "method" => *method = Some(value.clone()),
                "body" => *body = Some(value.clone()),
                "params" => *params = Some(value.clone()),
                unknown => return error(unknown_entry_key(unknown)),
            }
        }
        if url.is_none() {
            return error("an entry of http::batch needs a `url`");
        }
    } else {
        return error(format!(
            "an entry of http::batch is a URL, a list or a map, not {}",
            entry.type_name()
        ));
    }
    let [method, url, body, params] = parts;
    let method = match method.filter(|method| !method.is_unit()) {
        Some(method) => method_of(&method.to_string())?,
        None => Method::GET,
    };
    let url = url.unwrap_or_default();
    let Some(url) = url.read_lock::<ImmutableString>() else {
        return error(format!(
            "the URL of an entry of http::batch must be a string, not {}",
            url.type_name()
        ));
    };
    let params = match params.filter(|params| !params.is_unit()) {
        Some(params) => Some(http_params::map(&params, "params")?),
        None => None,
    };
    prepare(vu, method, &url, body.unwrap_or_default(), params.as_ref())
}

fn unknown_entry_key(key: &str) -> String {
    let help = if http_params::KEYS.contains(&key) {
        format!("it belongs into `params`: #{{ url, params: #{{ {key}: … }} }}")
    } else {
        did_you_mean(key, ENTRY_KEYS)
            .unwrap_or_else(|| format!("there are: {}", ENTRY_KEYS.join(", ")))
    };
    format!("unknown part `{key}` of an entry of http::batch\nhelp: {help}")
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

#[export_module]
pub mod http_module {
    /// GET.
    #[rhai_fn(return_raw)]
    pub fn get(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::GET, url, Dynamic::UNIT, None)
    }

    /// GET with parameters: name, headers, tags, timeout, redirects, auth, cookies, expected_statuses, discard_body.
    #[rhai_fn(name = "get", return_raw)]
    pub fn get_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::GET, url, Dynamic::UNIT, Some(&params))
    }

    /// HEAD.
    #[rhai_fn(return_raw)]
    pub fn head(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::HEAD, url, Dynamic::UNIT, None)
    }

    /// HEAD with parameters.
    #[rhai_fn(name = "head", return_raw)]
    pub fn head_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::HEAD, url, Dynamic::UNIT, Some(&params))
    }

    /// OPTIONS.
    #[rhai_fn(return_raw)]
    pub fn options(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::OPTIONS, url, Dynamic::UNIT, None)
    }

    /// OPTIONS with parameters.
    #[rhai_fn(name = "options", return_raw)]
    pub fn options_with(url: &str, params: Map) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::OPTIONS, url, Dynamic::UNIT, Some(&params))
    }

    /// DELETE.
    #[rhai_fn(return_raw)]
    pub fn delete(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, Dynamic::UNIT, None)
    }

    /// DELETE with a body (`()` for none).
    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_body(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, body, None)
    }

    /// DELETE with a body (`()` for none) and parameters.
    #[rhai_fn(name = "delete", return_raw)]
    pub fn delete_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::DELETE, url, body, Some(&params))
    }

    /// POST. A map or list is sent as JSON, a text or blob as it is, a form or file with its content type.
    #[rhai_fn(return_raw)]
    pub fn post(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, body, None)
    }

    /// POST with parameters.
    #[rhai_fn(name = "post", return_raw)]
    pub fn post_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, body, Some(&params))
    }

    /// POST without a body.
    #[rhai_fn(name = "post", return_raw)]
    pub fn post_empty(url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::POST, url, Dynamic::UNIT, None)
    }

    /// PUT.
    #[rhai_fn(return_raw)]
    pub fn put(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PUT, url, body, None)
    }

    /// PUT with parameters.
    #[rhai_fn(name = "put", return_raw)]
    pub fn put_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PUT, url, body, Some(&params))
    }

    /// PATCH.
    #[rhai_fn(return_raw)]
    pub fn patch(url: &str, body: Dynamic) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PATCH, url, body, None)
    }

    /// PATCH with parameters.
    #[rhai_fn(name = "patch", return_raw)]
    pub fn patch_with(
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(Method::PATCH, url, body, Some(&params))
    }

    /// Any method.
    #[rhai_fn(return_raw)]
    pub fn request(method: &str, url: &str) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, Dynamic::UNIT, None)
    }

    /// Any method with a body.
    #[rhai_fn(name = "request", return_raw)]
    pub fn request_body(
        method: &str,
        url: &str,
        body: Dynamic,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, body, None)
    }

    /// Any method with a body and parameters.
    #[rhai_fn(name = "request", return_raw)]
    pub fn request_with(
        method: &str,
        url: &str,
        body: Dynamic,
        params: Map,
    ) -> Result<ScriptResponse, Box<EvalAltResult>> {
        call(method_of(method)?, url, body, Some(&params))
    }

    /// Sends several requests at once: URLs, [method, url, body, params], or #{ method, url, body, params }.
    /// Gives the responses in the same order. The options `batch` and `batch_per_host` limit how many are in flight.
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

    /// Sends several named requests at once; gives a map of the responses under the same names.
    #[rhai_fn(name = "batch", return_raw)]
    pub fn batch_named(requests: Map) -> Result<Map, Box<EvalAltResult>> {
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
    }

    /// A body as an HTML form sends it: http::post(url, http::form(#{ user: "qa" })).
    pub fn form(fields: Map) -> Prepared {
        files::form(&fields)
    }

    /// A multipart body; its files come from http::file.
    #[rhai_fn(return_raw)]
    pub fn multipart(fields: Map) -> Result<Prepared, Box<EvalAltResult>> {
        files::multipart_of(&fields)
    }

    /// A file of the script's folder, for a multipart body or as a body of its own.
    #[rhai_fn(return_raw)]
    pub fn file(path: &str) -> Result<File, Box<EvalAltResult>> {
        files::file(path)
    }

    /// Bytes or a text as a file of a multipart body.
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

    /// Sets a cookie as a server would: http::set_cookie(url, "theme=dark; Path=/").
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
