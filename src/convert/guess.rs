//! Which kind of document a file is, for those who do not say it.

use std::fmt;
use std::io::Read;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

use super::{IMPORTERS, Importer};

/// Bytes of a document that are looked at; of JSON also what comes after, for the keys at its top.
pub const LOOKED_AT: usize = 64 << 10;

/// Kinds that a document may be, by what is in it, or else by the ending of its name. `whole` gives the document from its
/// beginning, if that is asked for.
pub fn kinds(
    name: &str,
    head: &[u8],
    whole: impl FnOnce() -> Option<Box<dyn Read>>,
) -> Vec<&'static dyn Importer> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut found = if text.starts_with('{') {
        by_keys(&mut text.as_bytes())
            .or_else(|| by_keys(&mut whole()?))
            .into_iter()
            .collect()
    } else {
        by_lines(text)
    };
    let ending = by_ending(name);
    // A script of a shell may have one of k6 in it, and the other way round.
    if found.is_empty() || ending.is_some_and(|ending| found.len() > 1 && found.contains(&ending)) {
        found = ending.into_iter().collect();
    }
    IMPORTERS
        .iter()
        .filter(|importer| found.contains(&importer.name()))
        .copied()
        .collect()
}

fn by_ending(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "har" => "har",
        "yaml" | "yml" => "openapi",
        "js" | "mjs" | "ts" => "k6",
        "sh" | "bash" | "curl" => "curl",
        _ => return None,
    })
}

/// What a text that is no JSON may be.
fn by_lines(text: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut add = |kind| {
        if !found.contains(&kind) {
            found.push(kind);
        }
    };
    for line in text.lines() {
        let plain = line.trim_start_matches(['\'', '"']);
        let is_key = |word: &str| {
            let rest = plain.strip_prefix(word);
            rest.is_some_and(|rest| rest.trim_start_matches(['\'', '"']).starts_with(':'))
        };
        let command = line.trim_start().trim_start_matches("$ ");
        if is_key("openapi") || is_key("swagger") {
            add("openapi");
        } else if is_key("steady-state-hypothesis") || is_key("method") {
            add("chaostoolkit");
        } else if matches!(command.split_whitespace().next(), Some("curl" | "curl.exe")) {
            add("curl");
        } else if is_of_k6(line) {
            add("k6");
        }
    }
    found
}

/// Whether only a script of k6 has such a line.
fn is_of_k6(line: &str) -> bool {
    let line = line.trim_start();
    let module = ["'k6", "\"k6"].iter().any(|module| line.contains(module));
    let imports = line.starts_with("import ") || line.starts_with('}') || line.contains("require(");
    module && imports
        || line.starts_with("export default function")
        || line.starts_with("export default async function")
}

/// What the keys at the top of a map of JSON say.
fn by_keys(json: &mut dyn Read) -> Option<&'static str> {
    let mut kind = None;
    let mut reader = serde_json::Deserializer::from_reader(std::io::BufReader::new(json));
    // How it ends does not matter: it is left as soon as a key tells, and may be cut off.
    let _ = reader.deserialize_map(Keys(&mut kind));
    kind
}

struct Keys<'k>(&'k mut Option<&'static str>);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            *self.0 = match key.as_str() {
                "log" => Some("har"),
                "openapi" | "swagger" => Some("openapi"),
                "item" => Some("postman"),
                "steady-state-hypothesis" | "method" | "chaoslib-version" => Some("chaostoolkit"),
                _ => None,
            };
            if self.0.is_some() {
                return Err(A::Error::custom("that is enough"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, text: &str) -> Vec<&'static str> {
        let found = kinds(name, text.as_bytes(), || None);
        found.iter().map(|importer| importer.name()).collect()
    }

    #[test]
    fn contents_tell_and_endings_help() {
        for (name, text, kinds) in [
            ("a", "\u{feff}{\"log\": {\"entries\": []}}", vec!["har"]),
            (
                "a.json",
                "{\"info\": {}, \"openapi\": \"3.1.0\", \"x",
                vec!["openapi"],
            ),
            ("a.json", "{\"swagger\": \"2.0\"}", vec!["openapi"]),
            (
                "a.json",
                "{\"info\": {\"log\": 1}, \"item\": []}",
                vec!["postman"],
            ),
            ("a.har", "{\"openapi\": \"3.1.0\"}", vec!["openapi"]),
            ("a", "# ours\n'openapi': 3.0.3\n", vec!["openapi"]),
            ("a", "$ curl https://h.test/", vec!["curl"]),
            ("a", "#!/bin/sh\nset -e\ncurl h.test", vec!["curl"]),
            ("a", "import http from 'k6/http';", vec!["k6"]),
            ("a.ts", "const a = 1;", vec!["k6"]),
            ("a.har", "{\"a\": ", vec!["har"]),
            (
                "a.sh",
                "cat > a.js <<E\nimport x from \"k6\";\nE\ncurl h",
                vec!["curl"],
            ),
            ("a", "import x from \"k6\";\ncurl h", vec!["curl", "k6"]),
            (
                "a.json",
                "{\"title\": \"x\", \"method\": []}",
                vec!["chaostoolkit"],
            ),
            (
                "a.yaml",
                "title: x\nsteady-state-hypothesis:\n  title: y\n",
                vec!["chaostoolkit"],
            ),
            ("a.json", "{\"values\": []}", vec![]),
            ("a", "", vec![]),
            ("a.txt", "openapis: 1", vec![]),
        ] {
            assert_eq!(names(name, text), kinds, "{name}: {text}");
        }
    }

    #[test]
    fn a_key_that_comes_late_is_found_in_the_whole() {
        let text = format!(
            "{{\"components\": \"{}\", \"openapi\": \"3.1.0\"}}",
            "x".repeat(LOOKED_AT)
        );
        let head = text.get(..LOOKED_AT).unwrap().as_bytes().to_vec();
        let whole = std::io::Cursor::new(text.into_bytes());
        let found = kinds("a.json", &head, || Some(Box::new(whole)));
        assert_eq!(found.first().map(|found| found.name()), Some("openapi"));
    }
}
