//! Tickets: the right to start one iteration. Where a virtual user's next one comes from.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::brake::{Pass, Passage};
use super::shared::{RunShared, ScenarioShared};
use crate::executor::Budget;

/// The right to start one iteration.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    /// When it should start. `None` in a closed model without pacing: whenever the virtual user gets to it.
    pub scheduled: Option<Instant>,
}

/// Where a virtual user's tickets come from.
pub trait Tickets {
    /// The next ticket; `None` when there will be no more.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ticket>>;
    /// Whether there was a ticket that nobody will use, since the user never begins.
    fn forfeit(&mut self) -> bool {
        false
    }
}

/// A driver's hold on one virtual user.
#[derive(Debug, Default)]
pub struct Slot {
    /// Looping model: the plan wants this user to loop.
    active: Cell<bool>,
    /// The user is in an iteration.
    busy: Cell<bool>,
    /// There will be no more tickets.
    ended: Cell<bool>,
    /// Open model: the ticket to take next.
    ticket: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

impl Slot {
    /// Lets the user loop, or stops it after its current iteration.
    pub fn set_active(&self, active: bool) {
        self.active.set(active);
        self.wake();
    }

    /// Whether the plan wants this user to loop.
    pub fn is_active(&self) -> bool {
        self.active.get()
    }

    /// Notes that an iteration begins or is over.
    pub fn set_busy(&self, busy: bool) {
        self.busy.set(busy);
    }

    /// Whether the user counts among the active ones: one that is to end does until its iteration is over.
    pub fn counts(&self) -> bool {
        self.active.get() || self.busy.get()
    }

    /// No more tickets.
    pub fn end(&self) {
        self.ended.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn park(&self, cx: &Context<'_>) {
        *self.waker.borrow_mut() = Some(cx.waker().clone());
    }
}

/// Closed model: the next iteration starts when the last one is over, or when its pace says, and nothing holds it.
pub struct LoopTickets {
    pub slot: Rc<Slot>,
    pub run: Arc<RunShared>,
    /// Index of the scenario in the run.
    pub scenario: usize,
    pub budget: Budget,
    pub pace: Option<Duration>,
    next_start: Option<Due>,
    passage: Passage,
    /// The user was ready before its next start came.
    waited: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl LoopTickets {
    pub fn new(
        slot: Rc<Slot>,
        run: Arc<RunShared>,
        scenario: usize,
        budget: Budget,
        pace: Option<Duration>,
    ) -> Self {
        let steered = run
            .scenarios
            .get(scenario)
            .is_some_and(ScenarioShared::is_steered);
        // A plan is carried out as it is written.
        let passage = Passage::new(run.brake.clone(), steered);
        Self {
            slot,
            run,
            scenario,
            budget,
            pace,
            next_start: None,
            passage,
            waited: false,
            sleep: None,
        }
    }

    /// Whether nothing is left to wait for.
    fn exhausted(&self) -> bool {
        match self.budget {
            Budget::Unlimited => false,
            Budget::PerVu(left) => left == 0,
            Budget::Shared(_) => self
                .run
                .scenarios
                .get(self.scenario)
                .is_none_or(|scenario| !scenario.has_iterations()),
        }
    }

    fn claim(&mut self) -> bool {
        match &mut self.budget {
            Budget::Unlimited => true,
            Budget::PerVu(left) => {
                let claimed = *left > 0;
                *left = left.saturating_sub(1);
                claimed
            }
            Budget::Shared(_) => self
                .run
                .scenarios
                .get(self.scenario)
                .is_some_and(|s| s.claim_iteration()),
        }
    }
}

impl Tickets for LoopTickets {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ticket>> {
        if self.slot.ended.get() || self.exhausted() {
            return Poll::Ready(None);
        }
        if !self.slot.active.get() {
            // A user that is ramped up again starts a new rhythm.
            self.next_start = None;
            self.passage.step_back();
            self.slot.park(cx);
            return Poll::Pending;
        }
        let Poll::Ready(pass) = self.passage.poll(cx) else {
            self.slot.park(cx);
            return Poll::Pending;
        };
        let scheduled = match self.pace {
            None => None,
            Some(pace) => {
                let now = Instant::now();
                let held = self.run.brake.held(now);
                let due = match &self.next_start {
                    Some(due) if pass == Pass::Free => due.at(held),
                    _ => now,
                };
                if now < due {
                    let deadline = tokio::time::Instant::from_std(due);
                    let sleep = self
                        .sleep
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                    if sleep.deadline() != deadline {
                        sleep.as_mut().reset(deadline);
                    }
                    if sleep.as_mut().poll(cx).is_pending() {
                        self.waited = true;
                        self.slot.park(cx);
                        return Poll::Pending;
                    }
                }
                let waited = std::mem::take(&mut self.waited);
                self.next_start = Some(Due {
                    at: next_start(due, now, waited, pace),
                    held,
                });
                Some(due)
            }
        };
        self.passage.started();
        Poll::Ready(self.claim().then_some(Ticket { scheduled }))
    }
}

/// When a paced user's next iteration is due, unless everything stands meanwhile.
struct Due {
    at: Instant,
    /// How long everything had stood when this was planned.
    held: Duration,
}

impl Due {
    /// The moment, when everything has stood for so long in all.
    fn at(&self, held: Duration) -> Instant {
        self.at + held.saturating_sub(self.held)
    }
}

/// When a paced user's next iteration is due; this one was due at `due` and starts `now`.
///
/// An iteration that overran its pace moves the rhythm on instead of making up for it. That a timer woke the user late (it
/// waited) does not: the delays of all timers would add up.
fn next_start(due: Instant, now: Instant, waited: bool, pace: Duration) -> Instant {
    if waited && now < due + pace {
        due + pace
    } else {
        due.max(now) + pace
    }
}

/// Virtual users of an open model, on one worker, that wait for a ticket. The last one in is the first
/// one out: few users stay warm instead of all being touched in turn.
pub type IdleUsers = Rc<RefCell<Vec<Rc<Slot>>>>;

/// Open model: the driver hands tickets out.
pub struct ArrivalTickets {
    pub slot: Rc<Slot>,
    pub idle: IdleUsers,
    pub run: Arc<RunShared>,
    pub scenario: usize,
    pub worker: usize,
    waiting: bool,
}

impl ArrivalTickets {
    pub fn new(
        slot: Rc<Slot>,
        idle: IdleUsers,
        run: Arc<RunShared>,
        scenario: usize,
        worker: usize,
    ) -> Self {
        Self {
            slot,
            idle,
            run,
            scenario,
            worker,
            waiting: false,
        }
    }
}

impl Tickets for ArrivalTickets {
    fn forfeit(&mut self) -> bool {
        self.slot.ticket.take().is_some()
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ticket>> {
        if let Some(scheduled) = self.slot.ticket.take() {
            self.waiting = false;
            return Poll::Ready(Some(Ticket {
                scheduled: Some(scheduled),
            }));
        }
        if self.slot.ended.get() {
            return Poll::Ready(None);
        }
        self.slot.park(cx);
        if !self.waiting {
            self.waiting = true;
            self.idle.borrow_mut().push(self.slot.clone());
            if let Some(scenario) = self.run.scenarios.get(self.scenario) {
                scenario.release(self.worker);
            }
        }
        Poll::Pending
    }
}

/// Gives a ticket to a waiting user; the right to one must have been acquired.
pub fn dispatch(idle: &IdleUsers, scheduled: Instant) -> bool {
    let Some(slot) = idle.borrow_mut().pop() else {
        return false;
    };
    slot.ticket.set(Some(scheduled));
    slot.wake();
    true
}

/// Gives a user its first ticket before it has begun to wait.
pub fn preload(slot: &Slot, scheduled: Instant) {
    slot.ticket.set(Some(scheduled));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_timer_leaves_the_rhythm_and_an_overrun_moves_it() {
        let due = Instant::now();
        let ms = Duration::from_millis;
        let after = |late: u64, waited| next_start(due, due + ms(late), waited, ms(10)) - due;
        assert_eq!(after(0, true), ms(10));
        assert_eq!(after(2, true), ms(10), "the timer was late");
        assert_eq!(after(2, false), ms(12), "the last iteration overran");
        assert_eq!(after(25, true), ms(35), "the machine stood still");
    }
}
