//! The split view on a terminal: what comes is drawn, keys are read.

use std::io::{Stdout, stdout};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event as Input};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, disable_raw_mode, enable_raw_mode};

use super::board::Board;
use super::canvas::Canvas;
use super::keys::press;
use super::picture::draw;
use super::{Event, Order, Screen, Setting};
use crate::vu::tap::Happening;

/// Draws on a terminal, which it gives back as it was.
pub struct Split {
    board: Board,
    terminal: Terminal<CrosstermBackend<Canvas<Stdout>>>,
    /// Something is to be seen that has not been drawn.
    stale: bool,
    /// The second of the clock that is seen.
    second: u64,
    /// The terminal is someone else's.
    away: bool,
}

impl Split {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be drawn on.
    pub fn open(setting: Setting) -> std::io::Result<Self> {
        // Sets the terminal up, and sees to it that a panic gives it back; its own way to draw sends a frame in many pieces.
        drop(ratatui::try_init()?);
        let terminal = Terminal::new(CrosstermBackend::new(Canvas::new(stdout())));
        Ok(Self {
            board: Board::new(setting),
            terminal: terminal.inspect_err(|_| ratatui::restore())?,
            stale: true,
            second: 0,
            away: false,
        })
    }

    fn draw(&mut self) {
        let second = self.board.elapsed().as_secs();
        if !std::mem::take(&mut self.stale) && second == self.second {
            return;
        }
        self.second = second;
        let board = &self.board;
        // What cannot be drawn now is drawn the next time, if there is one.
        let _ = self.terminal.draw(|frame| draw(frame, board));
    }
}

impl Drop for Split {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back; one that was given back already stays as it is.
        if !self.away {
            let _ = ratatui::try_restore();
        }
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
        if self.away {
            std::thread::sleep(patience);
            return Vec::new();
        }
        self.draw();
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

    fn leave(&mut self) {
        self.away = true;
        let _ = ratatui::try_restore();
    }

    fn enter(&mut self) {
        // The shell has set the terminal as it likes it, and this side does not know.
        let _ = disable_raw_mode();
        let _ = enable_raw_mode();
        let _ = execute!(stdout(), EnterAlternateScreen);
        let _ = self.terminal.clear();
        self.away = false;
        self.stale = true;
    }
}
