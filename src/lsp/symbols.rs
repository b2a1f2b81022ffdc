//! What a document defines, for an editor's outline.

use serde_json::{Value, json};

use super::documents::Document;
use super::outline::Outline;
use super::position::range;

/// What the protocol calls them.
const FUNCTION: u8 = 12;
const CONSTANT: u8 = 14;
const VARIABLE: u8 = 13;
const MODULE: u8 = 2;

/// Imports, variables of the top level and functions, in their order.
pub fn of(document: &Document) -> Value {
    let text = &document.text;
    let outline = Outline::of(text);
    let mut all: Vec<(usize, Value)> = Vec::new();
    for import in outline
        .imports
        .iter()
        .filter(|import| !import.alias.is_empty())
    {
        let place = range(text, import.at.start, import.at.end);
        let symbol = json!({ "name": import.alias, "detail": import.path, "kind": MODULE, "range": place, "selectionRange": place });
        all.push((import.at.start, symbol));
    }
    for variable in outline.variables.iter().filter(|variable| variable.is_top) {
        let kind = if variable.is_constant {
            CONSTANT
        } else {
            VARIABLE
        };
        let place = range(text, variable.at.start, variable.at.end);
        let symbol =
            json!({ "name": variable.name, "kind": kind, "range": place, "selectionRange": place });
        all.push((variable.at.start, symbol));
    }
    for function in &outline.functions {
        let symbol = json!({
            "name": function.name,
            "detail": format!("({})", function.parameters.join(", ")),
            "kind": FUNCTION,
            "range": range(text, function.span.start, function.span.end),
            "selectionRange": range(text, function.at.start, function.at.end),
        });
        all.push((function.span.start, symbol));
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, symbol)| symbol).collect()
}
