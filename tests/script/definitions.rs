//! Definition files are what scripts really see.

use crate::support::bin::Rhaid;

fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

#[test]
fn definitions_are_written_for_every_module_and_the_standard_library() {
    let output = rhaid()
        .args(["definitions", "editor/rhai"])
        .file("editor/rhai/http.d.rhai", "old")
        .run();
    output.expect_code(0);
    let read =
        |name: &str| std::fs::read_to_string(output.path(&format!("editor/rhai/{name}"))).unwrap();
    assert!(read("http.d.rhai").contains("fn get(url: "));
    assert!(read("__static__.d.rhai").contains("fn sleep("));
    assert!(read("__static__.d.rhai").contains("fn get status("));
    assert!(read("std/slo.d.rhai").contains("fn standard() -> ?;"));
    let files = output.stdout.split(' ').next().unwrap();
    assert!(files.parse::<usize>().unwrap() > 10, "{output}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let output = rhaid()
        .file("taken", "")
        .args(["definitions", "taken/rhai"])
        .run();
    output.expect_code(74);
    output.expect_text("cannot write `taken/rhai/");
}
