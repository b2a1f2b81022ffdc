//! `xml`: documents as maps.

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, Map};
use roxmltree::{Document, Node};

use super::{Fallible, error};

/// How deeply elements may be nested, as in JSON.
const MAX_DEPTH: usize = 127;

fn document(text: &str) -> Fallible<Document<'_>> {
    // The declaration must come first; what templates put before it is no harm.
    Document::parse(text.trim_start()).or_else(|why| error(format!("this is not XML: {why}")))
}

/// An element: its text if it has nothing else, else a map of its attributes (`@name`), its elements and its text (`#text`).
fn value_of(element: Node<'_, '_>, depth: usize) -> Fallible<Dynamic> {
    if depth > MAX_DEPTH {
        return error(format!(
            "the elements are nested more than {MAX_DEPTH} levels deep"
        ));
    }
    let own: String = element
        .children()
        .filter_map(|child| child.text().filter(|_| child.is_text()))
        .collect();
    let own = own.trim();
    let mut map = Map::new();
    for attribute in element.attributes() {
        let name = format!("@{}", attribute.name());
        map.insert(name.as_str().into(), attribute.value().to_owned().into());
    }
    let mut elements = element.children().filter(Node::is_element).peekable();
    if map.is_empty() && elements.peek().is_none() {
        return Ok(own.to_owned().into());
    }
    for child in elements {
        let value = value_of(child, depth + 1)?;
        let name = child.tag_name().name();
        match map.get_mut(name) {
            None => {
                map.insert(name.into(), value);
            }
            // Several of one name are a list. No element's value is one, so a list is always this one.
            Some(known) => {
                let before = std::mem::take(known);
                let mut list = before
                    .try_cast_result::<Array>()
                    .unwrap_or_else(|one| vec![one]);
                list.push(value);
                *known = list.into();
            }
        }
    }
    if !own.is_empty() {
        map.insert("#text".into(), own.to_owned().into());
    }
    Ok(map.into())
}

/// Elements below these of a name; `*` is any.
fn step<'a, 'i>(from: &[Node<'a, 'i>], name: &str, anywhere: bool) -> Vec<Node<'a, 'i>> {
    let is_named =
        |node: &Node<'a, 'i>| node.is_element() && (name == "*" || node.tag_name().name() == name);
    let mut found: Vec<Node<'a, 'i>> = Vec::new();
    for node in from {
        if anywhere {
            found.extend(node.descendants().filter(is_named));
        } else {
            found.extend(node.children().filter(is_named));
        }
    }
    if anywhere {
        // One element can be below several of these.
        found.sort_unstable();
        found.dedup();
    }
    found
}

fn find_all(text: &str, path: &str) -> Fallible<Array> {
    let document = document(text)?;
    let malformed = || {
        error(format!(
            "`{path}` is not a path of elements\nhelp: as in \"Envelope/Body/Room\", \"//Room\" (anywhere) or \"//Room/@id\""
        ))
    };
    let mut nodes = vec![document.root()];
    let mut anywhere = false;
    let plain = path.strip_prefix('/').unwrap_or(path);
    let mut steps = plain.split('/').peekable();
    while let Some(name) = steps.next() {
        let is_last = steps.peek().is_none();
        if let Some(attribute) = name.strip_prefix('@') {
            if !is_last || attribute.is_empty() {
                return malformed();
            }
            let own = nodes.iter().flat_map(|node| node.attributes());
            let named = own.filter(|own| own.name() == attribute);
            return Ok(named.map(|own| own.value().to_owned().into()).collect());
        }
        if name.is_empty() {
            if is_last || anywhere {
                return malformed();
            }
            anywhere = true;
            continue;
        }
        nodes = step(&nodes, name, anywhere);
        anywhere = false;
    }
    nodes.into_iter().map(|node| value_of(node, 0)).collect()
}

#[export_module(manifest)]
pub mod xml_module {
    /// A document as a map with its root element. An element is its text, or a map of its attributes (`@name`), its elements and its text (`#text`); several of one name are a list. Prefixes of namespaces are left out.
    #[rhai_fn(return_raw)]
    pub fn parse(text: &str) -> Result<Map, Box<EvalAltResult>> {
        let document = document(text)?;
        let root = document.root_element();
        Ok(Map::from([(
            root.tag_name().name().into(),
            value_of(root, 0)?,
        )]))
    }

    /// All elements at a path such as "Envelope/Body/Room", "//Room" (anywhere) or "//Room/@id" (an attribute), as `parse` gives them.
    #[rhai_fn(return_raw)]
    pub fn find(text: &str, path: &str) -> Result<Array, Box<EvalAltResult>> {
        find_all(text, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::convert::to_json;

    const ROOMS: &str = r#"
        <?xml version="1.0"?>
        <s:Envelope xmlns:s="urn:soap"><s:Body>
            <Room id="1"><Rate currency="EUR">80</Rate><Note/></Room>
            <Room id="2"><Rate currency="EUR">120</Rate><Note><![CDATA[sea & view]]></Note></Room>
            <Count>2</Count>
        </s:Body></s:Envelope>"#;

    #[test]
    fn a_document_is_a_map() {
        let map = xml_module::parse(ROOMS).unwrap();
        let expected = serde_json::json!({ "Envelope": { "Body": {
            "Room": [
                { "@id": "1", "Rate": { "@currency": "EUR", "#text": "80" }, "Note": "" },
                { "@id": "2", "Rate": { "@currency": "EUR", "#text": "120" }, "Note": "sea & view" },
            ],
            "Count": "2",
        } } });
        assert_eq!(to_json(&map.into()).unwrap(), expected);
    }

    #[test]
    fn a_path_finds_elements_and_attributes() {
        let find = |path: &str| to_json(&find_all(ROOMS, path).unwrap().into()).unwrap();
        assert_eq!(find("//Room/@id"), serde_json::json!(["1", "2"]));
        assert_eq!(find("Envelope/Body/Count"), serde_json::json!(["2"]));
        assert_eq!(find("/Envelope/*/Count"), serde_json::json!(["2"]));
        assert_eq!(
            find("Envelope//Note"),
            serde_json::json!(["", "sea & view"])
        );
        assert_eq!(find("//Guest"), serde_json::json!([]));
        for wrong in ["", "a/", "//", "a///b", "@a/b"] {
            assert!(find_all(ROOMS, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_xml_or_means_harm_is_refused() {
        let error = document("<a><b></a>").unwrap_err().to_string();
        assert!(error.contains("this is not XML"), "{error}");
        let entities = "<!DOCTYPE a [<!ENTITY b \"x\">]><a>&b;</a>";
        assert!(document(entities).is_err());
        let deep = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
        let error = xml_module::parse(&deep).unwrap_err().to_string();
        assert!(error.contains("127 levels"), "{error}");
    }
}
