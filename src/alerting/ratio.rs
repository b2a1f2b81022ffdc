//! What share of events is bad by an objective, in PromQL, and how large a share may be.

use super::promql::{bucket, matchers, number};
use crate::metrics::{Builtin, Contains, MetricInfo, MetricKind};
use crate::output::prometheus::{Names, SECONDS, Shown, shown};
use crate::slo::{Aggregate, Direction, Objective, Selector, Threshold};

/// Between two rates of buckets of one histogram: the second where there is no first.
const OR_ELSE: &str = "\nor ignoring (le)\n";

/// The bad share of an objective's events.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// What counts as bad, in words.
    pub bad: String,
    /// The share that may be bad.
    pub budget: f64,
    sums: Sums,
    /// What a reader of the rule must know.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Sums {
    /// Counters of bad events and of all.
    Bad { bad: String, all: String },
    /// A histogram. Where a metric may be called in several ways, by each: runs have one of them.
    Good(Vec<Form>),
}

impl Ratio {
    /// The bad share by an objective; why it has none, if it is not about a share of events.
    ///
    /// # Errors
    /// A clause that goes on after "it cannot burn, for".
    pub fn of(objective: &Objective) -> Result<Self, String> {
        match objective.target.aggregate {
            Aggregate::Rate => of_rate(objective),
            Aggregate::Percentile(percentile) => of_percentile(objective, percentile.get()),
            Aggregate::Med => of_percentile(objective, 50.0),
            other => Err(format!("`{other}` is no share of events")),
        }
    }

    /// The share over a window, keeping these labels apart.
    pub fn expression(&self, window: &str, kept: &[&str]) -> String {
        let by = match kept.is_empty() {
            true => String::new(),
            false => format!(" by ({})", kept.join(", ")),
        };
        let rate = |counter: &String| format!("rate({counter}[{window}])");
        // Series by series: what one run lacks, another may have.
        let sum = |rates: Vec<String>| match rates.as_slice() {
            [only] => format!("sum{by} ({only})"),
            several => format!("sum{by} (\n{}\n)", several.join(OR_ELSE)),
        };
        match &self.sums {
            Sums::Bad { bad, all } => {
                format!("{}\n/\n{}", sum(vec![rate(bad)]), sum(vec![rate(all)]))
            }
            Sums::Good(forms) => {
                let good = forms.iter().flat_map(|form| form.good.iter().map(rate));
                let all = forms.iter().map(|form| match form.good.as_slice() {
                    [only] if form.is_rare => {
                        format!("({} and ignoring (le) {})", rate(&form.all), rate(only))
                    }
                    _ => rate(&form.all),
                });
                format!(
                    "1 - (\n{}\n)\n/\n{}",
                    sum(good.collect()),
                    sum(all.collect())
                )
            }
        }
    }
}

fn of_rate(objective: &Objective) -> Result<Ratio, String> {
    let selector = &objective.selector;
    let metric = selector.metric();
    let bound = objective.target.threshold.bound();
    let kind = Builtin::by_name(metric).map(|builtin| builtin.definition().kind);
    let is_share = match kind {
        Some(kind) => kind == MetricKind::Rate,
        None => !matches!(objective.target.threshold, Threshold::PerTime(_)) && bound <= 1.0,
    };
    if !is_share {
        return Err("a number of events a second has no budget".to_owned());
    }
    let (value, budget) = match objective.target.op.direction() {
        Direction::Below => ("true", bound),
        Direction::Above => ("false", 1.0 - bound),
        Direction::Exact => return Err("it allows for one value alone".to_owned()),
    };
    if budget <= 1e-9 {
        return Err("it leaves no budget".to_owned());
    }
    let failed = Builtin::HttpReqFailed.definition().name;
    if metric == failed && value == "true" {
        let matchers = matchers(selector, &[]);
        return Ok(Ratio {
            bad: "requests that failed".to_owned(),
            budget,
            sums: Sums::Bad {
                bad: format!("rhaid_http_req_failed_total{matchers}"),
                all: format!("rhaid_http_reqs_total{matchers}"),
            },
            note: None,
        });
    }
    if metric == failed {
        return Err("it asks for failures".to_owned());
    }
    let counter = format!(
        "{}_total",
        family(metric, MetricKind::Rate, Contains::Default)
    );
    Ok(Ratio {
        bad: format!("samples of {metric} that are {value}"),
        budget,
        sums: Sums::Bad {
            bad: format!(
                "{counter}{}",
                matchers(selector, &[format!("result=\"{value}\"")])
            ),
            all: format!("{counter}{}", matchers(selector, &[])),
        },
        note: None,
    })
}

fn of_percentile(objective: &Objective, percentile: f64) -> Result<Ratio, String> {
    let selector = &objective.selector;
    let metric = selector.metric();
    if objective.target.op.direction() != Direction::Below {
        return Err("it asks for values above a bound".to_owned());
    }
    let budget = 1.0 - percentile / 100.0;
    if budget <= 1e-9 {
        return Err("it leaves no budget".to_owned());
    }
    let bound = objective.target.threshold.bound();
    let contents: &[Contains] = match (Builtin::by_name(metric), &objective.target.threshold) {
        (Some(builtin), _) => &[builtin.definition().contains],
        (None, Threshold::Time(_)) => &[Contains::Time],
        (None, Threshold::Bytes(_)) => &[Contains::Data],
        // Nothing tells whether the script's own metric is one of times.
        _ => &[Contains::Default, Contains::Time],
    };
    let forms: Vec<Form> = contents
        .iter()
        .map(|contains| Form::of(selector, *contains, bound))
        .collect();
    let text = forms
        .first()
        .map(|form| form.text.clone())
        .unwrap_or_default();
    let note = forms.iter().find_map(|form| form.note.clone());
    let what = match metric {
        "http_req_duration" => "requests".to_owned(),
        other => format!("values of {other}"),
    };
    Ok(Ratio {
        bad: format!("{what} over {text}"),
        budget,
        sums: Sums::Good(forms),
        note,
    })
}

/// The name that outputs give a metric, without what they put behind it.
fn family(metric: &str, kind: MetricKind, contains: Contains) -> String {
    let info = MetricInfo {
        name: metric.to_owned(),
        kind,
        contains,
    };
    let first: Option<Shown> = shown(&info, Names::Rhaid).into_iter().next();
    first.map(|shown| shown.family).unwrap_or_default()
}

/// A histogram as it is called if its values mean this.
#[derive(Debug, Clone, PartialEq)]
struct Form {
    /// Values within the bound: exactly, or where there is no such bucket, within the next.
    good: Vec<String>,
    all: String,
    /// Some runs have no such bucket, nor a next one, and do not count.
    is_rare: bool,
    /// The bound, with its unit.
    text: String,
    note: Option<String>,
}

impl Form {
    fn of(selector: &Selector, contains: Contains, bound: f64) -> Self {
        // Bounds of times are milliseconds here, seconds there.
        let (bound, text) = match contains {
            Contains::Time => (bound / 1e3, format!("{} s", number(bound / 1e3))),
            Contains::Data => (bound, format!("{} bytes", number(bound))),
            Contains::Default => (bound, number(bound)),
        };
        let base = family(selector.metric(), MetricKind::Trend, contains);
        let good = |bound: f64| format!("{base}_bucket{}", matchers(selector, &[bucket(bound)]));
        let is_time = contains == Contains::Time;
        let is_known = is_time && SECONDS.iter().any(|known| (known - bound).abs() < 1e-9);
        let next = SECONDS.iter().copied().find(|known| *known > bound);
        let (good, is_rare, note) = match next {
            _ if is_known => (vec![good(bound)], false, None),
            Some(next) if is_time => (
                vec![good(bound), good(next)],
                false,
                Some(format!(
                    "{text} is a bound of the histogram in runs that have this objective; in others the next bound, {} s, takes its place, and the alert is later for it.",
                    number(next)
                )),
            ),
            _ => (
                vec![good(bound)],
                true,
                Some(format!(
                    "{text} is a bound of the histogram only in runs that have this objective: others do not count."
                )),
            ),
        };
        Self {
            good,
            all: format!("{base}_count{}", matchers(selector, &[])),
            is_rare,
            text,
            note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::ObjectiveSpec;

    fn ratio(metric: &str, target: &str) -> Result<Ratio, String> {
        let spec = ObjectiveSpec::new(metric.parse().unwrap(), target.parse().unwrap());
        Ratio::of(&spec.try_into().unwrap())
    }

    #[test]
    fn a_percentile_is_a_share_of_slow_requests() {
        let slow = ratio("http_req_duration{name:reserve}", "p(95) < 500ms").unwrap();
        assert!((slow.budget - 0.05).abs() < 1e-9);
        assert_eq!(slow.bad, "requests over 0.5 s");
        assert_eq!(
            slow.expression("5m", &[]),
            "1 - (\nsum (rate(rhaid_http_req_duration_seconds_bucket{name=\"reserve\",le=\"0.5\"}[5m]))\n)\n/\nsum (rate(rhaid_http_req_duration_seconds_count{name=\"reserve\"}[5m]))"
        );
        let between = ratio("http_req_duration", "p(99) < 800ms").unwrap();
        assert!(between.note.unwrap().contains("the next bound, 1 s"));
    }

    #[test]
    fn series_are_asked_for_by_the_names_that_outputs_give_them() {
        for (metric, target, expected) in [
            (
                "wait_seconds",
                "p(95) < 100ms",
                "(rhaid_wait_seconds_bucket{le=\"0.1\"}[1m])",
            ),
            (
                "orders_total",
                "rate > 99%",
                "(rhaid_orders_total{result=\"false\"}[1m])",
            ),
            ("http_req_failed{job:ci}", "rate < 1%", "{tag_job=\"ci\"}"),
            ("checks{1tag:x}", "rate > 99%", "tag_1tag=\"x\""),
        ] {
            let expression = ratio(metric, target).unwrap().expression("1m", &[]);
            assert!(expression.contains(expected), "{expression}");
        }
        // Of the script's own metric nothing tells whether it is one of times.
        let either = ratio("booking", "p(95) < 100")
            .unwrap()
            .expression("1m", &[]);
        assert_eq!(
            either,
            "1 - (\nsum (\nrate(rhaid_booking_bucket{le=~\"100(?:\\\\.0)?\"}[1m])\nor ignoring (le)\nrate(rhaid_booking_seconds_bucket{le=\"0.1\"}[1m])\n)\n)\n/\nsum (\n(rate(rhaid_booking_count[1m]) and ignoring (le) rate(rhaid_booking_bucket{le=~\"100(?:\\\\.0)?\"}[1m]))\nor ignoring (le)\nrate(rhaid_booking_seconds_count[1m])\n)"
        );
    }

    #[test]
    fn shares_burn_on_their_bad_side() {
        let failed = ratio("http_req_failed", "rate < 1%").unwrap();
        assert!(
            failed
                .expression("1m", &["testid"])
                .contains("by (testid) (rate(rhaid_http_reqs_total[1m]))")
        );
        let checks = ratio("checks", "rate > 99%").unwrap();
        assert!((checks.budget - 0.01).abs() < 1e-9);
        assert!(
            checks
                .expression("1m", &[])
                .contains("rhaid_checks_total{result=\"false\"}")
        );
    }

    #[test]
    fn what_is_no_share_says_so() {
        for (metric, target) in [
            ("http_req_duration", "avg < 1s"),
            ("http_reqs", "rate > 10/s"),
            ("checks", "rate >= 100%"),
            ("http_req_duration", "p(100) < 1s"),
            ("http_req_duration", "p(50) > 1ms"),
            ("orders", "count > 10"),
        ] {
            assert!(ratio(metric, target).is_err(), "{metric} {target}");
        }
    }
}
