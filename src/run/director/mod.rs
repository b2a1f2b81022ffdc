//! Directs a run's faults: when each comes, whether it may, when it has to go, and what it did.

mod declared;
mod ending;
mod watched;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::declared::{Declared, State};
use self::ending::budget;
use super::by_hand::Refused;
use super::detail::FaultBand;
use super::impact::{Record, Stands, Well};
use super::phases::Stand;
use crate::chaos::probe::{Probe, Watch};
use crate::chaos::{Chaos, ChaosError, EndedBy, Event, FailedUndo, FaultId, Injection, Trigger};
use crate::http;
use crate::metrics::Totals;
use crate::result::FaultResult;
use crate::slo::Objective;
use crate::vu::Outcome;

pub use ending::{failure_of, status_of};
pub use watched::KindOf;

/// By when a whole second has been looked at.
const SETTLED: Duration = Duration::from_millis(300);
/// How much longer than its fault a function may go on, to put right what it broke itself.
const GRACE: Duration = Duration::from_secs(30);
/// Times of faults that are told to who looks on.
const MOST_BANDS: usize = 100;

/// What is to be done after a second.
#[derive(Debug)]
pub enum Act {
    Inject(usize),
    /// A guard was crossed.
    Guard {
        id: FaultId,
        reason: String,
        abort: bool,
    },
}

/// How a fault's function ended.
#[derive(Debug)]
pub struct Done {
    pub id: FaultId,
    pub name: String,
    pub outcome: Option<Outcome>,
}

/// What to ask the first worker for.
pub struct Call {
    pub function: String,
    pub injection: Arc<Injection>,
    pub limit: Duration,
    pub reply: oneshot::Sender<Option<Outcome>>,
}

/// Directs the faults of one run.
pub struct Director {
    chaos: Arc<Chaos>,
    pub events: mpsc::UnboundedReceiver<Event>,
    pub done: mpsc::UnboundedReceiver<Done>,
    done_in: mpsc::UnboundedSender<Done>,
    functions: Vec<(String, JoinHandle<()>)>,
    declared: Vec<Declared>,
    records: Vec<Record>,
    well: Well,
    start: Option<Instant>,
    /// When the scenarios were over.
    over: Option<Instant>,
    /// For how long the plan has stood.
    held: Duration,
    /// The last stand, and the one since which no fault has been at work.
    last: Stand,
    calm: Stand,
    is_calm: bool,
    /// What is asked beside the run, and who asks, once the scenarios have begun.
    asked: Vec<Arc<dyn Probe>>,
    probes: Option<Watch>,
    random: crate::run::chance::Chance,
}

impl Director {
    /// Registers what faults look at.
    pub fn new(
        chaos: Arc<Chaos>,
        events: mpsc::UnboundedReceiver<Event>,
        totals: &mut Totals,
        seed: u64,
        kind: &KindOf<'_>,
    ) -> Self {
        let (done_in, done) = mpsc::unbounded_channel();
        let mut probes = Vec::new();
        let faults = chaos.plan().faults.iter();
        let declared = faults
            .map(|plan| Declared::new(plan, totals, kind, &mut probes))
            .collect();
        Self {
            events,
            done,
            done_in,
            functions: Vec::new(),
            declared,
            records: Vec::new(),
            well: Well::new(totals),
            start: None,
            over: None,
            held: Duration::ZERO,
            last: Stand::default(),
            calm: Stand::default(),
            is_calm: true,
            asked: probes,
            probes: None,
            random: crate::run::chance::Chance::new(seed),
            chaos,
        }
    }

    /// The scenarios start at this moment. `http`: how probes get to where they ask.
    pub fn begin(&mut self, totals: &Totals, start: Instant, http: &http::Settings) {
        let asked = std::mem::take(&mut self.asked);
        self.probes = Some(Watch::start(asked, http));
        self.start = Some(start);
        self.last = Stand::of(totals, 0.0);
        self.calm = self.last.clone();
        for fault in &mut self.declared {
            let due = match &fault.plan.trigger {
                Trigger::At(at) => Some(start + *at),
                Trigger::Random { least, most, .. } => {
                    Some(start + self.random.between(*least, *most))
                }
                _ => None,
            };
            fault.state = State::Waiting(due);
        }
    }

    /// The plan has stood for so long in all: what is to come by itself comes as much later.
    pub fn stand(&mut self, held: Duration) {
        let more = held.saturating_sub(self.held);
        if more.is_zero() {
            return;
        }
        self.held = held;
        for fault in &mut self.declared {
            if let State::Waiting(Some(due)) = &mut fault.state {
                *due += more;
            }
        }
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Instant> {
        self.start?;
        let due = |fault: &Declared| match fault.state {
            State::Waiting(due) => due,
            State::Active { until, .. } => Some(until),
            State::Ending { .. } | State::Done => None,
        };
        self.declared.iter().filter_map(due).min()
    }

    /// What is due now: faults that are over are undone, and those that are to come are given back.
    pub fn due(&mut self, now: Instant) -> Vec<usize> {
        let mut coming = Vec::new();
        for (index, fault) in self.declared.iter_mut().enumerate() {
            match fault.state {
                State::Waiting(Some(due)) if due <= now => {
                    fault.state = State::Waiting(None);
                    coming.push(index);
                }
                State::Active { id, until } if until <= now => {
                    fault.state = State::Ending { id };
                    self.chaos.end_soon(id, EndedBy::Time);
                }
                _ => {}
            }
        }
        coming
    }

    /// Injects a declared fault, if it may come: what is to be asked of a worker, or why it is skipped.
    pub fn inject(&mut self, index: usize, now: Instant) -> Result<Option<Call>, String> {
        let Some(fault) = self.declared.get_mut(index) else {
            return Ok(None);
        };
        if fault.is_on() {
            return Ok(None);
        }
        let wanted = fault.plan.steady_for.as_secs().max(1);
        let known_by = self
            .start
            .map(|start| start + Duration::from_secs(wanted) + SETTLED);
        if let Some(known_by) = known_by.filter(|known_by| *known_by > now)
            && !fault.steady.is_empty()
            && fault.unsteady.is_none()
        {
            // So much time has not been looked at yet.
            fault.state = State::Waiting(Some(known_by));
            return Ok(None);
        }
        fault.came = true;
        fault.times_left = fault.times_left.saturating_sub(1);
        if !fault.steady.is_empty() && fault.steady_for < wanted {
            fault.state = State::Done;
            let reason = fault.why_unsteady(wanted);
            let told = format!("the fault `{}` was skipped: {reason}", fault.plan.name);
            self.records.push(Record::skipped(&fault.plan, reason));
            return Err(told);
        }
        self.begin_fault(index, now).map(Some).map_err(|error| {
            let name = self
                .declared
                .get(index)
                .map_or("", |fault| &fault.plan.name);
            format!("the fault `{name}` could not be injected: {error}")
        })
    }

    /// Injects a declared fault because somebody wants it now, whatever it waits for. What it waits for stays.
    pub fn inject_by_hand(&mut self, index: usize, now: Instant) -> Result<Call, Refused> {
        let Some(fault) = self.declared.get_mut(index) else {
            return Err(Refused::NotNow);
        };
        let name = &fault.plan.name;
        if fault.is_on() {
            return Err(Refused::AlreadyOn(name.clone()));
        }
        let wanted = fault.plan.steady_for.as_secs().max(1);
        if !fault.steady.is_empty() && fault.steady_for < wanted {
            return Err(Refused::Unsteady(name.clone(), fault.why_unsteady(wanted)));
        }
        let before = fault.state;
        let call = self.begin_fault(index, now).map_err(Refused::Failed)?;
        if let Some(fault) = self.declared.get_mut(index) {
            fault.came = true;
            fault.before_hand = Some(before);
        }
        Ok(call)
    }

    fn begin_fault(&mut self, index: usize, now: Instant) -> Result<Call, ChaosError> {
        let Some(fault) = self.declared.get_mut(index) else {
            return Err(ChaosError::Over);
        };
        let begun = self.chaos.begin(&fault.plan.name, fault.plan.duration);
        let injection = begun.inspect_err(|_| fault.state = State::Done)?;
        let id = injection.id();
        fault.state = State::Active {
            id,
            until: now + fault.plan.duration,
        };
        let (reply, answer) = oneshot::channel();
        let (done, name) = (self.done_in.clone(), fault.plan.name.clone());
        self.functions
            .retain(|(_, function)| !function.is_finished());
        let function = fault.plan.name.clone();
        let ended = tokio::spawn(async move {
            let outcome = answer.await.ok().flatten();
            let _ = done.send(Done { id, name, outcome });
        });
        self.functions.push((function, ended));
        Ok(Call {
            function: fault.plan.exec.clone(),
            injection,
            limit: fault.plan.duration + GRACE,
            reply,
        })
    }

    /// Takes note of what happened to a fault; the number of one that a script asks for.
    pub fn note(&mut self, event: Event) -> Option<usize> {
        match event {
            Event::Began { id, name, at } => {
                let plan = self
                    .declared
                    .iter()
                    .find(|fault| fault.state_is(id) || fault.plan.name == name);
                let at_work = self.records.iter().find(|record| !record.is_over());
                let mut record = Record::began(
                    id,
                    &name,
                    plan.map(|fault| &fault.plan),
                    self.seconds_at(at),
                    Stands {
                        calm: self.calm.clone(),
                        now: self.last.clone(),
                        // What was before another fault that is at work was before this one.
                        disturbed: at_work.map(|record| record.before_end().clone()),
                    },
                    [self.chaos.touched(), self.chaos.passed()],
                );
                let by_hand = |fault: &Declared| fault.state_is(id) && fault.before_hand.is_some();
                if self.declared.iter().any(by_hand) {
                    record.set_by_hand();
                }
                for earlier in &mut self.records {
                    earlier.make_way(&self.last);
                }
                self.is_calm = false;
                self.records.push(record);
                None
            }
            Event::Did { id, what } => {
                if let Some(record) = self.record(id) {
                    record.did(what);
                }
                None
            }
            Event::Ending { id, at, by } => {
                let seconds = self.seconds_at(at);
                if let Some(record) = self.record(id) {
                    record.ended(seconds, by);
                }
                None
            }
            Event::Ended { id, at, failed, .. } => {
                if let Some(record) = self.record(id) {
                    failed.into_iter().for_each(|failed| record.fail(failed));
                }
                let passed = self.chaos.passed();
                if let Some(record) = self.record(id) {
                    record.count(passed);
                }
                self.after_end(id, at);
                None
            }
            Event::Asked { name } => self
                .declared
                .iter()
                .position(|fault| fault.plan.name == name),
        }
    }

    fn record(&mut self, id: FaultId) -> Option<&mut Record> {
        self.records
            .iter_mut()
            .find(|record| record.id() == Some(id))
    }

    /// From the scenarios' start, and never after their end.
    fn seconds_at(&self, at: Instant) -> f64 {
        let at = self.over.map_or(at, |over| at.min(over));
        self.start.map_or(0.0, |start| {
            at.saturating_duration_since(start).as_secs_f64()
        })
    }

    /// The scenarios are over.
    pub fn scenarios_are_over(&mut self, at: Instant) {
        self.over = Some(at);
    }

    /// What a fault that has been injected is called.
    pub fn name_of(&self, id: FaultId) -> Option<&str> {
        let mut records = self.records.iter();
        records
            .find(|record| record.id() == Some(id))
            .map(Record::name)
    }

    /// How a fault that has been injected ended, if it has.
    pub fn ended_by(&self, id: FaultId) -> Option<&EndedBy> {
        let mut records = self.records.iter();
        records
            .find(|record| record.id() == Some(id))
            .and_then(Record::ended_by)
    }

    /// What was not put right by the run's end.
    pub fn unfinished(&mut self, failed: Vec<FailedUndo>) {
        for failed in failed {
            if let Some(record) = self.record(failed.fault) {
                record.fail(failed);
            }
        }
    }

    /// A fault is over: what waits for that is set, and it may come again.
    fn after_end(&mut self, id: FaultId, at: Instant) {
        let Some(index) = self.declared.iter().position(|fault| fault.state_is(id)) else {
            return;
        };
        let name = self.declared[index].plan.name.clone();
        let fault = &mut self.declared[index];
        fault.state = match (fault.before_hand.take(), &fault.plan.trigger) {
            // It still comes by itself, unless that moment has passed meanwhile.
            (Some(before @ State::Waiting(due)), _) if due.is_none_or(|due| due > at) => before,
            (_, Trigger::Random { least, most, .. }) if fault.times_left > 0 => {
                State::Waiting(Some(at + self.random.between(*least, *most)))
            }
            (_, Trigger::Asked | Trigger::Manual) => State::Waiting(None),
            _ => State::Done,
        };
        for fault in &mut self.declared {
            if let Trigger::After {
                fault: first,
                pause,
            } = &fault.plan.trigger
                && *first == name
                && fault.state == State::Waiting(None)
            {
                fault.state = State::Waiting(Some(at + *pause));
            }
        }
    }

    /// Once a second, before the totals' tick: looks at what was measured, and says what is to be done.
    pub fn second(&mut self, totals: &Totals, seconds: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.declared.is_empty() && self.records.is_empty() {
            return acts;
        }
        let probes = self.probes.as_ref();
        for (index, fault) in self.declared.iter_mut().enumerate() {
            fault.mind_steady(totals, probes);
            if let (State::Waiting(None), Some(when)) = (fault.state, &fault.when) {
                let value = when.total(totals, seconds);
                if value.is_some_and(|value| when.objective.target.holds(value)) {
                    acts.push(Act::Inject(index));
                }
            }
            if let State::Active { id, .. } = fault.state {
                for (holds, guard) in fault.guards.iter().zip(&fault.plan.guards) {
                    if let Some(reason) = holds.crossed(totals, probes) {
                        acts.push(Act::Guard {
                            id,
                            reason,
                            abort: guard.abort,
                        });
                    }
                }
            }
        }
        self.last = Stand::of(totals, seconds as f64);
        let touched = self.chaos.touched();
        let records = self.records.iter_mut();
        let late = records
            .filter_map(|record| record.second(&self.well, totals, &self.last, touched))
            .last();
        if let Some(went) = late {
            for record in &mut self.records {
                record.go_on_from(went, &self.last);
            }
        }
        let is_calm = self.records.iter().all(Record::is_over);
        if is_calm && !self.is_calm {
            self.calm = self.last.clone();
        }
        self.is_calm = is_calm;
        acts
    }

    /// The faults of which it was seen just now how long the recovery took.
    pub fn recoveries(&mut self) -> Vec<(String, Duration)> {
        let records = self.records.iter_mut();
        records.filter_map(Record::take_recovery).collect()
    }

    /// What came after the last whole second.
    pub fn rest(&mut self, totals: &Totals, seconds: f64) {
        if !self.is_idle() {
            self.last = Stand::of(totals, seconds);
        }
    }

    /// The functions of faults that have not ended, with their faults' names.
    pub fn functions(&mut self) -> Vec<(String, JoinHandle<()>)> {
        let functions = std::mem::take(&mut self.functions).into_iter();
        functions
            .filter(|(_, function)| !function.is_finished())
            .collect()
    }

    pub fn chaos(&self) -> &Arc<Chaos> {
        &self.chaos
    }

    /// The faults that were injected: by which name, from when, until when; in seconds.
    pub fn windows(&self) -> impl Iterator<Item = (&str, f64, Option<f64>)> {
        self.records.iter().filter_map(Record::window)
    }

    /// Whether anything was declared or injected.
    pub fn is_idle(&self) -> bool {
        self.declared.is_empty() && self.records.is_empty()
    }

    /// All faults as results have them: those that came, in their order, and those that did not.
    pub fn results(&self, slos: &[Objective], totals: &Totals) -> Vec<FaultResult> {
        let budget = budget(slos, totals);
        let came = self
            .records
            .iter()
            .map(|record| record.result(&self.last, budget));
        let missed = self
            .declared
            .iter()
            .filter(|fault| !fault.came)
            .map(|fault| Record::missed(&fault.plan));
        came.chain(missed).collect()
    }

    /// When faults have been at work; of very many, the last.
    pub fn bands(&self) -> Vec<FaultBand> {
        let bands = self.records.iter().rev().filter_map(Record::band);
        let mut bands: Vec<_> = bands
            .take(MOST_BANDS)
            .map(|(name, at, until)| FaultBand {
                name: name.to_owned(),
                at,
                until,
            })
            .collect();
        bands.reverse();
        bands
    }

    /// Whether a fault that was to come at a time never did.
    pub fn not_reached(&self) -> Vec<&str> {
        let timed = |fault: &&Declared| {
            !fault.came && matches!(fault.plan.trigger, Trigger::At(_) | Trigger::After { .. })
        };
        self.declared
            .iter()
            .filter(timed)
            .map(|fault| fault.plan.name.as_str())
            .collect()
    }
}
