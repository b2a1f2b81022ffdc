//! `k6/http`.

use oxc_ast::ast::{ArrayExpressionElement, Expression, ObjectPropertyKind};
use oxc_span::GetSpan;

use super::super::code::{Code, Kind};
use super::super::expressions::key_name;
use super::super::scope::Meaning;
use super::super::translator::{Translator, Try, Why};

impl<'a> Translator<'_> {
    /// A call of `http.…`.
    pub fn http(&mut self, member: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let response = |text: String| Ok(Code::atom(text, Kind::Response));
        match (member, arguments) {
            ("get" | "head", [url, params @ ..]) => {
                let url = self.url(url)?;
                let params = self.request_params(params.first().copied(), false);
                response(format!("http::{member}({url}{params})"))
            }
            ("post" | "put" | "patch" | "del" | "options", [url, rest @ ..]) => {
                let ours = if member == "del" { "delete" } else { member };
                let url = self.url(url)?;
                if member == "options" {
                    if !matches!(rest.first(), None | Some(Expression::NullLiteral(_))) {
                        return Why::new("an OPTIONS request of rhaid has no body");
                    }
                    let params = self.request_params(rest.get(1).copied(), false);
                    return response(format!("http::options({url}{params})"));
                }
                let tail = self.body_and_params(rest);
                // `http::put` and `http::patch` always have a body.
                let tail = if tail.is_empty() && matches!(ours, "put" | "patch") {
                    ", ()".to_owned()
                } else {
                    tail
                };
                response(format!("http::{ours}({url}{tail})"))
            }
            ("request" | "asyncRequest", [method, url, rest @ ..]) => {
                let method = self.expression(method)?;
                let url = self.url(url)?;
                let tail = self.body_and_params(rest);
                response(format!("http::request({}, {url}{tail})", method.text))
            }
            ("batch", [requests]) => self.batch(requests),
            ("url", _) => Why::new("a URL is a text in rhaid"),
            ("file", [content, rest @ ..]) => self.file(content, rest),
            ("expectedStatuses", statuses) => self
                .statuses(statuses)
                .map(|text| Code::atom(text, Kind::List)),
            ("setResponseCallback", _) => {
                Why::new("statuses that count as success are the option `expected_statuses`")
            }
            ("cookieJar", _) => {
                Why::new("see http::cookies, http::set_cookie and http::clear_cookies")
            }
            _ => Why::new(format!("rhaid's `http` has no `{member}`")),
        }
    }

    /// The URL of a request; `http.url` and `new URL` are only its text.
    fn url(&mut self, url: &Expression<'a>) -> Try<String> {
        if let Expression::TaggedTemplateExpression(_) = url {
            self.notes.insert(
                "URLs of http.url`…` have no names of their own: give requests with ids in their path a fixed `name`"
                    .to_owned(),
            );
        }
        self.expression(url).map(|url| url.text)
    }

    /// `, body, params`; what is not there is left away from the end.
    fn body_and_params(&mut self, rest: &[&Expression<'a>]) -> String {
        let params = rest.get(1).copied();
        let Some(body) = rest.first().copied() else {
            return String::new();
        };
        let (body, is_json) = self.request_body(body);
        let params = self.request_params(params, is_json);
        match (body.as_str(), params.as_str()) {
            ("()", "") => String::new(),
            (body, params) => format!(", {body}{params}"),
        }
    }

    /// A body, and whether it goes as JSON by itself.
    fn request_body(&mut self, body: &Expression<'a>) -> (String, bool) {
        // `JSON.stringify(value)`: rhaid sends maps and lists as JSON.
        if let Expression::CallExpression(call) = body
            && self.text(call.callee.span()) == "JSON.stringify"
            && let [value] = call.arguments.as_slice()
            && let Some(value) = value.as_expression()
        {
            let value = self.value(value);
            return match value.kind {
                Kind::Map | Kind::List => (value.text, true),
                _ => (format!("json_text({})", value.text), false),
            };
        }
        let value = self.value(body);
        let make = match value.kind {
            Kind::Files => "http::multipart",
            Kind::Map => "http::form",
            _ => return (value.text, false),
        };
        (format!("{make}({})", value.text), false)
    }

    /// Whether a value is a file to send.
    pub fn is_file(&self, value: &Expression<'a>) -> bool {
        match value {
            Expression::Identifier(name) => {
                matches!(self.scopes.get(&name.name), Some(Meaning::File(_)))
            }
            other => self.text(other.span()).starts_with("http.file"),
        }
    }

    fn file(&mut self, content: &Expression<'a>, rest: &[&Expression<'a>]) -> Try<Code> {
        let content = self.expression(content)?;
        if content.text.starts_with("http::file(") {
            return Ok(content);
        }
        let mut values = self.values(rest);
        if values.is_empty() {
            values.push("\"file\"".to_owned());
        }
        if values.len() == 1 {
            values.push("\"application/octet-stream\"".to_owned());
        }
        Ok(Code::atom(
            format!("http::file({}, {})", content.text, values.join(", ")),
            Kind::Unknown,
        ))
    }

    /// `http.batch` of a list or a map.
    fn batch(&mut self, requests: &Expression<'a>) -> Try<Code> {
        let mut entries = Vec::new();
        self.indent += 1;
        let made = self.batch_entries(requests, &mut entries);
        self.indent -= 1;
        let (open, close, kind) = match made? {
            Some(Kind::Map) => ("#{", "}", Kind::Map),
            Some(_) => ("[", "]", Kind::List),
            // A list that is made elsewhere.
            None => {
                let list = self.expression(requests)?;
                return Ok(Code::atom(
                    format!("http::batch({})", list.text),
                    Kind::List,
                ));
            }
        };
        let requests = self.brackets(open, close, entries, 0);
        Ok(Code::atom(format!("http::batch({requests})"), kind))
    }

    fn batch_entries(
        &mut self,
        requests: &Expression<'a>,
        entries: &mut Vec<(String, String)>,
    ) -> Try<Option<Kind>> {
        match requests {
            Expression::ArrayExpression(list) => {
                for element in &list.elements {
                    let Some(element) = element.as_expression() else {
                        return Why::new("write the requests of a batch out");
                    };
                    let entry = self.batched(element)?;
                    entries.push((String::new(), entry));
                }
                Ok(Some(Kind::List))
            }
            Expression::ObjectExpression(map) => {
                for property in &map.properties {
                    let ObjectPropertyKind::ObjectProperty(property) = property else {
                        return Why::new("write the requests of a batch out");
                    };
                    let key = self.key(&property.key, property.computed)?;
                    let entry = self.batched(&property.value)?;
                    entries.push((String::new(), format!("{key}: {entry}")));
                }
                Ok(Some(Kind::Map))
            }
            _ => Ok(None),
        }
    }

    /// A request of a batch.
    fn batched(&mut self, request: &Expression<'a>) -> Try<String> {
        match request {
            Expression::ArrayExpression(parts) => {
                let parts: Vec<&Expression> = parts
                    .elements
                    .iter()
                    .filter(|element| !matches!(element, ArrayExpressionElement::Elision(_)))
                    .filter_map(|element| element.as_expression())
                    .collect();
                let [method, url, rest @ ..] = parts.as_slice() else {
                    return Why::new("a request of a batch has a method and a URL");
                };
                let method = self.expression(method)?;
                let url = self.url(url)?;
                let tail = self.body_and_params(rest);
                Ok(format!("[{}, {url}{tail}]", method.text))
            }
            Expression::ObjectExpression(map) => {
                let mut parts = Vec::new();
                for property in &map.properties {
                    let ObjectPropertyKind::ObjectProperty(property) = property else {
                        return Why::new("write the requests of a batch out");
                    };
                    let name = key_name(&property.key).unwrap_or_default();
                    let value = match name.as_str() {
                        "body" => self.request_body(&property.value).0,
                        "params" => {
                            let params = self.request_params(Some(&property.value), false);
                            params.trim_start_matches(", ").to_owned()
                        }
                        _ => self.expression(&property.value)?.text,
                    };
                    if !value.is_empty() {
                        parts.push(format!("{name}: {value}"));
                    }
                }
                Ok(format!("#{{ {} }}", parts.join(", ")))
            }
            other => self.expression(other).map(|code| code.text),
        }
    }
}
