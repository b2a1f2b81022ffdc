//! The library's own tests, written in Rhai.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhaid::script::{Program, Sources, stdlib};
use rhaid::secrets::Secrets;

use crate::support::bin::Rhaid;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/tests")
}

#[test]
fn the_tests_of_the_library_pass() {
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .arg("test")
        .arg(folder())
        .args(["--format", "json"])
        .run();
    output.expect_code(0);
    let document: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(document["passed"].as_u64().unwrap() >= 70, "{output}");
    assert_eq!(document["ignored"], 0);
}

#[test]
fn every_function_of_every_module_is_called_by_a_test() {
    let nothing = Sources::from_text(Path::new("own.rhai"), "");
    let program = Program::compile(&nothing, &Arc::default(), &Secrets::default()).unwrap();
    for module in stdlib::names() {
        let path = folder().join(format!("{module}_test.rhai"));
        let tests = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let functions = stdlib::functions(program.engine(), stdlib::text(module).unwrap());
        assert!(!functions.is_empty(), "{module}");
        for function in functions {
            let call = format!("{}::{}(", stdlib::alias(module), function.name);
            assert!(tests.contains(&call), "no test calls {call}");
        }
    }
}
