//! The tags that samples have by themselves, and why nobody else may set them.

use super::reader::Wrong;

/// The tags that rhaid sets.
pub const OWN_TAGS: [&str; 9] = [
    "scenario",
    "group",
    "name",
    "method",
    "status",
    "proto",
    "expected_response",
    "error_code",
    "check",
];

/// What is wrong with a tag of this name, if it cannot be a script's own.
pub fn reserved_tag(name: &str) -> Option<Wrong> {
    let (why, help) = match name {
        "name" => (
            "it is what a request is called",
            "give the request a name, `http::get(url, #{ name: \"reserve\" })`",
        ),
        "url" => (
            "each URL would be an endpoint of its own",
            "give the request a name, `http::get(url, #{ name: \"reserve\" })`",
        ),
        "scenario" => ("it is the scenario's name", "call yours otherwise"),
        "group" => (
            "it is the group around",
            "write `group(\"checkout\", || { … })`, or call yours otherwise",
        ),
        "check" => ("it is the check's name", "call yours otherwise"),
        _ if OWN_TAGS.contains(&name) => (
            "what came of the request is written there",
            "call yours otherwise",
        ),
        _ => return None,
    };
    Some(Wrong {
        message: format!("the tag `{name}` cannot be set: {why}"),
        help: Some(help.to_owned()),
    })
}
