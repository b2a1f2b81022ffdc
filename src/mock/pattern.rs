//! Which requests a route is about: a method, a path with places left open, perhaps a query.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("`{0}` is no method: write one such as \"GET\" in capitals, or \"*\" for any")]
    Method(String),
    #[error("`{0}` is a URL: a mock answers paths of its own, such as \"/rooms/{{id}}\"")]
    Url(String),
    #[error("`{0}` must begin with `/`, or be `*` for any path")]
    Relative(String),
    #[error(
        "in `{path}`, `{part}` is no name in braces: `{{name}}` stands for a whole part between two `/`"
    )]
    Brace { path: String, part: String },
}

/// A part of a path between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Text, with `*` for any characters.
    Text(String),
    /// Any text, which is then known by this name.
    Named(String),
    /// All that is left, at the end only.
    Rest,
}

/// A method and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// `None` for any.
    method: Option<String>,
    path: String,
    parts: Vec<Part>,
    /// What the query must have, decoded.
    pub query: Vec<(String, String)>,
}

impl Pattern {
    /// Reads a pattern: `method` is a name or `*`; `path` may hold `{name}` for a part, `*` for any characters of a part, and ends in
    /// `/*` for everything below; what follows a `?` must be in the query.
    ///
    /// # Errors
    /// With a sentence that says how to write it.
    pub fn parse(method: &str, path: &str) -> Result<Self, PatternError> {
        let is_name = !method.is_empty() && method.chars().all(|c| c.is_ascii_uppercase());
        if method != "*" && !is_name {
            return Err(PatternError::Method(method.to_owned()));
        }
        if path.starts_with("http://") || path.starts_with("https://") {
            return Err(PatternError::Url(path.to_owned()));
        }
        let (plain, query) = path.split_once('?').unwrap_or((path, ""));
        if plain != "*" && !plain.starts_with('/') {
            return Err(PatternError::Relative(path.to_owned()));
        }
        let parts = if plain == "*" {
            vec![Part::Rest]
        } else {
            let last = plain.matches('/').count() - 1;
            let parts = plain.split('/').skip(1).enumerate();
            parts
                .map(|(at, part)| read_part(part, at == last, path))
                .collect::<Result<_, _>>()?
        };
        Ok(Self {
            method: (method != "*").then(|| method.to_owned()),
            path: plain.to_owned(),
            parts,
            query: pairs(query),
        })
    }

    /// Whether it is about this method.
    pub fn takes(&self, method: &str) -> bool {
        self.method.as_ref().is_none_or(|own| own == method)
    }

    /// What stands in the places of a path (as it was sent, without its query) that the pattern leaves open; nothing if the path is
    /// another one.
    pub fn params(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut params = BTreeMap::new();
        let mut given = path.strip_prefix('/').unwrap_or(path).split('/');
        for part in &self.parts {
            match part {
                Part::Rest => return Some(params),
                Part::Text(text) => {
                    if !is_like(text, &decoded(given.next()?)) {
                        return None;
                    }
                }
                Part::Named(name) => {
                    let value = decoded(given.next()?);
                    if value.is_empty() {
                        return None;
                    }
                    params.insert(name.clone(), value);
                }
            }
        }
        given.next().is_none().then_some(params)
    }

    /// The path as it was written, without its query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// As messages name it: `POST /rooms/{id}`.
    pub fn label(&self) -> String {
        let method = self.method.as_deref().unwrap_or("*");
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{method} {}{mark}{}", self.path, query.join("&"))
    }
}

fn read_part(part: &str, is_last: bool, path: &str) -> Result<Part, PatternError> {
    if part == "*" && is_last {
        return Ok(Part::Rest);
    }
    let name = part
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match name {
        Some(name) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            Ok(Part::Named(name.to_owned()))
        }
        None if !part.contains(['{', '}']) => Ok(Part::Text(decoded(part))),
        _ => Err(PatternError::Brace {
            path: path.to_owned(),
            part: part.to_owned(),
        }),
    }
}

/// The names and values of a query.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// Whether a text is like a pattern in which `*` stands for any characters.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        // The leftmost place leaves the most for what follows.
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::parse("GET", pattern).unwrap();
        pattern.params(path).is_some()
    }

    #[test]
    fn a_path_is_matched_part_by_part() {
        for (pattern, path, expected) in [
            ("/", "/", true),
            ("/rooms", "/rooms", true),
            ("/rooms", "/rooms/", false),
            ("/rooms", "/rooms/1", false),
            ("/rooms/{id}", "/rooms/1", true),
            ("/rooms/{id}", "/rooms/", false),
            ("/rooms/{id}/beds", "/rooms/1/beds", true),
            ("/rooms/*", "/rooms/1/beds", true),
            ("/rooms/*", "/rooms/", true),
            ("/rooms/*", "/rooms", true),
            ("/*/beds", "/rooms/beds", true),
            ("/file-*.json", "/file-1.json", true),
            ("/file-*.json", "/file-1.xml", false),
            ("/a*b*c", "/aXbbXc", true),
            ("/a*b*c", "/aXc", false),
            ("*", "/anything/at/all", true),
            ("/sea view", "/sea%20view", true),
            ("/sea%20view", "/sea%20view", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_stands_in_an_open_place_is_known_by_its_name() {
        let pattern = Pattern::parse("GET", "/rooms/{id}/beds/{bed}").unwrap();
        let params = pattern.params("/rooms/a%2Fb/beds/2").unwrap();
        assert_eq!((&*params["id"], &*params["bed"]), ("a/b", "2"));
    }

    #[test]
    fn a_pattern_that_could_never_match_is_refused() {
        for (method, path) in [
            ("get", "/"),
            ("", "/"),
            ("GET", "rooms"),
            ("GET", "http://127.0.0.1/rooms"),
            ("GET", "/rooms/{id}.json"),
            ("GET", "/rooms/{}"),
            ("GET", ""),
        ] {
            assert!(Pattern::parse(method, path).is_err(), "{method} {path}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_is_read_or_refused_and_any_path_matched_or_not(pattern in ".{0,40}", path in ".{0,40}") {
            if let Ok(pattern) = Pattern::parse("*", &pattern) {
                let _ = (pattern.params(&path), pattern.label());
            }
        }

        #[test]
        fn a_plain_path_matches_itself_alone(parts in prop::collection::vec("[a-z0-9._-]{1,8}", 1..5)) {
            let path = format!("/{}", parts.join("/"));
            prop_assert!(matches(&path, &path));
            let longer = format!("{}/x", path);
            prop_assert!(!matches(&path, &longer));
        }
    }
}
