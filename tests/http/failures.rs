//! A request that fails is a response with `error` set; a call that makes no sense is a script error.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::ports::refused_addr;
use crate::support::server::HttpServer;

/// Gets `path` and looks at the failure.
const FAIL: &str = r#"
    let r = http::get(url + env("TARGET"));
    seen.status = r.status; seen.ok = r.ok; seen.error = r.error; seen.error_code = r.error_code;
    seen.nothing = r.body == "" && r.json("a") == () && r.headers.len() == 0 && r.cookies.len() == 0 && r.size == 0;
"#;

#[test]
fn a_request_that_gets_no_answer_gives_a_response_with_the_reason() {
    let server = HttpServer::start();
    let cases = [
        (
            "/reset",
            1220,
            "connection reset by the server while waiting for the response",
        ),
        (
            "/close",
            1205,
            "the server closed the connection without answering",
        ),
        (
            "/half",
            1641,
            "the server closed the connection after 500 bytes of the body; 500 more bytes were announced",
        ),
        (
            "/chunked/cut",
            1641,
            "the server closed the connection after 6 bytes of the body; the last chunk was missing",
        ),
        (
            "/chunked/bad",
            1640,
            "the server's answer is not valid HTTP: ",
        ),
        ("/garbage", 1640, "the server's answer is not valid HTTP: "),
        (
            "/badlength",
            1640,
            "the server's answer is not valid HTTP: ",
        ),
        (
            "/badlength/conflict",
            1640,
            "the server's answer is not valid HTTP: ",
        ),
        (
            "/badlength/negative",
            1640,
            "the server's answer is not valid HTTP: ",
        ),
        (
            "/hugeheader",
            1642,
            "the response header is larger than 256 KB",
        ),
        ("/gzip/bad", 1701, "the response body is not valid gzip: "),
    ];
    for (path, code, message) in cases {
        let ran = Journey::new(FAIL).at(&server).env("TARGET", path).run();
        let saw = ran.saw();
        assert_eq!(saw["error_code"], code, "{path}: {saw}");
        let error = saw["error"].as_str().unwrap();
        assert!(error.starts_with(message), "{path}: {error}");
        assert_eq!(
            (&saw["status"], &saw["ok"], &saw["nothing"]),
            (&json!(0), &json!(false), &json!(true)),
            "{path}"
        );
        let failed = ran.metric("http_req_failed");
        assert_eq!(
            (&failed["passes"], &failed["total"]),
            (&json!(1), &json!(1))
        );
    }
}

#[test]
fn a_target_that_is_not_there_gives_a_response_too() {
    let refused = refused_addr();
    let ran = Journey::new(FAIL)
        .url(&format!("http://{refused}"))
        .env("TARGET", "/")
        .run();
    assert_eq!(ran.saw()["error_code"], 1212);
    assert_eq!(
        ran.saw()["error"],
        format!("connection refused by {refused}")
    );

    let ran = Journey::new(FAIL)
        .url("http://no-such-host.invalid")
        .env("TARGET", "/")
        .run();
    assert_eq!(ran.saw()["error_code"], 1101);
    let error = ran.saw()["error"].as_str().unwrap().to_owned();
    assert!(
        error.starts_with("cannot find the address of no-such-host.invalid: ")
            && error.ends_with("; check the name, or give its address with `hosts`"),
        "{error}"
    );
}

#[test]
fn an_unexpected_status_is_an_answer_with_a_code_and_without_an_error() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        seen.all = [404, 500, 599].map(|status| {
            let r = http::get(url + "/status/" + status);
            [r.status, r.ok, r.error, r.error_code, r.text()]
        });
        "#,
    )
    .at(&server)
    .run();
    assert_eq!(
        ran.saw()["all"],
        json!([
            [404, false, null, 1404, "status 404\n"],
            [500, false, null, 1500, "status 500\n"],
            [599, false, null, 1599, "status 599\n"]
        ])
    );
}

#[test]
fn failures_are_grouped_with_an_example_and_without_a_password() {
    let server = HttpServer::start();
    let with_user = server.url("/status/503?x=1").replace("//", "//qa:hush@");
    let ran =
        Journey::new("for n in 0..3 { http::get(env(\"FULL\"), #{ name: \"availability\" }); }")
            .env("FULL", &with_user)
            .run();
    let result = ran.output.expect_result();
    let errors = result["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = &errors[0];
    assert_eq!(
        (&error["kind"], &error["code"], &error["count"]),
        (&json!("http"), &json!("1503"), &json!(3))
    );
    assert_eq!(
        error["message"],
        "GET availability answered with status 503"
    );
    assert_eq!(error["example"]["url"], server.url("/status/503?x=1"));
    assert!(
        !result.to_string().contains("hush"),
        "a password is in the result"
    );
    assert!(
        !ran.output.to_string().contains("hush"),
        "a password was printed"
    );
}

#[test]
fn a_failure_shows_what_was_sent_and_what_came_back_without_secrets() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        for n in 0..3 {
            http::post(url + "/status/503", #{ user: "qa", password: "hush-hush", note: secret("TOKEN") },
                #{ headers: #{ authorization: "Bearer hush-hush", "x-trace": `t-${n}` } });
        }
        http::get("http://127.0.0.1:1/nobody");
        "#,
    )
    .at(&server)
    .env("TOKEN", "whisper-whisper")
    .run();
    let result = ran.output.expect_result();
    let errors = result["errors"].as_array().unwrap();
    let of = |code: &str| {
        let row = errors.iter().find(|error| error["code"] == code);
        &row.unwrap()["example"]
    };
    let failed = of("1503");
    let request = &failed["request"];
    assert_eq!(
        request["start"],
        format!("POST {}", server.url("/status/503"))
    );
    let headers = request["headers"].as_array().unwrap();
    for header in [
        json!({ "name": "authorization", "value": "***" }),
        json!({ "name": "x-trace", "value": "t-0" }),
        json!({ "name": "content-type", "value": "application/json" }),
    ] {
        assert!(headers.contains(&header), "{header} in {headers:?}");
    }
    assert_eq!(
        request["body"],
        "{\n  \"note\": \"***\",\n  \"password\": \"***\",\n  \"user\": \"qa\"\n}"
    );
    assert_eq!(failed["response"]["start"], "HTTP/1.1 503");
    assert_eq!(failed["response"]["body"], "status 503\n");
    let refused = errors
        .iter()
        .find(|error| error["code"] != "1503")
        .map(|error| &error["example"])
        .unwrap();
    assert_eq!(refused["request"]["start"], "GET http://127.0.0.1:1/nobody");
    assert!(refused.get("response").is_none(), "{refused}");
    let whole = result.to_string();
    assert!(!whole.contains("hush-hush") && !whole.contains("whisper-whisper"));
}

#[test]
fn a_call_that_makes_no_sense_is_a_script_error_and_nothing_is_sent() {
    let server = HttpServer::start();
    let cases = [
        (
            r#"http::get("/rooms")"#,
            "invalid URL \"/rooms\": it has no scheme; write http:// or https:// and the host",
        ),
        (
            r#"http::get("ftp://a/")"#,
            "the scheme \"ftp\" is not supported, only http and https",
        ),
        (r#"http::get("http://")"#, "invalid URL \"http://\""),
        (r#"http::get("")"#, "invalid URL \"\""),
        (
            r#"http::request("GE T", url)"#,
            "`GE T` is not an HTTP method",
        ),
        (r#"http::request("", url)"#, "`` is not an HTTP method"),
        (
            r#"let given = #{ headrs: #{} }; http::get(url, given)"#,
            "unknown request parameter `headrs`",
        ),
        (
            r#"let given = #{ headrs: #{} }; http::get(url, given)"#,
            "did you mean `headers`?",
        ),
        (
            r#"let given = #{ xyz: 1 }; http::get(url, given)"#,
            "there are: name, headers, tags, timeout",
        ),
        (
            r#"http::get(url, #{ headers: "a: b" })"#,
            "`headers` must be a map such as #{ … }",
        ),
        (
            r#"http::get(url, #{ headers: #{ "a b": "c" } })"#,
            "`a b` is not a header name",
        ),
        (
            r#"http::get(url, #{ headers: #{ a: "x\r\nEvil: 1" } })"#,
            "the value of the header `a` holds characters that a header cannot carry",
        ),
        (
            r#"let given = #{ timeout: "5 parsecs" }; http::get(url, given)"#,
            "`5 parsecs` is not a duration",
        ),
        (
            r#"let given = #{ timeout: -1 }; http::get(url, given)"#,
            "a duration cannot be negative",
        ),
        (
            r#"let given = #{ timeout: 1e308 }; http::get(url, given)"#,
            "it is longer than ten years",
        ),
        (
            r#"http::get(url, #{ redirects: -1 })"#,
            "`redirects` must be a whole number, not -1",
        ),
        (
            r#"http::get(url, #{ auth: #{ type: "basik", user: "a" } })"#,
            "did you mean `basic`?",
        ),
        (
            r#"http::get(url, #{ auth: #{ type: "bearer" } })"#,
            "needs a `token`",
        ),
        (
            r#"http::get(url, #{ auth: #{ token: "a\nb" } })"#,
            "holds characters that a header cannot carry",
        ),
        (r#"http::get(url, #{ auth: "qa" })"#, "`auth` must be a map"),
        (
            r#"http::get(url, #{ cookies: #{ a: "1\n2" } })"#,
            "the value of the cookie `a` holds a `;` or a control character",
        ),
        (
            r#"http::get(url, #{ expected_statuses: "2x" })"#,
            "`2x` is not a status: write 200, \"2xx\" or \"200-299\"",
        ),
        (
            r#"http::get(url, #{ discard_body: "yes" })"#,
            "`discard_body` must be true or false",
        ),
        (
            r#"http::get(url, #{ name: 5 })"#,
            "`name` must be a text, not a whole number",
        ),
        (r#"http::get(url, #{ tags: "a" })"#, "`tags` must be a map"),
        (
            r#"http::get(url, #{ cookies: #{ a: "1; b=2" } })"#,
            "the value of the cookie `a` holds a `;` or a control character",
        ),
        (
            r#"http::get(url, #{ cookies: #{ "a=1; b": "2" } })"#,
            "is not a name of a cookie",
        ),
        (
            r#"http::set_cookie(url, "a=\x00")"#,
            "the value of the cookie `a` holds a `;` or a control character",
        ),
        (
            r#"http::set_cookie(url, "")"#,
            "\"\" is not a name of a cookie",
        ),
        (
            r#"http::post(url, "body", #{ headers: #{ "Content-Length": "3" } })"#,
            "the header `content-length` does not fit the body, which has 4 bytes",
        ),
        (
            r#"http::post(url, "body", #{ headers: #{ "transfer-encoding": "chunked" } })"#,
            "the header `transfer-encoding` cannot be set",
        ),
        (r#"http::cookies("nonsense")"#, "it has no scheme"),
        (
            r#"http::get(5)"#,
            "`http::get` takes a text, not a whole number",
        ),
    ];
    // One run for all: each case is an iteration of its own.
    let arms: String = cases
        .iter()
        .enumerate()
        .map(|(at, (call, _))| format!("if ctx.iteration == {at} {{ {call}; }}\n"))
        .collect();
    let ran = Journey::new(&arms)
        .at(&server)
        .options(&format!("iterations: {}", cases.len()))
        .finish();
    ran.output.expect_code(2);
    assert_eq!(
        ran.all().len(),
        0,
        "an iteration came to its end\n{}",
        ran.output
    );
    let errors = ran.output.expect_result()["errors"].to_string();
    for (call, message) in cases {
        // The messages are looked for in JSON, so they are written as there.
        let message = serde_json::to_string(message).unwrap();
        let message = message.trim_matches('"');
        assert!(
            errors.contains(message),
            "{call}: {message}\n-- not in\n{errors}"
        );
    }
    assert_eq!(server.traffic().request_count(), 0);
}
