//! What stands around a place in a text: what is being written there.

use super::lexer::{Kind, Token};
use super::outline::Outline;

/// What a reader of the place would expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// In a comment, or in a text that means nothing to anybody but the script.
    Nothing,
    /// In the text of `key: "…"`, such as `exec: "visit"`.
    Value { key: String },
    /// In the path of an import.
    ImportPath,
    /// After `alias::`.
    Module { alias: String },
    /// After `value.`: a name, or several with dots between them; empty if the value is anything else.
    Member { value: String },
    /// A key of a map: the keys and calls around it, the outermost first, such as `options`, `scenarios`, `day`; or `http::get`.
    Key { path: Vec<String> },
    /// Anything else.
    Expression,
}

/// What is around a place.
pub fn at(text: &str, outline: &Outline, offset: usize) -> Situation {
    let after = outline
        .tokens
        .partition_point(|token| token.span.start < offset);
    let before = outline.tokens.get(..after).unwrap_or_default();
    let inside = before.last().filter(|token| is_within(token, text, offset));
    match inside.map(|token| token.kind) {
        Some(Kind::Comment | Kind::Doc | Kind::Template) => return Situation::Nothing,
        Some(Kind::Text) => {
            let word = |back: usize| word_back(before, back, text);
            return match (word(2), word(1)) {
                (_, "import") => Situation::ImportPath,
                (key, ":") => Situation::Value {
                    key: key.trim_matches('"').to_owned(),
                },
                _ => Situation::Nothing,
            };
        }
        _ => {}
    }
    // What is being typed belongs to the place, not to what is before it.
    let typed = before
        .last()
        .is_some_and(|token| token.kind == Kind::Word && token.span.end >= offset);
    let before = match typed {
        true => before.get(..before.len() - 1).unwrap_or_default(),
        false => before,
    };
    let word = |back: usize| word_back(before, back, text);
    match word(0) {
        "::" => Situation::Module {
            alias: word(1).to_owned(),
        },
        // Not the dots of a range.
        "." if word(1) != "." => Situation::Member {
            value: names_before(before, text),
        },
        "{" | "," => match map_around(before, text) {
            Some(path) => Situation::Key { path },
            None => Situation::Expression,
        },
        _ => Situation::Expression,
    }
}

/// The names with dots between them that stand before a dot, which is the last of these; nothing if they follow anything else.
fn names_before(before: &[Token], text: &str) -> String {
    const MOST: usize = 8;
    let mut names: Vec<&str> = Vec::new();
    let mut rest = before;
    while let Some((dot, ahead)) = rest.split_last()
        && dot.of(text) == "."
        && names.len() < MOST
    {
        // `a?.b` reads the same member.
        rest = match ahead.split_last() {
            Some((sign, ahead)) if sign.of(text) == "?" => ahead,
            _ => ahead,
        };
        match rest.split_last() {
            Some((name, ahead)) if name.kind == Kind::Word => {
                names.push(name.of(text));
                rest = ahead;
            }
            _ => return String::new(),
        }
    }
    if rest
        .last()
        .is_some_and(|token| matches!(token.of(text), "::" | "."))
    {
        return String::new();
    }
    names.reverse();
    names.join(".")
}

fn word_back<'a>(before: &[Token], back: usize, text: &'a str) -> &'a str {
    let at = before.len().checked_sub(back + 1);
    at.and_then(|at| before.get(at))
        .map_or("", |token| token.of(text))
}

/// Whether a place is in the middle of a comment or text.
fn is_within(token: &Token, text: &str, offset: usize) -> bool {
    if offset < token.span.end {
        return true;
    }
    let piece = token.of(text);
    offset == token.span.end
        && match token.kind {
            // A comment goes on to the end of its line.
            Kind::Comment | Kind::Doc => piece.starts_with("//"),
            Kind::Text => piece.len() < 2 || !piece.ends_with(['"', '\'']),
            Kind::Template => !piece.ends_with(['`', '{']),
            Kind::Word | Kind::Sign => false,
        }
}

/// Steps back through a text are bounded, so that a place in a very long one is found in time.
const BACK: usize = 20_000;

/// The keys and calls around a place, if the innermost bracket around it opens a map.
pub fn map_around(before: &[Token], text: &str) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut depth = 0i32;
    let mut is_innermost = true;
    let word = |at: usize| before.get(at).map_or("", |token| token.of(text));
    let mut at = before.len();
    for _ in 0..BACK {
        let Some(here) = at.checked_sub(1) else {
            break;
        };
        at = here;
        match word(at) {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" if depth > 0 => depth -= 1,
            "{" => {
                let is_map = at > 0 && word(at - 1) == "#";
                if !is_map {
                    break;
                }
                is_innermost = false;
                // `key: #{`, or `options = #{`.
                let sign = at.checked_sub(2).map_or("", &word);
                let name = at.checked_sub(3).map_or("", &word).trim_matches('"');
                if sign == ":" || sign == "=" {
                    path.push(name.to_owned());
                }
            }
            "[" if is_innermost => return None,
            "[" => {
                let sign = at.checked_sub(1).map_or("", &word);
                let name = at.checked_sub(2).map_or("", &word).trim_matches('"');
                if sign == ":" {
                    path.push(name.to_owned());
                }
            }
            "(" if is_innermost => return None,
            "(" => {
                let name = at.checked_sub(1).map_or("", &word);
                let alias = match at.checked_sub(2).map(&word) {
                    Some("::") => at.checked_sub(3).map_or("", &word),
                    _ => "",
                };
                path.push(match alias {
                    "" => name.to_owned(),
                    alias => format!("{alias}::{name}"),
                });
                break;
            }
            ";" if depth == 0 => break,
            _ => {}
        }
    }
    path.reverse();
    (!is_innermost).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is at the `^` of a text.
    fn of(text: &str) -> Situation {
        let offset = text.find('^').unwrap();
        let text = text.replace('^', "");
        at(&text, &Outline::of(&text), offset)
    }

    fn key(path: &[&str]) -> Situation {
        Situation::Key {
            path: path.iter().map(|&part| part.to_owned()).collect(),
        }
    }

    #[test]
    fn a_place_tells_what_is_expected() {
        let member = |value: &str| Situation::Member {
            value: value.to_owned(),
        };
        let module = |alias: &str| Situation::Module {
            alias: alias.to_owned(),
        };
        for (text, expected) in [
            ("fn a() { http::^ }", module("http")),
            ("fn a() { http::ge^", module("http")),
            ("fn a(ctx) { ctx.^ }", member("ctx")),
            ("fn a(ctx) { ctx.st^ }", member("ctx")),
            ("fn a(ctx) { ctx.state.^ }", member("ctx.state")),
            ("fn a(ctx) { ctx.state.la^st }", member("ctx.state")),
            ("fn a() { f().^ }", member("")),
            ("fn a() { f().x.^ }", member("")),
            ("fn a() { m::x.y.^ }", member("")),
            ("fn a() { 1..^ }", Situation::Expression),
            ("// see http::^", Situation::Nothing),
            ("let x = \"http::^\";", Situation::Nothing),
            ("import \"std/^", Situation::ImportPath),
            ("export const options = #{ ^ };", key(&["options"])),
            (
                "export const options = #{ vus: 1, du^ };",
                key(&["options"]),
            ),
            (
                "export const options = #{ scenarios: #{ day: #{ ^",
                key(&["options", "scenarios", "day"]),
            ),
            (
                "export const options = #{ slos: #{ \"m\": [ #{ ^ } ] } };",
                key(&["options", "slos", "m"]),
            ),
            ("fn a() { http::get(url, #{ ^ }) }", key(&["http::get"])),
            ("fn a() { if x { ^ } }", Situation::Expression),
            ("fn a() { f(1, ^) }", Situation::Expression),
            ("fn a() { let x = ^", Situation::Expression),
            ("^", Situation::Expression),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(
            of("a: #{ exec: \"vi^\" }"),
            Situation::Value {
                key: "exec".to_owned()
            }
        );
        assert_eq!(of("fn a() { `x${ ctx.^ }` }"), member("ctx"));
    }
}
