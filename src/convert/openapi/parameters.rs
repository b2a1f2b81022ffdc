//! Values of parameters: in the path, the query, headers and cookies.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::api::{Api, Carrier, Operation, Parameter, Piece, pieces};
use super::bodies;
use super::example::{Made, Maker};
use super::security::{Security, add_cookie};
use crate::convert::emit::words::{Names, constant};
use crate::convert::journey::Request;
use crate::convert::text::{Text, Value};
use crate::secrets::is_secret_name;

/// What the parameters of one operation are made of.
pub struct Values<'v, 'a> {
    pub api: &'v mut Api<'a>,
    pub maker: &'v mut Maker<'a>,
    pub security: &'v mut Security,
    pub names: &'v mut Names,
    /// Variables that hold what earlier responses gave, by the parameter.
    pub fed: BTreeMap<(String, &'static str), String>,
}

/// A name for where a parameter stands, to tell those of one name apart.
pub fn place(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Path => "path",
        Carrier::Query => "query",
        Carrier::Header => "header",
        Carrier::Cookie => "cookie",
    }
}

impl<'a> Values<'_, 'a> {
    /// Puts an operation's parameters into its request; the path begins with `prefix`.
    pub fn fill(&mut self, operation: &Operation<'a>, prefix: &str, request: &mut Request) {
        let mut path = Text::from(prefix);
        for piece in pieces(operation.path) {
            match piece {
                Piece::Literal(literal) => path.push(literal),
                Piece::Parameter(name) => {
                    let declared = operation
                        .parameters
                        .iter()
                        .find(|known| known.carrier == Carrier::Path && known.name == name);
                    let value = match declared {
                        Some(parameter) => self.path_value(parameter),
                        None => Text::from(name),
                    };
                    path.extend(&value);
                }
            }
        }
        request.url.path = path;
        for parameter in &operation.parameters {
            if parameter.carrier != Carrier::Path {
                self.place(parameter, request);
            }
        }
    }

    fn path_value(&mut self, parameter: &Parameter<'a>) -> Text {
        if let Some(variable) = self
            .fed
            .get(&(parameter.name.to_owned(), place(Carrier::Path)))
        {
            // Ids need no escape, or else they were none.
            return Text::code(variable.clone());
        }
        if is_secret_name(parameter.name) {
            let env = constant(parameter.name, "SECRET");
            let meaning = format!("`{}` in paths", parameter.name);
            let code = self.security.variable(self.names, &env, &meaning, true);
            return Text::code(code).in_url();
        }
        if let Some(given) = self.given(parameter) {
            return joined(given, ",").in_url();
        }
        let made = self.made(parameter);
        let default = match made {
            Made::Plain(Json::String(text)) => text,
            Made::Plain(number @ Json::Number(_)) => number.to_string(),
            made => return joined(made, ",").in_url(),
        };
        // Nobody but the user knows what there is.
        let env = constant(parameter.name, "ID");
        let meaning = format!("`{}` in paths", parameter.name);
        Text::code(
            self.security
                .named(self.names, &env, Some(&default), &meaning, false),
        )
        .in_url()
    }

    fn place(&mut self, parameter: &Parameter<'a>, request: &mut Request) {
        let fed = self
            .fed
            .get(&(parameter.name.to_owned(), place(parameter.carrier)))
            .cloned();
        let made = match fed {
            Some(variable) => Made::Call {
                code: variable,
                like: Json::Null,
            },
            None if is_secret_name(parameter.name)
                && (parameter.required || self.given(parameter).is_some()) =>
            {
                let env = constant(parameter.name, "SECRET");
                let meaning = format!("`{}` of requests", parameter.name);
                let code = self.security.variable(self.names, &env, &meaning, true);
                Made::Call {
                    code,
                    like: Json::Null,
                }
            }
            None => match self.given(parameter) {
                Some(given) => given,
                None if parameter.required => self.made(parameter),
                None => return,
            },
        };
        match parameter.carrier {
            Carrier::Path => {}
            Carrier::Query => self.query(parameter, made, request),
            Carrier::Header => request
                .headers
                .push((parameter.name.to_owned(), joined(made, ","))),
            Carrier::Cookie => add_cookie(request, parameter.name, Value::Text(joined(made, ","))),
        }
    }

    fn query(&mut self, parameter: &Parameter<'a>, made: Made, request: &mut Request) {
        let style = parameter
            .declared
            .get("style")
            .and_then(Json::as_str)
            .unwrap_or("form");
        let explode = parameter
            .declared
            .get("explode")
            .and_then(Json::as_bool)
            .unwrap_or(style == "form");
        let made = if parameter.declared.get("content").is_some() {
            Made::Plain(Json::String(made.into_like().to_string()))
        } else {
            unfolded(made)
        };
        match made {
            Made::List(items) if explode => {
                for item in items {
                    request.url.push_query(parameter.name, &item.into_text());
                }
            }
            Made::Map(fields) if explode || style == "deepObject" => {
                for (field, made) in fields {
                    let name = if style == "deepObject" {
                        format!("{}[{field}]", parameter.name)
                    } else {
                        field
                    };
                    request.url.push_query(&name, &made.into_text());
                }
            }
            made => {
                let between = match style {
                    "spaceDelimited" => " ",
                    "pipeDelimited" => "|",
                    _ => ",",
                };
                request
                    .url
                    .push_query(parameter.name, &joined(made, between));
            }
        }
    }

    /// What the document gives as an example.
    fn given(&mut self, parameter: &Parameter<'a>) -> Option<Made> {
        let given = bodies::given(self.api, parameter.declared).or_else(|| {
            let content = parameter
                .declared
                .get("content")?
                .as_object()?
                .values()
                .next()?;
            bodies::given(self.api, content)
        });
        let given = given.or_else(|| {
            let schema = self.maker.schema(parameter.declared.get("schema")?);
            let examples = || schema.word("examples").and_then(|examples| examples.get(0));
            schema
                .word("const")
                .or(schema.word("example"))
                .or_else(examples)
        });
        given.map(|given| Made::Plain(given.clone()))
    }

    fn made(&mut self, parameter: &Parameter<'a>) -> Made {
        let content = || {
            parameter
                .declared
                .get("content")?
                .as_object()?
                .values()
                .next()?
                .get("schema")
        };
        let made = match parameter.declared.get("schema").or_else(content) {
            Some(schema) => self.maker.make(schema, parameter.name).ok(),
            None => None,
        };
        made.unwrap_or_else(|| Made::Plain(Json::String("1".to_owned())))
    }
}

/// A list or map of the document as one of values.
fn unfolded(made: Made) -> Made {
    match made {
        Made::Plain(Json::Array(items)) => Made::List(items.into_iter().map(Made::Plain).collect()),
        Made::Plain(Json::Object(fields)) => Made::Map(
            fields
                .into_iter()
                .map(|(name, value)| (name, Made::Plain(value)))
                .collect(),
        ),
        made => made,
    }
}

/// A value as one text, lists with something between their elements.
fn joined(made: Made, between: &str) -> Text {
    match unfolded(made) {
        Made::List(items) => {
            let mut text = Text::default();
            for (at, item) in items.into_iter().enumerate() {
                text.push(if at == 0 { "" } else { between });
                text.extend(&item.into_text());
            }
            text
        }
        made => made.into_text(),
    }
}
