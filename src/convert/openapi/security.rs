//! Who a user is: security schemes become parameters of requests, and what is secret is read from the environment.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::api::{Api, Operation};
use super::feeds::singular;
use super::order::last_word;
use crate::convert::emit::words::{EVERYBODYS, Names, constant, quoted};
use crate::convert::journey::{Function, Item, Request, Variable};
use crate::convert::text::{Text, Value};

/// A function that gives the token of OAuth 2's client credentials.
const ACCESS: &str = "access_token";

/// Fields of a login's answer that are its token.
const TOKENS: [&str; 5] = ["access_token", "accessToken", "token", "jwt", "id_token"];

/// Words of a path that leads to a login.
const LOGINS: [&str; 8] = [
    "login",
    "signin",
    "sign-in",
    "token",
    "tokens",
    "auth",
    "authenticate",
    "session",
];

/// The security of a document, and what the script needs for it.
#[derive(Debug, Default)]
pub struct Security {
    /// The operation that gives the token, and the field that it is in.
    pub login: Option<(usize, String)>,
    pub imports: Vec<(String, String)>,
    pub variables: Vec<Variable>,
    /// Where each stands among them, by what the environment calls it.
    pub places: HashMap<String, usize>,
    /// Variables of the environment that stand for values of the document, by what they are called there and the value.
    pub lifted: HashMap<(String, String), String>,
    pub functions: Vec<Function>,
    /// The scheme whose secret each variable of the environment holds.
    pub owners: HashMap<String, String>,
    /// Schemes that have client credentials, in the order of their functions.
    pub clients: Vec<String>,
    pub notes: Vec<String>,
}

/// What the steps of a function need at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The token of the login, which `setup` keeps.
    Session,
    /// The token of OAuth 2's client credentials: of the first scheme that has them, the second, and so on.
    Access(usize),
}

impl Need {
    /// The line that declares the token.
    pub fn line(self) -> String {
        match self {
            Self::Session => "let token = ctx.data.token;".to_owned(),
            Self::Access(number) => {
                let number = numbered(number);
                format!("let access{number} = {ACCESS}{number}(ctx);")
            }
        }
    }
}

/// What stands behind a name that is there several times.
fn numbered(number: usize) -> String {
    match number {
        0 => String::new(),
        number => format!("_{}", number + 1),
    }
}

impl Security {
    /// Adds to a request what shows who sends it.
    pub fn apply<'a>(
        &mut self,
        api: &mut Api<'a>,
        operation: &Operation<'a>,
        names: &mut Names,
        request: &mut Request,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        for name in required(api, operation) {
            let schemes = api
                .root
                .get("components")
                .and_then(|components| components.get("securitySchemes"));
            let scheme = schemes
                .and_then(|schemes| schemes.get(name))
                .and_then(|scheme| api.resolve(scheme));
            match scheme {
                Some(scheme) => needs.extend(self.scheme(name, scheme, names, request)),
                None => self.note(format!(
                    "the security scheme `{name}`: the document does not describe it"
                )),
            }
        }
        needs
    }

    fn scheme(
        &mut self,
        name: &str,
        scheme: &Json,
        names: &mut Names,
        request: &mut Request,
    ) -> Option<Need> {
        let text = |word: &str| scheme.get(word).and_then(Json::as_str).unwrap_or_default();
        let mut auth = |entries: Vec<(&str, Value)>| {
            if !request.parameters.iter().any(|(known, _)| known == "auth") {
                request
                    .parameters
                    .push(("auth".to_owned(), Value::map(entries)));
            }
        };
        match (text("type"), text("scheme").to_ascii_lowercase().as_str()) {
            ("http", kind @ ("basic" | "digest")) => {
                let user = self.own(name, names, "API_USER", "the user of the API", false);
                let password = self.own(name, names, "API_PASSWORD", "the user's password", true);
                let mut entries = vec![
                    ("user", Value::Code(user)),
                    ("password", Value::Code(password)),
                ];
                if kind == "digest" {
                    entries.insert(0, ("type", "digest".into()));
                }
                auth(entries);
                None
            }
            ("oauth2", _)
                if scheme
                    .get("flows")
                    .and_then(|flows| flows.get("clientCredentials"))
                    .is_some() =>
            {
                let client = self.client(name, scheme, names);
                let access = format!("access{}", numbered(client));
                auth(vec![("token", Value::Code(access))]);
                Some(Need::Access(client))
            }
            ("http", "bearer") | ("oauth2" | "openIdConnect", _) if self.login.is_some() => {
                auth(vec![("token", Value::Code("token".to_owned()))]);
                Some(Need::Session)
            }
            ("http", "bearer") | ("oauth2" | "openIdConnect", _) => {
                let token = self.own(name, names, "API_TOKEN", "the bearer token", true);
                auth(vec![("token", Value::Code(token))]);
                None
            }
            ("apiKey", _) => {
                let mut env = constant(name, "API_KEY");
                // `KEY` or `QUERY` may mean anything in an environment.
                if !env.contains('_') {
                    env.insert_str(0, "API_");
                }
                let key = self.own(name, names, &env, "an API key", true);
                self.api_key(text("in"), text("name"), &key, request);
                None
            }
            (kind, _) => {
                self.note(format!("the security scheme `{name}` of the type `{kind}`: see `tls` and `headers` among the options"));
                None
            }
        }
    }

    fn api_key(&mut self, place: &str, name: &str, key: &str, request: &mut Request) {
        match place {
            "query" => request.url.push_query(name, &Text::code(key)),
            "cookie" => add_cookie(request, name, Value::Code(key.to_owned())),
            _ => request.headers.push((name.to_owned(), Text::code(key))),
        }
    }

    /// The constant of what a scheme needs. Two schemes of one kind have each their own: the second is called after itself.
    fn own(
        &mut self,
        scheme: &str,
        names: &mut Names,
        env: &str,
        meaning: &str,
        secret: bool,
    ) -> String {
        let env = self.env_of(scheme, env);
        self.variable(names, &env, meaning, secret)
    }

    /// What the environment calls something of a scheme.
    fn env_of(&mut self, scheme: &str, env: &str) -> String {
        let what = env.strip_prefix("API_").unwrap_or(env);
        let prefix = constant(scheme, "OTHER");
        let called = match prefix.ends_with(what) {
            true => prefix,
            false => format!("{prefix}_{what}"),
        };
        let numbers = (2..).map(|number| format!("{called}_{number}"));
        let candidates = [env.to_owned(), called.clone()].into_iter().chain(numbers);
        for candidate in candidates {
            match self.owners.get(&candidate) {
                Some(owner) if owner == scheme => return candidate,
                Some(_) => {}
                None => {
                    self.owners.insert(candidate.clone(), scheme.to_owned());
                    return candidate;
                }
            }
        }
        env.to_owned()
    }

    /// The number of the function that gives a scheme's token; written when it is first asked for.
    fn client(&mut self, name: &str, scheme: &Json, names: &mut Names) -> usize {
        if let Some(known) = self.clients.iter().position(|client| client == name) {
            return known;
        }
        let number = self.clients.len();
        self.clients.push(name.to_owned());
        self.client_credentials(name, number, scheme, names);
        number
    }

    fn client_credentials(&mut self, name: &str, number: usize, scheme: &Json, names: &mut Names) {
        let flow = scheme
            .get("flows")
            .and_then(|flows| flows.get("clientCredentials"));
        let endpoint = flow
            .and_then(|flow| flow.get("tokenUrl"))
            .and_then(Json::as_str)
            .unwrap_or_default();
        let endpoint = if endpoint.starts_with('/') {
            format!("`${{global::BASE}}${{{}}}`", quoted(endpoint))
        } else {
            let env = self.env_of(name, "TOKEN_URL");
            self.named(
                names,
                &env,
                Some(endpoint).filter(|endpoint| !endpoint.is_empty()),
                "where tokens are given",
                false,
            )
        };
        let id = self.own(name, names, "CLIENT_ID", "who asks for a token", false);
        let secret = self.own(name, names, "CLIENT_SECRET", "the proof of it", true);
        let scopes = flow
            .and_then(|flow| flow.get("scopes"))
            .and_then(Json::as_object);
        let scopes: Vec<&str> = scopes
            .into_iter()
            .flatten()
            .map(|(scope, _)| scope.as_str())
            .collect();
        let mut lines = vec![
            "auth::client_credentials(ctx, #{".to_owned(),
            format!("    url: {endpoint},"),
            format!("    client_id: {id},"),
            format!("    client_secret: {secret},"),
        ];
        if !scopes.is_empty() {
            lines.push(format!("    scope: {},", quoted(&scopes.join(" "))));
        }
        if number > 0 {
            // The id of the client alone may be that of another scheme.
            lines.push(format!("    name: {},", quoted(name)));
        }
        lines.push("})".to_owned());
        if number == 0 {
            self.imports
                .push(("std/auth".to_owned(), "auth".to_owned()));
        }
        self.functions.push(Function {
            name: format!("{ACCESS}{}", numbered(number)),
            parameters: vec!["ctx".to_owned()],
            doc: vec![
                "A token of this user, asked for when there is none and renewed before it ends."
                    .to_owned(),
            ],
            items: vec![Item::Code(lines)],
        });
    }

    /// The first of all variables: where the service is.
    pub fn base(&mut self, constant: String) {
        const BASE: &str = "BASE_URL";
        self.places.insert(BASE.to_owned(), self.variables.len());
        self.variables.push(Variable {
            constant,
            env: BASE.to_owned(),
            default: None,
            meaning: "where the service is".to_owned(),
            secret: false,
        });
    }

    /// The constant of a variable that the environment must set.
    pub fn variable(
        &mut self,
        names: &mut Names,
        env: &str,
        meaning: &str,
        secret: bool,
    ) -> String {
        self.named(names, env, None, meaning, secret)
    }

    /// The constant of a variable, `global::NAME`; made when it is first asked for.
    pub fn named(
        &mut self,
        names: &mut Names,
        env: &str,
        default: Option<&str>,
        meaning: &str,
        secret: bool,
    ) -> String {
        let known = self.places.get(env).and_then(|at| self.variables.get(*at));
        let constant = match known {
            Some(known) => known.constant.clone(),
            None => {
                let constant = names.unique(env);
                self.places.insert(env.to_owned(), self.variables.len());
                self.variables.push(Variable {
                    constant: constant.clone(),
                    env: env.to_owned(),
                    default: default.map(str::to_owned),
                    meaning: meaning.to_owned(),
                    secret,
                });
                constant
            }
        };
        format!("global::{constant}")
    }

    /// The constant for a secret that stands in the document itself: one for each value.
    pub fn secret(&mut self, names: &mut Names, value: &str, name: &str, meaning: &str) -> String {
        let wanted = constant(name, "SECRET");
        let wanted = match EVERYBODYS.contains(&wanted.as_str()) {
            true => format!("TEST_{wanted}"),
            false => wanted,
        };
        let key = (wanted.clone(), value.to_owned());
        let env = match self.lifted.get(&key) {
            Some(known) => known.clone(),
            None => {
                let mut free = wanted.clone();
                let mut number = 2;
                while self.lifted.values().any(|known| *known == free) || self.is_open(&free) {
                    free = format!("{wanted}_{number}");
                    number += 1;
                }
                self.lifted.insert(key, free.clone());
                free
            }
        };
        self.variable(names, &env, meaning, true)
    }

    /// Whether a variable of this name is no secret, and so stands for something else.
    fn is_open(&self, env: &str) -> bool {
        let known = self.places.get(env).and_then(|at| self.variables.get(*at));
        known.is_some_and(|known| !known.secret)
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// Adds a cookie to those of a request.
pub fn add_cookie(request: &mut Request, name: &str, value: Value) {
    let entry = (name.to_owned(), value);
    match request
        .parameters
        .iter_mut()
        .find(|(known, _)| known == "cookies")
    {
        Some((_, Value::Map(cookies))) => cookies.push(entry),
        _ => request
            .parameters
            .push(("cookies".to_owned(), Value::Map(vec![entry]))),
    }
}

/// The names of the schemes that an operation needs: of several alternatives the first that is not empty.
fn required<'a>(api: &Api<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let requirements = operation
        .security
        .or(api.root.get("security"))
        .and_then(Json::as_array);
    let mut alternatives = requirements
        .into_iter()
        .flatten()
        .filter_map(Json::as_object);
    let first = alternatives.find(|alternative| !alternative.is_empty());
    first
        .map(|schemes| schemes.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// The operation that logs in, if bearer tokens are needed and one gives them.
pub fn login<'a>(api: &mut Api<'a>) -> Option<(usize, String)> {
    let takes_token = |scheme: &Json| {
        let is = |word: &str, value: &str| {
            scheme
                .get(word)
                .and_then(Json::as_str)
                .is_some_and(|found| found.eq_ignore_ascii_case(value))
        };
        is("type", "http") && is("scheme", "bearer")
            || is("type", "oauth2")
            || is("type", "openIdConnect")
    };
    let schemes = api
        .root
        .get("components")?
        .get("securitySchemes")?
        .as_object()?;
    let bearers: Vec<&str> = schemes
        .iter()
        .filter(|(_, scheme)| takes_token(scheme))
        .map(|(name, _)| name.as_str())
        .collect();
    let is_needed = |operation: &Operation<'a>| {
        required(api, operation)
            .iter()
            .any(|name| bearers.contains(name))
    };
    if !api.operations.iter().any(is_needed) {
        return None;
    }
    let is_login = |operation: &Operation<'a>| {
        let last = last_word(operation);
        operation.method == "POST"
            && !operation.path.contains('{')
            && !is_needed(operation)
            && (LOGINS.contains(&last.as_str()) || LOGINS.contains(&singular(&last).as_str()))
    };
    let candidates = api
        .operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| is_login(operation));
    let candidates: Vec<(usize, Option<&'a Json>)> = candidates
        .map(|(at, operation)| (at, operation.response))
        .collect();
    candidates.into_iter().find_map(|(at, response)| {
        let content = super::bodies::json_content(response?)?;
        let example = super::bodies::given(api, content);
        let schema = content.get("schema").map(|schema| api.schema(schema));
        let has = |field: &str| {
            example.is_some_and(|example| example.get(field).is_some())
                || schema
                    .as_ref()
                    .is_some_and(|schema| schema.properties.iter().any(|(name, _)| *name == field))
        };
        TOKENS
            .iter()
            .find(|field| has(field))
            .map(|field| (at, (*field).to_owned()))
    })
}
