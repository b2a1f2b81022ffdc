//! Tells the outputs what a run measures and what happens in it, without its secrets.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::conductor::Conductor;
use super::masking::{mask_slos, mask_words};
use crate::chaos::{Event, FaultId};
use crate::metrics::{SeriesId, Snapshot};
use crate::output::{EventKind, Feed, RunInfo};
use crate::result::{RunResult, VerdictStatus};
use crate::trace::{Exemplar, Span};
use crate::vu::LogLine;

/// What is told to the outputs, if there are any.
#[derive(Debug)]
pub struct Telling {
    feed: Option<Feed>,
    /// Faults that are on, by name.
    faults: BTreeMap<FaultId, String>,
}

impl Telling {
    pub fn new(feed: Option<Feed>) -> Self {
        Self {
            feed,
            faults: BTreeMap::new(),
        }
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
        for text in spans.iter_mut().flat_map(Span::texts) {
            mask_words(text, &self.blueprint.secrets);
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
            Event::Did { .. } | Event::Asked { .. } => {}
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
