//! Files that are not there, or not what they should be.

use crate::bad_input::golden::{refused, rhaid};
use crate::support::bin::Rhaid;

#[test]
fn a_missing_script_gets_its_neighbour() {
    let command = rhaid()
        .file("smoke.rhai", "fn iteration() { }")
        .args(["run", "smok.rhai"]);
    refused("script_missing", command, 66);
    let command = rhaid()
        .file("scripts/smoke.rhai", "fn iteration() { }")
        .file("scripts/load.rhai", "fn iteration() { }")
        .args(["run", "scripts/zebra.rhai"]);
    refused("script_missing_others", command, 66);
    refused(
        "script_missing_alone",
        rhaid().args(["run", "nowhere/smoke.rhai"]),
        66,
    );
}

#[test]
fn a_folder_instead_of_a_script() {
    let command = rhaid()
        .file("scripts/smoke.rhai", "fn iteration() { }")
        .args(["run", "scripts"]);
    refused("script_folder", command, 65);
}

#[test]
fn a_missing_module_gets_the_nearest_one() {
    let command = rhaid().file("lib/hotel.rhai", "fn book() { }").script(
        "import \"lib/hotle\" as hotel;\nimport \"std/thnik\" as think;\nfn iteration() { }\n",
    );
    refused("module_missing", command, 65);
    let command = rhaid().script("import \"std/thnik\" as think;\nfn iteration() { }\n");
    refused("module_missing_std", command, 65);
}

#[test]
fn a_module_that_imports_itself() {
    let command = rhaid()
        .file("a.rhai", "import \"b\" as b;\n")
        .file("b.rhai", "import \"a\" as a;\n")
        .script("import \"a\" as a;\nfn iteration() { }\n");
    refused("module_circle", command, 65);
}

#[test]
fn a_function_that_a_module_has_not() {
    let command = rhaid()
        .file("hotel.rhai", "fn book() { }")
        .script("import \"hotel\" as hotel;\nfn iteration() {\n    hotel::bok();\n}\n");
    refused("module_function", command, 65);
}

#[test]
fn a_file_of_defaults_that_is_missing_or_wrong() {
    let script = "fn iteration() { }";
    let with = |toml: &str| rhaid().file("rhaid.toml", toml).script(script);
    refused("toml_syntax", with("vus = [\n"), 78);
    refused(
        "toml_values",
        with("vuss = 3\ntimeout = \"5 parsecs\"\n\n[tls]\nca = \"missing.pem\"\n"),
        78,
    );
    refused(
        "toml_missing",
        rhaid().script(script).args(["--config", "ci.toml"]),
        66,
    );
    let named = rhaid()
        .file("ci/rhaid.toml", "rps = -1\n")
        .script(script)
        .args(["--config", "ci/rhaid.toml"]);
    refused("toml_named", named, 78);
}

#[test]
fn modules_and_files_of_the_project_are_used_and_no_others() {
    let script = "import \"../lib/shop\" as shop;\nfn iteration() { http::file(\"../data/a.csv\"); print(`${shop::name()}`); }\n";
    let project = |mark: &str| {
        rhaid()
            .file(mark, "")
            .file(
                "lib/shop.rhai",
                "import \"../load/more\" as m;\nfn name() { \"the shop\" }",
            )
            .file("load/more.rhai", "")
            .file("data/a.csv", "a")
            .file("load/main.rhai", script)
            .args(["run", "load/main.rhai"])
    };
    for mark in ["rhaid.toml", ".git/HEAD"] {
        project(mark).run().expect_code(0).expect_text("the shop");
    }
    let output = project("unrelated.txt").run();
    output
        .expect_code(65)
        .expect_text("`../lib/shop.rhai` lies outside `")
        .expect_text("put an empty `rhaid.toml` into the folder that");
}

#[test]
fn modules_that_import_each_other_from_sibling_folders_are_a_circle() {
    rhaid()
        .file("rhaid.toml", "")
        .file("a/a.rhai", "import \"../b/b\" as b;\n")
        .file("b/b.rhai", "import \"../a/a\" as a;\n")
        .script("import \"a/a\" as a;\nfn iteration() { }\n")
        .run()
        .expect_code(65)
        .expect_text("`a/a.rhai` imports itself");
}

/// Reading a named pipe waits for somebody who writes to it.
#[test]
fn a_pipe_or_a_device_is_no_module_and_no_file() {
    for (script, code, message) in [
        (
            "import \"pipe\" as p;\nfn iteration() { }\n",
            65,
            "cannot read `pipe.rhai`: it is no regular file",
        ),
        (
            "fn iteration() { http::file(\"pipe.rhai\"); }\n",
            2,
            "cannot read `pipe.rhai`: it is no regular file",
        ),
        (
            "export const options = #{ tls: #{ ca: \"pipe.rhai\" } };\nfn iteration() { }\n",
            65,
            "it is no regular file",
        ),
    ] {
        let line = "mkfifo pipe.rhai; exec \"$0\" run script.rhai";
        let output = Rhaid::at("/bin/sh")
            .args(["-c", line, env!("CARGO_BIN_EXE_rhaid")])
            .file("script.rhai", script)
            .run();
        output.expect_code(code).expect_text(message);
    }
}

#[test]
fn a_script_that_never_ends() {
    let output = rhaid().args(["run", "/dev/zero"]).run();
    output
        .expect_code(65)
        .expect_text("cannot read `/dev/zero`: it is no regular file");
}

#[test]
fn a_file_of_tests_is_not_run_as_load() {
    let command = rhaid()
        .file("pay_test.rhai", "fn test_it_pays() { assert(true); }\n")
        .args(["run", "pay_test.rhai"]);
    refused("file_of_tests", command, 65);
}

#[test]
fn data_in_the_place_of_a_script() {
    for (name, file) in [
        ("file_csv", "guests.csv"),
        ("file_har", "shop.har"),
        ("file_json", "run.json"),
    ] {
        let command = rhaid()
            .file(file, "name,night\nAda,2\n")
            .args(["run", file]);
        refused(name, command, 65);
    }
}

/// Nobody writes into the pipe: to read it would never end.
#[test]
fn a_named_pipe_is_no_script() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.rhai");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let output = rhaid().arg("check").arg(&pipe).run();
    output.expect_code(65).expect_text("it is no regular file");
}
