//! Several scenarios in one run: at once, one after the other, each with its own function, environment and tags.

use crate::support::reading::{Reading, number, run_of};
use crate::support::server::HttpServer;

#[test]
fn scenarios_run_at_once_each_with_its_own_function_environment_and_tags() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{
            tags: #{ team: "hotel", kind: "any" },
            scenarios: #{
                guests: #{ executor: "per-vu-iterations", vus: 2, iterations: 3, exec: "book",
                           env: #{ MODE: "fast" }, tags: #{ kind: "guest" } },
                staff: #{ executor: "shared-iterations", iterations: 4, exec: "look" },
            },
        };
        fn book(ctx) { http::get(`${env("BASE_URL")}/hello`, #{ name: "book" }); log::info(`${ctx.scenario} ${env("MODE", "none")}`); }
        fn look(ctx) { http::get(`${env("BASE_URL")}/hello`, #{ name: "look" }); log::info(`${ctx.scenario} ${env("MODE", "none")}`); }
        "#,
    )
    .args(["--workers", "2", "--env", "MODE=slow"])
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let mut expected = vec!["guests fast"; 6];
    expected.extend(["staff slow"; 4]);
    assert_eq!(output.logged(), expected);
    assert_eq!(output.scenario("guests")["iterations"], 6);
    assert_eq!(output.scenario("staff")["iterations"], 4);
    assert_eq!(output.endpoint("book")["requests"], 6);
    assert_eq!(output.endpoint("book")["scenario"], "guests");
    assert_eq!(output.endpoint("look")["requests"], 4);
    let requests = |tags: &[(&str, &str)]| -> f64 {
        let series = output.tagged("http_reqs", tags);
        series.iter().map(|values| number(&values["count"])).sum()
    };
    assert_eq!(requests(&[("kind", "guest"), ("team", "hotel")]), 6.0);
    assert_eq!(requests(&[("kind", "any"), ("team", "hotel")]), 4.0);
    assert_eq!(requests(&[("scenario", "staff")]), 4.0);
}

#[test]
fn a_scenario_after_another_starts_when_that_one_has_ended_on_every_core() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            third: #{ executor: "shared-iterations", vus: 2, iterations: 2, after: "second" },
            second: #{ executor: "per-vu-iterations", vus: 2, iterations: 1, after: "first", start_time: "0.2s" },
            first: #{ executor: "per-vu-iterations", vus: 4, iterations: 1 },
        } };
        fn iteration(ctx) {
            sleep(if ctx.vu % 4 == 3 { 0.4 } else { 0.05 });
        }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    let row = |name: &str, key: &str| number(&output.scenario(name)[key]);
    let end = |name: &str| row(name, "start_seconds") + row(name, "duration_seconds");
    assert!(end("first") >= 0.4, "{}", end("first"));
    assert!(row("second", "start_seconds") >= end("first") + 0.15);
    assert!(row("third", "start_seconds") >= end("second"));
}

#[test]
fn only_the_chosen_scenarios_run() {
    let script = r#"
        export const options = #{ scenarios: #{
            a: #{ executor: "shared-iterations", iterations: 1 },
            b: #{ executor: "shared-iterations", iterations: 2 },
            c: #{ executor: "shared-iterations", iterations: 3 },
        } };
        fn iteration(ctx) { log::info(ctx.scenario); }
        "#;
    let output = run_of(script)
        .args(["--scenario", "a", "--scenario", "c"])
        .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["a", "c", "c", "c"]);
    assert_eq!(
        output.expect_result()["scenarios"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let wrong = run_of(script).args(["--scenario", "aa"]).run();
    wrong
        .expect_code(64)
        .expect_text("there is no scenario `aa`");
    wrong.expect_text("a, b, c");
}

#[test]
fn a_scenario_that_has_ended_leaves_the_others_alone() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            short: #{ executor: "shared-iterations", iterations: 1, exec: "quick" },
            long: #{ executor: "constant-vus", vus: 1, duration: "0.5s", exec: "slow" },
        } };
        fn quick() { }
        fn slow() { sleep(0.05); }
        "#,
    )
    .run();
    output.expect_code(0);
    let lasted = |name: &str| number(&output.scenario(name)["duration_seconds"]);
    assert!(lasted("long") >= 0.5, "{}", lasted("long"));
    assert!(lasted("short") < lasted("long"), "{}", lasted("short"));
}
