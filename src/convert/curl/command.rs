//! One command: its options put together into requests.

use std::collections::HashSet;

use base64::Engine as _;

use super::options::{Argument, Meaning, read as read_arguments};
use crate::convert::journey::{Body, Field, Request};
use crate::convert::recording::form::text_body;
use crate::convert::recording::{Exchange, Part, Sent, Translator};
use crate::convert::text::{Text, Value, escape_url};
use crate::secrets::is_secret_name;

/// All commands of an input.
#[derive(Default)]
pub struct Parsed {
    pub requests: Vec<Given>,
    /// Some command had `-k`.
    pub insecure: bool,
    pub proxy: Option<String>,
    pub left: Vec<String>,
}

/// A request as curl was told to send it.
#[derive(Clone, Default)]
pub struct Given {
    pub exchange: Exchange,
    /// A file that is the body.
    file: Option<String>,
    /// Fields of a form that are files.
    files: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    agent: Option<String>,
    referer: Option<String>,
    timeout: Option<f64>,
    /// Redirects that are followed at most.
    redirects: Option<u32>,
    compressed: bool,
    digest: bool,
}

/// What one part of a command, between `--next`, says.
#[derive(Default)]
struct Draft {
    given: Given,
    addresses: Vec<String>,
    method: Option<String>,
    data: Vec<String>,
    parts: Vec<Part>,
    has_data: bool,
    is_json: bool,
    in_query: bool,
    is_head: bool,
}

/// Reads the words after `curl`.
///
/// # Errors
/// A sentence on what is missing.
pub fn read(words: &[String], parsed: &mut Parsed) -> Result<(), String> {
    let arguments = read_arguments(words).map_err(|option| format!("{option} lacks its value"))?;
    let mut draft = Draft::default();
    for argument in arguments {
        match argument {
            Argument::Address(address) => draft.addresses.push(address),
            Argument::Unknown(option) => parsed.left.push(format!("the option {option} of curl")),
            Argument::Option(Meaning::Next, _) => {
                std::mem::take(&mut draft).finish(parsed)?;
            }
            Argument::Option(Meaning::Insecure, _) => parsed.insecure = true,
            Argument::Option(Meaning::Proxy, value) => {
                let (scheme, rest) = value.split_once("://").unwrap_or(("http", &value));
                // Who signs in at the proxy is a secret, and `proxy` is read before any is.
                let host = rest.rsplit('@').next().unwrap_or(rest);
                if host.len() < rest.len() {
                    parsed
                        .left
                        .push("the proxy's user and password: write them into `proxy`".to_owned());
                }
                parsed.proxy = Some(format!("{scheme}://{host}"));
            }
            Argument::Option(meaning, value) => draft.take(meaning, value, &mut parsed.left),
        }
    }
    draft.finish(parsed)
}

impl Draft {
    fn take(&mut self, meaning: Meaning, value: String, left: &mut Vec<String>) {
        match meaning {
            Meaning::Method => self.method = Some(value),
            Meaning::Header => self.header(&value),
            Meaning::Data | Meaning::BinaryData => {
                self.has_data = true;
                match value.strip_prefix('@') {
                    Some(path) => self.given.file = Some(path.to_owned()),
                    // curl takes line feeds out of what is no file only when it reads one.
                    None => self.data.push(value),
                }
            }
            Meaning::RawData => {
                self.has_data = true;
                self.data.push(value);
            }
            Meaning::Json => {
                (self.has_data, self.is_json) = (true, true);
                match value.strip_prefix('@') {
                    Some(path) => self.given.file = Some(path.to_owned()),
                    None => self.data.push(value),
                }
            }
            Meaning::EncodedData => {
                self.has_data = true;
                match value.split_once('=') {
                    Some(("", content)) => self.data.push(escape_url(content)),
                    Some((name, content)) => {
                        self.data.push(format!("{name}={}", escape_url(content)));
                    }
                    None if value.contains('@') => {
                        left.push(format!("--data-urlencode {value}: the content of a file"));
                    }
                    None => self.data.push(escape_url(&value)),
                }
            }
            Meaning::Form | Meaning::FormText => self.part(&value, meaning == Meaning::Form),
            Meaning::User => {
                // curl asks for a password that is not given.
                let value = if value.contains(':') {
                    value
                } else {
                    value + ":"
                };
                let packed = base64::engine::general_purpose::STANDARD.encode(&value);
                self.header(&format!("authorization: Basic {packed}"));
            }
            Meaning::Bearer => self.header(&format!("authorization: Bearer {value}")),
            Meaning::Cookie if value.contains('=') => self.cookies(&value),
            Meaning::Cookie => left.push(format!("the cookies in the file {value}")),
            Meaning::Agent => self.given.agent = Some(value),
            Meaning::Referer => self.given.referer = Some(value),
            Meaning::Url => self.addresses.push(value),
            Meaning::Upload => {
                self.given.file = Some(value);
                self.method.get_or_insert_with(|| "PUT".to_owned());
            }
            Meaning::Timeout => self.given.timeout = value.parse().ok(),
            Meaning::Redirects => self.given.redirects = value.parse().ok(),
            Meaning::Get => self.in_query = true,
            Meaning::Head => self.is_head = true,
            Meaning::Compressed => self.given.compressed = true,
            Meaning::Digest => self.given.digest = true,
            Meaning::Ignored | Meaning::Next | Meaning::Insecure | Meaning::Proxy => {}
        }
    }

    fn header(&mut self, line: &str) {
        // `X-Empty;` sends an empty one, `Name:` takes one away.
        let (name, value) = match (line.split_once(':'), line.strip_suffix(';')) {
            (Some((_, value)), _) if value.trim().is_empty() => return,
            (Some((name, value)), _) => (name, value.trim()),
            (None, Some(name)) => (name, ""),
            (None, None) => return,
        };
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "cookie" => self.cookies(value),
            _ => self.given.exchange.headers.push((name, value.to_owned())),
        }
    }

    fn cookies(&mut self, text: &str) {
        let pairs = text
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.given.cookies.extend(pairs);
    }

    fn part(&mut self, field: &str, may_be_file: bool) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let file = value.strip_prefix(['@', '<']).filter(|_| may_be_file);
        if let Some(path) = file {
            let path = path.split(';').next().unwrap_or_default();
            let path = path.trim_matches('"').to_owned();
            self.given.files.push((name.to_owned(), path));
            return;
        }
        // `meta={"a":1};type=application/json`
        let plain = value.split_once(";type=").map(|(plain, _)| plain);
        self.parts.push(Part {
            name: name.to_owned(),
            value: plain.filter(|_| may_be_file).unwrap_or(value).to_owned(),
            ..Part::default()
        });
    }

    fn finish(mut self, parsed: &mut Parsed) -> Result<(), String> {
        let mut left = |what: &str| parsed.left.push(what.to_owned());
        if self
            .given
            .file
            .as_deref()
            .is_some_and(|path| matches!(path, "-" | "."))
        {
            self.given.file = None;
            left(
                "the body, which came from standard input: write it to a file, and http::file(\"FILE\") sends it",
            );
        }
        if self.given.file.is_some() && !self.data.is_empty() {
            left("what else --data says beside the content of a file");
        }
        if self.given.files.iter().any(|(_, path)| path == "-") {
            self.given.files.retain(|(_, path)| path != "-");
            left("a field of the form that came from standard input");
        }
        if self.addresses.is_empty() {
            return Err("curl is given no address".to_owned());
        }
        let is_form = !self.parts.is_empty() || !self.given.files.is_empty();
        let joined = if self.is_json {
            self.data.concat()
        } else {
            self.data.join("&")
        };
        let method = match (self.method, self.is_head, self.in_query) {
            (Some(method), ..) => method.to_ascii_uppercase(),
            (None, true, _) => "HEAD".to_owned(),
            (None, false, true) => "GET".to_owned(),
            (None, false, false) if self.has_data || is_form => "POST".to_owned(),
            (None, false, false) => "GET".to_owned(),
        };
        if http::Method::from_bytes(method.as_bytes()).is_err() {
            return Err(format!("`{}` is no method of HTTP", method.escape_debug()));
        }
        let exchange = &mut self.given.exchange;
        exchange.method = method;
        let mut add = |name: &str, value: &str| {
            if exchange.header(name).is_none() {
                exchange.headers.push((name.to_owned(), value.to_owned()));
            }
        };
        if self.is_json {
            add("content-type", "application/json");
            add("accept", "application/json");
        } else if self.has_data && !self.in_query {
            add("content-type", "application/x-www-form-urlencoded");
        }
        let kind = exchange
            .header("content-type")
            .unwrap_or_default()
            .to_owned();
        let is_plain_form = joined.split('&').all(|pair| pair.contains('='));
        exchange.body = if is_form {
            Sent::Multipart(self.parts)
        } else if self.in_query {
            Sent::Nothing
        } else if kind.starts_with("application/x-www-form") && !is_plain_form {
            Sent::Text(joined.clone())
        } else {
            text_body(&kind, joined.clone())
        };
        for address in self.addresses {
            let mut given = self.given.clone();
            given.exchange.url = if address.contains("://") {
                address
            } else {
                format!("http://{address}")
            };
            if self.in_query && !joined.is_empty() {
                let sign = if given.exchange.url.contains('?') {
                    '&'
                } else {
                    '?'
                };
                given.exchange.url.push(sign);
                given.exchange.url.push_str(&joined);
            }
            parsed.requests.push(given);
        }
        Ok(())
    }
}

impl Given {
    /// The request for a script, and what there is to say about it; `None` if its address is none.
    pub fn translate(self, translator: &mut Translator) -> Option<(Request, Vec<String>)> {
        let kind = self.exchange.header("content-type").unwrap_or_default();
        let kind = kind.to_owned();
        let (mut request, notes) = translator.lone(self.exchange)?;
        let has_type = request
            .headers
            .iter()
            .any(|(name, _)| name == "content-type");
        // A file is sent without a type of its own.
        if self.file.is_some() && !kind.is_empty() && !has_type {
            let header = ("content-type".to_owned(), Text::from(kind));
            request.headers.push(header);
        }
        if let Some(file) = self.file {
            request.body = Body::File(file);
        }
        if let Body::Multipart(fields) = &mut request.body {
            let files = self.files.into_iter();
            fields.extend(files.map(|(name, path)| (name, Field::File(path))));
        }
        for (name, value) in [("user-agent", self.agent), ("referer", self.referer)] {
            let value = value.map(|value| (name.to_owned(), Text::from(value)));
            request.headers.extend(value);
        }
        if self.compressed {
            let packed = ("accept-encoding".to_owned(), "gzip, deflate, br".into());
            request.headers.push(packed);
        }
        if let Some(seconds) = self.timeout.filter(|seconds| *seconds > 0.0) {
            let timeout = crate::convert::emit::words::duration(seconds);
            let parameter = ("timeout".to_owned(), Value::Code(timeout));
            request.parameters.push(parameter);
        }
        if let Some(most) = self.redirects {
            let parameter = ("redirects".to_owned(), Value::from(i64::from(most)));
            request.parameters.push(parameter);
        }
        if self.digest {
            for (name, value) in &mut request.parameters {
                if let (true, Value::Map(entries)) = (name == "auth", value) {
                    entries.insert(0, ("type".to_owned(), "digest".into()));
                }
            }
        }
        if !self.cookies.is_empty() {
            let mut known = HashSet::new();
            let cookies = self.cookies.into_iter();
            // Of two with one name, servers take the first.
            let cookies = cookies.filter(|(name, _)| known.insert(name.clone()));
            let cookies = cookies.map(|(name, value)| {
                let value = if is_secret_name(&name) {
                    let meaning = format!("the cookie {name}");
                    Text::code(translator.lifter.secret(&value, &name, &meaning))
                } else {
                    value.into()
                };
                (name, Value::Text(value))
            });
            let cookies = Value::Map(cookies.collect());
            request.parameters.push(("cookies".to_owned(), cookies));
        }
        Some((request, notes))
    }
}
