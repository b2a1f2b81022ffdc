//! `rhaid convert har`.

use serde_json::{Value, json};

use crate::convert::{rhaid, runs_green, script};
use crate::support::golden::hold;

const CHROMIUM: &str = include_str!("fixtures/chromium.har");

fn entry(at: u32, method: &str, url: &str, status: u16, more: Value) -> Value {
    let mut entry = json!({
        "startedDateTime": format!("2026-01-01T10:00:{at:02}.000Z"),
        "time": 100.0,
        "request": { "method": method, "url": url, "headers": [] },
        "response": { "status": status, "headers": [], "content": { "mimeType": "application/json" } },
    });
    merge(&mut entry, more);
    entry
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn har(entries: Vec<Value>) -> String {
    json!({ "log": { "version": "1.2", "entries": entries } }).to_string()
}

fn header(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

/// A shop with what recordings have in them: a form with a hidden token, a redirect, cookies, assets, strangers.
fn shop() -> String {
    let html = |text: &str| json!({ "response": { "content": { "mimeType": "text/html; charset=utf-8", "text": text } } });
    let asset = |mime: &str| json!({ "response": { "content": { "mimeType": mime } } });
    let mut login = json!({
        "request": {
            "headers": [header(":method", "POST"), header("User-Agent", "x"), header("Accept", "text/html,*/*;q=0.8"), header("Cookie", "sid=abc; theme=dark")],
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "text": "csrf=Zx81kQ20pLm4&user=ada&password=correct+horse",
            },
        },
        "response": { "redirectURL": "/account/4711", "headers": [header("Set-Cookie", "session=s3cr3t0123; Path=/")] },
    });
    merge(
        &mut login,
        json!({ "response": { "content": { "mimeType": "text/html" } } }),
    );
    let order = json!({
        "request": {
            "headers": [header("X-Api-Key", "k-0123456789"), header("Authorization", "Bearer eyJhbGciOi.unknown.token1")],
            "postData": {
                "mimeType": "application/json",
                "text": "{\"item\":\"tea-9af83b21\",\"count\":1,\"from\":\"2026-07-01\",\"note\":\"`${x}` \\\"a\\\"\",\"gift\":null}",
            },
        },
        "response": {
            "headers": [header("Location", "https://shop.example.com/api/orders/ord-77ab31")],
            "content": { "text": "{\"status\":\"new\"}" },
        },
    });
    har(vec![
        entry(
            0,
            "GET",
            "https://shop.example.com/login",
            200,
            html("<form><input type=hidden name=csrf value=Zx81kQ20pLm4><input name=user></form>"),
        ),
        entry(
            1,
            "GET",
            "https://shop.example.com/app.css",
            200,
            asset("text/css"),
        ),
        entry(
            1,
            "GET",
            "https://static.example.com/app.js?v=3",
            200,
            asset("text/javascript"),
        ),
        entry(
            1,
            "GET",
            "https://tracker.test/pixel.gif",
            200,
            asset("image/gif"),
        ),
        entry(
            1,
            "GET",
            "https://shop.example.com/missing.png",
            404,
            asset("image/png"),
        ),
        entry(5, "POST", "https://shop.example.com/login", 302, login),
        entry(
            6,
            "GET",
            "https://shop.example.com/account/4711",
            200,
            html("<p>Hello</p>"),
        ),
        entry(
            7,
            "GET",
            "https://shop.example.com/api/items?q=tea%20time",
            200,
            json!({
                "response": { "content": { "encoding": "base64",
                    // {"items":[{"id":"tea-9af83b21","name":"Tea"}]}
                    "text": "eyJpdGVtcyI6W3siaWQiOiJ0ZWEtOWFmODNiMjEiLCJuYW1lIjoiVGVhIn1dfQ==" } },
            }),
        ),
        entry(8, "POST", "https://shop.example.com/api/orders", 201, order),
        entry(
            40,
            "GET",
            "https://shop.example.com/api/orders/ord-77ab31",
            304,
            json!({}),
        ),
        entry(
            41,
            "GET",
            "https://shop.example.com/api/slow",
            0,
            json!({ "response": null }),
        ),
        entry(41, "GET", "wss://shop.example.com/live", 101, json!({})),
    ])
}

#[test]
fn a_recording_of_a_real_browser_becomes_a_script_that_runs() {
    let output = rhaid(["convert", "har", "chromium.har", "-o", "out.rhai"])
        .file("chromium.har", CHROMIUM)
        .run();
    let script = script(&output);
    hold("convert", "chromium", &script);
    runs_green(&script);
}

#[test]
fn forms_redirects_values_and_secrets_are_what_they_were() {
    let output = rhaid(["convert", "har", "shop.har", "-o", "out.rhai"])
        .file("shop.har", shop())
        .run();
    let script = script(&output);
    hold("convert", "shop", &script);
    hold("convert", "shop_told", &output.stderr);
    for secret in ["correct horse", "k-0123456789", "eyJhbGciOi", "s3cr3t"] {
        assert!(!script.contains(secret), "{secret}");
        assert!(!output.stderr.contains(secret), "{secret}");
    }
}

#[test]
fn assets_pauses_and_domains_are_chosen() {
    let convert = |args: [&str; 2]| {
        let output = rhaid(["convert", "har", "shop.har", "-o", "out.rhai"])
            .args(args)
            .file("shop.har", shop())
            .run();
        script(&output)
    };
    let dropped = convert(["--assets", "drop"]);
    assert!(!dropped.contains("app.css"), "{dropped}");
    let page = convert(["--assets", "page"]);
    assert!(
        page.contains("page::load(`${global::BASE}/login`"),
        "{page}"
    );
    assert!(!convert(["--think", "0"]).contains("think::"));
    assert!(convert(["--think", "0.5"]).contains("think::log_normal"));
    let tracker = convert(["--domain", "tracker.test"]);
    assert!(tracker.contains("pixel.gif") && !tracker.contains("/login"));
}

#[test]
fn what_is_no_archive_is_told_with_its_place() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_in_log = format!("{{\"log\":{{\"x\":{deep},\"entries\":[]}}}}");
    let cut = CHROMIUM.get(..CHROMIUM.len() / 2).unwrap();
    for (name, text) in [
        ("har_empty", ""),
        ("har_text", "GET / HTTP/1.1"),
        ("har_list", "[1, 2]"),
        ("har_other_json", "{\"a\": 1}"),
        ("har_no_entries", "{\"log\": {\"version\": \"1.2\"}}"),
        ("har_entries_map", "{\"log\": {\"entries\": {}}}"),
        ("har_nothing", "{\"log\": {\"entries\": []}}"),
        ("har_deep", deep_in_log.as_str()),
        ("har_cut", cut),
    ] {
        let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
            .file("a.har", text)
            .run();
        output.expect_code(65);
        hold("convert", name, &output.stderr);
        assert!(!output.path("out.rhai").exists(), "{name}");
    }
}

#[test]
fn odd_entries_do_no_harm() {
    let odd = json!({ "log": { "pages": null, "entries": [
        {},
        { "request": null, "response": null },
        { "request": { "method": "GET", "url": "not a url" } },
        { "request": { "method": "GET", "url": "https://h.test/", "headers": null },
          "response": { "status": -1 } },
        { "startedDateTime": "yesterday", "time": -5, "request": { "method": "get", "url": "https://h.test/a\"b`${c}" },
          "response": { "status": 200.0, "content": null } },
    ] } });
    let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
        .file("a.har", format!("\u{feff}{odd}"))
        .run();
    hold("convert", "har_odd", &script(&output));
}

#[test]
fn a_large_archive_is_read_as_a_stream() {
    let image = "A".repeat(1 << 20);
    let mut entries: Vec<Value> = (0..20)
        .map(|at| {
            let url = format!("https://h.test/{at}.png");
            let content = json!({ "mimeType": "image/png", "text": image, "encoding": "base64" });
            entry(
                at,
                "GET",
                &url,
                200,
                json!({ "response": { "content": content } }),
            )
        })
        .collect();
    entries.push(entry(30, "GET", "https://h.test/api", 200, json!({})));
    let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
        .file("a.har", har(entries))
        .run();
    assert!(script(&output).contains("/api`"));
}

#[test]
fn nothing_is_written_over_unless_it_is_asked_for() {
    let convert = || {
        rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
            .file("a.har", CHROMIUM)
            .file("out.rhai", "mine")
    };
    let output = convert().run();
    output.expect_code(74).expect_text("--force");
    let kept = std::fs::read_to_string(output.path("out.rhai")).unwrap();
    assert_eq!(kept, "mine");
    let output = convert().arg("--force").run();
    assert!(script(&output).contains("fn journey()"));
}

#[test]
fn files_and_flags_that_are_none() {
    rhaid(["convert", "har", "none.har"]).run().expect_code(66);
    rhaid(["convert", "har", "."]).run().expect_code(65);
    rhaid(["convert", "harr", "x.har"]).run().expect_code(64);
    rhaid(["convert", "har", "x.har", "--think", "-1"])
        .run()
        .expect_code(64);
    rhaid(["convert", "curl", "curl h", "--assets", "drop"])
        .run()
        .expect_code(64)
        .expect_text("means nothing to `curl`");
}

/// Whatever a recording says, the script is one, has no secret in it, and sends what was sent.
#[test]
fn a_hostile_recording_becomes_a_script_without_its_code_and_secrets() {
    let evil = "a`${throw \"x\"}`*/\"\n\u{2028}\u{0}";
    let post = |at, kind: &str, text: &str| {
        let data = json!({ "request": { "postData": { "mimeType": kind, "text": text } } });
        entry(at, "POST", "http://h.test/a", 200, data)
    };
    let get = |at, url: &str, headers: Vec<Value>| {
        let more = json!({ "request": { "headers": headers } });
        entry(at, "GET", url, 200, more)
    };
    let part = |name: &str, value: &str| {
        format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = format!("{}{}--B--\r\n", part("f", "x"), part("f", "y"));
    let entries = vec![
        get(
            0,
            "http://h.test/`${throw}?q=`${y}`&token=SECRET-1",
            vec![
                header("cookie", "`${1}token=SECRET-2; b\u{1b}[2J=1"),
                header("x-foo bar", "not sendable"),
                header("x-evil", "a`${throw}"),
            ],
        ),
        post(1, "text/plain", evil),
        post(
            2,
            "text/plain",
            "{\"a\": \"token\", \"password\":\"SECRET-3\"}",
        ),
        post(3, "text/xml", "<a><password>SECRET-4</password></a>"),
        post(
            4,
            "application/x-www-form-urlencoded",
            "a=%FF&password=SECRET-5",
        ),
        post(5, "multipart/form-data; boundary=B", &multipart),
        get(6, "http://u:SECRET-6@h.test/u", Vec::new()),
        get(7, "http://h.test/x;jsessionid=SECRET-7", Vec::new()),
        get(8, "http://base.h.test/x", Vec::new()),
        entry(9, "", "http://h.test/none", 200, json!({})),
        entry(10, "CONNECT", "http://h.test/none", 200, json!({})),
    ];
    let output = rhaid(["convert", "har", "evil.har", "-o", "out.rhai"])
        .file("evil.har", har(entries))
        .run();
    let script = script(&output);
    assert!(!script.contains("SECRET-"), "{script}");
    assert!(!script.contains("/none"), "{script}");
    let told = format!("{}{}", output.stdout, output.stderr);
    assert!(
        !told.contains("SECRET-") && !told.contains('\u{1b}'),
        "{told}"
    );
    for line in [
        r#"http::set_cookie(global::BASE, `${"`${1}token="}${global::SECRET_1_TOKEN}`);"#,
        r#"`{"a": "token", "password":${json_text(global::PASSWORD)}}`"#,
        "<a><password>${global::PASSWORD_2}</password></a>",
        "a=%FF&password=${encoding::url(global::PASSWORD_3)}",
        r#"http::multipart(#{ f: ["x", "y"] })"#,
        "auth: #{ user: global::USER, password: global::PASSWORD_4 }",
        r#"const BASE_URL = env("BASE_URL_2", "http://base.h.test");"#,
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
}

/// What grows with the square of a recording would take minutes here.
#[test]
fn a_long_recording_takes_no_longer_than_it_is() {
    let page = |at: usize| {
        let next = at + 1;
        json!({
            "startedDateTime": format!("2026-01-01T10:{:02}:{:02}.000Z", at / 60 % 60, at % 60),
            "time": 10.0,
            "pageref": format!("p{at}"),
            "_resourceType": "document",
            "request": {
                "method": "GET",
                "url": format!("http://h.test/page-{at}-of/17"),
                "headers": [header("cookie", &format!("c{at}=1"))],
            },
            "response": { "status": 200, "headers": [], "content": {
                "mimeType": "application/json",
                "text": format!("{{\"next\":\"page-{next}-of\",\"n\":[17,17,17,17,17]}}"),
            }},
        })
    };
    let output = rhaid(["convert", "har", "long.har", "-o", "out.rhai"])
        .file("long.har", har((1000..7000).map(page).collect()))
        .run();
    let script = script(&output);
    assert_eq!(script.matches("group(").count(), 6000);
}

/// As a browser sends them: what was on its way together goes together, unless one needs what another gave.
#[test]
fn calls_that_overlap_go_at_once() {
    let at = |milliseconds: u32, method: &str, path: &str, status: u16, more: Value| {
        let mut call = entry(
            0,
            method,
            &format!("http://127.0.0.1:8080{path}"),
            status,
            more,
        );
        let began = format!("2026-01-01T10:00:00.{milliseconds:03}Z");
        merge(
            &mut call,
            json!({ "startedDateTime": began, "_resourceType": "fetch" }),
        );
        call
    };
    let gives = |text: &str| json!({ "response": { "content": { "text": text } } });
    let mut reserve = gives("{\"id\":\"R-77ab31c4\"}");
    merge(
        &mut reserve,
        json!({ "request": { "postData": { "mimeType": "application/json", "text": "{\"room\":\"room-double\",\"guest\":\"Ada\",\"nights\":1}" } } }),
    );
    let entries = vec![
        at(
            0,
            "GET",
            "/api/v1/pms/availability?nights=2",
            200,
            gives("{\"rooms\":[{\"id\":\"room-double\"}]}"),
        ),
        at(20, "GET", "/health/live", 200, json!({})),
        at(50, "POST", "/api/v1/reservations", 201, reserve),
        at(60, "GET", "/nothing/here", 404, json!({})),
        at(
            300,
            "POST",
            "/api/v1/reservations/R-77ab31c4/cancel",
            200,
            json!({}),
        ),
        at(450, "GET", "/health/ready", 200, json!({})),
    ];
    let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
        .file("a.har", har(entries))
        .run();
    let script = script(&output);
    hold("convert", "har_at_once", &script);
    runs_green(&script);
}

/// A run says what is missing before it sends anything; a check only warns of it.
#[test]
fn a_secret_must_be_set() {
    let output = rhaid(["convert", "har", "shop.har", "-o", "out.rhai"])
        .file("shop.har", shop())
        .run();
    let script = script(&output);
    assert!(script.contains("secret(\"PASSWORD\");"), "{script}");
    let check = rhaid(["check", "out.rhai"]).file("out.rhai", &script).run();
    check.expect_code(0).expect_text("`PASSWORD` is not set");
    let run = rhaid(["run", "out.rhai", "--duration", "1s"])
        .file("out.rhai", &script)
        .run();
    run.expect_code(65).expect_text("is not set");
}

/// A PIN is a number in JSON, and how many tokens there may be is one that everybody may know; a query of GraphQL holds texts.
#[test]
fn a_secret_may_be_a_number_or_stand_in_a_query() {
    let posted = |text: &str| {
        json!({ "request": { "method": "POST", "url": "https://h.test/a",
                "postData": { "mimeType": "application/json", "text": text } },
            "response": { "status": 200 } })
    };
    let entries = vec![
        posted(r#"{"pin": 48151623, "max_tokens": 1042}"#),
        posted(r#"{"query": "mutation { login(user: \"ada\", password: \"s3cr3t-7\") { id } }"}"#),
    ];
    let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
        .file("a.har", har(entries))
        .run();
    let script = script(&output);
    assert!(
        !script.contains("48151623") && !script.contains("s3cr3t"),
        "{script}"
    );
    assert!(
        script.contains("pin: parse_json(global::PIN), max_tokens: 1042"),
        "{script}"
    );
    assert!(
        script.contains("password: ${json_text(global::PASSWORD)}"),
        "{script}"
    );
}

/// What recorders write that browsers do not: no times, bodies in Base64, sockets, addresses that are data.
#[test]
fn recordings_of_other_tools() {
    let mut bare = json!({ "request": { "method": "GET", "url": "https://h.test/a" }, "response": { "status": 200 } });
    let mut posted = bare.clone();
    merge(
        &mut posted,
        json!({ "request": { "method": "POST", "url": "https://h.test/b",
            "postData": { "mimeType": "application/octet-stream", "encoding": "base64", "text": "AAEC/w==" } } }),
    );
    merge(
        &mut bare,
        json!({ "request": { "httpVersion": "h3", "headers": [header(":authority", "h.test"), header(":path", "/a"), header("priority", "u=1")] } }),
    );
    let socket = json!({ "_resourceType": "websocket", "_webSocketMessages": [{ "type": "send", "data": "x" }],
        "request": { "method": "GET", "url": "wss://h.test/live" }, "response": { "status": 101 } });
    let data = json!({ "request": { "method": "GET", "url": "data:image/png;base64,AAAA" }, "response": { "status": 200 } });
    let mut upgraded = bare.clone();
    merge(
        &mut upgraded,
        json!({ "time": "12.5", "request": { "url": "https://h.test/upgraded" }, "response": { "status": "101" } }),
    );
    let output = rhaid(["convert", "har", "a.har", "-o", "out.rhai"])
        .file("a.har", har(vec![data, bare, posted, socket, upgraded]))
        .run();
    hold("convert", "har_other_tools", &script(&output));
}
