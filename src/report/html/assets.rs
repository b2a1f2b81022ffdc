//! The page's styles, scripts and templates, and the policy that lets the browser load nothing else.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::super::ReportError;

/// A file of `reports/html`.
macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/html/", $name))
    };
}

/// What other pages of rhaid are made of too.
pub mod shared {
    pub const UPLOT: &str = asset!("vendor/uplot.js");
    pub const UPLOT_STYLE: &str = asset!("vendor/uplot.css");
    pub const BASE: &str = asset!("css/base.css");
    pub const PARTS: &str = asset!("css/parts.css");
    pub const WORDS: &str = asset!("js/words.js");
    pub const ELEMENTS: &str = asset!("js/elements.js");
    pub const THEME: &str = asset!("js/theme.js");
    pub const PLOT: &str = asset!("js/plot.js");
    pub const OVER_TIME: &str = asset!("js/over_time.js");
}

/// The parts that the page is put together from; the page itself is `page`.
const TEMPLATES: [(&str, &str); 16] = [
    ("page", asset!("page.hbs")),
    ("verdict", asset!("verdict.hbs")),
    ("slos", asset!("slos.hbs")),
    ("changes", asset!("changes.hbs")),
    ("charts", asset!("charts.hbs")),
    ("faults", asset!("faults.hbs")),
    ("anomalies", asset!("anomalies.hbs")),
    ("scenarios", asset!("scenarios.hbs")),
    ("endpoints", asset!("endpoints.hbs")),
    ("slow", asset!("slow.hbs")),
    ("errors", asset!("errors.hbs")),
    ("checks", asset!("checks.hbs")),
    ("metrics", asset!("metrics.hbs")),
    ("generator", asset!("generator.hbs")),
    ("hints", asset!("hints.hbs")),
    ("run", asset!("run.hbs")),
];

/// One after the other within one function, so that nothing of them is seen outside.
const SCRIPTS: [&str; 10] = [
    shared::WORDS,
    shared::ELEMENTS,
    asset!("js/data.js"),
    shared::THEME,
    shared::PLOT,
    shared::OVER_TIME,
    asset!("js/charts.js"),
    asset!("js/heat.js"),
    asset!("js/endpoints.js"),
    asset!("js/main.js"),
];

const STYLES: [&str; 4] = [
    shared::UPLOT_STYLE,
    shared::BASE,
    shared::PARTS,
    asset!("css/print.css"),
];

static STYLE: LazyLock<String> = LazyLock::new(|| STYLES.join("\n"));

static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let own = SCRIPTS.join("\n");
    format!(
        "{}\n(() => {{\n\"use strict\";\n{own}}})();\n",
        shared::UPLOT
    )
});

/// All styles of the page.
pub fn style() -> &'static str {
    &STYLE
}

/// All scripts of the page.
pub fn script() -> &'static str {
    &SCRIPT
}

/// What the browser may do: run this script and apply these styles, by their hashes, and nothing else. No request leaves the page.
pub fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(script()),
        hash(style())
    )
}

/// The page with everything filled in.
pub fn fill(page: &impl Serialize) -> Result<String, ReportError> {
    let wrong = |error: &dyn std::fmt::Display| ReportError::Template(error.to_string());
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    super::prose::register(&mut templates);
    for (name, text) in TEMPLATES {
        templates
            .register_template_string(name, text)
            .map_err(|error| wrong(&error))?;
    }
    templates
        .render("page", page)
        .map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_asset_can_end_its_own_element_or_load_anything() {
        assert!(!script().contains("</script"));
        assert!(!style().contains("</style"));
        for loads in ["@import", "url("] {
            assert!(!style().contains(loads), "{loads}");
        }
        for loads in ["fetch(", "XMLHttpRequest", "import(", "innerHTML", "eval("] {
            let own = SCRIPTS.join("\n");
            assert!(!own.contains(loads), "{loads}");
        }
    }
}
