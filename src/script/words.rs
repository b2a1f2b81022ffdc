//! Words that Rhai keeps for itself without using them, and that scripts of rhaid need.

use rhai::{Engine, Token};

/// As in `shared::counter("bookings")`.
const FREE: [&str; 1] = ["shared"];

/// Words that no variable, function or key without quotes may be: those of Rhai's syntax, those that it keeps without using
/// them, and `global`.
pub const RESERVED: &[&str] = &[
    "Fn",
    "as",
    "async",
    "await",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "else",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Lets the scripts of an engine use them as any other name. Every engine that parses a script needs this.
#[allow(
    deprecated,
    reason = "marked so because it may change, which a new version of Rhai would show"
)]
pub fn free(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::Reserved(word) if FREE.contains(&word.as_str()) => Token::Identifier(word),
        other => other,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reserved_word_is_a_name_and_others_are() {
        let mut engine = Engine::new();
        free(&mut engine);
        let is_name = |word: &str| {
            engine
                .compile(format!("let {word} = 1; #{{ {word}: 1 }}"))
                .is_ok()
        };
        for word in ["fn", "let", "switch", "goto", "yield", "this", "thread"] {
            assert!(!is_name(word) && RESERVED.contains(&word), "{word}");
        }
        for word in ["room", "shared", "loops", "Switch"] {
            assert!(is_name(word), "{word}");
        }
    }
}
