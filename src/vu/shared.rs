//! What the workers of a run share: little, and nothing on the request path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::brake::Brake;
use super::playbook::Reload;
use super::tap::Tap;
use super::worker::JourneyFactory;
use crate::chaos::Chaos;
use crate::data::TurnsOfRun;
use crate::exchange::Exchange;
use crate::executor::Share;
use crate::hooks::{self, Hooks};
use crate::project::Project;
use crate::trace::Tracing;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Running,
    /// No iteration starts any more; those that run have their grace.
    Stopping,
    /// Everything ends now.
    Killed,
}

/// The run as every worker sees it.
#[derive(Debug)]
pub struct RunShared {
    pub seed: u64,
    /// What `env()` gives: the process environment under the command line's `--env`.
    pub env: BTreeMap<String, String>,
    /// The moment from which the run's seconds count.
    pub epoch: Instant,
    pub scenarios: Vec<ScenarioShared>,
    pub vu_start_timeout: Duration,
    pub vu_stop_timeout: Duration,
    /// What the script may read.
    pub project: Project,
    /// Which rows of data files come next.
    pub turns: TurnsOfRun,
    /// What virtual users hand to each other.
    pub exchange: Exchange,
    /// Holds virtual users between iterations.
    pub brake: Arc<Brake>,
    /// Who looks on.
    pub tap: Option<Arc<Tap>>,
    /// Somebody wants every single sample.
    pub samples: bool,
    /// Requests tell the target which trace they belong to.
    pub tracing: Option<Arc<Tracing>>,
    /// What the target calls back.
    pub hooks: Hooks,
    /// What goes wrong on purpose.
    pub chaos: Arc<Chaos>,
    stage: watch::Sender<Stage>,
    /// How often `setup` was asked for again: one that runs gives way to the next.
    setups: watch::Sender<u64>,
    reload: watch::Sender<Option<Reload>>,
    /// Data files that scripts have read.
    files: Mutex<BTreeSet<PathBuf>>,
    /// The script has done all there was to do.
    finished: AtomicBool,
}

impl RunShared {
    pub fn new(
        seed: u64,
        env: BTreeMap<String, String>,
        scenarios: Vec<ScenarioShared>,
        vu_start_timeout: Duration,
        vu_stop_timeout: Duration,
        project: Project,
    ) -> Self {
        let stage = watch::Sender::new(Stage::Running);
        Self {
            seed,
            env,
            epoch: Instant::now(),
            scenarios,
            vu_start_timeout,
            vu_stop_timeout,
            project,
            turns: TurnsOfRun::new(&Share::whole(), seed),
            exchange: Exchange::default(),
            brake: Arc::default(),
            tap: None,
            samples: false,
            tracing: None,
            hooks: Hooks::default(),
            chaos: Chaos::none(),
            stage,
            setups: watch::Sender::new(0),
            reload: watch::Sender::new(None),
            files: Mutex::default(),
            finished: AtomicBool::new(false),
        }
    }

    /// For a machine that has only a part of the whole.
    #[must_use]
    pub fn with_share(mut self, share: &Share) -> Self {
        self.turns = TurnsOfRun::new(share, self.seed);
        self
    }

    /// Lets someone look on.
    #[must_use]
    pub fn with_tap(mut self, tap: Option<Arc<Tap>>) -> Self {
        self.tap = tap;
        self
    }

    /// Keeps every single sample, for who reads them.
    #[must_use]
    pub fn with_samples(mut self) -> Self {
        self.samples = true;
        self
    }

    /// Traces iterations.
    #[must_use]
    pub fn with_tracing(mut self, tracing: Tracing) -> Self {
        self.tracing = Some(Arc::new(tracing));
        self
    }

    /// Listens for webhooks as these settings say.
    #[must_use]
    pub fn with_hooks(mut self, settings: hooks::Settings) -> Self {
        self.hooks = Hooks::new(settings);
        self
    }

    /// Lets scripts inject faults.
    #[must_use]
    pub fn with_chaos(mut self, chaos: Arc<Chaos>) -> Self {
        self.chaos = chaos;
        self
    }

    /// Ends the run as if its time were over; true the first time.
    pub fn finish(&self) -> bool {
        let is_first =
            self.stage() == Stage::Running && !self.finished.swap(true, Ordering::Relaxed);
        if is_first {
            self.advance(Stage::Stopping);
        }
        is_first
    }

    /// Whether it was the script that ended the run, having done all there was to do.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed) && self.stage() < Stage::Killed
    }

    /// Seconds since the run's epoch.
    pub fn elapsed_seconds(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// Moves the run on; it never goes back.
    pub fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let later = to > *stage;
            *stage = (*stage).max(to);
            later
        });
    }

    /// How far the run is.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Calls off a `setup` that runs, for another one is about to be asked for. Its number.
    pub fn next_setup(&self) -> u64 {
        self.setups.send_modify(|number| *number += 1);
        self.setup_number()
    }

    /// The number of the `setup` that counts, from 0.
    pub fn setup_number(&self) -> u64 {
        *self.setups.borrow()
    }

    /// Waits until a `setup` of this number need not run any more: the run ends, or there is a newer one.
    pub async fn setup_called_off(&self, number: u64) {
        let (mut setups, mut stages) = (self.setups.subscribe(), self.stages());
        // The senders live as long as this does.
        tokio::select! {
            _ = setups.wait_for(|newest| *newest > number) => {}
            _ = stages.wait_for(|stage| *stage >= Stage::Stopping) => {}
        }
    }

    /// Gives all workers a newer version of the script; users take it up between iterations. Its number.
    pub fn reload(&self, sha256: String, factory: JourneyFactory) -> u32 {
        let mut number = 0;
        self.reload.send_modify(|last| {
            number = last.as_ref().map_or(0, |last| last.version) + 1;
            *last = Some(Reload {
                version: number,
                sha256,
                factory,
            });
        });
        number
    }

    /// Notes that scripts depend on this file.
    pub fn note_file(&self, path: &Path) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned());
    }

    /// Data files that scripts have read so far.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.clone()
    }

    /// Follows the versions of the script.
    pub fn reloads(&self) -> watch::Receiver<Option<Reload>> {
        self.reload.subscribe()
    }

    /// Follows the stage.
    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }
}

/// One scenario as its drivers on all workers see it.
#[derive(Debug)]
pub struct ScenarioShared {
    pub name: String,
    /// Ids of its virtual users begin after this.
    pub vu_base: u64,
    /// Iterations left of a shared budget.
    remaining: AtomicU64,
    /// Virtual users made so far, of an open model.
    made: AtomicU32,
    max_vus: u32,
    /// Per worker: virtual users of an open model that wait for a ticket.
    free: Vec<AtomicU32>,
    /// Per worker: tickets handed over by workers that have no free virtual user.
    handover: Vec<mpsc::UnboundedSender<Instant>>,
    inboxes: Vec<Mutex<Option<mpsc::UnboundedReceiver<Instant>>>>,
    /// What an externally controlled scenario is told; `None` for the others.
    control: Option<watch::Sender<Control>>,
    /// Most virtual users of an externally controlled scenario, of the whole plan.
    most_controlled: u32,
    /// Workers that may still hand over tickets.
    firing: watch::Sender<usize>,
    /// Workers whose driver has not ended.
    running: watch::Sender<usize>,
}

/// What an externally controlled scenario is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Control {
    pub wanted: Wanted,
    pub paused: bool,
}

/// The load that is wanted of it, of the whole plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted {
    /// So many virtual users loop.
    Vus(u32),
    /// So many iterations start per second.
    Rate(f64),
}

impl Wanted {
    /// Nothing.
    pub const NONE: Self = Self::Vus(0);
}

/// Iterations per second that can be asked for.
pub const MOST_RATE: f64 = 1e6;

impl ScenarioShared {
    /// `iterations`: a shared budget; `max_vus`: most virtual users of this machine's segment.
    pub fn new(name: &str, vu_base: u64, workers: usize, iterations: u64, max_vus: u32) -> Self {
        let (handover, inboxes) = (0..workers)
            .map(|_| mpsc::unbounded_channel())
            .map(|(sender, receiver)| (sender, Mutex::new(Some(receiver))))
            .unzip();
        Self {
            name: name.to_owned(),
            vu_base,
            remaining: AtomicU64::new(iterations),
            made: AtomicU32::new(0),
            max_vus,
            free: (0..workers).map(|_| AtomicU32::new(0)).collect(),
            handover,
            inboxes,
            control: None,
            most_controlled: 0,
            firing: watch::Sender::new(workers),
            running: watch::Sender::new(workers),
        }
    }

    /// Whether some of the shared budget is left.
    pub fn has_iterations(&self) -> bool {
        self.remaining.load(Ordering::Relaxed) > 0
    }

    /// Takes one iteration of the shared budget.
    pub fn claim_iteration(&self) -> bool {
        self.remaining
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }

    /// Takes the right to make one more virtual user; its number, from 0.
    pub fn claim_vu(&self) -> Option<u32> {
        self.made
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| {
                (made < self.max_vus).then_some(made + 1)
            })
            .ok()
    }

    /// A virtual user of `worker` waits for a ticket.
    pub fn release(&self, worker: usize) {
        if let Some(free) = self.free.get(worker) {
            free.fetch_add(1, Ordering::Release);
        }
    }

    /// Takes the right to one waiting virtual user of `worker`.
    pub fn acquire(&self, worker: usize) -> bool {
        self.free.get(worker).is_some_and(|free| {
            free.fetch_update(Ordering::Acquire, Ordering::Relaxed, |count| {
                count.checked_sub(1)
            })
            .is_ok()
        })
    }

    /// Gives a ticket to any other worker that has a free virtual user.
    pub fn hand_over(&self, from: usize, scheduled: Instant) -> bool {
        let workers = self.free.len();
        (1..workers)
            .map(|step| (from + step) % workers)
            .any(|other| {
                self.acquire(other)
                    && self
                        .handover
                        .get(other)
                        .is_some_and(|to| to.send(scheduled).is_ok())
            })
    }

    /// The tickets that other workers hand to this one. Only its driver takes it, once.
    pub fn inbox(&self, worker: usize) -> Option<mpsc::UnboundedReceiver<Instant>> {
        self.inboxes.get(worker)?.lock().ok()?.take()
    }

    /// Lets the scenario be controlled from outside: this load at the start, `most` virtual users at most, both of the whole plan.
    #[must_use]
    pub fn controlled(mut self, wanted: Wanted, most: u32) -> Self {
        self.control = Some(watch::Sender::new(Control {
            wanted,
            paused: false,
        }));
        self.most_controlled = most;
        self
    }

    /// Changes an externally controlled scenario, within what it can be; false if it is none.
    pub fn steer(&self, change: impl FnOnce(&mut Control)) -> bool {
        let Some(control) = &self.control else {
            return false;
        };
        control.send_modify(|control| {
            change(control);
            control.wanted = match control.wanted {
                Wanted::Vus(vus) => Wanted::Vus(vus.min(self.most_controlled)),
                Wanted::Rate(rate) if rate.is_finite() => Wanted::Rate(rate.clamp(0.0, MOST_RATE)),
                Wanted::Rate(_) => Wanted::Rate(0.0),
            };
        });
        true
    }

    /// What an externally controlled scenario is told now, and how many virtual users it may have.
    pub fn controls(&self) -> Option<(Control, u32)> {
        let control = self.control.as_ref()?;
        Some((*control.borrow(), self.most_controlled))
    }

    /// Whether it is controlled from outside.
    pub fn is_steered(&self) -> bool {
        self.control.is_some()
    }

    /// What an externally controlled scenario was told last.
    pub fn control(&self) -> Option<watch::Receiver<Control>> {
        self.control.as_ref().map(watch::Sender::subscribe)
    }

    /// One worker will hand over no more tickets.
    pub fn fired_all(&self) {
        self.firing
            .send_modify(|firing| *firing = firing.saturating_sub(1));
    }

    /// Waits until no worker hands over tickets any more.
    pub async fn all_fired(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .firing
            .subscribe()
            .wait_for(|firing| *firing == 0)
            .await;
    }

    /// One worker's driver has ended.
    pub fn driver_ended(&self) {
        self.running
            .send_modify(|running| *running = running.saturating_sub(1));
    }

    /// Waits until the scenario has ended on all workers.
    pub async fn ended(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .running
            .subscribe()
            .wait_for(|running| *running == 0)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_budget_is_handed_out_exactly_once() {
        let scenario = ScenarioShared::new("s", 0, 1, 3, 0);
        assert_eq!((0..10).filter(|_| scenario.claim_iteration()).count(), 3);
    }

    #[test]
    fn a_ticket_goes_to_a_worker_that_has_a_free_user() {
        let scenario = ScenarioShared::new("s", 0, 3, 0, 0);
        assert!(!scenario.hand_over(0, Instant::now()));
        scenario.release(2);
        let mut inbox = scenario.inbox(2).unwrap();
        assert!(scenario.hand_over(0, Instant::now()));
        assert!(inbox.try_recv().is_ok());
        assert!(!scenario.hand_over(0, Instant::now()));
    }

    #[test]
    fn no_more_users_are_made_than_allowed() {
        let scenario = ScenarioShared::new("s", 0, 1, 0, 2);
        assert_eq!(
            (
                scenario.claim_vu(),
                scenario.claim_vu(),
                scenario.claim_vu()
            ),
            (Some(0), Some(1), None)
        );
    }

    #[test]
    fn a_run_never_goes_back_to_an_earlier_stage() {
        let run = RunShared::new(
            0,
            BTreeMap::new(),
            Vec::new(),
            Duration::ZERO,
            Duration::ZERO,
            Project::of(std::path::Path::new("")),
        );
        run.advance(Stage::Killed);
        run.advance(Stage::Stopping);
        assert_eq!(run.stage(), Stage::Killed);
    }
}
