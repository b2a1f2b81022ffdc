//! Who comes when: within a resource create, read, update, delete, so that each finds what it needs; and who does not come.

use std::collections::HashMap;

use super::api::{Api, Operation};
use super::feeds::Feeds;

/// Last words of paths that end something: after all other calls of their resource.
const ENDINGS: [&str; 16] = [
    "cancel",
    "close",
    "archive",
    "delete",
    "remove",
    "logout",
    "signout",
    "deactivate",
    "disable",
    "terminate",
    "revoke",
    "stop",
    "finish",
    "complete",
    "expire",
    "withdraw",
];

/// Last words of paths that would take a service from under its other users, when no path parameter says of what.
const RUINOUS: [&str; 10] = [
    "reset", "purge", "wipe", "truncate", "shutdown", "restart", "flush", "clear", "drop", "delete",
];

/// Why an operation is not to be called without a person having thought about it.
pub fn ruinous(api: &Api<'_>, at: usize, feeds: &Feeds) -> Option<&'static str> {
    let operation = api.operations.get(at)?;
    if operation.method == "DELETE" {
        let last = super::api::pieces(operation.path)
            .filter_map(super::api::Piece::parameter)
            .last();
        let Some(last) = last else {
            return Some("it may delete more than the script has made");
        };
        let made = feeds.to(at).any(|feed| feed.parameter == last && feed.made);
        return (!made).then_some("it deletes what the script has not made");
    }
    let is_write = !matches!(operation.method.as_str(), "GET" | "HEAD");
    (is_write && !operation.path.contains('{') && RUINOUS.contains(&last_word(operation).as_str()))
        .then_some("by its name it takes the service from under other users")
}

/// The operations of a tag in the order in which a user would come to them.
pub fn sorted(api: &Api<'_>, mut operations: Vec<usize>, feeds: &Feeds) -> Vec<usize> {
    let mut roots: HashMap<&str, usize> = HashMap::new();
    for at in &operations {
        let next = roots.len();
        roots.entry(root_of(api, *at)).or_insert(next);
    }
    operations.sort_by_cached_key(|at| {
        let resource = roots.get(root_of(api, *at)).copied();
        let operation = api.operations.get(*at);
        let depth = operation.map_or(0, |operation| operation.path.matches('/').count());
        let phase = operation.map_or(0, |operation| {
            phase(operation, feeds.from(*at).next().is_some())
        });
        // What lies deeper is deleted before what it lies in.
        let deep = if phase >= ENDING {
            usize::MAX - depth
        } else if phase == 0 {
            depth
        } else {
            0
        };
        (resource, phase, deep)
    });
    operations
}

const ENDING: u8 = 5;

fn phase(operation: &Operation<'_>, feeds: bool) -> u8 {
    if ENDINGS.contains(&last_word(operation).as_str()) {
        return ENDING;
    }
    match operation.method.as_str() {
        "POST" if feeds => 0,
        "GET" | "HEAD" => 1,
        "PUT" => 2,
        "PATCH" => 3,
        "DELETE" => ENDING + 1,
        _ if !operation.path.contains('{') => 0,
        _ => 4,
    }
}

/// What the parameters of a path stand behind: `/things` of `/things/{id}/parts`.
fn root_of<'a>(api: &Api<'a>, at: usize) -> &'a str {
    let path = api
        .operations
        .get(at)
        .map_or("", |operation| operation.path);
    let before = path.split('{').next().unwrap_or(path);
    before.trim_end_matches('/')
}

/// The last word of an operation's path, in lower case.
pub fn last_word(operation: &Operation<'_>) -> String {
    let last = operation
        .path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    // Some write actions behind a colon.
    last.rsplit(':').next().unwrap_or(last).to_ascii_lowercase()
}
