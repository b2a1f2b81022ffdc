//! Locust's `PREFIX_stats.csv`, which `--csv PREFIX` writes.

use super::document::{About, empty};
use super::error::Flaw;
use super::sheet::{self, Requests};
use super::{Confidence, Importer, Shape, Source};
use crate::data::{Dialect, Records};
use crate::result::{RunResult, TrendSummary, ratio};
use crate::suggest::nearest;

/// The row that sums up all.
const ALL: &str = "Aggregated";
const NEEDED: [&str; 7] = [
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Average Response Time",
    "Requests/s",
    "95%",
];

/// `_stats.csv`.
pub struct Stats;

impl Importer for Stats {
    fn name(&self) -> &'static str {
        "locust"
    }

    fn title(&self) -> &'static str {
        "Locust _stats.csv"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let first = shape.first_line().replace('"', "");
        Confidence::when(first.starts_with("Type,Name,") && first.contains("Request Count"))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let dialect = Dialect::default();
        let mut records = Records::new(source.stream(), 0);
        let mut header: Option<Vec<String>> = None;
        let mut all = None;
        let mut rows = Vec::new();
        while records.advance()? {
            let line = records.line;
            let mut values = records.values(&dialect)?;
            let Some(header) = &header else {
                if let Some(first) = values.first_mut() {
                    *first = first.trim_start_matches('\u{feff}').to_owned();
                }
                check(&values, line)?;
                header = Some(values);
                continue;
            };
            if values.len() != header.len() {
                let what = format!(
                    "this row has {} values, and there are {} columns",
                    values.len(),
                    header.len()
                );
                let flaw = Flaw::at(line, what);
                return Err(if records.record.ends_with(b"\n") {
                    flaw
                } else {
                    flaw.help("the file is cut off; copy it again")
                });
            }
            let row = Row {
                header,
                values: &values,
            };
            let read = row.requests().map_err(|flaw| Flaw {
                line: Some(line),
                ..flaw
            })?;
            if row.text("Name") == ALL && row.text("Type").is_empty() {
                let per_second = row.number("Requests/s").map_err(|flaw| Flaw {
                    line: Some(line),
                    ..flaw
                })?;
                all = Some((read, per_second));
            } else {
                rows.push((
                    row.text("Name").to_owned(),
                    row.text("Type").to_owned(),
                    read,
                ));
            }
        }
        let Some((all, per_second)) = all else {
            return Err(Flaw::new(format!(
                "it has no row `{ALL}`: the file is cut off, or no summary"
            )));
        };
        if all.count == 0 {
            return Err(Flaw::new("it has no requests: nothing was measured"));
        }
        let mut result = empty(About {
            tool: "locust",
            script,
            seconds: ratio(all.count as f64, per_second),
            notes: vec![
                "Locust rounds response times before it takes percentiles: to two digits from 100 ms on".to_owned(),
            ],
            ..About::default()
        });
        sheet::requests(&mut result, &all, &rows)?;
        Ok(result)
    }
}

fn check(header: &[String], line: u64) -> Result<(), Flaw> {
    let missing = NEEDED
        .iter()
        .find(|needed| !header.iter().any(|name| name == *needed));
    match missing {
        None => Ok(()),
        Some(missing) => {
            let near = nearest(missing, header.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!(" (there is `{near}`)"));
            Err(Flaw::at(
                line,
                format!("the header has no column `{missing}`{near}"),
            ))
        }
    }
}

struct Row<'r> {
    header: &'r [String],
    values: &'r [String],
}

impl Row<'_> {
    fn text(&self, name: &str) -> &str {
        let at = self.header.iter().position(|column| column == name);
        at.and_then(|at| self.values.get(at))
            .map_or("", String::as_str)
    }

    /// NaN where Locust writes that it does not know.
    fn number(&self, name: &str) -> Result<f64, Flaw> {
        let text = self.text(name).trim();
        if matches!(text, "" | "N/A") {
            return Ok(f64::NAN);
        }
        match text.parse::<f64>() {
            Ok(number) if number < 0.0 => Err(Flaw::new(format!(
                "`{name}` is {number}: it cannot be negative"
            ))),
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(Flaw::new(format!("`{name}` is `{text}`, and no number"))),
        }
    }

    fn requests(&self) -> Result<Requests, Flaw> {
        let count = self.number("Request Count")?;
        let failed = self.number("Failure Count")?;
        if !(count.is_finite() && failed.is_finite()) {
            return Err(Flaw::new("it does not tell how many requests there were"));
        }
        if failed > count {
            return Err(Flaw::new(format!("{failed} of {count} requests failed")));
        }
        let durations = TrendSummary {
            count: count as u64,
            min: self.number("Min Response Time")?,
            max: self.number("Max Response Time")?,
            avg: self.number("Average Response Time")?,
            med: self.number("Median Response Time")?,
            p90: self.number("90%")?,
            p95: self.number("95%")?,
            p99: self.number("99%")?,
            p999: self.number("99.9%")?,
        };
        Ok(Requests {
            count: count as u64,
            failed: Some(failed as u64),
            durations,
        })
    }
}
