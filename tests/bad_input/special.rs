//! Names that mean something to rhaid, misspelt; and objectives that can hardly be meant. What a script can run with is a warning.

use crate::bad_input::golden::{hold, rejected, rhaid};

#[test]
fn misspelt_options_would_be_no_options() {
    rejected(
        "special_options",
        "export const optoins = #{ vus: 5 };\nfn iteration() { }\n",
    );
    rejected(
        "special_option",
        "export const option = #{ vus: 5 };\nfn iteration() { }\n",
    );
}

/// What `check` warns of; the script is right all the same.
#[track_caller]
fn warned(name: &str, script: &str) {
    let output = rhaid()
        .file("script.rhai", script)
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    hold(name, &output.stderr);
}

#[test]
fn a_function_that_nothing_calls_and_that_is_nearly_a_special_one() {
    warned(
        "special_functions",
        "fn iteration() { }
fn teardow(data) { }
fn vu_strat(ctx) { }
fn handleSummary(data) { }
fn setups() { }
fn set() { }
",
    );
}

#[test]
fn a_function_that_is_used_may_be_called_anything() {
    let output = rhaid()
        .file(
            "script.rhai",
            "export const options = #{ scenarios: #{ a: #{ executor: \"constant-vus\", duration: \"1s\", exec: \"sumary\" } } };
fn sumary() { setups(); let f = Fn(\"teardow\"); }
fn setups() { }
fn teardow() { }
// rhaid: allow(unused-function)
private fn vu_strat() { }
",
        )
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn a_share_compared_with_one() {
    warned(
        "special_share",
        r#"export const options = #{
    slos: #{
        "http_req_failed": ["rate < 1"],
        "checks": ["rate >= 1"],
        "http_reqs": ["rate > 1"],
    },
};
fn iteration() { }
"#,
    );
}

#[test]
fn a_tag_that_requests_have_not() {
    warned(
        "special_tag",
        r#"export const options = #{ slos: #{ "http_req_duration{url:/rooms}": ["p(95) < 1s"] } };
fn iteration() { }
"#,
    );
}

#[test]
fn a_tag_that_is_nearly_one_that_samples_have() {
    warned(
        "special_tag_misspelt",
        r#"export const options = #{ slos: #{
    "http_reqs{nam:x}": ["count > 1"],
    "http_reqs{Status:200}": ["count > 1"],
    "http_reqs{nume:x,tier:gold,stat:1}": ["count > 1"],
} };
fn iteration() { tags::set("nume", "x"); http::get("http://127.0.0.1/", #{ tags: #{ stat: 1 } }); }
"#,
    );
}

#[test]
fn parameters_in_the_place_of_the_body() {
    warned(
        "special_parameters",
        r#"fn iteration() {
    let url = "http://127.0.0.1/";
    http::post(url, #{ name: "confirm" });
    http::request("PUT", url, #{ headers: #{ a: "b" }, timeout: "5s" });
    http::post(url, #{ name: "Ann" }, #{});
    http::post(url, #{ name: "Ann", age: 5 });
    http::post(url, #{});
}
"#,
    );
}

#[test]
fn a_variable_of_the_environment_that_a_function_needs() {
    let script = r#"export const options = #{ scenarios: #{
    a: #{ executor: "per-vu-iterations", env: #{ OWN: "x" } },
} };
fn iteration() {
    if false { print(env("RHAID_TEST_URL") + secret("RHAID_TEST_TOKEN") + env("OWN") + env("RHAID_TEST_B", "x")); }
    try { env("RHAID_TEST_MAYBE") } catch { }
}
"#;
    warned("special_environment", script);
    let output = rhaid()
        .script(script)
        .args(["--quiet", "--env", "RHAID_TEST_URL=x"])
        .run();
    output.expect_code(0);
    assert!(
        !output.stderr.contains("`RHAID_TEST_URL` is not set"),
        "{output}"
    );
    assert!(
        output.stderr.contains("`RHAID_TEST_TOKEN` is not set"),
        "{output}"
    );
}

#[test]
fn an_objective_on_a_scenario_that_is_not_there() {
    rejected(
        "special_scenario",
        r#"export const options = #{
    scenarios: #{ guests: #{ executor: "constant-vus", duration: "1s" } },
    slos: #{
        "iterations{scenario:gusts}": ["count > 1"],
        "http_reqs{scenario:setup}": #{ target: "count > 1", optional: true },
        "http_reqs{scenario:!other}": #{ target: "count > 1", optional: true },
    },
};
fn iteration() { }
"#,
    );
}

#[test]
fn programs_are_told_of_warnings_as_such() {
    let output = rhaid()
        .file("script.rhai", "fn iteration() { }\nfn teardow() { }\n")
        .args(["check", "script.rhai", "--format", "json"])
        .run();
    output.expect_code(0);
    let findings: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(findings[0]["severity"], "warning", "{output}");
    assert_eq!(findings[0]["line"], 2, "{output}");
}

#[test]
fn a_run_starts_with_its_warnings() {
    let output = rhaid()
        .script("fn iteration() { }\nfn teardow() { }\n")
        .run();
    output.expect_code(0);
    assert!(
        output.stderr.contains("Warning: nothing calls `teardow`"),
        "{output}"
    );
}
