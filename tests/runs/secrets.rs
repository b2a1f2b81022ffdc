//! What must never be shown: in no result, no log, no summary, no message.

use crate::support::bin::{Output, Rhaid};
use crate::support::ports::refused_addr;
use crate::support::reading::{Reading, run_of};
use crate::support::server::HttpServer;

/// Everything a run leaves behind.
fn everything(output: &Output) -> String {
    let file = std::fs::read_to_string(output.path("result.json")).unwrap_or_default();
    format!("{}\n{}\n{file}", output.stdout, output.stderr)
}

#[track_caller]
fn assert_hidden(output: &Output, secrets: &[&str]) {
    let everything = everything(output);
    for secret in secrets {
        if let Some(at) = everything.find(secret) {
            let from = everything[..at].rfind('\n').unwrap_or(0);
            let line: String = everything[from..].chars().take(300).collect();
            panic!("{secret:?} is shown: {line}");
        }
    }
}

#[test]
fn headers_that_authorise_and_cookies_are_sent_and_never_shown() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        export const options = #{
            iterations: 2,
            headers: #{ "Authorization": "Bearer top-header-1", "X-Api-Key": "top-header-2" },
        };
        fn setup() { http::get(`${env("BASE_URL")}/cookies/set?session=cookie-value-3`); }
        fn iteration() {
            http::get(`${env("BASE_URL")}/cookies/set?session=cookie-value-3`, #{ name: "login" });
            http::get(`${env("BASE_URL")}/status/500`, #{
                name: "failing",
                headers: #{ authorization: "Bearer own-header-4", cookie: "a=own-cookie-5" },
            });
            http::get(`${env("BASE_URL")}/status/401`, #{ name: "basic", auth: #{ user: "u", password: "own-password-6" } });
            http::get(`${env("BASE_URL")}/status/403`, #{ name: "cookies", cookies: #{ b: "own-cookie-7" } });
        }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .run();
    output.expect_code(0);
    let sent = |name: &str, value: &str| {
        let requests = server.requests();
        requests.iter().any(|request| {
            request
                .headers_named(name)
                .any(|header| header.contains(value))
        })
    };
    assert!(sent("authorization", "top-header-1") && sent("x-api-key", "top-header-2"));
    assert!(sent("authorization", "own-header-4") && sent("cookie", "own-cookie-7"));
    assert!(sent("cookie", "cookie-value-3"));
    assert_hidden(
        &output,
        &[
            "top-header-1",
            "top-header-2",
            "cookie-value-3",
            "own-header-4",
            "own-cookie-5",
            "own-password-6",
            "own-cookie-7",
        ],
    );
    assert_eq!(
        output.expect_result()["options"]["headers"]["Authorization"],
        "***"
    );
}

#[test]
fn a_secret_is_itself_to_the_script_and_masked_to_everyone_else() {
    let server = HttpServer::start();
    let output = run_of(
        r#"
        const TOKEN = secret("TOKEN");
        print(`top level ${TOKEN}`);
        export const options = #{
            iterations: 1,
            user_agent: `agent ${TOKEN}`,
            tags: #{ build: `b-${TOKEN}` },
            slos: #{ "checks{check:no hunter2-and-more}": [ #{ target: "rate > 1%", name: `needs ${TOKEN}` } ] },
        };
        fn setup() { log::info(`setup ${global::TOKEN}`); #{ token: global::TOKEN } }
        fn iteration(ctx) {
            http::get(`${env("BASE_URL")}/hello/${ctx.data.token}?q=${ctx.data.token}`);
            http::get(`${env("BASE_URL")}/hello`, #{ name: `named ${global::TOKEN}`, tags: #{ t: global::TOKEN } });
            check(false, `no ${global::TOKEN}`);
            group(`in ${global::TOKEN}`, || { metrics::counter("c").add(1, #{ k: global::TOKEN }); });
            log::warn(`seen ${ctx.data.token}`);
            log::info(if ctx.data.token == "hunter2-" + "and-more" { "as it is" } else { "changed" });
            throw `because of ${global::TOKEN}`;
        }
        fn teardown(data) { throw `and ${data.token}`; }
        fn summary(result) { `summary of ${secret("TOKEN")}` }
        "#,
    )
    .env("BASE_URL", server.url(""))
    .env("TOKEN", "hunter2-and-more")
    .run();
    output.expect_code(2);
    assert!(
        server.requests()[0].target.contains("hunter2-and-more"),
        "the target gets it as it is"
    );
    assert_eq!(output.logged(), ["as it is", "setup ***"]);
    assert_eq!(output.stdout, "summary of ***\n");
    output.expect_text("top level ***");
    output.expect_text("seen ***");
    assert_eq!(output.checks()["no ***"], (0, 1));
    assert_eq!(output.expect_result()["options"]["user_agent"], "agent ***");
    // The script's own text may hold the name it is checked by; everything else is masked.
    assert_hidden(&output, &["hunter2-and-more"]);
}

#[test]
fn a_secret_in_the_message_of_a_run_that_did_not_start_is_masked() {
    let thrown = run_of(r#"throw `wrong: ${secret("TOKEN")}`; fn iteration() { }"#)
        .env("TOKEN", "hunter2-and-more")
        .run();
    thrown.expect_code(65).expect_text("wrong: ***");
    assert_hidden(&thrown, &["hunter2-and-more"]);
    let setup = run_of(
        r#"
        fn setup() { http::get(`${env("BASE_URL")}/${secret("TOKEN")}`); throw `no ${secret("TOKEN")}`; }
        fn iteration() { }
        "#,
    )
    .env("BASE_URL", format!("http://{}", refused_addr()))
    .env("TOKEN", "hunter2-and-more")
    .run();
    setup.expect_code(69).expect_text("no ***");
    assert_hidden(&setup, &["hunter2-and-more"]);
    let aborted = run_of(r#"fn iteration() { abort(`found ${secret("TOKEN")}`); }"#)
        .env("TOKEN", "hunter2-and-more")
        .run();
    aborted.expect_code(2).expect_text("found ***");
    assert_hidden(&aborted, &["hunter2-and-more"]);
}

#[test]
fn a_secret_that_is_not_set_or_cannot_be_hidden_says_so() {
    let missing = run_of(r#"const T = secret("NO_SUCH_TOKEN"); fn iteration() { }"#).run();
    missing.expect_code(65);
    missing.expect_text("the environment variable `NO_SUCH_TOKEN` is not set");
    missing.expect_text("--env NO_SUCH_TOKEN=");
    let short = run_of(r#"const T = secret("TOKEN"); fn iteration() { }"#)
        .env("TOKEN", "abc")
        .run();
    short.expect_code(65).expect_text("fewer than 4 characters");
    let default =
        run_of(r#"fn iteration() { log::info(`<${secret("NO_SUCH_TOKEN", "")}>`); }"#).run();
    default.expect_code(0);
    assert_eq!(default.logged(), ["<>"]);
}

#[test]
fn passwords_in_urls_and_tokens_in_queries_are_masked() {
    let refused = refused_addr();
    let output = run_of(
        r#"
        fn iteration() {
            http::get(`http://someone:url-password-1@${env("HOST")}/x?page=2&api_key=query-token-2`);
            http::get(`http://${env("HOST")}/x?next=http%3A%2F%2Fu%3Anested-password-3@h%2F%3Ftoken%3Dnested-token-4`);
            log::info(`see http://u:logged-password-5@${env("HOST")}/`);
        }
        "#,
    )
    .env("HOST", refused.to_string())
    .args(["--format", "json"])
    .run();
    output.expect_code(0);
    assert_eq!(output.count("http_reqs"), 2);
    assert_hidden(
        &output,
        &[
            "url-password-1",
            "query-token-2",
            "nested-password-3",
            "nested-token-4",
            "logged-password-5",
        ],
    );
    let url = output.expect_result()["errors"][0]["example"]["url"].clone();
    assert!(url.as_str().unwrap().contains("page=2"), "{url}");
}

#[test]
fn a_scenario_may_be_called_token_without_vanishing_from_the_options() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            refresh_token: #{ executor: "shared-iterations", iterations: 2, env: #{ DB_PASSWORD: "scenario-secret" } },
        } };
        fn iteration() { }
        "#,
    )
    .run();
    output.expect_code(0);
    let resolved = &output.expect_result()["options"]["scenarios"]["refresh_token"];
    assert_eq!(resolved["iterations"], 2);
    assert_eq!(resolved["env"]["DB_PASSWORD"], "***");
    assert_hidden(&output, &["scenario-secret"]);
}

#[test]
fn what_names_and_urls_tell_is_masked_in_options_messages_and_the_plan() {
    let script = r#"
        export const options = #{
            headers: #{ "X-Auth": "secret-1", "Author": "shown-1" },
            scenarios: #{ s: #{
                executor: "shared-iterations", iterations: 1, exec: "journey",
                env: #{ DB_PASS: "secret-2", SIGNING_KEY: "secret-3", PIN: "secret-4", HOOK: "https://h/?access_token=secret-5&n=shown-2" },
            } },
        };
        fn journey() {
            try { http::get("http://qa:secret-6@:80/"); } catch (e) { log::warn(e); }
            http::get(env("BASE_URL") + "/status/500?sig=secret-7&n=shown-3");
            http::get(env("BASE_URL") + "/status/404", #{ name: "http://qa:secret-8@h/?api_key=secret-9" });
            check(true, "author is qa");
            http::get("http://qa:secret-6@:80/");
        }
    "#;
    let secrets = [
        "secret-1", "secret-2", "secret-3", "secret-4", "secret-5", "secret-6", "secret-7",
        "secret-8", "secret-9",
    ];
    let server = HttpServer::start();
    let output = run_of(script).env("BASE_URL", server.url("")).run();
    output.expect_code(2);
    assert_hidden(&output, &secrets);
    let everything = everything(&output);
    for shown in ["shown-1", "shown-2", "shown-3", "author is qa"] {
        assert!(everything.contains(shown), "{shown}\n{output}");
    }
    let plan = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("script.rhai", script)
        .env("BASE_URL", server.url(""))
        .args(["inspect", "script.rhai"])
        .run();
    plan.expect_code(0).expect_text("shown-2");
    assert_hidden(&plan, &secrets);
}
