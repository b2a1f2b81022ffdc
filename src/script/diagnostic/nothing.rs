//! Where a `()` came from: the expression, as the script writes it, whose value had nothing to read or call.

use crate::lengths::shorten;
use crate::suggest::nearest;

/// Characters of an expression that is named in a message.
const SHOWN: usize = 60;

/// What is said of a `()` that nobody expected, whichever expression gave it.
pub const HELP: &str = "was the request answered, and is the field there? One that is missing in JSON gives `()`: ask first, `if x != () { … }`, or read on with `x?.…`";

/// The same in a script that reads CSV files, given as their names and columns. `expression`: what was `()`, if that is known.
pub fn help_with(tables: &[(String, Vec<String>)], expression: Option<&str>) -> String {
    // What a call gave is no row's column.
    let read = expression.and_then(member);
    if tables.is_empty() || expression.is_some() && read.is_none() {
        return HELP.to_owned();
    }
    let is_column = |name: &str| {
        tables
            .iter()
            .any(|(_, columns)| columns.iter().any(|c| c == name))
    };
    let near = read.filter(|name| !is_column(name)).and_then(|name| {
        tables.iter().find_map(|(file, columns)| {
            let near = nearest(name, columns.iter().map(String::as_str))?;
            Some(format!(
                "did you mean `{near}`, a column of `{file}`? One that a file has not gives `()`"
            ))
        })
    });
    near.unwrap_or_else(|| {
        let all: Vec<String> = tables
            .iter()
            .take(3)
            .map(|(file, columns)| format!("`{file}` has {}", columns.join(", ")))
            .collect();
        format!(
            "a column that a file has not gives `()` ({}), and so does a field that is missing in JSON: ask first, `if x != () {{ … }}`, or read on with `x?.…`",
            all.join("; ")
        )
    })
}

/// What is read of a variable: `nights` of `guest.nights`, or of `guest["nights"]`.
fn member(expression: &str) -> Option<&str> {
    let (of, name) = match expression.strip_suffix("\"]") {
        Some(indexed) => indexed.rsplit_once("[\"")?,
        None => expression.rsplit_once('.')?,
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '?');
    (of.chars().all(is_plain) && !name.contains(['(', ')', '[', ']'])).then_some(name)
}

/// The expression before the `.` or `[` that precedes the place at `column` (from 1, in characters) of a line.
pub fn receiver(line: &str, column: usize) -> Option<String> {
    let chars: Vec<char> = line.chars().collect();
    let mut end = column.checked_sub(1)?.min(chars.len());
    end = skip_spaces(&chars, end);
    let at = |place: usize| chars.get(place).copied();
    if end > 0 && at(end - 1) == Some('.') {
        end -= 1;
    } else {
        return None;
    }
    if end > 0 && at(end - 1) == Some('?') {
        end -= 1;
    }
    expression(&chars, skip_spaces(&chars, end))
}

/// The expression that is indexed by the bracket which opens before, or at, a place.
pub fn indexed(line: &str, column: usize) -> Option<String> {
    let chars: Vec<char> = line.chars().collect();
    let upto = column.min(chars.len());
    let open = chars.get(..upto)?.iter().rposition(|c| *c == '[')?;
    expression(&chars, skip_spaces(&chars, open))
}

/// The expression that ends before a place.
fn expression(chars: &[char], end: usize) -> Option<String> {
    let start = begin(chars, end)?;
    let text: String = chars.get(start..end)?.iter().collect();
    let mut text = text.trim().to_owned();
    if text.is_empty() || text == "()" {
        return None;
    }
    shorten(&mut text, SHOWN);
    Some(text)
}

fn skip_spaces(chars: &[char], mut end: usize) -> usize {
    while end > 0 && chars.get(end - 1).is_some_and(|c| c.is_whitespace()) {
        end -= 1;
    }
    end
}

/// Where a chain of names, calls and indexes that ends before a place begins.
fn begin(chars: &[char], end: usize) -> Option<usize> {
    let at = |place: usize| chars.get(place).copied();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut start = end;
    loop {
        let before = at(start.checked_sub(1)?)?;
        if matches!(before, ')' | ']') {
            start = opening(chars, start - 1)?;
            // What is called or indexed belongs to it.
            if start > 0 && at(start - 1).is_some_and(|c| is_word(c) || matches!(c, ')' | ']')) {
                continue;
            }
        } else if is_word(before) {
            while start > 0 && at(start - 1).is_some_and(is_word) {
                start -= 1;
            }
        } else {
            return None;
        }
        let step = |back: usize| start.checked_sub(back).and_then(at);
        start = match (step(2), step(1)) {
            (Some('?'), Some('.')) => start - 2,
            (_, Some('.')) => start - 1,
            (Some(':'), Some(':')) => start - 2,
            _ => return Some(start),
        };
    }
}

/// The bracket that the one at a place closes. Brackets in texts do not count.
fn opening(chars: &[char], close: usize) -> Option<usize> {
    let mut depth = 0i32;
    let mut quote: Option<char> = None;
    for place in (0..=close).rev() {
        let c = *chars.get(place)?;
        match quote {
            Some(mark) => {
                let is_escaped = place > 0 && chars.get(place - 1) == Some(&'\\');
                if c == mark && !is_escaped {
                    quote = None;
                }
            }
            None => match c {
                '"' | '`' => quote = Some(c),
                ')' | ']' | '}' => depth += 1,
                '(' | '[' | '{' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(place);
                    }
                }
                _ => {}
            },
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expression_before_a_member_is_found() {
        for (line, expected) in [
            ("    r.json(\"a.b\").^len()", Some("r.json(\"a.b\")")),
            (
                "let n = http::get(u + \")\").json(\"x\")?.^y;",
                Some("http::get(u + \")\").json(\"x\")"),
            ),
            ("x + row[0].^name", Some("row[0]")),
            ("ctx.state.last.^len", Some("ctx.state.last")),
            ("foo(a, b.^c)", Some("b")),
            ("if (a ?? b).^c { }", Some("(a ?? b)")),
            ("().^len()", None),
            ("    .^len()", None),
            ("^len()", None),
            ("\"text\".^len()", None),
        ] {
            let column = line.chars().position(|c| c == '^').unwrap() + 1;
            let line = line.replace('^', "");
            assert_eq!(receiver(&line, column).as_deref(), expected, "{line}");
        }
        assert_eq!(
            indexed("let x = r.json(\"y\")[0];", 20).as_deref(),
            Some("r.json(\"y\")")
        );
    }

    #[test]
    fn what_a_file_may_lack_is_told_with_its_columns() {
        let tables = [(
            "guests.csv".to_owned(),
            vec!["name".to_owned(), "night".to_owned()],
        )];
        let help = |expression| help_with(&tables, expression);
        assert!(
            help(Some("guest.nights"))
                .starts_with("did you mean `night`, a column of `guests.csv`?")
        );
        assert!(help(Some("guest[\"nights\"]")).starts_with("did you mean `night`"));
        assert!(help(Some("guest.phone")).contains("`guests.csv` has name, night"));
        assert!(help(None).contains("`guests.csv` has name, night"));
        assert_eq!(help(Some("r.json(\"a.b\")")), HELP);
        assert_eq!(help_with(&[], Some("guest.nights")), HELP);
    }

    #[test]
    fn no_line_is_too_wild() {
        for line in ["", ".", "?.", ")))]].x", "é🏨.y", "::::a.b", "\"\\\").z"] {
            for column in 0..12 {
                let _ = (receiver(line, column), indexed(line, column));
            }
        }
    }
}
