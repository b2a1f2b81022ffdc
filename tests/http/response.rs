//! What a script can see of a response.

use serde_json::json;

use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

fn look(body: &str) -> (HttpServer, Ran) {
    let server = HttpServer::start();
    let ran = Journey::new(body).at(&server).run();
    (server, ran)
}

#[test]
fn a_response_says_what_it_is_and_where_it_came_from() {
    let (server, ran) = look(
        r#"
        let r = http::post(url + "/bytes/300?x=1", "");
        seen.status = r.status; seen.ok = r.ok; seen.size = r.size; seen.method = r.method;
        seen.url = r.url; seen.proto = r.proto; seen.remote_ip = r.remote_ip;
        seen.error = r.error; seen.error_code = r.error_code;
        seen.text = `${r}`;
        "#,
    );
    let url = server.url("/bytes/300?x=1");
    assert_eq!(
        ran.saw(),
        &json!({
            "status": 200, "ok": true, "size": 300, "method": "POST", "url": url, "proto": "HTTP/1.1",
            "remote_ip": "127.0.0.1", "error": null, "error_code": 0, "text": format!("Response(200, POST {url}, 300 bytes)"),
        })
    );
}

#[test]
fn headers_are_found_by_name_in_any_case_and_doubles_are_joined() {
    let (_server, ran) = look(
        r#"
        let r = http::get(url + "/headers/set");
        seen.custom = r.headers["x-custom"];
        seen.mixed = [r.headers["x-mixed-case"], r.header("X-MIXED-case")];
        seen.twice = r.headers["x-twice"];
        seen.empty = r.headers["x-empty"];
        seen.commas = r.headers["x-commas"];
        seen.none = [r.headers["x-none"], r.header("x-none")];
        "#,
    );
    assert_eq!(
        ran.saw(),
        &json!({
            "custom": "one", "mixed": ["Kept As Sent", "Kept As Sent"], "twice": "first, second", "empty": "",
            "commas": "a, b, \"c, d\"", "none": [null, null],
        })
    );
}

#[test]
fn the_body_is_text_and_bytes() {
    let (_server, ran) = look(
        r#"
        let hello = http::get(url + "/hello");
        seen.body = hello.body;
        seen.text = hello.text();
        let binary = http::get(url + "/bytes/252");
        let bytes = binary.bytes();
        seen.length = bytes.len;
        seen.some = [bytes[0], bytes[127], bytes[250], bytes[251]];
        seen.none = http::get(url + "/204").body;
        "#,
    );
    assert_eq!(
        ran.saw(),
        &json!({ "body": "hello\n", "text": "hello\n", "length": 252, "some": [0, 127, 250, 0], "none": "" })
    );
}

#[test]
fn json_is_read_whole_by_plain_path_and_by_jsonpath() {
    let (_server, ran) = look(
        r#"
        let r = http::get(url + "/json");
        seen.whole = r.json().hotel.name;
        seen.city = r.json("hotel.address.city");
        seen.id = r.json("rooms[1].id");
        seen.last = r.json("rooms[-1].type");
        seen.dotted = r.json("rooms.0.price");
        seen.quoted = r.json("[\"total\"]");
        seen.missing = [r.json("rooms[7].id"), r.json("no.such.path"), r.json("next page")];
        seen.len = r.json("rooms").len;
        seen.ids = r.json("$.rooms[*].id");
        seen.free = r.json("$.rooms[?@.free == true && @.price > 100].type");
        seen.deep = r.json("$..beds[2]");
        seen.nothing = r.json("$.rooms[9]");
        seen.not_json = [http::get(url + "/hello").json(), http::get(url + "/hello").json("a.b")];
        "#,
    );
    assert_eq!(
        ran.saw(),
        &json!({
            "whole": "The Rhaid", "city": "Zürich", "id": 102, "last": "suite", "dotted": 80.5, "quoted": 3,
            "missing": [null, null, null], "len": 3, "ids": [101, 102, 203], "free": ["suite"], "deep": [3],
            "nothing": [], "not_json": [null, null],
        })
    );
}

#[test]
fn html_is_searched_with_css_selectors() {
    let (_server, ran) = look(
        r##"
        let page = http::get(url + "/html").html();
        seen.title = page.find("h1#top").text();
        seen.token = page.find("input[name=csrf_token]").attr("value");
        seen.links = page.find("ul.links a").all().map(|a| a.attr("href"));
        seen.link_text = page.find("ul.links a").last().text();
        seen.prices = page.find("tr[data-id]").all().map(|row| row.find("td").nth(1).text());
        seen.second = page.find("tr[data-id]")[1].attr("data-id");
        seen.chosen = page.find("select[name=beds] option[selected]").attr("value");
        seen.forms = page.find("form").len;
        seen.inner = page.find("li").first().inner();
        seen.direct = http::get(url + "/html").html("textarea").text();
        seen.nothing = [page.find("video").len, page.find("video").attr("src"), page.find("video").text()];
        "##,
    );
    assert_eq!(
        ran.saw(),
        &json!({
            "title": "The rooms", "token": "t0k3n", "links": ["/hello", "json?page=2#top"], "link_text": "Next & last",
            "prices": ["80.50", "120"], "second": "102", "chosen": "2", "forms": 2, "inner": "<a href=\"/hello\">Hello</a>",
            "direct": "a quiet room", "nothing": [0, null, ""],
        })
    );
}

#[test]
fn the_cookies_that_a_response_sets_are_visible_on_it() {
    let (_server, ran) = look(
        r#"
        seen.cookies = http::get(url + "/cookies/set?a=1&b=two%3Dparts&_httponly=").cookies;
        seen.none = http::get(url + "/hello").cookies;
        "#,
    );
    assert_eq!(
        ran.saw(),
        &json!({ "cookies": { "a": "1", "b": "two=parts" }, "none": {} })
    );
}

#[test]
fn a_path_or_selector_that_is_malformed_is_a_script_error() {
    let server = HttpServer::start();
    let cases = [
        (
            "http::get(url + \"/json\").json(\"rooms[0\")",
            "`rooms[0` has a `[` without its `]`",
        ),
        (
            "http::get(url + \"/json\").json(\"$.rooms[\")",
            "`$.rooms[` is not a JSONPath",
        ),
        (
            "http::get(url + \"/html\").html(\"a[\")",
            "`a[` is not a CSS selector",
        ),
    ];
    for (expression, message) in cases {
        let ran = Journey::new(&format!("{expression};")).at(&server).finish();
        ran.output.expect_code(2).expect_text(message);
    }
}

#[test]
fn odd_but_legal_answers_are_understood() {
    let (server, ran) = look(
        r#"
        let texts = ["/chunked", "/nolength", "/http10", "/continue", "/drip/5/10"].map(|path| http::get(url + path).text());
        seen.texts = texts;
        seen.proto = http::get(url + "/http10").proto;
        seen.not_modified = http::get(url + "/304").status;
        seen.headers = http::get(url + "/manyheaders").headers.len();
        seen.unnamed = http::get(url + "/status/599").status;
        "#,
    );
    assert_eq!(
        ran.saw(),
        &json!({
            "texts": ["first second third\n", "until the end\n", "old\n", "continued\n", "....."],
            "proto": "HTTP/1.0", "not_modified": 304, "headers": 501, "unnamed": 599,
        })
    );
    assert_eq!(server.traffic().request_count(), 9);
}
