//! Logs of HdrHistogram (`.hlog`), as its `HistogramLogWriter` and the tools built on it write them.
//!
//! Each line is the histogram of an interval, perhaps with a tag, which becomes the `name` of its requests. The log itself does not say what
//! its values are; as in HdrHistogram's own tools, they are divided by the unit that the column `Interval_Max` is written in, and that is
//! taken for milliseconds, or for seconds where that makes the values nanoseconds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::document::About;
use super::error::Flaw;
use super::gather::Gatherer;
use super::timeline::{Moment, SECOND};
use super::{Confidence, Importer, Shape, Source};
use crate::metrics::Builtin;
use crate::metrics::histogram::variants;
use crate::result::RunResult;

/// Nanoseconds in a millisecond: what HdrHistogram divides by unless told otherwise.
const USUAL: f64 = 1e6;
/// Nanoseconds in a second.
const IN_SECONDS: f64 = 1e9;
/// The column has three digits behind the point.
const PRINTED: f64 = 0.001;
/// Times below this are counted from the start of the log, not from 1970.
const A_YEAR: f64 = 365.0 * 24.0 * 3600.0;

/// The log.
pub struct Log;

impl Importer for Log {
    fn name(&self) -> &'static str {
        "hdr-log"
    }

    fn title(&self) -> &'static str {
        "an HdrHistogram log (.hlog)"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let header = shape
            .text
            .contains("\"StartTimestamp\",\"Interval_Length\"");
        let histogram = shape.text.lines().any(|line| line.contains(",HIST"));
        if header || shape.text.contains("#[Histogram log format version") {
            Confidence::Sure
        } else if histogram {
            Confidence::Likely
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let mut reading = Reading::default();
        let mut lines = source.lines();
        loop {
            let (number, flaw) = match lines.advance()? {
                None => break,
                Some((number, line)) => {
                    let text = std::str::from_utf8(line)
                        .map_err(|_| Flaw::from(crate::data::not_utf8_line(line, number)))?;
                    match reading.line(text.trim()) {
                        Ok(()) => continue,
                        Err(flaw) => (number, flaw),
                    }
                }
            };
            let mut flaw = Flaw {
                line: Some(number),
                ..flaw
            };
            if !lines.was_whole() {
                flaw = flaw.help("the file ends in this line; it may be cut off");
            }
            return Err(flaw);
        }
        reading.finish(script)
    }
}

/// What is known so far.
struct Reading {
    gatherer: Gatherer,
    start: Option<f64>,
    base: Option<f64>,
    /// What values are divided by to be milliseconds, once it is known.
    unit: Option<f64>,
    /// Whether the column is in seconds.
    in_seconds: bool,
    intervals: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            gatherer: Gatherer::new(),
            start: None,
            base: None,
            unit: None,
            in_seconds: false,
            intervals: 0,
        }
    }
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), Flaw> {
        if let Some(comment) = line.strip_prefix('#') {
            let seconds = |label: &str| {
                let rest = comment.trim_start_matches('[').strip_prefix(label)?;
                rest.split_whitespace().next()?.parse::<f64>().ok()
            };
            self.start = self.start.or(seconds("StartTime:"));
            self.base = self.base.or(seconds("BaseTime:"));
            return Ok(());
        }
        if line.starts_with("\"StartTimestamp\"") {
            return Ok(());
        }
        let (tag, rest) = match line.strip_prefix("Tag=") {
            Some(tagged) => match tagged.split_once(',') {
                Some((tag, rest)) => (tag.trim(), rest),
                None => return Err(Flaw::new("there is nothing after the tag")),
            },
            None => ("", line),
        };
        let values: Vec<&str> = rest
            .split([',', ' '])
            .filter(|value| !value.is_empty())
            .collect();
        let [at, length, greatest, histogram] = values.as_slice() else {
            return Err(Flaw::new(format!(
                "an interval has 4 values (start, length, maximum, histogram), and here are {}",
                values.len()
            )));
        };
        let (at, length, greatest) = (
            number("start", at)?,
            number("length", length)?,
            number("maximum", greatest)?,
        );
        let packed = STANDARD
            .decode(histogram)
            .map_err(|error| Flaw::new(format!("the histogram is not base64: {error}")))?;
        let buckets = variants::read(&packed).map_err(|error| Flaw::new(error.to_string()))?;
        self.interval(tag, (at, length, greatest), &buckets)
    }

    fn interval(
        &mut self,
        tag: &str,
        (at, length, greatest): (f64, f64, f64),
        buckets: &[(u64, u64, u64)],
    ) -> Result<(), Flaw> {
        self.intervals += 1;
        let base = self.base.unwrap_or(match self.start {
            Some(start) if at < start - A_YEAR => start,
            _ => 0.0,
        });
        let from = ((base + at) * SECOND as f64) as Moment;
        let to = from.saturating_add((length * SECOND as f64) as i64);
        let unit = self.unit(greatest, buckets)?;
        let requests = self.gatherer.builtin(Builtin::HttpReqs, [("name", tag)]);
        let durations = self
            .gatherer
            .builtin(Builtin::HttpReqDuration, [("name", tag)]);
        for (low, high, times) in buckets {
            let middle = *low as f64 + (high - low) as f64 / 2.0;
            self.gatherer
                .add_many(durations, (from, to), middle / unit, *times)?;
            self.gatherer
                .add(requests, (from, to), *times as f64, "the number of values")?;
        }
        Ok(())
    }

    /// The greatest value of an interval, in both units, tells how they relate.
    fn unit(&mut self, greatest: f64, buckets: &[(u64, u64, u64)]) -> Result<f64, Flaw> {
        if let Some(unit) = self.unit {
            return Ok(unit);
        }
        let Some((_, high, _)) = buckets.last() else {
            return Ok(USUAL);
        };
        let fits = |unit: &f64| {
            let told = *high as f64 / unit;
            (told - greatest).abs() <= told * 0.1 + PRINTED
        };
        let fitting: Vec<f64> = [1.0, 1e3, USUAL, IN_SECONDS]
            .into_iter()
            .filter(fits)
            .collect();
        match fitting.as_slice() {
            [] => Err(Flaw::new(format!(
                "the greatest value of the histogram is {high}, and the column Interval_Max says {greatest}: no unit of time makes the one of the other, so it is not known what the values are"
            ))
            .help("write the log of nanoseconds with 1,000,000 as the ratio of units, so that the column has milliseconds")),
            [unit] => {
                self.in_seconds = *unit == IN_SECONDS;
                // Nobody measures picoseconds: it is the column that is in seconds.
                let unit = if self.in_seconds { USUAL } else { *unit };
                self.unit = Some(unit);
                Ok(unit)
            }
            // A value of next to nothing tells nothing.
            several => Ok(several.iter().copied().find(|unit| *unit == USUAL).unwrap_or(USUAL)),
        }
    }

    fn finish(self, script: String) -> Result<RunResult, Flaw> {
        if self.gatherer.samples() == 0 {
            return Err(Flaw::new(match self.intervals {
                0 => "there are no intervals in it: nothing was measured",
                _ => "all its intervals are empty: nothing was measured",
            }));
        }
        let unit = match self.unit.unwrap_or(USUAL) {
            1.0 => "milliseconds",
            1e3 => "microseconds",
            _ => "nanoseconds",
        };
        let column = match self.in_seconds {
            true => "seconds",
            false => "milliseconds",
        };
        Ok(self.gatherer.finish(About {
            tool: "hdrhistogram",
            script,
            notes: vec![
                format!("the values of the log were taken as {unit}, by the column Interval_Max in {column}"),
                "a histogram does not tell which requests failed".to_owned(),
            ],
            ..About::default()
        }))
    }
}

fn number(what: &str, text: &str) -> Result<f64, Flaw> {
    match text.parse::<f64>() {
        Ok(value) if value < 0.0 => Err(Flaw::new(format!(
            "the {what} of the interval is {value}: it cannot be negative"
        ))),
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(Flaw::new(format!(
            "the {what} of the interval is `{text}`, and no number"
        ))),
    }
}
