//! Mistakes in scripts, as people see them: where, what, how to mend it.

mod excerpt;
mod frames;
mod nothing;
mod place;
mod render;
mod runtime;
mod syntax;

use rhai::Position;

use super::sources::Sources;

pub use nothing::receiver;
pub use place::{of_definition, of_function, of_option, options_not_exported};
pub use runtime::{arguments, brief, called_property, no_member, of_runtime_error, ways};
pub use syntax::of_parse_error;

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

/// The number of the last line and column that Rhai counts: all that come after them have it, too.
const COUNTED: usize = u16::MAX as usize;

/// What of a place is behind what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Lines,
    Columns,
}

impl Beyond {
    fn of(line: usize, column: usize, text: &str) -> Option<Self> {
        if line == COUNTED && text.lines().nth(COUNTED).is_some() {
            return Some(Self::Lines);
        }
        let is_long = || {
            let line = text.lines().nth(line.checked_sub(1)?)?;
            line.chars().nth(COUNTED)
        };
        (column == COUNTED && is_long().is_some()).then_some(Self::Columns)
    }
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
    /// It stands behind what Rhai counts.
    beyond: Option<Beyond>,
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
        let text = sources.text(source).unwrap_or_default();
        let (mut line, mut column) = (
            position.line().unwrap_or(0),
            position.position().unwrap_or(0),
        );
        let beyond = Beyond::of(line, column, &text);
        match beyond {
            Some(Beyond::Lines) => (line, column) = (0, 0),
            Some(Beyond::Columns) => column = 0,
            None => {}
        }
        Self {
            severity: Severity::Error,
            code: "script",
            source: source.to_owned(),
            line,
            column,
            message: message.into(),
            label: String::new(),
            help: None,
            notes: Vec::new(),
            beyond,
            text,
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
        if self.line == 0 || self.beyond.is_some() {
            return self.column;
        }
        self.column + self.span().len()
    }

    /// The place of the mistake, for a note to another one.
    pub fn as_note(&self, message: &str) -> Note {
        let code = excerpt::plain_line(&self.text, self.line).unwrap_or_default();
        let mut code = code.trim().to_owned();
        crate::lengths::shorten(&mut code, frames::LINE);
        Note {
            source: self.source.clone(),
            line: self.line,
            column: self.column,
            message: message.to_owned(),
            code,
        }
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
        self.render_within(colour, None)
    }

    /// The mistake as [`render`](Self::render) has it, for a page of so many columns, if they are known.
    pub fn render_within(&self, colour: bool, columns: Option<usize>) -> String {
        render::render(self, colour, columns)
    }

    /// The character at the position.
    fn character(&self) -> Option<char> {
        let line = self.text.lines().nth(self.line.checked_sub(1)?)?;
        line.chars().nth(self.column.checked_sub(1)?)
    }

    /// Where in its line, in characters from 0, the word at the position stands.
    fn span(&self) -> std::ops::Range<usize> {
        let line: Vec<char> = self
            .text
            .lines()
            .nth(self.line.saturating_sub(1))
            .unwrap_or_default()
            .chars()
            .collect();
        let start = self.column.saturating_sub(1).min(line.len());
        let rest = line.get(start..).unwrap_or_default();
        let word = |c: &&char| c.is_alphanumeric() || **c == '_';
        let length = match rest.first() {
            // A string is marked to its end.
            Some(quote @ ('"' | '`')) => {
                let end = rest.iter().skip(1).position(|c| c == quote);
                end.map_or(rest.len(), |at| at + 2)
            }
            _ => rest.iter().take_while(word).count(),
        };
        start..start + length.max(1)
    }
}

/// Sorts mistakes as a reader meets them: the script's own first, then its modules'.
pub fn in_reading_order(found: &mut [Diagnostic], sources: &Sources) {
    found.sort_by_key(|d| {
        let module = (d.source != sources.main).then(|| d.source.clone());
        (module, d.line, d.column)
    });
}
