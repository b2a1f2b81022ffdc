//! `rhaid dev` without a terminal: what it says, and what a save changes.

use std::fs;
use std::path::Path;

use crate::support::bin::{Output, Rhaid, Running};
use crate::support::server::HttpServer;

const SCRIPT: &str = r#"
import "lib/helper" as helper;
export const options = #{
    scenarios: #{ guests: #{ executor: "constant-vus", vus: 2, duration: "5m" } },
    slos: #{ checks: [ #{ target: "rate > 90%" } ] },
};
fn setup() { log::info("setup runs"); #{ token: "given", room: 1 } }
fn iteration(ctx) {
    ctx.state.count = (ctx.state.count ?? 0) + 1;
    let answer = http::get(env("TARGET"), #{ name: "home" });
    check(answer, #{ "is found": |r| r.status == 404 });
    log::info(`first ${helper::word()} ${ctx.state.count > 1} ${ctx.data.room}`);
}
"#;

fn helper(word: &str) -> String {
    format!("fn word() {{ \"{word}\" }}")
}

fn dev(server: &HttpServer, script: &str) -> Rhaid {
    dev_every("20ms", server, script)
}

fn dev_every(every: &str, server: &HttpServer, script: &str) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("journey.rhai", script)
        .file("lib/helper.rhai", helper("one"))
        .args(["dev", "journey.rhai", "--every", every, "--env"])
        .arg(format!("TARGET={}", server.url("/status/200")))
}

fn save(running: &Running, change: impl FnOnce(String) -> String) {
    let path = running.dir().join("journey.rhai");
    let text = change(fs::read_to_string(&path).unwrap());
    save_by_rename(&path, &text);
}

/// As editors do that keep the old file until the new one is whole.
fn save_by_rename(file: &Path, text: &str) {
    let new = file.with_extension("tmp~");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

fn end(running: Running) -> Output {
    running.interrupt();
    let output = running.wait();
    output.expect_code(0);
    output
}

#[test]
fn everything_that_happens_is_a_line_and_a_failed_check_shows_both_sides() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("slo checks rate > 90%: FAIL (0%)");
    let output = end(running);
    output
        .expect_text("running guests: 1 virtual user")
        .expect_text("setup  log setup runs")
        .expect_text("setup gave {\"room\":1,\"token\":\"***\"}")
        .expect_text("/status/200 [home]  200  ")
        .expect_text("✗ is found  found 200, expected 404")
        .expect_text("waiting ")
        .expect_text("guests #1·0  log first one false 1")
        .expect_text(" checks (");
}

#[test]
fn a_save_takes_over_and_setup_runs_again_only_when_it_has_changed() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("log first one true 1");
    save(&running, |text| text.replace("first", "second"));
    running.wait_for_output("log second one true 1");
    save_by_rename(&running.dir().join("lib/helper.rhai"), &helper("two"));
    running.wait_for_output("log second two true 1");
    assert_eq!(running.stdout().matches("setup runs").count(), 1);
    save(&running, |text| text.replace("room: 1", "room: 2"));
    running.wait_for_output("log second two true 2");
    let output = end(running);
    assert_eq!(
        output.stdout.matches("log setup runs").count(),
        2,
        "{output}"
    );
    assert!(!output.stdout.contains("second one false"), "{output}");
    output.expect_text("setup has changed: it runs again");
}

#[test]
fn a_mistake_is_shown_until_it_is_mended_also_one_that_is_there_from_the_start() {
    let server = HttpServer::start();
    let mut running = dev(&server, &SCRIPT.replace("fn iteration", "fn iteration(")).spawn();
    running.wait_for_output("journey.rhai:8");
    save(&running, |text| {
        text.replace("fn iteration(", "fn iteration")
    });
    running.wait_for_output("mended, version 1 is in force");
    running.wait_for_output("log first one true 1");
    // The mistake is in a module that was not there before.
    save(&running, |text| {
        text.replace("\"lib/helper\"", "\"lib/other\"")
    });
    running.wait_for_output("lib/other");
    fs::write(running.dir().join("lib/other.rhai"), helper("three")).unwrap();
    running.wait_for_output("log first three true 1");
    end(running).expect_text("mended, version 2 is in force");
}

#[test]
fn changed_options_are_planned_anew_at_once_with_the_data_of_setup() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("log first one true 1");
    save(&running, |text| text.replace("vus: 2", "vus: 3"));
    running.wait_for_output("scenarios.guests.vus: 2 → 3");
    running.wait_for_output("guests #3·1");
    save(&running, |text| {
        let arrivals = "executor: \"constant-arrival-rate\", rate: 30, max_vus: 5";
        text.replace("executor: \"constant-vus\", vus: 3", arrivals)
    });
    running.wait_for_output("running guests: 30.00 iterations/s");
    save(&running, |text| text.replace("rate > 90%", "rate >= 0%"));
    running.wait_for_output("slo checks rate >= 0%: PASS");
    let output = end(running);
    assert_eq!(
        output.stdout.matches("log setup runs").count(),
        1,
        "{output}"
    );
    output.expect_text("`guests` follows its new plan");
}

#[test]
fn a_script_that_is_deleted_or_a_folder_or_a_cycle_leaves_the_last_good_version_running() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("log first one true 1");
    let path = running.dir().join("journey.rhai");
    fs::remove_file(&path).unwrap();
    running.wait_for_output("cannot find the script");
    fs::create_dir(&path).unwrap();
    save_by_rename(&running.dir().join("lib/helper.rhai"), &helper("two"));
    running.wait_for_output("cannot read `journey.rhai`");
    fs::remove_dir(&path).unwrap();
    let cycle = "import \"helper\" as again; fn word() { \"x\" }";
    save_by_rename(&running.dir().join("lib/helper.rhai"), cycle);
    fs::write(&path, SCRIPT).unwrap();
    running.wait_for_output("imports itself");
    save_by_rename(&running.dir().join("lib/helper.rhai"), &helper("four"));
    running.wait_for_output("log first four true 1");
    let output = end(running);
    assert!(!output.stdout.contains("iteration failed"), "{output}");
}

#[test]
fn a_plan_that_is_over_begins_again_with_the_next_save() {
    let server = HttpServer::start();
    let script = SCRIPT.replace("duration: \"5m\"", "duration: \"500ms\"");
    let mut running = dev(&server, &script).arg("--plan").spawn();
    running.wait_for_output("the plan is over");
    save(&running, |text| text.replace("first", "second"));
    running.wait_for_output("log second one false 1");
    end(running);
}

#[test]
fn a_setup_that_fails_can_be_mended() {
    let server = HttpServer::start();
    let script = SCRIPT.replace("log::info(\"setup runs\");", "throw \"no login\";");
    let mut running = dev(&server, &script).spawn();
    running.wait_for_output("setup failed: no login");
    save(&running, |text| text.replace("throw \"no login\";", ""));
    running.wait_for_output("log first one true 1");
    end(running);
}

#[test]
fn what_is_mistyped_is_said_at_once() {
    let missing = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .args(["dev", "nowhere.rhai"])
        .run();
    missing.expect_code(66).expect_text("nowhere.rhai");
    let many = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("a.rhai", "fn iteration() {}")
        .args(["dev", "a.rhai", "--vus", "5000"])
        .run();
    many.expect_code(64).expect_text("rhaid run");
}

#[test]
fn showing_the_sides_of_a_check_changes_nothing_and_tells_no_secret() {
    let server = HttpServer::start();
    let script = r#"
        fn iteration(ctx) {
            let list = [1, 2, 3];
            let calls = shared::counter("calls");
            let rows = shared::queue("rows");
            for n in 0..5 { rows.push(n); }
            let answer = #{ access_token: "tok-abc", user: #{ password: "pw-abc", n: 1 } };
            let text = "{\"token\": \"txt-abc\", \"n\": ";
            check(1, #{
                "a": |x| list.pop() == 9,
                "b": |x| calls.add(1) == 9,
                "c": |x| rows.pop() == 9,
                "d": |x| list.len() == 9 && rows.pop() == 8,
                "e": |x| answer.access_token == "exp-abc",
                "f": |x| answer == #{ other: 1 },
                "g": |x| text == "",
                "h": |x| list.filter(|n| rows.pop() == n).len() == 7,
                "i": |x| answer.user.n > x && answer.user.n > 5,
                "l": |x| answer.nothing == 5,
                "j": |x| answer?.secret != (),
                "k": |x| answer.user.n == (),
            });
            log::info(`after: ${list.len()} ${calls.value} ${rows.len()}`);
        }
    "#;
    let mut running = dev(&server, script).arg("--plan").spawn();
    running.wait_for_output("log after:");
    let output = end(running);
    output
        // `filter` asks for two rows.
        .expect_text("log after: 2 1 2")
        .expect_text("✗ d  found 2, expected 9")
        .expect_text("✗ e  found ***, expected ***")
        .expect_text(
            "✗ f  found {\"access_token\":\"***\",\"user\":{\"n\":1,\"password\":\"***\"}}",
        )
        .expect_text("✗ i  found 1, expected > 1")
        .expect_text("✗ l  found (), expected 5")
        .expect_text("✗ j  found (), expected != ()")
        .expect_text("✗ k  found 1, expected ()");
    for secret in ["tok-abc", "pw-abc", "txt-abc", "exp-abc"] {
        assert!(!output.stdout.contains(secret), "{}", output.stdout);
    }
}

#[test]
fn a_setup_that_hangs_gives_way_to_the_mended_one_and_none_runs_after_the_end() {
    let server = HttpServer::start();
    let hangs = |again: &str| format!("fn setup() {{ log::info(\"{again}\"); sleep(\"1h\"); }}");
    let script = |setup: &str| format!("{setup}\nfn iteration() {{ log::info(\"it goes\"); }}");
    let mut running = dev(&server, &script(&hangs("first hangs"))).spawn();
    running.wait_for_output("log first hangs");
    save(&running, |_| {
        script("fn setup() { log::info(\"quick\"); 7 }")
    });
    running.wait_for_output("setup gave 7");
    running.wait_for_output("log it goes");
    for number in 0..3 {
        save(&running, |_| script(&hangs(&format!("hangs {number}"))));
        running.wait_for_output(&format!("log hangs {number}"));
    }
    let output = end(running);
    assert_eq!(
        output.stdout.matches("setup  log").count(),
        5,
        "{}",
        output.stdout
    );
}

#[test]
fn a_folder_that_is_made_anew_is_watched_again() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("log first one true 1");
    let folder = running.dir().join("lib");
    fs::remove_dir_all(&folder).unwrap();
    running.wait_for_output("cannot find the module");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("helper.rhai"), helper("two")).unwrap();
    running.wait_for_output("log first two true 1");
    fs::write(folder.join("helper.rhai"), helper("three")).unwrap();
    running.wait_for_output("log first three true 1");
    end(running);
}

#[test]
fn an_iteration_in_a_long_pause_gives_way_to_what_is_saved() {
    let server = HttpServer::start();
    let script = |word: &str, pause: &str| {
        format!(
            "fn iteration(ctx) {{
                ctx.state.count = (ctx.state.count ?? 0) + 1;
                log::info(`{word} ${{ctx.state.count}}`);
                sleep({pause});
                log::info(\"slept\");
            }}"
        )
    };
    let mut running = dev(&server, &script("first", "\"1h\"")).spawn();
    running.wait_for_output("log first 1");
    save(&running, |_| "fn iteration(".to_owned());
    running.wait_for_output("error");
    save(&running, |_| script("second", "\"1h\""));
    running.wait_for_output("log second 2");
    save(&running, |_| script("third", "0.2"));
    running.wait_for_output("log third 3");
    running.wait_for_output("log slept");
    let said = running.stdout();
    assert_eq!(said.matches("cut off after").count(), 2, "{said}");
    assert!(!said.contains("iteration failed"), "{said}");
    end(running);
}

#[test]
fn what_runs_is_told_before_what_it_does() {
    let server = HttpServer::start();
    let mut running = dev(&server, SCRIPT).spawn();
    running.wait_for_output("log first one true 1");
    let output = end(running);
    let place = |text: &str| {
        let place = output.stdout.find(text);
        place.unwrap_or_else(|| panic!("no {text:?} in\n{output}"))
    };
    assert!(place("version 1 is in force") < place("running guests"));
    assert!(place("running guests") < place("log setup runs"));
    assert!(place("log setup runs") < place("setup gave"));
    assert!(place("setup gave") < place("log first one"));
}

#[test]
fn a_plan_in_dev_is_carried_out_as_it_is_written() {
    let server = HttpServer::start();
    let script = SCRIPT.replace("duration: \"5m\"", "duration: \"1s\"");
    let mut running = dev_every("1h", &server, &script).arg("--plan").spawn();
    running.wait_for_output("#2·2  log");
    running.wait_for_output("the plan is over");
    end(running);
}
