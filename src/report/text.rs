//! Texts in so many columns: shortened, wrapped.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Which part of a text gives way to an ellipsis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Middle,
    End,
    /// As `Middle`, but what stands in brackets at the end stays: `GET /ro…ms [guests]`.
    BeforePlace,
}

/// A name cut to fewer columns tells nobody which one it is.
const RECOGNISABLE: usize = 10;

/// A note in lines of at most `width` columns. Prose is wrapped, further in from its second line on; a line of a script is cut, since its
/// end means nothing in another column.
pub fn note_lines(text: &str, width: usize, unicode: bool) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    // In the frame that is drawn around a script's lines, prose follows a bar.
    let (frame, prose) = match text.split_once("│ ") {
        Some((before, prose)) if before.trim().is_empty() => (format!("{before}│ "), prose),
        _ if text.contains(['│', '╭', '╰', '─', '┬']) => {
            return vec![shorten(text, width, Cut::End, unicode)];
        }
        _ => (String::new(), text),
    };
    if prose.contains(['─', '╰', '┬']) {
        return vec![shorten(text, width, Cut::End, unicode)];
    }
    let inner = prose.trim_start();
    let indent = prose.len() - inner.len();
    let hang = indent
        + if inner.starts_with("Help:") || inner.starts_with("Note:") {
            6
        } else {
            2
        };
    let first = format!("{frame}{}", " ".repeat(indent));
    let next = format!("{frame}{}", " ".repeat(hang));
    let room = width.saturating_sub(next.width());
    if room < 16 {
        return vec![shorten(text, width, Cut::End, unicode)];
    }
    wrap(inner, room)
        .into_iter()
        .enumerate()
        .map(|(at, line)| format!("{}{line}", if at == 0 { &first } else { &next }))
        .collect()
}

/// `text` in at most `width` columns, with an ellipsis where something was left out.
pub fn shorten(text: &str, width: usize, cut: Cut, unicode: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let dots = if unicode { "…" } else { ".." };
    let Some(room) = width.checked_sub(dots.width()) else {
        return ".".repeat(width);
    };
    match cut {
        Cut::End => format!("{}{dots}", head(text, room)),
        Cut::Middle => {
            let reversed: String = text.chars().rev().collect();
            let tail: String = head(&reversed, room / 2).chars().rev().collect();
            format!("{}{dots}{tail}", head(text, room - room / 2))
        }
        Cut::BeforePlace => {
            let place = text.rfind(" [").filter(|_| text.ends_with(']'));
            let (name, place) = text.split_at(place.unwrap_or(text.len()));
            match width.checked_sub(place.width()) {
                Some(left) if left >= RECOGNISABLE => {
                    format!("{}{place}", shorten(name, left, Cut::Middle, unicode))
                }
                _ => shorten(text, width, Cut::Middle, unicode),
            }
        }
    }
}

/// `text` in lines of at most `width` columns, broken at spaces, and inside a word only when it alone is too long.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= width {
            line.push_str(if gap == 1 { " " } else { "" });
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while rest.width() > width {
            let piece = match head(rest, width) {
                // One character wider than the whole line: take it all the same, to come to an end.
                "" => rest.split_inclusive(|_| true).next().unwrap_or(rest),
                piece => piece,
            };
            lines.push(piece.to_owned());
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
        line.push_str(rest);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The longest beginning of `text` that takes at most `width` columns.
pub fn head(text: &str, width: usize) -> &str {
    let mut end = 0;
    let mut used = 0;
    for (start, char) in text.char_indices() {
        // A variation selector can widen the character before it, so it is counted as a column of its own.
        let wide = match char {
            '\u{fe0f}' => 1,
            _ => char.width().unwrap_or(0),
        };
        if used + wide > width {
            break;
        }
        used += wide;
        end = start + char.len_utf8();
    }
    text.get(..end).unwrap_or_default()
}
