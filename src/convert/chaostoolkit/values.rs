//! What `${name}` stands for in an experiment: its configuration and its secrets, as constants of the script.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json};

use crate::convert::emit::words::{EVERYBODYS, Names, constant};
use crate::convert::journey::Variable;
use crate::convert::text::Text;
use crate::secrets::is_secret_name;

/// The values of an experiment.
#[derive(Debug, Default)]
pub struct Values {
    variables: Vec<Variable>,
    /// Expressions by what the experiment calls them.
    known: HashMap<String, String>,
    /// Constants by a secret that stood in a request.
    lifted: HashMap<String, String>,
    names: Names,
    envs: Names,
    /// Names of the experiment that a text referred to.
    used: RefCell<HashSet<String>>,
    /// What could not be read, each in a phrase.
    left: Vec<String>,
}

impl Values {
    /// Those that the experiment declares.
    pub fn of(experiment: &Json) -> Self {
        let mut values = Self::default();
        let map = |key: &str| experiment.get(key).and_then(Json::as_object);
        for (name, value) in map("configuration").into_iter().flatten() {
            values.declare(name, value, is_secret_name(name));
        }
        for (group, entries) in map("secrets").into_iter().flatten() {
            match entries.as_object() {
                // A single secret outside of any group.
                Some(entry) if entry.get("type").is_some_and(Json::is_string) => {
                    values.declare(group, entries, true);
                }
                Some(entries) => {
                    for (name, value) in entries {
                        values.declare(name, value, true);
                    }
                }
                None => values.declare(group, entries, true),
            }
        }
        values
    }

    fn declare(&mut self, name: &str, value: &Json, secret: bool) {
        let (env, default, meaning) = match value {
            Json::Object(map) => match from_environment(map) {
                Some((env, default)) => (env, default, String::new()),
                None => {
                    let kind = map.get("type").and_then(Json::as_str).unwrap_or("a map");
                    self.left
                        .push(format!("`{name}` from {kind}: give it by the environment"));
                    (
                        constant(name, "VALUE"),
                        None,
                        format!("was read from {kind}"),
                    )
                }
            },
            Json::Array(_) | Json::Null => {
                self.left.push(format!("`{name}`, which is no text"));
                return;
            }
            plain => (constant(name, "VALUE"), scalar(plain), String::new()),
        };
        // What is secret is not written down.
        let default = default.filter(|_| !secret);
        let code = self.add(&constant(name, "VALUE"), &env, default, meaning, secret);
        self.known.insert(name.to_owned(), code);
    }

    fn add(
        &mut self,
        name: &str,
        env: &str,
        default: Option<String>,
        meaning: String,
        secret: bool,
    ) -> String {
        let constant = self.names.unique(name);
        let env = match EVERYBODYS.contains(&env) {
            true => format!("TEST_{env}"),
            false => env.to_owned(),
        };
        self.variables.push(Variable {
            constant: constant.clone(),
            env: self.envs.unique(&env),
            default,
            meaning,
            secret,
        });
        format!("global::{constant}")
    }

    /// A text of the experiment, with constants in the place of `${name}`.
    pub fn text(&self, source: &str) -> Text {
        let mut text = Text::default();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once("${") {
            text.push(before);
            let named = after.split_once('}');
            let known = named.and_then(|(name, rest)| {
                let (name, code) = self.known.get_key_value(name.trim())?;
                Some((name, code, rest))
            });
            match known {
                Some((name, code, behind)) => {
                    self.used.borrow_mut().insert(name.clone());
                    text.push_code(code.clone());
                    rest = behind;
                }
                None => {
                    text.push("${");
                    rest = after;
                }
            }
        }
        text.push(rest);
        text
    }

    /// The variables that the script needs; what nothing in it refers to is named in `left`.
    pub fn into_variables(mut self, left: &mut Vec<String>) -> Vec<Variable> {
        left.append(&mut self.left);
        let used = self.used.into_inner();
        let mut idle: Vec<&String> = self
            .known
            .keys()
            .filter(|name| !used.contains(*name))
            .collect();
        idle.sort();
        let mut variables = self.variables;
        for name in idle {
            left.push(format!("`{name}`, to which nothing here refers"));
            let code = self.known.get(name);
            variables.retain(|known| code != Some(&format!("global::{}", known.constant)));
        }
        variables
    }

    /// A variable that the script needs and the experiment has not.
    pub fn needed(&mut self, name: &str, default: Option<&str>, meaning: &str) -> String {
        let name = constant(name, "VALUE");
        self.add(
            &name,
            &name,
            default.map(str::to_owned),
            meaning.to_owned(),
            false,
        )
    }

    /// The expression for a secret that stood in a request: one for each value.
    pub fn secret(&mut self, value: &str, name: &str, meaning: &str) -> String {
        if let Some(known) = self.lifted.get(value) {
            return known.clone();
        }
        let name = constant(name, "SECRET");
        let code = self.add(&name, &name, None, meaning.to_owned(), true);
        self.lifted.insert(value.to_owned(), code.clone());
        code
    }
}

/// The variable of `{"type": "env", "key": …, "default": …}`, and what it is without one.
fn from_environment(map: &Map<String, Json>) -> Option<(String, Option<String>)> {
    let is_env = map.get("type").and_then(Json::as_str) == Some("env");
    let key = map.get("key").and_then(Json::as_str).filter(|_| is_env)?;
    Some((key.to_owned(), map.get("default").and_then(scalar)))
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
