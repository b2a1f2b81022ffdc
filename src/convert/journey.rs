//! A journey: what users do, wherever it was recorded or described. Importers make it, [`super::emit`] writes it.

use std::path::PathBuf;

use super::text::{Text, Value};

/// A script in the making.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Journey {
    /// What it is, in one line: the first of the script.
    pub title: String,
    /// What else its head says, line by line.
    pub about: Vec<String>,
    /// Further imports, as path and name: `("std/auth", "auth")`. Those of what the emitter writes it adds itself.
    pub imports: Vec<(String, String)>,
    /// What the environment can change; constants of the script.
    pub variables: Vec<Variable>,
    /// Lines of code between the variables and the options, as they are.
    pub prelude: Vec<String>,
    /// `options`, option by option; left out if there are none.
    pub options: Vec<(String, Value)>,
    /// In the order of the script. An iteration is called `iteration`, or whatever `options` name as `exec`.
    pub functions: Vec<Function>,
    /// The whole script, where it was translated and not recorded: nothing above is looked at then.
    pub whole: Option<String>,
    /// Modules that the script imports: their paths beside it, and their texts.
    pub beside: Vec<(PathBuf, String)>,
    /// What was made of what, told to whoever converts: "4 values of earlier responses are extracted".
    pub done: Vec<String>,
    /// What was left out, or needs a look: "12 requests to cdn.example.com".
    pub left: Vec<String>,
}

/// Something lifted out of the journey, for the environment to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The constant: `BASE`, read as `global::BASE`.
    pub constant: String,
    /// The variable of the environment: `BASE_URL`.
    pub env: String,
    /// What it is without it; none if a run cannot do without it.
    pub default: Option<String>,
    /// What it is for, in a few words; may be empty.
    pub meaning: String,
    /// Read by `secret()`, so that no report shows it.
    pub secret: bool,
}

/// A function of the script.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    /// Lines of its doc comment.
    pub doc: Vec<String>,
    pub items: Vec<Item>,
}

/// What a function does, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Step(Box<Step>),
    /// Several requests at once.
    Batch(Batch),
    /// The same, each with what is expected of its response and taken from it.
    AtOnce(Vec<Step>),
    /// `page::load`: a document and what it names.
    Page(Page),
    Think(Think),
    /// A named part; what is extracted in it is known after it too.
    Group(Group),
    /// A line of comment.
    Note(String),
    /// Lines of Rhai as they are, without indentation of the place where they go.
    Code(Vec<String>),
}

/// A named part of a function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    pub name: String,
    pub items: Vec<Item>,
}

/// A request, what is expected of its response and what is taken from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// Lines of comment above it.
    pub notes: Vec<String>,
    pub request: Request,
    /// The status that is checked; one of 400 and more then counts as success.
    pub status: Option<u16>,
    /// What the check of the status is called, if the source says so.
    pub status_name: Option<String>,
    pub checks: Vec<Check>,
    pub extractions: Vec<Extraction>,
    /// The variable that holds the response, if the importer's code refers to it; else the emitter finds a name where it
    /// needs one.
    pub variable: Option<String>,
}

/// Requests that are sent at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    pub notes: Vec<String>,
    pub requests: Vec<Request>,
    /// The check that all went well; none if empty.
    pub check: String,
}

/// A page loaded by `std/page`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub notes: Vec<String>,
    pub name: String,
    pub url: Url,
    pub headers: Vec<(String, Text)>,
    /// Further hosts whose assets are loaded.
    pub hosts: Vec<String>,
    pub extractions: Vec<Extraction>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Its name in reports; needed where the URL has an id in its path.
    pub name: Option<String>,
    /// In capitals.
    pub method: String,
    pub url: Url,
    pub headers: Vec<(String, Text)>,
    pub body: Body,
    /// Further parameters of the request, such as `auth`, `timeout`, `redirects` or `tags`.
    pub parameters: Vec<(String, Value)>,
}

/// A URL in three parts, each escaped as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Url {
    /// Scheme and host, without a slash at the end: usually `global::BASE`.
    pub base: Text,
    /// Begins with a slash, or is empty.
    pub path: Text,
    /// Fields in order; one without `=` has no value.
    pub query: Vec<(Text, Option<Text>)>,
}

impl Url {
    /// Adds a field to the query; escapes it.
    pub fn push_query(&mut self, name: &str, value: &Text) {
        self.query
            .push((Text::from(name).in_url(), Some(value.in_url())));
    }

    /// The whole URL.
    pub fn text(&self) -> Text {
        let mut whole = self.base.clone();
        whole.extend(&self.path);
        for (at, (name, value)) in self.query.iter().enumerate() {
            whole.push(if at == 0 { "?" } else { "&" });
            whole.extend(name);
            if let Some(value) = value {
                whole.push("=");
                whole.extend(value);
            }
        }
        whole
    }
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Body {
    #[default]
    None,
    /// Sent as JSON, which needs no `content-type`.
    Json(Value),
    /// As an HTML form, unescaped. A name that comes twice makes it a text.
    Form(Vec<(String, Text)>),
    Multipart(Vec<(String, Field)>),
    /// As it is; the kind of text is in the headers.
    Text(Text),
    /// No text.
    Bytes(Vec<u8>),
    /// A file beside the script.
    File(String),
    /// A Rhai expression.
    Code(String),
}

/// A field of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    Text(Text),
    /// A file beside the script.
    File(String),
    /// A file made by the script.
    Content {
        content: Text,
        name: String,
        content_type: String,
    },
}

/// A look at a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    /// Whether the source called it so; what the importer calls something goes behind the name of the request.
    pub own: bool,
    /// A condition on the response `r`: `r.json("id") != ()`.
    pub condition: String,
}

/// A value of a response that later steps use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// Holds the value from here on.
    pub variable: String,
    pub source: Source,
}

/// Where a value stands in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At a path of the JSON body: `rooms[0].id`, or a JSONPath that begins with `$`.
    Json(String),
    Header(String),
    Cookie(String),
    /// An attribute of the first element that a CSS selector finds; its text without one.
    Html {
        selector: String,
        attribute: Option<String>,
    },
    /// The first group of a pattern in the body.
    Regex(String),
    /// The first group of a pattern in a header.
    HeaderRegex {
        header: String,
        pattern: String,
    },
    /// An expression in which `{}` is the response.
    Code(String),
}

/// A pause, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Think {
    Fixed(f64),
    Uniform { min: f64, max: f64 },
    Normal { mean: f64, deviation: f64 },
    LogNormal { median: f64, sigma: f64 },
}
