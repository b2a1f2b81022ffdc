//! `regex`: patterns in texts.

use std::cell::RefCell;

use ::regex::Regex;
use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, Map};
use rustc_hash::FxHashMap;

use super::{Fallible, error};

/// Patterns kept compiled in each thread. Scripts have few; if they compute them, the old ones go.
const MAX_KEPT: usize = 1_000;

thread_local! {
    static COMPILED: RefCell<FxHashMap<Box<str>, Regex>> = RefCell::default();
}

fn compiled(pattern: &str) -> Fallible<Regex> {
    COMPILED.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = match Regex::new(pattern) {
            Ok(regex) => regex,
            Err(why) => return error(format!("this is not a pattern: {}", told(&why.to_string()))),
        };
        if known.len() >= MAX_KEPT {
            known.clear();
        }
        known.insert(pattern.into(), regex.clone());
        Ok(regex)
    })
}

/// The crate draws the pattern over several lines; the last one says what is wrong.
fn told(why: &str) -> &str {
    let last = why.lines().last().unwrap_or(why);
    last.trim_start_matches("error: ")
}

fn text(found: Option<::regex::Match<'_>>) -> Dynamic {
    found.map_or(Dynamic::UNIT, |found| found.as_str().to_owned().into())
}

#[export_module(manifest)]
pub mod regex_module {
    /// Whether a pattern is found in a text. In backticks a pattern needs no doubled backslashes: `\d+`.
    #[rhai_fn(return_raw)]
    pub fn is_match(text: &str, pattern: &str) -> Result<bool, Box<EvalAltResult>> {
        Ok(compiled(pattern)?.is_match(text))
    }

    /// The first place that a pattern matches; `()` if there is none.
    #[rhai_fn(return_raw)]
    pub fn find(text: &str, pattern: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        Ok(super::text(compiled(pattern)?.find(text)))
    }

    /// All places that a pattern matches.
    #[rhai_fn(return_raw)]
    pub fn find_all(text: &str, pattern: &str) -> Result<Array, Box<EvalAltResult>> {
        let regex = compiled(pattern)?;
        Ok(regex
            .find_iter(text)
            .map(|found| found.as_str().to_owned().into())
            .collect())
    }

    /// The groups of the first match as a list, the whole match first; `()` if there is none, also for a group that took no part.
    #[rhai_fn(return_raw)]
    pub fn captures(text: &str, pattern: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let Some(captures) = compiled(pattern)?.captures(text) else {
            return Ok(Dynamic::UNIT);
        };
        let groups: Array = captures.iter().map(super::text).collect();
        Ok(groups.into())
    }

    /// The named groups of the first match as a map: `(?<id>\d+)` is `id`; `()` if there is no match.
    #[rhai_fn(return_raw)]
    pub fn named(text: &str, pattern: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let regex = compiled(pattern)?;
        let Some(captures) = regex.captures(text) else {
            return Ok(Dynamic::UNIT);
        };
        let names = regex.capture_names().flatten();
        let groups: Map = names
            .map(|name| (name.into(), super::text(captures.name(name))))
            .collect();
        Ok(groups.into())
    }

    /// The text with every match replaced; `$1` and `${name}` stand for groups.
    #[rhai_fn(return_raw)]
    pub fn replace(
        text: &str,
        pattern: &str,
        replacement: &str,
    ) -> Result<String, Box<EvalAltResult>> {
        Ok(compiled(pattern)?
            .replace_all(text, replacement)
            .into_owned())
    }
}
