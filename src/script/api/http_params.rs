//! The last argument of an HTTP call: a map of what is special about the request.

use std::rc::Rc;

use ::http::{HeaderName, HeaderValue, header};
use rhai::{Array, Dynamic, ImmutableString, Map};

use super::basics::duration_of;
use super::tags::{check_name, pairs};
use super::{Fallible, error};
use crate::http::{Auth, Request, StatusSet, check_cookie};
use crate::metrics::{TagSetId, Tags};
use crate::options::keys;
use crate::script::foreign;
use crate::script::library::readable_type;
use crate::suggest::did_you_mean;
use crate::vu::Vu;

/// What the map says about how the request is recorded.
pub struct Recording {
    pub name: Option<Rc<str>>,
    pub tags: TagSetId,
}

impl Recording {
    /// Nothing special.
    pub fn plain(vu: &Vu) -> Self {
        Self {
            name: None,
            tags: vu.tags(),
        }
    }
}

/// Applies a map to a request.
pub fn apply(params: &Map, request: &mut Request, vu: &Vu) -> Fallible<Recording> {
    let mut recording = Recording::plain(vu);
    for (key, value) in params {
        match key.as_str() {
            _ if value.is_unit() => {}
            "name" => recording.name = Some(vu.worker.intern_name(&text(value, "name")?)),
            "headers" => headers(value, request)?,
            "tags" => {
                let mut map = map(value, "tags")?;
                // As k6 has it, the tag names the request.
                if let Some(name) = map.remove("name")
                    && !params.contains_key("name")
                {
                    recording.name = Some(vu.worker.intern_name(&text(&name, "name")?));
                }
                map.keys().try_for_each(|key| check_name(key))?;
                let pairs = pairs(&map)?;
                let mut recorder = vu.worker.recorder.borrow_mut();
                let tags: Tags = recorder.tags(recording.tags).with(pairs);
                recording.tags = recorder.intern(tags);
            }
            "timeout" => request.timeout = Some(duration_of(value)?),
            "redirects" => match value.as_int().map(u32::try_from) {
                Ok(Ok(limit)) => request.redirects = Some(limit),
                _ => return error(format!("`redirects` must be a whole number, not {value}")),
            },
            "auth" => request.auth = Some(Rc::new(auth(value)?)),
            "cookies" => {
                for (name, value) in &map(value, "cookies")? {
                    let value = value.to_string();
                    check_cookie(name, &value).or_else(error)?;
                    request.cookies.push((name.to_string(), value));
                }
            }
            "expected_statuses" => request.expected = Some(Rc::new(statuses(value)?)),
            "discard_body" => match value.as_bool() {
                Ok(flag) => request.discard_body = Some(flag),
                Err(_) => {
                    return error(format!("`discard_body` must be true or false, not {value}"));
                }
            },
            unknown => {
                let (message, help) = unknown_parameter(unknown);
                return error(format!("{message}\nhelp: {help}"));
            }
        }
    }
    Ok(recording)
}

/// What to say about a parameter that there is not, and what was meant.
pub fn unknown_parameter(name: &str) -> (String, String) {
    let known = keys::names(keys::REQUEST);
    let help = foreign::parameter(name)
        .map(str::to_owned)
        .or_else(|| did_you_mean(name, known.iter().copied()))
        .unwrap_or_else(|| format!("there are: {}", known.join(", ")));
    (format!("unknown request parameter `{name}`"), help)
}

fn text(value: &Dynamic, what: &str) -> Fallible<ImmutableString> {
    match value.read_lock::<ImmutableString>() {
        Some(text) => Ok(text.clone()),
        None => error(format!(
            "`{what}` must be a text, not {}",
            readable_type(value.type_name())
        )),
    }
}

/// A map, or an error that says which one was expected.
pub fn map(value: &Dynamic, what: &str) -> Fallible<Map> {
    match value.read_lock::<Map>() {
        Some(map) => Ok(map.clone()),
        None => error(format!(
            "`{what}` must be a map such as #{{ … }}, not {}",
            readable_type(value.type_name())
        )),
    }
}

/// How long a body is must be said once and truly, or what follows it is taken for another request.
fn framing(name: &HeaderName, value: &HeaderValue, request: &Request) -> Fallible<()> {
    if *name == header::TRANSFER_ENCODING {
        return error(
            "the header `transfer-encoding` cannot be set: a body is sent whole, with its length",
        );
    }
    let length = request.body.bytes().len();
    if *name == header::CONTENT_LENGTH && value.as_bytes() != length.to_string().as_bytes() {
        return error(format!(
            "the header `content-length` does not fit the body, which has {length} bytes\nhelp: leave the header out: it is sent by itself"
        ));
    }
    Ok(())
}

fn headers(value: &Dynamic, request: &mut Request) -> Fallible<()> {
    for (name, value) in &map(value, "headers")? {
        let Ok(header) = HeaderName::try_from(name.as_str()) else {
            return error(format!("`{name}` is not a header name"));
        };
        let mut push = |text: &str| match HeaderValue::from_str(text) {
            Ok(value) => {
                framing(&header, &value, request)?;
                // There is one of each, or what is behind a proxy reads another one than the proxy.
                if header == header::CONTENT_LENGTH || header == header::HOST {
                    request.headers.retain(|(known, _)| *known != header);
                }
                request.headers.push((header.clone(), value));
                Ok(())
            }
            Err(_) => error(format!(
                "the value of the header `{name}` holds characters that a header cannot carry"
            )),
        };
        match value.read_lock::<Array>() {
            Some(values) => values
                .iter()
                .try_for_each(|value| push(&value.to_string()))?,
            None => push(&value.to_string())?,
        }
    }
    Ok(())
}

fn auth(value: &Dynamic) -> Fallible<Auth> {
    let map = map(value, "auth")?;
    let field = |name: &str| map.get(name).map(ToString::to_string);
    let kind = field("type").unwrap_or_else(|| {
        if map.contains_key("token") {
            "bearer"
        } else {
            "basic"
        }
        .to_owned()
    });
    let credentials = || match field("user") {
        Some(user) => Ok((user, field("password").unwrap_or_default())),
        None => error(format!("`auth` of the type {kind} needs a `user`")),
    };
    match kind.as_str() {
        "basic" => credentials().map(|(user, password)| Auth::Basic { user, password }),
        "digest" => credentials().map(|(user, password)| Auth::Digest { user, password }),
        "bearer" => match field("token") {
            Some(token) if HeaderValue::from_str(&token).is_ok() => Ok(Auth::Bearer(token)),
            Some(_) => error("the token of `auth` holds characters that a header cannot carry"),
            None => error("`auth` of the type bearer needs a `token`"),
        },
        other => {
            let hint = did_you_mean(other, ["basic", "bearer", "digest"])
                .unwrap_or_else(|| "there are basic, bearer and digest".to_owned());
            error(format!("unknown type of `auth`: `{other}`\nhelp: {hint}"))
        }
    }
}

/// Statuses: 200, "2xx", "200-299", or a list of these.
pub fn statuses(value: &Dynamic) -> Fallible<StatusSet> {
    let one = |value: &Dynamic| StatusSet::parse_item(&value.to_string()).or_else(error);
    let ranges = match value.read_lock::<Array>() {
        Some(list) => list.iter().map(one).collect::<Fallible<Vec<_>>>()?,
        None => vec![one(value)?],
    };
    Ok(StatusSet::new(ranges))
}
