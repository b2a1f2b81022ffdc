//! How long texts may be that a run keeps: names in every sample's tags, messages in every report.
//!
//! A script may put a whole page into a name; kept for each worker, each metric and each second, that would fill
//! the memory long before any other bound is met. What is too long is cut where it is first kept.

use std::borrow::Cow;
use std::rc::Rc;

/// Of a name, a tag's key or value, a check, the path of a group; in characters.
pub const NAME: usize = 256;

/// Of a message of an error or a reason; in characters.
pub const MESSAGE: usize = 2_048;

/// Of what is shown of one error, and of a line of a log; in characters.
pub const TEXT: usize = 8_192;

/// Tags that a script puts on one sample, or on all of an iteration.
pub const TAGS: usize = 64;

/// Groups within groups.
pub const GROUP_DEPTH: usize = 16;

/// Stands where a text was cut.
pub const CUT: char = '…';

/// The place to cut at, if the text has more than `most` characters.
fn end(text: &str, most: usize) -> Option<usize> {
    if text.len() <= most {
        return None;
    }
    // One more is there, or it need not be cut.
    text.char_indices().nth(most)?;
    text.char_indices()
        .nth(most.saturating_sub(1))
        .map(|(at, _)| at)
}

/// A name that is fit to be kept.
pub fn name(text: &str) -> Cow<'_, str> {
    match end(text, NAME) {
        None => Cow::Borrowed(text),
        Some(end) => Cow::Owned(format!("{}{CUT}", &text[..end])),
    }
}

/// The same for a name that is shared.
pub fn shared_name(text: Rc<str>) -> Rc<str> {
    match name(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(short) => short.into(),
    }
}

/// Cuts a text to `most` characters.
pub fn shorten(text: &mut String, most: usize) {
    if let Some(end) = end(text, most) {
        text.truncate(end);
        text.push(CUT);
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        for (text, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöü", 3, "äöü"),
            ("äöüß", 3, "äö…"),
            ("🏨🏨", 1, "…"),
            ("", 0, ""),
        ] {
            let mut short = text.to_owned();
            shorten(&mut short, most);
            assert_eq!(short, expected);
            let again = short.clone();
            shorten(&mut short, most);
            assert_eq!(short, again);
        }
    }

    #[test]
    fn a_name_that_fits_is_not_copied() {
        assert!(matches!(name("reserve"), Cow::Borrowed(_)));
        let long = "ü".repeat(NAME + 1);
        assert_eq!(name(&long).chars().count(), NAME);
        let shared: Rc<str> = "reserve".into();
        assert!(Rc::ptr_eq(&shared, &shared_name(shared.clone())));
    }
}
