//! The faults of the run in a box: which of them are at work, and the keys that inject and undo them.

use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::Order;
use super::board::Board;
use super::entry::{Tone, harmless};
use super::paint::Paint;
use crate::report::text::{Cut, shorten};
use crate::run::FaultProgress;
use crate::units::format_duration;

/// Columns of the widest box.
const WIDEST: u16 = 90;

/// What is said where there is nothing to inject.
const NONE: [&str; 2] = [
    "There are no faults to inject: the script declares none,",
    "or they are not allowed, which --allow-faults does.",
];

fn known(board: &Board) -> &[FaultProgress] {
    board
        .progress
        .as_ref()
        .map_or(&[], |progress| &progress.faults)
}

/// Does what a key means while the box is open.
pub fn press(board: &mut Board, code: KeyCode) -> Option<Order> {
    let last = known(board).len().saturating_sub(1);
    let chosen = board.faults.unwrap_or_default().min(last);
    let turned = match code {
        KeyCode::Char('q') => return Some(Order::Quit),
        KeyCode::Down | KeyCode::Char('j') => {
            board.faults = Some((chosen + 1).min(last));
            return None;
        }
        KeyCode::Up | KeyCode::Char('k') => {
            board.faults = Some(chosen.saturating_sub(1));
            return None;
        }
        KeyCode::Enter | KeyCode::Char(' ') => Some(chosen),
        KeyCode::Char(digit @ '1'..='9') => digit.to_digit(10).map(|digit| digit as usize - 1),
        _ => {
            board.faults = None;
            return None;
        }
    };
    let turned = turned.filter(|index| *index < known(board).len())?;
    board.faults = Some(turned);
    Some(Order::Fault(turned))
}

/// The box, over the middle of everything else.
pub fn draw(frame: &mut Frame<'_>, board: &Board, chosen: usize, paint: Paint) {
    let area = frame.area();
    let faults = known(board);
    let width = area.width.min(WIDEST);
    let room = usize::from(width).saturating_sub(2);
    let lines: Vec<Line<'_>> = match faults.is_empty() {
        true => NONE.iter().map(|line| Line::from(*line)).collect(),
        false => {
            let rows = faults.iter().enumerate();
            let chosen = chosen.min(faults.len() - 1);
            rows.map(|(at, fault)| line(board, at, fault, at == chosen, room, paint))
                .collect()
        }
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
    let title = match faults.is_empty() {
        true => " faults ",
        false => " faults: ⏎ injects or undoes, esc closes ",
    };
    let text = Paragraph::new(lines)
        .block(Block::bordered().title(title))
        .scroll(((chosen as u16).min(hidden), 0));
    frame.render_widget(Clear, place);
    frame.render_widget(text, place);
}

fn line<'a>(
    board: &Board,
    at: usize,
    fault: &FaultProgress,
    is_chosen: bool,
    room: usize,
    paint: Paint,
) -> Line<'a> {
    let key = match at {
        0..9 => format!(" {}  ", at + 1),
        _ => "    ".to_owned(),
    };
    let (tone, state) = match fault.left {
        Some(left) => (
            Tone::Careful,
            format!("at work for {} more", format_duration(whole(left))),
        ),
        None => (Tone::Faint, fault.trigger.clone()),
    };
    let state = shorten(
        &harmless(&state, &board.setting.secrets),
        room / 2,
        Cut::Middle,
        true,
    );
    let beside = key.chars().count() + state.chars().count() + 2;
    let name = shorten(
        &harmless(&fault.name, &board.setting.secrets),
        room.saturating_sub(beside),
        Cut::Middle,
        true,
    );
    let line = Line::from(vec![
        Span::styled(key, paint.bold()),
        Span::raw(format!("{name}  ")),
        Span::styled(state, paint.tone(tone)),
    ]);
    match is_chosen {
        true => line.patch_style(paint.chosen()),
        false => line,
    }
}

/// Without what changes too fast to be read.
fn whole(left: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(left.as_secs_f64().round() as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Event, Setting, keys};
    use super::*;
    use crate::run::Progress;

    fn board(faults: &[&str]) -> Board {
        let mut board = Board::new(Setting::of("s"));
        let faults = faults.iter().enumerate().map(|(at, name)| FaultProgress {
            name: (*name).to_owned(),
            trigger: "by hand".into(),
            left: (at == 1).then_some(Duration::from_millis(4_100)),
        });
        board.event(Event::Progress(Box::new(Progress {
            elapsed: Duration::ZERO,
            phase: "running",
            scenarios: Vec::new(),
            logs: Vec::new(),
            dropped_logs: 0,
            slos: Vec::new(),
            faults: faults.collect(),
            run: String::new(),
            detail: None,
            anomalies: Vec::new(),
        })));
        board
    }

    fn press_all(board: &mut Board, codes: &[KeyCode]) -> Vec<Order> {
        codes
            .iter()
            .filter_map(|code| keys::press(board, (*code).into()))
            .collect()
    }

    fn seen(board: &Board, width: u16, height: u16) -> String {
        let backend = ratatui::backend::TestBackend::new(width, height);
        let mut terminal = ratatui::Terminal::new(backend).unwrap();
        terminal
            .draw(|frame| super::super::picture::draw(frame, board))
            .unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y: u16| (0..width).map(move |x| buffer[(x, y)].symbol());
        (0..height)
            .map(|y| row(y).collect::<String>() + "\n")
            .collect()
    }

    #[test]
    fn a_key_opens_the_faults_and_others_inject_and_undo_them() {
        let mut board = board(&["slow", "down", "gone"]);
        let (open, digit) = (KeyCode::Char('F'), KeyCode::Char('2'));
        assert_eq!(press_all(&mut board, &[digit]), []);
        assert_eq!(
            press_all(&mut board, &[open, digit, KeyCode::Down, KeyCode::Enter]),
            [Order::Fault(1), Order::Fault(2)]
        );
        assert_eq!(press_all(&mut board, &[KeyCode::Char('9')]), []);
        let seen = seen(&board, 70, 12);
        for part in ["1  slow", "by hand", "2  down", "at work for 4s more"] {
            assert!(seen.contains(part), "{part}\n{seen}");
        }
        press_all(&mut board, &[KeyCode::Esc]);
        assert_eq!(board.faults, None);
    }

    #[test]
    fn without_faults_it_says_why_and_any_size_will_do() {
        let mut board = board(&[]);
        press_all(&mut board, &[KeyCode::Char('F'), KeyCode::Enter]);
        assert!(seen(&board, 80, 10).contains("--allow-faults"));
        for (width, height) in [(1, 1), (2, 40), (300, 2), (20, 5)] {
            seen(&board, width, height);
        }
    }
}
