//! A system that lets a process open few files.

use crate::support::bin::{Output, Rhaid};
use crate::support::server::HttpServer;

fn with_files(files: u32, arguments: &str, url: &str) -> Output {
    let script = r#"
        export const options = #{ vus: 30, iterations: 60, dns_ttl: "0s" };
        fn iteration() { http::get(env("BASE_URL") + "/hello"); sleep("50ms"); }
    "#;
    let line = format!("ulimit -n {files}; exec \"$0\" {arguments}");
    let output = Rhaid::at("/bin/sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_rhaid")])
        .file("script.rhai", script)
        .env("BASE_URL", url)
        .run();
    assert!(!output.stderr.contains("panicked"), "{output}");
    output
}

#[test]
fn too_few_files_for_any_run_are_said_at_once() {
    for files in [6, 7, 8, 12, 16, 20, 25, 27] {
        for arguments in [
            "run script.rhai --workers 2",
            "run script.rhai --workers 2 --demo",
        ] {
            with_files(files, arguments, "")
                .expect_code(78)
                .expect_text(&format!("lets this process open {files} files"))
                .expect_text("a run on 2 workers needs about")
                .expect_text("`ulimit -n 65536`");
        }
    }
    with_files(7, "demo --listen 127.0.0.1:0", "")
        .expect_code(78)
        .expect_text("the demo target needs about 16");
}

#[test]
fn too_few_files_for_all_users_are_told_of_and_each_failure_says_so() {
    let server = HttpServer::start();
    for (url, doing) in [
        (server.url(""), "connecting to 127.0.0.1"),
        (server.url_by_name("localhost", ""), ""),
    ] {
        let output = with_files(29, "run script.rhai --workers 2 --result out.json", &url);
        output
            .expect_code(0)
            .expect_text("note: the system lets this process open 29 files, but a connection for each of 30 users takes 58")
            .expect_text(&format!("too many open files while {doing}"));
        let result = std::fs::read_to_string(output.path("out.json")).unwrap();
        let result: serde_json::Value = serde_json::from_str(&result).unwrap();
        // By the time a look-up that failed is looked into, a file may be free again.
        let certain = !doing.is_empty();
        for error in result["errors"].as_array().unwrap() {
            let message = error["message"].as_str().unwrap();
            let known = message.starts_with("too many open files");
            assert!(known || !certain, "{message}");
        }
        assert!(result["run"]["notes"].to_string().contains("29 files"));
    }
}
