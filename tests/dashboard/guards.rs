//! Other web pages, other names, tokens: what must not get in.

use std::net::TcpListener;

use crate::dashboard::Shown;
use crate::support::bin::Rhaid;

const JSON: (&str, &str) = ("content-type", "application/json");
const OWN: (&str, &str) = ("x-rhaid", "1");
const STOP: &str = r#"{"stopped":true,"now":true}"#;

#[test]
fn without_a_token_only_this_machines_own_page_and_programs_get_in() {
    let shown = Shown::start(&["--ui"]);
    shown.wait_until_it_runs();
    let client = &shown.client;
    assert!(client.token.is_none() && client.address.starts_with("127.0.0.1:"));
    let port = client.address.rsplit(':').next().unwrap();

    // DNS rebinding: a name that was made to lead here.
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1",
    ] {
        for path in ["/", "/api/v1/status", "/api/v1/events"] {
            assert_eq!(
                client.ask("GET", path, &[("host", host)], "").status,
                421,
                "{host} {path}"
            );
        }
    }
    assert_eq!(
        client
            .ask("GET", "/", &[("host", &format!("localhost:{port}"))], "")
            .status,
        200
    );

    // A cross-site request to stop the run: as a form, and as a script with everything but the origin.
    let evil = ("origin", "http://evil.example");
    for (headers, status) in [
        (
            vec![("content-type", "application/x-www-form-urlencoded")],
            403,
        ),
        (vec![("content-type", "text/plain"), evil], 403),
        (vec![("content-type", "text/plain"), OWN], 415),
        (vec![JSON], 403),
        (vec![JSON, OWN, evil], 403),
        (vec![JSON, OWN, ("origin", "null")], 403),
        (vec![JSON, OWN, ("origin", "http://127.0.0.1:1")], 403),
        (vec![JSON, OWN, ("sec-fetch-site", "cross-site")], 403),
        (vec![JSON, OWN, ("sec-fetch-site", "same-site")], 403),
    ] {
        let answer = client.ask("PATCH", "/api/v1/status", &headers, STOP);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        let answer = client.ask("POST", "/api/v1/status", &headers, STOP);
        assert!(answer.status >= 400, "{headers:?}");
    }
    // What a script of another page asks before it sends such headers is not granted.
    let before = [
        evil,
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "x-rhaid"),
    ];
    let answer = client.ask("OPTIONS", "/api/v1/status", &before, "");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // Nor does another page listen.
    let listening = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    assert_eq!(
        client.ask("GET", "/api/v1/events", &listening, "").status,
        403
    );
    assert_eq!(client.get("/api/v1/status").json()["running"], true);

    let page = client.get("/");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(!page.body.contains("http://") || !page.body.contains("src=\"http"));

    let own = format!("http://{}", client.address);
    let headers = [
        JSON,
        OWN,
        ("origin", own.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(
        client.ask("PATCH", "/api/v1/status", &headers, STOP).status,
        200
    );
    shown.run.wait().expect_code(130);
}

#[test]
fn beyond_this_machine_nobody_gets_in_without_the_token() {
    let shown = Shown::start(&["--ui-listen", "127.0.0.1:0", "--quiet"]);
    let token = shown.client.token.clone().unwrap();
    assert_eq!(token.len(), 32);
    let mut stranger = shown.client.clone();
    stranger.token = None;
    // The page holds nothing, so that it can ask for the token.
    assert_eq!(stranger.get("/").status, 200);
    for path in [
        "status",
        "metrics",
        "series",
        "scenarios",
        "slos",
        "endpoints",
        "checks",
        "errors",
        "logs",
        "faults",
        "result",
        "events",
        "openapi.json",
    ] {
        assert_eq!(
            stranger.get(&format!("/api/v1/{path}")).status,
            401,
            "{path}"
        );
    }
    assert_eq!(stranger.change("PATCH", "/api/v1/status", STOP).status, 401);

    // The token for a cookie, and in with it.
    let login = format!("{{\"token\":\"{token}\"}}");
    assert_eq!(
        stranger
            .ask("POST", "/api/v1/session", &[JSON], &login)
            .status,
        403,
        "a form could send that"
    );
    let session = stranger.change("POST", "/api/v1/session", &login);
    assert_eq!(session.status, 200);
    let cookie = session.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && !cookie.contains(&token),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(
        stranger
            .ask("GET", "/api/v1/status", &[("cookie", &pair)], "")
            .status,
        200
    );

    // Guessing comes to nothing, and soon to nothing at all.
    let mut refused = Vec::new();
    for number in 0..14 {
        let guess = format!("{{\"token\":\"{number:032}\"}}");
        refused.push(stranger.change("POST", "/api/v1/session", &guess).status);
    }
    assert!(
        refused[..10].iter().all(|status| *status == 401),
        "{refused:?}"
    );
    assert!(
        refused[10..].iter().all(|status| *status == 429),
        "{refused:?}"
    );
    assert_eq!(
        shown.client.get("/api/v1/status").status,
        429,
        "not even the right one is looked at"
    );
    // Who is in stays in, and can end it.
    let headers = [JSON, OWN, ("cookie", pair.as_str())];
    assert_eq!(
        stranger
            .ask("PATCH", "/api/v1/status", &headers, STOP)
            .status,
        200
    );
    shown.run.wait().expect_code(130);
}

#[test]
fn a_token_that_was_chosen_is_taken_if_it_is_long_enough() {
    let run = |token: &str| {
        Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .script("fn iteration() { sleep(0.01); }")
            .args(["--ui-listen", "127.0.0.1:0", "--iterations", "1"])
            .env("RHAID_UI_TOKEN", token)
            .run()
    };
    let taken = run("a-token-of-my-own-choice");
    taken.expect_code(0);
    assert!(
        taken.stderr.contains("/#token=a-token-of-my-own-choice"),
        "{}",
        taken.stderr
    );
    let short = run("short");
    short.expect_code(64);
    assert!(short.stderr.contains("RHAID_UI_TOKEN"), "{}", short.stderr);
}

#[test]
fn a_port_that_is_taken_is_an_error_where_it_was_asked_for_and_another_is_found_where_not() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = |args: &[&str]| {
        Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .script("fn iteration() { sleep(0.01); }")
            .args(["--iterations", "1"])
            .args(args)
            .run()
    };
    let refused = run(&["--ui-listen", &address]);
    refused.expect_code(64);
    assert!(
        refused.stderr.contains("another program listens there"),
        "{}",
        refused.stderr
    );
    let wrong = run(&["--ui-listen", "nowhere"]);
    wrong.expect_code(64);
    // The usual port, or if another test has it, a free one.
    let _usual = TcpListener::bind("127.0.0.1:5665");
    let found = run(&["--ui"]);
    found.expect_code(0);
    assert!(
        found.stderr.contains("dashboard: http://127.0.0.1:"),
        "{}",
        found.stderr
    );
}
