//! All series of a run: which there are, how a second of each is read, and what was found.

use super::sample::Sample;
use super::series::{Finding, Kind, News, Series};
use crate::metrics::histogram::{Histogram, from_scaled};
use crate::metrics::totals::{Accumulator, Group, TagMap};
use crate::metrics::{Builtin, Contains};
use crate::result::{AnomalyKind, AnomalyMeasure, AnomalyResult};

/// What comes in the first seconds of a run is warming up.
const WARM_UP: f64 = 5.0;
/// Series that are followed; what comes after them is not.
const MAX_SERIES: usize = 1_000;
/// Anomalies that are kept.
const MAX_ANOMALIES: usize = 500;
/// False alarms an hour that the threshold is made for. It leaves room for what a level's noise is known too roughly, and
/// for neighbours that are alike.
const ALARMS_AN_HOUR: f64 = 0.125;
/// Of fewer values a quantile says little.
const FEWEST: u64 = 40;
/// For so long values may be gathered for one.
const LONGEST_BLOCK: f64 = 30.0;
/// Events that a block of a rate is to have, and the least.
const EVENTS: f64 = 20.0;
const LEAST_EVENTS: f64 = 10.0;
/// For so long it is looked how many there are.
const LEARNING: f64 = 5.0;
/// Lengths of blocks, in seconds.
const LENGTHS: [f64; 5] = [1.0, 2.0, 5.0, 10.0, 30.0];
/// Response times that differ by less are the same, in milliseconds.
const LEAST_TIME: f64 = 0.5;

/// What there is of a second.
pub struct Second<'a> {
    pub groups: &'a [Group],
    /// Seconds from the start of the scenarios.
    pub from: f64,
    pub to: f64,
    /// Whether the planned load is level and has been for a while.
    pub is_level: bool,
}

/// All series of a run.
#[derive(Debug, Default)]
pub struct Watch {
    /// By the group's number.
    followed: Vec<Followed>,
    series: usize,
    found: Vec<AnomalyResult>,
    left_out: u64,
}

/// One group, with its series.
#[derive(Debug, Default)]
struct Followed {
    rate: Option<Rate>,
    share: Option<Single>,
    value: Option<Single>,
    quantiles: Option<Quantiles>,
}

#[derive(Debug)]
struct Single {
    series: Series,
    open: Open,
}

/// Numbers of the anomalies that go on.
#[derive(Debug, Default, Clone, Copy)]
struct Open {
    step: Option<usize>,
    drift: Option<usize>,
}

impl Single {
    fn new(least: f64) -> Self {
        Self {
            series: Series::new(least),
            open: Open::default(),
        }
    }
}

#[derive(Debug)]
struct Rate {
    single: Single,
    /// Events that have been gathered, and since when.
    events: f64,
    since: f64,
    /// Length of a block, once it is known.
    length: Option<f64>,
}

#[derive(Debug)]
struct Quantiles {
    median: Single,
    p95: Single,
    /// Values of seconds that had too few.
    pool: Histogram,
    since: f64,
}

impl Watch {
    /// Looks at a second. Gives the numbers of the anomalies that were found or have changed.
    pub fn second(&mut self, second: &Second<'_>) -> Vec<usize> {
        let mut told = Vec::new();
        if second.from < WARM_UP {
            return told;
        }
        let endpoints = second
            .groups
            .iter()
            .filter(|group| is_endpoint(group))
            .count();
        let threshold = threshold(self.series);
        for (number, group) in second.groups.iter().enumerate() {
            if self.followed.len() <= number {
                self.follow(group);
            }
            // The only endpoint is the whole.
            let is_double =
                group.tags.is_empty() && endpoints == 1 && is_of_requests(&group.info.name);
            let Some(followed) = self.followed.get_mut(number) else {
                continue;
            };
            if is_double {
                continue;
            }
            let mut news = followed.second(group, second, threshold);
            for (measure, news) in news.drain(..) {
                let open = followed.open(measure);
                let number = note(
                    &mut self.found,
                    &mut self.left_out,
                    open,
                    group,
                    measure,
                    second,
                    news,
                );
                told.extend(number);
            }
        }
        told.dedup();
        told
    }

    /// What was found, in the order in which it was.
    pub fn found(&self) -> &[AnomalyResult] {
        &self.found
    }

    /// Says of each what explains it.
    pub fn explain(
        &mut self,
        numbers: impl IntoIterator<Item = usize>,
        why: impl Fn(&AnomalyResult) -> Option<String>,
    ) {
        for number in numbers {
            if let Some(anomaly) = self.found.get_mut(number) {
                anomaly.explained_by = why(anomaly);
            }
        }
    }

    /// How many more there were than are kept.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn follow(&mut self, group: &Group) {
        let mut followed = Followed::default();
        let name = group.info.name.as_str();
        let is_total = group.tags.is_empty();
        let is_own = Builtin::by_name(name).is_none();
        let is = |builtin: Builtin| name == builtin.definition().name;
        let least = match group.info.contains {
            Contains::Time => LEAST_TIME,
            _ => 0.0,
        };
        if self.series < MAX_SERIES {
            match &group.current {
                Accumulator::Trend(_) if is(Builtin::HttpReqDuration) || is_own => {
                    followed.rate = Some(Rate::new());
                    // Of all endpoints together a quantile lies between theirs, and jumps from one to the other.
                    if !(is_total && is(Builtin::HttpReqDuration)) {
                        followed.quantiles = Some(Quantiles {
                            median: Single::new(least),
                            p95: Single::new(least),
                            pool: Histogram::new(),
                            since: 0.0,
                        });
                    }
                }
                Accumulator::Rate { .. }
                    if is(Builtin::HttpReqFailed) || is(Builtin::Checks) || is_own =>
                {
                    followed.share = Some(Single::new(0.0));
                }
                Accumulator::Counter { .. } if is(Builtin::Iterations) || is_own => {
                    followed.rate = Some(Rate::new());
                }
                Accumulator::Gauge { .. } if is_own => followed.value = Some(Single::new(0.0)),
                _ => {}
            }
        }
        self.series += usize::from(followed.rate.is_some())
            + usize::from(followed.share.is_some())
            + usize::from(followed.value.is_some())
            + 2 * usize::from(followed.quantiles.is_some());
        self.followed.push(followed);
    }
}

/// How much has to speak against chance, in nats, so that a run of so many series has few false alarms.
pub(super) fn threshold(series: usize) -> f64 {
    (3600.0 * series.max(10) as f64 / ALARMS_AN_HOUR).ln()
}

fn is_of_requests(name: &str) -> bool {
    [Builtin::HttpReqDuration, Builtin::HttpReqFailed]
        .iter()
        .any(|builtin| builtin.definition().name == name)
}

fn is_endpoint(group: &Group) -> bool {
    !group.tags.is_empty() && group.info.name == Builtin::HttpReqDuration.definition().name
}

impl Rate {
    fn new() -> Self {
        Self {
            single: Single::new(0.0),
            events: 0.0,
            since: -1.0,
            length: None,
        }
    }

    fn second(&mut self, events: f64, second: &Second<'_>) -> Option<(f64, Sample)> {
        if !second.is_level {
            if self.since >= 0.0 {
                self.single.series.restart();
                (self.events, self.since, self.length) = (0.0, -1.0, None);
            }
            return None;
        }
        if self.since < 0.0 {
            self.since = second.from;
        }
        self.events += events;
        let gathered = second.to - self.since;
        let Some(length) = self.length else {
            if gathered + 1e-9 >= LEARNING {
                let rate = self.events / gathered;
                let enough = |least: f64| {
                    LENGTHS
                        .iter()
                        .copied()
                        .find(|length| rate * length >= least)
                };
                self.length = enough(EVENTS).or_else(|| enough(LEAST_EVENTS));
                // What comes that seldom may come more often later.
                if self.length.is_some() || gathered >= LONGEST_BLOCK {
                    (self.events, self.since) = (0.0, second.to);
                }
            }
            return None;
        };
        if gathered + 1e-9 < length {
            return None;
        }
        let block = (
            self.since,
            Sample::Count {
                events: self.events,
                exposure: gathered,
            },
        );
        (self.events, self.since) = (0.0, second.to);
        Some(block)
    }
}

impl Quantiles {
    fn second(&mut self, current: &Histogram, second: &Second<'_>) -> Option<(f64, [Sample; 2])> {
        let is_whole = self.pool.is_empty() && current.count() >= FEWEST;
        if is_whole {
            return Some((
                second.from,
                [quantile(current, 50.0)?, quantile(current, 95.0)?],
            ));
        }
        if current.is_empty() && self.pool.is_empty() {
            return None;
        }
        if self.pool.is_empty() {
            self.since = second.from;
        }
        self.pool.merge(current);
        let samples = (self.pool.count() >= FEWEST)
            .then(|| Some([quantile(&self.pool, 50.0)?, quantile(&self.pool, 95.0)?]))
            .flatten();
        if samples.is_some() || second.to - self.since >= LONGEST_BLOCK {
            self.pool.clear();
        }
        Some((self.since, samples?))
    }
}

/// A quantile with the standard error of its logarithm: half the distance of the quantiles that bound it (Woodruff, 1952).
fn quantile(histogram: &Histogram, percentile: f64) -> Option<Sample> {
    let share = percentile / 100.0;
    let of = histogram.count();
    let half = 100.0 * (share * (1.0 - share) / of.max(1) as f64).sqrt();
    let at = |percentile: f64| {
        from_scaled(histogram.value_at_percentile(percentile.clamp(0.0, 100.0)) as f64)
    };
    let (value, low, high) = (at(percentile), at(percentile - half), at(percentile + half));
    (value > 0.0 && low > 0.0).then(|| Sample::Quantile {
        value,
        error: (high / low).ln() / 2.0,
        of,
    })
}

impl Followed {
    fn second(
        &mut self,
        group: &Group,
        second: &Second<'_>,
        threshold: f64,
    ) -> Vec<(AnomalyMeasure, News)> {
        let mut all = Vec::new();
        let mut news = Vec::new();
        let mut push = |single: &mut Single, measure: AnomalyMeasure, from: f64, sample: Sample| {
            single
                .series
                .push(from, second.to, sample, threshold, &mut news);
            all.extend(news.drain(..).map(|news| (measure, news)));
        };
        let events = match &group.current {
            Accumulator::Trend(histogram) => Some(histogram.count() as f64),
            Accumulator::Counter { sum } if sum.is_finite() && *sum >= 0.0 => Some(*sum),
            _ => None,
        };
        if let (Some(rate), Some(events)) = (&mut self.rate, events)
            && let Some((from, sample)) = rate.second(events, second)
        {
            push(&mut rate.single, AnomalyMeasure::Rate, from, sample);
        }
        if let (Some(quantiles), Accumulator::Trend(histogram)) =
            (&mut self.quantiles, &group.current)
            && let Some((from, [median, p95])) = quantiles.second(histogram, second)
        {
            push(&mut quantiles.median, AnomalyMeasure::Median, from, median);
            push(&mut quantiles.p95, AnomalyMeasure::P95, from, p95);
        }
        if let (Some(share), Accumulator::Rate { trues, total }) = (&mut self.share, &group.current)
            && *total > 0
        {
            let sample = Sample::Share {
                hits: *trues,
                of: *total,
            };
            push(share, AnomalyMeasure::Share, second.from, sample);
        }
        if let (Some(value), Accumulator::Gauge { last, samples, .. }) =
            (&mut self.value, &group.current)
            && *samples > 0
            && last.is_finite()
        {
            push(
                value,
                AnomalyMeasure::Value,
                second.from,
                Sample::Value(*last),
            );
        }
        all
    }

    fn open(&mut self, measure: AnomalyMeasure) -> Option<&mut Open> {
        Some(match measure {
            AnomalyMeasure::Rate => &mut self.rate.as_mut()?.single.open,
            AnomalyMeasure::Share => &mut self.share.as_mut()?.open,
            AnomalyMeasure::Value => &mut self.value.as_mut()?.open,
            AnomalyMeasure::Median => &mut self.quantiles.as_mut()?.median.open,
            AnomalyMeasure::P95 => &mut self.quantiles.as_mut()?.p95.open,
        })
    }
}

/// Takes note of news; the number of the anomaly that they are about.
fn note(
    found: &mut Vec<AnomalyResult>,
    left_out: &mut u64,
    open: Option<&mut Open>,
    group: &Group,
    measure: AnomalyMeasure,
    second: &Second<'_>,
    news: News,
) -> Option<usize> {
    let open = open?;
    match news {
        News::Found(finding) => {
            if found.len() >= MAX_ANOMALIES {
                *left_out += 1;
                return None;
            }
            let number = found.len();
            match finding.kind {
                Kind::Step => open.step = Some(number),
                Kind::Drift => open.drift = Some(number),
                Kind::Spike => {}
            }
            found.push(row(group, measure, second.to, finding));
            Some(number)
        }
        News::StepEnded { at } => {
            let number = open.step.take()?;
            found.get_mut(number)?.end_seconds = Some(at);
            Some(number)
        }
        // It is told once; how far it went is told at the end.
        News::DriftWent { to, after } => {
            let anomaly = found.get_mut(open.drift?)?;
            anomaly.end_seconds = Some(to);
            anomaly.after = after;
            None
        }
    }
}

fn row(group: &Group, measure: AnomalyMeasure, now: f64, finding: Finding) -> AnomalyResult {
    AnomalyResult {
        metric: group.info.name.clone(),
        tags: TagMap::clone(&group.tags),
        measure,
        kind: match finding.kind {
            Kind::Spike => AnomalyKind::Spike,
            Kind::Step => AnomalyKind::Step,
            Kind::Drift => AnomalyKind::Drift,
        },
        contains: group.info.contains,
        start_seconds: finding.start,
        end_seconds: finding.end,
        found_seconds: now,
        before: finding.before,
        after: finding.after,
        explained_by: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulation::Noise;
    use super::*;
    use crate::metrics::histogram::to_scaled;
    use crate::metrics::{Recorder, Tags, Totals};
    use crate::run::intervals::{MAX_ROWS, grouping};

    /// What is found in a run of one endpoint whose response times are multiplied by `factor(second)`.
    fn found(
        seconds: u64,
        per_second: u64,
        is_level: impl Fn(u64) -> bool,
        factor: impl Fn(u64) -> f64,
    ) -> Vec<AnomalyResult> {
        let mut totals = Totals::default();
        totals.group_by(grouping(), MAX_ROWS);
        let (mut recorder, mut watch, mut noise) =
            (Recorder::new(100), Watch::default(), Noise::new(3));
        for second in 0..seconds {
            let tags = recorder.intern(Tags::new([
                ("name".into(), "rooms".into()),
                ("method".into(), "GET".into()),
            ]));
            let durations = recorder.series(Builtin::HttpReqDuration.into(), tags);
            for _ in 0..noise.poisson(per_second as f64) {
                let ms = 50.0 * (noise.normal() * 0.3).exp() * factor(second);
                recorder.time(durations, to_scaled(ms));
            }
            totals.absorb(0, &recorder.snapshot());
            watch.second(&Second {
                groups: totals.groups(),
                from: second as f64,
                to: second as f64 + 1.0,
                is_level: is_level(second),
            });
            totals.clear_groups();
        }
        watch.found().to_vec()
    }

    #[test]
    fn a_step_of_response_times_is_told_once_with_its_levels_and_its_end() {
        let slow = |second| if (60..90).contains(&second) { 1.5 } else { 1.0 };
        let found = found(150, 100, |_| true, slow);
        let steps: Vec<_> = found.iter().map(|a| (a.measure, a.kind)).collect();
        let both = [
            (AnomalyMeasure::Median, AnomalyKind::Step),
            (AnomalyMeasure::P95, AnomalyKind::Step),
        ];
        assert_eq!(steps, both, "{found:#?}");
        let median = &found[0];
        assert!((58.0..63.0).contains(&median.start_seconds), "{median:?}");
        assert!(median.found_seconds <= 70.0, "{median:?}");
        assert!(
            median
                .end_seconds
                .is_some_and(|end| (88.0..93.0).contains(&end)),
            "{median:?}"
        );
        assert!(
            (median.after / median.before - 1.5).abs() < 0.15,
            "{median:?}"
        );
    }

    #[test]
    fn a_step_that_is_over_before_its_level_is_known_has_an_end_too() {
        let slow = |second| if (60..72).contains(&second) { 3.0 } else { 1.0 };
        let found = found(120, 60, |_| true, slow);
        assert_eq!(found.len(), 2, "{found:#?}");
        for step in found {
            assert!((59.0..62.0).contains(&step.start_seconds), "{step:?}");
            assert!(
                step.end_seconds
                    .is_some_and(|end| (71.0..74.0).contains(&end)),
                "{step:?}"
            );
        }
    }

    #[test]
    fn a_rate_that_is_meant_to_change_is_none() {
        let found = found(100, 100, |second| second < 40, |_| 1.0);
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn seldom_requests_are_gathered_until_they_tell_something() {
        let slow = |second| if second >= 400 { 2.0 } else { 1.0 };
        let found = found(600, 4, |_| true, slow);
        assert!(
            found.iter().any(|a| a.kind == AnomalyKind::Step),
            "{found:#?}"
        );
        assert!(found.iter().all(|a| a.start_seconds > 380.0), "{found:#?}");
    }

    #[test]
    fn an_endpoint_that_falls_silent_is_told() {
        let mut totals = Totals::default();
        totals.group_by(grouping(), MAX_ROWS);
        let (mut recorder, mut watch) = (Recorder::new(100), Watch::default());
        for second in 0..120u64 {
            let tags = recorder.intern(Tags::default());
            let sold = recorder.series(Builtin::Iterations.into(), tags);
            let amount = if second < 80 {
                30.0 + (second % 5) as f64
            } else {
                0.0
            };
            recorder.count(sold, amount);
            totals.absorb(0, &recorder.snapshot());
            watch.second(&Second {
                groups: totals.groups(),
                from: second as f64,
                to: second as f64 + 1.0,
                is_level: true,
            });
            totals.clear_groups();
        }
        let [silent] = watch.found() else {
            panic!("{:#?}", watch.found())
        };
        assert_eq!(
            (silent.kind, silent.start_seconds, silent.after),
            (AnomalyKind::Step, 80.0, 0.0)
        );
    }
}
