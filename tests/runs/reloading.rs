//! `--watch`: a saved script takes over in the run that is going on.

use std::fs;
use std::path::Path;

use crate::support::bin::{Output, Running};
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

/// A script that says its version, what its user remembers and what `setup` gave.
fn version(name: &str) -> String {
    format!(
        r#"
        import "lib/helper" as helper;
        export const options = #{{ scenarios: #{{ guests: #{{ executor: "constant-vus", vus: 2, duration: "5m" }} }} }};
        fn setup() {{ #{{ token: "given" }} }}
        fn iteration(ctx) {{
            ctx.state.count = (ctx.state.count ?? 0) + 1;
            let known = if ctx.state.count > 1 {{ "remembers" }} else {{ "is new" }};
            log::info(`{name} ${{helper::word()}} ${{known}} ${{ctx.data.token}}`);
            sleep("20ms");
        }}
        "#
    )
}

fn helper(word: &str) -> String {
    format!("fn word() {{ \"{word}\" }}")
}

fn start(script: &str) -> Running {
    let mut running = run_of(script)
        .file("lib/helper.rhai", helper("one"))
        .args(["--watch"])
        .spawn();
    running.wait_for_output("first one remembers given");
    running
}

fn end(running: Running) -> Output {
    running.interrupt();
    let output = running.wait();
    output.expect_code(130);
    assert_eq!(output.count("iteration_errors"), 0, "{output}");
    output
}

/// As editors do that keep the old file until the new one is whole.
fn save_by_rename(file: &Path, text: &str) {
    let new = file.with_extension("tmp~");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn a_saved_script_takes_over_with_its_users_state_and_the_data_of_setup() {
    let mut running = start(&version("first"));
    let script = running.dir().join("script.rhai");
    fs::write(&script, version("second")).unwrap();
    running.wait_for_output("second one remembers given");
    save_by_rename(&script, &version("third"));
    running.wait_for_output("third one remembers given");
    let output = end(running);
    let reloads = output.expect_result()["run"]["reloads"].as_array().unwrap();
    let versions: Vec<_> = reloads.iter().map(|r| r["version"].as_u64()).collect();
    assert_eq!(versions, [Some(1), Some(2)], "{reloads:?}");
    let first = &output.expect_result()["run"]["script_sha256"];
    assert_ne!(reloads[0]["script_sha256"], *first);
    assert_ne!(reloads[0]["script_sha256"], reloads[1]["script_sha256"]);
    assert!(reloads[0]["at"].as_f64().unwrap() <= reloads[1]["at"].as_f64().unwrap());
    // `is new` was said once by each user, and only by the first version.
    assert!(!output.stderr.contains("second one is new"), "{output}");
    assert!(!output.stderr.contains("third one is new"), "{output}");
}

#[test]
fn a_saved_module_takes_over_too() {
    let mut running = start(&version("first"));
    save_by_rename(&running.dir().join("lib/helper.rhai"), &helper("two"));
    running.wait_for_output("first two remembers given");
    end(running);
}

#[test]
fn a_mistake_is_shown_and_the_last_good_version_goes_on_until_it_is_mended() {
    let mut running = start(&version("first"));
    let script = running.dir().join("script.rhai");
    fs::write(&script, "fn iteration( {").unwrap();
    running.wait_for_output("the last good version goes on");
    assert!(
        running.stderr().contains("script.rhai:1"),
        "{}",
        running.stderr()
    );
    // Half-written, gone, a folder: whatever an editor or a checkout leaves for a moment.
    fs::remove_file(&script).unwrap();
    running.wait_for_output("cannot find the script");
    fs::create_dir(&script).unwrap();
    fs::remove_dir(&script).unwrap();
    fs::write(&script, version("second")).unwrap();
    running.wait_for_output("second one remembers given");
    end(running);
}

#[test]
fn a_function_that_the_plan_needs_must_stay_and_changed_options_are_for_the_next_run() {
    let mut running = start(&version("first"));
    let script = running.dir().join("script.rhai");
    let renamed = version("second")
        .replace("fn iteration", "fn visit")
        .replace("executor:", "exec: \"visit\", executor:");
    fs::write(&script, renamed).unwrap();
    running.wait_for_output("needs the function `iteration`, which is no longer there");
    fs::write(&script, version("third").replace("vus: 2", "vus: 7")).unwrap();
    running.wait_for_output("third one remembers given");
    running.wait_for_output("the options have changed");
    assert!(!running.stderr().contains("`setup` has changed"));
    fs::write(&script, version("fourth").replace("\"given\"", "\"new\"")).unwrap();
    running.wait_for_output("`setup` has changed: this run keeps the data it began with");
    running.wait_for_output("fourth one remembers given");
    let output = end(running);
    assert_eq!(output.metric("vus_max")["max"], 2.0, "{output}");
}

#[test]
fn many_saves_in_a_burst_end_with_the_last_one_and_no_failed_iteration() {
    let mut running = start(&version("first"));
    let script = running.dir().join("script.rhai");
    for n in 0..2_000 {
        fs::write(&script, version(&format!("burst-{n}."))).unwrap();
    }
    fs::write(&script, version("last")).unwrap();
    running.wait_for_output("last one remembers given");
    end(running);
}

#[test]
fn rows_of_a_data_file_are_read_again_when_it_has_changed() {
    let script = r#"
        const ROWS = data::csv("rows.csv");
        export const options = #{ scenarios: #{ guests: #{ executor: "constant-vus", duration: "5m" } } };
        fn iteration() { log::info(`${global::ROWS.len} rows, ${global::ROWS[0].name}`); sleep("20ms"); }
        "#;
    let mut running = run_of(script)
        .file("rows.csv", "name\nfirst\n")
        .args(["--watch"])
        .spawn();
    running.wait_for_output("1 rows, first");
    save_by_rename(&running.dir().join("rows.csv"), "name\nbegin\nend\n");
    running.wait_for_output("2 rows, begin");
    end(running);
}

#[test]
fn an_opened_file_is_read_again_when_it_has_changed() {
    let script = r#"
        const TOP = open("top.txt");
        export const options = #{ scenarios: #{ guests: #{ executor: "constant-vus", duration: "5m" } } };
        fn iteration() { log::info(`${global::TOP} and ${open("inside.txt")}`); sleep("20ms"); }
        "#;
    let mut running = run_of(script)
        .file("top.txt", "one")
        .file("inside.txt", "two")
        .args(["--watch"])
        .spawn();
    running.wait_for_output("one and two");
    save_by_rename(&running.dir().join("top.txt"), "three");
    running.wait_for_output("three and two");
    // Which files there are is looked at now and then.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    save_by_rename(&running.dir().join("inside.txt"), "four");
    running.wait_for_output("three and four");
    end(running);
}

#[test]
fn a_data_file_is_read_again_when_it_has_changed() {
    let script = r#"
        export const options = #{ scenarios: #{ guests: #{ executor: "constant-vus", duration: "5m" } } };
        fn iteration() {
            log::info(http::post(env("BASE_URL") + "/echo", http::file("data.txt")).text());
            sleep("20ms");
        }
        "#;
    let server = HttpServer::start();
    let mut running = run_of(script)
        .env("BASE_URL", server.url(""))
        .file("data.txt", "before")
        .args(["--watch"])
        .spawn();
    running.wait_for_output("before");
    // Which files there are is looked at now and then.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    fs::write(running.dir().join("data.txt"), "after").unwrap();
    running.wait_for_output("after");
    end(running);
}
