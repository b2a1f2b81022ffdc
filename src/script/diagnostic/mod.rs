//! Mistakes in scripts, as people see them: where, what, how to mend it.

mod frames;
mod place;
mod runtime;
mod syntax;

use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind};
use rhai::Position;

use super::sources::Sources;

pub use place::{of_definition, of_function, of_option, options_not_exported};
pub use runtime::{arguments, brief, of_runtime_error};
pub use syntax::of_parse_error;

/// Columns of a page whose width is not known.
const COLUMNS: usize = 80;
/// Columns that stand before a hint.
const FRAME: usize = 14;
/// A hint is not wrapped to less than this, nor, so that it is read with ease, to more than `WIDEST`.
const NARROWEST: usize = 24;
const WIDEST: usize = 100;

/// Whether a script with this mistake can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    /// It can, but hardly does what its author meant.
    Warning,
}

impl Severity {
    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A call that led to a mistake: a place that was being run, and in which function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    pub source: String,
    /// From 1; 0 if unknown.
    pub line: usize,
    /// From 1, in characters; 0 if unknown.
    pub column: usize,
    pub message: String,
    /// The line as it is written, without the space around it; empty if it is unknown or shown elsewhere.
    pub code: String,
}

impl Note {
    fn is_same_place(&self, other: &Self) -> bool {
        let place = |note: &Self| (note.line, note.column);
        place(self) == place(other) && self.source == other.source && self.message == other.message
    }
}

/// As in `in pay (lib/cart.rhai:12:5)`.
impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match (self.source.as_str(), self.line) {
            ("", _) => Ok(()),
            (source, 0) => write!(f, " ({source})"),
            (source, line) => write!(f, " ({source}:{line}:{})", self.column),
        }
    }
}

/// Notes one below the other, their lines of code in one column.
fn listed(notes: &[Note]) -> String {
    let heads: Vec<String> = notes.iter().map(ToString::to_string).collect();
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

/// A mistake: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// What kind of mistake it is, for programs and for whoever silences a warning.
    pub code: &'static str,
    /// Name of the source; its path.
    pub source: String,
    /// From 1; 0 if unknown.
    pub line: usize,
    /// From 1, in characters; 0 if unknown.
    pub column: usize,
    pub message: String,
    /// What is the matter with just this place, shown under it.
    pub label: String,
    pub help: Option<String>,
    /// The calls that led there, innermost first.
    pub notes: Vec<Note>,
    text: std::sync::Arc<str>,
}

impl Diagnostic {
    /// A mistake at a position of a source.
    pub fn at(
        sources: &Sources,
        source: &str,
        position: Position,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code: "script",
            source: source.to_owned(),
            line: position.line().unwrap_or(0),
            column: position.position().unwrap_or(0),
            message: message.into(),
            label: String::new(),
            help: None,
            notes: Vec::new(),
            text: sources.text(source).unwrap_or_default(),
        }
    }

    /// The mistake with a hint on how to mend it.
    #[must_use]
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The mistake with the name of its kind.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The column, from 1, in characters, behind the last character of the place; the column itself if that is unknown.
    pub fn end_column(&self) -> usize {
        if self.line == 0 {
            return self.column;
        }
        self.column + self.span().len()
    }

    /// The mistake as one that a script can run with.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The mistake in one line, the same wherever it happens again.
    pub fn one_line(&self) -> String {
        let message = self.message.lines().next().unwrap_or_default();
        if self.line == 0 {
            message.to_owned()
        } else {
            format!("{message} ({}:{})", self.source, self.line)
        }
    }

    /// The mistake with its source line and a caret under the place.
    pub fn render(&self, colour: bool) -> String {
        self.render_within(colour, COLUMNS)
    }

    /// The mistake as [`render`](Self::render) has it, its hint wrapped for a page of so many columns.
    pub fn render_within(&self, colour: bool, columns: usize) -> String {
        if self.line == 0 || self.text.is_empty() {
            let help = self
                .help
                .as_ref()
                .map(|help| format!("\n  Help: {help}"))
                .unwrap_or_default();
            let word = match self.severity {
                Severity::Error => "Error",
                Severity::Warning => "Warning",
            };
            return format!("{word}: {}\n  in {}{help}\n", self.message, self.source);
        }
        let span = self.span();
        let config = Config::new()
            .with_color(colour)
            .with_index_type(IndexType::Char)
            .with_char_set(CharSet::Unicode)
            .with_tab_width(4);
        let name = self.source.clone();
        let label = if self.label.is_empty() {
            "here".to_owned()
        } else {
            self.label.clone()
        };
        let (kind, paint) = match self.severity {
            Severity::Error => (ReportKind::Error, Color::Red),
            Severity::Warning => (ReportKind::Warning, Color::Yellow),
        };
        let mut report = Report::build(kind, (name.clone(), span.clone()))
            .with_config(config)
            .with_message(&self.message)
            .with_label(
                Label::new((name.clone(), span))
                    .with_message(label)
                    .with_color(paint),
            );
        if let Some(help) = &self.help {
            report = report.with_help(wrap(help, columns));
        }
        if !self.notes.is_empty() {
            report = report.with_note(listed(&self.notes));
        }
        let mut out = Vec::new();
        let sources = ariadne::sources([(name, self.text.to_string())]);
        // Writing to memory does not fail.
        let _ = report.finish().write(sources, &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        text.lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }

    /// The character at the position.
    fn character(&self) -> Option<char> {
        let line = self.text.lines().nth(self.line.checked_sub(1)?)?;
        line.chars().nth(self.column.checked_sub(1)?)
    }

    /// Offsets, in characters, of the word at the position.
    fn span(&self) -> std::ops::Range<usize> {
        let before: usize = self
            .text
            .split_inclusive('\n')
            .take(self.line - 1)
            .map(|line| line.chars().count())
            .sum();
        let line: Vec<char> = self
            .text
            .lines()
            .nth(self.line - 1)
            .unwrap_or_default()
            .chars()
            .collect();
        let start = self.column.saturating_sub(1).min(line.len());
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        let mut length = line
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(|c| word(c))
            .count();
        if let Some(quote) = line.get(start).filter(|c| matches!(c, '"' | '`')) {
            // A string is marked to its end.
            length = line[start + 1..]
                .iter()
                .position(|c| c == quote)
                .map_or(line.len() - start, |at| at + 2);
        }
        before + start..before + start + length.max(1)
    }
}

/// Sorts mistakes as a reader meets them: the script's own first, then its modules'.
pub fn in_reading_order(found: &mut [Diagnostic], sources: &Sources) {
    found.sort_by_key(|d| {
        let module = (d.source != sources.main).then(|| d.source.clone());
        (module, d.line, d.column)
    });
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
    use super::*;

    #[test]
    fn a_hint_is_as_wide_as_the_page_allows() {
        let sources = Sources::from_text(std::path::Path::new("t.rhai"), "let x = 1;\n");
        let words = "word ".repeat(60);
        let found = Diagnostic::at(&sources, "t.rhai", Position::new(1, 5), "wrong")
            .with_help(Some(words.trim().to_owned()));
        let widest = |columns| {
            let text = found.render_within(false, columns);
            text.lines().map(|line| line.chars().count()).max()
        };
        assert!(widest(50).is_some_and(|width| width <= 50));
        assert!(widest(110).is_some_and(|width| (90..=110).contains(&width)));
        assert_eq!(found.render(false), found.render_within(false, 80));
    }
}
