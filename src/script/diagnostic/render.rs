//! A mistake as a page shows it: what, where, the line with a caret under the place, how to mend it.

use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind};

use super::excerpt::{self, Excerpt};
use super::{Beyond, COUNTED, Diagnostic, Note, Severity};
use crate::harmless;

/// Columns of a page whose width is not known: for sentences, and for lines of a script, which are not wrapped.
const COLUMNS: usize = 80;
const LINE_COLUMNS: usize = 100;
/// Columns that stand before a hint.
const FRAME: usize = 14;
/// A hint is not wrapped to less than this, nor, so that it is read with ease, to more than `WIDEST`.
const NARROWEST: usize = 24;
const WIDEST: usize = 100;

/// `columns`: of the page, if they are known.
pub fn render(found: &Diagnostic, colour: bool, columns: Option<usize>) -> String {
    let message = harmless::text(&found.message);
    let source = harmless::text(&found.source);
    let help = found.help.as_deref().map(harmless::text);
    if found.line == 0 || found.text.is_empty() || found.beyond.is_some() {
        let help = help
            .map(|help| format!("\n  Help: {help}"))
            .unwrap_or_default();
        let word = match found.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        let place = match found.beyond {
            Some(Beyond::Lines) => {
                format!(", beyond line {COUNTED}, up to which lines are counted")
            }
            Some(Beyond::Columns) => format!(
                ":{}, beyond column {COUNTED}, up to which columns are counted",
                found.line
            ),
            None => String::new(),
        };
        return format!("{word}: {message}\n  in {source}{place}{help}\n");
    }
    let label = match found.label.as_str() {
        "" => "here",
        label => label,
    };
    let digits = found.line.to_string().len();
    let room = columns.unwrap_or(LINE_COLUMNS).saturating_sub(digits + 4);
    let text = found.text.lines().nth(found.line - 1).unwrap_or_default();
    let hidden = excerpt::defaults(&found.text, found.line);
    // The arrow to the label takes some columns.
    let tail = label.chars().count() + 6;
    let Excerpt { text, span } = excerpt::around(text, found.span(), &hidden, room, tail);
    // Only the line itself is drawn; those above it are there to be counted.
    let above = found.line - 1;
    let span = above + span.start..above + span.end;
    let text = format!("{}{text}", "\n".repeat(above));
    let config = Config::new()
        .with_color(colour)
        .with_index_type(IndexType::Char)
        .with_char_set(CharSet::Unicode);
    let (kind, paint) = match found.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let name = source.into_owned();
    let mut report = Report::build(kind, (name.clone(), span.clone()))
        .with_config(config)
        .with_message(&message)
        .with_label(
            Label::new((name.clone(), span.clone()))
                .with_message(harmless::text(label))
                .with_color(paint),
        );
    if let Some(help) = help {
        report = report.with_help(wrap(&help, columns.unwrap_or(COLUMNS)));
    }
    if !found.notes.is_empty() {
        report = report.with_note(listed(&found.notes));
    }
    let mut out = Vec::new();
    let shown_at = format!("{name}:{}:{} ", found.line, span.start - above + 1);
    let stands_at = format!("{name}:{}:{} ", found.line, found.column.max(1));
    // Writing to memory does not fail.
    let _ = report
        .finish()
        .write(ariadne::sources([(name, text)]), &mut out);
    let drawn = String::from_utf8_lossy(&out).into_owned();
    let mut is_placed = false;
    let mut page = String::with_capacity(drawn.len());
    for line in drawn.lines() {
        // The column is that of the whole line, not of the part that is shown.
        if !is_placed && line.contains('╭') && line.contains(&shown_at) {
            is_placed = true;
            page.push_str(line.replacen(&shown_at, &stands_at, 1).trim_end());
        } else {
            page.push_str(line.trim_end());
        }
        page.push('\n');
    }
    page
}

/// Notes one below the other, their lines of code in one column.
fn listed(notes: &[Note]) -> String {
    let heads: Vec<String> = notes
        .iter()
        .map(|note| harmless::text(&note.to_string()).into_owned())
        .collect();
    let width = |head: &str| head.chars().count();
    let widest = notes
        .iter()
        .zip(&heads)
        .filter(|(note, _)| !note.code.is_empty())
        .map(|(_, head)| width(head))
        .max()
        .unwrap_or_default();
    let lines = notes.iter().zip(&heads).map(|(note, head)| {
        if note.code.is_empty() {
            head.clone()
        } else {
            let gap = " ".repeat(widest - width(head));
            format!("{head}{gap}  {}", note.code)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Breaks a hint into lines, so that it is read whole where the lines of a report are cut off.
fn wrap(text: &str, columns: usize) -> String {
    let most = columns.saturating_sub(FRAME).clamp(NARROWEST, WIDEST);
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > most {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rhai::Position;

    use super::*;
    use crate::script::Sources;

    fn found(text: &str, line: u16, column: u16) -> Diagnostic {
        let sources = Sources::from_text(Path::new("t.rhai"), text);
        Diagnostic::at(&sources, "t.rhai", Position::new(line, column), "wrong")
    }

    #[test]
    fn a_hint_is_as_wide_as_the_page_allows() {
        let words = "word ".repeat(60);
        let found = found("let x = 1;\n", 1, 5).with_help(Some(words.trim().to_owned()));
        let widest = |columns| {
            let text = found.render_within(false, Some(columns));
            text.lines().map(|line| line.chars().count()).max()
        };
        assert!(widest(50).is_some_and(|width| width <= 50));
        assert!(widest(110).is_some_and(|width| (90..=110).contains(&width)));
    }

    #[test]
    fn a_place_far_to_the_right_is_shown_with_its_true_column() {
        let text = format!(
            "let x = 1;\n{}wrong_one; {}\n",
            "x + ".repeat(200),
            "y".repeat(500)
        );
        for (columns, most) in [(None, LINE_COLUMNS), (Some(60), 60)] {
            let page = found(&text, 2, 801).render_within(false, columns);
            assert!(page.contains("t.rhai:2:801 ]"), "{page}");
            assert!(
                page.contains(" 2 │ …") && page.contains("x + wrong_one; yyy"),
                "{page}"
            );
            let widest = page.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|width| width <= most), "{page}");
            let lines: Vec<&str> = page.lines().collect();
            let at = |line: &str, what: &str| {
                let bytes = line.find(what).unwrap();
                line[..bytes].chars().count()
            };
            assert_eq!(at(lines[3], "wrong_one"), at(lines[4], "──"), "{page}");
        }
    }

    #[test]
    fn nothing_of_a_script_is_a_command_to_the_terminal() {
        let mut found = found(
            "let x = \"\u{1b}[31m\u{202e}\"; // \u{2028} \u{85}\nlet y;",
            1,
            5,
        )
        .with_help(Some("\u{1b}[2J".to_owned()));
        found.message = "a\u{7}b".to_owned();
        found.notes.push(Note {
            message: "in \u{1b}c".to_owned(),
            ..Note::default()
        });
        let page = found.render(false);
        assert!(!page.contains(harmless::is_command), "{page:?}");
        assert!(
            page.contains("t.rhai:1:5 ]") && page.contains(" 1 │ let x"),
            "{page}"
        );
    }

    #[test]
    fn lines_beyond_those_that_are_counted_have_no_number() {
        let text = "let x = 1;\n".repeat(70_000);
        let page = found(&text, u16::MAX, 5).render(false);
        assert_eq!(
            page,
            "Error: wrong\n  in t.rhai, beyond line 65535, up to which lines are counted\n"
        );
        let wide = format!("let x = 1;\n{}\n", "x".repeat(70_000));
        assert_eq!(
            self::found(&wide, 2, u16::MAX).render(false),
            "Error: wrong\n  in t.rhai:2, beyond column 65535, up to which columns are counted\n"
        );
        let short = "let x = 1;\n".repeat(100);
        assert!(
            found(&short, 100, 5)
                .render(false)
                .contains("t.rhai:100:5 ]")
        );
    }
}
