//! Who connects first: requests of a batch that may come to share an HTTP/2 connection wait for the one that is being opened.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::target::Target;

/// A connection that is being opened.
#[derive(Debug, Default)]
struct Opening {
    done: Notify,
    shared: Cell<bool>,
}

/// The connections that one virtual user is opening, by origin.
#[derive(Debug, Default)]
pub struct Gate {
    openings: RefCell<Vec<(Rc<Target>, Rc<Opening>)>>,
    /// Origins that turned out to speak HTTP/1.1: nothing can be shared there, so nobody waits.
    unshared: RefCell<Vec<Rc<Target>>>,
}

/// How long a request waits for another's connection before it opens its own: that one may hang.
const PATIENCE: Duration = Duration::from_secs(1);

/// Origins remembered; past this they are found out anew.
const MAX_REMEMBERED: usize = 64;

/// The right to open a connection while others wait; they go on when it is dropped.
pub struct Pass<'a> {
    gate: &'a Gate,
    opening: Rc<Opening>,
}

impl Gate {
    /// Whether another request is opening a connection that this one could share; waits for it.
    /// True if it can be shared now.
    pub async fn wait(&self, target: &Target) -> bool {
        let opening = {
            let openings = self.openings.borrow();
            let same = |(other, _): &&(Rc<Target>, Rc<Opening>)| other.same_origin(target);
            openings
                .iter()
                .find(same)
                .map(|(_, opening)| opening.clone())
        };
        match opening {
            Some(opening) => {
                let done = tokio::time::timeout(PATIENCE, opening.done.notified());
                done.await.is_ok() && opening.shared.get()
            }
            None => false,
        }
    }

    /// Lets others to the same origin wait, unless it is known that they cannot share.
    pub fn enter(&self, target: &Rc<Target>) -> Option<Pass<'_>> {
        let unshared = self.unshared.borrow();
        if unshared.iter().any(|other| other.same_origin(target)) {
            return None;
        }
        let opening = Rc::<Opening>::default();
        let entry = (target.clone(), opening.clone());
        self.openings.borrow_mut().push(entry);
        Some(Pass {
            gate: self,
            opening,
        })
    }

    fn remember_unshared(&self, target: &Rc<Target>) {
        let mut unshared = self.unshared.borrow_mut();
        if unshared.len() >= MAX_REMEMBERED {
            unshared.clear();
        }
        unshared.push(target.clone());
    }
}

impl Pass<'_> {
    /// The connection is open: others can share it, or never could.
    pub fn opened(self, target: &Rc<Target>, shared: bool) {
        self.opening.shared.set(shared);
        if !shared {
            self.gate.remember_unshared(target);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut openings = self.gate.openings.borrow_mut();
        openings.retain(|(_, opening)| !Rc::ptr_eq(opening, &self.opening));
        self.opening.done.notify_waiters();
    }
}
