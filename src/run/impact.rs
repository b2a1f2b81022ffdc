//! What one fault did to a run: its phases, and what they come to.

use std::time::Duration;

use super::director::status_of;
use super::phases::{Requests, Stand};
use super::resilience::{Course, at};
use crate::chaos::{EndedBy, FailedUndo, FaultId, FaultPlan, Trigger};
use crate::metrics::totals::Accumulator;
use crate::metrics::{Builtin, Totals, TrackerId};
use crate::result::{self, FaultImpact, FaultPhase, FaultResult, FaultStatus, PhaseName, ratio};

/// What comes in so short a time before a second's end comes after it, in seconds.
const MOMENT: f64 = 0.02;
/// Seconds in a row that are well after a fault of which nothing was declared.
const RECOVERED_FOR: u64 = 3;
/// A second is well if not more than this share of requests fails beyond that of before …
const MORE_FAILURES: f64 = 0.01;
/// … and neither of these percentiles is more than so many times that of before, and more than so many milliseconds above it: of
/// the few requests of a second, the upper ones vary by themselves.
const SLOWER: [(f64, f64, f64); 2] = [(50.0, 2.0, 20.0), (95.0, 3.0, 100.0)];
/// The effect of one that broke nothing.
const NOTHING: &str = "it broke nothing";
/// Requests before a fault from which a percentile can be told.
const ENOUGH: u64 = 20;

/// What tells whether a second was well.
#[derive(Debug, Clone, Copy)]
pub struct Well {
    failed: TrackerId,
    duration: TrackerId,
}

impl Well {
    pub fn new(totals: &mut Totals) -> Self {
        let mut track = |metric: Builtin| {
            let definition = metric.definition();
            let matches = Box::new(move |name: &str, _: &_| name == definition.name);
            totals.track(definition.kind, None, matches)
        };
        Self {
            failed: track(Builtin::HttpReqFailed),
            duration: track(Builtin::HttpReqDuration),
        }
    }

    /// Whether the second that ends now was as good as what was before the fault. One without requests was not, if there were some.
    fn was_well(self, totals: &Totals, before: &Requests) -> bool {
        let (failed, all) = match &totals.tracker(self.failed).current {
            Accumulator::Rate { trues, total } => (*trues as f64, *total as f64),
            _ => (0.0, 0.0),
        };
        if all == 0.0 {
            return before.requests == 0.0;
        }
        if ratio(failed, all) > before.failed_share() + MORE_FAILURES {
            return false;
        }
        let Accumulator::Trend(durations) = &totals.tracker(self.duration).current else {
            return true;
        };
        if before.duration.count() < ENOUGH || durations.is_empty() {
            return true;
        }
        SLOWER.into_iter().all(|(percentile, times, more)| {
            let usual = at(&before.duration, percentile);
            at(durations, percentile) <= (usual * times).max(usual + more)
        })
    }
}

/// Requests a second between two stands.
fn rate(requests: &Requests, from: &Stand, to: &Stand) -> f64 {
    ratio(requests.requests, to.seconds - from.seconds)
}

/// How it stood when a fault began.
#[derive(Debug, Default)]
pub struct Stands {
    /// Since when no other fault had been at work.
    pub calm: Stand,
    pub now: Stand,
    /// When another one that is at work began.
    pub disturbed: Option<Stand>,
}

/// One injection, as it is followed.
#[derive(Debug)]
pub struct Record {
    id: Option<FaultId>,
    name: String,
    trigger: String,
    effects: Vec<String>,
    started: Option<f64>,
    ended: Option<(f64, EndedBy)>,
    failed: Vec<FailedUndo>,
    /// Why it was not injected.
    skipped: Option<String>,
    recovered_for: u64,
    /// When no fault had been at work, when it was injected, when it ended, and when all was well again.
    calm: Stand,
    disturbed: Option<Stand>,
    start: Stand,
    end: Option<Stand>,
    recovered: Option<(f64, Stand)>,
    before: Requests,
    /// When the next fault began, and whether it was not well again by then.
    until: Option<Stand>,
    is_cut: bool,
    /// It began in the second in which this one ended.
    gives_way: bool,
    /// That all was well again was told as a metric.
    counted: bool,
    /// From its injection to the end of the first second that was not well.
    detected: Option<f64>,
    seconds: u64,
    bad_seconds: u64,
    /// The good seconds that go on since the end: how many, and how it stood before them.
    good: u64,
    good_since: Option<Stand>,
    touched: [u64; 2],
    /// Bytes that had passed the run's proxies when it began.
    passed: u64,
}

impl Record {
    /// Somebody injected it, whatever it waited for.
    pub fn set_by_hand(&mut self) {
        self.trigger = Trigger::Manual.to_string();
    }

    /// A fault that was injected.
    pub fn began(
        id: FaultId,
        name: &str,
        plan: Option<&FaultPlan>,
        at: f64,
        stands: Stands,
        counts: [u64; 2],
    ) -> Self {
        let Stands {
            calm,
            now: start,
            disturbed,
        } = stands;
        Self {
            id: Some(id),
            name: name.to_owned(),
            trigger: plan.map_or_else(
                || "injected by a script".to_owned(),
                |plan| plan.trigger.to_string(),
            ),
            effects: Vec::new(),
            started: Some(at),
            ended: None,
            failed: Vec::new(),
            skipped: None,
            recovered_for: plan.map_or(RECOVERED_FOR, |plan| plan.recovered_for.as_secs().max(1)),
            before: disturbed.as_ref().unwrap_or(&start).all_since(&calm),
            disturbed,
            calm,
            start,
            end: None,
            recovered: None,
            until: None,
            is_cut: false,
            gives_way: false,
            counted: false,
            detected: None,
            seconds: 0,
            bad_seconds: 0,
            good: 0,
            good_since: None,
            touched: [counts[0]; 2],
            passed: counts[1],
        }
    }

    /// A fault that could have come and was not let.
    pub fn skipped(plan: &FaultPlan, reason: String) -> Self {
        Self {
            id: None,
            started: None,
            skipped: Some(reason),
            ..Self::began(
                FaultId(0),
                &plan.name,
                Some(plan),
                0.0,
                Stands::default(),
                [0; 2],
            )
        }
    }

    /// The row of a fault that never came.
    pub fn missed(plan: &FaultPlan) -> FaultResult {
        FaultResult {
            name: plan.name.clone(),
            trigger: plan.trigger.to_string(),
            status: FaultStatus::NotReached,
            reason: None,
            effects: Vec::new(),
            start_seconds: None,
            end_seconds: None,
            failed_undos: Vec::new(),
            impact: None,
            phases: Vec::new(),
        }
    }

    pub fn id(&self) -> Option<FaultId> {
        self.id
    }

    /// Its name, and from when to when it was at work.
    pub fn window(&self) -> Option<(&str, f64, Option<f64>)> {
        let ended = self.ended.as_ref().map(|(at, _)| *at);
        Some((&self.name, self.started?, ended))
    }

    /// Where what was before it ends.
    pub fn before_end(&self) -> &Stand {
        self.disturbed.as_ref().unwrap_or(&self.start)
    }

    /// Its name and the time in which it was at work, if it ever was.
    pub fn band(&self) -> Option<(&str, f64, Option<f64>)> {
        let until = self.ended.as_ref().map(|(at, _)| *at);
        Some((&self.name, self.started?, until))
    }

    /// Whether it has ended, and all was well since, or another one began.
    pub fn is_over(&self) -> bool {
        self.id.is_none() || self.recovered.is_some() || self.is_cut
    }

    /// It ended when so many bytes had passed the run's proxies: one that spoiled what nobody sent has done nothing.
    pub fn count(&mut self, passed: u64) {
        let spoils = |effect: &String| effect.contains(" of proxy `");
        if self.effects.is_empty() {
            self.effects.push(NOTHING.to_owned());
        } else if passed == self.passed && self.effects.iter().all(spoils) {
            self.effects
                .push("nothing passed a proxy of the run while it lasted".to_owned());
        }
    }

    pub fn did(&mut self, what: String) {
        self.effects.push(what);
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn ended_by(&self) -> Option<&EndedBy> {
        self.ended.as_ref().map(|(_, by)| by)
    }

    /// One more thing was not put right.
    pub fn fail(&mut self, failed: FailedUndo) {
        if !self.failed.contains(&failed) {
            self.failed.push(failed);
        }
    }

    pub fn ended(&mut self, at: f64, by: EndedBy) {
        self.ended = Some((at, by));
    }

    /// A second ends. `now`: how it stands. If the second had ended when this fault came, and was looked at late, it belongs to what was
    /// before: then it tells up to where that went until now.
    pub fn second(
        &mut self,
        well: &Well,
        totals: &Totals,
        now: &Stand,
        touched: u64,
    ) -> Option<f64> {
        let started = self.started.filter(|_| !self.is_over())?;
        let ends = now.seconds;
        if ends <= started + MOMENT {
            let went = self.start.seconds;
            self.start = now.clone();
            self.before = self.before_end().all_since(&self.calm);
            return Some(went);
        }
        self.follow(well, totals, now, touched, started);
        None
    }

    /// What made way for another fault at this second has one more: the other one came a moment later.
    pub fn go_on_from(&mut self, seconds: f64, now: &Stand) {
        if let Some(until) = self.until.as_mut().filter(|until| until.seconds == seconds) {
            *until = now.clone();
        }
    }

    fn follow(&mut self, well: &Well, totals: &Totals, now: &Stand, touched: u64, started: f64) {
        let ends = now.seconds;
        let was_well = well.was_well(totals, &self.before);
        self.seconds += 1;
        self.touched[1] = touched;
        if !was_well {
            self.bad_seconds += 1;
            self.detected.get_or_insert(ends - started);
        }
        let Some((ended, _)) = self.ended else { return };
        if self.end.is_none() {
            // The second in which it ended belongs to it.
            self.end = Some(now.clone());
            self.good_since = Some(now.clone());
            if self.gives_way {
                self.is_cut = true;
                self.until = Some(now.clone());
            }
            return;
        }
        if !was_well {
            self.good = 0;
            self.good_since = Some(now.clone());
            return;
        }
        self.good += 1;
        if self.good >= self.recovered_for
            && let Some(since) = self.good_since.take()
        {
            // What is well again is no part of what it did.
            self.seconds = self.seconds.saturating_sub(self.good);
            let after = (since.seconds - ended).max(0.0);
            self.recovered = Some((after, since));
        }
    }

    /// What it is called and how long it took until all was well again, once that is known, and once only.
    pub fn take_recovery(&mut self) -> Option<(String, Duration)> {
        let (after, _) = self.recovered.as_ref().filter(|_| !self.counted)?;
        // Without anything before it, only failures show that it was not well; where none came, nothing is known.
        if self.before.requests == 0.0 && self.detected.is_none() {
            return None;
        }
        let after = Duration::try_from_secs_f64(*after).ok()?;
        self.counted = true;
        Some((self.name.clone(), after))
    }

    /// Another fault begins: what comes after this one ends there, and so does the look at whether all is well again.
    pub fn make_way(&mut self, now: &Stand) {
        if self.until.is_some() || self.ended.is_none() {
            return;
        }
        if self.end.is_none() {
            // The second in which it ended goes on.
            self.gives_way = true;
            return;
        }
        if self.recovered.is_none() {
            match (self.good, self.good_since.take(), &self.ended) {
                // As far as could be seen, it was.
                (1.., Some(since), Some((ended, _))) => {
                    let after = (since.seconds - ended).max(0.0);
                    self.recovered = Some((after, since));
                }
                _ => self.is_cut = true,
            }
        }
        self.until = Some(now.clone());
    }

    /// The row of a result. `last`: how it stood at the end of the run; `budget`: failed requests that an objective allows.
    pub fn result(&self, last: &Stand, budget: Option<f64>) -> FaultResult {
        let (status, reason) = match (&self.skipped, &self.ended) {
            (Some(reason), _) => (FaultStatus::Skipped, Some(reason.clone())),
            (None, Some((_, by))) => status_of(by),
            (None, None) => (FaultStatus::Cut, None),
        };
        let failed_undos = self.failed.iter().map(|failed| result::FailedUndo {
            what: failed.what.clone(),
            why: failed.why.clone(),
        });
        let phases = match self.id {
            Some(_) => self.phases(last),
            None => Vec::new(),
        };
        FaultResult {
            name: self.name.clone(),
            trigger: self.trigger.clone(),
            status,
            reason,
            effects: self.effects.clone(),
            start_seconds: self.started,
            end_seconds: self.ended.as_ref().map(|(at, _)| *at),
            failed_undos: failed_undos.collect(),
            // One that broke nothing had no effect that could be told.
            impact: self
                .id
                .filter(|_| self.effects.as_slice() != [NOTHING])
                .map(|_| self.impact(last, budget)),
            phases,
        }
    }

    /// Where each phase ends.
    fn borders<'a>(&'a self, last: &'a Stand) -> [&'a Stand; 3] {
        let last = self.until.as_ref().unwrap_or(last);
        let end = self.end.as_ref().unwrap_or(last);
        let recovered = self.recovered.as_ref().map_or(last, |(_, stand)| stand);
        [end, recovered, last]
    }

    fn phases(&self, last: &Stand) -> Vec<FaultPhase> {
        let [end, recovered, last] = self.borders(last);
        let borders = [
            (PhaseName::Before, &self.calm, self.before_end()),
            (PhaseName::During, &self.start, end),
            (PhaseName::Recovery, end, recovered),
            (PhaseName::After, recovered, last),
        ];
        let some = borders
            .into_iter()
            .filter(|(_, from, to)| to.seconds > from.seconds);
        some.map(|(name, from, to)| to.phase_since(from, name))
            .collect()
    }

    fn impact(&self, last: &Stand, budget: Option<f64>) -> FaultImpact {
        let [end, recovered, last] = self.borders(last);
        let hit = recovered.all_since(&self.start);
        let during = end.all_since(&self.start);
        let expected = hit.requests * self.before.failed_share();
        let recover_seconds = self.recovered.as_ref().map(|(after, _)| *after);
        let after = last.all_since(recovered);
        let no_before = self.before.requests == 0.0;
        FaultImpact {
            detect_seconds: self.detected,
            recover_seconds,
            requests_lost: (hit.failed - expected).max(0.0).round(),
            users_touched: self.touched[1].saturating_sub(self.touched[0]),
            degraded_share: ratio(self.bad_seconds as f64, self.seconds as f64),
            error_budget_spent: budget.map(|budget| ratio(hit.failed, budget)),
            cut_by_next: self.is_cut,
            score: (!no_before).then(|| {
                let ended = self.ended.as_ref();
                let course = Course {
                    before: &self.before,
                    during: &during,
                    after: &after,
                    rates: [self.calm_rate(), rate(&during, &self.start, end)],
                    lasted: ended.map_or(0.0, |(at, _)| at - self.started.unwrap_or(*at)),
                    // What nobody noticed needs no recovery.
                    recovered: recover_seconds.or((self.bad_seconds == 0).then_some(0.0)),
                };
                course.score()
            }),
            no_before,
        }
    }

    fn calm_rate(&self) -> f64 {
        rate(&self.before, &self.calm, self.before_end())
    }
}
