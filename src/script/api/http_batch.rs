//! `http::batch`: several requests at once.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use ::http::Method;
use rhai::{Array, Dynamic, ImmutableString, Map};

use super::basics::duration_of;
use super::http::{Ready, method_of, prepare, send};
use super::{Fallible, error, http_params};
use crate::http::Response;
use crate::options::keys;
use crate::script::library::readable_type;
use crate::suggest::did_you_mean;
use crate::vu::Vu;

/// What the map of a batch's entry may hold.
const ENTRY_KEYS: [&str; 5] = ["url", "method", "body", "params", "delay"];

/// A request of a batch.
pub struct Entry {
    ready: Ready,
    /// How long after the others it begins.
    delay: Option<Duration>,
}

/// One entry of a batch: a URL, [method, url, body, params], or a map of these and a `delay`.
pub fn entry_of(vu: &Vu, entry: &Dynamic) -> Fallible<Entry> {
    if let Some(url) = entry.read_lock::<ImmutableString>() {
        return Ok(Entry {
            ready: prepare(vu, Method::GET, &url, Dynamic::UNIT, None)?,
            delay: None,
        });
    }
    let mut delay = None;
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
                "delay" => delay = Some(duration_of(value)?),
                unknown => return error(unknown_entry_key(unknown)),
            }
        }
        if url.is_none() {
            return error("an entry of http::batch needs a `url`");
        }
    } else {
        return error(format!(
            "an entry of http::batch is a URL, a list or a map, not {}",
            readable_type(entry.type_name())
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
            "the URL of an entry of http::batch must be a text, not {}",
            readable_type(url.type_name())
        ));
    };
    let params = match params.filter(|params| !params.is_unit()) {
        Some(params) => Some(http_params::map(&params, "params")?),
        None => None,
    };
    Ok(Entry {
        ready: prepare(vu, method, &url, body.unwrap_or_default(), params.as_ref())?,
        delay,
    })
}

async fn begin(vu: &Vu, entry: Entry) -> Response {
    if let Some(delay) = entry.delay {
        tokio::time::sleep(delay).await;
    }
    send(vu, entry.ready).await
}

fn unknown_entry_key(key: &str) -> String {
    let help = if keys::names(keys::REQUEST).contains(&key) {
        format!("it belongs into `params`: #{{ url, params: #{{ {key}: … }} }}")
    } else {
        did_you_mean(key, ENTRY_KEYS)
            .unwrap_or_else(|| format!("there are: {}", ENTRY_KEYS.join(", ")))
    };
    format!("unknown part `{key}` of an entry of http::batch\nhelp: {help}")
}

/// Sends requests in parallel, at most so many at once and so many to one host; answers in the order of the requests.
pub async fn send_all(vu: &Vu, entries: Vec<Entry>) -> Vec<Response> {
    let settings = vu.worker.client.settings();
    let (limit, per_host) = (settings.batch, settings.batch_per_host);
    let mut answers: Vec<Option<Response>> = entries.iter().map(|_| None).collect();
    let mut waiting: VecDeque<(usize, Entry)> = entries.into_iter().enumerate().collect();
    let mut busy: HashMap<Rc<str>, usize> = HashMap::new();
    type Running<'a> = (usize, Rc<str>, Pin<Box<dyn Future<Output = Response> + 'a>>);
    let mut running: Vec<Running<'_>> = Vec::new();
    std::future::poll_fn(|cx| {
        loop {
            while running.len() < limit {
                let free = |(_, entry): &(usize, Entry)| {
                    busy.get(&entry.ready.request.target.authority)
                        .is_none_or(|n| *n < per_host)
                };
                let Some(at) = waiting.iter().position(free) else {
                    break;
                };
                let Some((index, entry)) = waiting.remove(at) else {
                    break;
                };
                let host = entry.ready.request.target.authority.clone();
                *busy.entry(host.clone()).or_default() += 1;
                running.push((index, host, Box::pin(begin(vu, entry))));
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
