//! What wrk and wrk2 print.

use super::document::{About, empty};
use super::error::Flaw;
use super::sheet::{self, Requests};
use super::{Confidence, Importer, Shape, Source};
use crate::metrics::Contains;
use crate::result::{RunResult, TrendSummary};

/// Of what it prints, in bytes; wrk2 adds a table of percentiles.
const LARGEST: u64 = 4 << 20;

/// The text.
pub struct Text;

impl Importer for Text {
    fn name(&self) -> &'static str {
        "wrk"
    }

    fn title(&self) -> &'static str {
        "the output of wrk"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let begins = shape
            .text
            .lines()
            .any(|line| line.starts_with("Running ") && line.contains(" test @ "));
        Confidence::when(begins && shape.text.contains("threads and"))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let file = source.name().to_owned();
        let text = source.text(LARGEST)?;
        let mut found = Found::default();
        for (number, line) in (1..).zip(text.lines()) {
            found.line(line.trim()).map_err(|flaw| Flaw {
                line: Some(number),
                ..flaw
            })?;
        }
        found.finish(file)
    }
}

/// What has been read.
#[derive(Debug)]
struct Found {
    target: Option<String>,
    connections: Option<f64>,
    durations: TrendSummary,
    requests: Option<u64>,
    seconds: f64,
    bytes: f64,
    refused: u64,
    sockets: u64,
    corrected: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            target: None,
            connections: None,
            durations: TrendSummary::unknown(0),
            requests: None,
            seconds: 0.0,
            bytes: 0.0,
            refused: 0,
            sockets: 0,
            corrected: false,
        }
    }
}

impl Found {
    fn line(&mut self, line: &str) -> Result<(), Flaw> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Running", .., "@", target] => {
                self.once(self.target.is_none())?;
                self.target = Some((*target).to_owned());
            }
            [_, "threads", "and", connections, "connections", ..] => {
                self.connections = connections.parse().ok();
            }
            ["Latency", avg, _, max, ..] if avg.starts_with(|c: char| c.is_ascii_digit()) => {
                self.durations.avg = milliseconds(avg)?;
                self.durations.max = milliseconds(max)?;
            }
            // wrk2, whose times count from when a request should have been sent.
            ["Latency", "Distribution", rest @ ..] => {
                self.corrected = rest.contains(&"Recorded");
            }
            // In the other table of wrk2 times count from when a request was sent.
            ["Uncorrected", ..] | ["Detailed", ..] => {}
            [percent, value] if percent.ends_with('%') => self.percentile(percent, value)?,
            [count, "requests", "in", took, bytes, "read"] => {
                self.once(self.requests.is_none())?;
                let count = count
                    .parse()
                    .map_err(|_| Flaw::new(format!("`{count}` is no number of requests")))?;
                self.requests = Some(count);
                self.seconds = milliseconds(took.trim_end_matches(','))? / 1e3;
                self.bytes = size(bytes)?;
            }
            ["Socket", "errors:", counts @ ..] => {
                for count in counts
                    .iter()
                    .filter_map(|word| word.trim_end_matches(',').parse::<u64>().ok())
                {
                    self.sockets = self.sockets.saturating_add(count);
                }
            }
            ["Non-2xx", .., count] => {
                self.refused = count
                    .parse()
                    .map_err(|_| Flaw::new(format!("`{count}` is no number of responses")))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What wrk prints once may not come again.
    fn once(&self, first: bool) -> Result<(), Flaw> {
        if first {
            return Ok(());
        }
        Err(
            Flaw::new("here begins the output of another run of wrk: the file holds several, and figures of different runs cannot be judged as one")
                .help("write the output of each run to a file of its own"),
        )
    }

    fn percentile(&mut self, percent: &str, value: &str) -> Result<(), Flaw> {
        let slot = match percent.trim_end_matches('%').parse::<f64>() {
            Ok(50.0) => &mut self.durations.med,
            Ok(90.0) => &mut self.durations.p90,
            Ok(95.0) => &mut self.durations.p95,
            Ok(99.0) => &mut self.durations.p99,
            Ok(99.9) => &mut self.durations.p999,
            _ => return Ok(()),
        };
        // wrk2 may print a second table, without its correction, after the first.
        if slot.is_nan() {
            *slot = milliseconds(value)?;
        }
        Ok(())
    }

    fn finish(self, file: String) -> Result<RunResult, Flaw> {
        let Some(answered) = self.requests else {
            return Err(Flaw::new(
                "it is cut off: the line with the number of requests is missing",
            )
            .help("wrk prints it at its end; let it finish"));
        };
        let all = Requests {
            count: answered.saturating_add(self.sockets),
            failed: Some(self.refused.saturating_add(self.sockets)),
            durations: TrendSummary {
                count: answered,
                ..self.durations
            },
        };
        if all.count == 0 {
            return Err(Flaw::new("it has no requests: nothing was measured"));
        }
        if self.refused > answered {
            return Err(Flaw::new(format!(
                "{} of {answered} responses were not 2xx or 3xx",
                self.refused
            )));
        }
        let mut notes = Vec::new();
        if self.durations.med.is_nan() {
            notes.push("wrk printed no percentiles; run it with `--latency`".to_owned());
        }
        if self.corrected {
            notes.push(
                "wrk2 counts response times from when a request should have been sent".to_owned(),
            );
        }
        let seconds = self.seconds;
        let mut result = empty(About {
            tool: "wrk",
            script: self.target.unwrap_or(file),
            seconds,
            notes,
            ..About::default()
        });
        sheet::requests(&mut result, &all, &[])?;
        let bytes = sheet::counter(self.bytes, seconds);
        result
            .metrics
            .push(sheet::metric("data_received", Contains::Data, bytes));
        if let Some(connections) = self.connections {
            let values = crate::result::MetricValues::Gauge {
                value: connections,
                min: connections,
                max: connections,
            };
            result
                .metrics
                .push(sheet::metric("vus", Contains::Default, values));
        }
        result.metrics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(result)
    }
}

/// A time as wrk writes it.
fn milliseconds(text: &str) -> Result<f64, Flaw> {
    let factor = [
        ("us", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 60e3),
        ("h", 3600e3),
    ];
    let found = factor.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        (number >= 0.0 && number.is_finite()).then_some(number * factor)
    });
    found.ok_or_else(|| Flaw::new(format!("`{text}` is no time")))
}

/// An amount of data as wrk writes it, in steps of 1,024.
fn size(text: &str) -> Result<f64, Flaw> {
    let text = text.trim_end_matches(',');
    let factor = [
        ("KB", 1024.0),
        ("MB", 1048576.0),
        ("GB", 1073741824.0),
        ("TB", 1099511627776.0),
        ("B", 1.0),
    ];
    let found = factor.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        (number >= 0.0 && number.is_finite()).then_some(number * factor)
    });
    found.ok_or_else(|| Flaw::new(format!("`{text}` is no amount of data")))
}
