//! Words of Rhai: texts, numbers and names as a script writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deunicode::deunicode;

use crate::convert::text::{Part, Text};
use crate::harmless::is_command;
use crate::lengths::shorten;
use crate::script::RESERVED;

/// Names of what scripts see, beside [`RESERVED`], that no variable or function may have.
const TAKEN: &[&str] = &[
    "abort",
    "check",
    "crypto",
    "ctx",
    "data",
    "encoding",
    "env",
    "expect",
    "fail",
    "fake",
    "flow",
    "group",
    "http",
    "iteration",
    "json_text",
    "log",
    "metrics",
    "options",
    "page",
    "parse_float",
    "parse_int",
    "parse_json",
    "r",
    "random",
    "range",
    "regex",
    "secret",
    "seconds",
    "setup",
    "sleep",
    "slo",
    "summary",
    "tags",
    "teardown",
    "think",
    "time",
    "url",
    "vu_start",
    "vu_stop",
    "xml",
];

/// Variables that are set in most environments, and mean something else there.
pub const EVERYBODYS: &[&str] = &[
    "DISPLAY", "EDITOR", "HOME", "HOST", "HOSTNAME", "LANG", "LOGNAME", "MAIL", "PATH", "PWD",
    "SESSION", "SHELL", "TERM", "TMPDIR", "USER", "USERNAME",
];

/// Characters of a line of comment.
const LONGEST_COMMENT: usize = 200;

/// Longer names are cut.
const LONGEST_NAME: usize = 32;

/// A text between quotes.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Line separators, marks of direction and the like would be seen by nobody.
            c if is_invisible(c) && u32::from(c) <= 0xffff => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c if is_invisible(c) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn is_invisible(c: char) -> bool {
    c.is_control() || is_command(c) || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}')
}

/// A text with its expressions: between quotes, between backticks, or the expression alone.
pub fn text(text: &Text) -> String {
    if let Some(literal) = text.as_literal() {
        return quoted(literal);
    }
    if let [Part::Code(code)] = text.parts() {
        return code.clone();
    }
    let mut written = String::from("`");
    for part in text.parts() {
        match part {
            Part::Code(code) => {
                let _ = write!(written, "${{{code}}}");
            }
            // Nothing can be escaped between backticks.
            Part::Literal(literal)
                if literal.contains(['`', '\n', '\r', '\t'])
                    || literal.contains("${")
                    || literal.ends_with('$')
                    || literal.contains(is_invisible) =>
            {
                let _ = write!(written, "${{{}}}", quoted(literal));
            }
            Part::Literal(literal) => written.push_str(literal),
        }
    }
    written.push('`');
    written
}

/// A number of JSON. What is neither a whole number of 64 bits nor exact as a fraction stays what it was.
pub fn number(number: &serde_json::Number) -> String {
    if let Some(whole) = number.as_i64()
        && whole != i64::MIN
    {
        return whole.to_string();
    }
    match number.as_f64() {
        Some(fraction) if number.is_f64() => float(fraction),
        _ => format!("parse_json({})", quoted(&number.to_string())),
    }
}

/// A number with a fraction; what is no number becomes 0.
pub fn float(number: f64) -> String {
    if !number.is_finite() {
        return "0.0".to_owned();
    }
    // `1e300` as Rust writes it.
    format!("{number:?}")
}

/// A length of time as scripts write it: `"1.5s"`, `"300ms"`, `"2m"`.
pub fn duration(seconds: f64) -> String {
    let milliseconds = (seconds.max(0.0) * 1000.0).round();
    let written = if milliseconds < 1000.0 {
        format!("{milliseconds}ms")
    } else if milliseconds >= 60_000.0 && milliseconds % 60_000.0 == 0.0 {
        format!("{}m", milliseconds / 60_000.0)
    } else {
        format!("{}s", milliseconds / 1000.0)
    };
    quoted(&written)
}

/// A key of a map, quoted where it must be.
pub fn key(name: &str) -> String {
    if is_word(name) && !RESERVED.contains(&name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn is_word(name: &str) -> bool {
    let mut characters = name.trim_start_matches('_').chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name for a variable or a function, in snake_case, made of whatever it is to remind of; `fallback` where nothing is
/// left of that.
pub fn identifier(words: &str, fallback: &str) -> String {
    let mut name = String::new();
    let mut after_lower = false;
    for character in deunicode(words).chars() {
        if !character.is_ascii_alphanumeric() {
            after_lower = false;
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            continue;
        }
        if character.is_ascii_uppercase() && after_lower && !name.ends_with('_') {
            name.push('_');
        }
        after_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        name.push(character.to_ascii_lowercase());
    }
    let mut name = name.trim_matches('_').to_owned();
    if name.len() > LONGEST_NAME {
        let cut = name.get(..LONGEST_NAME).unwrap_or_default();
        let whole = cut.rfind('_').filter(|at| *at >= LONGEST_NAME / 2);
        name = whole
            .and_then(|at| cut.get(..at))
            .unwrap_or(cut)
            .trim_end_matches('_')
            .to_owned();
    }
    if name.is_empty() {
        return fallback.to_owned();
    }
    let is_taken = RESERVED.contains(&name.as_str()) || TAKEN.contains(&name.as_str());
    if name.starts_with(|c: char| c.is_ascii_digit()) || is_taken {
        return format!("{fallback}_{name}");
    }
    name
}

/// The same for a constant: `API_TOKEN`.
pub fn constant(words: &str, fallback: &str) -> String {
    identifier(words, &fallback.to_lowercase()).to_uppercase()
}

/// Names in use, so that none is given twice.
#[derive(Debug, Default, Clone)]
pub struct Names(BTreeMap<String, u32>);

impl Names {
    /// The name, or with the first number that makes it a new one.
    pub fn unique(&mut self, name: &str) -> String {
        self.unique_beside(name, &Self::default())
    }

    /// The same, and none that is among the others either.
    pub fn unique_beside(&mut self, name: &str, others: &Self) -> String {
        // The next number is kept, so that a thousand of one name do not count from 2 each time.
        let mut number = self.0.get(name).copied().unwrap_or(1);
        loop {
            let made = match number {
                1 => name.to_owned(),
                number => format!("{name}_{number}"),
            };
            number += 1;
            if !self.has(&made) && !others.has(&made) {
                self.0.insert(made.clone(), 2);
                self.0.insert(name.to_owned(), number);
                return made;
            }
        }
    }

    /// Keeps a name from being given.
    pub fn take(&mut self, name: &str) {
        self.0.entry(name.to_owned()).or_insert(2);
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// A text as it may be shown: nothing in it moves a cursor, ends a line or turns the direction of what follows.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if is_invisible(c) { ' ' } else { c })
        .collect()
}

/// A line of comment: one line, of bearable length.
pub fn comment(text: &str) -> String {
    let mut line = visible(text.trim());
    shorten(&mut line, LONGEST_COMMENT);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_whatever_they_remind_of() {
        for (words, name) in [
            ("access_token", "access_token"),
            ("accessToken", "access_token"),
            ("X-CSRF-Token", "x_csrf_token"),
            ("rooms[0].id", "rooms_0_id"),
            ("new", "a_new"),
            ("http", "a_http"),
            ("42", "a_42"),
            ("Größe", "grosse"),
            ("日本", "ri_ben"),
            ("--", "a"),
        ] {
            assert_eq!(identifier(words, "a"), name, "{words}");
        }
        assert!(identifier(&"abc_".repeat(50), "a").len() <= LONGEST_NAME);
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(quoted("a\"b\\c\n\u{1}é"), "\"a\\\"b\\\\c\\n\\u0001é\"");
        let mut mixed = Text::code("global::BASE");
        mixed.push("/`${x}\n");
        mixed.push_code("id");
        mixed.push("/plain\\");
        assert_eq!(
            text(&mixed),
            "`${global::BASE}${\"/`${x}\\n\"}${id}/plain\\`"
        );
    }

    #[test]
    fn numbers_stay_what_they_are() {
        for (json, written) in [
            ("1", "1"),
            ("-5", "-5"),
            ("1.50", "1.5"),
            ("1e300", "1e300"),
            (
                "18446744073709551615",
                "parse_json(\"18446744073709551615\")",
            ),
        ] {
            assert_eq!(number(&serde_json::from_str(json).unwrap()), written);
        }
        assert_eq!(duration(90.0), "\"90s\"");
        assert_eq!(duration(120.0), "\"2m\"");
        assert_eq!(duration(0.25), "\"250ms\"");
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        let mut others = Names::default();
        others.take("other");
        assert_eq!(names.unique_beside("other", &others), "other_2");
        assert_eq!(names.unique_beside("other_2", &others), "other_2_2");
        assert_eq!(names.unique("other"), "other_3");
        assert_eq!(names.unique("id"), "id");
        assert_eq!(names.unique("id"), "id_2");
        assert_eq!(names.unique("id"), "id_3");
    }
}
