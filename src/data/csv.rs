//! CSV as RFC 4180 has it, strictly: what is not clear is a mistake with its line.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use super::Dialect;
use super::error::{Mistake, newlines, not_utf8, too_long};

/// Of a row, in bytes. A longer one is a quote that is never closed, or a file without lines.
const MAX_ROW: usize = 16 << 20;

/// Reads records one after the other.
pub struct Records<R> {
    reader: R,
    /// The last record with its line's end.
    pub record: Vec<u8>,
    /// Where it begins, in bytes and in lines (from 1).
    pub start: u64,
    pub line: u64,
    next_start: u64,
    next_line: u64,
}

impl<R: BufRead> Records<R> {
    /// `start`: how many bytes were read before.
    pub fn new(reader: R, start: u64) -> Self {
        Self {
            reader,
            record: Vec::new(),
            start,
            line: 1,
            next_start: start,
            next_line: 1,
        }
    }

    /// Reads the next record into `record`, lines without anything left out; false at the end.
    ///
    /// # Errors
    /// When it cannot be read, or is far too long.
    pub fn advance(&mut self) -> Result<bool, Mistake> {
        loop {
            self.record.clear();
            self.start = self.next_start;
            self.line = self.next_line;
            // Within quotes a line's end is part of the value; there the quotes read so far are odd in number.
            let mut quotes = 0;
            let mut seen = 0;
            loop {
                let room = (MAX_ROW + 1).saturating_sub(seen) as u64;
                let mut line = self.reader.by_ref().take(room);
                let read = line
                    .read_until(b'\n', &mut self.record)
                    .map_err(|error| Mistake::new(self.line, error.to_string()))?;
                if read == 0 {
                    break;
                }
                self.next_line += 1;
                let fresh = self.record.get(seen..).unwrap_or_default();
                quotes += fresh.iter().filter(|byte| **byte == b'"').count();
                seen = self.record.len();
                if seen > MAX_ROW {
                    return Err(match quotes % 2 {
                        0 => too_long(self.line, MAX_ROW),
                        _ => unclosed(self.line),
                    });
                }
                if quotes % 2 == 0 {
                    break;
                }
            }
            self.next_start += self.record.len() as u64;
            if self.record.is_empty() {
                return Ok(false);
            }
            if !self.record.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// The values of the last record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn values(&self, dialect: &Dialect) -> Result<Vec<String>, Mistake> {
        let mut values = Vec::new();
        each(&self.record, self.line, dialect, |value| {
            values.push(value.into_owned());
        })?;
        Ok(values)
    }

    /// How many values the last record has, without making them.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn count(&self, dialect: &Dialect) -> Result<usize, Mistake> {
        let mut count = 0;
        each(&self.record, self.line, dialect, |_| count += 1)?;
        Ok(count)
    }
}

fn unclosed(line: u64) -> Mistake {
    Mistake::new(line, "the quote that opens here is never closed")
        .help("a quote within quotes is written twice: \"say \"\"hello\"\"\"")
}

/// Hands each value of a record to `take`.
///
/// # Errors
/// What is wrong with it.
pub fn each(
    record: &[u8],
    line: u64,
    dialect: &Dialect,
    mut take: impl FnMut(Cow<'_, str>),
) -> Result<(), Mistake> {
    let text = std::str::from_utf8(record).map_err(|_| not_utf8(record, line))?;
    if let Some((before, _)) = text.split_once('\0') {
        let line = line + newlines(before.as_bytes());
        return Err(
            Mistake::new(line, "a byte of zero stands here, so this is no text")
                .help("a data file is UTF-8 text"),
        );
    }
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let delimiter = char::from(dialect.delimiter);
    let line_at = |at: usize| line + newlines(text.as_bytes().get(..at).unwrap_or_default());
    let mut rest = text;
    loop {
        let at = text.len() - rest.len();
        let Some(mut quoted) = rest.strip_prefix('"') else {
            let end = rest.find(delimiter).unwrap_or(rest.len());
            let (value, after) = rest.split_at(end);
            if value.contains('"') {
                return Err(Mistake::new(
                    line_at(at),
                    format!("a quote stands within the value `{}`", shown(value)),
                )
                .help("put the whole value in quotes and write those within it twice: \"say \"\"hello\"\"\""));
            }
            take(Cow::Borrowed(value));
            match after.strip_prefix(delimiter) {
                Some(after) => rest = after,
                None => return Ok(()),
            }
            continue;
        };
        let mut value = Cow::Borrowed("");
        loop {
            let Some((piece, after)) = quoted.split_once('"') else {
                return Err(unclosed(line_at(at)));
            };
            // Only a value with quotes in it is put together; any other stands in the record as it is.
            value += piece;
            match after.strip_prefix('"') {
                Some(after) => {
                    value += "\"";
                    quoted = after;
                }
                None => {
                    quoted = after;
                    break;
                }
            }
        }
        take(value);
        if quoted.is_empty() {
            return Ok(());
        }
        match quoted.strip_prefix(delimiter) {
            Some(after) => rest = after,
            None => {
                let at = line_at(text.len() - quoted.len());
                let what = format!(
                    "after a closing quote stands `{}`, where a `{delimiter}` or the line's end should be",
                    shown(quoted)
                );
                return Err(Mistake::new(at, what)
                    .help("a quote within quotes is written twice: \"say \"\"hello\"\"\""));
            }
        }
    }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(20).filter(|c| *c != '\n').collect();
    if text.chars().nth(20).is_some() {
        shown.push('…');
    }
    shown
}

/// The columns that a header names.
///
/// # Errors
/// When two have the same name or one has none.
pub fn columns(header: Vec<String>, line: u64, dialect: &Dialect) -> Result<Vec<String>, Mistake> {
    if let [only] = header.as_slice()
        && let Some(other) = [';', '\t', ',', '|']
            .into_iter()
            .find(|c| only.contains(*c))
        && u32::from(other) != u32::from(dialect.delimiter)
    {
        let name = if other == '\t' {
            "\\t".to_owned()
        } else {
            other.to_string()
        };
        return Err(
            Mistake::new(line, format!("the header is one column, `{}`", shown(only))).help(
                format!(
                    "if columns are separated by `{name}`, say so: #{{ delimiter: \"{name}\" }}"
                ),
            ),
        );
    }
    for (at, name) in header.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Mistake::new(line, format!("column {} has no name", at + 1))
                .help("the first row names the columns; where there is no such row, give their names: #{ columns: [\"user\", \"password\"] }"));
        }
        if header
            .iter()
            .take(at)
            .any(|other| other.trim() == name.trim())
        {
            return Err(
                Mistake::new(line, format!("two columns are called `{}`", name.trim())).help(
                    "a row is a map from column to value, so each column needs a name of its own",
                ),
            );
        }
    }
    Ok(header
        .into_iter()
        .map(|name| name.trim().to_owned())
        .collect())
}

/// A row must have a value for each column.
///
/// # Errors
/// When it has fewer or more.
pub fn fits(has: usize, columns: &[String], line: u64) -> Result<(), Mistake> {
    let wants = columns.len();
    if has == wants {
        return Ok(());
    }
    let plural = if has == 1 { "" } else { "s" };
    let mistake = Mistake::new(
        line,
        format!("this row has {has} value{plural}, but there are {wants} columns"),
    );
    Err(match columns.get(has) {
        Some(missing) => mistake.help(format!("the first one missing is that of `{missing}`")),
        None => {
            mistake.help("a value that holds the delimiter stands in quotes: \"Lovelace, Ada\"")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Vec<String>>, Mistake> {
        let mut records = Records::new(text.as_bytes(), 0);
        let mut rows = Vec::new();
        while records.advance()? {
            rows.push(records.values(&Dialect::default())?);
        }
        Ok(rows)
    }

    #[test]
    fn values_may_hold_delimiters_quotes_and_line_ends_in_quotes() {
        let rows = all("a,\"b,1\",\"say \"\"hi\"\"\"\r\n\n\"two\nlines\",,\"\"\nlast,x,y").unwrap();
        assert_eq!(
            rows,
            [
                vec!["a", "b,1", "say \"hi\""],
                vec!["two\nlines", "", ""],
                vec!["last", "x", "y"]
            ]
        );
    }

    #[test]
    fn wrong_quotes_are_told_with_their_line() {
        for (text, line, what) in [
            (
                "a\nb,say \"hi\"\n",
                2,
                "a quote stands within the value `say \"hi\"`",
            ),
            ("a\n\"b\" c,d\n", 2, "after a closing quote stands ` c,d`"),
            (
                "a\n\"x\ny\"\nb,\"never\nends\n",
                4,
                "the quote that opens here is never closed",
            ),
        ] {
            let mistake = all(text).unwrap_err();
            assert_eq!(mistake.line, line, "{mistake:?}");
            assert!(mistake.what.starts_with(what), "{mistake:?}");
        }
    }

    #[test]
    fn a_header_must_name_every_column_once() {
        let header = |text: &str| {
            let names = text.split(',').map(str::to_owned).collect();
            columns(names, 1, &Dialect::default())
        };
        assert_eq!(header("a, b").unwrap(), ["a", "b"]);
        assert_eq!(
            header("a,b,a").unwrap_err().what,
            "two columns are called `a`"
        );
        assert_eq!(header("a,,b").unwrap_err().what, "column 2 has no name");
        let help = header("a;b").unwrap_err().help.unwrap();
        assert!(help.contains("#{ delimiter: \";\" }"), "{help}");
    }
}
