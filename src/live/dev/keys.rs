//! What each key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::board::{Board, Filter};
use super::{Order, faults, help};

/// The keys, for the line at the bottom. The higher the number, the earlier one is left out where there is no room.
pub const HINTS: [(u8, &str, &str); 9] = [
    (2, "space", "pause"),
    (3, "n", "step"),
    (7, "r", "setup"),
    (6, "+ -", "VUs"),
    (8, "↑ ↓", "choose"),
    (4, "⏎", "open"),
    (5, "/", "filter"),
    (0, "?", "help"),
    (1, "q", "quit"),
];

/// All keys, for the help.
pub const HELP: [(&str, &str); 17] = [
    ("space  p", "pause, or go on"),
    ("n", "let one iteration start, then pause"),
    ("r", "run setup again; begin again when a plan is over"),
    ("+  -", "one virtual user more, one less"),
    ("tab", "choose the scenario that + - h are about"),
    ("h", "from your hand to the script's plan, or back"),
    ("↑ ↓  k j", "look at another row"),
    ("[  ]", "the request before, the one after"),
    ("end  g", "follow the newest row"),
    ("enter", "open the row: headers and bodies"),
    ("page up  page down", "scroll what is open"),
    (
        "/",
        "show only rows with a text (enter to keep, esc to drop)",
    ),
    ("f", "show only what failed"),
    ("F", "faults: inject them, undo them"),
    ("c", "clear the list"),
    ("ctrl-z", "to the shell; fg comes back"),
    ("q  ctrl-c", "quit: teardown runs, then a summary"),
];

const PAGE: u16 = 10;

/// Does what a key means for the view, and gives what it means for the run.
pub fn press(board: &mut Board, key: KeyEvent) -> Option<Order> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Order::Quit),
            KeyCode::Char('z') => Some(Order::Suspend),
            _ => None,
        };
    }
    if board.typing {
        write(board, key.code);
        return None;
    }
    if let Some(scrolled) = board.help {
        board.help = match key.code {
            KeyCode::Down | KeyCode::Char('j') => Some(scrolled + 1),
            KeyCode::Up | KeyCode::Char('k') => Some(scrolled.saturating_sub(1)),
            KeyCode::PageDown => Some(scrolled + PAGE),
            KeyCode::PageUp => Some(scrolled.saturating_sub(PAGE)),
            _ => None,
        }
        .map(|lines| lines.min(help::LINES));
        return (key.code == KeyCode::Char('q')).then_some(Order::Quit);
    }
    if board.faults.is_some() {
        return faults::press(board, key.code);
    }
    let scenario = board.scenario;
    match key.code {
        KeyCode::Char('q') => return Some(Order::Quit),
        KeyCode::Char(' ' | 'p') => return Some(Order::Pause),
        KeyCode::Char('n') => return Some(Order::Step),
        KeyCode::Char('r') => return Some(Order::SetUpAgain),
        KeyCode::Char('h') => return Some(Order::Hand { scenario }),
        KeyCode::Char('+' | '=') => {
            return Some(Order::Vus {
                scenario,
                more: true,
            });
        }
        KeyCode::Char('-' | '_') => {
            return Some(Order::Vus {
                scenario,
                more: false,
            });
        }
        KeyCode::Tab => {
            let next = scenario.map_or(0, |index| index + 1);
            board.scenario = (next < board.scenarios.len()).then_some(next);
        }
        KeyCode::Up | KeyCode::Char('k') => board.go(-1),
        KeyCode::Down | KeyCode::Char('j') => board.go(1),
        KeyCode::Home => board.go(isize::MIN),
        KeyCode::End | KeyCode::Char('g') => board.go(isize::MAX),
        KeyCode::Char('[') => board.go_to_request(false),
        KeyCode::Char(']') => board.go_to_request(true),
        KeyCode::Enter => {
            board.open = !board.open;
            board.scrolled = 0;
        }
        KeyCode::Esc if board.open => board.open = false,
        KeyCode::Esc => board.filter = Filter::default(),
        KeyCode::PageUp if board.open => board.scrolled = board.scrolled.saturating_sub(PAGE),
        KeyCode::PageDown if board.open => board.scrolled = board.scrolled.saturating_add(PAGE),
        KeyCode::PageUp => board.go(-(PAGE as isize)),
        KeyCode::PageDown => board.go(PAGE as isize),
        KeyCode::Char('/') => {
            board.filter.text.clear();
            board.typing = true;
        }
        KeyCode::Char('f') => board.filter.only_bad = !board.filter.only_bad,
        KeyCode::Char('F') => board.faults = Some(0),
        KeyCode::Char('c') => board.clear(),
        KeyCode::Char('?') => board.help = Some(0),
        _ => {}
    }
    None
}

/// Writes the filter.
fn write(board: &mut Board, code: KeyCode) {
    match code {
        KeyCode::Enter => board.typing = false,
        KeyCode::Esc => {
            board.typing = false;
            board.filter.text.clear();
        }
        KeyCode::Backspace => {
            board.filter.text.pop();
        }
        KeyCode::Char(c) => board.filter.text.push(c),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::dev::{Event, Setting};

    fn board() -> Board {
        let mut board = Board::new(Setting::of("s"));
        let two = ["a", "b"].map(|name| (name.to_owned(), "1 VU".to_owned()));
        board.event(Event::Began(two.into()));
        board
    }

    fn type_in(board: &mut Board, keys: &str) -> Vec<Order> {
        let codes = keys.chars().map(|c| match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        });
        codes.filter_map(|code| press(board, code.into())).collect()
    }

    #[test]
    fn keys_are_orders_unless_a_filter_is_written() {
        let mut board = board();
        let orders = type_in(&mut board, " nr/quit\nq");
        assert_eq!(
            orders,
            [Order::Pause, Order::Step, Order::SetUpAgain, Order::Quit]
        );
        assert_eq!(board.filter.text, "quit");
    }

    #[test]
    fn tab_goes_from_all_scenarios_through_each_and_back() {
        let mut board = board();
        let orders = type_in(&mut board, "+\t-\th\t+");
        assert_eq!(
            orders,
            [
                Order::Vus {
                    scenario: None,
                    more: true
                },
                Order::Vus {
                    scenario: Some(0),
                    more: false
                },
                Order::Hand { scenario: Some(1) },
                Order::Vus {
                    scenario: None,
                    more: true
                },
            ]
        );
    }

    #[test]
    fn control_c_quits_even_while_a_filter_is_written() {
        let mut board = board();
        type_in(&mut board, "/ab");
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(press(&mut board, key), Some(Order::Quit));
        let key = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(press(&mut board, key), Some(Order::Suspend));
    }
}
