//! The series of a run as Prometheus sees them: what only grows, added up second by second.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::buckets::{Bounds, Buckets};
use super::names::{FamilyKind, Names, Part, Stat, help, label, shown};
use crate::metrics::histogram::from_scaled;
use crate::metrics::totals::{Accumulator, TagMap};
use crate::metrics::{Contains, Histogram, MetricInfo};
use crate::output::{Book, Event, EventKind, Moment, RunInfo};
use crate::result::{SloResult, SloStatus};
use crate::slo::label_of;

/// A label and its value.
pub type Label = (String, String);

/// What is known of one series of the run.
#[derive(Debug)]
struct Entry {
    labels: Vec<Label>,
    /// The family of each part that is shown.
    parts: Vec<PartShown>,
    known: Known,
    /// What single values are divided by: results have times in milliseconds.
    unit: f64,
}

/// A part of what is known of a series, and where it is shown: the family's number, and a label beside those of the tags.
type PartShown = (usize, Part, Option<(&'static str, &'static str)>);

/// What was gathered since the start.
#[derive(Debug)]
enum Known {
    Counter(f64),
    Gauge(Option<f64>),
    Rate { trues: u64, falses: u64 },
    Trend(Box<Buckets>, Option<Box<Histogram>>),
}

/// A family's name and nature.
#[derive(Debug)]
struct Family {
    /// Without `_total`.
    name: String,
    kind: FamilyKind,
    help: String,
}

/// One value of one series, to be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<'a> {
    Number(f64),
    Histogram(&'a Buckets),
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.native() == other.native()
    }
}

/// All series of one family.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Without `_total`.
    pub name: &'a str,
    pub kind: FamilyKind,
    pub help: &'a str,
    pub series: Vec<(Vec<Label>, Reading<'a>)>,
}

/// The series of a run.
#[derive(Debug)]
pub struct Ledger {
    names: Names,
    bounds: Bounds,
    run: Option<RunInfo>,
    families: Vec<Family>,
    by_name: BTreeMap<String, usize>,
    entries: Vec<Entry>,
    /// The entry of each line of the book: several lines can come to the same labels.
    places: Vec<usize>,
    /// Entries by a hash of what tells them apart.
    same: FxHashMap<u64, Vec<usize>>,
    /// Names of series that are taken.
    taken: BTreeSet<String>,
    slos: Vec<SloResult>,
    /// Declared faults that were on so far: whether they are, and how often they came.
    faults: BTreeMap<String, (u64, u64)>,
    reloads: u64,
    is_aborted: bool,
    logs: BTreeMap<&'static str, u64>,
    elapsed: f64,
}

impl Ledger {
    /// An empty one, of whose histograms these are the bounds.
    pub fn new(names: Names, bounds: Bounds) -> Self {
        Self {
            names,
            bounds,
            run: None,
            families: Vec::new(),
            by_name: BTreeMap::new(),
            entries: Vec::new(),
            places: Vec::new(),
            same: FxHashMap::default(),
            taken: OWN
                .iter()
                .flat_map(|(name, kind)| series_names(name, *kind))
                .collect(),
            slos: Vec::new(),
            faults: BTreeMap::new(),
            reloads: 0,
            is_aborted: false,
            logs: BTreeMap::new(),
            elapsed: 0.0,
        }
    }

    /// Which run it is: every series says so.
    pub fn begin(&mut self, run: &RunInfo) {
        self.run = Some(run.clone());
    }

    /// Adds a second.
    pub fn second(&mut self, now: &Moment, book: &Book) {
        self.elapsed = now.elapsed.as_secs_f64();
        self.slos.clone_from(&now.slos);
        let known = self.places.len();
        for line in book.lines().skip(known) {
            let entry = self.enter(line.info, line.tags);
            let place = self.place(entry);
            self.places.push(place);
        }
        for (place, line) in self.places.iter().zip(book.lines()) {
            if let Some(entry) = self.entries.get_mut(*place) {
                entry.known.add(line.current);
            }
        }
        for (line, exemplar) in book.exemplars() {
            if let Some(Entry {
                known: Known::Trend(buckets, _),
                ..
            }) = self
                .places
                .get(*line)
                .and_then(|place| self.entries.get_mut(*place))
            {
                buckets.exemplify(exemplar, now.at);
            }
        }
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::FaultBegan { name, .. } => {
                let fault = self.faults.entry(name.clone()).or_default();
                *fault = (fault.0 + 1, fault.1 + 1);
            }
            EventKind::FaultEnded { name, .. } => {
                let fault = self.faults.entry(name.clone()).or_default();
                fault.0 = fault.0.saturating_sub(1);
            }
            EventKind::Reloaded => self.reloads += 1,
            EventKind::Log(line) => {
                *self.logs.entry(line.level.as_str()).or_default() += line.more.max(1);
            }
            EventKind::Aborted => self.is_aborted = true,
            EventKind::Started
            | EventKind::Ended { .. }
            | EventKind::AnomalyFound(_)
            | EventKind::AnomalyEnded(_)
            | EventKind::Own { .. } => {}
        }
    }

    /// The entry's number: that of one which is shown in the same place if there is one. Tags such as `a-b` and `a.b` come to one label, and
    /// metrics such as `orders` and `orders_total` to one name; they are added up.
    fn place(&mut self, entry: Entry) -> usize {
        let alike = self.same.entry(entry.hash()).or_default();
        let known = alike.iter().copied();
        let entries = &self.entries;
        let mut known = known.filter(|at| entries.get(*at).is_some_and(|known| known.is(&entry)));
        if let Some(place) = known.next() {
            return place;
        }
        let place = self.entries.len();
        alike.push(place);
        self.entries.push(entry);
        place
    }

    fn enter(&mut self, info: &MetricInfo, tags: &TagMap) -> Entry {
        let mut labels: Vec<Label> = Vec::new();
        // Two keys can become one label; the first stays.
        for (key, value) in tags {
            let key = label(key);
            // To Prometheus an empty value is no label.
            if !value.is_empty() && !labels.iter().any(|(known, _)| *known == key) {
                labels.push((key, value.clone()));
            }
        }
        // So that two that hold the same are the same.
        labels.sort_unstable();
        if let Some(run) = &self.run
            && !labels.iter().any(|(key, _)| key == TEST_ID)
        {
            labels.push((TEST_ID.to_owned(), run.id.clone()));
        }
        let parts = shown(info, self.names);
        let is_split = parts.iter().any(|part| matches!(part.part, Part::Stat(_)));
        let parts = parts
            .into_iter()
            .map(|shown| {
                let family = self.family(&shown.family, shown.kind, || help(info));
                (family, shown.part, shown.label)
            })
            .collect();
        Entry {
            labels,
            parts,
            known: Known::new(info, &self.bounds, is_split),
            unit: match info.contains {
                Contains::Time => 1e3,
                Contains::Data | Contains::Default => 1.0,
            },
        }
    }

    fn family(&mut self, name: &str, kind: FamilyKind, help: impl FnOnce() -> String) -> usize {
        // Two metrics can be called alike, say `wait` in seconds and `wait_seconds`; a family has one kind. And a gauge `wait_count` is
        // called as what a histogram `wait` counts.
        let mut name = name.to_owned();
        loop {
            if let Some(&known) = self.by_name.get(&name)
                && self
                    .families
                    .get(known)
                    .is_some_and(|family| family.kind == kind)
            {
                return known;
            }
            if series_names(&name, kind).all(|name| !self.taken.contains(&name)) {
                break;
            }
            name.push('_');
        }
        self.taken.extend(series_names(&name, kind));
        let number = self.families.len();
        self.families.push(Family {
            name: name.clone(),
            kind,
            help: help(),
        });
        self.by_name.insert(name, number);
        number
    }

    /// Everything that is known now, by family, in the order of their names.
    pub fn shown(&self) -> Vec<Shown<'_>> {
        let mut families: Vec<_> = self
            .families
            .iter()
            .map(|family| Shown {
                name: &family.name,
                kind: family.kind,
                help: &family.help,
                series: Vec::new(),
            })
            .collect();
        for entry in &self.entries {
            for (family, part, label) in &entry.parts {
                let (Some(family), Some(reading)) = (
                    families.get_mut(*family),
                    entry.known.read(*part, entry.unit),
                ) else {
                    continue;
                };
                let mut labels = entry.labels.clone();
                labels.extend(label.map(|(key, value)| (key.to_owned(), value.to_owned())));
                family.series.push((labels, reading));
            }
        }
        families.extend(self.of_the_run());
        families.retain(|family| !family.series.is_empty());
        families.sort_by_key(|family| family.name);
        families
    }

    /// What is told of the run as a whole.
    fn of_the_run(&self) -> Vec<Shown<'_>> {
        // These are rhaid's own, whatever the names of metrics are.
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let id = || (TEST_ID.to_owned(), run.id.clone());
        let with = |labels: &[(&str, &str)]| -> Vec<Label> {
            let labels = labels.iter().filter(|(_, value)| !value.is_empty());
            let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            labels.chain([id()]).collect()
        };
        let family = |name, kind, help, series| Shown {
            name,
            kind,
            help,
            series,
        };
        let number = |value: f64| Reading::Number(value);
        let slos = |value: &dyn Fn(&SloResult) -> Option<f64>| -> Vec<_> {
            let row = |slo: &SloResult| {
                let over = slo.over.as_deref().unwrap_or_default();
                // As alerting rules name it.
                let label = label_of(
                    slo.name.as_deref(),
                    &slo.metric,
                    &slo.target,
                    slo.over.as_deref(),
                );
                let labels = [
                    ("slo", label.as_str()),
                    ("metric", slo.metric.as_str()),
                    ("target", slo.target.as_str()),
                    ("over", over),
                    ("priority", slo.priority.label()),
                ];
                Some((with(&labels), number(value(slo)?)))
            };
            self.slos.iter().filter_map(row).collect()
        };
        let faults = |value: &dyn Fn(&(u64, u64)) -> u64| -> Vec<_> {
            let row = |(name, fault): (&String, &(u64, u64))| {
                (with(&[("fault", name)]), number(value(fault) as f64))
            };
            self.faults.iter().map(row).collect()
        };
        let logs = self
            .logs
            .iter()
            .map(|(level, count)| (with(&[("level", level)]), number(*count as f64)));
        let version = env!("CARGO_PKG_VERSION");
        use FamilyKind::{Counter, Gauge};
        vec![
            family(
                "rhaid_run_info",
                Gauge,
                "The run: always 1",
                vec![(
                    with(&[("script", run.script.as_str()), ("version", version)]),
                    number(1.0),
                )],
            ),
            family(
                "rhaid_run_start_timestamp_seconds",
                Gauge,
                "When the run began",
                vec![(with(&[]), number(run.at as f64 / 1e3))],
            ),
            family(
                "rhaid_run_elapsed_seconds",
                Gauge,
                "Since the scenarios' start",
                vec![(with(&[]), number(self.elapsed))],
            ),
            family(
                "rhaid_run_aborted",
                Gauge,
                "Whether the run was ended before its time",
                vec![(with(&[]), number(f64::from(u8::from(self.is_aborted))))],
            ),
            family(
                "rhaid_slo_status",
                Gauge,
                "How an SLO stands: 0 pass, 1 warning, 2 fail, 3 critical, 4 no data",
                slos(&|slo| Some(status_number(slo.status))),
            ),
            family(
                "rhaid_slo_margin_ratio",
                Gauge,
                "Distance to the target as a share of it: negative past it",
                slos(&|slo| slo.margin),
            ),
            family(
                "rhaid_slo_actual",
                Gauge,
                "What an SLO's metric is, in its base unit",
                slos(&|slo| slo.actual.map(|actual| actual / unit_of(slo))),
            ),
            family(
                "rhaid_fault_active",
                Gauge,
                "Whether a fault is on",
                faults(&|(now, _)| u64::from(*now > 0)),
            ),
            family(
                "rhaid_fault_injections",
                Counter,
                "How often a fault was injected",
                faults(&|(_, times)| *times),
            ),
            family(
                "rhaid_script_reloads",
                Counter,
                "How often a newer version of the script took over",
                vec![(with(&[]), number(self.reloads as f64))],
            ),
            family(
                "rhaid_log_lines",
                Counter,
                "Lines that were logged",
                logs.collect(),
            ),
        ]
    }
}

/// What is told of the run as a whole: names that no metric can have.
const OWN: [(&str, FamilyKind); 11] = [
    ("rhaid_run_info", FamilyKind::Gauge),
    ("rhaid_run_start_timestamp_seconds", FamilyKind::Gauge),
    ("rhaid_run_elapsed_seconds", FamilyKind::Gauge),
    ("rhaid_run_aborted", FamilyKind::Gauge),
    ("rhaid_slo_status", FamilyKind::Gauge),
    ("rhaid_slo_margin_ratio", FamilyKind::Gauge),
    ("rhaid_slo_actual", FamilyKind::Gauge),
    ("rhaid_fault_active", FamilyKind::Gauge),
    ("rhaid_fault_injections", FamilyKind::Counter),
    ("rhaid_script_reloads", FamilyKind::Counter),
    ("rhaid_log_lines", FamilyKind::Counter),
];

/// The family's own name, and those of its series.
fn series_names(family: &str, kind: FamilyKind) -> impl Iterator<Item = String> + use<> {
    let endings: &[&str] = match kind {
        FamilyKind::Counter => &["", "_total"],
        FamilyKind::Gauge => &[""],
        FamilyKind::Histogram => &["", "_bucket", "_count", "_sum"],
    };
    let family = family.to_owned();
    endings
        .iter()
        .map(move |ending| format!("{family}{ending}"))
}

/// The label that tells runs apart.
pub const TEST_ID: &str = "testid";

/// What one of Prometheus' base unit is, in the unit of results.
fn unit_of(slo: &SloResult) -> f64 {
    if slo.unit == "ms" { 1e3 } else { 1.0 }
}

fn status_number(status: SloStatus) -> f64 {
    match status {
        SloStatus::Pass => 0.0,
        SloStatus::Warning => 1.0,
        SloStatus::Fail => 2.0,
        SloStatus::Critical => 3.0,
        SloStatus::NoData => 4.0,
    }
}

impl Entry {
    /// Whether both would be shown as the same series.
    fn is(&self, other: &Self) -> bool {
        self.parts == other.parts && self.labels == other.labels && self.unit == other.unit
    }

    fn hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.labels.hash(&mut hasher);
        for (family, ..) in &self.parts {
            family.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Known {
    fn new(info: &MetricInfo, bounds: &Bounds, is_split: bool) -> Self {
        match Accumulator::new(info.kind) {
            Accumulator::Counter { .. } => Self::Counter(0.0),
            Accumulator::Gauge { .. } => Self::Gauge(None),
            Accumulator::Rate { .. } => Self::Rate {
                trues: 0,
                falses: 0,
            },
            Accumulator::Trend(_) => Self::Trend(
                Box::new(Buckets::new(info.contains, bounds)),
                is_split.then(Box::default),
            ),
        }
    }

    fn add(&mut self, current: &Accumulator) {
        match (self, current) {
            (Self::Counter(sum), Accumulator::Counter { sum: more }) => *sum += more,
            (Self::Gauge(value), Accumulator::Gauge { last, samples, .. }) if *samples > 0 => {
                *value = Some(*last);
            }
            (Self::Rate { trues, falses }, Accumulator::Rate { trues: t, total }) => {
                *trues += t;
                *falses += total - t;
            }
            (Self::Trend(buckets, whole), Accumulator::Trend(histogram))
                if !histogram.is_empty() =>
            {
                buckets.add(histogram);
                if let Some(whole) = whole {
                    whole.merge(histogram);
                }
            }
            _ => {}
        }
    }

    fn read(&self, part: Part, unit: f64) -> Option<Reading<'_>> {
        let number = match (self, part) {
            (Self::Counter(sum), Part::Total) => *sum,
            (Self::Gauge(value), Part::Last) => (*value)? / unit,
            (Self::Rate { trues, .. }, Part::Trues) => *trues as f64,
            (Self::Rate { falses, .. }, Part::Falses) => *falses as f64,
            (Self::Rate { trues, falses }, Part::Share) => {
                *trues as f64 / (*trues + *falses).max(1) as f64
            }
            (Self::Trend(buckets, _), Part::Distribution) => {
                return Some(Reading::Histogram(buckets));
            }
            (Self::Trend(_, Some(whole)), Part::Stat(stat)) if !whole.is_empty() => {
                let value = match stat {
                    Stat::Min => whole.min() as f64,
                    Stat::Max => whole.max() as f64,
                    Stat::Mean => whole.mean(),
                    Stat::Percentile(percentile) => whole.value_at_percentile(percentile) as f64,
                };
                from_scaled(value) / unit
            }
            _ => return None,
        };
        Some(Reading::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{MetricKind, Recorder, Tags};
    use std::time::Duration;

    /// A metric's name and kind, and a tag.
    type Recorded<'a> = (&'a str, MetricKind, Option<(&'a str, &'a str)>);

    /// What a second of these, two of each, is shown as.
    fn shown(of: &[Recorded<'_>]) -> Vec<(String, Vec<Label>, f64)> {
        let mut recorder = Recorder::new(100);
        for (name, kind, tag) in of {
            let tags = Tags::new(tag.map(|(key, value)| (key.into(), value.into())));
            let tags = recorder.intern(tags);
            let metric = recorder.metric(name, *kind, Contains::Default).unwrap();
            recorder.add(metric, tags, 2.0).unwrap();
        }
        let mut book = Book::default();
        book.absorb(0, &recorder.snapshot());
        let mut ledger = Ledger::new(Names::Rhaid, Bounds::with(&[]));
        let now = Moment {
            at: 0,
            elapsed: Duration::from_secs(1),
            phase: "running",
            slos: Vec::new(),
        };
        ledger.second(&now, &book);
        let mut all = Vec::new();
        for family in ledger.shown() {
            for (labels, reading) in family.series {
                let value = match reading {
                    Reading::Number(value) => value,
                    Reading::Histogram(buckets) => buckets.count as f64,
                };
                all.push((family.name.to_owned(), labels, value));
            }
        }
        all
    }

    #[test]
    fn what_comes_to_the_same_labels_is_one_series_and_adds_up() {
        use MetricKind::Counter;
        let label = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        let all = shown(&[
            ("orders", Counter, Some(("a-b", "x"))),
            ("orders", Counter, Some(("a.b", "x"))),
            ("orders_total", Counter, Some(("a_b", "x"))),
            ("orders", Counter, Some(("a.b", "y"))),
            ("orders", Counter, None),
            ("orders", Counter, Some(("tenant", ""))),
        ]);
        assert_eq!(
            all,
            [
                ("rhaid_orders".to_owned(), label("a_b", "x"), 6.0),
                ("rhaid_orders".to_owned(), label("a_b", "y"), 2.0),
                ("rhaid_orders".to_owned(), vec![], 4.0),
            ]
        );
    }

    #[test]
    fn no_family_is_called_as_a_series_of_another_or_as_one_of_rhaids_own() {
        use MetricKind::{Counter, Gauge, Trend};
        let all = shown(&[
            ("basket", Trend, None),
            ("basket_count", Gauge, None),
            ("run_info", Gauge, None),
            ("log_lines", Counter, None),
        ]);
        let names: Vec<&str> = all.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "rhaid_basket",
                "rhaid_basket_count_",
                "rhaid_log_lines_",
                "rhaid_run_info_"
            ]
        );
    }
}
