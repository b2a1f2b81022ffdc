//! Words that Rhai keeps for itself without using them, and that scripts of rhaid need.

use rhai::{Engine, Token};

/// As in `shared::counter("bookings")`.
const FREE: [&str; 1] = ["shared"];

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
