//! What is wrong with a template, in words: the line, what stands there, and the name that was meant.

use std::collections::BTreeSet;

use handlebars::{RenderError, RenderErrorReason, TemplateError};
use serde_json::Value;

use super::helpers;
use crate::suggest::did_you_mean;

/// Of a list, so many items tell what names there are.
const LOOKED_AT: usize = 50;

/// A template that could not be read.
pub fn of_parsing(error: &TemplateError) -> String {
    match error.pos() {
        Some((line, _)) => format!("line {line}: {}", error.reason()),
        None => error.reason().to_string(),
    }
}

/// A template that could not be filled in with `seen`.
pub fn of_filling(error: &RenderError, seen: &Value) -> String {
    let why = match error.reason() {
        RenderErrorReason::MissingVariable(path) => {
            missing(path.as_deref().unwrap_or_default(), seen)
        }
        RenderErrorReason::HelperNotFound(name) => {
            let near = did_you_mean(name, helpers::names());
            let help = near.unwrap_or_else(|| {
                let known: Vec<&str> = helpers::names().collect();
                format!("there are {}", known.join(", "))
            });
            format!("there is no helper `{name}`; {help}")
        }
        RenderErrorReason::PartialNotFound(name) => format!(
            "there is no partial `{name}`: a template has those of its own, `{{{{#*inline \"{name}\"}}}}…{{{{/inline}}}}`"
        ),
        RenderErrorReason::CannotIncludeSelf => "a template cannot hold itself".to_owned(),
        RenderErrorReason::IOError(error) => error.to_string(),
        other => other.to_string(),
    };
    match error.line_no {
        Some(line) => format!("line {line}: {why}"),
        None => why,
    }
}

/// There is nothing of that name.
pub fn missing(path: &str, seen: &Value) -> String {
    if path.is_empty() {
        return "it names what is not there".to_owned();
    }
    let wrong = path
        .rsplit(['.', '/'])
        .map(|part| part.trim_matches(['[', ']']))
        .find(|part| !part.is_empty())
        .unwrap_or(path);
    // Where it is looked for depends on the blocks around it; a name that is anywhere is a help.
    let mut known = BTreeSet::new();
    match around(path, seen) {
        Some(Value::Object(entries)) => known.extend(entries.keys().map(String::as_str)),
        _ => names(seen, &mut known),
    }
    let near = did_you_mean(wrong, known.iter().copied());
    let near = near.map(|near| format!("; {near}")).unwrap_or_default();
    format!("there is no `{path}`{near}")
}

/// What a path leads to but for its last part.
fn around<'a>(path: &str, seen: &'a Value) -> Option<&'a Value> {
    let (before, _) = path.rsplit_once('.')?;
    before.split('.').try_fold(seen, |value, part| {
        let part = part.trim_matches(['[', ']']);
        match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        }
    })
}

fn names<'a>(value: &'a Value, known: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                known.insert(name);
                names(value, known);
            }
        }
        Value::Array(items) => items
            .iter()
            .take(LOOKED_AT)
            .for_each(|item| names(item, known)),
        _ => {}
    }
}
