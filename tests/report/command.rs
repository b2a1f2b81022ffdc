//! `rhaid report` and `rhaid run --report`: kinds, places, exit codes.

use std::fs;

use crate::report::rhaid;
use crate::support::bin::Output;

/// As small a run as there is; what is written is looked at, not what was measured.
const SCRIPT: &str = "export const options = #{ iterations: 1 };\nfn iteration() {}";

fn result() -> String {
    let output = rhaid(&[]).script(SCRIPT).run();
    fs::read_to_string(output.dir.path().join("result.json")).unwrap()
}

fn written(output: &Output, name: &str) -> String {
    fs::read_to_string(output.dir.path().join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}\n{output}"))
}

#[test]
fn a_result_is_reported_to_files_and_to_standard_output() {
    let result = result();
    let output = rhaid(&["report", "run.json"])
        .file("run.json", &result)
        .run();
    output.expect_code(0);
    assert!(output.stdout.contains("NOT JUDGED"), "{output}");

    let output = rhaid(&["report", "run.json", "--html", "--json", "-"])
        .file("run.json", &result)
        .run();
    output.expect_code(0);
    assert!(written(&output, "run.html").starts_with("<!DOCTYPE html>"));
    assert!(output.stderr.contains("wrote run.html"), "{output}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&output.stdout).unwrap(),
        serde_json::from_str::<serde_json::Value>(&result).unwrap()
    );

    let output = rhaid(&[
        "report",
        "run.json",
        "--to",
        "html=new/page.html",
        "--console",
    ])
    .file("run.json", &result)
    .run();
    output.expect_code(0);
    assert!(written(&output, "new/page.html").contains("</html>"));
    assert!(output.stdout.contains("NOT JUDGED"), "{output}");
}

#[test]
fn a_report_that_cannot_be_made_says_why_by_its_exit_code() {
    let result = result();
    let half = &result[..result.len() / 2];
    let report = |args: &[&str]| {
        let mut all = vec!["report"];
        all.extend(args);
        rhaid(&all)
            .file("run.json", &result)
            .file("half.json", half)
            .run()
    };
    report(&["missing.json", "--html"]).expect_code(66);
    let cut = report(&["half.json", "--html"]);
    cut.expect_code(65);
    assert!(cut.stderr.contains("half.json"), "{cut}");
    let own = report(&["run.json", "--json"]);
    own.expect_code(64);
    assert!(own.stderr.contains("which is the result itself"), "{own}");
    let two = report(&["run.json", "--json", "-", "--html", "-"]);
    two.expect_code(64);
    let unknown = report(&["run.json", "--to", "htlm=x.html"]);
    unknown.expect_code(64);
    assert!(unknown.stderr.contains("did you mean `html`?"), "{unknown}");
    let folder = report(&["run.json", "--html", "/dev/full"]);
    folder.expect_code(74);
}

#[test]
fn a_run_writes_the_reports_that_it_is_asked_for_beside_its_result() {
    let output = rhaid(&[])
        .script(SCRIPT)
        .args(["--report", "html,json=copy/of.json"])
        .run();
    output.expect_code(0);
    assert!(written(&output, "result.html").contains("</html>"));
    assert_eq!(
        written(&output, "copy/of.json"),
        written(&output, "result.json")
    );
    assert!(output.stdout.contains("report     result.html"), "{output}");
}

#[test]
fn a_run_that_cannot_write_its_report_says_so_before_it_begins() {
    let output = rhaid(&[])
        .script(SCRIPT)
        .file("page.html/file", "")
        .args(["--report", "html=page.html"])
        .run();
    output.expect_code(74);
    assert!(output.stderr.contains("nothing was sent"), "{output}");
    assert!(output.result.is_none(), "{output}");
    let output = rhaid(&[])
        .script(SCRIPT)
        .args(["--report", "html=-", "--format", "json"])
        .run();
    output.expect_code(64);
}

#[test]
fn a_threshold_that_another_tool_calls_met_beside_figures_that_are_not_is_doubted() {
    let k6 = r#"{"metrics":{"http_req_duration":{"avg":400,"min":1,"med":300,"max":2500,"p(90)":900,"p(95)":1200,"thresholds":{"p(95)<500":false}},
        "http_reqs":{"count":101,"rate":48},"iterations":{"count":101,"rate":48}},"root_group":{"name":"","path":"","id":"d","groups":{},"checks":{}}}"#;
    let output = rhaid(&["report", "k6.json"]).file("k6.json", k6).run();
    output.expect_code(0);
    let said = output
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains("records that it was met, but its figures do not keep to it: it is 1.20s"),
        "{output}"
    );
}

/// k6's summary export says `true` of a threshold that failed.
const K6: &str = r#"{
    "metrics": {
        "http_req_duration": {
            "avg": 120.4, "max": 900.2, "med": 100.1, "min": 20.5, "p(90)": 250.0, "p(95)": 320.7,
            "thresholds": { "p(95)<300": true, "avg<200": false }
        },
        "http_req_failed": { "fails": 396, "passes": 4, "value": 0.01, "thresholds": { "rate<0.05": false } },
        "http_reqs": { "count": 400, "rate": 13.33 }
    },
    "root_group": { "name": "", "path": "", "id": "d41d8cd98f00b204e9800998ecf8427e", "groups": {}, "checks": {} }
}"#;

#[test]
fn a_report_of_another_tools_run_judges_its_thresholds_as_validate_does() {
    let output = rhaid(&["report", "k6.json", "--md", "-", "--html", "page.html"])
        .file("k6.json", K6)
        .run();
    output.expect_code(0).expect_text("FAILED");
    assert!(output.stdout.contains("321ms"), "{output}");
    let page = written(&output, "page.html");
    assert!(!page.contains("ship it") && !page.contains("no samples"));
    let judged = rhaid(&["validate", "k6.json"]).file("k6.json", K6).run();
    judged.expect_code(1).expect_text("FAILED");
}

#[test]
fn a_page_of_what_nobody_judged_does_not_say_to_ship_it() {
    let output = rhaid(&["report", "run.json", "--html", "page.html"])
        .file("run.json", result())
        .run();
    output.expect_code(0);
    let page = written(&output, "page.html");
    assert!(page.contains("nothing was judged, as there is no objective"));
    assert!(!page.contains("ship it"));
}
