//! Tells the outputs what a run measures and what happens in it, without its secrets.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::conductor::Conductor;
use super::masking::{Masks, mask_slos, mask_words};
use crate::chaos::{Event, FaultId};
use crate::metrics::{SeriesId, Snapshot};
use crate::output::{Anomaly, EventKind, Feed, RunInfo};
use crate::result::{AnomalyResult, RunResult, VerdictStatus};
use crate::trace::{Exemplar, Span};
use crate::vu::{LogLevel, LogLine, now_millis};

/// What is told to the outputs, if there are any.
#[derive(Debug)]
pub struct Telling {
    feed: Option<Feed>,
    /// Faults that are on, by name.
    faults: BTreeMap<FaultId, String>,
    /// Numbers of the anomalies that were told of.
    anomalies: BTreeSet<usize>,
}

impl Telling {
    pub fn new(feed: Option<Feed>) -> Self {
        Self {
            feed,
            faults: BTreeMap::new(),
            anomalies: BTreeSet::new(),
        }
    }

    /// What news of an anomaly is to the outputs: each is told of once, and its end once. `start` is when the scenarios began, in milliseconds since 1970.
    fn news(&mut self, number: usize, row: &AnomalyResult, start: u64) -> Option<EventKind> {
        let at = |seconds: f64| start.saturating_add((seconds.max(0.0) * 1e3).round() as u64);
        let anomaly = Box::new(Anomaly {
            number,
            row: row.clone(),
            from: at(row.start_seconds),
            to: row.end_seconds.map(at),
        });
        if self.anomalies.insert(number) {
            return Some(EventKind::AnomalyFound(anomaly));
        }
        anomaly
            .to
            .is_some()
            .then_some(EventKind::AnomalyEnded(anomaly))
    }
}

impl Conductor<'_> {
    /// The run begins.
    pub(super) fn tell_begin(&self, started_at: OffsetDateTime) {
        if let Some(feed) = &self.telling.feed {
            let mut script = self.blueprint.sources.main.clone();
            mask_words(&mut script, &self.blueprint.secrets);
            feed.begin(RunInfo {
                id: self.id.clone(),
                script,
                at: u64::try_from(started_at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
            });
        }
    }

    /// What a worker measured.
    pub(super) fn tell_interval(&self, worker: usize, mut snapshot: Snapshot) {
        let Some(feed) = &self.telling.feed else {
            return;
        };
        for (info, tags) in &mut snapshot.new_series {
            mask_words(&mut info.name, &self.blueprint.secrets);
            for (_, value) in tags {
                mask_words(value, &self.blueprint.secrets);
            }
        }
        feed.interval(worker, snapshot);
    }

    /// Traces that were kept.
    pub(super) fn tell_spans(&self, mut spans: Vec<Span>, lost: u64) {
        let Some(feed) = self.telling.feed.as_ref().filter(|feed| feed.takes_spans()) else {
            return;
        };
        let mut masks = Masks::new(&self.blueprint.secrets);
        for text in spans.iter_mut().flat_map(Span::texts) {
            masks.mask(text);
        }
        feed.spans(spans, lost);
    }

    /// Requests of traces that were kept, as examples of what a worker recorded.
    pub(super) fn tell_exemplars(&self, worker: usize, exemplars: Vec<(SeriesId, Exemplar)>) {
        if let (Some(feed), false) = (&self.telling.feed, exemplars.is_empty()) {
            feed.exemplars(worker, exemplars);
        }
    }

    /// A second is over.
    pub(super) fn tell_second(&self) {
        let Some(feed) = &self.telling.feed else {
            return;
        };
        let elapsed = self.elapsed();
        let verdicts = self
            .bench
            .as_ref()
            .map(|bench| bench.verdicts(&self.aggregate.totals, elapsed));
        let mut slos: Vec<_> = verdicts.into_iter().flatten().map(|(_, row)| row).collect();
        mask_slos(&mut slos, &self.blueprint.secrets);
        feed.second(elapsed, self.phase_now(), slos);
    }

    /// Something happened.
    pub(super) fn tell(&self, kind: EventKind, text: &str) {
        if let Some(feed) = &self.telling.feed {
            let mut text = text.to_owned();
            mask_words(&mut text, &self.blueprint.secrets);
            feed.event(kind, text);
        }
    }

    /// A script or the run itself logged a line, already without secrets.
    pub(super) fn tell_line(&self, line: &LogLine) {
        if let Some(feed) = &self.telling.feed {
            feed.event(EventKind::Log(Box::new(line.clone())), line.told());
        }
    }

    /// A worker has left out so many lines of the log, because there were too many in a second.
    pub(super) fn tell_lost_lines(&mut self, count: u64) {
        self.lost_lines += count;
        if count > 0 {
            let now = self.run.elapsed_seconds();
            self.tell_line(&LogLine {
                level: LogLevel::Warn,
                text: "lines of different texts, left out for they came too fast".to_owned(),
                scenario: String::new(),
                vu: 0,
                iteration: None,
                place: None,
                at: now,
                time: now_millis(),
                more: count,
                trace: None,
            });
        }
    }

    /// A fault comes or goes.
    pub(super) fn tell_of_fault(&mut self, event: &Event, text: &str) {
        match event {
            Event::Began { id, name, .. } => {
                let mut name = name.clone();
                mask_words(&mut name, &self.blueprint.secrets);
                self.telling.faults.insert(*id, name.clone());
                self.tell(EventKind::FaultBegan { id: id.0, name }, text);
            }
            Event::Ended { id, .. } => {
                let name = self.telling.faults.remove(id).unwrap_or_default();
                self.tell(EventKind::FaultEnded { id: id.0, name }, text);
            }
            Event::Did { .. } | Event::Ending { .. } | Event::Asked { .. } => {}
        }
    }

    /// What is unusual, as it is found and as it ends; without secrets.
    pub(super) fn tell_anomalies(&mut self, news: &[(usize, AnomalyResult)]) {
        if self.telling.feed.is_none() || news.is_empty() {
            return;
        }
        let elapsed = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
        let start = now_millis().saturating_sub(elapsed);
        for (number, row) in news {
            if let Some(kind) = self.telling.news(*number, row, start) {
                self.tell(kind, &row.told());
            }
        }
    }

    /// All is measured and judged.
    pub(super) fn tell_end(&self, result: &RunResult) {
        let verdict = &result.verdict;
        let status = verdict_word(verdict.status);
        let kind = EventKind::Ended {
            status: status.to_owned(),
            exit_code: verdict.exit_code,
        };
        self.tell(kind, &format!("the run ends: {status}"));
    }
}

const fn verdict_word(status: VerdictStatus) -> &'static str {
    match status {
        VerdictStatus::Pass => "pass",
        VerdictStatus::Warning => "warning",
        VerdictStatus::Failed => "failed",
        VerdictStatus::Interrupted => "interrupted",
        VerdictStatus::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample_anomaly::step;

    #[test]
    fn an_anomaly_is_told_of_once_and_its_end_once() {
        let mut telling = Telling::new(None);
        let begun = AnomalyResult {
            end_seconds: None,
            ..step()
        };
        let told = telling.news(3, &begun, 1_000_000);
        let Some(EventKind::AnomalyFound(found)) = told else {
            panic!("{told:?}")
        };
        assert_eq!((found.from, found.to), (1_062_000, None));
        assert!(telling.news(3, &begun, 1_000_000).is_none());
        let told = telling.news(3, &step(), 1_000_000);
        let Some(EventKind::AnomalyEnded(ended)) = told else {
            panic!("{told:?}")
        };
        assert_eq!((ended.number, ended.to), (3, Some(1_090_000)));
        // What is over when it is found is told whole.
        let told = telling.news(4, &step(), 0);
        assert!(matches!(told, Some(EventKind::AnomalyFound(whole)) if whole.to == Some(90_000)));
    }
}
