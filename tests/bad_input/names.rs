//! Functions, modules and variables that do not exist.

use crate::bad_input::golden::{refused, rejected, rhaid};

#[test]
fn an_unknown_function_gets_the_nearest_one() {
    rejected(
        "function",
        "fn iteration() {\n    let r = http::gett(\"http://127.0.0.1/\");\n    chekc(r.status == 200, \"ok\");\n}\n",
    );
}

#[test]
fn a_function_that_is_like_nothing_gets_what_there_is() {
    rejected(
        "function_strange",
        "fn iteration() {\n    crypto::zebra(\"x\");\n}\n",
    );
}

#[test]
fn an_unknown_module_gets_the_nearest_one_or_its_import() {
    rejected(
        "module",
        "fn iteration() {\n    htp::get(\"http://127.0.0.1/\");\n    think::normal(\"1s\", \"2s\");\n}\n",
    );
}

#[test]
fn a_function_of_the_script_called_with_too_few_arguments() {
    rejected(
        "arguments",
        "fn book(room) { }\nfn iteration() {\n    book();\n}\n",
    );
}

#[test]
fn an_exec_that_names_no_function() {
    rejected(
        "exec",
        r#"export const options = #{
    scenarios: #{
        guests: #{ executor: "constant-vus", duration: "1s", exec: "book_a_rom" },
        staff: #{ executor: "constant-vus", duration: "1s", exec: "zebra" },
    },
};
fn setup() { }
fn book_a_room() { }
"#,
    );
}

#[test]
fn what_a_fault_has_written_out_and_cannot_be_right() {
    rejected(
        "faults",
        r#"export const options = #{
    allowed_hosts: ["127.0.0.1"],
    proxies: #{ hotel: "127.0.0.1:8080", all: #{ upstream: "127.0.0.1:9000", listen: "0.0.0.0:9200" } },
    commands: #{ demo: #{ run: ["rhaid", "demo"] } },
    faults: [
        #{ name: "slow", exec: "slow", start: "1s", duration: "1s" },
        #{ name: "down", exec: "down", when: "http_reqz > 40", duration: "1s", guard: #{ probe: "http://hotel.example/health" } },
    ],
};
fn slow(fault) {
    fault.proxy("hotle").latency("100ms");
    fault.proxy("hotel").share(30).latency("fast");
    fault.proxy("hotel").latency("1s").share(0.3);
    fault.proxy("hotel").toxic("htpp", #{ status: 503 });
    fault.proxy("hotel").toxic("http", #{ stauts: 503 });
    let proxy = fault.proxy("hotel");
    proxy.toxic("http", #{ status: 99 });
    proxy.toxic("http", #{ status: if true { 503 } else { 500 }, percentage: 200 });
    fault.command("dmeo").kill();
    fault.machine().cpu(800);
}
fn down(fault) { fault.proxy("hotel").reset("1s"); }
fn reset(after) { }
fn iteration() { chaos::inject("slwo"); chaos::counts("hotels"); }
"#,
    );
}

#[test]
fn what_is_wrong_about_faults_in_the_options() {
    rejected(
        "fault_options",
        r#"export const options = #{
    proxies: #{ own: #{ upstream: "localhost:9100", listen: "127.0.0.1:9100" } },
    faults: [
        #{ name: "slow", exec: "slow", start: "1s", duration: "1s", guard: #{ probe: "http://127.0.0.1/", stauts: 200 } },
        #{ name: "down", exec: "slow", when: "manual", duration: "1s", steady: #{ promql: "up", url: "http://127.0.0.1:9090" } },
    ],
};
fn slow(fault) { }
fn iteration() { }
"#,
    );
}

#[test]
fn a_script_without_its_iteration() {
    rejected("iteration", "// The journey.\nfn itteration() { }\n");
    rejected("iteration_other", "fn book() { }\n");
}

#[test]
fn functions_that_want_more_than_they_are_given() {
    rejected(
        "parameters",
        r#"export const options = #{ scenarios: #{ a: #{ executor: "constant-vus", duration: "1s", exec: "two" } } };
fn two(ctx, more) { }
fn setup(x) { }
fn teardown(data, more) { }
"#,
    );
}

#[test]
fn a_top_level_that_throws() {
    rejected(
        "top_level",
        "let beds = [1, 2];\nlet third = beds[5];\nfn iteration() { }\n",
    );
}

#[test]
fn a_top_level_that_would_send_requests() {
    rejected(
        "top_level_http",
        "let r = http::get(\"http://127.0.0.1/\");\nfn iteration() { }\n",
    );
}

#[test]
fn a_variable_of_the_environment_that_must_be_set() {
    rejected(
        "environment",
        "const URL = env(\"SHOP_URL\");\nfn iteration() { }\n",
    );
}

#[test]
fn everything_that_a_name_can_be_is_no_mistake() {
    let everything = include_str!("valid/everything.rhai");
    let output = rhaid()
        .file("lib/shop.rhai", include_str!("valid/shop.rhai"))
        .file("script.rhai", everything)
        .args(["check", "script.rhai"])
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn what_runs_is_no_mistake() {
    let output = rhaid()
        .script(include_str!("valid/running.rhai"))
        .args(["--quiet"])
        .run();
    output.expect_code(0);
    assert_eq!(output.stderr, "", "{output}");
}

#[test]
fn a_variable_is_missed_wherever_it_may_stand() {
    let script = r#"fn iteration(ctx) {
    let r = #{ a: 1 };
    print(`${missing1} ${r.a}`);
    let f = || { let g = || missing2; g };
    switch r.a { 1 => missing3, _ => missing4 }
    for x in missing5 { missing6 += x; }
    r[missing7] = 1;
    try { missing8 } catch (e) { e } 
    e;
    let y = y + 1;
    { let inner = 1; } inner;
    x;
    if missing9 { } else if missing10 { }
    while missing11 { }
    return missing12;
}
fn other(ctx) { throw missing13; }
"#;
    let output = rhaid().script(script).run();
    output.expect_code(65);
    let missed: Vec<&str> = output
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("Error: there is no variable `"))
        .map(|name| name.trim_end_matches('`'))
        .collect();
    let mut expected: Vec<String> = (1..=8).map(|n| format!("missing{n}")).collect();
    expected.extend(["e", "y", "inner", "x"].map(str::to_owned));
    expected.extend((9..=13).map(|n| format!("missing{n}")));
    assert_eq!(missed, expected, "{output}");
}

#[test]
fn an_imported_module_is_looked_into() {
    let command = rhaid()
        .file("lib/shop.rhai", include_str!("valid/shop.rhai"))
        .script(
            "import \"std/think\" as think;
import \"lib/shop\" as shop;
fn iteration() {
    think::norml(\"1s\", \"2s\");
    think::normal(\"1s\");
    think::pause(1);
    shop::buuy(1);
    shop::buy();
    shop::double(2);
    print(shop::LIMITS + shop::HIDDEN);
}
",
        );
    refused("module_contents", command, 65);
}

#[test]
fn a_module_that_only_a_function_imports_must_be_there_and_be_rhai() {
    let command = rhaid()
        .file("lib/broken.rhai", "fn book( {\n}\n")
        .script("fn iteration() {\n    import \"lib/broken\" as broken;\n    import \"lib/brokn\" as missing;\n    broken::book();\n}\n");
    refused("module_in_function", command, 65);
}

#[test]
fn library_functions_called_with_too_few_or_many_arguments() {
    rejected(
        "arguments_library",
        "fn iteration() {\n    sleep();\n    http::get();\n    random::int(1, 2, 3);\n}\n",
    );
}

#[test]
fn a_constant_without_its_prefix() {
    rejected(
        "variable_constant",
        "const BASE = \"http://127.0.0.1\";
fn iteration() {
    http::get(BASE);
    http::get(`${BASE}/rooms`);
    group(\"a\", || { http::get(BASE); });
    http::get(global::BAES);
}
",
    );
}

#[test]
fn a_variable_of_the_top_level_or_of_nowhere() {
    rejected(
        "variable",
        "let url = \"http://127.0.0.1\";
fn iteration(ctx) {
    let rooms = [];
    http::get(url);
    http::get(global::url);
    print(room.len);
    print(cxt.vu);
    zebra = 5;
}
fn other() { let hidden = 1; }
fn third() { hidden }
",
    );
}

#[test]
fn a_module_called_as_in_javascript() {
    rejected(
        "variable_module",
        "fn iteration() {
    let r = http.get(\"http://127.0.0.1/\");
    http.del(\"http://127.0.0.1/\");
    log.info(r.status);
    random::uuid;
}
",
    );
}

#[test]
fn a_method_that_a_map_may_have_got_unseen_is_no_mistake_but_worth_a_word() {
    let script = "export const options = #{ iterations: 1 };\nfn iteration() { let o = #{}; let key = \"gogo\"; o[key] = |x| x + 1; if o.gogo(3) != 4 { throw \"bad\"; } }\n";
    let output = crate::bad_input::golden::rhaid().script(script).run();
    output.expect_code(0).expect_text("Warning");
    output.expect_text("there is no function `gogo`");
    // What is near to one that there is was hardly meant.
    let script = "fn iteration() { let r = http::get(\"http://127.0.0.1:1/\"); r.jsonn(\"a\"); }\n";
    let output = crate::bad_input::golden::rhaid().script(script).run();
    output.expect_code(65).expect_text("did you mean `json`?");
}

#[test]
fn arguments_that_are_written_out_and_cannot_be_right() {
    rejected(
        "literals",
        r#"fn iteration() {
    let url = "http://127.0.0.1/";
    http::get(url, #{ headrs: #{ a: "b" }, name: "x" });
    http::post(url, (), #{ timeout: "5 minutes", responseCallback: 1 });
    http::get(url, #{ nothing: () });
    sleep("5 minutes");
    sleep(-1);
    check(1, "one");
    check(url.len > 1, "one");
    check(1, #{ "one": |n| n == 1 });
}
"#,
    );
}

#[test]
fn what_a_context_has_not() {
    rejected(
        "context",
        r#"export const options = #{ scenarios: #{
    a: #{ executor: "per-vu-iterations", exec: "book" },
    b: #{ executor: "per-vu-iterations", exec: "own" },
} };
fn vu_start(user) { user.stat.x = 1; }
fn book(ctx) {
    print(ctx.itration);
    group("a", || { ctx.state.x = ctx.dat.x; [1].map(|n| n + ctx.zebra) });
    ctx.data.itration;
    helper(#{ itration: 1 });
}
fn helper(ctx) { ctx.itration }
fn own(ctx) { let ctx = #{ itration: 1 }; ctx.itration }
"#,
    );
}

#[test]
fn tags_that_are_not_the_scripts_to_set() {
    rejected(
        "tags_reserved",
        r#"export const options = #{
    tags: #{ scenario: "x", team: "qa" },
    scenarios: #{ a: #{ executor: "per-vu-iterations", tags: #{ check: "y" } } },
};
fn iteration() {
    http::get("http://127.0.0.1/", #{ tags: #{ name: "home", method: "GET", url: "x", tier: "gold" } });
    tags::set("name", "x");
    tags::set("group", "x");
}
"#,
    );
}

#[test]
fn a_variable_called_like_a_module() {
    rejected(
        "variable_like_module",
        "fn iteration() {
    http::get(url);
    print(data.token);
    if url.starts_with(\"https\") { }
    data.csv(\"guests.csv\");
}
",
    );
}
