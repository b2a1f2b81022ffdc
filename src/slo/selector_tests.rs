use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Selector {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn selectors_are_written_as_they_are_read() {
    let cases = [
        ("http_reqs", "http_reqs"),
        ("http_reqs{}", "http_reqs"),
        (
            "http_req_duration{name:reserve,status:200}",
            "http_req_duration{name:reserve,status:200}",
        ),
        (
            " http_reqs { name : reserve , status :! 200 } ",
            "http_reqs{name:reserve,status:!200}",
        ),
        ("a{name:\"a, b\"}", "a{name:\"a, b\"}"),
        ("a{name:'plain'}", "a{name:plain}"),
        ("a{url:http://x/y?z=1}", "a{url:http://x/y?z=1}"),
        (
            "a{name:GET *,b:*fail,c:*mid*,d:*,e:!*}",
            "a{name:\"GET \"*,b:*fail,c:*mid*,d:*,e:!*}",
        ),
        ("a{name:\"*\",b:\"x,\"*}", "a{name:\"*\",b:\"x,\"*}"),
        ("a{name:\"say \\\"hi\\\"\"}", "a{name:\"say \\\"hi\\\"\"}"),
        ("a{name:\"\"}", "a{name:\"\"}"),
        ("a{b:c,}", "a{b:c}"),
    ];
    for (text, canonical) in cases {
        assert_eq!(parse(text).to_string(), canonical);
        assert_eq!(parse(canonical), parse(text));
    }
}

#[test]
fn conditions_hold_for_the_tags_they_describe() {
    let tags: BTreeMap<String, String> = [("name", "GET /rooms"), ("status", "200")]
        .map(|(key, value)| (key.into(), value.into()))
        .into();
    let right = [
        "m",
        "m{status:200}",
        "m{status:!500}",
        "m{status:2*}",
        "m{name:*rooms}",
        "m{name:*/*}",
        "m{status:*}",
        "m{name:GET*,status:200}",
        "m{absent:!x}",
        "m{absent:!*}",
    ];
    for text in right {
        assert!(parse(text).matches("m", &tags), "{text}");
    }
    let wrong = [
        "n",
        "m{status:500}",
        "m{status:!200}",
        "m{status:5*}",
        "m{absent:*}",
        "m{name:GET*,status:500}",
        "m{status:\"2*\"}",
        "m{status:!*}",
        "m{absent:\"\"}",
    ];
    for text in wrong {
        assert!(!parse(text).matches("m", &tags), "{text}");
    }
}

#[test]
fn mistakes_say_where_what_and_how_to_fix_them() {
    let cases = [
        (
            "",
            "",
            "there is no metric name; begin with a metric's name: letters, digits and `_`, beginning with a letter",
        ),
        (
            "{a:b}",
            "{",
            "there is no metric name; begin with a metric's name: letters, digits and `_`, beginning with a letter",
        ),
        ("m{a:b", "{", "the `{` is not closed; add a `}` at the end"),
        (
            "m{a:b} x",
            "x",
            "there is text after the selector; write it like `http_req_duration{name:reserve,status:200}`",
        ),
        (
            "m-n",
            "-n",
            "there is text after the selector; write it like `http_req_duration{name:reserve,status:200}`",
        ),
        (
            "m{:b}",
            ":",
            "there is no tag name; write conditions like `http_req_duration{name:reserve,status:200}`",
        ),
        (
            "m{a=b}",
            "a=b",
            "there is no `:` after the tag `a`; write `tag:value`, or `tag:!value` for any other value (did you mean `a:b`?)",
        ),
        (
            "m{a != b,c:d}",
            "a != b",
            "there is no `:` after the tag `a`; write `tag:value`, or `tag:!value` for any other value (did you mean `a:!b`?)",
        ),
        (
            "m{a}",
            "}",
            "there is no `:` after the tag `a`; write `tag:value`, or `tag:!value` for any other value",
        ),
        (
            "m{a:}",
            "",
            "there is no value for the tag `a`; write one, or `a:*` for any value, or `a:\"\"` for an empty one",
        ),
        (
            "m{a:b*c}",
            "b*c",
            "a `*` stands at the start or the end of a value; move it to an end, or quote the value if the `*` is part of it",
        ),
        (
            "m{a:\"b}",
            "\"",
            "the quote is not closed; add the closing quote after the value",
        ),
        (
            "m{a:/users/{id}}",
            "{",
            "a value with braces or quotes in it must be quoted; write `a:\"…\"` around the whole value",
        ),
        (
            "m{a:\"b\" c:d}",
            "c",
            "there is text after the value; put a `,` between conditions, a `}` after the last",
        ),
    ];
    for (text, place, message) in cases {
        let error = text.parse::<Selector>().unwrap_err();
        assert_eq!(error.to_string(), format!("in `{text}`: {message}"));
        assert_eq!(&text[error.span.clone()], place, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(any in ".*", near in "m\\{[a-c]?[:=!]{0,2}[*\"'\\\\é ,b{}]{0,6}\\}?.?") {
        for text in [any, near] {
            match text.parse::<Selector>() {
                Ok(selector) => prop_assert_eq!(selector.to_string().parse(), Ok(selector)),
                Err(error) => prop_assert!(text.get(error.span).is_some()),
            }
        }
    }

    #[test]
    fn written_selectors_read_back(values in prop::collection::vec((".*", any::<bool>(), 0u8..5), 0..4)) {
        let conditions = values
            .into_iter()
            .map(|(text, negated, shape)| {
                let pattern = match shape {
                    0 if !text.is_empty() => Pattern::Prefix(text),
                    1 if !text.is_empty() => Pattern::Suffix(text),
                    2 if !text.is_empty() => Pattern::Contains(text),
                    3 => Pattern::Any,
                    _ => Pattern::Exact(text),
                };
                Condition { key: "key".into(), negated, pattern }
            })
            .collect();
        let selector = Selector { metric: "metric".into(), conditions };
        prop_assert_eq!(selector.to_string().parse(), Ok(selector));
    }
}
