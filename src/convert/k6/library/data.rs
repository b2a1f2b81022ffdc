//! Files: `open`, `SharedArray`, and CSV.

use std::sync::LazyLock;

use oxc_ast::ast::{Expression, NewExpression};
use oxc_span::GetSpan;
use regex::Regex;

use super::super::calls::plain;
use super::super::code::{Code, Kind};
use super::super::scope::{Meaning, Module};
use super::super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

/// A file that is opened under a name that is written out.
static OPENED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\bopen\(\s*['"`]([^'"`$]+)['"`]"#).ok());
/// JSON of which a part is taken.
static PART_OF_JSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"JSON\.parse\(\s*open\([^)]*\)\s*\)\s*[.\[]").ok());

impl<'a> Translator<'_> {
    /// A variable that is none in rhaid: a metric, or a file to send.
    pub fn special(&self, init: Option<&Expression<'a>>) -> Option<Meaning> {
        match init? {
            Expression::NewExpression(new) => self.new_metric(new).map(Meaning::Metric),
            Expression::CallExpression(call) => {
                let name = call.callee.get_identifier_reference()?;
                if name.name != "open" || self.scopes.get("open").is_some() {
                    return None;
                }
                let arguments = plain(&call.arguments).ok()?;
                let Some(Expression::StringLiteral(path)) = arguments.first() else {
                    return None;
                };
                let path = plain_path(&path.value);
                Some(if arguments.len() > 1 {
                    Meaning::File(path)
                } else {
                    Meaning::TextFile(path)
                })
            }
            _ => None,
        }
    }

    /// Rows of a file at the top level: `new SharedArray(…)`, `JSON.parse(open(…))`, `papaparse.parse(open(…)).data`.
    /// `None` if it is none of them.
    pub fn rows(&mut self, init: &Expression<'a>) -> Option<Try<Code>> {
        let text = self.text(init.span());
        if let Expression::NewExpression(new) = init
            && self.is_shared_array(new)
        {
            return Some(self.shared_array(new));
        }
        let file = OPENED.as_ref()?.captures(text)?.get(1)?.as_str();
        let starts = text.starts_with("JSON.parse(") || self.parses_csv(text);
        if !starts
            || !matches!(
                init,
                Expression::CallExpression(_) | Expression::StaticMemberExpression(_)
            )
        {
            return None;
        }
        Some(self.of_file(text, file))
    }

    fn is_shared_array(&self, new: &NewExpression<'a>) -> bool {
        match &new.callee {
            Expression::Identifier(name) => matches!(
                self.scopes.get(&name.name),
                Some(Meaning::Member(Module::Data, member)) if member == "SharedArray"
            ),
            Expression::StaticMemberExpression(member) => member.property.name == "SharedArray",
            _ => false,
        }
    }

    fn shared_array(&mut self, new: &NewExpression<'a>) -> Try<Code> {
        let arguments = plain(&new.arguments)?;
        let Some(make) = arguments.get(1) else {
            return Why::new("a SharedArray has a name and a function");
        };
        let text = self.text(make.span());
        let file = OPENED
            .as_ref()
            .and_then(|pattern| pattern.captures(text))
            .and_then(|found| found.get(1));
        match file {
            Some(file) => self.of_file(text, file.as_str()),
            None => {
                let closure = self.callback(make, &[], false)?;
                Ok(Code::atom(format!("({}).call()", closure.text), Kind::List))
            }
        }
    }

    fn parses_csv(&self, text: &str) -> bool {
        let before = text.split(".parse(").next().unwrap_or_default();
        let name = before
            .rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
            .next()
            .unwrap_or_default();
        matches!(self.scopes.get(name), Some(Meaning::Module(Module::Csv)))
    }

    fn of_file(&mut self, text: &str, file: &str) -> Try<Code> {
        let path = plain_path(file);
        self.notes.insert(format!(
            "rows come from {path}, found from the script's folder"
        ));
        let path = words::quoted(&path);
        let is_part = PART_OF_JSON
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(text));
        if self.parses_csv(text) {
            return Ok(Code::atom(format!("data::csv({path})"), Kind::Data));
        }
        if text.contains("JSON.parse") && !is_part {
            return Ok(Code::atom(format!("data::json({path})"), Kind::Data));
        }
        Why::new("data::json reads a file that holds one list, data::csv one with a row of names")
    }
}

/// A path without `./` before it.
pub fn plain_path(path: &str) -> String {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    path.to_owned()
}
