//! One virtual user, and how code that runs on its stack finds it.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::coroutine::{self, CannotWait};
use super::sent::Sent;
use super::tap::{Happening, What};
use super::traced::Trace;
use super::worker::Worker;
use crate::http::Session;
use crate::lengths;
use crate::metrics::{Builtin, MetricId, Recorder, SeriesId, TagSetId, Tags};
use crate::trace::{SpanId, TraceId};

/// Why an iteration is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// Its scenario's time and grace are over, or the run is being stopped.
    Stop,
    /// A part of the script took longer than it may.
    Timeout(Duration),
}

/// Why a wait gave no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    #[error("interrupted")]
    Interrupted(Interrupt),
    #[error("{0}: move it into `setup` or into a scenario's function")]
    Cannot(#[from] CannotWait),
}

/// What is the same for all virtual users of one scenario on one worker.
pub struct ScenarioContext {
    pub name: Rc<str>,
    /// The function that is one iteration.
    pub exec: String,
    /// What `env()` gives in this scenario, over the run's.
    pub env: BTreeMap<String, String>,
    /// The scenario's tags, interned.
    pub tags: TagSetId,
    pub series: ScenarioSeries,
}

/// Handles of the samples that every iteration records.
#[derive(Debug, Clone, Copy)]
pub struct ScenarioSeries {
    pub iterations: SeriesId,
    pub duration: SeriesId,
    pub errors: SeriesId,
    pub lag: SeriesId,
    pub dropped: SeriesId,
    pub interrupted: SeriesId,
}

impl ScenarioContext {
    /// A scenario's context; its samples carry `tags` and its name.
    pub fn new(
        name: &str,
        exec: &str,
        env: BTreeMap<String, String>,
        tags: impl IntoIterator<Item = (String, String)>,
        recorder: &mut Recorder,
    ) -> Self {
        let name: Rc<str> = name.into();
        let named = [(Rc::from("scenario"), name.clone())];
        let pairs = tags
            .into_iter()
            .map(|(key, value)| (Rc::from(key), Rc::from(value)))
            .chain(named);
        let tags = recorder.intern(Tags::new(pairs));
        let mut series = |metric: Builtin| recorder.series(MetricId::from(metric), tags);
        let series = ScenarioSeries {
            iterations: series(Builtin::Iterations),
            duration: series(Builtin::IterationDuration),
            errors: series(Builtin::IterationErrors),
            lag: series(Builtin::IterationLag),
            dropped: series(Builtin::DroppedIterations),
            interrupted: series(Builtin::InterruptedIterations),
        };
        Self {
            name,
            exec: exec.to_owned(),
            env,
            tags,
            series,
        }
    }
}

/// One virtual user.
pub struct Vu {
    /// From 1, unique in the run.
    pub id: u64,
    pub scenario: Rc<ScenarioContext>,
    pub worker: Rc<Worker>,
    pub session: Session,
    /// Number of the current iteration of this virtual user, from 0.
    pub iteration: Cell<u64>,
    /// By how much the current iteration started late, in nanoseconds: part of every corrected response time. None
    /// in a closed model, where nothing is scheduled.
    pub lag: Cell<Option<u64>>,
    pub rng: RefCell<SmallRng>,
    /// When its latest requests began.
    pub sent: Sent,
    /// Tags of what is recorded now: the scenario's, the group's, the script's own.
    tags: Cell<TagSetId>,
    group: RefCell<String>,
    own_tags: RefCell<BTreeMap<String, String>>,
    interrupt: Cell<Option<Interrupt>>,
    waker: RefCell<Option<Waker>>,
    /// The version of the script that its current iteration plays; none between iterations.
    plays: Cell<Option<u32>>,
    keepsake: OnceCell<Rc<dyn Any>>,
    /// The last fault during which one of its requests failed.
    pub touched: Cell<u64>,
    /// Of its present iteration, in a run that is traced.
    pub trace: Option<Box<RefCell<Trace>>>,
}

impl Vu {
    /// A virtual user of a scenario. Its random numbers follow from the run's seed and its id alone.
    pub fn new(id: u64, scenario: Rc<ScenarioContext>, worker: Rc<Worker>) -> Rc<Self> {
        let local_ips = &worker.client.settings().local_ips;
        let local = if local_ips.is_empty() {
            None
        } else {
            local_ips.get(id as usize % local_ips.len()).copied()
        };
        let trace = worker.run.tracing.as_ref().map(|tracing| {
            let trace = Trace::new(tracing.ids());
            Box::new(RefCell::new(trace))
        });
        // Any odd constant spreads neighbouring ids over the seed space; this one is 2^64 divided by the golden ratio.
        let seed = worker.run.seed ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rc::new(Self {
            id,
            tags: Cell::new(scenario.tags),
            scenario,
            session: Session::new(local),
            iteration: Cell::new(0),
            lag: Cell::new(None),
            rng: RefCell::new(SmallRng::seed_from_u64(seed)),
            sent: Sent::default(),
            group: RefCell::default(),
            own_tags: RefCell::default(),
            interrupt: Cell::new(None),
            waker: RefCell::default(),
            plays: Cell::new(None),
            keepsake: OnceCell::new(),
            touched: Cell::new(0),
            trace,
            worker,
        })
    }

    /// What the script keeps for this virtual user as long as it lives, whichever version of it asks. Made when first asked
    /// for; `None` if it was made as another type.
    pub fn keepsake<T: 'static>(&self, make: impl FnOnce() -> T) -> Option<Rc<T>> {
        let kept = self.keepsake.get_or_init(|| Rc::new(make())).clone();
        kept.downcast().ok()
    }

    /// Tells whoever looks on what happens, if someone does.
    pub fn tell(&self, what: impl FnOnce() -> What) {
        if let Some(tap) = &self.worker.run.tap {
            tap.tell(Happening {
                at: tap.now(),
                scenario: self.scenario.name.to_string(),
                vu: self.id,
                iteration: self.iteration.get(),
                what: what(),
            });
        }
    }

    /// The trace and the span in which it is, if they are recorded.
    pub fn seen_in_trace(&self) -> Option<(TraceId, SpanId)> {
        self.trace.as_ref()?.borrow().seen()
    }

    /// The tags of what is recorded now.
    pub fn tags(&self) -> TagSetId {
        self.tags.get()
    }

    /// The path of the groups entered, such as `::checkout::payment`; empty outside.
    pub fn group(&self) -> String {
        self.group.borrow().clone()
    }

    /// How many groups within each other were entered.
    pub fn group_depth(&self) -> usize {
        self.group.borrow().matches("::").count()
    }

    /// Enters a group until the guard is dropped, also by unwinding.
    pub fn enter_group(self: &Rc<Self>, name: &str) -> GroupGuard {
        let length = self.group.borrow().len();
        let mut group = self.group.borrow_mut();
        group.push_str("::");
        group.push_str(&lengths::name(name));
        if let Some(trace) = &self.trace {
            trace.borrow_mut().enter(&group);
        }
        drop(group);
        let outer = self.tags.get();
        self.retag();
        GroupGuard {
            vu: self.clone(),
            length,
            outer,
        }
    }

    /// Sets (or with `None` removes) a tag of everything this virtual user records from now on.
    /// False when there are too many already.
    pub fn set_tag(&self, key: &str, value: Option<&str>) -> bool {
        let key = lengths::name(key);
        let mut own = self.own_tags.borrow_mut();
        if value.is_some() && own.len() >= lengths::TAGS && !own.contains_key(&*key) {
            return false;
        }
        match value {
            Some(value) => own.insert(key.into_owned(), lengths::name(value).into_owned()),
            None => own.remove(&*key),
        };
        drop(own);
        self.retag();
        true
    }

    fn retag(&self) {
        let mut recorder = self.worker.recorder.borrow_mut();
        let base = recorder.tags(self.scenario.tags).clone();
        let group = self.group.borrow();
        let group = (!group.is_empty()).then(|| (Rc::from("group"), Rc::from(group.as_str())));
        let own = self.own_tags.borrow();
        let own = own
            .iter()
            .map(|(key, value)| (Rc::from(key.as_str()), Rc::from(value.as_str())));
        self.tags
            .set(recorder.intern(base.with(group.into_iter().chain(own))));
    }

    /// Prepares for the next iteration: groups and tags of the last one are gone.
    pub fn begin_iteration(&self, lag: Option<u64>) {
        self.lag.set(lag);
        if !self.own_tags.borrow().is_empty() || !self.group.borrow().is_empty() {
            self.own_tags.borrow_mut().clear();
            self.group.borrow_mut().clear();
            self.tags.set(self.scenario.tags);
        }
    }

    /// An iteration of the script begins.
    pub(super) fn begin_to_play(&self) {
        self.plays.set(Some(self.worker.version()));
    }

    /// The iteration is over.
    pub(super) fn end_to_play(&self) {
        self.plays.set(None);
    }

    /// The version of the script that its current iteration plays; none between iterations.
    pub(super) fn plays(&self) -> Option<u32> {
        self.plays.get()
    }

    /// Cuts off whatever the virtual user is doing: its current wait, and every one after it, ends with
    /// [`WaitError::Interrupted`] until the interrupt is cleared.
    pub fn interrupt(&self, why: Interrupt) {
        if self.interrupt.get().is_none() {
            self.interrupt.set(Some(why));
        }
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Why the virtual user is being cut off, if it is.
    pub fn interrupted(&self) -> Option<Interrupt> {
        self.interrupt.get()
    }

    /// Lets the virtual user wait again, for its last words.
    pub fn clear_interrupt(&self) {
        self.interrupt.set(None);
    }

    /// The value of an environment variable, the scenario's own first.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.scenario
            .env
            .get(name)
            .or_else(|| self.worker.run.env.get(name))
            .map(String::as_str)
    }
}

/// Leaves a group when dropped.
pub struct GroupGuard {
    vu: Rc<Vu>,
    length: usize,
    outer: TagSetId,
}

impl Drop for GroupGuard {
    fn drop(&mut self) {
        self.vu.group.borrow_mut().truncate(self.length);
        if let Some(trace) = &self.vu.trace {
            trace.borrow_mut().leave();
        }
        self.vu.tags.set(self.outer);
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Vu>>> = const { RefCell::new(None) };
    static TURNS: Cell<u64> = const { Cell::new(0) };
    /// The turn that was last asked about, and when it was first asked about.
    static ASKED: Cell<Option<(u64, Instant)>> = const { Cell::new(None) };
}

/// Whether the virtual user whose turn it is has gone on for so long since the first time this was asked in its turn.
pub fn turn_is_over(length: Duration) -> bool {
    let (turn, now) = (turns(), Instant::now());
    match ASKED.get() {
        Some((asked, since)) if asked == turn => now.saturating_duration_since(since) >= length,
        _ => {
            ASKED.set(Some((turn, now)));
            false
        }
    }
}

/// How often a virtual user of this thread was given its turn. The same number twice: whoever asks has not let go in between.
pub fn turns() -> u64 {
    TURNS.get()
}

/// The virtual user on whose stack this runs.
pub fn current() -> Option<Rc<Vu>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Makes a virtual user the current one until the guard is dropped.
pub(super) struct Enter(Option<Rc<Vu>>);

impl Enter {
    pub(super) fn new(vu: &Rc<Vu>) -> Self {
        TURNS.set(TURNS.get().wrapping_add(1));
        Self(CURRENT.replace(Some(vu.clone())))
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Waits for a future on the current virtual user's stack, others running meanwhile.
///
/// # Errors
/// When the virtual user is interrupted, or there is none.
pub fn wait<F: Future>(future: F) -> Result<F::Output, WaitError> {
    let Some(vu) = current() else {
        return Err(CannotWait.into());
    };
    let mut future = pin!(future);
    coroutine::wait(std::future::poll_fn(|cx| {
        if let Some(why) = vu.interrupt.get() {
            return Poll::Ready(Err(WaitError::Interrupted(why)));
        }
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        let mut waker = vu.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }))?
}
