//! The part of a source line that a page has room for, with the place of a mistake in it, fit for a terminal.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use unicode_width::UnicodeWidthChar;

use crate::harmless::{REPLACED, is_command};
use crate::lengths::CUT;
use crate::secrets::MASK;

/// Columns from one tab stop to the next.
const TAB: usize = 4;
/// Fewer columns show nothing that is worth it.
const NARROWEST: usize = 20;
/// Lines around one in which a call that ends on it may begin, and the other way round.
const AROUND: usize = 3;

/// A part of a line.
pub struct Excerpt {
    pub text: String,
    /// The place, in characters of `text`.
    pub span: Range<usize>,
}

/// What stands in one column, or two.
struct Cell {
    shown: char,
    width: usize,
}

/// The window of a line around the place at `span` (in characters), at most `width` columns wide; `tail` of them are needed behind the
/// place. What is in the ranges of `hidden` is not shown.
pub fn around(
    line: &str,
    span: Range<usize>,
    hidden: &[Range<usize>],
    width: usize,
    tail: usize,
) -> Excerpt {
    let width = width.max(NARROWEST);
    let (mut cells, mut span) = cells_of(line, span, hidden);
    if cells.len() < span.end {
        // A place behind the end of the line.
        cells.resize_with(span.end, || Cell {
            shown: ' ',
            width: 1,
        });
    }
    let wide = |range: Range<usize>| -> usize {
        let cells = cells.get(range).unwrap_or_default();
        cells.iter().map(|cell| cell.width).sum()
    };
    let all = wide(0..cells.len());
    if all.max(wide(0..span.end) + tail) <= width {
        let text = cells.iter().map(|cell| cell.shown).collect();
        return Excerpt { text, span };
    }
    // Where the line is cut, a sign takes a column.
    let room = width - 2;
    let (mut from, mut to) = (span.start, span.start);
    let mut used = 0;
    let tail = tail.min(room / 2);
    let fits = |used: usize, at: usize| cells.get(at).is_some_and(|cell| used + cell.width <= room);
    // The place itself first, as far as there is room for it and what is said about it.
    while to < span.end && fits(used + tail, to) {
        used += cells.get(to).map_or(0, |cell| cell.width);
        to += 1;
    }
    let behind = wide(to..cells.len()).max(tail);
    // Then as much before as behind it, and what one side does not need for the other.
    let left = room.saturating_sub(used);
    let before = (left / 2).max(left.saturating_sub(behind));
    let mut taken = 0;
    while from > 0
        && let Some(cell) = cells.get(from - 1)
        && taken + cell.width <= before
    {
        taken += cell.width;
        from -= 1;
    }
    used += taken;
    while to < cells.len() && fits(used, to) {
        used += cells.get(to).map_or(0, |cell| cell.width);
        to += 1;
    }
    let mut text = String::new();
    let mut shift = 0;
    if from > 0 {
        text.push(CUT);
        shift = 1;
    }
    text.extend(
        cells
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .map(|cell| cell.shown),
    );
    if to < cells.len() {
        text.push(CUT);
    }
    span.end = span.end.min(to).max(span.start + 1);
    Excerpt {
        text,
        span: span.start - from + shift..span.end - from + shift,
    }
}

/// A line as it is shown, and the place in it.
fn cells_of(line: &str, span: Range<usize>, hidden: &[Range<usize>]) -> (Vec<Cell>, Range<usize>) {
    let mut cells: Vec<Cell> = Vec::new();
    let (mut start, mut end) = (None, None);
    let mut column = 0;
    for (at, c) in line.chars().enumerate() {
        if at == span.start {
            start = Some(cells.len());
        }
        if at == span.end {
            end = Some(cells.len());
        }
        if let Some(range) = hidden.iter().find(|range| range.contains(&at)) {
            if at == range.start {
                cells.extend(MASK.chars().map(|shown| Cell { shown, width: 1 }));
                column += MASK.len();
            }
            continue;
        }
        if c == '\t' {
            let count = TAB - column % TAB;
            cells.extend((0..count).map(|_| Cell {
                shown: ' ',
                width: 1,
            }));
            column += count;
            continue;
        }
        // What nobody would see is shown, or a caret would point at nothing.
        let shown = if is_command(c) || is_invisible(c) {
            REPLACED
        } else {
            c
        };
        let width = shown.width().unwrap_or(1);
        column += width;
        cells.push(Cell { shown, width });
    }
    // Behind the end each character is a column.
    let length = line.chars().count();
    let start = start.unwrap_or(cells.len() + span.start.saturating_sub(length));
    let end = end.unwrap_or(cells.len() + span.end.saturating_sub(length));
    let end = end.max(start + 1);
    (cells, start..end)
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

/// The default that stands for a secret, `secret("NAME", "default")`: not to be shown, since it may be one.
static DEFAULTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"\bsecret\s*\(\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[A-Za-z_][\w:.]*)\s*,\s*(?:"(?P<plain>(?:[^"\\]|\\.)*)"|`(?P<raw>[^`]*)`)"#,
    )
    .ok()
});

/// The ranges, in characters, of a line (counted from 1) that are defaults of secrets.
pub fn defaults(text: &str, line: usize) -> Vec<Range<usize>> {
    let first = line.saturating_sub(1 + AROUND);
    let lines: Vec<&str> = text.lines().skip(first).take(2 * AROUND + 1).collect();
    let Some(pattern) = DEFAULTS
        .as_ref()
        .filter(|_| lines.iter().any(|line| line.contains("secret")))
    else {
        return Vec::new();
    };
    let piece = lines.join("\n");
    let here: usize = lines
        .iter()
        .take(line.saturating_sub(1 + first))
        .map(|line| line.len() + 1)
        .sum();
    let length = lines
        .get(line.saturating_sub(1 + first))
        .map_or(0, |line| line.len());
    let characters = |end: usize| piece.get(here..end).map_or(0, |part| part.chars().count());
    pattern
        .captures_iter(&piece)
        .filter_map(|found| found.name("plain").or_else(|| found.name("raw")))
        .filter(|found| found.end() > here && found.start() < here + length)
        .map(|found| {
            characters(found.start().max(here))..characters(found.end().min(here + length))
        })
        .filter(|range| !range.is_empty())
        .collect()
}

/// A line (counted from 1) without the defaults of secrets and without commands to a terminal.
pub fn plain_line(text: &str, line: usize) -> Option<String> {
    let code = text.lines().nth(line.checked_sub(1)?)?;
    let (cells, _) = cells_of(code, 0..0, &defaults(text, line));
    Some(cells.iter().map(|cell| cell.shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(line: &str, span: Range<usize>, width: usize) -> (String, String) {
        let found = around(line, span, &[], width, 8);
        let marked = found.text.chars().skip(found.span.start);
        let marked = marked.take(found.span.len()).collect();
        (found.text, marked)
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}wrong{}", "a".repeat(300), "b".repeat(300));
        let (text, marked) = window(&line, 300..305, 60);
        assert_eq!(marked, "wrong");
        assert!(text.starts_with("…aaa") && text.ends_with("bbb…"), "{text}");
        assert_eq!(text.chars().count(), 60);
        let (text, marked) = window(&line, 0..3, 60);
        assert_eq!(marked, "aaa");
        assert!(text.starts_with("aaaa") && text.ends_with('…'), "{text}");
        let (text, marked) = window(&line, 603..605, 60);
        assert_eq!(marked, "bb");
        assert!(text.starts_with('…') && text.ends_with("bb"), "{text}");
        let (text, marked) = window(&line, 0..605, 60);
        assert!(
            text.chars().count() <= 60 && marked.starts_with("aaa"),
            "{text}"
        );
    }

    #[test]
    fn a_short_line_stays_as_it_is() {
        assert_eq!(
            window("let x = y;", 8..9, 60),
            ("let x = y;".to_owned(), "y".to_owned())
        );
        // A place behind the end has a column of its own.
        assert_eq!(
            window("let x", 5..6, 60),
            ("let x ".to_owned(), " ".to_owned())
        );
    }

    #[test]
    fn what_is_wide_invisible_or_a_command_keeps_the_place_right() {
        let (text, marked) = window("\tüß🏨\u{200b}\u{1b}x", 6..7, 60);
        assert_eq!(
            (text.as_str(), marked.as_str()),
            ("    üß🏨\u{fffd}\u{fffd}x", "x")
        );
        let wide = format!("{}x", "漢".repeat(200));
        let (text, marked) = window(&wide, 200..201, 40);
        assert_eq!(marked, "x");
        let columns: usize = text.chars().filter_map(|c| c.width()).sum();
        assert!(columns <= 40, "{text}");
    }

    #[test]
    fn defaults_of_secrets_are_not_shown() {
        let text = "let a = secret(\"KEY\", \"hunter2\") + secret(NAME, `x y`);\nlet b = secret(\n    \"K\",\n    \"s3cr\\\"et\");\nlet c = env(\"A\", \"open\");";
        let line = |number| plain_line(text, number).unwrap();
        assert_eq!(
            line(1),
            "let a = secret(\"KEY\", \"***\") + secret(NAME, `***`);"
        );
        assert_eq!(line(4), "    \"***\");");
        assert_eq!(line(5), "let c = env(\"A\", \"open\");");
    }
}
