//! `rhaid convert FILE`, which says itself what it takes the file for.

use crate::convert::rhaid;

const HAR: &str = include_str!("fixtures/chromium.har");
const OPENAPI: &str = "openapi: 3.0.3\ninfo: {title: A, version: '1'}\nservers: [{url: 'http://h.test'}]\npaths: {/a: {get: {responses: {200: {description: x}}}}}\n";
const POSTMAN: &str =
    r#"{"info": {"name": "A"}, "item": [{"name": "a", "request": "http://h.test/a"}]}"#;
const K6: &str =
    "import http from 'k6/http';\nexport default function () { http.get('http://h.test/'); }\n";

#[test]
fn a_file_is_taken_for_what_it_is() {
    for (name, text, format) in [
        ("a.har", HAR, "har"),
        ("a.json", HAR, "har"),
        ("a.yaml", OPENAPI, "openapi"),
        ("a", OPENAPI, "openapi"),
        ("a.json", POSTMAN, "postman"),
        ("a.txt", "# one\ncurl http://h.test/\n", "curl"),
        ("a.js", K6, "k6"),
    ] {
        let output = rhaid(["convert", name]).file(name, text).run();
        output
            .expect_code(0)
            .expect_text(&format!("{name}: taken for {format}, "));
        let said = rhaid(["convert", format, name]).file(name, text).run();
        assert_eq!(output.stdout, said.stdout, "{name}: {format}");
    }
    let words = rhaid(["convert", "curl http://h.test/"]).run();
    words
        .expect_code(0)
        .expect_text("the command is taken for one of curl");
}

#[test]
fn what_it_is_must_be_said_where_it_does_not_show() {
    let unknown = rhaid(["convert", "a.json"])
        .file("a.json", "{\"a\": 1}")
        .run();
    unknown
        .expect_code(64)
        .expect_text("rhaid convert har|openapi|postman|curl|k6|chaostoolkit a.json");
    let both = rhaid(["convert", "a"])
        .file("a", "curl http://h.test/\nimport http from 'k6/http';\n")
        .run();
    both.expect_code(64).expect_text("rhaid convert curl|k6 a");
    rhaid(["convert", "none.har"]).run().expect_code(66);
    rhaid(["convert", "har"])
        .run()
        .expect_code(64)
        .expect_text("rhaid convert har FILE");
    rhaid(["convert", "opanapi", "a.yaml"])
        .file("a.yaml", OPENAPI)
        .run()
        .expect_code(64)
        .expect_text("did you mean `openapi`?");
    rhaid(["convert", "a.yaml", "b.yaml"])
        .file("a.yaml", OPENAPI)
        .file("b.yaml", OPENAPI)
        .run()
        .expect_code(64)
        .expect_text("one file at a time");
}
