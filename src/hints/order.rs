//! What came first when requests failed: the failures, or the slowness.

use super::evidence::{Evidence, FEWEST, Subject};
use super::scan::{self, Stretch};
use super::stats::median;
use super::{Cause, Confidence, Finding};
use crate::units::{format_fraction, format_millis, format_times};

/// A share of failures that is more than a stray one.
const FAILURES: f64 = 0.01;
/// How much slower than at the beginning counts as slow.
const SLOWER: f64 = 1.8;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    // Those that were refused count, though they took no time that could be told.
    let outcomes = &evidence.outcomes;
    if outcomes.len() < FEWEST {
        return None;
    }
    let counts: Vec<(u64, u64)> = outcomes.iter().map(|o| (o.failed, o.asked)).collect();
    let slowness = Slowness::of(evidence);
    let Some(stretch) = scan::stretch(&counts) else {
        return throughout(evidence, &counts, &slowness);
    };
    if stretch.inside < FAILURES {
        return None;
    }
    let fails = outcomes.get(stretch.intervals.start)?.begins;
    let mut lines = vec![shares(evidence, &stretch), slowness.line()];
    lines.extend(most_frequent_error(evidence));
    // Within an interval nobody can tell which was first. What was slow long before, and well again since, led to nothing.
    let apart = 1.5 * evidence.interval;
    let was_slow = slowness.was_slow_before(evidence, fails);
    let slow_first = |slows: f64| fails - slows > apart;
    if let Some(slows) = slowness.from.filter(|slows| slow_first(*slows) && was_slow) {
        return Some(Finding {
            cause: Cause::LatencyFirst,
            confidence: Confidence::High,
            finding: format!(
                "requests became slow first, at {slows:.0}s, and failed from {fails:.0}s on"
            ),
            begins: Some(slows),
            evidence: lines,
            advice: vec![
                "look for what slows down before anything breaks: a pool that runs empty, a queue that grows; the failures are time-outs of those who waited",
                "shed load early: short queues and quick refusals keep the rest fast",
            ],
        });
    }
    let is_failing_first = slowness
        .from
        .is_none_or(|slows| slows - fails > apart || slow_first(slows) && !was_slow);
    let is_asked = evidence.subject == Subject::Failures || slowness.from.is_none();
    (is_failing_first && is_asked).then(|| Finding {
        cause: Cause::ErrorsFirst,
        confidence: if slowness.from.is_none() { Confidence::High } else { Confidence::Medium },
        finding: format!(
            "{} of the requests fail {}, without having become slow first",
            format_fraction(stretch.inside),
            when(evidence, &stretch)
        ),
        begins: Some(fails),
        evidence: lines,
        advice: vec![
            "what refuses quickly is a limit or a defect, not a lack of speed: a rate limit, a full disk, an exhausted quota, a crash, an exception",
            "read the example request and response in the report, and the service's log at that second",
        ],
    })
}

/// Failures at the same share all the time. Said of the objective about failures only: they explain no slowness.
fn throughout(
    evidence: &Evidence<'_>,
    counts: &[(u64, u64)],
    slowness: &Slowness,
) -> Option<Finding> {
    let failed: u64 = counts.iter().map(|(failed, _)| failed).sum();
    let asked: u64 = counts.iter().map(|(_, asked)| asked).sum();
    let share = crate::result::ratio(failed as f64, asked as f64);
    let is_about_them = evidence.subject == Subject::Failures && evidence.is_long_enough();
    if share < FAILURES || !is_about_them || slowness.from.is_some() {
        return None;
    }
    let mut lines = vec![
        format!(
            "{failed} of {asked} requests fail ({}), in no part of the run more than chance brings",
            format_fraction(share)
        ),
        slowness.line(),
    ];
    lines.extend(most_frequent_error(evidence));
    Some(Finding {
        begins: None,
        cause: Cause::ErrorsFirst,
        confidence: Confidence::Medium,
        finding: format!(
            "{} of the requests fail throughout the run, at any load and without being slow",
            format_fraction(share)
        ),
        evidence: lines,
        advice: vec![
            "what fails at a steady share depends on the request, not on the load: certain data, one endpoint, one of several instances, a share that is refused on purpose",
            "read the example request and response in the report, and compare them with one that succeeded",
        ],
    })
}

/// How response times went beside the failures.
struct Slowness {
    /// The p95 of the beginning, and the highest one, in milliseconds; none if too few were answered to tell.
    levels: Option<(f64, f64)>,
    /// From when on requests were slow, in seconds from the start.
    from: Option<f64>,
}

impl Slowness {
    fn of(evidence: &Evidence<'_>) -> Self {
        let points = &evidence.points;
        if !evidence.is_long_enough() {
            return Self {
                levels: None,
                from: None,
            };
        }
        let beginning = (points.len() / 6).max(3);
        let first: Vec<f64> = points.iter().take(beginning).map(|p| p.p95).collect();
        let most = points.iter().map(|point| point.p95).fold(0.0, f64::max);
        let mut this = Self {
            levels: Some((median(&first), most)),
            from: None,
        };
        // The first of two neighbours: a single one may be chance.
        let mut pairs = points.windows(2);
        let slow = pairs.find(|pair| pair.iter().all(|point| this.is_slow(point.p95)));
        this.from = slow
            .and_then(|pair| pair.first())
            .map(|point| point.at - evidence.interval / 2.0);
        this
    }

    fn is_slow(&self, p95: f64) -> bool {
        self.levels.is_some_and(|(calm, _)| p95 > SLOWER * calm)
    }

    /// Whether what was answered last before this moment was slow.
    fn was_slow_before(&self, evidence: &Evidence<'_>, moment: f64) -> bool {
        let mut before = evidence.points.iter().rev().filter(|p| p.at < moment);
        before.next().is_some_and(|point| self.is_slow(point.p95))
    }

    fn line(&self) -> String {
        let Some((calm, most)) = self.levels else {
            return "too few requests were answered to tell whether they became slow".to_owned();
        };
        let (calm, most) = (format_millis(calm), format_millis(most));
        match self.from {
            Some(from) => format!(
                "the p95 is more than {SLOWER} times that of the beginning ({calm}) from {from:.0}s on, at most {most}"
            ),
            None => {
                format!("the p95 stays near that of the beginning ({calm}), at most {most}")
            }
        }
    }
}

/// When a stretch is, as it stands in a sentence.
fn when(evidence: &Evidence<'_>, stretch: &Stretch) -> String {
    let begin = |index: usize| evidence.outcomes.get(index).map(|outcomes| outcomes.begins);
    let from = begin(stretch.intervals.start).unwrap_or_default();
    match begin(stretch.intervals.end) {
        None => format!("from {from:.0}s on"),
        Some(to) if stretch.intervals.start == 0 => format!("until {to:.0}s"),
        Some(to) => format!("from {from:.0}s to {to:.0}s"),
    }
}

fn shares(evidence: &Evidence<'_>, stretch: &Stretch) -> String {
    format!(
        "{} of the requests fail {}, {} of those at other times",
        format_fraction(stretch.inside),
        when(evidence, stretch),
        format_fraction(stretch.outside)
    )
}

fn most_frequent_error(evidence: &Evidence<'_>) -> Option<String> {
    let error = evidence.result.errors.first()?;
    let times = format_times(error.count);
    Some(format!(
        "the most frequent error ({times}): {}",
        error.message
    ))
}
