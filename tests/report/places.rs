//! Outputs that would take the place of an input, or of one another: refused before anything starts, with the names of both.

use std::fs;

use crate::report::rhaid;
use crate::support::bin::{Output, Rhaid};

/// As small a run as there is.
const SCRIPT: &str = "import \"lib\" as lib;\nexport const options = #{ iterations: 1 };\nlet rows = open(\"rooms.csv\");\nfn iteration() {}";
const SCRIPT_ALONE: &str = "export const options = #{ iterations: 1 };\nfn iteration() {}";
const LIBRARY: &str = "fn one() { 1 }";
const SLO: &str = "[slos]\niterations = [\"count > 0\"]\n";
const ROWS: &str = "room\n1\n";

/// A folder with a script, what it needs, a file of objectives, a history and baselines.
fn project(arguments: &[&str]) -> Rhaid {
    rhaid(arguments)
        .file("ok.rhai", SCRIPT)
        .file("lib.rhai", LIBRARY)
        .file("rooms.csv", ROWS)
        .file("slo.toml", SLO)
        .file(".rhaid/history.db", "SQLite format 3\0")
        .file(
            "base.json",
            "{\n  \"version\": 1,\n  \"baselines\": []\n}\n",
        )
        .file("rhaid.toml", "")
        .file("out.json", "an older output")
        .file("run.json", "{}")
}

/// The files of the project as they were before and are after a command.
fn unharmed(output: &Output) {
    for (name, content) in [
        ("ok.rhai", SCRIPT),
        ("lib.rhai", LIBRARY),
        ("rooms.csv", ROWS),
        ("slo.toml", SLO),
        (".rhaid/history.db", "SQLite format 3\0"),
        (
            "base.json",
            "{\n  \"version\": 1,\n  \"baselines\": []\n}\n",
        ),
        ("out.json", "an older output"),
    ] {
        let now = fs::read_to_string(output.dir.path().join(name)).unwrap();
        assert_eq!(now, content, "{name}\n{output}");
    }
}

/// Every combination is refused as wrong usage, in words that name both, and nothing is touched.
#[track_caller]
fn refused(arguments: &[&str], named: &[&str]) {
    let output = project(arguments).run();
    output.expect_code(64);
    for words in named {
        assert!(output.stderr.contains(words), "{words}: {output}");
    }
    unharmed(&output);
    assert!(
        !output.dir.path().join("results").exists() && !output.stderr.contains("iterations"),
        "{output}"
    );
}

#[test]
fn a_run_writes_over_nothing_that_it_reads() {
    let run = |arguments: &[&str], named: &[&str]| {
        let all = [
            &[
                "run",
                "ok.rhai",
                "--slo",
                "slo.toml",
                "--baseline-file",
                "base.json",
            ],
            arguments,
        ];
        refused(&all.concat(), named);
    };
    run(
        &["--result=ok.rhai"],
        &["`--result` would write over `ok.rhai`", "the script"],
    );
    run(
        &["--report", "html=./lib.rhai"],
        &["`--report html`", "./lib.rhai", "a module"],
    );
    run(
        &["--report", "md=rooms.csv"],
        &["`--report md`", "a data file"],
    );
    run(&["--result=slo.toml"], &["`--result`", "`--slo`"]);
    run(&["--result=rhaid.toml"], &["`--result`", "`--config`"]);
    run(
        &["--report", "csv=.rhaid/history.db"],
        &["`--report csv`", "the history"],
    );
    run(
        &["--result=base.json"],
        &["`--result`", "the file of baselines"],
    );
}

#[test]
fn no_two_outputs_of_a_run_are_one_file() {
    let run = |arguments: &[&str], named: &[&str]| {
        refused(&[&["run", "ok.rhai"], arguments].concat(), named);
    };
    let both = ["`--report html` and `--report md` would be the same file"];
    run(&["--report", "html=x,md=x"], &both);
    run(
        &["--report", "html", "--report", "html"],
        &["`--report html` and `--report html`"],
    );
    run(
        &["--result", "r", "--report", "html=r"],
        &["`--result` and `--report html` would be the same file"],
    );
    run(
        &["--result", "r.html", "--report", "html"],
        &["`--result` and `--report html`"],
    );
}

#[test]
fn other_commands_write_over_nothing_either() {
    refused(
        &["validate", "run.json", "--out", "run.json"],
        &["`--out`", "the file that is judged"],
    );
    refused(
        &[
            "validate", "run.json", "--slo", "slo.toml", "--out", "slo.toml",
        ],
        &["`--out`", "`--slo`"],
    );
    refused(
        &["history", "export", "--csv", ".rhaid/history.db"],
        &["`--csv`", "the history"],
    );
    refused(
        &["report", "run.json", "--csv", "run.json"],
        &["`--csv`", "the result itself"],
    );
    refused(
        &["report", "base.json", "--csv", "base.json"],
        &["`--csv`", "the result itself"],
    );
    refused(
        &["report", "run.json", "--csv", "base.json"],
        &["`--csv`", "a file of baselines"],
    );
    refused(
        &["report", "run.json", "--template", "slo.toml=slo.toml"],
        &["`--template slo.toml`", "a template"],
    );
    refused(
        &[
            "search", "ok.rhai", "--slo", "slo.toml", "--out", "lib.rhai",
        ],
        &["`--out`", "a module"],
    );
    refused(
        &[
            "baseline",
            "save",
            "out.json",
            "--baseline-file",
            "out.json",
        ],
        &["`--baseline-file`", "the result"],
    );
    refused(
        &["convert", "k6", "out.json", "--out", "out.json", "--force"],
        &["`--out`", "what is converted"],
    );
    refused(&["test", "ok.rhai", "--junit", "lib.rhai"], &["`--junit`"]);
}

#[test]
fn an_older_result_may_be_replaced_and_a_report_beside_it() {
    let again = [
        "run",
        "ok.rhai",
        "--result",
        "out.json",
        "--report",
        "html,json",
    ];
    let output = project(&again).file(".rhaid/history.db", "").run();
    output.expect_code(0);
    let now = fs::read_to_string(output.dir.path().join("out.json")).unwrap();
    assert!(now.starts_with('{'), "{output}");
    assert!(output.dir.path().join("out.html").exists(), "{output}");
}

#[test]
fn a_named_pipe_is_no_template_and_is_not_waited_for() {
    let project = project(&["report", "run.json", "--template", "pipe.md"]);
    let pipe = project.folder().join("pipe.md");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let result = rhaid(&[]).script(SCRIPT_ALONE).run();
    let result = fs::read_to_string(result.dir.path().join("result.json")).unwrap();
    let output = project.file("run.json", result).run();
    output.expect_code(65);
    assert!(output.stderr.contains("no regular file"), "{output}");
}
