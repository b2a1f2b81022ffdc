//! Tables of the guide against the program's own.

use rhaid::chaos::proxy::toxic;
use rhaid::executor::Kind;
use rhaid::metrics::Builtin;
use rhaid::options::keys::{self, Key};
use rhaid::{exit, script::stdlib};

use crate::docs::pages::{self, Page};

fn page(name: &str) -> Page {
    pages::all()
        .into_iter()
        .find(|page| page.name == name)
        .unwrap_or_else(|| panic!("there is no {name}"))
}

/// The tables under these headings have a row for each key, in whatever order, with its type and default.
#[track_caller]
fn expect_keys(page: &Page, headings: &[&str], keys: &[Key]) {
    let rows: Vec<Vec<String>> = headings
        .iter()
        .flat_map(|heading| page.rows(heading))
        .collect();
    for key in keys {
        let name = format!("`{}`", key.name);
        let row = rows.iter().find(|row| row[0] == name);
        let Some(row) = row else {
            panic!("{}: no row for {name} under {headings:?}", page.name);
        };
        assert_eq!(
            (row[1].as_str(), row[2].as_str()),
            (key.takes, key.default),
            "{}: {name}",
            page.name
        );
    }
    for row in &rows {
        let known = keys.iter().any(|key| format!("`{}`", key.name) == row[0]);
        assert!(known, "{}: there is no option {}", page.name, row[0]);
    }
}

#[test]
fn the_page_about_options_has_every_option_with_its_default() {
    let page = page("docs/options.md");
    expect_keys(
        &page,
        &[
            "What runs",
            "Requests",
            "Connections",
            "Limits and places",
            "The script's lifecycle",
            "The run",
        ],
        keys::RUN,
    );
    expect_keys(&page, &["Options of a scenario"], keys::SCENARIO);
    expect_keys(&page, &["Options of an executor"], keys::EXECUTOR);
    expect_keys(&page, &["Options of an objective"], keys::OBJECTIVE);
    expect_keys(&page, &["Options of a fault"], keys::FAULT);
    expect_keys(&page, &["Options of a probe"], keys::PROBE);
    expect_keys(&page, &["Options of a command"], keys::COMMAND);
    expect_keys(&page, &["Options of a proxy"], keys::PROXY);
    expect_keys(&page, &["Options of traces"], keys::TRACING);
}

#[test]
fn the_page_about_http_has_every_parameter_of_a_request() {
    expect_keys(&page("docs/http.md"), &["Parameters"], keys::REQUEST);
}

#[test]
fn the_page_about_executors_has_every_executor_with_its_options() {
    let page = page("docs/executors.md");
    for kind in Kind::ALL {
        let rows = page.rows(&format!("`{}`", kind.name()));
        let mut named: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
        let mut own = kind.keys().to_vec();
        named.sort_unstable();
        own.sort_unstable();
        assert_eq!(named, own, "{}", kind.name());
        for row in rows {
            let key = keys::EXECUTOR
                .iter()
                .find(|key| format!("`{}`", key.name) == row[0])
                .unwrap();
            assert_eq!(row[1], key.default, "{}: {}", kind.name(), row[0]);
        }
    }
}

#[test]
fn the_page_about_objectives_has_every_exit_code_and_metric() {
    let page = page("docs/slos.md");
    for code in [
        exit::PASS,
        exit::REVIEW,
        exit::BLOCKED,
        exit::USAGE,
        exit::SCRIPT,
        exit::NO_INPUT,
        exit::UNREACHABLE,
        exit::INTERNAL,
        exit::NOT_UNDONE,
        exit::CANNOT_WRITE,
        exit::CONFIG,
        exit::INTERRUPTED,
    ] {
        assert!(
            page.text.contains(&format!("| {code} |")),
            "exit code {code}"
        );
    }
    for metric in Builtin::ALL {
        let name = metric.definition().name;
        assert!(page.text.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_page_about_the_standard_library_names_all_of_it() {
    let page = page("docs/stdlib.md");
    for module in stdlib::names() {
        assert!(page.text.contains(&format!("`{module}`")), "std/{module}");
    }
}

#[test]
fn the_page_about_toxics_has_every_kind_with_its_attributes() {
    let page = page("docs/toxics.md");
    for kind in toxic::KINDS {
        let heading = format!("`{}`", kind.name);
        assert!(page.text.contains(&format!("### {heading}\n")), "{heading}");
        let listed = format!("| [{heading}](#{}) | ", kind.name);
        assert!(page.text.contains(&listed), "{heading} is not in the list");
        let rows = page.rows(&heading);
        let named: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
        assert_eq!(named, kind.attributes, "{heading}");
        // A default that is a number or a truth is what is there when nothing was given.
        let made = kind.make(&serde_json::Map::new()).unwrap().attributes();
        for row in &rows {
            let Some(value) = made.get(row[0].trim_matches('`')) else {
                continue;
            };
            let default = serde_json::from_str::<serde_json::Value>(&row[1]).unwrap();
            assert_eq!(value.as_f64(), default.as_f64(), "{heading}: {}", row[0]);
            assert_eq!(value.as_bool(), default.as_bool(), "{heading}: {}", row[0]);
        }
    }
}
