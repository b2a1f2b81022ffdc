//! The state of a translation: where it is, what names mean, and what was left.

use std::collections::BTreeSet;

use oxc_ast::ast::Expression;
use oxc_span::{GetSpan, Span};

use super::code::{Code, Kind};
use super::scope::{Facts, Found, Scopes};
use crate::lengths::shorten;

/// Rhai takes expressions and blocks nested 48 deep; what a source nests more deeply than this is left.
const DEEPEST: usize = 40;
/// Characters of source that a comment or a line of the report quotes.
const QUOTED: usize = 120;

/// Why something cannot be translated.
#[derive(Debug, Clone)]
pub struct Why(pub String);

impl Why {
    pub fn new<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self(why.into()))
    }
}

/// A translation, or why there is none.
pub type Try<T> = Result<T, Why>;

/// Something of the source that the script has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub line: usize,
    pub source: String,
    pub why: String,
}

/// What a function that is being translated may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An iteration, or a function that these call.
    Journey,
    /// `setup` or `teardown`, which have no user.
    Once,
}

/// How `continue` is written in a loop.
#[derive(Debug, Clone, Default)]
pub struct Loop {
    /// What a `for` of JavaScript does before the next turn.
    pub step: String,
}

/// A function of the top level that is being translated.
#[derive(Debug)]
pub struct Frame {
    pub name: String,
    pub role: Role,
    /// `setup` and `teardown` make one up if something needs it.
    pub made_up_ctx: bool,
    /// Loops around the statement, the innermost last; `None` is the border of a closure.
    pub loops: Vec<Option<Loop>>,
    /// Within a list's `forEach`, which becomes a loop: `return` goes on with the next element.
    pub return_is_continue: bool,
    /// Names of Rhai that are in use.
    pub used: BTreeSet<String>,
}

/// A translation of one source.
pub struct Translator<'s> {
    pub source: &'s str,
    line_starts: Vec<usize>,
    comments: Vec<Span>,
    next_comment: usize,
    pub scopes: Scopes,
    pub facts: Facts,
    pub found: Found,
    pub frame: Option<Frame>,
    /// Comments about what was left, for the line before the statement.
    pub pending: Vec<String>,
    pub left: Vec<Left>,
    /// What was made of what, for the report.
    pub notes: BTreeSet<String>,
    /// Whether what `return` gives must be true or false.
    pub answers: bool,
    depth: usize,
    pub indent: usize,
}

impl<'s> Translator<'s> {
    pub fn new(source: &'s str, comments: Vec<Span>, facts: Facts) -> Self {
        let starts = source.match_indices('\n').map(|(at, _)| at + 1);
        let mut scopes = Scopes::default();
        scopes.enter();
        Self {
            source,
            line_starts: std::iter::once(0).chain(starts).collect(),
            comments,
            next_comment: 0,
            scopes,
            facts,
            found: Found::default(),
            frame: None,
            pending: Vec::new(),
            left: Vec::new(),
            notes: BTreeSet::new(),
            answers: false,
            depth: 0,
            indent: 0,
        }
    }

    /// The line of a place, from 1.
    pub fn line(&self, span: Span) -> usize {
        let at = span.start as usize;
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// The source at a place, in one short line.
    pub fn quote(&self, span: Span) -> String {
        let text = self.text(span);
        // A bundle is one long line: only its beginning is looked at.
        let mut end = text.len().min(4 * QUOTED);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let words = text.get(..end).unwrap_or_default().split_whitespace();
        let mut line = words.collect::<Vec<_>>().join(" ");
        line.retain(|c| !c.is_control());
        shorten(&mut line, QUOTED);
        line
    }

    /// The source at a place.
    pub fn text(&self, span: Span) -> &'s str {
        let source = self.source;
        source
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Whether an empty line comes first between two statements.
    pub fn apart(&self, between: Span) -> bool {
        let mut lines = self.text(between).split('\n').skip(1);
        lines.next().is_some_and(|line| line.trim().is_empty()) && lines.next().is_some()
    }

    /// Notes that something is left, for a comment at the next statement and for the report.
    pub fn leave(&mut self, span: Span, why: &Why) {
        let (line, source) = (self.line(span), self.quote(span));
        self.pending
            .push(format!("// TODO k6 line {line}: {source}"));
        self.left.push(Left {
            line,
            source,
            why: why.0.clone(),
        });
    }

    /// How much is left so far; [`Self::forget`] goes back to it.
    pub fn mark(&self) -> (usize, usize) {
        (self.pending.len(), self.left.len())
    }

    /// Forgets what was left since `mark`: a larger part that contains it is left instead.
    pub fn forget(&mut self, mark: (usize, usize)) {
        self.pending.truncate(mark.0);
        self.left.truncate(mark.1);
    }

    /// Does something one level deeper.
    pub fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Try<T>) -> Try<T> {
        if self.depth >= DEEPEST {
            return Why::new("it nests too deeply for Rhai");
        }
        self.depth += 1;
        let made = inside(self);
        self.depth -= 1;
        made
    }

    /// An expression, or `()` and a note where there is none.
    pub fn value(&mut self, expression: &Expression) -> Code {
        let mark = self.mark();
        self.expression(expression).unwrap_or_else(|why| {
            self.forget(mark);
            self.leave(expression.span(), &why);
            Code::nothing()
        })
    }

    /// Marks that this function needs `ctx`.
    pub fn needs_ctx(&mut self) -> Try<()> {
        match &mut self.frame {
            Some(frame) if frame.role == Role::Once => frame.made_up_ctx = true,
            Some(frame) => {
                self.found.with_ctx.insert(frame.name.clone());
            }
            None => return Why::new("there is no virtual user at the top level"),
        }
        Ok(())
    }

    /// A name for a new variable of this function.
    pub fn fresh(&mut self, name: &str) -> String {
        match &mut self.frame {
            Some(frame) => super::names::fresh(name, &mut frame.used),
            None => super::names::safe(name),
        }
    }

    /// A variable of this function under its own name, or the nearest that Rhai takes.
    pub fn declare(&mut self, name: &str, kind: Kind) -> String {
        let ours = super::names::safe(name);
        if let Some(frame) = &mut self.frame {
            frame.used.insert(ours.clone());
        }
        let meaning = super::scope::Meaning::Local {
            name: ours.clone(),
            kind,
        };
        self.scopes.set(name, meaning);
        ours
    }

    /// A line at this indentation.
    pub fn push(&self, out: &mut String, line: &str) {
        if !line.is_empty() {
            out.push_str(&self.margin());
            out.push_str(line);
        }
        out.push('\n');
    }

    pub fn margin(&self) -> String {
        "    ".repeat(self.indent)
    }

    /// Writes what was left, and the comments of the source before `end`.
    pub fn flush(&mut self, out: &mut String) {
        for line in std::mem::take(&mut self.pending) {
            self.push(out, &line);
        }
    }

    /// Writes the comments of the source that end before a place.
    pub fn comments_before(&mut self, place: u32, out: &mut String) {
        while let Some(comment) = self.comments.get(self.next_comment).copied() {
            if comment.end > place {
                return;
            }
            self.next_comment += 1;
            for line in self.comment_lines(comment) {
                self.push(out, &line);
            }
        }
    }

    /// A comment as lines of `//`: Rhai does not nest `/* */`, and `/** */` would be documentation.
    fn comment_lines(&self, comment: Span) -> Vec<String> {
        let text = self.text(comment);
        let text = text
            .strip_prefix("//")
            .or_else(|| text.strip_prefix("/*")?.strip_suffix("*/"))
            .unwrap_or(text);
        text.lines()
            .map(|line| line.trim().trim_start_matches(['*', '/']).trim())
            .filter(|line| {
                !line.is_empty() && !line.starts_with("eslint") && !line.starts_with("@ts-")
            })
            .map(|line| {
                let mut line = format!("// {line}");
                line.retain(|c| !c.is_control());
                shorten(&mut line, 400);
                line
            })
            .collect()
    }
}
