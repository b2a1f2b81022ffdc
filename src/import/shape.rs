//! What the beginning of a file looks like: its first line, and the keys of the JSON that it begins with.

use std::collections::BTreeSet;

/// How deep keys are looked at.
const DEPTH: usize = 3;
/// How many are kept.
const MOST: usize = 4_000;

/// The beginning of a file.
pub struct Shape<'a> {
    /// As text, as far as it is one.
    pub text: &'a str,
    /// Whether there is a byte that no text has.
    pub binary: bool,
    keys: BTreeSet<String>,
}

impl<'a> Shape<'a> {
    /// The shape of a file that begins with these bytes.
    pub fn of(head: &'a [u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let text = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(error) => head
                .get(..error.valid_up_to())
                .and_then(|valid| std::str::from_utf8(valid).ok())
                .unwrap_or_default(),
        };
        // The head may end within a character.
        let binary = head.contains(&0) || head.len() > text.len() + 3;
        let mut keys = BTreeSet::new();
        if text.trim_start().starts_with('{') {
            collect(text, &mut keys);
        }
        Self { text, binary, keys }
    }

    /// The first line that is not empty.
    pub fn first_line(&self) -> &'a str {
        let lines = self.text.lines().map(str::trim);
        lines
            .into_iter()
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    }

    /// Whether it begins as a JSON object.
    pub fn is_object(&self) -> bool {
        self.text.trim_start().starts_with('{')
    }

    /// Whether there is such a key in the first object, as in `summary/total`. A `*` stands for any key.
    pub fn has(&self, path: &str) -> bool {
        if !path.contains('*') {
            return self.keys.contains(path);
        }
        let wanted: Vec<&str> = path.split('/').collect();
        self.keys.iter().any(|key| {
            let mut parts = key.split('/');
            wanted.iter().all(|want| {
                parts
                    .next()
                    .is_some_and(|part| *want == "*" || *want == part)
            }) && parts.next().is_none()
        })
    }

    /// Its outermost keys, for a message.
    pub fn outer_keys(&self) -> Vec<&str> {
        let outer = self.keys.iter().filter(|key| !key.contains('/'));
        outer.map(String::as_str).collect()
    }
}

/// Gathers the keys of the first object, down to [`DEPTH`]. Forgiving: what is no JSON gives fewer keys. A `/` within a key
/// becomes `|`.
fn collect(text: &str, keys: &mut BTreeSet<String>) {
    let bytes = text.as_bytes();
    let mut path: Vec<String> = Vec::new();
    // Whether each open bracket is an object.
    let mut open: Vec<bool> = Vec::new();
    let mut pending: Option<String> = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let Some(end) = end_of_string(bytes, at + 1) else {
                    return;
                };
                pending = text.get(at + 1..end).map(|key| key.replace('/', "|"));
                at = end;
            }
            b':' if open.last() == Some(&true) => {
                let objects = open.iter().filter(|is_object| **is_object).count();
                path.truncate(objects.saturating_sub(1));
                path.push(pending.take().unwrap_or_default());
                if path.len() <= DEPTH && keys.len() < MOST {
                    keys.insert(path.join("/"));
                }
            }
            b'{' | b'[' => open.push(*byte == b'{'),
            b'}' | b']' => {
                open.pop();
                let objects = open.iter().filter(|is_object| **is_object).count();
                path.truncate(objects);
                if open.is_empty() {
                    return;
                }
            }
            _ => {}
        }
        // Brackets by the thousand are no document, and counting them each time would take its time.
        if open.len() > 200 {
            return;
        }
        at += 1;
    }
}

fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_path_even_of_a_text_that_is_cut_off() {
        let shape = Shape::of(
            br#"{"a": {"b": [1, {"c": 2}], "d/e": "x\"}"}, "f": 3, "g": {"h": {"i": {"j": 1"#,
        );
        for path in ["a", "a/b", "a/b/c", "a/d|e", "f", "g/h/i", "g/*/i"] {
            assert!(shape.has(path), "{path}");
        }
        for path in ["b", "c", "g/h/i/j", "a/*/j", "x"] {
            assert!(!shape.has(path), "{path}");
        }
        assert_eq!(shape.outer_keys(), ["a", "f", "g"]);
    }

    #[test]
    fn only_the_first_object_is_looked_at() {
        let shape = Shape::of(b"{\"a\":1}\n{\"b\":2}\n");
        assert!(shape.has("a") && !shape.has("b"));
    }

    #[test]
    fn bytes_that_no_text_has_are_noticed_but_not_a_character_that_is_cut() {
        assert!(Shape::of(b"\x7fELF\x00\x00").binary);
        assert!(Shape::of(&[0xff, 0xfe, b'a', 0xd8, 0x41]).binary);
        assert!(!Shape::of(&"prices in €".as_bytes()[..13]).binary);
    }
}
