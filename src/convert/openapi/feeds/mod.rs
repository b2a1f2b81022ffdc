//! Where ids come from: which response of which operation has what the path of another one needs.
//!
//! `links` of the document say so outright. Otherwise `GET /things/{id}` takes the id that `POST /things` answers with, or
//! that of the first thing that `GET /things` lists.

mod ids;

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use super::api::{Api, Carrier, Piece, pieces};
use crate::convert::journey::Source;
pub use ids::singular;

/// Operations of one method that are asked for an id, at most: the thousandth that ends with `/items` will not have it.
const ASKED: usize = 50;

/// Operations that one may need before it, at most: what needs more is nothing that a user does.
const NEEDED: usize = 200;

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

/// All feeds, by who takes and by who gives.
#[derive(Debug, Default)]
pub struct Feeds {
    all: Vec<Feed>,
    by_taker: HashMap<usize, Vec<usize>>,
    by_giver: HashMap<usize, Vec<usize>>,
}

impl Feeds {
    /// What an operation takes.
    pub fn to(&self, operation: usize) -> impl Iterator<Item = &Feed> {
        self.at(&self.by_taker, operation)
    }

    /// What an operation gives.
    pub fn from(&self, operation: usize) -> impl Iterator<Item = &Feed> {
        self.at(&self.by_giver, operation)
    }

    /// What any of the operations takes, in the order in which it was found.
    pub fn to_any(&self, operations: &[usize]) -> Vec<&Feed> {
        let mut places: Vec<usize> = operations
            .iter()
            .filter_map(|operation| self.by_taker.get(operation))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        places
            .into_iter()
            .filter_map(|place| self.all.get(place))
            .collect()
    }

    fn at<'f>(
        &'f self,
        places: &'f HashMap<usize, Vec<usize>>,
        operation: usize,
    ) -> impl Iterator<Item = &'f Feed> {
        let places = places.get(&operation).map(Vec::as_slice);
        let places = places.unwrap_or_default().iter();
        places.filter_map(|place| self.all.get(*place))
    }

    fn push(&mut self, feed: Feed) {
        let place = self.all.len();
        self.by_taker.entry(feed.to).or_default().push(place);
        self.by_giver.entry(feed.from).or_default().push(place);
        self.all.push(feed);
    }

    /// Whether an operation needs nothing that needs it, and not too much.
    fn allows(&self, feed: &Feed) -> bool {
        let mut reached = HashSet::from([feed.from]);
        let mut open = vec![feed.from];
        while let Some(operation) = open.pop() {
            if operation == feed.to || reached.len() > NEEDED {
                return false;
            }
            let givers = self.to(operation).map(|known| known.from);
            open.extend(givers.filter(|giver| reached.insert(*giver)));
        }
        true
    }
}

/// All feeds there are.
pub fn find(api: &mut Api<'_>) -> Feeds {
    let mut feeds = Feeds::default();
    let mut search = Search::of(api);
    for feed in search.links(api) {
        if feeds.allows(&feed) {
            feeds.push(feed);
        }
    }
    for to in 0..api.operations.len() {
        let Some(path) = api.operations.get(to).map(|operation| operation.path) else {
            continue;
        };
        let mut prefix = String::new();
        for piece in pieces(path) {
            match piece {
                Piece::Literal(literal) => prefix.push_str(literal),
                Piece::Parameter(name) => {
                    let is_known = feeds
                        .to(to)
                        .any(|feed| feed.parameter == name && feed.carrier == Carrier::Path);
                    if !is_known
                        && let Some((from, source, made)) = search.source_of(api, to, &prefix, name)
                    {
                        let feed = Feed {
                            to,
                            parameter: name.to_owned(),
                            carrier: Carrier::Path,
                            from,
                            source,
                            made,
                        };
                        if feeds.allows(&feed) {
                            feeds.push(feed);
                        }
                    }
                    prefix.push_str(&format!("{{{name}}}"));
                }
            }
        }
    }
    feeds
}

/// Operations by what they are looked for, and what was found in their responses.
struct Search<'a> {
    /// By method and [`shape`].
    shapes: HashMap<(&'static str, String), Vec<usize>>,
    /// By method and the last part of the path.
    endings: HashMap<(&'static str, &'a str), Vec<usize>>,
    ids: HashMap<&'a str, usize>,
    paths: HashMap<(&'a str, String), usize>,
    /// By operation, parameter, resource and whether a list is looked for.
    found: HashMap<(usize, String, String, bool), Option<String>>,
}

impl<'a> Search<'a> {
    fn of(api: &Api<'a>) -> Self {
        let mut search = Self {
            shapes: HashMap::new(),
            endings: HashMap::new(),
            ids: HashMap::new(),
            paths: HashMap::new(),
            found: HashMap::new(),
        };
        for (at, operation) in api.operations.iter().enumerate() {
            if let Some(id) = operation.id {
                search.ids.entry(id).or_insert(at);
            }
            let path = (operation.path, operation.method.to_ascii_lowercase());
            search.paths.entry(path).or_insert(at);
            let method = match operation.method.as_str() {
                "POST" => "POST",
                "GET" => "GET",
                _ => continue,
            };
            let shape = (method, shape(operation.path));
            search.shapes.entry(shape).or_default().push(at);
            let ending = operation.path.trim_end_matches('/').rsplit('/').next();
            let ending = (method, ending.unwrap_or_default());
            search.endings.entry(ending).or_default().push(at);
        }
        search
    }

    /// Who gives the value of a parameter that stands behind this prefix of a path.
    fn source_of(
        &mut self,
        api: &mut Api<'a>,
        to: usize,
        prefix: &str,
        name: &str,
    ) -> Option<(usize, Source, bool)> {
        let prefix = prefix.trim_end_matches('/');
        let resource = prefix.rsplit('/').next().unwrap_or_default().to_owned();
        if resource.is_empty() || resource.contains('{') {
            return None;
        }
        for from in self.candidates("POST", to, prefix, &resource) {
            if let Some(path) = self.id_of(api, from, name, &resource, false) {
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
        let listers = self.candidates("GET", to, prefix, &resource);
        listers.into_iter().find_map(|from| {
            let path = self.id_of(api, from, name, &resource, true)?;
            Some((from, Source::Json(path), false))
        })
    }

    /// Who may make or list what the prefix of a path is about: those of exactly that path first.
    fn candidates(
        &self,
        method: &'static str,
        to: usize,
        prefix: &str,
        resource: &str,
    ) -> Vec<usize> {
        let exact = self.shapes.get(&(method, shape(prefix)));
        let alike = self.endings.get(&(method, resource));
        [exact, alike]
            .into_iter()
            .flatten()
            .flat_map(|places| places.iter().take(ASKED))
            .copied()
            .filter(|at| *at != to)
            .collect()
    }

    /// The path of the id in the response of an operation.
    fn id_of(
        &mut self,
        api: &mut Api<'a>,
        from: usize,
        name: &str,
        resource: &str,
        list: bool,
    ) -> Option<String> {
        let key = (from, name.to_owned(), resource.to_owned(), list);
        if let Some(known) = self.found.get(&key) {
            return known.clone();
        }
        let found = ids::find(api, from, name, resource, list);
        self.found.insert(key, found.clone());
        found
    }

    /// What the document itself says about who feeds whom.
    fn links(&self, api: &mut Api<'a>) -> Vec<Feed> {
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
                let Some(to) = self.target(link) else {
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

    fn target(&self, link: &Json) -> Option<usize> {
        if let Some(id) = link.get("operationId").and_then(Json::as_str) {
            return self.ids.get(id).copied();
        }
        let reference = link.get("operationRef").and_then(Json::as_str)?;
        let (path, method) = reference.strip_prefix("#/paths/")?.rsplit_once('/')?;
        let path = path.replace("~1", "/").replace("~0", "~");
        let method = method.to_ascii_lowercase();
        self.paths.get(&(path.as_str(), method)).copied()
    }
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
