//! Where ids come from: which response of which operation has what the path of another one needs.
//!
//! `links` of the document say so outright. Otherwise `GET /things/{id}` takes the id that `POST /things` answers with, or
//! that of the first thing that `GET /things` lists.

use serde_json::Value as Json;

use super::api::{Api, Carrier, Operation, Piece, pieces};
use super::example::words;
use super::schema::{Kind, Schema};
use crate::convert::journey::Source;

/// How many fields deep an id is looked for.
const DEEP: usize = 3;

/// A value that one operation gives to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The operation that takes it, by its index, and the parameter.
    pub to: usize,
    pub parameter: String,
    pub carrier: Carrier,
    /// The operation that gives it.
    pub from: usize,
    pub source: Source,
    /// Whether the value names something that the script itself has made.
    pub made: bool,
}

/// All feeds there are.
pub fn find(api: &mut Api<'_>) -> Vec<Feed> {
    let mut feeds = links(api);
    for to in 0..api.operations.len() {
        let Some(operation) = api.operations.get(to) else {
            continue;
        };
        let mut prefix = String::new();
        for piece in pieces(operation.path).collect::<Vec<_>>() {
            match piece {
                Piece::Literal(literal) => prefix.push_str(literal),
                Piece::Parameter(name) => {
                    let known = |feed: &Feed| {
                        feed.to == to && feed.parameter == name && feed.carrier == Carrier::Path
                    };
                    if !feeds.iter().any(known)
                        && let Some((from, source, made)) = source_of(api, to, &prefix, name)
                    {
                        feeds.push(Feed {
                            to,
                            parameter: name.to_owned(),
                            carrier: Carrier::Path,
                            from,
                            source,
                            made,
                        });
                    }
                    prefix.push_str(&format!("{{{name}}}"));
                }
            }
        }
    }
    without_circles(feeds)
}

/// Who gives the value of a parameter that stands behind this prefix of a path.
fn source_of(
    api: &mut Api<'_>,
    to: usize,
    prefix: &str,
    name: &str,
) -> Option<(usize, Source, bool)> {
    let prefix = prefix.trim_end_matches('/');
    let resource = prefix.rsplit('/').next().unwrap_or_default().to_owned();
    if resource.is_empty() || resource.contains('{') {
        return None;
    }
    let last = format!("/{resource}");
    let candidates = |method: &str, exact: bool| -> Vec<usize> {
        let fits = |operation: &Operation<'_>| {
            operation.method == method
                && if exact {
                    shape(operation.path) == shape(prefix)
                } else {
                    operation.path.trim_end_matches('/').ends_with(&last)
                }
        };
        let all = api.operations.iter().enumerate();
        all.filter(|(at, operation)| *at != to && fits(operation))
            .map(|(at, _)| at)
            .collect()
    };
    let makers = [candidates("POST", true), candidates("POST", false)].concat();
    let listers = [candidates("GET", true), candidates("GET", false)].concat();
    for from in makers {
        if let Some(path) = id_of(api, from, name, &resource, false) {
            return Some((from, Source::Json(path), true));
        }
        let headers = api
            .operations
            .get(from)
            .and_then(|maker| maker.response?.get("headers")?.as_object());
        if headers.is_some_and(|headers| {
            headers
                .keys()
                .any(|header| header.eq_ignore_ascii_case("location"))
        }) {
            let source = Source::HeaderRegex {
                header: "location".to_owned(),
                pattern: "([^/?]+)/?$".to_owned(),
            };
            return Some((from, source, true));
        }
    }
    listers.into_iter().find_map(|from| {
        Some((
            from,
            Source::Json(id_of(api, from, name, &resource, true)?),
            false,
        ))
    })
}

/// A path with its parameters' names left out: `/a/{id}` and `/a/{key}` are the same.
fn shape(path: &str) -> String {
    let pieces = pieces(path.trim_end_matches('/'));
    pieces
        .map(|piece| match piece {
            Piece::Literal(literal) => literal.to_owned(),
            Piece::Parameter(_) => "{}".to_owned(),
        })
        .collect()
}

/// The path of the id in the response of an operation.
fn id_of<'a>(
    api: &mut Api<'a>,
    from: usize,
    name: &str,
    resource: &str,
    list: bool,
) -> Option<String> {
    let response = api.operations.get(from)?.response?;
    let content = super::bodies::json_content(response)?;
    let shape = match (content.get("schema"), super::bodies::given(api, content)) {
        (Some(schema), _) => Shape::Schema(Box::new(api.schema(schema))),
        (None, Some(example)) => Shape::Json(example),
        (None, None) => return None,
    };
    let found = look(api, &shape, name, resource, list, DEEP)?;
    Some(found.trim_start_matches('.').to_owned())
}

/// What a response looks like: its schema, or the example that it has instead.
enum Shape<'a> {
    Schema(Box<Schema<'a>>),
    Json(&'a Json),
}

impl<'a> Shape<'a> {
    fn fields(&self, api: &mut Api<'a>) -> Vec<(&'a str, Shape<'a>)> {
        match self {
            Self::Json(json) => {
                let fields = json.as_object().into_iter().flatten();
                fields
                    .map(|(name, value)| (name.as_str(), Shape::Json(value)))
                    .collect()
            }
            Self::Schema(schema) => {
                let mut schema = schema.clone();
                // Of several forms of an answer, the first is as good as any.
                while let Some(choice) = schema.choices.pop().and_then(<[Json]>::first) {
                    schema.absorb(api.refs, choice, &mut api.lost);
                }
                let properties = std::mem::take(&mut schema.properties);
                let one = |(name, schemas): (&'a str, Vec<&'a Json>)| {
                    let schema = Schema::of(api.refs, &schemas, &mut api.lost);
                    (name, Shape::Schema(Box::new(schema)))
                };
                properties.into_iter().map(one).collect()
            }
        }
    }

    fn element(&self, api: &mut Api<'a>) -> Option<Shape<'a>> {
        match self {
            Self::Json(json) => json.as_array()?.first().map(Shape::Json),
            Self::Schema(schema) if schema.kind() == Kind::Array => {
                Some(Shape::Schema(Box::new(api.schema(schema.word("items")?))))
            }
            Self::Schema(_) => None,
        }
    }

    /// Whether it can stand in a path: a text or a number.
    fn is_plain(&self) -> bool {
        match self {
            Self::Json(json) => json.is_string() || json.is_number(),
            Self::Schema(schema) => matches!(
                schema.kind(),
                Kind::Text | Kind::Integer | Kind::Number | Kind::Any
            ),
        }
    }
}

/// Looks for the id of a thing, or of the first of a list of them.
fn look<'a>(
    api: &mut Api<'a>,
    shape: &Shape<'a>,
    name: &str,
    resource: &str,
    list: bool,
    deep: usize,
) -> Option<String> {
    if list && let Some(element) = shape.element(api) {
        return Some(format!(
            "[0]{}",
            look(api, &element, name, resource, false, deep)?
        ));
    }
    let fields = shape.fields(api);
    if !list && let Some(field) = matching(&fields, name, resource) {
        return Some(format!(".{field}"));
    }
    if deep == 0 {
        return None;
    }
    // `data`, `result` or the thing's own name around it.
    let plain = |text: &str| words(text).concat();
    let (whole, single) = (plain(resource), plain(&singular(resource)));
    let is_wrapper = |field: &str| {
        let field = plain(field);
        [
            "data", "result", "results", "item", "items", "content", "records", "response",
            "value", "values", "embedded",
        ]
        .contains(&field.as_str())
            || field == whole
            || field == single
    };
    let mut wrappers = fields
        .iter()
        .filter(|(field, _)| is_wrapper(field) && is_word(field));
    wrappers.find_map(|(field, inner)| {
        Some(format!(
            ".{field}{}",
            look(api, inner, name, resource, list, deep - 1)?
        ))
    })
}

/// The field that is meant by a parameter.
fn matching<'f>(fields: &[(&'f str, Shape<'_>)], name: &str, resource: &str) -> Option<&'f str> {
    let plain = |text: &str| words(text).concat();
    let wanted = plain(name);
    let is_id = wanted.ends_with("id")
        || ["key", "ref", "reference", "number", "code"].contains(&wanted.as_str())
        || wanted == plain(&singular(resource));
    let own = format!("{}id", plain(&singular(resource)));
    let fits = |candidate: &str| {
        let found = fields
            .iter()
            .find(|(field, shape)| plain(field) == candidate && shape.is_plain() && is_word(field));
        found.map(|(field, _)| *field)
    };
    fits(&wanted).or_else(|| {
        let others = ["id", own.as_str(), "uuid", "guid", "key"];
        is_id
            .then(|| others.iter().find_map(|other| fits(other)))
            .flatten()
    })
}

/// Whether a field can be written in a path of `json()` as it is.
fn is_word(field: &str) -> bool {
    !field.is_empty()
        && field
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A thing of a resource: `reservations` has a `reservation`.
pub fn singular(resource: &str) -> String {
    if let Some(stem) = resource.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "shes", "ches", "xes"] {
        if resource.ends_with(end) {
            return resource.strip_suffix("es").unwrap_or(resource).to_owned();
        }
    }
    match resource.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        _ => resource.to_owned(),
    }
}

/// What the document itself says about who feeds whom.
fn links(api: &mut Api<'_>) -> Vec<Feed> {
    let mut feeds = Vec::new();
    for from in 0..api.operations.len() {
        let links = api
            .operations
            .get(from)
            .and_then(|operation| operation.response?.get("links")?.as_object());
        for link in links.into_iter().flat_map(serde_json::Map::values) {
            let Some(link) = api.resolve(link) else {
                continue;
            };
            let Some(to) = target(api, link) else {
                continue;
            };
            for (parameter, expression) in link
                .get("parameters")
                .and_then(Json::as_object)
                .into_iter()
                .flatten()
            {
                let name = parameter
                    .rsplit_once('.')
                    .map_or(parameter.as_str(), |(_, name)| name);
                let declared = api.operations.get(to).and_then(|operation| {
                    operation.parameters.iter().find(|known| known.name == name)
                });
                if let (Some(declared), Some(source)) =
                    (declared, expression.as_str().and_then(expression_source))
                {
                    feeds.push(Feed {
                        to,
                        parameter: name.to_owned(),
                        carrier: declared.carrier,
                        from,
                        source,
                        made: api
                            .operations
                            .get(from)
                            .is_some_and(|operation| operation.method == "POST"),
                    });
                }
            }
        }
    }
    feeds
}

fn target(api: &Api<'_>, link: &Json) -> Option<usize> {
    if let Some(id) = link.get("operationId").and_then(Json::as_str) {
        return api
            .operations
            .iter()
            .position(|operation| operation.id == Some(id));
    }
    let reference = link.get("operationRef").and_then(Json::as_str)?;
    let (path, method) = reference.strip_prefix("#/paths/")?.rsplit_once('/')?;
    let path = path.replace("~1", "/").replace("~0", "~");
    api.operations.iter().position(|operation| {
        operation.path == path && operation.method.eq_ignore_ascii_case(method)
    })
}

/// Where a runtime expression such as `$response.body#/data/id` points.
fn expression_source(expression: &str) -> Option<Source> {
    let expression = expression.strip_prefix("$response.")?;
    if let Some(header) = expression.strip_prefix("header.") {
        return Some(Source::Header(header.to_owned()));
    }
    let pointer = expression.strip_prefix("body#/")?;
    let mut path = String::new();
    for part in pointer.split('/') {
        if part.chars().all(|c| c.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(&part.replace("~1", "/").replace("~0", "~"));
        }
    }
    Some(Source::Json(path))
}

/// Leaves out what would need itself.
fn without_circles(feeds: Vec<Feed>) -> Vec<Feed> {
    let mut kept: Vec<Feed> = Vec::new();
    for feed in feeds {
        let mut reached = vec![feed.from];
        let mut at = 0;
        while let Some(&operation) = reached.get(at) {
            at += 1;
            for next in kept
                .iter()
                .filter(|known| known.to == operation)
                .map(|known| known.from)
            {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
        }
        if !reached.contains(&feed.to) {
            kept.push(feed);
        }
    }
    kept
}
