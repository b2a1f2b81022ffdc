//! Scripts that mean harm, or could not do more if they did: each ends in a message, none in a crash.

use std::time::Duration;

use crate::bad_input::golden::rhaid;
use crate::support::bin::Output;
use crate::support::server::HttpServer;

/// Runs a script that must end by itself, in order, with this exit code.
#[track_caller]
fn run(script: &str, code: i32) -> Output {
    let output = rhaid()
        .script(script)
        .timeout(Duration::from_secs(50))
        .run();
    assert!(
        !output.stderr.contains("panicked") && !output.stdout.contains("panicked"),
        "{output}"
    );
    output.expect_code(code);
    output
}

/// The same for the body of an iteration.
#[track_caller]
fn iteration(body: &str, code: i32) -> Output {
    run(&format!("fn iteration() {{\n{body}\n}}\n"), code)
}

#[test]
fn recursion_without_an_end() {
    run(
        "fn down(n) { down(n + 1) }\nfn iteration() { down(0); }\n",
        2,
    )
    .expect_text("functions call each other more than 64 levels deep");
    run(
        "fn ping(n) { pong(n) }\nfn pong(n) { let f = |x| ping(x); f.call(n) }\nfn iteration() { ping(0); }\n",
        2,
    )
    .expect_text("functions call each other more than 64 levels deep");
    run(
        "fn down(n) { down(n + 1) }\nlet x = down(0);\nfn iteration() { }\n",
        65,
    )
    .expect_text("functions call each other more than 64 levels deep");
}

#[test]
fn expressions_nested_beyond_measure() {
    let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
    iteration(&format!("let x = {deep};"), 65).expect_text("Expression exceeds maximum complexity");
    let blocks = format!("{}{}", "if true { ".repeat(5_000), "}".repeat(5_000));
    iteration(&blocks, 65).expect_text("Expression exceeds maximum complexity");
    let lists = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    run(
        &format!("export const options = #{{ tags: {lists} }};\nfn iteration() {{ }}\n"),
        65,
    )
    .expect_text("Expression exceeds maximum complexity");
}

#[test]
fn the_deepest_calls_and_expressions_that_are_allowed_fit_the_stack() {
    let sum = format!("{}down(n - 1){}", "(1 + ".repeat(20), ")".repeat(20));
    run(
        &format!(
            "fn down(n) {{ if n == 0 {{ return 0; }} {sum} }}\nfn iteration() {{ print(`it is ${{down(55)}}`); }}\n"
        ),
        0,
    )
    .expect_text("it is 1100");
}

#[test]
fn values_nested_a_thousand_levels_deep() {
    for grow in ["a = [a];", "a = #{ a: a };"] {
        let body = format!(
            "let a = [];\nfor i in 0..1_000 {{ {grow} }}\nlet b = a;\nprint(`${{a}}`.len);\nprint(b == a);"
        );
        iteration(&body, 0);
    }
    iteration(
        "let f = |x| x;\nlet g = |x, y| y;\nfor i in 0..1_000 { f = g.curry(f); }",
        0,
    );
}

#[test]
fn a_list_that_holds_itself() {
    for look in [
        "json_text(a);",
        "print(`${a}`);",
        "http::post(\"http://127.0.0.1:1/\", a);",
        "",
    ] {
        let body = format!("let a = [1];\nlet f = || a.len();\na.push(a);\na.push(a);\n{look}");
        let output = rhaid()
            .script(&format!("fn iteration() {{\n{body}\n}}\n"))
            .timeout(Duration::from_secs(50))
            .run();
        assert!(matches!(output.code, 0 | 2), "{output}");
    }
}

#[test]
fn texts_and_lists_larger_than_memory() {
    iteration("let s = \"x\";\nloop { s += s; }", 2).expect_text("Length of string too large");
    iteration("let a = [0];\nloop { a += a; }", 2).expect_text("Size of array/BLOB too large");
    iteration("let s = \"x\";\ns.pad(1_000_000_000_000, \"y\");", 2)
        .expect_text("Length of string too large");
    iteration("let b = blob(9_000_000_000_000);", 2).expect_text("too large");
    iteration(
        "let m = #{};\nlet i = 0;\nloop { m[`${i}`] = i; i += 1; if i > 200 { break; } }",
        0,
    );
}

#[test]
fn a_top_level_without_an_end_is_cut_off() {
    run("loop { }\nfn iteration() { }\n", 65)
        .expect_text("the script's top level took longer than 10 s")
        .expect_text("the top level only declares");
}

#[test]
fn an_iteration_without_an_end_does_not_outlive_the_run() {
    let output = run(
        r#"export const options = #{ scenarios: #{
    stuck: #{ executor: "constant-vus", vus: 1, duration: "500ms", graceful_stop: "200ms", exec: "stuck" },
    busy: #{ executor: "constant-vus", vus: 1, duration: "500ms", exec: "busy" },
} };
fn stuck() { loop { } }
fn busy() { sleep(0.01); }
"#,
        1,
    );
    let result = output.expect_result();
    let scenarios = result["scenarios"].as_array().unwrap();
    let of = |name: &str| {
        scenarios
            .iter()
            .find(|scenario| scenario["name"] == name)
            .unwrap()
    };
    assert_eq!(of("stuck")["interrupted_iterations"], 1, "{output}");
    assert!(
        of("busy")["iterations"].as_u64().unwrap() > 5,
        "others of the same core went on\n{output}"
    );
}

#[test]
fn a_module_outside_the_project_is_out_of_reach() {
    let output = rhaid()
        .file("rhaid.toml", "")
        .file("shared/hotel.rhai", "fn name() { \"Rhaid\" }")
        .file(
            "scripts/journey.rhai",
            "import \"../shared/hotel\" as hotel;\nfn iteration() { print(hotel::name()); }\n",
        )
        .args(["run", "scripts/journey.rhai"])
        .run();
    output.expect_code(0).expect_text("Rhaid");
    run(
        "import \"/etc/passwd\" as secrets;\nfn iteration() { }\n",
        65,
    )
    .expect_text("`/etc/passwd.rhai` lies outside `");
    run(
        "import \"../../../../etc/shadow\" as secrets;\nfn iteration() { }\n",
        65,
    )
    .expect_text("`../../../../etc/shadow.rhai` lies outside `");
    run("import \"\" as nothing;\nfn iteration() { }\n", 65);
}

#[test]
fn times_beyond_all_times() {
    iteration("let t = 1e308; sleep(t);", 2).expect_text("it is longer than ten years");
    iteration("sleep(1e308);", 65).expect_text("it is longer than ten years");
    iteration("let t = -1; sleep(t);", 2).expect_text("a duration cannot be negative");
    iteration("sleep(-1);", 65).expect_text("a duration cannot be negative");
    iteration("sleep(0.0 / 0.0);", 2).expect_text("it is not a number");
    iteration("let t = 9_223_372_036_854_775_807; sleep(t);", 2)
        .expect_text("it is longer than ten years");
    iteration("sleep(9_223_372_036_854_775_807);", 65).expect_text("it is longer than ten years");
    iteration(
        "http::get(\"http://127.0.0.1:1/\", #{ timeout: \"3650d\" });",
        0,
    );
    let long = r#"export const options = #{
    timeout: "3650d", dns_ttl: "3650d", setup_timeout: "3650d", teardown_timeout: "3650d", vu_start_timeout: "3650d",
    vu_stop_timeout: "3650d", summary_timeout: "3650d",
    scenarios: #{ a: #{
        executor: "per-vu-iterations", max_duration: "3650d", graceful_stop: "3650d", pace: "3650d",
    } },
    slos: #{ iterations: #{ target: "count >= 1", abort_delay: "3650d", over: "3650d", abort: true } },
};
fn setup() { } fn teardown() { } fn vu_start() { } fn vu_stop() { } fn summary(r) { }
fn iteration() { }
"#;
    run(long, 0);
}

#[test]
fn a_plan_stretched_over_centuries_is_refused_and_one_of_nothing_too() {
    let script = |key: &str| {
        format!(
            "export const options = #{{ scenarios: #{{ a: #{{ executor: \"constant-vus\", {key} }} }} }};\nfn iteration() {{ }}\n"
        )
    };
    let stretched = rhaid()
        .script(&script("duration: \"3650d\""))
        .args(["--scale", "1000"])
        .run();
    stretched
        .expect_code(65)
        .expect_text("is longer than ten years");
    let late = rhaid()
        .script(&script("duration: \"1s\", start_time: \"3650d\""))
        .args(["--scale", "1000"])
        .run();
    late.expect_code(65).expect_text("is longer than ten years");
    let shrunk = rhaid()
        .script(&script("duration: \"1ns\""))
        .args(["--scale", "0.000001"])
        .run();
    shrunk.expect_code(65);
}

#[test]
fn numbers_that_are_none() {
    iteration("let x = 1 / 0;", 2).expect_text("Division by zero");
    iteration("let x = 9_223_372_036_854_775_807 + 1;", 2).expect_text("overflow");
    iteration("metrics::trend(\"t\").add(0.0 / 0.0);", 2).expect_text("NaN");
    iteration("metrics::trend(\"t\").add(1.0 / 0.0);", 2);
    iteration("metrics::trend(\"t\").add(-1e308);", 2)
        .expect_text("metric `t` is a trend and cannot record -1e308");
    iteration("metrics::counter(\"c\").add(-1);", 2)
        .expect_text("metric `c` is a counter and cannot record -1");
    iteration("metrics::gauge(\"g\").add(1e308);", 0);
    iteration("random::int(5, 1);", 2).expect_text("needs a range from low to high");
    iteration(
        "random::between(-1e308, 1e308); random::normal(0, 1e308); random::exponential(0.0 / 0.0);",
        0,
    );
    iteration("random::pick([]);", 2).expect_text("needs a list with something in it");
    iteration(
        "time::date(9_223_372_036_854_775_807); time::date(-9_223_372_036_854_775_807);",
        0,
    );
    iteration("json_text(0.0 / 0.0);", 2).expect_text("NaN cannot be written as JSON");
    run(
        "export const options = #{ slos: #{ t: #{ target: \"p(95) < 3\", optional: true } } };\nfn iteration() { metrics::trend(\"t\"); }\n",
        0,
    );
}

#[test]
fn names_without_measure() {
    let server = HttpServer::start();
    let output = rhaid()
        .script(
            r#"export const options = #{ max_tag_sets: 50 };
fn iteration() {
    for n in 0..300 {
        http::get(env("URL") + "?n=" + n, #{ name: `name ${n}`, tags: #{ n: n } });
        check(true, `check ${n}`);
        metrics::counter(`counter ${n}`).add(1);
    }
}
"#,
        )
        .env("URL", server.url("/hello"))
        .run();
    assert!(matches!(output.code, 0 | 2), "{output}");
    assert!(!output.stderr.contains("panicked"), "{output}");
    let result = output.expect_result();
    let size = result.to_string().len();
    assert!(size < 4_000_000, "the result has {size} bytes");
}

#[test]
fn texts_that_would_steer_the_terminal() {
    let output = iteration(
        "print(\"\\x1b[2J\\x07bell\"); check(true, \"\\x1b[31mred\");",
        0,
    );
    assert!(!output.stdout.contains('\u{1b}'), "{:?}", output.stdout);
    assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
}

#[test]
fn code_that_makes_code() {
    iteration("eval(\"loop { eval(\\\"let x = 1;\\\"); break; }\");", 0);
    iteration("eval(\"let x = \");", 2).expect_text("Syntax error");
    run("fn iteration() { eval(\"fn x() { }\"); }", 2);
}

/// Puts a list into lists until no stack can hold it: 37 levels at a time, since every step takes as long as it is deep.
fn nest() -> String {
    let (open, close) = ("[".repeat(10), "]".repeat(10));
    format!(
        "let piece = {open}{close}; let shell = piece;\n\
         for i in 0..3 {{ let outer = piece; outer{} = shell; shell = outer; }}\n\
         let list = []; loop {{ let next = shell; next{} = list; list = next; }}",
        "[0]".repeat(9),
        "[0]".repeat(36)
    )
}

const NESTED: &str = "nests its values too deeply";

#[test]
fn values_nested_beyond_measure_cost_a_worker_but_not_the_result() {
    let nest = nest();
    let output = run(
        &format!(
            r#"
            export const options = #{{ scenarios: #{{
                good: #{{ executor: "per-vu-iterations", exec: "good", vus: 4, iterations: 25 }},
                bad: #{{ executor: "per-vu-iterations", exec: "bad", after: "good", start_time: "1.2s" }},
                late: #{{ executor: "constant-vus", exec: "good", duration: "5m", start_time: "5m" }},
            }} }};
            fn good() {{ check(true, "well"); }}
            fn bad() {{ {nest} }}
            "#
        ),
        2,
    );
    output.expect_text(NESTED).expect_text("list = [list]");
    let result = output.expect_result();
    assert_eq!(result["run"]["outcome"]["kind"], "aborted", "{result}");
    assert_eq!(result["checks"][0]["passes"], 100, "{output}");
}

#[test]
fn values_nested_beyond_measure_in_setup_and_summary() {
    // On a busy machine it takes a while until the stack is full: longer than either may take by itself.
    let nest = nest();
    let patient = "export const options = #{ setup_timeout: \"10m\", summary_timeout: \"10m\" };";
    let output = run(
        &format!("{patient}\nfn setup() {{ {nest} }}\nfn iteration() {{ }}\n"),
        2,
    );
    output.expect_text(NESTED);
    output.expect_result();
    let output = run(
        &format!(
            "{patient}\nfn iteration() {{ check(true, \"well\"); }}\nfn summary(result) {{ {nest} }}\n"
        ),
        2,
    );
    output.expect_text(NESTED);
    output.expect_result();
}

#[test]
fn values_that_are_too_deep_for_json() {
    let output = iteration(
        "let list = []; for i in 0..200 { list = [list]; } json_text(list);",
        2,
    );
    output.expect_text("nested more than 127 levels deep");
    let path = format!("$[?{}@.a{}]", "(".repeat(5_000), ")".repeat(5_000));
    let server = HttpServer::start();
    let body = format!(r#"http::get("{}").json("{path}");"#, server.url("/json"));
    iteration(&body, 2).expect_text("more than 32 levels deep");
    let selector = format!("{}a{}", ":not(".repeat(5_000), ")".repeat(5_000));
    let body = format!(
        r#"http::get("{}").html("{selector}");"#,
        server.url("/html")
    );
    iteration(&body, 2).expect_text("32 brackets");
}

#[test]
fn costly_native_calls_do_not_keep_others_from_their_turn() {
    let script = r#"
        export const options = #{ scenarios: #{
            greedy: #{ executor: "constant-vus", exec: "greedy", duration: "1s", graceful_stop: "0s" },
            modest: #{ executor: "constant-vus", exec: "modest", duration: "1s" },
        } };
        fn greedy() { let text = "x"; text.pad(1_000_000, "x"); loop { crypto::sha256(text); } }
        fn modest() { sleep("10ms"); check(true, "had a turn"); }
        "#;
    let output = rhaid().script(script).args(["--workers", "1"]).run();
    output.expect_code(1);
    let result = output.expect_result();
    let turns = result["checks"][0]["passes"].as_u64().unwrap();
    assert!(turns >= 5, "{turns} turns in a second\n{output}");
}

#[test]
fn a_metric_that_rhaid_measures_itself_is_no_scripts() {
    for call in [
        "counter(\"iterations\").add(7)",
        "rate(\"http_req_failed\").add(false)",
    ] {
        iteration(&format!("metrics::{call};"), 2).expect_text("is measured by rhaid itself");
    }
}

#[test]
fn data_of_setup_that_is_too_deep_is_told_and_not_lost_in_silence() {
    run(
        "fn setup() { let x = []; for i in 0..130 { x = [x]; } #{ token: \"abc\", deep: x } }\nfn iteration(ctx) { }\n",
        2,
    )
    .expect_text("`setup` must return plain data");
}

#[test]
fn more_users_in_a_stage_than_a_machine_can_run() {
    run(
        r#"export const options = #{ scenarios: #{ a: #{ executor: "ramping-vus", stages: [#{ duration: "1s", target: 1_000_000_000 }] } } };
fn iteration() { }
"#,
        65,
    )
    .expect_text("more than one machine can run (at most 10,000,000)");
}
