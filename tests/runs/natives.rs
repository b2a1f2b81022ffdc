//! The modules of small tools: `crypto`, `encoding`, `url`, `regex`, `time`.

use crate::support::reading::{Reading, run_of};

/// Every condition must hold.
#[track_caller]
fn hold(conditions: &[&str]) {
    let checks: String = conditions
        .iter()
        .enumerate()
        .map(|(number, condition)| format!("check({condition}, \"{number}\");\n"))
        .collect();
    let output = run_of(&format!("fn iteration() {{\n{checks}}}")).run();
    output.expect_code(0);
    for (number, (passes, fails)) in output.checks() {
        let condition = conditions[number.parse::<usize>().unwrap()];
        assert_eq!((passes, fails), (1, 0), "{condition}\n{output}");
    }
}

/// Every statement throws an error with this text, shown at its line.
#[track_caller]
fn throw(cases: &[(&str, &str)]) {
    for (statement, message) in cases {
        run_of(&format!("fn iteration() {{\n    {statement};\n}}"))
            .run()
            .expect_code(2)
            .expect_text(message)
            .expect_text("─[ script.rhai:2:");
    }
}

#[test]
fn hashes_have_their_published_values_in_every_form() {
    hold(&[
        r#"crypto::md5("abc") == "900150983cd24fb0d6963f7d28e17f72""#,
        r#"crypto::sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d""#,
        r#"crypto::sha256("abc").starts_with("ba7816bf8f01cfea")"#,
        r#"crypto::sha384("abc").starts_with("cb00753f45a35e8b")"#,
        r#"crypto::sha512("abc").starts_with("ddaf35a193617aba")"#,
        r#"crypto::sha1("abc", "base64") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=""#,
        r#"crypto::sha1("abc", "base64url") == "qZk-NkcGgWq6PiVxeFDCbJzQ2J0""#,
        r#"crypto::sha1("abc", "bytes").len == 20"#,
        r#"crypto::sha256(crypto::sha256("abc", "bytes")) != crypto::sha256(crypto::sha256("abc"))"#,
        // RFC 4231, test case 2.
        r#"crypto::hmac_sha256("Jefe", "what do ya want for nothing?").starts_with("5bdcc146bf60754e")"#,
        r#"crypto::hmac_sha384("Jefe", "what do ya want for nothing?").starts_with("af45d2e376484031")"#,
        r#"crypto::hmac_sha512("Jefe", "what do ya want for nothing?").starts_with("164b7a7bfcf819e2")"#,
        r#"crypto::hmac_sha1("Jefe", "what do ya want for nothing?").starts_with("effcdf6ae5eb2fa2")"#,
        r#"crypto::random_bytes(16).len == 16 && crypto::random_bytes(16) != crypto::random_bytes(16)"#,
        r#"crypto::equal("abc", "abc") && !crypto::equal("abc", "abd") && !crypto::equal("abc", "ab")"#,
    ]);
    throw(&[
        (
            "crypto::sha256(7)",
            "what is hashed must be a text or a blob, not a whole number",
        ),
        ("crypto::sha1(\"a\", \"base46\")", "did you mean `base64`"),
        ("crypto::random_bytes(-1)", "gives 0 to 1048576 bytes"),
    ]);
}

#[test]
fn tokens_are_signed_verified_and_taken_apart() {
    hold(&[
        r#"crypto::jwt_verify(crypto::jwt_sign(#{ sub: "ada" }, "secret"), "secret").sub == "ada""#,
        r#"crypto::jwt_decode(crypto::jwt_sign(#{}, "secret", #{ alg: "HS512", header: #{ kid: "k1" } })).header.kid == "k1""#,
    ]);
    throw(&[
        (
            r#"crypto::jwt_verify(crypto::jwt_sign(#{ exp: time::unix() - 1 }, "secret"), "secret")"#,
            "the token's time is over",
        ),
        (
            r#"crypto::jwt_verify(crypto::jwt_sign(#{}, "secret"), "other")"#,
            "signature is not by this key",
        ),
        (r#"crypto::jwt_decode("x")"#, "no JSON Web Token"),
        (
            r#"crypto::jwt_sign(#{}, "s", #{ algo: "HS256" })"#,
            "did you mean `alg`",
        ),
    ]);
}

#[test]
fn what_is_encoded_comes_back() {
    hold(&[
        r#"encoding::base64("a?>") == "YT8+" && encoding::base64url("a?>") == "YT8-""#,
        r#"encoding::from_base64("YT8-") == "a?>" && encoding::from_base64("/w==", "bytes")[0] == 255"#,
        r#"encoding::hex("aé") == "61c3a9" && encoding::from_hex("61C3A9") == "aé""#,
        r#"encoding::url("a b&c/é") == "a%20b%26c%2F%C3%A9" && encoding::from_url("a%20b") == "a b""#,
        r#"encoding::form(#{ a: "x y", b: 1 }) == "a=x+y&b=1""#,
        r#"encoding::from_form("?a=x+y&b=%26") == #{ a: "x y", b: "&" }"#,
    ]);
    throw(&[
        ("encoding::from_base64(\"*\")", "this is not Base64"),
        (
            "encoding::from_base64(\"/w==\")",
            "\"bytes\" as the second argument",
        ),
        ("encoding::from_hex(\"0\")", "this is not hexadecimal"),
    ]);
}

#[test]
fn urls_are_taken_apart_and_put_together() {
    hold(&[
        r#"url::parse("https://u@h.test/a/b?x=1&y=a+b#f") == #{ scheme: "https", user: "u", password: (), host: "h.test", port: 443, path: "/a/b", query: #{ x: "1", y: "a b" }, fragment: "f" }"#,
        r#"url::join("https://h.test/a/b", "../c?d=1") == "https://h.test/c?d=1""#,
        r#"url::query("http://h/?a=1&b=x%20y", "b") == "x y" && url::query("http://h/", "b") == ()"#,
        r#"url::with_query("http://h/p?a=1&b=2", #{ b: "x y", c: 3 }) == "http://h/p?a=1&b=x+y&c=3""#,
        r#"url::with_query("http://h/p?a=1", #{ a: () }) == "http://h/p""#,
    ]);
    throw(&[(
        "url::parse(\"/a\")",
        "a whole one begins with http:// or https://",
    )]);
}

#[test]
fn patterns_find_take_apart_and_replace() {
    hold(&[
        r#"regex::is_match("room 12", `\d+`) && !regex::is_match("room", `\d`)"#,
        r#"regex::find("room 12, 13", `\d+`) == "12" && regex::find("room", `\d`) == ()"#,
        r#"regex::find_all("room 12, 13", `\d+`) == ["12", "13"]"#,
        r#"regex::captures("a=1", `(\w)=(\d)(x)?`) == ["a=1", "a", "1", ()]"#,
        r#"regex::named("a=1", `(?<key>\w)=(?<value>\d)`) == #{ key: "a", value: "1" }"#,
        r#"regex::captures("x", `\d`) == () && regex::named("x", `(?<a>\d)`) == ()"#,
        r#"regex::replace("2026-01-31", `(\d+)-(\d+)-(\d+)`, "$3.$2.$1") == "31.01.2026""#,
    ]);
    throw(&[(
        "regex::find(\"a\", \"(\")",
        "this is not a pattern: unclosed group",
    )]);
}

#[test]
fn moments_are_formatted_parsed_and_moved() {
    hold(&[
        r#"time::iso(0) == "1970-01-01T00:00:00Z" && time::iso(1.5) == "1970-01-01T00:00:01.5Z""#,
        r#"time::unix() - time::now().to_int() <= 1"#,
        r#"time::parse("2026-01-31") == 1769817600.0"#,
        r#"time::parse("2026-01-31T01:00:00+01:00") == 1769817600.0"#,
        r#"time::parse("31.01.2026", "%d.%m.%Y") == 1769817600.0"#,
        r#"time::parse("31.01.2026 01:02", "%d.%m.%Y %H:%M") == 1769817600.0 + 3720.0"#,
        r#"time::format(1769817600, "%d.%m.%Y %H:%M:%S %A") == "31.01.2026 00:00:00 Saturday""#,
        r#"time::iso(time::add(time::parse("2026-01-31"), "1d")) == "2026-02-01T00:00:00Z""#,
        r#"time::add(10, "-1m30s") == -80.0 && time::add(10, -0.5) == 9.5"#,
    ]);
    throw(&[
        (
            "time::parse(\"yesterday\")",
            "is not a date as in \"2026-01-31\"",
        ),
        (
            "time::parse(\"1.2.\", \"%d.%m.%Y\")",
            "is not a date as in `%d.%m.%Y`",
        ),
        ("time::format(0, \"%Q\")", "is not a format of dates"),
        ("time::iso(1e300)", "is no moment of the calendar"),
    ]);
}

#[test]
fn made_up_people_are_whole_and_what_they_should_be() {
    hold(&[
        r#"fake::person("de").keys().len == 7 && fake::person().address.city.len > 0"#,
        r#"fake::name() != "" && fake::first_name("fr") != "" && fake::last_name("ja") != """#,
        r#"regex::is_match(fake::email("de"), `^[a-z0-9.]+@example\.com$`)"#,
        r#"regex::is_match(fake::iban(), `^DE\d{20}$`) && fake::iban("nl").starts_with("NL")"#,
        r#"fake::password(12).len == 12 && fake::words(3).split(" ").len == 3"#,
        r#"fake::date("2026-01-01", "2026-01-01") == "2026-01-01""#,
        r#"time::now() - time::parse(fake::birthday(18, 18)) >= 18 * 365 * 86400"#,
        r#"fake::paragraph(2).len > fake::word().len && fake::sentence().ends_with(".")"#,
        r#"fake::credit_card().len >= 13 && fake::username() != fake::username()"#,
        r#"fake::street() != "" && fake::zip("nl") != "" && fake::phone("it") != "" && fake::company() != "" && fake::job() != """#,
    ]);
    throw(&[
        ("fake::name(\"dee\")", "there is no locale `dee`"),
        ("fake::iban(\"XX\")", "there are: AT, BE"),
        (
            "fake::password(0)",
            "takes a number from 1 to 100000, not 0",
        ),
        (
            "fake::date(\"2026-02-01\", \"2026-01-01\")",
            "which is before",
        ),
        ("fake::date(\"soon\", \"2026-01-01\")", "is not a date"),
        ("fake::birthday(9, 900)", "nobody is 901 years old"),
    ]);
}

#[test]
fn made_up_people_are_the_same_for_the_same_seed() {
    let people = |seed: &str| {
        let script = r#"
            export const options = #{ scenarios: #{
                all: #{ executor: "per-vu-iterations", vus: 4, iterations: 2 },
            } };
            fn iteration(ctx) { log::info(`${ctx.vu} ${fake::person("de")}`); }
            "#;
        let output = run_of(script)
            .args(["--seed", seed, "--workers", "2"])
            .run();
        output.expect_code(0);
        output.logged()
    };
    let (first, again, other) = (people("5"), people("5"), people("6"));
    assert_eq!(first, again);
    assert_ne!(first, other);
    // Every user meets people of its own.
    assert_eq!(first.len(), 8);
}

#[test]
fn documents_of_xml_are_maps() {
    hold(&[
        r#"xml::parse(`<a id="1"><b>x</b><b>y</b></a>`) == #{ a: #{ "@id": "1", b: ["x", "y"] } }"#,
        r#"xml::find(`<a><b id="1"/><b id="2"/></a>`, "//b/@id") == ["1", "2"]"#,
        r#"xml::find("<a><b>x</b></a>", "a/b")[0] == "x" && xml::find("<a/>", "a/c") == []"#,
    ]);
    throw(&[
        ("xml::parse(\"<a>\")", "this is not XML"),
        ("xml::find(\"<a/>\", \"a//\")", "is not a path of elements"),
    ]);
}
