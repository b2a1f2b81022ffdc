//! Small Rhai functions for what JavaScript does and Rhai does not. A script gets those that it calls.

/// Name and text of each; a later one may call an earlier one.
const HELPERS: &[(&str, &str)] = &[
    (
        "truthy",
        r#"// Whether JavaScript takes a value for true.
fn truthy(value) {
    switch type_of(value) {
        "bool" => value,
        "()" => false,
        "string" => value != "",
        "i64" | "f64" => value != 0,
        _ => true,
    }
}"#,
    ),
    (
        "trimmed",
        r"// A text without the blanks around it; Rhai's `trim` changes its text in place.
fn trimmed(text) {
    text.trim();
    text
}",
    ),
    (
        "replaced",
        r"// A text with every occurrence of a part replaced; Rhai's `replace` changes its text in place.
fn replaced(text, part, by) {
    text.replace(part, by);
    text
}",
    ),
    (
        "replaced_once",
        r"// A text with the first occurrence of a part replaced.
fn replaced_once(text, part, by) {
    let at = text.index_of(part);
    if at < 0 { return text; }
    text.sub_string(0, at) + by + text.sub_string(at + part.len)
}",
    ),
    (
        "padded",
        r"// A text with a part before it until it has this length.
fn padded(text, length, part) {
    while text.len < length { text = part + text; }
    text
}",
    ),
    (
        "repeated",
        r#"// A text so many times.
fn repeated(text, times) {
    let all = "";
    for i in 0..times { all += text; }
    all
}"#,
    ),
    (
        "joined",
        r#"// The elements of a list as one text.
fn joined(list, separator) {
    let text = "";
    for (element, at) in list {
        if at > 0 { text += separator; }
        text += element;
    }
    text
}"#,
    ),
    (
        "to_fixed",
        r#"// A number as a text with so many digits behind the point.
fn to_fixed(number, digits) {
    let scale = 10 ** digits;
    let whole = (number * scale * 1.0).round().to_int();
    let sign = if whole < 0 { "-" } else { "" };
    if digits == 0 { return sign + whole.abs(); }
    let text = (whole.abs() % scale).to_string();
    while text.len < digits { text = "0" + text; }
    sign + (whole.abs() / scale) + "." + text
}"#,
    ),
    (
        "whole_of",
        r#"// The whole number that a value begins with, as `parseInt` reads it; `()` where there is none.
fn whole_of(value) {
    switch type_of(value) {
        "i64" => value,
        "f64" => { if value.is_nan || value.is_infinite { () } else { value.to_int() } },
        _ => {
            let digits = regex::captures(`${value}`, `^\s*([+-]?[0-9]{1,18})`);
            if digits == () { () } else { parse_int(digits[1]) }
        }
    }
}"#,
    ),
    (
        "whole_in_base",
        r#"// The same for a number of another base.
fn whole_in_base(value, base) {
    let digits = regex::captures(`${value}`, `^\s*(?:0[xX])?([+-]?[0-9a-zA-Z]{1,15})`);
    if digits == () { return (); }
    try { return parse_int(digits[1], base); } catch { }
    ()
}"#,
    ),
    (
        "sorted",
        r"// A list in order; Rhai's `sort` changes its list in place, and takes only whole numbers for an answer.
fn sorted(list, order) {
    list.sort(|a, b| {
        let answer = order.call(a, b);
        if answer > 0 { 1 } else if answer < 0 { -1 } else { 0 }
    });
    list
}",
    ),
    (
        "sorted_as_text",
        r"// A list in the order of its elements' texts, as JavaScript sorts without being told how.
fn sorted_as_text(list) {
    list.sort(|a, b| {
        let one = `${a}`;
        let other = `${b}`;
        if one > other { 1 } else if one < other { -1 } else { 0 }
    });
    list
}",
    ),
    (
        "shuffled",
        r"// A list in an order drawn at random.
fn shuffled(list) {
    for at in 1..list.len {
        let other = random::int(0, at);
        let element = list[at];
        list[at] = list[other];
        list[other] = element;
    }
    list
}",
    ),
    (
        "reversed",
        r"// A list from its end; Rhai's `reverse` changes its list in place.
fn reversed(list) {
    list.reverse();
    list
}",
    ),
    (
        "part",
        r#"// The part of a text or list from one place to another; negative ones count from the end.
fn part(whole, from, to) {
    let start = if from < 0 { max(0, whole.len + from) } else { min(from, whole.len) };
    let end = if to < 0 { whole.len + to } else { min(to, whole.len) };
    let length = max(0, end - start);
    if type_of(whole) == "array" { whole.extract(start, length) } else { whole.sub_string(start, length) }
}"#,
    ),
    (
        "between",
        r#"// What stands between two parts of a text; empty if they are not there.
fn between(text, left, right) {
    let from = text.index_of(left);
    if from < 0 { return ""; }
    let rest = text.sub_string(from + left.len);
    let to = rest.index_of(right);
    if to < 0 { "" } else { rest.sub_string(0, to) }
}"#,
    ),
];

/// Names that a script's own functions must not have.
pub fn names() -> impl Iterator<Item = &'static str> {
    HELPERS.iter().map(|(name, _)| *name)
}

/// The helpers that a script calls.
pub fn called_in(script: &str) -> Vec<&'static str> {
    HELPERS
        .iter()
        .filter(|(name, _)| calls(script, name))
        .map(|(_, text)| *text)
        .collect()
}

fn calls(script: &str, name: &str) -> bool {
    let call = format!("{name}(");
    script.match_indices(&call).any(|(at, _)| {
        let before = script.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == ':')
    })
}
