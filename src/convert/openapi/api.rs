//! A description, read: which operations there are, and what each takes and gives.
//!
//! What is wrong in a part of the document spoils that part and no more: it is noted, and the rest is used.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value as Json;

use super::refs::{Lost, Refs};
use super::schema::Schema;
use crate::convert::Error;

/// Methods that a path may have, in the order in which a resource is usually used.
const METHODS: [&str; 8] = [
    "post", "get", "head", "put", "patch", "delete", "options", "trace",
];

/// A description of a service.
#[derive(Debug)]
pub struct Api<'a> {
    pub root: &'a Json,
    pub refs: Refs<'a>,
    pub operations: Vec<Operation<'a>>,
    /// What was left out or is doubtful, for people.
    pub notes: Vec<String>,
    pub lost: BTreeSet<Lost>,
}

/// One method of one path.
#[derive(Debug, Default)]
pub struct Operation<'a> {
    pub id: Option<&'a str>,
    /// In capitals.
    pub method: String,
    pub path: &'a str,
    pub tag: String,
    pub summary: Option<&'a str>,
    pub parameters: Vec<Parameter<'a>>,
    /// The request body, references followed.
    pub body: Option<&'a Json>,
    /// Statuses of success, the lowest first.
    pub statuses: Vec<u16>,
    /// The response of the lowest of them, references followed.
    pub response: Option<&'a Json>,
    /// Its own security requirements, if it has any.
    pub security: Option<&'a Json>,
    /// Its own servers, or those of its path.
    pub servers: Option<&'a Json>,
}

/// Something that a request carries beside its body.
#[derive(Debug, Clone)]
pub struct Parameter<'a> {
    pub name: &'a str,
    pub carrier: Carrier,
    pub required: bool,
    /// The parameter's object; null if it is not declared.
    pub declared: &'a Json,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    Path,
    Query,
    Header,
    Cookie,
}

impl Operation<'_> {
    /// What people call it: `GET /things/{id}`.
    pub fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl<'a> Api<'a> {
    /// Reads a document; `name` is what messages call it.
    ///
    /// # Errors
    /// When it is no description of a version that is known, or describes no operation.
    pub fn read(root: &'a Json, name: &str) -> Result<Self, Error> {
        known_version(root, name)?;
        let mut api = Self {
            root,
            refs: Refs::new(root),
            operations: Vec::new(),
            notes: Vec::new(),
            lost: BTreeSet::new(),
        };
        let Some(paths) = root.get("paths").and_then(Json::as_object) else {
            let help = if root.get("webhooks").is_some() {
                "`webhooks` are calls that the service makes; `hooks` in a script receives them"
            } else {
                "a file of shared schemas alone cannot be converted; name the one that has the paths"
            };
            return Err(Error::new(
                format!("{name}: it describes no `paths`, so there is nothing to call"),
                help,
            ));
        };
        for (path, item) in paths {
            if path.starts_with('/') {
                api.path(path, item);
            } else if !path.starts_with("x-") {
                let note = format!("`{path}`: a path begins with `/`");
                api.notes.push(note);
            }
        }
        for (word, what) in [
            ("webhooks", "calls that the service makes"),
            ("x-webhooks", "calls that the service makes"),
        ] {
            if let Some(count) = root
                .get(word)
                .and_then(Json::as_object)
                .map(serde_json::Map::len)
            {
                api.notes.push(format!("{count} of `{word}`: {what}"));
            }
        }
        if api.operations.is_empty() {
            let left: String = api
                .notes
                .iter()
                .map(|note| format!("\n  left out: {note}"))
                .collect();
            return Err(Error::new(
                format!("{name}: there is no operation under `paths` that could be called{left}"),
                "a path has methods such as `get:` or `post:` below it",
            ));
        }
        Ok(api)
    }

    /// The value, or what its reference points at; a reference that leads nowhere is remembered.
    pub fn resolve(&mut self, value: &'a Json) -> Option<&'a Json> {
        match self.refs.resolve(value) {
            Ok(found) => Some(found),
            Err(lost) => {
                self.lost.insert(lost);
                None
            }
        }
    }

    /// All that a schema says.
    pub fn schema(&mut self, schema: &'a Json) -> Schema<'a> {
        Schema::of(self.refs, &[schema], &mut self.lost)
    }

    fn path(&mut self, path: &'a str, item: &'a Json) {
        let Some(item) = self.resolve(item) else {
            return;
        };
        for method in METHODS {
            let Some(described) = item.get(method).filter(|described| described.is_object()) else {
                continue;
            };
            let title = format!("{} {path}", method.to_uppercase());
            if described.get("deprecated") == Some(&Json::Bool(true)) {
                self.notes.push(format!("{title}: it is deprecated"));
            } else if matches!(method, "options" | "trace") {
                self.notes.push(format!("{title}: users do not send it"));
            } else {
                self.operation(path, method, item, described);
            }
        }
    }

    fn operation(&mut self, path: &'a str, method: &str, item: &'a Json, described: &'a Json) {
        let text = |word: &str| described.get(word).and_then(Json::as_str);
        let tag = described
            .get("tags")
            .and_then(|tags| tags.get(0))
            .and_then(Json::as_str)
            .map_or_else(|| tag_of(path), str::to_owned);
        let body = described
            .get("requestBody")
            .and_then(|body| self.resolve(body));
        let (statuses, response) = self.success(described);
        let mut operation = Operation {
            id: text("operationId"),
            method: method.to_uppercase(),
            path,
            tag,
            summary: text("summary").filter(|summary| !summary.trim().is_empty()),
            parameters: Vec::new(),
            body,
            statuses,
            response,
            security: described.get("security"),
            servers: described.get("servers").or(item.get("servers")),
        };
        // Those of the operation replace those of the path.
        let mut known = HashSet::new();
        for list in [described.get("parameters"), item.get("parameters")] {
            for declared in list.and_then(Json::as_array).into_iter().flatten() {
                if let Some(parameter) = self.parameter(declared)
                    && known.insert((parameter.name, parameter.carrier))
                {
                    operation.parameters.push(parameter);
                }
            }
        }
        for name in pieces(path).filter_map(Piece::parameter) {
            if known.insert((name, Carrier::Path)) {
                self.notes.push(format!(
                    "the declaration of `{{{name}}}` in {}: the document has none",
                    operation.title()
                ));
                operation.parameters.push(Parameter {
                    name,
                    carrier: Carrier::Path,
                    required: true,
                    declared: &Json::Null,
                });
            }
        }
        self.operations.push(operation);
    }

    fn parameter(&mut self, declared: &'a Json) -> Option<Parameter<'a>> {
        let declared = self.resolve(declared)?;
        let carrier = match declared.get("in")?.as_str()? {
            "path" => Carrier::Path,
            "query" => Carrier::Query,
            "header" => Carrier::Header,
            "cookie" => Carrier::Cookie,
            _ => return None,
        };
        let name = declared.get("name")?.as_str()?;
        // The standard gives these to other parts of the description.
        let is_described_elsewhere = ["accept", "content-type", "authorization"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        if carrier == Carrier::Header && is_described_elsewhere {
            return None;
        }
        Some(Parameter {
            name,
            carrier,
            required: declared.get("required") == Some(&Json::Bool(true)),
            declared,
        })
    }

    /// Statuses that count as success, and what the lowest answers with.
    fn success(&mut self, described: &'a Json) -> (Vec<u16>, Option<&'a Json>) {
        let responses = described.get("responses").and_then(Json::as_object);
        let mut known: Vec<(u16, &'a Json)> = Vec::new();
        let mut any = None;
        for (status, response) in responses.into_iter().flatten() {
            match status.parse::<u16>() {
                Ok(status) if (200..400).contains(&status) => known.push((status, response)),
                _ if status.eq_ignore_ascii_case("2xx") || status == "default" => {
                    any = Some(response)
                }
                _ => {}
            }
        }
        known.sort_by_key(|(status, _)| *status);
        if known.iter().any(|(status, _)| *status < 300) {
            known.retain(|(status, _)| *status < 300);
        }
        let response = known.first().map(|(_, response)| *response).or(any);
        let statuses = known.iter().map(|(status, _)| *status).collect();
        (
            statuses,
            response.and_then(|response| self.resolve(response)),
        )
    }
}

fn known_version(root: &Json, name: &str) -> Result<(), Error> {
    if let Some(version) = root.get("swagger") {
        let version = version
            .as_str()
            .map_or_else(|| version.to_string(), str::to_owned);
        return Err(Error::new(
            format!(
                "{name}: this is Swagger {version}, and only OpenAPI 3.x is read: convert it to 3.x first"
            ),
            "open it in the Swagger editor (Edit, Convert to OpenAPI 3), or run `npx swagger2openapi FILE -o openapi.yaml`",
        ));
    }
    let version = match root.get("openapi") {
        Some(Json::String(version)) => version.clone(),
        // In YAML, a version without quotes and with one dot is a number.
        Some(Json::Number(version)) => version.to_string(),
        _ => {
            let what = if root
                .get("info")
                .and_then(|info| info.get("schema"))
                .is_some()
            {
                "it looks like a Postman collection: `rhaid convert postman` reads those"
            } else if root.get("log").and_then(|log| log.get("entries")).is_some() {
                "it looks like an HTTP Archive: `rhaid convert har` reads those"
            } else {
                "a description begins with `openapi: 3.0.3` or so"
            };
            return Err(Error::new(
                format!("{name}: this is no OpenAPI document: there is no `openapi` at its top"),
                what,
            ));
        }
    };
    if version.starts_with("3.") || version == "3" {
        return Ok(());
    }
    Err(Error::new(
        format!("{name}: OpenAPI {version} is not known"),
        "3.0, 3.1 and 3.2 are",
    ))
}

/// The tag of an operation that has none: the first part of its path that says something.
fn tag_of(path: &str) -> String {
    let says = |part: &&str| {
        let is_version = part
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        !part.is_empty() && *part != "api" && *part != "rest" && !is_version && !part.contains('{')
    };
    path.split('/').find(says).unwrap_or("api").to_owned()
}

/// A piece of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'p> {
    Literal(&'p str),
    Parameter(&'p str),
}

impl<'p> Piece<'p> {
    pub fn parameter(self) -> Option<&'p str> {
        match self {
            Self::Parameter(name) => Some(name),
            Self::Literal(_) => None,
        }
    }
}

/// The pieces of a path: `/things/{id}` is `/things/` and `id`.
pub fn pieces(path: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            rest = after;
            return Some(Piece::Parameter(name));
        }
        let next = rest
            .get(1..)
            .and_then(|tail| tail.find('{'))
            .map_or(rest.len(), |at| at + 1);
        let (literal, after) = rest.split_at(next);
        rest = after;
        Some(Piece::Literal(literal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        use Piece::{Literal, Parameter};
        for (path, expected) in [
            ("/a", vec![Literal("/a")]),
            ("/a/{id}", vec![Literal("/a/"), Parameter("id")]),
            (
                "/a/{id}.{form}/b",
                vec![
                    Literal("/a/"),
                    Parameter("id"),
                    Literal("."),
                    Parameter("form"),
                    Literal("/b"),
                ],
            ),
            ("/a/{id", vec![Literal("/a/"), Literal("{id")]),
            ("/ü{ä}", vec![Literal("/ü"), Parameter("ä")]),
        ] {
            assert_eq!(pieces(path).collect::<Vec<_>>(), expected, "{path}");
        }
        assert_eq!(tag_of("/api/v1/rooms/{id}"), "rooms");
        assert_eq!(tag_of("/{id}"), "api");
    }
}
