//! The pipelines in `deploy/ci`: each is held against the linter or schema that exists for its kind, and the gate is run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::server::HttpServer;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pipeline(name: &str) -> PathBuf {
    root().join("deploy/ci").join(name)
}

/// Runs a program to its end; `tests/prepare` has installed it.
fn call(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], file: &Path) -> Output {
    let program = program.as_ref();
    Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/prepare", program.to_string_lossy()))
}

#[track_caller]
fn expect_clean(output: &Output) {
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{}\n{}", said[0], said[1]);
}

/// The validator of published schemas, which brings those of GitHub and GitLab along.
fn schemas() -> PathBuf {
    root().join("target/lint/bin/check-jsonschema")
}

#[test]
fn the_workflow_of_github_is_one() {
    let file = pipeline("github-actions.yml");
    let lint = root().join("tests/pipelines/lint.mjs");
    expect_clean(&call("node", &[&lint.to_string_lossy()], &file));
    expect_clean(&call(
        schemas(),
        &["--builtin-schema", "vendor.github-workflows"],
        &file,
    ));
}

#[test]
fn the_linters_find_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.yml");
    let text = std::fs::read_to_string(pipeline("github-actions.yml")).unwrap();
    std::fs::write(
        &wrong,
        text.replace("env.BASE", "x").replace("runs-on", "run-on"),
    )
    .unwrap();
    let lint = root().join("tests/pipelines/lint.mjs");
    assert!(
        !call("node", &[&lint.to_string_lossy()], &wrong)
            .status
            .success()
    );
    std::fs::write(&wrong, "load:\n  script: 5\n  stagee: load\n").unwrap();
    let arguments = ["--builtin-schema", "vendor.gitlab-ci"];
    assert!(!call(schemas(), &arguments, &wrong).status.success());
}

#[test]
fn the_pipeline_of_gitlab_is_one() {
    let arguments = [
        "--builtin-schema",
        "vendor.gitlab-ci",
        "--data-transform",
        "gitlab-ci",
    ];
    expect_clean(&call(schemas(), &arguments, &pipeline("gitlab-ci.yml")));
}

#[test]
fn the_gate_is_a_shell_script() {
    expect_clean(&call(
        "shellcheck",
        &["--severity=style"],
        &pipeline("gate"),
    ));
}

/// Runs the gate on a script that expects a status of the answer; its exit code and what it said.
fn gate(status: u16, priority: &str, strict: bool) -> (Option<i32>, String) {
    let server = HttpServer::start();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("journey.rhai");
    let text = format!(
        "export const options = #{{ iterations: 2, slos: #{{ \"http_req_failed\": [#{{ target: \"rate < 1%\", priority: \"{priority}\" }}] }} }};\n\
         fn iteration() {{ http::get(env(\"BASE_URL\") + \"/status/{status}\"); }}\n"
    );
    std::fs::write(&script, text).unwrap();
    let mut gate = Command::new(pipeline("gate"));
    gate.arg(&script)
        .arg(server.url(""))
        .arg("--quiet")
        .env("RHAID", env!("CARGO_BIN_EXE_rhaid"))
        .env("GATE_RESULTS", folder.path().join("results"))
        .current_dir(folder.path());
    if strict {
        gate.env("GATE_STRICT", "1");
    }
    let output = gate.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for file in ["load.json", "load.html", "load.xml", "load.md"] {
        assert!(
            folder.path().join("results").join(file).exists(),
            "{file}: {said}"
        );
    }
    (output.status.code(), said)
}

#[test]
fn the_gate_ships_or_blocks() {
    let (code, said) = gate(200, "P0", false);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("gate: SHIP\n"), "{said}");
    let (code, said) = gate(500, "P0", false);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("BLOCKED: a P0 objective was missed"),
        "{said}"
    );
    let (code, said) = gate(500, "P1", false);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("SHIP, and look at"), "{said}");
    let (code, said) = gate(500, "P1", true);
    assert_eq!(code, Some(1), "{said}");
}

/// What is wrong with a pipeline of Jenkins, as rules and sentences, of several in one folder. The linter parses Groovy in a Java machine of its
/// own, so that it is asked once for all.
fn linted_by_groovy(folder: &Path) -> serde_json::Value {
    let linter = root().join("tests/pipelines/node_modules/npm-groovy-lint/lib/index.js");
    let output = Command::new("node")
        .arg(linter)
        .args(["--noserver", "--insight=false", "--output", "json"])
        .args(["--config", "recommended-jenkinsfile", "--path"])
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let json = said.find('{').map(|at| &said[at..]).unwrap_or_default();
    serde_json::from_str(json).unwrap_or_else(|error| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {said}\n{errors}\nrun tests/prepare")
    })
}

#[test]
fn the_pipeline_of_jenkins_is_one_and_the_linter_finds_what_is_wrong() {
    let text = std::fs::read_to_string(pipeline("Jenkinsfile")).unwrap();
    assert!(text.contains("returnStatus: true") && text.contains("unstable("));
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("Jenkinsfile"), text).unwrap();
    };
    put("right", &text);
    put(
        "wrong",
        &text.replace("sh(returnStatus", "sh((returnStatus"),
    );
    let found = linted_by_groovy(folder.path());
    let files = found["files"].as_object().unwrap();
    let errors = |name: &str| -> Vec<String> {
        let of_it = files.iter().filter(|(path, _)| path.contains(name));
        let errors = of_it.flat_map(|(_, file)| file["errors"].as_array().unwrap());
        errors.map(|error| error.to_string()).collect()
    };
    assert_eq!(found["summary"]["totalFilesLinted"], 2, "{found}");
    assert!(errors("/right/").is_empty(), "{:?}", errors("/right/"));
    let wrong = errors("/wrong/");
    assert!(
        wrong.iter().any(|error| error.contains("NglParseError")),
        "{wrong:?}"
    );
}
