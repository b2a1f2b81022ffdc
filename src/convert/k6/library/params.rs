//! Parameters of requests.

use oxc_ast::ast::{Expression, ObjectExpression, ObjectProperty, ObjectPropertyKind};

use super::super::code::Kind;
use super::super::expressions::key_name;
use super::super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

/// What k6 knows.
const PARAMS: &[&str] = &[
    "auth",
    "compression",
    "cookies",
    "headers",
    "jar",
    "redirects",
    "responseCallback",
    "responseType",
    "tags",
    "timeout",
];

impl<'a> Translator<'_> {
    /// Whether a map that stands alone can only be parameters of a request.
    pub fn looks_like_params(&self, map: &ObjectExpression<'a>) -> bool {
        let known = map.properties.iter().all(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                key_name(&property.key).is_some_and(|name| PARAMS.contains(&name.as_str()))
            }
            ObjectPropertyKind::SpreadProperty(_) => true,
        });
        let sure = map.properties.iter().any(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                key_name(&property.key).is_some_and(|name| {
                    matches!(
                        name.as_str(),
                        "headers" | "responseType" | "responseCallback"
                    ) || matches!(name.as_str(), "tags" | "cookies")
                        && matches!(property.value, Expression::ObjectExpression(_))
                        || name == "timeout"
                })
            }
            ObjectPropertyKind::SpreadProperty(_) => false,
        });
        known && sure
    }

    /// `, params`, or nothing. `is_json`: the body says by itself that it is JSON.
    pub fn request_params(&mut self, params: Option<&Expression<'a>>, is_json: bool) -> String {
        let Some(params) = params else {
            return String::new();
        };
        if let Expression::ObjectExpression(map) = params {
            if is_json && only_says_json(map) {
                return String::new();
            }
            let made = self.params_map(map);
            return if made == "#{}" {
                String::new()
            } else {
                format!(", {made}")
            };
        }
        let value = self.value(params);
        if value.kind == Kind::Nothing {
            String::new()
        } else {
            format!(", {}", value.text)
        }
    }

    fn params_map(&mut self, map: &ObjectExpression<'a>) -> String {
        let mut entries = Vec::new();
        let mut sums = Vec::new();
        self.indent += 1;
        for property in &map.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    let mark = self.mark();
                    match self.parameter(property) {
                        Ok(made) => {
                            entries.extend(made.into_iter().map(|entry| (String::new(), entry)))
                        }
                        Err(why) => {
                            self.forget(mark);
                            self.leave(property.span, &why);
                        }
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    sums.push(self.value(&spread.argument).text);
                }
            }
        }
        self.indent -= 1;
        let own = self.brackets("#{", "}", entries, 0);
        if own != "#{}" || sums.is_empty() {
            sums.push(own);
        }
        sums.join(" + ")
    }

    /// A parameter, as entries of a map.
    pub fn parameter(&mut self, property: &ObjectProperty<'a>) -> Try<Vec<String>> {
        let Some(name) = key_name(&property.key) else {
            return Why::new("the name of the parameter is not written out");
        };
        let value = &property.value;
        let made = match (name.as_str(), value) {
            ("headers", Expression::ObjectExpression(map)) => self.texts(map)?,
            ("tags", Expression::ObjectExpression(map)) => return self.tags(map),
            ("cookies", Expression::ObjectExpression(map)) => self.cookies(map)?,
            ("timeout", Expression::NumericLiteral(milliseconds)) => {
                return Ok(vec![format!(
                    "timeout: {}",
                    words::duration(milliseconds.value / 1000.0)
                )]);
            }
            ("responseType", Expression::StringLiteral(kind)) => {
                return Ok(if kind.value == "none" {
                    vec!["discard_body: true".to_owned()]
                } else {
                    Vec::new()
                });
            }
            ("responseCallback", Expression::NullLiteral(_)) => {
                return Why::new("requests that are not judged have no equal in rhaid");
            }
            ("responseCallback", callback) => {
                let statuses = self.expression(callback)?;
                return Ok(vec![format!("expected_statuses: {}", statuses.text)]);
            }
            ("auth", Expression::StringLiteral(_)) => {
                return Why::new(
                    "write #{ user, password }, or #{ type: \"digest\", user, password }",
                );
            }
            ("jar" | "compression", _) => return Why::new("rhaid has no such parameter"),
            (known, value) if PARAMS.contains(&known) => self.expression(value)?.text,
            _ => return Why::new("rhaid has no such parameter"),
        };
        Ok(vec![format!("{name}: {made}")])
    }

    /// A map whose values are texts.
    fn texts(&mut self, map: &ObjectExpression<'a>) -> Try<String> {
        let mut entries = Vec::new();
        let mut sums = Vec::new();
        self.indent += 1;
        for property in &map.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    let Some(name) = key_name(&property.key).filter(|_| !property.computed) else {
                        self.indent -= 1;
                        return Why::new("the name is not written out");
                    };
                    let value = self.value(&property.value);
                    let text = match value.kind {
                        Kind::Int | Kind::Float | Kind::Bool => as_text(&value.text),
                        _ => value.text,
                    };
                    entries.push((String::new(), format!("{}: {text}", words::key(&name))));
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    sums.push(self.value(&spread.argument).text)
                }
            }
        }
        self.indent -= 1;
        let own = self.brackets("#{", "}", entries, 0);
        if own != "#{}" || sums.is_empty() {
            sums.push(own);
        }
        Ok(sums.join(" + "))
    }

    /// Tags; the one called `name` is the request's name.
    fn tags(&mut self, map: &ObjectExpression<'a>) -> Try<Vec<String>> {
        let mut made = Vec::new();
        let mut entries = Vec::new();
        for property in &map.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                return Why::new("write the tags out");
            };
            let Some(name) = key_name(&property.key) else {
                return Why::new("the name of the tag is not written out");
            };
            let value = self.expression(&property.value)?;
            let text = match value.kind {
                Kind::Text | Kind::Unknown => value.text,
                _ => as_text(&value.text),
            };
            if name == "name" {
                made.push(format!("name: {text}"));
            } else {
                entries.push(format!("{}: {text}", words::key(&name)));
            }
        }
        if !entries.is_empty() {
            made.push(format!("tags: #{{ {} }}", entries.join(", ")));
        }
        Ok(made)
    }

    /// Cookies; one of k6 may be a map with a `value`.
    fn cookies(&mut self, map: &ObjectExpression<'a>) -> Try<String> {
        let mut entries = Vec::new();
        for property in &map.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                return Why::new("write the cookies out");
            };
            let key = self.key(&property.key, property.computed)?;
            let value = match &property.value {
                Expression::ObjectExpression(inner) => {
                    inner.properties.iter().find_map(|part| match part {
                        ObjectPropertyKind::ObjectProperty(part)
                            if key_name(&part.key).as_deref() == Some("value") =>
                        {
                            Some(&part.value)
                        }
                        _ => None,
                    })
                }
                other => Some(other),
            };
            let Some(value) = value else {
                return Why::new("a cookie has a value");
            };
            let value = self.expression(value)?;
            entries.push(format!("{key}: {}", value.text));
        }
        Ok(format!("#{{ {} }}", entries.join(", ")))
    }

    /// `http.expectedStatuses(200, { min: 300, max: 399 })`.
    pub fn statuses(&mut self, statuses: &[&Expression<'a>]) -> Try<String> {
        let mut made = Vec::new();
        for status in statuses {
            match status {
                Expression::ObjectExpression(range) => {
                    let bound = |name: &str| {
                        range.properties.iter().find_map(|part| match part {
                            ObjectPropertyKind::ObjectProperty(part)
                                if key_name(&part.key).as_deref() == Some(name) =>
                            {
                                match &part.value {
                                    Expression::NumericLiteral(number) => Some(number.value),
                                    _ => None,
                                }
                            }
                            _ => None,
                        })
                    };
                    let (Some(min), Some(max)) = (bound("min"), bound("max")) else {
                        return Why::new("write the range of statuses out");
                    };
                    made.push(format!("\"{min}-{max}\""));
                }
                other => made.push(self.expression(other)?.text),
            }
        }
        Ok(format!("[{}]", made.join(", ")))
    }
}

/// Whether all that parameters say is that the body is JSON, which rhaid says by itself.
fn only_says_json(params: &ObjectExpression) -> bool {
    let [ObjectPropertyKind::ObjectProperty(headers)] = params.properties.as_slice() else {
        return false;
    };
    let Expression::ObjectExpression(map) = &headers.value else {
        return false;
    };
    let [ObjectPropertyKind::ObjectProperty(header)] = map.properties.as_slice() else {
        return false;
    };
    let Expression::StringLiteral(value) = &header.value else {
        return false;
    };
    key_name(&headers.key).as_deref() == Some("headers")
        && key_name(&header.key).is_some_and(|name| name.eq_ignore_ascii_case("content-type"))
        && value.value == "application/json"
}

/// A number or a truth value as a text.
fn as_text(value: &str) -> String {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') && !value.contains("::") {
        match value.parse::<f64>() {
            Ok(_) => return words::quoted(value),
            Err(_) if matches!(value, "true" | "false") => return words::quoted(value),
            Err(_) => {}
        }
    }
    format!("`${{{value}}}`")
}
