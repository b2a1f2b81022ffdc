//! Texts of scripts, servers and files on their way to a terminal: what would move its cursor, change its colours or turn the text around
//! must not reach it.

use std::borrow::Cow;

/// Stands for a character that must not be written.
pub const REPLACED: char = '\u{fffd}';

/// Whether a character does something to a terminal instead of being seen on it.
pub fn is_command(c: char) -> bool {
    let is_layout = c == '\t' || c == '\n';
    // The others turn around what follows, so that a text reads as another one than it is.
    (c.is_control() && !is_layout) || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text without commands; tabs and line ends stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if text.contains(is_command) {
        Cow::Owned(text.replace(is_command, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text in one line, for a cell of a table or a name within a sentence: colours are taken out, and what would end the line or ring a bell is a space.
pub fn line(text: &str) -> String {
    console::strip_ansi_codes(text)
        .chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            c if is_command(c) => REPLACED,
            c => c,
        })
        .collect()
}

/// A text in its lines, for surfaces that are no terminal: colours and control characters are taken out.
pub fn lines(text: &str) -> String {
    console::strip_ansi_codes(text)
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .map(|c| if is_command(c) { REPLACED } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_replaced_and_layout_stays() {
        assert_eq!(text("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(line("a\u{1b}[31mb\nc\u{7}\u{202e}"), "ab c \u{fffd}");
        assert_eq!(lines("a\u{1b}[31mb\n\tc\u{7}\u{202e}"), "ab\n\tc\u{fffd}");
        assert!(matches!(text("Grüße\n\tan 🏨"), Cow::Borrowed(_)));
    }
}
