//! What pipelines read: JUnit, JSON, quiet text.

use serde_json::{Value, json};

use crate::scripttests::rhaid;

const TESTS: &str = r#"
fn test_pass() { log::info("fine <&> \x01"); }
fn test_fail() { mock::on("GET", "/x").reply(200); http::get(mock::url() + "/x"); log::warn("close"); assert_eq("<a>", "]]>&"); }
/// @ignore later
fn test_later() { }
"#;

/// Runs these tests with arguments, and gives the output and the file `j.xml`.
fn run(arguments: &[&str]) -> (crate::support::bin::Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.xml");
    let output = rhaid()
        .file("a_test.rhai", TESTS)
        .file("b_test.rhai", "fn test_b( {")
        .arg("test")
        .args(arguments)
        .arg("--junit")
        .arg(&path)
        .run();
    let text = std::fs::read_to_string(&path).unwrap();
    (output, text)
}

#[test]
fn junit_has_each_test_with_its_failure_and_its_log() {
    let (output, text) = run(&[]);
    output.expect_code(65);
    let document =
        roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let of = |name: &'static str| {
        root.descendants()
            .filter(move |node| node.has_tag_name(name))
    };
    let suites: Vec<_> = of("testsuite").collect();
    assert_eq!(suites.len(), 2);
    assert_eq!(suites[0].attribute("name"), Some("a_test.rhai"));
    for (name, count) in [("tests", "3"), ("failures", "1"), ("errors", "0")] {
        assert_eq!(suites[0].attribute(name), Some(count), "{text}");
    }
    assert_eq!(suites[1].attribute("errors"), Some("1"));
    let cases: Vec<_> = of("testcase").collect();
    let names: Vec<_> = cases
        .iter()
        .filter_map(|case| case.attribute("name"))
        .collect();
    assert_eq!(names, ["test_pass", "test_fail", "test_later", "compile"]);
    for case in &cases[..2] {
        assert_eq!(case.attribute("classname"), Some("a_test"));
        assert!(case.attribute("time").unwrap().parse::<f64>().is_ok());
    }
    let child = |at: usize, name: &str| {
        let found = cases[at].children().find(|node| node.has_tag_name(name));
        found.unwrap_or_else(|| panic!("no {name}\n{text}"))
    };
    let failure = child(1, "failure");
    assert!(
        failure
            .attribute("message")
            .unwrap()
            .starts_with("the two are not equal")
    );
    assert!(failure.text().unwrap().contains("a_test.rhai:3:"));
    let out = child(1, "system-out").text().unwrap();
    assert!(
        out.contains("warn  close") && out.contains("GET /x → 200"),
        "{out}"
    );
    assert_eq!(child(2, "skipped").attribute("message"), Some("later"));
    assert!(child(3, "error").text().unwrap().contains("b_test.rhai"));
}

#[test]
fn json_is_one_document() {
    let (output, _) = run(&["--format", "json"]);
    output.expect_code(65);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["ok"], false);
    assert_eq!(
        [
            &document["passed"],
            &document["failed"],
            &document["ignored"]
        ],
        [1, 1, 1]
    );
    assert_eq!(document["errors"][0]["file"], "b_test.rhai");
    let tests = document["tests"].as_array().unwrap();
    let outcomes: Vec<&Value> = tests.iter().map(|test| &test["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "failed", "ignored"]);
    let failed = &tests[1];
    assert_eq!(failed["name"], "a_test::test_fail");
    assert_eq!(failed["line"], 3);
    assert_eq!(failed["requests"], json!(["GET /x → 200"]));
    assert_eq!(failed["log"], json!(["warn  close"]));
    assert!(
        failed["failures"][0]["text"]
            .as_str()
            .unwrap()
            .contains("right: \"]]>&\"")
    );
}

#[test]
fn quiet_shows_what_failed_and_colours_only_where_they_are_asked_for() {
    let (output, _) = run(&["--quiet"]);
    assert!(
        !output.stdout.contains("... ok") && !output.stdout.contains("running"),
        "{output}"
    );
    output.expect_text("---- a_test::test_fail ----");
    assert!(!output.stdout.contains('\u{1b}'), "{output}");
    let coloured = |no_color: &str| {
        let output = rhaid()
            .file("a_test.rhai", TESTS)
            .env("CLICOLOR_FORCE", "1")
            .env("NO_COLOR", no_color)
            .arg("test")
            .run();
        output.stdout.contains("\u{1b}[31mFAILED")
    };
    assert!(coloured(""));
    assert!(!coloured("1"));
}

#[test]
fn ctrl_c_says_what_was_done_until_then() {
    let mut running = rhaid()
        .file(
            "a_test.rhai",
            "fn test_a() { }\nfn test_b() { loop { } }\nfn test_c() { loop { } }",
        )
        .args(["test", "--jobs", "1"])
        .spawn();
    running.wait_for_output("test_a ... ok");
    running.interrupt();
    running
        .wait()
        .expect_code(130)
        .expect_text("1 passed; 0 failed; 0 ignored; 0 filtered out; 2 not run;");
}

#[test]
fn junit_is_xml_whatever_a_script_says() {
    let output = rhaid()
        .file(
            "a_test.rhai",
            r#"fn test_it() { log::info("\u0000\u0001\uFFFF\x1b[2J\x7f"); throw "]]>\uFFFE<a>&\u0008"; }"#,
        )
        .args(["test", "--junit", "j.xml"])
        .run();
    output.expect_code(2);
    let text = std::fs::read_to_string(output.path("j.xml")).unwrap();
    // As XML 1.0 has it; the parser here lets these two pass.
    assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text:?}");
    roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text:?}"));
}

#[test]
fn who_is_interrupted_reports_what_was_run() {
    for signal in ["INT", "TERM"] {
        let mut running = rhaid()
            .file(
                "a_test.rhai",
                "fn test_a() { }\nfn test_b() { loop { } }\nfn test_c() { }",
            )
            .args(["test", "--jobs", "1", "--junit", "j.xml"])
            .spawn();
        running.wait_for_output("test_a ... ok");
        running.signal(signal);
        let output = running.wait();
        output
            .expect_code(130)
            .expect_text("1 passed; 0 failed; 0 ignored; 0 filtered out; 2 not run;");
        let text = std::fs::read_to_string(output.path("j.xml")).unwrap();
        assert!(text.contains("test_a"), "{text}");
    }
}
