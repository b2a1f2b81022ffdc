//! Drives one scenario on one worker by its plan: the shared half of every executor.
//!
//! An executor says *what* (a [`Plan`], pure arithmetic); the driver does it: it makes virtual users, hands
//! out tickets, lets iterations end gracefully and cuts off what does not.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::brake::PlanClock;
use super::cast::Cast;
use super::context::{Interrupt, ScenarioContext};
use super::plan::{Leaving, PlanState, Starts, make_arrival_user};
use super::playbook::Playbook;
use super::precise::Precise;
use super::shared::{Control, ScenarioShared, Stage, Wanted};
use super::tickets::IdleUsers;
use super::worker::{Report, Worker};
use crate::executor::{Executor, Flow, Plan, Share};

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

/// Drives one scenario on one worker.
pub struct Driver {
    cast: Rc<Cast>,
    plan: PlanState,
}

impl Driver {
    /// Makes what must be there before the start: the pre-allocated users of an open model, with their `vu_start` done.
    pub async fn prepare(
        assignment: Assignment,
        worker: Rc<Worker>,
        playbook: Rc<Playbook>,
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
            playbook,
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
            Plan::External { .. } => PlanState::External {
                control: control_of(&cast),
                leaving: Leaving::new(),
            },
            Plan::Arrivals {
                starts,
                pre_allocated_vus,
                ..
            } => arrivals(&cast, Starts::Planned(starts.peekable()), pre_allocated_vus).await,
            Plan::ExternalArrivals {
                pre_allocated_vus, ..
            } => {
                let starts = Starts::Steered {
                    control: control_of(&cast),
                    flow: Flow::new(cast.assignment.share.clone()),
                };
                arrivals(&cast, starts, pre_allocated_vus).await
            }
        };
        Self { cast, plan }
    }

    /// Runs the scenario from `start` (of the run) to its end on this worker.
    pub async fn run(mut self, start: Instant) {
        let cast = self.cast.clone();
        let mut stages = cast.worker.run.stages();
        if let Some(time) = wait_for_start(&cast, start, &mut stages).await {
            cast.worker.report(Report::ScenarioStarted {
                scenario: cast.assignment.scenario,
                at: time.zero(Instant::now()),
            });
            self.carry_out(time, &mut stages).await;
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
    async fn carry_out(&mut self, mut time: PlanClock, stages: &mut watch::Receiver<Stage>) {
        let duration = self.cast.assignment.executor.duration();
        let mut clock = Precise::new();
        loop {
            let now = Instant::now();
            if time.has_step() {
                self.plan.step(&self.cast, &mut time, now);
            }
            let begin = time.zero(now);
            let end = duration.map(|duration| begin + duration);
            if end.is_some_and(|end| now >= end) {
                // What was due before the end still starts, however late this loop is.
                while !self.plan.fire(&self.cast, begin, end.unwrap_or(now)) {
                    tokio::task::yield_now().await;
                    if self.cast.worker.run.stage() >= Stage::Stopping {
                        return;
                    }
                }
                self.take_last_tickets(stages).await;
                return;
            }
            if !self.plan.fire(&self.cast, begin, now) {
                tokio::task::yield_now().await;
            }
            let changed = self.cast.changed.notified();
            if self.plan.is_done(&self.cast) {
                return;
            }
            let planned = match time.stands() {
                true => None,
                false => [self.plan.next_at(begin), end].into_iter().flatten().min(),
            };
            let next = [planned, self.plan.next_cut_off()]
                .into_iter()
                .flatten()
                .min();
            tokio::select! {
                biased;
                _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => return,
                () = time.changed() => {}
                () = self.plan.outside_event(&self.cast) => {}
                () = async { match next { Some(at) => clock.sleep_until(at).await, None => std::future::pending().await } } => {}
                () = changed => {}
            }
        }
    }

    /// Other workers, which come to the end a moment earlier or later, may still hand over tickets.
    async fn take_last_tickets(&mut self, stages: &mut watch::Receiver<Stage>) {
        let cast = self.cast.clone();
        let (Some(shared), true) = (
            cast.shared(),
            matches!(self.plan, PlanState::Arrivals { .. }),
        ) else {
            return;
        };
        shared.fired_all();
        loop {
            tokio::select! {
                biased;
                _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => return,
                () = self.plan.outside_event(&cast) => {}
                () = shared.all_fired() => return,
            }
        }
    }

    /// Ends all users: gracefully, then by interrupting what they do, then by dropping them.
    async fn finish(&mut self, stages: &mut watch::Receiver<Stage>) {
        let cast = &self.cast;
        for user in cast.users.borrow().iter() {
            cast.set_active(&user.slot, false);
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

/// What is told from outside. Every externally controlled scenario has a control; one that nobody holds never changes.
fn control_of(cast: &Rc<Cast>) -> watch::Receiver<Control> {
    let control = cast.shared().and_then(ScenarioShared::control);
    control.unwrap_or_else(|| {
        let idle = Control {
            wanted: Wanted::NONE,
            paused: false,
        };
        watch::channel(idle).1
    })
}

/// An open model, whose first users are there and have done their `vu_start`.
async fn arrivals(cast: &Rc<Cast>, starts: Starts, pre_allocated_vus: u32) -> PlanState {
    let idle = IdleUsers::default();
    for _ in 0..pre_allocated_vus {
        make_arrival_user(cast, &idle, None);
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
        starts,
        idle,
        inbox,
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

/// Waits for the scenario's own start, from which its plan's time counts; `None` if the run stops before.
async fn wait_for_start(
    cast: &Rc<Cast>,
    start: Instant,
    stages: &mut watch::Receiver<Stage>,
) -> Option<PlanClock> {
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
        // Whoever pauses before the first iteration lets it start by a step.
        tokio::time::sleep_until(from.into()).await;
        let mut time = PlanClock::from(&cast.worker.run.brake, from + cast.assignment.start_time);
        loop {
            let now = Instant::now();
            let begin = time.zero(now);
            if begin <= now {
                return time;
            }
            tokio::select! {
                () = time.changed() => {}
                () = tokio::time::sleep_until(begin.into()), if !time.stands() => {}
            }
        }
    };
    tokio::select! {
        biased;
        _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => None,
        time = waiting => Some(time),
    }
}
