//! A small table of aligned columns that never grows wider than it may.
//!
//! Cells carry their style beside their text, so widths are those of the text alone. When the columns do not fit,
//! those that the table can do without go first, then the widest text column is shortened.

use console::Style;
use unicode_width::UnicodeWidthStr;

use super::Look;
use super::text::{note_lines, shorten};

pub use super::text::Cut;

/// Columns between two columns.
const GAP: usize = 2;
/// A text column is usually not made narrower than this while a column can be left out instead.
const COMFORTABLE: usize = 20;

/// Which side of its column a text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// One column: its heading, its side, and what happens to it when there is no room.
#[derive(Clone, Debug)]
pub struct Column {
    heading: &'static str,
    align: Align,
    cut: Option<Cut>,
    spare: Option<u8>,
    /// Not made narrower than this while a column can be left out instead.
    comfort: usize,
}

impl Column {
    /// A column of text that may be shortened.
    pub fn text(heading: &'static str, cut: Cut) -> Self {
        Self {
            heading,
            align: Align::Left,
            cut: Some(cut),
            spare: None,
            comfort: COMFORTABLE,
        }
    }

    /// A column of short words, kept whole.
    pub fn word(heading: &'static str) -> Self {
        Self {
            heading,
            align: Align::Left,
            cut: None,
            spare: None,
            comfort: COMFORTABLE,
        }
    }

    /// A column of figures, kept whole.
    pub fn figure(heading: &'static str) -> Self {
        Self {
            heading,
            align: Align::Right,
            cut: None,
            spare: None,
            comfort: COMFORTABLE,
        }
    }

    /// Gives the column so much room before others are kept beside it.
    pub fn at_least(mut self, columns: usize) -> Self {
        self.comfort = columns;
        self
    }

    /// Lets the column be left out when there is no room; of several the one with the highest `order` goes first.
    pub fn spare(mut self, order: u8) -> Self {
        self.spare = Some(order);
        self
    }
}

/// A text with a style.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// An unstyled text. Escape sequences and control characters in it are made harmless.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::styled(text, Style::new())
    }

    /// A text in `style`.
    pub fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            text: crate::harmless::line(text.as_ref()),
            style,
        }
    }
}

#[derive(Debug)]
struct Row {
    cells: Vec<Cell>,
    notes: Vec<Cell>,
}

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    indent: usize,
}

impl Table {
    /// An empty table, `indent` columns from the left edge.
    pub fn new(indent: usize, columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            indent,
        }
    }

    /// Adds a row; missing cells are empty, surplus ones left out.
    pub fn row(&mut self, mut cells: Vec<Cell>) {
        cells.resize_with(self.columns.len(), || Cell::new(""));
        self.rows.push(Row {
            cells,
            notes: Vec::new(),
        });
    }

    /// Adds a line under the latest row, across all columns.
    pub fn note(&mut self, note: Cell) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(note);
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the table fits `width` as it is, whole.
    pub fn fits(&self, width: usize) -> bool {
        let widths: Vec<usize> = (0..self.columns.len()).map(|i| self.natural(i)).collect();
        self.indent + total(&widths) <= width
    }

    /// The table's lines, no line wider than `look.width`, without spaces at their ends.
    pub fn lines(&self, look: &Look) -> Vec<String> {
        let room = look.width.saturating_sub(self.indent);
        let layout = self.layout(room);
        let mut lines = Vec::new();
        if self.columns.iter().any(|column| !column.heading.is_empty()) {
            let headings: Vec<Cell> = self
                .columns
                .iter()
                .map(|column| Cell::styled(column.heading, Style::new().dim()))
                .collect();
            lines.push(self.line(&headings, &layout, look));
        }
        for row in &self.rows {
            lines.push(self.line(&row.cells, &layout, look));
            lines.extend(self.notes_of(row, look));
        }
        lines
    }

    /// The lines of the notes alone.
    pub fn notes(&self, look: &Look) -> Vec<String> {
        let rows = self.rows.iter();
        rows.flat_map(|row| self.notes_of(row, look)).collect()
    }

    fn notes_of(&self, row: &Row, look: &Look) -> Vec<String> {
        let room = look.width.saturating_sub(self.indent + GAP);
        let indent = " ".repeat(self.indent + GAP);
        let mut lines = Vec::new();
        for note in &row.notes {
            for text in note_lines(&note.text, room, look.unicode) {
                lines.push(format!("{indent}{}", paint(&text, &note.style, look)));
            }
        }
        lines
    }

    /// The columns that are shown, with their widths.
    fn layout(&self, room: usize) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = (0..self.columns.len())
            .map(|index| (index, self.natural(index)))
            .collect();
        // A column without any content would only cost room.
        shown.retain(|(_, width)| *width > 0);
        loop {
            let wanted: Vec<usize> = shown
                .iter()
                .map(|(index, width)| match self.columns[*index].cut {
                    Some(_) => (*width).min(self.columns[*index].comfort),
                    None => *width,
                })
                .collect();
            if total(&wanted) <= room {
                break;
            }
            let spare = shown
                .iter()
                .enumerate()
                .filter_map(|(place, (index, _))| Some((self.columns[*index].spare?, place)))
                .max();
            match spare {
                Some((_, place)) => shown.remove(place),
                None => break,
            };
        }
        shrink(&mut shown, room, |index| self.columns[index].cut.is_some());
        shrink(&mut shown, room, |_| true);
        shown
    }

    fn natural(&self, index: usize) -> usize {
        let heading = self
            .columns
            .get(index)
            .map_or(0, |column| column.heading.width());
        let widest = self
            .rows
            .iter()
            .filter_map(|row| row.cells.get(index))
            .map(|c| c.text.width())
            .max();
        match widest {
            Some(0) => 0,
            widest => heading.max(widest.unwrap_or(0)),
        }
    }

    fn line(&self, cells: &[Cell], layout: &[(usize, usize)], look: &Look) -> String {
        let mut line = " ".repeat(self.indent);
        // Spaces are held back until something follows them, so that no line ends in one.
        let mut pending = 0;
        for (place, (index, width)) in layout.iter().enumerate() {
            if place > 0 {
                pending += GAP;
            }
            let (Some(cell), Some(column)) = (cells.get(*index), self.columns.get(*index)) else {
                continue;
            };
            let text = shorten(
                &cell.text,
                *width,
                column.cut.unwrap_or(Cut::End),
                look.unicode,
            );
            let padding = width.saturating_sub(text.width());
            if text.is_empty() {
                pending += padding;
                continue;
            }
            let (before, after) = match column.align {
                Align::Left => (0, padding),
                Align::Right => (padding, 0),
            };
            line.push_str(&" ".repeat(pending + before));
            line.push_str(&paint(&text, &cell.style, look));
            pending = after;
        }
        line
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// Takes columns off the widest of those that `may` be shortened until all fit, but leaves each at least one.
fn shrink(shown: &mut [(usize, usize)], room: usize, may: impl Fn(usize) -> bool) {
    loop {
        let widths: Vec<usize> = shown.iter().map(|(_, width)| *width).collect();
        if total(&widths) <= room {
            return;
        }
        let widest = shown
            .iter_mut()
            .filter(|(index, width)| may(*index) && *width > 1)
            .max_by_key(|(_, w)| *w);
        match widest {
            Some((_, width)) => *width -= 1,
            None => return,
        }
    }
}

/// A table of plain words under headings, in the columns that they need, as text that ends with a newline.
pub fn lines_of(
    headings: &[&'static str],
    rows: impl Iterator<Item = Vec<String>>,
    look: &Look,
) -> String {
    let column = |heading: &&'static str| Column::text(heading, Cut::Middle).at_least(6);
    let mut table = Table::new(0, headings.iter().map(column).collect());
    for row in rows {
        table.row(row.into_iter().map(Cell::new).collect());
    }
    let mut text = table.lines(look).join("\n");
    text.push('\n');
    text
}

/// `text` in `style`, or as it is where there are no colours. A terminal is never asked: the look alone decides.
pub fn paint(text: &str, style: &Style, look: &Look) -> String {
    if !look.colour || text.is_empty() || *style == Style::new() {
        return text.to_owned();
    }
    style.clone().force_styling(true).apply_to(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(width: usize) -> Look {
        Look {
            width,
            ..Look::default()
        }
    }

    fn sample() -> Table {
        let mut table = Table::new(
            2,
            vec![
                Column::text("NAME", Cut::Middle),
                Column::figure("COUNT"),
                Column::figure("P50").spare(1),
                Column::figure("MAX").spare(2),
            ],
        );
        table.row(["GET /a", "12", "1.00ms", "2.00ms"].map(Cell::new).to_vec());
        table.row(
            ["GET /a/very/long/name/to/show", "1,200", "9.00ms", "20.0ms"]
                .map(Cell::new)
                .to_vec(),
        );
        table
    }

    #[test]
    fn columns_line_up_on_their_side() {
        assert_eq!(
            sample().lines(&plain(80)).join("\n"),
            "  NAME                           COUNT     P50     MAX\n  \
               GET /a                            12  1.00ms  2.00ms\n  \
               GET /a/very/long/name/to/show  1,200  9.00ms  20.0ms"
        );
    }

    #[test]
    fn spare_columns_go_before_text_is_shortened_below_comfort() {
        assert_eq!(
            sample().lines(&plain(38)),
            [
                "  NAME                   COUNT     P50",
                "  GET /a                    12  1.00ms",
                "  GET /a/ver…me/to/show  1,200  9.00ms",
            ]
        );
    }

    #[test]
    fn a_note_of_prose_is_wrapped_and_a_line_of_a_script_is_cut() {
        let mut table = Table::new(2, vec![Column::text("", Cut::End)]);
        table.row(vec![Cell::new("x")]);
        for note in [
            " 2 │     http::get(url, #{ headers: #{ accept: 1 } });",
            "   │ Help: was the request answered, and does the path exist?",
            "Help: a word is wrapped whole where it does not fit any more",
            "at script.rhai:2",
        ] {
            table.note(Cell::new(note));
        }
        assert_eq!(
            table.notes(&plain(40)),
            [
                "     2 │     http::get(url, #{ headers:…",
                "       │ Help: was the request",
                "       │       answered, and does the",
                "       │       path exist?",
                "    Help: a word is wrapped whole",
                "          where it does not fit any more",
                "    at script.rhai:2",
            ]
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        let mut table = Table::new(0, vec![Column::text("", Cut::End), Column::figure("")]);
        table.row(vec![Cell::new("予約"), Cell::new("1")]);
        table.row(vec![Cell::new("room"), Cell::new("2")]);
        assert_eq!(table.lines(&plain(40)), ["予約  1", "room  2"]);
    }

    #[test]
    fn a_style_changes_no_width_and_vanishes_without_colour() {
        let mut table = Table::new(0, vec![Column::word(""), Column::figure("")]);
        table.row(vec![
            Cell::styled("PASS", Style::new().green()),
            Cell::new("1"),
        ]);
        assert_eq!(table.lines(&plain(40)), ["PASS  1"]);
        let colour = Look {
            colour: true,
            ..plain(40)
        };
        assert_eq!(table.lines(&colour), ["\u{1b}[32mPASS\u{1b}[0m  1"]);
    }

    #[test]
    fn an_empty_column_takes_no_room() {
        let mut table = Table::new(
            0,
            vec![Column::word("A"), Column::word("B"), Column::word("C")],
        );
        table.row(["1", "", "3"].map(Cell::new).to_vec());
        assert_eq!(table.lines(&plain(40)), ["A  C", "1  3"]);
    }

    proptest! {
        #[test]
        fn no_line_is_ever_wider_than_it_may_be(
            rows in prop::collection::vec(prop::array::uniform4("\\PC{0,40}"), 1..5),
            width in 40usize..100,
            unicode: bool,
        ) {
            let mut table = sample();
            for row in &rows {
                table.row(row.iter().map(Cell::new).collect());
                table.note(Cell::new(&row[0]));
            }
            let look = Look { unicode, ..plain(width) };
            for line in table.lines(&look) {
                prop_assert!(line.width() <= width, "{} > {width}: {line:?}", line.width());
                prop_assert!(!line.ends_with(' ') || line.trim().is_empty() || line.len() > 2);
            }
        }
    }
}
