//! The keys: the most needed at the bottom, all of them in a box.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::keys::{HELP, HINTS};
use super::paint::Paint;
use crate::report::text::wrap;

/// More lines than the help ever has.
pub const LINES: u16 = 100;

/// Columns between two hints.
const GAP: usize = 3;

/// Columns on both sides of the help that show something, or else there are none.
const MARGINS: usize = 8;

/// Columns of the narrowest help that is still read.
const READABLE: usize = 16;

/// The most needed keys, as many as fit.
pub fn footer(paused: bool, width: u16, paint: Paint) -> Line<'static> {
    let said = HINTS.map(|(rank, key, what)| match (what, paused) {
        ("pause", true) => (rank, key, "go on"),
        _ => (rank, key, what),
    });
    let columns = |(_, key, what): &(u8, &str, &str)| key.width() + 1 + what.width() + GAP;
    // The last one has no gap behind it.
    let room = usize::from(width) + GAP;
    let fits = |most: u8| {
        let shown = said.iter().filter(|(rank, ..)| *rank <= most);
        shown.map(columns).sum::<usize>() <= room
    };
    let most = (0..HINTS.len() as u8).rev().find(|most| fits(*most));
    let shown = said
        .into_iter()
        .filter(|(rank, ..)| most.is_some_and(|most| *rank <= most));
    let spans = shown.flat_map(|(_, key, what)| {
        let behind = " ".repeat(GAP);
        [
            Span::styled(key, paint.bold()),
            Span::styled(format!(" {what}{behind}"), paint.faint()),
        ]
    });
    Line::from_iter(spans)
}

/// All keys, over the middle of everything else. `scrolled`: lines that are above the box.
pub fn draw(frame: &mut Frame<'_>, scrolled: u16, paint: Paint) {
    let area = frame.area();
    let keys = HELP.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
    let longest = HELP.iter().map(|(_, what)| what.width()).max().unwrap_or(0);
    // A column within the frame on both sides, and two between.
    let beside = keys + 4;
    let inner = usize::from(area.width).saturating_sub(2);
    let texts = inner.saturating_sub(beside).clamp(READABLE, longest);
    let lines: Vec<Line<'_>> = HELP
        .into_iter()
        .flat_map(|(key, what)| {
            let first = std::iter::once(key).chain(std::iter::repeat(""));
            first.zip(wrap(what, texts)).map(move |(key, what)| {
                let gap = " ".repeat(keys - key.width() + 2);
                Line::from(vec![
                    Span::styled(format!(" {key}{gap}"), paint.bold()),
                    Span::raw(what),
                ])
            })
        })
        .collect();
    let width = match beside + texts + 2 {
        // What would be seen of the rest beside it is only in the way.
        width if width + MARGINS > usize::from(area.width) => area.width,
        width => width as u16,
    };
    let all = lines.len() as u16;
    let height = (all + 2).min(area.height);
    let hidden = (all + 2).saturating_sub(height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let block = Block::bordered().title(match hidden {
        0 => " keys ",
        _ => " keys: ↑ ↓ scroll ",
    });
    let text = Paragraph::new(lines)
        .block(block)
        .scroll((scrolled.min(hidden), 0));
    frame.render_widget(Clear, place);
    frame.render_widget(text, place);
}
