//! JavaScript taken apart by its brackets and quotes, as far as single statements need it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::secrets::{MASK, is_secret_name, mask_named};

/// What a place in a text is inside of.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    quote: Option<char>,
    escaped: bool,
}

impl Nesting {
    /// Goes on by a character; whether it stands outside of brackets and quotes, or is a bracket that leads there.
    fn step(&mut self, character: char) -> bool {
        if let Some(quote) = self.quote {
            match character {
                _ if self.escaped => self.escaped = false,
                '\\' => self.escaped = true,
                _ if character == quote => self.quote = None,
                _ => {}
            }
            return false;
        }
        match character {
            '"' | '\'' | '`' => self.quote = Some(character),
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => return self.depth == 0,
        }
        false
    }
}

/// The statements of a script, without comments and semicolons.
pub fn statements(script: &str) -> Vec<String> {
    let script = without_comments(script);
    let mut statements = Vec::new();
    let mut statement = String::new();
    let mut nesting = Nesting::default();
    let mut rest = script.chars().peekable();
    while let Some(character) = rest.next() {
        let outside = nesting.step(character);
        if !(outside && matches!(character, ';' | '\n')) {
            statement.push(character);
            continue;
        }
        if character == '\n' {
            while rest.next_if(|next| next.is_whitespace()).is_some() {}
            // A chain that goes on.
            let open = statement
                .trim_end()
                .ends_with(['=', ',', '.', '&', '|', '+']);
            if matches!(rest.peek(), Some('.' | '?' | '&' | '|' | '+')) || open {
                continue;
            }
        }
        statements.push(std::mem::take(&mut statement).trim().to_owned());
    }
    statements.push(statement.trim().to_owned());
    statements.retain(|statement| !statement.is_empty());
    statements
}

fn without_comments(script: &str) -> String {
    let mut plain = String::with_capacity(script.len());
    let mut nesting = Nesting::default();
    let mut rest = script.chars().peekable();
    while let Some(character) = rest.next() {
        if nesting.quote.is_none() && character == '/' {
            match rest.peek() {
                Some('/') => {
                    while rest.next_if(|next| *next != '\n').is_some() {}
                    continue;
                }
                Some('*') => {
                    let mut last = ' ';
                    for next in rest.by_ref() {
                        if last == '*' && next == '/' {
                            break;
                        }
                        last = next;
                    }
                    continue;
                }
                _ => {}
            }
        }
        nesting.step(character);
        plain.push(character);
    }
    plain
}

/// The arguments of a call that is the whole of a statement and begins so, its bracket included.
pub fn inside<'t>(statement: &'t str, start: &str) -> Option<&'t str> {
    let (inside, after) = call(statement, start)?;
    after.trim().is_empty().then_some(inside)
}

/// The arguments of a call that begins so, its bracket included, and what follows it.
pub fn call<'t>(statement: &'t str, start: &str) -> Option<(&'t str, &'t str)> {
    let rest = statement.trim().strip_prefix(start)?;
    let end = closing(rest)?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}

/// Where the bracket is closed that was open before the text.
fn closing(text: &str) -> Option<usize> {
    let mut nesting = Nesting {
        depth: 1,
        ..Nesting::default()
    };
    text.char_indices()
        .find(|(_, character)| nesting.step(*character) && matches!(character, ')' | ']' | '}'))
        .map(|(at, _)| at)
}

/// The parts of a list between commas.
pub fn arguments(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut nesting = Nesting::default();
    let mut start = 0;
    for (at, character) in list.char_indices() {
        if nesting.step(character) && character == ',' {
            parts.push(list.get(start..at).unwrap_or_default().trim());
            start = at + 1;
        }
    }
    parts.push(list.get(start..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a function does: `function () { … }`, `() => { … }` or `() => …`.
pub fn body_of(function: &str) -> Option<&str> {
    let function = function.trim();
    let function = function
        .strip_prefix("async ")
        .unwrap_or(function)
        .trim_start();
    let after = if let Some(rest) = function.strip_prefix("function") {
        rest.get(rest.find(')')? + 1..)?
    } else {
        function.split_once("=>")?.1
    };
    let after = after.trim();
    match after.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}'),
        None => Some(after),
    }
}

/// A text between quotes, as what it is.
pub fn string(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote) && !inner.contains('\\') && !inner.contains("${"))
        .then(|| inner.to_owned())
}

/// The links of a chain such as `.to.have.status(200)`: each its name and its arguments.
pub fn links(chain: &str) -> Option<Vec<(&str, Option<&str>)>> {
    let mut links = Vec::new();
    let mut rest = chain.trim();
    while let Some(after) = rest.strip_prefix('.') {
        let after = after.trim_start();
        let end = after
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(end)?;
        match tail.strip_prefix('(') {
            Some(inner) => {
                let end = closing(inner)?;
                links.push((name, Some(inner.get(..end)?)));
                rest = inner.get(end + 1..)?.trim_start();
            }
            None => {
                links.push((name, None));
                rest = tail.trim_start();
            }
        }
    }
    rest.is_empty().then_some(links)
}

/// What a text or number of JavaScript says.
pub fn literal(value: &str) -> Option<String> {
    let value = value.trim();
    string(value).or_else(|| {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && !value.is_empty()).then(|| value.to_owned())
    })
}

/// A line that goes into a comment, without what stands beside a secret name in it, be it as an argument.
pub fn masked(line: &str) -> String {
    static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(["'`])([^"'`]+)["'`]\s*,\s*("[^"]+"?|'[^']+'?|`[^`]+`?|\d+)"#).ok()
    });
    let line = mask_named(line);
    let Some(pair) = PAIR.as_ref() else {
        return line.into_owned();
    };
    let hidden = pair.replace_all(&line, |found: &Captures<'_>| {
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        if is_secret_name(part(2)) {
            let quote = part(1);
            format!("{quote}{}{quote}, {quote}{MASK}{quote}", part(2))
        } else {
            part(0).to_owned()
        }
    });
    hidden.into_owned()
}
