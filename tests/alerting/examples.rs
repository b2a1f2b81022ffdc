//! The files in `observability/` are what the tool makes of the file of objectives beside them, and do what their tests say.

use std::path::Path;
use std::process::Command;

use super::{repository, rhaid};

/// Runs a checking tool in a folder; it must be content.
#[track_caller]
fn content(tool: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(tool)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{tool}: {error}; tests/prepare installs it"));
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{tool} {args:?}: {text}");
    text
}

#[test]
fn the_rules_are_what_the_tool_makes_of_the_objectives() {
    let folder = repository("observability/prometheus");
    let slo = std::fs::read(folder.join("slo.toml")).unwrap();
    for windows in ["month", "run"] {
        let output = rhaid(["slo", "rules", "--slo", "slo.toml", "--windows", windows])
            .file("slo.toml", &slo)
            .run();
        output.expect_code(0);
        let path = folder.join(format!("slo-{windows}.rules.yml"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            kept,
            output.stdout,
            "UPDATE_GOLDEN=1 writes {}",
            path.display()
        );
    }
}

#[test]
fn promtool_takes_the_rules_and_their_unit_tests_pass() {
    let folder = repository("observability/prometheus");
    content(
        "promtool",
        &["check", "rules", "slo-month.rules.yml", "slo-run.rules.yml"],
        &folder,
    );
    content(
        "promtool",
        &["test", "rules", "slo-month.test.yml", "slo-run.test.yml"],
        &folder,
    );
    content("promtool", &["check", "config", "prometheus.yaml"], &folder);
}

#[test]
fn promtool_takes_the_rules_of_any_objective() {
    let slo = r#"[slos]
http_req_failed = ["rate < 50%"]
checks = ["rate >= 100%"]
orders = ["count > 10", "rate > 5/s"]
"http_req_duration{name:\"a \\\"b\\\" {{c}}\",status:!5*,group:*}" = ["med < 2s", "p(99.9) <= 1234ms", "max < 10s"]
body = ["p(90) < 5MB"]
basket = ["p(90) < 7"]
"#;
    let output = rhaid(["slo", "rules", "--slo", "s.toml", "--out", "r.yml"])
        .file("s.toml", slo)
        .run();
    output.expect_code(0);
    let told = content("promtool", &["check", "rules", "r.yml"], &output.path("."));
    assert!(told.contains("rules found"), "{told}");
}

#[test]
fn amtool_takes_the_configuration_and_routes_as_it_says() {
    let folder = repository("observability/alertmanager");
    content("amtool", &["check-config", "alertmanager.yml"], &folder);
    for (labels, receiver) in [
        (["severity=page", "priority=P0"], "on-call"),
        (["severity=page", "priority=P1"], "on-call"),
        (["severity=ticket", "priority=P0"], "tickets"),
        (["severity=escalation", "priority=P0"], "escalation"),
        (["severity=none", "alertname=RhaidFaultActive"], "nobody"),
    ] {
        let [first, second] = labels;
        let args = [
            "config",
            "routes",
            "test",
            "--config.file=alertmanager.yml",
            first,
            second,
        ];
        let told = content("amtool", &args, &folder);
        assert_eq!(told.lines().next(), Some(receiver), "{labels:?}");
    }
}

#[test]
fn a_file_that_is_wrong_or_missing_is_told() {
    rhaid(["slo", "rules", "--slo", "s.toml"])
        .run()
        .expect_code(66);
    let wrong = rhaid(["slo", "rules", "--slo", "s.toml"])
        .file("s.toml", "[slos]\nchecks = [\"rat > 1\"]\n")
        .run();
    wrong.expect_code(78);
    assert!(wrong.stderr.contains("s.toml:2:"), "{}", wrong.stderr);
}

#[test]
fn two_objectives_of_one_name_are_refused() {
    let one = "{ target = \"p(95) < 1s\", name = \"fast\" }";
    let output = rhaid(["slo", "rules", "--slo", "slo.toml"])
        .file(
            "slo.toml",
            format!("[slos]\nhttp_req_duration = [{one}, {one}]\n"),
        )
        .run();
    output
        .expect_code(78)
        .expect_text("two objectives are called `fast`")
        .expect_text("another `name`");
}
