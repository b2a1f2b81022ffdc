//! One series: what it is held against, and the detectors beside each other.

use std::collections::VecDeque;

use super::baseline::Baseline;
use super::drift::{Drift, TheilSen};
use super::sample::{Sample, median};
use super::spike::Hampel;
use super::step::{Change, Cusum};

/// Blocks that are kept to tell when a step began and how high it is.
const RECENT: usize = 64;
/// Blocks that it takes to be back.
const BACK: u64 = 4;
/// Changes smaller than these are not worth a word: as logarithms of ratios, or differences of shares.
const LEAST_STEP: f64 = 0.095;
const LEAST_SPIKE: f64 = 0.34;
const LEAST_SHARE: f64 = 0.005;
const LEAST_SHARE_SPIKE: f64 = 0.02;
/// Lengths of the stretches that drifts are looked for in: over five minutes, and over half an hour.
const STRETCHES: [f64; 2] = [10.0, 60.0];

/// What is wrong with a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It was off for a moment.
    Spike,
    /// Its level has changed.
    Step,
    /// Its level moves on.
    Drift,
}

/// Something was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    /// When it began, in seconds.
    pub start: f64,
    /// When it was over; none for a level that holds.
    pub end: Option<f64>,
    /// The level before, and the value then.
    pub before: f64,
    pub after: f64,
}

/// News of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum News {
    Found(Finding),
    /// The last step is over: the level is what it was, or changed again.
    StepEnded {
        at: f64,
    },
    /// The last drift has gone on until this moment, and is there by then.
    DriftWent {
        to: f64,
        after: f64,
    },
}

/// One measure of one endpoint.
#[derive(Debug)]
pub struct Series {
    baseline: Baseline,
    spikes: Hampel,
    steps: Cusum,
    drifts: [TheilSen; 2],
    /// The latest blocks: when each began and ended.
    recent: VecDeque<(f64, f64, Sample)>,
    blocks: u64,
    /// The last step, while its level holds: the levels before and after.
    step: Option<(f64, f64)>,
    /// What it was held against before, until the new level is known.
    former: Option<Baseline>,
    /// For how many blocks it has been as before the step.
    back: u64,
    /// Until when the last drift went, and whether upwards.
    drift: Option<(f64, bool)>,
    /// A difference below which nothing matters, in the measure's unit.
    least: f64,
}

impl Series {
    /// A series in which differences below `least` do not matter.
    pub fn new(least: f64) -> Self {
        Self {
            baseline: Baseline::default(),
            spikes: Hampel::default(),
            steps: Cusum::default(),
            drifts: STRETCHES.map(TheilSen::new),
            recent: VecDeque::new(),
            blocks: 0,
            step: None,
            former: None,
            back: 0,
            drift: None,
            least,
        }
    }

    /// Takes in a block of time; `threshold` is how much has to speak against chance, in nats.
    pub fn push(
        &mut self,
        from: f64,
        to: f64,
        sample: Sample,
        threshold: f64,
        news: &mut Vec<News>,
    ) {
        let number = self.blocks;
        self.blocks += 1;
        self.recent.push_back((from, to, sample));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.look_back(number, &sample, news);
        let mut is_suspect = false;
        if let Some(level) = self.baseline.level().copied() {
            if let Some(spike) = self.spikes.push(number, &sample, &level, threshold)
                && self.matters(
                    &sample,
                    level.value,
                    spike.peak,
                    LEAST_SPIKE,
                    LEAST_SHARE_SPIKE,
                )
                && let (Some(first), Some(last)) = (self.block(spike.first), self.block(spike.last))
            {
                news.push(News::Found(Finding {
                    kind: Kind::Spike,
                    start: first.0,
                    end: Some(last.1),
                    before: level.value,
                    after: spike.peak,
                }));
            }
            if let Some(change) = self.steps.push(number, &sample, &level, threshold) {
                self.stepped(change, level.value, news);
                return;
            }
            is_suspect = self.spikes.is_open() || self.steps.suspicion(threshold) > 0.35;
        }
        self.baseline.push(sample, is_suspect);
        let found = self
            .drifts
            .each_mut()
            .map(|drift| drift.push(to, sample.value(), threshold));
        for drift in found.into_iter().flatten() {
            self.drifts_on(&sample, drift, news);
        }
    }

    /// Begins anew: what comes now has nothing to do with what was.
    pub fn restart(&mut self) {
        self.baseline.restart([]);
        self.spikes.forget();
        self.steps = Cusum::default();
        self.drifts.iter_mut().for_each(TheilSen::restart);
        self.recent.clear();
        self.blocks = 0;
        self.step = None;
        self.former = None;
        self.drift = None;
    }

    /// A step that is over soon is over before its level is known: then what was before is what things are held against again.
    fn look_back(&mut self, number: u64, sample: &Sample, news: &mut Vec<News>) {
        let Some((before, after)) = self.step else {
            return;
        };
        if self.baseline.level().is_some() {
            self.former = None;
            return;
        }
        let value = sample.value();
        let is_back = sample.change(before, value).abs() < 0.5 * sample.change(after, value).abs();
        self.back = if is_back { self.back + 1 } else { 0 };
        if self.back < BACK {
            return;
        }
        let first = number.saturating_sub(BACK - 1);
        if let (Some(former), Some((at, ..))) = (self.former.take(), self.block(first)) {
            news.push(News::StepEnded { at: *at });
            self.baseline = former;
            self.step = None;
            self.steps = Cusum::default();
            self.spikes.forget();
        }
    }

    /// A block by its number, if it is recent.
    fn block(&self, number: u64) -> Option<&(f64, f64, Sample)> {
        let first = self.blocks.saturating_sub(self.recent.len() as u64);
        self.recent
            .get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    fn matters(&self, sample: &Sample, before: f64, after: f64, least: f64, share: f64) -> bool {
        let least = match sample {
            Sample::Share { .. } => share,
            _ => least,
        };
        sample.change(before, after).abs() >= least && (after - before).abs() >= self.least
    }

    fn stepped(&mut self, change: Change, before: f64, news: &mut Vec<News>) {
        let first = self.blocks.saturating_sub(self.recent.len() as u64);
        let skip = usize::try_from(change.since.saturating_sub(first)).unwrap_or(0);
        let skip = skip
            + onset(
                self.recent.iter().skip(skip).map(|(_, _, sample)| sample),
                before,
            );
        let since: Vec<_> = self.recent.iter().skip(skip).copied().collect();
        let samples: Vec<Sample> = since.iter().map(|(_, _, sample)| *sample).collect();
        let (Some(first), Some(pooled)) = (since.first(), Sample::pooled(&samples)) else {
            return;
        };
        let after = pooled.value();
        if !self.matters(&pooled, before, after, LEAST_STEP, LEAST_SHARE) {
            self.steps.forget(change.direction);
            return;
        }
        let mut is_back = false;
        if let Some((level, stepped)) = self.step.take() {
            news.push(News::StepEnded { at: first.0 });
            is_back = (after - level).abs() < 0.35 * (stepped - level).abs();
        }
        if !is_back {
            self.step = Some((before, after));
            news.push(News::Found(Finding {
                kind: Kind::Step,
                start: first.0,
                end: None,
                before,
                after,
            }));
        }
        self.steps = Cusum::default();
        self.spikes.forget();
        self.drifts.iter_mut().for_each(TheilSen::restart);
        self.drift = None;
        self.back = 0;
        self.former = Some(std::mem::take(&mut self.baseline));
        self.baseline.restart(samples);
    }

    fn drifts_on(&mut self, sample: &Sample, drift: Drift, news: &mut Vec<News>) {
        if !self.matters(sample, drift.before, drift.after, LEAST_STEP, LEAST_SHARE) {
            return;
        }
        let is_up = drift.after > drift.before;
        match self.drift {
            // Still the same: the window has moved on, or the other window sees it too.
            Some((until, was_up)) if was_up == is_up && drift.from <= until => {
                if drift.to > until {
                    news.push(News::DriftWent {
                        to: drift.to,
                        after: drift.after,
                    });
                }
            }
            _ => news.push(News::Found(Finding {
                kind: Kind::Drift,
                start: drift.from,
                end: Some(drift.to),
                before: drift.before,
                after: drift.after,
            })),
        }
        let until = self
            .drift
            .map_or(drift.to, |(until, _)| until.max(drift.to));
        self.drift = Some((until, is_up));
    }
}

/// With which of some blocks a step really began: what comes before is nearer to the level before, what follows to that after. Page's sum alone also
/// begins with what was high by chance just before.
fn onset<'a>(samples: impl Iterator<Item = &'a Sample>, before: f64) -> usize {
    let samples: Vec<&Sample> = samples.collect();
    let (Some(first), count) = (samples.first(), samples.len()) else {
        return 0;
    };
    let late = samples.iter().skip(count / 2).map(|sample| sample.value());
    let Some(after) = median(late.collect()) else {
        return 0;
    };
    let off = |level: f64, sample: &Sample| first.change(level, sample.value()).abs().min(10.0);
    let mut cost: f64 = samples.iter().map(|sample| off(after, sample)).sum();
    let mut best = (cost, 0);
    for (number, sample) in samples.iter().enumerate() {
        cost += off(before, sample) - off(after, sample);
        if cost < best.0 && number + 1 < count {
            best = (cost, number + 1);
        }
    }
    best.1
}
