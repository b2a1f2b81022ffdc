//! The page being written: sections, prose that wraps, tables, and the few symbols.

use console::Style;
use unicode_width::UnicodeWidthStr;

use super::super::format::thousands;
use super::super::table::{Table, paint};
use super::super::text::wrap;
use super::{Look, dim, strong};

/// A symbol, with what stands for it in plain ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Good,
    Caution,
    Bad,
    Stopped,
    Bullet,
}

impl Mark {
    /// The symbol itself.
    pub fn glyph(self, unicode: bool) -> &'static str {
        match (self, unicode) {
            (Self::Good, true) => "✓",
            (Self::Good, false) => "+",
            (Self::Caution, _) => "!",
            (Self::Bad, true) => "✗",
            (Self::Bad, false) => "x",
            (Self::Stopped, true) => "■",
            (Self::Stopped, false) => "#",
            (Self::Bullet, true) => "•",
            (Self::Bullet, false) => "-",
        }
    }
}

/// The page being written.
pub struct Page<'a> {
    /// The surface it is written for.
    pub look: &'a Look,
    lines: Vec<String>,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(look: &'a Look) -> Self {
        Self {
            look,
            lines: Vec::new(),
        }
    }

    /// The symbol that stands for `mark` on this page.
    pub fn glyph(&self, mark: Mark) -> &'static str {
        mark.glyph(self.look.unicode)
    }

    /// The character between two phrases of one line.
    pub fn dot(&self) -> &'static str {
        if self.look.unicode { "·" } else { "|" }
    }

    /// Begins a section, with a word about the whole of it beside its title where there is room.
    pub fn section(&mut self, title: &str, aside: &str) {
        self.blank();
        let mut line = paint(title, &strong(), self.look);
        let aside = crate::harmless::line(aside);
        if !aside.is_empty() && title.width() + 2 + aside.width() <= self.look.width {
            line.push_str("  ");
            line.push_str(&paint(&aside, &dim(), self.look));
        }
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is one already or nothing before it.
    pub fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// Adds the lines of `table`.
    pub fn table(&mut self, table: &Table) {
        self.lines.extend(table.lines(self.look));
    }

    /// Adds the notes of `table` alone.
    pub fn notes(&mut self, table: &Table) {
        self.lines.extend(table.notes(self.look));
    }

    /// Adds `text`, wrapped, behind a `lead` on its first line and as far in on the others.
    pub fn prose(&mut self, lead: &str, lead_style: &Style, text: &str, style: &Style) {
        let indent = lead.width();
        let room = self.look.width.saturating_sub(indent).max(1);
        for (index, line) in wrap(&crate::harmless::line(text), room).iter().enumerate() {
            let before = match index {
                0 => paint_inner(lead, lead_style, self.look),
                _ => " ".repeat(indent),
            };
            let line = format!("{before}{}", paint(line, style, self.look));
            self.lines.push(line);
        }
    }

    /// Says how many of `all` rows were left out when only the first `shown` could be, if any were.
    pub fn left_out(&mut self, all: usize, shown: usize) {
        if all > shown {
            let text = format!(
                "+{} more in the result file",
                thousands((all - shown) as u64)
            );
            self.prose("  ", &dim(), &text, &dim());
        }
    }

    /// The whole page, ending with a newline.
    pub fn finish(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

/// `text` in `style`, the spaces at both its ends left out of the style.
fn paint_inner(text: &str, style: &Style, look: &Look) -> String {
    let inner = text.trim();
    match text.split_once(inner) {
        Some((before, after)) if !inner.is_empty() => {
            format!("{before}{}{after}", paint(inner, style, look))
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_at_spaces_and_hangs_under_its_lead() {
        let look = Look {
            width: 16,
            ..Look::default()
        };
        let mut page = Page::new(&look);
        page.prose("  - ", &dim(), "one two three four", &Style::new());
        assert_eq!(page.finish(), "  - one two\n    three four\n");
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken_and_nothing_is_lost() {
        assert_eq!(wrap("ab abcdefghij k", 4), ["ab", "abcd", "efgh", "ij k"]);
        assert_eq!(wrap("予約", 1).concat(), "予約");
    }

    #[test]
    fn empty_lines_do_not_pile_up() {
        let look = Look::default();
        let mut page = Page::new(&look);
        page.blank();
        page.section("One", "");
        page.blank();
        page.section("Two", "aside");
        assert_eq!(page.finish(), "One\n\nTwo  aside\n");
    }
}
