//! Our own results.

use super::error::Flaw;
use super::{Confidence, Importer, Shape, Source, sheet};
use crate::result::{Contains, MetricValues, ReadError, RunResult, parse};

/// Of a result, in bytes: thousands of tag sets, each with its histograms.
const LARGEST: u64 = 512 << 20;

/// A result of rhaid.
pub struct Own;

impl Importer for Own {
    fn name(&self) -> &'static str {
        "rhaid"
    }

    fn title(&self) -> &'static str {
        "a rhaid result"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let parts = ["tool/name", "run", "verdict", "slos"];
        let found = parts.iter().filter(|part| shape.has(part)).count();
        match (shape.has("version"), found) {
            (true, 2..) => Confidence::Sure,
            (true, 1) | (false, 2..) => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let name = source.name().to_owned();
        let result = parse(name.as_ref(), &source.whole(LARGEST)?).map_err(flaw)?;
        check(&result)?;
        Ok(result)
    }
}

/// The same mistake for a message that names the file itself.
fn flaw(error: ReadError) -> Flaw {
    match error {
        ReadError::Empty { .. } => Flaw::new("the file is empty"),
        ReadError::Truncated { line, .. } => Flaw::at(
            line as u64,
            "the result is cut off: it ends in the middle of the document",
        )
        .help("copy or download it again"),
        ReadError::NotJson { message, .. } => Flaw::new(format!("it is not JSON: {message}")),
        ReadError::NotAResult { message, .. } => {
            Flaw::new(format!("it is no rhaid result: {message}"))
        }
        ReadError::UnknownVersion { found, .. } => Flaw::new(format!(
            "the result has version {found}, and this rhaid reads version {}",
            crate::result::VERSION
        ))
        .help("read it with the rhaid that wrote it, or a newer one"),
        other => Flaw::new(other.to_string()),
    }
}

/// What no run can have measured.
fn check(result: &RunResult) -> Result<(), Flaw> {
    let seconds = result.run.duration_seconds;
    if !(seconds >= 0.0 && seconds.is_finite()) {
        return Err(Flaw::new(format!(
            "`duration_seconds` is {seconds}: a run cannot last so long"
        )));
    }
    for metric in &result.metrics {
        let series = metric.series.iter().map(|series| &series.values);
        for values in series.chain([&metric.total]) {
            if values.kind() != metric.kind {
                return Err(Flaw::new(format!(
                    "`{}` is a {}, but has values of a {}",
                    metric.name,
                    metric.kind,
                    values.kind()
                )));
            }
            match values {
                MetricValues::Trend { summary, .. } if metric.contains == Contains::Time => {
                    sheet::not_negative(&metric.name, summary)?;
                }
                MetricValues::Rate { passes, total, .. } if passes > total => {
                    return Err(Flaw::new(format!(
                        "`{}` was true {passes} times of {total}",
                        metric.name
                    )));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
