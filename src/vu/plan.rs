//! A plan as it is being carried out on one worker: what is due does happen, in any of the models.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::brake::PlanClock;
use super::cast::Cast;
use super::context::Interrupt;
use super::shared::{Control, ScenarioShared, Wanted};
use super::tickets::{ArrivalTickets, IdleUsers, LoopTickets, dispatch, preload};
use crate::executor::{Budget, Flow, VuStep};

/// A plan as it is being carried out.
pub(super) enum PlanState {
    Looping {
        steps: std::iter::Peekable<Box<dyn Iterator<Item = VuStep> + Send>>,
        budget: Budget,
        leaving: Leaving,
    },
    Arrivals {
        starts: Starts,
        idle: IdleUsers,
        inbox: Option<mpsc::UnboundedReceiver<Instant>>,
    },
    External {
        control: watch::Receiver<Control>,
        leaving: Leaving,
    },
}

/// Where the starts of an open model come from.
pub(super) enum Starts {
    Planned(std::iter::Peekable<Box<dyn Iterator<Item = Duration> + Send>>),
    /// At a rate that is changed from outside.
    Steered {
        control: watch::Receiver<Control>,
        flow: Flow,
    },
}

impl Starts {
    fn peek(&mut self) -> Option<Duration> {
        match self {
            Self::Planned(starts) => starts.peek().copied(),
            Self::Steered { flow, .. } => flow.peek(),
        }
    }

    fn next_by(&mut self, now: Duration) -> Option<Duration> {
        match self {
            Self::Planned(starts) => starts.next_if(|at| *at <= now),
            Self::Steered { flow, .. } => flow.next_by(now),
        }
    }

    /// Takes in what was told from outside, `now` since the start of the plan.
    fn listen(&mut self, now: Duration) {
        if let Self::Steered { control, flow } = self {
            let control = *control.borrow_and_update();
            let rate = match control.wanted {
                Wanted::Rate(rate) if !control.paused => rate,
                Wanted::Rate(_) | Wanted::Vus(_) => 0.0,
            };
            flow.set(rate, now);
        }
    }

    /// Waits until something is told from outside.
    async fn told(&mut self) {
        if let Self::Steered { control, .. } = self
            && control.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}

/// Users that were ramped down, and until when their iteration may go on.
pub(super) type Leaving = VecDeque<(Instant, usize)>;

pub(super) fn make_arrival_user(cast: &Rc<Cast>, idle: &IdleUsers, first: Option<Instant>) -> bool {
    let Some(number) = cast.shared().and_then(ScenarioShared::claim_vu) else {
        return false;
    };
    let run = cast.worker.run.clone();
    let (scenario, worker, idle) = (cast.assignment.scenario, cast.worker.index, idle.clone());
    // Counted per machine; the number is that of the whole plan.
    let number = cast.assignment.share.segment_only().nth(u64::from(number));
    let made = cast.add_user(number, move |slot| {
        if let Some(scheduled) = first {
            preload(&slot, scheduled);
        }
        Box::new(ArrivalTickets::new(slot, idle, run, scenario, worker))
    });
    made.is_some()
}

impl PlanState {
    /// The next moment of the plan, from its zero.
    fn next_planned(&mut self) -> Option<Duration> {
        match self {
            Self::Looping { steps, .. } => steps.peek().map(|step| step.at),
            Self::Arrivals { starts, .. } => starts.peek(),
            Self::External { .. } => None,
        }
    }

    /// When something is due next by the plan.
    pub fn next_at(&mut self, begin: Instant) -> Option<Instant> {
        self.next_planned().map(|at| begin + at)
    }

    /// When the grace of a user that was ramped down is over: iterations in progress go on while the plan stands.
    pub fn next_cut_off(&self) -> Option<Instant> {
        match self {
            Self::Looping { leaving, .. } | Self::External { leaving, .. } => {
                leaving.front().map(|(at, _)| *at)
            }
            Self::Arrivals { .. } => None,
        }
    }

    /// One iteration is to start although the plan stands: moves on to where there is one, unless a user waits for that.
    pub fn step(&mut self, cast: &Rc<Cast>, time: &mut PlanClock, now: Instant) {
        let is_here = match self {
            Self::Looping { .. } => cast.looping.get() == 0,
            Self::Arrivals { starts, .. } => starts.peek().is_some() && time.take_step(),
            Self::External { .. } => false,
        };
        if let (true, Some(at)) = (is_here, self.next_planned()) {
            time.skip_to(at, now);
        }
    }

    /// Does what is due by `now`; false if there is more, and others should have their turn first.
    pub fn fire(&mut self, cast: &Rc<Cast>, begin: Instant, now: Instant) -> bool {
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
                let told = *control.borrow_and_update();
                let wanted = match told.wanted {
                    Wanted::Vus(vus) if !told.paused => vus,
                    Wanted::Vus(_) | Wanted::Rate(_) => 0,
                };
                set_looping(
                    cast,
                    cast.assignment.share.count(u64::from(wanted)) as usize,
                    Budget::Unlimited,
                    leaving,
                    now,
                );
                cut_off(cast, leaving, now);
            }
            Self::Arrivals { starts, idle, .. } => {
                let mut left = ARRIVALS_PER_TURN;
                let elapsed = now.saturating_duration_since(begin);
                // Nothing is due before the plan begins.
                if begin > now {
                    return true;
                }
                starts.listen(elapsed);
                while let Some(at) = starts.next_by(elapsed) {
                    arrive(cast, idle, begin + at);
                    left -= 1;
                    if left == 0 {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Waits for what does not come by the clock.
    pub async fn outside_event(&mut self, cast: &Rc<Cast>) {
        match self {
            Self::Looping { .. } => std::future::pending().await,
            Self::External { control, .. } => {
                if control.changed().await.is_err() {
                    std::future::pending().await
                }
            }
            Self::Arrivals {
                starts,
                idle,
                inbox,
            } => {
                tokio::select! {
                    scheduled = handed_over(inbox) => {
                        if !dispatch(idle, scheduled) {
                            drop_arrival(cast);
                        }
                    }
                    () = starts.told() => {}
                }
            }
        }
    }

    /// Whether nothing is left to do before the time is over.
    pub fn is_done(&mut self, cast: &Rc<Cast>) -> bool {
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

/// Waits for a ticket of another worker.
async fn handed_over(inbox: &mut Option<mpsc::UnboundedReceiver<Instant>>) -> Instant {
    match inbox {
        Some(inbox) => match inbox.recv().await {
            Some(scheduled) => scheduled,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Arrivals handled before the virtual users of the thread have their turn.
const ARRIVALS_PER_TURN: u32 = 512;

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
        let made = cast.add_user(number, move |slot| {
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
        cast.set_active(&user.slot, true);
    }
    if wanted > before {
        // Some of them may have been on their way out.
        leaving.retain(|(_, index)| *index >= wanted);
    }
    for (index, user) in users.iter().enumerate().take(before).skip(wanted) {
        cast.set_active(&user.slot, false);
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
