//! One entry of an archive, as the browsers write it, and what of it counts.

use base64::Engine as _;
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::convert::recording::exchange::guess;
use crate::convert::recording::form::text_body;
use crate::convert::recording::{Exchange, Kind, Part, Sent};

/// Bodies of requests and responses larger than this are not kept.
const LARGEST: usize = 8 << 20;

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Page {
    #[serde(deserialize_with = "text")]
    pub id: String,
    #[serde(deserialize_with = "text")]
    pub title: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Entry {
    #[serde(deserialize_with = "text")]
    started_date_time: String,
    #[serde(deserialize_with = "number")]
    time: Option<f64>,
    #[serde(deserialize_with = "text")]
    pageref: String,
    #[serde(rename = "_resourceType", deserialize_with = "text")]
    resource_type: String,
    #[serde(deserialize_with = "or_default")]
    request: Request,
    #[serde(deserialize_with = "or_default")]
    response: Response,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    #[serde(deserialize_with = "text")]
    method: String,
    #[serde(deserialize_with = "text")]
    url: String,
    #[serde(deserialize_with = "or_default")]
    headers: Vec<Pair>,
    #[serde(deserialize_with = "or_default")]
    cookies: Vec<Pair>,
    #[serde(deserialize_with = "or_default")]
    post_data: Option<PostData>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PostData {
    #[serde(deserialize_with = "text")]
    mime_type: String,
    #[serde(deserialize_with = "text")]
    text: String,
    #[serde(deserialize_with = "text")]
    encoding: String,
    #[serde(deserialize_with = "or_default")]
    params: Vec<Param>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Param {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    value: String,
    file_name: Option<String>,
    #[serde(deserialize_with = "text")]
    content_type: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    #[serde(deserialize_with = "number")]
    status: Option<f64>,
    #[serde(deserialize_with = "or_default")]
    headers: Vec<Pair>,
    #[serde(deserialize_with = "or_default")]
    content: Content,
    #[serde(rename = "redirectURL", deserialize_with = "text")]
    redirect_url: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Content {
    #[serde(deserialize_with = "text")]
    mime_type: String,
    #[serde(deserialize_with = "text")]
    text: String,
    #[serde(deserialize_with = "text")]
    encoding: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Pair {
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    value: String,
}

/// A text, and an empty one for null, which some writers put where they know nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

/// A number, which some writers put between quotes.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let written = value.as_str().and_then(|text| text.trim().parse().ok());
    Ok(value.as_f64().or(written))
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

impl From<Entry> for Exchange {
    fn from(entry: Entry) -> Self {
        let Entry {
            request, response, ..
        } = entry;
        let mut headers = pairs(request.headers);
        if !headers.iter().any(|(name, _)| name == "cookie") && !request.cookies.is_empty() {
            let cookies = request.cookies.iter();
            let cookies = cookies.map(|cookie| format!("{}={}", cookie.name, cookie.value));
            let cookies: Vec<String> = cookies.collect();
            headers.push(("cookie".to_owned(), cookies.join("; ")));
        }
        let mut response_headers = pairs(response.headers);
        // Several cookies in one header, a line each, as Chrome and Firefox have them.
        let (cookies, others): (Vec<_>, Vec<_>) = response_headers
            .into_iter()
            .partition(|(name, _)| name == "set-cookie");
        response_headers = others;
        for (name, value) in cookies {
            let lines = value.lines().map(|line| (name.clone(), line.to_owned()));
            response_headers.extend(lines);
        }
        let redirect = response.redirect_url;
        if !redirect.is_empty() && !response_headers.iter().any(|(name, _)| name == "location") {
            response_headers.push(("location".to_owned(), redirect));
        }
        // Some writers tell the type of a body only beside it.
        if let Some(data) = request
            .post_data
            .as_ref()
            .filter(|data| !data.mime_type.is_empty())
            && !headers.iter().any(|(name, _)| name == "content-type")
        {
            headers.push(("content-type".to_owned(), data.mime_type.clone()));
        }
        let content_type = kind_of(&response.content.mime_type);
        let path = request.url.split(['?', '#']).next().unwrap_or_default();
        let method = request.method.to_ascii_uppercase();
        let find = |name: &str| {
            let mut found = headers.iter().filter(|(known, _)| known == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let accept = find("accept").unwrap_or_default();
        let is_preflight = method == "OPTIONS" && find("access-control-request-method").is_some();
        let is_socket = response.status == Some(101.0);
        let kind = match entry.resource_type.as_str() {
            _ if is_preflight || is_socket => Kind::Other,
            "document" => Kind::Document,
            "xhr" | "fetch" | "eventsource" => Kind::Call,
            "stylesheet" | "script" | "image" | "font" | "media" | "manifest" | "texttrack" => {
                Kind::Asset
            }
            "websocket" | "preflight" | "ping" | "csp-violation-report" | "signedexchange" => {
                Kind::Other
            }
            _ => guess(&method, path, &content_type, accept),
        };
        // Whole numbers that JSON may write with a fraction; what is none is no answer.
        let status = response.status.unwrap_or(0.0);
        let status = if (100.0..600.0).contains(&status) {
            status as u16
        } else {
            0
        };
        let content = if keeps(&content_type) {
            unpack(response.content.text, &response.content.encoding)
        } else {
            String::new()
        };
        // What began nobody knows when was on its way with nothing else.
        let began = seconds(&entry.started_date_time);
        let took = entry.time.filter(|time| *time > 0.0 && began.is_some());
        Self {
            began: began.unwrap_or(0.0),
            took: took.unwrap_or(0.0) / 1000.0,
            page: entry.pageref,
            kind,
            body: request.post_data.map(sent).unwrap_or_default(),
            method,
            url: request.url,
            headers,
            status,
            response_headers,
            content_type,
            content,
        }
    }
}

fn keeps(content_type: &str) -> bool {
    content_type.contains("json") || content_type.contains("html")
}

fn kind_of(mime: &str) -> String {
    let kind = mime.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

fn pairs(headers: Vec<Pair>) -> Vec<(String, String)> {
    headers
        .into_iter()
        .map(|pair| (pair.name.to_ascii_lowercase(), pair.value))
        .collect()
}

fn unpack(text: String, encoding: &str) -> String {
    if text.len() > LARGEST {
        return String::new();
    }
    if encoding != "base64" {
        return text;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
    bytes
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

fn sent(data: PostData) -> Sent {
    if data.text.len() > LARGEST {
        return Sent::Lost("for it is larger than 8 MiB");
    }
    if data.encoding == "base64" {
        let bytes = base64::engine::general_purpose::STANDARD.decode(data.text.trim());
        return match bytes {
            Ok(bytes) => crate::convert::recording::form::body(&data.mime_type, bytes),
            Err(_) => Sent::Lost("for it is no Base64"),
        };
    }
    if !data.text.is_empty() {
        return text_body(&data.mime_type, data.text);
    }
    if data.params.is_empty() {
        return Sent::Nothing;
    }
    let has_file = data.params.iter().any(|param| param.file_name.is_some());
    if has_file || data.mime_type.starts_with("multipart/") {
        let parts = data.params.into_iter().map(|param| Part {
            name: param.name,
            value: param.value,
            file: param.file_name,
            content_type: param.content_type,
        });
        return Sent::Multipart(parts.collect());
    }
    let fields = data.params.into_iter().map(|param| {
        // Some writers leave them as they were sent.
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text)
                .decode_utf8_lossy()
                .into_owned()
        };
        (decode(&param.name), decode(&param.value))
    });
    Sent::Form(fields.collect())
}

fn seconds(text: &str) -> Option<f64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(moment.unix_timestamp_nanos() as f64 / 1e9)
}
