//! Tests that run at once do not meet.

use crate::scripttests::{rhaid, tested};

#[test]
fn state_cookies_shared_values_constants_and_mocks_are_each_tests_own() {
    let test = |name: &str| {
        format!(
            r#"
            fn test_{name}(ctx) {{
                assert_eq([ctx.vu, ctx.iteration, ctx.state], [1, 0, #{{}}]);
                ctx.state.mine = 1;
                mock::on("GET", "/set").reply(200, "", #{{ "Set-Cookie": "who={name}" }});
                mock::on("GET", "/get").reply(200);
                http::get(env("BASE_URL") + "/get");
                assert_eq(mock::calls()[0].header("cookie"), ());
                http::get(mock::url() + "/set");
                for round in 0..20 {{
                    http::get(mock::url() + "/get");
                    assert_eq(shared::counter("n").add(1), round + 1);
                    assert_eq(global::COUNTER.add(1), round + 1);
                }}
                let seen = mock::calls("GET", "/get");
                assert_eq(seen.len, 21);
                assert_eq(seen[20].header("cookie"), "who={name}");
                assert_eq(test::slept(), 0);
                sleep(1);
            }}"#
        )
    };
    let tests: String = (0..16).map(|n| test(&format!("n{n}"))).collect();
    let text = format!("const COUNTER = shared::counter(\"top\");\n{tests}");
    let output = rhaid()
        .file("a_test.rhai", text)
        .args(["test", "--jobs", "8"])
        .run();
    output.expect_code(0).expect_text("16 passed");
    // In the order in which they stand, whichever ended first.
    let names: Vec<&str> = output
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("test a_test::test_n")?.split(' ').next())
        .collect();
    let expected: Vec<String> = (0..16).map(|n| n.to_string()).collect();
    assert_eq!(names, expected);
}

#[test]
fn what_is_random_is_the_same_each_time_and_follows_the_seed() {
    let numbers = |seed: &str| {
        let output = rhaid()
            .file("a_test.rhai", "fn test_a() { fail(`${random::int(0, 1000000000)}`); }\nfn test_b() { fail(`${random::int(0, 1000000000)}`); }")
            .args(["test", "--seed", seed])
            .run();
        let lines = output.stdout.lines();
        let found: Vec<String> = lines
            .filter(|l| l.starts_with("Error: "))
            .map(str::to_owned)
            .collect();
        assert_eq!(found.len(), 2, "{output}");
        found
    };
    let first = numbers("0");
    assert_eq!(first[0], first[1]);
    assert_eq!(numbers("0"), first);
    assert_ne!(numbers("1"), first);
}

#[test]
fn the_shells_own_target_is_not_met_and_sleeps_can_be_real() {
    rhaid()
        .file(
            "a_test.rhai",
            "fn test_a() { assert_eq(env(\"BASE_URL\"), mock::url()); }",
        )
        .env("BASE_URL", "http://127.0.0.1:1")
        .arg("test")
        .run()
        .expect_code(0);
    rhaid()
        .file(
            "a_test.rhai",
            "fn test_a() { let began = time::now(); sleep(\"300ms\"); assert(time::now() - began >= 0.29); assert_eq(test::slept(), 0.3); }",
        )
        .args(["test", "--real-time"])
        .run()
        .expect_code(0);
}

#[test]
fn special_functions_are_not_run_and_options_count() {
    tested(
        r#"
        export const options = #{ user_agent: "mine/1" };
        fn setup() { fail("not me"); }
        fn vu_start() { fail("not me"); }
        fn teardown() { fail("not me"); }
        fn test_a() {
            mock::on("GET", "/").reply(200);
            http::get(mock::url() + "/");
            assert_eq(mock::calls()[0].header("user-agent"), "mine/1");
        }
        "#,
    )
    .expect_code(0);
}

#[test]
fn the_file_of_defaults_is_for_tests_too_and_keeps_nobody_from_the_mock() {
    let test = r#"
        fn test_it() {
            mock::on("GET", "/x").header("x-of", "the file").reply(200);
            for n in 0..5 { check(http::get(mock::url() + "/x").status == 200, "it is reached"); }
        }
    "#;
    let defaults = "allowed_hosts = [\"staging.example.com\"]\nrps = 0.01\nproxy = \"http://127.0.0.1:1\"\n[headers]\nX-Of = \"the file\"\n";
    rhaid()
        .file("rhaid.toml", defaults)
        .file("a_test.rhai", test)
        .args(["test", "--timeout", "10s"])
        .run()
        .expect_code(0);
    rhaid()
        .file("rhaid.toml", "timout = 1")
        .file("a_test.rhai", test)
        .arg("test")
        .run()
        .expect_code(78)
        .expect_text("rhaid.toml");
}
