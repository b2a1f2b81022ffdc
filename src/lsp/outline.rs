//! What a text defines and imports, and where, read from its words: it need not be right, nor finished.

use std::ops::Range;

use super::lexer::{Kind, Token, tokens};

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Of its name.
    pub at: Range<usize>,
    pub parameters: Vec<String>,
    pub is_private: bool,
    /// Its comment, without markers.
    pub doc: String,
    /// From `fn` to its closing brace, or to the next function.
    pub span: Range<usize>,
}

impl Function {
    /// As it is called.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }
}

/// A variable, a constant, a parameter, or what a loop counts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// Of its name.
    pub at: Range<usize>,
    pub is_constant: bool,
    pub is_exported: bool,
    /// It stands in no function.
    pub is_top: bool,
    /// Where it can be seen.
    pub scope: Range<usize>,
    /// The first words of what it is made of, as in `http::get`.
    pub made_by: String,
    /// It is the parameter of a closure in a `check`: the name of what is checked, empty if that is no plain one.
    pub checks: Option<String>,
}

/// An imported module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub path: String,
    /// Of the path, quotes included.
    pub at: Range<usize>,
    pub alias: String,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Outline {
    pub tokens: Vec<Token>,
    pub functions: Vec<Function>,
    pub variables: Vec<Variable>,
    pub imports: Vec<Import>,
    /// The comment that the text begins with.
    pub doc: String,
}

impl Outline {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let mut outline = Self {
            tokens: tokens(text),
            ..Self::default()
        };
        outline.doc = head(text);
        let code: Vec<Token> = outline
            .tokens
            .iter()
            .filter(|token| !matches!(token.kind, Kind::Comment))
            .cloned()
            .collect();
        Reader { text, code: &code }.read(&mut outline);
        outline
    }

    /// The function around a place.
    pub fn function_at(&self, offset: usize) -> Option<&Function> {
        // They stand one after the other.
        let after = self
            .functions
            .partition_point(|function| function.span.start <= offset);
        let last = self.functions.get(after.checked_sub(1)?)?;
        (offset <= last.span.end).then_some(last)
    }

    /// The variables that can be seen from a place, the nearest first.
    pub fn visible(&self, offset: usize) -> impl Iterator<Item = &Variable> {
        let top_level = self.function_at(offset).is_none();
        self.variables.iter().rev().filter(move |variable| {
            (variable.scope.start <= offset && offset <= variable.scope.end)
                && (!variable.is_top || top_level)
        })
    }

    /// The module behind an alias.
    pub fn import(&self, alias: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.alias == alias)
    }
}

/// The lines of a text's first comment that speak of the whole of it.
fn head(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| line.trim_start().starts_with("//"))
        .filter(|line| !line.trim_start().starts_with("/// "));
    lines
        .map(plain)
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// A line of a comment without its markers.
fn plain(line: &str) -> String {
    let line = line.trim_start();
    let line = line.trim_start_matches(['/', '!', '*']);
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}

struct Reader<'a> {
    text: &'a str,
    code: &'a [Token],
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.code.get(at).map_or("", |token| token.of(self.text))
    }

    fn is_name(&self, at: usize) -> bool {
        self.code
            .get(at)
            .is_some_and(|token| token.kind == Kind::Word)
    }

    fn span(&self, at: usize) -> Range<usize> {
        self.code.get(at).map_or(0..0, |token| token.span.clone())
    }

    fn read(&self, outline: &mut Outline) {
        self.functions(outline);
        for at in 0..self.code.len() {
            match self.word(at) {
                "import" => outline.imports.extend(self.import(at)),
                word @ ("let" | "const") if self.is_name(at + 1) => {
                    let exported = at > 0 && self.word(at - 1) == "export";
                    let mut made = self.variable(at + 1, outline, false);
                    made.is_constant = word == "const";
                    made.is_exported = exported;
                    if self.word(at + 2) == "=" {
                        made.made_by = (at + 3..at + 6).map(|at| self.word(at)).collect();
                    }
                    outline.variables.push(made);
                }
                "for" => {
                    let names = (at + 1..at + 6).take_while(|at| self.word(*at) != "in");
                    for name in names.filter(|at| self.is_name(*at)) {
                        outline.variables.push(self.variable(name, outline, true));
                    }
                }
                "catch" if self.word(at + 1) == "(" && self.is_name(at + 2) => {
                    outline.variables.push(self.variable(at + 2, outline, true));
                }
                "|" if self.opens_closure(at) => {
                    let names = (at + 1..at + 20)
                        .take_while(|at| self.is_name(*at) || self.word(*at) == ",");
                    let names: Vec<usize> = names.filter(|at| self.is_name(*at)).collect();
                    let checks = self.checked(at);
                    for name in names {
                        let mut made = self.variable(name, outline, false);
                        made.checks.clone_from(&checks);
                        outline.variables.push(made);
                    }
                }
                _ => {}
            }
        }
    }

    /// A variable that can be seen from its name to the end of the innermost block around it, or, if it is `of_block`, of the block that
    /// comes next.
    fn variable(&self, at: usize, outline: &Outline, of_block: bool) -> Variable {
        let span = self.span(at);
        let function = outline.function_at(span.start);
        let mut depth = 0i32;
        let mut end = function.map_or(self.text.len(), |function| function.span.end);
        let inside = if function.is_some() {
            self.code.len()
        } else {
            0
        };
        for token in self.code.iter().take(inside).skip(at + 1) {
            if token.span.start >= end {
                break;
            }
            match token.of(self.text) {
                "{" => depth += 1,
                "}" if depth == 0 => {
                    end = token.span.start;
                    break;
                }
                "}" if of_block && depth == 1 => {
                    end = token.span.end;
                    break;
                }
                "}" => depth -= 1,
                _ => {}
            }
        }
        Variable {
            name: self.word(at).to_owned(),
            scope: span.start..end,
            at: span,
            is_constant: false,
            is_exported: false,
            is_top: function.is_none(),
            made_by: String::new(),
            checks: None,
        }
    }

    /// What is checked, if the closure that begins here stands in the map of a `check`.
    fn checked(&self, at: usize) -> Option<String> {
        const BACK: usize = 2_000;
        let mut depth = 0i32;
        let mut is_in_map = false;
        for here in (0..at).rev().take(BACK) {
            match self.word(here) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" if depth > 0 => depth -= 1,
                "{" if !is_in_map && here > 0 && self.word(here - 1) == "#" => is_in_map = true,
                "(" => {
                    let is_check = is_in_map && here > 0 && self.word(here - 1) == "check";
                    let is_plain = self.is_name(here + 1) && self.word(here + 2) == ",";
                    let name = if is_plain { self.word(here + 1) } else { "" };
                    return is_check.then(|| name.to_owned());
                }
                "[" | "{" | ";" => return None,
                _ => {}
            }
        }
        None
    }

    /// Whether a `|` begins the parameters of a closure, and is no operator.
    fn opens_closure(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("(", |before| self.word(before));
        matches!(
            before,
            "(" | "," | "=" | ":" | "[" | "{" | ";" | "return" | ">"
        )
    }

    fn import(&self, at: usize) -> Option<Import> {
        let path = self
            .code
            .get(at + 1)
            .filter(|token| token.kind == Kind::Text)?;
        let named = self.word(at + 2) == "as" && self.is_name(at + 3);
        Some(Import {
            path: path.of(self.text).trim_matches('"').to_owned(),
            at: path.span.clone(),
            alias: if named {
                self.word(at + 3).to_owned()
            } else {
                String::new()
            },
        })
    }

    fn functions(&self, outline: &mut Outline) {
        let starts: Vec<usize> = (0..self.code.len())
            .filter(|at| self.word(*at) == "fn" && self.is_name(at + 1))
            .collect();
        for (number, at) in starts.iter().copied().enumerate() {
            let next = starts.get(number + 1).copied().unwrap_or(self.code.len());
            let limit = self
                .code
                .get(next)
                .map_or(self.text.len(), |token| token.span.start);
            let mut parameters = Vec::new();
            let mut end = at + 2;
            if self.word(end) == "(" {
                end += 1;
                while end < next && self.word(end) != ")" && self.word(end) != "{" {
                    if self.is_name(end) {
                        let mut span = self.span(end);
                        span.end = span.end.min(limit);
                        parameters.push((self.word(end).to_owned(), span));
                    }
                    end += 1;
                }
            }
            let (mut depth, mut stop) = (0i32, limit);
            for token in self.code.iter().take(next).skip(end) {
                match token.of(self.text) {
                    "{" => depth += 1,
                    "}" => {
                        depth -= 1;
                        if depth <= 0 {
                            stop = token.span.end;
                            break;
                        }
                    }
                    _ => {}
                }
            }
            let is_private = at > 0 && self.word(at - 1) == "private";
            let span = self.span(at).start..stop;
            let above = at - usize::from(is_private);
            for (name, at) in &parameters {
                outline.variables.push(Variable {
                    name: name.clone(),
                    at: at.clone(),
                    is_constant: false,
                    is_exported: false,
                    is_top: false,
                    scope: at.start..stop,
                    made_by: String::new(),
                    checks: None,
                });
            }
            outline.functions.push(Function {
                name: self.word(at + 1).to_owned(),
                at: self.span(at + 1),
                parameters: parameters.into_iter().map(|(name, _)| name).collect(),
                is_private,
                doc: self.doc_above(above),
                span,
            });
        }
    }

    fn doc_above(&self, at: usize) -> String {
        let mut lines: Vec<String> = Vec::new();
        for token in self.code.iter().take(at).rev() {
            if token.kind != Kind::Doc {
                break;
            }
            let text = token.of(self.text).trim_end_matches("*/");
            lines.splice(0..0, text.lines().map(plain));
        }
        lines.join("\n").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "//! A shop.\nimport \"std/think\" as think;\nconst BASE = env(\"X\");\n/// Pays.\n///\n/// Twice.\nprivate fn pay(ctx, sum) {\n    let r = http::get(BASE);\n    for item in r { let deep = 1; }\n    check(r, |x| x > 1);\n}\nexport const options = #{};\nfn next() { }\n";

    #[test]
    fn a_text_tells_what_it_defines() {
        let outline = Outline::of(TEXT);
        assert_eq!(outline.doc, "A shop.");
        let pay = &outline.functions[0];
        assert_eq!(
            (pay.signature().as_str(), pay.is_private),
            ("pay(ctx, sum)", true)
        );
        assert_eq!(pay.doc, "Pays.\n\nTwice.");
        assert!(TEXT[pay.span.clone()].ends_with("x > 1);\n}"));
        assert_eq!(outline.import("think").unwrap().path, "std/think");
        let seen = |marker: &str| -> Vec<&str> {
            let at = TEXT.find(marker).unwrap();
            outline.visible(at).map(|v| v.name.as_str()).collect()
        };
        assert_eq!(seen("x > 1"), ["x", "r", "sum", "ctx"]);
        assert!(seen("let deep").contains(&"item"));
        assert!(!seen("check(").contains(&"deep"));
        let r = outline.variables.iter().find(|v| v.name == "r").unwrap();
        assert_eq!(r.made_by, "http::get");
    }

    #[test]
    fn a_text_that_is_not_finished_tells_what_it_has() {
        let outline = Outline::of("fn a(x) {\n    let y = x.\nfn b( {\n import \"std/");
        let names: Vec<&str> = outline.functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(outline.function_at(15).unwrap().name, "a");
    }

    proptest! {
        #[test]
        fn no_text_is_too_wild(text in "(fn|let|for|in|import|private|catch|[a-c{}()|,;=\"` \n#]){0,40}") {
            let outline = Outline::of(&text);
            for at in 0..=text.len() {
                let _ = outline.visible(at).count();
            }
        }
    }
}
