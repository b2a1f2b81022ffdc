//! Correlation: a value that a response gave and a later request carries is read from that response.
//!
//! A value is followed if it is one that nobody would send by chance (long, of letters and digits), or if its name says so on
//! both sides: an `id` in a path, a `token` in a field called `token`, a `room` that is the `id` of one of the `rooms`.
//! What the client sent before any response had it, comes from the client, and is no value of a response.

use std::collections::{HashMap, HashSet, VecDeque};

use super::found::Found;
use crate::convert::emit::words::{Names, identifier};
use crate::convert::journey::Extraction;
use crate::convert::text::Text;
use crate::secrets::is_secret_name;

/// Where in a request a value stands.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A whole segment of the path.
    Path,
    /// A field or header of that name.
    Field(&'a str),
    /// A part of a longer text.
    Within,
}

/// What responses gave so far.
#[derive(Default)]
pub struct Correlator {
    /// By value: steps and what was found in them, oldest first.
    known: HashMap<String, VecDeque<(usize, Found)>>,
    /// What the client came up with itself.
    sent: HashSet<u64>,
    /// Variables by the value that they had in the recording, with the step that gives it.
    variables: HashMap<String, (String, usize, Found)>,
    /// Steps whose values were followed since [`Self::take_used`] was asked.
    used: HashSet<usize>,
    /// What is extracted from the responses, by step.
    pub extractions: HashMap<usize, Vec<Extraction>>,
    pub names: Names,
}

/// Places of one value that are kept: a `1` that is everywhere would be looked for everywhere.
const MOST_PLACES: usize = 32;

/// Sets of characters at which a text is taken apart, ever finer.
const CUTS: [&str; 3] = [" \t\r\n,;&?\"'<>(){}[]|", "/=:@", "."];

impl Correlator {
    /// What a response gave.
    pub fn learn(&mut self, step: usize, noun: &str, found: Vec<Found>) {
        for mut value in found {
            if self.sent.contains(&hash(&value.value)) {
                continue;
            }
            // A mere `id` is one of what was asked for.
            if matches!(value.name.as_str(), "id" | "_id" | "uuid") && !noun.is_empty() {
                value.name = format!("{noun}_{}", value.name.trim_start_matches('_'));
            }
            let places = self.known.entry(value.value.clone()).or_default();
            // The newest are those that it will be read from.
            if places.len() >= MOST_PLACES {
                places.pop_front();
            }
            places.push_back((step, value));
        }
    }

    /// Notes that the client came up with a value, if no response had it before.
    pub fn sent(&mut self, value: &str) {
        if !self.known.contains_key(value) {
            self.sent.insert(hash(value));
        }
    }

    /// The variable that holds a value, if it is to be followed to this place.
    pub fn whole(&mut self, value: &str, place: Place<'_>) -> Option<String> {
        if let Some((variable, step, found)) = self.variables.get(value)
            && follows(value, &found.name, place)
        {
            self.used.insert(*step);
            return Some(variable.clone());
        }
        let places = self.known.get(value)?;
        let near = places
            .iter()
            .rev()
            .filter(|(_, found)| follows(value, &found.name, place));
        let chosen = near
            .clone()
            .find(|(_, found)| found.unique)
            .or_else(|| near.clone().next())?;
        let (step, found) = (chosen.0, chosen.1.clone());
        let variable = self.names.unique(&identifier(&found.name, "value"));
        self.extractions.entry(step).or_default().push(Extraction {
            variable: variable.clone(),
            source: found.source.clone(),
        });
        self.used.insert(step);
        self.variables
            .insert(value.to_owned(), (variable.clone(), step, found));
        Some(variable)
    }

    /// The steps whose values were followed since this was last asked.
    pub fn take_used(&mut self) -> HashSet<usize> {
        std::mem::take(&mut self.used)
    }

    /// A text with variables where values of responses stand, alone or in between.
    pub fn text(&mut self, text: &str, place: Place<'_>) -> Text {
        match self.whole(text, place) {
            Some(variable) => Text::code(variable),
            None => {
                let mut made = Text::default();
                self.pieces(text, &CUTS, &mut made);
                made
            }
        }
    }

    fn pieces(&mut self, text: &str, cuts: &[&str], made: &mut Text) {
        let Some((cut, finer)) = cuts.split_first() else {
            made.push(text);
            return;
        };
        let mut piece_began = 0;
        let ends = text
            .char_indices()
            .filter(|(_, c)| cut.contains(*c))
            .map(|(at, c)| (at, at + c.len_utf8()))
            .chain([(text.len(), text.len())]);
        for (end, next) in ends.collect::<Vec<_>>() {
            let piece = text.get(piece_began..end).unwrap_or_default();
            match self.whole(piece, Place::Within) {
                Some(variable) => made.push_code(variable),
                None => self.pieces(piece, finer, made),
            }
            made.push(text.get(end..next).unwrap_or_default());
            piece_began = next;
        }
    }

    /// How many values are followed.
    pub fn count(&self) -> usize {
        self.variables.len()
    }
}

fn hash(value: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

fn follows(value: &str, name: &str, place: Place<'_>) -> bool {
    if is_date(value) {
        return false;
    }
    if is_telling(value) {
        return true;
    }
    let identifies = is_id_name(name) || is_secret_name(name);
    match place {
        Place::Within => false,
        Place::Path => identifies && value.len() >= 2 && !value.contains(' '),
        Place::Field(field) => {
            let (name, field) = (fold(name), fold(field));
            let stem = name.strip_suffix("id").unwrap_or(&name);
            value.len() >= 2
                && identifies
                && (field == name || field == stem || field.strip_suffix("id") == Some(stem))
        }
    }
}

fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn is_id_name(name: &str) -> bool {
    let snake = identifier(name, "value");
    let last = snake.rsplit('_').next().unwrap_or_default();
    matches!(
        last,
        "id" | "uuid"
            | "guid"
            | "key"
            | "code"
            | "number"
            | "slug"
            | "ref"
            | "reference"
            | "nonce"
            | "csrf"
            | "xsrf"
            | "state"
    )
}

/// Whether nobody would send that by chance: letters and digits, and enough of them.
fn is_telling(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let distinct = value.bytes().collect::<HashSet<u8>>().len();
    !value.contains(|c: char| c.is_whitespace() || c == ',')
        && !value.contains("://")
        && distinct >= 5
        && (letters > 0 && digits > 0 && value.len() >= 8
            || distinct >= 12 && value.len() >= 20
            || letters == 0 && digits == value.len() && value.len() >= 9)
}

/// `2026-07-01`, alone or with a time.
pub fn is_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    bytes.len() >= 10
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(10).is_none_or(|next| matches!(next, b'T' | b' '))
}

/// Five groups of hexadecimal digits.
pub fn is_uuid(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Whether a segment of a path is one of many: a number, a UUID, or as telling as one.
pub fn is_variable(segment: &str) -> bool {
    is_uuid(segment)
        || is_date(segment)
        || !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit())
        || segment.len() >= 16 && is_telling(segment) && !segment.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::journey::Source;

    fn found(name: &str, value: &str) -> Found {
        Found {
            value: value.to_owned(),
            source: Source::Json(name.to_owned()),
            name: name.to_owned(),
            unique: true,
        }
    }

    #[test]
    fn values_are_followed_where_chance_would_not_put_them() {
        let mut correlator = Correlator::default();
        let learned = vec![
            found("id", "17"),
            found("token", "abc123def456"),
            found("flag", "true"),
            found("count", "1"),
            found("from", "2026-07-01"),
            found("room_id", "room-double"),
        ];
        correlator.learn(0, "reservation", learned);
        let mut follow = |value: &str, place| correlator.whole(value, place);
        assert_eq!(follow("17", Place::Path).as_deref(), Some("reservation_id"));
        assert_eq!(follow("17", Place::Field("nights")), None);
        assert_eq!(follow("true", Place::Field("flag")), None);
        assert_eq!(follow("1", Place::Field("count")), None);
        assert_eq!(follow("2026-07-01", Place::Field("from")), None);
        let room = follow("room-double", Place::Field("room"));
        assert_eq!(room.as_deref(), Some("room_id"));
        let bearer = correlator.text("Bearer abc123def456", Place::Field("authorization"));
        assert_eq!(bearer.outline(), "Bearer …");
        assert_eq!(correlator.extractions.get(&0).map(Vec::len), Some(3));
    }

    #[test]
    fn what_the_client_sent_first_is_its_own() {
        let mut correlator = Correlator::default();
        correlator.sent("guest-12345");
        correlator.learn(0, "", vec![found("guest", "guest-12345")]);
        assert_eq!(correlator.whole("guest-12345", Place::Path), None);
    }
}
