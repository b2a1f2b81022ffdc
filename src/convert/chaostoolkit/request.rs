//! What a provider `http` sends, and what a probe expects of the response.

use serde_json::Value as Json;

use super::activity::Activity;
use super::values::Values;
use crate::convert::emit::words::quoted;
use crate::convert::journey::{Body, Check, Request, Step, Url};
use crate::convert::lifted;
use crate::convert::text::{Part, Text, Value};

/// A request with what is expected; `left` gets what is not taken over.
pub fn step(activity: &Activity<'_>, values: &mut Values, left: &mut Vec<String>) -> Step {
    let mut request = Request {
        name: Some(activity.name.to_owned()),
        method: match activity.text("method") {
            "" => "GET".to_owned(),
            method => method.to_ascii_uppercase(),
        },
        url: url(&values.text(activity.text("url"))),
        ..Request::default()
    };
    if let Some(Json::Object(headers)) = activity.provider.get("headers") {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), text(value, values)));
        request.headers = headers.collect();
    }
    let seconds = match activity.provider.get("timeout") {
        // For connecting, and for reading.
        Some(Json::Array(both)) => both.iter().filter_map(Json::as_f64).reduce(|a, b| a + b),
        Some(single) => single.as_f64(),
        None => None,
    };
    if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) {
        let millis = (seconds * 1000.0).round().clamp(1.0, 3_600_000.0);
        let timeout = format!("{millis}ms");
        request
            .parameters
            .push(("timeout".to_owned(), Value::from(timeout.as_str())));
    }
    if let Some(arguments) = activity.provider.get("arguments").filter(|a| !a.is_null()) {
        carry(&mut request, arguments, values);
    }
    if activity.provider.get("verify_tls") == Some(&Json::Bool(false)) {
        left.push(format!(
            "`verify_tls` of `{}`: the option `tls` has it for all",
            activity.name
        ));
    }
    lifted::lift(&mut request, &mut |value, name, meaning| {
        values.secret(value, name, meaning)
    });
    let mut step = Step {
        request,
        ..Step::default()
    };
    expect(&mut step, activity, left);
    step
}

/// `arguments` are the query of a request without a body, JSON if its headers say so, or a form.
fn carry(request: &mut Request, arguments: &Json, values: &Values) {
    let is_json = request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.outline().contains("json")
    });
    match arguments {
        Json::Object(map) if matches!(request.method.as_str(), "GET" | "HEAD") => {
            for (name, value) in map {
                request.url.push_query(name, &text(value, values));
            }
        }
        map if is_json => {
            let mut body = Value::from(map.clone());
            body.walk(&mut |value| {
                if let Value::Text(found) = value
                    && let Some(literal) = found.as_literal()
                {
                    *found = values.text(literal);
                }
            });
            request.body = Body::Json(body);
        }
        Json::Object(map) => {
            let fields = map
                .iter()
                .map(|(name, value)| (name.clone(), text(value, values)));
            request.body = Body::Form(fields.collect());
        }
        other => request.body = Body::Text(text(other, values)),
    }
}

fn text(value: &Json, values: &Values) -> Text {
    match value {
        Json::String(text) => values.text(text),
        other => Text::from(other.to_string()),
    }
}

/// A URL in its parts. One that begins with a constant has that for its base.
fn url(whole: &Text) -> Url {
    let mut parts = whole.parts().iter();
    let mut url = Url::default();
    match parts.next() {
        Some(Part::Literal(literal)) => {
            let host = literal.find("://").map_or(0, |at| at + 3);
            let end = literal
                .get(host..)
                .and_then(|rest| rest.find('/'))
                .map_or(literal.len(), |at| host + at);
            let (base, path) = literal.split_at(end);
            url.base.push(base);
            url.path.push(path);
        }
        Some(Part::Code(code)) => url.base.push_code(code.clone()),
        None => {}
    }
    for part in parts {
        match part {
            Part::Literal(literal) => url.path.push(literal),
            Part::Code(code) => url.path.push_code(code.clone()),
        }
    }
    url
}

/// What is tolerated of a response, as checks.
fn expect(step: &mut Step, activity: &Activity<'_>, left: &mut Vec<String>) {
    let status = |value: &Json| {
        value
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (100..600).contains(status))
    };
    let mut condition = |name: &str, condition: String| {
        step.checks.push(Check {
            name: name.to_owned(),
            own: false,
            condition,
        });
    };
    match activity.tolerance {
        // Nothing is expected of what only changes something.
        None if activity.is_action => return,
        None => condition("is answered", "r.ok".to_owned()),
        Some(one) if status(one).is_some() => step.status = status(one),
        Some(Json::Array(list)) if !list.is_empty() && list.iter().all(|s| status(s).is_some()) => {
            let list: Vec<String> = list.iter().map(Json::to_string).collect();
            let list = list.join(", ");
            condition(
                &format!("status is one of {list}"),
                format!("r.status in [{list}]"),
            );
        }
        Some(Json::Bool(true)) => condition("is answered", "r.ok".to_owned()),
        Some(Json::Object(map)) => {
            let word = |key: &str| map.get(key).and_then(Json::as_str).unwrap_or_default();
            let looks_at_body = ["body", ""].contains(&word("target"));
            let path = word("path");
            let expected = map.get("expect").map(|expected| match expected {
                Json::Array(list) if list.len() == 1 => list.first().unwrap_or(expected),
                other => other,
            });
            let scalar = |value: &Json| match value {
                Json::String(text) => Some(quoted(text)),
                Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
                _ => None,
            };
            match (word("type"), expected) {
                ("jsonpath", None)
                    if looks_at_body && path.starts_with('$') && map.get("count").is_none() =>
                {
                    condition(
                        &format!("{path} is there"),
                        // A JSONPath gives a list of all that it finds.
                        format!("r.json({}).len() > 0", quoted(path)),
                    );
                }
                ("jsonpath", Some(expected)) if looks_at_body && path.starts_with('$') => {
                    let one = std::slice::from_ref(expected);
                    let all = expected.as_array().map_or(one, Vec::as_slice);
                    match all.iter().map(scalar).collect::<Option<Vec<_>>>() {
                        Some(values) => condition(
                            &format!("{path} is as expected"),
                            format!("r.json({}) == [{}]", quoted(path), values.join(", ")),
                        ),
                        None => left.push(format!("the tolerance of `{}`", activity.name)),
                    }
                }
                _ => left.push(format!("the tolerance of `{}`", activity.name)),
            }
        }
        Some(_) => left.push(format!("the tolerance of `{}`", activity.name)),
    }
    // A probe that checks nothing would tell nothing.
    if step.status.is_none() && step.checks.is_empty() {
        step.notes
            .push("TODO the tolerance of the experiment was not converted".to_owned());
        step.checks.push(Check {
            name: "is answered".to_owned(),
            own: false,
            condition: "r.ok".to_owned(),
        });
    }
}
