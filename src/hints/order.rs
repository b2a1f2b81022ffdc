//! What came first when requests failed: the failures, or the slowness.

use super::evidence::{Evidence, Point, Subject};
use super::scan::{self, Stretch};
use super::stats::median;
use super::{Cause, Confidence, Finding};
use crate::units::{format_fraction, format_millis, format_times};

/// A share of failures that is more than a stray one.
const FAILURES: f64 = 0.01;
/// How much slower than at the beginning counts as slow.
const SLOWER: f64 = 1.8;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.is_long_enough() {
        return None;
    }
    let points = &evidence.points;
    let counts: Vec<(u64, u64)> = points.iter().map(|p| (p.failed, p.asked)).collect();
    let slowness = Slowness::of(points);
    let Some(stretch) = scan::stretch(&counts) else {
        return throughout(evidence, &counts, &slowness);
    };
    if stretch.inside < FAILURES {
        return None;
    }
    let fails = stretch.intervals.start;
    let at = |index: usize| begin(evidence, index);
    let mut lines = vec![
        shares(evidence, &stretch),
        slowness.line(|index| begin(evidence, index)),
    ];
    lines.extend(most_frequent_error(evidence));
    // Within an interval nobody can tell which was first. What was slow long before, and well again since, led to nothing.
    let was_slow = fails
        .checked_sub(1)
        .and_then(|before| points.get(before))
        .is_some_and(|point| slowness.is_slow(point));
    if let Some(slows) = slowness.from.filter(|slows| slows + 1 < fails && was_slow) {
        return Some(Finding {
            cause: Cause::LatencyFirst,
            confidence: Confidence::High,
            finding: format!(
                "requests became slow first, at {:.0}s, and failed from {:.0}s on",
                at(slows),
                at(fails)
            ),
            evidence: lines,
            advice: vec![
                "look for what slows down before anything breaks: a pool that runs empty, a queue that grows; the failures are time-outs of those who waited",
                "shed load early: short queues and quick refusals keep the rest fast",
            ],
        });
    }
    let is_failing_first = slowness
        .from
        .is_none_or(|slows| fails + 1 < slows || slows + 1 < fails && !was_slow);
    let is_asked = evidence.subject == Subject::Failures || slowness.from.is_none();
    (is_failing_first && is_asked).then(|| Finding {
        cause: Cause::ErrorsFirst,
        confidence: if slowness.from.is_none() { Confidence::High } else { Confidence::Medium },
        finding: format!(
            "{} of the requests fail {}, without having become slow first",
            format_fraction(stretch.inside),
            when(evidence, &stretch)
        ),
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
    if share < FAILURES || evidence.subject != Subject::Failures || slowness.from.is_some() {
        return None;
    }
    let mut lines = vec![
        format!(
            "{failed} of {asked} requests fail ({}), in no part of the run more than chance brings",
            format_fraction(share)
        ),
        slowness.line(|index| begin(evidence, index)),
    ];
    lines.extend(most_frequent_error(evidence));
    Some(Finding {
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
    /// The p95 of the beginning, and the highest one, in milliseconds.
    calm: f64,
    most: f64,
    /// The interval from which requests were slow.
    from: Option<usize>,
}

impl Slowness {
    fn of(points: &[Point]) -> Self {
        let beginning = (points.len() / 6).max(3);
        let first: Vec<f64> = points.iter().take(beginning).map(|p| p.p95).collect();
        let calm = median(&first);
        let mut this = Self {
            calm,
            most: points.iter().map(|point| point.p95).fold(0.0, f64::max),
            from: None,
        };
        // The first of two neighbours: a single one may be chance.
        let mut pairs = points.windows(2);
        this.from = pairs.position(|pair| pair.iter().all(|point| this.is_slow(point)));
        this
    }

    fn is_slow(&self, point: &Point) -> bool {
        point.p95 > SLOWER * self.calm
    }

    fn line(&self, begin: impl Fn(usize) -> f64) -> String {
        let (calm, most) = (format_millis(self.calm), format_millis(self.most));
        match self.from {
            Some(from) => format!(
                "the p95 is more than {SLOWER} times that of the beginning ({calm}) from {:.0}s on, at most {most}",
                begin(from)
            ),
            None => {
                format!("the p95 stays near that of the beginning ({calm}), at most {most}")
            }
        }
    }
}

/// When an interval begins, in seconds from the start.
fn begin(evidence: &Evidence<'_>, index: usize) -> f64 {
    let point = evidence.points.get(index);
    point.map_or(0.0, |point| point.at - evidence.interval / 2.0)
}

/// When a stretch is, as it stands in a sentence.
fn when(evidence: &Evidence<'_>, stretch: &Stretch) -> String {
    let from = begin(evidence, stretch.intervals.start);
    if stretch.intervals.end >= evidence.points.len() {
        return format!("from {from:.0}s on");
    }
    let to = begin(evidence, stretch.intervals.end);
    if stretch.intervals.start == 0 {
        format!("until {to:.0}s")
    } else {
        format!("from {from:.0}s to {to:.0}s")
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
