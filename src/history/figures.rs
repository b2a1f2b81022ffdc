//! What is remembered of a run: a few figures of each metric and endpoint.

use std::collections::BTreeMap;

use crate::result::{MetricValues, RunResult, TrendSummary};

/// Which statistic of a metric a figure is, by the name that stands in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Count,
    PerSecond,
    Value,
    Rate,
    Avg,
    Med,
    P90,
    P95,
    P99,
    Max,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Count,
        Self::PerSecond,
        Self::Value,
        Self::Rate,
        Self::Avg,
        Self::Med,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::Max,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::PerSecond => "per_second",
            Self::Value => "value",
            Self::Rate => "rate",
            Self::Avg => "avg",
            Self::Med => "med",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Max => "max",
        }
    }
}

/// One figure of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub metric: String,
    /// `GET rooms`, or nothing where it is over all.
    pub endpoint: String,
    pub kind: Kind,
    pub value: f64,
}

/// All figures of a result. What is no number is left out.
pub fn figures(result: &RunResult) -> Vec<Figure> {
    let mut found = Vec::new();
    for metric in &result.metrics {
        let values = match &metric.total {
            MetricValues::Counter { count, rate } => {
                vec![(Kind::Count, *count), (Kind::PerSecond, *rate)]
            }
            MetricValues::Gauge { value, max, .. } => {
                vec![(Kind::Value, *value), (Kind::Max, *max)]
            }
            MetricValues::Rate { rate, total, .. } if *total > 0 => vec![(Kind::Rate, *rate)],
            MetricValues::Rate { .. } => Vec::new(),
            MetricValues::Trend { summary, .. } => of_trend(summary),
        };
        found.extend(values.into_iter().map(|(kind, value)| Figure {
            metric: metric.name.clone(),
            endpoint: String::new(),
            kind,
            value,
        }));
    }
    found.extend(endpoints(result));
    found.retain(|figure| figure.value.is_finite());
    found
}

fn of_trend(summary: &TrendSummary) -> Vec<(Kind, f64)> {
    if summary.count == 0 {
        return Vec::new();
    }
    vec![
        (Kind::Avg, summary.avg),
        (Kind::Med, summary.med),
        (Kind::P90, summary.p90),
        (Kind::P95, summary.p95),
        (Kind::P99, summary.p99),
        (Kind::Max, summary.max),
    ]
}

/// Of each name and method: requests, failures, and the response times of the row with the most requests.
fn endpoints(result: &RunResult) -> Vec<Figure> {
    let mut rows: BTreeMap<String, (u64, u64, u64, TrendSummary)> = BTreeMap::new();
    for row in &result.endpoints {
        let name = format!("{} {}", row.method, row.name);
        let (requests, failed, most, duration) = rows.entry(name).or_default();
        *requests += row.requests;
        *failed += row.failed;
        if row.requests >= *most {
            (*most, *duration) = (row.requests, row.duration);
        }
    }
    let mut found = Vec::new();
    for (endpoint, (requests, failed, _, duration)) in rows {
        let mut add = |metric: &str, kind, value| {
            found.push(Figure {
                metric: metric.to_owned(),
                endpoint: endpoint.clone(),
                kind,
                value,
            });
        };
        add("http_reqs", Kind::Count, requests as f64);
        if requests > 0 {
            add(
                "http_req_failed",
                Kind::Rate,
                failed as f64 / requests as f64,
            );
        }
        for (kind, value) in of_trend(&duration) {
            if matches!(kind, Kind::Med | Kind::P95 | Kind::P99) {
                add("http_req_duration", kind, value);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn own_metrics_and_endpoints_are_remembered_like_any_other() {
        let found = figures(&sample::passing());
        let value = |metric: &str, endpoint: &str, kind| {
            let is = |figure: &&Figure| {
                (
                    figure.metric.as_str(),
                    figure.endpoint.as_str(),
                    figure.kind,
                ) == (metric, endpoint, kind)
            };
            found.iter().find(is).map(|figure| figure.value)
        };
        assert_eq!(value("rooms_booked", "", Kind::Count), Some(2_149.0));
        assert_eq!(
            value("http_reqs", "POST reserve", Kind::Count),
            Some(2_149.0)
        );
        assert!(value("http_req_duration", "", Kind::P95).is_some());
        let mut names: Vec<_> = found
            .iter()
            .map(|f| (&f.metric, &f.endpoint, f.kind))
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), found.len(), "a figure is there twice");
    }
}
