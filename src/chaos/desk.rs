//! The faults of one run: what may be broken, what is, and who is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::aside::Aside;
use super::injection::Injection;
use super::ledger::{FaultId, Ledger};
use super::plan::{Plan, ProxyPlan, Touches};
use super::process::Commands;
use super::proxy::{Fleet, Proxy, ProxyError, Spec};
use super::terms::{ChaosError, EndedBy, Event, MOST_INJECTIONS, Permission, host_of};
use crate::suggest::did_you_mean;

/// What is undone at once is waited for, so that what comes next finds it undone.
const MOMENT: Duration = Duration::from_millis(50);
/// How long one fault keeps others waiting that are undone after it.
const KEPT_WAITING: Duration = Duration::from_secs(2);

/// The faults of a run, as every thread of it sees them.
#[derive(Debug)]
pub struct Chaos {
    plan: Plan,
    permission: Permission,
    seed: u64,
    next: AtomicU64,
    fleet: OnceLock<Fleet>,
    ledger: Ledger,
    commands: Commands,
    active: Mutex<Vec<Arc<Injection>>>,
    /// Those that ended while they broke something.
    late: Mutex<Vec<Arc<Injection>>>,
    /// The run is over, and so is every fault.
    over: AtomicBool,
    /// How often a fault was injected so far, and how many virtual users failed since the last time, each once.
    waves: AtomicU64,
    touched: AtomicU64,
    events: mpsc::UnboundedSender<Event>,
    aside: Aside,
}

impl Chaos {
    /// Nothing is broken yet, and nothing listens. What happens is told to the receiver.
    pub fn new(
        plan: Plan,
        permission: Permission,
        seed: u64,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Event>) {
        let (events, told) = mpsc::unbounded_channel();
        let ledger = Ledger::default();
        let chaos = Self {
            plan,
            permission,
            seed,
            next: AtomicU64::new(0),
            fleet: OnceLock::new(),
            commands: Commands::new(ledger.guardian().clone()),
            ledger,
            active: Mutex::default(),
            late: Mutex::default(),
            over: AtomicBool::new(false),
            waves: AtomicU64::new(0),
            touched: AtomicU64::new(0),
            events,
            aside: Aside::default(),
        };
        (Arc::new(chaos), told)
    }

    /// Without any fault, for what runs no load.
    pub fn none() -> Arc<Self> {
        Self::new(Plan::default(), Permission::default(), 0).0
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Starts the run's proxies: each as it was declared, and the address that it has.
    ///
    /// # Errors
    /// When one of them cannot listen, or stands before a host that is not allowed.
    pub fn open(&self) -> Result<Vec<(ProxyPlan, String)>, ChaosError> {
        for plan in &self.plan.commands {
            if self.check(Touches::Process).is_err() {
                return Err(ChaosError::CommandsNotAllowed {
                    names: self.command_names(),
                });
            }
            let started = self.commands.start(&plan.name, plan.spec.clone());
            started.map_err(|why| ChaosError::Command {
                name: plan.name.clone(),
                why,
            })?;
        }
        let mut opened = Vec::new();
        if self.plan.proxies.is_empty() {
            return Ok(opened);
        }
        for plan in &self.plan.proxies {
            self.check_host(&plan.upstream)?;
        }
        let fleet = self.fleet()?;
        for plan in &self.plan.proxies {
            let proxy = fleet.create(Spec {
                name: plan.name.clone(),
                listen: plan.listen.clone(),
                upstream: plan.upstream.clone(),
                enabled: true,
            })?;
            opened.push((plan.clone(), proxy.spec().listen));
        }
        Ok(opened)
    }

    fn command_names(&self) -> String {
        let names = self.plan.commands.iter();
        let names: Vec<_> = names.map(|plan| format!("`{}`", plan.name)).collect();
        names.join(", ")
    }

    fn fleet(&self) -> Result<&Fleet, ChaosError> {
        if let Some(fleet) = self.fleet.get() {
            return Ok(fleet);
        }
        let fleet = Fleet::new(1, self.seed).map_err(|source| ProxyError::Listen {
            address: "127.0.0.1:0".into(),
            source,
        })?;
        Ok(self.fleet.get_or_init(|| fleet))
    }

    /// Runs something beside the faults, on a thread of the proxies.
    pub(super) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ChaosError> {
        self.fleet()?.spawn(task);
        Ok(())
    }

    /// Whether a fault may be aimed at what a URL names.
    ///
    /// # Errors
    /// When it may not, or is no URL.
    pub fn check_url(&self, url: &str) -> Result<(), ChaosError> {
        let host = url::Url::parse(url)
            .ok()
            .and_then(|url| Some(url.host_str()?.to_owned()));
        match host {
            Some(host) if self.permission.covers(&host) => Ok(()),
            Some(host) => Err(ChaosError::Host { host }),
            None => Err(ChaosError::NotUrl),
        }
    }

    /// How much longer a fault may be held, a moment more than it will be.
    pub fn longest(&self, id: FaultId) -> Duration {
        const MOMENT: Duration = Duration::from_secs(5);
        let left = self
            .injections()
            .iter()
            .find(|known| known.id() == id)
            .map(|known| known.left());
        left.unwrap_or_default() + MOMENT
    }

    /// What a fault leaves to chance: the same for the same seed, fault and name.
    #[cfg(feature = "kubernetes")]
    pub(super) fn draw(&self, id: FaultId, name: &str) -> super::proxy::Draw {
        use super::proxy::Draw;
        Draw::new(self.seed, &[Draw::of_name(name), id.0])
    }

    /// The programs that the run started.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    fn check_host(&self, address: &str) -> Result<(), ChaosError> {
        if self.permission.covers_address(address) {
            return Ok(());
        }
        Err(ChaosError::Host {
            host: host_of(address).to_owned(),
        })
    }

    /// Whether faults of a kind may be injected.
    ///
    /// # Errors
    /// When they may not.
    pub fn check(&self, touches: Touches) -> Result<(), ChaosError> {
        match self.permission.touches.contains(&touches) {
            true => Ok(()),
            false if self.permission.touches.is_empty() => Err(ChaosError::NotAllowed),
            false => Err(ChaosError::Kind(touches)),
        }
    }

    /// The run's proxy of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn proxy(&self, name: &str) -> Result<Arc<Proxy>, ChaosError> {
        let found = self.fleet.get().and_then(|fleet| fleet.proxy(name).ok());
        found.ok_or_else(|| {
            let known = self.plan.proxies.iter().map(|plan| plan.name.as_str());
            let hint = did_you_mean(name, known).map_or_else(
                || format!("\nhelp: declare it in the options: proxies: #{{ {name}: \"127.0.0.1:9000\" }}"),
                |hint| format!("; {hint}"),
            );
            ChaosError::NoProxy {
                name: name.to_owned(),
                hint,
            }
        })
    }

    /// Bytes that have reached the run's proxies so far.
    pub fn passed(&self) -> u64 {
        let counts = self.proxies().into_iter().map(|proxy| proxy.counts());
        counts
            .map(|counts| counts.upstream_received + counts.downstream_received)
            .sum()
    }

    /// All proxies of the run.
    pub fn proxies(&self) -> Vec<Arc<Proxy>> {
        self.fleet.get().map(Fleet::all).unwrap_or_default()
    }

    /// Begins an injection, by which nothing is broken yet.
    ///
    /// # Errors
    /// When no fault is allowed.
    pub fn begin(
        self: &Arc<Self>,
        name: &str,
        longest: Duration,
    ) -> Result<Arc<Injection>, ChaosError> {
        if self.permission.leaves_out {
            // Over before it began: nothing is broken by it.
            let left_out = Injection::new(FaultId(u64::MAX), name, longest, self);
            left_out.close();
            return Ok(Arc::new(left_out));
        }
        if self.permission.touches.is_empty() {
            return Err(ChaosError::NotAllowed);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= MOST_INJECTIONS {
            return Err(ChaosError::TooMany);
        }
        let id = FaultId(number);
        let name: &str = &name.replace(char::is_control, " ");
        let injection = Arc::new(Injection::new(id, name, longest, self));
        self.active().push(Arc::clone(&injection));
        self.waves.fetch_add(1, Ordering::Relaxed);
        self.tell(Event::Began {
            id,
            name: name.to_owned(),
            at: Instant::now(),
        });
        Ok(injection)
    }

    /// Asks whoever conducts the run for a fault that is declared.
    ///
    /// # Errors
    /// When there is none of that name, or none is allowed.
    pub fn ask(&self, name: &str) -> Result<(), ChaosError> {
        if self.permission.leaves_out {
            return Ok(());
        }
        if self.permission.touches.is_empty() {
            return Err(ChaosError::NotAllowed);
        }
        let mut names = self.plan.faults.iter().map(|plan| plan.name.as_str());
        if !names.clone().any(|known| known == name) {
            let hint =
                did_you_mean(name, &mut names).map_or_else(String::new, |hint| format!("; {hint}"));
            return Err(ChaosError::NoFault {
                name: name.to_owned(),
                hint,
            });
        }
        self.tell(Event::Asked {
            name: name.to_owned(),
        });
        Ok(())
    }

    fn active(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Injection>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A virtual user's request failed. `wave`: when it was last counted, by its own account.
    pub fn touch(&self, wave: &std::cell::Cell<u64>) {
        let now = self.waves.load(Ordering::Relaxed);
        if now != wave.replace(now) {
            self.touched.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Virtual users that were touched so far, each once for every fault.
    pub fn touched(&self) -> u64 {
        self.touched.load(Ordering::Relaxed)
    }

    /// What is injected now.
    pub fn injections(&self) -> Vec<Arc<Injection>> {
        self.active().clone()
    }

    /// Whether a fault has not been ended.
    pub fn is_on(&self, id: FaultId) -> bool {
        self.active().iter().any(|injection| injection.id() == id)
    }

    /// Ends an injection, and waits until it is undone; nothing if it has ended already.
    pub fn end(&self, id: FaultId, by: EndedBy) {
        if let Some(injection) = self.close_one(id, &by) {
            self.undo(&injection, by);
        }
    }

    /// The same without waiting longer than a moment for what takes its time: that is told when it is done.
    pub fn end_soon(self: &Arc<Self>, id: FaultId, by: EndedBy) {
        self.end_beside(id, by, MOMENT);
    }

    fn end_beside(self: &Arc<Self>, id: FaultId, by: EndedBy, longest: Duration) {
        let Some(injection) = self.close_one(id, &by) else {
            return;
        };
        let chaos = Arc::clone(self);
        self.aside
            .begin(longest, move || chaos.undo(&injection, by));
    }

    /// From now on nothing more is broken by it.
    fn close_one(&self, id: FaultId, by: &EndedBy) -> Option<Arc<Injection>> {
        let injection = {
            let mut active = self.active();
            let place = active.iter().position(|injection| injection.id() == id);
            place.map(|place| active.remove(place))
        }?;
        injection.close();
        self.tell(Event::Ending {
            id,
            at: Instant::now(),
            by: by.clone(),
        });
        Some(injection)
    }

    fn undo(&self, injection: &Arc<Injection>, by: EndedBy) {
        let id = injection.id();
        let (undone, failed) = match injection.at_rest() {
            Some(_rest) => self.ledger.undo_fault(id),
            None => {
                self.late().push(Arc::clone(injection));
                (0, Vec::new())
            }
        };
        self.tell(Event::Ended {
            id,
            at: Instant::now(),
            by,
            undone,
            failed,
        });
    }

    /// Ends all injections, the last first, and waits until all is undone, no longer than so: whether it is. One that takes its time
    /// does not keep the others waiting for long.
    pub fn end_all(self: &Arc<Self>, by: &EndedBy, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        self.over.store(true, Ordering::Release);
        for injection in self.injections().iter().rev() {
            self.end_beside(injection.id(), by.clone(), KEPT_WAITING);
        }
        let late = std::mem::take(&mut *self.late());
        for injection in late {
            let chaos = Arc::clone(self);
            self.aside.begin(KEPT_WAITING, move || {
                let _rest = injection.rest();
                chaos.ledger.undo_fault(injection.id());
            });
        }
        let chaos = Arc::clone(self);
        self.aside.begin(KEPT_WAITING, move || {
            chaos.ledger.undo_all();
        });
        self.aside
            .wait(until.saturating_duration_since(Instant::now()))
    }

    fn late(&self) -> MutexGuard<'_, Vec<Arc<Injection>>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all injections have been ended, as they are at the run's end.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Ends the programs that the run started.
    pub fn close(&self) {
        let _ = self.commands.end_all();
    }

    pub(super) fn tell(&self, event: Event) {
        // A run that is over listens no more.
        let _ = self.events.send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_be_a_target_and_others_only_by_name() {
        let mut permission = Permission::default();
        for host in ["127.0.0.1", "127.8.9.1", "localhost", "[::1]"] {
            assert!(permission.covers(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "example.com",
            "localhost.example.com",
            "0.0.0.0",
        ] {
            assert!(!permission.covers(host), "{host}");
        }
        permission.hosts.allowed = vec!["staging.example.com".into(), "127.0.0.1".into()];
        assert!(permission.covers("staging.example.com") && permission.covers("127.0.0.1"));
        assert!(!permission.covers("localhost") && !permission.covers("example.com"));
        permission.hosts.blocked = vec!["127.0.0.1".into()];
        assert!(!permission.covers("127.0.0.1"));
    }

    #[test]
    fn what_is_not_allowed_says_how_to_allow_it() {
        let (chaos, _) = Chaos::new(Plan::default(), Permission::default(), 0);
        let error = chaos.begin("x", Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("`--allow-faults` allows them"), "{error}");
        let permission = Permission {
            touches: Touches::of_own_traffic(),
            ..Permission::default()
        };
        let (chaos, _) = Chaos::new(Plan::default(), permission, 0);
        assert!(chaos.check(Touches::Proxy).is_ok());
        let error = chaos.check(Touches::Process).unwrap_err().to_string();
        assert!(error.contains("`--allow-faults=process`"), "{error}");
    }
}
