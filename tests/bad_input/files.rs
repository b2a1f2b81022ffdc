//! Files that are not there, or not what they should be.

use crate::golden::{refused, rhaid};

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
