//! Undoing beside whoever ends a fault: what puts things right may take its time, and nobody is to stand still meanwhile.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work that is done beside.
#[derive(Debug, Default)]
pub struct Aside {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<usize>,
    changed: Condvar,
}

/// Counts one piece of work for as long as it goes on.
struct Pending(Arc<Shared>);

impl Pending {
    fn new(shared: &Arc<Shared>) -> Self {
        *shared
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        *self
            .0
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.changed.notify_all();
    }
}

type Work = Box<dyn FnOnce() + Send>;

impl Aside {
    /// Begins the work, and waits for its end no longer than so: whether it has come.
    pub fn begin(&self, longest: Duration, work: impl FnOnce() + Send + 'static) -> bool {
        let (tell, told) = mpsc::channel::<()>();
        // A thread that cannot be had does not take the work with it.
        let slot: Arc<Mutex<Option<Work>>> = Arc::new(Mutex::new(Some(Box::new(work))));
        let take = {
            let slot = Arc::clone(&slot);
            move || slot.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let pending = Pending::new(&self.shared);
        let thread = std::thread::Builder::new().name("undo".to_owned()).spawn({
            let take = take.clone();
            move || {
                let _pending = pending;
                let _tell = tell;
                if let Some(work) = take() {
                    work();
                }
            }
        });
        if thread.is_err() {
            if let Some(work) = take() {
                work();
            }
            return true;
        }
        told.recv_timeout(longest) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits until all work is done, no longer than so: whether it is.
    pub fn wait(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        let mut pending = self
            .shared
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *pending > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            pending = self
                .shared
                .changed
                .wait_timeout(pending, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn nobody_waits_longer_than_wanted_and_all_is_done_in_the_end() {
        let aside = Aside::default();
        let (go, wait) = mpsc::channel::<()>();
        let done = Arc::new(AtomicBool::new(false));
        assert!(aside.begin(Duration::from_secs(20), || {}));
        let slow = {
            let done = Arc::clone(&done);
            move || {
                let _ = wait.recv();
                done.store(true, Ordering::SeqCst);
            }
        };
        assert!(!aside.begin(Duration::from_millis(5), slow));
        assert!(!aside.wait(Duration::from_millis(5)));
        go.send(()).unwrap();
        assert!(aside.wait(Duration::from_secs(20)));
        assert!(done.load(Ordering::SeqCst));
        // What panics has ended, too.
        aside.begin(Duration::ZERO, || panic!("it is to panic"));
        assert!(aside.wait(Duration::from_secs(20)));
    }
}
