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
    version: Cell<u32>,
    data: RefCell<Arc<Value>>,
}

impl Playbook {
    /// A playbook with its first version.
    pub fn new(journey: Rc<dyn Journey>) -> Self {
        Self {
            current: RefCell::new(journey),
            version: Cell::new(0),
            data: RefCell::default(),
        }
    }

    /// The version in force.
    pub fn journey(&self) -> Rc<dyn Journey> {
        self.current.borrow().clone()
    }

    /// Changes with every exchange.
    pub fn version(&self) -> u32 {
        self.version.get()
    }

    /// The value that `setup` gave. It stays when the script changes.
    pub fn set_data(&self, data: Arc<Value>) {
        self.journey().set_data(&data);
        *self.data.borrow_mut() = data;
    }

    /// Puts newer versions in force as they come, until the run has ended.
    pub async fn follow(&self, worker: &Rc<Worker>) {
        let mut reloads = worker.run.reloads();
        while reloads.changed().await.is_ok() {
            let Some(reload) = reloads.borrow_and_update().clone() else {
                continue;
            };
            // What a script has read may have changed with it.
            worker.forget_files();
            match (reload.factory)(worker) {
                Ok(newer) => {
                    newer.set_data(&self.data.borrow());
                    *self.current.borrow_mut() = newer;
                    self.version.set(reload.version);
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
}
