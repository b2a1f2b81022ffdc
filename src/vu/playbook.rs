//! The script that a worker's virtual users play, and its exchange for a newer version while they do.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::life::Journey;
use super::worker::{JourneyFactory, Report, Worker};

/// A newer version of the script, on its way to all workers.
#[derive(Clone)]
pub struct Reload {
    /// From 1, ascending.
    pub version: u32,
    /// SHA-256 of the script's bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub factory: JourneyFactory,
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reload {{ version: {}, sha256: {} }}",
            self.version, self.sha256
        )
    }
}

/// The script of one worker. Users look between iterations whether there is a newer version.
pub struct Playbook {
    current: RefCell<Rc<dyn Journey>>,
    /// Changes with every exchange of script or data.
    edition: Cell<u32>,
    /// The newest version that was tried, from 1; 0 for the one that the run began with.
    tried: Cell<u32>,
    data: RefCell<Arc<Value>>,
}

impl Playbook {
    /// A playbook with its first version.
    pub fn new(journey: Rc<dyn Journey>) -> Self {
        Self {
            current: RefCell::new(journey),
            edition: Cell::new(0),
            tried: Cell::new(0),
            data: RefCell::default(),
        }
    }

    /// The version in force.
    pub fn journey(&self) -> Rc<dyn Journey> {
        self.current.borrow().clone()
    }

    /// Changes with every exchange of the script or its data.
    pub fn edition(&self) -> u32 {
        self.edition.get()
    }

    fn turn_page(&self) {
        self.edition.set(self.edition.get().wrapping_add(1));
    }

    /// The value that `setup` gave. It stays when the script changes.
    pub fn set_data(&self, data: Arc<Value>) {
        self.journey().set_data(&data);
        *self.data.borrow_mut() = data;
        self.turn_page();
    }

    /// Puts newer versions in force as they come, until the run has ended.
    pub async fn follow(&self, worker: &Rc<Worker>) {
        let mut reloads = worker.run.reloads();
        while reloads.changed().await.is_ok() {
            self.catch_up(worker);
        }
    }

    /// Puts the newest version in force, if that has not been done.
    pub fn catch_up(&self, worker: &Rc<Worker>) {
        let newest = worker.run.reloads().borrow().clone();
        let Some(reload) = newest.filter(|newest| newest.version > self.tried.get()) else {
            return;
        };
        self.tried.set(reload.version);
        // What a script has read may have changed with it.
        worker.forget_files();
        match (reload.factory)(worker) {
            Ok(newer) => {
                newer.set_data(&self.data.borrow());
                *self.current.borrow_mut() = newer;
                self.turn_page();
                worker.turn_to_next_version();
                worker.report(Report::Reloaded {
                    version: reload.version,
                    sha256: reload.sha256,
                    at: std::time::Instant::now(),
                });
            }
            // The last good version goes on.
            Err(failure) => worker.report(Report::ReloadFailed {
                version: reload.version,
                rendered: failure.rendered,
            }),
        }
    }
}
