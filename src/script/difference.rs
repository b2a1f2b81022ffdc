//! Two values beside each other: are they the same, and if not, where they differ.

use rhai::{Array, Blob, Dynamic, Map};

use super::convert;

/// Characters of a value in a message; the whole of it is in the difference.
const SHOWN: usize = 300;
/// Characters around the first difference of two lines.
const AROUND: usize = 30;
/// Lines of each side that are compared.
const MAX_LINES: usize = 1_000;
/// Lines that are shown around a difference.
const CONTEXT: usize = 2;

/// Whether two values are the same: numbers by their value, lists and maps by what is in them. Nothing for what cannot be compared.
pub fn same(left: &Dynamic, right: &Dynamic) -> Option<bool> {
    if let (Ok(left), Ok(right)) = (left.as_int(), right.as_int()) {
        return Some(left == right);
    }
    let number = |value: &Dynamic| {
        value
            .as_float()
            .or_else(|_| value.as_int().map(|n| n as f64))
            .ok()
    };
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return Some(left == right);
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Map>(), right.read_lock::<Map>()) {
        let mut all = left.len() == right.len();
        for (key, value) in left.iter() {
            all &= match right.get(key) {
                Some(other) => same(value, other)?,
                None => false,
            };
        }
        return Some(all);
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Array>(), right.read_lock::<Array>()) {
        let mut all = left.len() == right.len();
        for (value, other) in left.iter().zip(right.iter()) {
            all &= same(value, other)?;
        }
        return Some(all);
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Blob>(), right.read_lock::<Blob>()) {
        return Some(*left == *right);
    }
    if is_text(left) && is_text(right) {
        return Some(left.to_string() == right.to_string());
    }
    if let (Ok(left), Ok(right)) = (left.as_bool(), right.as_bool()) {
        return Some(left == right);
    }
    if convert::is_opaque(left) && convert::is_opaque(right) {
        return None;
    }
    Some(left.is_unit() && right.is_unit())
}

fn is_text(value: &Dynamic) -> bool {
    value.is_string() || value.is_char()
}

/// A value in one line, as scripts write it, cut where it is long.
pub fn brief(value: &Dynamic) -> String {
    let text = format!("{value:?}");
    if text.chars().count() <= SHOWN {
        return text;
    }
    let mut cut: String = text.chars().take(SHOWN).collect();
    cut.push('…');
    cut
}

/// A value over as many lines as it takes.
fn whole(value: &Dynamic) -> String {
    if is_text(value) {
        return value.to_string();
    }
    match convert::to_json(value) {
        Ok(json) => serde_json::to_string_pretty(&sorted(&json)).unwrap_or_default(),
        Err(_) => format!("{value:?}"),
    }
}

/// Maps have no order of their own; two of them are read side by side only in the same one.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            let pairs = keys.into_iter().filter_map(|key| {
                let value = map.get(key)?;
                Some((key.clone(), sorted(value)))
            });
            Value::Object(pairs.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Where two values differ, line by line: `-` is what only the left one has, `+` only the right one. Nothing for what a line
/// shows well enough.
pub fn of(left: &Dynamic, right: &Dynamic) -> Option<String> {
    let (left, right) = (whole(left), whole(right));
    let (left_lines, right_lines): (Vec<&str>, Vec<&str>) = (
        left.lines().take(MAX_LINES).collect(),
        right.lines().take(MAX_LINES).collect(),
    );
    if let ([left], [right]) = (&*left_lines, &*right_lines) {
        return in_one_line(left, right);
    }
    Some(in_lines(&left_lines, &right_lines))
}

/// The place at which two long lines part.
fn in_one_line(left: &str, right: &str) -> Option<String> {
    if left.chars().count().max(right.chars().count()) <= 2 * AROUND {
        return None;
    }
    let both = left.chars().zip(right.chars());
    let at = both.take_while(|(left, right)| left == right).count();
    let from = at.saturating_sub(AROUND);
    let piece = |text: &str| {
        let shown: String = text.chars().skip(from).take(2 * AROUND).collect();
        let before = if from > 0 { "…" } else { "" };
        let after = if text.chars().count() > from + 2 * AROUND {
            "…"
        } else {
            ""
        };
        format!("{before}{shown}{after}")
    };
    let indent = at - from + usize::from(from > 0);
    Some(format!(
        "- {}\n+ {}\n  {}^ character {}\n",
        piece(left),
        piece(right),
        " ".repeat(indent),
        at + 1
    ))
}

enum Line<'a> {
    Both(&'a str),
    Left(&'a str),
    Right(&'a str),
}

fn in_lines(left: &[&str], right: &[&str]) -> String {
    let lines = aligned(left, right);
    let changed: Vec<bool> = lines
        .iter()
        .map(|line| !matches!(line, Line::Both(_)))
        .collect();
    let mut out = String::new();
    let mut skipped = false;
    for (at, line) in lines.iter().enumerate() {
        let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(changed.len());
        if !changed.get(near).is_some_and(|near| near.contains(&true)) {
            skipped = true;
            continue;
        }
        if skipped {
            out.push_str("  ⋮\n");
            skipped = false;
        }
        let (sign, text) = match line {
            Line::Both(text) => (' ', text),
            Line::Left(text) => ('-', text),
            Line::Right(text) => ('+', text),
        };
        out.push_str(format!("{sign} {text}").trim_end());
        out.push('\n');
    }
    out
}

/// The longest common lines of both, and between them what only one has.
fn aligned<'a>(left: &[&'a str], right: &[&'a str]) -> Vec<Line<'a>> {
    let columns = right.len() + 1;
    // How many lines the rest of both has in common, from each pair of places on.
    let mut common = vec![0_u32; (left.len() + 1) * columns];
    let at = |row: usize, column: usize| row * columns + column;
    for row in (0..left.len()).rev() {
        for column in (0..right.len()).rev() {
            common[at(row, column)] = if left[row] == right[column] {
                common[at(row + 1, column + 1)] + 1
            } else {
                common[at(row + 1, column)].max(common[at(row, column + 1)])
            };
        }
    }
    let mut lines = Vec::new();
    let (mut row, mut column) = (0, 0);
    loop {
        match (left.get(row), right.get(column)) {
            (None, None) => return lines,
            (Some(text), Some(other)) if text == other => {
                lines.push(Line::Both(text));
                (row, column) = (row + 1, column + 1);
            }
            (Some(text), other)
                if other.is_none()
                    || common[at(row + 1, column)] >= common[at(row, column + 1)] =>
            {
                lines.push(Line::Left(text));
                row += 1;
            }
            (_, Some(text)) => {
                lines.push(Line::Right(text));
                column += 1;
            }
            (Some(text), None) => {
                lines.push(Line::Left(text));
                row += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rhai::Engine;

    use super::*;

    fn value(text: &str) -> Dynamic {
        Engine::new().eval(text).unwrap()
    }

    #[test]
    fn values_are_the_same_by_what_they_hold() {
        for (left, right, expected) in [
            ("1", "1.0", true),
            ("1", "2", false),
            ("'a'", "\"a\"", true),
            ("()", "()", true),
            ("()", "false", false),
            ("\"1\"", "1", false),
            ("#{ a: [1, #{ b: 2 }] }", "#{ a: [1.0, #{ b: 2 }] }", true),
            ("#{ a: 1 }", "#{ a: 1, b: () }", false),
            ("[1, 2]", "[1]", false),
            ("#{ a: 1 }", "#{ b: 1 }", false),
            ("true", "true", true),
        ] {
            assert_eq!(
                same(&value(left), &value(right)),
                Some(expected),
                "{left} {right}"
            );
        }
    }

    #[test]
    fn maps_are_compared_line_by_line_in_one_order() {
        let text = of(
            &value("#{ b: 1, a: #{ x: [1, 2, 3] }, z: 0, y: 0, w: 0, v: 0 }"),
            &value("#{ a: #{ x: [1, 9, 3] }, b: 1, z: 0, y: 0, w: 0, v: 0 }"),
        );
        assert_eq!(
            text.unwrap(),
            "  ⋮\n      \"x\": [\n        1,\n-       2,\n+       9,\n        3\n      ]\n"
        );
    }

    #[test]
    fn long_texts_are_shown_where_they_part() {
        let (left, right) = ("x".repeat(100) + "left", "x".repeat(100) + "right");
        let text = of(&left.into(), &right.into()).unwrap();
        assert!(text.contains("^ character 101"), "{text}");
        let caret = text.lines().nth(2).unwrap().chars().position(|c| c == '^');
        let parted = text.lines().next().unwrap().chars().position(|c| c == 'l');
        assert_eq!(caret, parted);
        assert_eq!(of(&"short".into(), &"other".into()), None);
        assert_eq!(
            of(&"a\nb\n".into(), &"a\nc\n".into()).unwrap(),
            "  a\n- b\n+ c\n"
        );
    }
}
