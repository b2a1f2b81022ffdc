//! The script reference as Markdown, made from the registered functions, the standard library and the tables of
//! options, so that it cannot drift from what scripts really see.

mod functions;
mod library;
mod rooms;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::sources::Sources;

const HEAD: &str = "\
# Script reference

Made by `rhaid reference` from the code that scripts call; do not edit.

Everything here is there without an import, but for the [standard library](#standard-library). A parameter with a `?`
may be left out, `→` says what comes back. A *duration* is a number of seconds or a text such as `\"250ms\"` or
`\"1m30s\"`; `()` is Rhai's word for nothing. Rhai itself (its types, operators, strings, lists and maps) is described in
[the Rhai book](https://rhai.rs/book/).
";

/// The whole reference.
pub fn markdown() -> String {
    let sources = Sources::from_text(Path::new("reference.rhai"), "");
    let (mut engine, _) = super::engine::build(
        &sources,
        &Arc::new(BTreeMap::new()),
        &crate::secrets::Secrets::default(),
    );
    super::api::register_described(&mut engine);
    let mut body = String::new();
    functions::write(&mut body, &engine);
    library::write(&mut body, &engine);
    tables::write(&mut body);
    format!("{HEAD}\n{}\n{body}", contents(&body))
}

/// A list of links to all headings.
fn contents(body: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in body.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        let (indent, title) = match (line.strip_prefix("## "), line.strip_prefix("### ")) {
            _ if fenced => continue,
            (Some(title), _) => ("", title),
            (_, Some(title)) => ("  ", title),
            _ => continue,
        };
        out.push_str(&format!("{indent}- [{title}](#{})\n", anchor(title)));
    }
    out
}

/// The anchor that Markdown renderers give a heading: lower case, spaces as dashes, nothing else but letters, digits and `_`.
fn anchor(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

/// A doc comment's lines without its markers, joined; paragraphs stay apart.
fn prose<'a>(comments: impl Iterator<Item = &'a str>, marker: &str) -> String {
    let lines = comments.flat_map(str::lines).map(|line| {
        let line = line.trim().trim_start_matches(marker);
        line.strip_prefix(' ').unwrap_or(line).trim_end()
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_that_scripts_see_is_explained() {
        let text = markdown();
        for signature in [
            "`http::get(url, params?)` → `Response`",
            "`sleep(duration)`",
            "`env(name, default?)` → text",
            "`.json(path?)` → anything",
            "`.state`",
            "`think::normal(mean, sd)`",
        ] {
            assert!(text.contains(signature), "{signature} is not in\n{text}");
        }
        for module in crate::script::stdlib::names() {
            assert!(text.contains(&format!("- `{module}::")), "std/{module}");
        }
    }

    #[test]
    fn every_function_has_a_name_that_scripts_can_write() {
        let sources = Sources::from_text(Path::new("reference.rhai"), "");
        let (engine, _) = crate::script::engine::build(
            &sources,
            &Arc::new(BTreeMap::new()),
            &crate::secrets::Secrets::default(),
        );
        let qualified = engine.collect_fn_metadata(
            None,
            |info| Some(format!("{}::{}()", info.namespace, info.metadata.name)),
            false,
        );
        let mut seen = 0;
        for call in qualified.iter().filter(|call| !call.starts_with("::")) {
            assert!(engine.compile(call).is_ok(), "{call}");
            seen += 1;
        }
        assert!(seen > 40, "only {seen} functions were found");
    }

    #[test]
    fn a_heading_has_the_anchor_that_renderers_give_it() {
        assert_eq!(anchor("`std/think`"), "stdthink");
        assert_eq!(anchor("Of the run"), "of-the-run");
    }
}
