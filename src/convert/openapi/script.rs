//! A description as a journey: a function for each tag, and a main function that chooses among them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;

use super::api::{Api, Operation};
use super::bodies;
use super::example::Maker;
use super::feeds::{self, Feeds};
use super::mains::{self, Part};
use super::names::{Variables, expected, name_of, response_of};
use super::order;
use super::parameters::{Values, place};
use super::security::{self, Need, Security};
use super::servers::{self, Server};
use crate::convert::emit::words::{Names, constant, identifier, quoted};
use crate::convert::journey::{Body, Extraction, Function, Group, Item, Journey, Request, Step};
use crate::convert::text::{Text, Value};
use crate::convert::{Settings, lifted, load};
use crate::secrets::is_secret_name;

/// Makes the journey of a description; `name` is the document's.
pub fn journey(mut api: Api<'_>, name: &str, settings: &Settings) -> Journey {
    let feeds = feeds::find(&mut api);
    let mut names = Names::default();
    let mut security = Security {
        login: security::login(&mut api),
        ..Security::default()
    };
    security.base(names.unique("BASE"));
    let servers = servers::read(api.root.get("servers"));
    let described = descriptions(api.root);
    let mut writer = Writer {
        maker: Maker::new(api.refs),
        described,
        api,
        feeds,
        security,
        names,
        functions: Names::default(),
        servers,
        passed_on: 0,
    };
    for taken in [
        "iteration",
        "everything",
        "setup",
        "access_token",
        "access_token_2",
        "access_token_3",
    ] {
        writer.functions.take(taken);
    }
    writer.journey(name, settings)
}

struct Writer<'a> {
    maker: Maker<'a>,
    api: Api<'a>,
    feeds: Feeds,
    security: Security,
    names: Names,
    functions: Names,
    servers: Vec<Server>,
    /// What the document says about its tags, in a line.
    described: HashMap<&'a str, &'a str>,
    passed_on: usize,
}

impl<'a> Writer<'a> {
    fn journey(mut self, name: &str, settings: &Settings) -> Journey {
        let ruinous: BTreeMap<usize, &str> = (0..self.api.operations.len())
            .filter_map(|at| Some((at, order::ruinous(&self.api, at, &self.feeds)?)))
            .collect();
        for (at, why) in &ruinous {
            if let Some(operation) = self.api.operations.get(*at) {
                let note = format!("{}: {why}", operation.title());
                self.api.notes.push(note);
            }
        }
        let mut functions = Vec::new();
        let mut parts = Vec::new();
        for (tag, operations) in self.tags(&ruinous) {
            let operations = order::sorted(&self.api, operations, &self.feeds);
            let (function, part) = self.part(&tag, &operations);
            functions.push(function);
            parts.push(part);
        }
        let mut whole = Vec::new();
        if let Some(setup) = self.setup() {
            whole.push(setup);
        }
        let needy = parts.iter().any(|part| !part.needs.is_empty());
        whole.extend(mains::functions(&parts, needy, settings));
        whole.append(&mut functions);
        whole.append(&mut self.security.functions);
        let calls = self.api.operations.len() - ruinous.len();
        self.finish(name, whole, &parts, calls)
    }

    /// The operations of each tag, in the order of the document.
    fn tags(&self, ruinous: &BTreeMap<usize, &str>) -> Vec<(String, Vec<usize>)> {
        let mut tags: Vec<(String, Vec<usize>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (at, operation) in self.api.operations.iter().enumerate() {
            if ruinous.contains_key(&at) {
                continue;
            }
            let place = *places.entry(&operation.tag).or_insert(tags.len());
            match tags.get_mut(place) {
                Some((_, operations)) => operations.push(at),
                None => tags.push((operation.tag.clone(), vec![at])),
            }
        }
        tags
    }

    fn part(&mut self, tag: &str, operations: &[usize]) -> (Function, Part) {
        let name = self.functions.unique(&identifier(tag, "tag"));
        let order = self.with_needed(operations);
        let reads = operations.iter().all(|at| {
            self.api
                .operations
                .get(*at)
                .is_some_and(|operation| operation.method == "GET")
        });
        let mut needs = BTreeSet::new();
        let mut items = Vec::new();
        let mut variables = Variables::default();
        let takers: Vec<usize> = order.iter().map(|(at, _)| *at).collect();
        for feed in self.feeds.to_any(&takers) {
            if let Some(operation) = self.api.operations.get(feed.from) {
                variables.of(feed, operation);
            }
        }
        let takers: HashSet<usize> = takers.into_iter().collect();
        for taken in ["token", "access", "access_2", "access_3"] {
            variables.names.take(taken);
        }
        for (at, is_foreign) in &order {
            if let Some(mut step) = self.step(*at, &takers, *is_foreign, &mut variables, &mut needs)
            {
                if let Some(operation) = self.api.operations.get(*at) {
                    step.variable = Some(variables.names.unique(&response_of(operation)));
                }
                items.push(Item::Step(Box::new(step)));
            }
        }
        let mut body: Vec<Item> = Vec::new();
        if !needs.is_empty() {
            body.push(Item::Code(needs.iter().map(|need| need.line()).collect()));
        }
        body.push(Item::Group(Group {
            name: tag.to_owned(),
            items,
        }));
        let parameters = if needs.is_empty() {
            Vec::new()
        } else {
            vec!["ctx".to_owned()]
        };
        let call = format!("{name}({})", parameters.join(", "));
        let function = Function {
            name,
            parameters,
            doc: self
                .described
                .get(tag)
                .map(|line| (*line).to_owned())
                .into_iter()
                .collect(),
            items: body,
        };
        (function, Part { call, reads, needs })
    }

    /// The operations, each behind those whose responses it needs, be they of another tag; and whether they are.
    fn with_needed(&self, own: &[usize]) -> Vec<(usize, bool)> {
        let is_own: HashSet<usize> = own.iter().copied().collect();
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        for at in own {
            let mut open = vec![(*at, self.feeds.to(*at))];
            if !seen.insert(*at) {
                continue;
            }
            while let Some((operation, givers)) = open.last_mut() {
                match givers.next() {
                    Some(feed) if seen.insert(feed.from) => {
                        open.push((feed.from, self.feeds.to(feed.from)));
                    }
                    Some(_) => {}
                    None => {
                        order.push((*operation, !is_own.contains(operation)));
                        open.pop();
                    }
                }
            }
        }
        order
    }

    fn step(
        &mut self,
        at: usize,
        takers: &HashSet<usize>,
        is_foreign: bool,
        variables: &mut Variables,
        needs: &mut BTreeSet<Need>,
    ) -> Option<Step> {
        // Put back at the end: what is called below needs all of the rest.
        let operation = std::mem::take(self.api.operations.get_mut(at)?);
        let mut step = self.request(&operation, at, variables, needs);
        for feed in self.feeds.from(at).filter(|feed| takers.contains(&feed.to)) {
            let name = variables.of(feed, &operation);
            if !step
                .extractions
                .iter()
                .any(|known: &Extraction| known.variable == name)
            {
                step.extractions.push(Extraction {
                    variable: name,
                    source: feed.source.clone(),
                });
                self.passed_on += 1;
            }
        }
        if is_foreign {
            step.notes.insert(0, "What follows needs one.".to_owned());
        }
        if let Some(place) = self.api.operations.get_mut(at) {
            *place = operation;
        }
        Some(step)
    }

    fn request(
        &mut self,
        operation: &Operation<'a>,
        at: usize,
        variables: &Variables,
        needs: &mut BTreeSet<Need>,
    ) -> Step {
        let (base, prefix) = self.server(operation);
        let mut request = Request {
            name: Some(name_of(operation)),
            method: operation.method.clone(),
            ..Request::default()
        };
        request.url.base = base;
        let fed = self.feeds.to(at).filter_map(|feed| {
            let variable = variables.known(feed)?;
            Some((
                (feed.parameter.clone(), place(feed.carrier)),
                variable.clone(),
            ))
        });
        let fed = fed.collect();
        Values {
            api: &mut self.api,
            maker: &mut self.maker,
            security: &mut self.security,
            names: &mut self.names,
            fed,
        }
        .fill(operation, &prefix, &mut request);
        let mut notes: Vec<String> = operation.summary.map(str::to_owned).into_iter().collect();
        let carried = bodies::make(&mut self.api, &mut self.maker, operation);
        notes.extend(carried.note);
        if let Some(kind) = carried.content_type {
            request
                .headers
                .push(("content-type".to_owned(), kind.into()));
        }
        request.body = carried.body;
        if self
            .security
            .login
            .as_ref()
            .is_some_and(|(login, _)| *login == at)
        {
            self.lift_login(&mut request.body);
        }
        let (security, names) = (&mut self.security, &mut self.names);
        lifted::lift(&mut request, &mut |value, name, meaning| {
            security.secret(names, value, name, meaning)
        });
        needs.extend(
            self.security
                .apply(&mut self.api, operation, &mut self.names, &mut request),
        );
        let (status, checks) = expected(operation, &mut request);
        Step {
            notes,
            request,
            status,
            checks,
            ..Step::default()
        }
    }

    /// The base of an operation's URL, and what its path begins with.
    fn server(&mut self, operation: &Operation<'a>) -> (Text, String) {
        let own = operation
            .servers
            .map(|servers| servers::read(Some(servers)));
        let first = self.servers.first().cloned();
        let server = own
            .and_then(|own| own.into_iter().next())
            .or_else(|| first.clone());
        let Some(server) = server else {
            return (Text::code("global::BASE"), String::new());
        };
        if first.is_some_and(|first| first.origin == server.origin) {
            return (Text::code("global::BASE"), server.prefix);
        }
        let host = server.origin.rsplit("://").next().unwrap_or_default();
        let env = format!("{}_URL", constant(host, "OTHER"));
        let base = self.security.named(
            &mut self.names,
            &env,
            Some(&server.origin),
            "where some of it is",
            false,
        );
        (Text::code(base), server.prefix)
    }

    /// Lets the environment say who logs in.
    fn lift_login(&mut self, body: &mut Body) {
        const USERS: [&str; 8] = [
            "user",
            "username",
            "user_name",
            "login",
            "email",
            "name",
            "userName",
            "client_id",
        ];
        let mut lift = |name: &str, given: Option<&str>| {
            if is_secret_name(name) {
                Some(self.security.variable(
                    &mut self.names,
                    "API_PASSWORD",
                    "the user's password",
                    true,
                ))
            } else if USERS.contains(&name) {
                Some(self.security.named(
                    &mut self.names,
                    "API_USER",
                    given,
                    "the user of the API",
                    false,
                ))
            } else {
                None
            }
        };
        match body {
            Body::Json(Value::Map(fields)) => {
                for (name, value) in fields {
                    let given = if let Value::Text(text) = value {
                        text.as_literal()
                    } else {
                        None
                    };
                    if let Some(code) = lift(name, given) {
                        *value = Value::Code(code);
                    }
                }
            }
            Body::Form(fields) => {
                for (name, value) in fields {
                    if let Some(code) = lift(name, value.as_literal()) {
                        *value = Text::code(code);
                    }
                }
            }
            _ => {}
        }
    }

    /// Logs in once for all users, if the document says how.
    fn setup(&mut self) -> Option<Function> {
        let (at, field) = self.security.login.clone()?;
        let mut step = self.step(
            at,
            &HashSet::new(),
            false,
            &mut Variables::default(),
            &mut BTreeSet::new(),
        )?;
        step.notes.clear();
        step.variable = Some("login".to_owned());
        step.checks.clear();
        step.status = None;
        let token = format!("#{{ token: login.json({}) }}", quoted(&field));
        Some(Function {
            name: "setup".to_owned(),
            parameters: Vec::new(),
            doc: vec!["One login for all.".to_owned()],
            items: vec![
                Item::Step(Box::new(step)),
                Item::Code(vec![
                    "if !login.ok { throw `cannot log in: status ${login.status} ${login.error}`; }".to_owned(),
                    token,
                ]),
            ],
        })
    }

    fn finish(
        mut self,
        name: &str,
        functions: Vec<Function>,
        parts: &[Part],
        calls: usize,
    ) -> Journey {
        let info = |word: &str| {
            self.api
                .root
                .get("info")
                .and_then(|info| info.get(word)?.as_str())
        };
        let title = info("title").unwrap_or("a service").trim();
        let version = info("version")
            .map(|version| format!(" {}", version.trim()))
            .unwrap_or_default();
        let file = std::path::Path::new(name)
            .file_name()
            .map_or(name.into(), |file| file.to_string_lossy());
        let mut about = vec![format!("Converted from {file}.")];
        let others: Vec<&str> = self
            .servers
            .iter()
            .skip(1)
            .map(|server| server.origin.as_str())
            .collect();
        if !others.is_empty() {
            about.push(format!("It is also at {}.", others.join(", ")));
        }
        about.push(
            "`smoke` calls everything once, `load` follows: --scenario runs one of them."
                .to_owned(),
        );
        if let Some(first) = self.servers.first()
            && let Some(base) = self.security.variables.first_mut()
        {
            base.default = Some(first.origin.clone());
        }
        let mut left = std::mem::take(&mut self.api.notes);
        left.append(&mut self.security.notes);
        let mut lost = std::mem::take(&mut self.api.lost);
        lost.append(&mut self.maker.lost);
        left.extend(self.api.refs.tell(&lost));
        let mut done = vec![format!(
            "{} in {}",
            mains::counted(calls, "operation"),
            mains::counted(parts.len(), "function")
        )];
        if self.passed_on > 0 {
            done.push(format!(
                "{} taken from earlier responses",
                mains::counted(self.passed_on, "value")
            ));
        }
        let mut imports = std::mem::take(&mut self.security.imports);
        if parts.len() > 1 {
            imports.push(("std/flow".to_owned(), "flow".to_owned()));
        }
        Journey {
            title: format!("{title}{version}: all that its description names."),
            about,
            imports,
            variables: self.security.variables,
            options: load::options(if parts.len() > 1 {
                "everything"
            } else {
                "iteration"
            }),
            functions,
            done,
            left,
            ..Journey::default()
        }
    }
}

/// The first line of what a document says about each of its tags.
fn descriptions(root: &Json) -> HashMap<&str, &str> {
    let tags = root.get("tags").and_then(Json::as_array);
    let mut described = HashMap::new();
    for tag in tags.into_iter().flatten() {
        let text = |word: &str| tag.get(word).and_then(Json::as_str);
        let line = text("description").and_then(|text| text.trim().lines().next());
        if let (Some(name), Some(line)) = (text("name"), line)
            && !line.is_empty()
        {
            described.entry(name).or_insert(line);
        }
    }
    described
}
