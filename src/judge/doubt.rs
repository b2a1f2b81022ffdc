//! Samples that may be of an objective, or not: what is said of an objective then.
//!
//! Samples lose tags: those of more tag sets than are kept apart are folded into `other`, and another tool's file may not tell a tag at all.
//! An objective that asks for such a tag cannot be known, unless it is missed whatever these samples are.

use std::collections::BTreeMap;

use crate::metrics::tags::{is_folded, survives_folding};
use crate::metrics::{Histogram, MetricKind};
use crate::result::RunResult;
use crate::slo::{Aggregate, Condition, Direction, Objective, Op, Pattern, Selector, Values};

use super::row::tells_kind;

/// Whether samples with some tags are of an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    Yes,
    No,
    /// Nobody knows, since they do not have the tag that would say so.
    Maybe(Lost),
}

/// How a tag was lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// There were too many tag sets.
    Folded,
    /// The tool does not write it.
    Untold(String),
}

impl Lost {
    /// Why an objective cannot be known.
    pub fn why(&self) -> String {
        match self {
            Self::Folded => "there were too many tag sets, and samples that are called `other` now may be of these: so it cannot be known".to_owned(),
            Self::Untold(key) => format!("the file does not tell `{key}` of every sample: so it cannot be known"),
        }
    }
}

/// What samples may have lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Losses {
    /// Whether tag sets were folded.
    pub folded: bool,
    /// Whether tags may be missing that every sample of a run of our own has.
    pub untold: bool,
}

impl Losses {
    /// Those of a run of our own.
    pub const OWN: Self = Self {
        folded: true,
        untold: false,
    };

    /// Those that a result tells.
    pub fn of(result: &RunResult) -> Self {
        let own = result.tool.name == "rhaid";
        Self {
            folded: result.run.folded_tag_sets > 0,
            untold: !own,
        }
    }

    /// Whether samples of the selector's metric with these tags are meant.
    pub fn fit(self, selector: &Selector, tags: &BTreeMap<String, String>) -> Fit {
        // Older results do not tell that there were too many tag sets; but requests of our own have a method unless they lost it.
        let own_request = !self.untold && selector.metric().starts_with("http_");
        let folded = (self.folded || own_request) && is_folded(tags.iter());
        let mut lost = None;
        for condition in selector.conditions() {
            match self.lost(condition, tags, folded) {
                Some(how) => lost = lost.max(Some(how)),
                None if !condition.accepts(tags.get(&condition.key).map(String::as_str)) => {
                    return Fit::No;
                }
                None => {}
            }
        }
        lost.map_or(Fit::Yes, Fit::Maybe)
    }

    /// How samples with these tags lost the one that a condition is about, if they did.
    fn lost(
        self,
        condition: &Condition,
        tags: &BTreeMap<String, String>,
        folded: bool,
    ) -> Option<Lost> {
        let key = condition.key.as_str();
        if folded {
            // Whoever asks for what was folded means all of it.
            let asked = !condition.negated && condition.pattern == Pattern::Exact("other".into());
            let told = survives_folding(key) || key == "name" && asked;
            return (!told).then_some(Lost::Folded);
        }
        let told = tags.contains_key(key) || !tells_kind(key) || has_none(key, tags);
        (self.untold && !told).then(|| Lost::Untold(key.to_owned()))
    }
}

/// Whether samples with these tags cannot have that one: no error where all went well, no protocol without a response, no scenario before
/// and after them all.
fn has_none(key: &str, tags: &BTreeMap<String, String>) -> bool {
    let is = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
    match key {
        "error_code" => {
            let status = tags.get("status").map_or("", String::as_str);
            is("expected_response", "true") || status.starts_with(['1', '2', '3'])
        }
        "proto" => is("status", "0"),
        "scenario" => {
            let group = tags.get("group").map_or("", String::as_str);
            ["::setup", "::teardown"]
                .iter()
                .any(|part| group.starts_with(part))
        }
        _ => false,
    }
}

/// The value nearest to the target that an objective can have if some, all or none of the samples in `maybe` are added to those in `sure`,
/// where even that one misses it.
pub fn surely_missed(objective: &Objective, sure: &Values<'_>, maybe: &Values<'_>) -> Option<f64> {
    let (low, high) = range(objective, sure, maybe)?;
    let target = &objective.target;
    let nearest = match (target.op, target.op.direction()) {
        (_, Direction::Below) => low,
        (_, Direction::Above) => high,
        (Op::Equal, _) => target.threshold.bound().clamp(low, high),
        (_, Direction::Exact) => return None,
    };
    (!target.holds(nearest)).then_some(nearest)
}

/// Between which values it lies.
fn range(objective: &Objective, sure: &Values<'_>, maybe: &Values<'_>) -> Option<(f64, f64)> {
    let between = |values: [Option<f64>; 3]| {
        let known = || values.iter().flatten().copied();
        let low = known().fold(f64::INFINITY, f64::min);
        (low.is_finite()).then(|| (low, known().fold(low, f64::max)))
    };
    let judged = |values: Values<'_>| values.judged(objective);
    // Of what may not be there at all, nothing is sure.
    judged(*sure)?;
    match (*sure, *maybe) {
        (Values::Counter { sum, seconds }, Values::Counter { sum: more, .. }) => {
            let all = sum + more;
            let all = Values::Counter { sum: all, seconds };
            between([judged(*sure), judged(all), None])
        }
        (Values::Rate { trues, total }, Values::Rate { trues: t, total: n }) => {
            let least = Values::Rate {
                trues,
                total: total + n.saturating_sub(t),
            };
            let most = Values::Rate {
                trues: trues + t,
                total: total + t,
            };
            between([judged(least), judged(most), None])
        }
        (Values::Gauge { .. }, Values::Gauge { .. }) => {
            let extremes = matches!(objective.target.aggregate, Aggregate::Min | Aggregate::Max);
            let values = [judged(*sure), judged(*maybe), None];
            extremes.then(|| between(values))?
        }
        (Values::Trend(sure), Values::Trend(maybe)) => {
            let with = |value: u64| {
                let mut all = Histogram::new();
                all.merge(sure);
                all.record_n(value, maybe.count());
                judged(Values::Trend(&all))
            };
            between([
                judged(Values::Trend(sure)),
                with(maybe.min()),
                with(maybe.max()),
            ])
        }
        _ => None,
    }
}

/// Whether more samples can only take a value further past the target: then one that is past it is missed whatever they are.
pub fn only_gets_worse(objective: &Objective, kind: MetricKind) -> bool {
    let grows = match objective.target.aggregate {
        Aggregate::Count | Aggregate::Max => true,
        Aggregate::Rate => kind == MetricKind::Counter,
        _ => false,
    };
    let shrinks = objective.target.aggregate == Aggregate::Min;
    match objective.target.op.direction() {
        Direction::Below => grows,
        Direction::Above => shrinks,
        Direction::Exact => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::to_scaled;
    use crate::slo::ObjectiveSpec;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    fn objective(target: &str) -> Objective {
        let spec = ObjectiveSpec::new("m".parse().unwrap(), target.parse().unwrap());
        spec.try_into().unwrap()
    }

    #[test]
    fn what_was_folded_may_be_anything_but_what_its_tags_say() {
        let folded = tags(&[("name", "other"), ("status", "200")]);
        let fit = |selector: &str| Losses::OWN.fit(&selector.parse().unwrap(), &folded);
        let maybe = Fit::Maybe(Lost::Folded);
        assert_eq!(fit("m{name:pay}"), maybe);
        assert_eq!(fit("m{name:!pay}"), maybe);
        assert_eq!(fit("m{name:pay,status:200}"), maybe);
        assert_eq!(fit("m{name:pay,status:5*}"), Fit::No);
        assert_eq!(fit("m{status:200}"), Fit::Yes);
        assert_eq!(fit("m{name:other}"), Fit::Yes);
        let named = tags(&[("name", "other"), ("status", "200"), ("method", "GET")]);
        let selector = "m{name:pay}".parse().unwrap();
        assert_eq!(Losses::OWN.fit(&selector, &named), Fit::No);
    }

    #[test]
    fn nothing_is_folded_where_nothing_says_so() {
        let tags = tags(&[("name", "other"), ("scenario", "s")]);
        let losses = |folded, untold| Losses { folded, untold };
        let fit = |losses: Losses, metric: &str| {
            let selector = format!("{metric}{{name:pay}}").parse().unwrap();
            losses.fit(&selector, &tags)
        };
        assert_eq!(fit(losses(false, true), "http_reqs"), Fit::No);
        assert_eq!(fit(losses(false, false), "webhook_received"), Fit::No);
        let folded = Fit::Maybe(Lost::Folded);
        assert_eq!(fit(losses(false, false), "http_reqs"), folded);
        assert_eq!(fit(losses(true, true), "http_reqs"), folded);
    }

    #[test]
    fn what_a_tool_does_not_tell_is_not_known() {
        let losses = Losses {
            folded: false,
            untold: true,
        };
        let fit = |selector: &str, pairs: &[(&str, &str)]| {
            losses.fit(&selector.parse().unwrap(), &tags(pairs))
        };
        let untold = |key: &str| Fit::Maybe(Lost::Untold(key.to_owned()));
        assert_eq!(fit("m{status:5*}", &[("name", "a")]), untold("status"));
        assert_eq!(fit("m{status:!2*}", &[("name", "a")]), untold("status"));
        assert_eq!(fit("m{status:5*,name:b}", &[("name", "a")]), Fit::No);
        assert_eq!(fit("m{status:5*}", &[("status", "200")]), Fit::No);
        assert_eq!(fit("m{name:b}", &[("status", "200")]), Fit::No);
        let good = [("expected_response", "true")];
        assert_eq!(fit("m{error_code:*}", &good), Fit::No);
        let bad = [("expected_response", "false")];
        assert_eq!(fit("m{error_code:*}", &bad), untold("error_code"));
    }

    #[test]
    fn it_is_missed_where_no_sample_can_help() {
        let rate = |trues, total| Values::Rate { trues, total };
        let missed = |target: &str, sure, maybe| surely_missed(&objective(target), &sure, &maybe);
        // Ten more that are fine would make it 10 of 20.
        assert_eq!(missed("rate < 40%", rate(10, 10), rate(0, 10)), Some(0.5));
        assert_eq!(missed("rate < 60%", rate(10, 10), rate(0, 10)), None);
        assert_eq!(missed("rate < 1%", rate(0, 10), rate(10, 10)), None);
        assert_eq!(missed("rate > 90%", rate(0, 10), rate(10, 10)), Some(0.5));
        assert_eq!(missed("rate < 1%", rate(0, 0), rate(10, 10)), None);
        let sum = |sum| Values::Counter { sum, seconds: 1.0 };
        assert_eq!(missed("count < 5", sum(5.0), sum(1.0)), Some(5.0));
        assert_eq!(missed("count == 0", sum(5.0), sum(1.0)), Some(5.0));
        assert_eq!(missed("count == 9", sum(5.0), sum(1.0)), Some(6.0));
        assert_eq!(missed("count == 6", sum(5.0), sum(2.0)), None);
        assert_eq!(missed("count > 5", sum(5.0), sum(1.0)), None);
        let mut slow = Histogram::new();
        slow.record_n(to_scaled(900.0), 100);
        let mut other = Histogram::new();
        other.record_n(to_scaled(10.0), 4);
        let (slow, other) = (Values::Trend(&slow), Values::Trend(&other));
        assert!(missed("p(95) < 500", slow, other).is_some());
        assert_eq!(missed("min > 50", slow, other), None);
        assert_eq!(missed("p(1) < 500", slow, other), None);
    }
}
