//! The split view: the list of what happens, what is open of it, and how things stand.

use std::time::Duration;

use ratatui::crossterm::event::{self, Event as Input};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};
use ratatui::{DefaultTerminal, Frame};

use super::board::{Board, Row};
use super::entry::{Tone, harmless};
use super::keys::{HELP, HINTS, press};
use super::paint::Paint;
use super::{Event, Order, Screen, Setting, detail};
use crate::live::line::{clock, progress_line};
use crate::result::{SloResult, SloStatus};
use crate::vu::tap::Happening;

/// Columns from which the list and what is open stand side by side.
const WIDE: u16 = 110;

/// Lines of an error that stays until it is mended.
const ERROR_LINES: u16 = 14;

/// Scenarios and objectives that have a line of their own.
const MOST_SCENARIOS: usize = 4;
const MOST_SLOS: usize = 6;

/// Draws on a terminal, which it gives back as it was.
pub struct Split {
    board: Board,
    terminal: DefaultTerminal,
    /// Something is to be seen that has not been drawn.
    stale: bool,
}

impl Split {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be drawn on.
    pub fn open(setting: Setting) -> std::io::Result<Self> {
        Ok(Self {
            board: Board::new(setting),
            terminal: ratatui::try_init()?,
            stale: true,
        })
    }
}

impl Drop for Split {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back.
        let _ = ratatui::try_restore();
    }
}

impl Screen for Split {
    fn happening(&mut self, happening: Happening) {
        self.board.happening(happening);
        self.stale = true;
    }

    fn event(&mut self, event: Event) {
        self.board.event(event);
        self.stale = true;
    }

    fn look(&mut self, patience: Duration) -> Vec<Order> {
        if std::mem::take(&mut self.stale) {
            let board = &self.board;
            // What cannot be drawn now is drawn the next time, if there is one.
            let _ = self.terminal.draw(|frame| draw(frame, board));
        }
        let mut orders = Vec::new();
        let mut patience = patience;
        loop {
            let read = match event::poll(patience) {
                Ok(true) => event::read(),
                Ok(false) => break,
                Err(error) => Err(error),
            };
            match read {
                Ok(Input::Key(key)) => orders.extend(press(&mut self.board, key)),
                Ok(_) => {}
                // The terminal is gone, and with it who looked on.
                Err(_) => {
                    std::thread::sleep(patience);
                    orders.push(Order::Quit);
                    break;
                }
            }
            self.stale = true;
            patience = Duration::ZERO;
        }
        orders
    }
}

/// Draws all of it.
fn draw(frame: &mut Frame<'_>, board: &Board) {
    let paint = Paint {
        colour: board.setting.colour,
    };
    let area = frame.area();
    let scenarios = board.scenarios.len().min(MOST_SCENARIOS) as u16;
    let slos = board
        .progress
        .as_ref()
        .map_or(0, |p| p.slos.len().min(MOST_SLOS)) as u16;
    let error = board.rejected.as_ref().map(|error| {
        let lines = error.trim_end().lines().count() as u16;
        lines.min(ERROR_LINES).min(area.height / 3) + 2
    });
    let [head, list, wrong, objectives, foot] = Layout::vertical([
        Constraint::Length(1 + scenarios),
        Constraint::Min(3),
        Constraint::Length(error.unwrap_or(0)),
        Constraint::Length(slos),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(header(board, paint, head.width)), head);
    let open = board.open.then(|| board.looked_at()).flatten();
    match open {
        Some(row) if area.width >= WIDE => {
            let [left, right] =
                Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)])
                    .areas(list);
            draw_list(frame, board, paint, left);
            draw_open(frame, board, row, paint, right);
        }
        Some(row) => draw_open(frame, board, row, paint, list),
        None => draw_list(frame, board, paint, list),
    }
    if let Some(error) = &board.rejected {
        draw_error(frame, board, error, paint, wrong);
    }
    if let Some(progress) = &board.progress {
        let told = progress.slos.iter().take(MOST_SLOS);
        let lines: Vec<Line<'_>> = told.map(|slo| objective(slo, paint)).collect();
        frame.render_widget(Paragraph::new(lines), objectives);
    }
    frame.render_widget(Paragraph::new(footer(board, paint)), foot);
    if board.help {
        draw_help(frame, paint);
    }
}

fn header<'a>(board: &'a Board, paint: Paint, width: u16) -> Vec<Line<'a>> {
    let state = match (&board.rejected, board.paused) {
        (Some(_), _) => Span::styled(" not in force: see below ", paint.loud(Tone::Bad)),
        (None, true) => Span::styled(" paused ", paint.loud(Tone::Careful)),
        (None, false) => Span::styled(" running ", paint.loud(Tone::Good)),
    };
    let version = match board.version {
        0 => String::new(),
        version => format!("  version {version}"),
    };
    let phase = match board.progress.as_ref().map(|progress| progress.phase) {
        Some("running") | None => String::new(),
        Some(phase) => format!("  {phase} …"),
    };
    let mut lines = vec![Line::from(vec![
        Span::styled("rhaid dev ", paint.faint()),
        Span::styled(&board.setting.script, paint.bold()),
        Span::raw("  "),
        state,
        Span::styled(
            format!("  {}{version}{phase}", clock(board.elapsed())),
            paint.faint(),
        ),
    ])];
    let names = board.scenarios.iter().map(|(name, _)| name.chars().count());
    let names = names.max().unwrap_or(0).min(20);
    for (index, (name, load)) in board.scenarios.iter().enumerate().take(MOST_SCENARIOS) {
        let mark = if board.scenario == Some(index) {
            "▸ "
        } else {
            "  "
        };
        let progress = board.progress.as_ref();
        let known = progress.and_then(|progress| progress.scenarios.get(index));
        let room = usize::from(width).saturating_sub(2);
        let line = match known {
            Some(known) => progress_line(known, names, room, true),
            None => format!("{name:names$} {load}"),
        };
        let style = if board.scenario == Some(index) {
            paint.bold()
        } else {
            paint.tone(Tone::Plain)
        };
        lines.push(Line::styled(format!("{mark}{line}"), style));
    }
    lines
}

fn draw_list(frame: &mut Frame<'_>, board: &Board, paint: Paint, area: Rect) {
    let filter = match (&board.filter.text, board.filter.only_bad) {
        (text, false) if text.is_empty() && !board.typing => String::new(),
        (text, false) => format!(" with “{text}” "),
        (text, true) if text.is_empty() => " only what failed ".to_owned(),
        (text, true) => format!(" only what failed, with “{text}” "),
    };
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(paint.faint())
        .title(filter);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (rows, chosen) = board.window(usize::from(inner.height));
    if rows.is_empty() {
        let empty = Line::styled("  nothing yet", paint.faint());
        frame.render_widget(Paragraph::new(empty), inner);
        return;
    }
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| list_line(row, chosen == Some(at), board, paint))
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn list_line<'a>(row: &Row, chosen: bool, board: &Board, paint: Paint) -> Line<'a> {
    let secrets = &board.setting.secrets;
    let text = harmless(&row.text, secrets).replace('\n', " ");
    let indent = if row.who.is_empty() { "" } else { "  " };
    let line = Line::from(vec![
        Span::styled(harmless(&row.who, secrets), paint.faint()),
        Span::raw(indent),
        Span::styled(text, paint.tone(row.tone)),
    ]);
    if chosen {
        line.patch_style(paint.chosen())
    } else {
        line
    }
}

fn draw_open(frame: &mut Frame<'_>, board: &Board, row: &Row, paint: Paint, area: Rect) {
    let borders = if area.x > 0 {
        Borders::LEFT | Borders::TOP
    } else {
        Borders::TOP
    };
    let block = Block::new()
        .borders(borders)
        .border_style(paint.faint())
        .title(" page up/down scrolls, ⏎ closes ");
    let lines: Vec<Line<'_>> = detail::lines(row, &board.setting.secrets)
        .into_iter()
        .map(|(tone, line)| Line::styled(line, paint.tone(tone)))
        .collect();
    // So far that the last lines are still seen.
    let width = usize::from(block.inner(area).width).max(1);
    let rows: usize = lines.iter().map(|line| line.width() / width + 1).sum();
    let furthest = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_sub(area.height / 2);
    let text = Paragraph::new(lines)
        .block(block)
        .wrap(Wrap { trim: false })
        .scroll((board.scrolled.min(furthest), 0));
    frame.render_widget(Clear, area);
    frame.render_widget(text, area);
}

fn draw_error(frame: &mut Frame<'_>, board: &Board, error: &str, paint: Paint, area: Rect) {
    let block = Block::new()
        .borders(Borders::TOP | Borders::BOTTOM)
        .border_style(paint.tone(Tone::Bad))
        .title(" saved, but not in force: the last good version goes on ");
    let text = harmless(error.trim_end(), &board.setting.secrets);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).block(block), area);
}

fn objective<'a>(slo: &SloResult, paint: Paint) -> Line<'a> {
    let tone = match slo.status {
        SloStatus::Pass => Tone::Good,
        SloStatus::Warning => Tone::Careful,
        SloStatus::Fail | SloStatus::Critical => Tone::Bad,
        SloStatus::NoData => Tone::Faint,
    };
    Line::from(vec![
        Span::styled(format!("{:>8} ", slo.status.label()), paint.tone(tone)),
        Span::raw(format!("{} {}  ", slo.label(), slo.target)),
        Span::styled(slo.actual_text.clone(), paint.faint()),
    ])
}

fn footer<'a>(board: &'a Board, paint: Paint) -> Line<'a> {
    if board.typing {
        return Line::from(vec![
            Span::styled("/", paint.bold()),
            Span::raw(&board.filter.text),
            Span::styled("▏  enter keeps it, esc drops it", paint.faint()),
        ]);
    }
    let spans = HINTS.into_iter().flat_map(|(key, what)| {
        [
            Span::styled(key, paint.bold()),
            Span::styled(format!(" {what}   "), paint.faint()),
        ]
    });
    Line::from_iter(spans)
}

fn draw_help(frame: &mut Frame<'_>, paint: Paint) {
    let area = frame.area();
    let width = 72.min(area.width);
    let height = (HELP.len() as u16 + 2).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let lines: Vec<Line<'_>> = HELP
        .into_iter()
        .map(|(key, what)| {
            Line::from(vec![
                Span::styled(format!(" {key:<19} "), paint.bold()),
                Span::raw(what),
            ])
        })
        .collect();
    let block = Block::bordered().title(" keys ");
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(block), place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secrets;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn seen(board: &Board, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board)).unwrap();
        terminal.backend().to_string()
    }

    fn board() -> Board {
        let mut board = Board::new(Setting {
            script: "journey.rhai".into(),
            secrets: Secrets::default(),
            colour: false,
        });
        board.event(Event::Began(vec![("guests".into(), "1 VU".into())]));
        board
    }

    #[test]
    fn what_is_wrong_with_a_saved_script_stays_in_view() {
        let mut board = board();
        board.event(Event::Rejected(
            "error: no such thing\n --> journey.rhai:3:1".into(),
        ));
        for row in 0..100 {
            board.event(Event::Notice(format!("row {row}")));
        }
        let seen = seen(&board, 80, 24);
        assert!(seen.contains("error: no such thing"), "{seen}");
        assert!(seen.contains("journey.rhai:3:1"), "{seen}");
        assert!(seen.contains("row 99"), "{seen}");
        board.event(Event::Taken {
            version: 1,
            what: Vec::new(),
        });
        assert!(board.rejected.is_none());
    }

    #[test]
    fn any_size_of_a_terminal_will_do() {
        let mut board = board();
        board.event(Event::Rejected("a\nb".into()));
        board.open = true;
        board.help = true;
        for (width, height) in [(1, 1), (2, 40), (300, 2), (20, 5), (110, 30)] {
            seen(&board, width, height);
        }
    }
}
