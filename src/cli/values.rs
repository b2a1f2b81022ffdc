//! Values on the command line: how they are read, and the words for formats.

use std::time::Duration;

use clap::ValueEnum;

use super::Failure;
use crate::chaos::{Touches, kubernetes};
use crate::exit;
use crate::logging;
use crate::output::prometheus::{Histograms, Names};
use crate::suggest::did_you_mean;
use crate::units;

/// How a command's output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    // Plain comments: a doc comment per value would make every help text twice as long.
    // For people.
    Text,
    // For programs.
    Json,
}

impl From<Format> for logging::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressFormat {
    Text,
    Ndjson,
}

/// What metrics are called in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrometheusNames {
    Rhaid,
    K6,
}

impl From<PrometheusNames> for Names {
    fn from(names: PrometheusNames) -> Self {
        match names {
            PrometheusNames::Rhaid => Self::Rhaid,
            PrometheusNames::K6 => Self::K6,
        }
    }
}

/// Which histograms are pushed to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrometheusHistograms {
    Classic,
    Native,
}

impl From<PrometheusHistograms> for Histograms {
    fn from(kind: PrometheusHistograms) -> Self {
        match kind {
            PrometheusHistograms::Classic => Self::Classic,
            PrometheusHistograms::Native => Self::Native,
        }
    }
}

pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// What faults may touch.
pub fn touches(text: &str) -> Result<Touches, String> {
    let names = Touches::ALL.map(Touches::name);
    let known = Touches::ALL
        .into_iter()
        .find(|kind| kind.name() == text.trim());
    known.ok_or_else(|| {
        did_you_mean(text, names)
            .unwrap_or_else(|| format!("faults may touch: {}", names.join(", ")))
    })
}

/// Whether this program can touch all of these.
///
/// # Errors
/// When it was built without what that takes.
pub fn check_kinds(kinds: &[Touches]) -> Result<(), Failure> {
    if kubernetes::IS_BUILT || !kinds.contains(&Touches::Kubernetes) {
        return Ok(());
    }
    let message = format!("error: {}", kubernetes::NOT_BUILT);
    Err(Failure::new(exit::USAGE, message))
}

/// A whole number within bounds.
fn whole(text: &str, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        _ if *bounds.end() == u64::MAX => {
            Err(format!("write a whole number, {} or more", bounds.start()))
        }
        _ => Err(format!(
            "write a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

pub fn vus(text: &str) -> Result<u32, String> {
    let number = whole(text, 1..=10_000_000)?;
    u32::try_from(number).map_err(|error| error.to_string())
}

pub fn iterations(text: &str) -> Result<u64, String> {
    whole(text, 1..=u64::MAX)
}

pub fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0..=u64::MAX)
}

pub fn workers(text: &str) -> Result<u16, String> {
    let number = whole(text, 1..=1024)?;
    u16::try_from(number).map_err(|error| error.to_string())
}

pub fn duration(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).map_err(|error| error.to_string())
}

pub fn duration_text(text: &str) -> Result<String, String> {
    duration(text).map(|_| text.to_owned())
}

pub fn rate_text(text: &str) -> Result<String, String> {
    let rate: Result<units::Rate, _> = text.parse();
    rate.map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

pub fn fraction(text: &str) -> Result<f64, String> {
    units::parse_fraction(text).map_err(|error| error.to_string())
}

/// The smallest relative change that matters.
pub fn margin(text: &str) -> Result<f64, String> {
    match fraction(text)? {
        value if value > 0.0 && value <= 0.5 => Ok(value),
        _ => Err("write a share from above 0% to 50%, such as 2%".to_owned()),
    }
}

pub fn clean_runs(text: &str) -> Result<u32, String> {
    let number = whole(text, 1..=1_000)?;
    u32::try_from(number).map_err(|error| error.to_string())
}

/// How narrow an interval is to be, as a share of its value.
pub fn narrow(text: &str) -> Result<f64, String> {
    match fraction(text)? {
        share if share > 0.0 && share <= 0.5 => Ok(share),
        _ => Err("write a share above 0 and up to 50%, such as 2%".to_owned()),
    }
}

pub fn scale(text: &str) -> Result<f64, String> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse::<f64>(),
    };
    match value {
        Ok(value) if value.is_finite() && value > 0.0 && value <= 1000.0 => Ok(value),
        _ => Err("write a factor above 0, such as 0.05 or 5%".to_owned()),
    }
}
