//! Objectives in a file of their own: `slos` of a script's options, written in TOML.
//!
//! ```toml
//! [slos]
//! http_req_failed = ["rate < 1%"]
//! "http_req_duration{name:reserve}" = [{ target = "p(95) < 800ms", priority = "P1" }]
//!
//! [[slos.http_req_duration]]
//! target = "p(95) < 500ms"
//! warn = "p(95) < 400ms"
//! priority = "P0"
//! ```
//!
//! The one part of this room that reads a file. What a map of objectives means is read where the options of scripts are, so both are
//! written alike.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Objective, SloError};
use crate::metrics::Builtin;
use crate::options::{OptionError, objectives};
use crate::project;
use crate::suggest::did_you_mean;

/// Of the file, in bytes.
const MAX_SIZE: u64 = 1 << 20;
/// The table that objectives stand in.
const TABLE: &str = "slos";

/// A file of objectives that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("cannot find the file of objectives `{}`", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("cannot read the file of objectives `{}`: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    /// Everything that is wrong with what it says.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Mistake>),
}

/// One thing that is wrong in a file of objectives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default())]
pub struct Mistake {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
    pub help: Option<String>,
}

/// Reads the objectives in a file.
///
/// # Errors
/// When it cannot be read, or everything that is wrong in it, each with its place.
pub fn read(path: &Path) -> Result<Vec<Objective>, FileError> {
    read_both(path).map(|(objectives, _)| objectives)
}

/// Reads the objectives in a file as the map that options hold them in.
///
/// # Errors
/// As [`read`] has them.
pub fn table(path: &Path) -> Result<Map<String, Value>, FileError> {
    read_both(path).map(|(_, table)| table)
}

/// Objectives, and the map that options hold them in.
type Both = (Vec<Objective>, Map<String, Value>);

fn read_both(path: &Path) -> Result<Both, FileError> {
    let unreadable = |why: String| FileError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        _ => unreadable(error.to_string()),
    })?;
    let bytes =
        project::read_stream(file, MAX_SIZE).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let line = 1 + before
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        unreadable(format!("line {line} is not UTF-8 text"))
    })?;
    parse_both(&path.display().to_string(), &text).map_err(FileError::Wrong)
}

/// Reads the objectives in a text; `file` is what mistakes call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(file: &str, text: &str) -> Result<Vec<Objective>, Vec<Mistake>> {
    parse_both(file, text).map(|(objectives, _)| objectives)
}

fn parse_both(file: &str, text: &str) -> Result<Both, Vec<Mistake>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let place = |at: usize, message: String, help: Option<String>| {
        let before = text.get(..at.min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Mistake {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message,
            help,
        }
    };
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![place(
            at,
            format!("this is not valid TOML: {}", error.message()),
            None,
        )]
    })?;
    let mut spans = Spans::default();
    let mut map = spans.table(document.get_ref(), &mut Vec::new());
    let mut mistakes = Vec::new();
    for (key, _) in document
        .get_ref()
        .iter()
        .filter(|(key, _)| key.get_ref() != TABLE)
    {
        let name = key.get_ref();
        let help = if is_metric(name) {
            format!(
                "objectives stand under `[{TABLE}]`: write `[{TABLE}]` above, or `[[{TABLE}.{name}]]`"
            )
        } else {
            did_you_mean(name, [TABLE]).unwrap_or_else(|| format!("known here: {TABLE}"))
        };
        mistakes.push(place(
            key.span().start,
            format!("unknown key `{name}`"),
            Some(help),
        ));
    }
    let mut errors = Vec::new();
    let path = vec![TABLE.to_owned()];
    let found = match map.get(TABLE) {
        Some(Value::Object(slos)) => {
            let found = objectives(slos, path, &mut errors);
            errors.extend(found.iter().filter_map(misfit));
            found
        }
        Some(_) => {
            let message = "expected a table of objectives".to_owned();
            errors.push(OptionError {
                path,
                message,
                help: None,
            });
            Vec::new()
        }
        None => Vec::new(),
    };
    mistakes.extend(errors.into_iter().map(|error| {
        let message = format!("{}: {}", error.path.join("."), error.message);
        place(spans.find(&error.path), message, error.help)
    }));
    if mistakes.is_empty() && found.is_empty() {
        let help = format!(
            "write `[{TABLE}]` and below it, for example, `http_req_failed = [\"rate < 1%\"]`"
        );
        mistakes.push(place(
            0,
            "there are no objectives in this file".to_owned(),
            Some(help),
        ));
    }
    if mistakes.is_empty() {
        let table = match map.remove(TABLE) {
            Some(Value::Object(table)) => table,
            _ => Map::new(),
        };
        return Ok((found, table));
    }
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    Err(mistakes)
}

fn is_metric(name: &str) -> bool {
    let name = name.split('{').next().unwrap_or(name);
    Builtin::by_name(name).is_some()
}

/// What is wrong with an objective for a metric whose nature is known.
fn misfit(objective: &Objective) -> Option<OptionError> {
    let definition = Builtin::by_name(objective.selector.metric())?.definition();
    let SloError {
        text,
        what,
        fix,
        suggestion,
        ..
    } = objective
        .check(definition.kind, definition.contains)
        .err()?;
    Some(OptionError {
        path: vec![TABLE.to_owned(), objective.selector.to_string()],
        message: format!("in `{text}`: {what}"),
        help: Some(match suggestion {
            Some(suggestion) => format!("did you mean `{suggestion}`? {fix}"),
            None => fix,
        }),
    })
}

/// Where each value stands.
#[derive(Default)]
struct Spans(Vec<(Vec<String>, usize)>);

impl Spans {
    /// A table as options are read from, noting where everything in it stands.
    fn table(&mut self, table: &DeTable<'_>, path: &mut Vec<String>) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            self.0.push((path.clone(), key.span().start));
            let value = self.value(value, path);
            map.insert(key.get_ref().to_string(), value);
            path.pop();
        }
        map
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, path: &mut Vec<String>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::from),
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map_or_else(|| Value::String(number.as_str().to_owned()), Value::Number),
            DeValue::Datetime(moment) => Value::String(moment.to_string()),
            DeValue::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    path.push(at.to_string());
                    self.0.push((path.clone(), item.span().start));
                    let item = self.value(item, path);
                    path.pop();
                    item
                })
                .collect(),
            DeValue::Table(table) => Value::Object(self.table(table, path)),
        }
    }

    /// Where the value at a path stands, or the nearest one around it.
    fn find(&self, path: &[String]) -> usize {
        (0..=path.len())
            .rev()
            .find_map(|length| {
                let wanted = path.get(..length)?;
                self.0.iter().find(|(known, _)| known == wanted)
            })
            .map_or(0, |(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::Priority;

    fn mistakes(text: &str) -> String {
        let all = parse("slo.toml", text).unwrap_err();
        all.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn objectives_are_written_as_in_a_script() {
        let found = parse(
            "slo.toml",
            "[slos]\nhttp_req_failed = [\"rate < 1%\"]\n\"http_req_duration{name:a}\" = { target = \"p(95) < 800ms\", over = 30 }\n\n[[slos.http_req_duration]]\ntarget = \"p(95) < 500ms\"\nwarn = \"p(95) < 400ms\"\npriority = \"P0\"\n",
        )
        .unwrap();
        let mut told: Vec<String> = found.iter().map(Objective::label).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "http_req_duration: p(95) < 500ms",
                "http_req_duration{name:a}: p(95) < 800ms over 30s",
                "http_req_failed: rate < 1%"
            ]
        );
        assert!(
            found
                .iter()
                .any(|objective| objective.priority == Priority::P0)
        );
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_the_nearest_name() {
        let all = mistakes(
            "[slos]\nhttp_req_failed = [\"rate < 1%\", { target = \"p95 < 3s\" }]\nchecks = { targett = \"rate > 99%\" }\n\n[slo]\n",
        );
        let found: Vec<&str> = all
            .lines()
            .filter(|line| line.starts_with("slo.toml:"))
            .collect();
        assert_eq!(found.len(), 4, "{all}");
        assert!(
            found[0].starts_with("slo.toml:2:35: slos.http_req_failed.1.target:"),
            "{all}"
        );
        assert!(all.contains("did you mean `p(95)`?"), "{all}");
        assert!(all.contains("did you mean `target`?"), "{all}");
        assert!(
            all.contains("slo.toml:5:2: unknown key `slo`") && all.contains("did you mean `slos`?"),
            "{all}"
        );
    }

    #[test]
    fn a_metric_outside_the_table_is_told_where_it_belongs() {
        let all = mistakes("[[http_req_duration]]\ntarget = \"p(95) < 1s\"\n");
        assert!(
            all.contains("slo.toml:1:3: unknown key `http_req_duration`"),
            "{all}"
        );
        assert!(all.contains("[[slos.http_req_duration]]"), "{all}");
    }

    #[test]
    fn an_objective_that_cannot_fit_its_metric_is_refused() {
        let all = mistakes("[slos]\nhttp_req_failed = [\"p(95) < 3s\"]\n");
        assert!(
            all.contains("slo.toml:2:1:") && all.contains("does not apply to a rate"),
            "{all}"
        );
    }

    #[test]
    fn an_empty_file_and_broken_toml_are_mistakes() {
        assert!(mistakes("").contains("there are no objectives"));
        assert!(mistakes("[slos]\n").contains("there are no objectives"));
        assert!(mistakes("[slos]\nx = [\n").contains("this is not valid TOML"));
        assert!(matches!(
            read(Path::new("/nowhere/slo.toml")),
            Err(FileError::Missing(_))
        ));
    }
}
