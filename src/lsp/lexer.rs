//! A text as words and signs, however unfinished it is.

use std::ops::Range;

/// What kind of piece it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// One sign, or `::`.
    Sign,
    /// With its quotes; perhaps without the last one.
    Text,
    /// The texts of a template between what is filled in, which is read as code.
    Template,
    Comment,
    /// `///` or `/** … */`.
    Doc,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

impl Token {
    /// The piece as it is written.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.span.clone()).unwrap_or_default()
    }
}

/// All pieces of a text but the space between them.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        out: Vec::new(),
        open: Vec::new(),
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Token>,
    /// For each template that is being filled in: how many braces are open within it.
    open: Vec<usize>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let end = (self.at + length).min(self.text.len());
        self.out.push(Token {
            kind,
            span: self.at..end,
        });
        self.at = end;
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return;
        };
        if first.is_whitespace() {
            self.at += first.len_utf8();
            return;
        }
        if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            let is_doc = rest.starts_with("///") && !rest.starts_with("////");
            return self.push(if is_doc { Kind::Doc } else { Kind::Comment }, length);
        }
        if rest.starts_with("/*") {
            let is_doc = rest.starts_with("/**") && !rest.starts_with("/**/");
            let length = block_comment(rest);
            return self.push(if is_doc { Kind::Doc } else { Kind::Comment }, length);
        }
        if first.is_alphanumeric() || first == '_' {
            let ends = |c: char| !(c.is_alphanumeric() || c == '_');
            let length = rest.find(ends).unwrap_or(rest.len());
            return self.push(Kind::Word, length);
        }
        match first {
            '"' => {
                let length = quoted(rest, '"');
                self.push(Kind::Text, length);
            }
            '\'' => {
                let length = quoted(rest, '\'');
                self.push(Kind::Text, length);
            }
            '`' => self.template(1),
            '}' if self.open.last() == Some(&0) => {
                self.open.pop();
                self.template(1);
            }
            sign => {
                match (sign, self.open.last_mut()) {
                    ('{', Some(open)) => *open += 1,
                    ('}', Some(open)) => *open = open.saturating_sub(1),
                    _ => {}
                }
                let length = if self.rest().starts_with("::") {
                    2
                } else {
                    sign.len_utf8()
                };
                self.push(Kind::Sign, length);
            }
        }
    }

    /// Text of a template up to its end or to what is filled in next. `skip`: what it opens with.
    fn template(&mut self, skip: usize) {
        let rest = self.rest();
        let body = rest.get(skip..).unwrap_or_default();
        let end = body.find('`');
        let filled = body.find("${");
        match (end, filled) {
            (end, Some(filled)) if end.is_none_or(|end| filled < end) => {
                self.push(Kind::Template, skip + filled + 2);
                self.open.push(0);
            }
            (Some(end), _) => self.push(Kind::Template, skip + end + 1),
            (None, _) => {
                let length = rest.len();
                self.push(Kind::Template, length);
            }
        }
    }
}

/// The length of a quoted text. One that is not closed ends with its line.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            '\n' if !escaped => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if sign == quote => return at + sign.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of a comment in `/* … */`, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.of(text)).collect()
    }

    #[test]
    fn a_text_is_taken_apart() {
        assert_eq!(
            pieces("let x = a::b(`u/${f(#{ a: 1 })}/v`); // end"),
            [
                "let", "x", "=", "a", "::", "b", "(", "`u/${", "f", "(", "#", "{", "a", ":", "1",
                "}", ")", "}/v`", ")", ";", "// end"
            ]
        );
        assert_eq!(
            pieces("\"a\\\"b\" 'c' /* x /* y */ */ z"),
            ["\"a\\\"b\"", "'c'", "/* x /* y */ */", "z"]
        );
    }

    #[test]
    fn what_is_not_closed_ends_somewhere() {
        assert_eq!(
            pieces("exec: \"vi\nlet y"),
            ["exec", ":", "\"vi", "let", "y"]
        );
        assert_eq!(pieces("`a${b"), ["`a${", "b"]);
        assert_eq!(pieces("`a"), ["`a"]);
        assert_eq!(pieces("/* a"), ["/* a"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_read_twice(text in "[a{}`$\"'/* \n:\\\\üx#]{0,60}") {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                prop_assert!(text[end..token.span.start].trim().is_empty());
                end = token.span.end;
            }
            prop_assert!(text[end..].trim().is_empty());
        }
    }
}
