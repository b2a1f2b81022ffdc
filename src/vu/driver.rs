//! Drives one scenario on one worker by its plan: the shared half of every executor.
//!
//! An executor says *what* (a [`Plan`], pure arithmetic); the driver does it: it makes virtual users, hands
//! out tickets, lets iterations end gracefully and cuts off what does not.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use super::context::{Interrupt, ScenarioContext, Vu};
use super::errors::{Example, FailureKind, TallyKey};
use super::life::{Journey, VuTask, Witness, live};
use super::precise::Precise;
use super::shared::{Control, ScenarioShared, Stage};
use super::tickets::{ArrivalTickets, IdleUsers, LoopTickets, Slot, Tickets, dispatch, preload};
use super::worker::{Report, Worker};
use crate::executor::{Budget, Executor, Plan, Share, VuStep};

/// One scenario's part for one worker.
#[derive(Clone)]
pub struct Assignment {
    /// Index of the scenario in the run.
    pub scenario: usize,
    pub name: String,
    pub exec: String,
    pub executor: Arc<dyn Executor>,
    pub share: Share,
    pub start_time: Duration,
    /// Index of the scenario to wait for.
    pub after: Option<usize>,
    pub graceful_stop: Duration,
    pub graceful_ramp_down: Duration,
    pub pace: Option<Duration>,
    pub env: std::collections::BTreeMap<String, String>,
    pub tags: Vec<(String, String)>,
}

/// One virtual user in its driver's hands.
struct User {
    vu: Rc<Vu>,
    slot: Rc<Slot>,
    task: JoinHandle<()>,
}

/// What the driver's parts share.
struct Cast {
    assignment: Assignment,
    worker: Rc<Worker>,
    journey: Rc<dyn Journey>,
    context: Rc<ScenarioContext>,
    users: RefCell<Vec<User>>,
    /// Virtual users whose task has not ended.
    living: Cell<usize>,
    /// How many users, from the first on, are to loop.
    looping: Cell<usize>,
    changed: Notify,
    prepared: Cell<usize>,
}

/// Drives one scenario on one worker.
pub struct Driver {
    cast: Rc<Cast>,
    plan: PlanState,
}

/// A plan as it is being carried out.
enum PlanState {
    Looping {
        steps: std::iter::Peekable<Box<dyn Iterator<Item = VuStep> + Send>>,
        budget: Budget,
        leaving: Leaving,
    },
    Arrivals {
        starts: std::iter::Peekable<Box<dyn Iterator<Item = Duration> + Send>>,
        idle: IdleUsers,
        inbox: Option<mpsc::UnboundedReceiver<Instant>>,
    },
    External {
        control: watch::Receiver<Control>,
        leaving: Leaving,
    },
}

/// Users that were ramped down, and until when their iteration may go on.
type Leaving = VecDeque<(Instant, usize)>;

/// Counts a user's state for the `vus` gauge.
struct Gauge {
    cast: Rc<Cast>,
    /// Whether a user counts as active only while it runs an iteration.
    by_iteration: bool,
}

impl Witness for Gauge {
    fn ready(&self) {
        self.cast.prepared.set(self.cast.prepared.get() + 1);
        self.cast.changed.notify_waiters();
    }

    fn busy(&self, busy: bool) {
        if self.by_iteration {
            self.cast.count_active(if busy { 1 } else { -1 });
        }
    }
}

/// The task of a user ends in this guard, however it ends.
struct Farewell(Rc<Cast>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.living.set(self.0.living.get().saturating_sub(1));
        self.0.changed.notify_waiters();
    }
}

impl Cast {
    fn shared(&self) -> Option<&ScenarioShared> {
        self.worker.run.scenarios.get(self.assignment.scenario)
    }

    fn count_active(&self, change: i32) {
        if let Some((active, _)) = self.worker.vus.get(self.assignment.scenario) {
            active.set(active.get().saturating_add_signed(change));
        }
    }

    /// Makes a virtual user and starts its task; its index in `users`.
    fn add_user(
        self: &Rc<Self>,
        number: u64,
        by_iteration: bool,
        tickets: impl FnOnce(Rc<Slot>) -> Box<dyn Tickets>,
    ) -> Option<usize> {
        let base = self.shared().map_or(0, |shared| shared.vu_base);
        let stack = match self.worker.stacks.take() {
            Ok(stack) => stack,
            Err(error) => {
                let key = TallyKey {
                    kind: FailureKind::Script,
                    code: 0,
                    message: error.to_string(),
                };
                let at = self.worker.run.elapsed_seconds();
                self.worker.errors.borrow_mut().add(key, at, || Example {
                    text: error.to_string(),
                    scenario: self.assignment.name.clone(),
                    ..Example::default()
                });
                self.worker
                    .recorder
                    .borrow_mut()
                    .count(self.context.series.errors, 1.0);
                return None;
            }
        };
        let vu = Vu::new(base + number + 1, self.context.clone(), self.worker.clone());
        let slot = Rc::<Slot>::default();
        let mut tickets = tickets(slot.clone());
        let (cast, body_vu) = (self.clone(), vu.clone());
        let body = move |polls: Rc<Cell<u32>>| {
            let farewell = Farewell(cast.clone());
            let script = cast.journey.vu_script(&body_vu);
            let gauge = Gauge { cast, by_iteration };
            live(&body_vu, script, &mut *tickets, &polls, &gauge);
            drop(farewell);
        };
        self.living.set(self.living.get() + 1);
        let task = tokio::task::spawn_local(VuTask::new(vu.clone(), stack, body));
        if let Some((_, made)) = self.worker.vus.get(self.assignment.scenario) {
            made.set(made.get() + 1);
        }
        let mut users = self.users.borrow_mut();
        users.push(User { vu, slot, task });
        Some(users.len() - 1)
    }
}

impl Driver {
    /// Makes what must be there before the start: the pre-allocated users of an open model, with their `vu_start` done.
    pub async fn prepare(
        assignment: Assignment,
        worker: Rc<Worker>,
        journey: Rc<dyn Journey>,
    ) -> Self {
        let context = Rc::new(ScenarioContext::new(
            &assignment.name,
            &assignment.exec,
            assignment.env.clone(),
            assignment.tags.iter().cloned(),
            &mut worker.recorder.borrow_mut(),
        ));
        let plan = assignment.executor.plan(&assignment.share);
        let cast = Rc::new(Cast {
            assignment,
            worker,
            journey,
            context,
            users: RefCell::default(),
            living: Cell::new(0),
            looping: Cell::new(0),
            changed: Notify::new(),
            prepared: Cell::new(0),
        });
        let plan = match plan {
            Plan::Looping { steps, budget } => PlanState::Looping {
                steps: steps.peekable(),
                budget,
                leaving: Leaving::new(),
            },
            Plan::External { .. } => {
                // Every externally controlled scenario has a control; one that nobody holds never changes.
                let control = cast.shared().and_then(ScenarioShared::control);
                let control = control.unwrap_or_else(|| {
                    let idle = Control {
                        vus: 0,
                        paused: false,
                    };
                    watch::channel(idle).1
                });
                PlanState::External {
                    control,
                    leaving: Leaving::new(),
                }
            }
            Plan::Arrivals {
                starts,
                pre_allocated_vus,
                ..
            } => {
                let idle = IdleUsers::default();
                for _ in 0..pre_allocated_vus {
                    make_arrival_user(&cast, &idle, None);
                }
                let mut stages = cast.worker.run.stages();
                loop {
                    let changed = cast.changed.notified();
                    if cast.prepared.get() >= cast.users.borrow().len() {
                        break;
                    }
                    tokio::select! {
                        () = changed => {}
                        _ = stages.wait_for(|stage| *stage > Stage::Running) => break,
                    }
                }
                let inbox = cast
                    .shared()
                    .and_then(|shared| shared.inbox(cast.worker.index));
                PlanState::Arrivals {
                    starts: starts.peekable(),
                    idle,
                    inbox,
                }
            }
        };
        Self { cast, plan }
    }

    /// Runs the scenario from `start` (of the run) to its end on this worker.
    pub async fn run(mut self, start: Instant) {
        let cast = self.cast.clone();
        let mut stages = cast.worker.run.stages();
        if let Some(begin) = wait_for_start(&cast, start, &mut stages).await {
            cast.worker.report(Report::ScenarioStarted {
                scenario: cast.assignment.scenario,
                at: begin,
            });
            let end = cast
                .assignment
                .executor
                .duration()
                .map(|duration| begin + duration);
            self.carry_out(begin, end, &mut stages).await;
        }
        self.finish(&mut stages).await;
        let at = Instant::now();
        if let Some(shared) = cast.shared() {
            shared.driver_ended();
        }
        cast.worker.report(Report::ScenarioEnded {
            scenario: cast.assignment.scenario,
            at,
        });
    }

    /// Carries out the plan until its time is over, its work is done, or the run stops.
    async fn carry_out(
        &mut self,
        begin: Instant,
        end: Option<Instant>,
        stages: &mut watch::Receiver<Stage>,
    ) {
        let mut clock = Precise::new();
        loop {
            let now = Instant::now();
            if end.is_some_and(|end| now >= end) {
                // What was due before the end still starts, however late this loop is.
                self.plan.fire(&self.cast, begin, end.unwrap_or(now));
                return;
            }
            self.plan.fire(&self.cast, begin, now);
            let changed = self.cast.changed.notified();
            if self.plan.is_done(&self.cast) {
                return;
            }
            let next = [self.plan.next_at(begin), end].into_iter().flatten().min();
            tokio::select! {
                biased;
                _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => return,
                () = self.plan.outside_event(&self.cast) => {}
                () = async { match next { Some(at) => clock.sleep_until(at).await, None => std::future::pending().await } } => {}
                () = changed => {}
            }
        }
    }

    /// Ends all users: gracefully, then by interrupting what they do, then by dropping them.
    async fn finish(&mut self, stages: &mut watch::Receiver<Stage>) {
        let cast = &self.cast;
        for user in cast.users.borrow().iter() {
            if user.slot.is_active() {
                cast.count_active(-1);
            }
            user.slot.set_active(false);
            user.slot.end();
        }
        let grace = cast.assignment.graceful_stop;
        // Who ends everything at once grants no grace.
        let graceful = cast.worker.run.stage() < Stage::Killed;
        if graceful && all_gone(cast, grace, stages, Stage::Killed).await {
            return;
        }
        for user in cast
            .users
            .borrow()
            .iter()
            .filter(|user| !user.task.is_finished())
        {
            user.vu.interrupt(Interrupt::Stop);
        }
        // After an interrupt only `vu_stop` remains, which has its own limit.
        let last = cast.worker.run.vu_stop_timeout + Duration::from_secs(2);
        let last = if cast.worker.run.stage() >= Stage::Killed {
            Duration::from_millis(500)
        } else {
            last
        };
        if !all_gone(cast, last, stages, Stage::Killed).await {
            let _ = all_gone(cast, Duration::from_millis(200), stages, Stage::Killed).await;
            for user in cast.users.borrow().iter() {
                user.task.abort();
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until no user's task is left; false after `limit`, or once the run is at `enough`.
async fn all_gone(
    cast: &Rc<Cast>,
    limit: Duration,
    stages: &mut watch::Receiver<Stage>,
    enough: Stage,
) -> bool {
    let deadline = tokio::time::Instant::now() + limit;
    let already = cast.worker.run.stage() >= enough;
    loop {
        let changed = cast.changed.notified();
        if cast.living.get() == 0 {
            return true;
        }
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(deadline) => return false,
            _ = stages.wait_for(|stage| *stage >= enough), if !already => return false,
        }
    }
}

/// Waits for the scenario's own start; `None` if the run stops before.
async fn wait_for_start(
    cast: &Rc<Cast>,
    start: Instant,
    stages: &mut watch::Receiver<Stage>,
) -> Option<Instant> {
    let waiting = async {
        let from = match cast
            .assignment
            .after
            .and_then(|index| cast.worker.run.scenarios.get(index))
        {
            Some(earlier) => {
                earlier.ended().await;
                Instant::now().max(start)
            }
            None => start,
        };
        let begin = from + cast.assignment.start_time;
        tokio::time::sleep_until(tokio::time::Instant::from_std(begin)).await;
        begin
    };
    tokio::select! {
        biased;
        _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => None,
        begin = waiting => Some(begin),
    }
}

fn make_arrival_user(cast: &Rc<Cast>, idle: &IdleUsers, first: Option<Instant>) -> bool {
    let Some(number) = cast.shared().and_then(ScenarioShared::claim_vu) else {
        return false;
    };
    let run = cast.worker.run.clone();
    let (scenario, worker, idle) = (cast.assignment.scenario, cast.worker.index, idle.clone());
    // Counted per machine; the number is that of the whole plan.
    let number = cast.assignment.share.segment_only().nth(u64::from(number));
    let made = cast.add_user(number, true, move |slot| {
        if let Some(scheduled) = first {
            preload(&slot, scheduled);
        }
        Box::new(ArrivalTickets::new(slot, idle, run, scenario, worker))
    });
    made.is_some()
}

impl PlanState {
    /// When something is due next.
    fn next_at(&mut self, begin: Instant) -> Option<Instant> {
        match self {
            Self::Looping { steps, leaving, .. } => {
                let step = steps.peek().map(|step| begin + step.at);
                [step, leaving.front().map(|(at, _)| *at)]
                    .into_iter()
                    .flatten()
                    .min()
            }
            Self::Arrivals { starts, .. } => starts.peek().map(|at| begin + *at),
            Self::External { leaving, .. } => leaving.front().map(|(at, _)| *at),
        }
    }

    /// Does everything that is due by `now`.
    fn fire(&mut self, cast: &Rc<Cast>, begin: Instant, now: Instant) {
        match self {
            Self::Looping {
                steps,
                budget,
                leaving,
            } => {
                while let Some(step) = steps.next_if(|step| begin + step.at <= now) {
                    set_looping(cast, step.vus as usize, *budget, leaving, now);
                }
                cut_off(cast, leaving, now);
            }
            Self::External { control, leaving } => {
                let Control { vus, paused } = *control.borrow_and_update();
                let ours = cast.assignment.share.count(u64::from(vus));
                set_looping(
                    cast,
                    if paused { 0 } else { ours as usize },
                    Budget::Unlimited,
                    leaving,
                    now,
                );
                cut_off(cast, leaving, now);
            }
            Self::Arrivals { starts, idle, .. } => {
                while let Some(at) = starts.next_if(|at| begin + *at <= now) {
                    arrive(cast, idle, begin + at);
                }
            }
        }
    }

    /// Waits for what does not come by the clock.
    async fn outside_event(&mut self, cast: &Rc<Cast>) {
        match self {
            Self::Looping { .. } => std::future::pending().await,
            Self::External { control, .. } => {
                if control.changed().await.is_err() {
                    std::future::pending().await
                }
            }
            Self::Arrivals { idle, inbox, .. } => match inbox {
                Some(inbox) => match inbox.recv().await {
                    Some(scheduled) => {
                        if !dispatch(idle, scheduled) {
                            drop_arrival(cast);
                        }
                    }
                    None => std::future::pending().await,
                },
                None => std::future::pending().await,
            },
        }
    }

    /// Whether nothing is left to do before the time is over.
    fn is_done(&mut self, cast: &Rc<Cast>) -> bool {
        match self {
            Self::Looping { steps, budget, .. } => {
                !matches!(budget, Budget::Unlimited)
                    && steps.peek().is_none()
                    && cast.living.get() == 0
            }
            // Other workers may still hand over tickets until the time is over.
            Self::Arrivals { .. } | Self::External { .. } => false,
        }
    }
}

/// One scheduled start: a waiting user takes it, else a new one, else another worker's; else it is dropped.
fn arrive(cast: &Rc<Cast>, idle: &IdleUsers, scheduled: Instant) {
    let Some(shared) = cast.shared() else { return };
    let here = cast.worker.index;
    let taken = (shared.acquire(here) && dispatch(idle, scheduled))
        || shared.hand_over(here, scheduled)
        || make_arrival_user(cast, idle, Some(scheduled));
    if !taken {
        drop_arrival(cast);
    }
}

fn drop_arrival(cast: &Rc<Cast>) {
    cast.worker
        .recorder
        .borrow_mut()
        .count(cast.context.series.dropped, 1.0);
}

/// Makes the first `wanted` users of this share loop, and the others leave.
fn set_looping(
    cast: &Rc<Cast>,
    wanted: usize,
    budget: Budget,
    leaving: &mut Leaving,
    now: Instant,
) {
    while cast.users.borrow().len() < wanted {
        let number = cast.assignment.share.nth(cast.users.borrow().len() as u64);
        let run = cast.worker.run.clone();
        let (scenario, pace) = (cast.assignment.scenario, cast.assignment.pace);
        let made = cast.add_user(number, false, move |slot| {
            Box::new(LoopTickets::new(slot, run, scenario, budget, pace))
        });
        if made.is_none() {
            break;
        }
    }
    let users = cast.users.borrow();
    let wanted = wanted.min(users.len());
    // The users that loop are always the first ones, so only those between the old and the new number change.
    let before = cast.looping.replace(wanted);
    for user in users.iter().take(wanted).skip(before) {
        user.slot.set_active(true);
        cast.count_active(1);
    }
    if wanted > before {
        // Some of them may have been on their way out.
        leaving.retain(|(_, index)| *index >= wanted);
    }
    for (index, user) in users.iter().enumerate().take(before).skip(wanted) {
        user.slot.set_active(false);
        cast.count_active(-1);
        leaving.push_back((now + cast.assignment.graceful_ramp_down, index));
    }
}

/// Interrupts the iterations of users whose grace after a ramp-down is over.
fn cut_off(cast: &Rc<Cast>, leaving: &mut Leaving, now: Instant) {
    while let Some((_, index)) = leaving.pop_front_if(|(at, _)| *at <= now) {
        if let Some(user) = cast.users.borrow().get(index)
            && !user.slot.is_active()
        {
            user.vu.interrupt(Interrupt::Stop);
        }
    }
}
