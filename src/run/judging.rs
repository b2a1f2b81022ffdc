//! Holds the run's measurements against its objectives, while it goes and at its end.

use std::time::Duration;

use crate::judge::{
    Fit, Losses, NOT_KNOWN, counts_from_zero, only_gets_worse, row, surely_missed, tells_in_part,
    text_of, worse,
};
use crate::metrics::totals::{Accumulator, TagMap};
use crate::metrics::{MetricKind, Totals, TrackerId};
use crate::result::SloResult;
use crate::slo::{
    Aggregate, Breach, Direction, Objective, Outcome, Selector, Status, Values, judge,
    time_to_breach,
};

/// Seconds that count as the present.
const RECENT: usize = 30;
/// Of fewer seconds nothing is foretold.
const LEAST_RECENT: usize = 4;

/// One objective with what it looks at.
struct Judged {
    objective: Objective,
    tracker: TrackerId,
    window_seconds: Option<usize>,
    /// The last [`RECENT`] seconds, if somebody wants to know what comes.
    recent: Option<TrackerId>,
    kind: MetricKind,
    /// The worst value of any window so far.
    worst: Option<f64>,
    /// Whether having no samples means zero.
    counts_from_zero: bool,
}

/// All objectives of a run.
pub struct Bench {
    judged: Vec<Judged>,
}

impl Bench {
    /// Registers what the objectives look at. `kind_of` gives a metric's kind by its name.
    pub fn new(
        objectives: &[Objective],
        totals: &mut Totals,
        kind_of: impl Fn(&str) -> Option<crate::metrics::MetricKind>,
    ) -> Self {
        let judged = objectives
            .iter()
            .map(|objective| {
                // A metric whose name the script computes is taken for what the expression fits.
                let kind = kind_of(objective.selector.metric())
                    .unwrap_or_else(|| natural_kind(&objective.target.aggregate));
                let window_seconds = objective
                    .over
                    .map(|over| (over.as_secs_f64().round() as usize).max(1));
                let selector = objective.selector.clone();
                let tracker = totals.track(
                    kind,
                    window_seconds,
                    Box::new(move |metric, tags| is_of(&selector, metric, tags)),
                );
                Judged {
                    objective: objective.clone(),
                    tracker,
                    window_seconds,
                    recent: None,
                    kind,
                    worst: None,
                    counts_from_zero: counts_from_zero(&objective.selector),
                }
            })
            .collect();
        Self { judged }
    }

    /// Follows the present too, so that [`Bench::breaches`] can be told. To be called before anything is measured.
    pub fn look_ahead(&mut self, totals: &mut Totals) {
        for judged in &mut self.judged {
            let selector = judged.objective.selector.clone();
            let matches = Box::new(move |metric: &str, tags: &_| is_of(&selector, metric, tags));
            // The second that goes on is looked at beside the window.
            judged.recent = Some(totals.track(judged.kind, Some(RECENT - 1), matches));
        }
    }

    /// When each objective will be missed if all goes on as in the last seconds. To be called before the totals' tick.
    pub fn breaches(&self, totals: &Totals, elapsed: Duration) -> Vec<Breach> {
        let breach = |judged: &Judged| judged.breach(totals, elapsed);
        self.judged.iter().map(breach).collect()
    }

    /// Looks at the windows that are full, and says which objective ends the run, if one does.
    /// To be called once a second, after the totals' tick; `elapsed` is what the totals cover.
    pub fn second(&mut self, totals: &Totals, elapsed: Duration) -> Option<String> {
        let mut reason = None;
        for judged in &mut self.judged {
            let now = judged.window_value(totals);
            judged.note(now);
            if !judged.objective.abort || elapsed < judged.objective.abort_delay || reason.is_some()
            {
                continue;
            }
            let value = if judged.window_seconds.is_some() {
                now
            } else {
                judged.total_value(totals, elapsed)
            };
            let judgement = judge(&judged.objective, value);
            if matches!(judgement.status, Status::Fail | Status::Critical) {
                let objective = &judged.objective;
                let actual = judgement
                    .actual
                    .map(|value| text_of(objective, value, None))
                    .unwrap_or_default();
                reason = Some(format!(
                    "{} {}: it was {actual} by then",
                    objective.selector, objective.target
                ));
            }
        }
        reason
    }

    /// What each objective's value was in the second that ends now, before the totals' tick, and its bound. Not of a number of events
    /// over the whole run: see [`Bench::counts_are_settled`].
    pub fn in_this_second(&self, totals: &Totals) -> Vec<(Option<f64>, f64)> {
        let value = |judged: &Judged| {
            let objective = &judged.objective;
            let current = &totals.tracker(judged.tracker).current;
            let is_there = match current {
                Accumulator::Counter { sum } => *sum != 0.0 || judged.counts_from_zero,
                _ => true,
            };
            let value = is_there
                .then(|| self::judged(current, 1.0, objective))
                .flatten();
            (value, objective.target.threshold.bound())
        };
        let judged = self.judged.iter().filter(|judged| !judged.grows());
        judged.map(value).collect()
    }

    /// Whether more time would not change what becomes of objectives on a number of events: one that is to be reached was, and one that must not
    /// be exceeded will not be by the end of the plan, if all goes on as it did. Without an end there is no telling.
    pub fn counts_are_settled(
        &self,
        totals: &Totals,
        elapsed: Duration,
        planned: Option<Duration>,
    ) -> bool {
        let is_settled = |judged: &Judged| {
            let now = judged.total_value(totals, elapsed);
            let (Some(now), target) = (now, &judged.objective.target) else {
                return false;
            };
            match (target.op.direction(), planned) {
                (Direction::Above, _) => target.holds(now),
                (Direction::Below, Some(planned)) => {
                    let pace = now / elapsed.as_secs_f64().max(1.0);
                    target.holds(now.max(pace * planned.as_secs_f64()))
                }
                (Direction::Below | Direction::Exact, _) => false,
            }
        };
        let mut growing = self.judged.iter().filter(|judged| judged.grows());
        growing.all(is_settled)
    }

    /// Looks at what came after the last whole second, before the totals' tick: a last window, longer by the rest, and of what adds up one
    /// that has not come to its end.
    pub fn rest(&mut self, totals: &Totals, rest: Duration) {
        for judged in &mut self.judged {
            let values = [judged.rest_value(totals, rest), judged.begun_value(totals)];
            values.into_iter().for_each(|value| judged.note(value));
        }
    }

    /// The final judgement on each objective.
    pub fn verdicts(&self, totals: &Totals, elapsed: Duration) -> Vec<(Outcome, SloResult)> {
        self.judged
            .iter()
            .map(|judged| {
                let objective = &judged.objective;
                // A run shorter than the window is judged as one window.
                let mut value = judged.worst.or_else(|| judged.total_value(totals, elapsed));
                let doubt = judged.doubt(totals);
                if let Some(maybe) = &doubt {
                    value = judged.missed_anyway(value, maybe, totals, elapsed);
                }
                let judgement = judge(objective, value);
                let mut row = row(objective, &judgement, None);
                if doubt.is_some() && judgement.status == Status::NoData {
                    row.actual_text = NOT_KNOWN.to_owned();
                }
                (Outcome::new(objective, &judgement), row)
            })
            .collect()
    }
}

impl Judged {
    /// Whether its value grows with the run: a number of events, over all of it.
    fn grows(&self) -> bool {
        self.window_seconds.is_none() && self.objective.target.aggregate == Aggregate::Count
    }

    /// Keeps the worst window.
    fn note(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        self.worst = Some(match self.worst {
            Some(worst) => worse(&self.objective.target, worst, value),
            None => value,
        });
    }

    fn total_value(&self, totals: &Totals, elapsed: Duration) -> Option<f64> {
        let tracker = totals.tracker(self.tracker);
        if !tracker.seen && !self.counts_from_zero {
            return None;
        }
        judged(&tracker.total, elapsed.as_secs_f64(), &self.objective)
    }

    /// Samples that lost the tags which would tell whether they are meant.
    fn doubt(&self, totals: &Totals) -> Option<Accumulator> {
        if totals.folded() == 0 {
            return None;
        }
        let selector = &self.objective.selector;
        let maybe = totals.series().iter().filter(|series| {
            series.info.name == selector.metric()
                && series.info.kind == self.kind
                && matches!(Losses::OWN.fit(selector, &series.tags), Fit::Maybe(_))
        });
        maybe.fold(None, |sum, series| {
            let mut sum = sum.unwrap_or_else(|| Accumulator::new(self.kind));
            sum.merge(&series.total);
            Some(sum)
        })
    }

    /// The value, if the objective is missed whatever the samples in `maybe` are.
    fn missed_anyway(
        &self,
        value: Option<f64>,
        maybe: &Accumulator,
        totals: &Totals,
        elapsed: Duration,
    ) -> Option<f64> {
        if self.window_seconds.is_some() {
            return value.filter(|value| {
                only_gets_worse(&self.objective, self.kind) && !self.objective.target.holds(*value)
            });
        }
        let seconds = elapsed.as_secs_f64();
        let sure = gathered(&totals.tracker(self.tracker).total, seconds)?;
        surely_missed(&self.objective, &sure, &gathered(maybe, seconds)?)
    }

    /// The value of the window that ends now, once a whole window has passed.
    fn window_value(&self, totals: &Totals) -> Option<f64> {
        let seconds = self.window_seconds?;
        let (window, filled) = totals.tracker(self.tracker).window()?;
        if filled < seconds {
            return None;
        }
        judged(&window, seconds as f64, &self.objective)
    }

    fn breach(&self, totals: &Totals, elapsed: Duration) -> Breach {
        let value = self.worst.or_else(|| self.total_value(totals, elapsed));
        let status = judge(&self.objective, value).status;
        if matches!(status, Status::Fail | Status::Critical) {
            return Breach::Past;
        }
        let recent = self
            .recent
            .and_then(|id| totals.tracker(id).window_and_current());
        let Some((recent, before)) = recent.filter(|(_, before)| *before >= LEAST_RECENT) else {
            return Breach::Unknown;
        };
        let seconds = before as f64 + 1.0;
        let recent = gathered(&recent, seconds);
        match self.window_seconds {
            None => {
                let total = &totals.tracker(self.tracker).total;
                let (Some(total), Some(recent)) = (gathered(total, elapsed.as_secs_f64()), recent)
                else {
                    return Breach::Unknown;
                };
                time_to_breach(&self.objective, &total, None, &recent, seconds)
            }
            Some(length) => {
                let window = totals.tracker(self.tracker).window();
                let Some((window, filled)) = window.filter(|(_, filled)| *filled >= length) else {
                    return Breach::Unknown;
                };
                let (Some(window), Some(recent)) = (gathered(&window, filled as f64), recent)
                else {
                    return Breach::Unknown;
                };
                let length = Duration::from_secs(length as u64);
                time_to_breach(&self.objective, &window, Some(length), &recent, seconds)
            }
        }
    }

    /// The value of the last window, which is longer than the others.
    fn rest_value(&self, totals: &Totals, rest: Duration) -> Option<f64> {
        let seconds = self.window_seconds?;
        let (window, filled) = totals.tracker(self.tracker).window_and_current()?;
        // A number of events says nothing about a window of another length.
        if filled < seconds || self.objective.target.aggregate == Aggregate::Count {
            return None;
        }
        let length = seconds as f64 + rest.as_secs_f64();
        judged(&window, length, &self.objective)
    }

    /// The value of the window that the run's end cut off, where that says something.
    fn begun_value(&self, totals: &Totals) -> Option<f64> {
        let seconds = self.window_seconds?;
        let target = &self.objective.target;
        let adds_up = match self.kind {
            MetricKind::Counter => true,
            MetricKind::Trend => target.aggregate == Aggregate::Count,
            MetricKind::Gauge | MetricKind::Rate => false,
        };
        let tracker = totals.tracker(self.tracker);
        let (_, filled) = tracker.window()?;
        if !adds_up || filled < seconds {
            return None;
        }
        let begun = tracker.last_and_current(seconds - 1)?;
        judged(&begun, seconds as f64, &self.objective)
            .filter(|value| tells_in_part(target, *value))
    }
}

/// Whether samples are surely meant.
fn is_of(selector: &Selector, metric: &str, tags: &TagMap) -> bool {
    metric == selector.metric() && Losses::OWN.fit(selector, tags) == Fit::Yes
}

pub(super) fn natural_kind(aggregate: &Aggregate) -> crate::metrics::MetricKind {
    use crate::metrics::MetricKind;
    match aggregate {
        Aggregate::Count => MetricKind::Counter,
        Aggregate::Rate => MetricKind::Rate,
        Aggregate::Value => MetricKind::Gauge,
        _ => MetricKind::Trend,
    }
}

pub(super) fn judged(values: &Accumulator, seconds: f64, objective: &Objective) -> Option<f64> {
    gathered(values, seconds)?.judged(objective)
}

/// What was gathered in so many seconds, for a judgement; nothing of a gauge without samples.
fn gathered(values: &Accumulator, seconds: f64) -> Option<Values<'_>> {
    Some(match values {
        Accumulator::Counter { sum } => Values::Counter { sum: *sum, seconds },
        Accumulator::Gauge { samples: 0, .. } => return None,
        Accumulator::Gauge { last, min, max, .. } => Values::Gauge {
            last: *last,
            min: *min,
            max: *max,
        },
        Accumulator::Rate { trues, total } => Values::Rate {
            trues: *trues,
            total: *total,
        },
        Accumulator::Trend(histogram) => Values::Trend(histogram),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Builtin, Recorder, Tags};
    use crate::slo::ObjectiveSpec;

    /// What an objective on `dropped_iterations` over windows of so many seconds makes of these sums, one a second; the last second is
    /// cut off.
    fn judged_over(target: &str, window: u64, sums: &[f64]) -> (Status, Option<f64>) {
        let selector = "dropped_iterations".parse().unwrap();
        let mut spec = ObjectiveSpec::new(selector, target.parse().unwrap());
        spec.over = Some(Duration::from_secs(window));
        let objectives: [Objective; 1] = [spec.try_into().unwrap()];
        let mut totals = Totals::default();
        let kind_of = |_: &str| Some(MetricKind::Counter);
        let mut bench = Bench::new(&objectives, &mut totals, kind_of);
        let mut recorder = Recorder::new(10);
        let tags = recorder.intern(Tags::default());
        let dropped = recorder.series(Builtin::DroppedIterations.into(), tags);
        for (number, sum) in sums.iter().enumerate() {
            recorder.count(dropped, *sum);
            totals.absorb(0, &recorder.snapshot());
            if number + 1 < sums.len() {
                totals.tick();
                bench.second(&totals, Duration::from_secs(number as u64 + 1));
            }
        }
        bench.rest(&totals, Duration::from_millis(500));
        let elapsed = Duration::from_secs_f64(sums.len() as f64 - 0.5);
        let verdicts = bench.verdicts(&totals, elapsed);
        (verdicts[0].1.status, verdicts[0].1.actual)
    }

    #[test]
    fn of_an_equality_any_window_that_misses_it_counts() {
        let (status, worst) = judged_over("count == 0", 1, &[0.0, 7.0, 9.0, 0.0, 0.0]);
        assert_eq!((status, worst), (Status::Fail, Some(9.0)));
        let (status, worst) = judged_over("count != 7", 1, &[0.0, 7.0, 9.0, 0.0, 0.0]);
        assert_eq!((status, worst), (Status::Fail, Some(7.0)));
    }

    #[test]
    fn what_the_last_begun_window_adds_counts_where_it_can_only_make_it_worse() {
        let late = [1.0, 1.0, 1.0, 500.0];
        for (target, worst) in [
            ("count < 10", 501.0),
            ("count == 2", 501.0),
            // 501 in two seconds, of which one and a half have passed.
            ("rate < 10", 250.5),
            ("count > 1", 2.0),
        ] {
            assert_eq!(judged_over(target, 2, &late).1, Some(worst), "{target}");
        }
    }

    #[test]
    fn samples_that_were_folded_into_other_put_an_objective_in_doubt() {
        let of = |text: &str| -> Objective {
            let (selector, target) = text.split_once(" is ").unwrap();
            let spec = ObjectiveSpec::new(selector.parse().unwrap(), target.parse().unwrap());
            spec.try_into().unwrap()
        };
        let objectives = [
            "http_reqs{name:pay} is count >= 2",
            "http_reqs{name:pay} is count < 1",
            "http_reqs{name:!pay} is count < 1",
            "http_reqs{status:5*} is count < 1",
            "http_reqs{name:pay,status:5*} is count < 1",
            "http_reqs is count == 3",
        ]
        .map(of);
        let mut totals = Totals::default();
        let kind_of = |_: &str| Some(MetricKind::Counter);
        let bench = Bench::new(&objectives, &mut totals, kind_of);
        let mut recorder = Recorder::new(2);
        for name in ["pay", "a", "pays"] {
            let pairs = [("name", name), ("status", "200"), ("method", "GET")];
            let pairs = pairs.map(|(key, value)| (key.into(), value.into()));
            let tags = recorder.intern(Tags::new(pairs));
            let requests = recorder.series(Builtin::HttpReqs.into(), tags);
            recorder.count(requests, 1.0);
        }
        totals.absorb(0, &recorder.snapshot());
        let rows = bench.verdicts(&totals, Duration::from_secs(1));
        let told: Vec<(Status, &str)> = rows
            .iter()
            .map(|(_, row)| (row.status, row.actual_text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Status::NoData, NOT_KNOWN),
                (Status::Fail, "1"),
                (Status::NoData, NOT_KNOWN),
                (Status::Pass, "0"),
                (Status::NoData, "no samples"),
                (Status::Pass, "3"),
            ]
        );
    }
}
