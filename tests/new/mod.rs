//! `rhaid new`: every template is right and runs; nothing is overwritten unasked.

use std::path::Path;

use crate::support::bin::{Output, Rhaid};

/// Each template with the scale that makes its plan some seconds long.
const TEMPLATES: [(&str, &str); 5] = [
    ("api", "0.05"),
    ("webhook", "0.05"),
    ("reservation", "0.05"),
    ("soak", "0.001"),
    ("chaos", "0.04"),
];

fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

fn make(folder: &Path, arguments: &[&str]) -> Output {
    let [name, rest @ ..] = arguments else {
        panic!("no name")
    };
    rhaid().arg("new").arg(folder.join(name)).args(rest).run()
}

#[test]
fn every_template_passes_check_without_a_warning_and_runs_green() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Vec::new();
    for (template, scale) in TEMPLATES {
        make(folder.path(), &[template, "--template", template]).expect_code(0);
        let alone = format!("{template}.rhai");
        let made = make(folder.path(), &[&alone, "--template", template]);
        made.expect_code(0);
        for script in [
            folder.path().join(template).join("journey.rhai"),
            folder.path().join(&alone),
        ] {
            let checked = rhaid().arg("check").arg(&script).run();
            checked.expect_code(0);
            assert_eq!(checked.stderr, "", "{template}");
        }
        running.push(
            rhaid()
                .arg("run")
                .arg(folder.path().join(template).join("journey.rhai"))
                .args(["--demo", "--workers", "1", "--scale", scale])
                .spawn(),
        );
    }
    for process in running {
        let output = process.wait();
        output.expect_code(0);
        let errors = output.expect_result()["errors"].as_array().unwrap();
        // Clients of one template hang up after a few milliseconds; on a busy machine that is before the answer.
        let is_meant = |error: &serde_json::Value| error["kind"] == "http";
        let chaos = output.expect_result()["run"]["script"]
            .as_str()
            .unwrap()
            .contains("chaos");
        let wrong: Vec<_> = errors
            .iter()
            .filter(|error| !(chaos && is_meant(error)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{output}");
    }
}

#[test]
fn every_template_is_listed_and_tested() {
    let listed = rhaid().args(["new", "--list"]).run();
    listed.expect_code(0);
    let names: Vec<&str> = listed
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let tested: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, tested);
}

#[test]
fn the_next_commands_are_said_and_work() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), &["shop"]);
    made.expect_code(0);
    let expected = "rhaid run journey.rhai --demo --scale 0.1";
    assert!(made.stdout.contains(expected), "{made}");
    let project = folder.path().join("shop");
    for file in ["guests.csv", "rhaid.toml", ".gitignore", "README.md"] {
        assert!(project.join(file).is_file(), "{file}");
    }
    // The project's options are good, too.
    rhaid()
        .arg("inspect")
        .arg(project.join("journey.rhai"))
        .arg("--config")
        .arg(project.join("rhaid.toml"))
        .run()
        .expect_code(0);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("shop");
    std::fs::create_dir(&project).unwrap();
    // An empty folder is fine, one with something in it is not.
    make(folder.path(), &["shop"]).expect_code(0);
    std::fs::write(project.join("journey.rhai"), "mine").unwrap();
    let refused = make(folder.path(), &["shop"]);
    refused.expect_code(64);
    assert!(refused.stderr.contains("is not empty"), "{refused}");
    assert_eq!(
        std::fs::read(project.join("journey.rhai")).unwrap(),
        b"mine"
    );

    let forced = make(folder.path(), &["shop", "--force"]);
    forced.expect_code(0);
    assert!(
        forced.stdout.contains("journey.rhai  (replaced)"),
        "{forced}"
    );
    assert!(
        !forced.stdout.contains("rhaid.toml  (replaced)"),
        "{forced}"
    );

    std::fs::write(folder.path().join("one.rhai"), "mine").unwrap();
    let refused = make(folder.path(), &["one", "--file"]);
    refused.expect_code(64);
    assert!(refused.stderr.contains("is there already"), "{refused}");
    // The script was refused, so its data file was not written either.
    assert!(!folder.path().join("guests.csv").exists());

    std::fs::write(folder.path().join("file"), "").unwrap();
    let refused = make(folder.path(), &["file"]);
    refused.expect_code(64);
    assert!(refused.stderr.contains("no folder"), "{refused}");
    make(folder.path(), &["file/shop"]).expect_code(74);
}

#[test]
fn bad_names_and_templates_are_explained() {
    let output = rhaid().args(["new", "my shop"]).run();
    output.expect_code(64);
    assert!(output.stderr.contains("has ` ` in it"), "{output}");
    let output = rhaid().args(["new", "shop", "--template", "webhok"]).run();
    output.expect_code(64);
    assert!(
        output.stderr.contains("did you mean `webhook`?"),
        "{output}"
    );
    let output = rhaid().args(["new", "shop", "-t", "zebra"]).run();
    output.expect_code(64);
    assert!(output.stderr.contains("there are api, webhook"), "{output}");
    rhaid().arg("new").run().expect_code(64);
    rhaid().args(["new", ""]).run().expect_code(64);
}
