//! What all workers have measured in a second, series by series.

use std::sync::Arc;

use crate::metrics::numbering::{Numbering, TagMap};
use crate::metrics::totals::Accumulator;
use crate::metrics::{MetricInfo, SeriesId, Snapshot};
use crate::trace::Exemplar;

/// One metric under one tag set.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub info: &'a MetricInfo,
    pub tags: &'a TagMap,
    /// In the present second.
    pub current: &'a Accumulator,
}

/// One value that was recorded.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// Milliseconds since 1970.
    pub at: f64,
    pub info: &'a MetricInfo,
    pub tags: &'a TagMap,
    /// In the metric's own unit, as the result has it: milliseconds for times, 1 and 0 for a rate.
    pub value: f64,
}

/// A series, and what it has gathered in the present second: outputs add up what they tell of the whole run.
struct Series {
    info: MetricInfo,
    tags: Arc<TagMap>,
    current: Accumulator,
}

/// Everything measured in the present second, by every series that ever was.
#[derive(Default)]
pub struct Book {
    numbering: Numbering,
    series: Vec<Series>,
    /// Numbers of those that have gathered something in the present second; some may come several times.
    touched: Vec<usize>,
    /// Of the present second, with the numbers of their lines.
    exemplars: Vec<(usize, Exemplar)>,
}

impl Book {
    /// Adds what a worker measured.
    pub fn absorb(&mut self, worker: usize, snapshot: &Snapshot) {
        for (info, tags) in &snapshot.new_series {
            let (number, tags) = self.numbering.enter(worker, &info.name, tags);
            if number == self.series.len() {
                self.series.push(Series {
                    info: info.clone(),
                    tags,
                    current: Accumulator::new(info.kind),
                });
            }
        }
        for (number, delta) in &snapshot.deltas {
            if let Some(number) = self.numbering.number_of(worker, *number)
                && let Some(series) = self.series.get_mut(number)
            {
                series.current.add(delta);
                self.touched.push(number);
            }
        }
    }

    /// Every series, in the order in which they came about: the number of a line never changes.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        self.series.iter().map(|series| Line {
            info: &series.info,
            tags: &series.tags,
            current: &series.current,
        })
    }

    /// What a worker's single samples are of.
    pub fn samples<'a>(&'a self, worker: usize, snapshot: &'a Snapshot) -> Vec<Sample<'a>> {
        let named = |sample: &crate::metrics::RawSample| {
            let number = self.numbering.number_of(worker, sample.series)?;
            let series = self.series.get(number)?;
            Some(Sample {
                at: sample.at,
                info: &series.info,
                tags: &series.tags,
                value: sample.value,
            })
        };
        snapshot.samples.iter().filter_map(named).collect()
    }

    /// Takes examples of what a worker measured.
    pub fn exemplify(&mut self, worker: usize, exemplars: &[(SeriesId, Exemplar)]) {
        let known = exemplars.iter().filter_map(|(series, exemplar)| {
            let number = self.numbering.number_of(worker, series.number())?;
            Some((number, *exemplar))
        });
        self.exemplars.extend(known);
    }

    /// Examples that came in the present second, with the numbers of their lines.
    pub fn exemplars(&self) -> &[(usize, Exemplar)] {
        &self.exemplars
    }

    /// The present second is over.
    pub fn end_second(&mut self) {
        self.exemplars.clear();
        for number in self.touched.drain(..) {
            if let Some(series) = self.series.get_mut(number) {
                // Made anew, not emptied: of thousands of series with their distributions few have something in the same second.
                series.current = Accumulator::new(series.info.kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Builtin, Recorder, Tags};

    fn told(book: &Book) -> Vec<(&str, f64)> {
        let lines = book.lines();
        lines
            .map(|line| (line.tags["name"].as_str(), line.current.sum()))
            .collect()
    }

    #[test]
    fn a_second_has_what_all_workers_measured_in_it_and_the_next_begins_anew() {
        let mut book = Book::default();
        let mut workers = [Recorder::new(10), Recorder::new(10)];
        let mut visit = |book: &mut Book, worker: usize, name: &str, times: f64| {
            let recorder = &mut workers[worker];
            let tags = recorder.intern(Tags::new([("name".into(), name.into())]));
            let series = recorder.series(Builtin::HttpReqs.into(), tags);
            recorder.count(series, times);
            book.absorb(worker, &recorder.snapshot());
        };
        visit(&mut book, 0, "a", 1.0);
        visit(&mut book, 1, "b", 2.0);
        visit(&mut book, 1, "a", 4.0);
        visit(&mut book, 0, "a", 8.0);
        assert_eq!(told(&book), [("a", 13.0), ("b", 2.0)]);
        book.end_second();
        assert_eq!(told(&book), [("a", 0.0), ("b", 0.0)]);
        visit(&mut book, 1, "b", 1.0);
        assert_eq!(told(&book), [("a", 0.0), ("b", 1.0)]);
    }
}
