//! A program that was built without Kubernetes says so, and how to get one with it.

use crate::support::bin::Rhaid;

const SCRIPT: &str = r#"
    export const options = #{ faults: [ #{ name: "gone", exec: "gone", start: "0s", duration: "1s" } ], duration: "1s" };
    fn iteration() { sleep("100ms"); }
    fn gone(fault) { fault.pods("app=hotel").delete(); }
"#;
const HOW: &str = "cargo build --release --features kubernetes";

#[test]
fn what_needs_kubernetes_is_told_by_check_by_the_flag_and_by_the_fault() {
    let rhaid = || Rhaid::at(env!("CARGO_BIN_EXE_rhaid"));
    // The script is right: another build can run it.
    rhaid()
        .file("x.rhai", SCRIPT)
        .args(["check", "x.rhai"])
        .run()
        .expect_code(0)
        .expect_text("this rhaid was built without Kubernetes")
        .expect_text(HOW);
    rhaid()
        .script(SCRIPT)
        .args(["--no-history", "--allow-faults=kubernetes"])
        .run()
        .expect_code(64)
        .expect_text(HOW);
    rhaid()
        .script(SCRIPT)
        .args(["--no-history", "--allow-faults"])
        .run()
        .expect_code(2)
        .expect_text(HOW);
    rhaid()
        .script(SCRIPT)
        .args(["--no-history", "--no-faults"])
        .run()
        .expect_code(0);
}
