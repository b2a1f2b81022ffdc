//! Mistakes shown where a script writes an option or defines a function.

use rhai::{AST, ASTFlags, Position, Stmt};

use super::Diagnostic;
use crate::script::locate::locate;
use crate::script::sources::Sources;

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
    .with_code("option")
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
    let code = super::syntax::without_comment(line);
    let (before, after) = code.split_once("fn ")?;
    let rest = after.trim_start();
    let found = rest.strip_prefix(name)?;
    let is_whole = !found.starts_with(word) && !before.ends_with(word);
    let ahead = code.strip_suffix(rest)?;
    is_whole.then(|| ahead.chars().count() + 1)
}

/// A mistake about a function of any source, shown where its name stands. `body`: where its body begins.
pub fn of_definition(
    name: &str,
    body: Position,
    source: &str,
    sources: &Sources,
    message: String,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::at(sources, source, body, message);
    let text = sources.text(source).unwrap_or_default();
    // The name is on the line of the body or, where parameters take several, above it.
    let above = text.lines().take(diagnostic.line).enumerate();
    let lines: Vec<(usize, &str)> = above.collect();
    let found = lines
        .iter()
        .rev()
        .find_map(|(at, line)| Some((at + 1, defined_at(line, name)?)));
    if let Some((line, column)) = found {
        (diagnostic.line, diagnostic.column) = (line, column);
    }
    diagnostic
}
