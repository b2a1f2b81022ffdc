//! What is drawn on: a frame goes out in one piece, and the terminal is told where it begins and ends, so that none is seen that is
//! half done.

use std::io::Write;

use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};

/// Keeps what is written until it is flushed.
pub struct Canvas<W> {
    out: W,
    frame: Vec<u8>,
}

impl<W: Write> Canvas<W> {
    pub fn new(out: W) -> Self {
        let frame = Vec::new();
        Self { out, frame }
    }
}

impl<W: Write> Write for Canvas<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.frame.is_empty() {
            queue!(self.frame, BeginSynchronizedUpdate)?;
        }
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        queue!(self.frame, EndSynchronizedUpdate)?;
        // What a terminal does not take is drawn the next time, not twice.
        let frame = std::mem::take(&mut self.frame);
        self.out.write_all(&frame)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::CrosstermBackend;
    use ratatui::layout::Rect;
    use ratatui::widgets::Paragraph;
    use ratatui::{TerminalOptions, Viewport};

    use super::*;

    /// Notes what came in which piece.
    struct Pieces(Vec<Vec<u8>>);

    impl Write for &mut Pieces {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_piece_with_a_beginning_and_an_end() {
        let mut pieces = Pieces(Vec::new());
        let area = Rect::new(0, 0, 200, 50);
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let backend = CrosstermBackend::new(Canvas::new(&mut pieces));
        let mut terminal = Terminal::with_options(backend, options).unwrap();
        for word in ["one ", "two "] {
            let text = Paragraph::new([word.repeat(50).as_str(); 50].join("\n"));
            let draw = |frame: &mut ratatui::Frame<'_>| frame.render_widget(text, area);
            terminal.draw(draw).unwrap();
        }
        drop(terminal);
        let frames: Vec<String> = pieces
            .0
            .iter()
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .filter(|piece| piece.contains("one") || piece.contains("two"))
            .collect();
        assert_eq!(frames.len(), 2, "{frames:?}");
        for frame in frames {
            assert!(frame.starts_with("\u{1b}[?2026h") && frame.ends_with("\u{1b}[?2026l"));
            assert!(frame.len() > 8_000, "{}", frame.len());
        }
    }
}
