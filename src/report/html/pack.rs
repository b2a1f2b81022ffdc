//! The result as data within the page: for the charts, and to be saved again as a file that rhaid reads.
//!
//! A page must stay small enough to be mailed and opened at once, so what grows with the number of endpoints is made lighter: the
//! distributions of single tag sets are left out, all of these sets where there are very many, and values over time are rounded. Totals keep
//! every bit, distributions included, so that the saved document is judged and compared as the run's own file is.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::harmless::is_command;
use crate::result::{
    Column, IntervalRow, IntervalValues, Intervals, MetricResult, MetricSeries, MetricValues,
    RunResult, TimeSeries,
};

/// From this length on, the data are packed: below, every browser and every eye can read them as they are.
const PLAIN: usize = 200_000;
/// More tag sets than this are left out: what they hold beyond the rows of the endpoints is in the run's own file.
const TAG_SETS: usize = 2_000;
/// Of the levels 0 to 9.
const FAST: u32 = 3;
/// Significant digits of the run's values over time.
const DIGITS: i32 = 4;
/// Those of a single endpoint's, of which there may be a great many.
const FEWER_DIGITS: i32 = 3;

/// Data between script tags.
#[derive(Debug, Serialize)]
pub struct Packed {
    /// The type of the script element, which tells the page's script how to read it.
    pub kind: &'static str,
    pub text: String,
    /// What a reader must know about it.
    pub about: String,
}

/// The result as it goes into a page.
///
/// # Errors
/// When its options cannot be written as JSON.
pub fn pack(result: &RunResult) -> serde_json::Result<Packed> {
    let json = serde_json::to_string(&lighter(result))?;
    let about = about(result);
    if json.len() <= PLAIN {
        return Ok(Packed {
            kind: "application/json",
            text: embeddable(&json),
            about,
        });
    }
    Ok(Packed {
        kind: "application/gzip+base64",
        text: STANDARD.encode(zipped(json.as_bytes())),
        about,
    })
}

/// A fast level: a page of a thousand endpoints is made in a moment, and somewhat larger than it could be.
fn zipped(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(data.len() / 4), Compression::new(FAST));
    // A vector takes every byte.
    let written = encoder.write_all(data);
    debug_assert!(written.is_ok(), "{written:?}");
    encoder.finish().unwrap_or_default()
}

fn about(result: &RunResult) -> String {
    let mut text =
        "The result is in this page; what is saved can be reported, judged and compared as the run's own file."
            .to_owned();
    let sets = || result.metrics.iter().flat_map(|metric| &metric.series);
    let has_distribution = |series: &&MetricSeries| {
        matches!(
            series.values,
            MetricValues::Trend {
                histogram: Some(_),
                ..
            }
        )
    };
    let all = sets().count();
    let without = sets().filter(has_distribution).count();
    if all > TAG_SETS {
        let _ = write!(
            text,
            " Left out are the values of {} single tag sets; endpoints and totals are there.",
            super::super::format::thousands(all as u64)
        );
    } else if without > 0 {
        let _ = write!(
            text,
            " Left out are the distributions of {} (their percentiles are there); totals keep theirs.",
            super::super::format::plural(without as u64, "single tag set", "single tag sets")
        );
    }
    let _ = write!(
        text,
        " Values over time are rounded to {DIGITS} digits, those of single endpoints to {FEWER_DIGITS}."
    );
    text
}

/// JSON that may stand between script tags: no `<` can end or begin one, and no line separator can break it in older readers.
pub fn embeddable(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 64);
    for c in json.chars() {
        // All of these stand within strings only, where an escape means the same.
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            c if is_command(c) => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

fn lighter(result: &RunResult) -> RunResult {
    RunResult {
        version: result.version,
        tool: result.tool.clone(),
        run: result.run.clone(),
        options: result.options.clone(),
        verdict: result.verdict.clone(),
        slos: result.slos.clone(),
        scenarios: result.scenarios.clone(),
        endpoints: result.endpoints.clone(),
        checks: result.checks.clone(),
        errors: result.errors.clone(),
        metrics: {
            let sets: usize = result.metrics.iter().map(|m| m.series.len()).sum();
            let metrics = result.metrics.iter();
            metrics
                .map(|m| lighter_metric(m, sets <= TAG_SETS))
                .collect()
        },
        time_series: rounded_series(&result.time_series),
        slow_requests: result.slow_requests.clone(),
        faults: result.faults.clone(),
        anomalies: result.anomalies.clone(),
        intervals: Intervals {
            interval_seconds: result.intervals.interval_seconds,
            start_seconds: result.intervals.start_seconds,
            covered_seconds: result.intervals.covered_seconds,
            rows: result.intervals.rows.iter().map(rounded_row).collect(),
        },
        generator: result.generator,
    }
}

fn lighter_metric(metric: &MetricResult, with_series: bool) -> MetricResult {
    let kept = if with_series { &metric.series[..] } else { &[] };
    let series = kept.iter().map(|series| MetricSeries {
        tags: series.tags.clone(),
        values: match &series.values {
            MetricValues::Trend { summary, .. } => MetricValues::Trend {
                summary: *summary,
                histogram: None,
            },
            other => other.clone(),
        },
    });
    MetricResult {
        name: metric.name.clone(),
        kind: metric.kind,
        contains: metric.contains,
        description: metric.description.clone(),
        series: series.collect(),
        total: metric.total.clone(),
    }
}

fn rounded_series(series: &TimeSeries) -> TimeSeries {
    TimeSeries {
        interval_seconds: series.interval_seconds,
        start_seconds: series.start_seconds,
        covered_seconds: series.covered_seconds,
        columns: series
            .columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                unit: column.unit.clone(),
                combine: column.combine,
                values: column
                    .values
                    .iter()
                    .map(|v| v.map(|v| rounded(v, DIGITS)))
                    .collect(),
            })
            .collect(),
    }
}

fn rounded_row(row: &IntervalRow) -> IntervalRow {
    // Of the totals there are few, and comparisons are made of them.
    if row.tags.is_empty() {
        return row.clone();
    }
    let all = |values: &[Option<f64>]| {
        let rounded = values.iter().map(|v| v.map(|v| rounded(v, FEWER_DIGITS)));
        rounded.collect()
    };
    let values = match &row.values {
        IntervalValues::Trend {
            counts,
            means,
            medians,
            p95s,
            histograms,
        } => IntervalValues::Trend {
            counts: counts.clone(),
            means: all(means),
            medians: all(medians),
            p95s: all(p95s),
            histograms: histograms.clone(),
        },
        IntervalValues::Gauge { values } => IntervalValues::Gauge {
            values: all(values),
        },
        other => other.clone(),
    };
    IntervalRow {
        metric: row.metric.clone(),
        tags: row.tags.clone(),
        values,
    }
}

/// A number with so many significant digits; whole numbers as they are.
fn rounded(value: f64, digits: i32) -> f64 {
    if value.fract() == 0.0 || !value.is_finite() {
        return value;
    }
    let places = digits - 1 - value.abs().log10().floor() as i32;
    // Dividing by a power of ten gives the float nearest to the decimal, which is then written with these digits alone.
    if places <= 0 {
        return value.round();
    }
    let factor = 10f64.powi(places);
    let scaled = (value * factor).round() / factor;
    if scaled.is_finite() { scaled } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;
    use proptest::prelude::*;

    #[test]
    fn what_was_embedded_is_a_result_again() {
        for (name, result) in sample::all() {
            let packed = pack(&result).unwrap();
            assert_eq!(packed.kind, "application/json", "{name}");
            let again: RunResult = serde_json::from_str(&packed.text).unwrap();
            assert_eq!(again, lighter(&result), "{name}");
            assert_eq!(again.metrics[0].total, result.metrics[0].total);
            assert_eq!(again.slos, result.slos);
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let packed = pack(&sample::passing()).unwrap();
        assert!(
            packed.about.contains("Left out are the distributions of"),
            "{}",
            packed.about
        );
        let mut result = sample::passing();
        result.metrics.clear();
        let packed = pack(&result).unwrap();
        assert!(!packed.about.contains("Left out"), "{}", packed.about);
    }

    #[test]
    fn a_large_result_is_packed_and_comes_out_whole() {
        use std::io::Read;
        let mut result = sample::passing();
        let row = result.endpoints[0].clone();
        result.endpoints = vec![row; 2_000];
        let packed = pack(&result).unwrap();
        assert_eq!(packed.kind, "application/gzip+base64");
        let bytes = STANDARD.decode(&packed.text).unwrap();
        let mut json = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut json)
            .unwrap();
        assert_eq!(
            serde_json::from_str::<RunResult>(&json).unwrap(),
            lighter(&result)
        );
    }

    #[test]
    fn data_hold_nothing_that_ends_a_script_element() {
        let text = embeddable(r#"{"name":"</script><!--<script>&\u2028"}"#);
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert!(!embeddable("\"\u{2028}\u{2029}\"").contains(['\u{2028}', '\u{2029}']));
    }

    proptest! {
        #[test]
        fn any_text_comes_out_of_the_page_as_it_went_in(text in "\\PC*") {
            let json = serde_json::to_string(&text).unwrap();
            let again: String = serde_json::from_str(&embeddable(&json)).unwrap();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn rounding_changes_a_value_by_less_than_its_last_digit(value in -1e12f64..1e12) {
            let near = rounded(value, DIGITS);
            prop_assert!((near - value).abs() <= value.abs() * 5.1e-4 + 0.5 * f64::from(u8::from(value.abs() > 1e3)));
        }
    }

    #[test]
    fn rounded_numbers_are_short() {
        let shown = [
            0.123456,
            12.3456,
            12345.678,
            0.000_012_345_6,
            7.0,
            123_456.0,
        ]
        .map(|value| rounded(value, DIGITS));
        assert_eq!(shown, [0.1235, 12.35, 12346.0, 0.00001235, 7.0, 123_456.0]);
    }
}
