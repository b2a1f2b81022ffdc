//! Texts: by format, by pattern, by what their name says, and of the right length.

use serde_json::Value as Json;

use super::hints::{self, Fake, Hint};
use super::{Made, Place, pattern};
use crate::convert::openapi::schema::Schema;

/// Characters of a made text at most, however many it must have.
const LONGEST: usize = 4_096;

/// A text of a schema.
pub fn make(schema: &Schema<'_>, place: Place<'_>) -> Made {
    let length = Length {
        least: schema.count("minLength").unwrap_or(0),
        most: schema.count("maxLength").unwrap_or(usize::MAX),
    };
    if let Some(format) = schema.text("format")
        && let Some(made) = of_format(format, place)
        && made
            .as_text()
            .is_none_or(|text| length.holds(text.chars().count()))
    {
        return made;
    }
    if let Some(expression) = schema.text("pattern")
        && let Some(text) = pattern::example(expression, length.least, length.most)
    {
        return Made::text(text);
    }
    match hints::hint(place.name, place.owner) {
        Some(Hint::Fake(fake)) if length.takes(fake) => made_up(fake),
        Some(Hint::Same(text)) if length.holds(text.chars().count()) => Made::text(text),
        _ if length.takes(hints::WORD) => made_up(hints::WORD),
        _ => length.filled(),
    }
}

/// What a format asks for; `None` for one that says nothing.
fn of_format(format: &str, place: Place<'_>) -> Option<Made> {
    Some(match format {
        "date" => Made::call("time::date(7)", "2031-05-02"),
        "date-time" => Made::call("time::iso()", "2031-05-02T09:30:00Z"),
        "time" => Made::text("09:30:00Z"),
        "duration" => Made::text("P1D"),
        "email" | "idn-email" => made_up(hints::EMAIL),
        "uuid" | "guid" => made_up(hints::UUID),
        "uri" | "url" | "iri" => Made::text("https://example.com/"),
        "uri-reference" | "iri-reference" => Made::text("/example"),
        "hostname" | "idn-hostname" => Made::text("example.com"),
        "ipv4" => Made::text("192.0.2.1"),
        "ipv6" => Made::text("2001:db8::1"),
        "byte" | "base64" | "base64url" => Made::text("ZXhhbXBsZQ=="),
        "binary" => Made::text("example"),
        "json-pointer" => Made::text("/example"),
        "regex" => Made::text("^example$"),
        "phone" => of_name("phone", place)?,
        "password" => of_name("password", place)?,
        _ => return None,
    })
}

fn of_name(name: &str, place: Place<'_>) -> Option<Made> {
    match hints::hint(name, place.owner)? {
        Hint::Fake(fake) => Some(made_up(fake)),
        Hint::Same(text) => Some(Made::text(text)),
    }
}

fn made_up(fake: Fake) -> Made {
    Made::call(fake.code, fake.like)
}

impl Made {
    /// The text that it is, or is like.
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(Json::String(text)) => Some(text),
            Self::Call { like, .. } => like.as_str(),
            _ => None,
        }
    }
}

/// How long a text is to be, in characters.
#[derive(Debug, Clone, Copy)]
struct Length {
    least: usize,
    most: usize,
}

impl Length {
    fn holds(self, length: usize) -> bool {
        self.least <= length && length <= self.most
    }

    fn takes(self, fake: Fake) -> bool {
        self.least <= fake.length.0 && fake.length.1 <= self.most
    }

    /// A text of the right length that says nothing.
    fn filled(self) -> Made {
        let length = self.least.max(8).min(self.most).min(LONGEST);
        if length == 0 {
            return Made::text("");
        }
        let like: String = "example".chars().cycle().take(length).collect();
        Made::call(format!("fake::password({length})"), like)
    }
}
