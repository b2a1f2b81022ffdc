//! Options that mean nothing.

use crate::bad_input::golden::{refused, rejected, rhaid};

/// A script with these options.
fn with(options: &str) -> String {
    format!("export const options = #{{\n{options}\n}};\nfn iteration() {{ }}\n")
}

#[test]
fn an_unknown_option_gets_the_nearest_one() {
    rejected(
        "option",
        &with(
            "    tiemout: \"5s\",\n    scenarios: #{\n        guests: #{ executor: \"constant-vus\", vuss: 3, duration: \"1s\" },\n    },\n    zebra: 1,",
        ),
    );
}

#[test]
fn an_option_of_another_tool_gets_its_name_here() {
    rejected(
        "option_k6",
        &with(
            "    thresholds: #{},\n    scenarios: #{\n        a: #{ executor: \"constant-vus\", duration: \"1s\", gracefulStop: \"1s\" },\n    },",
        ),
    );
}

#[test]
fn an_option_of_another_executor_is_told_apart() {
    rejected(
        "option_foreign",
        &with(
            "    scenarios: #{\n        a: #{ executor: \"constant-vus\", duration: \"1s\", stages: [] },\n    },",
        ),
    );
}

#[test]
fn an_unknown_executor_gets_the_nearest_one_or_all() {
    rejected(
        "executor",
        &with(
            r#"    scenarios: #{
        guests: #{ executor: "constant-vu", vus: 3, duration: "1s" },
        staff: #{ executor: "zebra" },
        owner: #{ vus: 1 },
    },"#,
        ),
    );
}

#[test]
fn a_wrong_unit_gets_the_right_ones() {
    rejected(
        "unit",
        &with(
            r#"    scenarios: #{
        guests: #{ executor: "constant-vus", vus: 3, duration: "5 parsecs" },
        staff: #{ executor: "constant-vus", vus: 3, duration: "5sek" },
        owner: #{ executor: "constant-arrival-rate", rate: "5/fortnight", duration: "1s" },
    },
    timeout: "10x",
    max_response_size: "5 apples","#,
        ),
    );
}

#[test]
fn fewer_users_than_are_to_be_made_before_the_start() {
    rejected(
        "max_vus",
        &with(
            r#"    scenarios: #{
        guests: #{
            executor: "constant-arrival-rate", rate: 5, duration: "1s",
            pre_allocated_vus: 9, max_vus: 3,
        },
    },"#,
        ),
    );
}

#[test]
fn stages_that_are_missing_empty_or_wrong() {
    rejected(
        "stages",
        &with(
            r#"    scenarios: #{
        a: #{ executor: "ramping-vus" },
        b: #{ executor: "ramping-vus", stages: [] },
        c: #{ executor: "ramping-arrival-rate", stages: [
            #{ duration: "1s" },
            #{ target: 5 },
            #{ duration: "1s", target: "much" },
            #{ duration: "1s", target: 5, tarGet: 6 },
            7,
        ] },
        d: #{ executor: "ramping-vus", stages: [ #{ duration: "1s", target: 2.5 } ] },
        e: #{ executor: "ramping-vus", start_vus: 0, stages: [ #{ duration: "1s", target: 0 } ] },
    },"#,
        ),
    );
}

#[test]
fn what_an_executor_cannot_do_without() {
    rejected(
        "required",
        &with(
            r#"    scenarios: #{
        a: #{ executor: "constant-vus", vus: 2 },
        b: #{ executor: "constant-arrival-rate", duration: "1s" },
        c: #{ executor: "per-vu-iterations", vus: 0 },
        d: #{ executor: "shared-iterations", iterations: 0 },
    },"#,
        ),
    );
}

#[test]
fn values_of_the_wrong_kind() {
    rejected(
        "kinds",
        &with(
            r#"    vus: "many",
    timeout: true,
    tags: "x",
    redirects: -1,
    batch: 0,
    rps: 0,
    seed: 1.5,
    http2: "atuo",
    connection_reuse: "sometimes",
    keep_cookies: "yes",
    headers: #{ "a b": "c" },
    user_agent: "a\nb",
    expected_statuses: "2x","#,
        ),
    );
}

#[test]
fn addresses_that_are_none() {
    rejected(
        "addresses",
        &with(
            r#"    hosts: #{ "shop.example": "somewhere" },
    local_ips: "127.0.0.9-127.0.0.2",
    blocked_hosts: ["http://shop.example/", "10.0.0.0/99"],
    proxy: "ftp://proxy.example","#,
        ),
    );
}

#[test]
fn certificates_that_are_not_there() {
    let files = |tls: &str| {
        rhaid()
            .file("empty.pem", "nothing\n")
            .script(&with(&format!("    tls: #{{ {tls} }},")))
    };
    refused("tls_missing", files("ca: \"missing.pem\""), 65);
    refused("tls_empty", files("ca: [\"empty.pem\"]"), 65);
    refused("tls_half", files("cert: \"client.pem\", wrong: true"), 65);
    refused(
        "tls_key",
        files("cert: \"missing.pem\", key: \"missing.key\""),
        65,
    );
}

#[test]
fn certificates_are_looked_for_beside_the_script_and_beside_rhaid_toml() {
    let script = with("    tls: #{ ca: \"certs/missing.pem\" },");
    let command = rhaid()
        .file("tests/load/script.rhai", script)
        .args(["check", "tests/load/script.rhai"]);
    refused("tls_beside_script", command, 65);
    let command = rhaid()
        .file("ci/rhaid.toml", "[tls]\nca = \"missing.pem\"\n")
        .file("script.rhai", "fn iteration() { }")
        .args(["check", "script.rhai", "--config", "ci/rhaid.toml"]);
    refused("tls_beside_toml", command, 78);
}

#[test]
fn scenarios_that_wait_for_each_other() {
    rejected(
        "after",
        &with(
            r#"    scenarios: #{
        a: #{ executor: "constant-vus", duration: "1s", after: "bb" },
        b: #{ executor: "constant-vus", duration: "1s", after: "c" },
        c: #{ executor: "constant-vus", duration: "1s", after: "b" },
    },"#,
        ),
    );
}

#[test]
fn short_forms_beside_scenarios() {
    rejected(
        "beside",
        &with(
            "    vus: 5,\n    scenarios: #{ a: #{ executor: \"constant-vus\", duration: \"1s\" } },",
        ),
    );
    rejected("scenarios_empty", &with("    scenarios: #{},"));
    rejected("scenarios_list", &with("    vus: 2,\n    scenarios: [5],"));
}

#[test]
fn options_that_are_not_exported_or_no_map() {
    rejected(
        "not_exported",
        "const options = #{ vus: 3 };\nfn iteration() { }\n",
    );
    rejected(
        "options_number",
        "export const options = 5;\nfn iteration() { }\n",
    );
    rejected(
        "options_function",
        &with(
            "    scenarios: #{ a: #{ executor: \"constant-vus\", duration: \"1s\", exec: || 5 } },",
        ),
    );
}

#[test]
fn numbers_beyond_reason() {
    rejected(
        "numbers",
        &with(
            r#"    scenarios: #{
        a: #{ executor: "constant-vus", vus: 99999999999, duration: 1e308 },
        b: #{ executor: "constant-arrival-rate", rate: -5, duration: "1s" },
        c: #{ executor: "constant-arrival-rate", rate: 1e308, duration: "1s" },
        d: #{ executor: "shared-iterations", iterations: 1e30, vus: -1 },
        e: #{ executor: "constant-arrival-rate", rate: 5, time_unit: 0, duration: "1s" },
        f: #{ executor: "constant-vus", duration: -1 },
        g: #{ executor: "ramping-vus", stages: [ #{ duration: "9y", target: 1 } ] },
        h: #{ executor: "constant-vus", duration: "3650d1s" },
    },"#,
        ),
    );
    rejected("not_a_number", &with("    timeout: 0.0 / 0.0,"));
    rejected("infinite", &with("    rps: 1.0 / 0.0,"));
}

#[test]
fn a_number_as_a_text() {
    rejected(
        "option_text",
        &with("    vus: env(\"RHAID_TEST_VUS\", \"3\"), duration: \"1s\","),
    );
}

/// One misspelt executor does not hide what else is wrong.
#[test]
fn a_misspelt_function_beside_a_misspelt_executor() {
    rejected(
        "options_executor_and_exec",
        "export const options = #{ scenarios: #{\n    a: #{ executor: \"constant-vu\", exec: \"visit\", duration: \"1s\" },\n    b: #{ executor: \"constant-vus\", exec: \"vist\", duration: \"1s\" },\n} };\nfn visit() { sleep(1); }\n",
    );
}
