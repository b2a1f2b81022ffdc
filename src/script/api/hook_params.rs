//! Maps that say how webhook calls are taken, verified and answered.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue, StatusCode};
use rhai::{Array, Blob, Dynamic, Map};

use super::basics::duration_of;
use super::bytes::bytes_of;
use super::http_params::map as map_of;
use super::{Fallible, error};
use crate::hooks::{
    Answer, Answers, CAPACITY, MAX_CAPACITY, Place, Rules, SCHEMES, Scheme, TOLERANCE,
};
use crate::script::convert;
use crate::suggest::did_you_mean;

/// The maps that say something about webhook calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookMap {
    Inbox,
    Verify,
    Answer,
}

impl HookMap {
    /// What a map of this kind has.
    fn known(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Inbox => ("an inbox", &INBOX),
            Self::Verify => ("`verify`", &VERIFY),
            Self::Answer => ("an answer", &ANSWER),
        }
    }

    /// What to say about a key that a map of this kind has not, and what was meant; nothing if it has it.
    pub fn unknown(self, key: &str) -> Option<(String, String)> {
        let (of, known) = self.known();
        if known.contains(&key) {
            return None;
        }
        let help = did_you_mean(key, known.iter().copied())
            .unwrap_or_else(|| format!("there are: {}", known.join(", ")));
        Some((format!("{of} has no `{key}`"), help))
    }
}

/// What to say about a scheme of signatures that there is not; nothing if there is.
pub fn unknown_scheme(name: &str) -> Option<(String, String)> {
    if SCHEMES.contains(&name) {
        return None;
    }
    let help =
        did_you_mean(name, SCHEMES).unwrap_or_else(|| format!("there are: {}", SCHEMES.join(", ")));
    Some((format!("there is no scheme of signatures `{name}`"), help))
}

const INBOX: [&str; 7] = [
    "name",
    "id",
    "sequence",
    "verify",
    "answer",
    "capacity",
    "keep_duplicates",
];
const VERIFY: [&str; 5] = ["scheme", "secret", "header", "prefix", "tolerance"];
const ANSWER: [&str; 6] = ["status", "headers", "body", "delay", "times", "hang_up"];

/// How an inbox is to be.
pub struct InboxParams {
    /// The tag `name` of its samples.
    pub name: Option<String>,
    pub rules: Rules,
    pub answers: Option<Answers>,
    pub capacity: usize,
}

impl InboxParams {
    /// An inbox that goes by these rules.
    pub fn plain(rules: Rules) -> Self {
        Self {
            name: None,
            rules,
            answers: None,
            capacity: CAPACITY,
        }
    }

    /// As a map says.
    pub fn read(params: &Map, rules: Rules) -> Fallible<Self> {
        let mut all = Self::plain(rules);
        for (key, value) in params {
            match key.as_str() {
                _ if value.is_unit() => {}
                "name" => all.name = Some(value.to_string()),
                "id" => all.rules.id = Some(place(value)?),
                "sequence" => all.rules.sequence = Some(place(value)?),
                "verify" => all.rules.verify = Some(scheme(&map_of(value, "verify")?)?),
                "answer" => all.answers = Some(answers(value)?),
                "capacity" => match value.as_int().map(usize::try_from) {
                    Ok(Ok(capacity)) if (1..=MAX_CAPACITY).contains(&capacity) => {
                        all.capacity = capacity;
                    }
                    _ => {
                        return error(format!(
                            "an inbox keeps 1 to {MAX_CAPACITY} calls, not {value}"
                        ));
                    }
                },
                "keep_duplicates" => all.rules.keep_duplicates = flag(value, "keep_duplicates")?,
                other => return unknown(HookMap::Inbox, other),
            }
        }
        Ok(all)
    }
}

/// A place in a call, as a text names it.
pub fn place(value: &Dynamic) -> Fallible<Arc<Place>> {
    match value.to_string().parse::<Place>() {
        Ok(place) => Ok(Arc::new(place)),
        Err(wrong) => error(format!("{wrong}\nhelp: {}", wrong.help)),
    }
}

/// How a service signs.
pub fn scheme(params: &Map) -> Fallible<Scheme> {
    if let Some(key) = params.keys().find(|key| !VERIFY.contains(&key.as_str())) {
        return unknown(HookMap::Verify, key);
    }
    let given = |key: &str| params.get(key).filter(|value| !value.is_unit());
    let secret = match given("secret") {
        Some(secret) => bytes_of(secret, "`secret`")?,
        None => {
            return error(
                "`verify` needs the `secret` that calls are signed with\nhelp: #{ scheme: \"github\", secret: secret(\"WEBHOOK_SECRET\") }",
            );
        }
    };
    let tolerance = given("tolerance").map_or(Ok(TOLERANCE), duration_of)?;
    let name = given("scheme").map_or_else(|| "hmac".to_owned(), ToString::to_string);
    match name.as_str() {
        "github" | "whatsapp" => Ok(Scheme::hub(&secret)),
        "stripe" => Ok(Scheme::stripe(&secret, tolerance)),
        "slack" => Ok(Scheme::slack(&secret, tolerance)),
        "hmac" => {
            let header = given("header").map(ToString::to_string);
            let Some(header) = header.and_then(|name| HeaderName::try_from(name).ok()) else {
                return error(
                    "the scheme \"hmac\" needs the `header` that has the signature\nhelp: #{ scheme: \"hmac\", header: \"X-Signature\", secret: … }",
                );
            };
            let prefix = given("prefix").map(ToString::to_string).unwrap_or_default();
            Ok(Scheme::plain(&secret, header, &prefix))
        }
        other => wrong(unknown_scheme(other).unwrap_or_default()),
    }
}

/// One answer, or a list of them in their order; `()` for the usual ones.
pub fn answers(value: &Dynamic) -> Fallible<Answers> {
    if value.is_unit() {
        return Ok(Answers::default());
    }
    let steps = match value.read_lock::<Array>() {
        Some(list) => list.iter().map(answer).collect::<Fallible<Vec<_>>>()?,
        None => vec![answer(value)?],
    };
    Ok(Answers::new(steps))
}

fn answer(value: &Dynamic) -> Fallible<(Answer, Option<u32>)> {
    let (mut answer, mut times) = (Answer::of(StatusCode::OK), None);
    for (key, value) in &map_of(value, "an answer")? {
        match key.as_str() {
            _ if value.is_unit() => {}
            "status" => {
                let status = value
                    .as_int()
                    .ok()
                    .and_then(|status| u16::try_from(status).ok());
                match status
                    .filter(|status| (200..=599).contains(status))
                    .map(StatusCode::from_u16)
                {
                    Some(Ok(status)) => answer.status = status,
                    _ => {
                        return error(format!("`status` is a number from 200 to 599, not {value}"));
                    }
                }
            }
            "headers" => {
                for (name, value) in &map_of(value, "headers")? {
                    let name = HeaderName::try_from(name.as_str());
                    let value = HeaderValue::from_str(&value.to_string());
                    match (name, value) {
                        (Ok(name), Ok(value)) => answer.headers.append(name, value),
                        _ => return error("`headers` holds what a header cannot carry"),
                    };
                }
            }
            "body" => {
                answer.body = match value.is_string() || value.is::<Blob>() {
                    true => bytes_of(value, "`body`")?.into(),
                    false => match convert::to_json(value) {
                        Ok(json) => json.to_string().into(),
                        Err(why) => return error(why.to_string()),
                    },
                };
            }
            "delay" => answer.delay = delay(value)?,
            "times" => match value.as_int().map(u32::try_from) {
                Ok(Ok(count)) => times = Some(count),
                _ => return error(format!("`times` is a whole number, not {value}")),
            },
            "hang_up" => answer.hang_up = flag(value, "hang_up")?,
            other => return unknown(HookMap::Answer, other),
        }
    }
    for framing in [
        ::http::header::CONTENT_LENGTH,
        ::http::header::TRANSFER_ENCODING,
    ] {
        // How long an answer is must be said truly, or the next one on the connection is misread.
        answer.headers.remove(framing);
    }
    Ok((answer, times))
}

/// A sender that waits for an hour holds a connection as long.
fn delay(value: &Dynamic) -> Fallible<Duration> {
    const MOST: Duration = Duration::from_secs(600);
    let delay = duration_of(value)?;
    if delay > MOST {
        return error("`delay` is ten minutes at most: until then the connection is held");
    }
    Ok(delay)
}

fn flag(value: &Dynamic, what: &str) -> Fallible<bool> {
    match value.as_bool() {
        Ok(flag) => Ok(flag),
        Err(_) => error(format!("`{what}` must be true or false, not {value}")),
    }
}

fn unknown<T>(of: HookMap, key: &str) -> Fallible<T> {
    wrong(of.unknown(key).unwrap_or_default())
}

fn wrong<T>((message, help): (String, String)) -> Fallible<T> {
    error(format!("{message}\nhelp: {help}"))
}
