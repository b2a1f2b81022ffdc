//! What the split view looks like: the list of what happens, what is open of it, and how things stand.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::board::{Board, Row};
use super::entry::{Tone, harmless};
use super::paint::Paint;
use super::{detail, faults, help};
use crate::live::line::{clock, progress_line};
use crate::report::text::{Cut, note_lines, shorten};
use crate::result::{SloResult, SloStatus};

/// Columns from which the list and what is open stand side by side.
const WIDE: u16 = 110;

/// Lines of an error that stays until it is mended.
const ERROR_LINES: u16 = 14;

/// Scenarios and objectives that have a line of their own.
const MOST_SCENARIOS: usize = 4;
const MOST_SLOS: usize = 6;

/// Columns of an objective's name that are left where there is no room.
const RECOGNISABLE: usize = 12;

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, board: &Board) {
    let paint = Paint {
        colour: board.setting.colour,
    };
    let area = frame.area();
    let scenarios = board.scenarios.len().min(MOST_SCENARIOS) as u16;
    let slos = board
        .progress
        .as_ref()
        .map_or(0, |p| p.slos.len().min(MOST_SLOS)) as u16;
    let error = board
        .rejected
        .as_ref()
        .map(|error| error_lines(error, board, area.width));
    let wrong = error.as_ref().map_or(0, |lines| {
        let lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        lines.min(ERROR_LINES).min(area.height / 2) + 2
    });
    let [head, list, wrong, objectives, foot] = Layout::vertical([
        Constraint::Length(1 + scenarios),
        Constraint::Min(3),
        Constraint::Length(wrong),
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
    if let Some(lines) = error {
        draw_error(frame, board, lines, paint, wrong);
    }
    if let Some(progress) = &board.progress {
        let told = progress.slos.iter().take(MOST_SLOS);
        let width = usize::from(objectives.width);
        let lines: Vec<Line<'_>> = told.map(|slo| objective(slo, width, paint)).collect();
        frame.render_widget(Paragraph::new(lines), objectives);
    }
    frame.render_widget(Paragraph::new(footer(board, foot.width, paint)), foot);
    if let Some(chosen) = board.faults {
        faults::draw(frame, board, chosen, paint);
    }
    if let Some(scrolled) = board.help {
        help::draw(frame, scrolled, paint);
    }
}

/// How the script stands, and how to take it.
fn state(board: &Board) -> (Tone, &'static str) {
    match board {
        Board {
            rejected: Some(_),
            version: 0,
            ..
        } => (Tone::Bad, " nothing runs: see below "),
        Board {
            rejected: Some(_), ..
        } => (Tone::Bad, " not in force: see below "),
        Board { version: 0, .. } => (Tone::Plain, " starting "),
        Board { idle: true, .. } => (Tone::Careful, " over: save, or press r "),
        Board { paused: true, .. } => (Tone::Careful, " paused "),
        _ => (Tone::Good, " running "),
    }
}

fn header<'a>(board: &'a Board, paint: Paint, width: u16) -> Vec<Line<'a>> {
    let (tone, state) = state(board);
    let version = match board.version {
        0 => String::new(),
        version => format!("  version {version}"),
    };
    let phase = match board.progress.as_ref().map(|progress| progress.phase) {
        Some("running") | None => String::new(),
        Some(_) if board.idle => String::new(),
        Some(phase) => format!("  {phase} …"),
    };
    let told = format!("  {}{version}{phase}", clock(board.elapsed()));
    let (name, gap) = ("rhaid dev ", "  ");
    let beside = name.width() + gap.width() + state.width() + told.width();
    // A script's name that tells nothing is left out before what there is to know of it.
    let room = usize::from(width).saturating_sub(beside);
    let script = harmless(&board.setting.script, &board.setting.secrets);
    let script = match room {
        0..4 => String::new(),
        room => format!("{}{gap}", shorten(&script, room, Cut::Middle, true)),
    };
    let mut lines = vec![Line::from(vec![
        Span::styled(name, paint.faint()),
        Span::styled(script, paint.bold()),
        Span::styled(state, paint.loud(tone)),
        Span::styled(told, paint.faint()),
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
        let filtered = board.filter.only_bad || !board.filter.text.is_empty();
        let empty = match filtered {
            true => "  nothing like that; esc shows all",
            false => "  nothing yet",
        };
        let empty = Line::styled(empty, paint.faint());
        frame.render_widget(Paragraph::new(empty), inner);
        return;
    }
    let width = usize::from(inner.width);
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| list_line(row, chosen == Some(at), board, width, paint))
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn list_line<'a>(row: &Row, chosen: bool, board: &Board, width: usize, paint: Paint) -> Line<'a> {
    let secrets = &board.setting.secrets;
    let who = harmless(&row.who, secrets);
    let who = shorten(&who, (width / 2).saturating_sub(4), Cut::Middle, true);
    let indent = if row.who.is_empty() { "" } else { "  " };
    let room = width.saturating_sub(who.width() + indent.width());
    let line = Line::from(vec![
        Span::styled(who, paint.faint()),
        Span::raw(indent),
        Span::styled(row.said.fitted(room, secrets), paint.tone(row.tone)),
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

/// What is wrong with what was saved, in lines that fit.
fn error_lines(error: &str, board: &Board, width: u16) -> Vec<Line<'static>> {
    let text = harmless(error.trim_end(), &board.setting.secrets);
    let fitted = text
        .lines()
        .flat_map(|line| note_lines(line, usize::from(width), true));
    fitted.map(Line::raw).collect()
}

fn draw_error(
    frame: &mut Frame<'_>,
    board: &Board,
    lines: Vec<Line<'_>>,
    paint: Paint,
    area: Rect,
) {
    let meanwhile = match board.version {
        0 => " nothing runs until it is mended ",
        _ => " saved, but not in force: the last good version goes on ",
    };
    let block = Block::new()
        .borders(Borders::TOP | Borders::BOTTOM)
        .border_style(paint.tone(Tone::Bad))
        .title(meanwhile);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn objective<'a>(slo: &SloResult, width: usize, paint: Paint) -> Line<'a> {
    let tone = match slo.status {
        SloStatus::Pass => Tone::Good,
        SloStatus::Warning => Tone::Careful,
        SloStatus::Fail | SloStatus::Critical => Tone::Bad,
        SloStatus::NoData => Tone::Faint,
    };
    let status = format!("{:>8} ", slo.status.label());
    let target = format!(" {}  ", slo.target);
    let beside = status.width() + target.width() + slo.actual_text.width();
    let label = shorten(
        slo.label(),
        width.saturating_sub(beside).max(RECOGNISABLE),
        Cut::Middle,
        true,
    );
    Line::from(vec![
        Span::styled(status, paint.tone(tone)),
        Span::raw(format!("{label}{target}")),
        Span::styled(slo.actual_text.clone(), paint.faint()),
    ])
}

fn footer<'a>(board: &'a Board, width: u16, paint: Paint) -> Line<'a> {
    if board.typing {
        return Line::from(vec![
            Span::styled("/", paint.bold()),
            Span::raw(&board.filter.text),
            Span::styled("▏  enter keeps it, esc drops it", paint.faint()),
        ]);
    }
    help::footer(board.paused, width, paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Timings;
    use crate::live::dev::keys::HELP;
    use crate::live::dev::{Event, Setting};
    use crate::vu::tap::{Body, Exchanged, Happening, What};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn seen(board: &Board, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board)).unwrap();
        terminal.backend().to_string()
    }

    fn board() -> Board {
        let mut board = Board::new(Setting::of("journey.rhai"));
        board.event(Event::Began(vec![("guests".into(), "1 VU".into())]));
        board
    }

    fn taken(board: &mut Board) {
        board.event(Event::Taken {
            version: 1,
            what: Vec::new(),
        });
    }

    fn request(path: &str) -> Happening {
        Happening {
            at: std::time::Duration::from_millis(1_204),
            scenario: "guests".into(),
            vu: 1,
            iteration: 3,
            what: What::Request(Box::new(Exchanged {
                name: Some("availability".into()),
                method: "GET".into(),
                url: format!("http://127.0.0.1:8080{path}"),
                request_headers: Vec::new(),
                request_body: Body::default(),
                final_url: None,
                status: 200,
                protocol: "HTTP/1.1",
                timings: Timings {
                    waiting: 12_000_000,
                    ..Timings::default()
                },
                bytes_sent: 98,
                bytes_received: 1_200,
                hops: 1,
                response_headers: Vec::new(),
                response_body: Body::default(),
                error: None,
                expected: true,
            })),
        }
    }

    #[test]
    fn what_is_wrong_with_a_saved_script_stays_in_view() {
        let mut board = board();
        taken(&mut board);
        board.event(Event::Rejected(
            "error: no such thing\n --> journey.rhai:3:1".into(),
        ));
        for row in 0..100 {
            board.event(Event::Notice(format!("row {row}")));
        }
        let seen = seen(&board, 80, 24);
        assert!(seen.contains("error: no such thing"), "{seen}");
        assert!(seen.contains("journey.rhai:3:1"), "{seen}");
        assert!(seen.contains("the last good version goes on"), "{seen}");
        assert!(seen.contains("row 99"), "{seen}");
        taken(&mut board);
        assert!(board.rejected.is_none());
    }

    #[test]
    fn an_error_is_seen_to_its_end_on_a_usual_terminal() {
        let mut board = board();
        let lines: Vec<String> = (1..=11).map(|line| format!("line {line} of it")).collect();
        board.event(Event::Rejected(lines.join("\n")));
        let seen = seen(&board, 80, 24);
        assert!(seen.contains("line 11 of it"), "{seen}");
    }

    #[test]
    fn without_a_good_version_nothing_is_said_to_run() {
        let mut board = board();
        assert!(!seen(&board, 80, 24).contains("running"));
        board.event(Event::Rejected("error: no such thing".into()));
        let wrong = seen(&board, 80, 24);
        assert!(!wrong.contains("last good version"), "{wrong}");
        assert!(wrong.contains("nothing runs until it is mended"), "{wrong}");
        taken(&mut board);
        assert!(seen(&board, 80, 24).contains(" running "));
        board.event(Event::Idle("the plan is over".into()));
        let over = seen(&board, 80, 24);
        assert!(!over.contains(" running "), "{over}");
        board.event(Event::Began(Vec::new()));
        assert!(seen(&board, 80, 24).contains(" running "));
    }

    #[test]
    fn a_long_path_leaves_room_for_status_and_duration() {
        let mut board = board();
        let path =
            "/api/v1/pms/properties/4711/availability?from=2026-01-01&to=2026-01-05&guests=2";
        board.happening(request(path));
        for width in [50, 80, 100, 160] {
            let seen = seen(&board, width, 15);
            assert!(seen.contains("  200  12.0ms"), "{seen}");
            assert!(seen.contains("GET /"), "{seen}");
            assert_eq!(seen.contains('…'), width < 160, "{seen}");
        }
    }

    #[test]
    fn the_line_at_the_bottom_names_whole_keys_and_always_the_help() {
        let board = board();
        for width in [12, 50, 80, 100, 160] {
            let seen = seen(&board, width, 24);
            let foot = seen.lines().last().unwrap().trim_matches('"').trim();
            assert!(foot.contains("? help"), "{foot}");
            assert!(foot.ends_with("help") || foot.ends_with("q quit"), "{foot}");
        }
        assert!(seen(&board, 80, 24).contains("space pause"));
    }

    #[test]
    fn the_help_shows_every_word_of_itself() {
        let mut board = board();
        for (width, height) in [(80, 24), (100, 30), (160, 50), (50, 40)] {
            board.help = Some(0);
            let seen = seen(&board, width, height);
            for (key, what) in HELP {
                assert!(seen.contains(key), "{width}: {key}\n{seen}");
                for word in what.split(' ') {
                    assert!(seen.contains(word), "{width}: {word}\n{seen}");
                }
            }
        }
        board.help = Some(help::LINES);
        let end = seen(&board, 50, 15);
        assert!(end.contains("summary"), "{end}");
    }

    #[test]
    fn a_long_name_of_a_script_leaves_room_for_how_it_stands() {
        let mut board = Board::new(Setting::of(&"folder/".repeat(30)));
        taken(&mut board);
        let seen = seen(&board, 50, 15);
        assert!(seen.contains(" running   0:00  version 1"), "{seen}");
    }

    #[test]
    fn any_size_of_a_terminal_will_do() {
        let mut board = board();
        board.event(Event::Rejected("a\nb".into()));
        board.happening(request("/"));
        for open in [false, true] {
            board.open = open;
            board.help = open.then_some(3);
            for (width, height) in [(1, 1), (2, 40), (300, 2), (20, 5), (110, 30)] {
                seen(&board, width, height);
            }
        }
    }
}
