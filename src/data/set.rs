//! A data file whose rows can be asked for.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::csv::{self, Records};
use super::error::{DataError, Mistake};
use super::index::{Content, Index};
use super::json::{Elements, Lines, validate};
use super::types::{self, Cell, Kind};
use super::{Dialect, Format};

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// As many as there are columns.
    Values(Vec<Cell>),
    Json(Value),
}

/// A file, checked whole, whose rows are parsed when they are asked for.
#[derive(Debug)]
pub struct Dataset {
    /// Tells data sets apart.
    pub id: u64,
    /// As the script wrote it.
    path: String,
    format: Format,
    content: Content,
    index: Index,
    columns: Columns,
}

/// Those of a CSV file.
#[derive(Debug, Default)]
struct Columns {
    names: Vec<String>,
    kinds: Vec<Kind>,
}

impl Columns {
    /// Whether a record that has just been read is a row.
    fn check<R: BufRead>(&self, records: &Records<R>, dialect: &Dialect) -> Result<(), Mistake> {
        if self.kinds.is_empty() {
            return csv::fits(records.count(dialect)?, &self.names, records.line);
        }
        self.cells(records, dialect).map(drop)
    }

    /// The values of a record that has just been read.
    fn cells<R: BufRead>(
        &self,
        records: &Records<R>,
        dialect: &Dialect,
    ) -> Result<Vec<Cell>, Mistake> {
        let values = records.values(dialect)?;
        csv::fits(values.len(), &self.names, records.line)?;
        types::cells(values, &self.names, &self.kinds, records.line)
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Dataset {
    /// Reads a file through. `shown`: what messages call it.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is wrong.
    pub fn open(path: &Path, shown: &str, format: Format) -> Result<Self, DataError> {
        let content =
            Content::open(path).map_err(|error| DataError::unreadable(path, shown, &error))?;
        let mut columns = Columns::default();
        let index = match &content {
            Content::Memory(bytes) => {
                read_through(bytes.as_slice(), &content, &format, &mut columns)
            }
            Content::File(file, _) => {
                let reader = BufReader::with_capacity(1 << 20, file);
                read_through(reader, &content, &format, &mut columns)
            }
        };
        let index = index.map_err(|mistake| mistake.of_file(shown))?;
        if index.rows() == 0 {
            let why = match (&format, columns.names.as_slice(), content.len()) {
                (_, _, 0) => "it is empty",
                (Format::Csv(_), [_, ..], _) => "nothing follows the names of its columns",
                (Format::Json, ..) => "its list is empty",
                _ => "its lines are empty",
            };
            return Err(DataError::Empty {
                path: shown.to_owned(),
                why,
            });
        }
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            path: shown.to_owned(),
            format,
            content,
            index,
            columns,
        })
    }

    /// What messages call the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How many rows there are: one at least.
    pub fn rows(&self) -> u64 {
        self.index.rows()
    }

    /// Names of the columns of a CSV file.
    pub fn columns(&self) -> &[String] {
        &self.columns.names
    }

    /// A row by its number, from 0; nothing if there are not so many.
    ///
    /// # Errors
    /// When the file was changed since it was read through.
    pub fn row(&self, number: u64) -> Result<Option<Row>, DataError> {
        let Some((from, to, skip)) = self.index.find(number) else {
            return Ok(None);
        };
        let parsed = self
            .content
            .with(from, to, |piece| {
                if !self.is_whole(piece, to) {
                    return Err(Mistake::new(0, "its end is not where it was"));
                }
                self.parse(piece, skip)
            })
            .map_err(|error| error.to_string())
            .and_then(|parsed| parsed.map_err(|mistake| mistake.what));
        parsed.map(Some).map_err(|why| DataError::Unreadable {
            path: self.path.clone(),
            why: format!("row {number} is not what it was at the start ({why})"),
            help: Some("a data file must stay as it is while a run uses it".to_owned()),
            missing: false,
        })
    }

    /// Whether a piece of the file ends where a row does. If lines moved since the file was read through, what stands
    /// there may well look like a row, of other values than any row has.
    fn is_whole(&self, piece: &[u8], end: u64) -> bool {
        let ends_anywhere = self.format == Format::Json || end == self.content.len();
        ends_anywhere || piece.ends_with(b"\n")
    }

    /// The row after `skip` others.
    fn parse(&self, piece: &[u8], skip: u64) -> Result<Row, Mistake> {
        let there = |is_there| match is_there {
            true => Ok(()),
            false => Err(Mistake::new(0, "it is missing")),
        };
        match &self.format {
            Format::Csv(dialect) => {
                let mut records = Records::new(piece, 0);
                for _ in 0..=skip {
                    there(records.advance()?)?;
                }
                self.columns.cells(&records, dialect).map(Row::Values)
            }
            Format::Json => {
                let mut elements = Elements::new(piece, 0, 1);
                for _ in 0..=skip {
                    there(elements.advance()?)?;
                }
                parse_json(&elements.element)
            }
            Format::JsonLines => {
                let mut lines = Lines::new(piece, 0);
                for _ in 0..=skip {
                    there(lines.advance()?)?;
                }
                parse_json(&lines.text)
            }
        }
    }
}

fn parse_json(text: &[u8]) -> Result<Row, Mistake> {
    serde_json::from_slice(text)
        .map(Row::Json)
        .map_err(|error| Mistake::new(0, error.to_string()))
}

/// Looks at every row once and remembers where it begins.
fn read_through(
    mut reader: impl BufRead,
    content: &Content,
    format: &Format,
    columns: &mut Columns,
) -> Result<Index, Mistake> {
    let start = skip_mark(&mut reader)?;
    let mut index = Index::new(content);
    match format {
        Format::Csv(dialect) => {
            let mut records = Records::new(reader, start);
            *columns = header(&mut records, dialect)?;
            while records.advance()? {
                columns.check(&records, dialect)?;
                index.push(records.start);
            }
        }
        Format::Json => {
            let mut elements = Elements::of_file(reader, start)?;
            while elements.advance()? {
                validate(&elements.element, elements.line)?;
                index.push(elements.start);
            }
            elements.finish()?;
        }
        Format::JsonLines => {
            let mut lines = Lines::new(reader, start);
            while lines.advance()? {
                validate(&lines.text, lines.line)?;
                index.push(lines.start);
            }
        }
    }
    Ok(index)
}

fn header(records: &mut Records<impl BufRead>, dialect: &Dialect) -> Result<Columns, Mistake> {
    let names = match &dialect.columns {
        Some(columns) => csv::columns(columns.clone(), 1, dialect)?,
        None if records.advance()? => {
            csv::columns(records.values(dialect)?, records.line, dialect)?
        }
        None => return Ok(Columns::default()),
    };
    let kinds = types::of_columns(&names, &dialect.types, records.line)?;
    Ok(Columns { names, kinds })
}

/// Skips the mark that editors on Windows write; how many bytes it has.
fn skip_mark(reader: &mut impl BufRead) -> Result<u64, Mistake> {
    let unreadable = |error: std::io::Error| Mistake::new(1, error.to_string());
    let head = reader.fill_buf().map_err(unreadable)?;
    // With its mark, or without one a character of ASCII in two bytes.
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [1..=0x7f, 0, ..] | [0, 1..=0x7f, ..] = head {
        return Err(
            Mistake::new(1, "this is UTF-16 text, and data files are UTF-8")
                .help("save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"),
        );
    }
    if !head.starts_with(BYTE_ORDER_MARK) {
        return Ok(0);
    }
    let length = BYTE_ORDER_MARK.len() as u64;
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(content: &[u8], format: Format) -> Result<Dataset, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        std::fs::write(&path, content).unwrap();
        Dataset::open(&path, "rows", format)
    }

    fn csv(content: &[u8]) -> Result<Dataset, DataError> {
        open(content, Format::Csv(Dialect::default()))
    }

    fn texts(cells: Vec<Cell>) -> Vec<String> {
        let text = |cell| match cell {
            Cell::Text(text) => text,
            other => panic!("{other:?}"),
        };
        cells.into_iter().map(text).collect()
    }

    fn values(set: &Dataset, row: u64) -> Vec<String> {
        match set.row(row).unwrap().unwrap() {
            Row::Values(cells) => texts(cells),
            Row::Json(value) => panic!("{value}"),
        }
    }

    #[test]
    fn rows_of_csv_are_found_by_their_number() {
        let set = csv(b"\xef\xbb\xbfuser,note\r\nada,\"two\nlines\"\r\n\r\ngrace,\n").unwrap();
        assert_eq!(set.columns(), ["user", "note"]);
        assert_eq!(set.rows(), 2);
        assert_eq!(values(&set, 1), ["grace", ""]);
        assert_eq!(values(&set, 0), ["ada", "two\nlines"]);
        assert_eq!(set.row(2), Ok(None));
    }

    #[test]
    fn rows_of_json_are_found_by_their_number() {
        for (text, format) in [
            ("[{\"n\": 0},\n {\"n\": 1} , {\"n\": 2}]", Format::Json),
            ("{\"n\": 0}\n\n{\"n\": 1}\r\n{\"n\": 2}", Format::JsonLines),
        ] {
            let set = open(text.as_bytes(), format).unwrap();
            assert_eq!(set.rows(), 3);
            for number in [2, 0, 1] {
                let row = Row::Json(serde_json::json!({ "n": number }));
                assert_eq!(set.row(number).unwrap(), Some(row));
            }
        }
    }

    #[test]
    fn a_file_too_large_to_keep_is_read_row_by_row() {
        for format in [
            Format::Csv(Dialect::default()),
            Format::Json,
            Format::JsonLines,
        ] {
            let mut text = String::new();
            let numbers = 0..100;
            match format {
                Format::Csv(_) => {
                    text.push_str("n,text\n");
                    numbers.for_each(|n| text.push_str(&format!("{n},\"a\nb\"\n")));
                }
                Format::Json => {
                    let rows: Vec<String> = numbers.map(|n| format!("{{\"n\": {n}}}")).collect();
                    text = format!("[ {} ]", rows.join(" ,\n"));
                }
                Format::JsonLines => {
                    numbers.for_each(|n| text.push_str(&format!("{{\"n\": {n}}}\n")))
                }
            }
            let mut file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            let content = Content::File(file, text.len() as u64);
            let mut columns = Columns::default();
            let index = read_through(text.as_bytes(), &content, &format, &mut columns).unwrap();
            let set = Dataset {
                id: 0,
                path: "rows".to_owned(),
                format,
                content,
                index,
                columns,
            };
            assert_eq!(set.rows(), 100);
            for number in [0, 15, 16, 17, 50, 99] {
                match set.row(number).unwrap().unwrap() {
                    Row::Values(cells) => assert_eq!(texts(cells), [&number.to_string(), "a\nb"]),
                    Row::Json(value) => assert_eq!(value["n"], number),
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_cut_short_later_is_an_error_and_not_a_crash() {
        let file = tempfile::tempfile().unwrap();
        let content = Content::File(file, 100);
        let mut index = Index::new(&content);
        index.push(50);
        let set = Dataset {
            id: 0,
            path: "rows".to_owned(),
            format: Format::JsonLines,
            content,
            index,
            columns: Columns::default(),
        };
        let error = set.row(0).unwrap_err().to_string();
        assert!(
            error.contains("row 0 is not what it was at the start"),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_its_line() {
        for (content, message) in [
            (
                &b"a,b\n1,2\n3\n"[..],
                "rows:3: this row has 1 value, but there are 2 columns\nhelp: the first one missing is that of `b`",
            ),
            (
                b"a,b\n1,2,3\n",
                "rows:2: this row has 3 values, but there are 2 columns\nhelp: a value that holds",
            ),
            (
                b"a,b\n1,caf\xe9\n",
                "rows:2: this is not UTF-8 text (byte 0xE9)\nhelp: save it as UTF-8",
            ),
            (b"\xff\xfea\0", "rows:1: this is UTF-16 text"),
            (
                b"a,b\n1,\"x\n",
                "rows:2: the quote that opens here is never closed",
            ),
            (
                b"a,b\n",
                "`rows` has no rows: nothing follows the names of its columns",
            ),
            (b"", "`rows` has no rows: it is empty"),
            (b"\n\n", "`rows` has no rows: its lines are empty"),
            (b"a\0b\0", "rows:1: this is UTF-16 text"),
            (
                b"a,b\n1,\0\n",
                "rows:2: a byte of zero stands here, so this is no text",
            ),
        ] {
            let error = csv(content).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        let lines = open(b"{}\n{\"a\": }\n", Format::JsonLines).unwrap_err();
        assert!(
            lines
                .to_string()
                .starts_with("rows:2: this is not JSON: expected value"),
            "{lines}"
        );
    }

    #[test]
    fn a_missing_file_names_its_neighbour() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("users.csv"), "a\n1\n").unwrap();
        let path = folder.path().join("user.csv");
        let error = Dataset::open(&path, "user.csv", Format::Json).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `users.csv`"),
            "{error}"
        );
    }
}
