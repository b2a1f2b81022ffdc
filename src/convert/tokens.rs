//! The words of a text that is JSON, or is nearly: what has comments, single quotes, names without any, a comma too many, expressions in
//! the place of values. Nothing is a mistake; what is not understood is [`Token::Other`].

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// One word of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Between quotes; without escapes.
    Text(String),
    /// As it is written.
    Number(String),
    /// A name without quotes.
    Word(String),
    /// One of `[]{}(),:`.
    Mark(char),
    Other,
}

static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"^(?:(?P<text>"(?:[^"\\\n]|\\.)*")"#,
        r"|(?P<single>'(?:[^'\\\n]|\\.)*')",
        r"|(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)",
        r"|(?P<word>[\p{L}_$][\p{L}\p{N}_$.-]*)",
        r"|(?P<mark>[\[\]{}(),:])",
        // What stands for an expression while a text is searched.
        r"|(?P<expression>[\u{f8f0}\u{f8f2}]+\d+[\u{f8f1}\u{f8f3}]+))",
    ))
    .ok()
});

/// The words of a text, and where they stand.
pub fn of(text: &str) -> Vec<(Token, Range<usize>)> {
    let Some(words) = WORDS.as_ref() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = 0;
    // An apostrophe within prose begins no text.
    let mut after_mark = true;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let captures = words.captures(rest);
        let part = |name: &str| {
            let captures = captures.as_ref()?;
            captures.name(name).map(|part| part.as_str())
        };
        let (token, length) = if let Some(text) = part("text") {
            (unquoted(text), text.len())
        } else if let Some(text) = part("single").filter(|_| after_mark) {
            (unquoted(text), text.len())
        } else if let Some(number) = part("number") {
            (Token::Number(number.to_owned()), number.len())
        } else if let Some(word) = part("word") {
            (Token::Word(word.to_owned()), word.len())
        } else if let Some(mark) = part("mark").and_then(|mark| mark.chars().next()) {
            (Token::Mark(mark), 1)
        } else if let Some(expression) = part("expression") {
            (Token::Other, expression.len())
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            (Token::Other, length)
        };
        after_mark = matches!(token, Token::Mark(_));
        found.push((token, at..at + length));
        at += length;
    }
    found
}

/// A text without its quotes and escapes.
fn unquoted(text: &str) -> Token {
    if let Ok(plain) = serde_json::from_str(text) {
        return Token::Text(plain);
    }
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    let mut plain = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            character => plain.push(character),
        }
    }
    Token::Text(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_json_is_read_word_for_word() {
        let tokens: Vec<Token> = of("{a: 'it\\'s', \"b\\n\": -1.5e3} // don't\n§")
            .into_iter()
            .map(|(token, _)| token)
            .collect();
        let word = |word: &str| Token::Word(word.to_owned());
        let text = |text: &str| Token::Text(text.to_owned());
        assert_eq!(
            tokens,
            [
                Token::Mark('{'),
                word("a"),
                Token::Mark(':'),
                text("it's"),
                Token::Mark(','),
                text("b\n"),
                Token::Mark(':'),
                Token::Number("-1.5e3".to_owned()),
                Token::Mark('}'),
                Token::Other,
                Token::Other,
                word("don"),
                Token::Other,
                word("t"),
                Token::Other,
            ]
        );
    }
}
