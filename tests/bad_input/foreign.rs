//! Scripts as k6 and JavaScript have them: each is told what to write here.

use crate::bad_input::golden::{hold, refused, rhaid};

/// What `check` says about each of these scripts, one after the other.
#[track_caller]
fn told(name: &str, scripts: &[&str]) {
    let mut all = String::new();
    for script in scripts {
        let output = rhaid()
            .file("script.rhai", script)
            .args(["check", "script.rhai"])
            .run();
        output.expect_code(65);
        all.push_str(&output.stderr);
        all.push('\n');
    }
    hold(name, &all);
}

#[test]
fn imports_and_exports_of_k6() {
    told(
        "k6_import",
        &[
            "import http from 'k6/http';\n",
            "import { check,\n  sleep } from 'k6';\n",
            "import \"k6/http\" as http;\nfn iteration() { }\n",
            "import { pay } from './lib/shop.js';\n",
            "export default function (data) {\n}\n",
            "export function setup() {\n}\n",
            "function pay(room) {\n}\n",
            "fn default(data) { }\n",
        ],
    );
}

#[test]
fn variables_of_k6() {
    told(
        "k6_variables",
        &["fn iteration() {
    console.log(`user ${__VU}, round ${__ITER}`);
    http::get(__ENV.BASE_URL);
    let body = JSON.stringify(#{ id: uuidv4() });
    let half = Math.floor(1.5);
    let none = undefined;
}
"],
    );
}

#[test]
fn values_and_closures_of_javascript() {
    told(
        "k6_values",
        &[
            "fn iteration() {\n    let t = new Trend(\"waiting\");\n}\n",
            "fn iteration() {\n    let x = null;\n}\n",
            "fn iteration() {\n    let x = { a: 1 };\n}\n",
            "fn iteration() {\n    check(1, #{ \"ok\": (r) => r.status == 200 });\n}\n",
            "fn iteration() {\n    group(\"a\", () => { sleep(1); });\n}\n",
            "fn iteration() {\n    http::get('http://127.0.0.1/');\n}\n",
            "fn iteration() {\n    log::debug(\"x\");\n}\n",
            "fn iteration() {\n    let { a, b } = x;\n}\n",
        ],
    );
}

#[test]
fn statements_of_javascript() {
    told(
        "k6_statements",
        &[
            "fn iteration() {\n    for (x of [1, 2]) { }\n}\n",
            "fn iteration() {\n    for (let i = 0; i < 3; i++) { }\n}\n",
            "fn iteration() {\n    let r = 5;\n    if r === 5 { }\n}\n",
            "fn iteration() {\n    let i = 1;\n    i++;\n}\n",
            "fn iteration() {\n    let x = true ? 1 : 2;\n}\n",
            "async fn iteration() { }\n",
        ],
    );
}

#[test]
fn a_statement_without_its_semicolon_is_shown_where_it_ends() {
    told("syntax_semicolon", &["let a = 1 // beds\n\nlet b = 2;\n"]);
}

#[test]
fn a_script_in_javascript() {
    let command = rhaid()
        .file("load.js", "import http from 'k6/http';\n")
        .args(["run", "load.js"]);
    refused("k6_file", command, 65);
}

#[test]
fn modules_of_k6_at_the_top_level() {
    told(
        "k6_top_level",
        &[
            "let r = http.post(\"http://127.0.0.1/\", JSON.stringify(#{ a: 1 }));\nfn iteration() {\n    metrics.trend(\"x\");\n}\n",
            "let user = __VU;\nfn iteration() { }\n",
        ],
    );
}

#[test]
fn functions_of_k6() {
    told(
        "k6_functions",
        &["fn iteration() {
    crypto::hmac(\"sha256\", \"secret\", \"data\");
    crypto::hmac(\"sha1\", \"secret\", \"data\");
    http::del(\"http://127.0.0.1/\");
    let list = [1, 2].join(\",\");
    let name = randomString(5);
}
"],
    );
}

#[test]
fn a_condition_that_assigns() {
    told(
        "k6_assignment",
        &[
            "fn iteration() {\n    let r = 1;\n    if (r = 200) { }\n}\n",
            "fn iteration() {\n    let r = 1;\n    if r = 200 { }\n}\n",
            "fn iteration() {\n    let r = 1;\n    while (r.status = 200) { }\n}\n",
        ],
    );
}

#[test]
fn options_of_k6_whose_values_are_called_otherwise_too() {
    told(
        "k6_connections",
        &[
            "export const options = #{ noConnectionReuse: true, noVUConnectionReuse: true };\nfn iteration() { }\n",
        ],
    );
}
