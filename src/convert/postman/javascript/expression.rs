//! Expressions: parts of the response, values kept before, literals, and the few ways of making something up.

use std::collections::BTreeMap;

use super::statements::{inside, string};
use crate::convert::emit::words::{self, quoted};
use crate::convert::postman::templates;
use crate::convert::postman::variables::{Variables, literal};

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// At a path of the response's JSON.
    Json(String),
    Header(String),
    /// Code that begins with the response, `r`.
    Response(String),
    /// Code without the response.
    Code(String),
}

impl Expression {
    /// As code in which the response is `r`.
    pub fn code(&self) -> String {
        match self {
            Self::Json(path) if path.is_empty() => "r.json()".to_owned(),
            Self::Json(path) => format!("r.json({})", quoted(path)),
            Self::Header(name) => format!("r.header({})", quoted(name)),
            Self::Response(code) | Self::Code(code) => code.clone(),
        }
    }

    /// What tells whether it is a secret: the name of a field, a header or a variable.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Json(path) => {
                let last = path.rsplit('.').next()?;
                last.split('[').next()
            }
            Self::Header(name) => Some(name),
            Self::Code(code) if value_of(code).is_none() => Some(code),
            Self::Code(_) | Self::Response(_) => None,
        }
    }

    /// A field of it.
    pub fn field(&self, name: &str) -> Option<Self> {
        let is_word =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match self {
            Self::Json(path) if path.is_empty() && is_word => Some(Self::Json(name.to_owned())),
            Self::Json(path) if is_word => Some(Self::Json(format!("{path}.{name}"))),
            _ => None,
        }
    }
}

/// What a literal of Rhai stands for, and whether that is a text; `None` if it is no text or number.
pub fn value_of(code: &str) -> Option<(String, bool)> {
    if code.starts_with('"') {
        return Some((serde_json::from_str(code).ok()?, true));
    }
    let is_number = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (code.to_owned(), false))
}

/// Names that a script has given to expressions.
#[derive(Debug, Default)]
pub struct Aliases(BTreeMap<String, Expression>);

/// What reads a variable, before its name.
const GETTERS: [&str; 6] = [
    "pm.environment.get(",
    "pm.collectionVariables.get(",
    "pm.globals.get(",
    "pm.variables.get(",
    "postman.getEnvironmentVariable(",
    "postman.getGlobalVariable(",
];

impl Aliases {
    pub fn add(&mut self, name: &str, expression: Expression) {
        self.0.insert(name.to_owned(), expression);
    }

    /// Reads an expression; `None` if it is none of those that are understood.
    pub fn read(&self, text: &str, variables: &mut Variables) -> Option<Expression> {
        let text = text.trim();
        if let Some(literal) = literal(text) {
            return Some(Expression::Code(literal));
        }
        if let Some(name) = GETTERS.iter().find_map(|getter| inside(text, getter)) {
            return Some(Expression::Code(variables.expression(&string(name)?).0));
        }
        if let Some(template) = inside(text, "pm.variables.replaceIn(") {
            let made = templates::text(&string(template)?, variables);
            return Some(Expression::Code(words::text(&made)));
        }
        for header in ["pm.response.headers.get(", "postman.getResponseHeader("] {
            if let Some(name) = inside(text, header) {
                return Some(Expression::Header(string(name)?));
            }
        }
        let known = match text {
            "pm.response.code" | "responseCode.code" => Expression::Response("r.status".to_owned()),
            "pm.response.responseTime" | "responseTime" => {
                Expression::Response("r.timings.duration".to_owned())
            }
            "pm.response.text()" | "responseBody" => Expression::Response("r.body".to_owned()),
            "Date.now()" | "new Date().getTime()" => Expression::Code("time::now_ms()".to_owned()),
            "new Date().toISOString()" => Expression::Code("time::iso()".to_owned()),
            "Math.random()" => Expression::Code("random::float()".to_owned()),
            _ => match below(text) {
                Some(bound) => {
                    Expression::Code(format!("random::int(0, {})", bound.checked_sub(1)?))
                }
                None => return self.path(text),
            },
        };
        Some(known)
    }

    /// `pm.response.json().rooms[0].id`, or the same behind a name.
    fn path(&self, text: &str) -> Option<Expression> {
        let starts = ["pm.response.json()", "JSON.parse(responseBody)"];
        let json = starts
            .iter()
            .find_map(|start| text.strip_prefix(start))
            .map(|rest| (Expression::Json(String::new()), rest));
        let (mut expression, mut rest) = json.or_else(|| {
            let end = text
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
                .unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(end)?;
            Some((self.0.get(name)?.clone(), rest))
        })?;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')) {
                let end = after
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(after.len());
                let (name, tail) = after.split_at_checked(end)?;
                expression = match name {
                    "length" => Expression::Response(format!("{}.len", expression.code())),
                    name => expression.field(name)?,
                };
                rest = tail;
                continue;
            }
            let (index, tail) = rest.strip_prefix('[')?.split_once(']')?;
            expression = match (string(index), &expression) {
                (Some(name), _) => expression.field(&name)?,
                (None, Expression::Json(path)) => {
                    let index: u32 = index.trim().parse().ok()?;
                    Expression::Json(format!("{path}[{index}]"))
                }
                _ => return None,
            };
            rest = tail;
        }
        Some(expression)
    }
}

/// The bound of `Math.floor(Math.random() * 10)`.
fn below(text: &str) -> Option<u32> {
    let inner = inside(text, "Math.floor(")?;
    let bound = inner
        .trim()
        .strip_prefix("Math.random()")?
        .trim_start()
        .strip_prefix('*')?;
    bound.trim().parse().ok()
}
