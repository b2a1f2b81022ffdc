//! Parameters of a request.

use super::{Key, key};

/// Parameters of one request: the last argument of an HTTP call.
pub const REQUEST: &[Key] = &[
    key(
        "name",
        "string",
        "the URL without its query",
        "what the request is called in metrics and reports",
    ),
    key(
        "headers",
        "map of strings or lists",
        "none",
        "headers; a list sends the header several times",
    ),
    key(
        "tags",
        "map of strings",
        "none",
        "tags on the request's samples; one called `name` is its name",
    ),
    key(
        "timeout",
        "duration",
        "the option `timeout`",
        "how long it may take, redirects included",
    ),
    key(
        "redirects",
        "whole number",
        "the option `redirects`",
        "redirects followed; 0 gives the redirect itself",
    ),
    key(
        "auth",
        "map",
        "none",
        "#{ user, password } (basic), #{ token } (bearer), #{ type: \"digest\", user, password }",
    ),
    key(
        "cookies",
        "map of strings",
        "none",
        "cookies of this request only, over those of the jar",
    ),
    key(
        "expected_statuses",
        "status or list",
        "the option `expected_statuses`",
        "statuses that count as success: 200, \"2xx\", \"200-299\"",
    ),
    key(
        "discard_body",
        "true or false",
        "the option `discard_bodies`",
        "read the body but do not keep it",
    ),
];
