//! Where a service is: the document's servers, their variables filled in.

use serde_json::Value as Json;

/// Where requests go unless the document names a host.
const LOCAL: &str = "http://127.0.0.1:8080";

/// A server: what `BASE_URL` is to say, and what all paths begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Scheme, host and port.
    pub origin: String,
    /// Empty, or begins with a slash and ends without one.
    pub prefix: String,
}

/// The servers of a list, each once.
pub fn read(servers: Option<&Json>) -> Vec<Server> {
    let mut known = Vec::new();
    for server in servers.and_then(Json::as_array).into_iter().flatten() {
        if let Some(address) = server.get("url").and_then(Json::as_str) {
            let server = parse(&filled(address, server.get("variables")));
            if !known.contains(&server) {
                known.push(server);
            }
        }
    }
    if known.is_empty() {
        known.push(parse("/"));
    }
    known
}

/// An address with the defaults of its variables.
fn filled(address: &str, variables: Option<&Json>) -> String {
    let mut filled = address.to_owned();
    for (name, variable) in variables.and_then(Json::as_object).into_iter().flatten() {
        let first = || variable.get("enum").and_then(|values| values.get(0));
        let value = match variable.get("default").or_else(first) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => continue,
        };
        filled = filled.replace(&format!("{{{name}}}"), &value);
    }
    filled
}

fn parse(address: &str) -> Server {
    let address = address.trim();
    let (origin, path) = match address.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (format!("{scheme}://{host}"), path)
        }
        None if address.starts_with("//") => {
            let rest = address.trim_start_matches('/');
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (format!("https://{host}"), path)
        }
        None => (LOCAL.to_owned(), address),
    };
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_matches('/');
    Server {
        origin,
        prefix: if path.is_empty() {
            String::new()
        } else {
            format!("/{path}")
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_taken_apart_with_its_variables() {
        for (server, origin, prefix) in [
            (
                json!({"url": "https://api.example.com/v1/"}),
                "https://api.example.com",
                "/v1",
            ),
            (json!({"url": "/api/v3"}), LOCAL, "/api/v3"),
            (json!({"url": "/"}), LOCAL, ""),
            (
                json!({"url": "//api.example.com"}),
                "https://api.example.com",
                "",
            ),
            (
                json!({"url": "https://{who}.example.com:{port}/{base}", "variables": {
                    "who": {"default": "demo"}, "port": {"enum": ["8443"]}, "base": {"default": "v2"},
                }}),
                "https://demo.example.com:8443",
                "/v2",
            ),
        ] {
            let expected = Server {
                origin: origin.to_owned(),
                prefix: prefix.to_owned(),
            };
            assert_eq!(read(Some(&json!([server]))), [expected], "{server}");
        }
        assert_eq!(read(None).len(), 1);
    }
}
