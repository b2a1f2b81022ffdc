//! What a name at a place means: for hovering over it, for going to where it is defined, and for the arguments of a call.

use std::ops::Range;

use serde_json::{Value, json};

use super::catalog::{Item, catalog};
use super::documents::{Document, Documents, uri_of_source};
use super::lexer::Kind;
use super::outline::{Function, Outline};
use super::position::{self, Position};
use super::situation::{self, Situation};
use crate::options::keys;
use crate::script::api::RESPONSE;

/// What was found about a name.
pub struct Found {
    /// The name itself.
    span: Range<usize>,
    /// Code to show, and words about it.
    code: String,
    doc: String,
    /// Where it is defined: the source's name, its text, the place in it.
    defined: Option<Place>,
}

struct Place {
    uri: String,
    text: std::sync::Arc<str>,
    span: Range<usize>,
}

/// What a document shows for the name at a place.
pub fn hover(documents: &Documents, document: &Document, at: Position) -> Value {
    let Some(found) = find(documents, document, at) else {
        return Value::Null;
    };
    let gap = if found.doc.is_empty() { "" } else { "\n\n" };
    let value = format!("```rhai\n{}\n```{gap}{}", found.code, found.doc);
    json!({
        "contents": { "kind": "markdown", "value": value },
        "range": position::range(&document.text, found.span.start, found.span.end),
    })
}

/// Where the name at a place is defined.
pub fn definition(documents: &Documents, document: &Document, at: Position) -> Value {
    match find(documents, document, at).and_then(|found| found.defined) {
        Some(place) => json!({
            "uri": place.uri,
            "range": position::range(&place.text, place.span.start, place.span.end),
        }),
        None => Value::Null,
    }
}

/// The name at a place, and what it means.
fn find(documents: &Documents, document: &Document, at: Position) -> Option<Found> {
    let text = &document.text;
    let offset = position::offset(text, at);
    let outline = Outline::of(text);
    let after = outline
        .tokens
        .partition_point(|token| token.span.end < offset);
    let candidates = outline.tokens.get(after..)?.iter().take(2);
    // Between two pieces, the name is meant.
    let token = candidates
        .filter(|token| token.span.start <= offset)
        .max_by_key(|token| token.kind == Kind::Word)?;
    let span = token.span.clone();
    let name = token.of(text);
    let finder = Finder {
        documents,
        document,
        outline: &outline,
        span: span.clone(),
    };
    match (
        token.kind,
        situation::at(text, &outline, span.end.min(offset.max(span.start + 1))),
    ) {
        (Kind::Text, Situation::ImportPath) => finder.module(name.trim_matches('"')),
        // A text may name a function, as in `exec: "visit"`.
        (Kind::Text, _) => finder.own(name.trim_matches('"')),
        (Kind::Word, Situation::Module { alias }) => finder.qualified(&alias, name),
        (Kind::Word, Situation::Member { value }) => finder.member(&value, name, offset),
        (Kind::Word, Situation::Key { path }) => finder.key(&path, name),
        (Kind::Word, Situation::Expression) => finder.plain(name, offset),
        _ => None,
    }
}

struct Finder<'a> {
    documents: &'a Documents,
    document: &'a Document,
    outline: &'a Outline,
    span: Range<usize>,
}

impl Finder<'_> {
    fn found(&self, code: String, doc: &str, defined: Option<Place>) -> Option<Found> {
        Some(Found {
            span: self.span.clone(),
            code,
            doc: doc.to_owned(),
            defined,
        })
    }

    fn here(&self, span: Range<usize>) -> Option<Place> {
        Some(Place {
            uri: self.document.uri.clone(),
            text: self.document.text.clone(),
            span,
        })
    }

    fn item(&self, item: &Item, module: &str) -> Option<Found> {
        let prefix = match module {
            "" => String::new(),
            module => format!("{module}::"),
        };
        let lines = item.signature.lines().map(|line| format!("{prefix}{line}"));
        let code = lines.collect::<Vec<_>>().join("\n");
        self.found(code, &item.doc, None)
    }

    fn function(&self, function: &Function, defined: Option<Place>) -> Option<Found> {
        let code = format!("fn {}", function.signature());
        self.found(code, &function.doc, defined)
    }

    fn own(&self, name: &str) -> Option<Found> {
        let function = self.outline.functions.iter().find(|f| f.name == name)?;
        self.function(function, self.here(function.at.clone()))
    }

    fn module(&self, path: &str) -> Option<Found> {
        let module = self.documents.module(self.document, path)?;
        let outline = Outline::of(&module.text);
        let place = Place {
            uri: uri_of_source(&module.name)?,
            text: module.text.clone(),
            span: 0..0,
        };
        self.found(format!("import \"{path}\""), &outline.doc, Some(place))
    }

    fn qualified(&self, alias: &str, name: &str) -> Option<Found> {
        if alias == "global" {
            return self.variable(name, |variable| variable.is_top);
        }
        if self.outline.import(alias).is_none() {
            return self.item(catalog().find(alias, name)?, alias);
        }
        let module = self
            .documents
            .module_of(self.document, self.outline, alias)?;
        let outline = Outline::of(&module.text);
        let place = |span: Range<usize>| {
            Some(Place {
                uri: uri_of_source(&module.name)?,
                text: module.text.clone(),
                span,
            })
        };
        if let Some(function) = outline.functions.iter().find(|f| f.name == name) {
            return self.function(function, place(function.at.clone()));
        }
        let value = outline
            .variables
            .iter()
            .find(|v| v.is_top && v.name == name)?;
        self.found(format!("{alias}::{name}"), "", place(value.at.clone()))
    }

    fn variable(
        &self,
        name: &str,
        fits: impl Fn(&super::outline::Variable) -> bool,
    ) -> Option<Found> {
        let mut all = self.outline.variables.iter();
        let variable = all.find(|variable| variable.name == name && fits(variable))?;
        self.declared(variable)
    }

    fn declared(&self, variable: &super::outline::Variable) -> Option<Found> {
        let text = &self.document.text;
        let start = text
            .get(..variable.at.start)?
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let line = text.get(start..)?.lines().next().unwrap_or_default();
        let line: String = line.trim().chars().take(120).collect();
        self.found(line, "", self.here(variable.at.clone()))
    }

    fn member(&self, value: &str, name: &str, offset: usize) -> Option<Found> {
        let kind = kind_of(self.outline, value, offset);
        let known = kind.and_then(|kind| catalog().members(kind).find(|item| item.name == name));
        match known.or_else(|| catalog().member(name)) {
            Some(item) => self.item(item, ""),
            // A function can be called as a method of its first argument.
            None => self.own(name),
        }
    }

    fn key(&self, path: &[String], name: &str) -> Option<Found> {
        let known = keys_of(path).into_iter().find(|key| key.name == name);
        match known {
            Some(key) => {
                let default = match key.default {
                    "" => String::new(),
                    default => format!(", default: {default}"),
                };
                self.found(format!("{name}: {}{default}", key.takes), key.meaning, None)
            }
            None => self.plain(name, self.span.start),
        }
    }

    fn plain(&self, name: &str, offset: usize) -> Option<Found> {
        if let Some(variable) = self.outline.visible(offset).find(|v| v.name == name) {
            return self.declared(variable);
        }
        if let Some(import) = self.outline.import(name) {
            return self.module(&import.path);
        }
        if let Some(found) = self.own(name) {
            return Some(found);
        }
        if let Some(item) = catalog().find("", name) {
            return self.item(item, "");
        }
        let count = catalog().items(name).len();
        (count > 0).then(|| {
            self.found(
                format!("{name}::"),
                &format!("{count} functions that need no import"),
                None,
            )
        })?
    }
}

/// The type of a value, if it can be told: of a variable by what it is made by, of what is read of one by that one's type.
pub fn kind_of<'a>(outline: &'a Outline, value: &str, offset: usize) -> Option<&'a str> {
    let mut names = value.split('.');
    let mut kind = kind_of_variable(outline, names.next()?, offset, NESTED)?;
    for name in names {
        let mut members = catalog().members(kind);
        kind = &members
            .find(|item| item.name == name && item.is_property)?
            .gives;
    }
    Some(kind)
}

/// Closures within closures of which the innermost value is asked for.
const NESTED: usize = 4;

fn kind_of_variable<'a>(
    outline: &'a Outline,
    name: &str,
    offset: usize,
    nested: usize,
) -> Option<&'a str> {
    let variable = outline
        .visible(offset)
        .find(|variable| variable.name == name)?;
    if let Some(checked) = &variable.checks {
        // What is checked is most often a response, and at least told apart from it where it is made here.
        let before = variable.at.start.saturating_sub(1);
        let is_known = outline.visible(before).any(|one| one.name == *checked);
        return match nested.checked_sub(1).filter(|_| is_known) {
            Some(nested) => kind_of_variable(outline, checked, before, nested).or(Some(RESPONSE)),
            None => Some(RESPONSE),
        };
    }
    if variable.made_by.is_empty() {
        // What a scenario's function is given.
        return (name == "ctx").then_some("Context");
    }
    let (module, function) = variable.made_by.split_once("::")?;
    let item = catalog().find(module, function)?;
    Some(item.gives.as_str())
}

/// The keys that a map may have, by what is around it.
pub fn keys_of(path: &[String]) -> Vec<&'static keys::Key> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["options"] => keys::RUN.iter().collect(),
        ["options", "scenarios", _] => keys::SCENARIO.iter().chain(keys::EXECUTOR).collect(),
        ["options", "slos", _] => keys::OBJECTIVE.iter().collect(),
        ["options", "faults"] => keys::FAULT.iter().collect(),
        ["options", "faults", "guard" | "steady"] => keys::PROBE.iter().collect(),
        ["options", "commands", _] => keys::COMMAND.iter().collect(),
        ["options", "tracing"] => keys::TRACING.iter().collect(),
        ["options", "proxies", _] => keys::PROXY.iter().collect(),
        [call] if call.starts_with("http::") => keys::REQUEST.iter().collect(),
        _ => Vec::new(),
    }
}

/// The call around a place: its ways to be called, and which argument is being written.
pub fn signature(documents: &Documents, document: &Document, at: Position) -> Value {
    let text = &document.text;
    let offset = position::offset(text, at);
    let outline = Outline::of(text);
    let after = outline
        .tokens
        .partition_point(|token| token.span.start < offset);
    let mut depth = 0;
    let mut argument = 0;
    for here in (0..after).rev().take(2_000) {
        let Some(token) = outline.tokens.get(here) else {
            return Value::Null;
        };
        match token.of(text) {
            ")" | "]" | "}" => depth += 1,
            "(" if depth == 0 => {
                let Some(name) = here.checked_sub(1).and_then(|at| outline.tokens.get(at)) else {
                    return Value::Null;
                };
                let end = position::place(text, name.span.end);
                let Some(found) =
                    find(documents, document, end).filter(|found| found.code.contains('('))
                else {
                    return Value::Null;
                };
                let all: Vec<Value> = found
                    .code
                    .lines()
                    .map(|line| of_line(line, &found.doc))
                    .collect();
                let enough = |line: &str| count(line) > argument;
                let active = found.code.lines().position(enough).unwrap_or(0);
                return json!({ "signatures": all, "activeSignature": active, "activeParameter": argument });
            }
            "(" | "[" | "{" if depth > 0 => depth -= 1,
            "[" | "{" | ";" => return Value::Null,
            "," if depth == 0 => argument += 1,
            _ => {}
        }
    }
    Value::Null
}

fn parameters(line: &str) -> Vec<&str> {
    let inside = line
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'));
    let inside = inside.map_or("", |(inside, _)| inside);
    inside.split(", ").filter(|part| !part.is_empty()).collect()
}

fn count(line: &str) -> usize {
    parameters(line).len()
}

fn of_line(line: &str, doc: &str) -> Value {
    let parameters: Vec<Value> = parameters(line)
        .iter()
        .map(|parameter| json!({ "label": parameter }))
        .collect();
    json!({
        "label": line.trim_start_matches("fn "),
        "documentation": { "kind": "markdown", "value": doc },
        "parameters": parameters,
    })
}
