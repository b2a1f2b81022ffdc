//! `time`: clocks and dates. A moment is a number: seconds since 1970.

use std::borrow::Cow;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult};
use time::format_description::well_known::Rfc3339;
use time::format_description::{OwnedFormatItem, parse_strftime_owned};
use time::macros::format_description;
use time::parsing::Parsed;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime};

use super::basics::duration_of;
use super::{Fallible, error, number};
use crate::script::trial;

/// The clock of scripts. In a test it is ahead by what was slept.
pub fn now_utc() -> OffsetDateTime {
    OffsetDateTime::now_utc() + trial::ahead()
}

fn moment(value: &Dynamic) -> Fallible<OffsetDateTime> {
    let seconds = number(value, "a moment")?;
    let nanos = (seconds * 1e9).round();
    match OffsetDateTime::from_unix_timestamp_nanos(nanos as i128) {
        Ok(moment) if seconds.is_finite() => Ok(moment),
        _ => error(format!(
            "{seconds} seconds since 1970 is no moment of the calendar"
        )),
    }
}

fn seconds_of(moment: OffsetDateTime) -> f64 {
    moment.unix_timestamp_nanos() as f64 / 1e9
}

fn format_of(format: &str) -> Fallible<OwnedFormatItem> {
    parse_strftime_owned(format).or_else(|why| {
        error(format!(
            "`{format}` is not a format of dates: {why}\nhelp: it is written as for strftime: \"%Y-%m-%d %H:%M:%S\""
        ))
    })
}

/// A text as RFC 3339 has it, or a date alone.
fn read(text: &str) -> Option<OffsetDateTime> {
    let date = format_description!("[year]-[month]-[day]");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| Date::parse(text, &date).map(|date| date.midnight().assume_utc()))
        .ok()
}

/// A text in a format, which may name an offset, no offset, or only a date.
fn read_as(text: &str, format: &OwnedFormatItem) -> Option<OffsetDateTime> {
    let mut parsed = Parsed::new();
    let rest = parsed.parse_item(text.as_bytes(), format).ok()?;
    if !rest.is_empty() {
        return None;
    }
    OffsetDateTime::try_from(parsed)
        .or_else(|_| PrimitiveDateTime::try_from(parsed).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| Date::try_from(parsed).map(|date| date.midnight().assume_utc()))
        .ok()
}

/// A duration of a script, which may go back: "-1d", -3.5.
fn shift(value: &Dynamic) -> Fallible<f64> {
    if let Ok(seconds) = number(value, "a duration") {
        return Ok(seconds);
    }
    let text = value.to_string();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, Cow::Borrowed(rest)),
        None => (1.0, Cow::Borrowed(text.as_str())),
    };
    Ok(sign * duration_of(&rest.into_owned().into())?.as_secs_f64())
}

#[export_module(manifest)]
pub mod time_module {
    /// Milliseconds since 1970.
    pub fn now_ms() -> i64 {
        (now_utc().unix_timestamp_nanos() / 1_000_000) as i64
    }

    /// Seconds since 1970.
    pub fn now() -> f64 {
        seconds_of(now_utc())
    }

    /// Whole seconds since 1970, as tokens and signatures have them.
    pub fn unix() -> i64 {
        now_utc().unix_timestamp()
    }

    #[rhai_fn(name = "iso")]
    pub fn iso_now() -> String {
        now_utc().format(&Rfc3339).unwrap_or_default()
    }

    /// A moment, or now, in UTC, as RFC 3339: "2026-01-31T09:30:00Z".
    #[rhai_fn(name = "iso", return_raw)]
    pub fn iso(moment: Dynamic) -> Result<String, Box<EvalAltResult>> {
        let moment = super::moment(&moment)?;
        moment
            .format(&Rfc3339)
            .or_else(|why| error(why.to_string()))
    }

    /// A moment, in UTC, in a format as of strftime: `time::format(time::now(), "%d.%m.%Y %H:%M")`.
    #[rhai_fn(return_raw)]
    pub fn format(moment: Dynamic, format: &str) -> Result<String, Box<EvalAltResult>> {
        let (moment, format) = (super::moment(&moment)?, format_of(format)?);
        moment.format(&format).or_else(|why| error(why.to_string()))
    }

    /// The moment that a text names: RFC 3339 or a date, or what the format says. Without an offset it is UTC.
    #[rhai_fn(name = "parse", return_raw)]
    pub fn parse(text: &str) -> Result<f64, Box<EvalAltResult>> {
        match read(text) {
            Some(moment) => Ok(seconds_of(moment)),
            None => error(format!(
                "`{text}` is not a date as in \"2026-01-31\" or \"2026-01-31T09:30:00Z\"\nhelp: a second argument says how it is written: \"%d.%m.%Y\""
            )),
        }
    }

    #[rhai_fn(name = "parse", return_raw)]
    pub fn parse_as(text: &str, format: &str) -> Result<f64, Box<EvalAltResult>> {
        match read_as(text, &format_of(format)?) {
            Some(moment) => Ok(seconds_of(moment)),
            None => error(format!("`{text}` is not a date as in `{format}`")),
        }
    }

    /// A moment so much later; with a minus, earlier: `time::add(time::now(), "-1d")`.
    #[rhai_fn(return_raw)]
    pub fn add(moment: Dynamic, duration: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        Ok(number(&moment, "a moment")? + shift(&duration)?)
    }

    /// The date so many days from today, in UTC: "2026-01-31".
    pub fn date(days: i64) -> String {
        let moment = now_utc().checked_add(Duration::days(days.clamp(-1_000_000, 1_000_000)));
        let format = format_description!("[year]-[month]-[day]");
        moment
            .and_then(|moment| moment.format(&format).ok())
            .unwrap_or_default()
    }
}
