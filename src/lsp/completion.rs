//! What can be written at a place.

use serde_json::{Value, json};

use super::catalog::{Item, catalog};
use super::documents::{Document, Documents};
use super::lexer::Kind as Word;
use super::lookup::{keys_of, kind_of};
use super::outline::{Function, Outline};
use super::position::{self, Position};
use super::situation::{self, Situation};
use crate::executor::Kind as Executor;
use crate::script::api::CONTEXT;
use crate::script::{LIFECYCLE, stdlib};

/// What the protocol calls the kinds of things that can be written.
#[derive(Clone, Copy)]
enum Kind {
    Method = 2,
    Function = 3,
    Field = 5,
    Variable = 6,
    Module = 9,
    Property = 10,
    Value = 12,
    Keyword = 14,
    File = 17,
    Constant = 21,
}

/// Words of the language.
const KEYWORDS: [&str; 24] = [
    "let", "const", "fn", "if", "else", "switch", "for", "in", "while", "loop", "do", "until",
    "break", "continue", "return", "throw", "try", "catch", "import", "as", "export", "private",
    "true", "false",
];

/// All that can be written at a place of a document.
pub fn complete(documents: &Documents, document: &Document, at: Position) -> Value {
    let text = &document.text;
    let offset = position::offset(text, at);
    let outline = Outline::of(text);
    let list = List {
        documents,
        document,
        outline: &outline,
        offset,
    };
    let items = match situation::at(text, &outline, offset) {
        Situation::Nothing => Vec::new(),
        Situation::Value { key } => list.values(&key),
        Situation::ImportPath => list.imports(),
        Situation::Module { alias } => list.of_module(&alias),
        Situation::Member { value } => list.members(&value),
        Situation::Key { path } => match keys_of(&path) {
            keys if keys.is_empty() => list.expression(),
            keys => keys
                .iter()
                .map(|key| {
                    let mut item = entry(key.name, Kind::Property, key.takes, key.meaning);
                    insert(&mut item, format!("{}: ", key.name));
                    item
                })
                .collect(),
        },
        Situation::Expression => list.expression(),
    };
    json!({ "isIncomplete": false, "items": items })
}

struct List<'a> {
    documents: &'a Documents,
    document: &'a Document,
    outline: &'a Outline,
    offset: usize,
}

impl List<'_> {
    fn values(&self, key: &str) -> Vec<Value> {
        match key {
            "executor" => Executor::ALL
                .iter()
                .map(|kind| entry(kind.name(), Kind::Value, "", kind.doc()))
                .collect(),
            "exec" => {
                let own = self.outline.functions.iter();
                let fits = |f: &&Function| {
                    !f.is_private
                        && f.parameters.len() <= 1
                        && !LIFECYCLE.contains(&f.name.as_str())
                };
                own.filter(fits)
                    .map(|f| entry(&f.name, Kind::Function, &f.signature(), &f.doc))
                    .collect()
            }
            "priority" => ["P0", "P1", "P2"]
                .iter()
                .map(|priority| entry(priority, Kind::Value, "", ""))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn imports(&self) -> Vec<Value> {
        let mut items: Vec<Value> = stdlib::names()
            .map(|name| {
                let doc = stdlib::text(name).map(|text| Outline::of(text).doc);
                entry(
                    &format!("std/{name}"),
                    Kind::Module,
                    "standard library",
                    &doc.unwrap_or_default(),
                )
            })
            .collect();
        items.extend(
            self.files()
                .into_iter()
                .map(|name| entry(&name, Kind::File, "", "")),
        );
        items
    }

    /// Scripts beside the document and in the folders beside it, as they are imported.
    fn files(&self) -> Vec<String> {
        const MOST: usize = 200;
        let Some(folder) = self
            .document
            .path
            .parent()
            .filter(|folder| folder.is_absolute())
        else {
            return Vec::new();
        };
        let mut names = Vec::new();
        let mut pending = vec![(folder.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = pending.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries.flatten().take(MOST * 5) {
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && depth < 2 && !name.starts_with('.') {
                    pending.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
                } else if let Some(stem) = name.strip_suffix(".rhai")
                    && !name.ends_with(".d.rhai")
                    && entry.path() != self.document.path
                    && names.len() < MOST
                {
                    names.push(format!("{prefix}{stem}"));
                }
            }
        }
        names.sort();
        names
    }

    fn of_module(&self, alias: &str) -> Vec<Value> {
        if alias == "global" {
            let constants = self.outline.variables.iter();
            return constants
                .filter(|variable| variable.is_top && variable.is_constant)
                .map(|variable| entry(&variable.name, Kind::Constant, "", ""))
                .collect();
        }
        let Some(module) = self.documents.module_of(self.document, self.outline, alias) else {
            return catalog().items(alias).iter().map(native).collect();
        };
        let outline = Outline::of(&module.text);
        let functions = outline.functions.iter().filter(|f| !f.is_private).map(own);
        let values = outline
            .variables
            .iter()
            .filter(|v| v.is_top && v.is_exported);
        functions
            .chain(values.map(|v| entry(&v.name, Kind::Constant, "", "")))
            .collect()
    }

    fn members(&self, value: &str) -> Vec<Value> {
        let catalog = catalog();
        if let Some(map) = value.rsplit_once('.')
            && matches!(map, (_, "state" | "data"))
            && kind_of(self.outline, map.0, self.offset) == Some(CONTEXT)
        {
            return self.keys_of_user(map.1);
        }
        if let Some(kind) = kind_of(self.outline, value, self.offset)
            && catalog.members(kind).next().is_some()
        {
            return catalog.members(kind).map(native).collect();
        }
        // Nobody knows what it is before the script runs: what it most likely is comes first.
        let mut items = Vec::new();
        for kind in [
            "Response",
            "Selection",
            "Data",
            "Metric",
            "Counter",
            "Queue",
            "SharedMap",
        ] {
            items.extend(catalog.members(kind).map(|item| of_type(item, kind, '1')));
        }
        for kind in ["array", "string", "map"] {
            items.extend(catalog.members(kind).map(|item| of_type(item, kind, '2')));
        }
        items
    }

    /// What the script keeps in `ctx.state` or reads of `ctx.data`, wherever it does.
    fn keys_of_user(&self, map: &str) -> Vec<Value> {
        let text = &self.document.text;
        let tokens = &self.outline.tokens;
        let word = |at: usize| tokens.get(at).map_or("", |token| token.of(text));
        let mut names = std::collections::BTreeSet::new();
        for at in 0..tokens.len() {
            if word(at) != "." || word(at + 1) != map {
                continue;
            }
            let named = match word(at + 2) {
                "." => tokens.get(at + 3).filter(|token| token.kind == Word::Word),
                "[" => tokens.get(at + 3).filter(|token| token.kind == Word::Text),
                _ => None,
            };
            // What is just being written is no key yet.
            let written = named.filter(|token| {
                !(token.span.start <= self.offset && self.offset <= token.span.end)
            });
            let name = written.map_or("", |token| token.of(text).trim_matches('"'));
            if rhai::is_valid_identifier(name) && word(at + 4) != "(" {
                names.insert(name);
            }
        }
        let described = format!("in `ctx.{map}`");
        names
            .into_iter()
            .map(|name| entry(name, Kind::Field, &described, ""))
            .collect()
    }

    fn expression(&self) -> Vec<Value> {
        let mut items: Vec<Value> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for variable in self.outline.visible(self.offset) {
            if seen.insert(variable.name.as_str()) {
                let kind = if variable.is_constant {
                    Kind::Constant
                } else {
                    Kind::Variable
                };
                items.push(entry(&variable.name, kind, &variable.made_by, ""));
            }
        }
        items.extend(self.outline.functions.iter().map(own));
        for import in self
            .outline
            .imports
            .iter()
            .filter(|import| !import.alias.is_empty())
        {
            items.push(entry(&import.alias, Kind::Module, &import.path, ""));
        }
        items.extend(
            catalog()
                .modules()
                .map(|name| entry(name, Kind::Module, "", "")),
        );
        let everywhere = catalog().items("").iter();
        let ours = everywhere.filter(|item| !item.is_property && !item.doc.is_empty());
        // A function of a type of its own is a method, and written after a dot.
        let plain = ours.filter(|item| !item.receiver.starts_with(char::is_uppercase));
        items.extend(plain.map(native));
        items.extend(
            KEYWORDS
                .iter()
                .map(|word| entry(word, Kind::Keyword, "", "")),
        );
        items
    }
}

fn entry(name: &str, kind: Kind, detail: &str, doc: &str) -> Value {
    let mut item = json!({ "label": name, "kind": kind as u8 });
    if let Some(fields) = item.as_object_mut() {
        if !detail.is_empty() {
            fields.insert("detail".to_owned(), detail.into());
        }
        if !doc.is_empty() {
            let doc = json!({ "kind": "markdown", "value": doc });
            fields.insert("documentation".to_owned(), doc);
        }
    }
    item
}

fn insert(item: &mut Value, text: String) {
    if let Some(fields) = item.as_object_mut() {
        fields.insert("insertText".to_owned(), text.into());
    }
}

fn own(function: &Function) -> Value {
    entry(
        &function.name,
        Kind::Function,
        &function.signature(),
        &function.doc,
    )
}

fn native(item: &Item) -> Value {
    let kind = match (
        item.is_property,
        item.receiver.starts_with(char::is_uppercase),
    ) {
        (true, _) => Kind::Field,
        (false, true) => Kind::Method,
        (false, false) => Kind::Function,
    };
    entry(
        &item.name,
        kind,
        &item.signature.replace('\n', " · "),
        &item.doc,
    )
}

fn of_type(item: &Item, kind: &str, rank: char) -> Value {
    let shape = if item.is_property {
        Kind::Field
    } else {
        Kind::Method
    };
    let detail = format!("{kind}: {}", item.signature.replace('\n', " · "));
    let mut entry = entry(&item.name, shape, &detail, &item.doc);
    if let Some(fields) = entry.as_object_mut() {
        fields.insert("sortText".to_owned(), format!("{rank}{}", item.name).into());
    }
    entry
}
