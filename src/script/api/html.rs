//! HTML: elements found by CSS selectors.

use std::rc::Rc;

use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::TendrilSink;
use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult};
use rustc_hash::FxHashSet;
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

use super::{Fallible, error, let_others_run};

/// Brackets in a selector, such as those of `:not(…)`: the parser goes as deep as they do.
const MAX_NESTED: usize = 32;

/// Parsed at a time. The time that a piece takes grows with how deeply its elements are nested, so a hostile page must not be
/// taken in one go.
const PIECE: usize = 16 << 10;

/// A document from its text. Others have their turn on the way.
pub fn parse(text: &str) -> Fallible<Html> {
    let mut parser = parse_document(
        HtmlTreeSink::new(Html::new_document()),
        ParseOpts::default(),
    );
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(piece.into());
        rest = after;
        if !rest.is_empty() {
            let_others_run()?;
        }
    }
    Ok(parser.finish())
}

/// Elements of a document; cheap to copy.
#[derive(Debug, Clone)]
pub struct Selection {
    document: Rc<Html>,
    elements: Rc<[ego_tree::NodeId]>,
}

impl Selection {
    /// A whole document.
    pub fn document(document: Rc<Html>) -> Self {
        let root = document.root_element().id();
        Self {
            document,
            elements: [root].into(),
        }
    }

    fn refs(&self) -> impl Iterator<Item = ElementRef<'_>> {
        self.elements
            .iter()
            .filter_map(|id| ElementRef::wrap(self.document.tree.get(*id)?))
    }

    /// Elements below these that a CSS selector finds.
    pub fn find(&self, selector: &str) -> Fallible<Self> {
        if selector.matches('(').count() > MAX_NESTED {
            return error(format!(
                "a CSS selector may have {MAX_NESTED} brackets, this one has more"
            ));
        }
        let parsed = match Selector::parse(selector) {
            Ok(parsed) => parsed,
            Err(why) => return error(format!("`{selector}` is not a CSS selector: {why}")),
        };
        let mut elements = Vec::new();
        // One element can be below several of these.
        let mut seen = FxHashSet::default();
        for (number, found) in self
            .refs()
            .flat_map(|element| element.select(&parsed))
            .enumerate()
        {
            if number % 1_000 == 999 {
                let_others_run()?;
            }
            if seen.insert(found.id()) {
                elements.push(found.id());
            }
        }
        Ok(Self {
            document: self.document.clone(),
            elements: elements.into(),
        })
    }

    fn nth(&self, index: i64) -> Self {
        let length = self.elements.len() as i64;
        let index = if index < 0 { index + length } else { index };
        let element = usize::try_from(index)
            .ok()
            .and_then(|index| self.elements.get(index));
        Self {
            document: self.document.clone(),
            elements: element.into_iter().copied().collect(),
        }
    }
}

#[export_module]
pub mod selection_type {
    /// Elements below these that a CSS selector finds.
    #[rhai_fn(name = "find", return_raw, pure)]
    pub fn find(
        selection: &mut Selection,
        selector: &str,
    ) -> Result<Selection, Box<EvalAltResult>> {
        selection.find(selector)
    }

    /// How many elements there are.
    #[rhai_fn(name = "len", get = "len", pure)]
    pub fn len(selection: &mut Selection) -> i64 {
        selection.elements.len() as i64
    }

    /// The text of all elements, joined.
    #[rhai_fn(name = "text", pure)]
    pub fn text(selection: &mut Selection) -> String {
        selection
            .refs()
            .flat_map(|element| element.text())
            .collect::<String>()
            .trim()
            .to_owned()
    }

    /// An attribute of the first element; `()` if it has none.
    #[rhai_fn(name = "attr", pure)]
    pub fn attr(selection: &mut Selection, name: &str) -> Dynamic {
        let value = selection
            .refs()
            .next()
            .and_then(|element| element.value().attr(name).map(str::to_owned));
        value.map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// The inner HTML of the first element.
    #[rhai_fn(name = "inner", pure)]
    pub fn inner(selection: &mut Selection) -> String {
        selection
            .refs()
            .next()
            .map(|element| element.inner_html())
            .unwrap_or_default()
    }

    /// The element at a position, from 0; negative ones count from the end. Empty if there is none.
    #[rhai_fn(name = "nth", index_get, pure)]
    pub fn nth(selection: &mut Selection, index: i64) -> Selection {
        selection.nth(index)
    }

    /// The first element.
    #[rhai_fn(name = "first", pure)]
    pub fn first(selection: &mut Selection) -> Selection {
        selection.nth(0)
    }

    /// The last element.
    #[rhai_fn(name = "last", pure)]
    pub fn last(selection: &mut Selection) -> Selection {
        selection.nth(-1)
    }

    /// The elements as a list, for loops.
    #[rhai_fn(name = "all", pure)]
    pub fn all(selection: &mut Selection) -> Array {
        (0..selection.elements.len() as i64)
            .map(|index| Dynamic::from(selection.nth(index)))
            .collect()
    }
}
