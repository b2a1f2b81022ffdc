//! One request of a collection.

use serde_json::Value as Json;

use super::address::{apart, env_of, split, whole, with_scheme};
use super::templates::{in_url, json, text};
use super::variables::Variables;
use crate::convert::document;
use crate::convert::emit::words::constant;
use crate::convert::journey::{Body, Field, Request};
use crate::convert::lifted::{self, decoded};
use crate::convert::text::{Part, Text, Value};

/// Headers that the sender knows better.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "postman-token",
    "accept-encoding",
    "transfer-encoding",
];

/// Makes requests; keeps what could not be made.
pub struct Requests<'v> {
    pub variables: &'v mut Variables,
    /// What is left to do for the request in hand, as comments.
    pub todo: Vec<String>,
    /// Files that must be put beside the script.
    pub files: Vec<String>,
    /// Who stands before the host of the request in hand: `ada:pw`.
    pub user: Option<String>,
}

/// The text of a field.
pub fn field<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The elements of a list that are not switched off.
fn enabled(list: Option<&Json>) -> impl Iterator<Item = &Json> {
    let all = list.and_then(Json::as_array).into_iter().flatten();
    all.filter(|element| element.get("disabled") != Some(&Json::Bool(true)))
}

impl Requests<'_> {
    /// A request with the credentials that it inherits; `None` if it has no URL.
    pub fn make(&mut self, described: &Json, inherited: Option<&Json>) -> Option<Request> {
        // A text alone is the URL of a GET.
        let address = described.get("url").unwrap_or(described);
        let method = match field(described, "method") {
            "" => "GET".to_owned(),
            method => method.to_uppercase(),
        };
        let mut request = Request {
            method,
            ..Request::default()
        };
        self.url(address, &mut request)?;
        if let Some(body) = described
            .get("body")
            .filter(|body| body.get("disabled") != Some(&Json::Bool(true)))
        {
            self.body(body, &mut request);
        }
        self.headers(described.get("header"), &mut request);
        let variables = &mut *self.variables;
        lifted::lift(&mut request, &mut |value, name, meaning| {
            variables.secret(value, name, meaning)
        });
        if let Some(auth) = described
            .get("auth")
            .filter(|auth| !auth.is_null())
            .or(inherited)
        {
            self.auth(auth, &mut request);
        }
        self.sign_in(&mut request);
        Some(request)
    }

    /// Whoever stands before the host signs in, unless something else did.
    fn sign_in(&mut self, request: &mut Request) {
        let Some(user) = self.user.take() else {
            return;
        };
        let is_header = |(name, _): &(String, Text)| name.eq_ignore_ascii_case("authorization");
        if request.headers.iter().any(is_header)
            || request.parameters.iter().any(|(name, _)| name == "auth")
        {
            return;
        }
        let (user, password) = user.split_once(':').unwrap_or((&user, ""));
        let user = self.user(&decoded(user));
        let password = self.credential(&decoded(password), "API_PASSWORD", "the user's password");
        let auth = Value::map([("user", user.into()), ("password", password.into())]);
        request.parameters.push(("auth".to_owned(), auth));
    }

    fn user(&mut self, user: &str) -> Text {
        const ENV: &str = "API_USER";
        const MEANING: &str = "the user of the API";
        if user.contains("{{") {
            text(user, self.variables)
        } else if user.is_empty() {
            Text::code(self.variables.named(ENV, None, MEANING, false))
        } else {
            Text::code(self.variables.valued(ENV, user, Some(user), MEANING, false))
        }
    }

    fn url(&mut self, address: &Json, request: &mut Request) -> Option<()> {
        let whole = whole(address)?;
        let whole = whole.trim().split('#').next().unwrap_or_default();
        let (before, query) = whole.split_once('?').unwrap_or((whole, ""));
        let (base, path) = split(before);
        let (base, user) = apart(base);
        self.user = user;
        let prefix = self.base(&base, request);
        let mut made = Text::from(prefix);
        self.variables.hide(&mut made);
        for (at, segment) in path.split('/').enumerate() {
            if at > 0 {
                made.push("/");
            }
            let named = segment.strip_prefix(':').filter(|name| !name.is_empty());
            match named {
                Some(name) => made.extend(&self.path_variable(name, address)),
                // Whatever else stands in a path is sent as it is.
                None => made.extend(&text(segment, self.variables)),
            }
        }
        request.url.path = made;
        if address.get("query").is_some_and(Json::is_array) {
            for entry in enabled(address.get("query")) {
                self.query(
                    field(entry, "key"),
                    entry.get("value").and_then(Json::as_str),
                    request,
                );
            }
        } else {
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair
                    .split_once('=')
                    .map_or((pair, None), |(name, value)| (name, Some(value)));
                self.query(name, value, request);
            }
        }
        Some(())
    }

    fn query(&mut self, name: &str, value: Option<&str>, request: &mut Request) {
        let name = in_url(name, self.variables);
        let value = value.map(|value| in_url(value, self.variables));
        request.url.query.push((name, value));
    }

    /// Sets the base of the URL; gives what the path begins with because the base's variable has more than a host.
    fn base(&mut self, base: &str, request: &mut Request) -> String {
        let variable = base
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .filter(|name| !name.contains("{{"));
        if let Some(name) = variable {
            let value = self.variables.filled(&format!("{{{{{name}}}}}"), 0);
            let (value, user) = apart(&value);
            self.user = user;
            let (origin, path) = split(value.trim_end_matches('/'));
            let env = env_of(name);
            let origin = if origin.is_empty() || origin.contains("://") {
                origin.to_owned()
            } else {
                format!("http://{origin}")
            };
            let origin = Some(origin.as_str()).filter(|origin| !origin.is_empty());
            request.url.base =
                Text::code(
                    self.variables
                        .named(&env, origin, "where the service is", false),
                );
            return path.to_owned();
        }
        if base.contains("{{") {
            request.url.base = text(&with_scheme(base), self.variables);
            return String::new();
        }
        let origin = with_scheme(base);
        let known = self
            .variables
            .constants
            .iter()
            .find(|known| known.default.as_ref() == Some(&origin));
        let env = match known {
            Some(known) => known.env.clone(),
            None if self
                .variables
                .constants
                .iter()
                .all(|known| known.env != "BASE_URL") =>
            {
                "BASE_URL".to_owned()
            }
            None => format!(
                "{}_URL",
                constant(origin.rsplit("://").next().unwrap_or_default(), "OTHER")
            ),
        };
        request.url.base =
            Text::code(
                self.variables
                    .named(&env, Some(&origin), "where the service is", false),
            );
        String::new()
    }

    fn path_variable(&mut self, name: &str, address: &Json) -> Text {
        let variables = address
            .get("variable")
            .and_then(Json::as_array)
            .into_iter()
            .flatten();
        let known = variables
            .into_iter()
            .find(|known| field(known, "key") == name || field(known, "id") == name);
        match known.and_then(|known| known.get("value")) {
            Some(Json::String(value)) if !value.is_empty() => self.in_path(value, name),
            Some(Json::Number(value)) => self.in_path(&value.to_string(), name),
            _ => {
                let (code, _) = self.variables.expression(name);
                Text::code(code)
            }
        }
    }

    /// What a variable of the path is in the collection; a secret if its name says so.
    fn in_path(&mut self, value: &str, name: &str) -> Text {
        let given = text(value, self.variables);
        let mut escaped = in_url(value, self.variables);
        let variables = &mut *self.variables;
        let mut keep =
            |value: &str, name: &str, meaning: &str| variables.secret(value, name, meaning);
        match given.as_literal() {
            Some(given) => match lifted::field(given, name, &mut keep) {
                Some(code) => Text::code(code).in_url(),
                None => escaped,
            },
            None => {
                lifted::mixed_in_url(&mut escaped, name, &mut keep);
                escaped
            }
        }
    }

    fn headers(&mut self, headers: Option<&Json>, request: &mut Request) {
        // Version 2.0 has them as lines of one text as well.
        let lines = headers.and_then(Json::as_str).unwrap_or_default().lines();
        let lines = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim()));
        let listed =
            enabled(headers).map(|header| (field(header, "key").trim(), field(header, "value")));
        for (name, value) in lines.chain(listed) {
            let lower = name.to_ascii_lowercase();
            let implied = match &request.body {
                Body::Json(_) => lower == "content-type" && value.starts_with("application/json"),
                Body::Form(_) | Body::Multipart(_) => lower == "content-type",
                _ => false,
            };
            if name.is_empty() || implied || OWN_HEADERS.contains(&lower.as_str()) {
                continue;
            }
            if request
                .headers
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
                && lower == "content-type"
            {
                continue;
            }
            request
                .headers
                .push((name.to_owned(), text(value, self.variables)));
        }
    }

    /// A credential: a variable, or else the environment says it.
    fn credential(&mut self, value: &str, env: &str, meaning: &str) -> Text {
        if value.contains("{{") {
            let mut given = text(value, self.variables);
            let variables = &mut *self.variables;
            lifted::literal(&mut given, env, &mut |value, name, _| {
                variables.secret(value, name, meaning)
            });
            given
        } else if value.is_empty() {
            Text::code(self.variables.named(env, None, meaning, true))
        } else {
            Text::code(self.variables.valued(env, value, None, meaning, true))
        }
    }

    fn auth(&mut self, auth: &Json, request: &mut Request) {
        let kind = field(auth, "type");
        let given = |name: &str| setting(auth.get(kind), name);
        let mut add = |entries: Vec<(&str, Value)>| {
            request
                .parameters
                .push(("auth".to_owned(), Value::map(entries)))
        };
        match kind {
            "" | "noauth" => {}
            "bearer" => {
                let token = self.credential(&given("token"), "API_TOKEN", "the bearer token");
                add(vec![("token", token.into())]);
            }
            "oauth2" => {
                let token =
                    self.credential(&given("accessToken"), "API_TOKEN", "the token of OAuth 2");
                add(vec![("token", token.into())]);
                self.todo
                    .push("TODO: OAuth 2; std/auth asks for tokens and renews them".to_owned());
            }
            "basic" | "digest" => {
                let user = self.user(&given("username"));
                let password =
                    self.credential(&given("password"), "API_PASSWORD", "the user's password");
                let mut entries = vec![("user", user.into()), ("password", password.into())];
                if kind == "digest" {
                    entries.insert(0, ("type", "digest".into()));
                }
                add(entries);
            }
            "apikey" => {
                let name = given("key");
                let value = self.credential(&given("value"), "API_KEY", "an API key");
                if given("in") == "query" {
                    request
                        .url
                        .query
                        .push((in_url(&name, self.variables), Some(value.in_url())));
                } else {
                    request.headers.push((name, value));
                }
            }
            other => self
                .todo
                .push(format!("TODO: authentication of the type `{other}`")),
        }
    }

    fn body(&mut self, body: &Json, request: &mut Request) {
        match field(body, "mode") {
            "raw" => self.raw(field(body, "raw"), body, request),
            "urlencoded" => {
                // Version 2.0 has a text here as well.
                let fields = enabled(body.get("urlencoded"));
                let fields = fields.map(|entry| {
                    (
                        field(entry, "key").to_owned(),
                        text(field(entry, "value"), self.variables),
                    )
                });
                request.body = Body::Form(fields.collect());
            }
            "formdata" => {
                let fields: Vec<&Json> = enabled(body.get("formdata")).collect();
                request.body =
                    Body::Multipart(fields.into_iter().map(|entry| self.part(entry)).collect());
            }
            "graphql" => {
                let graphql = body.get("graphql");
                let part = |name: &str| {
                    graphql
                        .and_then(|graphql| graphql.get(name)?.as_str())
                        .unwrap_or_default()
                };
                let mut entries = vec![(
                    "query".to_owned(),
                    Value::Text(text(part("query"), self.variables)),
                )];
                if let Some(given) = json(part("variables"), self.variables) {
                    entries.push(("variables".to_owned(), given));
                }
                if !part("operationName").is_empty() {
                    entries.push(("operationName".to_owned(), part("operationName").into()));
                }
                request.body = Body::Json(Value::Map(entries));
            }
            "file" => {
                let source = body
                    .get("file")
                    .map(|file| field(file, "src"))
                    .unwrap_or_default();
                request.body = Body::File(self.file(source));
            }
            _ => {}
        }
    }

    fn raw(&mut self, raw: &str, body: &Json, request: &mut Request) {
        if raw.trim().is_empty() {
            return;
        }
        let language = body
            .get("options")
            .and_then(|options| options.get("raw")?.get("language")?.as_str());
        if language.is_none_or(|language| language == "json")
            && raw.trim_start().starts_with(['{', '['])
            && let Some(value) = json(raw, self.variables)
        {
            // Expressions may be nested 48 deep.
            request.body = if value.depth() <= 24 {
                Body::Json(value)
            } else {
                Body::Text(text(raw, self.variables))
            };
            if matches!(request.body, Body::Json(_)) {
                return;
            }
        } else {
            request.body = Body::Text(text(raw, self.variables));
        }
        let kind = match language {
            Some("json") => "application/json",
            Some("xml") => "application/xml",
            Some("html") => "text/html",
            Some("javascript") => "application/javascript",
            _ if document::json(raw).is_ok() => "application/json",
            _ => return,
        };
        request
            .headers
            .push(("content-type".to_owned(), kind.into()));
    }

    fn part(&mut self, entry: &Json) -> (String, Field) {
        let name = field(entry, "key").to_owned();
        if field(entry, "type") != "file" {
            return (
                name,
                Field::Text(text(field(entry, "value"), self.variables)),
            );
        }
        let source = match entry.get("src") {
            Some(Json::Array(sources)) => sources.first().and_then(Json::as_str),
            Some(source) => source.as_str(),
            None => None,
        };
        let path = self.file(source.unwrap_or_default());
        (name, Field::File(path))
    }

    /// A file's path beside the script: that of the machine it was chosen on means nothing here.
    fn file(&mut self, source: &str) -> String {
        let name = source
            .rsplit(['/', '\\'])
            .next()
            .filter(|name| !name.is_empty())
            .unwrap_or("file.bin");
        let path = format!("files/{name}");
        if !self.files.contains(&path) {
            self.files.push(path.clone());
        }
        path
    }
}

/// A setting of a kind of authentication: a list of keys and values, in version 2.0 a map.
fn setting(settings: Option<&Json>, name: &str) -> String {
    let value = match settings {
        Some(Json::Array(list)) => list
            .iter()
            .find(|entry| field(entry, "key") == name)
            .and_then(|entry| entry.get("value")),
        Some(map) => map.get(name),
        None => None,
    };
    value.and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// What a request without a name is called: `GET /things/{}`.
pub fn outline(request: &Request) -> String {
    let path: String = request
        .url
        .path
        .parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Code(_) => "{}".to_owned(),
        })
        .collect();
    format!("{} {path}", request.method)
}
