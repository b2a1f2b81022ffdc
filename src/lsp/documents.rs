//! The texts that an editor has open, as they stand there, and files beside them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::outline::Outline;
use super::position::{self, Position};
use super::uri;
use crate::script::{Overlay, Sources, stdlib};

/// A text in the editor.
#[derive(Debug, Clone)]
pub struct Document {
    /// As the editor names it.
    pub uri: String,
    pub path: PathBuf,
    pub version: Option<i64>,
    pub text: Arc<str>,
}

/// All of them, by their names in the editor.
#[derive(Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

/// A module that a document imports.
pub struct Module {
    /// What messages call it: a path, or `std/NAME`.
    pub name: String,
    pub text: Arc<str>,
}

impl Documents {
    /// A document is opened, or replaced as a whole.
    pub fn open(&mut self, uri: &str, version: Option<i64>, text: &str) {
        let document = Document {
            uri: uri.to_owned(),
            path: uri::path(uri),
            version,
            // As files are read: without what some editors put in front.
            text: text.strip_prefix('\u{feff}').unwrap_or(text).into(),
        };
        self.open.insert(uri.to_owned(), document);
    }

    /// A document is closed: the file counts again.
    pub fn close(&mut self, uri: &str) {
        self.open.remove(uri);
    }

    /// One of them.
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.open.values()
    }

    /// Applies the changes of a message, one after the other. What makes no sense is left out.
    pub fn change(&mut self, uri: &str, version: Option<i64>, changes: &[Value]) {
        let Some(document) = self.open.get_mut(uri) else {
            return;
        };
        let mut text = document.text.to_string();
        for change in changes {
            let Some(new) = change.get("text").and_then(Value::as_str) else {
                continue;
            };
            let range = change.get("range").filter(|range| !range.is_null());
            let Some(range) = range else {
                new.clone_into(&mut text);
                continue;
            };
            let bound = |key: &str| range.get(key).and_then(Position::read);
            let (Some(start), Some(end)) = (bound("start"), bound("end")) else {
                continue;
            };
            let start = position::offset(&text, start);
            let end = position::offset(&text, end).max(start);
            text.replace_range(start..end, new);
        }
        document.version = version;
        document.text = text.into();
    }

    /// The texts that stand for files, saved or not.
    pub fn overlay(&self) -> Overlay {
        let texts: HashMap<PathBuf, Arc<str>> = self
            .open
            .values()
            .map(|document| (uri::canonical(&document.path), document.text.clone()))
            .collect();
        Arc::new(texts)
    }

    /// A document as a script that can be looked at.
    pub fn sources(&self, document: &Document) -> Sources {
        Sources::from_text(&document.path, &document.text).with_overlay(self.overlay())
    }

    /// The module that a document imports by this path.
    pub fn module(&self, document: &Document, path: &str) -> Option<Module> {
        let (name, text) = self.sources(document).import(path, None).ok()?;
        Some(Module { name, text })
    }

    /// The module behind an alias of a document.
    pub fn module_of(&self, document: &Document, outline: &Outline, alias: &str) -> Option<Module> {
        self.module(document, &outline.import(alias)?.path)
    }
}

/// The name for editors of a source: of a file itself, of a module of the standard library that of a copy to read.
pub fn uri_of_source(name: &str) -> Option<String> {
    match name.strip_prefix("std/") {
        Some(module) => uri::of(&copy_of(module)?),
        None => uri::of(Path::new(name)),
    }
}

/// A module of the standard library as a file. It is written when somebody first wants to see it.
fn copy_of(module: &str) -> Option<PathBuf> {
    let text = stdlib::text(module)?;
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    let folder = caches
        .join("rhaid")
        .join(env!("CARGO_PKG_VERSION"))
        .join("std");
    let file = folder.join(format!("{module}.rhai"));
    let is_there = std::fs::read_to_string(&file).is_ok_and(|found| found == text);
    if !is_there {
        std::fs::create_dir_all(&folder).ok()?;
        std::fs::write(&file, text).ok()?;
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(text: &str, changes: Value) -> String {
        let mut documents = Documents::default();
        documents.open("file:///a.rhai", Some(1), text);
        documents.change("file:///a.rhai", Some(2), changes.as_array().unwrap());
        documents.get("file:///a.rhai").unwrap().text.to_string()
    }

    fn range(from: (u32, u32), to: (u32, u32), text: &str) -> Value {
        json!({ "range": { "start": { "line": from.0, "character": from.1 }, "end": { "line": to.0, "character": to.1 } }, "text": text })
    }

    #[test]
    fn changes_are_applied_in_their_order_and_in_utf_16() {
        let changed = after(
            "let ü = \"🦀\";\nx\n",
            json!([range((0, 9), (0, 11), "🐟"), range((1, 0), (1, 1), "y🦀")]),
        );
        assert_eq!(changed, "let ü = \"🐟\";\ny🦀\n");
        assert_eq!(
            after(
                "old",
                json!([{ "text": "new" }, range((0, 3), (0, 3), "er")])
            ),
            "newer"
        );
    }

    #[test]
    fn changes_without_sense_break_nothing() {
        assert_eq!(
            after(
                "abc",
                json!([{}, { "range": { "start": 1 }, "text": "x" }, range((9, 9), (9, 9), "d")])
            ),
            "abcd"
        );
        assert_eq!(after("abc", json!([range((0, 2), (0, 1), "x")])), "abxc");
    }
}
