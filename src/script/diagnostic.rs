//! Mistakes in scripts, as people see them: where, what, how to mend it.

use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind};
use rhai::{
    AST, ASTFlags, Engine, EvalAltResult, LexError, ParseError, ParseErrorType, Position, Stmt,
};

use super::locate::locate;
use super::scan::{known_names, module_names};
use super::sources::Sources;
use crate::suggest::did_you_mean;

/// A place that has to do with a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub source: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// A mistake: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
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
        if self.line == 0 || self.text.is_empty() {
            let help = self
                .help
                .as_ref()
                .map(|help| format!("\n  Help: {help}"))
                .unwrap_or_default();
            return format!("Error: {}\n  in {}{help}\n", self.message, self.source);
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
        let mut report = Report::build(ReportKind::Error, (name.clone(), span.clone()))
            .with_config(config)
            .with_message(&self.message)
            .with_label(
                Label::new((name.clone(), span))
                    .with_message(label)
                    .with_color(Color::Red),
            );
        if let Some(help) = &self.help {
            report = report.with_help(wrap(help));
        }
        if !self.notes.is_empty() {
            let calls: Vec<String> = self
                .notes
                .iter()
                .map(|note| {
                    format!(
                        "{} at {}:{}:{}",
                        note.message, note.source, note.line, note.column
                    )
                })
                .collect();
            report = report.with_note(calls.join("\n"));
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
        if line.get(start) == Some(&'"') {
            // A string is marked to its end.
            length = line[start + 1..]
                .iter()
                .position(|c| *c == '"')
                .map_or(line.len() - start, |at| at + 2);
        }
        before + start..before + start + length.max(1)
    }
}

/// Breaks a hint into lines, so that it is read whole where the lines of a report are cut off.
fn wrap(text: &str) -> String {
    const WIDTH: usize = 66;
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > WIDTH {
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

const MAP_SIGN: &str = "a map is written with `#{ … }`; `{ … }` is a block";

/// A syntax error.
pub fn of_parse_error(error: &ParseError, source: &str, text: &str) -> Diagnostic {
    let sources = Sources::from_text(std::path::Path::new(source), text);
    of_parse_error_type(&error.0, error.1, &sources, source)
}

fn of_parse_error_type(
    error: &ParseErrorType,
    position: Position,
    sources: &Sources,
    source: &str,
) -> Diagnostic {
    let help = match error {
        ParseErrorType::UnexpectedEOF => Some("a bracket, brace or quote is not closed".to_owned()),
        ParseErrorType::BadInput(LexError::UnterminatedString) => Some(
            "close the string with a quote; a string over several lines is written with backticks"
                .to_owned(),
        ),
        // The parser expects one more element where the end is missing.
        ParseErrorType::MissingToken(token, what) if token == "," => {
            let end = if what.contains("array") {
                ']'
            } else if what.contains("map") {
                '}'
            } else {
                ')'
            };
            Some(format!("add `,` here, or `{end}` if that was the last one"))
        }
        ParseErrorType::MissingToken(token, _) => Some(format!("add `{token}` here")),
        ParseErrorType::BadInput(LexError::UnexpectedInput(_)) => Some(
            "names are made of the letters a to z, digits and `_`; other letters stand in texts"
                .to_owned(),
        ),
        ParseErrorType::Reserved(word) if word == "await" || word == "async" => {
            Some("calls that wait do so by themselves: no `async`, no `await`".to_owned())
        }
        ParseErrorType::Reserved(word) if word == "var" => {
            Some("declare a variable with `let`".to_owned())
        }
        ParseErrorType::Reserved(word) => Some(format!(
            "Rhai keeps this word for itself: as a key of a map write \"{word}\" in quotes, elsewhere choose another name"
        )),
        ParseErrorType::ExprTooDeep => Some("take the expression apart with variables".to_owned()),
        ParseErrorType::VariableExpected => Some(MAP_SIGN.to_owned()),
        _ => None,
    };
    // The parser stops after the last character when something is missing there.
    let mut diagnostic =
        Diagnostic::at(sources, source, position, format!("Syntax error: {error}")).with_help(help);
    if position.is_none() || diagnostic.line > diagnostic.text.lines().count() {
        diagnostic.line = diagnostic.text.lines().count().max(1);
        diagnostic.column = diagnostic
            .text
            .lines()
            .last()
            .map_or(1, |line| line.chars().count().max(1));
    }
    // `{ a: 1 }` ends as a block at the colon.
    if matches!(error, ParseErrorType::MissingToken(token, _) if token == ";")
        && diagnostic.character() == Some(':')
    {
        diagnostic.help = Some(MAP_SIGN.to_owned());
    }
    "expected here".clone_into(&mut diagnostic.label);
    if !matches!(error, ParseErrorType::MissingToken(..)) {
        diagnostic.label.clear();
    }
    diagnostic
}

/// An error that a script threw while it ran.
pub fn of_runtime_error(
    error: &EvalAltResult,
    sources: &Sources,
    engine: &Engine,
    ast: Option<&AST>,
) -> Diagnostic {
    let mut notes = Vec::new();
    let mut source = sources.main.clone();
    let mut current = error;
    loop {
        match current {
            EvalAltResult::ErrorInFunctionCall(name, inside, inner, position) => {
                push_call(
                    &mut notes,
                    &source,
                    *position,
                    &format!("`{}` called", readable(name)),
                );
                if !inside.is_empty() {
                    source.clone_from(inside);
                }
                current = inner;
            }
            EvalAltResult::ErrorInModule(name, inner, position) => {
                push_call(
                    &mut notes,
                    &source,
                    *position,
                    &format!("`{name}` imported"),
                );
                source.clone_from(name);
                current = inner;
            }
            _ => break,
        }
    }
    notes.reverse();
    let position = current.position();
    if let EvalAltResult::ErrorParsing(kind, position) = current {
        let mut diagnostic = of_parse_error_type(kind, *position, sources, &source);
        diagnostic.notes = notes;
        return diagnostic;
    }
    let (message, help) = explain(current, engine, ast);
    let mut diagnostic = Diagnostic::at(sources, &source, position, message).with_help(help);
    diagnostic.notes = notes;
    diagnostic
}

fn push_call(notes: &mut Vec<Note>, source: &str, position: Position, message: &str) {
    if let (Some(line), Some(column)) = (position.line(), position.position()) {
        notes.push(Note {
            source: source.to_owned(),
            line,
            column,
            message: message.to_owned(),
        });
    }
}

/// A closure has a generated name that tells nobody anything.
fn readable(name: &str) -> &str {
    if name.starts_with("anon$") {
        "closure"
    } else {
        name
    }
}

fn explain(error: &EvalAltResult, engine: &Engine, ast: Option<&AST>) -> (String, Option<String>) {
    match error {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(['(', ' ']).next().unwrap_or(signature);
            let plain = name.rsplit("::").next().unwrap_or(name);
            let (namespace, _) = name.rsplit_once("::").unwrap_or_default();
            let names = known_names(engine, ast, namespace);
            let help = if names.iter().any(|known| known == plain) {
                Some(format!(
                    "`{name}` exists, but not for arguments of these types or this number"
                ))
            } else {
                did_you_mean(plain, names.iter().map(String::as_str))
            };
            (format!("there is no function `{signature}`"), help)
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            // Whether the script's top level declares it, and if so as a constant.
            let declared = ast.and_then(|ast| {
                ast.statements()
                    .iter()
                    .find_map(|statement| match statement {
                        Stmt::Var(variable, flags, _) if variable.0.name == name.as_str() => {
                            Some(flags.contains(ASTFlags::CONSTANT))
                        }
                        _ => None,
                    })
            });
            let help = match declared {
                Some(true) => format!("inside a function, write `global::{name}` for a constant of the script"),
                Some(false) => format!(
                    "functions do not see variables of the top level: make it a constant, `const {name} = …`, and write `global::{name}`"
                ),
                None => "declare it with `let`; functions see their parameters, their own variables, and the script's constants as `global::NAME`".to_owned(),
            };
            (format!("there is no variable `{name}`"), Some(help))
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let modules = module_names(engine);
            let help =
                did_you_mean(name, modules.iter().map(String::as_str)).unwrap_or_else(|| {
                    format!("import it at the top of the script: import \"std/{name}\" as {name};")
                });
            (format!("there is no module `{name}`"), Some(help))
        }
        EvalAltResult::ErrorStackOverflow(_) => (
            format!(
                "functions call each other more than {} levels deep",
                super::LIMITS.call_levels
            ),
            Some("is there a recursion without an end?".to_owned()),
        ),
        EvalAltResult::ErrorTerminated(..) => (
            format!(
                "the script's top level took longer than {} s",
                super::LIMITS.top_level.as_secs()
            ),
            Some(
                "the top level only declares; work belongs into `setup` or a scenario's function"
                    .to_owned(),
            ),
        ),
        EvalAltResult::ErrorRuntime(value, _) => {
            let text = if value.is_map() {
                format!("{value:?}")
            } else {
                value.to_string()
            };
            match text.split_once("\nhelp: ") {
                Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
                None => (text, None),
            }
        }
        EvalAltResult::ErrorDotExpr(what, _) => {
            let help = what.contains("for type '()'").then(|| {
                "was the request answered, and does the path exist? `()` stands for nothing"
                    .to_owned()
            });
            (property(what).unwrap_or_else(|| what.clone()), help)
        }
        other => {
            let text = other.to_string();
            // The position is shown by the caret.
            let text = text
                .rsplit_once(" (line ")
                .map_or(text.as_str(), |(message, _)| message);
            (text.to_owned(), None)
        }
    }
}

/// Rhai's sentence about a missing property in this program's words.
fn property(text: &str) -> Option<String> {
    let (name, rest) = text.strip_prefix("Unknown property '")?.split_once('\'')?;
    let (_, kind) = rest.split_once("for type '")?;
    let kind = kind.trim_end_matches('\'');
    Some(format!("a value of the type `{kind}` has no `{name}`"))
}

/// A mistake in the script's options, shown where the option is written.
pub fn of_option(
    path: &[String],
    message: String,
    help: Option<String>,
    sources: &Sources,
) -> Diagnostic {
    let position = locate(sources, path).unwrap_or(Position::NONE);
    // A key that the message names itself is not said twice.
    let shown = match path.split_last() {
        Some((key, parents)) if message.contains(&format!("`{key}`")) => parents,
        _ => path,
    };
    let shown = if shown.is_empty() {
        String::new()
    } else {
        format!("{}: ", shown.join("."))
    };
    Diagnostic::at(
        sources,
        &sources.main,
        position,
        format!("{shown}{message}"),
    )
    .with_help(help)
}

/// Options that are there but not exported would be ignored in silence.
pub fn options_not_exported(ast: &AST, sources: &Sources) -> Option<Diagnostic> {
    ast.statements()
        .iter()
        .find_map(|statement| match statement {
            Stmt::Var(variable, flags, position)
                if variable.0.name == "options" && !flags.contains(ASTFlags::EXPORTED) =>
            {
                let diagnostic = Diagnostic::at(
                    sources,
                    &sources.main,
                    *position,
                    "`options` is not exported, so it would have no effect",
                );
                Some(
                    diagnostic.with_help(Some("write `export const options = #{ … };`".to_owned())),
                )
            }
            _ => None,
        })
}

/// A mistake about a function of the script, shown where it is defined.
pub fn of_function(name: &str, message: String, sources: &Sources) -> Diagnostic {
    let text = sources.main_text();
    let mut diagnostic = Diagnostic::at(sources, &sources.main, Position::NONE, message);
    // The syntax tree knows where a function's body begins, but not its name.
    for (at, line) in text.lines().enumerate() {
        if let Some(column) = defined_at(line, name) {
            diagnostic.line = at + 1;
            diagnostic.column = column;
            break;
        }
    }
    diagnostic
}

/// The column, from 1, at which a line that defines the function names it.
fn defined_at(line: &str, name: &str) -> Option<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let code = line.split("//").next()?;
    let (before, after) = code.split_once("fn ")?;
    let rest = after.trim_start();
    let found = rest.strip_prefix(name)?;
    let is_whole = !found.starts_with(word) && !before.ends_with(word);
    let ahead = code.strip_suffix(rest)?;
    is_whole.then(|| ahead.chars().count() + 1)
}

/// An error in one line, for where there is no room for more.
pub fn line_of(error: &EvalAltResult) -> String {
    let inner = super::journey::innermost(error);
    let text = inner.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
