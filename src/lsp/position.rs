//! Places in a text: editors count lines from 0 and columns in UTF-16 units, the text is UTF-8, and Rhai counts characters from 1.

use serde_json::{Value, json};

/// A place as the protocol has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    /// In UTF-16 units.
    pub character: usize,
}

impl Position {
    /// Reads one from a message.
    pub fn read(value: &Value) -> Option<Self> {
        let number = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
        Some(Self {
            line: number("line")?,
            character: number("character")?,
        })
    }

    /// As a message has it.
    pub fn json(self) -> Value {
        json!({ "line": self.line, "character": self.character })
    }
}

/// The byte at a place; the end of the line or of the text for a place beyond it. Never within a character.
pub fn offset(text: &str, at: Position) -> usize {
    let mut start = 0;
    for _ in 0..at.line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(length) => start += length + 1,
            None => return text.len(),
        }
    }
    let mut units = 0;
    for (byte, sign) in text.get(start..).unwrap_or_default().char_indices() {
        if units >= at.character || sign == '\n' || sign == '\r' {
            return start + byte;
        }
        units += sign.len_utf16();
        if units > at.character {
            return start + byte;
        }
    }
    text.len()
}

/// The place of a byte.
pub fn place(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Position {
        line: before.bytes().filter(|byte| *byte == b'\n').count(),
        character: before
            .get(start..)
            .unwrap_or_default()
            .encode_utf16()
            .count(),
    }
}

/// The place of a line and column that count from 1, the column in characters.
pub fn of_script(text: &str, line: usize, column: usize) -> Position {
    let line = line.saturating_sub(1);
    let written = text.lines().nth(line).unwrap_or_default();
    let before = written.chars().take(column.saturating_sub(1));
    Position {
        line,
        character: before.map(char::len_utf16).sum(),
    }
}

/// A stretch of the text as a message has it.
pub fn range(text: &str, from: usize, to: usize) -> Value {
    json!({ "start": place(text, from).json(), "end": place(text, to).json() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(line: usize, character: usize) -> Position {
        Position { line, character }
    }

    #[test]
    fn columns_count_utf_16_units() {
        let text = "let ü = \"🦀x\";\r\nlet y;\n";
        assert_eq!(offset(text, at(0, 5)), 6);
        assert_eq!(&text[offset(text, at(0, 11))..][..1], "x");
        // In the middle of a crab there is nothing.
        assert_eq!(offset(text, at(0, 10)), offset(text, at(0, 9)));
        assert_eq!(offset(text, at(0, 99)), text.find('\r').unwrap());
        assert_eq!(offset(text, at(9, 0)), text.len());
        assert_eq!(place(text, text.find('x').unwrap()), at(0, 11));
        assert_eq!(of_script(text, 1, 11), at(0, 11));
        assert_eq!(of_script(text, 2, 5), at(1, 4));
        assert_eq!(of_script("", 7, 5), at(6, 0));
    }

    proptest! {
        #[test]
        fn every_character_is_found_again(text in "[a-zü🦀\n\"]{0,60}") {
            for (byte, _) in text.char_indices() {
                prop_assert_eq!(offset(&text, place(&text, byte)), byte);
            }
        }

        #[test]
        fn no_place_is_too_wild(text in "\\PC{0,40}", line in 0usize..9, character in 0usize..99) {
            prop_assert!(text.is_char_boundary(offset(&text, at(line, character))));
        }
    }
}
