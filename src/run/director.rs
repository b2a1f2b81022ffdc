//! Directs a run's faults: when each comes, whether it may, when it has to go, and what it did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::impact::{Record, Stands, Well};
use super::judging::judged;
use super::phases::Stand;
use crate::chaos::{Chaos, EndedBy, Event, FaultId, FaultPlan, Injection, Trigger};
use crate::judge::text_of;
use crate::metrics::{Builtin, MetricKind, Totals, TrackerId};
use crate::result::{FaultResult, FaultStatus};
use crate::slo::Objective;
use crate::units::format_duration;
use crate::vu::{Failure, Outcome};

/// By when a whole second has been looked at.
const SETTLED: Duration = Duration::from_millis(300);
/// How much longer than its fault a function may go on, to put right what it broke itself.
const GRACE: Duration = Duration::from_secs(30);

/// A statement with what it looks at.
#[derive(Debug)]
struct Watched {
    objective: Objective,
    tracker: TrackerId,
}

impl Watched {
    fn new(
        objective: &Objective,
        window: Option<usize>,
        totals: &mut Totals,
        kind: &KindOf<'_>,
    ) -> Self {
        let selector = objective.selector.clone();
        let kind = kind(objective);
        let matches = Box::new(move |metric: &str, tags: &_| selector.matches(metric, tags));
        Self {
            objective: objective.clone(),
            tracker: totals.track(kind, window, matches),
        }
    }

    /// The value over the last seconds of its window, this one included; none without samples.
    fn recent(&self, totals: &Totals) -> Option<f64> {
        let (values, before) = totals.tracker(self.tracker).window_and_current()?;
        judged(&values, before as f64 + 1.0, &self.objective)
    }

    /// The value of this second alone.
    fn now(&self, totals: &Totals) -> Option<f64> {
        judged(&totals.tracker(self.tracker).current, 1.0, &self.objective)
    }

    /// The value since the start.
    fn total(&self, totals: &Totals, seconds: u64) -> Option<f64> {
        judged(
            &totals.tracker(self.tracker).total,
            seconds as f64,
            &self.objective,
        )
    }

    fn told(&self, value: Option<f64>) -> String {
        let objective = &self.objective;
        match value {
            Some(value) => format!(
                "{}: it was {}",
                objective.label(),
                text_of(objective, value, None)
            ),
            None => format!("{}: nothing was measured", objective.label()),
        }
    }
}

/// Gives the kind of the metric that a statement is about.
pub type KindOf<'a> = dyn Fn(&Objective) -> MetricKind + 'a;

/// How far a declared fault is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// It comes by itself at this moment, or is waited for.
    Waiting(Option<Instant>),
    Active {
        id: FaultId,
        until: Instant,
    },
    Done,
}

#[derive(Debug)]
struct Declared {
    plan: FaultPlan,
    state: State,
    when: Option<Watched>,
    steady: Vec<Watched>,
    /// Seconds in a row in which all of `steady` held, and what did not hold last.
    steady_for: u64,
    unsteady: Option<String>,
    guards: Vec<Watched>,
    times_left: u32,
    came: bool,
}

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
    functions: Vec<JoinHandle<()>>,
    declared: Vec<Declared>,
    records: Vec<Record>,
    well: Well,
    start: Option<Instant>,
    /// The last stand, and the one since which no fault has been at work.
    last: Stand,
    calm: Stand,
    is_calm: bool,
    random: super::chance::Chance,
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
        let declared = chaos
            .plan()
            .faults
            .iter()
            .map(|plan| Declared {
                state: State::Waiting(None),
                when: match &plan.trigger {
                    Trigger::When(objective) => Some(Watched::new(objective, None, totals, kind)),
                    _ => None,
                },
                steady: plan
                    .steady
                    .iter()
                    .map(|objective| Watched::new(objective, None, totals, kind))
                    .collect(),
                steady_for: 0,
                unsteady: None,
                guards: plan
                    .guards
                    .iter()
                    .map(|guard| {
                        // The second that goes on is looked at beside the window.
                        let window = guard.over.as_secs().saturating_sub(1) as usize;
                        Watched::new(&guard.holds, Some(window), totals, kind)
                    })
                    .collect(),
                times_left: match plan.trigger {
                    Trigger::Random { times, .. } => times,
                    _ => 1,
                },
                came: false,
                plan: plan.clone(),
            })
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
            last: Stand::default(),
            calm: Stand::default(),
            is_calm: true,
            random: super::chance::Chance::new(seed),
            chaos,
        }
    }

    /// The scenarios start at this moment.
    pub fn begin(&mut self, totals: &Totals, start: Instant) {
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

    /// When something is due next.
    pub fn next(&self) -> Option<Instant> {
        self.start?;
        let due = |fault: &Declared| match fault.state {
            State::Waiting(due) => due,
            State::Active { until, .. } => Some(until),
            State::Done => None,
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
                State::Active { id, until } if until <= now => self.chaos.end(id, EndedBy::Time),
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
        if matches!(fault.state, State::Active { .. }) {
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
            let what = fault
                .unsteady
                .clone()
                .unwrap_or_else(|| format!("{} s had passed", fault.steady_for));
            let reason = format!(
                "what had to hold for {} before it did not: {what}",
                format_duration(Duration::from_secs(wanted))
            );
            let told = format!("the fault `{}` was skipped: {reason}", fault.plan.name);
            self.records.push(Record::skipped(&fault.plan, reason));
            return Err(told);
        }
        let injection = match self.chaos.begin(&fault.plan.name, fault.plan.duration) {
            Ok(injection) => injection,
            Err(error) => {
                return Err(format!(
                    "the fault `{}` could not be injected: {error}",
                    fault.plan.name
                ));
            }
        };
        let id = injection.id();
        fault.state = State::Active {
            id,
            until: now + fault.plan.duration,
        };
        let (reply, answer) = oneshot::channel();
        let (done, name) = (self.done_in.clone(), fault.plan.name.clone());
        self.functions.retain(|function| !function.is_finished());
        self.functions.push(tokio::spawn(async move {
            let outcome = answer.await.ok().flatten();
            let _ = done.send(Done { id, name, outcome });
        }));
        Ok(Some(Call {
            function: fault.plan.exec.clone(),
            injection,
            limit: fault.plan.duration + GRACE,
            reply,
        }))
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
                let record = Record::began(
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
            Event::Ended {
                id, at, by, failed, ..
            } => {
                let seconds = self.seconds_at(at);
                if let Some(record) = self.record(id) {
                    record.ended(seconds, by, failed);
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

    fn seconds_at(&self, at: Instant) -> f64 {
        self.start.map_or(0.0, |start| {
            at.saturating_duration_since(start).as_secs_f64()
        })
    }

    /// A fault is over: what waits for that is set, and it may come again.
    fn after_end(&mut self, id: FaultId, at: Instant) {
        let Some(index) = self.declared.iter().position(|fault| fault.state_is(id)) else {
            return;
        };
        let name = self.declared[index].plan.name.clone();
        let fault = &mut self.declared[index];
        fault.state = match fault.plan.trigger {
            Trigger::Random { least, most, .. } if fault.times_left > 0 => {
                State::Waiting(Some(at + self.random.between(least, most)))
            }
            Trigger::Asked => State::Waiting(None),
            _ => State::Done,
        };
        for fault in &mut self.declared {
            if let Trigger::After {
                fault: first,
                pause,
            } = &fault.plan.trigger
                && *first == name
                && fault.state == State::Waiting(None)
                && !fault.came
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
        for (index, fault) in self.declared.iter_mut().enumerate() {
            let broken = fault.steady.iter().find_map(|watched| {
                let value = watched.now(totals);
                let holds = value.is_some_and(|value| watched.objective.target.holds(value));
                (!holds).then(|| watched.told(value))
            });
            match broken {
                Some(what) => {
                    fault.steady_for = 0;
                    fault.unsteady = Some(what);
                }
                None => fault.steady_for += 1,
            }
            if let (State::Waiting(None), Some(when), false) =
                (fault.state, &fault.when, fault.came)
            {
                let value = when.total(totals, seconds);
                if value.is_some_and(|value| when.objective.target.holds(value)) {
                    acts.push(Act::Inject(index));
                }
            }
            if let State::Active { id, .. } = fault.state {
                for (watched, guard) in fault.guards.iter().zip(&fault.plan.guards) {
                    let value = watched.recent(totals);
                    if value.is_some_and(|value| !watched.objective.target.holds(value)) {
                        acts.push(Act::Guard {
                            id,
                            reason: watched.told(value),
                            abort: guard.abort,
                        });
                    }
                }
            }
        }
        self.last = Stand::of(totals, seconds as f64);
        for record in &mut self.records {
            record.second(&self.well, totals, &self.last, self.chaos.touched());
        }
        let is_calm = self.records.iter().all(Record::is_over);
        if is_calm && !self.is_calm {
            self.calm = self.last.clone();
        }
        self.is_calm = is_calm;
        acts
    }

    /// What came after the last whole second.
    pub fn rest(&mut self, totals: &Totals, seconds: f64) {
        if !self.is_idle() {
            self.last = Stand::of(totals, seconds);
        }
    }

    /// The functions of faults that have not ended.
    pub fn functions(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.functions)
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

impl Declared {
    fn state_is(&self, wanted: FaultId) -> bool {
        matches!(self.state, State::Active { id, .. } if id == wanted)
    }
}

/// Failed requests that the first objective about all of them allows in the run.
fn budget(slos: &[Objective], totals: &Totals) -> Option<f64> {
    let failed = Builtin::HttpReqFailed.definition().name;
    let about_all = |objective: &&Objective| {
        objective.selector.metric() == failed && objective.selector.conditions().is_empty()
    };
    let bound = slos.iter().find(about_all)?.target.threshold.bound();
    let requests = Stand::of(totals, 0.0).all_since(&Stand::default()).requests;
    (bound > 0.0 && requests > 0.0).then_some(bound * requests)
}

/// Why a fault's function failed, if it did.
pub fn failure_of(outcome: &Option<Outcome>) -> Option<Failure> {
    match outcome {
        Some(Outcome::Failed(failure)) => Some(failure.clone()),
        Some(Outcome::Interrupted(crate::vu::Interrupt::Timeout(limit))) => {
            let message = format!("it went on for more than {}", format_duration(*limit));
            Some(Failure {
                rendered: message.clone(),
                message,
            })
        }
        _ => None,
    }
}

/// What a status is called in results.
pub fn status_of(by: &EndedBy) -> (FaultStatus, Option<String>) {
    match by {
        EndedBy::Time => (FaultStatus::Held, None),
        EndedBy::Script => (FaultStatus::Undone, None),
        EndedBy::Guard(reason) => (FaultStatus::Guarded, Some(reason.clone())),
        EndedBy::Error(reason) => (FaultStatus::Failed, Some(reason.clone())),
        EndedBy::RunEnd => (FaultStatus::Cut, None),
    }
}
