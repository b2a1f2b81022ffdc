//! `time`: clocks and dates.

use rhai::plugin::*;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

#[export_module(manifest)]
pub mod time_module {
    /// Milliseconds since 1970.
    pub fn now_ms() -> i64 {
        (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
    }

    /// Seconds since 1970.
    pub fn now() -> f64 {
        OffsetDateTime::now_utc().unix_timestamp_nanos() as f64 / 1e9
    }

    /// Now, in UTC, as RFC 3339: "2026-01-31T09:30:00Z".
    pub fn iso() -> String {
        OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .unwrap_or_default()
    }

    /// The date so many days from today, in UTC: "2026-01-31".
    pub fn date(days: i64) -> String {
        let moment = OffsetDateTime::now_utc()
            .checked_add(Duration::days(days.clamp(-1_000_000, 1_000_000)));
        let format = format_description!("[year]-[month]-[day]");
        moment
            .and_then(|moment| moment.format(&format).ok())
            .unwrap_or_default()
    }
}
