//! A request as a call of `http`, and what is read from its response.

use std::collections::{HashMap, HashSet};

use super::layout::{Layout, deepest};
use super::words::{quoted, text};
use crate::convert::journey::{Body, Field, Page, Request, Source};
use crate::convert::text::{Text, Value, escape_url};

/// Methods that have a function of their own, and whether that takes a body.
const VERBS: &[(&str, &str, bool)] = &[
    ("GET", "http::get", false),
    ("HEAD", "http::head", false),
    ("OPTIONS", "http::options", false),
    ("DELETE", "http::delete", true),
    ("POST", "http::post", true),
    ("PUT", "http::put", true),
    ("PATCH", "http::patch", true),
];

/// Verbs that cannot be called without a body, be it `()`.
const NEED_BODY: &[&str] = &["PUT", "PATCH"];

/// The call that sends it. `status` is the one that is expected; it stands within so many groups.
pub fn call(request: &Request, status: Option<u16>, groups: usize) -> Layout {
    let (body, parameters) = body_and_parameters(request, status, groups);
    let url = Layout::atom(text(&request.url.text()));
    let verb = VERBS
        .iter()
        .find(|(method, _, takes)| *method == request.method && (*takes || body.is_none()));
    let has_parameters = parameters.is_some();
    let mut arguments = Vec::new();
    let name = match verb {
        Some((_, name, _)) => *name,
        None => {
            arguments.push(Layout::atom(quoted(&request.method)));
            "http::request"
        }
    };
    arguments.push(url);
    let takes = verb.is_none_or(|(_, _, takes)| *takes);
    match body {
        Some(body) => arguments.push(body),
        None if takes && (has_parameters || NEED_BODY.contains(&request.method.as_str())) => {
            arguments.push(Layout::atom("()"));
        }
        None => {}
    }
    arguments.extend(parameters);
    Layout::Call(name.to_owned(), arguments)
}

/// The request as an item of `http::batch`. `status` is the one that is expected.
pub fn in_batch(request: &Request, status: Option<u16>, groups: usize) -> Layout {
    // Two lists are around it.
    let (body, parameters) = body_and_parameters(request, status, groups + 1);
    let url = Layout::atom(text(&request.url.text()));
    if request.method == "GET" && body.is_none() && parameters.is_none() {
        return url;
    }
    let mut items = vec![Layout::atom(quoted(&request.method)), url];
    match (body, parameters) {
        (None, None) => {}
        (body, parameters) => {
            items.push(body.unwrap_or_else(|| Layout::atom("()")));
            items.extend(parameters);
        }
    }
    Layout::List(items)
}

/// The call that loads a page.
pub fn page(page: &Page) -> Layout {
    let mut options = vec![Layout::entry("name", Layout::atom(quoted(&page.name)))];
    if !page.hosts.is_empty() {
        let hosts = page.hosts.iter().map(|host| Layout::atom(quoted(host)));
        options.push(Layout::entry("hosts", Layout::List(hosts.collect())));
    }
    if !page.headers.is_empty() {
        options.push(Layout::entry("headers", headers(&page.headers)));
    }
    Layout::Call(
        "page::load".to_owned(),
        vec![Layout::atom(text(&page.url.text())), Layout::Map(options)],
    )
}

/// Entries of a map; what comes more than once under a name is a list.
fn gathered<'a>(entries: impl Iterator<Item = (&'a String, Layout)>) -> Vec<Layout> {
    let mut places = HashMap::new();
    let mut gathered: Vec<(&String, Vec<Layout>)> = Vec::new();
    for (name, value) in entries {
        let at = *places.entry(name).or_insert(gathered.len());
        match gathered.get_mut(at) {
            Some((_, values)) => values.push(value),
            None => gathered.push((name, vec![value])),
        }
    }
    let entry = |(name, mut values): (&String, Vec<Layout>)| {
        let value = match values.len() {
            1 => values.remove(0),
            _ => Layout::List(values),
        };
        Layout::entry(name, value)
    };
    gathered.into_iter().map(entry).collect()
}

fn headers(headers: &[(String, Text)]) -> Layout {
    let mut entries: Vec<(String, Vec<&Text>)> = Vec::new();
    for (name, value) in headers {
        match entries
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, values)) => values.push(value),
            None => entries.push((name.clone(), vec![value])),
        }
    }
    let entry = |(name, values): &(String, Vec<&Text>)| {
        let mut values: Vec<Layout> = values.iter().map(|v| Layout::atom(text(v))).collect();
        let value = match values.len() {
            1 => values.remove(0),
            _ => Layout::List(values),
        };
        Layout::entry(name, value)
    };
    Layout::Map(entries.iter().map(entry).collect())
}

fn body_and_parameters(
    request: &Request,
    status: Option<u16>,
    groups: usize,
) -> (Option<Layout>, Option<Layout>) {
    let layout = |value| Layout::value(value, deepest(groups));
    let mut sent = request.headers.clone();
    let mut content_type = |kind: &str| {
        if !sent
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            sent.push(("content-type".to_owned(), kind.into()));
        }
    };
    let one = |name: &str, argument: String| {
        Some(Layout::Call(name.to_owned(), vec![Layout::atom(argument)]))
    };
    let body = match &request.body {
        Body::None => None,
        // What is neither a map nor a list would be sent as a text.
        Body::Json(value @ (Value::Map(_) | Value::List(_) | Value::Code(_))) => {
            Some(layout(value))
        }
        Body::Json(value) => {
            content_type("application/json");
            Some(Layout::Call("json_text".to_owned(), vec![layout(value)]))
        }
        Body::Form(fields) if repeats(fields) => {
            content_type("application/x-www-form-urlencoded");
            Some(Layout::atom(text(&encoded(fields))))
        }
        Body::Form(fields) => Some(Layout::Call("http::form".to_owned(), vec![form(fields)])),
        Body::Multipart(fields) => {
            let fields = fields.iter().map(|(name, field)| (name, part(field)));
            let fields = Layout::Map(gathered(fields));
            Some(Layout::Call("http::multipart".to_owned(), vec![fields]))
        }
        Body::Text(content) => Some(Layout::atom(text(content))),
        Body::Bytes(bytes) => {
            use base64::Engine as _;
            let packed = base64::engine::general_purpose::STANDARD.encode(bytes);
            Some(Layout::atom(format!(
                "encoding::from_base64({}, \"bytes\")",
                quoted(&packed)
            )))
        }
        Body::File(path) => one("http::file", quoted(path)),
        Body::Code(code) => Some(Layout::atom(code.clone())),
    };
    let mut parameters = Vec::new();
    if let Some(name) = &request.name {
        parameters.push(Layout::entry("name", Layout::atom(quoted(name))));
    }
    if !sent.is_empty() {
        parameters.push(Layout::entry("headers", headers(&sent)));
    }
    let mut known = HashSet::new();
    // A key stands once in a map: who signs in twice signs in as the first.
    for (name, value) in request.parameters.iter().filter(|(n, _)| known.insert(n)) {
        parameters.push(Layout::entry(name, layout(value)));
    }
    // Anything from 200 to 399 is a success without being told.
    if let Some(status) = status
        && !(200..400).contains(&status)
        && status != 0
        && !request
            .parameters
            .iter()
            .any(|(name, _)| name == "expected_statuses")
    {
        parameters.push(Layout::entry(
            "expected_statuses",
            Layout::atom(status.to_string()),
        ));
    }
    let parameters = (!parameters.is_empty()).then_some(Layout::Map(parameters));
    (body, parameters)
}

fn repeats(fields: &[(String, Text)]) -> bool {
    let mut names: Vec<&String> = fields.iter().map(|(name, _)| name).collect();
    names.sort();
    names
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}

fn form(fields: &[(String, Text)]) -> Layout {
    let entry = |(name, value): &(String, Text)| Layout::entry(name, Layout::atom(text(value)));
    Layout::Map(fields.iter().map(entry).collect())
}

fn encoded(fields: &[(String, Text)]) -> Text {
    let mut whole = Text::default();
    for (at, (name, value)) in fields.iter().enumerate() {
        whole.push(if at == 0 { "" } else { "&" });
        whole.push(&escape_url(name));
        whole.push("=");
        whole.extend(&value.in_url());
    }
    whole
}

fn part(field: &Field) -> Layout {
    match field {
        Field::Text(value) => Layout::atom(text(value)),
        Field::File(path) => Layout::atom(format!("http::file({})", quoted(path))),
        Field::Content {
            content,
            name,
            content_type,
        } => Layout::Call(
            "http::file".to_owned(),
            vec![
                Layout::atom(text(content)),
                Layout::atom(quoted(name)),
                Layout::atom(quoted(content_type)),
            ],
        ),
    }
}

/// The expression that reads a value from the response in the variable `response`.
pub fn read(source: &Source, response: &str) -> String {
    match source {
        Source::Json(path) if path.is_empty() => format!("{response}.json()"),
        // A JSONPath gives a list.
        Source::Json(path) if path.starts_with('$') => {
            format!("{response}.json({})[0]", quoted(path))
        }
        Source::Json(path) => format!("{response}.json({})", quoted(path)),
        Source::Header(name) => format!("{response}.header({})", quoted(name)),
        Source::Cookie(name) => format!("{response}.cookies[{}]", quoted(name)),
        Source::Html {
            selector,
            attribute: Some(attribute),
        } => format!(
            "{response}.html({}).attr({})",
            quoted(selector),
            quoted(attribute)
        ),
        Source::Html {
            selector,
            attribute: None,
        } => format!("{response}.html({}).text()", quoted(selector)),
        Source::Regex(pattern) => {
            format!("regex::captures({response}.body, {})?[1]", quoted(pattern))
        }
        Source::HeaderRegex { header, pattern } => format!(
            "regex::captures({response}.header({}) ?? \"\", {})?[1]",
            quoted(header),
            quoted(pattern)
        ),
        // What comes after the first is a text, with whatever was recorded in it.
        Source::Code(code) => code.replacen("{}", response, 1),
    }
}
