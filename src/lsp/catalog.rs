//! What scripts can call without defining it: read once from the definition files that `rhaid definitions` writes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::script::definitions;

/// A function, or what is read of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    /// As in `get(url: string, params: map) -> Response`; all ways to call it, one a line.
    pub signature: String,
    pub doc: String,
    /// It is read without parentheses.
    pub is_property: bool,
    /// It takes nothing at all.
    pub takes_nothing: bool,
    /// The type of the first parameter, which for a method is what it is called on.
    pub receiver: String,
    /// What it gives back.
    pub gives: String,
}

/// The functions of each module by the module's name; under the empty name what is there everywhere.
#[derive(Debug, Default)]
pub struct Catalog {
    modules: BTreeMap<String, Vec<Item>>,
}

/// The catalog of this program.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let mut catalog = Catalog::default();
        for (file, text) in definitions::files() {
            let Some(name) = file.strip_suffix(".d.rhai") else {
                continue;
            };
            if name.starts_with("std/") || name == "__builtin-operators__" {
                continue;
            }
            let name = if name.starts_with("__") { "" } else { name };
            let items = catalog.modules.entry(name.to_owned()).or_default();
            read(&text, items);
        }
        catalog
    })
}

impl Catalog {
    /// Names of the modules that need no import.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        let named = self.modules.keys().filter(|name| !name.is_empty());
        named.map(String::as_str)
    }

    /// What a module has; with an empty name, what is there everywhere.
    pub fn items(&self, module: &str) -> &[Item] {
        self.modules.get(module).map_or(&[], Vec::as_slice)
    }

    /// One function of a module.
    pub fn find(&self, module: &str, name: &str) -> Option<&Item> {
        self.items(module).iter().find(|item| item.name == name)
    }

    /// What can be read of or called on a value of a type. What can be read is not offered as a call as well.
    pub fn members<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Item> {
        let all = self.items("");
        let is_read = move |name: &str| {
            let mut same = all.iter().filter(|item| item.name == name);
            same.any(|item| item.receiver == kind && item.is_property)
        };
        all.iter()
            .filter(move |item| item.receiver == kind)
            .filter(move |item| item.is_property || !is_read(&item.name))
    }

    /// A member of any type.
    pub fn member(&self, name: &str) -> Option<&Item> {
        let ours =
            |item: &&Item| item.name == name && item.receiver.starts_with(char::is_uppercase);
        let mut items = self.items("").iter();
        items.find(ours).or_else(|| {
            self.items("")
                .iter()
                .find(|item| item.name == name && !item.receiver.is_empty())
        })
    }
}

/// Reads the declarations of a definition file, which have one line each.
fn read(text: &str, items: &mut Vec<Item>) {
    let mut doc: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix("///") {
            doc.push(comment.strip_prefix(' ').unwrap_or(comment));
            continue;
        }
        if let Some(item) = line.strip_prefix("fn ").and_then(declaration) {
            add(item, doc.join("\n").trim(), items);
        }
        doc.clear();
    }
}

/// What is before and behind the bracket that closes one that was opened before the text.
fn at_closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn declaration(line: &str) -> Option<Item> {
    let line = line.trim_end_matches(';');
    let (line, is_property) = match line.strip_prefix("get ") {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (name, rest) = line.split_once('(')?;
    if !rhai::is_valid_identifier(name) {
        return None;
    }
    let (parameters, gives) = at_closing(rest)?;
    let gives = gives.trim().trim_start_matches("->").trim();
    let receiver = parameters
        .split(',')
        .next()
        .and_then(|first| first.split_once(':'))
        .map_or("", |(_, kind)| kind.trim());
    let arrow = match gives {
        "" | "()" => String::new(),
        kind => format!(" -> {kind}"),
    };
    Some(Item {
        name: name.to_owned(),
        signature: if is_property {
            format!("{name}{arrow}")
        } else {
            format!("{name}({parameters}){arrow}")
        },
        doc: String::new(),
        is_property,
        takes_nothing: parameters.is_empty(),
        receiver: receiver.to_owned(),
        gives: gives.to_owned(),
    })
}

/// Adds a declaration to the others of its name, those of other types apart.
fn add(mut item: Item, doc: &str, items: &mut Vec<Item>) {
    doc.clone_into(&mut item.doc);
    let same = items.iter_mut().find(|known| {
        known.name == item.name
            && known.receiver == item.receiver
            && known.is_property == item.is_property
    });
    match same {
        Some(known) => {
            if !known.signature.lines().any(|line| line == item.signature) {
                known.signature.push('\n');
                known.signature.push_str(&item.signature);
            }
            if !item.doc.is_empty() && !known.doc.contains(&item.doc) {
                let gap = if known.doc.is_empty() { "" } else { "\n\n" };
                known.doc.push_str(gap);
                known.doc.push_str(&item.doc);
            }
        }
        None => items.push(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_knows_modules_functions_and_members() {
        let catalog = catalog();
        assert!(catalog.modules().any(|name| name == "http"));
        let get = catalog.find("http", "get").unwrap();
        assert_eq!(
            get.signature,
            "get(url: string) -> Response\nget(url: string, params: map) -> Response"
        );
        assert!(get.doc.contains("GET request"));
        let members: Vec<&str> = catalog
            .members("Response")
            .map(|i| i.name.as_str())
            .collect();
        assert!(
            members.contains(&"status") && members.contains(&"json"),
            "{members:?}"
        );
        assert!(
            catalog
                .members("Context")
                .any(|item| item.name == "state" && item.is_property)
        );
        assert!(catalog.find("", "sleep").is_some());
        let print = catalog.find("", "print").unwrap();
        assert!(print.doc.contains("log::info"), "{}", print.doc);
        let inbox: Vec<&str> = catalog.members("Inbox").map(|i| i.name.as_str()).collect();
        assert!(inbox.contains(&"mark"), "{inbox:?}");
        for kind in ["Inbox", "Data", "array", "string"] {
            let lens = catalog.members(kind).filter(|item| item.name == "len");
            assert_eq!(lens.count(), 1, "{kind}");
        }
    }
}
