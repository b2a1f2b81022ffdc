//! Holds virtual users between iterations: to pause, to go step by step, to give a reader time.
//!
//! A run that is meant as load never sets it, and passing it costs one look at a flag.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::context::wait;

/// What holds them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hold {
    paused: bool,
    /// Iterations that may still start while it is paused.
    steps: u64,
    /// Least time from one start to the next of the same virtual user.
    breather: Duration,
    /// Goes up when nobody is to wait for the end of a breather.
    nudges: u64,
}

/// One for all virtual users of a run.
#[derive(Debug)]
pub struct Brake {
    set: AtomicBool,
    hold: watch::Sender<Hold>,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            set: AtomicBool::new(false),
            hold: watch::Sender::new(Hold::default()),
        }
    }
}

/// What one virtual user remembers of it.
#[derive(Debug, Default)]
pub struct Passage {
    last: Option<(Instant, u64)>,
}

impl Brake {
    fn change(&self, change: impl FnOnce(&mut Hold)) {
        self.hold.send_modify(change);
        let hold = *self.hold.borrow();
        let set = hold.paused || !hold.breather.is_zero();
        self.set.store(set, Ordering::Relaxed);
    }

    /// Lets no further iteration start, or lets all go on.
    pub fn pause(&self, paused: bool) {
        self.change(|hold| {
            hold.paused = paused;
            hold.steps = 0;
        });
    }

    /// Lets one iteration start while all are paused.
    pub fn step(&self) {
        self.change(|hold| hold.steps += 1);
    }

    /// The least time from one start to the next of the same virtual user.
    pub fn give_breather(&self, breather: Duration) {
        self.change(|hold| hold.breather = breather);
    }

    /// Ends all breathers now.
    pub fn nudge(&self) {
        self.change(|hold| hold.nudges += 1);
    }

    /// Whether no iteration starts by itself.
    pub fn is_paused(&self) -> bool {
        self.hold.borrow().paused
    }

    /// Waits on the virtual user's stack until its next iteration may start, or until it is interrupted.
    pub fn pass(&self, passage: &mut Passage) {
        if self.set.load(Ordering::Relaxed) {
            // Who is interrupted finds out from what comes next.
            let _ = wait(self.hold_back(passage));
        }
    }

    async fn hold_back(&self, passage: &mut Passage) {
        let mut changes = self.hold.subscribe();
        loop {
            let hold = *changes.borrow_and_update();
            let rested = passage
                .last
                .filter(|(_, nudges)| *nudges == hold.nudges)
                .map(|(last, _)| last + hold.breather);
            let resting = rested.filter(|until| *until > Instant::now());
            if hold.paused {
                if self.take_step() {
                    break;
                }
                let _ = changes.changed().await;
                continue;
            }
            let Some(until) = resting else { break };
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
        }
        passage.last = Some((Instant::now(), self.hold.borrow().nudges));
    }

    fn take_step(&self) -> bool {
        let mut taken = false;
        self.hold.send_if_modified(|hold| {
            taken = hold.paused && hold.steps > 0;
            hold.steps -= u64::from(taken);
            // Nobody waits for there to be fewer steps.
            false
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn of_a_paused_crowd_one_takes_each_step() {
        let brake = Arc::new(Brake::default());
        brake.pause(true);
        let mut crowd = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let brake = brake.clone();
            crowd.spawn(async move { brake.hold_back(&mut Passage::default()).await });
        }
        tokio::task::yield_now().await;
        assert!(crowd.try_join_next().is_none());
        brake.step();
        assert!(crowd.join_next().await.is_some());
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(crowd.len(), 2);
        brake.pause(false);
        assert_eq!(crowd.join_all().await.len(), 2);
    }

    #[tokio::test]
    async fn a_nudge_ends_a_breather() {
        let brake = Brake::default();
        brake.give_breather(Duration::from_secs(3_600));
        let mut passage = Passage::default();
        brake.hold_back(&mut passage).await;
        let held = tokio::time::timeout(Duration::from_millis(5), brake.hold_back(&mut passage));
        assert!(held.await.is_err());
        brake.nudge();
        brake.hold_back(&mut passage).await;
    }
}
