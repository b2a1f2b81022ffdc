//! The objectives of a run, read from `slos`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::keys;
use super::reader::{OptionError, Reader, describe};
use crate::slo::{
    Expression, Objective, ObjectiveSpec, Priority, Selector, SloError, check_window,
};

/// Reads all objectives of a run's options.
pub fn read(reader: &mut Reader<'_>) -> Vec<Objective> {
    let Some(map) = reader.object("slos") else {
        return Vec::new();
    };
    let path = reader.path_of("slos");
    objectives(map, path, reader.errors())
}

/// Reads a map from metrics to their objectives, which stands at `path`. Mistakes are added to `errors`.
pub fn objectives(
    map: &Map<String, Value>,
    path: Vec<String>,
    errors: &mut Vec<OptionError>,
) -> Vec<Objective> {
    let mut inner = Reader::new(map, path.clone(), errors);
    let mut objectives = Vec::new();
    for (metric, value) in map {
        let selector = match metric.parse::<Selector>() {
            Ok(selector) => selector,
            Err(error) => {
                inner.wrong(metric, error);
                continue;
            }
        };
        let items: Vec<(Option<usize>, &Value)> = match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| (Some(at), item))
                .collect(),
            other => vec![(None, other)],
        };
        for (at, item) in items {
            let item_path: Vec<String> = path
                .iter()
                .cloned()
                .chain([metric.clone()])
                .chain(at.map(|at| at.to_string()))
                .collect();
            read_one(&selector, item, item_path, &mut inner, &mut objectives);
        }
    }
    objectives
}

fn read_one(
    selector: &Selector,
    item: &Value,
    path: Vec<String>,
    outer: &mut Reader<'_>,
    out: &mut Vec<Objective>,
) {
    let short;
    let map = match item {
        Value::Object(map) => map,
        // The short form: only the target.
        Value::String(_) => {
            short = serde_json::Map::from_iter([("target".to_owned(), item.clone())]);
            &short
        }
        other => {
            outer.errors().push(OptionError {
                path,
                message: format!(
                    "expected an objective such as #{{ target: \"p(95) < 3s\" }}, found {}",
                    describe(other)
                ),
                help: None,
            });
            return;
        }
    };
    let mut reader = Reader::new(map, path, outer.errors());
    let target = expression(&mut reader, "target");
    let warn = expression(&mut reader, "warn");
    let priority = match reader.string("priority") {
        None => Some(Priority::P1),
        Some(text) => match text {
            "P0" => Some(Priority::P0),
            "P1" => Some(Priority::P1),
            "P2" => Some(Priority::P2),
            other => {
                reader.error(
                    "priority",
                    format!("`{other}` is not a priority"),
                    Some(
                        "write \"P0\" (blocks the deployment), \"P1\" or \"P2\" (ask for a review)"
                            .to_owned(),
                    ),
                );
                None
            }
        },
    };
    let abort = reader.flag("abort").unwrap_or_default();
    let abort_delay = reader.duration("abort_delay").unwrap_or(Duration::ZERO);
    let mut over = reader.duration("over");
    if let Some(error) = over.and_then(|over| check_window(over).err()) {
        reader.wrong("over", error);
        over = None;
    }
    let optional = reader.flag("optional").unwrap_or_default();
    let name = reader.string("name").map(str::to_owned);
    if target.is_none() && !reader.has("target") {
        reader.error_here(
            "an objective needs a `target`",
            Some("for example target: \"p(95) < 3s\"".to_owned()),
        );
    }
    if let (Some(target), Some(priority)) = (target, priority)
        && (warn.is_some() || !reader.has("warn"))
    {
        let selector = selector.clone();
        let spec = ObjectiveSpec {
            selector,
            target,
            warn,
            priority,
            abort,
            abort_delay,
            over,
            optional,
            name,
        };
        match Objective::try_from(spec) {
            Ok(objective) => out.push(objective),
            Err(error) => reader.wrong("warn", error),
        }
    }
    reader.finish(&keys::names(keys::OBJECTIVE), |_| None);
}

fn expression(reader: &mut Reader<'_>, key: &str) -> Option<Expression> {
    let text = reader.string(key)?;
    let parsed: Result<Expression, SloError> = text.parse();
    match parsed {
        Ok(expression) => Some(expression),
        Err(error) => {
            reader.wrong(key, error);
            None
        }
    }
}
