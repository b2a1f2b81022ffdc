//! From text to an [`Expression`], with errors that say where, what and how to fix it.

use std::ops::Range;

use super::{Aggregate, Expression, Op, Percentile, SloError, Threshold};

const AGGREGATES: &str = "use one of p(N), avg, med, min, max, count, rate, value";
const OPERATORS: &str = "write one of < <= > >= == != between the aggregate and the threshold";
/// Words for percentiles that other tools use.
const PERCENTILES: [&str; 7] = ["p", "pct", "perc", "percentile", "percent", "quantile", "q"];
/// Words for aggregates that other tools use.
const SYNONYMS: [(&str, &str); 10] = [
    ("mean", "avg"),
    ("average", "avg"),
    ("median", "med"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("sum", "count"),
    ("total", "count"),
    ("ratio", "rate"),
    ("last", "value"),
    ("gauge", "value"),
];

/// A piece of the text, with its place.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    start: usize,
}

impl Piece<'_> {
    fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// What is not read yet.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> Piece<'a> {
        let length = self
            .rest()
            .find(|c| !wanted(c))
            .unwrap_or(self.rest().len());
        let piece = Piece {
            text: &self.rest()[..length],
            start: self.at,
        };
        self.at += length;
        piece
    }
}

fn is_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!' | '~' | '≤' | '≥' | '≠')
}

pub(super) fn expression(text: &str) -> Result<Expression, SloError> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_spaces();
    if cursor.rest().is_empty() {
        let fix = "write an aggregate, an operator and a threshold, such as `p(95) < 3s`";
        return Err(SloError::new(
            text,
            0..text.len(),
            "the expression is empty",
            fix,
        ));
    }
    let aggregate = aggregate(&mut cursor)?;
    cursor.skip_spaces();
    let written = cursor.take_while(is_operator);
    cursor.skip_spaces();
    let rest = Piece {
        text: cursor.rest().trim_end(),
        start: cursor.at,
    };
    let op = operator(text, written, aggregate, rest)?;
    Ok(Expression {
        aggregate,
        op,
        threshold: threshold(text, rest)?,
    })
}

fn aggregate(cursor: &mut Cursor<'_>) -> Result<Aggregate, SloError> {
    let text = cursor.text;
    let word = cursor.take_while(|c| !c.is_whitespace() && !is_operator(c) && c != '(');
    let before = cursor.at;
    cursor.skip_spaces();
    if !cursor.rest().starts_with('(') {
        cursor.at = before;
        return without_argument(text, word);
    }
    let open = cursor.at;
    cursor.at += 1;
    let inside = cursor.take_while(|c| c != ')' && c != '(' && !is_operator(c));
    if !cursor.rest().starts_with(')') {
        return Err(SloError::new(
            text,
            open..open + 1,
            "the `(` is not closed",
            "add a `)` after the percentile",
        ));
    }
    cursor.at += 1;
    let whole = word.start..cursor.at;
    let argument = inside.text.trim();
    let percentile = argument
        .trim_end_matches('%')
        .parse()
        .ok()
        .and_then(Percentile::new);
    let named = Aggregate::NAMED.iter().any(|(name, _)| *name == word.text);
    match (word.text, percentile) {
        ("p", Some(percentile)) if !argument.ends_with('%') => {
            Ok(Aggregate::Percentile(percentile))
        }
        ("p", Some(percentile)) => {
            let what = "a percentile is written without a `%`";
            let suggestion = Aggregate::Percentile(percentile).to_string();
            Err(SloError::new(text, whole, what, "leave it out").suggest(Some(suggestion)))
        }
        ("p", None) => {
            let what = match argument {
                "" => "`p` needs a percentile".to_owned(),
                _ => format!("`{argument}` is not a percentile"),
            };
            Err(SloError::new(
                text,
                inside.span(),
                what,
                "write a number from 0 to 100, such as `p(95)`",
            ))
        }
        (name, _) if named => {
            let what = format!("`{name}` takes no argument");
            Err(SloError::new(text, whole, what, "leave the parentheses out").suggest(Some(name)))
        }
        (name, _) => {
            let suggestion = if is_percentile_word(name) {
                let shifted = matches!(name.to_lowercase().as_str(), "quantile" | "q")
                    && percentile.is_some_and(|p| p.get() <= 1.0);
                // 0.95 × 100 is not quite 95 in floating point; three decimals are finer than anyone asks for.
                let percent = percentile.map(|p| {
                    if shifted {
                        (p.get() * 1e5).round() / 1e3
                    } else {
                        p.get()
                    }
                });
                let digits = name
                    .trim_start_matches(|c: char| !c.is_ascii_digit())
                    .parse()
                    .ok();
                let percent = percent.or(digits).and_then(Percentile::new);
                percent.map(|percent| Aggregate::Percentile(percent).to_string())
            } else {
                nearest(name).map(str::to_owned)
            };
            Err(unknown(text, word.span().start..cursor.at, name).suggest(suggestion))
        }
    }
}

fn without_argument(text: &str, word: Piece<'_>) -> Result<Aggregate, SloError> {
    let name = word.text;
    if let Some((_, aggregate)) = Aggregate::NAMED.iter().find(|(known, _)| *known == name) {
        return Ok(*aggregate);
    }
    if name.is_empty() {
        return Err(SloError::new(
            text,
            word.start..word.start,
            "there is no aggregate before the operator",
            AGGREGATES,
        ));
    }
    if name == "p" {
        return Err(SloError::new(
            text,
            word.span(),
            "`p` needs a percentile",
            "write it in parentheses, such as `p(95)`",
        ));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        let fix = "write the aggregate first, then the operator, then the threshold, such as `p(95) < 3s`";
        return Err(SloError::new(
            text,
            word.span(),
            format!("`{name}` is not an aggregate"),
            fix,
        ));
    }
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let percentile = digits
        .trim_end_matches('%')
        .parse()
        .ok()
        .and_then(Percentile::new);
    let suggestion = match percentile {
        Some(percentile) if is_percentile_word(name) => {
            Some(Aggregate::Percentile(percentile).to_string())
        }
        _ => nearest(name).map(str::to_owned),
    };
    Err(unknown(text, word.span(), name).suggest(suggestion))
}

fn unknown(text: &str, span: Range<usize>, name: &str) -> SloError {
    SloError::new(
        text,
        span,
        format!("there is no aggregate `{name}`"),
        AGGREGATES,
    )
}

/// Whether the word, without digits at its end, is some way to say percentile.
fn is_percentile_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    let stem = lower
        .find(|c: char| c.is_ascii_digit())
        .map_or(lower.as_str(), |digit| &lower[..digit]);
    PERCENTILES.contains(&stem.trim_end_matches('_'))
        || strsim::damerau_levenshtein(stem, "percentile") <= 3
}

fn nearest(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    if let Some((_, aggregate)) = SYNONYMS.iter().find(|(synonym, _)| *synonym == lower) {
        return Some(aggregate);
    }
    let named = Aggregate::NAMED.iter().map(|(name, _)| (*name, *name));
    named
        .chain(SYNONYMS)
        .map(|(spelling, name)| {
            (
                strsim::damerau_levenshtein(&lower, spelling),
                spelling,
                name,
            )
        })
        .filter(|(distance, spelling, _)| *distance <= if spelling.len() > 4 { 2 } else { 1 })
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, _, name)| name)
}

fn operator(
    text: &str,
    written: Piece<'_>,
    aggregate: Aggregate,
    rest: Piece<'_>,
) -> Result<Op, SloError> {
    if let Some((_, op)) = Op::ALL.iter().find(|(known, _)| *known == written.text) {
        return Ok(*op);
    }
    let suggestion = match written.text {
        "" => {
            let guess = if matches!(aggregate, Aggregate::Value | Aggregate::Count) {
                ">"
            } else {
                "<"
            };
            let suggestion = Threshold::parse(rest.text)
                .ok()
                .map(|_| format!("{aggregate} {guess} {}", rest.text));
            let error = SloError::new(text, written.span(), "there is no operator", OPERATORS);
            return Err(error.suggest(suggestion));
        }
        "=" | "===" => Some("=="),
        "=<" | "≤" => Some("<="),
        "=>" | "≥" => Some(">="),
        "<>" | "!==" | "≠" | "!" | "~=" => Some("!="),
        "<<" => Some("<"),
        ">>" => Some(">"),
        _ => None,
    };
    let what = format!("there is no operator `{}`", written.text);
    Err(SloError::new(text, written.span(), what, OPERATORS).suggest(suggestion))
}

fn threshold(text: &str, rest: Piece<'_>) -> Result<Threshold, SloError> {
    if rest.text.is_empty() {
        let fix = "write what the aggregate is compared with, such as `3s`, `1%` or `100`";
        return Err(SloError::new(
            text,
            rest.span(),
            "there is no threshold after the operator",
            fix,
        ));
    }
    let joined = [" and ", " or ", "&&", "||", ", "]
        .iter()
        .filter_map(|word| rest.text.find(word))
        .min();
    if let Some(at) = joined.or_else(|| rest.text.find(is_operator)) {
        let fix = "make each comparison an objective of its own";
        let span = rest.start + at..rest.span().end;
        return Err(SloError::new(
            text,
            span,
            "an expression is one comparison",
            fix,
        ));
    }
    Threshold::parse(rest.text).map_err(|error| {
        let what = format!(
            "`{}` is not a {}: {}",
            error.input, error.quantity, error.problem
        );
        SloError::new(text, rest.span(), what, format!("write {}", error.expected))
            .suggest(error.suggestion)
    })
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
