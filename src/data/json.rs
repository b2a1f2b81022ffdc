//! JSON: one list, whose elements are rows, or a value on each line.

use std::io::{BufRead, Read};

use serde::de::IgnoredAny;

use super::error::{Mistake, not_utf8, too_long};

/// Of a row, in bytes.
const MAX_ROW: usize = 64 << 20;

/// Whether a row is JSON.
///
/// # Errors
/// What is wrong with it, `line` being its first.
pub fn validate(row: &[u8], line: u64) -> Result<(), Mistake> {
    if std::str::from_utf8(row).is_err() {
        return Err(not_utf8(row, line));
    }
    match serde_json::from_slice::<IgnoredAny>(row) {
        Ok(_) => Ok(()),
        Err(error) => {
            let at = line + (error.line() as u64).saturating_sub(1);
            let what = error.to_string();
            let what = what.split(" at line").next().unwrap_or(&what);
            Err(Mistake::new(
                at,
                format!("this is not JSON: {what} (column {})", error.column()),
            ))
        }
    }
}

/// Reads the elements of a list one after the other.
pub struct Elements<R> {
    reader: R,
    /// The last element, without the space around it.
    pub element: Vec<u8>,
    /// Where it begins, in bytes and in lines (from 1).
    pub start: u64,
    pub line: u64,
    next_start: u64,
    next_line: u64,
    /// How many elements were read.
    read: u64,
    ended: bool,
    /// The list's end was there.
    closed: bool,
}

impl<R: BufRead> Elements<R> {
    /// Begins within a list, `start` bytes from the beginning of the file.
    pub fn new(reader: R, start: u64, line: u64) -> Self {
        Self {
            reader,
            element: Vec::new(),
            start,
            line,
            next_start: start,
            next_line: line,
            read: 0,
            ended: false,
            closed: false,
        }
    }

    /// Begins a file: goes into its list.
    ///
    /// # Errors
    /// When it holds no list.
    pub fn of_file(mut reader: R, start: u64) -> Result<Self, Mistake> {
        let (mut at, mut line) = (start, 1);
        loop {
            let byte = next_byte(&mut reader, line)?;
            at += 1;
            match byte {
                Some(b'[') => return Ok(Self::new(reader, at, line)),
                Some(b'\n') => line += 1,
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(_) => {
                    return Err(Mistake::new(line, "rows of JSON are a list: [ … ]")
                        .help("if each line is a value of its own, read it with data::jsonl"));
                }
                None => return Err(Mistake::new(line, "there is nothing in this file")),
            }
        }
    }

    /// Reads the next element into `element`; false at the list's end.
    ///
    /// # Errors
    /// When the list is malformed. The element itself is not looked at.
    pub fn advance(&mut self) -> Result<bool, Mistake> {
        if self.ended {
            return Ok(false);
        }
        self.element.clear();
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        let closing = loop {
            let available = self
                .reader
                .fill_buf()
                .map_err(|error| Mistake::new(self.next_line, error.to_string()))?;
            if available.is_empty() {
                self.ended = true;
                break None;
            }
            // As much of what is there as belongs to the element goes into it at once.
            let (mut used, mut skipped, mut closing) = (0, 0, None);
            for byte in available {
                used += 1;
                let begins = self.element.is_empty() && used == skipped + 1;
                if begins {
                    self.start = self.next_start + skipped as u64;
                    self.line = self.next_line;
                }
                self.next_line += u64::from(*byte == b'\n');
                if in_text {
                    in_text = escaped || *byte != b'"';
                    escaped = !escaped && *byte == b'\\';
                    continue;
                }
                match byte {
                    b'"' => in_text = true,
                    b'[' | b'{' => depth += 1,
                    b',' | b']' if depth == 0 => {
                        closing = Some(*byte);
                        break;
                    }
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    byte if begins && byte.is_ascii_whitespace() => skipped = used,
                    _ => {}
                }
            }
            let end = used - usize::from(closing.is_some());
            let piece = available.get(skipped..end).unwrap_or_default();
            self.element.extend_from_slice(piece);
            self.reader.consume(used);
            self.next_start += used as u64;
            if closing.is_some() {
                self.ended = closing == Some(b']');
                self.closed = self.ended;
                break closing;
            }
            if self.element.len() > MAX_ROW {
                return Err(too_long(self.line, MAX_ROW));
            }
        };
        let is_empty = self.element.is_empty();
        match closing {
            Some(b']') if is_empty && self.read == 0 => return Ok(false),
            Some(_) if is_empty => {
                return Err(Mistake::new(
                    self.next_line,
                    "an element of the list is missing here: a comma too many?",
                ));
            }
            _ if is_empty => return Ok(false),
            _ => {}
        }
        self.read += 1;
        Ok(true)
    }

    /// After the last element: nothing more may come.
    ///
    /// # Errors
    /// When something does, or the list was not closed.
    pub fn finish(mut self) -> Result<(), Mistake> {
        if !self.closed {
            return Err(Mistake::new(
                self.next_line,
                "the list is never closed: `]` is missing",
            ));
        }
        while let Some(byte) = next_byte(&mut self.reader, self.next_line)? {
            match byte {
                b'\n' => self.next_line += 1,
                byte if byte.is_ascii_whitespace() => {}
                _ => {
                    return Err(Mistake::new(
                        self.next_line,
                        "something follows the end of the list",
                    ));
                }
            }
        }
        Ok(())
    }
}

fn next_byte(reader: &mut impl BufRead, line: u64) -> Result<Option<u8>, Mistake> {
    let available = reader
        .fill_buf()
        .map_err(|error| Mistake::new(line, error.to_string()))?;
    let byte = available.first().copied();
    if byte.is_some() {
        reader.consume(1);
    }
    Ok(byte)
}

/// Reads lines with something on them, one after the other.
pub struct Lines<R> {
    reader: R,
    /// The last line with its end.
    pub text: Vec<u8>,
    pub start: u64,
    /// From 1.
    pub line: u64,
    next_start: u64,
}

impl<R: BufRead> Lines<R> {
    /// `start`: how many bytes were read before.
    pub fn new(reader: R, start: u64) -> Self {
        Self {
            reader,
            text: Vec::new(),
            start,
            line: 0,
            next_start: start,
        }
    }

    /// Reads the next line into `text`; false at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn advance(&mut self) -> Result<bool, Mistake> {
        loop {
            self.text.clear();
            self.start = self.next_start;
            self.line += 1;
            let mut line = self.reader.by_ref().take(MAX_ROW as u64 + 1);
            let read = line
                .read_until(b'\n', &mut self.text)
                .map_err(|error| Mistake::new(self.line, error.to_string()))?;
            if read == 0 {
                return Ok(false);
            }
            if read > MAX_ROW {
                return Err(too_long(self.line, MAX_ROW));
            }
            self.next_start += read as u64;
            if !self.text.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Result<Vec<(u64, String)>, Mistake> {
        let mut elements = Elements::of_file(text.as_bytes(), 0)?;
        let mut all = Vec::new();
        while elements.advance()? {
            validate(&elements.element, elements.line)?;
            let text = String::from_utf8_lossy(&elements.element);
            all.push((elements.start, text.trim_end().to_owned()));
        }
        elements.finish()?;
        Ok(all)
    }

    #[test]
    fn a_list_is_taken_apart_into_its_elements() {
        let text = " [ {\"a\": \"],\\\"[\"} ,\n[1, [2]], 3 ]\n";
        let found = elements(text).unwrap();
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["{\"a\": \"],\\\"[\"}", "[1, [2]]", "3"]);
        for (start, element) in &found {
            assert!(text[*start as usize..].starts_with(element), "{start}");
        }
        assert_eq!(elements("[]").unwrap(), []);
    }

    #[test]
    fn elements_are_the_same_however_little_is_read_at_once() {
        let text = " [ {\"a\": \"],\\\"[\"} ,\n[1, [2]], 3,\n\n  \"x y\" ]\n";
        let all = |size| {
            let reader = std::io::BufReader::with_capacity(size, text.as_bytes());
            let mut elements = Elements::of_file(reader, 0).unwrap();
            let mut all = Vec::new();
            while elements.advance().unwrap() {
                all.push((elements.start, elements.line, elements.element.clone()));
            }
            elements.finish().unwrap();
            all
        };
        let whole = all(1_000);
        assert_eq!(whole.len(), 4);
        assert_eq!((whole[3].0, whole[3].1), (36, 4));
        for size in 1..20 {
            assert_eq!(all(size), whole, "{size}");
        }
    }

    #[test]
    fn a_malformed_list_is_told_with_its_line() {
        for (text, line, what) in [
            ("{\"a\": 1}", 1, "rows of JSON are a list"),
            ("[\n1,\n,2]", 3, "an element of the list is missing"),
            ("[1,\n]", 2, "an element of the list is missing"),
            ("[1,\n2", 2, "the list is never closed"),
            ("[1]\n2", 2, "something follows"),
            ("[\n{\"a\":\n tru}]", 3, "this is not JSON"),
            ("[1 2]", 1, "this is not JSON"),
            ("  ", 1, "there is nothing"),
        ] {
            let mistake = elements(text).unwrap_err();
            assert!(mistake.what.starts_with(what), "{text}: {mistake:?}");
            assert_eq!(mistake.line, line, "{text}: {mistake:?}");
        }
    }
}
