//! The series of a run as Prometheus sees them: what only grows, added up second by second.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::buckets::{Bounds, Buckets};
use super::names::{FamilyKind, Names, Part, Stat, help, label, shown};
use super::reading::{Label, Reading, Shown, TEST_ID};
use super::whole::{OWN, Whole};
use crate::metrics::histogram::from_scaled;
use crate::metrics::totals::{Accumulator, TagMap};
use crate::metrics::{Contains, Histogram, MetricInfo};
use crate::output::{Book, Event, Moment, RunInfo};

/// So many tag sets are told apart. With eight distributions of some thirty buckets each, a request's tag set is 250 series, each of
/// which Prometheus keeps for itself; beyond this it is rather a mistake, such as ids in URLs, than a wish.
pub const MOST_SETS: usize = 2_000;

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
    /// Hashes of the tag sets that are told apart, and of those that are not.
    sets: FxHashSet<u64>,
    folded: FxHashSet<u64>,
    whole: Whole,
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
            sets: FxHashSet::default(),
            folded: FxHashSet::default(),
            whole: Whole::default(),
        }
    }

    /// Which run it is: every series says so.
    pub fn begin(&mut self, run: &RunInfo) {
        self.run = Some(run.clone());
    }

    /// Adds a second. Whether there were too many tag sets to tell apart, for the first time.
    #[must_use]
    pub fn second(&mut self, now: &Moment, book: &Book) -> bool {
        self.whole.second(now);
        let was_folded = self.whole.folded > 0;
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
        !was_folded && self.whole.folded > 0
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        self.whole.event(event);
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
        let set = hash_of(&labels);
        if !self.sets.contains(&set) {
            if self.sets.len() < MOST_SETS {
                self.sets.insert(set);
            } else {
                self.folded.insert(set);
                self.whole.folded = self.folded.len();
                labels = vec![("name".to_owned(), "other".to_owned())];
            }
        }
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
        families.extend(self.run.iter().flat_map(|run| self.whole.shown(run)));
        families.retain(|family| !family.series.is_empty());
        families.sort_by_key(|family| family.name);
        families
    }
}

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

fn hash_of(labels: &[Label]) -> u64 {
    let mut hasher = FxHasher::default();
    labels.hash(&mut hasher);
    hasher.finish()
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
        assert!(!ledger.second(&now, &book));
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

    #[test]
    fn beyond_what_can_be_told_apart_all_is_counted_together() {
        let mut recorder = Recorder::new(10 * MOST_SETS);
        let orders = recorder
            .metric("orders", MetricKind::Counter, Contains::Default)
            .unwrap();
        let mut book = Book::default();
        let mut ledger = Ledger::new(Names::Rhaid, Bounds::with(&[]));
        let mut second = |from: usize, to: usize| {
            for number in from..to {
                let tag = ("name".into(), format!("/rooms/{number}").into());
                let tags = recorder.intern(Tags::new([tag]));
                recorder.add(orders, tags, 1.0).unwrap();
            }
            book.absorb(0, &recorder.snapshot());
            let now = Moment {
                at: 0,
                elapsed: Duration::from_secs(1),
                phase: "running",
                slos: Vec::new(),
            };
            let is_folding = ledger.second(&now, &book);
            book.end_second();
            is_folding
        };
        assert!(!second(0, MOST_SETS));
        // Said once; and those that were known before go on being told apart.
        assert!(second(MOST_SETS - 10, MOST_SETS + 40));
        assert!(!second(MOST_SETS + 20, MOST_SETS + 50));
        ledger.begin(&RunInfo {
            id: "a".to_owned(),
            script: String::new(),
            at: 0,
        });
        let shown = ledger.shown();
        let family = |name: &str| {
            &shown
                .iter()
                .find(|shown| shown.name == name)
                .unwrap()
                .series
        };
        let orders = family("rhaid_orders");
        assert_eq!(orders.len(), MOST_SETS + 1);
        let value = |name: &str| {
            let is_it = |(labels, _): &&(Vec<Label>, Reading<'_>)| labels[0].1 == name;
            orders.iter().find(is_it).unwrap().1.clone()
        };
        assert_eq!(value("other"), Reading::Number(70.0));
        assert_eq!(value("/rooms/1995"), Reading::Number(2.0));
        let folded = &family("rhaid_run_folded_tag_sets")[0].1;
        assert_eq!(*folded, Reading::Number(50.0));
    }
}
