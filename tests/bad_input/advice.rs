//! What a script that is right is advised of, how that is silenced, and files that are looked at in numbers.

use crate::bad_input::golden::{hold, rhaid};
use crate::support::bin::Output;

const CLOSED: &str = "export const options = #{ vus: 5, duration: \"1m\" };\n";

#[track_caller]
fn check(script: &str) -> Output {
    let output = rhaid()
        .file("lib/shop.rhai", "import \"std/think\" as think;\nexport const WAIT = || sleep(1);\nfn pause() { nap(); }\nfn nap() { sleep(1); }\nfn buy() { http::post(\"http://127.0.0.1/orders\"); }\n")
        .file("script.rhai", script)
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    output
}

#[track_caller]
fn advised(name: &str, script: &str) {
    hold(name, &check(script).stderr);
}

#[track_caller]
fn quiet(script: &str) {
    let output = check(script);
    assert_eq!(output.stderr, "", "{script}");
}

#[test]
fn functions_that_nothing_reaches() {
    advised(
        "advice_unused",
        "fn iteration() { used(); [1].map(Fn(\"by_name\")); }\nfn used() { }\nfn by_name(x) { x }\nfn alone() { only_from_alone(); }\nfn only_from_alone() { }\nfn itself(n) { itself(n - 1); }\nfn test_one() { }\n",
    );
}

#[test]
fn private_functions_of_a_module_that_nothing_reaches() {
    let output = rhaid()
        .file(
            "lib/a.rhai",
            "fn open() { used(); }\nprivate fn used() { }\n\nprivate fn gone(\n    x\n) { x }\n",
        )
        .args(["check", "lib/a.rhai"])
        .run();
    output.expect_code(0);
    hold("advice_unused_module", &output.stderr);
    assert_eq!(output.stdout, "lib/a.rhai: ok (a module)\n");
}

#[test]
fn users_that_never_pause() {
    advised(
        "advice_think_time",
        "export const options = #{ scenarios: #{\n    buyers: #{ executor: \"constant-vus\", vus: 2, duration: \"1m\", exec: \"buy\" },\n    more: #{ executor: \"ramping-vus\", stages: [ #{ duration: \"1m\", target: 5 } ], exec: \"buy\" },\n} };\nfn buy(ctx) {\n    http::get(\"http://127.0.0.1/\");\n}\n",
    );
}

#[test]
fn a_pause_anywhere_in_what_is_called_is_a_pause() {
    for body in [
        "sleep(1);",
        "think::fixed(1);",
        "shop::pause();",
        "own();",
        "group(\"a\", || own());",
        "let f = Fn(\"own\"); f.call();",
        "shop::think::fixed(1);",
        "shop::WAIT.call();",
        "let steps = global::STEPS; steps[0].call();",
        "let rows = shared::queue(\"rows\"); rows.pop(\"5s\");",
        "retry::times(3, || http::get(\"http://127.0.0.1/\"));",
        "auth::shared_token(\"x\", || #{ token: \"abcd\", expires_in: 3 });",
        "flow::choose([[1, || own()], [2, || 1]]);",
    ] {
        quiet(&format!(
            "import \"std/retry\" as retry;\nimport \"std/auth\" as auth;\nimport \"std/flow\" as flow;\nconst STEPS = [|| own()];\nimport \"std/think\" as think;\nimport \"lib/shop\" as shop;\n{CLOSED}fn iteration() {{ http::get(\"http://127.0.0.1/\"); {body} }}\nfn own() {{ sleep(1); }}\n"
        ));
    }
}

#[test]
fn a_plan_that_sets_the_pace_itself_needs_no_pause() {
    let get = "fn iteration() { http::get(\"http://127.0.0.1/\"); }\n";
    for options in [
        "rate: 5, duration: \"1m\"",
        "vus: 5, iterations: 20",
        "iterations: 500",
        "vus: 5, duration: \"1m\", rps: 10",
        "scenarios: #{ a: #{ executor: \"constant-vus\", vus: 5, duration: \"1m\", pace: \"1s\" } }",
    ] {
        quiet(&format!("export const options = #{{ {options} }};\n{get}"));
    }
    // Who sends nothing hurries nobody.
    quiet(&format!("{CLOSED}fn iteration() {{ }}\n"));
    // But requests in a module do.
    let output = check(&format!(
        "import \"lib/shop\" as shop;\n{CLOSED}fn iteration() {{ shop::buy(); }}\n"
    ));
    output.expect_text("without a pause");
}

#[test]
fn ids_in_urls_without_a_name() {
    advised(
        "advice_url",
        "const BASE = \"http://127.0.0.1\";\nfn iteration(ctx) {\n    let id = ctx.vu;\n    let url = `${global::BASE}/api/v1/orders/${id}/items?page=1`;\n    http::get(url);\n    http::post(global::BASE + \"/rooms/\" + id, #{ a: 1 });\n    http::delete(`${global::BASE}/rooms/${id}`);\n    http::get(`${global::BASE}/rooms/${ctx.state.room.nr}`, #{ timeout: \"5s\" });\n    http::batch([`${global::BASE}/rooms/${id}`, [\"PUT\", `${global::BASE}/rooms/${id}`, \"x\"]]);\n}\n",
    );
}

#[test]
fn urls_that_are_named_or_stay_the_same() {
    quiet(
        "const BASE = \"http://127.0.0.1\";\nfn iteration(ctx) {\n    let id = ctx.vu;\n    let base = env(\"X\", \"http://127.0.0.1\");\n    let page = \"/rooms\";\n    http::get(`${global::BASE}/rooms/${id}`, #{ name: \"room\" });\n    http::get(`${global::BASE}/rooms/${id}`, #{ tags: #{ name: \"room\" } });\n    http::get(`${base}/rooms?id=${id}`);\n    http::get(`http://127.0.0.1:${id}/rooms`);\n    http::get(base + page);\n    http::get(`${base}/api/${page}`);\n    let params = #{ name: \"x\" };\n    http::get(`${base}/rooms/${id}`, params);\n    http::batch([[\"GET\", `${base}/rooms/${id}`, (), #{ name: \"room\" }]]);\n    visit(\"/x\");\n}\nfn visit(path) { http::get(`${global::BASE}/api${path}`); }\n",
    );
}

#[test]
fn a_comment_silences_what_is_meant_so() {
    let body = "fn iteration(ctx) {\n    // rhaid: allow(url-name)\n    http::get(`http://127.0.0.1/rooms/${ctx.vu}`);\n}\n";
    quiet(&format!(
        "{CLOSED}// A benchmark.\n// rhaid: allow(think-time)\n{body}"
    ));
    quiet(&format!(
        "// rhaid: allow(think-time, unused-function)\n\n{CLOSED}{body}fn later() {{ }}\n"
    ));
    check(&format!("{CLOSED}{body}")).expect_text("without a pause");
}

#[test]
fn advice_is_for_authors_and_not_for_runs() {
    let output = rhaid()
        .script("fn iteration() { }\nfn alone() { }\n")
        .arg("--quiet")
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn all_mistakes_of_all_files_at_once() {
    let output = rhaid()
        .file(
            "a.rhai",
            "import \"lib/m\" as m;\nfn iteration() { slep(1); nix(); m::f(); }\n",
        )
        .file("b.rhai", "import \"lib/m\" as m;\nfn iteration( {\n")
        .file("c.rhai", "fn iteration() { }\n")
        .file("lib/m.rhai", "fn f() { nothing_there; }\n")
        .file("old/.hidden/x.rhai", "(")
        .args(["check", "."])
        .run();
    output.expect_code(65);
    hold("check_folder", &output.stderr);
    assert_eq!(
        output.stdout,
        "c.rhai: ok (default: 1 iteration for each of 1 VU (at most 10m))\n"
    );
}

#[test]
fn a_folder_without_scripts() {
    let output = rhaid()
        .file("empty/x.txt", "")
        .args(["check", "empty"])
        .run();
    output.expect_code(66);
    hold("check_folder_empty", &output.stderr);
}

#[test]
fn editors_get_places_and_codes() {
    let output = rhaid()
        .file("a.rhai", "fn iteration() { slep(1); }\n")
        .file("b.rhai", "fn iteration() { }\nfn alone() { }\n")
        .args([
            "check",
            "a.rhai",
            "b.rhai",
            "missing.rhai",
            "--format",
            "json",
        ])
        .run();
    output.expect_code(65);
    hold("check_json", &output.stdout);
    assert_eq!(output.stderr, "", "{output}");
}

/// A look takes time in proportion to the functions of a script, as far as the parser allows.
#[test]
fn thousands_of_functions_are_looked_through_in_time() {
    let mut script = String::new();
    for number in 0..4_000 {
        script.push_str(&format!("fn f{number}(ctx) {{ f{}(ctx); }}\n", number + 1));
    }
    script.push_str("fn f4000(ctx) { }\nfn iteration(ctx) { f0(ctx); }\n");
    let output = rhaid()
        .file("script.rhai", script)
        .args(["check", "script.rhai"])
        // In proportion it takes a second; with a copy of all functions for each, minutes.
        .timeout(std::time::Duration::from_secs(20))
        .run();
    output.expect_code(0);
}
