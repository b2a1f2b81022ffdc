//! The virtual users of one scenario on one worker: how they are made, counted and taken leave of.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::context::{ScenarioContext, Vu};
use super::driver::Assignment;
use super::errors::{Example, FailureKind, TallyKey};
use super::life::{VuTask, Witness, live};
use super::playbook::Playbook;
use super::shared::ScenarioShared;
use super::tickets::{Slot, Tickets};
use super::worker::{VuCount, Worker};

/// One virtual user in its driver's hands.
pub(super) struct User {
    pub vu: Rc<Vu>,
    pub slot: Rc<Slot>,
    pub task: JoinHandle<()>,
}

/// What the driver's parts share.
pub(super) struct Cast {
    pub assignment: Assignment,
    pub worker: Rc<Worker>,
    pub playbook: Rc<Playbook>,
    pub context: Rc<ScenarioContext>,
    pub users: RefCell<Vec<User>>,
    /// Virtual users whose task has not ended.
    pub living: Cell<usize>,
    /// How many users, from the first on, are to loop.
    pub looping: Cell<usize>,
    pub changed: Notify,
    pub prepared: Cell<usize>,
}

/// Counts a user's state for the `vus` gauge.
struct Gauge {
    cast: Rc<Cast>,
    slot: Rc<Slot>,
}

impl Witness for Gauge {
    fn ready(&self) {
        self.cast.prepared.set(self.cast.prepared.get() + 1);
        self.cast.changed.notify_waiters();
    }

    fn busy(&self, busy: bool) {
        self.cast.change(&self.slot, |slot| slot.set_busy(busy));
    }
}

impl Drop for Gauge {
    /// An iteration that is cut off by dropping its user is over too.
    fn drop(&mut self) {
        self.busy(false);
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
    pub fn shared(&self) -> Option<&ScenarioShared> {
        self.worker.run.scenarios.get(self.assignment.scenario)
    }

    /// Lets a user loop, or stops it after its current iteration.
    pub fn set_active(&self, slot: &Slot, active: bool) {
        self.change(slot, |slot| slot.set_active(active));
    }

    fn count(&self, change: impl FnOnce(&mut VuCount)) {
        if let Some(cell) = self.worker.vus.get(self.assignment.scenario) {
            let mut count = cell.get();
            change(&mut count);
            cell.set(count);
        }
    }

    /// Changes a user's state, and with it how many are active.
    fn change(&self, slot: &Slot, change: impl FnOnce(&Slot)) {
        let before = slot.counts();
        change(slot);
        let change = i32::from(slot.counts()) - i32::from(before);
        if change != 0 {
            self.count(|count| {
                count.active = count.active.saturating_add_signed(change);
                count.peak = count.peak.max(count.active);
            });
        }
    }

    /// Makes a virtual user and starts its task; its index in `users`.
    pub fn add_user(
        self: &Rc<Self>,
        number: u64,
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
        let (cast, body_vu, body_slot) = (self.clone(), vu.clone(), slot.clone());
        let body = move || {
            let farewell = Farewell(cast.clone());
            let playbook = cast.playbook.clone();
            let gauge = Gauge {
                cast,
                slot: body_slot,
            };
            live(&body_vu, &playbook, &mut *tickets, &gauge);
            drop(farewell);
        };
        self.living.set(self.living.get() + 1);
        let task = tokio::task::spawn_local(VuTask::new(vu.clone(), stack, body));
        self.count(|count| count.made += 1);
        let mut users = self.users.borrow_mut();
        users.push(User { vu, slot, task });
        Some(users.len() - 1)
    }
}
