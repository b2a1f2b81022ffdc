//! What requests, their responses and the values of these are called, and what is expected of them.

use std::collections::BTreeMap;

use super::api::Operation;
use super::feeds::{Feed, singular};
use crate::convert::emit::words::{Names, identifier};
use crate::convert::journey::{Check, Request};
use crate::convert::text::Value;

/// Names of variables, by the operation and the place that their values come from.
#[derive(Default)]
pub struct Variables {
    fed: BTreeMap<(usize, String), String>,
    pub names: Names,
}

impl Variables {
    /// The variable of a feed, if it has one by now.
    pub fn known(&self, feed: &Feed) -> Option<&String> {
        self.fed.get(&(feed.from, format!("{:?}", feed.source)))
    }

    /// The variable that holds what a feed gives; made when it is first asked for.
    pub fn of(&mut self, feed: &Feed, from: &Operation<'_>) -> String {
        let key = (feed.from, format!("{:?}", feed.source));
        if let Some(known) = self.fed.get(&key) {
            return known.clone();
        }
        let resource = from
            .path
            .split('/')
            .rfind(|part| !part.is_empty() && !part.contains('{'));
        let words = match feed.parameter.as_str() {
            "id" | "uuid" | "key" => {
                format!("{}_{}", singular(resource.unwrap_or("its")), feed.parameter)
            }
            other => other.to_owned(),
        };
        let name = self.names.unique(&identifier(&words, "id"));
        self.fed.insert(key, name.clone());
        name
    }
}

/// What a request is called: its `operationId` if that is a plain word, else method and path.
pub fn name_of(operation: &Operation<'_>) -> String {
    let is_plain = |id: &&str| {
        !id.is_empty()
            && id.len() <= 60
            && id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    };
    operation
        .id
        .filter(is_plain)
        .map_or_else(|| operation.title(), str::to_owned)
}

/// A name for the response of an operation, as short as the path allows.
pub fn response_of(operation: &Operation<'_>) -> String {
    let path = operation.path.trim_end_matches('/');
    let last = path
        .rsplit('/')
        .find(|part| !part.is_empty() && !part.contains('{'))
        .unwrap_or_default();
    let words = match (operation.id, operation.method.as_str()) {
        (Some(id), _) => id.to_owned(),
        (None, "GET") if path.ends_with('}') => singular(last),
        (None, "GET") => last.to_owned(),
        (None, method) if path.ends_with('}') => {
            format!("{}_{}", method.to_lowercase(), singular(last))
        }
        (None, "POST") if path.contains('{') => last.to_owned(),
        (None, "POST") => format!("new_{}", singular(last)),
        (None, method) => format!("{}_{last}", method.to_lowercase()),
    };
    identifier(&words, "response")
}

/// What is expected of a response.
pub fn expected(operation: &Operation<'_>, request: &mut Request) -> (Option<u16>, Vec<Check>) {
    match operation.statuses.as_slice() {
        [] => {
            let check = Check {
                name: "it went well".to_owned(),
                own: false,
                condition: "r.ok".to_owned(),
            };
            (None, vec![check])
        }
        [status] => {
            if *status >= 300 {
                request
                    .parameters
                    .push(("redirects".to_owned(), Value::from(0)));
            }
            (Some(*status), Vec::new())
        }
        several => {
            let texts: Vec<String> = several.iter().map(u16::to_string).collect();
            let check = Check {
                name: format!("status is {}", texts.join(" or ")),
                own: false,
                condition: format!("r.status in [{}]", texts.join(", ")),
            };
            (None, vec![check])
        }
    }
}
