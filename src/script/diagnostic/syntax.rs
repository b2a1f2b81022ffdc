//! Syntax errors: what the parser says, with what the author most likely meant.

use rhai::{LexError, ParseError, ParseErrorType, Position};

use super::Diagnostic;
use crate::script::foreign;
use crate::script::sources::Sources;

const MAP_SIGN: &str = "a map is written with `#{ … }`; `{ … }` is a block";

/// A syntax error.
pub fn of_parse_error(error: &ParseError, source: &str, text: &str) -> Diagnostic {
    let sources = Sources::from_text(std::path::Path::new(source), text);
    of_parse_error_type(&error.0, error.1, &sources, source)
}

pub(super) fn of_parse_error_type(
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
        ParseErrorType::BadInput(LexError::UnexpectedInput(found)) if found.is_ascii() => {
            // What ends a statement or a bracket, where a value should be.
            matches!(found.as_str(), ";" | "," | ")" | "]" | "}")
                .then(|| format!("a value is missing before `{found}`"))
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(_)) => Some(
            "names are made of the letters a to z, digits and `_`; other letters stand in texts"
                .to_owned(),
        ),
        ParseErrorType::Reserved(word) => Some(format!(
            "Rhai keeps this word for itself: as a key of a map write \"{word}\" in quotes, elsewhere choose another name"
        )),
        ParseErrorType::ExprTooDeep => Some("take the expression apart with variables".to_owned()),
        ParseErrorType::VariableExpected => Some(MAP_SIGN.to_owned()),
        _ => None,
    };
    let mut diagnostic =
        Diagnostic::at(sources, source, position, format!("Syntax error: {error}"))
            .with_code("syntax")
            .with_help(help);
    if diagnostic.beyond.is_some() {
        return diagnostic;
    }
    // The parser stops after the last character when something is missing there.
    if position.is_none() || diagnostic.line > diagnostic.text.lines().count() {
        diagnostic.line = diagnostic.text.lines().count().max(1);
        diagnostic.column = diagnostic
            .text
            .lines()
            .last()
            .map_or(1, |line| line.chars().count().max(1));
    }
    let missing = matches!(error, ParseErrorType::MissingToken(token, _) if token == ";");
    // Where another entry of a map begins, what ends the one before is missing.
    let unseparated = matches!(error, ParseErrorType::MissingToken(token, what)
        if (token == "}" || token == ",") && what.contains("map"))
        && diagnostic
            .character()
            .is_some_and(|c| c.is_alphabetic() || matches!(c, '"' | '_'));
    if unseparated {
        diagnostic.help = Some("add `,` here".to_owned());
    }
    // `{ a: 1 }` ends as a block at the colon.
    if missing && diagnostic.character() == Some(':') {
        diagnostic.help = Some(MAP_SIGN.to_owned());
    }
    "expected here".clone_into(&mut diagnostic.label);
    if !matches!(error, ParseErrorType::MissingToken(..)) {
        diagnostic.label.clear();
    }
    let text = diagnostic.text.clone();
    let lines: Vec<&str> = text.lines().collect();
    let before = lines
        .get(..diagnostic.line.saturating_sub(1))
        .unwrap_or_default();
    let line = lines.get(before.len()).copied().unwrap_or_default();
    // Where the parser knows which kind of expression is wanted, it knows better.
    let meant = (!matches!(error, ParseErrorType::ExprExpected(_)))
        .then(|| foreign::syntax(line, diagnostic.column, before))
        .flatten();
    if let Some(hint) = meant {
        diagnostic.help = Some(hint);
    } else if (missing || unseparated)
        && line
            .chars()
            .take(diagnostic.column.saturating_sub(1))
            .all(char::is_whitespace)
        && let Some((above, end)) = last_code(before)
    {
        // What begins a line is right; it is the line above that does not end.
        diagnostic.line = above;
        diagnostic.column = end;
    }
    diagnostic
}

/// A line without its comment: `//` within a text, as in a URL, begins none.
pub(super) fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '/') if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                return line.get(..at).unwrap_or(line);
            }
            (None, _) => {}
        }
    }
    line
}

/// The last of these lines with code on it, from 1, and the column of its last character.
fn last_code(lines: &[&str]) -> Option<(usize, usize)> {
    let code = |line: &str| {
        let code = without_comment(line).trim_end();
        (!code.is_empty()).then(|| code.chars().count())
    };
    let found = lines.iter().enumerate().rev();
    let (at, end) = found
        .filter_map(|(at, line)| Some((at, code(line)?)))
        .next()?;
    // A text or comment over several lines may hold `//`; then the line is shown to its end.
    Some((at + 1, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_slashes_in_a_text_begin_no_comment() {
        let url = "const BASE = env(\"BASE_URL\", \"http://127.0.0.1:8080\")";
        assert_eq!(without_comment(url), url);
        assert_eq!(
            without_comment("let a = `http://x`; // why"),
            "let a = `http://x`; "
        );
        assert_eq!(
            without_comment("let a = \"\\\"//\"; // b"),
            "let a = \"\\\"//\"; "
        );
        assert_eq!(
            last_code(&[url, "  // a comment", ""]),
            Some((1, url.len()))
        );
    }
}
