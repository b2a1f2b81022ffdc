//! Colours.

use ratatui::style::{Color, Modifier, Style};

use super::entry::Tone;

/// Styles, or none where colours are not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub colour: bool,
}

impl Paint {
    fn in_colour(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.in_colour(Color::Green),
            Tone::Bad => self.in_colour(Color::Red),
            Tone::Careful => self.in_colour(Color::Yellow),
            Tone::Plain => Style::new(),
            Tone::Faint => self.faint(),
        }
    }

    pub fn faint(self) -> Style {
        self.in_colour(Color::DarkGray)
    }

    pub fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Something to be seen across the room.
    pub fn loud(self, tone: Tone) -> Style {
        self.tone(tone)
            .add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// The row that is looked at.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}
