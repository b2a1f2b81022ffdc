//! From text to a syntax tree, or to the first mistake in it with its place.

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use super::depth;
use crate::convert::Error;

/// Parses a source, `name` in messages. TypeScript is a superset of what k6 runs, so one grammar does for both; JSX is
/// none of it.
///
/// # Errors
/// When it is no JavaScript or TypeScript, or nests too deeply.
pub fn parse<'a>(
    allocator: &'a Allocator,
    name: &str,
    source: &'a str,
) -> Result<Program<'a>, Error> {
    if let Some(line) = depth::too_deep(source) {
        return Err(Error::new(
            format!(
                "{name}: line {line}: it nests more than {} levels deep",
                depth::DEEPEST
            ),
            "convert the source of the test, not a bundle or generated code",
        ));
    }
    let typescript = SourceType::ts().with_module(true);
    let javascript = SourceType::mjs();
    // A generic arrow function or a comparison can be one in the one and not in the other, so the name decides first.
    let order = if name.ends_with(".ts") || name.ends_with(".mts") {
        [typescript, javascript]
    } else {
        [javascript, typescript]
    };
    let mut first = None;
    for kind in order {
        let options = ParseOptions {
            preserve_parens: false,
            ..ParseOptions::default()
        };
        let parsed = Parser::new(allocator, source, kind)
            .with_options(options)
            .parse();
        let Some(mistake) = parsed.diagnostics.errors().next() else {
            return Ok(parsed.program);
        };
        if first.is_none() {
            let at = mistake.labels.first().map_or(0, |label| label.offset());
            first = Some(shown(
                name,
                source,
                at as usize,
                &mistake.message,
                mistake.help.as_deref(),
            ));
        }
    }
    Err(first.unwrap_or_else(|| Error::plain(format!("{name}: it cannot be read"))))
}

/// A mistake with its line, and a caret under the place.
fn shown(name: &str, source: &str, at: usize, message: &str, help: Option<&str>) -> Error {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = source.split_at(at);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |found| found + 1);
    let left = before.get(start..).unwrap_or_default();
    let column = left.chars().count() + 1;
    let right = after.lines().next().unwrap_or_default();
    // Of a line of a bundle only what stands around the place.
    let left: String = left
        .chars()
        .skip(left.chars().count().saturating_sub(60))
        .collect();
    let right: String = right.chars().take(40).collect();
    let caret = " ".repeat(left.chars().count());
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    Error {
        message: format!(
            "{name}:{line}:{column}: it is no JavaScript or TypeScript: {message}\n {number} | {left}{right}\n {margin} | {caret}^"
        ),
        help: help.map(str::to_owned),
    }
}
