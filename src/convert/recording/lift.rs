//! Secrets and addresses of a recording, lifted into the environment.

use std::collections::HashMap;

use url::Url;

use crate::convert::emit::words::{EVERYBODYS, Names, constant};
use crate::convert::journey::Variable;

/// What was lifted so far.
#[derive(Default)]
pub struct Lifter {
    pub variables: Vec<Variable>,
    /// Constants by value.
    known: HashMap<String, String>,
    names: Names,
    /// Variables of the environment.
    envs: Names,
}

impl Lifter {
    /// The expression for the origin of a URL; that of the first is `global::BASE`.
    pub fn base(&mut self, url: &Url) -> String {
        let origin = url.origin().ascii_serialization();
        if let Some(known) = self.known.get(&origin) {
            return format!("global::{known}");
        }
        let first = !self.names.has("BASE");
        let (name, env, meaning) = if first {
            ("BASE".to_owned(), "BASE_URL".to_owned(), String::new())
        } else {
            let host = url.host_str().unwrap_or_default();
            let host = host.strip_prefix("www.").unwrap_or(host);
            let label = match host.split('.').next() {
                Some(label) if host.parse::<std::net::IpAddr>().is_err() => label,
                _ => host,
            };
            let name = constant(&format!("{label} url"), "OTHER_URL");
            (name.clone(), name, String::new())
        };
        // A variable of a shell is no host.
        let default = Some(origin.as_str()).filter(|origin| !origin.contains('$'));
        self.add(&origin, &name, &env, default, &meaning, false)
    }

    /// The expression for a secret.
    pub fn secret(&mut self, value: &str, name: &str, meaning: &str) -> String {
        if let Some(known) = self.known.get(value) {
            return format!("global::{known}");
        }
        let name = constant(name, "SECRET");
        self.add(value, &name, &name, None, meaning, true)
    }

    /// The expression for something that is no secret, but not everybody's either, such as a user's name.
    pub fn open(&mut self, value: &str, name: &str, meaning: &str) -> String {
        if let Some(known) = self.known.get(value) {
            return format!("global::{known}");
        }
        let name = constant(name, "VALUE");
        self.add(value, &name, &name, Some(value), meaning, false)
    }

    fn add(
        &mut self,
        value: &str,
        name: &str,
        env: &str,
        default: Option<&str>,
        meaning: &str,
        secret: bool,
    ) -> String {
        let unique = self.names.unique(name);
        let mut env = match unique.strip_prefix(name) {
            Some(number) => format!("{env}{number}"),
            None => env.to_owned(),
        };
        if EVERYBODYS.contains(&env.as_str()) {
            env = format!("TEST_{env}");
        }
        let env = self.envs.unique(&env);
        self.known.insert(value.to_owned(), unique.clone());
        self.variables.push(Variable {
            constant: unique.clone(),
            env,
            default: default.map(str::to_owned),
            meaning: meaning.to_owned(),
            secret,
        });
        format!("global::{unique}")
    }
}
