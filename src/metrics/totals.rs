//! The whole run's measurements, merged from every worker's snapshots.
//!
//! Each series keeps its total. Whoever needs a view across series (an objective's selector, a
//! column of the time series, a progress line) registers a [`Tracker`]: it is fed as snapshots arrive,
//! so a look at it costs nothing per series.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::histogram::Histogram;
use super::recorder::{Delta, MetricInfo, Snapshot};
use super::{Contains, MetricKind};

use super::numbering::Numbering;
pub use super::numbering::TagMap;

/// What was gathered of one metric: over one series or several, over the run or a part of it.
#[derive(Debug, Clone)]
pub enum Accumulator {
    Counter {
        sum: f64,
    },
    Gauge {
        last: f64,
        min: f64,
        max: f64,
        samples: u64,
    },
    Rate {
        trues: u64,
        total: u64,
    },
    Trend(Histogram),
}

impl Accumulator {
    /// Nothing gathered yet.
    pub fn new(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter => Self::Counter { sum: 0.0 },
            MetricKind::Gauge => Self::Gauge {
                last: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
                samples: 0,
            },
            MetricKind::Rate => Self::Rate { trues: 0, total: 0 },
            MetricKind::Trend => Self::Trend(Histogram::new()),
        }
    }

    /// Adds an interval of one recorder. A delta of another kind is ignored; kinds are fixed by name.
    pub fn add(&mut self, delta: &Delta) {
        match (self, delta) {
            (Self::Counter { sum }, Delta::Counter { sum: more }) => *sum += more,
            (
                Self::Gauge {
                    last,
                    min,
                    max,
                    samples,
                },
                Delta::Gauge {
                    last: new,
                    min: low,
                    max: high,
                },
            ) => {
                *last = *new;
                *min = min.min(*low);
                *max = max.max(*high);
                *samples += 1;
            }
            (Self::Rate { trues, total }, Delta::Rate { trues: t, total: n }) => {
                *trues += t;
                *total += n;
            }
            (Self::Trend(histogram), Delta::Trend(delta)) => histogram.add_delta(delta),
            _ => {}
        }
    }

    /// Adds another accumulator of the same kind.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Counter { sum }, Self::Counter { sum: more }) => *sum += more,
            (
                Self::Gauge {
                    last,
                    min,
                    max,
                    samples,
                },
                Self::Gauge {
                    last: new,
                    min: low,
                    max: high,
                    samples: more,
                },
            ) if *more > 0 => {
                *last = *new;
                *min = min.min(*low);
                *max = max.max(*high);
                *samples += more;
            }
            (Self::Rate { trues, total }, Self::Rate { trues: t, total: n }) => {
                *trues += t;
                *total += n;
            }
            (Self::Trend(histogram), Self::Trend(more)) => histogram.merge(more),
            _ => {}
        }
    }

    /// Forgets everything, keeping buffers.
    pub fn clear(&mut self) {
        match self {
            Self::Trend(histogram) => histogram.clear(),
            other => *other = Self::new(other.kind()),
        }
    }

    /// The kind of metric this gathers.
    pub fn kind(&self) -> MetricKind {
        match self {
            Self::Counter { .. } => MetricKind::Counter,
            Self::Gauge { .. } => MetricKind::Gauge,
            Self::Rate { .. } => MetricKind::Rate,
            Self::Trend(_) => MetricKind::Trend,
        }
    }

    /// The sum of a counter, zero for the other kinds.
    pub fn sum(&self) -> f64 {
        match self {
            Self::Counter { sum } => *sum,
            _ => 0.0,
        }
    }
}

/// One metric under one tag set, over the whole run.
#[derive(Debug)]
pub struct TotalSeries {
    pub info: MetricInfo,
    pub tags: Arc<TagMap>,
    pub total: Accumulator,
    trackers: Vec<TrackerId>,
    /// Numbers of the groups it belongs to.
    groups: Vec<usize>,
}

/// Says to which groups a series of a metric belongs: by which tags each of them is told from others of the metric.
pub type Grouping = Box<dyn Fn(&MetricInfo, &Arc<TagMap>) -> Vec<Arc<TagMap>> + Send>;

/// Series of one metric that are looked at together, since [`Totals::clear_groups`]. Groups come about as series do.
pub struct Group {
    pub info: MetricInfo,
    pub tags: Arc<TagMap>,
    pub current: Accumulator,
}

/// A registered view across series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackerId(usize);

/// Decides by metric name and tags whether a series belongs to a view.
pub type Matches = Box<dyn Fn(&str, &TagMap) -> bool + Send>;

/// A view across all series that match: since the start, in the current second, and over a sliding window.
pub struct Tracker {
    matches: Matches,
    kind: MetricKind,
    /// Since the start of the run.
    pub total: Accumulator,
    /// Since the last [`Totals::tick`].
    pub current: Accumulator,
    /// Whether anything at all was fed since the start.
    pub seen: bool,
    window: Option<Window>,
}

/// The last `seconds` intervals.
struct Window {
    seconds: usize,
    intervals: VecDeque<Accumulator>,
}

impl Tracker {
    /// What the sliding window holds, with the seconds it spans so far.
    pub fn window(&self) -> Option<(Accumulator, usize)> {
        let window = self.window.as_ref()?;
        let mut sum = Accumulator::new(self.kind);
        for interval in &window.intervals {
            sum.merge(interval);
        }
        Some((sum, window.intervals.len()))
    }

    /// The same with the current interval on top.
    pub fn window_and_current(&self) -> Option<(Accumulator, usize)> {
        let (mut sum, filled) = self.window()?;
        sum.merge(&self.current);
        Some((sum, filled))
    }

    /// The last intervals, at most so many, and the current one.
    pub fn last_and_current(&self, intervals: usize) -> Option<Accumulator> {
        let window = self.window.as_ref()?;
        let mut sum = Accumulator::new(self.kind);
        let before = window.intervals.len().saturating_sub(intervals);
        for interval in window.intervals.iter().skip(before).chain([&self.current]) {
            sum.merge(interval);
        }
        Some(sum)
    }
}

/// Everything measured so far.
#[derive(Default)]
pub struct Totals {
    series: Vec<TotalSeries>,
    numbering: Numbering,
    folded: Vec<u64>,
    trackers: Vec<Tracker>,
    grouping: Option<(Grouping, usize)>,
    groups: Vec<Group>,
    group_index: HashMap<(String, Arc<TagMap>), usize>,
}

impl Totals {
    /// Registers a view. Register before the first snapshot: a tracker sees only what comes after it.
    /// `window`: length of its sliding window in ticks.
    pub fn track(
        &mut self,
        kind: MetricKind,
        window: Option<usize>,
        matches: Matches,
    ) -> TrackerId {
        let id = TrackerId(self.trackers.len());
        for series in &mut self.series {
            if series.info.kind == kind && matches(&series.info.name, &series.tags) {
                series.trackers.push(id);
            }
        }
        self.trackers.push(Tracker {
            matches,
            kind,
            total: Accumulator::new(kind),
            current: Accumulator::new(kind),
            seen: false,
            window: window.map(|seconds| Window {
                seconds: seconds.max(1),
                intervals: VecDeque::new(),
            }),
        });
        id
    }

    /// From now on puts new series together in groups, of which there are at most `limit`.
    pub fn group_by(&mut self, grouping: Grouping, limit: usize) {
        self.grouping = Some((grouping, limit));
    }

    /// The groups, in the order in which they came about: a group's number never changes.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Forgets what groups have gathered.
    pub fn clear_groups(&mut self) {
        for group in &mut self.groups {
            group.current.clear();
        }
    }

    /// The groups that a new series belongs to.
    fn groups_of(&mut self, info: &MetricInfo, tags: &Arc<TagMap>) -> Vec<usize> {
        let Some((grouping, limit)) = &self.grouping else {
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for tags in grouping(info, tags) {
            let key = (info.name.clone(), self.numbering.share(tags));
            if let Some(&number) = self.group_index.get(&key) {
                numbers.push(number);
            } else if self.groups.len() < *limit {
                numbers.push(self.groups.len());
                self.groups.push(Group {
                    info: info.clone(),
                    tags: key.1.clone(),
                    current: Accumulator::new(info.kind),
                });
                self.group_index.insert(key, self.groups.len() - 1);
            }
        }
        numbers
    }

    /// A registered view.
    pub fn tracker(&self, id: TrackerId) -> &Tracker {
        // Ids are only made by `track`, of this same value.
        &self.trackers[id.0]
    }

    /// Merges one interval of a worker's recorder.
    pub fn absorb(&mut self, worker: usize, snapshot: &Snapshot) {
        if self.folded.len() <= worker {
            self.folded.resize(worker + 1, 0);
        }
        self.folded[worker] = snapshot.folded;
        for (info, tags) in &snapshot.new_series {
            let (number, tags) = self.numbering.enter(worker, &info.name, tags);
            if number == self.series.len() {
                self.begin(info.clone(), tags);
            }
        }
        for (number, delta) in &snapshot.deltas {
            let Some(ours) = self.numbering.number_of(worker, *number) else {
                continue;
            };
            let series = &mut self.series[ours];
            series.total.add(delta);
            for id in &series.trackers {
                let tracker = &mut self.trackers[id.0];
                tracker.total.add(delta);
                tracker.current.add(delta);
                tracker.seen = true;
            }
            for &number in &series.groups {
                if let Some(group) = self.groups.get_mut(number) {
                    group.current.add(delta);
                }
            }
        }
    }

    /// A series that is new.
    fn begin(&mut self, info: MetricInfo, tags: Arc<TagMap>) {
        let trackers = self
            .trackers
            .iter()
            .enumerate()
            .filter(|(_, tracker)| {
                tracker.kind == info.kind && (tracker.matches)(&info.name, &tags)
            })
            .map(|(at, _)| TrackerId(at))
            .collect();
        let groups = self.groups_of(&info, &tags);
        self.series.push(TotalSeries {
            total: Accumulator::new(info.kind),
            info,
            tags,
            trackers,
            groups,
        });
    }

    /// Starts the current interval anew without moving windows: what it holds is in the totals alone.
    pub fn forget_current(&mut self) {
        for tracker in &mut self.trackers {
            tracker.current.clear();
        }
        self.clear_groups();
    }

    /// Ends the current interval: windows move on by one, current values start anew.
    pub fn tick(&mut self) {
        for tracker in &mut self.trackers {
            if let Some(window) = &mut tracker.window {
                let mut recycled = if window.intervals.len() >= window.seconds {
                    window.intervals.pop_front()
                } else {
                    None
                }
                .unwrap_or_else(|| Accumulator::new(tracker.kind));
                recycled.clear();
                recycled.merge(&tracker.current);
                window.intervals.push_back(recycled);
            }
            tracker.current.clear();
        }
    }

    /// Every series, in the order in which they were first seen.
    pub fn series(&self) -> &[TotalSeries] {
        &self.series
    }

    /// Samples that lost their tags because there were too many tag sets.
    pub fn folded(&self) -> u64 {
        self.folded.iter().sum()
    }

    /// Names, kinds and contents of the metrics seen so far, by name.
    pub fn metrics(&self) -> BTreeMap<&str, (MetricKind, Contains)> {
        self.series
            .iter()
            .map(|s| (s.info.name.as_str(), (s.info.kind, s.info.contains)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Builtin, Recorder, Tags};

    fn recorder_with(names: &[&str]) -> Recorder {
        let mut recorder = Recorder::new(100);
        for name in names {
            let tags = recorder.intern(Tags::new([("name".into(), (*name).into())]));
            let series = recorder.series(Builtin::HttpReqs.into(), tags);
            recorder.count(series, 1.0);
        }
        recorder
    }

    #[test]
    fn workers_with_differently_numbered_series_are_merged_by_name_and_tags() {
        let mut totals = Totals::default();
        totals.absorb(0, &recorder_with(&["a", "b"]).snapshot());
        totals.absorb(1, &recorder_with(&["b", "a", "b"]).snapshot());
        let sums: BTreeMap<_, _> = totals
            .series()
            .iter()
            .map(|s| (s.tags["name"].clone(), s.total.sum()))
            .collect();
        assert_eq!(sums, BTreeMap::from([("a".into(), 2.0), ("b".into(), 3.0)]));
    }

    #[test]
    fn a_tracker_sees_only_what_matches_and_its_window_slides() {
        let mut totals = Totals::default();
        let id = totals.track(
            MetricKind::Counter,
            Some(2),
            Box::new(|name, tags| {
                name == "http_reqs" && tags.get("name").is_some_and(|n| n == "a")
            }),
        );
        let mut recorder = recorder_with(&["a", "b"]);
        for tick in 1..=3 {
            totals.absorb(0, &recorder.snapshot());
            assert_eq!(totals.tracker(id).current.sum(), f64::from(tick));
            totals.tick();
            let tags = recorder.intern(Tags::new([("name".into(), "a".into())]));
            let series = recorder.series(Builtin::HttpReqs.into(), tags);
            recorder.count(series, f64::from(tick + 1));
        }
        let tracker = totals.tracker(id);
        assert_eq!(tracker.total.sum(), 6.0);
        let (window, seconds) = tracker.window().unwrap();
        assert_eq!((window.sum(), seconds), (5.0, 2));
    }
}
