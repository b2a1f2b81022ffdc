//! Holds virtual users between iterations: to pause, to go step by step, to give a reader time.
//!
//! A pause holds the plan too: its time does not go on, so nothing falls due meanwhile ([`PlanClock`]).
//! A run that is meant as load never sets the brake, and passing it costs one look at a flag.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// What holds them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hold {
    /// Since when it is paused, if it is.
    paused: Option<Instant>,
    /// How long the pauses before this one took together.
    before: Duration,
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
    /// Something holds virtual users now.
    set: AtomicBool,
    /// It has been paused before, or is now.
    ever_paused: AtomicBool,
    hold: watch::Sender<Hold>,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            set: AtomicBool::new(false),
            ever_paused: AtomicBool::new(false),
            hold: watch::Sender::new(Hold::default()),
        }
    }
}

impl Brake {
    fn change(&self, change: impl FnOnce(&mut Hold)) {
        self.hold.send_modify(|hold| {
            change(hold);
            let set = hold.paused.is_some() || !hold.breather.is_zero();
            self.set.store(set, Ordering::Relaxed);
        });
    }

    /// Lets no further iteration start and the plan's time stand, or lets all go on where it stood.
    pub fn pause(&self, paused: bool) {
        let now = Instant::now();
        if paused {
            self.ever_paused.store(true, Ordering::Relaxed);
        }
        self.change(|hold| {
            hold.steps = 0;
            match hold.paused {
                None if paused => hold.paused = Some(now),
                Some(since) if !paused => {
                    hold.before += now.saturating_duration_since(since);
                    hold.paused = None;
                }
                _ => {}
            }
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

    /// How long all pauses took together, until `now`.
    pub fn held(&self, now: Instant) -> Duration {
        if !self.ever_paused.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let hold = *self.hold.borrow();
        let current = hold
            .paused
            .map(|since| now.saturating_duration_since(since));
        hold.before + current.unwrap_or_default()
    }

    /// Whether everything stands.
    pub fn is_paused(&self) -> bool {
        self.set.load(Ordering::Relaxed) && self.hold.borrow().paused.is_some()
    }

    fn has_step(&self) -> bool {
        let hold = *self.hold.borrow();
        hold.paused.is_some() && hold.steps > 0
    }

    fn take_step(&self) -> bool {
        let mut taken = false;
        self.hold.send_if_modified(|hold| {
            taken = hold.paused.is_some() && hold.steps > 0;
            hold.steps -= u64::from(taken);
            // Nobody waits for there to be fewer steps.
            false
        });
        taken
    }

    /// Waits until an iteration may start. `last`: when the one before started, for those that get a breather.
    async fn hold_back(self: Arc<Self>, last: Option<Start>) -> Pass {
        let mut changes = self.hold.subscribe();
        loop {
            let hold = *changes.borrow_and_update();
            if hold.paused.is_some() {
                if self.take_step() {
                    return Pass::Step;
                }
                // The sender lives as long as `self`.
                let _ = changes.changed().await;
                continue;
            }
            let until = last
                .filter(|start| start.nudges == hold.nudges)
                .and_then(|start| start.at.checked_add(hold.breather))
                .filter(|until| *until > Instant::now());
            let Some(until) = until else {
                return Pass::Free;
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
        }
    }
}

/// How a virtual user got past the brake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Free,
    /// Everything stands, and one iteration was let go.
    Step,
}

/// When an iteration started.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: Instant,
    nudges: u64,
}

/// One virtual user's way past the brake.
pub(super) struct Passage {
    brake: Arc<Brake>,
    /// It is given time between two iterations.
    breathes: bool,
    last: Option<Start>,
    waiting: Option<Pin<Box<dyn Future<Output = Pass>>>>,
}

impl Passage {
    /// `breathes`: it is given time between two iterations, if anyone is.
    pub fn new(brake: Arc<Brake>, breathes: bool) -> Self {
        Self {
            brake,
            breathes,
            last: None,
            waiting: None,
        }
    }

    /// Whether the next iteration may start.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Pass> {
        if !self.brake.set.load(Ordering::Relaxed) {
            self.waiting = None;
            return Poll::Ready(Pass::Free);
        }
        let (brake, last) = (&self.brake, self.last);
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(brake.clone().hold_back(last)));
        let pass = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(pass)
    }

    /// No longer wants to pass, and leaves what is let go to others.
    pub fn step_back(&mut self) {
        self.waiting = None;
    }

    /// Notes that an iteration starts.
    pub fn started(&mut self) {
        if self.breathes && self.brake.set.load(Ordering::Relaxed) {
            let nudges = self.brake.hold.borrow().nudges;
            let at = Instant::now();
            self.last = Some(Start { at, nudges });
        }
    }
}

/// A plan's own time: the clock's, without the pauses.
pub(super) struct PlanClock {
    brake: Arc<Brake>,
    changes: watch::Receiver<Hold>,
    zero: Instant,
    /// Pauses that were over when it began to count.
    before: Duration,
}

impl PlanClock {
    /// Counts from `zero`, which later pauses move on.
    pub fn from(brake: &Arc<Brake>, zero: Instant) -> Self {
        Self {
            brake: brake.clone(),
            changes: brake.hold.subscribe(),
            zero,
            before: brake.held(Instant::now()),
        }
    }

    /// The moment from which the plan's time counts, as seen from `now`.
    pub fn zero(&self, now: Instant) -> Instant {
        self.zero + self.brake.held(now).saturating_sub(self.before)
    }

    /// Whether it stands.
    pub fn stands(&self) -> bool {
        self.brake.is_paused()
    }

    /// Moves on to `at`, unless that is over.
    pub fn skip_to(&mut self, at: Duration, now: Instant) {
        let ahead = (self.zero(now) + at).saturating_duration_since(now);
        self.zero = self.zero.checked_sub(ahead).unwrap_or(self.zero);
    }

    /// Whether one iteration is to start although it stands.
    pub fn has_step(&self) -> bool {
        self.brake.has_step()
    }

    /// Takes the right to that iteration, if nobody else did.
    pub fn take_step(&self) -> bool {
        self.brake.take_step()
    }

    /// Waits until it stands, goes on, or lets one iteration start.
    pub async fn changed(&mut self) {
        // The sender lives as long as the brake.
        let _ = self.changes.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pass(passage: &mut Passage) -> Pass {
        let pass = std::future::poll_fn(|cx| passage.poll(cx)).await;
        passage.started();
        pass
    }

    #[tokio::test]
    async fn of_a_paused_crowd_one_takes_each_step() {
        let brake = Arc::new(Brake::default());
        brake.pause(true);
        let local = tokio::task::LocalSet::new();
        let crowd = async {
            let mut crowd = tokio::task::JoinSet::new();
            for _ in 0..3 {
                let mut passage = Passage::new(brake.clone(), true);
                crowd.spawn_local(async move { pass(&mut passage).await });
            }
            tokio::task::yield_now().await;
            assert!(crowd.try_join_next().is_none());
            brake.step();
            assert_eq!(crowd.join_next().await.unwrap().unwrap(), Pass::Step);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert_eq!(crowd.len(), 2);
            brake.pause(false);
            assert_eq!(crowd.join_all().await, [Pass::Free, Pass::Free]);
        };
        local.run_until(crowd).await;
    }

    #[tokio::test]
    async fn a_nudge_ends_a_breather_and_not_everyone_gets_one() {
        let brake = Arc::new(Brake::default());
        brake.give_breather(Duration::from_secs(3_600));
        let mut passage = Passage::new(brake.clone(), true);
        pass(&mut passage).await;
        let held = tokio::time::timeout(Duration::from_millis(5), pass(&mut passage));
        assert!(held.await.is_err());
        brake.nudge();
        pass(&mut passage).await;
        let mut breathless = Passage::new(brake, false);
        pass(&mut breathless).await;
        pass(&mut breathless).await;
    }

    #[test]
    fn a_pause_moves_a_plan_s_zero_and_a_skip_moves_it_back() {
        let brake = Arc::new(Brake::default());
        let zero = Instant::now();
        let mut clock = PlanClock::from(&brake, zero);
        let later = zero + Duration::from_secs(60);
        assert_eq!(clock.zero(later), zero);
        brake.pause(true);
        let (soon, late) = (later, later + Duration::from_secs(60));
        // However long it stands, the plan is where it was.
        assert_eq!(late - clock.zero(late), soon - clock.zero(soon));
        clock.skip_to(Duration::from_secs(300), late);
        assert_eq!(late - clock.zero(late), Duration::from_secs(300));
        clock.skip_to(Duration::from_secs(7), late);
        assert_eq!(late - clock.zero(late), Duration::from_secs(300));
        brake.pause(false);
        assert!(!clock.stands());
        let held = brake.held(late);
        assert_eq!(brake.held(late + Duration::from_secs(60)), held);
    }
}
