//! What a metric and its labels are called in Prometheus.
//!
//! Own names follow its conventions: a prefix, base units (seconds, bytes) as a suffix, `_total` for what only grows. Those of k6 are
//! the ones that its remote write gives, for dashboards that exist already.

use crate::metrics::{Builtin, Contains, MetricInfo, MetricKind};

/// Whose names are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Names {
    #[default]
    Rhaid,
    K6,
}

/// Which histograms are pushed. Those that are scraped depend on what the scraper asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Histograms {
    #[default]
    Classic,
    Native,
}

/// What kind of family a series belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    Counter,
    Gauge,
    Histogram,
}

/// A single number about a trend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    Min,
    Max,
    Mean,
    Percentile(f64),
}

/// Which part of what is known of a series a Prometheus series shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// All of a counter.
    Total,
    /// How often a rate was true, or was not.
    Trues,
    Falses,
    /// The share of a rate that was true.
    Share,
    /// A gauge's latest value.
    Last,
    /// All of a trend.
    Distribution,
    /// One number about a trend since the start.
    Stat(Stat),
}

/// A Prometheus series that a metric gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The family's name, without `_total`.
    pub family: String,
    pub kind: FamilyKind,
    pub part: Part,
    /// A label beside those of the tags.
    pub label: Option<(&'static str, &'static str)>,
}

/// What k6 says of a trend, by the end of the name.
const K6_STATS: [(&str, Stat); 8] = [
    ("min", Stat::Min),
    ("max", Stat::Max),
    ("avg", Stat::Mean),
    ("med", Stat::Percentile(50.0)),
    ("p50", Stat::Percentile(50.0)),
    ("p90", Stat::Percentile(90.0)),
    ("p95", Stat::Percentile(95.0)),
    ("p99", Stat::Percentile(99.0)),
];

/// The Prometheus series that a metric gives.
pub fn shown(info: &MetricInfo, names: Names) -> Vec<Shown> {
    let unit = match info.contains {
        Contains::Time => "seconds",
        Contains::Data => "bytes",
        Contains::Default => "",
    };
    let (prefix, name) = (names.prefix(), info.name.as_str());
    let plain = || format!("{prefix}_{name}");
    let with_unit = || with_suffix(&plain(), unit);
    let one = |family: String, kind, part| Shown {
        family,
        kind,
        part,
        label: None,
    };
    let counted = |part, label| Shown {
        label,
        ..one(without_total(plain()), FamilyKind::Counter, part)
    };
    match (info.kind, names) {
        (MetricKind::Counter, Names::Rhaid) => vec![one(
            with_suffix(&without_total(plain()), unit),
            FamilyKind::Counter,
            Part::Total,
        )],
        (MetricKind::Counter, Names::K6) => vec![counted(Part::Total, None)],
        // The whole of it is the number of requests, which is there.
        (MetricKind::Rate, Names::Rhaid) if name == Builtin::HttpReqFailed.definition().name => {
            vec![counted(Part::Trues, None)]
        }
        (MetricKind::Rate, Names::Rhaid) => vec![
            counted(Part::Trues, Some(("result", "true"))),
            counted(Part::Falses, Some(("result", "false"))),
        ],
        (MetricKind::Rate, Names::K6) => {
            let family = format!("{}_rate", plain());
            vec![one(family, FamilyKind::Gauge, Part::Share)]
        }
        (MetricKind::Gauge, Names::Rhaid) => vec![one(with_unit(), FamilyKind::Gauge, Part::Last)],
        (MetricKind::Gauge, Names::K6) => vec![one(plain(), FamilyKind::Gauge, Part::Last)],
        (MetricKind::Trend, names) => {
            let whole = one(with_unit(), FamilyKind::Histogram, Part::Distribution);
            let stats = K6_STATS.iter().filter(|_| names == Names::K6);
            let stats = stats.map(|(end, stat)| {
                one(
                    format!("{}_{end}", plain()),
                    FamilyKind::Gauge,
                    Part::Stat(*stat),
                )
            });
            std::iter::once(whole).chain(stats).collect()
        }
    }
}

impl Names {
    /// What all names begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Rhaid => "rhaid",
            Self::K6 => "k6",
        }
    }
}

/// The name with a suffix, unless it ends with it already.
fn with_suffix(name: &str, suffix: &str) -> String {
    match name.strip_suffix(suffix) {
        Some(before) if suffix.is_empty() || before.ends_with('_') => name.to_owned(),
        _ => format!("{name}_{suffix}"),
    }
}

fn without_total(name: String) -> String {
    match name.strip_suffix("_total") {
        Some(before) => before.to_owned(),
        None => name,
    }
}

/// What a metric is about, in a sentence.
pub fn help(info: &MetricInfo) -> String {
    match Builtin::by_name(&info.name) {
        Some(metric) => metric.definition().description.to_owned(),
        None => format!("{}, recorded by the script", info.name),
    }
}

/// A tag's key as a label: letters, digits and `_`. Names that mean something to Prometheus itself get `tag_` before them.
pub fn label(key: &str) -> String {
    let harmless = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => c,
        _ => '_',
    };
    let name: String = key.chars().map(harmless).collect();
    let is_taken = matches!(
        name.as_str(),
        "" | "le" | "quantile" | "result" | "job" | "instance"
    );
    match name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with("__") || is_taken {
        true => format!("tag_{name}"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn families(name: &str, kind: MetricKind, contains: Contains, names: Names) -> Vec<String> {
        let info = MetricInfo {
            name: name.to_owned(),
            kind,
            contains,
        };
        shown(&info, names)
            .into_iter()
            .map(|shown| shown.family)
            .collect()
    }

    #[test]
    fn own_names_have_base_units_once() {
        use Contains::{Data, Default as Plain, Time};
        use MetricKind::{Counter, Gauge, Rate, Trend};
        let rhaid = |name, kind, contains| families(name, kind, contains, Names::Rhaid).remove(0);
        for (name, kind, contains, expected) in [
            (
                "http_req_duration",
                Trend,
                Time,
                "rhaid_http_req_duration_seconds",
            ),
            ("wait_seconds", Trend, Time, "rhaid_wait_seconds"),
            ("basket", Trend, Plain, "rhaid_basket"),
            ("data_sent", Counter, Data, "rhaid_data_sent_bytes"),
            ("orders_total", Counter, Plain, "rhaid_orders"),
            ("checks", Rate, Plain, "rhaid_checks"),
            ("vus", Gauge, Plain, "rhaid_vus"),
            ("cache", Gauge, Data, "rhaid_cache_bytes"),
        ] {
            assert_eq!(rhaid(name, kind, contains), expected);
        }
    }

    #[test]
    fn names_of_k6_are_those_of_its_remote_write() {
        let trend = families(
            "http_req_duration",
            MetricKind::Trend,
            Contains::Time,
            Names::K6,
        );
        assert_eq!(trend[0], "k6_http_req_duration_seconds");
        assert!(trend.contains(&"k6_http_req_duration_p99".to_owned()));
        let rate = families("checks", MetricKind::Rate, Contains::Default, Names::K6);
        assert_eq!(rate, ["k6_checks_rate"]);
        let sent = families("data_sent", MetricKind::Counter, Contains::Data, Names::K6);
        assert_eq!(sent, ["k6_data_sent"]);
    }

    #[test]
    fn labels_that_mean_something_to_prometheus_are_told_apart() {
        assert_eq!(label("le"), "tag_le");
        assert_eq!(label("__name__"), "tag___name__");
        assert_eq!(label("2nd"), "tag_2nd");
        assert_eq!(label("día-x"), "d_a_x");
    }

    proptest! {
        #[test]
        fn every_label_is_one_that_prometheus_takes(key in ".*") {
            let label = label(&key);
            prop_assert!(label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
            prop_assert!(label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
            prop_assert!(!label.starts_with("__"));
        }
    }
}
