//! A collection as a journey: one iteration, folders as groups, requests in their order.

use serde_json::Value as Json;

use super::javascript::{self, Found};
use super::request::{Requests, outline};
use super::variables::Variables;
use crate::convert::journey::{Check, Extraction, Function, Group, Item, Journey, Step, Think};
use crate::convert::load;
use crate::convert::{Error, Settings};

/// Groups within groups at most, as scripts may have.
const DEEPEST: usize = 4;

/// Makes the journey.
///
/// # Errors
/// When there is no request in the collection.
pub fn journey(
    collection: &Json,
    environment: Option<&Json>,
    name: &str,
    settings: &Settings,
) -> Result<Journey, Error> {
    let mut writer = Writer {
        variables: Variables::new(collection, environment),
        files: Vec::new(),
        left: Vec::new(),
        requests: 0,
        translated: 0,
        keeps: false,
        names: Vec::new(),
    };
    let whole = Inherited {
        auth: auth_of(collection),
        scripts: scripts_of(collection, "test"),
        before: scripts_of(collection, "prerequest"),
    };
    let mut items = writer.items(collection, &whole, 0);
    if writer.requests == 0 {
        return Err(Error::new(
            format!("{name}: there is no request in the collection"),
            "there must be one that is not switched off and has a URL",
        ));
    }
    if settings.think > 0.0 {
        items.push(Item::Think(Think::Uniform {
            min: 0.5 * settings.think,
            max: 1.5 * settings.think,
        }));
    }
    Ok(writer.finish(collection, name, items))
}

struct Writer {
    variables: Variables,
    files: Vec<String>,
    left: Vec<String>,
    requests: usize,
    translated: usize,
    /// Whether users keep something in their own map.
    keeps: bool,
    /// Names of requests that are in use.
    names: Vec<String>,
}

/// What a folder hands down to its requests.
#[derive(Clone)]
struct Inherited<'j> {
    auth: Option<&'j Json>,
    scripts: Vec<String>,
    before: Vec<String>,
}

fn auth_of(item: &Json) -> Option<&Json> {
    item.get("auth").filter(|auth| !auth.is_null())
}

/// The scripts of an item that listen to an event.
fn scripts_of(item: &Json, event: &str) -> Vec<String> {
    let events = item
        .get("event")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    let listening = events.filter(|known| {
        known.get("listen").is_some_and(|listen| listen == event)
            && known.get("disabled") != Some(&Json::Bool(true))
    });
    let script = |event: &Json| {
        let script = event.get("script")?;
        match script.get("exec").unwrap_or(script) {
            Json::String(text) => Some(text.clone()),
            Json::Array(lines) => {
                let lines: Vec<&str> = lines.iter().filter_map(Json::as_str).collect();
                Some(lines.join("\n"))
            }
            _ => None,
        }
    };
    listening
        .filter_map(script)
        .filter(|script| !script.trim().is_empty())
        .collect()
}

impl Writer {
    fn items(&mut self, folder: &Json, inherited: &Inherited<'_>, depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for item in folder
            .get("item")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            let name = item
                .get("name")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .trim()
                .to_owned();
            if item.get("disabled") == Some(&Json::Bool(true)) {
                self.left.push(format!("`{name}`: it is switched off"));
            } else if item.get("item").is_some_and(Json::is_array) {
                let mut inner = inherited.clone();
                inner.auth = auth_of(item).or(inherited.auth);
                inner.scripts.extend(scripts_of(item, "test"));
                inner.before.extend(scripts_of(item, "prerequest"));
                let contents = self.items(item, &inner, depth + 1);
                if contents.is_empty() {
                    continue;
                }
                if depth < DEEPEST {
                    let name = if name.is_empty() {
                        "folder".to_owned()
                    } else {
                        name
                    };
                    items.push(Item::Group(Group {
                        name,
                        items: contents,
                    }));
                } else {
                    items.extend(contents);
                }
            } else if let Some(request) = item.get("request") {
                self.request(item, request, &name, inherited, &mut items);
            }
        }
        items
    }

    fn request(
        &mut self,
        item: &Json,
        described: &Json,
        name: &str,
        inherited: &Inherited<'_>,
        items: &mut Vec<Item>,
    ) {
        let before = inherited
            .before
            .iter()
            .cloned()
            .chain(scripts_of(item, "prerequest"));
        let mut notes = Vec::new();
        for script in before {
            let found = javascript::read(&script, &mut self.variables);
            self.before(found, &mut notes, items);
        }
        let mut requests = Requests {
            variables: &mut self.variables,
            todo: Vec::new(),
            files: std::mem::take(&mut self.files),
            user: None,
        };
        let made = requests.make(described, inherited.auth);
        let (todo, files) = (requests.todo, requests.files);
        self.files = files;
        let Some(mut request) = made else {
            self.left.push(format!("`{name}`: it has no URL"));
            return;
        };
        let name = if name.is_empty() {
            outline(&request)
        } else {
            name.to_owned()
        };
        request.name = Some(self.unique(name.clone()));
        self.requests += 1;
        self.todo(&name, todo, &mut notes);
        let mut step = Step {
            request,
            ..Step::default()
        };
        for script in inherited
            .scripts
            .iter()
            .cloned()
            .chain(scripts_of(item, "test"))
        {
            let found = javascript::read(&script, &mut self.variables);
            self.after(found, &name, &mut step, &mut notes, items);
        }
        if step.status.is_none() && step.checks.is_empty() {
            step.checks.push(Check {
                name: "it went well".to_owned(),
                own: false,
                condition: "r.ok".to_owned(),
            });
        }
        step.notes = notes;
        items.push(Item::Step(Box::new(step)));
    }

    /// What a script before a request sets, as variables.
    fn before(&mut self, found: Found, notes: &mut Vec<String>, items: &mut Vec<Item>) {
        self.set(found, "before a request", notes, items);
    }

    /// What a script sets, as variables; what of it is left to do.
    fn set(&mut self, found: Found, name: &str, notes: &mut Vec<String>, items: &mut Vec<Item>) {
        for (name, code) in found.set {
            items.push(Item::Code(vec![self.assign(&name, &code)]));
        }
        let left = found.todo.into_iter();
        let left = left.map(|line| format!("TODO: {line}")).collect();
        self.todo(name, left, notes);
    }

    /// A variable that is the script's own, not a response's: known from here on.
    fn assign(&mut self, name: &str, code: &str) -> String {
        self.translated += 1;
        self.keeps = true;
        format!("{} = {code};", self.variables.keep(name))
    }

    fn after(
        &mut self,
        mut found: Found,
        name: &str,
        step: &mut Step,
        notes: &mut Vec<String>,
        items: &mut Vec<Item>,
    ) {
        self.translated +=
            found.checks.len() + found.kept.len() + usize::from(found.status.is_some());
        if step.status.is_none() {
            (step.status, step.status_name) = (found.status, found.status_name.take());
        }
        for check in std::mem::take(&mut found.checks) {
            if !step.checks.iter().any(|known| known.name == check.name) {
                step.checks.push(check);
            }
        }
        for (name, source) in std::mem::take(&mut found.kept) {
            let variable = self.variables.set(&name);
            step.extractions.retain(|known| known.variable != variable);
            step.extractions.push(Extraction { variable, source });
        }
        self.set(found, name, notes, items);
    }

    fn todo(&mut self, name: &str, lines: Vec<String>, notes: &mut Vec<String>) {
        for line in lines {
            let told = line.strip_prefix("TODO: ").unwrap_or(&line);
            let told = format!("{name}: {told}");
            if !self.left.contains(&told) {
                self.left.push(told);
            }
            notes.push(line);
        }
    }

    /// A name that no other request has: two of one name would be one in every report.
    fn unique(&mut self, name: String) -> String {
        let mut made = name.clone();
        let mut number = 2;
        while self.names.contains(&made) {
            made = format!("{name} {number}");
            number += 1;
        }
        self.names.push(made.clone());
        made
    }

    fn finish(mut self, collection: &Json, name: &str, items: Vec<Item>) -> Journey {
        let title = collection
            .get("info")
            .and_then(|info| info.get("name")?.as_str())
            .unwrap_or("A collection");
        let file = std::path::Path::new(name)
            .file_name()
            .map_or(name.into(), |file| file.to_string_lossy());
        let mut done = vec![format!("{} requests", self.requests)];
        if self.translated > 0 {
            done.push(format!(
                "{} lines of scripts became checks and variables",
                self.translated
            ));
        }
        let mut left = std::mem::take(&mut self.left);
        left.append(&mut self.variables.unknown);
        left.extend(
            self.files
                .iter()
                .map(|path| format!("the file `{path}`: put it beside the script")),
        );
        Journey {
            title: format!(
                "{}: the requests of a collection, in their order.",
                title.trim()
            ),
            about: vec![
                format!("Converted from {file}."),
                "`smoke` goes through it once, `load` follows: --scenario runs one of them."
                    .to_owned(),
            ],
            variables: self.variables.constants,
            options: load::options("iteration"),
            functions: vec![Function {
                name: "iteration".to_owned(),
                parameters: if self.keeps {
                    vec!["ctx".to_owned()]
                } else {
                    Vec::new()
                },
                items,
                ..Function::default()
            }],
            done,
            left,
            ..Journey::default()
        }
    }
}
