//! The page: one document with its styles and scripts, which loads nothing and asks nobody but this server.
//!
//! It holds no data: these come through the API. Charts, styles and words are those of the HTML report, the rest is in `reports/live`.

use std::sync::LazyLock;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use ring::digest::{SHA256, digest};

use super::answer::of_kind;
use crate::report::html::assets::shared;

/// A file of `reports/live`.
macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/live/", $name))
    };
}

const PAGE: &str = asset!("page.html");

/// One after the other within one function, so that nothing of them is seen outside.
const SCRIPTS: [&str; 12] = [
    shared::WORDS,
    shared::ELEMENTS,
    shared::THEME,
    shared::PLOT,
    shared::OVER_TIME,
    asset!("js/talk.js"),
    asset!("js/history.js"),
    asset!("js/table.js"),
    asset!("js/parts.js"),
    asset!("js/controls.js"),
    asset!("js/draw.js"),
    asset!("js/main.js"),
];

const STYLES: [&str; 4] = [
    shared::UPLOT_STYLE,
    shared::BASE,
    shared::PARTS,
    asset!("live.css"),
];

static STYLE: LazyLock<String> = LazyLock::new(|| STYLES.join("\n"));

static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let own = SCRIPTS.join("\n");
    format!(
        "{}\n(() => {{\n\"use strict\";\n{own}}})();\n",
        shared::UPLOT
    )
});

static WHOLE: LazyLock<Bytes> = LazyLock::new(|| {
    let page = PAGE
        .replacen("/* style */", &STYLE, 1)
        .replacen("/* script */", &SCRIPT, 1);
    Bytes::from(page)
});

/// What the browser may do: run this script and apply these styles, by their hashes, and talk to this server.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(&SCRIPT),
        hash(&STYLE)
    )
});

pub fn response() -> Response<Body> {
    let mut response = of_kind(StatusCode::OK, "text/html; charset=utf-8", WHOLE.clone());
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_asset_can_end_its_own_element_or_load_anything() {
        assert!(!SCRIPT.contains("</script"));
        assert!(!STYLE.contains("</style"));
        for loads in ["@import", "url("] {
            assert!(!STYLE.contains(loads), "{loads}");
        }
        let own = SCRIPTS.join("\n");
        for risky in [
            "XMLHttpRequest",
            "import(",
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
        ] {
            assert!(!own.contains(risky), "{risky}");
        }
    }

    #[test]
    fn the_page_is_whole_and_has_its_policy() {
        let page = std::str::from_utf8(&WHOLE).unwrap();
        assert!(!page.contains("/* style */") && !page.contains("/* script */"));
        assert!(!page.contains("src=\"") && !page.contains("onclick"));
        let response = response();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    }
}
