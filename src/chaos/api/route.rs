//! Which request means what. Pure: a path and a method in, a route out.

use hyper::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Version,
    Metrics,
    Reset,
    Populate,
    ListProxies,
    CreateProxy,
    ShowProxy(String),
    UpdateProxy(String),
    DeleteProxy(String),
    /// Beyond Toxiproxy: what passes, counted.
    Counts(String),
    ListToxics(String),
    CreateToxic(String),
    ShowToxic(String, String),
    UpdateToxic(String, String),
    DeleteToxic(String, String),
}

/// Where a request leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    To(Route),
    /// There is no such place.
    Nowhere,
    /// There is, but this is not how it is asked.
    NotSo,
    /// The path has a plainer form.
    Elsewhere(String),
}

/// What Go's URLs keep as it is in a path.
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Finds the way. `metrics`: whether they are served.
pub fn find(method: &Method, path: &str, query: Option<&str>, metrics: bool) -> Way {
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let plain = cleaned(&path);
    if plain != path {
        let mut location = utf8_percent_encode(&plain, IN_PATH).to_string();
        if let Some(query) = query {
            location = format!("{location}?{query}");
        }
        return Way::Elsewhere(location);
    }
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(&path).split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Way::Nowhere;
    }
    let own = |part: &str| part.to_owned();
    let (get, post) = (*method == Method::GET, *method == Method::POST);
    let change = post || *method == Method::PATCH;
    let delete = *method == Method::DELETE;
    let route = match parts.as_slice() {
        ["metrics"] if metrics => Some(Route::Metrics),
        ["version"] => get.then_some(Route::Version),
        ["reset"] => post.then_some(Route::Reset),
        ["populate"] => post.then_some(Route::Populate),
        ["proxies"] if get => Some(Route::ListProxies),
        ["proxies"] => post.then_some(Route::CreateProxy),
        ["proxies", name] if get => Some(Route::ShowProxy(own(name))),
        ["proxies", name] if change => Some(Route::UpdateProxy(own(name))),
        ["proxies", name] => delete.then(|| Route::DeleteProxy(own(name))),
        ["proxies", name, "counts"] => get.then(|| Route::Counts(own(name))),
        ["proxies", name, "toxics"] if get => Some(Route::ListToxics(own(name))),
        ["proxies", name, "toxics"] => post.then(|| Route::CreateToxic(own(name))),
        ["proxies", name, "toxics", toxic] if get => Some(Route::ShowToxic(own(name), own(toxic))),
        ["proxies", name, "toxics", toxic] if change => {
            Some(Route::UpdateToxic(own(name), own(toxic)))
        }
        ["proxies", name, "toxics", toxic] => {
            delete.then(|| Route::DeleteToxic(own(name), own(toxic)))
        }
        _ => return Way::Nowhere,
    };
    route.map_or(Way::NotSo, Way::To)
}

/// Without empty parts, `.` and `..`; a slash at the end stays.
fn cleaned(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    let mut plain = format!("/{}", kept.join("/"));
    if path.ends_with('/') && plain != "/" {
        plain.push('/');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Way {
        find(&Method::GET, path, None, false)
    }

    #[test]
    fn a_path_and_a_method_lead_somewhere() {
        assert_eq!(get("/version"), Way::To(Route::Version));
        assert_eq!(
            get("/proxies/odd%20name"),
            Way::To(Route::ShowProxy("odd name".into()))
        );
        assert_eq!(get("/metrics"), Way::Nowhere);
        assert_eq!(
            find(&Method::PUT, "/metrics", None, true),
            Way::To(Route::Metrics)
        );
        assert_eq!(get("/reset"), Way::NotSo);
        assert_eq!(get("/proxies/a%2Fb"), Way::Nowhere);
        for nowhere in [
            "/",
            "/proxies/",
            "/proxies/a/toxics/",
            "/proxies/a/toxics/b/c",
        ] {
            assert_eq!(get(nowhere), Way::Nowhere, "{nowhere}");
        }
    }

    #[test]
    fn a_crooked_path_is_sent_to_the_plain_one() {
        for (crooked, plain) in [
            ("//proxies", "/proxies"),
            ("/proxies/./a", "/proxies/a"),
            ("/proxies/x/../a%20b", "/proxies/a%20b"),
            ("/..", "/"),
        ] {
            assert_eq!(get(crooked), Way::Elsewhere(plain.into()), "{crooked}");
        }
        let way = find(&Method::GET, "//version", Some("a=1"), false);
        assert_eq!(way, Way::Elsewhere("/version?a=1".into()));
    }
}
