//! All metrics as one table, a row for each metric and tag set: for spreadsheets and scripts.

use super::{Look, Report, ReportError};
use crate::harmless;
use crate::result::{MetricValues, RunResult, TrendSummary};

/// A table.
pub(super) struct Csv;

const HEADER: [&str; 17] = [
    "metric",
    "tags",
    "kind",
    "count",
    "rate",
    "passes",
    "value",
    "min",
    "max",
    "avg",
    "med",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "run",
    "started_at",
];

impl Report for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "a table of all metrics by tag set"
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        let wrong = |error: &dyn std::fmt::Display| ReportError::Template(error.to_string());
        let mut table = ::csv::Writer::from_writer(Vec::new());
        table.write_record(HEADER).map_err(|error| wrong(&error))?;
        for metric in &result.metrics {
            let total = (String::new(), &metric.total);
            let series = metric.series.iter().map(|series| {
                let tags: Vec<String> = series
                    .tags
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                (tags.join(" "), &series.values)
            });
            for (tags, values) in std::iter::once(total).chain(series) {
                let row = row(&metric.name, &tags, values, result);
                table.write_record(&row).map_err(|error| wrong(&error))?;
            }
        }
        let bytes = table.into_inner().map_err(|error| wrong(&error))?;
        String::from_utf8(bytes).map_err(|error| wrong(&error))
    }
}

fn row(metric: &str, tags: &str, values: &MetricValues, result: &RunResult) -> Vec<String> {
    let kind = format!("{:?}", values.kind()).to_lowercase();
    let mut cells = vec![text_cell(metric), text_cell(tags), kind];
    let mut rest = vec![String::new(); 12];
    let mut put = |at: usize, value: f64| {
        // What another tool does not tell stays empty.
        if let Some(cell) = rest.get_mut(at).filter(|_| value.is_finite()) {
            *cell = value.to_string();
        }
    };
    match values {
        MetricValues::Counter { count, rate } => {
            put(0, *count);
            put(1, *rate);
        }
        MetricValues::Rate {
            rate,
            passes,
            total,
        } => {
            put(0, *total as f64);
            put(1, *rate);
            put(2, *passes as f64);
        }
        MetricValues::Gauge { value, min, max } => {
            put(3, *value);
            put(4, *min);
            put(5, *max);
        }
        MetricValues::Trend { summary, .. } => {
            put(0, summary.count as f64);
            if summary.count > 0 {
                let TrendSummary {
                    min,
                    max,
                    avg,
                    med,
                    p90,
                    p95,
                    p99,
                    p999,
                    ..
                } = *summary;
                for (at, value) in (4..).zip([min, max, avg, med, p90, p95, p99, p999]) {
                    put(at, value);
                }
            }
        }
    }
    cells.extend(rest);
    cells.push(text_cell(&result.run.id));
    cells.push(text_cell(&result.run.started_at));
    cells
}

/// A text as a cell of a table: a spreadsheet does not take it for a formula, nor a terminal for a command. Numbers need no such care.
pub fn text_cell(text: &str) -> String {
    let text = harmless::text(text);
    // The wide ones are folded to the others by some.
    match text.starts_with(['=', '+', '-', '@', '\t', '\n', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn there_is_a_row_for_each_metric_and_tag_set_and_all_are_as_wide() {
        for (name, result) in sample::all() {
            let text = Csv.render(&result, &Look::default()).unwrap();
            let mut table = ::csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<_> = table.records().map(Result::unwrap).collect();
            let expected: usize = result
                .metrics
                .iter()
                .map(|metric| 1 + metric.series.len())
                .sum();
            assert_eq!(rows.len(), expected, "{name}");
            assert!(rows.iter().all(|row| row.len() == HEADER.len()), "{name}");
        }
    }

    #[test]
    fn values_stand_under_their_heads_and_no_name_is_a_formula() {
        let mut result = sample::passing();
        result.metrics[0].series[0]
            .tags
            .insert("a".to_owned(), "=1+1".to_owned());
        result.metrics.truncate(1);
        result.metrics[0].name = "=cmd".to_owned();
        result.run.id = "+1\u{1b}[2J".to_owned();
        let text = Csv.render(&result, &Look::default()).unwrap();
        assert!(text.contains("'=cmd"), "{text}");
        assert!(text.contains("'+1\u{fffd}[2J"), "{text}");
        let mut table = ::csv::Reader::from_reader(text.as_bytes());
        let head = table.headers().unwrap().clone();
        let row = table.records().next().unwrap().unwrap();
        let at = |name: &str| {
            row.get(head.iter().position(|cell| cell == name).unwrap())
                .unwrap()
        };
        assert_eq!(at("kind"), "counter");
        assert_eq!(at("count"), "8596");
    }
}
